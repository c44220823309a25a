"""The period that a scorecard is about: a month, quarter or year of the contract's zone, by its usual name."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid
from yunheng.logic.score.scheme import MONTHS
from yunheng.logic.score.scheme import Period as Kind

from .periods import FIRST_YEAR, LAST_YEAR, month_name, month_of

_NAME: Final = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>0[1-9]|1[0-2])|-?Q(?P<quarter>[1-4]))?")


@dataclass(frozen=True, slots=True)
class ScoredPeriod:
    """So many whole months from `start` on."""

    kind: Kind
    start: date

    @property
    def end(self) -> date:
        """The last day, inclusive."""
        last = self.start.month + MONTHS[self.kind] - 1
        return month_of(date(self.start.year, last, 1)).end

    @property
    def name(self) -> str:
        """ "2016-04", "2016-Q2", "2016": sorts by time among its own kind, and can be read back."""
        if self.kind == "month":
            return f"{self.start:%Y-%m}"
        return f"{self.start:%Y}" + (f"-Q{self._quarter}" if self.kind == "quarter" else "")

    @property
    def label(self) -> str:
        """The name as a heading in the reader's language."""
        if self.kind == "month":
            return month_name(self.start)
        if self.kind == "quarter":
            return _("Quarter %(quarter)d of %(year)d") % {
                "quarter": self._quarter,
                "year": self.start.year,
            }
        return _("Year %(year)d") % {"year": self.start.year}

    @property
    def before(self) -> "ScoredPeriod":
        """The period before, of the same kind."""
        return period_holding(self.kind, self.start - timedelta(days=1))

    @property
    def after(self) -> "ScoredPeriod":
        """The period after, of the same kind."""
        return period_holding(self.kind, self.end + timedelta(days=1))

    @property
    def _quarter(self) -> int:
        return (self.start.month + 2) // 3


def period_holding(kind: Kind, day: date) -> ScoredPeriod:
    """The period of a kind that holds a day."""
    months = MONTHS[kind]
    return ScoredPeriod(kind, date(day.year, (day.month - 1) // months * months + 1, 1))


def read_scored_period(text: str) -> ScoredPeriod:
    """The period as typed: 2016-04, 2016-Q2 or 2016. Raises Invalid naming the field `period`."""
    match = _NAME.fullmatch(text.strip().upper())
    if match is None:
        raise Invalid(
            {
                "period": _("“%(text)s” is not a period. Write 2016-04, 2016-Q2 or 2016.")
                % {"text": text.strip()[:40]}
            }
        )
    year = int(match["year"])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(
            {
                "period": _("A year lies between %(first)d and %(last)d.")
                % {"first": FIRST_YEAR, "last": LAST_YEAR}
            }
        )
    if match["month"]:
        return ScoredPeriod("month", date(year, int(match["month"]), 1))
    if match["quarter"]:
        return ScoredPeriod("quarter", date(year, int(match["quarter"]) * 3 - 2, 1))
    return ScoredPeriod("year", date(year, 1, 1))
