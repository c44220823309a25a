"""Columns and calendars of the vectorised fold: what they accept, what they refuse, and odd calendars."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.logic.clock_histories import CALENDARS, OFFICE, make_policy

from yunheng.logic.clock import ClockStatus, Fact, Goal, fold
from yunheng.logic.facts import FactKind as K
from yunheng.logic.vector import FactColumns, StatusCode, VectorPolicy, fold_many
from yunheng.logic.vector.opening import Opening
from yunheng.logic.worktime import CalendarRules, HorizonError, OpenTime, Window, materialise

MONDAY = 1_780_272_000  # 2026-06-01T00:00:00Z
TERMS = {"mail|P1": 0, "mail|P3": 1, "client": 2}


def one_ticket(opened_at: int, *later: tuple[int, K]) -> FactColumns:
    rows = [(opened_at, K.OPENED, -1), (opened_at, K.PROFILED, TERMS["mail|P3"])]
    rows += [(at, kind, TERMS["client"]) for at, kind in later]
    return FactColumns.from_arrays(
        subject=[1] * len(rows),
        at=[at for at, _, _ in rows],
        kind=[kind for _, kind, _ in rows],
        term=[term for _, _, term in rows],
    )


def test_rows_are_sorted_by_subject_instant_and_seq() -> None:
    facts = FactColumns.from_arrays(
        subject=[2, 1, 1, 1], at=[5, 9, 7, 7], kind=[1, 2, 3, 4], seq=[1, 1, 2, 1], ref=[0, 1, 2, 3]
    )
    assert facts.subject.tolist() == [1, 1, 1, 2]
    assert facts.at.tolist() == [7, 7, 9, 5]
    assert facts.kind.tolist() == [4, 3, 2, 1]
    assert facts.ref.tolist() == [3, 2, 1, 0]
    assert facts.term.tolist() == [-1] * 4


def test_rows_of_one_instant_keep_their_order_without_seq() -> None:
    facts = FactColumns.from_arrays(subject=[1, 1, 1], at=[5, 5, 4], kind=[9, 10, 1])
    assert facts.kind.tolist() == [1, 9, 10]


@pytest.mark.parametrize(
    ("subject", "at"), [([2, 1], [5, 5]), ([1, 1], [6, 5])], ids=["subjects", "instants"]
)
def test_rows_that_are_said_to_be_sorted_and_are_not_are_refused(subject: list[int], at: list[int]) -> None:
    with pytest.raises(ValueError, match="not sorted"):
        FactColumns.from_arrays(subject=subject, at=at, kind=[1, 1], is_sorted=True)
    assert len(FactColumns.from_arrays(subject=subject, at=at, kind=[1, 1])) == 2


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="column at has shape"):
        FactColumns.from_arrays(subject=[1, 1], at=[1], kind=[1, 1])


@pytest.mark.parametrize("wrong", [np.array([1, 2]), np.array([1], np.int16)], ids=["type", "length"])
def test_a_column_of_another_type_or_length_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="column kind"):
        replace(one_ticket(MONDAY), kind=wrong)


def test_terms_are_numbered_from_0_on() -> None:
    with pytest.raises(ValueError, match="numbered"):
        VectorPolicy.from_policy(make_policy(), {"mail|P1": -1})


def test_no_facts_give_no_rows() -> None:
    nothing = FactColumns.from_arrays(subject=[], at=[], kind=[])
    assert len(fold_many(nothing, VectorPolicy.from_policy(make_policy(), TERMS), CALENDARS, MONDAY)) == 0


def test_a_subject_whose_facts_are_all_to_come_has_a_row() -> None:
    result = fold_many(
        one_ticket(MONDAY), VectorPolicy.from_policy(make_policy(), TERMS), CALENDARS, MONDAY - 1
    )
    assert result.subject.tolist() == [1]
    assert result.status.tolist() == [StatusCode.NOT_STARTED]
    assert result.profile.tolist() == [-1]


def test_each_status_has_its_code() -> None:
    assert {code.status for code in StatusCode} == set(ClockStatus)


def test_a_kind_that_is_not_known_does_nothing() -> None:
    facts = one_ticket(MONDAY + 8 * 3600)
    strange = replace(facts, kind=np.array([K.OPENED, -5], np.int16))
    result = fold_many(strange, VectorPolicy.from_policy(make_policy(), TERMS), CALENDARS, MONDAY + 9 * 3600)
    assert result.status.tolist() == [StatusCode.NO_TARGET]


@pytest.mark.parametrize("days", [-400, 900], ids=["before", "after"])
def test_a_history_beyond_the_calendar_is_refused(days: int) -> None:
    policy = VectorPolicy.from_policy(make_policy(), TERMS)
    opened_at = MONDAY + days * 86_400
    with pytest.raises(HorizonError, match="calendar"):
        fold_many(one_ticket(opened_at), policy, CALENDARS, opened_at + 86_400)


@pytest.mark.parametrize(
    "goal", [Goal("8x5", seconds=10**8), Goal("8x5", working_days=900)], ids=["seconds", "working_days"]
)
def test_a_due_instant_beyond_the_calendar_is_refused(goal: Goal) -> None:
    policy = make_policy(goals={"mail|P3": goal})
    with pytest.raises(HorizonError, match="calendar"):
        fold_many(one_ticket(MONDAY), VectorPolicy.from_policy(policy, TERMS), CALENDARS, MONDAY + 86_400)
    opened = [Fact(MONDAY, 1, K.OPENED), Fact(MONDAY, 2, K.PROFILED, "mail|P3")]
    with pytest.raises(HorizonError, match="calendar"):
        fold(opened, policy, CALENDARS, MONDAY + 86_400)


def by_the_second() -> OpenTime:
    """Open time on no grid at all."""
    days = range(MONDAY, MONDAY + 40 * 86_400, 86_400)
    return OpenTime(
        starts=tuple(day + 30_001 + day // 86_400 % 7 for day in days),
        ends=tuple(day + 60_013 + day // 86_400 % 5 for day in days),
        midnights=(*days, days[-1] + 86_400),
        day_ends=tuple(day + 60_013 + day // 86_400 % 5 for day in days),
        first_day=date(2026, 6, 1).toordinal(),
    )


NEVER_OPEN = replace(by_the_second(), starts=(), ends=(), day_ends=(-1,) * 40)
QUARTERS = materialise(
    CalendarRules("Asia/Kathmandu", (Window(0, 600, 1035), Window(1, 1300, 1700))),
    date(2026, 6, 1),
    date(2026, 7, 10),
)
SAMOA = materialise(
    CalendarRules("Pacific/Apia", OFFICE.weekly), date(2011, 12, 1), date(2012, 2, 20)
)  # 30 December 2011 did not take place


@pytest.mark.parametrize(
    ("calendar", "is_gridded"),
    [(by_the_second(), False), (QUARTERS, True), (CALENDARS["8x5"], True), (SAMOA, True)],
    ids=["seconds", "quarters", "office", "samoa"],
)
def test_open_seconds_and_instants_are_those_of_the_calendar(calendar: OpenTime, is_gridded: bool) -> None:
    begin, end = calendar.first_at + 86_400, calendar.first_at + 38 * 86_400
    opening = Opening([CALENDARS["24x7"], calendar], begin + 77, end)
    assert opening.is_gridded is is_gridded
    at = np.unique(np.linspace(begin + 77, end, 5001).astype(np.int64))
    relative = (at - opening.base).astype(opening.type)
    count = opening.count(relative, np.ones(len(at), np.int64))
    assert count.tolist() == [calendar.elapsed(opening.base, int(t)) for t in at]
    assert opening.count(relative, 1).tolist() == count.tolist()
    assert opening.count_anywhere(at, 1).tolist() == count.tolist()

    ahead = np.arange(1, 200_000, 777)
    instants = opening.instant(ahead, np.ones(len(ahead), np.int64))
    assert instants.tolist() == [calendar.add(opening.base, int(seconds)) for seconds in ahead]

    early = at[at < begin + 25 * 86_400]
    ends = opening.count_at_end_of_working_day(early, 1, 2)
    expected = [calendar.end_of_working_day(int(t), 2) for t in early]
    assert ends.tolist() == [calendar.elapsed(opening.base, end) for end in expected]
    with pytest.raises(HorizonError):
        opening.count_at_end_of_working_day(np.array([calendar.last_at]), 1, 1)


def test_a_calendar_that_is_never_open_lets_no_second_pass_and_no_goal_be_due() -> None:
    policy = make_policy(goals={"mail|P3": Goal("never", seconds=60)})
    vector = VectorPolicy.from_policy(policy, TERMS)
    stopped = one_ticket(MONDAY, (MONDAY + 86_400, K.WAIT_BEGAN))
    result = fold_many(stopped, vector, {"never": NEVER_OPEN}, MONDAY + 2 * 86_400)
    assert (result.elapsed.tolist(), result.status.tolist()) == ([0], [StatusCode.PAUSED])
    with pytest.raises(HorizonError):
        fold_many(one_ticket(MONDAY), vector, {"never": NEVER_OPEN}, MONDAY + 86_400)


def test_folds_agree_on_a_calendar_without_a_grid() -> None:
    policy = make_policy(goals={"mail|P3": Goal("odd", seconds=29_000)}, pause_reasons=frozenset({"client"}))
    calendars = {"odd": by_the_second()}
    later = ((MONDAY + 31_000, K.WAIT_BEGAN), (MONDAY + 45_003, K.WAIT_ENDED))
    facts = [Fact(MONDAY + 500, 1, K.OPENED), Fact(MONDAY + 500, 2, K.PROFILED, "mail|P3")]
    facts += [Fact(at, 3 + i, kind, "client") for i, (at, kind) in enumerate(later)]
    now = MONDAY + 5 * 86_400
    result = fold_many(
        one_ticket(MONDAY + 500, *later), VectorPolicy.from_policy(policy, TERMS), calendars, now
    )
    state = fold(facts, policy, calendars, now)
    assert state.breached_at is not None
    assert (result.elapsed[0], result.due_at[0], result.breached_at[0]) == (
        state.elapsed_seconds,
        state.due_at,
        state.breached_at,
    )


def test_a_history_of_a_century_does_not_overflow() -> None:
    always = {
        "24x7": materialise(CalendarRules("UTC", is_always_open=True), date(1971, 1, 1), date(2199, 1, 1))
    }
    policy = make_policy(goals={"mail|P3": Goal("24x7", seconds=86_400)})
    opened_at, now = 86_400 * 400, 86_400 * 365 * 140
    result = fold_many(one_ticket(opened_at), VectorPolicy.from_policy(policy, TERMS), always, now)
    assert result.elapsed.tolist() == [now - opened_at]
    assert result.breached_at.tolist() == [opened_at + 86_401]
