"""Terms, votes, samples and differences of statements: pure rules, by properties and by cases worked by hand."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunheng.logic.appraisal import (
    Ballot,
    Change,
    Deadline,
    Standing,
    agreed,
    difference,
    draw,
    faults_of_change,
    sample_size,
    sides_missing,
    standing_of,
)
from yunheng.logic.appraisal.deadlines import remind_at
from yunheng.logic.worktime import CalendarRules, HorizonError, Window, materialise

SHANGHAI = ZoneInfo("Asia/Shanghai")

#: The week of Labour Day 2026: 1 to 5 May are off, Saturday 9 May is worked.
OFFICE = materialise(
    CalendarRules(
        zone="Asia/Shanghai",
        weekly=tuple(Window(day, 9 * 60, 18 * 60) for day in range(5)),
        holidays=frozenset(date(2026, 5, day) for day in range(1, 6)),
        makeup={date(2026, 5, 9): 0},
    ),
    date(2026, 1, 1),
    date(2026, 12, 31),
)


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


def test_a_term_over_a_holiday_with_a_make_up_workday() -> None:
    # issued on Thursday 30 April: 6, 7, 8 and the Saturday 9 May count, then Monday 11 May
    begin = seconds("2026-04-30T15:00")
    assert Deadline(working_days=5).due_at(begin, OFFICE) == seconds("2026-05-11T18:00")
    assert Deadline(working_days=4).due_at(begin, OFFICE) == seconds("2026-05-09T18:00")
    # issued on the last day of the holiday, at night
    assert Deadline(working_days=1).due_at(seconds("2026-05-05T23:00"), OFFICE) == seconds("2026-05-06T18:00")


def test_hours_elapse_or_are_worked() -> None:
    begin = seconds("2026-04-30T15:00")
    day = Deadline(seconds=24 * 3600)
    assert day.due_at(begin, OFFICE) == seconds("2026-05-01T15:00")
    # three hours left on Thursday, nine on each of 6 and 7 May, three on the 8th
    assert day.due_at(begin, OFFICE, is_working_time=True) == seconds("2026-05-08T12:00")


@given(st.integers(1, 60), st.integers(0, 200 * 86_400))
def test_a_longer_term_never_ends_earlier_and_always_on_an_open_day(days: int, offset: int) -> None:
    begin = seconds("2026-01-01T00:00") + offset
    due = Deadline(working_days=days).due_at(begin, OFFICE)
    assert begin < due < Deadline(working_days=days + 1).due_at(begin, OFFICE)
    assert not OFFICE.is_open_at(due)
    assert OFFICE.is_open_at(due - 1)
    assert OFFICE.elapsed(begin, due) >= (days - 1) * 9 * 3600


def test_terms_that_are_none() -> None:
    for working_days, length in ((None, None), (1, 1), (0, None), (None, 0), (-1, None)):
        with pytest.raises(ValueError, match="term"):
            Deadline(working_days=working_days, seconds=length)
    with pytest.raises(HorizonError):
        Deadline(working_days=5).due_at(seconds("2026-12-30T10:00"), OFFICE)


@given(st.integers(1, 10**7), st.integers(1, 10**6), st.integers(-(10**6), 2 * 10**7))
def test_a_term_is_open_then_near_then_over(length: int, near: int, after: int) -> None:
    standing = standing_of(0, length, after, near_seconds=near)
    assert (standing is Standing.OVER) == (after > length)
    assert (standing is Standing.NEAR) == (remind_at(0, length, near_seconds=near) <= after <= length)
    assert remind_at(0, length, near_seconds=near) * 2 >= length


# --- votes ----------------------------------------------------------------------------------------------------------

changes = st.one_of(
    st.just(Change()),
    st.just(Change(drop=True)),
    st.decimals(0, 100, places=2).map(lambda number: Change(quantity=number)),
    st.sampled_from(["client", "supplier"]).map(lambda party: Change(party=party)),
    st.decimals(0, 100, places=1).map(lambda number: Change(value=number)),
)
ballots = st.builds(
    Ballot,
    st.sampled_from(["provider", "client"]),
    st.sampled_from(["upheld", "partly", "rejected"]),
    changes,
)


@given(st.lists(ballots, max_size=2, unique_by=lambda ballot: ballot.side))
def test_only_both_sides_together_decide(cast: list[Ballot]) -> None:
    outcome = agreed(cast)
    if outcome is None:
        assert sides_missing(cast) or cast[0].verdict != cast[1].verdict or cast[0].change != cast[1].change
    else:
        assert {ballot.side for ballot in cast} == {"provider", "client"}
        assert all((ballot.verdict, ballot.change) == (outcome.verdict, outcome.change) for ballot in cast)


@given(changes)
def test_a_change_is_stored_in_one_form_and_read_back(change: Change) -> None:
    stored = change.plain()
    assert Change.of(stored).plain() == stored
    assert len(stored) == (0 if change.is_nothing else 1)
    assert faults_of_change("rejected", change, is_event=True) == (("not_wanted",) if stored else ())


def test_numbers_that_mean_the_same_are_the_same_change() -> None:
    one, other = Change.of({"quantity": "2.50"}), Change.of({"quantity": "2.5"})
    assert one == other
    assert one.plain() == {"quantity": "2.5"}
    assert Change.of({"value": "100"}).plain() == {"value": "100"}
    for wrong in ({"value": "much"}, {"value": "NaN"}, {"colour": "red"}):
        with pytest.raises(ValueError, match=r"number|called"):
            Change.of(wrong)


@pytest.mark.parametrize(
    "text",
    ["1E+999999999", "-1E+999999", "0E+999999999", "1E-999999999", "1000000000000", "0.1234567", "9" * 41],
)
def test_a_vote_for_a_number_that_fills_all_memory_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|places"):
        Change.of({"value": text})
    assert Change.of({"value": "999999999999.123456"}).plain() == {"value": "999999999999.123456"}


# --- samples --------------------------------------------------------------------------------------------------------

names = st.lists(st.text("ABC0123456789-", min_size=1, max_size=8), unique=True, max_size=40)


@given(names, st.data())
def test_a_sample_is_of_its_members_and_grows(members: list[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(members)))
    found = draw("seed", members, count)
    assert len(set(found)) == count
    assert set(found) <= set(members)
    assert found == draw("seed", reversed(members), count)
    assert set(found) <= set(draw("seed", members, len(members)))
    if count < len(members):
        assert set(found) <= set(draw("seed", members, count + 1))


def test_each_member_is_as_likely_as_any_other() -> None:
    members = [f"T{number}" for number in range(20)]
    times = dict.fromkeys(members, 0)
    for seed in range(4_000):
        for name in draw(str(seed), members, 5):
            times[name] += 1
    assert all(880 < count < 1_120 for count in times.values())  # 1,000 expected, 27 the standard deviation


@pytest.mark.parametrize(
    ("population", "share", "size"),
    [(0, 3, 0), (1, 3, 1), (100, 3, 3), (101, 3, 4), (7, Fraction(1, 3), 1), (7, 100, 7)],
)
def test_a_share_is_rounded_up(population: int, share: int | Fraction, size: int) -> None:
    assert sample_size(population, share) == size


# --- corrections ----------------------------------------------------------------------------------------------------


def test_what_a_correction_changes() -> None:
    found = difference(
        score_before=Decimal("83.4"),
        score_after=Decimal("91.0"),
        settled=Decimal("95000.00"),
        payable=Decimal("100000.00"),
    )
    assert (found.score, found.money, found.is_none) == (Decimal("7.6"), Decimal("5000.00"), False)
    unsettled = difference(score_before=None, score_after=Decimal(90), settled=Decimal(0), payable=Decimal(2))
    assert (unsettled.score, unsettled.money) == (None, Decimal(2))
    nothing = difference(
        score_before=Decimal(90), score_after=Decimal("90.0"), settled=Decimal(0), payable=None
    )
    assert nothing.is_none
