"""Tiers of a period's score (grade, coefficient, trigger, veto): which come next, and how much brings them about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from yunheng.logic.forecast.ways import Way
from yunheng.logic.score import Happened, Interval, Results, Scheme, Score, score
from yunheng.logic.score.scheme import Trigger

TierKind = Literal["grade", "coefficient", "trigger", "veto"]


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of what a score brings about. `key` is that of the grade, trigger or veto, or the coefficient as text.

    `interval` holds the scores (deductions, for a trigger that looks at them) of the tier; None for a veto. Of a
    trigger that needs several periods in a row `row` are those that are in it already, `times` as many as it needs.
    """

    kind: TierKind
    key: str
    interval: Interval | None = None
    looks_at: Literal["score", "deductions"] = "score"
    full: Decimal = Decimal(0)
    row: int = 0
    times: int = 1

    def holds(self, one: Score) -> bool:
        """Whether a score is of the tier."""
        if self.kind == "veto":
            return self.key in one.vetoes
        if one.value is None or self.interval is None:
            return False
        value = one.value if self.looks_at == "score" else self.full - one.value
        return value in self.interval

    def is_reached(self, one: Score) -> bool:
        """Whether a score is of the tier or worse."""
        if self.kind == "veto":
            return self.holds(one)
        if one.value is None or self.interval is None:
            return False
        if self.looks_at == "deductions":
            return self.interval.first <= (0, Fraction(self.full) - Fraction(one.value), 0)
        return (0, Fraction(one.value), 1) <= self.interval.last

    @property
    def is_last_of_row(self) -> bool:
        """Whether the period would complete the trigger's row."""
        return self.row + 1 >= self.times


def worse_tiers(scheme: Scheme, now: Score, rows: dict[str, int] | None = None) -> list[Tier]:
    """What comes next if the score falls: the next grade, the next coefficient, and triggers and vetoes that do not
    hold yet. Coefficients and triggers of other periods than the scheme's are left out: they look at other scores.

    `rows`: of triggers, by key, how many of the periods before were within their interval.
    """
    found: list[Tier] = []
    if now.value is not None:
        below = [grade for grade in scheme.grades if _is_below(grade.interval, now.value)]
        if below:
            found.append(Tier("grade", below[0].key, below[0].interval))
        terms = scheme.settlement
        if terms is not None and terms.period == scheme.period:
            bands = sorted(
                (band for band in terms.coefficients if _is_below(band.interval, now.value)),
                key=lambda band: band.interval.last,
            )
            if bands:
                found.append(Tier("coefficient", f"{bands[-1].points:f}", bands[-1].interval))
    triggers = [
        _trigger_tier(scheme, trigger, rows or {})
        for trigger in scheme.triggers
        if trigger.period == scheme.period
    ]
    vetoes = [Tier("veto", veto.key) for veto in scheme.vetoes]
    return found + [tier for tier in (*triggers, *vetoes) if not tier.holds(now)]


def better_tier(scheme: Scheme, now: Score) -> Tier | None:
    """The next better grade, or without grades the next better coefficient; None where there is none."""
    if now.value is None:
        return None
    above = [grade for grade in scheme.grades if _is_above(grade.interval, now.value)]
    if above:
        return Tier("grade", above[-1].key, above[-1].interval)
    terms = scheme.settlement
    if scheme.grades or terms is None or terms.period != scheme.period:
        return None
    bands = [band for band in terms.coefficients if _is_above(band.interval, now.value)]
    lowest = min(bands, key=lambda band: band.interval.first, default=None)
    return None if lowest is None else Tier("coefficient", f"{lowest.points:f}", lowest.interval)


def _trigger_tier(scheme: Scheme, trigger: Trigger, rows: dict[str, int]) -> Tier:
    return Tier(
        "trigger",
        trigger.key,
        trigger.interval,
        trigger.looks_at,
        scheme.full,
        rows.get(trigger.key, 0),
        trigger.times,
    )


def _is_below(interval: Interval, value: Decimal) -> bool:
    return interval.last <= (0, Fraction(value), 0)


def _is_above(interval: Interval, value: Decimal) -> bool:
    return interval.first >= (0, Fraction(value), 1)


@dataclass(frozen=True, slots=True)
class Reach:
    """How many more of a way bring a tier about, and the score then; None when no number up to the way's most does."""

    tier: Tier
    way: Way
    count: int | None
    then: Score | None


def reach(
    scheme: Scheme, results: Results, tiers: Sequence[Tier], way: Way, *, is_upward: bool = False
) -> list[Reach]:
    """For each tier the fewest that bring it about. Raises what `score` raises.

    More of the same never turn around what they do (the linter holds schemes to that), so the first number is found
    by halving; a tier is not passed unseen, as one that is worse counts as reached.
    """
    known: dict[int, Score] = {}

    def after(count: int) -> Score:
        if count not in known:
            known[count] = score(scheme, way.breach(results, count))
        return known[count]

    def is_there(tier: Tier, count: int) -> bool:
        one = after(count)
        if not is_upward:
            return tier.is_reached(one)
        return (
            one.value is not None
            and tier.interval is not None
            and tier.interval.first <= (0, Fraction(one.value), 0)
        )

    found = []
    for tier in tiers:
        if _cannot(tier, way, scheme) or not is_there(tier, way.most):
            found.append(Reach(tier, way, None, None))
            continue
        few, many = 0, way.most
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (few, middle) if is_there(tier, middle) else (middle, many)
        found.append(Reach(tier, way, many, after(many)))
    return found


def _cannot(tier: Tier, way: Way, scheme: Scheme) -> bool:
    """Whether the way has nothing to do with a veto: saves looking for what cannot be found."""
    if tier.kind != "veto":
        return False
    veto = next(one for one in scheme.vetoes if one.key == tier.key)
    return isinstance(veto.when, Happened) and way.kind in ("miss", "slow", "good")
