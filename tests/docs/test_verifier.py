"""The verifier that is handed out accepts evidence of a ticket as it is and refuses it bent, with no product there."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yunheng.logic.leaf import class_digest, leaf_hash, leaf_header
from yunheng.logic.merkle import inclusion_proof, root, tree_head_bytes
from yunheng.verify.building import build_pyz

AT = datetime(2026, 4, 1, 1, 30, tzinfo=UTC)
SIZE = 11


@pytest.fixture(scope="module")
def evidence() -> dict[str, Any]:
    """Evidence of a subject with every second leaf of a log of eleven."""
    salt = bytes(range(16))
    shared = [
        {"text": f"第 {index} 次回复\n“ok”", "is_automatic": False, "facts": [index]} for index in range(SIZE)
    ]
    headers = [
        leaf_header(
            log="acme",
            subject="ACME-INC-20260401-0007",
            type="ticket.replied",
            occurred_at=AT,
            recorded_at=AT,
            actor="person",
            source="person",
            shared=class_digest(salt, data),
            internal=None,
            personal=None,
        )
        for data in shared
    ]
    leaves = [leaf_hash(header) for header in headers]
    key = Ed25519PrivateKey.generate()
    top = root(leaves)
    head = {
        "v": 1,
        "kind": "tree_head",
        "log": "acme",
        "size": SIZE,
        "root": top.hex(),
        "at": "2026-04-01T01:30:00.000000Z",
        "key": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        "signature": key.sign(tree_head_bytes("acme", SIZE, top, AT)).hex(),
    }
    entries = [
        {
            "header": dict(headers[index]),
            "shared": shared[index],
            "shared_salt": salt.hex(),
            "leaf": leaves[index].hex(),
            "index": index,
            "path": [part.hex() for part in inclusion_proof(index, leaves)],
        }
        for index in range(0, SIZE, 2)
    ]
    return {"v": 1, "kind": "evidence", "subject": "ACME-INC-20260401-0007", "head": head, "entries": entries}


def _run(folder: Path, evidence: dict[str, Any], kept: dict[str, Any] | None = None) -> tuple[int, str]:
    names = []
    for name, document in (("evidence.json", evidence), ("head.json", kept)):
        if document is not None:
            (folder / name).write_text(json.dumps(document), encoding="utf-8")
            names.append(str(folder / name))
    (folder / "yunheng-verify.pyz").write_bytes(build_pyz())
    command = [sys.executable, "-I", str(folder / "yunheng-verify.pyz"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_accepts_what_was_recorded_under_the_head_that_was_kept(
    evidence: dict[str, Any], tmp_path: Path
) -> None:
    assert _run(tmp_path, evidence) == (
        0,
        "ACME-INC-20260401-0007: 6 entries stand under the head of 11 leaves, 2026-04-01T01:30:00.000000Z\n",
    )
    assert _run(tmp_path, evidence, {"heads": [evidence["head"]]})[0] == 0


def test_it_accepts_an_entry_whose_data_was_redacted(evidence: dict[str, Any], tmp_path: Path) -> None:
    erased = copy.deepcopy(evidence)
    erased["entries"][1].update(shared=None, shared_salt=None)
    assert _run(tmp_path, erased)[0] == 0


def _set(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("entries", 2, "shared", "text", value="other"), "the data is not what was recorded"),
        (
            _set("entries", 2, "header", "occurred_at", value="2026-04-01T01:29:00.000000Z"),
            "does not stand under the head",
        ),
        (
            _set("entries", 2, "header", "subject", value="ACME-INC-20260401-0008"),
            "of another log or subject",
        ),
        (_set("entries", 2, "index", value=5), "does not stand under the head"),
        (_set("entries", 2, "path", value=[]), "shorter than the tree is high"),
        (_set("head", "size", value=12), "not signed by its key"),
        (_set("head", "root", value="00" * 32), "not signed by its key"),
    ],
    ids=["data", "instant", "subject", "index", "path", "size", "root"],
)
def test_it_refuses_evidence_that_was_bent(
    change: Callable[[dict[str, Any]], None], reason: str, evidence: dict[str, Any], tmp_path: Path
) -> None:
    bent = copy.deepcopy(evidence)
    change(bent)
    status, said = _run(tmp_path, bent)
    assert status == 1
    assert said.startswith("NOT verified: ")
    assert reason in said


def test_it_refuses_another_head_than_the_one_that_was_kept(evidence: dict[str, Any], tmp_path: Path) -> None:
    status, said = _run(tmp_path, evidence, {**evidence["head"], "root": "11" * 32})
    assert (status, said) == (1, "NOT verified: this is not the head that you kept\n")
