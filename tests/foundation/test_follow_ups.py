"""What follows from entries many at once: in the entry's transaction, once, whatever dies meanwhile."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate import Blueprint
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.foundation.ground import make_draft, make_scope
from tests.foundation.test_jobs import work

from yunheng.foundation import follow_ups, journal
from yunheng.foundation.follow_ups import carry_out, wake, waking
from yunheng.foundation.journal import record, record_many, subscribe_batch
from yunheng.foundation.models import FollowUp, IdempotencyKey


class Killed(BaseException):
    """What SIGKILL is to a transaction: nothing that comes after it runs."""


class Follower:
    """A task that takes entries of a type many at once, and what it did."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.fault: BaseException | None = None
        blueprint = Blueprint()

        @blueprint.task(name="take")
        def take() -> None:
            carry_out(take, self.handle, alone=one)

        @blueprint.task(name="one")
        def one(entry_id: int) -> None:
            self.alone.append(entry_id)

        app.add_tasks_from(blueprint, namespace="follow")
        self.take, self.one = take, one

    def handle(self, entry_ids: Any) -> None:
        for entry_id in entry_ids:  # what it does belongs to its transaction
            IdempotencyKey.objects.create(holder="follow", key=str(entry_id), request_digest=b"")
        if self.fault is not None:
            raise self.fault
        self.batches.append(list(entry_ids))


@pytest.fixture
def follower(monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})
    monkeypatch.setattr(journal, "_batches_by_type", {})
    found = Follower()
    yield found
    del app.tasks["follow:take"], app.tasks["follow:one"]


def done() -> list[int]:
    keys = IdempotencyKey.objects.filter(holder="follow").order_by("id").values_list("key", flat=True)
    return [int(key) for key in keys]


def waiting() -> list[int]:
    return list(
        FollowUp.objects.filter(task="follow:take").order_by("entry_id").values_list("entry_id", flat=True)
    )


def test_an_entry_waits_from_its_own_transaction_on(scope, draft, follower: Follower) -> None:
    subscribe_batch(draft().type, follower.take)
    with transaction.atomic():
        record(draft())
        transaction.set_rollback(True)
    assert waiting() == []
    many = record_many([draft(), draft()])
    one = record(draft())
    assert waiting() == [*many, one]
    assert not ProcrastinateJob.objects.filter(task_name__startswith="follow:").exists()
    with pytest.raises(ValueError, match="in bulk"):
        subscribe_batch("ticket.observed", follower.take)


def test_entries_are_taken_in_order_and_in_batches(
    scope, draft, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "BATCH", 3)
    subscribe_batch(draft().type, follower.take)
    ids = [record(draft()) for _ in range(7)]
    follower.take()
    assert follower.batches == [ids[:3], ids[3:6], ids[6:]]
    assert (waiting(), done()) == ([], ids)
    follower.take()
    assert done() == ids


def test_a_batch_that_fails_is_undone_and_each_of_its_entries_gets_a_job(
    scope, draft, follower: Follower
) -> None:
    subscribe_batch(draft().type, follower.take)
    ids = [record(draft()) for _ in range(3)]
    follower.fault = ZeroDivisionError()
    follower.take()
    assert (waiting(), done()) == ([], [])
    jobs = ProcrastinateJob.objects.filter(task_name="follow:one").order_by("id")
    assert [args["entry_id"] for args in jobs.values_list("args", flat=True)] == ids


def test_whatever_kills_it_leaves_all_as_it_was(committed_db, follower: Follower) -> None:
    scope = make_scope()
    subscribe_batch(make_draft(scope).type, follower.take)
    with transaction.atomic():
        ids = [record(make_draft(scope)) for _ in range(3)]
    follower.fault = Killed()
    with pytest.raises(Killed):
        follower.take()
    assert (waiting(), done()) == (ids, [])
    follower.fault = None
    follower.take()
    assert (waiting(), done()) == ([], ids)


def test_two_at_once_take_different_entries(
    committed_db, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "BATCH", 1)
    scope = make_scope()
    subscribe_batch(make_draft(scope).type, follower.take)
    with transaction.atomic():
        first, second = record(make_draft(scope)), record(make_draft(scope))
    seen: list[list[int]] = []

    def another_worker() -> None:
        follower.take()
        seen.append(done())
        connection.close()

    def slow(entry_ids: Any) -> None:
        assert list(entry_ids) == [first]
        other = threading.Thread(target=another_worker)
        other.start()  # while this batch is under way
        other.join(timeout=60)
        assert not other.is_alive()

    assert carry_out(follower.take, slow, alone=follower.one) == 1
    assert (seen, follower.batches, waiting()) == ([[second]], [[second]], [])


def test_one_job_is_started_for_all_that_waits(committed_db, follower: Follower) -> None:
    scope = make_scope()
    subscribe_batch(make_draft(scope).type, follower.take)
    assert wake() == []
    with transaction.atomic():
        ids = [record(make_draft(scope)) for _ in range(5)]
    assert [wake(), wake()] == [["follow:take"], []]
    work()
    assert (waiting(), done(), follower.batches) == ([], ids, [ids])
    assert wake() == []


def test_the_worker_looks_by_itself(
    committed_db, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "PAUSE_SECONDS", 0.01)
    scope = make_scope()
    subscribe_batch(make_draft(scope).type, follower.take)
    faults = [follow_ups.DatabaseError("the server is away")]
    look = follow_ups.wake
    woken = threading.Event()

    def looks() -> list[str]:
        if faults:
            raise faults.pop()
        started = look()
        if started:
            woken.set()
        return started

    monkeypatch.setattr(follow_ups, "wake", looks)
    with waking():
        with transaction.atomic():
            record(make_draft(scope))
        assert woken.wait(60)
    assert not faults
    work()
    assert (len(done()), waiting()) == (1, [])
