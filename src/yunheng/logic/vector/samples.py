"""Which subjects an indicator is about in a period, and how each of them fared: one pure function per
indicator.

Populations, formulas and edge cases are those of the indicator catalogue (R32). All arrays of a sample have
one shape, (items,); instants and durations are whole seconds. Periods are half-open, [start, end), epoch
seconds UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from yunheng.logic.vector.milestones import NEVER, Milestones

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Basis = Literal["events", "asserted"]

DAY = 86_400
_NONE: Int64 = np.empty(0, np.int64)
#: Age bands of the backlog: from (inclusive) and to (exclusive) in seconds; the last has no end.
AGE_BANDS: tuple[tuple[str, int, int | None], ...] = (
    ("0-1", 0, DAY),
    ("1-3", DAY, 3 * DAY),
    ("3-7", 3 * DAY, 7 * DAY),
    ("7-30", 7 * DAY, 30 * DAY),
    (">30", 30 * DAY, None),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The population of an indicator: `row` points into the milestones, `at` is the instant that puts the
    item in the period.

    `is_hit` says of a ratio whether the item counts in the numerator; `seconds` is the duration where one is
    measured. `waiting` are members of the wider population that have no value yet (never responded, for one):
    shown, not averaged; so are durations that end before they begin.
    """

    row: Int64
    at: Int64
    is_hit: Bool
    seconds: Int64 | None = None
    waiting: Int64 | None = None
    clock: Int64 | None = None  #: which of the clocks that were asked about, by its place among them
    waiting_at: Int64 | None = None  #: the instant that puts a member without a value in the period
    profile: Int64 | None = (
        None  #: term of the profile by which the item's clock was judged, where it has one
    )

    def take(self, index: Int64, waiting: Int64 | None = None) -> "Sample":
        """Only the items at these places, and only the members without a value at the places `waiting` (None: none)."""
        held = np.empty(0, np.int64) if waiting is None else waiting
        return Sample(
            row=self.row[index],
            at=self.at[index],
            is_hit=self.is_hit[index],
            seconds=None if self.seconds is None else self.seconds[index],
            waiting=None if self.waiting is None else self.waiting[held],
            clock=None if self.clock is None else self.clock[index],
            profile=None if self.profile is None else self.profile[index],
            waiting_at=None if self.waiting_at is None else self.waiting_at[held],
        )

    def where(self, is_kept: Bool) -> "Sample":
        """Only the items, and members without a value, whose subject is kept; `is_kept` is by row of the milestones."""
        waiting = None if self.waiting is None else np.flatnonzero(is_kept[self.waiting])
        return self.take(np.flatnonzero(is_kept[self.row]), waiting)

    @classmethod
    def joined(cls, parts: Sequence["Sample"]) -> "Sample":
        """Samples of neighbouring periods as one; they are of one indicator and so have the same arrays."""
        if len(parts) == 1:
            return parts[0]
        arrays: dict[str, Any] = {}
        for name in ("row", "at", "is_hit", "seconds", "waiting", "clock", "waiting_at", "profile"):
            found = [array for part in parts if (array := getattr(part, name)) is not None]
            arrays[name] = np.concatenate(found) if found else None
        return cls(**arrays)

    def without_value(self) -> "Sample":
        """The members without a value as a sample of their own, none of them a hit."""
        row = np.empty(0, np.int64) if self.waiting is None else self.waiting
        at = np.empty(0, np.int64) if self.waiting_at is None else self.waiting_at
        return Sample(row=row, at=at, is_hit=np.zeros(len(row), np.bool_))


@dataclass(frozen=True, slots=True)
class ClockOutcome:
    """How one clock went for the subjects that have it. `is_met`: 1 met, 0 missed, -1 not known yet or
    without target. `profile` is the term of the profile in force when the clock ended, or now.
    """

    row: Int64
    settled_at: Int64
    is_met: npt.NDArray[np.int8]
    profile: Int64


#: The outcome of a clock that nothing has.
NO_OUTCOME = ClockOutcome(_NONE, _NONE, np.empty(0, np.int8), _NONE)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the period, on which basis, and the numbers that the contract sets."""

    start: int
    end: int
    basis: Basis = "events"
    within_seconds: int = DAY
    days: int = 30
    of: str = "closed"
    duration: Callable[[Int64, Int64], Int64] = lambda begin, finish: (
        finish - begin
    )  #: elapsed unless working time


def in_period(at: Int64, question: Question) -> Bool:
    """Members of the period: start ≤ at < end (NEVER is before every start)."""
    return (at >= question.start) & (at < question.end)


def opened_on(lives: Milestones, question: Question) -> Int64:
    """Opening instants on the basis asked for; the source's own where it asserts one."""
    if question.basis == "asserted":
        return np.where(lives.asserted_opened_at != NEVER, lives.asserted_opened_at, lives.opened_at)
    return lives.opened_at


def resolved_on(lives: Milestones, question: Question) -> Int64:
    """Resolution instants on the basis asked for: the standing resolution of the events, or what the source
    asserts.
    """
    return lives.asserted_resolved_at if question.basis == "asserted" else lives.resolved_at


def closed_on(lives: Milestones, question: Question) -> Int64:
    """Closing instants on the basis asked for."""
    return lives.asserted_closed_at if question.basis == "asserted" else lives.closed_at


def timeliness(lives: Milestones, outcomes: Sequence[ClockOutcome], question: Question) -> Sample:
    """Clocks that settled in the period; hit = met. An item belongs to one period: that of min(stopped, due)."""
    empty = np.empty(0, np.int64)
    rows, ats, hits, clocks, profiles = [empty], [empty], [np.empty(0, np.bool_)], [empty], [empty]
    for place, outcome in enumerate(outcomes):
        keep = in_period(outcome.settled_at, question) & (outcome.is_met >= 0)
        rows.append(outcome.row[keep])
        ats.append(outcome.settled_at[keep])
        hits.append(outcome.is_met[keep] == 1)
        clocks.append(np.full(int(keep.sum()), place))
        profiles.append(outcome.profile[keep])
    return Sample(
        row=np.concatenate(rows),
        at=np.concatenate(ats),
        is_hit=np.concatenate(hits),
        clock=np.concatenate(clocks),
        profile=np.concatenate(profiles),
    )


def resolved_within(lives: Milestones, question: Question) -> Sample:
    """Resolved in the period; hit = resolved within `within_seconds` of the first response. Never responded
    is a miss.
    """
    resolved = resolved_on(lives, question)
    row = np.flatnonzero(in_period(resolved, question))
    responded = lives.responded_at[row]
    has_response = responded != NEVER
    seconds = question.duration(np.where(has_response, responded, resolved[row]), resolved[row])
    return _sample(row, resolved[row], has_response & (seconds <= question.within_seconds))


def time_to_respond(lives: Milestones, question: Question) -> Sample:
    """Created in the period and responded to: opening to first response. Those without a response are
    `waiting`.
    """
    opened = opened_on(lives, question)
    created = in_period(opened, question)
    has_response = lives.responded_at != NEVER
    row = np.flatnonzero(created & has_response)
    waiting = np.flatnonzero(created & ~has_response & (lives.cancelled_at == NEVER))
    return _durations(
        row, opened[row], opened[row], lives.responded_at[row], question, waiting, opened[waiting]
    )


def time_to_resolve(lives: Milestones, question: Question) -> Sample:
    """Resolved in the period: opening to the standing (last) resolution."""
    resolved, opened = resolved_on(lives, question), opened_on(lives, question)
    row = np.flatnonzero(in_period(resolved, question))
    return _durations(row, resolved[row], opened[row], resolved[row], question)


def time_to_first_resolution(lives: Milestones, question: Question) -> Sample:
    """First resolved in the period: opening to the first resolution, whatever came after."""
    opened = opened_on(lives, question)
    row = np.flatnonzero(in_period(lives.first_resolved_at, question))
    resolved = lives.first_resolved_at[row]
    return _durations(row, resolved, opened[row], resolved, question)


def time_to_close(lives: Milestones, question: Question) -> Sample:
    """Closed in the period: opening to closing."""
    closed, opened = closed_on(lives, question), opened_on(lives, question)
    row = np.flatnonzero(in_period(closed, question))
    return _durations(row, closed[row], opened[row], closed[row], question)


def time_to_restore(lives: Milestones, question: Question) -> Sample:
    """Restored in the period: start of the failure to restoration (the resolution where no earlier one is
    known).
    """
    row = np.flatnonzero(in_period(lives.restored_at, question))
    restored = lives.restored_at[row]
    return _durations(row, restored, lives.failed_at[row], restored, question)


def resolution_rate(lives: Milestones, question: Question) -> Sample:
    """`of` logged: created in the period, hit = resolved by now. `of` closed: closed in the period, hit = had
    been resolved.
    """
    population = closed_on(lives, question) if question.of == "closed" else opened_on(lives, question)
    row = np.flatnonzero(in_period(population, question) & (lives.cancelled_at == NEVER))
    return _sample(row, population[row], resolved_on(lives, question)[row] != NEVER)


def reopen_rate(lives: Milestones, question: Question) -> Sample:
    """Closed in the period; hit = reopened at least once within `days` of what the reopening undid, resolution or
    closure. Tickets, not reopenings.
    """
    row = np.flatnonzero(in_period(lives.closed_at, question))
    after = lives.reopened_after[row]
    is_hit = (after != NEVER) & (after <= question.days * DAY)
    return _sample(row, lives.closed_at[row], is_hit)


def recurrence(lives: Milestones, question: Question, known: Int64) -> Sample:
    """Closed in the period with known CI and cause; hit = another with the same two was closed in the `days`
    before it opened.

    `known` are the classifications that name both; tickets without cannot be judged and are `waiting`.
    """
    closed = in_period(lives.closed_at, question)
    is_known = np.isin(lives.classification, known)
    row = np.flatnonzero(closed & is_known)
    past = np.flatnonzero(is_known & (lives.closed_at != NEVER))
    past = past[np.lexsort((lives.closed_at[past], lives.classification[past]))]
    classes, instants = lives.classification[past].astype(np.int64), lives.closed_at[past]
    base = int(instants.min()) if len(instants) else 0
    span = (int(instants.max()) - base + 2) if len(instants) else 1
    order = classes * span + (instants - base)

    def before(limit: Int64) -> Int64:
        """How many of the same class were closed up to and including `limit`, counted from the start of all
        classes.
        """
        own = lives.classification[row].astype(np.int64) * span
        return np.searchsorted(order, own + np.clip(limit - base, -1, span - 1), side="right")

    opened = lives.opened_at[row]
    is_hit = before(opened - 1) > before(opened - question.days * DAY - 1)
    waiting = np.flatnonzero(closed & ~is_known)
    return _sample(row, lives.closed_at[row], is_hit, waiting, lives.closed_at[waiting])


def dispatch_accuracy(lives: Milestones, question: Question) -> Sample:
    """Resolved in the period and dispatched to a team; hit = the first team resolved it."""
    row = np.flatnonzero(in_period(lives.resolved_at, question) & (lives.teams > 0))
    return _sample(row, lives.resolved_at[row], lives.teams[row] == 1)


def first_contact_resolution(lives: Milestones, question: Question, first_lines: Int64) -> Sample:
    """Created in the period; hit = resolved on the first line by one team, with no wait and no reopening.

    `of` logged: what is not resolved is a miss; else it is `waiting`. A resolution on a line that nobody recorded
    cannot be judged and is `waiting`, too.
    """
    created = in_period(lives.opened_at, question) & (lives.cancelled_at == NEVER)
    is_resolved = lives.resolved_at != NEVER
    is_judged = is_resolved & (lives.line != 0)
    if question.of == "logged":
        is_judged |= ~is_resolved
    row, waiting = np.flatnonzero(created & is_judged), np.flatnonzero(created & ~is_judged)
    is_hit = (
        is_resolved[row]
        & np.isin(lives.line[row], first_lines)
        & (lives.teams[row] <= 1)
        & (lives.waits[row] == 0)
        & (lives.reopenings[row] == 0)
    )
    return _sample(row, lives.opened_at[row], is_hit, waiting, lives.opened_at[waiting])


def source_flag(lives: Milestones, question: Question, flag: Int64, hits: Int64) -> Sample:
    """Created in the period and flagged by the source; hit = the flag is one of `hits` (term ids)."""
    opened = opened_on(lives, question)
    row = np.flatnonzero(in_period(opened, question) & (flag != 0))
    return _sample(row, opened[row], np.isin(flag[row], hits))


def backlog(lives: Milestones, cut_off: int) -> tuple[Sample, Mapping[str, Bool]]:
    """Open at the cut-off, by age band. `lives` must be read from the facts before the cut-off."""
    row = np.flatnonzero(
        (lives.opened_at != NEVER)
        & (lives.resolved_at == NEVER)
        & (lives.closed_at == NEVER)
        & (lives.cancelled_at == NEVER)
    )
    age = cut_off - lives.opened_at[row]
    bands = {
        key: (age >= low) & (age < high if high is not None else np.ones(len(age), dtype=np.bool_))
        for key, low, high in AGE_BANDS
    }
    sample = _sample(row, lives.opened_at[row], np.ones(len(row), dtype=np.bool_))
    return sample, bands


def _sample(
    row: Int64, at: Int64, is_hit: Bool, waiting: Int64 | None = None, waiting_at: Int64 | None = None
) -> Sample:
    return Sample(row=row.astype(np.int64), at=at, is_hit=is_hit, waiting=waiting, waiting_at=waiting_at)


def _durations(
    row: Int64,
    at: Int64,
    begin: Int64,
    finish: Int64,
    question: Question,
    waiting: Int64 | None = None,
    waiting_at: Int64 | None = None,
) -> Sample:
    """Durations of the rows. One that ends before it begins is a fault of its source: listed apart, never averaged."""
    is_faulty = finish < begin
    if is_faulty.any():
        known, known_at = (_NONE if it is None else it for it in (waiting, waiting_at))
        waiting = np.concatenate([known, row[is_faulty]])
        waiting_at = np.concatenate([known_at, at[is_faulty]])
        row, at, begin, finish = (it[~is_faulty] for it in (row, at, begin, finish))
    return Sample(
        row=row.astype(np.int64),
        at=at,
        is_hit=np.ones(len(row), dtype=np.bool_),
        seconds=question.duration(begin, finish),
        waiting=waiting,
        waiting_at=waiting_at,
    )
