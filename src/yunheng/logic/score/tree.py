"""The explanation of a score: a tree in which the points of every node are the sum of those of its parts, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from yunheng.logic.measure import Number
from yunheng.logic.score.results import Event, Mark

Param = str | int | Decimal | Fraction | None


class Say(StrEnum):
    """What a node says, with its parameters in brackets; put into words above logic/."""

    SCORE = "score"
    SECTION = "section"
    ITEM = "item"
    START = "start"  #: points at the outset
    FULL_MARKS = "full_marks"  #: the item's points, from which deductions go
    BAND = "band"  #: [value, low, high, has_low, has_high]
    LINE = "line"  #: [value]
    SHORT_OF_TARGET = "short_of_target"  #: [value, target, better, shortfall, unit, steps, each]
    TARGET_REACHED = "target_reached"  #: [value, target, better]
    EVENT = "event"  #: an event that costs [kind, quantity, units, first, last, cost, cap]
    BONUS = "bonus"  #: an event that brings points [kind]
    PASSED = "passed"  #: [value]
    FAILED = "failed"  #: [value]
    ACHIEVED = "achieved"  #: [value, target, better, share]
    RATED = "rated"  #: [mark, low, high, raters]
    MARK = "mark"  #: one mark, worth nothing by itself [role, value, weight]
    TAKEN_OUT = "taken_out"  #: an event that both parties or arbitration took out [kind]
    NOT_LIABLE = "not_liable"  #: an event that somebody else is liable for [kind, party]
    TOLERATED = "tolerated"  #: an event within the tolerance [kind, quantity, over]
    FREE = "free"  #: an event within what is free [kind, units]
    COUNTED_ELSEWHERE = "counted_elsewhere"  #: an event that counts in another item [kind, item]
    EMPTY_LEFT_OUT = "empty_left_out"  #: not applicable: its points go to the others
    EMPTY_FULL = "empty_full"  #: not applicable: full marks
    EMPTY_ZERO = "empty_zero"  #: not applicable: nothing
    CAP = "cap"  #: deductions are limited [before, after]
    BONUS_CAP = "bonus_cap"  #: bonuses are limited [before, after]
    LOWEST = "lowest"  #: not below [before, after]
    HIGHEST = "highest"  #: not above [before, after]
    REWEIGHTED = "reweighted"  #: points of what is not applicable go to the others [before, full, applicable]
    WEIGHTED = "weighted"  #: full marks are scaled to the weight [before, full, weight]
    VETO = "veto"  #: [before, after]
    GRADE_VETO = "grade_veto"  #: the grade is not better than [grade]
    ROUNDED = "rounded"  #: [before, after, digits]
    NO_SCORE = "no_score"  #: nothing was asked for
    ROLLUP = "rollup"  #: [method, period]
    PERIOD = "period"  #: a shorter period's share [period, score, weight, of]
    PERIOD_LEFT_OUT = (
        "period_left_out"  #: a period without a score, or one that does not decide [period, score]
    )
    SETTLEMENT = "settlement"
    FEE = "fee"
    PART_DAYS = "part_days"  #: of a period covered in part, the days that are not [covered, days, fee]
    PART_WHOLE = "part_whole"  #: a period covered in part is paid whole [covered, days]
    COEFFICIENT = "coefficient"  #: [score, coefficient, fee]
    PER_POINT = "per_point"  #: [deductions, free, beyond, percent, base]
    WITHIN_FREE = "within_free"  #: [deductions, free]


@dataclass(frozen=True, slots=True)
class Node:
    """What it says with which parameters, the points it brings to the whole, and its parts.

    `points` is exact. `key` names the section, item, veto or period; `event` or `mark` is the evidence.
    """

    say: Say
    points: Fraction
    key: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
    parts: tuple[Node, ...] = ()
    event: Event | None = None
    mark: Mark | None = None

    def __iter__(self) -> Iterator[Node]:
        """Itself and all below, top down."""
        yield self
        for part in self.parts:
            yield from part

    @property
    def is_sum_of_parts(self) -> bool:
        """Whether everything below adds up; holds for every tree that scoring makes."""
        return all(not node.parts or node.points == total(node.parts) for node in self)


def total(parts: Iterable[Node]) -> Fraction:
    """The points of all parts."""
    found: dict[int, int] = {}  # numerators by denominator: points have few, and whole numbers add fast
    for part in parts:
        numerator, denominator = part.points.as_integer_ratio()
        found[denominator] = found.get(denominator, 0) + numerator
    return sum((Fraction(number, denominator) for denominator, number in found.items()), Fraction(0))


def whole(say: Say, parts: Iterable[Node], key: str = "", **params: Param) -> Node:
    """A node that is the sum of its parts."""
    kept = tuple(parts)
    return Node(say, total(kept), key, params, kept)


def leaf(say: Say, points: Number = 0, key: str = "", **params: Param) -> Node:
    """A node without parts."""
    return Node(say, Fraction(points), key, params)


def limit(say: Say, parts: Iterable[Node], bound: Number, key: str = "", **params: Param) -> Node:
    """What brings the sum of the parts to the bound, told with before and after."""
    before = total(parts)
    return Node(say, Fraction(bound) - before, key, {**params, "before": before, "after": Fraction(bound)})


def text_of(number: Number) -> str:
    """An exact number as text: "2.5" where the division ends, else "7/3". `Fraction(text)` reads both back."""
    if isinstance(number, int):
        return str(number)
    numerator, denominator = number.as_integer_ratio()
    if denominator == 1:
        return str(numerator)
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{numerator}/{denominator}"
    digits = max(twos, fives)
    figures = str(abs(numerator) * 10**digits // denominator).rjust(digits + 1, "0")
    return f"{'-' if numerator < 0 else ''}{figures[:-digits]}.{figures[-digits:]}"


def plain(node: Node, places: Mapping[str, int] | None = None) -> dict[str, Any]:
    """The tree as JSON data without floats, for the statement and those who check it.

    `places`: where each event stands, by its key, in the results that are kept beside the tree; a node then names the
    place instead of telling the event again. Raises KeyError for an event that stands nowhere.
    """
    data: dict[str, Any] = {"say": node.say.value, "points": text_of(node.points)}
    if node.key:
        data["key"] = node.key
    if node.params:
        data["params"] = {
            name: value if isinstance(value, _PLAIN) else text_of(value)
            for name, value in node.params.items()
        }
    if node.event is not None:
        data["event"] = event_plain(node.event) if places is None else places[node.event.key]
    if node.mark is not None:
        data["mark"] = mark_plain(node.mark)
    if node.parts:
        data["parts"] = [plain(part, places) for part in node.parts]
    return data


_PLAIN = (str, int, type(None))  #: parameters that are plain data as they are


def event_plain(event: Event) -> dict[str, Any]:
    """An event as JSON data, its quantity as text."""
    return {
        "key": event.key,
        "kind": event.kind,
        "at": event.at,
        "quantity": text_of(event.quantity),
        "party": event.party,
        "subject": event.subject,
        "evidence": event.evidence,
        "proposer": event.proposer,
        "ruling": event.ruling,
    }


def mark_plain(mark: Mark) -> dict[str, Any]:
    """A mark as JSON data, its value as text."""
    return {
        "rater": mark.rater,
        "role": mark.role,
        "value": text_of(mark.value),
        "reason": mark.reason,
        "evidence": mark.evidence,
    }
