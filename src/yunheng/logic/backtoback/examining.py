"""Examines a chain of promises over every opening instant of many days, and finds where it cannot be kept."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from yunheng.logic.backtoback.days import DayPatterns, LocalDay
from yunheng.logic.backtoback.pieces import (
    Piece,
    Pieces,
    composed,
    difference,
    earliest,
    greatest,
    identity,
    least,
)
from yunheng.logic.backtoback.promises import Promise, counted, reached
from yunheng.logic.worktime import HorizonError, OpenTime

MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Chain:
    """What was promised (`outer`), and what others promised us that must fit inside it.

    Each of `paths` bounds the end: its promises run one after the other, each from the last instant at which the one
    before is kept. Of several paths the one that ends first decides, since all are kept.
    """

    outer: Promise
    paths: tuple[tuple[Promise, ...], ...]

    def __post_init__(self) -> None:
        if not self.paths or not all(self.paths):
            raise ValueError("a chain has at least one path, and each path a promise")

    def ends_at(self, at: int) -> int:
        """When it ends at the latest although everybody keeps theirs, if it starts at `at`. Raises HorizonError."""
        return min(_along(path, at) for path in self.paths)

    def excess(self, at: int) -> int:
        """Open seconds of the outer calendar by which that exceeds the goal; negative: what is left.

        Raises HorizonError.
        """
        open_time = self.outer.open_time
        first = open_time.first_at
        return open_time.elapsed(first, self.ends_at(at)) - open_time.elapsed(
            first, self.outer.kept_until(at)
        )


@dataclass(frozen=True, slots=True)
class Hour:
    """The openings of one hour on one weekday, over all days examined.

    excess_seconds: the largest excess (negative: the least that is left), first met by an opening at `at`. days: how
    many of those weekdays have the hour; broken_days: on how many of them some second of it exceeds.
    """

    excess_seconds: int
    at: int
    broken_days: int
    days: int


@dataclass(frozen=True, slots=True)
class Examination:
    """What becomes of a chain, whatever the instant at which its clock starts.

    excess_seconds, at: the worst case and an opening that has it, in the outer calendar's open time where one is, and
    on the most usual of such days.
    is_breakable: from some instant the outer goal can be missed although every promise is kept.
    fitting_seconds: the largest goal of the last promise of the first path, in open seconds of its calendar, with
    which that path always fits; 0 or less: none would. hours: [weekday][hour], None for an hour that no day has.
    from_at, to_at: the days examined; what would end after a calendar does is left out.
    """

    excess_seconds: int
    at: int
    fitting_seconds: int
    hours: tuple[tuple[Hour | None, ...], ...]
    days: int
    broken_days: int
    from_at: int
    to_at: int

    @property
    def is_breakable(self) -> bool:
        return self.excess_seconds > 0


@dataclass(frozen=True, slots=True)
class _Day:
    """What a day with a certain shape comes to; instants are seconds after its beginning."""

    excess_seconds: int
    offset: int
    is_open: bool  #: the outer calendar is open at `offset`
    fitting_seconds: int
    hours: tuple[tuple[int, int, int], ...]  #: (hour, excess, offset)


@dataclass(slots=True)
class _Alike:
    """Days of one weekday that come to the same, and the beginning of their first."""

    day: _Day
    weekday: int
    from_at: int
    days: int = 1


def examine(
    chain: Chain, days: Sequence[LocalDay], patterns: DayPatterns | None = None
) -> Examination | None:
    """The worst that can happen from any second of `days`; exact, since between edges of calendars all is straight.

    Days around which all calendars look alike are computed once; `patterns` of the same days spare other chains the
    look at each calendar's days. None when no day could be examined, because every chain ends after a calendar does.
    """
    known = _Known(chain, days, patterns or DayPatterns(days))
    alike: dict[tuple[int, int], _Alike] = {}
    examined: list[LocalDay] = []
    for place, day in enumerate(days):
        try:
            found = known.day(place)
        except HorizonError:
            continue
        examined.append(day)
        group = alike.get((id(found), day.weekday))
        if group is None:
            alike[id(found), day.weekday] = _Alike(found, day.weekday, day.from_at)
        else:
            group.days += 1
    if not examined:
        return None
    groups = list(alike.values())  # by their first day
    worst = max(groups, key=lambda group: (group.day.excess_seconds, group.day.is_open, group.days))
    return Examination(
        excess_seconds=worst.day.excess_seconds,
        at=worst.from_at + worst.day.offset,
        fitting_seconds=min(group.day.fitting_seconds for group in groups),
        hours=_table(groups),
        days=len(examined),
        broken_days=sum(group.days for group in groups if group.day.excess_seconds > 0),
        from_at=examined[0].from_at,
        to_at=examined[-1].to_at,
    )


class _Known:
    """What days come to; of days with equal days after them, as far as the chain goes, only the first is examined."""

    def __init__(self, chain: Chain, days: Sequence[LocalDay], patterns: DayPatterns) -> None:
        self._chain, self._days = chain, days
        calendars = {id(promise.open_time): promise.open_time for promise in _promises(chain)}
        self._looks = list(zip(*(patterns.of(one) for one in calendars.values()), strict=True))
        self._by_look: dict[int, dict[object, _Day]] = {}  # by the number of days that matter
        self._by_shape: dict[object, _Day] = {}

    def day(self, place: int) -> _Day:
        """What the day comes to. Raises HorizonError."""
        for count, known in self._by_look.items():
            found = known.get(tuple(self._looks[place : place + count]))
            if found is not None:
                return found
        day = self._days[place]
        reach, shape = _shape(self._chain, day)
        found = self._by_shape.get(shape)
        if found is None:
            found = self._by_shape[shape] = _examined(self._chain, day)
        last = bisect_right(self._days, reach, lo=place, key=lambda one: one.from_at)
        if reach < self._days[last - 1].to_at:  # else it goes on beyond the days whose looks are known
            look = tuple(self._looks[place:last])
            self._by_look.setdefault(last - place, {})[look] = found
        return found


def _table(groups: Iterable["_Alike"]) -> tuple[tuple[Hour | None, ...], ...]:
    cells: dict[tuple[int, int], Hour] = {}
    for group in groups:
        for hour, excess, offset in group.day.hours:
            key = group.weekday, hour
            broken_days = group.days if excess > 0 else 0
            cell = cells.get(key, Hour(excess, group.from_at + offset, 0, 0))
            is_worse = excess > cell.excess_seconds
            cells[key] = Hour(
                excess if is_worse else cell.excess_seconds,
                group.from_at + offset if is_worse else cell.at,
                cell.broken_days + broken_days,
                cell.days + group.days,
            )
    return tuple(tuple(cells.get((weekday, hour)) for hour in range(24)) for weekday in range(7))


def _along(path: Iterable[Promise], at: int) -> int:
    for promise in path:
        at = promise.kept_until(at)
    return at


def _promises(chain: Chain) -> Iterable[Promise]:
    yield chain.outer
    for path in chain.paths:
        yield from path


def _shape(chain: Chain, day: LocalDay) -> tuple[int, object]:
    """How far the chain goes, and what is equal for days from which all that it can meet lies alike. Raises
    HorizonError.
    """
    last = day.to_at - 1
    reach = max(chain.outer.kept_until(last), *(_along(path, last) for path in chain.paths))
    seen: dict[tuple[int, bool], object] = {}
    for promise in _promises(chain):
        in_days = promise.goal.seconds is None
        name = id(promise.open_time), in_days
        if name not in seen:
            open_time = promise.open_time
            if day.from_at < open_time.first_at:
                raise HorizonError(
                    "the day begins before the calendar", open_time.first_at, open_time.last_at
                )
            windows = _windows(open_time, day.from_at, reach)
            seen[name] = windows, _day_ends(open_time, day.from_at, reach) if in_days else ()
    return reach, (day.hours, reach - day.from_at, tuple(seen.values()))


def _windows(open_time: OpenTime, from_at: int, to_at: int) -> tuple[int, ...]:
    starts, ends = open_time.starts, open_time.ends
    i, j = bisect_right(ends, from_at), bisect_right(starts, to_at)
    return (
        *(max(0, start - from_at) for start in starts[i:j]),
        *(min(to_at, end) - from_at for end in ends[i:j]),
    )


def _day_ends(open_time: OpenTime, from_at: int, to_at: int) -> tuple[int, ...]:
    midnights = open_time.midnights
    i, j = bisect_right(midnights, from_at) - 1, bisect_left(midnights, to_at)
    return (
        *(midnight - from_at for midnight in midnights[max(0, i) : j + 1]),
        *(end - from_at if end >= 0 else -1 for end in open_time.day_ends[max(0, i) : j]),
    )


def _examined(chain: Chain, day: LocalDay) -> _Day:
    start = identity(day.from_at, day.to_at)
    outer = chain.outer
    kept = composed(start, outer.walk)
    leads = [_led(start, path[:-1]) for path in chain.paths]
    end: Pieces = ()
    for path, lead in zip(chain.paths, leads, strict=True):
        ends = composed(lead, path[-1].walk)
        end = earliest(end, ends) if end else ends

    def count(a: int, b: int) -> Iterator[Piece]:
        return counted(outer.open_time, a, b)

    excess = difference(composed(end, count), composed(kept, count))
    return _Day(
        *_worst(excess, outer.open_time, day.from_at),
        fitting_seconds=_fitting(chain.paths[0][-1].open_time, leads[0], kept),
        hours=tuple(_by_hour(excess, day)),
    )


def _led(start: Pieces, path: Iterable[Promise]) -> Pieces:
    for promise in path:
        start = composed(start, promise.walk)
    return start


def _worst(excess: Pieces, open_time: OpenTime, from_at: int) -> tuple[int, int, bool]:
    """The largest excess, seconds after `from_at` at which it is met, whether the calendar is open then: amid the
    longest stretch of open time that has it, else amid the longest stretch.
    """
    most = greatest(excess)
    stretches: list[tuple[int, int]] = []
    for piece in excess:
        if piece.slope == 0 and piece.value == most:
            stretches.append((piece.from_at, piece.to_at))
        elif piece.slope:
            stretches += [(t, t + 1) for t in (piece.from_at, piece.to_at - 1) if piece.at(t) == most]
    within = [span for a, b in stretches for span in open_time.open_between(a, b)]
    a, b = max(within or stretches, key=lambda span: span[1] - span[0])
    middle = (a + b) // 2
    return most, max(a, middle - middle % MINUTE_SECONDS) - from_at, bool(within)


def _fitting(open_time: OpenTime, lead: Pieces, kept: Pieces) -> int:
    return least(
        difference(
            composed(kept, lambda a, b: reached(open_time, a, b)),
            composed(lead, lambda a, b: counted(open_time, a, b)),
        )
    )


def _by_hour(excess: Pieces, day: LocalDay) -> Iterable[tuple[int, int, int]]:
    """(hour, largest excess, where it is met first) for each hour of the day; an hour that comes twice, once."""
    found: dict[int, tuple[int, int]] = {}
    i = 0
    for from_offset, to_offset, hour in day.hours:
        a, b = day.from_at + from_offset, day.from_at + to_offset
        while excess[i].to_at <= a:
            i += 1
        j = i
        while j < len(excess) and excess[j].from_at < b:
            piece = excess[j]
            for t in (max(a, piece.from_at), min(b, piece.to_at) - 1):
                value = piece.at(t)
                if hour not in found or value > found[hour][0]:
                    found[hour] = (value, t - day.from_at)
            j += 1
    return [(hour, value, offset) for hour, (value, offset) in found.items()]
