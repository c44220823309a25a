"""Terms of a statement's way ("5 working days"), and how a term stands at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from yunheng.logic.worktime import OpenTime


@dataclass(frozen=True, slots=True)
class Deadline:
    """A term: so many working days of a calendar, or so many seconds. Exactly one of both is given.

    Working days end with the last window of the n-th open day after the local day on which the term began: the day
    itself never counts, holidays never do, and a make-up workday (调休) does (sla-semantics 4).
    """

    working_days: int | None = None
    seconds: int | None = None

    def __post_init__(self) -> None:
        if (self.working_days is None) == (self.seconds is None):
            raise ValueError("a term is either in working days or in seconds")
        if (self.working_days or self.seconds or 0) < 1:
            raise ValueError("a term is longer than nothing")

    def due_at(self, begin: int, calendar: OpenTime, *, is_working_time: bool = False) -> int:
        """When the term ends that begins at `begin` (epoch seconds UTC).

        `is_working_time`: its seconds are open ones of the calendar. Raises HorizonError when the calendar ends
        before.
        """
        if self.working_days is not None:
            return calendar.end_of_working_day(begin, self.working_days)
        assert self.seconds is not None
        return calendar.add(begin, self.seconds) if is_working_time else begin + self.seconds


class Standing(Enum):
    """How a term stands."""

    OPEN = "open"
    NEAR = "near"  #: the last share of it runs: time to remind
    OVER = "over"


def standing_of(begin: int, due_at: int, now: int, *, near_seconds: int) -> Standing:
    """How a term stands at `now`; the instant of its end still belongs to it.

    Near is the last `near_seconds` of it, but never more than its second half: a short term does not begin near its
    end.
    """
    if now > due_at:
        return Standing.OVER
    if now >= remind_at(begin, due_at, near_seconds=near_seconds):
        return Standing.NEAR
    return Standing.OPEN


def remind_at(begin: int, due_at: int, *, near_seconds: int) -> int:
    """From when on a term is near its end."""
    return max(due_at - near_seconds, begin + (due_at - begin + 1) // 2)
