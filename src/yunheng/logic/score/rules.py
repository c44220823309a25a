"""Each rule applied to what was measured: the parts of one item's result, before the item's own limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from yunheng.logic.measure import Number
from yunheng.logic.score.results import Event, Mark, Measured
from yunheng.logic.score.scheme import (
    Banded,
    Better,
    Bonus,
    Item,
    Linear,
    Occurrence,
    Partial,
    PassFail,
    Rating,
    Ratio,
    Step,
    Tier,
)
from yunheng.logic.score.tree import Node, Param, Say, leaf, limit, total

_ZERO, _ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Material:
    """What one item is judged by. `elsewhere`: events (by key) that count in another item, with its key. `spent`: what
    events cost that are not told one by one.
    """

    measured: Measured | None = None
    events: Sequence[Event] = ()
    marks: Sequence[Mark] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    spent: Fraction = _ZERO


def parts_of(item: Item, material: Material) -> list[Node]:
    """The parts of an item that is applicable, limits of the rule included."""
    rule = item.rule
    if isinstance(rule, Occurrence):
        return _occurrence(item, rule, material)
    if isinstance(rule, Bonus):
        return _bonus(rule, material)
    if isinstance(rule, Rating):
        return _rating(item, rule, material.marks)
    assert material.measured is not None
    assert material.measured.value is not None
    value = Fraction(material.measured.value)
    if isinstance(rule, Banded):
        return [_banded(rule, value)]
    if isinstance(rule, Linear):
        return [leaf(Say.LINE, line(rule, value), value=value)]
    if isinstance(rule, Step):
        return _step(item, rule, value)
    if isinstance(rule, PassFail):
        return [
            leaf(Say.PASSED, item.points, value=value)
            if value
            else leaf(Say.FAILED, rule.failed, value=value)
        ]
    return [_ratio(item, rule, value)]


def counted(number: Fraction, partial: Partial) -> Fraction:
    """So many units, a begun one counted as `partial` says."""
    if partial == "exact" or number.denominator == 1:
        return number
    floor = number.numerator // number.denominator
    return Fraction(floor if partial == "floor" else floor + 1)


def shortfall(value: Number, target: Number, better: Better) -> Fraction:
    """By how much the value misses the target; 0 when it does not."""
    missing = Fraction(target) - Fraction(value)
    return max(_ZERO, missing if better == "higher" else -missing)


def line(rule: Linear, value: Fraction) -> Fraction:
    """The points on the line at a value."""
    knots = rule.knots
    if rule.is_clamped:
        value = min(max(value, Fraction(knots[0].at)), Fraction(knots[-1].at))
    for left, right in pairwise(knots):
        if value <= right.at or right is knots[-1]:
            start, end = Fraction(left.at), Fraction(right.at)
            rise = Fraction(right.points) - Fraction(left.points)
            return Fraction(left.points) + rise * (value - start) / (end - start)
    raise ValueError("a line has at least two knots")


def cost(tiers: Sequence[Tier], units: Fraction) -> Fraction:
    """What the first so many units cost, each at the tier of its number."""
    if len(tiers) == 1 and tiers[0].start == 1:  # most rules
        return units * _exact_points(tiers[0].points) if units.numerator > 0 else _ZERO
    found = _ZERO
    for place, tier in enumerate(tiers):
        start = Fraction(tier.start - 1)
        end = units if place + 1 == len(tiers) else min(units, Fraction(tiers[place + 1].start - 1))
        found += max(_ZERO, end - start) * Fraction(tier.points)
    return found


@lru_cache(maxsize=1024)
def _exact_points(points: Decimal) -> Fraction:
    return Fraction(points)


def alone(rule: Occurrence, event: Event) -> Fraction:
    """What an event costs if nothing else happened and nothing is free: decides where it counts (`once_across`)."""
    units = _units(rule, event)
    price = cost(rule.tiers, units)
    return price if rule.cap_each is None else min(price, Fraction(rule.cap_each))


def is_counted(rule: Occurrence, event: Event) -> bool:
    """Whether the rule charges the event at all: kind, ruling, liable party, tolerance."""
    return (
        event.kind in rule.kinds
        and not event.is_taken_out
        and event.party in rule.parties
        and (rule.over is None or Fraction(event.quantity) > rule.over)
    )


def is_steady(rule: Occurrence) -> bool:
    """Whether each event costs the same whatever else happens: `alone` then says what."""
    return not rule.free and _is_even(rule)


def _is_even(rule: Occurrence) -> bool:
    """Whether units cost the same whatever their number in the period is."""
    return rule.counts == "units" or (len(rule.tiers) == 1 and rule.tiers[0].start == 1)


def _units(rule: Occurrence, event: Event) -> Fraction:
    if rule.counts == "events":
        return _ONE
    quantity = _exact(event.quantity)
    return counted(quantity - Fraction(rule.over) if rule.over else quantity, rule.partial)


def _exact(number: Number) -> Fraction:
    """The number as a fraction; one that is already stays the same object."""
    return number if isinstance(number, Fraction) else Fraction(number)


def _occurrence(item: Item, rule: Occurrence, material: Material) -> list[Node]:
    parts = [leaf(Say.FULL_MARKS, item.points)] if item.points else []
    deductions = list(_charged(rule, material))
    if material.spent:
        deductions.append(Node(Say.EVENT, -material.spent))
    taken = -total(deductions)
    if rule.cap is not None and taken > rule.cap:
        deductions.append(limit(Say.CAP, deductions, -rule.cap))
    return parts + deductions


def _charged(rule: Occurrence, material: Material) -> Iterator[Node]:
    till = _Till(rule)
    for event in in_order(material.events, rule.kinds):
        note = _uncharged(rule, event, material.elsewhere)
        yield till.charge(event) if note is None else replace(note, event=event)


class _Till:
    """Charges the events of one rule, in their order. A month may have tens of thousands, most of which cost the same:
    what so many units cost is worked out once.
    """

    __slots__ = ("_free", "_is_even", "_number", "_prices", "_rule")

    def __init__(self, rule: Occurrence) -> None:
        self._rule = rule
        self._free = Fraction(rule.free)
        self._number = _ZERO  #: units of the period before the next event
        self._is_even = _is_even(rule)
        self._prices: dict[Fraction, _Price] = {}

    def charge(self, event: Event) -> Node:
        """What the event costs, or that it is free."""
        rule, number = self._rule, self._number
        units = _units(rule, event)
        first = number if rule.counts == "events" else _ZERO
        if self._free or rule.counts == "events":  # otherwise nobody asks for it
            self._number = number + units
        spared = min(self._free, units) if self._free else _ZERO
        if spared:
            self._free -= spared
            if spared == units:
                return replace(leaf(Say.FREE, kind=event.kind, units=units), event=event, key=event.key)
        begin, end = (first + spared, first + units) if first or spared else (first, units)
        price = self._price(units, begin, end, spared)
        params: dict[str, Param] = {
            "kind": event.kind,
            "quantity": _exact(event.quantity),
            "units": units,
            "first": begin + 1 if begin else _ONE,
            "last": end,
            "cost": price.cost,
            "cap": price.cap,
        }
        return Node(Say.EVENT, price.points, event.key, params, event=event)

    def _price(self, units: Fraction, begin: Fraction, end: Fraction, spared: Fraction) -> _Price:
        if spared or not self._is_even:
            return _Price.of(self._rule, begin, end)
        found = self._prices.get(units)
        if found is None:
            found = self._prices[units] = _Price.of(self._rule, begin, end)
        return found


@dataclass(frozen=True, slots=True)
class _Price:
    """What the units from `begin` to `end` cost, the limit where it is in force, and the points for that."""

    cost: Fraction
    cap: Decimal | None
    points: Fraction

    @classmethod
    def of(cls, rule: Occurrence, begin: Fraction, end: Fraction) -> _Price:
        price = cost(rule.tiers, end) - (cost(rule.tiers, begin) if begin else _ZERO)
        if rule.cap_each is None or price <= Fraction(rule.cap_each):
            return cls(price, None, -price)
        return cls(price, rule.cap_each, -Fraction(rule.cap_each))


def _uncharged(rule: Occurrence, event: Event, elsewhere: Mapping[str, str]) -> Node | None:
    """Why an event of a matching kind costs nothing here; None when it does."""
    if event.is_taken_out:
        return leaf(Say.TAKEN_OUT, key=event.key, kind=event.kind)
    if event.party not in rule.parties:
        return leaf(Say.NOT_LIABLE, key=event.key, kind=event.kind, party=event.party)
    if rule.over is not None and Fraction(event.quantity) <= rule.over:
        return leaf(
            Say.TOLERATED,
            key=event.key,
            kind=event.kind,
            quantity=Fraction(event.quantity),
            over=rule.over,
        )
    if event.key in elsewhere:
        return leaf(Say.COUNTED_ELSEWHERE, key=event.key, kind=event.kind, item=elsewhere[event.key])
    return None


def in_order(events: Sequence[Event], kinds: Collection[str]) -> list[Event]:
    """Events of these kinds as they happened; at one instant by key."""
    return sorted((event for event in events if event.kind in kinds), key=lambda one: (one.at, one.key))


def _bonus(rule: Bonus, material: Material) -> list[Node]:
    parts = [replace(_gained(rule, event), event=event) for event in in_order(material.events, rule.kinds)]
    if rule.cap is not None and total(parts) > rule.cap:
        parts.append(limit(Say.CAP, parts, rule.cap))
    return parts


def _gained(rule: Bonus, event: Event) -> Node:
    if event.is_taken_out:
        return leaf(Say.TAKEN_OUT, key=event.key, kind=event.kind)
    return leaf(Say.BONUS, rule.points, event.key, kind=event.kind)


def _banded(rule: Banded, value: Fraction) -> Node:
    band = next(band for band in rule.bands if value in band.interval)
    edges = band.interval
    return leaf(
        Say.BAND,
        band.points,
        value=value,
        low=edges.low,
        high=edges.high,
        has_low=int(edges.has_low),
        has_high=int(edges.has_high),
    )


def _step(item: Item, rule: Step, value: Fraction) -> list[Node]:
    parts = [leaf(Say.FULL_MARKS, item.points)] if item.points else []
    missing = shortfall(value, rule.target, rule.better)
    if not missing:
        return [*parts, leaf(Say.TARGET_REACHED, value=value, target=rule.target, better=rule.better)]
    steps = counted(missing / Fraction(rule.unit), rule.partial)
    deduction = leaf(
        Say.SHORT_OF_TARGET,
        -steps * Fraction(rule.points),
        value=value,
        target=rule.target,
        better=rule.better,
        shortfall=missing,
        unit=rule.unit,
        steps=steps,
        each=rule.points,
    )
    parts.append(deduction)
    if rule.cap is not None and -deduction.points > rule.cap:
        parts.append(limit(Say.CAP, [deduction], -rule.cap))
    return parts


def _ratio(item: Item, rule: Ratio, value: Fraction) -> Node:
    target = Fraction(rule.target)
    over, under = (value, target) if rule.better == "higher" else (target, value)
    share = min(max(over / under, _ZERO), Fraction(1)) if under > 0 else Fraction(1)
    return leaf(
        Say.ACHIEVED,
        Fraction(item.points) * share,
        value=value,
        target=rule.target,
        better=rule.better,
        share=share,
    )


# --- ratings -------------------------------------------------------------------------------------------------


def mark_of(rule: Rating, marks: Sequence[Mark]) -> Fraction:
    """The marks as one: those of a role put together, then the roles that rated by their weights."""
    weighted, weights = _ZERO, _ZERO
    for rater in rule.raters:
        own = sorted(Fraction(mark.value) for mark in marks if mark.role == rater.role)
        if own:
            weighted += Fraction(rater.weight) * _aggregated(rule, own)
            weights += Fraction(rater.weight)
    return weighted / weights


def _aggregated(rule: Rating, ascending: Sequence[Fraction]) -> Fraction:
    if rule.aggregate == "min":
        return ascending[0]
    if rule.aggregate == "mean":
        return sum(ascending, _ZERO) / len(ascending)
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) / 2


def _rating(item: Item, rule: Rating, marks: Sequence[Mark]) -> list[Node]:
    mark = mark_of(rule, marks)
    low, high = Fraction(rule.low), Fraction(rule.high)
    weights: dict[str, Decimal] = {rater.role: rater.weight for rater in rule.raters}
    shown = [
        replace(
            leaf(Say.MARK, key=one.rater, role=one.role, value=one.value, weight=weights[one.role]), mark=one
        )
        for one in marks
    ]
    rated = leaf(
        Say.RATED,
        Fraction(item.points) * (mark - low) / (high - low),
        mark=mark,
        low=rule.low,
        high=rule.high,
        raters=len(marks),
    )
    return [rated, *shown]
