"""Seals entries into the log of their scope: leaves in sealing order, and a signed head over all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.utils.translation import gettext as _

from yunheng.logic.merkle import HASH_BYTES, Frontier, tree_head_bytes

from .keys import current_key, is_signed
from .log_check import LogCheck, Problem, check_log
from .models import SigningKey, TreeHead
from .proofs import NODE_LEVEL, InclusionProof, NotSealedError, consistency, inclusion

__all__ = [
    "BATCH",
    "InclusionProof",
    "LogCheck",
    "NotSealedError",
    "Problem",
    "SealReport",
    "SealedHead",
    "check_log",
    "consistency",
    "inclusion",
    "seal",
]

BATCH: Final = 50_000
"""Most leaves in one transaction of the sealer."""

_SEAL_LOCK: Final = 0x79756E7365616C  # advisory lock "yunseal": there is one sealer at a time

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealedHead:
    """A head that was signed just now."""

    scope_key: str
    size: int
    root: bytes
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class SealReport:
    """What one call has sealed. `refused`: scope key and reason, for logs that are not what was signed last.

    `is_busy`: another sealer is at work, and the caller did not want to wait.
    """

    leaves: int = 0
    heads: tuple[SealedHead, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class _Log:
    """A log as the sealer finds it before it appends."""

    scope_id: int
    key: str
    frontier: Frontier
    signed_at: datetime | None  # its last head


def seal(*, limit: int | None = None, is_waiting: bool = True) -> SealReport:
    """Seal what waits, oldest entry first, at most `limit` entries; one signed head per scope and batch.

    Log order is sealing order: an entry whose transaction commits late goes into a later batch, none is lost.
    A log that does not agree with its own last head is refused, loudly, and left as it is; the others go on.
    Raises KeyMissingError, and then seals nothing.
    """
    heads: list[SealedHead] = []
    refused: dict[int, tuple[str, str]] = {}
    leaves = after = 0
    while limit is None or leaves < limit:
        size = BATCH if limit is None else min(BATCH, limit - leaves)
        with transaction.atomic(), connection.cursor() as cursor:
            if not _lock(cursor, is_waiting=is_waiting):
                return SealReport(leaves, tuple(heads), tuple(refused.values()), is_busy=True)
            first, last, waiting = _oldest(cursor, after, size, refused)
            if waiting:
                leaves += _seal_batch(cursor, first, last, heads, refused)
        if waiting < size:
            break
        after = last
    return SealReport(leaves, tuple(heads), tuple(refused.values()))


def _lock(cursor: Any, *, is_waiting: bool) -> bool:
    """Take the sealer's lock until the end of the transaction."""
    if is_waiting:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
        return True
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
    return bool(cursor.fetchone()[0])


def _oldest(cursor: Any, after: int, size: int, refused: dict[int, tuple[str, str]]) -> tuple[int, int, int]:
    """First and last entry id, and count, of the `size` oldest entries after `after` that wait."""
    cursor.execute(
        "SELECT coalesce(min(entry_id), 0), coalesce(max(entry_id), 0), count(*) FROM ("
        " SELECT entry_id FROM unsealed WHERE entry_id > %s AND scope_id <> ALL(%s) ORDER BY entry_id LIMIT %s"
        ") AS oldest",
        [after, list(refused), size],
    )
    first, last, count = cursor.fetchone()
    return first, last, count


def _seal_batch(
    cursor: Any, first: int, last: int, heads: list[SealedHead], refused: dict[int, tuple[str, str]]
) -> int:
    """Seal what waits with an entry id from `first` to `last`; returns the number of leaves."""
    logs = _open_logs(cursor, first, last, refused)
    if not logs:
        return 0
    key, private = current_key()
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute(
        _PLACE,
        {
            "first": first,
            "last": last,
            "scopes": list(logs),
            "sizes": [log.frontier.size for log in logs.values()],
        },
    )
    signed_at = datetime.now(UTC)
    count = 0
    for scope_id, taken, joined in cursor.fetchall():
        log, leaves = logs[scope_id], bytes(joined)
        if len(leaves) != taken * HASH_BYTES:
            raise ValueError(f"log {log.key}: an entry has a leaf that is no hash")
        frontier, nodes = log.frontier.grow(
            [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)], NODE_LEVEL
        )
        _keep(cursor, scope_id, frontier, nodes)
        heads.append(_sign(log, frontier, key, private, signed_at))
        count += taken
    return count


_OPEN = """
    SELECT scope.id, scope.key, state.size, state.frontier, head.size, head.root, head.signed_at, head.signature,
           head.key_id, (SELECT index + 1 FROM log_leaf WHERE scope_id = scope.id ORDER BY index DESC LIMIT 1)
    FROM (SELECT DISTINCT scope_id FROM unsealed
          WHERE entry_id BETWEEN %s AND %s AND scope_id <> ALL(%s)) AS waiting
    JOIN scope ON scope.id = waiting.scope_id
    LEFT JOIN log_state AS state ON state.scope_id = scope.id
    LEFT JOIN LATERAL (
        SELECT * FROM tree_head WHERE scope_id = scope.id ORDER BY size DESC LIMIT 1
    ) AS head ON true
"""

# The join leaves out what waits without an entry: it stays, and check_log names it. Both tables are bounded, so
# that no plan walks through the whole journal.
_PLACE = """
    WITH taken AS (
        DELETE FROM unsealed USING entry
        WHERE unsealed.entry_id BETWEEN %(first)s AND %(last)s AND unsealed.scope_id = ANY(%(scopes)s)
          AND entry.id BETWEEN %(first)s AND %(last)s
          AND entry.id = unsealed.entry_id AND entry.scope_id = unsealed.scope_id
        RETURNING unsealed.entry_id, unsealed.scope_id, entry.leaf
    ), placed AS (
        INSERT INTO log_leaf (scope_id, index, entry_id, leaf)
        SELECT taken.scope_id,
               log.size - 1 + row_number() OVER (PARTITION BY taken.scope_id ORDER BY entry_id),
               entry_id, leaf
        FROM taken JOIN unnest(%(scopes)s::bigint[], %(sizes)s::bigint[]) AS log (scope_id, size)
            ON log.scope_id = taken.scope_id
        ORDER BY taken.scope_id, entry_id
        RETURNING scope_id, index, leaf
    )
    SELECT scope_id, count(*), string_agg(leaf, ''::bytea ORDER BY index) FROM placed GROUP BY scope_id
"""


def _open_logs(cursor: Any, first: int, last: int, refused: dict[int, tuple[str, str]]) -> dict[int, _Log]:
    """The logs of the waiting entries, each only if its state is what its last head signs."""
    cursor.execute(_OPEN, [first, last, list(refused)])
    keys = {key.pk: key for key in SigningKey.objects.all()}
    logs = {}
    for scope_id, name, state_size, state_frontier, *head, leaf_count in cursor.fetchall():
        try:
            frontier = _agreed(name, (state_size, state_frontier), head, leaf_count or 0, keys)
        except ValueError as error:
            refused[scope_id] = (name, str(error))
            logger.critical("log %s is not sealed any further: %s; run “yunheng log check”", name, error)
        else:
            logs[scope_id] = _Log(scope_id, name, frontier, head[2])
    return logs


def _agreed(
    name: str,
    state: tuple[int | None, bytes | None],
    head: list[Any],
    leaf_count: int,
    keys: dict[int, SigningKey],
) -> Frontier:
    """The frontier to append to. Raises ValueError when state, leaves and last signed head do not agree."""
    size, packed = state
    head_size, root, signed_at, signature, key_id = head
    if size is None and head_size is None and leaf_count == 0:
        return Frontier()
    if size is None or packed is None:
        raise ValueError(_("it has leaves or heads, but its state is gone"))
    packed = bytes(packed)
    frontier = Frontier(size, tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)))
    if head_size is None:
        raise ValueError(_("its state counts {size} leaves, but there is no signed head").format(size=size))
    if head_size != size or frontier.root() != bytes(root):
        text = _("its state at {size} leaves is not what the head at {signed} signs")
        raise ValueError(text.format(size=size, signed=head_size))
    if leaf_count != size:
        text = _("it has {count} leaves, but its head signs {size}")
        raise ValueError(text.format(count=leaf_count, size=size))
    key = keys.get(key_id)
    if key is None or not is_signed(
        key, bytes(signature), tree_head_bytes(name, size, bytes(root), signed_at)
    ):
        raise ValueError(_("the signature of its head at {size} leaves is not valid").format(size=size))
    return frontier


def _keep(cursor: Any, scope_id: int, frontier: Frontier, nodes: list[tuple[int, int, bytes]]) -> None:
    cursor.execute(
        "INSERT INTO log_state (scope_id, size, frontier) VALUES (%s, %s, %s)"
        " ON CONFLICT (scope_id) DO UPDATE SET size = excluded.size, frontier = excluded.frontier",
        [scope_id, frontier.size, b"".join(frontier.hashes)],
    )
    if nodes:
        levels = [(end - start).bit_length() - 1 for start, end, _ in nodes]
        cursor.execute(
            "INSERT INTO log_node (scope_id, level, index, hash)"
            " SELECT %s, * FROM unnest(%s::int[], %s::bigint[], %s::bytea[])",
            [
                scope_id,
                levels,
                [start >> level for (start, _, _), level in zip(nodes, levels, strict=True)],
                [node for _, _, node in nodes],
            ],
        )


def _sign(
    log: _Log, frontier: Frontier, key: SigningKey, private: Ed25519PrivateKey, signed_at: datetime
) -> SealedHead:
    root = frontier.root()
    if log.signed_at is not None:
        signed_at = max(signed_at, log.signed_at)  # heads stay in order when a clock is set back
    TreeHead.objects.create(
        scope_id=log.scope_id,
        size=frontier.size,
        root=root,
        signed_at=signed_at,
        key=key,
        signature=private.sign(tree_head_bytes(log.key, frontier.size, root, signed_at)),
    )
    return SealedHead(log.key, frontier.size, root, signed_at)
