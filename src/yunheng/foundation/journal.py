"""Writes what happened: entries with a salted digest per visibility class, and the jobs that follow them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.tasks import Task
from procrastinate.types import JSONDict

from yunheng.logic.canonical import CanonicalError, canonical
from yunheng.logic.leaf import VISIBILITIES, Visibility, leaf_hash, leaf_header

from . import attachments, statements
from .actor import Actor
from .models import Entry, EntryBody, IdempotencyKey
from .stored_form import (
    COPY_BODIES,
    COPY_ENTRIES,
    COPY_UNSEALED,
    EntryDraft,
    StoredEntry,
    UnrecordableError,
    body_rows,
    entry_rows,
    store_all,
    store_form,
    unsealed_rows,
)

__all__ = [
    "REDACTED",
    "EntryDraft",
    "NotChangedError",
    "Rider",
    "UnrecordableError",
    "batch_tasks",
    "record",
    "record_many",
    "redact",
    "subscribe",
    "subscribe_batch",
    "verify_entry",
]

REDACTED: Final = "entry.redacted"

_Bytes = bytes | memoryview
_tasks_by_type: dict[str, list[Task[Any, Any, Any]]] = {}
_batches_by_type: dict[str, list[Task[Any, Any, Any]]] = {}


def subscribe(entry_type: str, task: Task[Any, Any, Any]) -> None:
    """Defer `task(entry_id=…)` with every entry of this type, in the transaction that records the entry.

    At-least-once: the task must be idempotent. Raises ValueError for types that imports write in bulk
    ("….observed", "source.asserted"): history that enters has no effects.
    """
    _enter(_tasks_by_type, entry_type, task)


def subscribe_batch(entry_type: str, task: Task[Any, Any, Any]) -> None:
    """Leave every entry of this type to `task()`, which takes many at once with `follow_ups.carry_out`: for what
    follows from most entries, and need not follow at once.

    A row in the entry's own transaction instead of a job, which costs more than most entries. At-least-once, too.
    Raises ValueError as `subscribe` does.
    """
    _enter(_batches_by_type, entry_type, task)


def batch_tasks() -> list[str]:
    """Names of all tasks that take entries many at once."""
    return sorted({task.name for tasks in _batches_by_type.values() for task in tasks})


def _enter(table: dict[str, list[Task[Any, Any, Any]]], entry_type: str, task: Task[Any, Any, Any]) -> None:
    if _is_silent(entry_type):
        raise ValueError(f"{entry_type} enters in bulk and starts no jobs")
    tasks = table.setdefault(entry_type, [])
    if task not in tasks:
        tasks.append(task)
        _jobs.cache_clear()


@dataclass(frozen=True, slots=True)
class Rider:
    """A change that goes into the database in the statement of an entry. What rides along reads the entry's `id` and
    `scope_id` from `written`: where no entry is written, it changes nothing.
    """

    statement: str
    params: tuple[Any, ...]


class NotChangedError(LookupError):
    """The change that an entry explains was not made: nothing was written."""


def record(
    draft: EntryDraft,
    *,
    recorded_at: datetime | None = None,
    change: Rider | None = None,
    riders: Sequence[Rider] = (),
) -> int:
    """Record one entry in the caller's transaction, with one statement; returns its id.

    `recorded_at` defaults to now. `change` is what the entry explains, with RETURNING: where it changes no row there is
    no entry. `riders` go along with it. Raises UnrecordableError for data that has no exact stored form,
    NotChangedError, RuntimeError outside a transaction, ValueError when `scope_key` is not the key of `scope_id`.
    """
    _require_transaction()
    recorded_at = recorded_at or datetime.now(UTC)
    stored = store_form(draft, recorded_at)
    found = statements.fetch_one(
        _record_statement(change and change.statement, tuple(rider.statement for rider in riders)),
        [
            *(change.params if change else ()),
            *(draft.subject_id, draft.subject_number, draft.type, draft.occurred_at, recorded_at),
            *(draft.actor.kind, draft.source, *stored.digests, stored.leaf),
            *(draft.scope_id, draft.scope_key),
            *(None if body is None else body.decode() for body in stored.bodies),
            *stored.salts,
            _batches(draft.type),
            *(value for rider in riders for value in rider.params),
            _jobs(draft.type),
        ],
    )
    if found is None:
        _require_scopes({(draft.scope_id, draft.scope_key)})
        raise NotChangedError(f"{draft.type} of {draft.subject_number}")
    entry_id: int = found[0]
    return entry_id


def _batches(entry_type: str) -> list[str]:
    """Names of the tasks that the entry waits for."""
    return [task.name for task in _batches_by_type.get(entry_type, ())]


@cache
def _jobs(entry_type: str) -> str:
    """The tasks that follow an entry of this type, as the queue takes them (procrastinate_job_to_defer_v1)."""
    jobs = (task.configure().job for task in _tasks_by_type.get(entry_type, ()))
    return json.dumps(
        [
            {
                "queue_name": job.queue,
                "task_name": job.task_name,
                "priority": job.priority,
                "lock": job.lock,
                "queueing_lock": job.queueing_lock,
            }
            for job in jobs
        ]
    )


@cache
def _record_statement(change: str | None, riders: tuple[str, ...]) -> str:
    """The statement that records an entry; one text for each combination, prepared once on each connection."""
    return _RECORD.format(
        change="" if change is None else f"changed AS ({change}),",
        condition="" if change is None else "AND EXISTS (SELECT FROM changed)",
        riders="".join(f", rider_{place} AS ({rider})" for place, rider in enumerate(riders)),
    )


_RECORD: Final = """
    WITH {change} written AS (
        INSERT INTO entry (scope_id, subject_id, subject_number, type, occurred_at, recorded_at, actor_kind,
                           source, shared_digest, internal_digest, personal_digest, leaf)
        SELECT id, %s::bigint, %s::text, %s::text, %s::timestamptz, %s::timestamptz, %s::text, %s::text, %s::bytea,
            %s::bytea, %s::bytea, %s::bytea
        FROM scope WHERE id = %s AND key = %s {condition}
        RETURNING id, scope_id
    ), body AS (
        INSERT INTO entry_body (entry_id, shared, internal, personal,
                                shared_salt, internal_salt, personal_salt)
        SELECT id, %s::jsonb, %s::jsonb, %s::jsonb, %s::bytea, %s::bytea, %s::bytea FROM written
    ), waiting AS (
        INSERT INTO unsealed (entry_id, scope_id) SELECT id, scope_id FROM written
    ), followed AS (
        INSERT INTO follow_up (task, entry_id) SELECT task, id FROM written, unnest(%s::text[]) AS task
    ){riders}
    SELECT id, (
        SELECT procrastinate_defer_jobs_v1(array_agg(ROW(queue_name, task_name, priority, lock, queueing_lock,
            jsonb_build_object('entry_id', written.id), NULL)::procrastinate_job_to_defer_v1))
        FROM json_populate_recordset(NULL::procrastinate_job_to_defer_v1, %s::json) HAVING count(*) > 0
    ) FROM written
"""


_FOLLOW = """
    INSERT INTO follow_up (task, entry_id)
    SELECT task, entry_id FROM unnest(%s::text[]) AS task, unnest(%s::bigint[]) AS entry_id
"""


def record_many(drafts: Sequence[EntryDraft], *, recorded_at: datetime | None = None) -> list[int]:
    """Record many entries in the caller's transaction by binary COPY; returns their ids, in order, ascending.

    The same bytes as `record` would write, and the same jobs; some ten thousand drafts per call are best.
    Raises what `record` raises, then nothing is written and the transaction can go on; `position` of an
    UnrecordableError tells which draft is at fault.
    """
    _require_transaction()
    if not drafts:
        return []
    recorded_at = recorded_at or datetime.now(UTC)
    _require_scopes({(draft.scope_id, draft.scope_key) for draft in drafts})
    stored: list[StoredEntry] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT nextval('entry_id_seq'::regclass) FROM generate_series(1, %s)", [len(drafts)])
        ids = sorted(entry_id for (entry_id,) in cursor.fetchall())
        for statement, blocks in (
            # Hashing goes on while the server takes in the rows before.
            (
                COPY_ENTRIES,
                entry_rows(ids, drafts, _kept(store_all(drafts, recorded_at), stored), recorded_at),
            ),
            (COPY_BODIES, body_rows(ids, stored)),
            (COPY_UNSEALED, unsealed_rows(ids, drafts)),
        ):
            with cursor.copy(statement) as copy:
                for block in blocks:
                    copy.write(block)
    by_type: dict[str, list[int]] = defaultdict(list)
    for entry_id, draft in zip(ids, drafts, strict=True):
        by_type[draft.type].append(entry_id)
    for entry_type, those in by_type.items():
        for task in _tasks_by_type.get(entry_type, ()):
            jobs: list[JSONDict] = [{"entry_id": entry_id} for entry_id in those]
            task.batch_defer(*jobs)
        if batches := _batches(entry_type):
            statements.run(_FOLLOW, [batches, those])
    return ids


def verify_entry(entry: Entry, body: EntryBody | None, scope_key: str) -> list[str]:
    """What is wrong between an entry, its body and its leaf; empty when they belong together.

    A class that has been erased (body and salt NULL) is not wrong by itself: whether an entry covers the
    erasing is for `check_log` to say.
    """
    digests = (entry.shared_digest, entry.internal_digest, entry.personal_digest)
    bodies = (body.shared, body.internal, body.personal) if body else (None, None, None)
    salts = (body.shared_salt, body.internal_salt, body.personal_salt) if body else (None, None, None)
    problems = [] if body else [_("its body is gone")]
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
            text = _("it has {visibility} data that its leaf does not commit to")
            problems.append(text.format(visibility=visibility))
        elif body is None or salt is None:
            text = _("of its {visibility} data only a half is there")
            problems.append(text.format(visibility=visibility))
        else:
            try:
                is_same = sha256(bytes(salt) + canonical(body)).digest() == digest
            except CanonicalError:
                is_same = False
            if not is_same:
                text = _("its {visibility} data is not what was recorded")
                problems.append(text.format(visibility=visibility))
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
        return [*problems, _("its header cannot be hashed: {error}").format(error=error)]
    if recomputed != leaf:
        problems.append(_("its header is not what its leaf commits to"))
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
    """Erase the data of these visibility classes of an entry, with the files that came with it; its leaf stays, and the
    log goes on verifying.

    Answers that the API keeps under a key (at most for a day) are forgotten, too: who repeats a call is told that it
    was done, without them. Writes an "entry.redacted" entry on the same subject that names the leaf, the classes and
    the reason (shared: put nothing personal into it); returns its id. Raises Entry.DoesNotExist, and ValueError for a
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
        for visibility in set(wanted) - {"personal"}:
            attachments.erase(entry_id=entry_id, is_internal=visibility == "internal")
        # Answers of the API may hold the same data, and nothing says which: all that are kept for repetition go.
        IdempotencyKey.objects.filter(body__isnull=False).update(body=None)
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


def _kept(stored: Iterable[StoredEntry], kept: list[StoredEntry]) -> Iterator[StoredEntry]:
    """What passes through, also put into a list."""
    for entry in stored:
        kept.append(entry)
        yield entry


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


def _hex(digest: _Bytes | None) -> str | None:
    return None if digest is None else digest.hex()
