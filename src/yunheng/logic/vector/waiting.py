"""Waiting periods of many subjects: from when to when, for whom and why, and how long each held a clock back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from yunheng.logic.facts import FactKind
from yunheng.logic.vector.chunk import Chunk, cut_chunk, rows_between
from yunheng.logic.vector.columns import Array, FactColumns
from yunheng.logic.vector.laps import Profiles, find_laps
from yunheng.logic.vector.measuring import Ground
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.vector.opening import Opening
from yunheng.logic.vector.pauses import find_pauses, pair_rows, standings_of
from yunheng.logic.vector.phases import find_phases
from yunheng.logic.vector.policy import Effect, VectorPolicy
from yunheng.logic.worktime import OpenTime

_EFFECTS = {
    FactKind.WAIT_BEGAN: Effect.WAITS | Effect.BEGINS,
    FactKind.WAIT_ENDED: Effect.WAITS,
    FactKind.PAUSE_CONFIRMED: Effect.JUDGES,
    FactKind.PAUSE_DISPUTED: Effect.JUDGES,
    FactKind.PAUSE_UPHELD: Effect.JUDGES,
    FactKind.PAUSE_REJECTED: Effect.JUDGES,
}


@dataclass(frozen=True, slots=True)
class Waits:
    """One element per waiting period, in the order of the facts that begin them.

    `row` is the fact that begins it; instants are epoch seconds UTC, `ended_at` NEVER while it lasts; `term` is the
    reason, `standing` the kind of the last fact that judged it (0: nobody has answered).
    """

    row: Array
    subject: Array
    began_at: Array
    ended_at: Array
    term: Array
    party: Array
    standing: Array

    def __len__(self) -> int:
        return len(self.row)

    def touch(self, start: int, end: int) -> Array:
        """Which of them last for some of [start, end), or begin in it."""
        is_begun = self.began_at < end
        is_there = (self.ended_at == NEVER) | (self.ended_at > start) | (self.began_at >= start)
        found: Array = is_begun & is_there
        return found


def read_waits(facts: FactColumns) -> Waits:
    """All waiting periods, whatever a contract makes of them; pairs and standings are those of the fold."""
    effects = np.zeros(len(facts), np.uint16)
    for kind, effect in _EFFECTS.items():
        effects[facts.kind == kind] = effect
    firsts, ends, subject = _subjects(facts)
    chunk = Chunk(firsts, ends, subject, facts.at, effects, facts.kind, facts.term, facts.party, facts.ref)
    begins, finishes = pair_rows(chunk, chunk.having(Effect.WAITS))
    standing = standings_of(chunk, begins)
    is_over = finishes < ends[subject[begins]] if len(begins) else np.zeros(0, np.bool_)
    ended_at = np.full(len(begins), NEVER, np.int64)
    ended_at[is_over] = facts.at[finishes[is_over]]
    return Waits(
        row=begins,
        subject=facts.subject[begins],
        began_at=facts.at[begins],
        ended_at=ended_at,
        term=facts.term[begins],
        party=facts.party[begins],
        standing=standing,
    )


def held_seconds(
    facts: FactColumns,
    policy: VectorPolicy,
    calendars: Mapping[str, OpenTime],
    now: int,
    *,
    start: int,
    end: int,
) -> Array:
    """By fact: the open seconds within [start, end), until `now`, for which the wait that it begins stopped the clock.

    Of several waits in force the one that began first has the time; one that the contract does not let stop the clock,
    that was rejected or is disputed has none (sla-semantics 7, 12, 13). Zero for all other facts. Raises HorizonError
    as `fold_many` does.
    """
    held = np.zeros(len(facts), np.int64)
    if not len(facts) or not policy.goals:
        return held
    names = list(dict.fromkeys(goal.calendar for goal in policy.goals))
    opening = Opening([calendars[name] for name in names], min(int(facts.at.min()), now), now)
    numbers = np.array([names.index(goal.calendar) for goal in policy.goals], np.int64)
    firsts, _ends, _subject = _subjects(facts)
    until = now - opening.base if facts.at.max() > now else None
    chunk = cut_chunk(facts, firsts, len(facts), policy, opening, until)
    phases = find_phases(chunk, counts_gaps=policy.policy.reopen == "count")
    pauses, profiles = find_pauses(chunk, policy), Profiles(chunk)
    limit = np.where(phases.ended >= 0, phases.ended, chunk.ends)
    profile = profiles.before(limit, np.arange(chunk.subjects))
    laps = find_laps(chunk, policy, phases, profiles, profile)
    ground = Ground.lay(chunk, laps, policy, numbers, opening, now - opening.base)

    begins, ends, places = pauses.stretches()
    owner = rows_between(begins, ends, places.astype(np.int64) + 1, chunk.rows)
    rows = np.flatnonzero((owner != 0) & phases.counts)
    lap = np.searchsorted(laps.firsts, rows, "right") - 1
    is_measured = ground.has_target[lap]
    rows, lap = rows[is_measured], lap[is_measured]
    if not len(rows):
        return held
    latest = now - opening.base
    is_inner = rows + 1 < laps.ends[lap]
    following = np.minimum(rows + 1, chunk.rows - 1)
    to_at = np.where(is_inner | ~laps.is_final[lap], chunk.at[following], latest)
    low, high = (min(max(bound - opening.base, 0), latest) for bound in (start, end))
    from_at = np.clip(chunk.at[rows], low, high).astype(opening.type)
    to_at = np.clip(to_at, low, high).astype(opening.type)
    calendar = ground.calendar[lap]
    seconds = opening.count(to_at, calendar) - opening.count(from_at, calendar)
    np.add.at(held, pauses.begins[owner[rows] - 1], seconds)
    is_wait = facts.kind == FactKind.WAIT_BEGAN
    held[~is_wait] = 0  # an agreed exclusion is nobody's wait
    return held


def _subjects(facts: FactColumns) -> tuple[Array, Array, Array]:
    """First row and row after the last of each subject, and the subject's place for each row."""
    if not len(facts):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing.astype(np.int32)
    firsts = np.flatnonzero(facts.subject[1:] != facts.subject[:-1]) + 1
    firsts = np.concatenate([np.zeros(1, firsts.dtype), firsts])
    ends = np.append(firsts[1:], len(facts))
    return firsts, ends, np.repeat(np.arange(len(firsts), dtype=np.int32), ends - firsts)
