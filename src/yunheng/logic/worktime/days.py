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

    __slots__ = ("_bounds", "_calendar")

    def __init__(self, calendar: OpenTime) -> None:
        self._calendar = calendar
        bounds = [calendar.first_at]
        for day in calendar.open_days:
            end = min(calendar.day_ends[day], calendar.last_at)
            if end > bounds[-1] and calendar.elapsed(bounds[-1], end):
                bounds.append(end)
        self._bounds = bounds

    def between(self, a: int, b: int) -> Fraction:
        """Working days in [a, b), each by the share of its open seconds; additive over any a ≤ b ≤ c.

        Raises ValueError when a > b, HorizonError outside the calendar.
        """
        self._calendar.elapsed(a, b)  # refuses what cannot be asked
        return self._before(b) - self._before(a)

    def _before(self, at: int) -> Fraction:
        days = bisect_right(self._bounds, at) - 1
        if days + 1 >= len(self._bounds):
            return Fraction(days)
        begin, end = self._bounds[days], self._bounds[days + 1]
        open_time = self._calendar.elapsed
        return days + Fraction(open_time(begin, at), open_time(begin, end))
