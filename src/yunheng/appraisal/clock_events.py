"""Events of a scheme that follow from clocks by themselves: one for each ticket that missed the clock, and how late."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from yunheng.contracts.scoring.reading import EventSource
from yunheng.desk.models import Ticket
from yunheng.logic.clock import ClockPolicy
from yunheng.logic.score import Event
from yunheng.logic.worktime import OpenTime, WorkingDays

from .study import Reign, Study

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class ClockEvents:
    """Events of one kind in a period, in the order of their tickets; provisional where a year's holidays are."""

    events: tuple[Event, ...]
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
        late = reign.late_seconds[source.clock]
        for place in chosen:
            subject = int(study.lives.subject[outcome.row[place]])
            if (
                subject in found
            ):  # versions that differ in what starts the clock: the one that started it first counts
                continue
            due_at, seconds = int(outcome.settled_at[place]), int(late[place])
            profile = study.facts.terms.get(int(outcome.profile[place]), "")
            quantity = (
                Fraction(seconds, _HOUR)
                if source.unit == "hours"
                else _working_days(study, reign, source.clock, profile, due_at, seconds)
            )
            found[subject] = due_at, quantity
    return ClockEvents(tuple(_events(study, source, found)), is_provisional)


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


def _working_days(
    study: Study, reign: Reign, clock: str, profile: str, due_at: int, seconds: int
) -> Fraction:
    """So many counted seconds as working days of the goal's calendar, laid down from the due instant on."""
    policy: ClockPolicy = reign.terms.clocks[clock]
    goal = policy.goals.get(profile) or next(iter(policy.goals.values()))
    calendar: OpenTime = reign.terms.calendars[goal.calendar]
    days = study.derived(
        ("working_days", reign.terms.version_id, goal.calendar), lambda: WorkingDays(calendar)
    )
    room = calendar.elapsed(due_at, calendar.last_at)
    until = calendar.last_at if seconds > room else calendar.add(due_at, seconds)
    return days.between(due_at, until)


def _events(study: Study, source: EventSource, found: Mapping[int, tuple[int, Fraction]]) -> Iterator[Event]:
    tickets = Ticket.objects.filter(scope_id=study.scope_id, pk__in=list(found))
    numbers = dict(tickets.values_list("pk", "number"))
    for subject, (due_at, quantity) in sorted(found.items()):
        yield Event(
            key=f"{source.kind}/{numbers[subject]}",
            kind=source.kind,
            at=due_at,
            quantity=quantity,
            subject=numbers[subject],
            evidence=f"clock:{source.clock}",
            proposer=f"clock:{source.clock}",
        )
