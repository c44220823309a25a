"""Local days and their hours in a contract's zone: the rows and columns of the table by weekday and hour."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date

from yunheng.logic.worktime.zones import WallClock, load_zone

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
_PLAIN = tuple((hour * HOUR_SECONDS, (hour + 1) * HOUR_SECONDS, hour) for hour in range(24))


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local date as a span of instants. weekday: 0 = Monday. hours: (from, to, hour of the wall clock), in seconds
    after `from_at`; a day of 25 hours has one of them twice, one of 23 lacks one.
    """

    from_at: int
    to_at: int
    weekday: int
    hours: tuple[tuple[int, int, int], ...]


def local_days(zone: str, first: date, last: date) -> tuple[LocalDay, ...]:
    """Local dates first … last, those that the zone skipped left out. Raises CalendarError for an unknown zone."""
    wall = WallClock(load_zone(zone), first.toordinal(), last.toordinal())
    days = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        from_at, to_at = wall.midnight(ordinal), wall.midnight(ordinal + 1)
        if from_at < to_at:
            days.append(LocalDay(from_at, to_at, (ordinal - 1) % 7, _hours(wall, from_at, to_at)))
    return tuple(days)


def _hours(wall: WallClock, from_at: int, to_at: int) -> tuple[tuple[int, int, int], ...]:
    i = bisect_right(wall.begins, from_at) - 1
    if wall.stops[i] >= to_at and to_at - from_at == DAY_SECONDS:
        return _PLAIN  # one offset all day: it begins at 00:00
    hours = []
    at = from_at
    while at < to_at:
        while at >= wall.stops[i]:
            i += 1
        on_wall = at + wall.offsets[i]
        end = min(to_at, wall.stops[i], at + HOUR_SECONDS - on_wall % HOUR_SECONDS)
        hours.append((at - from_at, end - from_at, on_wall // HOUR_SECONDS % 24))
        at = end
    return tuple(hours)
