"""Laps of many clocks: stretches over which time accumulates towards one goal, and the goal of each."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.vector.chunk import Chunk, is_neighbour
from yunheng.logic.vector.columns import NONE, Array
from yunheng.logic.vector.phases import Phases
from yunheng.logic.vector.policy import Effect, VectorPolicy


@dataclass(slots=True)
class Laps:
    """Laps in order of their subjects. The first of a subject begins with its first row, where no time counts
    yet.
    """

    firsts: Array  #: first row
    ends: Array  #: row after the last
    subject: Array
    base_at: Array  #: relative instant from which it measures: start, reset or goal change
    goal: Array  #: index of the goal, -1 without target
    is_final: Array

    @property
    def finals(self) -> Array:
        """The last lap of each subject, by subject."""
        return np.flatnonzero(self.is_final)


class Profiles:
    """The profile rows of a chunk, to ask which profile is in force."""

    def __init__(self, chunk: Chunk) -> None:
        self.rows = chunk.having(Effect.PROFILES)
        self.subject = chunk.subject[self.rows]
        self.term = chunk.term[self.rows]

    def before(self, limit: Array, subject: Array) -> Array:
        """Term of the last profile row before row `limit` of each subject, else of its first one; -1 for
        none.
        """
        if not len(self.rows):
            return np.full(len(limit), NONE, np.int32)
        last = len(self.rows) - 1
        place = np.searchsorted(self.rows, limit, "left") - 1
        is_known = (place >= 0) & (self.subject[place] == subject)
        place = np.where(is_known, place, np.minimum(place + 1, last))
        return np.where(self.subject[place] == subject, self.term[place], NONE)


def find_laps(chunk: Chunk, policy: VectorPolicy, phases: Phases, profiles: Profiles, profile: Array) -> Laps:
    """`profile` is the final one of each subject, which decides the goal unless goals change from the change
    on.
    """
    from_change = policy.policy.goal_change == "from_change"
    cuts = [_resets(chunk, phases)] if policy.policy.reset else []
    if from_change:
        cuts.append(_goal_changes(chunk, policy, phases, profiles))
    started_at = chunk.at[np.maximum(phases.started, 0)]
    every = np.arange(chunk.subjects)
    cut = np.unique(np.concatenate(cuts)) if cuts else every[:0]
    if not len(cut):
        goals = _goals(policy, phases, profiles, profile, phases.started, every, from_change)
        return Laps(chunk.firsts, chunk.ends, every, started_at, goals, np.ones(chunk.subjects, np.bool_))

    firsts = np.concatenate([chunk.firsts, cut])
    order = np.argsort(firsts, kind="stable")
    firsts = firsts[order]
    is_cut = order >= chunk.subjects
    subject = chunk.subject[firsts]
    ends = np.append(firsts[1:], chunk.rows)
    base_row = np.where(is_cut, firsts, phases.started[subject])
    base_at = chunk.at[np.maximum(base_row, 0)]
    goals = _goals(policy, phases, profiles, profile, base_row, subject, from_change)
    is_final = np.ones(len(firsts), np.bool_)
    is_final[:-1] = subject[1:] != subject[:-1]
    return Laps(firsts, ends, subject, base_at, goals, is_final)


def _goals(
    policy: VectorPolicy,
    phases: Phases,
    profiles: Profiles,
    profile: Array,
    base_row: Array,
    subject: Array,
    from_change: bool,
) -> Array:
    term = profiles.before(base_row + 1, subject) if from_change else profile[subject]
    return np.where(phases.started[subject] >= 0, policy.goal_for(term), NONE)


def _resets(chunk: Chunk, phases: Phases) -> Array:
    """Rows that reset a clock that runs before and after them."""
    rows = chunk.having(Effect.RESETS)
    rows = rows[rows > chunk.firsts[chunk.subject[rows]]]
    chosen: Array = rows[phases.is_active[rows] & phases.is_active[rows - 1]]
    return chosen


def _goal_changes(chunk: Chunk, policy: VectorPolicy, phases: Phases, profiles: Profiles) -> Array:
    """Profile rows after the start and before the final end whose goal differs from that of the profile
    before.
    """
    rows, subject = profiles.rows, profiles.subject
    goals = policy.goal_for(profiles.term)
    is_change = is_neighbour(subject)
    is_change[1:] &= goals[1:] != goals[:-1]
    started, ended = phases.started[subject], phases.ended[subject]
    chosen: Array = rows[is_change & (started >= 0) & (rows > started) & ((ended < 0) | (rows < ended))]
    return chosen
