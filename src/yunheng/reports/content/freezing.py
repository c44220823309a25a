"""The one form in which a content is hashed, stored and rendered: RFC 8785 JSON, and the hash it carries of itself."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from yunheng.logic.canonical import canonical

__all__ = ["canonical_bytes", "content_digest", "frozen"]


def canonical_bytes(content: Mapping[str, Any]) -> bytes:
    """The content in its one form. Raises logic.canonical.CanonicalError for floats and the like."""
    return canonical(content)


def content_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the content without `record.content_sha256`, which holds it."""
    record = {name: value for name, value in content.get("record", {}).items() if name != "content_sha256"}
    return sha256(canonical({**content, "record": record})).hexdigest()


def frozen(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its own hash in it, keys in order: as it is stored, and as it comes back from the database."""
    digest = content_digest(content)
    record = {**content.get("record", {}), "content_sha256": digest}
    found: dict[str, Any] = json.loads(canonical({**content, "record": record}))
    return found
