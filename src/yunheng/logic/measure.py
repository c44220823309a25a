"""What a figure is made of: sums that roll up, exact distributions, one rounding (indicators.md 1–7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

__all__ = [
    "PERCENT",
    "RATIO",
    "SECONDS",
    "Measurement",
    "Number",
    "average",
    "belongs_to_period",
    "mean",
    "median",
    "merge",
    "percentile",
    "ratio",
    "round_half_up",
    "settled_at",
]

Number = int | Decimal | Fraction
"""What figures are computed with: exact, so never a float."""

RATIO: Final = "ratio"
PERCENT: Final = "percent"
SECONDS: Final = "seconds"

_FACTOR: Final = {PERCENT: 100}


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure with what it is made of.

    `value` = numerator / denominator in `unit`, not rounded yet; None means N/A, as for an empty
    denominator, and is never shown as 100 %. `n` is the number of items in the population. Sums are exact
    and so roll up exactly; `rounded` is the one rounding.
    """

    numerator: Number
    denominator: Number
    n: int
    unit: str = RATIO

    def __post_init__(self) -> None:
        for name in ("numerator", "denominator"):
            if isinstance(getattr(self, name), float):
                raise TypeError(f"the {name} is a float, which is not exact")
        if self.denominator < 0 or self.n < 0:
            raise ValueError("a denominator and a count of items are never negative")

    @property
    def value(self) -> Fraction | None:
        """The exact value in `unit`; None is N/A."""
        if self.denominator == 0:
            return None
        return Fraction(self.numerator) / Fraction(self.denominator) * _FACTOR.get(self.unit, 1)

    def rounded(self, digits: int) -> Decimal | None:
        """The value half-up to the digits that the contract names; None is N/A."""
        value = self.value
        return None if value is None else round_half_up(value, digits)


def ratio(numerator: Number, denominator: Number, *, unit: str = RATIO, n: int | None = None) -> Measurement:
    """A share of a whole; `n` is the denominator unless given. N/A when the denominator is 0.

    Raises ValueError when a count has no items of its own: a denominator that is not whole needs `n`.
    """
    if n is None:
        if Fraction(denominator).denominator != 1:
            raise ValueError("n must be given when the denominator is not a number of items")
        n = int(denominator)
    return Measurement(numerator, denominator, n, unit)


def average(values: Iterable[int], *, unit: str = SECONDS) -> Measurement:
    """The mean of values as a sum over a count, so that it rolls up exactly; N/A without values."""
    items = list(values)
    return Measurement(sum(items), len(items), len(items), unit)


def merge(measurements: Iterable[Measurement]) -> Measurement:
    """Roll-up from summed numerators and denominators, never a mean of ratios (indicators.md 3).

    The order and grouping do not matter. Raises ValueError without measurements or for different units.
    """
    items = list(measurements)
    if not items:
        raise ValueError("there is nothing to merge")
    units = {item.unit for item in items}
    if len(units) > 1:
        raise ValueError(f"measurements in {' and '.join(sorted(units))} cannot be merged")
    return replace(
        items[0],
        numerator=_sum(item.numerator for item in items),
        denominator=_sum(item.denominator for item in items),
        n=sum(item.n for item in items),
    )


def _sum(numbers: Iterable[Number]) -> int | Fraction:
    total = sum((Fraction(number) for number in numbers), Fraction(0))
    return total.numerator if total.denominator == 1 else total


# --- distributions ----------------------------------------------------------------------------------------


def mean(values: Sequence[int]) -> Fraction | None:
    """The exact mean; None without values."""
    return Fraction(sum(values), len(values)) if values else None


def median(ordered: Sequence[int]) -> Fraction | None:
    """The exact median of ascending values; None without values."""
    return percentile(ordered, 50)


def percentile(ordered: Sequence[int], percent: int | Fraction | Decimal) -> Fraction | None:
    """The exact percentile of ascending values by linear interpolation (indicators.md 6); None without
    values.

    The value at rank (n − 1) · percent / 100, counted from 0, as spreadsheets' PERCENTILE.INC. Raises
    ValueError when `percent` is not within 0 to 100.
    """
    share = Fraction(percent) / 100
    if not 0 <= share <= 1:
        raise ValueError(f"a percentile is within 0 to 100, not {percent}")
    if not ordered:
        return None
    rank = (len(ordered) - 1) * share
    below = rank.numerator // rank.denominator
    low = Fraction(ordered[below])
    if rank == below:
        return low
    return low + (ordered[below + 1] - low) * (rank - below)


def round_half_up(value: Number, digits: int) -> Decimal:
    """`value` to `digits` after the point, halves away from zero ("0.125" → "0.13", "-0.125" → "-0.13"),
    never "-0".

    Exact whatever the size: no decimal context has a say. Raises ValueError for negative `digits`, NaN and
    infinity.
    """
    if digits < 0:
        raise ValueError("digits must not be negative")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("only a finite number can be rounded")
    exact = Fraction(value)
    scaled = abs(exact) * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest >= scaled.denominator:
        whole += 1
    sign = 1 if exact < 0 and whole else 0
    return Decimal((sign, tuple(int(figure) for figure in str(whole)), -digits))


# --- population -------------------------------------------------------------------------------------------


def settled_at(stopped_at: int | None, due_at: int | None) -> int | None:
    """min(stopped_at, due_at): the instant that decides the period of a timeliness item (indicators.md 1).

    Epoch seconds. None when neither is known: such an item is not settled and counts in no period. Whether
    a due instant has passed is for the caller's cut-off to say: `belongs_to_period` with the end of the
    period.
    """
    if stopped_at is None or due_at is None:
        return due_at if stopped_at is None else stopped_at
    return min(stopped_at, due_at)


def belongs_to_period(at: int | None, start: int, end: int) -> bool:
    """Whether an instant lies in the period [start, end): half-open, so that it lies in one of two
    neighbours only.
    """
    return at is not None and start <= at < end
