"""A period of a contract beside the study that it is asked of: what came, what went, what was open at its end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.refusals import Invalid
from yunheng.logic.vector.milestones import NEVER, Milestones

from .periods import midnight
from .study import Study, study_scope

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Span:
    """A period in epoch seconds, [start, end), beside the study that it is asked of."""

    study: Study
    zone: ZoneInfo
    first: date
    last: date
    start: int
    end: int

    @classmethod
    def of(
        cls, contract: Contract, first: date, last: date, position: int | None, now: datetime | None
    ) -> "Span":
        if last < first:
            raise Invalid({"to": _("The period ends before it begins.")})
        study = study_scope(contract, now=now or datetime.now(UTC), position=position)
        zone = ZoneInfo(study.terms.zone)
        return cls(study, zone, first, last, midnight(first, zone), midnight(last + timedelta(days=1), zone))

    @property
    def cut_off(self) -> int:
        return min(self.end, self.study.now)

    @property
    def is_to_come(self) -> bool:
        return self.start > self.study.now

    @property
    def terms(self) -> ContractTerms:
        return self.study.terms_at(min(self.end - 1, self.study.now))

    def having(self, at: Int64) -> Int64:
        """Rows of the lives whose instant lies in the period, of tickets that belong to the population."""
        is_inside = (at >= self.start) & (at < self.end) & ~self.study.lives.is_left_out
        return np.flatnonzero(is_inside)

    def opened(self) -> Int64:
        return self.having(self.study.lives.opened_at)

    def left_out(self) -> Int64:
        lives = self.study.lives
        is_inside = (lives.opened_at >= self.start) & (lives.opened_at < self.end)
        return np.flatnonzero(is_inside & lives.is_left_out)

    def stock(self) -> tuple[Milestones, Int64]:
        """Lives as of the cut-off, and the rows of those that were open then."""
        lives = self.study.open_lives_before(self.cut_off)
        is_open = (
            (lives.opened_at != NEVER)
            & (lives.resolved_at == NEVER)
            & (lives.closed_at == NEVER)
            & (lives.cancelled_at == NEVER)
        )
        if self.is_to_come:
            is_open[:] = False
        row = np.flatnonzero(is_open)
        return lives, row[~self.study.is_left_out(lives.subject[row])]

    def places(self, at: Int64) -> Int64:
        """Weekday × 24 + hour of each instant, by the wall clock of the contract's zone."""
        local = at + offsets_of(at, self.zone)
        days, seconds = np.divmod(local, 86_400)
        found: Int64 = (days + 3) % 7 * 24 + seconds // 3600  # 1 January 1970 was a Thursday
        return found


def offsets_of(at: Int64, zone: ZoneInfo) -> Int64:
    """Seconds by which the zone's clocks are ahead of UTC at each instant, exact across changes of the clocks."""
    if not len(at):
        return np.empty(0, np.int64)

    def offset(instant: int) -> int:
        shift = datetime.fromtimestamp(instant, zone).utcoffset()
        assert shift is not None
        return int(shift.total_seconds())

    edges, shifts = [int(at.min())], [offset(int(at.min()))]
    last = int(at.max())
    while edges[-1] < last:
        low, high = edges[-1], min(edges[-1] + 86_400, last)
        shift = offset(high)
        if shift == shifts[-1]:
            edges[-1] = high
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == shifts[-1] else (low, middle)
        edges[-1] = high
        edges.append(high)
        shifts.append(shift)
    found: Int64 = np.array(shifts, np.int64)[np.searchsorted(np.array(edges[:-1], np.int64), at, "right")]
    return found
