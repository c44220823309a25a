"""Intervals with explicit edges, and what a row of them leaves out or says twice (89.5 between 75–89 and 90–100)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Final

from yunheng.logic.measure import Number

_Cut = tuple[int, Fraction, int]
"""A place between numbers: (−1 before all, 0 at a number, 1 after all; the number; 0 just before it, 1 just after)."""

_BEFORE_ALL: Final[_Cut] = (-1, Fraction(0), 0)
_AFTER_ALL: Final[_Cut] = (1, Fraction(0), 0)


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers between two edges; None does not bound. Half-open [low, high) unless said otherwise."""

    low: Decimal | None = None
    high: Decimal | None = None
    has_low: bool = True
    has_high: bool = False

    def __contains__(self, value: Number) -> bool:
        at = Fraction(value)
        return self.first <= (0, at, 0) and (0, at, 1) <= self.last

    @property
    def first(self) -> _Cut:
        """The cut that it begins at."""
        return _BEFORE_ALL if self.low is None else (0, Fraction(self.low), 0 if self.has_low else 1)

    @property
    def last(self) -> _Cut:
        """The cut that it ends at."""
        return _AFTER_ALL if self.high is None else (0, Fraction(self.high), 1 if self.has_high else 0)

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        return self.first >= self.last

    def meets(self, other: Interval) -> Interval | None:
        """The numbers in both; None when there are none."""
        met = _between(max(self.first, other.first), min(self.last, other.last))
        return None if met is None or met.is_empty else met

    def has_step(self, digits: int | None) -> bool:
        """Whether a number with so many decimal places lies in it (None: any number)."""
        return not self.is_empty and (digits is None or self.example(digits) in self)

    def example(self, digits: int | None = None) -> Decimal:
        """A number that lies in it, with so many decimal places where there is one: the lowest, or near an edge."""
        if self.low is None:
            return Decimal(0) if self.high is None else self.high if self.has_high else self.high - 1
        if digits is not None:
            step = self.low.quantize(Decimal(1).scaleb(-digits), ROUND_CEILING)
            return step if step != self.low or self.has_low else step + Decimal(1).scaleb(-digits)
        if self.has_low or self.high is None:
            return self.low if self.has_low else self.low + 1
        return (self.low + self.high) / 2


def closed(low: Decimal, high: Decimal) -> Interval:
    """[low, high]"""
    return Interval(low, high, True, True)


def gaps(intervals: Iterable[Interval], domain: Interval, digits: int | None = None) -> list[Interval]:
    """What of the domain no interval holds, ascending.

    With `digits` only numbers with so many decimal places can occur: 75–89 and 90–100 leave a gap for
    scores with one decimal place, and none for whole ones.
    """
    found: list[Interval] = []
    reached = domain.first
    for interval in sorted(intervals, key=lambda one: (one.first, one.last)):
        if interval.first > reached:
            found += _kept(_between(reached, min(interval.first, domain.last)))
        reached = max(reached, interval.last)
    if reached < domain.last:
        found += _kept(_between(reached, domain.last))
    return [gap for gap in found if gap.has_step(digits)]


def overlaps(intervals: Sequence[Interval], digits: int | None = None) -> list[tuple[int, int, Interval]]:
    """Positions of intervals that share numbers with one that begins before them, and what they share, ascending."""
    order = [at for at, interval in enumerate(intervals) if not interval.is_empty]
    order.sort(key=lambda at: (intervals[at].first, intervals[at].last))
    found = []
    furthest: int | None = None
    for at in order:
        both = None if furthest is None else intervals[furthest].meets(intervals[at])
        if furthest is not None and both is not None and both.has_step(digits):
            found.append((furthest, at, both))
        if furthest is None or intervals[at].last > intervals[furthest].last:
            furthest = at
    return found


def _kept(interval: Interval | None) -> list[Interval]:
    return [] if interval is None or interval.is_empty else [interval]


def _between(first: _Cut, last: _Cut) -> Interval | None:
    """The interval between two cuts; None when it lies beyond all numbers."""
    if first >= last or first == _AFTER_ALL or last == _BEFORE_ALL:
        return None
    low = None if first == _BEFORE_ALL else _decimal(first[1])
    high = None if last == _AFTER_ALL else _decimal(last[1])
    return Interval(low, high, first[2] == 0, last[2] == 1)


def _decimal(number: Fraction) -> Decimal:
    """An edge as it was written: edges are decimals, so the division ends."""
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
    return Decimal((number * 10**digits).numerator).scaleb(-digits)
