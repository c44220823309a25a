"""Two who send the same write at the same moment: one writes, the other waits for what becomes of it."""

import threading
from typing import Any

from django.db import connections
from tests.api.calling import caller, post, send
from tests.pages.world import build_world

from yunheng.foundation.models import Entry, IdempotencyKey


def test_two_at_once_one_writes_and_the_other_waits_for_its_answer(committed_db: Any) -> None:
    world = build_world()
    number = world.tickets["working"]
    secret_client = caller(world, "alice", "write")
    before = Entry.objects.count()
    answers: list[Any] = []
    start = threading.Barrier(4)

    def call() -> None:
        start.wait()
        try:
            answers.append(send(secret_client, f"tickets/{number}/replies", {"text": "both"}, key="both"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False, True, True, True]
    assert Entry.objects.count() == before + 1


def test_whoever_waited_for_a_refusal_tries_for_itself(committed_db: Any) -> None:
    """The first is rolled back while the second waits at its key: the second is judged anew."""
    world = build_world()
    client = caller(world, "alice", "write")
    path = f"tickets/{world.tickets['working']}/replies"
    answers: list[Any] = []

    def call() -> None:
        try:
            answers.append(send(client, path, {"text": "second"}, key="same"))
        finally:
            connections.close_all()

    with committed_db.connect() as first:
        first.autocommit = False
        post(client, path, {"text": "seed"}, 201, key="seed")
        holder = IdempotencyKey.objects.get(key="seed")
        first.execute(
            "INSERT INTO idempotency_key (holder, key, request_digest, media_type) VALUES (%s, 'same', '', '')",
            [holder.holder],
        )
        thread = threading.Thread(target=call)
        thread.start()
        thread.join(1)
        assert thread.is_alive() and not answers  # it waits
        first.rollback()
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201]
    assert "Idempotency-Replayed" not in answers[0]
