"""Inclusion and consistency proofs of a log, from its stored subtrees and a few leaves, never from all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from yunheng.logic.merkle import (
    Frontier,
    complete_subtrees,
    consistency_nodes,
    inclusion_nodes,
    proof_from,
)
from yunheng.logic.merkle import root as root_of

from .models import Entry, LogLeaf, LogState, TreeHead

__all__ = [
    "NODE_LEVEL",
    "InclusionProof",
    "NotSealedError",
    "consistency",
    "frontier_at",
    "inclusion",
    "stored_nodes",
]

NODE_LEVEL = 8
"""Subtrees of 2^8 leaves and more are stored: a proof reads fewer than 2 × 256 leaves, and 0.8 % is added."""

LARGEST_SIZE = (1 << 63) - 1
"""What the database can count; a size may come from a stranger's file."""

_Range = tuple[int, int]


class NotSealedError(LookupError):
    """The entry is in no log yet, or not yet under the size that was asked for."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That `leaf` is leaf `index` of the first `size` leaves of the log (RFC 9162 §2.1.3)."""

    scope_id: int
    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]


def inclusion(entry: Entry, size: int | None = None) -> InclusionProof:
    """Proof that an entry is in its scope's log, under the newest signed head or the tree of `size` leaves.

    Raises NotSealedError when it is not (yet).
    """
    placed = LogLeaf.objects.filter(entry_id=entry.pk).first()
    if size is None:
        newest = TreeHead.objects.filter(scope_id=entry.scope_id).order_by("-size").first()
        size = newest.size if newest else 0
    else:
        _require_size(entry.scope_id, size)
    if placed is None or placed.index >= size:
        raise NotSealedError(f"entry {entry.pk} of {entry.subject_number} is not sealed yet")
    path = _proof(placed.scope_id, inclusion_nodes(placed.index, size))
    return InclusionProof(placed.scope_id, placed.index, size, bytes(placed.leaf), tuple(path))


def consistency(scope_id: int, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Proof that the first `old_size` leaves of a log are a prefix of its first `new_size` (RFC 9162 §2.1.4).

    Raises ValueError when the old size is larger, NotSealedError when the log is shorter than that.
    """
    _require_size(scope_id, new_size)
    return tuple(_proof(scope_id, consistency_nodes(old_size, new_size)))


def _require_size(scope_id: int, size: int) -> None:
    """Refuse sizes that the log does not have before anything is computed: a size with thousands of digits would
    cost seconds, and equal sizes beyond the log's would look proved. Raises NotSealedError.
    """
    sealed = LogState.objects.filter(scope_id=scope_id).values_list("size", flat=True).first() or 0
    if size > sealed:
        raise NotSealedError(f"the log has {sealed} leaves")


def frontier_at(scope_id: int, size: int) -> Frontier:
    """The complete subtrees of the first `size` leaves; from there a verification can go on.

    Raises NotSealedError when the log is shorter than that.
    """
    if size == 0:
        return Frontier()
    if size > LARGEST_SIZE:
        raise NotSealedError(f"no log has more than {LARGEST_SIZE} leaves")
    ranges: list[_Range] = []
    start = 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            ranges.append((start, start + (1 << bit)))
            start += 1 << bit
    hashes = _subtrees(scope_id, ranges)
    return Frontier(size, tuple(hashes[part] for part in ranges))


def _proof(scope_id: int, nodes: Sequence[_Range]) -> list[bytes]:
    parts = [part for start, end in nodes for part in complete_subtrees(start, end)]
    hashes = _subtrees(scope_id, parts)
    return proof_from(nodes, lambda start, end: hashes[start, end])


def stored_nodes(scope_id: int, ranges: Sequence[_Range]) -> dict[_Range, bytes]:
    """What log_node has of these complete subtrees, each given as (first leaf, leaf after the last)."""
    levels = [(end - start).bit_length() - 1 for start, end in ranges]
    places = [start >> level for (start, _), level in zip(ranges, levels, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT level, index, hash FROM log_node JOIN unnest(%s::int[], %s::bigint[]) AS wanted (l, i)"
            " ON scope_id = %s AND level = l AND index = i",
            [levels, places, scope_id],
        )
        return {
            (index << level, (index + 1) << level): bytes(value) for level, index, value in cursor.fetchall()
        }


def _subtrees(scope_id: int, ranges: Iterable[_Range]) -> dict[_Range, bytes]:
    """Roots of complete subtrees, with one query for the large and one for the leaves of the small."""
    wanted = set(ranges)
    large = [part for part in wanted if part[1] - part[0] >= 1 << NODE_LEVEL]
    small = sorted(wanted - set(large))
    hashes = stored_nodes(scope_id, large) if large else {}
    if small:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT start, count(*), string_agg(leaf, ''::bytea ORDER BY index) FROM log_leaf"
                " JOIN unnest(%s::bigint[], %s::bigint[]) AS wanted (start, stop)"
                " ON scope_id = %s AND index >= start AND index < stop GROUP BY start",
                [[start for start, _ in small], [end for _, end in small], scope_id],
            )
            found = {start: (count, bytes(leaves)) for start, count, leaves in cursor.fetchall()}
            for start, end in small:
                count, leaves = found.get(start, (0, b""))
                if count == end - start and len(leaves) == 32 * count:
                    hashes[start, end] = root_of([leaves[at : at + 32] for at in range(0, len(leaves), 32)])
    if missing := wanted - hashes.keys():
        start, end = min(missing)
        raise NotSealedError(f"the log does not have the leaves {start} to {end - 1}")
    return hashes
