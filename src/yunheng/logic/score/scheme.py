"""The scoring grammar: what a contract says about points, vetoes, grades, periods and money (R38, R39)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from yunheng.logic.score.interval import Interval

Period = Literal["month", "quarter", "year"]
PERIODS: Final[tuple[Period, ...]] = ("month", "quarter", "year")
MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}

Partial = Literal["floor", "ceil", "exact"]
"""What a begun unit counts: nothing, a whole one, or its share."""
Better = Literal["higher", "lower"]
OnEmpty = Literal["reweight", "full", "zero"]
Unit = Literal["percent", "seconds", "number"]

PROVIDER: Final = ("provider",)
ZERO: Final = Decimal(0)


# --- rules: from what was measured to points -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """An interval of values and what it brings: points of a rule, or the coefficient of a settlement."""

    interval: Interval
    points: Decimal


@dataclass(frozen=True, slots=True)
class Banded:
    """The points of the band that the value lies in."""

    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Knot:
    """A value and its points."""

    at: Decimal
    points: Decimal


@dataclass(frozen=True, slots=True)
class Linear:
    """Points on the line through ascending knots; beyond the first and last: theirs (clamped), or the line goes on."""

    knots: tuple[Knot, ...]
    is_clamped: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """`points` off for each `unit` by which the value misses the target; at most `cap`."""

    target: Decimal
    better: Better
    unit: Decimal
    points: Decimal
    cap: Decimal | None = None
    partial: Partial = "floor"


@dataclass(frozen=True, slots=True)
class Tier:
    """From which unit on (the first is 1) a unit costs so many points."""

    start: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Points off for events of some kinds for which one of the `parties` is liable.

    `counts` "events": each is one unit, numbered through the period; "units": each has as many as its
    quantity, numbered from 1 in each. `over`: only events whose quantity is greater, and then only the
    excess. Tiers price units by their number, each unit at its own tier. The first `free` units of the period
    cost nothing and keep their numbers. `cap_each` limits one event, `cap` all of them.
    """

    kinds: tuple[str, ...]
    tiers: tuple[Tier, ...]
    counts: Literal["events", "units"] = "events"
    over: Decimal | None = None
    free: int = 0
    cap_each: Decimal | None = None
    cap: Decimal | None = None
    partial: Partial = "ceil"
    parties: tuple[str, ...] = PROVIDER


@dataclass(frozen=True, slots=True)
class Bonus:
    """`points` for each event of some kinds; at most `cap`."""

    kinds: tuple[str, ...]
    points: Decimal
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PassFail:
    """The item's points when passed (a value other than 0); `failed` when not."""

    failed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Ratio:
    """The item's points × achievement: value ÷ target, or target ÷ value where lower is better; within 0 to 1."""

    target: Decimal
    better: Better = "higher"


@dataclass(frozen=True, slots=True)
class Rater:
    """A role that rates, and its weight in per cent."""

    role: str
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Rating:
    """The item's points × the mark's place on the scale.

    The marks of one role are put together by `aggregate`, then the roles that rated by their weights. At
    least `quorum` people rate. A mark below `reason_below` needs a reason.
    """

    low: Decimal
    high: Decimal
    raters: tuple[Rater, ...]
    aggregate: Literal["mean", "median", "min"] = "mean"
    reason_below: Decimal | None = None
    quorum: int = 1


Rule = Banded | Linear | Step | Occurrence | Bonus | PassFail | Ratio | Rating


# --- what points are put together from -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the scorecard (考核项).

    `points` are its full marks: its result stays within 0 and them. Where they are 0 it only deducts or adds.
    `reads` names the measured value; for rules on events it is optional and says when nothing was asked for.
    `on_empty` is what "not applicable" does. `better` is the direction that the bands or knots must keep to.
    """

    key: str
    rule: Rule
    points: Decimal = ZERO
    reads: str = ""
    unit: Unit = "number"
    better: Better | None = None
    on_empty: OnEmpty = "reweight"

    @property
    def direction(self) -> Better | None:
        """Which values are better: as the item says, else as its rule implies; None where nothing does."""
        if self.better is None and isinstance(self.rule, Step | Ratio):
            return self.rule.better
        return self.better


@dataclass(frozen=True, slots=True)
class Section:
    """Items that belong together. `points` are there at the outset; with `weight` its full marks are scaled to that."""

    key: str
    items: tuple[Item, ...]
    points: Decimal = ZERO
    weight: Decimal | None = None

    @property
    def own_full(self) -> Decimal:
        """Full marks before they are scaled."""
        return self.points + sum((item.points for item in self.items), ZERO)

    @property
    def full(self) -> Decimal:
        """What it counts in the whole at best, bonuses apart."""
        return self.own_full if self.weight is None else self.weight


# --- vetoes and grades ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happened:
    """At least one event of these kinds for which one of the `parties` is liable."""

    kinds: tuple[str, ...]
    parties: tuple[str, ...] = PROVIDER


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value lies in the interval; what is not applicable lies in none."""

    reads: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class AtMost:
    """Not more than so many points; 0 is the usual veto."""

    points: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class GradeAtMost:
    """The score stays, the grade is not better than this one."""

    grade: str


@dataclass(frozen=True, slots=True)
class Veto:
    """One fact that outweighs the sum (一票否决).

    Scope item and section name their `target`; period means the period's score; contract means that and every
    roll-up that contains the period. It holds, too, where nothing was asked for and there would be no score.
    """

    key: str
    when: Happened | Reading
    scope: Literal["item", "section", "period", "contract"] = "period"
    effect: AtMost | GradeAtMost = AtMost()
    target: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """A word for an interval of scores; grades are listed from the best on."""

    key: str
    interval: Interval


# --- periods and money ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rollup:
    """How the scores of shorter periods become that of a longer one.

    "deductions": full marks less the sum of what each period fell short of them. `weights`, in the order of
    time, are for "weighted_mean".
    """

    period: Period
    of: Period
    method: Literal["mean", "weighted_mean", "sum", "deductions", "min", "last"]
    weights: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A measure that scores bring about: `times` periods in a row within the interval ("twice in a row below 80").

    `looks_at` "deductions" means full marks less the score. Periods without a score neither count nor break the row.
    """

    key: str
    interval: Interval
    measure: Literal["warn", "rectify", "replace_staff", "terminate"]
    period: Period = "month"
    times: int = 1
    looks_at: Literal["score", "deductions"] = "score"


@dataclass(frozen=True, slots=True)
class PerPoint:
    """So many per cent of the base off for each point of deduction beyond the free ones."""

    free: Decimal
    percent: Decimal
    base: Literal["fee", "contract_value"] = "fee"
    partial: Partial = "exact"


@dataclass(frozen=True, slots=True)
class SettlementTerms:
    """What a score does to the fee of its period: fee × coefficient − deduction, within the limits.

    `coefficients` are by score, `least` and `most` in per cent of the fee; `digits` of the currency. A period
    without a score is paid in full.
    """

    currency: str
    period: Period = "month"
    digits: int = 2
    coefficients: tuple[Band, ...] = ()
    per_point: PerPoint | None = None
    least: Decimal = ZERO
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scoring scheme (考核办法).

    `start` points are there at the outset and `full` is what can be reached without bonuses: start and the
    full marks of all sections. The sum is kept within `floor` and `ceiling` (None: not bounded), bonuses
    within `bonus_cap`, and rounded once, half-up, to `digits`. Vetoes come after the limits; grades,
    triggers and money read the rounded score. An event that matches several items of a group of `once_across`
    counts in one of them: where it costs most by itself, the first one where that is equal. With groups that share
    items the dearest item takes it first, then each other one none of whose groups has it yet.
    """

    full: Decimal
    sections: tuple[Section, ...]
    start: Decimal = ZERO
    floor: Decimal | None = ZERO
    ceiling: Decimal | None = None
    bonus_cap: Decimal | None = None
    digits: int = 1
    period: Period = "month"
    vetoes: tuple[Veto, ...] = ()
    grades: tuple[Grade, ...] = ()
    once_across: tuple[tuple[str, ...], ...] = ()
    rollups: tuple[Rollup, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    settlement: SettlementTerms | None = None
    events: tuple[str, ...] = field(default=())  #: the vocabulary of event kinds

    def items(self) -> Iterator[Item]:
        """All items in the contract's order."""
        for section in self.sections:
            yield from section.items

    def summed(self, period: Period) -> int:
        """How many of the scored periods are summed in one of this kind: 1 unless a roll-up says "sum".

        Full marks, floor and ceiling of such a period are so many times those of the scored one.
        """
        found = next((rollup for rollup in self.rollups if rollup.period == period), None)
        if found is None or period == self.period or MONTHS[found.of] >= MONTHS[period]:
            return 1
        times = MONTHS[period] // MONTHS[found.of] if found.method == "sum" else 1
        return times * self.summed(found.of)

    def full_of(self, period: Period) -> Decimal:
        """Full marks of a period of this kind, bonuses apart."""
        return self.full * self.summed(period)

    def grade_of(self, score: Decimal) -> str | None:
        """The grade whose interval holds the score; None where none does."""
        return next((grade.key for grade in self.grades if score in grade.interval), None)
