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
    """The first start row starts a clock; from there, ends and reopenings take turns, and repetitions change
    nothing.
    """
    rows = chunk.having(Effect.STARTS | _ENDS | Effect.REOPENS)
    effects, subject = chunk.effects[rows], chunk.subject[rows]

    started = np.full(chunk.subjects, NONE, np.int64)
    starts = np.flatnonzero((effects & np.uint16(Effect.STARTS)) != 0)
    firsts = starts[~is_neighbour(subject[starts])]
    started[subject[firsts]] = rows[firsts]

    since = started[subject]
    is_start = rows == since
    can_turn = (effects & np.uint16(_ENDS | Effect.REOPENS)) != 0
    turns = np.flatnonzero((since >= 0) & (is_start | (can_turn & (rows > since))))
    rows, effects, subject = rows[turns], effects[turns], subject[turns]
    is_end = ((effects & np.uint16(_ENDS)) != 0) & ~is_start[turns]
    is_repeated = is_neighbour(subject)
    is_repeated[1:] &= is_end[1:] == is_end[:-1]
    kept = np.flatnonzero(~is_repeated)
    rows, effects, subject, is_end = rows[kept], effects[kept], subject[kept], is_end[kept]

    is_last = np.ones(len(rows), np.bool_)
    is_last[:-1] = subject[1:] != subject[:-1]
    ended = np.full(chunk.subjects, NONE, np.int64)
    is_cancelled = np.zeros(chunk.subjects, np.bool_)
    finals = np.flatnonzero(is_last & is_end)
    ended[subject[finals]] = rows[finals]
    is_cancelled[subject[finals]] = (effects[finals] & np.uint16(Effect.CANCELS)) != 0

    begins = np.flatnonzero(~is_end)
    until = chunk.ends[subject[begins]]
    ending = np.flatnonzero(~is_last[begins])
    until[ending] = rows[begins[ending] + 1]
    is_active = rows_between(rows[begins], until, np.ones(len(begins), np.bool_), chunk.rows)
    counts = is_active
    if counts_gaps:
        some = np.flatnonzero(started >= 0)
        until = np.where(ended[some] >= 0, ended[some], chunk.ends[some])
        counts = rows_between(started[some], until, np.ones(len(some), np.bool_), chunk.rows)
    return Phases(started, ended, is_cancelled, is_active, counts)
