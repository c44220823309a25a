"""Every leaf of a log up to a position as lines of JSON: header, and shared data with its salt where it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection

from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import leaf_header

from .source import PackSource

LEAVES: Final = 50_000
"""Leaves in one member of a pack."""

_ROWS: Final = 2_500  # in one query

_LEAVES: Final = """
    SELECT log.index, log.entry_id, entry.subject_number, entry.type, entry.occurred_at, entry.recorded_at,
           entry.actor_kind, entry.source, entry.shared_digest, entry.internal_digest, entry.personal_digest,
           body.shared::text, body.shared_salt, entry.subject_id
    FROM (SELECT index, entry_id FROM log_leaf WHERE scope_id = %s AND index >= %s AND index < %s ORDER BY index) AS log
    JOIN entry ON entry.id = log.entry_id LEFT JOIN entry_body AS body ON body.entry_id = log.entry_id
    ORDER BY log.index
"""

_REFERRED_TO: Final = """
    SELECT ref FROM clock_fact WHERE scope_id = %(scope)s AND ref <> 0
    UNION SELECT seq / 8 FROM clock_fact WHERE scope_id = %(scope)s AND superseded_by <> 0
"""

_OUT_OF_ORDER: Final = """
    SELECT DISTINCT subject_id FROM (
        SELECT entry.subject_id, log.entry_id,
               lag(log.entry_id) OVER (PARTITION BY entry.subject_id ORDER BY log.index) AS before
        FROM log_leaf AS log JOIN entry ON entry.id = log.entry_id
        WHERE log.scope_id = %s AND log.index < %s
    ) AS placed WHERE before > entry_id
"""


def leaf_members(source: PackSource) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Members `log/leaves-00000.jsonl` …, each of so many leaves, in log order.

    Entries are named by their place in the log. The database's own number of an entry stands with those only that later
    entries refer to by it, and with those of subjects whose entries were sealed in another order than recorded: it
    would else tell how much work all other contracts make.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REFERRED_TO, {"scope": source.scope_id})
        referred_to = frozenset(number for (number,) in cursor.fetchall())
        cursor.execute(_OUT_OF_ORDER, [source.scope_id, source.size])
        out_of_order = frozenset(subject for (subject,) in cursor.fetchall())
    for place, first in enumerate(range(0, source.size, LEAVES)):
        last = min(first + LEAVES, source.size)
        yield f"log/leaves-{place:05d}.jsonl", _lines(source, first, last, referred_to, out_of_order)


def _lines(
    source: PackSource, first: int, last: int, referred_to: frozenset[int], out_of_order: frozenset[int]
) -> Iterator[bytes]:
    log = source.document["contract"]
    for start in range(first, last, _ROWS):
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, [source.scope_id, start, min(start + _ROWS, last)])
            rows = cursor.fetchall()
        yield b"".join(_line(log, row, row[1] in referred_to or row[13] in out_of_order) for row in rows)


def _line(log: str, row: tuple[Any, ...], has_id: bool) -> bytes:
    index, entry_id, subject, kind, occurred_at, recorded_at, actor, source, *digests = row[:11]
    shared, salt = row[11], row[12]
    header = leaf_header(
        log=log,
        subject=subject,
        type=kind,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        actor=actor,
        source=source,
        **{
            name: None if digest is None else bytes(digest).hex()
            for name, digest in zip(("shared", "internal", "personal"), digests, strict=True)
        },
    )
    body = b"null" if shared is None else canonical(json.loads(shared))
    own = f',"id":{entry_id}' if has_id else ""
    salted = "null" if salt is None else f'"{bytes(salt).hex()}"'
    rest = f'{own},"index":{index},"salt":{salted},"shared":'
    return b'{"header":' + canonical(header) + rest.encode() + body + b"}\n"
