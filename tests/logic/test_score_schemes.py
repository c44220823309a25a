"""The published schemes A to G with cases worked by hand: the arithmetic stands beside each of them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.logic.score_packs import scheme, terms_in

from yunheng.contracts.packs import scheme_pack, scheme_packs
from yunheng.contracts.scoring.terms import scoring_document
from yunheng.contracts.writing import dumped
from yunheng.logic.score import (
    NOT_APPLICABLE,
    Event,
    Mark,
    Measured,
    Node,
    PeriodScore,
    Results,
    Say,
    ScoreError,
    lint_scheme,
    margin,
    more_events,
    roll_up,
    score,
    settle,
    triggers_at,
)

D = Decimal


def of_kind(kind: str, *quantities: object, party: str = "provider", start: int = 0) -> tuple[Event, ...]:
    return tuple(
        Event(f"{kind}-{party}-{start + at}", kind, start + at, Fraction(str(quantity)), party)
        for at, quantity in enumerate(quantities)
    )


def node(tree: Node, key: str) -> Node:
    return next(one for one in tree if one.key == key)


def rolled(name: str, period: str, *values: str | None):
    found = scheme(name)
    rollup = next(one for one in found.rollups if one.period == period)
    parts = [PeriodScore(f"p{at}", None if one is None else D(one)) for at, one in enumerate(values)]
    return roll_up(found, rollup, parts)


@pytest.mark.parametrize("name", scheme_packs())
def test_shipped_schemes_are_clean_and_survive_writing(name: str) -> None:
    assert lint_scheme(scheme(name)) == []
    terms = terms_in(scheme_pack(name))
    assert terms_in(dumped({"scoring": scoring_document(terms)}).encode()) == terms


# --- A: 100 points, deductions, the mean of the year -----------------------------------------------------------


def a(call_answer: object, call_back: object, *events: Event) -> Results:
    def measured(value: object) -> Measured:
        return NOT_APPLICABLE if value is None else Measured(D(str(value)))

    return Results({"call_answer": measured(call_answer), "call_back": measured(call_back)}, events)


def test_a_deducts_for_each_fault() -> None:
    events = (
        *of_kind("channel_faulty", 8, "8.5", 30),
        *of_kind("late_on_site", 1),
        *of_kind("inspection_missed", 1),
        *of_kind("report_missing", 1),
        *of_kind("report_falsified", 1),
    )
    found = score(scheme("a"), a("87.6", "1.5", *events))
    # call answer: 90 − 87.6 = 2.4 pp short, 2 whole ones × 0.5 = 1; call-backs: 3 − 1.5 = 1.5, 1 × 0.5 = 0.5
    # channels: 8 h is not more than 8 h; 8.5 h and 30 h are: 2 × 1 = 2
    # late 1, inspection 5, report missing 1, falsified 3
    # 100 − 1 − 0.5 − 2 − 1 − 5 − 1 − 3 = 86.5
    assert (found.value, found.grade) == (D("86.5"), "fair")
    assert node(found.tree, "channels").points == -2
    assert [one.say for one in node(found.tree, "channels").parts] == [Say.TOLERATED, Say.EVENT, Say.EVENT]


def test_a_where_nothing_was_asked_for_deducts_nothing() -> None:
    found = score(scheme("a"), a(None, None))
    assert (found.value, found.grade) == (D(100), "qualified")
    assert [one.say for one in node(found.tree, "call_answer").parts] == [Say.EMPTY_LEFT_OUT]


def test_a_stops_at_zero() -> None:
    found = score(scheme("a"), a(90, 3, *of_kind("inspection_missed", *[1] * 25)))
    # 100 − 25 × 5 = −25 → 0
    assert (found.value, found.grade) == (D(0), "fail")
    assert found.tree.parts[-1].say is Say.LOWEST
    assert found.tree.parts[-1].params == {"before": -25, "after": 0}


@pytest.mark.parametrize(
    ("missed", "value", "grade"),
    [(2, "90", "qualified"), (3, "85", "fair"), (4, "80", "fair"), (5, "75", "fail")],
)
def test_a_edges_belong_to_the_better_grade(missed: int, value: str, grade: str) -> None:
    found = score(scheme("a"), a(90, 3, *of_kind("inspection_missed", *[1] * missed)))
    assert (found.value, found.grade) == (D(value), grade)


def test_a_year_feeds_the_fee() -> None:
    # (92 + 88.5 + 90 + 87.5) ÷ 4 = 358 ÷ 4 = 89.5: below 90, so fair, and 0.95 of the fee
    year = rolled("a", "year", "92", "88.5", "90", "87.5")
    assert (year.value, year.grade) == (D("89.5"), "fair")
    settled = settle(scheme("a"), year.value, D("1200000"))
    assert (settled.payable, settled.coefficient) == (D("1140000.00"), D("0.95"))


def test_a_quarter_without_demand_is_left_out_of_the_mean() -> None:
    # (90 + 80) ÷ 2 = 85
    assert rolled("a", "year", "90", None, "80").value == 85
    nothing = rolled("a", "year", None, None)
    assert nothing.value is None
    assert nothing.tree.is_sum_of_parts
    assert settle(scheme("a"), None, D(100)).payable == 100


# --- B: deductions only, free up to 10 in the year -------------------------------------------------------------


def test_b_prices_late_days_by_tiers() -> None:
    results = Results({}, of_kind("late_ticket", "0.2", 2, 3, 4, 10))
    found = score(scheme("b"), results)
    # 0.2 days: a begun one is a whole one, 0.5; 2 days: 2 × 0.5 = 1; 3 days: 1 + 1 = 2; 4 days: 1 + 2 = 3;
    # 10 days: 1 + 8 = 9, at most 5. Together 0.5 + 1 + 2 + 3 + 5 = 11.5
    assert found.value == D("-11.5")
    charged = [one.points for one in node(found.tree, "lateness").parts]
    assert charged == [Fraction(-1, 2), -1, -2, -3, -5]
    assert node(found.tree, "late_ticket-provider-4").params["cost"] == 9


def test_b_lists_delays_of_others_without_a_price() -> None:
    found = score(scheme("b"), Results({}, of_kind("late_ticket", 7, party="client")))
    assert found.value == 0
    assert [one.say for one in node(found.tree, "lateness").parts] == [Say.NOT_LIABLE]


@pytest.mark.parametrize(
    ("quarters", "payable", "is_ended"),
    [
        # D = 3 + 4 + 2 + 1 = 10: free
        (("-3", "-4", "-2", "-1"), "1000000.00", False),
        # D = 3 + 4 + 2 + 3.5 = 12.5: 2.5 × 2 % of 3,000,000 = 150,000
        (("-3", "-4", "-2", "-3.5"), "850000.00", False),
        # D = 20: 10 × 2 % of 3,000,000 = 600,000; not more than 20
        (("-5", "-5", "-5", "-5"), "400000.00", False),
        # D = 40: 30 × 2 % of 3,000,000 = 1,800,000, more than the fee of 1,000,000: nothing is paid
        (("-10", "-10", "-10", "-10"), "0.00", True),
    ],
)
def test_b_year(quarters: tuple[str, ...], payable: str, is_ended: bool) -> None:
    year = rolled("b", "year", *quarters)
    settled = settle(scheme("b"), year.value, D(1_000_000), D(3_000_000))
    assert settled.payable == D(payable)
    assert settled.tree.is_sum_of_parts
    (state,) = triggers_at(scheme("b"), "year", [PeriodScore("2026", year.value)])
    assert state.is_fired is is_ended


def test_b_needs_the_value_of_the_contract() -> None:
    with pytest.raises(ValueError, match="contract value"):
        settle(scheme("b"), D(-12), D(100))


# --- C: whole numbers, four grades -----------------------------------------------------------------------------


def test_c_counts_help_against_deductions() -> None:
    events = (
        *of_kind("unsolved_in_time", *[1] * 7),
        *of_kind("public_criticism", 1),
        *of_kind("help_outside_scope", 1),
    )
    # 100 − 7 × 1 − 5 + 2 = 90
    found = score(scheme("c"), Results({}, events))
    assert (found.value, found.grade) == (D(90), "excellent")


def test_c_bonus_goes_no_higher_than_full_marks() -> None:
    found = score(scheme("c"), Results({}, of_kind("help_outside_scope", 1, 1)))
    # 100 + 4 = 104 → 100
    assert found.value == 100
    assert found.tree.parts[-1].say is Say.HIGHEST


def test_c_89_5_has_a_home() -> None:
    # (89 + 90) ÷ 2 = 89.5, to whole numbers half-up 90: excellent. (89 + 90 + 89) ÷ 3 = 89.33… → 89: good.
    half = rolled("c", "quarter", "89", "90")
    assert (half.value, half.grade) == (D(90), "excellent")
    assert half.tree.parts[-1].say is Say.ROUNDED
    third = rolled("c", "quarter", "89", "90", "89")
    assert (third.value, third.grade) == (D(89), "good")
    assert third.tree.parts[-1].points == Fraction(-1, 3)


# --- D: points by subject --------------------------------------------------------------------------------------


def test_d_items_deduct_from_their_own_marks() -> None:
    asked = {f"grade{grade}": Measured(5) for grade in (1, 2, 3)}
    events = (
        *of_kind("delay", *[1] * 6),
        *of_kind("rude", 1, 1),
        *of_kind("grade1_no_response", 1),
        *of_kind("grade3_no_response", 1, 1),
    )
    found = score(scheme("d"), Results(asked, events))
    # progress 20 − 6 × 4 = −4 → 0; attitude 5 − 2 = 3, and 5; response 20 − 5 = 15, 15, 15 − 4 = 11
    # 0 + 3 + 5 + 15 + 15 + 11 = 49
    assert found.value == 49
    assert node(found.tree, "delays").points == 0


def test_d_faults_that_did_not_occur_leave_their_points_to_the_others() -> None:
    asked = {"grade1": NOT_APPLICABLE, "grade2": Measured(1), "grade3": NOT_APPLICABLE}
    found = score(scheme("d"), Results(asked, of_kind("grade2_no_response", 1)))
    # response: 15 − 3 = 12 of 15 that were asked for, of 50: 12 × 50 ÷ 15 = 40. 20 + 10 + 40 = 70
    assert found.value == 70
    reweighted = next(one for one in found.tree if one.say is Say.REWEIGHTED)
    assert reweighted.points == 28


def test_d_a_section_without_anything_asked_leaves_its_points_to_the_other_sections() -> None:
    asked = {f"grade{grade}": NOT_APPLICABLE for grade in (1, 2, 3)}
    found = score(scheme("d"), Results(asked, of_kind("delay", 1)))
    # 16 + 10 = 26 of the 30 that were asked for, of 80: 26 × 80 ÷ 30 = 69.33… → 69.3
    assert found.value == D("69.3")
    assert found.tree.is_sum_of_parts


# --- E: nine services, two raters ------------------------------------------------------------------------------


def e(**marks: tuple[str, str] | None) -> Results:
    given: dict[str, tuple[Mark, ...]] = {}
    for item in scheme("e").items():
        pair = marks.get(item.key.removesuffix("_assessed"), ("90", "80"))
        given[item.key] = (
            ()
            if pair is None
            else tuple(
                Mark(role, role, D(mark), "see minutes")
                for role, mark in zip(("appraiser", "third_party"), pair, strict=True)
            )
        )
    return Results({}, (), given)


def test_e_sums_nine_services() -> None:
    # each (90 + 80) ÷ 2 = 85; the desk (100 + 55) ÷ 2 = 77.5: 8 × 85 + 77.5 = 757.5
    assert score(scheme("e"), e(desk=("100", "55"))).value == D("757.5")


def test_e_a_service_not_used_leaves_its_points() -> None:
    # 8 × 85 = 680 of 800, of 900: 680 × 900 ÷ 800 = 765
    assert score(scheme("e"), e(desktops=None)).value == 765


def test_e_when_nothing_was_used_there_is_no_score() -> None:
    nothing = Results({}, (), {item.key: () for item in scheme("e").items()})
    found = score(scheme("e"), nothing)
    assert (found.value, found.grade) == (None, None)
    assert found.tree.say is Say.NO_SCORE
    assert found.tree.is_sum_of_parts


# --- F: marks times weights ------------------------------------------------------------------------------------


def f(reason: str = "slow", **marks: str) -> Results:
    return Results(
        {},
        (),
        {
            item.key: (Mark("li", "contact", D(marks.get(item.key, "5")), reason),)
            for item in scheme("f").items()
        },
    )


def test_f_multiplies_marks_by_weights() -> None:
    # quality 4 × 4 = 16 of 20, manners 2 × 1 of 5, the rest full: 100 − 4 − 3 = 93
    assert score(scheme("f"), f(quality="4", manners="2")).value == 93


def test_f_a_low_mark_needs_a_reason() -> None:
    assert score(scheme("f"), f(reason="", manners="3")).value == 98
    with pytest.raises(ScoreError) as refused:
        score(scheme("f"), f(reason=" ", manners="2"))
    assert [(fault.code, fault.where) for fault in refused.value.faults] == [("reason_missing", "manners")]


# --- G: steps with limits, vetoes, money -----------------------------------------------------------------------


def g(availability: str = "99.95", p1_seconds: int | None = 600, *events: Event) -> Results:
    response = NOT_APPLICABLE if p1_seconds is None else Measured(p1_seconds)
    return Results({"availability": Measured(D(availability)), "mtta|priority:P1": response}, events)


def test_g_steps() -> None:
    found = score(scheme("g"), g("99.65", 1501, *of_kind("change_failed", 1)))
    # availability 99.9 − 99.65 = 0.25: 3 begun steps × 5 = 15; P1 1501 − 900 = 601 s: 3 begun steps of 300 × 2 = 6
    # change 10: 100 − 15 − 6 − 10 = 69
    assert (found.value, found.grade) == (D(69), "poor")
    # coefficient 0.8: 50,000 × 0.8 = 40,000
    assert settle(scheme("g"), found.value, D(50_000)).payable == D("40000.00")


def test_g_each_limit_holds() -> None:
    found = score(scheme("g"), g("90", 90_000, *of_kind("change_failed", *[1] * 6)))
    # availability 99 steps × 5 = 495, at most 20; P1 297 steps × 2 = 594, at most 20; changes 60, at most 50
    # 100 − 20 − 20 − 50 = 10
    assert found.value == 10
    assert [one.params["after"] for one in found.tree if one.say is Say.CAP] == [-20, -50, -20]


def test_g_veto_takes_everything() -> None:
    found = score(scheme("g"), g("99.95", 600, *of_kind("data_leak", 1)))
    assert (found.value, found.grade, found.vetoes) == (D(0), "fail", ("grave",))
    assert node(found.tree, "grave").params == {"before": 100, "after": 0}
    # 0.6 of the fee is the least that is paid: the coefficient's, not the veto's, word
    assert settle(scheme("g"), found.value, D(50_000)).payable == D("30000.00")


def test_g_leak_by_the_client_is_no_veto() -> None:
    assert score(scheme("g"), g("99.95", 600, *of_kind("data_leak", 1, party="client"))).vetoes == ()


def history(*values: str | None) -> list[PeriodScore]:
    return [PeriodScore(f"2026-{at:02}", None if one is None else D(one)) for at, one in enumerate(values, 1)]


@pytest.mark.parametrize(
    ("values", "is_near", "is_fired"),
    [
        (("79.9",), True, False),
        (("79.9", "79.9"), False, True),
        (("79.9", "80", "79.9"), True, False),
        (("79.9", None, "70"), False, True),
        (("79.9", "79.9", "95"), False, False),
        ((), False, False),
    ],
)
def test_g_two_in_a_row_below_80(values: tuple[str | None, ...], is_near: bool, is_fired: bool) -> None:
    states = {state.trigger.key: state for state in triggers_at(scheme("g"), "month", history(*values))}
    assert (states["twice_below_80"].is_near, states["twice_below_80"].is_fired) == (is_near, is_fired)


def test_g_below_60_asks_for_rectification() -> None:
    states = triggers_at(scheme("g"), "month", history("59.9"))
    assert [(state.trigger.measure, state.is_fired) for state in states] == [
        ("rectify", True),
        ("terminate", False),
    ]


def test_g_points_left() -> None:
    # 95 − 5 = 95 (availability 99.8: one step): good; one failed change: 85, fair
    found = margin(scheme("g"), g("99.8"), more_events(Event("next", "change_failed")))
    assert (found.now.value, found.now.grade, found.breaches) == (D(95), "good", 1)
    assert found.then is not None
    assert (found.then.value, found.then.grade) == (D(85), "fair")


def test_g_without_p1_nothing_is_deducted_for_it() -> None:
    assert score(scheme("g"), g("99.95", None)).value == 100
