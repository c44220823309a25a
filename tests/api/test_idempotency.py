"""A write under a key happens once, whatever becomes of its answers; without a key each call is a call."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from tests.api.calling import PROBLEM, caller, get, post, send
from tests.pages.world import World

from yunheng.foundation import idempotency
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.journal import redact
from yunheng.foundation.models import Entry, IdempotencyKey


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    return caller(world, "alice", "write")


@pytest.fixture(scope="module")
def ken(world: World) -> Client:
    return caller(world, "ken", "write")


def place(world: World, name: str = "working") -> str:
    return f"tickets/{world.tickets[name]}"


def replies(client: Client, world: World, text: str) -> int:
    """How many entries say so."""
    items = get(client, f"{place(world)}/timeline?limit=500")["items"]
    return sum((entry["shared"] or {}).get("text") == text for entry in items)


def test_the_same_call_again_is_answered_the_same_and_changes_nothing(alice: Client, world: World) -> None:
    first = send(alice, f"{place(world)}/replies", {"text": "once"}, key="key-1")
    again = send(alice, f"{place(world)}/replies", {"text": "once"}, key="key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content and first["Content-Type"] == again["Content-Type"]
    assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    assert replies(alice, world, "once") == 1


def test_without_a_key_or_with_another_each_call_counts(alice: Client, world: World) -> None:
    for key in ("", "", "key-2", "key-3"):
        post(alice, f"{place(world)}/replies", {"text": "each"}, 201, key=key)
    assert replies(alice, world, "each") == 4


@pytest.mark.parametrize("change", ["body", "path", "query"])
def test_a_key_of_another_request_is_refused(alice: Client, world: World, change: str) -> None:
    key, path = f"mismatch-{change}", f"{place(world)}/replies"
    post(alice, path, {"text": change}, 201, key=key)
    other = {
        "body": (path, {"text": "other"}),
        "path": (f"{place(world, 'new')}/replies", {"text": change}),
        "query": (f"{path}?a=1", {"text": change}),
    }[change]
    before = Entry.objects.count()
    assert post(alice, *other, 422, key=key)["type"] == "urn:yunheng:problem:idempotency_mismatch"
    assert Entry.objects.count() == before


def test_keys_belong_to_the_token_or_the_person_who_came_with_them(
    alice: Client, ken: Client, world: World
) -> None:
    session = Client()
    session.force_login(world.people["alice"])
    for client in (alice, ken, session, caller(world, "alice", "write")):
        answer = send(client, f"{place(world)}/replies", {"text": "whose"}, key="shared-key")
        assert answer.status_code == 201 and "Idempotency-Replayed" not in answer
    assert replies(alice, world, "whose") == 4


def test_a_refusal_changes_nothing_and_frees_its_key(alice: Client, world: World) -> None:
    path = f"{place(world)}/replies"
    assert post(alice, path, {"text": "  "}, 422, key="freed")["errors"][0]["field"] == "text"
    assert not IdempotencyKey.objects.filter(key="freed").exists()
    post(alice, path, {"text": "now right"}, 201, key="freed")
    reader = caller(world, "ken", "read")
    assert post(reader, path, {"text": "no"}, 403, key="freed")["permission"] == "write"


@pytest.mark.parametrize("key", [" ", "a b", "k" * 256, "schlüssel".encode().decode("latin-1")])
def test_a_key_that_is_none_is_refused(alice: Client, world: World, key: str) -> None:
    before = Entry.objects.count()
    problem = post(alice, f"{place(world)}/replies", {"text": "x"}, 422, key=key)
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    assert Entry.objects.count() == before


def test_a_key_of_255_characters_is_one(alice: Client, world: World) -> None:
    post(alice, f"{place(world)}/notes", {"text": "x"}, 201, key="!" + "k" * 253 + "~")


def test_readings_take_no_notice_of_keys(alice: Client, world: World) -> None:
    response = alice.get("/api/v1/" + place(world), headers={"Idempotency-Key": "read"})
    assert response.status_code == 200
    assert not IdempotencyKey.objects.filter(key="read").exists()


def test_files_are_part_of_the_request_and_their_separators_are_not(alice: Client, world: World) -> None:
    def upload(content: bytes, boundary: str) -> Any:
        from django.test.client import encode_multipart

        file = SimpleUploadedFile("log.txt", content)
        data = encode_multipart(boundary, {"data": json.dumps({"text": "see file"}), "files": file})
        return alice.generic(
            "POST",
            f"/api/v1/{place(world)}/replies/with-files",
            data,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Idempotency-Key": "upload"},
        )

    assert upload(b"one", "AAAA").status_code == 201
    again = upload(b"one", "BBBB")
    assert again.status_code == 201 and again["Idempotency-Replayed"] == "true"
    assert upload(b"two", "AAAA").status_code == 422
    assert replies(alice, world, "see file") == 1


def test_a_redaction_forgets_the_answers_that_are_kept(alice: Client, world: World) -> None:
    first = send(alice, f"{place(world)}/replies", {"text": "my number is 138"}, key="personal")
    assert first.status_code == 201 and send(
        alice, f"{place(world)}/replies", {"text": "my number is 138"}, key="personal"
    ).has_header("Idempotency-Replayed")
    entry = Entry.objects.filter(type="ticket.replied").latest("pk")
    with transaction.atomic():
        redact(actor=SYSTEM, entry_id=entry.pk, classes=["shared"], reason="a phone number")
    again = send(alice, f"{place(world)}/replies", {"text": "my number is 138"}, key="personal")
    assert (again.status_code, again["Content-Type"]) == (409, PROBLEM)  # done before, and told no more
    assert "my number is" not in again.content.decode()
    assert not IdempotencyKey.objects.filter(body__isnull=False).exists()
    fresh = send(alice, f"{place(world)}/replies", {"text": "my number is 139"}, key="personal-2")
    assert fresh.status_code == 201  # what comes later is kept again
    assert IdempotencyKey.objects.filter(body__isnull=False).count() == 1


def test_nothing_stays_of_a_write_that_broke_half_way(
    alice: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after kill −9: entry and key are written in one transaction, and neither without the other."""
    path, before = f"{place(world)}/replies", Entry.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            send(alice, path, {"text": "half"}, key="broken")
    assert Entry.objects.count() == before
    assert not IdempotencyKey.objects.filter(key="broken").exists()
    with monkeypatch.context() as patch:
        patch.setattr("yunheng.desk.api.changing.detail_of", lambda *_args: 1 / 0)
        assert post(alice, path, {"text": "half"}, 500, key="broken")["status"] == 500
    assert Entry.objects.count() == before
    post(alice, path, {"text": "half"}, 201, key="broken")
    assert replies(alice, world, "half") == 1


def test_keys_go_after_a_day(alice: Client, world: World) -> None:
    path, now = f"{place(world)}/notes", datetime.now(UTC)
    for key in ("old", "older", "young"):
        post(alice, path, {"text": key}, 201, key=key)
    IdempotencyKey.objects.filter(key="old").update(created_at=now - timedelta(hours=25))
    answer = send(alice, path, {"text": "something else"}, key="old")
    assert answer.status_code == 201 and "Idempotency-Replayed" not in answer  # its time was over
    IdempotencyKey.objects.filter(key="older").update(created_at=now - timedelta(hours=24, seconds=1))
    assert idempotency.forget_old_keys(now) == 1
    assert set(
        IdempotencyKey.objects.filter(key__in=["old", "older", "young"]).values_list("key", flat=True)
    ) == {
        "old",
        "young",
    }


def test_a_secret_is_kept_nowhere(alice: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunheng.desk.api import changing

    honest = changing._note

    def secretive(request: Any, *args: Any) -> Any:
        idempotency.keep_no_answer(request)
        return honest(request, *args)

    monkeypatch.setattr(changing, "_note", secretive)
    post(alice, f"{place(world)}/notes", {"text": "psst"}, 201, key="secret")
    row = IdempotencyKey.objects.get(key="secret")
    assert row.body is None and row.status == 201
    problem = post(alice, f"{place(world)}/notes", {"text": "psst"}, 409, key="secret")
    assert problem["type"] == "urn:yunheng:problem:answer_not_kept"


def test_a_refused_token_reaches_no_key(world: World) -> None:
    stranger = Client(headers={"Authorization": "Bearer yh_wrong"})
    response = send(stranger, f"{place(world)}/replies", {"text": "x"}, key="key-1")
    assert response.status_code == 401 and response["Content-Type"] == PROBLEM
