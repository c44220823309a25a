"""The journal on a durable cluster of its own: recording, sealing and verifying, in entries a second."""

from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.measuring import database, row, seconds

ENTRIES = 170_000
SINGLE = 2_000
PEER = 20_000
BATCH = 20_000


def run() -> list[dict[str, Any]]:
    """Rows of the table: rate, goal, and the same rows written by Django's own bulk_create."""
    with database():
        return _measure()


def _measure() -> list[dict[str, Any]]:
    from django.db import transaction

    from yunheng.foundation.journal import record, record_many
    from yunheng.foundation.models import Scope, Unsealed
    from yunheng.foundation.sealing import check_log, seal

    scope = Scope.objects.create(key="bench", name="Bench", zone="Asia/Shanghai")
    drafts = _drafts(scope, ENTRIES)

    def copy() -> None:
        with transaction.atomic():
            for first in range(0, ENTRIES, BATCH):
                record_many(drafts[first : first + BATCH])

    def one_by_one() -> None:
        for draft in drafts[:SINGLE]:
            with transaction.atomic():
                record(draft)

    def peer() -> None:
        with transaction.atomic():
            _bulk_create(drafts[:PEER])

    copied = ENTRIES / seconds(copy)
    created = PEER / seconds(peer)
    single = SINGLE / seconds(one_by_one)
    waiting = Unsealed.objects.count()
    sealed = waiting / seconds(seal)
    checks = []
    verified = waiting / seconds(lambda: checks.append(check_log(scope)))
    assert not Unsealed.objects.exists()
    assert checks[0].is_sound and checks[0].size == waiting, checks[0].problems[:3]
    each = "shared and personal class each"
    return [
        row(
            "record_many",
            copied,
            "entries/s",
            f"{ENTRIES:,} entries, {each}, committed at the end; goal ≥ 25 000",
            peer="Django bulk_create, same rows",
            peer_value=created,
        ),
        row("record, a commit each", single, "entries/s", f"one connection, {each}"),
        row("sealing, persisted", sealed, "leaves/s", f"{waiting:,} waiting entries; goal ≥ 100 000"),
        row(
            "full check of a log", verified, "entries/s", "bodies to signed heads; 170 000 in under a minute"
        ),
    ]


def _drafts(scope: Any, count: int) -> list[Any]:
    from yunheng.foundation.actor import Actor
    from yunheng.foundation.journal import EntryDraft

    begin = datetime(2026, 1, 1, tzinfo=UTC)
    actors = [
        Actor("person", f"01939d6e-0000-7000-8000-{number:012d}", f"工程师{number}") for number in range(200)
    ]
    states = ("new", "assigned", "in_progress", "waiting", "resolved", "closed")
    return [
        EntryDraft(
            scope_id=scope.pk,
            scope_key=scope.key,
            subject_id=number // 6,
            subject_number=f"BENCH-INC-20260101-{number // 6:05d}",
            type="ticket.observed",
            occurred_at=begin + timedelta(seconds=17 * number),
            actor=actors[number % 200],
            source="import",
            shared={
                "state": states[number % 6],
                "priority": f"p{number % 4 + 1}",
                "service": "邮件",
                "row": number,
            },
            personal={"caller": f"Caller {number % 5000}"},
        )
        for number in range(count)
    ]


def _bulk_create(drafts: list[Any]) -> None:
    """The peer: the same rows with the same digests, through the ORM."""
    from yunheng.foundation.models import Entry, EntryBody, Unsealed
    from yunheng.foundation.stored_form import store_all

    recorded_at = datetime.now(UTC)
    stored = list(store_all(drafts, recorded_at))
    entries = Entry.objects.bulk_create(
        [
            Entry(
                scope_id=draft.scope_id,
                subject_id=draft.subject_id,
                subject_number=draft.subject_number,
                type=draft.type,
                occurred_at=draft.occurred_at,
                recorded_at=recorded_at,
                actor_kind=draft.actor.kind,
                source=draft.source,
                shared_digest=form.digests[0],
                internal_digest=form.digests[1],
                personal_digest=form.digests[2],
                leaf=form.leaf,
            )
            for draft, form in zip(drafts, stored, strict=True)
        ],
        batch_size=1000,
    )
    EntryBody.objects.bulk_create(
        [
            EntryBody(
                entry=entry,
                shared=draft.shared,
                shared_salt=form.salts[0],
                personal={**draft.personal, "actor": {"id": draft.actor.id, "name": draft.actor.name}},
                personal_salt=form.salts[2],
            )
            for entry, draft, form in zip(entries, drafts, stored, strict=True)
        ],
        batch_size=1000,
    )
    Unsealed.objects.bulk_create(
        [Unsealed(entry=entry, scope_id=entry.scope_id) for entry in entries], batch_size=1000
    )


if __name__ == "__main__":
    for line in run():
        print(line)
