"""Local days and their hours in a contract's zone: the rows and columns of the table by weekday and hour."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from yunheng.logic.worktime.zones import WallClock, load_zone

HOUR_SECONDS = 3600


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
    known: dict[tuple[tuple[int, int, int], ...], tuple[tuple[int, int, int], ...]] = {}
    days = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        from_at, to_at = wall.midnight(ordinal), wall.midnight(ordinal + 1)
        if from_at < to_at:
            hours = tuple(_hours(wall, from_at, to_at))
            days.append(LocalDay(from_at, to_at, (ordinal - 1) % 7, known.setdefault(hours, hours)))
    return tuple(days)


def _hours(wall: WallClock, from_at: int, to_at: int) -> Iterator[tuple[int, int, int]]:
    at = from_at
    i = bisect_right(wall.begins, at) - 1
    while at < to_at:
        while at >= wall.stops[i]:
            i += 1
        on_wall = at + wall.offsets[i]
        end = min(to_at, wall.stops[i], at + HOUR_SECONDS - on_wall % HOUR_SECONDS)
        yield at - from_at, end - from_at, on_wall // HOUR_SECONDS % 24
        at = end
