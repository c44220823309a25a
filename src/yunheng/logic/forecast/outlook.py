"""Many ends of a period, each scored by the contract's own scheme: the middle, an interval, and chances of tiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from yunheng.logic.measure import Number
from yunheng.logic.score import Event, Measured, Results, Scheme, Score, score

INTERVAL: Final = 80  #: per cent of the ends that lie within the interval, as many below as above


@dataclass(frozen=True, slots=True)
class Tally:
    """What a figure that is read is made of: a share, of which `rare` says what is counted as amount, or a mean."""

    reads: str
    kind: Literal["share", "mean"]
    rare: Literal["numerator", "rest"] = "rest"
    factor: int = 100


def results_after(
    base: Results,
    brought: Mapping[Tally, tuple[int, int]],
    events: Iterable[Event],
    grown: Mapping[str, Number],
) -> Results:
    """The results when the rest brought so many items with such amounts, these events, and others grew.

    `grown` are the new quantities of events of `base`, by their keys.
    """
    measured = dict(base.measured)
    for tally, (size, amount) in brought.items():
        was = base.measured[tally.reads]
        below = Fraction(was.denominator or 0) + size
        more = size - amount if tally.kind == "share" and tally.rare == "rest" else amount
        above = Fraction(was.numerator or 0) + more
        factor = tally.factor if tally.kind == "share" else 1
        measured[tally.reads] = Measured(None if not below else above / below * factor, above, below)
    kept = [replace(one, quantity=grown[one.key]) if one.key in grown else one for one in base.events]
    return replace(base, measured=measured, events=(*kept, *events))


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a period may end, in `draws` ends that were drawn.

    `low` and `high` are whole scores as the scheme rounds them, both within the interval. Where scores fall together
    on few values (a month without any deduction is 100) the interval holds more than its share. `none` is the share
    of ends without a score. Shares of grades, vetoes and of what else was asked are of all draws.
    """

    draws: int
    median: Decimal | None
    low: Decimal | None
    high: Decimal | None
    none: Fraction
    grades: Mapping[str, Fraction]
    vetoes: Mapping[str, Fraction]
    asked: Mapping[str, Fraction]
    scores: Mapping[Decimal, int]  #: how often each score came out, ascending

    def below(self, value: Decimal) -> tuple[Fraction, Fraction]:
        """The shares of ends (with a score) below a score, and at it: what a test of the method needs."""
        known = sum(self.scores.values()) or 1
        under = sum(count for one, count in self.scores.items() if one < value)
        return Fraction(under, known), Fraction(self.scores.get(value, 0), known)


def outlook(
    scheme: Scheme,
    ends: Sequence[tuple[Hashable, Callable[[], Results]]],
    asked: Mapping[str, Callable[[Score], bool]] | None = None,
) -> Outlook:
    """Score every end. Each has a key: ends with equal keys have equal results and are scored once.

    Raises ValueError without ends, and what `score` raises.
    """
    if not ends:
        raise ValueError("there are no ends to be scored")
    known: dict[Hashable, Score] = {}
    found: list[Score] = []
    for key, results in ends:
        if key not in known:
            known[key] = score(scheme, results())
        found.append(known[key])
    values = sorted(one.value for one in found if one.value is not None)
    draws = len(found)
    grades = Counter(one.grade for one in found if one.grade is not None)
    vetoes = Counter(key for one in found for key in one.vetoes)
    tail = Fraction(100 - INTERVAL, 200)
    return Outlook(
        draws=draws,
        median=_at(values, Fraction(1, 2)),
        low=_at(values, tail),
        high=_at(values, 1 - tail),
        none=Fraction(draws - len(values), draws),
        grades={grade.key: Fraction(grades[grade.key], draws) for grade in scheme.grades},
        vetoes={veto.key: Fraction(vetoes[veto.key], draws) for veto in scheme.vetoes},
        asked={
            key: Fraction(sum(holds(one) for one in found), draws) for key, holds in (asked or {}).items()
        },
        scores=dict(Counter(values)),
    )


def _at(ascending: Sequence[Decimal], share: Fraction) -> Decimal | None:
    """The value that the share of draws reaches: one that was drawn, never one between two."""
    if not ascending:
        return None
    place = -((-len(ascending) * share.numerator) // share.denominator) - 1  # rounded up
    return ascending[min(max(place, 0), len(ascending) - 1)]
