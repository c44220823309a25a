"""Phases of many clocks: from which row to which each of them runs."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.vector.chunk import Chunk, is_neighbour, rows_between
from yunheng.logic.vector.columns import NONE, Array
from yunheng.logic.vector.policy import Effect

_ENDS = Effect.STOPS | Effect.CANCELS


@dataclass(slots=True)
class Phases:
    """`started` and `ended` are the rows of start and final end by subject, -1 for none."""

    started: Array
    ended: Array
    is_cancelled: Array  #: by subject
    is_active: Array  #: by row: whether the clock is started and not ended after the row
    counts: Array  #: by row: `is_active`, or between end and reopening where the contract counts that


def find_phases(chunk: Chunk, *, counts_gaps: bool) -> Phases:
    """The first start row starts a clock; then ends and reopenings take turns, and repetitions change
    nothing.
    """
    started = _find_starts(chunk)
    rows = chunk.having(_ENDS | Effect.REOPENS)
    since = started[chunk.subject[rows]]
    rows = rows[np.flatnonzero((since >= 0) & (rows > since))]
    subject = chunk.subject[rows]
    is_end = (chunk.effects[rows] & np.uint16(_ENDS)) != 0
    was_ended = is_neighbour(subject)
    was_ended[1:] &= is_end[:-1]
    turns = np.flatnonzero(is_end != was_ended)
    rows, subject, is_end = rows[turns], subject[turns], is_end[turns]

    is_last = np.ones(len(rows), np.bool_)
    is_last[:-1] = subject[1:] != subject[:-1]
    finals = np.flatnonzero(is_last & is_end)
    ended = np.full(chunk.subjects, NONE, np.int64)
    ended[subject[finals]] = rows[finals]
    is_cancelled = np.zeros(chunk.subjects, np.bool_)
    is_cancelled[subject[finals]] = (chunk.effects[rows[finals]] & np.uint16(Effect.CANCELS)) != 0

    rests = np.flatnonzero(is_end)
    until = chunk.ends[subject[rests]]
    reopened = np.flatnonzero(~is_last[rests])
    until[reopened] = rows[rests[reopened] + 1]
    is_active = _outside(chunk, started, rows[rests], until)
    counts = is_active
    if counts_gaps:
        counts = _outside(chunk, started, rows[finals], chunk.ends[subject[finals]])
    return Phases(started, ended, is_cancelled, is_active, counts)


def _find_starts(chunk: Chunk) -> Array:
    """The first start row by subject, mostly its first row at all; -1 for none."""
    is_first = (chunk.effects[chunk.firsts] & np.uint16(Effect.STARTS)) != 0
    if is_first.all():
        return chunk.firsts
    started = np.where(is_first, chunk.firsts, NONE)
    rows = chunk.having(Effect.STARTS)
    firsts = rows[~is_neighbour(chunk.subject[rows])]
    started[chunk.subject[firsts]] = firsts
    return started


def _outside(chunk: Chunk, started: Array, begins: Array, ends: Array) -> Array:
    """For each row whether it is neither before the start nor in a range [begin, end) in which the clock
    rests.
    """
    late = np.flatnonzero(started != chunk.firsts)
    if len(late):
        begins = np.concatenate([begins, chunk.firsts[late]])
        ends = np.concatenate([ends, np.where(started[late] >= 0, started[late], chunk.ends[late])])
        order = np.argsort(begins)
        begins, ends = begins[order], ends[order]
    return ~rows_between(begins, ends, np.ones(len(begins), np.bool_), chunk.rows)
