"""Working days as a measure: how many of them, begun ones by their share, lie between two instants."""

from bisect import bisect_right
from fractions import Fraction

from yunheng.logic.worktime.opentime import OpenTime


class WorkingDays:
    """The working days of a calendar, one after the other.

    A working day is the open time from the end of the working day before it to its own end, which is that of its last
    window, also past midnight; so it is the day that `OpenTime.end_of_working_day` counts. A day all of whose open time
    belongs to the day before it is none.
    """

    __slots__ = ("_bounds", "_calendar", "_opened")

    def __init__(self, calendar: OpenTime) -> None:
        self._calendar = calendar
        bounds = [calendar.first_at]
        for day in calendar.open_days:
            end = min(calendar.day_ends[day], calendar.last_at)
            if end > bounds[-1] and calendar.elapsed(bounds[-1], end):
                bounds.append(end)
        self._bounds = bounds
        self._opened = [calendar.elapsed(calendar.first_at, bound) for bound in bounds]

    def between(self, a: int, b: int) -> Fraction:
        """Working days in [a, b), each by the share of its open seconds; additive over any a ≤ b ≤ c.

        Raises ValueError when a > b, HorizonError outside the calendar.
        """
        self._calendar.elapsed(a, b)  # refuses what cannot be asked
        return self._before(b) - self._before(a)

    def spent(self, at: int, seconds: int) -> Fraction:
        """Working days that so many open seconds make, laid down from `at` on; those beyond the calendar make none.

        The same as `between(at, add(at, seconds))` where the calendar reaches so far. Raises HorizonError for an `at`
        outside the calendar, ValueError for negative seconds.
        """
        if seconds < 0:
            raise ValueError(f"{seconds} seconds make no working days")
        begin = self._calendar.elapsed(self._calendar.first_at, at)
        end = min(begin + seconds, self._opened[-1])
        first, last = self._day_of(begin), self._day_of(end)
        opened, length = self._opened, self._length(last)
        if self._length(first) == length:
            done = (end - opened[last]) - (begin - opened[first])
            return Fraction((last - first) * length + done, length)
        return (
            last
            - first
            + Fraction(end - opened[last], length)
            - Fraction(begin - opened[first], self._length(first))
        )

    def _day_of(self, opened: int) -> int:
        """The working day (the first is 0) in which so many seconds have been open since the calendar began."""
        return bisect_right(self._opened, opened) - 1

    def _length(self, day: int) -> int:
        """Open seconds of a working day; 1 for the one after the last, of which nothing is asked."""
        return self._opened[day + 1] - self._opened[day] if day + 1 < len(self._opened) else 1

    def _before(self, at: int) -> Fraction:
        days = bisect_right(self._bounds, at) - 1
        if days + 1 >= len(self._bounds):
            return Fraction(days)
        begin, end = self._bounds[days], self._bounds[days + 1]
        open_time = self._calendar.elapsed
        return days + Fraction(open_time(begin, at), open_time(begin, end))
