"""Verifies the evidence of a ticket without Yunheng: `yunheng log prove NUMBER --json` from a file or standard input.

python verify.py evidence.json [head.json]     needs Python and the package `cryptography`

With a head that you kept (the same size as the evidence's), the evidence has to stand under that very head. Format:
docs/adr/0001-leaf-format.md; trees: RFC 9162; canonical JSON: RFC 8785.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Document = dict[str, Any]


class EvidenceError(Exception):
    """The evidence is not what it says."""


def canonical(value: object) -> bytes:
    """RFC 8785 for what Yunheng hashes: no fractions, keys within the Basic Multilingual Plane."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(*parts: bytes) -> bytes:
    """One digest over all parts."""
    return hashlib.sha256(b"".join(parts)).digest()


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
    signed = {name: head[name] for name in ("v", "kind", "log", "size", "root", "at")}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["key"]))
        key.verify(bytes.fromhex(head["signature"]), canonical(signed))
    except InvalidSignature:
        raise EvidenceError("the head is not signed by its key") from None


def verify(evidence: Document, kept: Document | None = None) -> int:
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


def main() -> int:
    """Verify what the command line names; status 0 when it stands."""
    texts = [Path(name).read_text(encoding="utf-8") for name in sys.argv[1:3]] or [sys.stdin.read()]
    documents = [json.loads(text) for text in texts]
    kept = documents[1] if len(documents) > 1 else None
    try:
        count = verify(documents[0], kept["heads"][0] if kept and "heads" in kept else kept)
    except EvidenceError as error:
        print(f"NOT verified: {error}")
        return 1
    head = documents[0]["head"]
    print(
        f"{documents[0]['subject']}: {count} entries stand under the head of {head['size']} leaves, {head['at']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
