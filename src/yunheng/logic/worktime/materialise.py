"""From the rules of a calendar to explicit open time, exact on days of any length."""

from collections.abc import Iterable
from datetime import date

from yunheng.logic.worktime.errors import CalendarError
from yunheng.logic.worktime.opentime import OpenTime
from yunheng.logic.worktime.rules import CalendarRules, check_rules, weekly_windows, windows_on
from yunheng.logic.worktime.zones import WallClock, wall_midnight

_FIRST_YEAR, _LAST_YEAR = 1971, 2200  # an instant is never negative


def materialise(rules: CalendarRules, first: date, last: date) -> OpenTime:
    """Explicit open time of `rules` over the local dates first … last, with today's time zone data.

    Exact on days of any length: a wall time that the zone skips is never open, one that it repeats is open
    twice. A window of the day before `first` counts from the first midnight on; one of `last` is cut at the
    last midnight.
    Raises CalendarError (field, message) for rules that cannot be.
    """
    zone = check_rules(rules)
    if last < first or first.year < _FIRST_YEAR or last.year > _LAST_YEAR:
        raise CalendarError(
            "span", f"{first} to {last}: dates in order, from {_FIRST_YEAR} to {_LAST_YEAR}, are expected"
        )
    first_day, last_day = first.toordinal(), last.toordinal()
    wall = WallClock(zone, first_day, last_day)
    midnights = tuple(wall.midnight(day) for day in range(first_day, last_day + 2))
    first_at, last_at = midnights[0], midnights[-1]

    spans: list[tuple[int, int]] = []
    day_ends: list[int] = []
    by_weekday = weekly_windows(rules)
    for day in range(first_day - 1, last_day + 2):  # the day after can begin, then be set back
        base = wall_midnight(day)
        end_at = -1
        for start_minute, end_minute in windows_on(rules, by_weekday, day):
            for span in wall.instants(base + start_minute * 60, base + end_minute * 60):
                spans.append(span)
                end_at = max(end_at, span[1])
        if first_day <= day <= last_day:
            day_ends.append(end_at)
    merged = _merged((max(a, first_at), min(b, last_at)) for a, b in spans)

    years = frozenset() if rules.is_always_open else rules.provisional_years
    unpublished = (
        (
            wall.midnight(max(date(year, 1, 1).toordinal(), first_day)),
            wall.midnight(min(date(year + 1, 1, 1).toordinal(), last_day + 1)),
        )
        for year in years
        if first.year <= year <= last.year
    )
    return OpenTime(
        starts=tuple(a for a, _ in merged),
        ends=tuple(b for _, b in merged),
        midnights=midnights,
        day_ends=tuple(day_ends),
        first_day=first_day,
        provisional=tuple(_merged(unpublished)),
    )


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted disjoint union; empty spans vanish, touching ones become one."""
    union: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union
