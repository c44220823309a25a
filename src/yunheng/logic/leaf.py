"""The leaf of the evidence log: what of an entry is hashed. Final from the first release."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypedDict

from yunheng.logic.canonical import canonical, instant

__all__ = [
    "LEAF_VERSION",
    "SALT_BYTES",
    "SOURCES",
    "VISIBILITIES",
    "LeafHeader",
    "Source",
    "Visibility",
    "class_digest",
    "discloses",
    "leaf_hash",
    "leaf_header",
]

LEAF_VERSION: Final = 1
SALT_BYTES: Final = 16

Source = Literal["server", "person", "device", "import"]
SOURCES: Final = frozenset(("server", "person", "device", "import"))

Visibility = Literal["shared", "internal", "personal"]
VISIBILITIES: Final[tuple[Visibility, ...]] = ("shared", "internal", "personal")

_DIGEST_LENGTH: Final = 64


class LeafHeader(TypedDict):
    """What a leaf commits to. Digests are lower-case hexadecimal; None when the entry has no data of the
    class.
    """

    v: int
    log: str
    subject: str
    type: str
    occurred_at: str
    recorded_at: str
    actor: str
    source: str
    shared: str | None
    internal: str | None
    personal: str | None


def class_digest(salt: bytes, data: Mapping[str, object]) -> str:
    """Hexadecimal SHA-256 of salt ‖ canonical JSON of the data of one visibility class.

    The salt (16 random bytes, one per entry and class) keeps short data from being guessed from its digest,
    and once salt and data are erased, nothing about them is left. Raises ValueError for a salt of another
    length, CanonicalError for data without canonical form.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + canonical(data)).hexdigest()


def leaf_header(
    *,
    log: str,
    subject: str,
    type: str,  # noqa: A002 - the word of the header
    occurred_at: datetime,
    recorded_at: datetime,
    actor: str,
    source: str,
    shared: str | None = None,
    internal: str | None = None,
    personal: str | None = None,
) -> LeafHeader:
    """The header of an entry, version 1.

    `log` is the key of the scope, `subject` the number of the ticket (or other subject), `actor` the *kind*
    of actor: who it was is personal data and belongs to that class. Instants are aware datetimes. Raises
    ValueError for an unknown source or a digest that is none.
    """
    if source not in SOURCES:
        raise ValueError(f"unknown source {source!r}; known are {', '.join(sorted(SOURCES))}")
    for digest in (shared, internal, personal):
        if digest is not None and len(digest) != _DIGEST_LENGTH:
            raise ValueError(f"a class digest has {_DIGEST_LENGTH} hexadecimal digits, not {len(digest)}")
    return {
        "v": LEAF_VERSION,
        "log": log,
        "subject": subject,
        "type": type,
        "occurred_at": instant(occurred_at),
        "recorded_at": instant(recorded_at),
        "actor": actor,
        "source": source,
        "shared": shared,
        "internal": internal,
        "personal": personal,
    }


def leaf_hash(header: LeafHeader) -> bytes:
    """SHA-256(0x00 ‖ canonical JSON of the header): the leaf hash of RFC 9162 §2.1.1 over the header's
    bytes.
    """
    return hashlib.sha256(b"\x00" + canonical(header)).digest()


def discloses(header: LeafHeader, visibility: Visibility, salt: bytes, data: Mapping[str, object]) -> bool:
    """Whether salt and data are what the header committed to for this class. False, too, when it had no
    such data.
    """
    committed = header[visibility]
    return committed is not None and hmac.compare_digest(committed, class_digest(salt, data))
