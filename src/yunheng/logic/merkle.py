"""The Merkle tree of RFC 9162 §2.1: roots, proofs, and growth without reading old leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yunheng.logic.canonical import canonical, instant

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Frontier",
    "complete_subtrees",
    "consistency_nodes",
    "consistency_proof",
    "inclusion_nodes",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "proof_from",
    "root",
    "subtree_root",
    "tree_head_bytes",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves: the hash of nothing."""

Range = tuple[int, int]
"""Leaves start … end−1 (half-open)."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return _sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes (RFC 9162 §2.1.1)."""
    return Frontier().extend(hashes).root()


def _pair_up(nodes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of nodes."""
    return [
        _sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Frontier:
    """The complete subtrees that a tree of `size` leaves consists of, from left (largest) to right.

    Their hashes are all that is needed to append leaves and to give the root: one hash per set bit of `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has not {len(self.hashes)} complete subtrees")

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after appending these leaf hashes."""
        return self.grow(leaves)[0]

    def grow(
        self, leaves: Iterable[bytes], keep_from: int | None = None
    ) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """The frontier after appending leaf hashes, and the complete subtrees of 2^`keep_from` leaves or
        more that this completed, each as (start, end, hash).

        Whoever stores those can answer `subtree_root` for any part of the log from a few of them and fewer
        than 2^`keep_from` leaves at either end. Without `keep_from` the list is empty.
        """
        old = _by_level(self.size, self.hashes)
        nodes = list(leaves)
        size = self.size + len(nodes)
        kept: list[tuple[int, int, bytes]] = []
        edge: list[bytes] = []  # from right (smallest) to left
        position = self.size  # index of the first new node on this level
        level = 0
        while nodes or position:
            if keep_from is not None and level >= keep_from:
                width = 1 << level
                kept.extend(
                    (at * width, (at + 1) * width, node) for at, node in enumerate(nodes, start=position)
                )
            if position & 1:
                nodes.insert(0, old[level])
            if len(nodes) & 1:
                edge.append(nodes.pop())
            nodes = _pair_up(nodes)
            position >>= 1
            level += 1
        return Frontier(size, tuple(reversed(edge))), kept

    def root(self) -> bytes:
        """Root of the whole tree."""
        return _fold_right(self.hashes) if self.hashes else EMPTY_ROOT


def _by_level(size: int, hashes: Sequence[bytes]) -> dict[int, bytes]:
    levels = [level for level in range(size.bit_length()) if size >> level & 1]
    return dict(zip(reversed(levels), hashes, strict=True))


def _fold_right(hashes: Sequence[bytes]) -> bytes:
    """Join neighbouring subtrees, largest first, into their parent."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


# --- which subtrees a proof consists of -------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (size ≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_nodes(index: int, size: int) -> list[Range]:
    """Ranges of leaves whose subtree roots prove that leaf `index` is in the tree of `size` leaves, bottom
    first.

    RFC 9162 §2.1.3.1. Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_nodes(old_size: int, new_size: int) -> list[Range]:
    """Ranges of leaves whose subtree roots prove that the old tree is a prefix of the new one.

    RFC 9162 §2.1.4.1. Empty when the sizes are equal or the old tree is empty: then there is nothing to
    prove. Raises ValueError when the old tree is larger.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {old_size} leaves is no prefix of one of {new_size}")
    if old_size in (0, new_size):
        return []
    ranges: list[Range] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # otherwise the old tree is itself this subtree, and whoever verifies has its root
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def complete_subtrees(start: int, end: int) -> list[Range]:
    """The subtrees of 2^k leaves at a multiple of 2^k that [start, end) consists of, left to right.

    These are what a store of nodes holds. `[start, end)` must be a range of `inclusion_nodes` or
    `consistency_nodes`, that is, begin at a multiple of a power of two that is no smaller than its length;
    raises ValueError otherwise.
    """
    length = end - start
    if start < 0 or length < 1 or start % (1 << (length - 1).bit_length()):
        raise ValueError(f"leaves {start} to {end} are no subtree of any log")
    ranges: list[Range] = []
    while start < end:
        width = 1 << ((end - start).bit_length() - 1)
        ranges.append((start, start + width))
        start += width
    return ranges


def subtree_root(start: int, end: int, fetch: Callable[[int, int], bytes]) -> bytes:
    """Root over the leaves [start, end); `fetch(start, end)` gives the root of a complete subtree."""
    return _fold_right([fetch(*part) for part in complete_subtrees(start, end)])


def proof_from(nodes: Iterable[Range], fetch: Callable[[int, int], bytes]) -> list[bytes]:
    """The proof made of these ranges, as `inclusion_nodes` and `consistency_nodes` give them."""
    return [subtree_root(start, end, fetch) for start, end in nodes]


# --- proofs over leaves in memory -------------------------------------------------------------------------


def inclusion_proof(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """Proof that leaf `index` is in the tree over these leaf hashes."""
    return [root(hashes[start:end]) for start, end in inclusion_nodes(index, len(hashes))]


def consistency_proof(old_size: int, hashes: Sequence[bytes]) -> list[bytes]:
    """Proof that the tree over the first `old_size` of these leaf hashes is a prefix of the tree over all."""
    return [root(hashes[start:end]) for start, end in consistency_nodes(old_size, len(hashes))]


# --- verification -----------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is leaf `index` of the tree of `size` leaves with
    this root.

    RFC 9162 §2.1.3.2. Never raises for a bad proof.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    node, last = index, size - 1
    result = leaf
    for part in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(part, result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            result = node_hash(result, part)
        node >>= 1
        last >>= 1
    return last == 0 and result == root


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the tree with the old root is a prefix of the tree with the new root.

    RFC 9162 §2.1.4.2; beyond it, the empty tree is a prefix of every tree, with an empty proof. Never
    raises for a bad proof.
    """
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_result = new_result = path[0]
    for part in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_result = node_hash(part, old_result)
            new_result = node_hash(part, new_result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, part)
        node >>= 1
        last >>= 1
    return last == 0 and old_result == old_root and new_result == new_root


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


# --- tree heads -------------------------------------------------------------------------------------------


def tree_head_bytes(log_key: str, size: int, root: bytes, timestamp: datetime) -> bytes:
    """What is signed of a log: canonical JSON of its key, size, root (hexadecimal) and the instant of
    sealing.

    "kind" keeps a signature over a tree head from ever being one over something else. Raises ValueError
    when `root` is no hash or `size` is negative, CanonicalError when `timestamp` has no time zone.
    """
    if len(root) != HASH_BYTES:
        raise ValueError(f"a root has {HASH_BYTES} bytes, not {len(root)}")
    if size < 0:
        raise ValueError("a log has no negative size")
    return canonical(
        {
            "v": 1,
            "kind": "tree_head",
            "log": log_key,
            "size": size,
            "root": root.hex(),
            "at": instant(timestamp),
        }
    )
