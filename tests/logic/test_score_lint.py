"""Every code of the linter on a scheme that has just this fault; refusals of results that cannot be scored."""

# ruff: noqa: E501  (a table of cases: one line is one case)

from dataclasses import replace
from decimal import Decimal

import pytest

from yunheng.logic.score import (
    NOT_APPLICABLE,
    AtMost,
    Band,
    Banded,
    Bonus,
    Code,
    Event,
    Grade,
    GradeAtMost,
    Happened,
    Interval,
    Item,
    Knot,
    Linear,
    Mark,
    Measured,
    Occurrence,
    PassFail,
    PeriodScore,
    PerPoint,
    Rater,
    Rating,
    Reading,
    Results,
    Rollup,
    Scheme,
    ScoreError,
    Section,
    SettlementTerms,
    Step,
    Tier,
    Trigger,
    Veto,
    lint_scheme,
    roll_up,
    score,
)

D = Decimal
LATE = Item("late", Occurrence(("late",), (Tier(1, D(1)),)))
RATE = Item("rate", Step(D(90), "higher", D(1), D(1)), D(20), "rate", "percent")
RATED = Item(
    "rated",
    Rating(D(0), D(5), (Rater("contact", D(60)), Rater("appraiser", D(40))), reason_below=D(3), quorum=2),
    D(10),
)
BASE = Scheme(
    full=D(100),
    start=D(70),
    sections=(Section("one", (RATE, LATE)), Section("two", (RATED,))),
    ceiling=D(100),
    vetoes=(Veto("leak", Happened(("leak",))),),
    grades=(Grade("good", Interval(D(80))), Grade("poor", Interval(None, D(80)))),
    rollups=(Rollup("quarter", "month", "mean"),),
    triggers=(Trigger("twice", Interval(None, D(80)), "terminate", times=2),),
    settlement=SettlementTerms("CNY", per_point=PerPoint(D(10), D(2))),
    events=("late", "leak"),
)


def with_item(item: Item) -> Scheme:
    """The base scheme with one more item, whose points are in the full marks."""
    sections = (*BASE.sections, Section("more", (item,)))
    return replace(BASE, sections=sections, full=BASE.full + item.points, ceiling=BASE.full + item.points)


def occurrence(**changes: object) -> Item:
    return Item("more", replace(Occurrence(("leak",), (Tier(1, D(1)),)), **changes))


def bands(*edges: tuple[object, object, object], better: str | None = None, points: int = 10) -> Item:
    def decimal(value: object) -> Decimal | None:
        return None if value is None else D(str(value))

    made = tuple(Band(Interval(decimal(low), decimal(high)), D(str(worth))) for low, high, worth in edges)
    return Item("more", Banded(made), D(points), "more", "percent", better)  # type: ignore[arg-type]


CASES = {
    Code.NOTHING_SCORED: replace(BASE, sections=(), start=D(100)),
    Code.ITEM_TWICE: with_item(replace(LATE, rule=Occurrence(("leak",), (Tier(1, D(1)),)))),
    Code.POINTS_DO_NOT_ADD_UP: replace(BASE, full=D(99)),
    Code.WEIGHT_OF_NOTHING: replace(BASE, start=D(65), sections=(*BASE.sections, Section("idle", (occurrence(),), weight=D(5)))),
    Code.BOUNDS_ORDER: replace(BASE, floor=D(101), ceiling=None, grades=(), triggers=()),
    Code.NEGATIVE: with_item(occurrence(free=-1)),
    Code.NOT_POSITIVE: with_item(Item("more", Bonus(("leak",), D(0)))),
    Code.EMPTY_INTERVAL: replace(BASE, triggers=(Trigger("never", Interval(D(80), D(80)), "warn"),)),
    Code.HOLE: with_item(bands((90, None, 10), (None, 89, 0))),
    Code.OVERLAP: with_item(bands((89, None, 10), (None, 90, 0))),
    Code.ABOVE_POINTS: with_item(bands((90, None, 11), (None, 90, 0))),
    Code.NOT_MONOTONE: with_item(bands((90, None, 0), (None, 90, 10), better="higher")),
    Code.KNOT_ORDER: with_item(Item("more", Linear((Knot(D(5), D(1)), Knot(D(5), D(2)))), D(2), "more")),
    Code.TIER_ORDER: with_item(occurrence(tiers=(Tier(2, D(1)), Tier(2, D(2))))),
    Code.SCALE_ORDER: with_item(Item("more", Rating(D(5), D(0), (Rater("contact", D(100)),)), D(5))),
    Code.RATER_WEIGHTS: with_item(Item("more", Rating(D(0), D(5), (Rater("contact", D(99)),)), D(5))),
    Code.RATER_TWICE: with_item(
        Item("more", Rating(D(0), D(5), (Rater("contact", D(50)), Rater("contact", D(50)))), D(5))
    ),
    Code.NO_VALUE_READ: with_item(Item("more", PassFail(), D(5))),
    Code.POINTS_OF_BONUS: with_item(Item("more", Bonus(("leak",), D(1)), D(5))),
    Code.UNKNOWN_ITEM: replace(BASE, vetoes=(*BASE.vetoes, Veto("x", Happened(("leak",)), "item", AtMost(), "lat"))),
    Code.UNKNOWN_SECTION: replace(BASE, vetoes=(*BASE.vetoes, Veto("x", Happened(("leak",)), "section", AtMost(), "on"))),
    Code.UNKNOWN_GRADE: replace(BASE, vetoes=(Veto("x", Happened(("leak",)), effect=GradeAtMost("bad")),)),
    Code.UNKNOWN_EVENT: with_item(occurrence(kinds=("rain",))),
    Code.NO_SUCH_PERIOD: replace(BASE, rollups=()),
    Code.ROLLUP_ORDER: replace(BASE, period="year", rollups=(Rollup("quarter", "year", "mean"),)),
    Code.ROLLUP_WEIGHTS: replace(BASE, rollups=(Rollup("quarter", "month", "weighted_mean", (D(1), D(2))),)),
    Code.GRADE_TWICE: replace(BASE, grades=(BASE.grades[0], replace(BASE.grades[1], key="good"))),
    Code.FULL_MARKS_UNREACHABLE: with_item(bands((90, None, 9), (None, 90, 0))),
    Code.UNREACHABLE: with_item(bands((90, None, 10), (0, 90, 0), (-5, 0, 0))),
    Code.CAP_IDLE: with_item(replace(RATE, key="more", rule=replace(RATE.rule, cap=D(21)))),  # type: ignore[type-var]
    Code.TIER_UNREACHABLE: with_item(occurrence(tiers=(Tier(1, D(1)), Tier(5, D(2))), cap=D(4))),
    Code.EVENT_TWICE: with_item(occurrence(kinds=("late",))),
    Code.ONCE_ACROSS_IDLE: replace(with_item(occurrence()), once_across=(("late", "more"),)),
    Code.VETO_IDLE: replace(BASE, vetoes=(Veto("leak", Happened(("leak",)), effect=AtMost(D(100))),)),
    Code.REASON_IDLE: with_item(Item("more", Rating(D(1), D(5), (Rater("contact", D(100)),), reason_below=D(1)), D(5))),
    Code.EVENT_UNUSED: replace(BASE, events=("late", "leak", "rain")),
    Code.SETTLEMENT_IDLE: replace(BASE, settlement=SettlementTerms("CNY")),
}  # fmt: skip
#: Faults that bring others with them.
_WITH_OTHERS = {
    Code.NOTHING_SCORED: {Code.EVENT_UNUSED},
    Code.NO_SUCH_PERIOD: set(),
    Code.ROLLUP_ORDER: {Code.NO_SUCH_PERIOD},
}


def test_the_base_is_clean() -> None:
    assert lint_scheme(BASE) == []


def test_there_is_a_case_for_every_code() -> None:
    assert set(CASES) == set(Code)


@pytest.mark.parametrize("code", CASES)
def test_each_fault_is_found_and_nothing_else(code: Code) -> None:
    scheme = CASES[code]
    if code is Code.NO_SUCH_PERIOD:
        scheme = replace(scheme, triggers=(replace(BASE.triggers[0], period="quarter"),))
    found = {finding.code for finding in lint_scheme(scheme)}
    assert code in found
    assert found <= {code, *_WITH_OTHERS.get(code, ())}


def test_an_event_in_a_group_of_once_across_is_no_fault() -> None:
    scheme = replace(with_item(occurrence(kinds=("late",))), once_across=(("late", "more"),))
    assert lint_scheme(scheme) == []


@pytest.mark.parametrize(
    ("low", "high", "is_against"), [(None, 50, False), (0, 50, False), (50, None, True), (10, 50, True)]
)
def test_a_veto_stands_on_the_worse_side(low: int | None, high: int | None, is_against: bool) -> None:
    edges = Interval(None if low is None else D(low), None if high is None else D(high))
    scheme = replace(BASE, vetoes=(*BASE.vetoes, Veto("rate", Reading("rate", edges))))
    assert [finding.code for finding in lint_scheme(scheme)] == ([Code.NOT_MONOTONE] if is_against else [])


def test_whole_scores_make_whole_grades_complete() -> None:
    grades = (Grade("good", Interval(D(90))), Grade("poor", Interval(None, D(89), has_high=True)))
    assert lint_scheme(replace(BASE, digits=0, grades=grades)) == []
    (hole,) = lint_scheme(replace(BASE, digits=1, grades=grades))
    assert (hole.code, hole.severity, hole.path) == (Code.HOLE, "error", ("grades",))
    assert (hole.params["low"], hole.params["high"], hole.params["example"]) == (D(89), D(90), D("89.1"))


# --- results ---------------------------------------------------------------------------------------------------

GOOD = Results(
    {"rate": Measured(95)},
    (),
    {"rated": (Mark("li", "contact", D(5)), Mark("wu", "appraiser", D(4)))},
)


def refused(results: Results) -> list[tuple[str, str]]:
    with pytest.raises(ScoreError) as caught:
        score(BASE, results)
    return [(fault.code, fault.where) for fault in caught.value.faults]


def test_complete_results_are_scored() -> None:
    # 70 + 20 + 10 × (0.6 × 5 + 0.4 × 4) ÷ 5 = 70 + 20 + 9.2 = 99.2
    assert score(BASE, GOOD).value == D("99.2")


@pytest.mark.parametrize(
    ("marks", "code"),
    [
        ((Mark("li", "contact", D(5)),), "no_quorum"),
        ((Mark("li", "contact", D(5)), Mark("wu", "driver", D(4))), "unknown_role"),
        ((Mark("li", "contact", D(5)), Mark("wu", "appraiser", D(6))), "out_of_scale"),
        ((Mark("li", "contact", D(5)), Mark("wu", "appraiser", D(2))), "reason_missing"),
        (
            (Mark("li", "contact", D(5)), Mark("li", "appraiser", D(5)), Mark("wu", "contact", D(5))),
            "rater_twice",
        ),
    ],
)
def test_marks_that_do_not_count_are_refused(marks: tuple[Mark, ...], code: str) -> None:
    assert refused(replace(GOOD, marks={"rated": marks})) == [(code, "rated")]


def test_what_is_missing_is_no_not_applicable() -> None:
    assert refused(Results()) == [("value_missing", "rate"), ("rating_missing", "rated")]


def test_events_that_cannot_be_are_refused() -> None:
    events = (Event("a", "late"), Event("a", "leak"), Event("b", "rain"), Event("c", "late", quantity=-1))
    assert refused(replace(GOOD, events=events)) == [
        ("event_twice", "a"),
        ("unknown_kind", "b"),
        ("negative_quantity", "c"),
    ]


def test_a_value_in_a_hole_is_refused_by_name() -> None:
    scheme = with_item(bands((90, None, 10), (None, 89, 0)))
    with pytest.raises(ScoreError, match=r"more: no_band \(value=179/2\)"):
        score(scheme, replace(GOOD, measured={**GOOD.measured, "more": Measured(D("89.5"))}))


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError):
        Measured(0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Event("a", "late", quantity=0.5)  # type: ignore[arg-type]


def test_an_event_counts_once_where_it_costs_most() -> None:
    dear = Item("dear", Occurrence(("late",), (Tier(1, D(3)),)))
    scheme = replace(with_item(dear), once_across=(("late", "dear"),))
    found = score(scheme, replace(GOOD, events=(Event("a", "late"),)))
    assert {node.key: node.points for node in found.tree if node.key in ("late", "dear")} == {
        "late": 0,
        "dear": -3,
    }


def test_a_veto_by_a_value_and_one_on_a_grade() -> None:
    vetoes = (
        Veto("slow", Reading("rate", Interval(None, D(50))), "section", AtMost(D(5)), "two"),
        Veto("leak", Happened(("leak",)), effect=GradeAtMost("poor")),
    )
    scheme = replace(BASE, vetoes=vetoes)
    found = score(scheme, replace(GOOD, measured={"rate": Measured(49)}, events=(Event("a", "leak"),)))
    # rate: 41 steps take all 20; two: 9.2 → 5: 70 + 0 + 5 = 75
    assert (found.value, found.grade, found.vetoes) == (D("75.0"), "poor", ("slow", "leak"))
    assert score(scheme, replace(GOOD, events=(Event("a", "leak"),))).grade == "poor"


def test_a_veto_of_the_contract_holds_for_the_longer_period() -> None:
    scheme = replace(BASE, vetoes=(Veto("leak", Happened(("leak",)), "contract"),))
    months = [PeriodScore("01", D(99)), PeriodScore("02", D(0), ("leak",)), PeriodScore("03", D(99))]
    assert roll_up(scheme, scheme.rollups[0], months).value == 0
    assert roll_up(BASE, BASE.rollups[0], months).value == D("66.0")


def test_a_veto_holds_where_nothing_was_asked_for() -> None:
    scheme = replace(BASE, start=D(0), full=D(30), ceiling=D(30), sections=BASE.sections)
    nothing = Results({"rate": NOT_APPLICABLE}, (), {"rated": ()})
    assert score(scheme, nothing).value is None
    found = score(scheme, replace(nothing, events=(Event("a", "leak"),)))
    assert (found.value, found.vetoes) == (D(0), ("leak",))
    assert found.tree.is_sum_of_parts


@pytest.mark.parametrize(
    ("method", "value"), [("min", D(70)), ("last", D(80)), ("sum", D(220)), ("mean", D("73.3"))]
)
def test_roll_ups_of_one_period_three_times(method: str, value: Decimal) -> None:
    rollup = replace(BASE.rollups[0], method=method)  # type: ignore[arg-type]
    low, last = PeriodScore("01", D(70)), PeriodScore("03", D(80))
    found = roll_up(replace(BASE, ceiling=None), rollup, [low, low, last])
    assert found.value == value
    assert found.tree.points == value


def test_a_weighted_mean_needs_all_of_its_periods() -> None:
    rollup = Rollup("quarter", "month", "weighted_mean", (D(1), D(1), D(2)))
    months = [PeriodScore("01", D(80)), PeriodScore("02", None), PeriodScore("03", D(95))]
    # (80 + 2 × 95) ÷ 3 = 90
    assert roll_up(BASE, rollup, months).value == 90
    with pytest.raises(ValueError, match="has 3 periods of a month, not 2"):
        roll_up(BASE, rollup, months[:2])
