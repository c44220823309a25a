"""The month that a report is about, by the contract's clock, and when its report is due."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_of_version, version_at, versions_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.refusals import Invalid
from yunheng.logic.worktime import HorizonError

_MONTH: Final = re.compile(r"(?:19[7-9][0-9]|2[01][0-9]{2})-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in a zone. `key` is "2016-04"; `first` and `last` are its days, both inclusive."""

    key: str
    zone: str

    @property
    def first(self) -> date:
        return date.fromisoformat(f"{self.key}-01")

    @property
    def last(self) -> date:
        return self.following.first - timedelta(days=1)

    @property
    def start_at(self) -> datetime:
        """The instant at which it begins."""
        return datetime.combine(self.first, time.min, ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def end_at(self) -> datetime:
        """The instant at which it is over."""
        return self.following.start_at

    @property
    def following(self) -> "Month":
        return Month(f"{self.first + timedelta(days=32):%Y-%m}", self.zone)

    @property
    def before(self) -> "Month":
        return Month(f"{self.first - timedelta(days=1):%Y-%m}", self.zone)


def month_of(at: datetime, zone: str) -> Month:
    """The month in which an instant lies."""
    return Month(f"{at.astimezone(ZoneInfo(zone)):%Y-%m}", zone)


def read_month(contract: Contract, text: str, now: datetime) -> Month:
    """The month as typed, YYYY-MM. Raises Invalid for "period": malformed, still to come, or not the contract's."""
    if not _MONTH.fullmatch(text):
        raise Invalid(
            {"period": _("“%(text)s” is not a month. Write it as 2016-03.") % {"text": text[:40]}},
            code="period",
        )
    month = Month(text, contract.scope.zone)
    if month.start_at > now:
        raise Invalid(
            {"period": _("%(month)s has not begun yet.") % {"month": text}},
            code="period_to_come",
        )
    versions = list(versions_of(contract).values_list("valid_from", "valid_to"))
    if not versions:
        raise Invalid({"period": _("The contract has no version yet.")}, code="period")
    begins, ends = min(begin for begin, _end in versions), max(end for _begin, end in versions)
    if month.end_at <= begins or month.start_at >= ends:
        raise Invalid(
            {
                "period": _("The contract was not in force in %(month)s: it runs from %(begin)s to %(end)s.")
                % {
                    "month": text,
                    "begin": f"{begins.astimezone(ZoneInfo(month.zone)):%Y-%m-%d}",
                    "end": f"{(ends - timedelta(seconds=1)).astimezone(ZoneInfo(month.zone)):%Y-%m-%d}",
                }
            },
            code="period",
        )
    return month


def terms_for(contract: Contract, month: Month) -> ContractTerms | None:
    """Terms by which the month's report is made: those in force at its end, else those that ended last before."""
    version = version_at(contract.pk, month.end_at - timedelta(seconds=1))
    if version is None:
        version = versions_of(contract).filter(valid_from__lt=month.end_at).order_by("-number").first()
    return None if version is None else terms_of_version(version.pk)


def due_at(contract: Contract, kind: str, month: Month) -> datetime | None:
    """When the month's report is due by the contract; None when it names no term, or its calendar ends before."""
    terms = terms_for(contract, month)
    term = None if terms is None else terms.reports.get(kind)
    if terms is None or term is None:
        return None
    try:
        seconds = term.due_at(int(month.end_at.timestamp()), terms.calendars)
    except HorizonError:
        return None
    return datetime.fromtimestamp(seconds, UTC)
