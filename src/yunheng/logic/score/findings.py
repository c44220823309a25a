"""What the linter of schemes finds, and how a row of bands is looked at; codes and parameters, no sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Literal

from yunheng.logic.score.interval import Interval, gaps, overlaps
from yunheng.logic.score.scheme import Band, Better
from yunheng.logic.score.tree import Param

Path = tuple[str | int, ...]
"""Where in a scheme: ("sections", "response", "items", "late", "occurrence"); keys as they are written."""
Severity = Literal["error", "warning"]


class Code(StrEnum):
    """What is wrong, with its parameters in brackets."""

    # errors
    NOTHING_SCORED = "nothing_scored"  #: no item at all
    ITEM_TWICE = "item_twice"  #: two items have one key [key]
    POINTS_DO_NOT_ADD_UP = "points_do_not_add_up"  #: start and sections are not the full marks [sum, full]
    WEIGHT_OF_NOTHING = "weight_of_nothing"  #: a weight for a section that has no points
    BOUNDS_ORDER = "bounds_order"  #: a lower limit above the upper one [low, high]
    NEGATIVE = "negative"  #: a number below 0 where none can be [value]
    NOT_POSITIVE = "not_positive"  #: a number that must be above 0 [value]
    EMPTY_INTERVAL = "empty_interval"  #: no number lies between its edges [low, high]
    HOLE = "hole"  #: numbers that no band holds [low, high, example]
    OVERLAP = "overlap"  #: numbers that two bands hold [low, high, example]
    ABOVE_POINTS = "above_points"  #: more than the item's full marks [value, points]
    NOT_MONOTONE = "not_monotone"  #: a better value brings less [at]
    KNOT_ORDER = "knot_order"  #: fewer than two knots, or not ascending
    TIER_ORDER = "tier_order"  #: tiers that do not begin at 1 or later and ascend
    SCALE_ORDER = "scale_order"  #: a scale that ends before it begins [low, high]
    RATER_WEIGHTS = "rater_weights"  #: weights of raters are not 100 per cent [sum]
    RATER_TWICE = "rater_twice"  #: a role named twice [role]
    NO_VALUE_READ = "no_value_read"  #: the rule needs a value, and the item names none
    POINTS_OF_BONUS = "points_of_bonus"  #: a bonus has no full marks [points]
    UNKNOWN_ITEM = "unknown_item"  #: [key]
    UNKNOWN_SECTION = "unknown_section"  #: [key]
    UNKNOWN_GRADE = "unknown_grade"  #: [key]
    UNKNOWN_EVENT = "unknown_event"  #: an event kind that the scheme does not list [kind]
    NO_SUCH_PERIOD = "no_such_period"  #: a period that is never scored [period]
    ROLLUP_ORDER = "rollup_order"  #: a roll-up to a period that is not longer [period, of]
    ROLLUP_WEIGHTS = "rollup_weights"  #: not one weight above 0 for each period [count, expected]
    GRADE_TWICE = "grade_twice"  #: [key]
    # warnings
    FULL_MARKS_UNREACHABLE = "full_marks_unreachable"  #: no value brings the item's full marks [best, points]
    UNREACHABLE = "unreachable"  #: a band, grade or trigger that no value reaches [low, high]
    CAP_IDLE = "cap_idle"  #: a limit that another one makes idle [cap, other]
    TIER_UNREACHABLE = "tier_unreachable"  #: a cap is reached before the tier [start, cap]
    EVENT_TWICE = "event_twice"  #: one event hits several items [kind, items]
    ONCE_ACROSS_IDLE = "once_across_idle"  #: no event could hit two items of the group
    VETO_IDLE = "veto_idle"  #: a veto that takes nothing [cap]
    REASON_IDLE = "reason_idle"  #: no mark is below the limit [value, low]
    EVENT_UNUSED = "event_unused"  #: an event kind that nothing speaks of [kind]
    SETTLEMENT_IDLE = "settlement_idle"  #: neither coefficients nor deductions


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault (error) or a doubtful choice (warning), and where it is."""

    code: Code
    path: Path
    severity: Severity
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        detail = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.severity} {'.'.join(map(str, self.path))}: {self.code}" + (
            f" ({detail})" if detail else ""
        )


def error(code: Code, path: Path, **params: Param) -> Finding:
    """A fault: the scheme cannot be used."""
    return Finding(code, path, "error", params)


def warning(code: Code, path: Path, **params: Param) -> Finding:
    """A choice that is seldom meant."""
    return Finding(code, path, "warning", params)


def partition(
    intervals: Sequence[Interval],
    names: Sequence[str | int],
    domain: Interval,
    path: Path,
    digits: int | None,
) -> Iterator[Finding]:
    """Whether intervals hold every number of the domain once; `names` are their last parts of the path."""
    for name, interval in zip(names, intervals, strict=True):
        if interval.is_empty:
            yield error(Code.EMPTY_INTERVAL, (*path, name), low=interval.low, high=interval.high)
        elif not occurs_in(interval, domain, digits):
            yield warning(Code.UNREACHABLE, (*path, name), low=interval.low, high=interval.high)
    kept = [interval for interval in intervals if not interval.is_empty]
    for gap in gaps(kept, domain, digits):
        yield error(Code.HOLE, path, low=gap.low, high=gap.high, example=gap.example(digits))
    for one, other, both in overlaps(intervals, digits):
        yield error(
            Code.OVERLAP,
            (*path, names[max(one, other)]),
            low=both.low,
            high=both.high,
            example=both.example(digits),
        )


def occurs_in(interval: Interval, domain: Interval, digits: int | None) -> bool:
    """Whether a number that can occur lies in the interval."""
    met = interval.meets(domain)
    return met is not None and met.has_step(digits)


def monotone(bands: Sequence[Band], better: Better, path: Path) -> Iterator[Finding]:
    """Whether a better value never brings fewer points."""
    ascending = sorted(range(len(bands)), key=lambda at: bands[at].interval.first)
    for lower, higher in pairwise(ascending):
        rises = bands[higher].points - bands[lower].points
        if (rises < 0) if better == "higher" else (rises > 0):
            yield error(Code.NOT_MONOTONE, (*path, higher), at=bands[higher].interval.low)


def below_zero(path: Path, **numbers: Decimal | int | None) -> Iterator[Finding]:
    """Numbers that cannot be negative; the parameter's name is the last part of the path."""
    for name, number in numbers.items():
        if number is not None and number < 0:
            yield error(Code.NEGATIVE, (*path, name), value=number)


def not_above_zero(path: Path, **numbers: Decimal | int | None) -> Iterator[Finding]:
    """Numbers that must be greater than 0."""
    for name, number in numbers.items():
        if number is not None and number <= 0:
            yield error(Code.NOT_POSITIVE, (*path, name), value=number)
