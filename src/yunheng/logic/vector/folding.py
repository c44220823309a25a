"""Folds the facts of many subjects into the state of one kind of clock for each, chunk by chunk."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from itertools import pairwise

import numpy as np

from yunheng.logic.vector.chunk import Chunk, cut_chunk
from yunheng.logic.vector.columns import NONE, Array, ClockColumns, FactColumns, StatusCode
from yunheng.logic.vector.laps import Profiles, find_laps
from yunheng.logic.vector.measuring import Ground, Measure
from yunheng.logic.vector.opening import Opening
from yunheng.logic.vector.pauses import Pauses, find_pauses
from yunheng.logic.vector.phases import Phases, find_phases
from yunheng.logic.vector.policy import VectorPolicy
from yunheng.logic.worktime import OpenTime

CHUNK_ROWS = 1 << 17  #: what a chunk works on then mostly stays in the processor's caches


def fold_many(
    facts: FactColumns,
    policy: VectorPolicy,
    calendars: Mapping[str, OpenTime],
    now: int,
    *,
    chunk_rows: int = CHUNK_ROWS,
    threads: int = 1,
) -> ClockColumns:
    """The state of one kind of clock at `now` for every subject; equal to `fold`, to the second (sla-
    semantics 20).

    `facts` are sorted by (subject, at, seq). Facts after `now` are ignored, but their subjects have a row.
    Raises KeyError for a calendar that is not given, and HorizonError when a clock reaches beyond the
    calendar of its goal.
    """
    if not len(facts):
        return ClockColumns.empty(facts.subject[:0])
    firsts = np.flatnonzero(facts.subject[1:] != facts.subject[:-1]) + 1
    firsts = np.concatenate([np.zeros(1, firsts.dtype), firsts])
    result = ClockColumns.empty(facts.subject[firsts])

    names = list(dict.fromkeys(goal.calendar for goal in policy.goals))
    opening = Opening([calendars[name] for name in names], min(int(facts.at.min()), now), now)
    numbers = np.array([names.index(goal.calendar) for goal in policy.goals], np.int64)

    until = now - opening.base if facts.at.max() > now else None

    def fold_chunk(begin: int, end: int) -> None:
        end_row = int(firsts[end]) if end < len(firsts) else len(facts)
        chunk = cut_chunk(facts, firsts[begin:end], end_row, policy, opening, until)
        _fold_chunk(chunk, policy, opening, numbers, now, _part(result, begin, end))

    bounds = _chunk_bounds(firsts, chunk_rows)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fold_chunk, bounds[:-1], bounds[1:]))
    else:
        for begin, end in pairwise(bounds):
            fold_chunk(begin, end)
    return result


def _chunk_bounds(firsts: Array, chunk_rows: int) -> list[int]:
    """Subjects at which chunks begin, and the number of subjects: each of at most `chunk_rows` rows or one
    subject.
    """
    bounds = [0]
    while bounds[-1] < len(firsts):
        end = int(np.searchsorted(firsts, firsts[bounds[-1]] + chunk_rows, "right"))
        bounds.append(max(end - 1, bounds[-1] + 1) if end < len(firsts) else end)
    return bounds


def _part(columns: ClockColumns, begin: int, end: int) -> ClockColumns:
    """Some rows of the columns, to be written in place."""
    return ClockColumns(**{it.name: getattr(columns, it.name)[begin:end] for it in fields(columns)})


def _fold_chunk(
    chunk: Chunk, policy: VectorPolicy, opening: Opening, numbers: Array, now: int, out: ClockColumns
) -> None:
    phases = find_phases(chunk, counts_gaps=policy.policy.reopen == "count")
    pauses = find_pauses(chunk, policy)
    profiles = Profiles(chunk)
    is_ended = phases.ended >= 0
    limit = np.where(is_ended, phases.ended, chunk.ends)
    out.profile[:] = profiles.before(limit, np.arange(chunk.subjects))
    laps = find_laps(chunk, policy, phases, profiles, out.profile)
    if not opening.calendars:
        _write_without_target(chunk, phases, opening, out)
        return

    ground = Ground.lay(chunk, laps, policy, numbers, opening, now - opening.base)
    owners = pauses.owners(chunk.rows)
    measure = Measure.of(ground, phases.counts & (owners == 0))
    _write(chunk, phases, measure, owners, now, out)
    _write_undisputed(chunk, phases, pauses, owners, measure, out)


def _write_without_target(chunk: Chunk, phases: Phases, opening: Opening, out: ClockColumns) -> None:
    """A policy without any goal: all that is known of a clock is its beginning and its end."""
    is_started, is_ended = phases.started >= 0, phases.ended >= 0
    out.status[is_started] = StatusCode.NO_TARGET
    out.status[phases.is_cancelled] = StatusCode.CANCELLED
    started = np.flatnonzero(is_started)
    out.started_at[started] = chunk.at[phases.started[started]].astype(np.int64) + opening.base
    stopped = np.flatnonzero(is_ended & ~phases.is_cancelled)
    out.stopped_at[stopped] = chunk.at[phases.ended[stopped]].astype(np.int64) + opening.base


def _write(
    chunk: Chunk, phases: Phases, measure: Measure, owners: Array, now: int, out: ClockColumns
) -> None:
    """Write what the measure says of each subject; semantics as in `clock.fold_history`."""
    _write_without_target(chunk, phases, measure.ground.opening, out)
    ground, opening = measure.ground, measure.ground.opening
    finals = ground.laps.finals
    has_target = ground.has_target[finals]
    calendar = ground.calendar[finals]
    goal, elapsed = ground.goal[finals], measure.elapsed[finals]
    is_stopped = out.stopped_at >= 0
    is_live = has_target & ~phases.is_cancelled  # has a result, now or later
    is_paused = is_live & ~is_stopped & (owners[chunk.ends - 1] != 0)
    running, paused = np.flatnonzero(is_live & ~is_stopped), np.flatnonzero(is_paused)
    stopped = np.flatnonzero(is_live & is_stopped)
    out.status[running], out.status[stopped] = StatusCode.RUNNING, StatusCode.STOPPED
    out.status[paused] = StatusCode.PAUSED
    out.elapsed[:], out.goal[:] = elapsed, goal
    out.waited[:] = measure.waited(owners, phases.counts)[finals]

    is_reached = is_live & (elapsed >= goal)
    some = np.flatnonzero(is_reached)
    out.due_at[some] = measure.instant_of(finals[some], goal[some])
    some = np.flatnonzero(is_live & ~is_reached & ~is_paused)
    end_count = ground.end_count[finals[some]]
    stops = np.flatnonzero(is_stopped[some])
    end_count[stops] = ground.begin_count[phases.ended[some[stops]]]
    out.due_at[some] = opening.instant(end_count + (goal - elapsed)[some], calendar[some])

    overdue = running[np.flatnonzero(out.due_at[running] <= now)]
    out.settled_at[overdue] = out.due_at[overdue]
    out.settled_at[stopped] = np.minimum(out.stopped_at[stopped], out.due_at[stopped])
    out.is_met[stopped] = 1
    breaches = _first_breaches(measure)
    if len(breaches):
        subject = ground.laps.subject[breaches]
        breached_goal = ground.goal[breaches]
        out.is_met[subject] = 0
        out.breached_at[subject] = measure.instant_of(breaches, breached_goal + 1)
        out.settled_at[subject] = out.due_at[subject]
        earlier = np.flatnonzero(~ground.laps.is_final[breaches] | phases.is_cancelled[subject])
        out.settled_at[subject[earlier]] = measure.instant_of(breaches[earlier], breached_goal[earlier])
    out.undisputed_elapsed[:], out.undisputed_is_met[:] = out.elapsed, out.is_met
    if opening.has_provisional or not opening.is_covered:
        _write_provisional(chunk, phases, measure, now, out)


def _first_breaches(measure: Measure) -> Array:
    """The first lap that was breached, of each subject that has one; cancelling heals no breach."""
    breached = np.flatnonzero(measure.is_breached)
    subject = measure.ground.laps.subject[breached]
    is_first = np.ones(len(breached), np.bool_)
    is_first[1:] = subject[1:] != subject[:-1]
    chosen: Array = breached[is_first]
    return chosen


def _write_provisional(chunk: Chunk, phases: Phases, measure: Measure, now: int, out: ClockColumns) -> None:
    """Mark what rests on unpublished holidays, and refuse laps beyond their calendar."""
    ground, laps = measure.ground, measure.ground.laps
    base = ground.opening.base
    from_at = laps.base_at.astype(np.int64) + base
    end_row = np.where(laps.is_final, phases.ended[laps.subject], laps.ends)
    is_open = laps.is_final & (end_row < 0)
    to_at = chunk.at[np.clip(end_row, 0, chunk.rows - 1)].astype(np.int64) + base
    to_at[is_open] = now
    some = np.flatnonzero(ground.has_target)
    ground.opening.check_span(from_at[some], to_at[some], ground.calendar[some])
    finals = laps.finals
    to_at[finals] = np.maximum(to_at[finals], out.due_at)
    marked = ground.opening.is_provisional(from_at[some], to_at[some], ground.calendar[some])
    out.is_provisional[laps.subject[some[marked]]] = True


def _write_undisputed(
    chunk: Chunk, phases: Phases, pauses: Pauses, owners: Array, measure: Measure, out: ClockColumns
) -> None:
    """Where a dispute is open, the result if it were settled for the pause: some rows count no longer."""
    subjects = pauses.disputed(chunk)
    if not len(subjects):
        return
    others = pauses.of_subjects(chunk, subjects).owners(chunk.rows, undisputed=True)
    elapsed, is_breached = measure.without(np.flatnonzero((others != 0) & (owners == 0) & phases.counts))
    out.undisputed_elapsed[subjects] = elapsed[measure.ground.laps.finals[subjects]]
    has_breached = np.zeros(chunk.subjects, np.bool_)
    has_breached[measure.ground.laps.subject[is_breached]] = True
    met = np.where(has_breached, 0, np.where(out.status == StatusCode.STOPPED, 1, NONE))
    out.undisputed_is_met[subjects] = met[subjects]
