"""The linter's view of one item: bands without holes, lines of one direction, tiers and caps that can be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from yunheng.logic.score.findings import (
    Code,
    Finding,
    Path,
    below_zero,
    error,
    monotone,
    not_above_zero,
    partition,
    warning,
)
from yunheng.logic.score.interval import Interval, closed
from yunheng.logic.score.rules import cost
from yunheng.logic.score.scheme import (
    ZERO,
    Banded,
    Bonus,
    Item,
    Linear,
    Occurrence,
    PassFail,
    Rating,
    Ratio,
    Step,
    Unit,
)

_HUNDRED: Final = Decimal(100)
_DOMAINS: Final[dict[Unit, Interval]] = {
    "percent": closed(ZERO, _HUNDRED),
    "seconds": Interval(ZERO),
    "number": Interval(),
}
_RULE_KEYS: Final = {
    Banded: "banded",
    Linear: "linear",
    Step: "step",
    Occurrence: "occurrence",
    Bonus: "bonus",
    PassFail: "pass_fail",
    Ratio: "ratio",
    Rating: "rating",
}


def domain_of(item: Item) -> Interval:
    """The values that can be measured for an item."""
    return _DOMAINS[item.unit]


def item_findings(item: Item, path: Path) -> Iterator[Finding]:
    """What is wrong with one item by itself; `path` is the item's."""
    rule, own = item.rule, (*path, _RULE_KEYS[type(item.rule)])
    yield from below_zero(path, points=item.points)
    if not item.reads and not isinstance(rule, Occurrence | Bonus | Rating):
        yield error(Code.NO_VALUE_READ, path)
    if isinstance(rule, Banded):
        yield from _banded(item, rule, own)
    elif isinstance(rule, Linear):
        yield from _linear(item, rule, own)
    elif isinstance(rule, Step):
        yield from not_above_zero(own, unit=rule.unit, points=rule.points)
        yield from below_zero(own, cap=rule.cap)
        yield from _idle_cap(rule.cap, item.points, own)
    elif isinstance(rule, Occurrence):
        yield from _occurrence(item, rule, own)
    elif isinstance(rule, Bonus):
        yield from not_above_zero(own, points=rule.points, cap=rule.cap)
        if item.points:
            yield error(Code.POINTS_OF_BONUS, (*path, "points"), points=item.points)
    elif isinstance(rule, PassFail):
        if item.points and rule.failed > item.points:
            yield error(Code.ABOVE_POINTS, (*own, "failed"), value=rule.failed, points=item.points)
    elif isinstance(rule, Ratio):
        yield from not_above_zero(own, target=rule.target)
    else:
        yield from _rating(rule, own)


def _idle_cap(cap: Decimal | None, points: Decimal, path: Path) -> Iterator[Finding]:
    """The item's full marks limit its deductions already."""
    if cap is not None and points and cap > points:
        yield warning(Code.CAP_IDLE, (*path, "cap"), cap=cap, other=points)


def _best(item: Item, best: Decimal, path: Path) -> Iterator[Finding]:
    if item.points and best > item.points:
        yield error(Code.ABOVE_POINTS, path, value=best, points=item.points)
    elif item.points and best < item.points:
        yield warning(Code.FULL_MARKS_UNREACHABLE, path, best=best, points=item.points)


def _banded(item: Item, rule: Banded, path: Path) -> Iterator[Finding]:
    names = list(range(len(rule.bands)))
    yield from partition([band.interval for band in rule.bands], names, domain_of(item), path, None)
    if item.better is not None:
        yield from monotone(rule.bands, item.better, path)
    if rule.bands:
        yield from _best(item, max(band.points for band in rule.bands), path)


def _linear(item: Item, rule: Linear, path: Path) -> Iterator[Finding]:
    if len(rule.knots) < 2 or any(left.at >= right.at for left, right in pairwise(rule.knots)):
        yield error(Code.KNOT_ORDER, path)
        return
    if item.better is not None:
        for place, (left, right) in enumerate(pairwise(rule.knots), start=1):
            rise = right.points - left.points
            if (rise < 0) if item.better == "higher" else (rise > 0):
                yield error(Code.NOT_MONOTONE, (*path, place), at=right.at)
    if rule.is_clamped:
        yield from _best(item, max(knot.points for knot in rule.knots), path)


def _occurrence(item: Item, rule: Occurrence, path: Path) -> Iterator[Finding]:
    yield from below_zero(path, free=rule.free, over=rule.over, cap=rule.cap, cap_each=rule.cap_each)
    starts = [tier.start for tier in rule.tiers]
    if not starts or starts[0] < 1 or any(one >= other for one, other in pairwise(starts)):
        yield error(Code.TIER_ORDER, (*path, "tiers"))
        return
    for place, tier in enumerate(rule.tiers):
        yield from below_zero((*path, "tiers", place), points=tier.points)
    yield from _idle_cap(rule.cap, item.points, path)
    if rule.cap is not None and rule.cap_each is not None and rule.cap_each > rule.cap:
        yield warning(Code.CAP_IDLE, (*path, "cap_each"), cap=rule.cap_each, other=rule.cap)
    caps = [rule.cap, item.points or None, rule.cap_each if rule.counts == "units" else None]
    lowest = min((cap for cap in caps if cap is not None), default=None)
    free = rule.free if rule.counts == "events" else 0
    for place, tier in enumerate(rule.tiers[1:], start=1):
        charged = cost(rule.tiers, Fraction(tier.start - 1)) - cost(rule.tiers, Fraction(free))
        if lowest is not None and charged >= lowest:
            yield warning(Code.TIER_UNREACHABLE, (*path, "tiers", place), start=tier.start, cap=lowest)
    if rule.counts == "events" and rule.cap_each is not None:
        dearest = max(tier.points for tier in rule.tiers)
        if rule.cap_each > dearest:
            yield warning(Code.CAP_IDLE, (*path, "cap_each"), cap=rule.cap_each, other=dearest)


def _rating(rule: Rating, path: Path) -> Iterator[Finding]:
    if rule.low >= rule.high:
        yield error(Code.SCALE_ORDER, (*path, "scale"), low=rule.low, high=rule.high)
    yield from not_above_zero(path, quorum=rule.quorum)
    for place, rater in enumerate(rule.raters):
        yield from not_above_zero((*path, "raters", place), weight=rater.weight)
    times = Counter(rater.role for rater in rule.raters)
    for role, count in times.items():
        if count > 1:
            yield error(Code.RATER_TWICE, (*path, "raters"), role=role)
    weights = sum((rater.weight for rater in rule.raters), ZERO)
    if weights != _HUNDRED:
        yield error(Code.RATER_WEIGHTS, (*path, "raters"), sum=weights)
    if rule.reason_below is not None and rule.reason_below <= rule.low:
        yield warning(Code.REASON_IDLE, (*path, "reason_below"), value=rule.reason_below, low=rule.low)
