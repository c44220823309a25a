"""Clocks explained as lines of a pack: it is written with this, and recomputed with it. No Django, no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.clock import ClockPolicy, ClockState, Fact, Segment, Why, explain
from yunheng.logic.facts import Party
from yunheng.logic.worktime import HorizonError

Line = dict[str, Any]
LeafOf = Callable[[int], int | None]

_CYCLIC = (Why.BEFORE_RESET, Why.BEFORE_GOAL_CHANGE)


@dataclass(frozen=True, slots=True)
class Reign:
    """The version that governs from `begin` to `end` (epoch seconds, half-open); None: none is in force."""

    begin: int
    end: int
    number: int
    terms: ContractTerms | None


def reigns_of(spans: Mapping[int, tuple[int, int]], terms: Mapping[int, ContractTerms]) -> tuple[Reign, ...]:
    """Which version is in force when: of those that had begun, the one with the highest number.

    `spans` is [from, to) of each version by number. An end of that version is not overruled by an older one.
    """
    edges = sorted({edge for span in spans.values() for edge in span})
    found = []
    for begin, end in pairwise(edges):
        number = max(number for number, span in spans.items() if span[0] <= begin)
        found.append(Reign(begin, end, number, terms[number] if begin < spans[number][1] else None))
    return tuple(found)


def start_of(policy: ClockPolicy, facts: Sequence[Fact]) -> int | None:
    """The instant of the first fact that starts the clock."""
    return next((fact.at for fact in facts if policy.starts_with(fact.kind, fact.term)), None)


def clock_line(
    clock: str, ticket: str, facts: Sequence[Fact], reigns: Sequence[Reign], leaf_of: LeafOf, now: int
) -> Line:
    """One clock of a ticket under the version in force at its start (sla-semantics 16), with its segments.

    `facts` stand in order and are those in force up to `now`; `leaf_of` leads from an entry to its place in the log.
    """
    for reign in reigns:
        policy = None if reign.terms is None else reign.terms.clocks.get(clock)
        started_at = None if policy is None else start_of(policy, facts)
        if started_at is None or not reign.begin <= started_at < reign.end:
            continue
        assert reign.terms is not None
        assert policy is not None
        calendars = reign.terms.calendars
        horizon = min([now, *(calendar.last_at for calendar in calendars.values())])
        try:
            explained = explain(facts, policy, calendars, horizon)
        except HorizonError:
            return _without_time(clock, ticket, reign.number, "beyond_calendar")
        return _line(clock, ticket, reign.number, explained.state, explained.segments, leaf_of)
    return _without_time(clock, ticket, 0, "no_clock")


def _line(
    clock: str, ticket: str, version: int, state: ClockState, segments: Sequence[Segment], leaf_of: LeafOf
) -> Line:
    return {
        "clock": clock,
        "ticket": ticket,
        "version": version,
        "profile": state.profile,
        "status": state.status.value,
        "started_at": state.started_at,
        "stopped_at": state.stopped_at,
        "due_at": state.due_at,
        "settled_at": state.settled_at,
        "goal_seconds": state.goal_seconds,
        "counted_seconds": state.elapsed_seconds,
        "met": state.is_met,
        "is_cyclic": any(segment.why in _CYCLIC for segment in segments),
        "segments": [
            {
                "from": segment.from_at,
                "to": segment.to_at,
                "counted": segment.is_counted,
                "why": segment.why.value,
                "for": None if segment.party is Party.NONE else segment.party.name.lower(),
                "reason": segment.reason,
                "leaf": leaf_of(segment.entry) if segment.entry else None,
            }
            for segment in segments
        ],
    }


def _without_time(clock: str, ticket: str, version: int, status: str) -> Line:
    names = ("started_at", "stopped_at", "due_at", "settled_at", "goal_seconds", "met")
    line: Line = {"clock": clock, "ticket": ticket, "version": version, "profile": "", "status": status}
    return line | dict.fromkeys(names) | {"counted_seconds": 0, "is_cyclic": False, "segments": []}
