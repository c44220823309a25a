"""The form in which entries are stored: canonical bytes, salted digests, leaf, and rows for binary COPY."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple, get_args

from yunheng.logic.canonical import CanonicalError, canonical, instant
from yunheng.logic.leaf import LEAF_VERSION, SALT_BYTES, SOURCES, Visibility

from .actor import Actor, ActorKind

__all__ = [
    "COPY_BODIES",
    "COPY_ENTRIES",
    "COPY_UNSEALED",
    "MAX_CLASS_BYTES",
    "EntryDraft",
    "StoredEntry",
    "UnrecordableError",
    "body_rows",
    "entry_rows",
    "store_all",
    "store_form",
    "unsealed_rows",
]

MAX_CLASS_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of canonical JSON in one visibility class of one entry; files belong into attachments."""

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_MAX_TYPE: Final = 80
_MAX_NUMBER: Final = 64
_ACTOR_KINDS: Final = frozenset(get_args(ActorKind))


class UnrecordableError(ValueError):
    """Data that the journal cannot keep to the byte.

    `place` is the visibility class, or "header" for the rest; `path` leads to the value ("lines[2].price");
    `position` is the draft's in a call of `record_many`.
    """

    def __init__(self, place: str, path: str, reason: str) -> None:
        super().__init__(f"{place}{'.' + path if path and path[0] != '[' else path}: {reason}")
        self.place = place
        self.path = path
        self.reason = reason
        self.position = 0


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """What is to be recorded. `type` is dotted and in the past tense ("ticket.opened").

    `shared` is what the client may read, `internal` what stays with the provider, `personal` what can be
    erased; the journal itself adds the actor's identity to `personal` under "actor". Decimals and instants go
    in as text (logic.canonical: decimal_text, instant).
    """

    scope_id: int
    scope_key: str
    subject_id: int
    subject_number: str
    type: str
    occurred_at: datetime
    actor: Actor
    source: str
    shared: Mapping[str, object] | None = None
    internal: Mapping[str, object] | None = None
    personal: Mapping[str, object] | None = None


class StoredEntry(NamedTuple):
    """A draft as it is stored: body (canonical JSON), salt and digest per visibility class, and the leaf."""

    bodies: tuple[bytes | None, bytes | None, bytes]
    salts: tuple[bytes | None, bytes | None, bytes]
    digests: tuple[bytes | None, bytes | None, bytes]
    leaf: bytes


def store_form(draft: EntryDraft, recorded_at: datetime, salt: bytes | None = None) -> StoredEntry:
    """The stored form of a draft, with fresh salts (or 48 given bytes of them). Raises UnrecordableError."""
    _check_type(draft.type)
    if draft.actor.kind not in _ACTOR_KINDS:
        raise UnrecordableError("header", "actor", f"{draft.actor.kind!r} is no kind of actor")
    if draft.source not in SOURCES:
        raise UnrecordableError("header", "source", f"{draft.source!r} is no source")
    if not 0 < len(draft.subject_number) <= _MAX_NUMBER:
        raise UnrecordableError("header", "subject", f"a number has 1 to {_MAX_NUMBER} characters")
    salt = salt or os.urandom(SALT_BYTES * 3)
    shared = shared_salt = shared_digest = None
    if draft.shared is not None:
        shared, shared_salt = _canonical("shared", draft.shared), salt[:16]
        shared_digest = sha256(shared_salt + shared).digest()
    internal = internal_salt = internal_digest = None
    if draft.internal is not None:
        internal, internal_salt = _canonical("internal", draft.internal), salt[16:32]
        internal_digest = sha256(internal_salt + internal).digest()
    personal, personal_salt = _personal(draft.actor, draft.personal), salt[32:]
    personal_digest = sha256(personal_salt + personal).digest()
    digests = (shared_digest, internal_digest, personal_digest)
    try:
        leaf = _leaf(draft, recorded_at, digests)
    except CanonicalError as error:
        raise UnrecordableError("header", error.path, error.reason) from None
    return StoredEntry(
        (shared, internal, personal), (shared_salt, internal_salt, personal_salt), digests, leaf
    )


def _leaf(
    draft: EntryDraft, recorded_at: datetime, digests: tuple[bytes | None, bytes | None, bytes]
) -> bytes:
    """logic.leaf.leaf_hash of the header, three times as fast; a test holds both equal.

    Kind of actor, source and type are checked already: they need no quoting. Raises CanonicalError.
    """
    shared, internal, personal = digests
    text = (
        f'\0{{"actor":"{draft.actor.kind}","internal":{_quoted_hex(internal)},"log":{_quoted(draft.scope_key)}'
        f',"occurred_at":"{instant(draft.occurred_at)}","personal":"{personal.hex()}"'
        f',"recorded_at":"{_instant(recorded_at)}","shared":{_quoted_hex(shared)},"source":"{draft.source}"'
        f',"subject":{_quoted(draft.subject_number)},"type":"{draft.type}","v":{LEAF_VERSION}}}'
    )
    return sha256(text.encode()).digest()


def _quoted_hex(digest: bytes | None) -> str:
    return "null" if digest is None else f'"{digest.hex()}"'


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return canonical(text).decode()


@lru_cache(maxsize=4)
def _instant(at: datetime) -> str:
    """Equal instants have equal text, so those of one batch are formatted once."""
    return instant(at)


def store_all(drafts: Sequence[EntryDraft], recorded_at: datetime) -> Iterator[StoredEntry]:
    """The stored forms of many drafts. Raises UnrecordableError with the `position` of the draft at fault."""
    size = SALT_BYTES * 3
    salts = os.urandom(size * len(drafts))
    for position, draft in enumerate(drafts):
        try:
            yield store_form(draft, recorded_at, salts[size * position : size * (position + 1)])
        except UnrecordableError as error:
            error.position = position
            raise


@lru_cache(maxsize=1024)
def _check_type(entry_type: str) -> None:
    if not _TYPE.fullmatch(entry_type) or len(entry_type) > _MAX_TYPE:
        raise UnrecordableError(
            "header", "type", f"{entry_type!r} is not dotted lower case of at most {_MAX_TYPE} letters"
        )


def _personal(actor: Actor, data: Mapping[str, object] | None) -> bytes:
    if not data:
        return _only_actor(actor)
    if "actor" in data:
        raise UnrecordableError("personal", "actor", "the journal itself writes who has acted")
    return _canonical("personal", {**data, "actor": {"id": actor.id, "name": actor.name}})


@lru_cache(maxsize=4096)
def _only_actor(actor: Actor) -> bytes:
    """The personal class of an entry with nothing else in it, as most have."""
    return _canonical("personal", {"actor": {"id": actor.id, "name": actor.name}})


def _canonical(visibility: Visibility, data: Mapping[str, object]) -> bytes:
    """The bytes that are hashed and, as jsonb, stored."""
    try:
        text = canonical(data if type(data) is dict else dict(data))
    except CanonicalError as error:
        raise UnrecordableError(visibility, error.path, error.reason) from None
    if len(text) > MAX_CLASS_BYTES:
        raise UnrecordableError(
            visibility, "", f"{len(text):,} bytes are more than the {MAX_CLASS_BYTES:,} that can be kept"
        )
    return text


# --- rows of COPY … (FORMAT BINARY) -------------------------------------------------------------------------
# A row is an int16 number of fields, then per field an int32 length and its bytes; NULL has length −1.

COPY_ENTRIES: Final = """
    COPY entry (id, scope_id, subject_id, subject_number, type, occurred_at, recorded_at, actor_kind, source,
                shared_digest, internal_digest, personal_digest, leaf) FROM STDIN (FORMAT BINARY)
"""
COPY_BODIES: Final = """
    COPY entry_body (entry_id, shared, shared_salt, internal, internal_salt, personal, personal_salt)
    FROM STDIN (FORMAT BINARY)
"""
COPY_UNSEALED: Final = "COPY unsealed (entry_id, scope_id) FROM STDIN (FORMAT BINARY)"

_ROWS_PER_BLOCK: Final = 1000  # the server parses one block while the next is made
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_IDS: Final = Struct(">hiqiqiq")
_INSTANTS: Final = Struct(">iqiq")
_LENGTH: Final = Struct(">i")
_BODY: Final = Struct(">hiq")
_UNSEALED: Final = Struct(">hiqiq")
_LENGTH_16: Final = _LENGTH.pack(16)
_LENGTH_32: Final = _LENGTH.pack(32)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
_MICROSECOND: Final = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def entry_rows(
    ids: Sequence[int], drafts: Sequence[EntryDraft], stored: Iterable[StoredEntry], recorded_at: datetime
) -> Iterator[bytes]:
    """The rows of COPY_ENTRIES, in blocks."""
    recorded = (recorded_at - _EPOCH) // _MICROSECOND
    parts = [_BEGIN]
    for place, (entry_id, draft, entry) in enumerate(zip(ids, drafts, stored, strict=True), start=1):
        occurred = (draft.occurred_at - _EPOCH) // _MICROSECOND
        shared, internal, personal = entry.digests
        parts += (
            _IDS.pack(13, 8, entry_id, 8, draft.scope_id, 8, draft.subject_id),
            _text(draft.subject_number),
            _text(draft.type),
            _INSTANTS.pack(8, occurred, 8, recorded),
            _text(draft.actor.kind),
            _text(draft.source),
            _NULL if shared is None else _LENGTH_32 + shared,
            _NULL if internal is None else _LENGTH_32 + internal,
            _LENGTH_32,
            personal,
            _LENGTH_32,
            entry.leaf,
        )
        if place % _ROWS_PER_BLOCK == 0:
            yield b"".join(parts)
            parts = []
    parts.append(_END)
    yield b"".join(parts)


def body_rows(ids: Sequence[int], stored: Sequence[StoredEntry]) -> Iterator[bytes]:
    """The rows of COPY_BODIES, in blocks."""
    parts = [_BEGIN]
    for place, (entry_id, entry) in enumerate(zip(ids, stored, strict=True), start=1):
        parts.append(_BODY.pack(7, 8, entry_id))
        for body, salt in zip(entry.bodies, entry.salts, strict=True):
            if body is None or salt is None:
                parts.append(_NULL + _NULL)
            else:  # jsonb is a version byte, then text
                parts += (_LENGTH.pack(len(body) + 1), b"\x01", body, _LENGTH_16, salt)
        if place % _ROWS_PER_BLOCK == 0:
            yield b"".join(parts)
            parts = []
    parts.append(_END)
    yield b"".join(parts)


def unsealed_rows(ids: Sequence[int], drafts: Sequence[EntryDraft]) -> Iterator[bytes]:
    """The rows of COPY_UNSEALED."""
    pack = _UNSEALED.pack
    rows = [pack(2, 8, entry_id, 8, draft.scope_id) for entry_id, draft in zip(ids, drafts, strict=True)]
    yield b"".join((_BEGIN, *rows, _END))
