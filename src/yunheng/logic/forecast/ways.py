"""The ways in which a running period gets worse or better: a late ticket, an event, a slow item, one more good one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from yunheng.logic.measure import Number
from yunheng.logic.score import Event, Measured, Results
from yunheng.logic.score.margin import Breach

WayKind = Literal["late", "miss", "event", "slow", "good"]
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of thing that may happen again, and what the results are after so many of them.

    `subject` is its clock, figure or kind of event. `priority` or `service` narrow a late ticket. Of "slow" the number
    is not of items but of the minutes that one more item takes.
    """

    kind: WayKind
    subject: str
    breach: Breach
    priority: str = ""
    service: str = ""
    most: int = 1_000


def late_way(
    clock: str,
    shares: Sequence[tuple[str, int]],
    events: Sequence[tuple[str, Number]],
    *,
    priority: str = "",
    service: str = "",
) -> Way:
    """One more ticket late by a clock: it counts in each share (`reads`, factor) and is an event of each kind."""

    def breach(results: Results, count: int) -> Results:
        for reads, factor in shares:
            results = _with(results, reads, count, 0, factor)
        for kind, quantity in events:
            results = _with_events(results, kind, quantity, count)
        return results

    return Way("late", clock, breach, priority, service)


def miss_way(reads: str, *, factor: int = 100, is_bad_counted: bool = False) -> Way:
    """One more item that misses what a share counts; of a share of what is bad, one more that is bad."""
    return Way(
        "miss", reads, lambda results, count: _with(results, reads, count, count * is_bad_counted, factor)
    )


def good_way(reads: str, *, factor: int = 100, is_bad_counted: bool = False) -> Way:
    """One more item that is as it should be."""
    return Way(
        "good",
        reads,
        lambda results, count: _with(results, reads, count, count * (not is_bad_counted), factor),
        most=100_000,
    )


def mean_way(reads: str) -> Way:
    """One more item of a mean duration, which takes so many minutes (at most 60 days)."""

    def breach(results: Results, minutes: int) -> Results:
        return results if not minutes else _with(results, reads, 1, minutes * _MINUTE, 1)

    return Way("slow", reads, breach, most=60 * 24 * 60)


def event_way(kind: str, quantity: Number = 1) -> Way:
    """One more event of a kind, with such a quantity."""
    return Way("event", kind, lambda results, count: _with_events(results, kind, quantity, count))


def _with(results: Results, reads: str, more: int, above: int, factor: int) -> Results:
    was = results.measured[reads]
    numerator = Fraction(was.numerator or 0) + above
    denominator = Fraction(was.denominator or 0) + more
    value = None if not denominator else numerator / denominator * factor
    return replace(results, measured={**results.measured, reads: Measured(value, numerator, denominator)})


def _with_events(results: Results, kind: str, quantity: Number, count: int) -> Results:
    last = max((event.at for event in results.events), default=0)
    more: Iterable[Event] = (
        Event(f"more/{kind}/{number}", kind, last + 1 + number, quantity) for number in range(count)
    )
    return replace(results, events=(*results.events, *more))
