"""A stretch of whole subjects, small enough for the processor's cache, with what its rows do to the clock."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.vector.columns import Array, FactColumns
from yunheng.logic.vector.policy import VectorPolicy


@dataclass(slots=True)
class Chunk:
    """Rows of whole subjects. Subjects count from 0 in the chunk; `firsts` and `ends` are their rows [first,
    end).
    """

    firsts: Array
    ends: Array
    subject: Array  #: int32, the subject of each row
    at: Array  #: instants relative to the opening's base, none after `now`
    effects: Array  #: uint16, `Effect` of each row; none for a row after `now`
    kind: Array
    term: Array
    party: Array
    ref: Array

    @property
    def subjects(self) -> int:
        return len(self.firsts)

    @property
    def rows(self) -> int:
        return len(self.at)

    def having(self, effect: int) -> Array:
        """Rows that have any of the effects."""
        return np.flatnonzero(self.effects & np.uint16(effect))

    def only(self, subjects: Array) -> "Chunk":
        """The chunk without the rows of other subjects; `subjects` ascends."""
        counts = self.ends[subjects] - self.firsts[subjects]
        ends = np.cumsum(counts)
        firsts = ends - counts
        rows = np.repeat(self.firsts[subjects] - firsts, counts) + np.arange(counts.sum())
        return Chunk(
            firsts=firsts,
            ends=ends,
            subject=np.repeat(np.arange(len(subjects), dtype=np.int32), counts),
            at=self.at[rows],
            effects=self.effects[rows],
            kind=self.kind[rows],
            term=self.term[rows],
            party=self.party[rows],
            ref=self.ref[rows],
        )


def cut_chunk(
    facts: FactColumns, firsts: Array, end: int, policy: VectorPolicy, base: int, now: int, at_type: type
) -> Chunk:
    """The rows from firsts[0] to `end`; `firsts` are the first rows of its subjects among all facts."""
    begin = int(firsts[0])
    rows = slice(begin, end)
    inside = firsts - begin
    ends = np.empty_like(inside)
    ends[:-1], ends[-1] = inside[1:], end - begin
    at = facts.at[rows]
    effects = policy.effects.take(facts.kind[rows].view(np.uint16))
    relative = np.subtract(at, base, dtype=np.int64, casting="unsafe")
    limit = now - base
    if relative.max() > limit:
        effects[relative > limit] = 0
        np.minimum(relative, limit, out=relative)
    return Chunk(
        firsts=inside,
        ends=ends,
        subject=np.repeat(np.arange(len(inside), dtype=np.int32), ends - inside),
        at=relative.astype(at_type),
        effects=effects,
        kind=facts.kind[rows],
        term=facts.term[rows],
        party=facts.party[rows],
        ref=facts.ref[rows],
    )


def is_neighbour(subject: Array) -> Array:
    """Whether each of some rows has the same subject as the one before it (False for the first)."""
    same = np.zeros(len(subject), np.bool_)
    np.equal(subject[1:], subject[:-1], out=same[1:])
    return same
