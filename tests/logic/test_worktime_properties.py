"""Working time on random calendars against an oracle that looks at the wall clock minute by minute.

The oracle shares nothing with the code: it asks the zone for the wall time of each minute and the rules
whether that minute is open. Zone changes both ways, half-hour changes, changes at midnight, a skipped date,
year ends and leap days are drawn on purpose.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.worktime import CalendarRules, HorizonError, OpenTime, Window, materialise

MINUTE = 60
DAY = timedelta(days=1)

# (zone, a local date on or beside which something happens)
PLACES = [
    ("Asia/Shanghai", date(2026, 2, 14)),
    ("Asia/Shanghai", date(2023, 12, 31)),
    ("Asia/Shanghai", date(2024, 2, 29)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),  # at midnight
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/St_Johns", date(2010, 11, 7)),  # at 00:01 back into the day before
    ("America/St_Johns", date(2011, 3, 13)),
    ("Pacific/Apia", date(2011, 12, 30)),  # skipped
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # skipped
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a quarter of an hour, for good
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("UTC", date(2024, 12, 31)),
]


@dataclass(frozen=True)
class Case:
    rules: CalendarRules
    first: date
    last: date
    calendar: OpenTime


minutes = st.integers(0, 1439)
lengths = st.one_of(st.integers(1, 2880), st.integers(60, 600))


def window_minutes() -> st.SearchStrategy[tuple[int, int]]:
    return st.builds(lambda start, length: (start, min(start + length, 2880)), minutes, lengths)


@st.composite
def cases(draw: st.DrawFn, days_before: int = 3, days_after: int = 3) -> Case:
    zone, day = draw(st.sampled_from(PLACES))
    first = day - draw(st.integers(0, days_before)) * DAY
    last = day + draw(st.integers(0, days_after)) * DAY
    some_day = st.integers(-1, (last - first).days + 1).map(lambda n: first + n * DAY)
    is_always_open = draw(st.integers(0, 9)) == 0
    weekly = (
        [] if is_always_open else draw(st.lists(st.tuples(st.integers(0, 6), window_minutes()), max_size=12))
    )
    rules = CalendarRules(
        zone,
        tuple(Window(weekday, start, end) for weekday, (start, end) in weekly),
        is_always_open=is_always_open,
        holidays=draw(st.frozensets(some_day, max_size=3)),
        makeup=draw(st.dictionaries(some_day, st.integers(0, 6), max_size=2)),
        exceptions=draw(
            st.dictionaries(some_day, st.lists(window_minutes(), max_size=2).map(tuple), max_size=2)
        ),
    )
    return Case(rules, first, last, materialise(rules, first, last))


def windows_of(rules: CalendarRules, day: date) -> list[tuple[int, int]]:
    """What a reader of the rules would say of a day."""
    if day in rules.exceptions:
        return list(rules.exceptions[day])
    if rules.is_always_open:
        return [(0, 1440)]
    if day in rules.makeup:
        weekday = rules.makeup[day]
    elif day in rules.holidays:
        return []
    else:
        weekday = day.weekday()
    return [(w.start_minute, w.end_minute) for w in rules.weekly if w.weekday == weekday]


def wall_time(zone: ZoneInfo, t: int) -> tuple[date, int]:
    wall = datetime.fromtimestamp(t, zone)
    return wall.date(), wall.hour * 60 + wall.minute


class Oracle:
    """Open or not for each minute of the span, and what follows by counting."""

    def __init__(self, case: Case) -> None:
        self.begin = case.calendar.first_at
        zone = ZoneInfo(case.rules.zone)
        known: dict[date, list[tuple[int, int]]] = {}

        def windows(day: date) -> list[tuple[int, int]]:
            if day not in known:
                known[day] = windows_of(case.rules, day)
            return known[day]

        self.is_open: list[bool] = []
        self.day_ends: dict[date, int] = {}
        self.counted = [0]
        for t in range(self.begin, case.calendar.last_at, MINUTE):
            day, minute = wall_time(zone, t)
            today = any(start <= minute < end for start, end in windows(day))
            yesterday = any(start <= minute + 1440 < end for start, end in windows(day - DAY))
            if today:
                self.day_ends[day] = t + MINUTE
            if yesterday:
                self.day_ends[day - DAY] = t + MINUTE
            self.is_open.append(today or yesterday)
            self.counted.append(self.counted[-1] + (MINUTE if self.is_open[-1] else 0))

    def before(self, t: int) -> int:
        minute, rest = divmod(t - self.begin, MINUTE)
        return self.counted[minute] + (rest if rest and self.is_open[minute] else 0)

    def add(self, t: int, seconds: int) -> int | None:
        goal = self.before(t) + seconds
        if goal > self.counted[-1]:
            return None
        after = bisect_left(self.counted, goal)  # the first minute boundary at which the goal is reached
        return self.begin + after * MINUTE - (self.counted[after] - goal)


def instants(calendar: OpenTime) -> st.SearchStrategy[int]:
    """Any second of the calendar, with a liking for its edges."""
    edges = sorted(
        {calendar.first_at, calendar.last_at, *calendar.starts, *calendar.ends, *calendar.midnights}
    )
    near = st.builds(
        lambda edge, by: min(max(edge + by, calendar.first_at), calendar.last_at),
        st.sampled_from(edges),
        st.integers(-2, 2),
    )
    return st.one_of(near, st.integers(calendar.first_at, calendar.last_at))


@given(cases(), st.data())
@settings(max_examples=60, deadline=None)
def test_answers_equal_those_of_counting_wall_clock_minutes(case: Case, data: st.DataObject) -> None:
    calendar, oracle = case.calendar, Oracle(case)
    assert (calendar.last_at - calendar.first_at) % MINUTE == 0
    for _ in range(6):
        a, b = sorted((data.draw(instants(calendar)), data.draw(instants(calendar))))
        assert calendar.elapsed(a, b) == oracle.before(b) - oracle.before(a)
        assert sum(end - start for start, end in calendar.open_between(a, b)) == calendar.elapsed(a, b)
        if a < calendar.last_at:
            assert calendar.is_open_at(a) == oracle.is_open[(a - oracle.begin) // MINUTE]
        seconds = data.draw(st.integers(1, 5 * 86_400))
        expected = oracle.add(a, seconds)
        if expected is None:
            with pytest.raises(HorizonError):
                calendar.add(a, seconds)
        else:
            assert calendar.add(a, seconds) == expected


@given(cases(), st.data())
@settings(max_examples=60, deadline=None)
def test_end_of_working_day_equals_that_of_counting(case: Case, data: st.DataObject) -> None:
    calendar, oracle = case.calendar, Oracle(case)
    a = data.draw(instants(calendar).filter(lambda t: t < calendar.last_at))
    n = data.draw(st.integers(1, 4))
    zone = ZoneInfo(case.rules.zone)
    today = wall_time(zone, a)[0]
    # Where the clock falls back over midnight, the date begins when it lasts.
    later = (
        wall_time(zone, t)[0] for t in range(a - a % MINUTE, min(a + 2 * 3600, calendar.last_at), MINUTE)
    )
    today = min(today, *later)
    open_days = sorted(day for day in oracle.day_ends if today < day <= case.last)
    try:
        end_at = calendar.end_of_working_day(a, n)
    except HorizonError:
        # Too few open days, or the n-th is still running when the calendar ends.
        assert len(open_days) < n or oracle.day_ends[open_days[n - 1]] == calendar.last_at
    else:
        assert end_at == oracle.day_ends[open_days[n - 1]]


@given(cases(days_after=400), st.data())
@settings(max_examples=100, deadline=None)
def test_elapsed_is_additive_and_add_its_earliest_inverse(case: Case, data: st.DataObject) -> None:
    calendar = case.calendar
    a, b, c = sorted(data.draw(instants(calendar)) for _ in range(3))
    assert calendar.elapsed(a, c) == calendar.elapsed(a, b) + calendar.elapsed(b, c)
    assert 0 <= calendar.elapsed(a, b) <= b - a
    seconds = calendar.elapsed(a, c)
    due = calendar.add(a, seconds)
    assert a <= due <= c
    assert calendar.elapsed(a, due) == seconds
    if due > a:
        assert calendar.elapsed(a, due - 1) == seconds - 1  # earliest
    some = data.draw(st.integers(0, seconds))
    assert calendar.add(calendar.add(a, some), seconds - some) == (
        due if seconds > some else calendar.add(a, some)
    )
    assert calendar.add(a, 0) == a


@given(cases(days_after=400))
@settings(max_examples=60, deadline=None)
def test_intervals_are_disjoint_sorted_within_the_span_and_survive_storing(case: Case) -> None:
    calendar = case.calendar
    bounds = [t for span in zip(calendar.starts, calendar.ends, strict=True) for t in span]
    assert all(a < b for a, b in pairwise(bounds))
    assert not bounds or (calendar.first_at <= bounds[0] and bounds[-1] <= calendar.last_at)
    assert len(calendar.midnights) == len(calendar.day_ends) + 1 == (case.last - case.first).days + 2
    assert OpenTime.from_document(calendar.to_document()) == calendar


@given(cases(), st.integers(1, 40), st.data())
@settings(max_examples=60, deadline=None)
def test_a_longer_calendar_answers_the_same(case: Case, more: int, data: st.DataObject) -> None:
    """Materialising further never changes what was answered before."""
    longer = materialise(case.rules, case.first - more * DAY, case.last + more * DAY)
    a, b = sorted((data.draw(instants(case.calendar)), data.draw(instants(case.calendar))))
    assert longer.elapsed(a, b) == case.calendar.elapsed(a, b)
    seconds = case.calendar.elapsed(a, b)
    assert longer.add(a, seconds) == case.calendar.add(a, seconds)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Australia/Lord_Howe", "America/St_Johns"])
def test_400_days_equal_those_of_counting_wall_clock_minutes(zone: str) -> None:
    """The clock changes, a leap day and a year's end lie within."""
    weekly = tuple(
        Window(weekday, start, end)
        for weekday in range(5)
        for start, end in ((510, 727), (780, 1080), (1380, 1500))
    )
    makeup: Mapping[date, int] = {date(2008, 2, 2): 0, date(2008, 2, 3): 4}
    days_off = frozenset(date(2007, 12, 30) + n * DAY for n in range(4))
    rules = CalendarRules(zone, (*weekly, Window(6, 90, 200)), holidays=days_off, makeup=makeup)
    first, last = date(2007, 9, 1), date(2008, 12, 31)
    case = Case(rules, first, last, materialise(rules, first, last))
    calendar, oracle = case.calendar, Oracle(case)
    start = calendar.first_at + 12_345
    for days in (1, 31, 100, 366, 400):
        end = start + days * 86_400 + 77
        assert calendar.elapsed(start, end) == oracle.before(end) - oracle.before(start)
    for seconds in (1, 8 * 3600, 31 * 8 * 3600, 250 * 8 * 3600):
        assert calendar.add(start, seconds) == oracle.add(start, seconds)
    assert calendar.prefix[-1] == oracle.counted[-1]
