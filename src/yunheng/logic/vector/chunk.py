"""A stretch of whole subjects, small enough for the processor's cache, with what its rows do to the clock."""

from dataclasses import dataclass

import numpy as np

from yunheng.logic.vector.columns import Array, FactColumns
from yunheng.logic.vector.opening import Opening
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
        return np.flatnonzero((self.effects & np.uint16(effect)) != 0)


def cut_chunk(
    facts: FactColumns, firsts: Array, end: int, policy: VectorPolicy, opening: Opening, until: int | None
) -> Chunk:
    """The rows from firsts[0] to `end`; `firsts` are the first rows of its subjects among all facts.

    `until` is the last instant whose facts are heard, relative to the opening's base; None if all are.
    """
    begin = int(firsts[0])
    rows = slice(begin, end)
    inside = firsts - begin
    ends = np.append(inside[1:], end - begin)
    at: Array = (facts.at[rows] - opening.base).astype(opening.type, copy=False)
    effects = policy.effects_of(facts.kind[rows], facts.term[rows])
    if until is not None:
        late = np.flatnonzero(at > until)
        effects[late] = 0
        at[late] = until
    return Chunk(
        firsts=inside,
        ends=ends,
        subject=np.repeat(np.arange(len(inside), dtype=np.int32), ends - inside),
        at=at,
        effects=effects,
        kind=facts.kind[rows],
        term=facts.term[rows],
        party=facts.party[rows],
        ref=facts.ref[rows],
    )


def rows_between(begins: Array, ends: Array, values: Array, rows: int) -> Array:
    """For each of `rows` rows the value of the range [begin, end) it lies in, else 0; disjoint ranges in
    order.
    """
    lengths = np.empty(2 * len(begins) + 1, np.int64)
    lengths[1::2] = ends - begins
    lengths[0:-1:2] = begins
    lengths[-1] = rows
    lengths[2::2] -= ends
    marks = np.zeros(len(lengths), values.dtype)
    marks[1::2] = values
    result: Array = np.repeat(marks, lengths)
    return result


def is_neighbour(subject: Array) -> Array:
    """Whether each of some rows has the same subject as the one before it (False for the first)."""
    same = np.zeros(len(subject), np.bool_)
    np.equal(subject[1:], subject[:-1], out=same[1:])
    return same
