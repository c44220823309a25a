"""Edges of the scoring grammar, each worked by hand: sums of periods, vetoes of what is empty, borders, rounding."""

from decimal import Decimal
from fractions import Fraction

import pytest

from yunheng.logic.score import (
    NOT_APPLICABLE,
    AtMost,
    Band,
    Banded,
    Code,
    Event,
    Grade,
    Happened,
    Interval,
    Item,
    Mark,
    Measured,
    Occurrence,
    PassFail,
    PeriodScore,
    PerPoint,
    Rater,
    Rating,
    Results,
    Rollup,
    Say,
    Scheme,
    Score,
    Section,
    SettlementTerms,
    Step,
    Tier,
    Trigger,
    Veto,
    lint_scheme,
    roll_up,
    score,
    settle,
    triggers_at,
)

D = Decimal
HIT = Results({}, (Event("1", "x"),))


def costs(points: object) -> Occurrence:
    return Occurrence(("x",), (Tier(1, D(str(points))),))


def whole(*sections: Section, full: int = 100, **more: object) -> Scheme:
    return Scheme(full=D(full), sections=sections, events=("x", "leak"), **more)  # type: ignore[arg-type]


def found_in(scheme: Scheme) -> list[str]:
    """What the linter finds, but for kinds of events that a scheme of these tests does not need."""
    return [found.code.value for found in lint_scheme(scheme) if found.code is not Code.EVENT_UNUSED]


# --- a year that is the sum of its quarters ------------------------------------------------------------------------

#: 25 points a quarter: the year has 100.
QUARTERS = whole(
    Section("s", (Item("late", costs(1), D(25)),)),
    full=25,
    ceiling=D(25),
    period="quarter",
    grades=(Grade("good", Interval(D(90))), Grade("poor", Interval(None, D(90)))),
    rollups=(Rollup("year", "quarter", "sum"),),
    triggers=(Trigger("much", Interval(D(10), None, has_low=False), "warn", "year", looks_at="deductions"),),
    settlement=SettlementTerms(
        "CNY",
        "year",
        coefficients=(Band(Interval(D(90)), D(1)), Band(Interval(None, D(90)), D("0.9"))),
        per_point=PerPoint(D(3), D(1)),
    ),
)


def year(*values: str | None) -> Score:
    parts = [PeriodScore(f"2026-Q{at}", None if one is None else D(one)) for at, one in enumerate(values, 1)]
    return roll_up(QUARTERS, QUARTERS.rollups[0], parts)


def test_limits_of_a_sum_are_those_of_all_its_periods() -> None:
    assert found_in(QUARTERS) == []
    # 24 + 25 + 23 + 24 = 96, not the 25 that one quarter may have
    found = year("24", "25", "23", "24")
    assert (found.value, found.grade) == (D(96), "good")
    assert found.tree.is_sum_of_parts
    # deducted: 4 × 25 − 96 = 4, 1 beyond the 3 that are free: 1 % of 1,000
    assert settle(QUARTERS, found.value, D(1000)).payable == D("990.00")
    assert year("24", None, "23", "24").value == 71


@pytest.mark.parametrize(("value", "is_fired"), [("90", False), ("89.9", True)])
def test_deductions_of_a_sum_are_from_the_full_marks_of_all_its_periods(value: str, is_fired: bool) -> None:
    # 100 − 90 = 10 is not above 10
    (state,) = triggers_at(QUARTERS, "year", [PeriodScore("2026", D(value))])
    assert state.is_fired is is_fired


def test_a_mean_of_sums_has_the_limits_of_one_sum() -> None:
    scheme = whole(
        Section("s", (Item("late", costs(1), D(10)),)),
        full=10,
        ceiling=D(10),
        rollups=(Rollup("quarter", "month", "sum"), Rollup("year", "quarter", "mean")),
    )
    assert [scheme.summed(period) for period in ("month", "quarter", "year")] == [1, 3, 3]
    quarter = roll_up(scheme, scheme.rollups[0], [PeriodScore(str(at), D(9)) for at in range(3)])
    assert quarter.value == 27
    # (27 + 30) ÷ 2 = 28.5
    assert roll_up(scheme, scheme.rollups[1], [PeriodScore("a", D(27)), PeriodScore("b", D(30))]).value == D(
        "28.5"
    )


def test_a_hole_in_the_grades_of_a_sum_is_found() -> None:
    grades = (Grade("good", Interval(D(20), D(25), True, True)), Grade("poor", Interval(None, D(20))))
    broken = Scheme(**{name: getattr(QUARTERS, name) for name in QUARTERS.__slots__} | {"grades": grades})
    assert found_in(broken) == ["hole"]


# --- vetoes of what is empty ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_empty", ["reweight", "full", "zero"])
@pytest.mark.parametrize("scope", ["item", "section"])
def test_a_veto_holds_for_an_item_or_section_that_nothing_was_asked_of(scope: str, on_empty: str) -> None:
    safe = Item("safe", PassFail(), D(50), "safe", on_empty=on_empty)  # type: ignore[arg-type]
    scheme = whole(
        Section("a", (Item("good", PassFail(), D(50), "good"),)),
        Section("b", (safe,)),
        vetoes=(Veto("v", Happened(("leak",)), scope, AtMost(D(10)), "safe" if scope == "item" else "b"),),  # type: ignore[arg-type]
    )
    values = {"good": Measured(1), "safe": NOT_APPLICABLE}
    # 50 of 50, and at most 10 of the other 50: neither 50 more nor the points of the others
    found = score(scheme, Results(values, (Event("1", "leak"),)))
    assert found.value == (50 if on_empty == "zero" else 60)
    assert found.tree.is_sum_of_parts
    # without the leak: 50 × 100 ÷ 50, 50 + 50, 50 + 0
    assert score(scheme, Results(values)).value == (50 if on_empty == "zero" else 100)


def test_what_only_deducts_costs_also_where_the_rest_of_its_section_is_empty() -> None:
    scheme = whole(
        Section("a", (Item("good", PassFail(), D(50), "good"),)),
        Section("b", (Item("other", PassFail(), D(50), "other"), Item("late", costs(10)))),
    )
    # 50 for 100, less 10; and 50 + 50 − 10 where the other one passed; 50 + 0 where it failed: a section ends at 0
    for other, value in ((NOT_APPLICABLE, 90), (Measured(1), 90), (Measured(0), 50)):
        assert score(scheme, Results({"good": Measured(1), "other": other}, HIT.events)).value == value


# --- one event, several items --------------------------------------------------------------------------------------


def test_groups_that_share_an_item_each_have_the_event_once() -> None:
    items = (Item("a", costs(3)), Item("b", costs(2)), Item("c", costs(1)))
    scheme = whole(Section("s", items), start=D(100), once_across=(("a", "b"), ("b", "c")))
    # a has it in the first group, so b has not, so c has it in the second: 100 − 3 − 1
    found = score(scheme, HIT)
    assert found.value == 96
    assert [node.params["item"] for node in found.tree if node.say is Say.COUNTED_ELSEWHERE] == ["a"]
    # dearest in the middle: b alone
    items = (Item("a", costs(1)), Item("b", costs(2)), Item("c", costs(1)))
    assert (
        score(whole(Section("s", items), start=D(100), once_across=(("a", "b"), ("b", "c"))), HIT).value == 98
    )


def test_at_a_tie_the_first_of_the_group_has_it() -> None:
    items = (Item("a", costs(2), D(50)), Item("b", costs(2), D(50)))
    for group in (("a", "b"), ("b", "a")):
        found = score(whole(Section("s", items), once_across=(group,)), HIT)
        assert {node.key: node.points for node in found.tree if node.say is Say.ITEM} == {
            group[0]: 48,
            group[1]: 50,
        }


# --- borders -------------------------------------------------------------------------------------------------------

BANDS = (
    Band(Interval(D(90), D(100), True, True), D(20)),
    Band(Interval(D("89.5"), D(90), False, False), D(15)),
    Band(Interval(D(80), D("89.5"), True, True), D(10)),
    Band(Interval(D(0), D(80)), D(0)),
)


@pytest.mark.parametrize(
    ("value", "points"),
    [
        ("100", 20),
        ("90", 20),
        ("89.99999", 15),
        ("89.50001", 15),
        ("89.5", 10),
        ("80", 10),
        ("79.99999", 0),
        ("0", 0),
    ],
)
def test_each_edge_of_a_band_belongs_to_one_band(value: str, points: int) -> None:
    scheme = whole(Section("s", (Item("rate", Banded(BANDS), D(20), "rate", "percent", "higher"),)), full=20)
    assert found_in(scheme) == []
    assert score(scheme, Results({"rate": Measured(D(value))})).value == points


@pytest.mark.parametrize(
    ("digits", "units", "value", "grade"),
    # 100 − 0.005 × units: rounded once, half-up, then graded
    [
        (1, 2001, "90.0", "good"),  # 89.995 → 90.0
        (2, 2001, "90.00", "good"),  # 89.995 → 90.00, not the even 90.00's neighbour 89.99
        (1, 2011, "89.9", "fair"),  # 89.945 → 89.9, and not by way of 89.95 → 90.0
        (0, 2100, "90", "good"),  # 89.5 → 90
        (0, 2101, "89", "fair"),  # 89.495 → 89, and not by way of 89.5 → 90
        (1, 2010, "90.0", "good"),  # 89.95 → 90.0
        (1, 2030, "89.9", "fair"),  # 89.85 → 89.9, half-up and not to the even 89.8
    ],
)
def test_a_score_is_rounded_once_and_half_up(digits: int, units: int, value: str, grade: str) -> None:
    rule = Occurrence(("x",), (Tier(1, D("0.005")),), counts="units")
    scheme = whole(
        Section("s", (Item("late", rule),)),
        start=D(100),
        digits=digits,
        grades=(Grade("good", Interval(D(90))), Grade("fair", Interval(None, D(90)))),
    )
    found = score(scheme, Results({}, (Event("1", "x", quantity=units),)))
    assert (f"{found.value}", found.grade) == (value, grade)


def test_money_is_rounded_once_and_half_up_in_the_contract_s_digits() -> None:
    # 333.33 × 0.95 = 316.6635; 0.1 × 0.95 = 0.095; yen: 333 × 0.95 = 316.35, 10 × 0.95 = 9.5
    for digits, fee, payable in (
        (2, "333.33", "316.66"),
        (2, "0.1", "0.10"),
        (0, "333", "316"),
        (0, "10", "10"),
    ):
        terms = SettlementTerms("JPY", digits=digits, coefficients=(Band(Interval(), D("0.95")),))
        settled = settle(whole(Section("s", (Item("late", costs(1)),)), settlement=terms), D(80), D(fee))
        assert str(settled.payable) == payable
        assert settled.tree.points == Fraction(settled.payable)


@pytest.mark.parametrize(("score_", "payable"), [("90", "1000.00"), ("89.9", "998.00"), ("40", "0.00")])
def test_the_free_band_is_free_up_to_its_edge(score_: str, payable: str) -> None:
    # deductions 10 of 10 free; 10.1: 0.1 × 20 %  of 100 = 2; 60: 50 × 20 % of 100 = 1000, which is all there is
    terms = SettlementTerms("CNY", per_point=PerPoint(D(10), D(20), "contract_value"))
    scheme = whole(Section("s", (Item("late", costs(1)),)), start=D(100), settlement=terms)
    assert settle(scheme, D(score_), D(1000), D(100)).payable == D(payable)


@pytest.mark.parametrize(
    ("partial", "costs_"),
    [("floor", [0, 0, 1, 1]), ("ceil", [0, 1, 1, 2]), ("exact", ["0", "0.5", "1", "1.1"])],
)
def test_begun_units_at_the_target_and_at_each_step(partial: str, costs_: list[object]) -> None:
    # target 99.9, unit 0.1: at the target nothing; then half a unit, a whole one, and one and a tenth
    rule = Step(D("99.9"), "higher", D("0.1"), D(1), None, partial)  # type: ignore[arg-type]
    scheme = whole(Section("s", (Item("up", rule, D(20), "up", "percent"),)), full=20)
    for value, cost in zip(("99.9", "99.85", "99.8", "99.79"), costs_, strict=True):
        assert score(scheme, Results({"up": Measured(D(value))})).value == 20 - D(str(cost))


def test_a_role_that_did_not_rate_leaves_its_weight_to_those_that_did() -> None:
    rating = Rating(D(0), D(5), (Rater("a", D(50)), Rater("b", D(30)), Rater("c", D(20))), "mean", None, 2)
    scheme = whole(Section("s", (Item("rated", rating, D(100)),)))
    marks = (Mark("1", "a", D(4)), Mark("2", "b", D(5)), Mark("3", "b", D(2)))
    # a 4, b (5 + 2) ÷ 2 = 3.5: (0.5 × 4 + 0.3 × 3.5) ÷ 0.8 = 3.8125 of 5 → 76.25 → 76.3
    assert score(scheme, Results({}, (), {"rated": marks})).value == D("76.3")
