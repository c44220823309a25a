"""Events of a scheme that follow from clocks by themselves: one for each ticket that missed the clock, and how late."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from yunheng.contracts.scoring.reading import EventSource
from yunheng.logic.clock import ClockPolicy
from yunheng.logic.score import Event
from yunheng.logic.worktime import WorkingDays

from .study import Reign, Study
from .ticket_numbers import ticket_numbers

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class ClockEvents:
    """Events of one kind in a period, in the order of their tickets, with the ids of those; provisional where a year's
    holidays are.
    """

    events: tuple[Event, ...]
    subjects: tuple[int, ...]
    is_provisional: bool


def clock_events(study: Study, source: EventSource, start: int, end: int) -> ClockEvents:
    """Each missed clock is one event, of the period in which it fell due, [start, end) in epoch seconds.

    Its quantity is how much counted beyond the goal until the clock stopped, or until the evaluation where it still
    runs: pauses do not count, by the contract's own rules. Tickets that were left out have none. (1 query.)
    """
    found: dict[int, tuple[int, Fraction]] = {}
    is_provisional = False
    for reign in study.reigns:
        outcome = reign.outcomes.get(source.clock)
        if outcome is None:
            continue
        chosen = np.flatnonzero(
            (outcome.settled_at >= start)
            & (outcome.settled_at < end)
            & (outcome.is_met == 0)
            & ~study.lives.is_left_out[outcome.row]
            & _is_wanted(study, source, outcome.profile)
        )
        is_provisional |= bool(reign.has_provisional[source.clock][chosen].any())
        late = _late_in_hours if source.unit == "hours" else _late_in_days(study, reign, source.clock)
        columns = (
            study.lives.subject[outcome.row[chosen]],
            outcome.profile[chosen],
            outcome.settled_at[chosen],
            reign.late_seconds[source.clock][chosen],
        )
        for subject, profile, due_at, seconds in zip(*(column.tolist() for column in columns), strict=True):
            if subject not in found:  # where versions differ in what starts the clock, the first start counts
                found[subject] = due_at, late(profile, due_at, seconds)
    return ClockEvents(tuple(_events(study, source, found)), tuple(sorted(found)), is_provisional)


def _is_wanted(study: Study, source: EventSource, profile: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the clock was judged by the priority or service that the source names."""
    if not (source.priority or source.service):
        return np.ones(len(profile), np.bool_)
    wanted = [
        number for number, text in study.facts.terms.items() if _fits(source, *[*text.split("|"), "", ""][:2])
    ]
    return np.isin(profile, np.array(wanted, np.int64))


def _fits(source: EventSource, service: str, priority: str) -> bool:
    return source.service in ("", service) and source.priority in ("", priority)


def _late_in_hours(_profile: int, _due_at: int, seconds: int) -> Fraction:
    return Fraction(seconds, _HOUR)


def _late_in_days(study: Study, reign: Reign, clock: str) -> Callable[[int, int, int], Fraction]:
    """How so many counted seconds become working days of the goal's calendar, laid down from the due instant on."""
    policy: ClockPolicy = reign.terms.clocks[clock]
    calendars: dict[int, WorkingDays] = {}

    def days(profile: int) -> WorkingDays:
        goal = policy.goals.get(study.facts.terms.get(profile, "")) or next(iter(policy.goals.values()))
        key = ("working_days", reign.terms.version_id, goal.calendar)
        return study.derived(key, lambda: WorkingDays(reign.terms.calendars[goal.calendar]))

    def late(profile: int, due_at: int, seconds: int) -> Fraction:
        found = calendars.get(profile)
        if found is None:
            found = calendars[profile] = days(profile)
        return found.spent(due_at, seconds)

    return late


def _events(study: Study, source: EventSource, found: Mapping[int, tuple[int, Fraction]]) -> Iterator[Event]:
    numbers, clock = ticket_numbers(study.scope_id, found), f"clock:{source.clock}"
    for subject, (due_at, quantity) in sorted(found.items()):
        yield Event(
            key=f"{source.kind}/{numbers[subject]}",
            kind=source.kind,
            at=due_at,
            quantity=quantity,
            subject=numbers[subject],
            evidence=clock,
            proposer=clock,
        )
