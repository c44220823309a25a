"""Promises back to back against an oracle that counts second by second on calendars of a few dozen seconds a day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.backtoback import Chain, LocalDay, Promise, examine, local_days, trace
from yunheng.logic.clock import Goal
from yunheng.logic.worktime import CalendarError, CalendarRules, HorizonError, OpenTime, Window, materialise

DAY = 24  # seconds of a tiny day: each of its hours has one
DAYS = 30
EXAMINED = 8
ALWAYS = materialise(CalendarRules("UTC", is_always_open=True), date(2026, 1, 1), date(2026, 1, 9))


@dataclass(frozen=True)
class Tiny:
    """A calendar of tiny days, open or not for each second."""

    is_open: tuple[bool, ...]
    open_time: OpenTime

    def count(self, a: int, b: int) -> int:
        return sum(self.is_open[a:b])

    def day_end(self, day: int) -> int | None:
        """The end of the last window that starts on the day."""
        starts = [
            t
            for t in range(day * DAY, day * DAY + DAY)
            if self.is_open[t] and not (t and self.is_open[t - 1])
        ]
        if not starts:
            return None
        end = starts[-1]
        while end < len(self.is_open) and self.is_open[end]:
            end += 1
        return end

    def due(self, goal: Goal, at: int) -> int | None:
        """The earliest instant with elapsed = goal, None beyond the calendar."""
        if goal.working_days is not None:
            ends = [end for day in range(at // DAY + 1, DAYS) if (end := self.day_end(day)) is not None]
            return ends[goal.working_days - 1] if len(ends) >= goal.working_days else None
        counted, t = 0, at
        while counted < (goal.seconds or 0):
            if t == len(self.is_open):
                return None
            counted += self.is_open[t]
            t += 1
        return t

    def kept_until(self, goal: Goal, at: int | None) -> int | None:
        """The last instant with elapsed ≤ goal: the seconds from the due instant on until one is open."""
        due = None if at is None else self.due(goal, at)
        if due is None:
            return None
        while due < len(self.is_open) and not self.is_open[due]:
            due += 1
        return due if due < len(self.is_open) else None


def tiny(seconds: list[bool]) -> Tiny:
    """A calendar from one flag per second; windows begin on the day of their first second."""
    bounds = [
        t for t in range(len(seconds) + 1) if (t > 0 and seconds[t - 1]) != (t < len(seconds) and seconds[t])
    ]
    made = Tiny(tuple(seconds), ALWAYS)
    ends = [made.day_end(day) for day in range(DAYS)]
    return Tiny(
        tuple(seconds),
        OpenTime(
            starts=tuple(bounds[::2]),
            ends=tuple(bounds[1::2]),
            midnights=tuple(range(0, DAYS * DAY + 1, DAY)),
            day_ends=tuple(-1 if end is None else end for end in ends),
            first_day=1,
        ),
    )


@st.composite
def calendars(draw: st.DrawFn) -> Tiny:
    """Weekly hours with closed days, sometimes always open, sometimes without any rule."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return tiny([True] * (DAYS * DAY))
    if kind == 1:
        runs = draw(st.lists(st.integers(1, 40), min_size=20, max_size=40))
        flags = [bool(i % 2) for i, run in enumerate(runs) for _ in range(run)]
        return tiny((flags * (DAYS * DAY))[: DAYS * DAY])
    pattern = draw(st.lists(st.booleans(), min_size=DAY, max_size=DAY))
    closed = draw(st.frozensets(st.integers(0, DAYS - 1), max_size=12))
    return tiny([pattern[t % DAY] and t // DAY not in closed for t in range(DAYS * DAY)])


def goals() -> st.SearchStrategy[Goal]:
    seconds = st.integers(0, 40).map(lambda n: Goal("any", seconds=n))
    return st.one_of(seconds, seconds, st.integers(1, 3).map(lambda n: Goal("any", working_days=n)))


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Tiny], Chain, list[list[tuple[int, Goal]]]]:
    """Up to three calendars, the outer promise on one of them and one or two paths of one or two promises."""
    known = draw(st.lists(calendars(), min_size=1, max_size=3))
    which = st.integers(0, len(known) - 1)
    links = st.tuples(which, goals())
    outer = draw(links)
    paths = draw(st.lists(st.lists(links, min_size=1, max_size=2), min_size=1, max_size=2))
    made = [[Promise(goal, known[i].open_time) for i, goal in path] for path in ([outer], *paths)]
    return known, Chain(made[0][0], tuple(tuple(path) for path in made[1:])), [[outer], *paths]


def tiny_days() -> list[LocalDay]:
    hours = tuple((hour, hour + 1, hour) for hour in range(24))
    return [LocalDay(day * DAY, day * DAY + DAY, day % 7, hours) for day in range(EXAMINED)]


def oracle(
    known: list[Tiny], links: list[list[tuple[int, Goal]]], t: int
) -> tuple[int, int | None, int] | None:
    """(excess, dispatch of the first path, kept until of the outer promise), counted; None beyond the calendars."""
    ((outer, goal),), *paths = links
    limit = known[outer].kept_until(goal, t)
    ends, dispatch = [], None
    for index, path in enumerate(paths):
        at: int | None = t
        for place, (i, inner) in enumerate(path):
            if index == 0 and place == len(path) - 1:
                dispatch = at
            at = known[i].kept_until(inner, at)
        ends.append(at)
    if limit is None or any(end is None for end in ends):
        return None
    end = min(end for end in ends if end is not None)
    excess = known[outer].count(limit, end) if end >= limit else -known[outer].count(end, limit)
    return excess, dispatch, limit


@settings(deadline=None)  # the oracle counts
@given(chains())
def test_the_worst_case_is_that_of_every_single_second(
    case: tuple[list[Tiny], Chain, list[list[tuple[int, Goal]]]],
) -> None:
    known, chain, links = case
    found = examine(chain, tiny_days())
    told = {t: oracle(known, links, t) for t in range(EXAMINED * DAY)}
    days = [
        day for day in range(EXAMINED) if all(told[t] is not None for t in range(day * DAY, day * DAY + DAY))
    ]
    if not days:
        assert found is None
        return
    assert found is not None
    values = {
        t: value for day in days for t in range(day * DAY, day * DAY + DAY) if (value := told[t]) is not None
    }
    assert found.excess_seconds == max(value[0] for value in values.values())
    assert values[found.at][0] == found.excess_seconds == chain.excess(found.at)
    assert found.is_breakable == any(value[0] > 0 for value in values.values())
    assert (found.days, found.from_at, found.to_at) == (len(days), days[0] * DAY, days[-1] * DAY + DAY)
    assert found.broken_days == sum(any(values[day * DAY + s][0] > 0 for s in range(DAY)) for day in days)
    for weekday in range(7):
        for hour in range(24):
            there = [day * DAY + hour for day in days if day % 7 == weekday]
            cell = found.hours[weekday][hour]
            assert (cell is None) == (not there)
            if cell is not None:
                assert cell.excess_seconds == max(values[t][0] for t in there) == values[cell.at][0]
                assert cell.days == len(there)
                assert cell.broken_days == sum(values[t][0] > 0 for t in there)
    assert found.fitting_seconds == fitting_by_trying(known, links, list(values.values()))


def fitting_by_trying(
    known: list[Tiny], links: list[list[tuple[int, Goal]]], values: list[tuple[int, int | None, int]]
) -> int:
    """The largest goal of the first path's last promise that always fits; at most 0 where none does."""
    calendar = known[links[1][-1][0]]

    def fits(seconds: int) -> bool:
        for _, dispatch, limit in values:
            end = calendar.kept_until(Goal("any", seconds=seconds), dispatch)
            if end is None or end > limit:
                return False
        return True

    if not fits(1):
        return found_or_none(known, links, values)
    seconds = 1
    while fits(seconds + 1):
        seconds += 1
    return seconds


def found_or_none(
    known: list[Tiny], links: list[list[tuple[int, Goal]]], values: list[tuple[int, int | None, int]]
) -> int:
    """What is left at the worst instant, where not even one second fits: open seconds from dispatch to limit, one less
    where the limit is closed.
    """
    calendar = known[links[1][-1][0]]
    left = []
    for _, dispatch, limit in values:
        assert dispatch is not None
        counted = calendar.count(dispatch, limit) if dispatch <= limit else -calendar.count(limit, dispatch)
        left.append(counted if calendar.is_open[limit] else counted - 1)
    assert min(left) <= 0
    return min(left)


@settings(deadline=None)
@given(chains(), st.integers(0, EXAMINED * DAY - 1))
def test_a_trace_ends_when_the_chain_does(
    case: tuple[list[Tiny], Chain, list[list[tuple[int, Goal]]]], at: int
) -> None:
    known, chain, links = case
    told = oracle(known, links, at)
    if told is None:
        with pytest.raises(HorizonError):
            trace(chain, at)
        return
    found = trace(chain, at)
    assert found.excess_seconds == told[0]
    assert found.outer.kept_until == told[2]
    assert found.steps[-1].kept_until == found.ends_at == chain.ends_at(at)
    assert [step.from_at for step in found.steps] == [at, *(step.kept_until for step in found.steps[:-1])]
    for step, (i, goal) in zip(found.steps, links[1 + found.path], strict=True):
        assert step.due_at == known[i].due(goal, step.from_at)


# --- real calendars: zones, night shifts, holidays with make-up days

PLACES = [
    ("Asia/Shanghai", date(2026, 2, 9)),  # 调休: Saturday 14 February is worked, 16 to 23 are not
    ("Europe/Berlin", date(2026, 3, 23)),  # 23 hours on the 29th
    ("Europe/Berlin", date(2026, 10, 19)),  # 25 hours on the 25th
    ("America/New_York", date(2026, 10, 26)),
    ("Australia/Lord_Howe", date(2026, 3, 30)),  # half an hour
]
WEEKDAYS = range(5)
OFFICE = tuple(Window(day, 9 * 60, 18 * 60) for day in WEEKDAYS)
NIGHTS = tuple(Window(day, 20 * 60, 32 * 60) for day in range(6))
SHIFTS = (*NIGHTS, *(Window(day, 8 * 60, 20 * 60) for day in range(6)))
HOLIDAYS = frozenset(date(2026, 2, day) for day in range(16, 24))


def calendar(zone: str, first: date, weekly: tuple[Window, ...] | None) -> OpenTime:
    rules = CalendarRules(
        zone,
        weekly or (),
        is_always_open=weekly is None,
        holidays=HOLIDAYS if weekly else frozenset(),
        makeup={date(2026, 2, 14): 0} if weekly else {},
    )
    return materialise(rules, first - timedelta(days=3), first + timedelta(days=40))


@pytest.mark.parametrize(("zone", "first"), PLACES)
@pytest.mark.parametrize("supplier_zone", ["same", "America/New_York"])
@pytest.mark.parametrize(
    ("outer", "own", "supplier"),
    [
        (None, OFFICE, OFFICE),
        (SHIFTS, NIGHTS, OFFICE),
        (OFFICE, None, NIGHTS),
        (OFFICE, OFFICE, OFFICE),
        (None, None, NIGHTS),
    ],
)
def test_no_minute_or_its_neighbour_is_worse_than_what_was_found(
    zone: str,
    first: date,
    supplier_zone: str,
    outer: tuple[Window, ...] | None,
    own: tuple[Window, ...] | None,
    supplier: tuple[Window, ...] | None,
) -> None:
    """All edges lie on whole minutes, so the seconds beside them are where a maximum of straight pieces can be."""
    chain = Chain(
        Promise(Goal("c", seconds=6 * 3600), calendar(zone, first, outer)),
        (
            (
                Promise(Goal("i", seconds=2 * 3600), calendar(zone, first, own)),
                Promise(
                    Goal("u", seconds=4 * 3600),
                    calendar(zone if supplier_zone == "same" else supplier_zone, first, supplier),
                ),
            ),
        ),
    )
    days = local_days(zone, first, first + timedelta(days=15))
    found = examine(chain, days)
    assert found is not None and found.days == 16
    there = ZoneInfo(zone)
    worst: dict[tuple[int, int], int] = {}
    for minute in range(days[0].from_at, days[-1].to_at, 15 * 60):
        for t in (minute - 1, minute, minute + 1):
            if days[0].from_at <= t < days[-1].to_at:
                local = datetime.fromtimestamp(t, UTC).astimezone(there)
                key = local.weekday(), local.hour
                worst[key] = max(worst.get(key, -(10**9)), chain.excess(t))
    assert found.excess_seconds == max(worst.values())
    for (weekday, hour), excess in worst.items():
        cell = found.hours[weekday][hour]
        assert cell is not None and cell.excess_seconds == excess, (weekday, hour)


def test_hours_of_long_and_short_days() -> None:
    short, long = (
        local_days("Europe/Berlin", day, day)[0] for day in (date(2026, 3, 29), date(2026, 10, 25))
    )
    assert [hour for _, _, hour in short.hours] == [0, 1, *range(3, 24)]
    assert [hour for _, _, hour in long.hours] == [0, 1, 2, 2, *range(3, 24)]
    assert (short.to_at - short.from_at, long.to_at - long.from_at) == (23 * 3600, 25 * 3600)
    assert short.weekday == long.weekday == 6
    with pytest.raises(CalendarError):
        local_days("Europe/Berln", date(2026, 1, 1), date(2026, 1, 1))


def test_a_skipped_date_is_no_day() -> None:
    days = local_days("Pacific/Apia", date(2011, 12, 29), date(2011, 12, 31))
    assert [day.weekday for day in days] == [3, 5]


def test_what_ends_after_the_calendar_is_left_out() -> None:
    first = date(2026, 6, 1)
    office = materialise(CalendarRules("UTC", OFFICE), first, first + timedelta(days=4))  # Monday to Friday
    promise = Promise(Goal("c", seconds=9 * 3600), office)
    found = examine(Chain(promise, ((promise,),)), local_days("UTC", first, first + timedelta(days=30)))
    assert found is not None
    assert (found.days, found.to_at - found.from_at) == (
        3,
        3 * 86_400,
    )  # from Thursday on it may end after Friday
    assert (
        examine(
            Chain(promise, ((promise, promise, promise, promise, promise),)), local_days("UTC", first, first)
        )
        is None
    )


def test_a_goal_that_ends_with_the_day_is_kept_until_the_next_one_opens() -> None:
    """Done at 08:59 on a due of 18:00 yesterday is met, where service ended at 18:00 (sla-semantics 0)."""
    first = date(2026, 6, 1)
    office = materialise(CalendarRules("UTC", OFFICE), first, first + timedelta(days=9))
    promise = Promise(Goal("c", seconds=9 * 3600), office)
    nine = days_at(first) + 9 * 3600
    assert promise.due_at(nine) == nine + 9 * 3600
    assert promise.kept_until(nine) == nine + 86_400
    assert promise.kept_until(nine + 1) == nine + 86_401
    always = Promise(
        Goal("a", seconds=9 * 3600),
        materialise(CalendarRules("UTC", is_always_open=True), first, first + timedelta(days=9)),
    )
    assert always.kept_until(nine) == always.due_at(nine)


def days_at(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def test_a_chain_says_what_it_consists_of() -> None:
    promise = Promise(Goal("a", seconds=60), ALWAYS)
    for paths in ((), ((),)):
        with pytest.raises(ValueError, match="at least one path"):
            Chain(promise, paths)
