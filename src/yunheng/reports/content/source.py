"""What a report is made of: the contract, the month, and the signed head that its figures are computed at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunheng.appraisal.periods import month_name
from yunheng.appraisal.study import Study, study_scope
from yunheng.contracts import wording as contract_wording
from yunheng.contracts.models import CalendarVersion, Contract, ContractVersion
from yunheng.contracts.queries import version_at, versions_of
from yunheng.contracts.terms import ContractTerms
from yunheng.contracts.withheld import client_terms
from yunheng.desk.models import Ticket
from yunheng.foundation import wording
from yunheng.foundation.log_queries import Head, heads
from yunheng.foundation.refusals import Invalid

from ..models import Kind
from ..period import Month
from ..rendering import WORDS

FORMAT = 1


def newest_head(contract: Contract) -> Head | None:
    """The newest signed head of the contract's log (1 query)."""
    return next(iter(heads(contract.pk, limit=1)), None)


@dataclass(frozen=True)
class Source:
    """One question: this contract's month (or ticket) at this head. `now` counts only while nothing is sealed."""

    contract: Contract
    month: Month
    head: Head | None
    now: datetime
    ticket: Ticket | None = None

    @property
    def position(self) -> int | None:
        """Log position of all figures; None: nothing is sealed, they are of what is recorded now."""
        return None if self.head is None else self.head.size

    @property
    def asked(self) -> dict[str, Any]:
        """Arguments of every question put to appraisal: the position, or the present."""
        return {"position": self.position, "now": self.now}

    @cached_property
    def study(self) -> Study:
        """The one study behind all figures."""
        return study_scope(self.contract, now=self.now, position=self.position)

    @property
    def evaluated_at(self) -> datetime:
        """The instant as of which it is told."""
        return self.study.evaluated_at

    @cached_property
    def version(self) -> ContractVersion:
        """The contract version in force at the end of the month (or now), else the last before, else the first."""
        last = min(self.month.end_at.timestamp() - 1, self.study.now)
        found = version_at(self.contract.pk, datetime.fromtimestamp(last, UTC))
        if found is None:
            begun = versions_of(self.contract).filter(valid_from__lt=self.month.end_at)
            found = begun.order_by("-number").first() or versions_of(self.contract).first()
        if found is None:
            raise Invalid({"contract": _("The contract has no version yet.")})
        return ContractVersion.objects.get(pk=found.pk)

    @cached_property
    def terms(self) -> ContractTerms:
        """Terms by which the month is judged."""
        return self.study.terms_at(min(int(self.month.end_at.timestamp()) - 1, self.study.now))

    @cached_property
    def client_terms(self) -> dict[str, Any]:
        """The stored terms as the client reads them (ADR 0010)."""
        return dict(client_terms(self.version.terms))

    @cached_property
    def calendars(self) -> list[CalendarVersion]:
        """Calendars that the client's reading of the version mentions."""
        shown = [calendar["key"] for calendar in self.client_terms["calendars"]]
        found = {calendar.key: calendar for calendar in self.version.calendars.all()}
        return [found[key] for key in shown if key in found]


@contextmanager
def speaking(language: str, zone: str) -> Iterator[None]:
    """Say things in a report's language ("zh-Hans", "en") and by the contract's clock."""
    with translation.override(language.lower()), timezone.override(ZoneInfo(zone)):
        yield


def opening(source: Source, kind: str, language: str, title: str) -> dict[str, Any]:
    """What every content begins with: words, the report's period, the contract and the record. Call it `speaking`."""
    contract, month = source.contract, source.month
    terms = source.version.terms
    valid = terms["valid"]
    return {
        "format": FORMAT,
        "kind": kind,
        "language": language,
        "words": dict(WORDS[language]),
        "report": {
            "title": title,
            "period": month.key,
            "period_label": month_name(month.first),
            "start": month.first.isoformat(),
            "end": month.last.isoformat(),
            "zone": month.zone,
            "as_of": wording.exact_instant(source.evaluated_at),
        },
        "contract": {
            "key": contract.scope.key,
            "title": contract_wording.said(terms["title"]),
            "provider": contract.provider.name,
            "client": contract.client.name,
            "suppliers": [supplier["name"] for supplier in terms["parties"]["suppliers"]],
            "valid_from": str(valid["from"]),
            "valid_to": str(date.fromisoformat(str(valid["to"])) - timedelta(days=1)),  # the last day
            "versions": list(source.study.versions),
        },
        "record": _record(source, kind),
    }


def _record(source: Source, kind: str) -> dict[str, Any]:
    head = source.head
    if head is None:
        return {
            "position": None,
            "root": "",
            "signed_at": "",
            "key_id": "",
            "is_sealed": False,
            "checked_by": _("Nothing of this contract's log was sealed when this was made."),
        }
    return {
        "position": head.size,
        "root": head.root.hex(),
        "signed_at": wording.exact_instant(head.signed_at),
        "key_id": head.key_id,
        "is_sealed": True,
        "checked_by": _checked_by(source, kind, head),
    }


def _checked_by(source: Source, kind: str, head: Head) -> str:
    key, period = source.contract.scope.key, source.month.key
    if kind == Kind.MONTHLY:
        return _(
            "“yunheng kpi --contract %(key)s --period %(period)s --as-of %(position)d” gives these figures again, and "
            "the page “Sealed log” of the contract shows the signed head of this size: its root must be the one above."
        ) % {"key": key, "period": period, "position": head.size}
    about = f"--contract {key} --period {period}" if kind == Kind.LEDGER else f"--ticket {_number(source)}"
    return _(
        "“yunheng report %(kind)s %(about)s --as-of %(position)d --out DIR” makes the same from the record again, and "
        "the page “Sealed log” of the contract shows the signed head of this size: its root must be the one above."
    ) % {"kind": kind, "about": about, "position": head.size}


def _number(source: Source) -> str:
    return source.ticket.number if source.ticket else ""
