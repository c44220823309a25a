"""Open seconds of several calendars as arrays: how many before an instant, and at which instant so many are
reached.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yunheng.logic.vector.columns import Array
from yunheng.logic.worktime import HorizonError, OpenTime

_MOST_CELLS = 1 << 24
_LEAST_CELL_SECONDS = 60


class Opening:
    """Open time of calendars over the instants from_at … to_at that the facts and `now` span.

    Where opening and closing times lie on a grid (minutes, in practice), the count before an instant is one
    look-up: each cell of the grid holds the count at its beginning, and in its lowest bit whether it is open.
    Otherwise, and for instants outside the span, it is found by bisection. Counts are relative to the
    calendar's count at `from_at`.
    """

    def __init__(self, calendars: Sequence[OpenTime], from_at: int, to_at: int) -> None:
        self.calendars = calendars
        self._starts = [np.array(it.starts, np.int64) for it in calendars]
        self._ends = [np.array(it.ends, np.int64) for it in calendars]
        self._prefix = [np.array(it.prefix, np.int64) for it in calendars]
        bounds = [bound for it in calendars for bound in (*it.starts, *it.ends)]
        self.cell_seconds = math.gcd(*bounds) if bounds else to_at - from_at + 1
        self.base = from_at // self.cell_seconds * self.cell_seconds if self.cell_seconds else from_at
        span = to_at - self.base + 1
        #: type of instants relative to `base`, and of counts
        self.type: type[np.int32] | type[np.int64] = np.int32 if span < 1 << 30 else np.int64
        cells = span // self.cell_seconds + 1 if self.cell_seconds else 0
        self.is_gridded = self.cell_seconds >= _LEAST_CELL_SECONDS and cells * len(calendars) <= _MOST_CELLS
        self._base_count = np.array(
            [self._absolute(number, np.array([self.base]))[0] for number in range(len(calendars))], np.int64
        )
        self._open_cells: Array | None = None
        if self.is_gridded:
            self.cells = cells
            self._grid = np.concatenate([np.zeros(0, self.type), *map(self._cells_of, range(len(calendars)))])
            self._open_cells, self._first_open_cell = self._list_open_cells()
        self._total = np.array([it.prefix[-1] for it in calendars], np.int64)
        self._working_days: dict[int, _WorkingDays] = {}
        self._first_at = np.array([it.first_at for it in calendars], np.int64)
        self._last_at = np.array([it.last_at for it in calendars], np.int64)
        #: whether every calendar covers the whole span, so that none of it needs to be checked
        self.is_covered = all(it.first_at <= from_at and to_at <= it.last_at for it in calendars)
        self.has_provisional = any(it.provisional for it in calendars)

    def count(self, at: Array, calendar: Array | int) -> Array:
        """Open seconds from `base` to each instant, which is relative to `base` and within the span."""
        if not self.is_gridded:
            return self.count_anywhere(at.astype(np.int64) + self.base, calendar).astype(self.type)
        cell: Array = at // self.type(self.cell_seconds)
        packed: Array = at - cell * self.type(self.cell_seconds)  # seconds into the cell
        if isinstance(calendar, int):
            cell += calendar * self.cells
        else:
            cell += (calendar * self.cells).astype(cell.dtype)
        found = self._grid.take(cell)
        packed *= found & 1
        found >>= 1
        packed += found
        return packed

    def count_anywhere(self, at: Array, calendar: Array | int) -> Array:
        """Open seconds from `base` to each absolute instant; negative before it."""
        if isinstance(calendar, int):
            result: Array = self._absolute(calendar, at) - self._base_count[calendar]
            return result
        result = np.zeros(len(at), np.int64)
        for number in range(len(self.calendars)):
            chosen = calendar == number
            if chosen.any():
                result[chosen] = self._absolute(number, at[chosen]) - self._base_count[number]
        return result

    def instant(self, count: Array, calendar: Array) -> Array:
        """Earliest absolute instant before which `count` open seconds (from `base`) lie.

        Not for the very beginning of a calendar (nothing open before). Raises HorizonError.
        """
        counts = count + self._base_count[calendar]
        beyond = counts > self._total[calendar]
        if beyond.any():
            raise self._horizon("a due instant lies after the calendar's end", int(calendar[beyond.argmax()]))
        if self._open_cells is not None:
            cell = (counts - 1) // self.cell_seconds
            result: Array = self._open_cells.take(cell + self._first_open_cell[calendar])
            result += counts
            result -= cell * self.cell_seconds
            return result
        result = np.zeros(len(count), np.int64)
        for number, prefix in enumerate(self._prefix):
            chosen = np.flatnonzero(calendar == number)
            place = np.searchsorted(prefix, counts[chosen], "left")
            result[chosen] = self._ends[number][place - 1] - (prefix[place] - counts[chosen])
        return result

    def count_at_end_of_working_day(self, at: Array, number: int, days: int) -> Array:
        """Open seconds from `base` to `OpenTime.end_of_working_day` of each absolute instant.

        Raises HorizonError.
        """
        if number not in self._working_days:
            self._working_days[number] = _WorkingDays.of(self, number)
        try:
            return self._working_days[number].count_at_end(at, days)
        except IndexError:
            raise self._horizon(f"{days} working days end after the calendar does", number) from None

    def check_span(self, from_at: Array, to_at: Array, calendar: Array) -> None:
        """Raise HorizonError if a span of absolute instants is not within its calendar."""
        if self.is_covered:
            return
        outside = (from_at < self._first_at[calendar]) | (to_at > self._last_at[calendar])
        if outside.any():
            raise self._horizon("facts lie outside the calendar", int(calendar[outside.argmax()]))

    def is_provisional(self, from_at: Array, to_at: Array, calendar: Array) -> Array:
        """`OpenTime.is_provisional` of each span."""
        result = np.zeros(len(from_at), np.bool_)
        for number, open_time in enumerate(self.calendars):
            for start, end in open_time.provisional:
                touches = ((start < to_at) & (from_at < end)) | ((from_at == to_at) & (from_at == start))
                result |= touches & (calendar == number)
        return result

    def _absolute(self, number: int, at: Array) -> Array:
        starts, ends, prefix = self._starts[number], self._ends[number], self._prefix[number]
        if not len(starts):
            return np.zeros(len(at), np.int64)
        place = np.searchsorted(starts, at, "right")
        rest = np.maximum(ends[place - 1] - at, 0)
        return np.where(place == 0, 0, prefix[place] - rest)

    def _cells_of(self, number: int) -> Array:
        edges = self.base + np.arange(self.cells + 1, dtype=np.int64) * self.cell_seconds
        counts = self.count_anywhere(edges, number)
        is_open = counts[1:] > counts[:-1]
        return ((counts[:-1] << 1) | is_open).astype(self.type)

    def _list_open_cells(self) -> tuple[Array | None, Array]:
        """Beginnings of all open cells of all calendars, and where each calendar's begin in it. None if too
        many.
        """
        lengths = [(self._ends[i] - starts) // self.cell_seconds for i, starts in enumerate(self._starts)]
        totals = np.array([length.sum() for length in lengths], np.int64)
        if totals.sum() > _MOST_CELLS:
            return None, totals
        cells = [np.zeros(0, np.int64)]
        for starts, length in zip(self._starts, lengths, strict=True):
            within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
            cells.append(np.repeat(starts, length) + within * self.cell_seconds)
        return np.concatenate(cells), np.cumsum(totals) - totals

    def _horizon(self, message: str, number: int) -> HorizonError:
        open_time = self.calendars[number]
        return HorizonError(message, open_time.first_at, open_time.last_at)


@dataclass(frozen=True, slots=True)
class _WorkingDays:
    """Working days of one calendar as tables."""

    midnights: Array
    opened_by: Array  #: by day: how many days up to and including it are open
    end_counts: Array  #: by open day: open seconds from the base to its end; only ends within the calendar

    @classmethod
    def of(cls, opening: Opening, number: int) -> "_WorkingDays":
        open_time = opening.calendars[number]
        is_open = np.array(open_time.day_ends, np.int64) >= 0
        ends = np.array(open_time.day_ends, np.int64)[is_open]
        ends = ends[ends <= open_time.last_at]
        return cls(
            np.array(open_time.midnights, np.int64),
            np.append(np.cumsum(is_open), len(ends) + 1),  # from the last midnight on there is none
            opening.count_anywhere(ends, number),
        )

    def count_at_end(self, at: Array, days: int) -> Array:
        """Raises IndexError where there are not so many days."""
        last = len(self.midnights) - 1
        day = np.clip((at - self.midnights[0]) // 86_400, 0, last)
        while True:  # days have 23 to 25 hours, and a zone may skip one
            step = (self.midnights[np.minimum(day + 1, last)] <= at).astype(np.int64)
            step[day == last] = 0
            step -= self.midnights[day] > at
            if not step.any():
                break
            day += step
        result: Array = self.end_counts[self.opened_by[day] + days - 1]
        return result
