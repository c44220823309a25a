"""Sealing without the database: canonical JSON, leaves, growth of the tree, proofs out of stored subtrees."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.measuring import row, seconds
from yunheng.logic import merkle
from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import class_digest, leaf_hash, leaf_header

ENTRIES = 20_000
LEAVES = 300_000
BATCH = 1_000
"""Leaves that a sealer takes at once."""
KEPT_LEVEL = 8
PROOFS = 500
REPEATS = 3

_SHARED = {"state": "in_progress", "note": "已联系客户,等待回复", "priority": "p2", "team": "desk"}
_PERSONAL = {"actor": "张三", "phone": "13800000000"}


def run() -> list[dict[str, Any]]:
    """Rows of the table of `make bench`: best of three, CPU time of one process."""
    rows = [_canonical(), _leaves()]
    hashes = [hashlib.sha256(number.to_bytes(8)).digest() for number in range(LEAVES)]
    rows.append(_growth(hashes))
    rows.extend(_proofs(hashes))
    return rows


def _best(work: Callable[[], object]) -> float:
    return seconds(work, rounds=REPEATS, clock=time.process_time)


def _canonical() -> dict[str, Any]:
    def ours() -> None:
        for _ in range(ENTRIES):
            canonical(_SHARED)

    def plain() -> None:
        for _ in range(ENTRIES):
            json.dumps(_SHARED, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    assert (
        canonical(_SHARED)
        == json.dumps(_SHARED, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    )
    return row(
        "canonical JSON of a flat object",
        ENTRIES / _best(ours),
        "objects/s",
        "the peer gives the same bytes for this object and refuses nothing",
        peer="json.dumps",
        peer_value=ENTRIES / _best(plain),
    )


def _leaves() -> dict[str, Any]:
    salt = os.urandom(16)
    at = datetime.now(UTC)

    def work() -> None:
        for number in range(ENTRIES):
            leaf_hash(
                leaf_header(
                    log="ACME",
                    subject=f"ACME-INC-20260401-{number:04d}",
                    type="ticket.observed",
                    occurred_at=at,
                    recorded_at=at,
                    actor="import",
                    source="import",
                    shared=class_digest(salt, _SHARED),
                    personal=class_digest(salt, _PERSONAL),
                )
            )

    return row("leaves from entries with two classes", ENTRIES / _best(work), "entries/s", "goal ≥ 40 000")


def _growth(hashes: list[bytes]) -> dict[str, Any]:
    grown: list[merkle.Frontier] = []

    def work() -> None:
        frontier = merkle.Frontier()
        for start in range(0, LEAVES, BATCH):
            frontier, _ = frontier.grow(hashes[start : start + BATCH], keep_from=KEPT_LEVEL)
            frontier.root()
        grown.append(frontier)

    taken = _best(work)
    assert grown[-1].root() == merkle.root(hashes)
    note = f"batches of {BATCH} with a root each, subtrees from 2^{KEPT_LEVEL} kept; goal ≥ 300 000"
    return row("growth of the tree", LEAVES / taken, "leaves/s", note)


def _proofs(hashes: list[bytes]) -> list[dict[str, Any]]:
    frontier, nodes = merkle.Frontier().grow(hashes, keep_from=KEPT_LEVEL)
    stored = {(start, end): node for start, end, node in nodes}
    top = frontier.root()
    indexes = range(0, LEAVES, LEAVES // PROOFS)

    def fetch(start: int, end: int) -> bytes:
        return stored[start, end] if end - start >= 1 << KEPT_LEVEL else merkle.root(hashes[start:end])

    proofs: dict[int, list[bytes]] = {}

    def prove() -> None:
        for index in indexes:
            proofs[index] = merkle.proof_from(merkle.inclusion_nodes(index, LEAVES), fetch)

    def verify() -> None:
        for index in indexes:
            assert merkle.verify_inclusion(hashes[index], index, LEAVES, proofs[index], top)

    size = f"log of {LEAVES} leaves"
    return [
        row("inclusion proof made", len(indexes) / _best(prove), "proofs/s", f"{size}, from kept subtrees"),
        row("inclusion proof verified", len(indexes) / _best(verify), "proofs/s", size),
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
