"""What a clock is told: facts of a subject, goals, and the contract's policy for one kind of clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from yunheng.logic.facts import FactKind, Party


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a subject, the typed projection of a journal entry.

    `at` is an instant in epoch seconds UTC; facts sort by (`at`, `seq`). What `term` and `ref` mean depends
    on the kind and is said at `FactKind`; `entry` is the id of the entry it was taken from, 0 when there is
    none.
    """

    at: int
    seq: int
    kind: FactKind
    term: str = ""
    party: Party = Party.NONE
    ref: int = 0
    entry: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """A target: so many open seconds of a calendar, or the end of the N-th working day after the start day.

    Exactly one of `seconds` and `working_days` is given (sla-semantics 4); ValueError otherwise.
    """

    calendar: str
    seconds: int | None = None
    working_days: int | None = None

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.working_days is None):
            raise ValueError("a goal has either seconds or working_days, and not both")
        if self.seconds is not None and self.seconds < 0:
            raise ValueError("a goal of less than 0 seconds cannot be met")
        if self.working_days is not None and self.working_days < 1:
            raise ValueError("a goal in working days is at least 1 day")


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """One kind of clock as one contract version wants it: six conditions over facts, goals, and what a pause
    is.

    `goals` is by profile ("service|priority"); a profile without a goal has no target and is never "met". The
    contract alone says which `pause_reasons` stop this clock (sla-semantics 7). `confirm_days` are working
    days of `confirm_calendar`, or of the goal's calendar where it is None. `warn_shares` are per cent of the
    goal. A clock of one `supplier` hears only when that one is dispatched (sla-semantics 8). Raises ValueError if
    reopening is to stop or cancel the clock.
    """

    kind: str
    start: frozenset[FactKind]
    stop: frozenset[FactKind]
    cancel: frozenset[FactKind]
    goals: Mapping[str, Goal]
    pause_reasons: frozenset[str]
    reset: frozenset[FactKind] = frozenset()
    is_reopenable: bool = True
    reopen: Literal["exclude", "count"] = "exclude"
    goal_change: Literal["retroactive", "from_change"] = "retroactive"
    confirm_days: int = 3
    confirm_calendar: str | None = None
    warn_shares: tuple[int, ...] = (50, 75, 90, 100)
    supplier: str | None = None

    def hears(self, kind: FactKind, term: str) -> bool:
        """Whether a fact concerns this clock at all: that another supplier was dispatched does not."""
        return kind != FactKind.DISPATCHED or self.supplier is None or term == self.supplier

    def starts_with(self, kind: FactKind, term: str) -> bool:
        """Whether a fact of this kind and term starts the clock."""
        return kind in self.start and self.hears(kind, term)

    def __post_init__(self) -> None:
        if FactKind.REOPENED in self.stop | self.cancel:
            raise ValueError("reopening cannot stop or cancel a clock")
