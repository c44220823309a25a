"""Measures the laps of a chunk: elapsed and waited time, and the instants at which so much had elapsed."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.facts import Party
from yunheng.logic.vector.chunk import Chunk
from yunheng.logic.vector.columns import NONE, Array
from yunheng.logic.vector.laps import Laps
from yunheng.logic.vector.opening import Opening
from yunheng.logic.vector.policy import VectorPolicy


@dataclass(slots=True)
class Ground:
    """What the measures of a chunk stand on: laps, their calendars and goals, and open seconds by row."""

    chunk: Chunk
    laps: Laps
    opening: Opening
    calendar: Array  #: by lap: number of the calendar in the opening (0 without target)
    has_target: Array  #: by lap
    goal: Array  #: by lap: open seconds, -1 without target
    begin_count: Array  #: by row: open seconds from the opening's base to the row's instant
    seconds: Array  #: by row: open seconds from the row to the next one, or to the lap's end
    end_count: Array  #: by lap: open seconds from the opening's base to the lap's end

    @classmethod
    def lay(
        cls, chunk: Chunk, laps: Laps, policy: VectorPolicy, numbers: Array, opening: Opening, now: int
    ) -> "Ground":
        """`numbers` is the number of the calendar by goal; `now` is relative to the opening's base.

        Raises HorizonError when a goal in working days ends after its calendar.
        """
        has_target = laps.goal >= 0
        calendar = np.where(has_target, numbers[laps.goal], 0) if len(numbers) else np.zeros_like(laps.goal)
        is_last = laps.is_final
        end_at = np.full(len(laps.firsts), now, chunk.at.dtype)
        end_at[~is_last] = chunk.at[np.minimum(laps.ends, chunk.rows - 1)][~is_last]
        if len(opening.calendars) == 1:
            begin_count = opening.count(chunk.at, 0)
            end_count = opening.count(end_at, 0)
        else:
            by_row = np.repeat(calendar.astype(opening.type), laps.ends - laps.firsts)
            begin_count = opening.count(chunk.at, by_row)
            end_count = opening.count(end_at, calendar)
        seconds = np.empty_like(begin_count)
        np.subtract(begin_count[1:], begin_count[:-1], out=seconds[:-1])
        seconds[laps.ends - 1] = end_count - begin_count[laps.ends - 1]
        goal = _goal_seconds(laps, has_target, calendar, policy, opening)
        return cls(
            chunk, laps, opening, calendar, has_target, goal, begin_count, seconds, end_count.astype(np.int64)
        )


@dataclass(slots=True)
class Measure:
    """Elapsed time of every lap under one view of the disputes, and where it passes its goal."""

    ground: Ground
    passed: Array  #: by row: counted seconds from the chunk's beginning to the end of the row
    before: Array  #: by lap: counted seconds from the chunk's beginning to the lap's
    elapsed: Array  #: by lap
    is_breached: Array  #: by lap

    @classmethod
    def of(cls, ground: Ground, is_running: Array) -> "Measure":
        """`is_running` says for each row whether the clock runs after it."""
        laps = ground.laps
        passed = np.multiply(ground.seconds, is_running, dtype=np.int64)
        np.cumsum(passed, out=passed)
        at_end = passed[laps.ends - 1]
        before = np.zeros_like(at_end)
        before[1:] = at_end[:-1]
        elapsed = np.where(ground.has_target, at_end - before, 0)
        return cls(ground, passed, before, elapsed, ground.has_target & (elapsed > ground.goal))

    def instant_of(self, laps: Array, seconds: Array) -> Array:
        """Earliest absolute instant at which `seconds`, at most what elapsed, had elapsed in each lap."""
        ground = self.ground
        result = ground.laps.base_at[laps].astype(np.int64) + ground.opening.base
        some = np.flatnonzero(seconds > 0)
        if len(some):
            laps = laps[some]
            target = self.before[laps] + seconds[some]
            row = np.searchsorted(self.passed, target, "left")
            rest = target - np.where(row > 0, self.passed[row - 1], 0)
            count = ground.begin_count[row] + rest
            result[some] = ground.opening.instant(count, ground.calendar[laps])
        return result

    def waited(self, owners: Array, is_counted_phase: Array) -> Array:
        """Open seconds in which a pause or exclusion stopped the clock, by lap and party."""
        rows = np.flatnonzero((owners != 0) & is_counted_phase)
        width = len(Party)
        cell = self._lap_of(rows) * width + (owners[rows] - 1)
        sums = np.bincount(cell, self.ground.seconds[rows], minlength=len(self.elapsed) * width)
        result = sums.astype(np.int64).reshape(-1, width)
        result[~self.ground.has_target] = 0
        return result

    def without(self, rows: Array) -> tuple[Array, Array]:
        """Elapsed time, and whether the goal is breached, by lap, if some of the counted rows did not count."""
        seconds = np.bincount(self._lap_of(rows), self.ground.seconds[rows], minlength=len(self.elapsed))
        elapsed = np.where(self.ground.has_target, self.elapsed - seconds.astype(np.int64), 0)
        return elapsed, self.ground.has_target & (elapsed > self.ground.goal)

    def _lap_of(self, rows: Array) -> Array:
        laps = self.ground.laps
        if len(laps.firsts) == self.ground.chunk.subjects:
            result: Array = self.ground.chunk.subject[rows]
            return result
        return np.searchsorted(laps.firsts, rows, "right") - 1


def _goal_seconds(
    laps: Laps, has_target: Array, calendar: Array, policy: VectorPolicy, opening: Opening
) -> Array:
    if not len(policy.goals):
        return np.full(len(laps.firsts), NONE, np.int64)
    fixed = np.array([NONE if it.seconds is None else it.seconds for it in policy.goals], np.int64)
    goal = np.where(has_target, fixed[laps.goal], NONE)
    for index, it in enumerate(policy.goals):
        if it.working_days is None:
            continue
        chosen = np.flatnonzero(laps.goal == index)
        if len(chosen):
            base_at = laps.base_at[chosen]
            number = int(calendar[chosen[0]])
            from_at = base_at.astype(np.int64) + opening.base
            opening.check_span(from_at, from_at, calendar[chosen])
            until = opening.count_at_end_of_working_day(from_at, number, it.working_days)
            goal[chosen] = until - opening.count(base_at, number)
    return goal
