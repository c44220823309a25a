"""Writes what happened: entries with a salted digest per visibility class, and the jobs that follow them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from procrastinate.tasks import Task
from procrastinate.types import JSONDict

from yunheng.logic.canonical import CanonicalError, canonical
from yunheng.logic.leaf import SALT_BYTES, SOURCES, VISIBILITIES, Visibility, leaf_hash, leaf_header

from .actor import Actor
from .models import Entry, EntryBody

__all__ = [
    "MAX_CLASS_BYTES",
    "REDACTED",
    "EntryDraft",
    "UnrecordableError",
    "record",
    "record_many",
    "redact",
    "subscribe",
    "verify_entry",
]

MAX_CLASS_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of canonical JSON in one visibility class of one entry; files belong into attachments."""

REDACTED: Final = "entry.redacted"

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_ACTOR_KINDS: Final = frozenset(("person", "token", "system", "import"))
_CHUNK: Final = 20_000
_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_Bytes = bytes | memoryview

type_to_tasks: dict[str, list[Task[Any, Any, Any]]] = defaultdict(list)


class UnrecordableError(ValueError):
    """Data that the journal cannot keep to the byte.

    `place` is the visibility class, or "header" for the rest; `path` leads to the value ("lines[2].price").
    """

    def __init__(self, place: str, path: str, reason: str) -> None:
        super().__init__(f"{place}{'.' + path if path and path[0] != '[' else path}: {reason}")
        self.place = place
        self.path = path
        self.reason = reason


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


class _Sealable(NamedTuple):
    """A draft as it is stored: per visibility class digest, body (canonical JSON) and salt, then the leaf."""

    digests: tuple[bytes | None, bytes | None, bytes | None]
    bodies: tuple[bytes | None, bytes | None, bytes | None]
    salts: tuple[bytes | None, bytes | None, bytes | None]
    leaf: bytes


def subscribe(entry_type: str, task: Task[Any, Any, Any]) -> None:
    """Defer `task(entry_id=…)` with every entry of this type, in the transaction that records the entry.

    At-least-once: the task must be idempotent. Raises ValueError for types that imports write in bulk
    ("….observed", "source.asserted"): history that enters has no effects.
    """
    if _is_silent(entry_type):
        raise ValueError(f"{entry_type} enters in bulk and starts no jobs")
    if task not in type_to_tasks[entry_type]:
        type_to_tasks[entry_type].append(task)


def record(draft: EntryDraft, *, recorded_at: datetime | None = None) -> int:
    """Record one entry in the caller's transaction, with one statement; returns its id.

    `recorded_at` defaults to now. Raises UnrecordableError for data that has no exact stored form,
    RuntimeError outside a transaction, ValueError when `scope_key` is not the key of `scope_id`.
    """
    _require_transaction()
    recorded_at = recorded_at or datetime.now(UTC)
    row = _sealable(draft, recorded_at, os.urandom(SALT_BYTES * 3))
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            [
                *(draft.subject_id, draft.subject_number, draft.type, draft.occurred_at, recorded_at),
                *(draft.actor.kind, draft.source, *row.digests, row.leaf),
                *(draft.scope_id, draft.scope_key),
                *(None if body is None else body.decode() for body in row.bodies),
                *row.salts,
            ],
        )
        found = cursor.fetchone()
    if found is None:
        raise ValueError(f"scope {draft.scope_id} does not have the key {draft.scope_key!r}")
    entry_id: int = found[0]
    for task in type_to_tasks.get(draft.type, ()):
        task.defer(entry_id=entry_id)
    return entry_id


_RECORD = """
    WITH written AS (
        INSERT INTO entry (scope_id, subject_id, subject_number, type, occurred_at, recorded_at, actor_kind,
                           source, shared_digest, internal_digest, personal_digest, leaf)
        SELECT id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM scope WHERE id = %s AND key = %s
        RETURNING id, scope_id
    ), body AS (
        INSERT INTO entry_body (entry_id, shared, internal, personal,
                                shared_salt, internal_salt, personal_salt)
        SELECT id, %s::jsonb, %s::jsonb, %s::jsonb, %s::bytea, %s::bytea, %s::bytea FROM written
    )
    INSERT INTO unsealed (entry_id, scope_id) SELECT id, scope_id FROM written RETURNING entry_id
"""


def record_many(drafts: Sequence[EntryDraft], *, recorded_at: datetime | None = None) -> list[int]:
    """Record many entries in the caller's transaction by binary COPY; returns their ids, ascending, in order.

    The same bytes as `record` would write, and the same jobs. Raises what `record` raises, before anything is
    written when a draft is at fault.
    """
    _require_transaction()
    recorded_at = recorded_at or datetime.now(UTC)
    _require_scopes({(draft.scope_id, draft.scope_key) for draft in drafts})
    ids: list[int] = []
    for first in range(0, len(drafts), _CHUNK):
        ids += _copy_chunk(drafts[first : first + _CHUNK], recorded_at)
    jobs: dict[str, list[int]] = defaultdict(list)
    for entry_id, draft in zip(ids, drafts, strict=True):
        if draft.type in type_to_tasks:
            jobs[draft.type].append(entry_id)
    for entry_type, entry_ids in jobs.items():
        for task in type_to_tasks[entry_type]:
            jobs_wanted: list[JSONDict] = [{"entry_id": entry_id} for entry_id in entry_ids]
            task.batch_defer(*jobs_wanted)
    return ids


def verify_entry(entry: Entry, body: EntryBody | None, scope_key: str) -> list[str]:
    """What is wrong between an entry, its body and its leaf; empty when they belong together.

    A class that has been erased (body and salt NULL) is not wrong by itself: whether an entry covers the
    erasing is for `check_log` to say.
    """
    digests = (entry.shared_digest, entry.internal_digest, entry.personal_digest)
    bodies = (body.shared, body.internal, body.personal) if body else (None, None, None)
    salts = (body.shared_salt, body.internal_salt, body.personal_salt) if body else (None, None, None)
    problems = [] if body else ["its body is missing"]
    return problems + differences(
        scope_key=scope_key,
        header=(
            *(entry.subject_number, entry.type, entry.occurred_at, entry.recorded_at),
            *(entry.actor_kind, entry.source),
        ),
        digests=digests,
        bodies=bodies,
        salts=salts,
        leaf=bytes(entry.leaf),
    )


def differences(
    *,
    scope_key: str,
    header: tuple[str, str, datetime, datetime, str, str],
    digests: Sequence[_Bytes | None],
    bodies: Sequence[Mapping[str, object] | None],
    salts: Sequence[_Bytes | None],
    leaf: bytes,
) -> list[str]:
    """`verify_entry` on plain values.

    `header` is (subject number, type, occurred_at, recorded_at, actor kind, source); digests, bodies and
    salts come in the order of VISIBILITIES.
    """
    problems = []
    for visibility, digest, body, salt in zip(VISIBILITIES, digests, bodies, salts, strict=True):
        if body is None and salt is None:
            continue
        if digest is None:
            problems.append(f"it has {visibility} data that its leaf does not commit to")
        elif body is None or salt is None:
            problems.append(f"of its {visibility} data only a half is there")
        else:
            try:
                is_same = sha256(bytes(salt) + canonical(body)).digest() == digest
            except CanonicalError:
                is_same = False
            if not is_same:
                problems.append(f"its {visibility} data is not what was recorded")
    number, entry_type, occurred_at, recorded_at, actor_kind, source = header
    try:
        recomputed = leaf_hash(
            leaf_header(
                log=scope_key,
                subject=number,
                type=entry_type,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
                actor=actor_kind,
                source=source,
                shared=_hex(digests[0]),
                internal=_hex(digests[1]),
                personal=_hex(digests[2]),
            )
        )
    except ValueError as error:
        return [*problems, f"its header cannot be hashed: {error}"]
    if recomputed != leaf:
        problems.append("its header is not what its leaf commits to")
    return problems


def redact(
    *,
    actor: Actor,
    entry_id: int,
    classes: Iterable[Visibility],
    reason: str,
    at: datetime | None = None,
    source: str = "person",
) -> int:
    """Erase the data of these visibility classes of an entry; its leaf stays, and the log goes on verifying.

    Writes an "entry.redacted" entry on the same subject that names the leaf, the classes and the reason
    (shared: put nothing personal into it); returns its id. Raises Entry.DoesNotExist, and ValueError for a
    class that the entry has no data of, without a reason, and for an entry that itself records a redaction.
    """
    wanted = [visibility for visibility in VISIBILITIES if visibility in set(classes)]
    if not reason.strip():
        raise ValueError("a redaction needs a reason")
    with transaction.atomic():
        entry = Entry.objects.select_related("scope").get(pk=entry_id)
        if entry.type == REDACTED:
            raise ValueError("the record of a redaction cannot be redacted")
        body = EntryBody.objects.select_for_update().get(pk=entry_id)
        missing = [visibility for visibility in wanted if getattr(body, visibility) is None]
        if missing or not wanted:
            raise ValueError(f"the entry has no {' or '.join(missing) or 'named'} data to erase")
        EntryBody.objects.filter(pk=entry_id).update(
            **{name: None for visibility in wanted for name in (visibility, f"{visibility}_salt")}
        )
        now = datetime.now(UTC)
        return record(
            EntryDraft(
                scope_id=entry.scope_id,
                scope_key=entry.scope.key,
                subject_id=entry.subject_id,
                subject_number=entry.subject_number,
                type=REDACTED,
                occurred_at=at or now,
                actor=actor,
                source=source,
                shared={"leaf": bytes(entry.leaf).hex(), "classes": wanted, "reason": reason},
            ),
            recorded_at=now,
        )


# --- the stored form ----------------------------------------------------------------------------------------


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("an entry is recorded in the transaction of what it explains; open one first")


def _require_scopes(named: set[tuple[int, str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, key FROM scope WHERE id = ANY(%s)", [[scope_id for scope_id, _ in named]])
        for scope_id, key in sorted(named - set(cursor.fetchall())):
            raise ValueError(f"scope {scope_id} does not have the key {key!r}")


def _is_silent(entry_type: str) -> bool:
    return entry_type == "source.asserted" or entry_type.endswith(".observed")


@lru_cache(maxsize=1024)
def _check_type(entry_type: str) -> None:
    if not _TYPE.fullmatch(entry_type) or len(entry_type) > 80:
        raise UnrecordableError(
            "header", "type", f"{entry_type!r} is not dotted lower case of at most 80 letters"
        )


def _hex(digest: _Bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _sealable(draft: EntryDraft, recorded_at: datetime, salts: bytes) -> _Sealable:
    """Canonical bytes, digests and leaf of a draft. Raises UnrecordableError."""
    _check_type(draft.type)
    if draft.actor.kind not in _ACTOR_KINDS:
        raise UnrecordableError("header", "actor", f"{draft.actor.kind!r} is no kind of actor")
    if draft.source not in SOURCES:
        raise UnrecordableError("header", "source", f"{draft.source!r} is no source")
    if not 0 < len(draft.subject_number) <= 64:
        raise UnrecordableError("header", "subject", "a number has 1 to 64 characters")
    personal: dict[str, object] = {"actor": {"id": draft.actor.id, "name": draft.actor.name}}
    if draft.personal:
        if "actor" in draft.personal:
            raise UnrecordableError("personal", "actor", "the journal itself writes who has acted")
        personal |= draft.personal
    shared, shared_salt, shared_digest = _class("shared", draft.shared, salts[:16])
    internal, internal_salt, internal_digest = _class("internal", draft.internal, salts[16:32])
    whose, whose_salt, whose_digest = _class("personal", personal, salts[32:])
    try:
        leaf = leaf_hash(
            leaf_header(
                log=draft.scope_key,
                subject=draft.subject_number,
                type=draft.type,
                occurred_at=draft.occurred_at,
                recorded_at=recorded_at,
                actor=draft.actor.kind,
                source=draft.source,
                shared=_hex(shared_digest),
                internal=_hex(internal_digest),
                personal=_hex(whose_digest),
            )
        )
    except CanonicalError as error:
        raise UnrecordableError("header", error.path, error.reason) from None
    return _Sealable(
        (shared_digest, internal_digest, whose_digest),
        (shared, internal, whose),
        (shared_salt, internal_salt, whose_salt),
        leaf,
    )


def _class(
    visibility: Visibility, data: Mapping[str, object] | None, salt: bytes
) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Canonical bytes, salt and digest (logic.leaf.class_digest) of the data of one class."""
    if data is None:
        return None, None, None
    try:
        text = canonical(data if type(data) is dict else dict(data))
    except CanonicalError as error:
        raise UnrecordableError(visibility, error.path, error.reason) from None
    if len(text) > MAX_CLASS_BYTES:
        raise UnrecordableError(
            visibility, "", f"{len(text):,} bytes; at most {MAX_CLASS_BYTES:,} can be kept"
        )
    return text, salt, sha256(salt + text).digest()


# --- bulk ---------------------------------------------------------------------------------------------------
# COPY … (FORMAT BINARY): per row int16 number of fields, per field int32 length and bytes; NULL is length −1.

_COPY_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_ENTRY_IDS: Final = Struct(">hiqiqiq")
_INSTANTS: Final = Struct(">iqiq")
_LENGTH: Final = Struct(">i")
_BODY_ID: Final = Struct(">hiq")
_UNSEALED: Final = Struct(">hiqiq")
_LENGTH_16: Final = _LENGTH.pack(16)
_LENGTH_32: Final = _LENGTH.pack(32)


def _copy_chunk(drafts: Sequence[EntryDraft], recorded_at: datetime) -> list[int]:
    salts = os.urandom(SALT_BYTES * 3 * len(drafts))
    rows = [
        _sealable(draft, recorded_at, salts[48 * place : 48 * place + 48])
        for place, draft in enumerate(drafts)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('entry', 'id')) FROM generate_series(1, %s)", [len(drafts)]
        )
        ids = sorted(entry_id for (entry_id,) in cursor.fetchall())
        with cursor.copy(
            "COPY entry (id, scope_id, subject_id, subject_number, type, occurred_at, recorded_at,"
            " actor_kind, source, shared_digest, internal_digest, personal_digest, leaf)"
            " FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.write(_entry_rows(ids, drafts, rows, recorded_at))
        with cursor.copy(
            "COPY entry_body (entry_id, shared, shared_salt, internal, internal_salt, personal,"
            " personal_salt) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.write(_body_rows(ids, rows))
        with cursor.copy("COPY unsealed (entry_id, scope_id) FROM STDIN (FORMAT BINARY)") as copy:
            pack = _UNSEALED.pack
            parts = [
                pack(2, 8, entry_id, 8, draft.scope_id) for entry_id, draft in zip(ids, drafts, strict=True)
            ]
            copy.write(b"".join((_COPY_BEGIN, *parts, _COPY_END)))
    return ids


@lru_cache(maxsize=4096)
def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def _entry_rows(
    ids: Sequence[int], drafts: Sequence[EntryDraft], rows: Sequence[_Sealable], recorded_at: datetime
) -> bytes:
    recorded = (recorded_at - _POSTGRES_EPOCH) // _MICROSECOND
    parts = [_COPY_BEGIN]
    for entry_id, draft, row in zip(ids, drafts, rows, strict=True):
        occurred = (draft.occurred_at - _POSTGRES_EPOCH) // _MICROSECOND
        parts += (
            _ENTRY_IDS.pack(13, 8, entry_id, 8, draft.scope_id, 8, draft.subject_id),
            _text(draft.subject_number),
            _text(draft.type),
            _INSTANTS.pack(8, occurred, 8, recorded),
            _text(draft.actor.kind),
            _text(draft.source),
        )
        for digest in row.digests:
            parts.append(_NULL if digest is None else _LENGTH_32 + digest)
        parts.append(_LENGTH_32 + row.leaf)
    parts.append(_COPY_END)
    return b"".join(parts)


def _body_rows(ids: Sequence[int], rows: Sequence[_Sealable]) -> bytes:
    parts = [_COPY_BEGIN]
    for entry_id, row in zip(ids, rows, strict=True):
        parts.append(_BODY_ID.pack(7, 8, entry_id))
        for body, salt in zip(row.bodies, row.salts, strict=True):
            if body is None or salt is None:
                parts.append(_NULL + _NULL)
            else:  # jsonb in binary: a version byte, then text
                parts += (_LENGTH.pack(len(body) + 1), b"\x01", body, _LENGTH_16, salt)
    parts.append(_COPY_END)
    return b"".join(parts)
