"""All facts of a scope at a log position as numpy columns, read by binary COPY of fixed-width rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

Int64 = npt.NDArray[np.int64]

#: Signature, flags and extension length that open every binary COPY stream; the trailer is one int16 of -1.
_HEADER_BYTES = 19
_TRAILER_BYTES = 2

#: One row of the COPY below as PostgreSQL sends it: a field count, then length and value of each field, big-endian.
_COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("subject", ">i8", 8),
    ("at", ">i8", 8),
    ("seq", ">i8", 8),
    ("kind", ">i2", 2),
    ("term", ">i4", 4),
    ("party", ">i2", 2),
    ("ref", ">i8", 8),
    ("entry", ">i8", 8),
)
_ROW = np.dtype(
    [("fields", ">i2")]
    + [part for name, code, _ in _COLUMNS for part in ((f"{name}_length", ">i4"), (name, code))]
)

_STANDING_NOW = """
    SELECT subject_id, at, seq, kind, term, party, ref, entry_id
    FROM clock_fact
    WHERE scope_id = {scope} AND superseded_by = 0
    ORDER BY subject_id, at, seq
"""

_STANDING_AT = """
    SELECT fact.subject_id, fact.at, fact.seq, fact.kind, fact.term, fact.party, fact.ref, fact.entry_id
    FROM clock_fact fact
    JOIN log_leaf leaf ON leaf.entry_id = fact.entry_id AND leaf.index < {position}
    LEFT JOIN log_leaf later ON later.entry_id = fact.superseded_by
    WHERE fact.scope_id = {scope}
      AND (fact.superseded_by = 0 OR later.index IS NULL OR later.index >= {position})
    ORDER BY fact.subject_id, fact.at, fact.seq
"""


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts of one scope, sorted by (subject, at, seq). Arrays have one element per fact; `at` is epoch seconds UTC.

    `terms` holds the text of every id in `term`; id 0 is the empty text.
    """

    subject: Int64
    at: Int64
    seq: Int64
    kind: npt.NDArray[np.int16]
    term: npt.NDArray[np.int32]
    party: npt.NDArray[np.int16]
    ref: Int64
    entry: Int64
    terms: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def numbers(self) -> dict[str, int]:
        """The dictionary the other way round: id of each text."""
        return {text: number for number, text in self.terms.items()}


def load_facts(scope_id: int, position: int | None = None) -> FactTable:
    """Read the facts of a scope that stand at log position `position` (None: all that are recorded, sealed or not).

    A fact stands at P when its entry's leaf index is below P and no correction below P supersedes it.
    Raises ValueError when the stream is not of the fixed width that the table promises (a NULL would do that).
    """
    query = (_STANDING_NOW if position is None else _STANDING_AT).format(
        scope=int(scope_id), position=int(position or 0)
    )
    buffer = bytearray()
    with (
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy,
    ):
        # The server sends a message per row. Taken from libpq itself they cost a tenth of what iterating over `copy`
        # costs; the trailer is a message of its own (with the header in it where there is no row), and after it `copy`
        # is read to its end as usual.
        pgconn, size = copy.connection.pgconn, 0
        while size not in (_TRAILER_BYTES, _HEADER_BYTES + _TRAILER_BYTES):
            size, block = pgconn.get_copy_data(0)
            if size < 0:
                raise ValueError("the stream of facts ended before its trailer")
            buffer += block
        copy.read()
    body = len(buffer) - _HEADER_BYTES - _TRAILER_BYTES
    if body % _ROW.itemsize:
        raise ValueError("clock_fact holds a row that is not of fixed width")
    rows = np.frombuffer(buffer, dtype=_ROW, count=body // _ROW.itemsize, offset=_HEADER_BYTES)
    columns = {name: rows[name].astype(code[1:], copy=True) for name, code, _ in _COLUMNS}
    return FactTable(**columns, terms=_terms(np.unique(columns["term"])))


def _terms(ids: npt.NDArray[np.int32]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, text FROM term WHERE id = ANY(%s)", [[int(number) for number in ids]])
        return dict(cursor.fetchall())
