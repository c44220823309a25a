"""Working days as a measure, against a plain count of seconds."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.worktime import CalendarRules, HorizonError, OpenTime, Window, WorkingDays, materialise

HOUR = 3600
#: Mon–Thu 09:00–17:00, Fri 09:00–13:00; the holiday is Wednesday, 6 May 2026.
OFFICE = CalendarRules(
    zone="UTC",
    weekly=(*(Window(day, 9 * 60, 17 * 60) for day in range(4)), Window(4, 9 * 60, 13 * 60)),
    holidays=frozenset({date(2026, 5, 6)}),
)
NIGHT = CalendarRules(zone="UTC", weekly=tuple(Window(day, 22 * 60, 30 * 60) for day in range(5)))
ALWAYS = CalendarRules(zone="UTC", is_always_open=True)


def calendar(rules: CalendarRules) -> OpenTime:
    return materialise(rules, date(2026, 5, 1), date(2026, 5, 31))


def at(day: int, hour: float = 0) -> int:
    return int(datetime(2026, 5, day, tzinfo=UTC).timestamp()) + int(hour * HOUR)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (at(4, 9), at(4, 17), Fraction(1)),  # Monday, all of it
        (at(4, 13), at(5, 11), Fraction(4, 8) + Fraction(2, 8)),
        (at(5, 13), at(7, 13), Fraction(1, 2) + 0 + Fraction(1, 2)),  # the holiday between is none
        (at(8, 11), at(11, 9), Fraction(1, 2)),  # two of Friday's four hours, and a weekend
        (at(8, 9), at(11, 17), Fraction(2)),
        (at(9), at(10, 23), Fraction(0)),
        (at(4, 20), at(4, 20), Fraction(0)),
    ],
)
def test_a_day_counts_by_the_share_of_its_own_hours(begin: int, end: int, expected: Fraction) -> None:
    assert WorkingDays(calendar(OFFICE)).between(begin, end) == expected


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    days = WorkingDays(calendar(NIGHT))
    assert days.between(at(4, 22), at(5, 6)) == 1  # Monday's night
    assert days.between(at(8, 12), at(10)) == 1  # Friday's ends on Saturday
    assert days.between(at(5, 0), at(5, 4)) == Fraction(4, 8)


def test_around_the_clock_a_day_is_a_day() -> None:
    days = WorkingDays(calendar(ALWAYS))
    assert days.between(at(3, 5), at(9, 17)) == Fraction(6 * 24 + 12, 24)


@pytest.mark.parametrize("rules", [OFFICE, NIGHT, ALWAYS])
def test_open_seconds_are_laid_down_as_days(rules: CalendarRules) -> None:
    found = calendar(rules)
    days = WorkingDays(found)
    for begin in range(at(1), at(31), 5 * HOUR + 17):
        room = found.elapsed(begin, found.last_at)
        for seconds in (0, 1, 2 * HOUR + 5, 8 * HOUR, 41 * HOUR):
            until = found.last_at if seconds > room else found.add(begin, seconds)
            assert days.spent(begin, seconds) == days.between(begin, until)
    with pytest.raises(HorizonError):
        days.spent(at(31, 25), 1)
    with pytest.raises(ValueError, match="no working days"):
        days.spent(at(4), -1)


def test_a_span_outside_the_calendar_or_backwards_is_refused() -> None:
    days = WorkingDays(calendar(OFFICE))
    with pytest.raises(HorizonError):
        days.between(at(4), at(31, 25))
    with pytest.raises(ValueError, match="ends before"):
        days.between(at(5), at(4))


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.integers(0, 31 * 24 - 1), min_size=3, max_size=3),
    rules=st.sampled_from((OFFICE, NIGHT, ALWAYS)),
)
def test_neighbouring_spans_add_up_and_whole_days_are_those_of_goals(
    hours: list[int], rules: CalendarRules
) -> None:
    found = calendar(rules)
    days = WorkingDays(found)
    a, b, c = sorted(at(1, hour) for hour in hours)
    assert days.between(a, b) + days.between(b, c) == days.between(a, c) >= 0
    assert (days.between(a, c) == 0) == (found.elapsed(a, c) == 0)
    try:
        end = found.end_of_working_day(a, 3)
    except HorizonError:
        return
    midnight = a - (a - at(1)) % (24 * HOUR) + 24 * HOUR
    if rules is not NIGHT:  # whose day goes on after midnight
        assert days.between(midnight, end) == 3
