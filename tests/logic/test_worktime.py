"""Working time, one test for each promise; the numbers in names are lines of the SLA clock semantics."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from yunheng.logic.worktime import (
    CalendarError,
    CalendarRules,
    HorizonError,
    OpenTime,
    Window,
    has_open_time,
    lint_rules,
    materialise,
    tzdata_edition,
)

SHANGHAI = "Asia/Shanghai"
HOUR = 3600
MONDAY_TO_FRIDAY = range(5)


def office(*windows: tuple[int, int], days: range = MONDAY_TO_FRIDAY) -> tuple[Window, ...]:
    return tuple(Window(day, start, end) for day in days for start, end in windows or ((540, 1080),))


def at(text: str, zone: str = SHANGHAI, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def opened(rules: CalendarRules, first: str, last: str) -> OpenTime:
    return materialise(rules, date.fromisoformat(first), date.fromisoformat(last))


@pytest.fixture(scope="module")
def office_2026() -> OpenTime:
    """9:00–18:00 on weekdays, with China's holidays around October 2026."""
    return opened(
        CalendarRules(
            SHANGHAI,
            office(),
            holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
            makeup={date(2026, 9, 20): 0, date(2026, 10, 10): 0},
        ),
        "2026-01-01",
        "2028-12-31",
    )


# 0 and 1: instants and windows


def test_0_due_at_closing_time_is_the_closing_instant(office_2026: OpenTime) -> None:
    """A known system moves it to the next opening."""
    assert office_2026.add(at("2026-04-03T09:00"), 9 * HOUR) == at("2026-04-03T18:00")
    assert office_2026.add(at("2026-04-03T17:00"), HOUR) == at("2026-04-03T18:00")
    assert office_2026.add(at("2026-04-03T17:00"), HOUR + 1) == at("2026-04-06T09:00:01")


def test_0_windows_are_half_open(office_2026: OpenTime) -> None:
    assert office_2026.is_open_at(at("2026-04-03T09:00"))
    assert not office_2026.is_open_at(at("2026-04-03T18:00"))
    assert office_2026.is_open_at(at("2026-04-03T17:59:59"))
    assert office_2026.elapsed(at("2026-04-03T17:59:59"), at("2026-04-03T18:30")) == 1


def test_1_several_windows_a_day_to_the_minute() -> None:
    calendar = opened(CalendarRules(SHANGHAI, office((511, 720), (781, 1049))), "2026-04-01", "2026-04-30")
    day = list(calendar.open_between(at("2026-04-01T00:00"), at("2026-04-02T00:00")))
    assert day == [
        (at("2026-04-01T08:31"), at("2026-04-01T12:00")),
        (at("2026-04-01T13:01"), at("2026-04-01T17:29")),
    ]


def test_1_window_that_crosses_midnight_keeps_running_into_a_holiday_and_past_the_last_date() -> None:
    night = tuple(Window(day, 22 * 60, 30 * 60) for day in MONDAY_TO_FRIDAY)
    calendar = opened(
        CalendarRules(SHANGHAI, night, holidays=frozenset({date(2026, 4, 2)})), "2026-04-01", "2026-04-30"
    )
    assert calendar.elapsed(at("2026-04-01T12:00"), at("2026-04-02T12:00")) == 8 * HOUR  # Wednesday's shift
    assert not calendar.is_open_at(at("2026-04-02T23:00"))  # the holiday starts none
    assert calendar.is_open_at(at("2026-04-01T05:59:59"))  # Tuesday's, which began before the calendar
    assert calendar.ends[-1] == calendar.last_at == at("2026-05-01T00:00")


def test_1_exception_beats_makeup_beats_holiday_beats_weekly() -> None:
    monday = date(2026, 4, 6)

    def seconds(**rules: object) -> int:
        calendar = opened(CalendarRules(SHANGHAI, office(), **rules), "2026-04-06", "2026-04-06")  # type: ignore[arg-type]
        return calendar.elapsed(calendar.first_at, calendar.last_at)

    holiday, makeup = frozenset({monday}), {monday: 4}
    assert seconds() == 9 * HOUR
    assert seconds(holidays=holiday) == 0
    assert seconds(holidays=holiday, makeup=makeup) == 9 * HOUR
    assert seconds(holidays=holiday, makeup=makeup, exceptions={monday: ()}) == 0
    assert seconds(holidays=holiday, exceptions={monday: ((600, 660), (720, 725))}) == HOUR + 300


def test_1_around_the_clock_loses_no_second() -> None:
    """A known system loses one second a day. Zones with long, short and skipped days included."""
    for zone in (SHANGHAI, "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"):
        calendar = opened(CalendarRules(zone, is_always_open=True), "2009-12-01", "2013-02-28")
        assert (calendar.starts, calendar.ends) == ((calendar.first_at,), (calendar.last_at,))
        begin = at("2009-12-31T23:59:59", zone)
        for seconds in (1, 86_400, 366 * 86_400, 1_000 * 86_400):
            assert calendar.elapsed(begin, begin + seconds) == seconds
            assert calendar.add(begin, seconds) == begin + seconds


def test_1_around_the_clock_ignores_holidays_but_not_a_dated_exception() -> None:
    day = date(2026, 10, 1)
    rules = CalendarRules(
        SHANGHAI, is_always_open=True, holidays=frozenset({day}), provisional_years=frozenset({2026})
    )
    calendar = opened(rules, "2026-09-01", "2026-10-31")
    assert calendar.is_open_at(at("2026-10-01T12:00"))
    assert calendar.provisional == ()
    closed = CalendarRules(SHANGHAI, is_always_open=True, exceptions={day: ()})
    assert opened(closed, "2026-09-01", "2026-10-31").elapsed(
        at("2026-09-30T23:00"), at("2026-10-02T01:00")
    ) == (2 * HOUR)


def test_1_overlapping_and_touching_windows_count_once() -> None:
    calendar = opened(
        CalendarRules(SHANGHAI, office((540, 720), (600, 780), (780, 840), (840, 900))),
        "2026-04-01",
        "2026-04-01",
    )
    assert list(zip(calendar.starts, calendar.ends, strict=True)) == [
        (at("2026-04-01T09:00"), at("2026-04-01T15:00"))
    ]


# 2: daylight saving, both ways


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Pacific/Apia", "2011-12-30", 0),  # the zone skipped the date
        ("Pacific/Apia", "2011-12-31", 24),
        ("Asia/Shanghai", "2026-03-29", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),  # its midnight does not exist
        ("America/Sao_Paulo", "2018-02-17", 25),  # its last hour comes twice
    ],
)
def test_2_days_have_their_real_length(zone: str, day: str, hours: float) -> None:
    whole_days = CalendarRules(zone, office((0, 1440), days=range(7)))
    calendar = opened(whole_days, day, day)
    assert calendar.elapsed(calendar.first_at, calendar.last_at) == hours * HOUR
    assert calendar.day_ends == ((calendar.last_at,) if hours else (-1,))


@pytest.mark.parametrize(
    ("zone", "day", "last_day"),
    [("Europe/Berlin", "2026-03-29", "2026-03-30"), ("Europe/Berlin", "2026-10-25", "2026-10-26")],
)
def test_2_holiday_on_a_long_or_short_day_takes_exactly_that_day(zone: str, day: str, last_day: str) -> None:
    """A known system is one hour off on either."""
    rules = CalendarRules(
        zone, office((0, 1440), days=range(7)), holidays=frozenset({date.fromisoformat(day)})
    )
    calendar = opened(rules, day, last_day)
    midnight = at(f"{last_day}T00:00", zone)
    assert list(zip(calendar.starts, calendar.ends, strict=True)) == [(midnight, midnight + 24 * HOUR)]


def test_2_wall_time_in_a_gap_is_never_open_and_in_a_fold_twice() -> None:
    night = CalendarRules("Europe/Berlin", office((150, 180), days=range(7)))  # 02:30–03:00
    assert opened(night, "2026-03-29", "2026-03-29").starts == ()
    autumn = opened(night, "2026-10-25", "2026-10-25")
    assert list(zip(autumn.starts, autumn.ends, strict=True)) == [
        (at("2026-10-25T02:30", "Europe/Berlin"), at("2026-10-25T02:30", "Europe/Berlin") + 1800),
        (at("2026-10-25T02:30", "Europe/Berlin", fold=1), at("2026-10-25T03:00", "Europe/Berlin")),
    ]
    assert autumn.day_ends == (at("2026-10-25T03:00", "Europe/Berlin"),)


def test_2_night_shift_across_the_change_has_seven_or_nine_hours() -> None:
    night = CalendarRules("Europe/Berlin", office((22 * 60, 30 * 60), days=range(7)))
    for evening, morning, hours in (("2026-03-28", "2026-03-29", 7), ("2026-10-24", "2026-10-25", 9)):
        calendar = opened(night, evening, morning)
        span = at(f"{evening}T12:00", "Europe/Berlin"), at(f"{morning}T12:00", "Europe/Berlin")
        assert calendar.elapsed(*span) == hours * HOUR


def test_2_year_end_and_leap_day() -> None:
    calendar = opened(CalendarRules(SHANGHAI, office()), "2023-12-01", "2024-12-31")
    assert calendar.elapsed(at("2023-12-29T17:00"), at("2024-01-01T10:00")) == 2 * HOUR
    assert calendar.elapsed(at("2024-02-28T18:00"), at("2024-03-01T09:00")) == 9 * HOUR  # Thursday the 29th
    assert calendar.add(at("2024-02-28T18:00"), 9 * HOUR) == at("2024-02-29T18:00")


def test_2_add_of_nothing_is_the_instant_itself_even_when_closed(office_2026: OpenTime) -> None:
    saturday = at("2026-04-04T12:00")
    assert office_2026.add(saturday, 0) == saturday
    assert office_2026.add(saturday, 1) == at("2026-04-06T09:00:01")


# 3: long targets, no open time


@pytest.mark.parametrize("days", [22, 31, 40, 90, 250, 500])
def test_3_targets_of_many_working_days_have_a_due_instant(office_2026: OpenTime, days: int) -> None:
    """Known systems: no due date from 22 business days on; −1 past 30 days."""
    start = at("2026-01-05T09:00")
    due = office_2026.add(start, days * 9 * HOUR)
    assert office_2026.elapsed(start, due) == days * 9 * HOUR
    expected, left = date(2026, 1, 4), days
    while left:
        expected += timedelta(days=1)
        is_holiday = date(2026, 10, 1) <= expected <= date(2026, 10, 7)
        is_makeup = expected in (date(2026, 9, 20), date(2026, 10, 10))
        left -= is_makeup or (expected.weekday() < 5 and not is_holiday)
    assert due == at(f"{expected}T18:00")


def test_3_five_weeks_of_waiting_move_the_due_instant_by_their_open_seconds(office_2026: OpenTime) -> None:
    """A known system gives an absurd due date."""
    start, wait_from, wait_to = at("2026-03-02T09:00"), at("2026-03-02T11:00"), at("2026-04-06T11:00")
    paused = office_2026.elapsed(wait_from, wait_to)
    assert paused == 25 * 9 * HOUR
    assert office_2026.add(start, 8 * HOUR + paused) == at("2026-04-06T17:00")


def test_3_no_open_time_in_three_years_is_seen_and_ends_at_once() -> None:
    rules = CalendarRules(SHANGHAI, exceptions={date(2026, 1, 5): ((540, 600),)})
    calendar = opened(rules, "2026-01-01", "2029-12-31")
    assert has_open_time(calendar, at("2026-01-01T00:00"), at("2029-01-01T00:00"))
    assert not has_open_time(calendar, at("2026-01-05T10:00"), at("2029-01-05T10:00"))
    with pytest.raises(HorizonError, match="end after the calendar does"):
        calendar.add(at("2026-01-06T00:00"), 1)
    with pytest.raises(HorizonError, match="nothing opens"):
        calendar.next_open(at("2026-01-06T00:00"))
    with pytest.raises(HorizonError):
        calendar.end_of_working_day(at("2026-01-06T00:00"), 1)


def test_3_questions_beyond_the_calendar_are_refused_with_its_reach(office_2026: OpenTime) -> None:
    before, after = office_2026.first_at - 1, office_2026.last_at + 1
    inside = at("2026-04-01T10:00")
    for ask in (
        lambda: office_2026.elapsed(before, inside),
        lambda: office_2026.elapsed(inside, after),
        lambda: office_2026.add(before, 5),
        lambda: office_2026.add(after, 0),
        lambda: office_2026.add(inside, 10**9),
        lambda: office_2026.is_open_at(office_2026.last_at),
        lambda: office_2026.local_day(after),
        lambda: office_2026.end_of_working_day(inside, 5_000),
        lambda: next(office_2026.open_between(inside, after)),
        lambda: office_2026.add(10**30, 1),
    ):
        with pytest.raises(HorizonError, match="2025-12-31T16:00:00Z to 2028-12-31T16:00:00Z"):
            ask()
    assert office_2026.elapsed(office_2026.first_at, office_2026.last_at) == office_2026.prefix[-1]


def test_3_questions_that_mean_nothing_are_refused(office_2026: OpenTime) -> None:
    inside = at("2026-04-01T10:00")
    with pytest.raises(ValueError, match="ends before it begins"):
        office_2026.elapsed(inside, inside - 1)
    with pytest.raises(ValueError, match="ends before it begins"):
        next(office_2026.open_between(inside, inside - 1))
    with pytest.raises(ValueError, match="cannot add -1"):
        office_2026.add(inside, -1)
    with pytest.raises(ValueError, match="at least one"):
        office_2026.end_of_working_day(inside, 0)


# 4: working days


def test_4_n_working_days_is_the_end_of_the_nth_open_day_after_the_start_day(office_2026: OpenTime) -> None:
    for start in ("2026-04-01T00:00", "2026-04-01T10:00", "2026-04-01T23:59:59"):
        assert office_2026.end_of_working_day(at(start), 1) == at("2026-04-02T18:00")
        assert office_2026.end_of_working_day(at(start), 3) == at("2026-04-06T18:00")
    assert office_2026.end_of_working_day(at("2026-09-30T10:00"), 1) == at("2026-10-08T18:00")
    assert office_2026.end_of_working_day(at("2026-10-08T10:00"), 2) == at("2026-10-10T18:00")  # make-up
    assert office_2026.end_of_working_day(at("2026-04-04T10:00"), 1) == at(
        "2026-04-06T18:00"
    )  # from a Saturday


def test_4_working_days_are_not_multiples_of_eight_hours_and_a_pause_adds_open_seconds() -> None:
    rules = CalendarRules(
        SHANGHAI, office(), exceptions={date(2026, 4, 2): ((540, 600),), date(2026, 4, 3): ((540, 1320),)}
    )
    calendar = opened(rules, "2026-04-01", "2026-04-30")
    start = at("2026-04-01T10:00")
    assert calendar.end_of_working_day(start, 1) == at("2026-04-02T10:00")
    end = calendar.end_of_working_day(start, 2)
    assert end == at("2026-04-03T22:00")
    assert calendar.add(end, 2 * HOUR) == at("2026-04-06T11:00")


def test_4_the_day_of_a_night_shift_is_the_one_it_starts_on() -> None:
    calendar = opened(CalendarRules(SHANGHAI, office((22 * 60, 30 * 60))), "2026-04-01", "2026-04-30")
    assert calendar.end_of_working_day(at("2026-04-01T10:00"), 1) == at("2026-04-03T06:00")
    assert calendar.end_of_working_day(at("2026-04-01T10:00"), 2) == at(
        "2026-04-04T06:00"
    )  # Saturday morning


def test_4_skipped_date_is_no_working_day() -> None:
    calendar = opened(CalendarRules("Pacific/Apia", office(days=range(7))), "2011-12-28", "2012-01-05")
    assert calendar.end_of_working_day(at("2011-12-29T10:00", "Pacific/Apia"), 1) == at(
        "2011-12-31T18:00", "Pacific/Apia"
    )
    assert date.fromordinal(calendar.local_day(at("2011-12-31T00:00", "Pacific/Apia"))) == date(2011, 12, 31)


def test_4_date_that_falls_back_over_midnight_begins_when_it_lasts() -> None:
    """St John's went from 00:01 on the 7th back to 23:01 on the 6th."""
    zone = "America/St_Johns"
    calendar = opened(CalendarRules(zone, is_always_open=True), "2010-11-06", "2010-11-07")
    lasting_midnight = at("2010-11-07T00:00", zone, fold=1)
    assert calendar.midnights[1] == lasting_midnight
    assert lasting_midnight - calendar.midnights[0] == 25 * HOUR
    assert calendar.local_day(lasting_midnight - 1) == date(2010, 11, 6).toordinal()


def test_4_date_whose_first_hour_comes_twice_begins_with_the_first() -> None:
    """Havana goes from 01:00 back to 00:00: the date never falls below."""
    zone = "America/Havana"
    calendar = opened(CalendarRules(zone, is_always_open=True), "2026-11-01", "2026-11-02")
    assert calendar.first_at == at("2026-11-01T00:00", zone, fold=0)
    assert calendar.midnights[1] - calendar.first_at == 25 * HOUR


def test_4_last_date_is_whole_where_the_next_begins_and_is_set_back() -> None:
    """The first minute of St John's 7th precedes the last hour of its 6th."""
    calendar = opened(CalendarRules("America/St_Johns", is_always_open=True), "2010-11-06", "2010-11-06")
    assert calendar.elapsed(calendar.first_at, calendar.last_at) == 25 * HOUR


def test_4_working_day_that_ends_beyond_the_calendar_is_refused() -> None:
    calendar = opened(CalendarRules(SHANGHAI, office((22 * 60, 30 * 60))), "2026-04-01", "2026-04-03")
    assert calendar.end_of_working_day(at("2026-04-01T10:00"), 1) == at("2026-04-03T06:00")
    with pytest.raises(HorizonError, match="2 working days"):
        calendar.end_of_working_day(at("2026-04-01T10:00"), 2)


def test_4_windows_may_be_given_in_any_order() -> None:
    calendar = opened(CalendarRules(SHANGHAI, office((780, 1080), (540, 720))), "2026-04-01", "2026-04-02")
    assert calendar.end_of_working_day(at("2026-04-01T10:00"), 1) == at("2026-04-02T18:00")


# 5 and 6: holidays over New Year, make-up days, provisional years


def test_5_holiday_over_new_year() -> None:
    days_off = frozenset(date(2025, 12, 31) + timedelta(days=i) for i in range(4))
    calendar = opened(CalendarRules(SHANGHAI, office(), holidays=days_off), "2025-12-01", "2026-01-31")
    assert calendar.elapsed(at("2025-12-30T17:00"), at("2026-01-05T10:00")) == 2 * HOUR
    assert calendar.add(at("2025-12-30T17:00"), HOUR + 1) == at("2026-01-05T09:00:01")
    assert calendar.end_of_working_day(at("2025-12-30T17:00"), 1) == at("2026-01-05T18:00")


def test_5_makeup_day_uses_the_windows_of_the_weekday_it_replaces() -> None:
    weekly = (*office(), Window(4, 1140, 1200))  # Friday has an evening hour
    saturday = date(2026, 10, 10)
    for weekday, hours in ((0, 9), (4, 10), (6, 0)):
        rules = CalendarRules(SHANGHAI, weekly, makeup={saturday: weekday})
        calendar = opened(rules, "2026-10-10", "2026-10-11")
        assert calendar.elapsed(calendar.first_at, calendar.last_at) == hours * HOUR


def test_6_results_that_touch_an_unpublished_year_are_provisional() -> None:
    rules = CalendarRules(SHANGHAI, office(), provisional_years=frozenset({2027, 2028, 2031}))
    calendar = opened(rules, "2026-06-01", "2029-05-31")
    new_year, end = at("2027-01-01T00:00"), at("2029-01-01T00:00")
    assert calendar.provisional == ((new_year, end),)
    assert not calendar.is_provisional(new_year - 86_400, new_year)
    assert calendar.is_provisional(new_year - 86_400, new_year + 1)
    assert calendar.is_provisional(new_year, new_year)
    assert calendar.is_provisional(end - 1, end + 1)
    assert not calendar.is_provisional(end, end)
    assert not calendar.is_provisional(end, end + 86_400)


# Rules that cannot be, rules that look wrong


@pytest.mark.parametrize(
    ("rules", "field", "message"),
    [
        (CalendarRules("Asia/Bejing"), "zone", "unknown time zone 'Asia/Bejing'"),
        (CalendarRules("asia/shanghai"), "zone", "did you mean Asia/Shanghai"),
        (CalendarRules(""), "zone", "unknown"),
        (CalendarRules("Asia"), "zone", "unknown"),
        (CalendarRules("../etc/passwd"), "zone", "unknown"),
        (CalendarRules("localtime"), "zone", "unknown"),
        (CalendarRules("right/UTC"), "zone", "unknown"),
        (CalendarRules("UTC", (Window(7, 0, 60),)), "weekly[0].weekday", "7 is not"),
        (CalendarRules("UTC", (Window(0, 0, 60), Window(-1, 0, 60))), "weekly[1].weekday", "-1 is not"),
        (CalendarRules("UTC", (Window(0, 600, 600),)), "weekly[0]", "end minute 600"),
        (CalendarRules("UTC", (Window(0, 600, 2881),)), "weekly[0]", "at most 2880"),
        (CalendarRules("UTC", (Window(0, 1440, 1500),)), "weekly[0]", "start minute 1440"),
        (CalendarRules("UTC", (Window(0, -1, 60),)), "weekly[0]", "start minute -1"),
        (CalendarRules("UTC", office(), is_always_open=True), "weekly", "always open"),
        (CalendarRules("UTC", makeup={date(2026, 1, 3): 7}), "makeup[2026-01-03]", "7 is not"),
        (
            CalendarRules("UTC", exceptions={date(2026, 1, 3): ((60, 30),)}),
            "exceptions[2026-01-03]",
            "end minute 30",
        ),
        (
            CalendarRules("UTC", holidays=frozenset({datetime(2026, 1, 3, tzinfo=UTC)})),
            "holidays",
            "not a date",
        ),
    ],
)
def test_rules_that_cannot_be_are_refused_with_their_field(
    rules: CalendarRules, field: str, message: str
) -> None:
    for use in (lambda: materialise(rules, date(2026, 1, 1), date(2026, 1, 31)), lambda: lint_rules(rules)):
        with pytest.raises(CalendarError) as refusal:
            use()
        assert refusal.value.field == field
        assert message in refusal.value.message


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-02-01", "2026-01-31"), ("1969-01-01", "2026-01-31"), ("2026-01-01", "2201-01-01")],
)
def test_spans_that_cannot_be_are_refused(first: str, last: str) -> None:
    with pytest.raises(CalendarError, match="span"):
        opened(CalendarRules("UTC", is_always_open=True), first, last)


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        (CalendarRules(SHANGHAI, office((540, 720), (720, 1080))), []),
        (CalendarRules(SHANGHAI, office(), makeup={date(2026, 10, 10): 0}), []),
        (CalendarRules(SHANGHAI, is_always_open=True), []),
        (CalendarRules(SHANGHAI, exceptions={date(2026, 1, 5): ((540, 600),)}), []),
        (CalendarRules(SHANGHAI, (Window(0, 540, 720), Window(0, 719, 800))), ["window_overlap"]),
        (CalendarRules(SHANGHAI, (Window(0, 540, 720), Window(0, 540, 720))), ["window_overlap"]),
        (CalendarRules(SHANGHAI, (Window(0, 1320, 1800), Window(1, 0, 60))), ["window_overlap"]),
        (CalendarRules(SHANGHAI, (Window(6, 1320, 1800), Window(0, 300, 600))), ["window_overlap"]),
        (CalendarRules(SHANGHAI, (Window(6, 1320, 1800), Window(0, 360, 600))), []),
        (CalendarRules(SHANGHAI, exceptions={date(2026, 1, 5): ((0, 9), (5, 7))}), ["exception_overlap"]),
        (
            CalendarRules(
                SHANGHAI, office(), holidays=frozenset({date(2026, 1, 3)}), makeup={date(2026, 1, 3): 0}
            ),
            ["makeup_is_holiday"],
        ),
        (CalendarRules(SHANGHAI, office(), makeup={date(2026, 1, 3): 6}), ["makeup_closed"]),
        (
            CalendarRules(SHANGHAI, is_always_open=True, holidays=frozenset({date(2026, 1, 1)})),
            ["no_effect"],
        ),
        (CalendarRules(SHANGHAI), ["never_open"]),
        (CalendarRules(SHANGHAI, exceptions={date(2026, 1, 5): ()}), ["never_open"]),
    ],
)
def test_lint_names_what_looks_wrong_and_only_that(rules: CalendarRules, codes: list[str]) -> None:
    assert [finding.code for finding in lint_rules(rules)] == codes


# Questions


def test_open_between_clips_and_skips_what_is_closed(office_2026: OpenTime) -> None:
    assert list(office_2026.open_between(at("2026-04-03T10:00"), at("2026-04-06T10:00"))) == [
        (at("2026-04-03T10:00"), at("2026-04-03T18:00")),
        (at("2026-04-06T09:00"), at("2026-04-06T10:00")),
    ]
    assert list(office_2026.open_between(at("2026-04-03T18:00"), at("2026-04-06T09:00"))) == []
    assert list(office_2026.open_between(at("2026-04-03T10:00"), at("2026-04-03T10:00"))) == []


def test_next_open_is_now_when_open_and_else_the_next_opening(office_2026: OpenTime) -> None:
    assert office_2026.next_open(at("2026-04-03T17:59:59")) == at("2026-04-03T17:59:59")
    assert office_2026.next_open(at("2026-04-03T18:00")) == at("2026-04-06T09:00")
    assert office_2026.next_open(office_2026.first_at) == at("2026-01-01T09:00")


# The stored form


def test_document_survives_json_and_is_compact(office_2026: OpenTime) -> None:
    text = json.dumps(office_2026.to_document(), separators=(",", ":"))
    again = OpenTime.from_document(json.loads(text))
    assert again == office_2026
    assert again.prefix == office_2026.prefix
    assert again.to_document() == office_2026.to_document()
    assert len(text) < 20_000  # three years


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": 2}, "document.format"),
        ({"first_at": "0"}, "document.first_at"),
        ({"first_at": True}, "document.first_at"),
        ({"first_day": None}, "document.first_day"),
        ({"days": [86_400]}, "document.days"),
        ({"days": [86_400, 10**12]}, "document.days"),
        ({"days": [86_400, -1, 5, 5]}, "document.days"),
        ({"days": [-1, 1096]}, "document.days"),
        ({"days": [86_400, 5]}, "document.day_ends"),
        ({"day_ends": [0, 1096]}, "document.day_ends"),
        ({"open": [0, 5, -3, 5]}, "document.open"),
        ({"open": [0, 5, 6]}, "document.open"),
        ({"open": [-5, 10]}, "document.open"),
        ({"open": [0, 10**10]}, "document.open"),
        ({"open": "[]"}, "document.open"),
        ({"open": [0.5, 1]}, "document.open"),
        ({"provisional": None}, "document.provisional"),
        ({"provisional": [[5, 5]]}, "document.provisional"),
        ({"provisional": [[5]]}, "document.provisional"),
    ],
)
def test_damaged_document_is_refused_with_its_field(
    office_2026: OpenTime, change: dict[str, object], field: str
) -> None:
    with pytest.raises(CalendarError) as refusal:
        OpenTime.from_document({**office_2026.to_document(), **change})
    assert refusal.value.field == field


def test_calendar_without_open_time_has_a_document() -> None:
    closed = opened(CalendarRules(SHANGHAI), "2026-01-01", "2026-01-31")
    assert OpenTime.from_document(closed.to_document()) == closed


def test_edition_of_the_zone_data_is_known_here() -> None:
    edition = tzdata_edition()
    assert edition[:4].isdigit() and edition[:2] == "20"
