"""Pauses of many clocks: pairs each beginning with its end, weighs its standing, merges what overlaps."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.facts import FactKind
from yunheng.logic.vector.chunk import Chunk, is_neighbour, rows_between
from yunheng.logic.vector.columns import Array
from yunheng.logic.vector.policy import Effect, VectorPolicy


@dataclass(slots=True)
class Pauses:
    """What may stop the clock: pauses by a reason that the contract lets stop it, and exclusions; sorted by
    begin.

    Each lasts over the rows [begin, end).
    """

    begins: Array
    ends: Array
    party: Array
    standing: Array  #: kind of the last standing fact, 0 for none

    def disputed(self, chunk: Chunk) -> Array:
        """Subjects with an open dispute, ascending."""
        return np.unique(chunk.subject[self.begins[self.standing == FactKind.PAUSE_DISPUTED]])

    def of_subjects(self, chunk: Chunk, subjects: Array) -> "Pauses":
        is_chosen = np.zeros(chunk.subjects, np.bool_)
        is_chosen[subjects] = True
        kept = np.flatnonzero(is_chosen[chunk.subject[self.begins]])
        return Pauses(self.begins[kept], self.ends[kept], self.party[kept], self.standing[kept])

    def owners(self, rows: int, *, undisputed: bool = False) -> Array:
        """For each row, 1 + the party of the pause that stops the clock after it, or 0 while none does.

        Of several in force the one that began first has the time. `undisputed`: as if open disputes were
        settled for the pause.
        """
        begins, ends, places = self.stretches(undisputed=undisputed)
        return rows_between(begins, ends, (self.party[places] + 1).astype(np.int8), rows)

    def stretches(self, *, undisputed: bool = False) -> tuple[Array, Array, Array]:
        """Rows [begin, end) in which a pause stops the clock, disjoint and in order, and the place of that pause."""
        is_running = self.standing == FactKind.PAUSE_REJECTED
        if not undisputed:
            is_running |= self.standing == FactKind.PAUSE_DISPUTED
        begins, ends, places = self.begins, self.ends, np.arange(len(self.begins))
        if is_running.any():
            places = np.flatnonzero(~is_running)
            begins, ends = begins[places], ends[places]
        covered_to = np.maximum.accumulate(ends)
        clipped = begins.copy()
        np.maximum(begins[1:], covered_to[:-1], out=clipped[1:])
        kept = np.flatnonzero(clipped < ends)
        return clipped[kept], ends[kept], places[kept]


def find_pauses(chunk: Chunk, policy: VectorPolicy) -> Pauses:
    """All waits and exclusions that the contract lets stop the clock, with their standing."""
    begins, ends = pair_rows(chunk, chunk.having(Effect.WAITS))
    chosen = np.flatnonzero(policy.can_pause(chunk.term[begins]))
    begins, ends = begins[chosen], ends[chosen]
    standing = standings_of(chunk, begins)
    excluding = chunk.having(Effect.EXCLUDES)
    if len(excluding):
        more_begins, more_ends = pair_rows(chunk, excluding)
        begins, ends = np.concatenate([begins, more_begins]), np.concatenate([ends, more_ends])
        standing = np.concatenate([standing, np.zeros(len(more_begins), standing.dtype)])
        order = np.argsort(begins)
        begins, ends, standing = begins[order], ends[order], standing[order]
    return Pauses(begins, ends, chunk.party[begins], standing)


def pair_rows(chunk: Chunk, rows: Array) -> tuple[Array, Array]:
    """Begin and end rows of the stretches that beginning and ending rows with one ref delimit, sorted by
    begin.

    What has no end lasts to the end of the subject's rows. Subjects in which each end follows its beginning
    at once need no sorting; the others (nested, overlapping, repeated, without beginning) are sorted by ref.
    """
    if not len(rows):
        return rows, rows
    subject = chunk.subject[rows]
    is_begin = (chunk.effects[rows] & np.uint16(Effect.BEGINS)) != 0
    follows = is_neighbour(subject)
    is_closed = np.zeros(len(rows), np.bool_)  # an end right after the beginning with its ref
    ref = chunk.ref[rows]
    is_closed[1:] = follows[1:] & is_begin[:-1] & ~is_begin[1:] & (ref[1:] == ref[:-1])
    follows_begin = follows.copy()
    follows_begin[1:] &= is_begin[:-1]
    is_plain = np.where(is_begin, ~follows_begin, is_closed)
    if is_plain.all():
        return _adjacent(chunk, rows, subject, is_begin)
    is_tangled = np.zeros(chunk.subjects, np.bool_)
    is_tangled[subject[~is_plain]] = True
    apart = is_tangled[subject]
    plain_begins, plain_ends = _adjacent(chunk, rows[~apart], subject[~apart], is_begin[~apart])
    begins, ends = _by_ref(chunk, rows[apart], subject[apart], ref[apart], is_begin[apart])
    begins, ends = np.concatenate([plain_begins, begins]), np.concatenate([plain_ends, ends])
    order = np.argsort(begins)
    return begins[order], ends[order]


def _adjacent(chunk: Chunk, rows: Array, subject: Array, is_begin: Array) -> tuple[Array, Array]:
    """Pairs where beginnings and ends take turns: the end of each is the row after it, if that is an end."""
    places = np.flatnonzero(is_begin)
    ends = chunk.ends[subject[places]]
    is_ended = np.zeros(len(rows), np.bool_)
    is_ended[:-1] = ~is_begin[1:]
    closed = np.flatnonzero(is_ended[places])
    ends[closed] = rows[places[closed] + 1]
    return rows[places], ends


def _by_ref(chunk: Chunk, rows: Array, subject: Array, ref: Array, is_begin: Array) -> tuple[Array, Array]:
    order = np.lexsort((rows, ref, subject))
    rows, subject, ref, is_begin = rows[order], subject[order], ref[order], is_begin[order]
    follows = is_neighbour(subject)
    follows[1:] &= ref[1:] == ref[:-1]
    is_repeated = follows.copy()
    is_repeated[1:] &= is_begin[1:] == is_begin[:-1]
    kept = np.flatnonzero(~is_repeated & (follows | is_begin))
    return _adjacent(chunk, rows[kept], subject[kept], is_begin[kept])


def standings_of(chunk: Chunk, begins: Array) -> Array:
    """Kind of the last standing fact of each pause, by subject and ref; 0 for none."""
    standing = np.zeros(len(begins), np.int16)
    judged = chunk.having(Effect.JUDGES)
    is_judged = np.zeros(chunk.subjects, np.bool_)
    is_judged[chunk.subject[judged]] = True
    some = np.flatnonzero(is_judged[chunk.subject[begins]]) if len(judged) else judged
    if not len(some):
        return standing
    pauses = begins[some]
    refs, codes = np.unique(np.concatenate([chunk.ref[judged], chunk.ref[pauses]]), return_inverse=True)
    keys = chunk.subject[np.concatenate([judged, pauses])].astype(np.int64) * len(refs) + codes
    judged_keys, wanted = keys[: len(judged)], keys[len(judged) :]
    order = np.argsort(judged_keys, kind="stable")
    judged_keys = judged_keys[order]
    place = np.searchsorted(judged_keys, wanted, "right") - 1
    found = np.flatnonzero((place >= 0) & (judged_keys[place] == wanted))
    standing[some[found]] = chunk.kind[judged[order[place[found]]]]
    return standing
