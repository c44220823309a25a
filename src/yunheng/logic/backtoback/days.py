"""Local days and their hours in a contract's zone: the rows and columns of the table by weekday and hour."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from yunheng.logic.worktime import OpenTime
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


class DayPatterns:
    """How days look in calendars: equal numbers for days of equal hours with the same windows and the same end of the
    working day. A day that a calendar does not hold whole looks like no other.
    """

    def __init__(self, days: Sequence[LocalDay]) -> None:
        self._days = days
        self._known: dict[
            int, tuple[OpenTime, Sequence[int]]
        ] = {}  # the calendar is kept: its id stays its own

    def of(self, open_time: OpenTime) -> Sequence[int]:
        """A number for each day."""
        found = self._known.get(id(open_time))
        if found is None:
            found = self._known[id(open_time)] = open_time, list(self._looks(open_time))
        return found[1]

    def _looks(self, open_time: OpenTime) -> Iterator[int]:
        starts, ends, midnights = open_time.starts, open_time.ends, open_time.midnights
        numbers: dict[object, int] = {}
        for place, day in enumerate(self._days):
            from_at, to_at = day.from_at, day.to_at
            if from_at < open_time.first_at or to_at > open_time.last_at:
                yield -1 - place
                continue
            i, j = bisect_right(ends, from_at), bisect_left(starts, to_at)
            k, m = bisect_right(midnights, from_at) - 1, bisect_left(midnights, to_at)
            look = (
                day.hours,
                to_at - from_at,
                tuple((max(0, starts[at] - from_at), min(to_at, ends[at]) - from_at) for at in range(i, j)),
                tuple(midnight - from_at for midnight in midnights[k : m + 1]),
                tuple(end - from_at if end >= 0 else -1 for end in open_time.day_ends[k:m]),
            )
            yield numbers.setdefault(look, len(numbers))


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
