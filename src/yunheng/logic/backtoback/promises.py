"""One promise on its calendar: until when it is kept, as a function of the instant it begins at."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from yunheng.logic.backtoback.pieces import Piece
from yunheng.logic.clock import Goal
from yunheng.logic.worktime import HorizonError, OpenTime


@dataclass(frozen=True, slots=True)
class Promise:
    """A goal, counted in `open_time` from the instant at which its clock starts.

    It is kept until elapsed > goal, strictly (sla-semantics 0): where the goal ends with a window, until the next one
    opens.
    """

    goal: Goal
    open_time: OpenTime

    def due_at(self, at: int) -> int:
        """When it falls due: the earliest instant with elapsed = goal. Raises HorizonError."""
        if self.goal.seconds is not None:
            return self.open_time.add(at, self.goal.seconds)
        return self.open_time.end_of_working_day(at, self.goal.working_days or 1)

    def kept_until(self, at: int) -> int:
        """The last instant at which what ends is in time: the latest with elapsed = goal. Raises HorizonError."""
        open_time, seconds = self.open_time, self.goal.seconds
        counted_at, more = (at, seconds) if seconds is not None else (self.due_at(at), 0)
        return latest_at(open_time, open_time.elapsed(open_time.first_at, counted_at) + more)

    def walk(self, a: int, b: int) -> Iterator[Piece]:
        """Pieces of `kept_until` over [a, b); it never falls, and its slopes are 0 and 1. Raises HorizonError."""
        if self.goal.seconds is None:
            return self._walk_days(a, b, self.goal.working_days or 1)
        return self._walk_seconds(a, b, self.goal.seconds)

    def _walk_seconds(self, a: int, b: int, seconds: int) -> Iterator[Piece]:
        open_time = self.open_time
        starts, ends, prefix = open_time.starts, open_time.ends, open_time.prefix
        for from_at, to_at, before, slope in counted(open_time, a, b):
            if slope == 0:
                yield Piece(from_at, to_at, latest_at(open_time, before + seconds), 0)
                continue
            at = from_at
            position = before + seconds
            i = _window_of(open_time, position)
            while at < to_at:
                if i == len(starts):
                    raise _beyond(open_time)
                value = starts[i] + position - prefix[i]
                run = min(to_at - at, ends[i] - value)
                yield Piece(at, at + run, value, 1)
                at += run
                position += run
                i += 1

    def _walk_days(self, a: int, b: int, count: int) -> Iterator[Piece]:
        open_time = self.open_time
        at = a
        while at < b:
            end_at = open_time.end_of_working_day(at, count)
            next_day = open_time.midnights[bisect_right(open_time.midnights, at)]
            to_at = min(b, next_day)
            position = open_time.elapsed(open_time.first_at, end_at)
            yield Piece(at, to_at, latest_at(open_time, position), 0)
            at = to_at


def counted(open_time: OpenTime, a: int, b: int) -> Iterator[Piece]:
    """Pieces over [a, b) of the open time before t: slope 1 in a window, 0 between. Raises HorizonError."""
    if a < open_time.first_at or b > open_time.last_at + 1:
        raise _beyond(open_time)
    starts, ends, prefix = open_time.starts, open_time.ends, open_time.prefix
    i = bisect_right(starts, a) - 1
    at = a
    while at < b:
        if i >= 0 and at < ends[i]:
            to_at = min(b, ends[i])
            yield Piece(at, to_at, prefix[i] + at - starts[i], 1)
        else:
            to_at = b if i + 1 == len(starts) else min(b, starts[i + 1])
            yield Piece(at, to_at, prefix[i + 1], 0)
            i += 1
        at = to_at


def reached(open_time: OpenTime, a: int, b: int) -> Iterator[Piece]:
    """Pieces over [a, b) of the most open time before an instant that a promise kept until t may count up to.

    In a window that is the open time before t. Between windows it is one second less: exactly up to the last window's
    end would be kept until the next one opens, after t. Raises HorizonError.
    """
    for piece in counted(open_time, a, b):
        yield piece if piece.slope else piece._replace(value=piece.value - 1)


def latest_at(open_time: OpenTime, position: int) -> int:
    """The latest instant before which so many seconds were open. Raises HorizonError."""
    i = _window_of(open_time, position)
    if i == len(open_time.starts):
        raise _beyond(open_time)
    return open_time.starts[i] + position - open_time.prefix[i]


def _window_of(open_time: OpenTime, position: int) -> int:
    """Index of the window in which the count passes `position`; the number of windows beyond the last."""
    return bisect_right(open_time.prefix, position) - 1


def _beyond(open_time: OpenTime) -> HorizonError:
    return HorizonError(
        "the chain of promises ends after the calendar does", open_time.first_at, open_time.last_at
    )
