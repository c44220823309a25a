"""Points left (R50): how many more breaches of one kind until a score falls to the next grade or out of an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from yunheng.logic.score.results import Event, Measured, Results
from yunheng.logic.score.scheme import Scheme
from yunheng.logic.score.scoring import Score, score

MOST_BREACHES: Final = 1_000  #: more than so many are not looked for


@dataclass(frozen=True, slots=True)
class Margin:
    """The score as it stands, the number of further breaches that brings the grade down, and the score then.

    `breaches` is None when no number up to MOST_BREACHES does.
    """

    now: Score
    breaches: int | None
    then: Score | None


Breach = Callable[[Results, int], Results]
"""The results with so many more breaches."""


def margin(scheme: Scheme, results: Results, breach: Breach) -> Margin:
    """How many more breaches until the grade is another one. Raises what `score` raises.

    More breaches never score more (the linter holds schemes to that), so the first number that changes
    the grade is found by halving.
    """
    now = score(scheme, results)

    def after(count: int) -> Score:
        return score(scheme, breach(results, count))

    if after(MOST_BREACHES).grade == now.grade:
        return Margin(now, None, None)
    few, many = 0, MOST_BREACHES
    while many - few > 1:
        middle = (few + many) // 2
        if after(middle).grade == now.grade:
            few = middle
        else:
            many = middle
    return Margin(now, many, after(many))


def more_events(event: Event) -> Breach:
    """The breach that is such an event again."""

    def breach(results: Results, count: int) -> Results:
        more = tuple(replace(event, key=f"{event.key}+{number}") for number in range(count))
        return replace(results, events=results.events + more)

    return breach


def more_misses(reads: str, factor: int = 100) -> Breach:
    """The breach that is one more item of a ratio that missed: the denominator grows, the numerator does not."""

    def breach(results: Results, count: int) -> Results:
        was = results.measured[reads]
        below = (was.denominator or 0) + count
        above = was.numerator or 0
        value = None if not below else Fraction(above) / Fraction(below) * factor
        return replace(results, measured={**results.measured, reads: Measured(value, above, below)})

    return breach
