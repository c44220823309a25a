"""Open intervals of a calendar, and the questions that they answer by bisection."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise
from typing import Any

from yunheng.logic.worktime.errors import CalendarError, HorizonError, show_instant

_MOST_DAYS = 301 * 366  # more in a document is junk
_DOCUMENT_FORMAT = 1


@dataclass(frozen=True)
class OpenTime:
    """Open intervals of a calendar over a span of local dates; every answer is a bisection, O(log n).

    starts, ends: merged, disjoint, sorted, half-open. midnights: for each local date first … last + 1 the
    instant from which on the local date never falls below it (a date the zone skipped has the midnight of the
    next). day_ends: per date the end of the last window that starts on it, −1 when it is closed; it may lie
    beyond the horizon. first_day: ordinal of the first date (`date.toordinal`). provisional: [from, to) of
    provisional local years. Derived: `prefix[i]` is the open time before `starts[i]`, [first_at, last_at] the
    span that can be asked about, `open_days` the indices of dates on which something opens.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    midnights: tuple[int, ...]
    day_ends: tuple[int, ...]
    first_day: int
    provisional: tuple[tuple[int, int], ...] = ()
    prefix: tuple[int, ...] = field(init=False, repr=False, compare=False)
    first_at: int = field(init=False, repr=False, compare=False)
    last_at: int = field(init=False, repr=False, compare=False)
    open_days: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths = (end - start for start, end in zip(self.starts, self.ends, strict=True))
        object.__setattr__(self, "prefix", tuple(accumulate(lengths, initial=0)))
        object.__setattr__(self, "first_at", self.midnights[0])
        object.__setattr__(self, "last_at", self.midnights[-1])
        object.__setattr__(self, "open_days", tuple(i for i, end in enumerate(self.day_ends) if end >= 0))

    def elapsed(self, a: int, b: int) -> int:
        """Open seconds in [a, b). Additive over any a ≤ b ≤ c (sla-semantics 2).

        Raises ValueError when a > b, HorizonError outside the materialised span.
        """
        if a > b:
            raise ValueError(f"elapsed from {a} to {b}: the span ends before it begins")
        if a < self.first_at or b > self.last_at:
            self._refuse(a if a < self.first_at else b)
        return self._open_before(b) - self._open_before(a)

    def add(self, a: int, seconds: int) -> int:
        """Earliest t ≥ a with elapsed(a, t) == seconds, so add(a, 0) == a (sla-semantics 2).

        A window's end is a legal answer (0). Raises ValueError for negative seconds, HorizonError outside the
        span or when it has too little open time after `a`.
        """
        if seconds < 0:
            raise ValueError(f"cannot add {seconds} seconds")
        if not self.first_at <= a <= self.last_at:
            self._refuse(a)
        if seconds == 0:
            return a
        goal = self._open_before(a) + seconds
        prefix = self.prefix
        if goal > prefix[-1]:
            raise self._horizon(f"{seconds} open seconds after {show_instant(a)} end after the calendar does")
        i = bisect_left(prefix, goal)  # first interval at whose end the goal is reached
        return self.ends[i - 1] - (prefix[i] - goal)

    def end_of_working_day(self, a: int, n: int) -> int:
        """End of the n-th open day (n ≥ 1) after the local day of `a`: "N working days" (sla-semantics 4).

        A day is open when open time starts on it; its end is that of its last window, also past midnight.
        Raises ValueError when n < 1, HorizonError when the span has no such day.
        """
        if n < 1:
            raise ValueError(f"{n} working days: at least one is needed")
        k = bisect_right(self.open_days, self._day_index(a)) + n - 1
        if k < len(self.open_days):
            end_at = self.day_ends[self.open_days[k]]
            if end_at <= self.last_at:
                return end_at
        raise self._horizon(f"{n} working days after {show_instant(a)} end after the calendar does")

    def local_day(self, t: int) -> int:
        """Ordinal (`date.toordinal`) of the local date at `t`. Raises HorizonError."""
        return self.first_day + self._day_index(t)

    def open_between(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """Open intervals clipped to [a, b), in order, none empty. Raises as `elapsed`, on the first step."""
        if a > b:
            raise ValueError(f"open time from {a} to {b}: the span ends before it begins")
        if a < self.first_at or b > self.last_at:
            self._refuse(a if a < self.first_at else b)
        for i in range(bisect_right(self.ends, a), bisect_left(self.starts, b)):
            start, end = max(a, self.starts[i]), min(b, self.ends[i])
            if start < end:
                yield start, end

    def is_open_at(self, t: int) -> bool:
        """Whether `t` lies in an open interval. Raises HorizonError, also for the end of the span itself."""
        if not self.first_at <= t < self.last_at:
            self._refuse(t)
        i = bisect_right(self.starts, t)
        return i > 0 and t < self.ends[i - 1]

    def next_open(self, t: int) -> int:
        """Earliest open instant ≥ t. Raises HorizonError when there is none in the span."""
        if self.is_open_at(t):
            return t
        i = bisect_right(self.starts, t)
        if i == len(self.starts):
            raise self._horizon(f"nothing opens after {show_instant(t)}")
        return self.starts[i]

    def is_provisional(self, a: int, b: int) -> bool:
        """Whether [a, b), or the instant a when a == b, touches a provisional year (sla-semantics 6)."""
        return any((start < b and a < end) or a == b == start for start, end in self.provisional)

    def to_document(self) -> dict[str, Any]:
        """Compact JSON form, whole numbers only, to store a calendar version; equal calendars, equal form."""
        bounds = [t for span in zip(self.starts, self.ends, strict=True) for t in span]
        offsets = [
            end - midnight if end >= 0 else -1
            for midnight, end in zip(self.midnights, self.day_ends, strict=False)
        ]
        return {
            "format": _DOCUMENT_FORMAT,
            "first_day": self.first_day,
            "first_at": self.first_at,
            "days": _run_lengths(b - a for a, b in pairwise(self.midnights)),
            "day_ends": _run_lengths(offsets),
            "open": [b - a for a, b in pairwise([self.first_at, *bounds])],
            "provisional": [list(span) for span in self.provisional],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "OpenTime":
        """The calendar that `to_document` wrote. Raises CalendarError("document…") for anything else."""
        if document.get("format") != _DOCUMENT_FORMAT:
            raise CalendarError("document.format", f"{document.get('format')!r} is not {_DOCUMENT_FORMAT}")
        first_at = _whole(document, "first_at")
        midnights = tuple(accumulate(_expanded(document, "days"), initial=first_at))
        offsets = _expanded(document, "day_ends")
        bounds = tuple(accumulate(_whole_list(document.get("open"), "open"), initial=first_at))[1:]
        provisional = document.get("provisional")
        if not isinstance(provisional, list):
            raise CalendarError("document.provisional", "a list is expected")
        spans = [_whole_list(span, "provisional") for span in provisional]
        if len(offsets) != len(midnights) - 1 or not offsets or any(o < 1 and o != -1 for o in offsets):
            raise CalendarError("document.day_ends", "an end, or -1, for each day is expected")
        if any(a > b for a, b in pairwise(midnights)):
            raise CalendarError("document.days", "no day has a negative length")
        edges = (first_at, *bounds, midnights[-1])
        if (
            len(bounds) % 2
            or edges[0] > edges[1]
            or any(a >= b for a, b in pairwise(bounds))
            or edges[-2] > edges[-1]
        ):
            raise CalendarError("document.open", "pairs of gap and length within the days are expected")
        if any(len(span) != 2 or span[0] >= span[1] for span in spans):
            raise CalendarError("document.provisional", "pairs [from, to) are expected")
        return cls(
            starts=bounds[::2],
            ends=bounds[1::2],
            midnights=midnights,
            day_ends=tuple(m + o if o >= 0 else -1 for m, o in zip(midnights, offsets, strict=False)),
            first_day=_whole(document, "first_day"),
            provisional=tuple((span[0], span[1]) for span in spans),
        )

    def _open_before(self, t: int) -> int:
        i = bisect_right(self.starts, t)
        if i == 0:
            return 0
        end = self.ends[i - 1]
        return self.prefix[i] if t >= end else self.prefix[i] - (end - t)

    def _day_index(self, t: int) -> int:
        if not self.first_at <= t < self.last_at:
            self._refuse(t)
        return bisect_right(self.midnights, t) - 1

    def _refuse(self, t: int) -> None:
        raise self._horizon(f"{show_instant(t)} is outside the calendar")

    def _horizon(self, message: str) -> HorizonError:
        return HorizonError(message, self.first_at, self.last_at)


def has_open_time(open_time: OpenTime, from_at: int, to_at: int) -> bool:
    """Whether anything is open in [from_at, to_at) (sla-semantics 3). Raises HorizonError."""
    return open_time.elapsed(from_at, to_at) > 0


def _run_lengths(values: Iterable[int]) -> list[int]:
    """[value, count, value, count, …]"""
    return [n for value, run in groupby(values) for n in (value, sum(1 for _ in run))]


def _expanded(document: Mapping[str, Any], name: str) -> list[int]:
    runs = _whole_list(document.get(name), name)
    if len(runs) % 2 or any(count < 1 for count in runs[1::2]) or sum(runs[1::2]) > _MOST_DAYS:
        raise CalendarError(f"document.{name}", "pairs of value and count are expected")
    return [value for value, count in zip(runs[::2], runs[1::2], strict=True) for _ in range(count)]


def _whole(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    if type(value) is not int:
        raise CalendarError(f"document.{name}", f"{value!r} is not a whole number")
    return value


def _whole_list(value: object, name: str) -> list[int]:
    if not isinstance(value, list) or any(type(n) is not int for n in value):
        raise CalendarError(f"document.{name}", "a list of whole numbers is expected")
    return value
