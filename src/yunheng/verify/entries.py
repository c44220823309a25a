"""Verifies the evidence of one ticket: `yunheng log prove NUMBER --json`, from a file.

python yunheng-verify.pyz evidence.json [head.json]

With a head that you kept (the same size as the evidence's), the evidence has to stand under that very head. Format:
docs/adr/0001-leaf-format.md; trees: RFC 9162; canonical JSON: RFC 8785.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .verify import CAN_SIGN, canonical, is_signed, printable, sha256

Document = dict[str, Any]


class EvidenceError(Exception):
    """The evidence is not what it says."""


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 §2.1.3.2)."""
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise EvidenceError("the path is longer than the tree is high")
        if place & 1 or place == last:
            node = sha256(b"\x01", sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise EvidenceError("the path is shorter than the tree is high")
    return node


def verify_head(head: Document) -> None:
    """The head is signed with the key that it names."""
    if not CAN_SIGN:
        raise EvidenceError("signatures cannot be checked: Python lacks the package `cryptography`")
    if not is_signed(head["key"], head["signature"], head):
        raise EvidenceError("the head is not signed by its key")


def verify_entries(evidence: Document, kept: Document | None = None) -> int:
    """How many entries of the subject stand under the head. Raises EvidenceError."""
    head = evidence["head"]
    verify_head(head)
    if kept is not None and [kept[name] for name in ("log", "size", "root")] != [
        head[name] for name in ("log", "size", "root")
    ]:
        raise EvidenceError("this is not the head that you kept")
    for entry in evidence["entries"]:
        header, where = entry["header"], f"entry {entry['index']}"
        if header["log"] != head["log"] or header["subject"] != evidence["subject"]:
            raise EvidenceError(f"{where} is of another log or subject")
        leaf = sha256(b"\x00", canonical(header))
        path = [bytes.fromhex(part) for part in entry["path"]]
        if root_from(leaf, entry["index"], head["size"], path).hex() != head["root"]:
            raise EvidenceError(f"{where} does not stand under the head")
        if entry["shared"] is not None:  # None: never there, or redacted
            digest = sha256(bytes.fromhex(entry["shared_salt"]), canonical(entry["shared"])).hex()
            if digest != header["shared"]:
                raise EvidenceError(f"{where}: the data is not what was recorded")
    return len(evidence["entries"])


def main(names: Sequence[str]) -> int:
    """Verify what the files hold: evidence, and the head that was kept; status 0 when it stands."""
    try:
        documents = [json.loads(Path(name).read_text(encoding="utf-8")) for name in names[:2]]
        kept = documents[1] if len(documents) > 1 else None
        count = verify_entries(documents[0], kept["heads"][0] if kept and "heads" in kept else kept)
        head = documents[0]["head"]
        said = f"{documents[0]['subject']}: {count} entries stand under the head of {head['size']} leaves, {head['at']}"
    except EvidenceError as error:
        print(printable(f"NOT verified: {error}"))
        return 1
    except Exception as error:  # no file, no evidence
        print(printable(f"NOT verified: cannot be read ({error!r})"))
        return 1
    print(printable(said))
    return 0
