"""Passkeys of an account: enrolling, showing one instead of a code, revoking; and every wrong answer refused."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.test import Client, RequestFactory
from tests.pages.fixtures import world
from tests.pages.test_sign_in import SECRET, code_at
from tests.pages.world import PASSWORD, World
from tests.passkeys import USER_PRESENT, Device, text
from tests.undoing import undone

from yunheng.accounts import letters
from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import MOST_PASSKEYS, has_passkeys, passkeys_of, site_of
from yunheng.accounts.second_factor import add_second_factor, has_second_factor, remove_second_factor
from yunheng.accounts.security import reset_second_factor
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry, EntryBody
from yunheng.foundation.refusals import Invalid

__all__ = ["world"]

HOST = "localhost:8080"
ORIGIN = f"http://{HOST}"
NEW = "/me/security/passkeys/new"


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    with undone():
        AccessAttempt.objects.all().delete()
        Person.objects.filter(login__in=["alice", "bob"]).update(language="en")
        yield


def signed_in(login: str = "alice", **more: Any) -> Client:
    client = Client(HTTP_HOST=HOST, **more)
    answer = client.post(
        "/sign-in", {"login": login, "password": PASSWORD}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 302
    return client


def options_of(page: Any) -> str:
    found = re.search(r'data-passkey-options="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return unescape(found[1])


def enrol(client: Client, device: Device, name: str = "Office laptop", **wrong: Any) -> Any:
    options = options_of(client.get(NEW))
    answer = device.create(options, wrong.pop("origin", ORIGIN), **wrong)
    return client.post(NEW, {"name": name, "credential": answer})


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_passkey_is_enrolled_named_listed_and_revoked(world: World, algorithm: int) -> None:
    client, device, alice = signed_in(), Device(algorithm), world.people["alice"]
    assert "Enrol a passkey" in client.get("/me/security").content.decode()
    answer = enrol(client, device, "  Blue   key ")
    assert (answer.status_code, answer["Location"]) == (303, "/me/security#passkeys")
    (kept,) = passkeys_of(alice.pk)
    assert (kept.name, kept.rp_id, kept.algorithm) == ("Blue key", "localhost", algorithm)
    assert kept.credential_id == device.credential_id and kept.cose_key == device.cose()
    shown = client.get("/me/security").content.decode()
    assert "Blue key" in shown and kept.fingerprint[:16] in shown
    told = Entry.objects.filter(type="person.passkey_added").order_by("-pk")
    assert told and EntryBody.objects.get(pk=told[0].pk).shared["key"] == kept.fingerprint
    assert not has_second_factor(alice.pk)  # signing in is as before
    assert client.post(f"/me/security/passkeys/{kept.uuid}/revoke").status_code == 303
    assert not has_passkeys(alice.pk)
    assert Entry.objects.filter(type="person.passkey_removed").exists()
    assert client.post(f"/me/security/passkeys/{kept.uuid}/revoke").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:9999"},
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"challenge": text(b"x" * 32)},
        {"type": "webauthn.get"},
        {"cross_origin": True},
    ],
)
def test_what_was_made_elsewhere_or_for_something_else_is_refused(
    world: World, wrong: dict[str, Any]
) -> None:
    client = signed_in()
    answer = enrol(client, Device(), **wrong)
    assert answer.status_code == 422 and "does not fit" in answer.content.decode()
    assert not has_passkeys(world.people["alice"].pk)
    assert enrol(client, Device()).status_code == 303  # and the right one is taken


def test_a_passkey_verifies_its_holder_and_signs_in_a_known_way(world: World) -> None:
    client = signed_in()
    unverified = enrol(client, Device(flags=USER_PRESENT))
    assert unverified.status_code == 422 and "does not fit" in unverified.content.decode()
    other = enrol(client, Device(-35))
    assert other.status_code == 422 and "signs in a way" in other.content.decode()
    assert not has_passkeys(world.people["alice"].pk)


def _sent(**parts: str) -> str:
    return json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": parts})


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"response": {}}',
        "x" * 40_000,
        "[" * 20_000,
        _sent(clientDataJSON="!"),
        _sent(clientDataJSON="e30", attestationObject="oA"),
        _sent(clientDataJSON="e30", attestationObject="gYGB" * 4000),
    ],
)
def test_broken_answers_are_refused_and_break_nothing(world: World, answer: str) -> None:
    client = signed_in()
    client.get(NEW)
    refused = client.post(NEW, {"name": "x", "credential": answer})
    assert refused.status_code == 422 and "does not fit" in refused.content.decode()


def test_a_page_counts_once_and_five_minutes(world: World) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client, device = signed_in(), Device()
        answer = device.create(options_of(client.get(NEW)), ORIGIN)
        clock.move_to(now + timedelta(minutes=5, seconds=1))
        late = client.post(NEW, {"name": "x", "credential": answer})
        assert late.status_code == 422 and "more than five minutes" in late.content.decode()
        answer = device.create(options_of(client.get(NEW)), ORIGIN)
        assert client.post(NEW, {"name": "x", "credential": answer}).status_code == 303
        again = client.post(NEW, {"name": "y", "credential": answer})
        assert again.status_code == 422 and "used already" in again.content.decode()
        clock.move_to(now + timedelta(minutes=16))
        away = client.get(NEW)  # who is there?
        assert away["Location"].startswith("/me/confirm")
        assert client.post(NEW, {"name": "x", "credential": answer})["Location"].startswith("/me/confirm")


def test_one_passkey_belongs_to_one_person_and_there_are_not_too_many(world: World) -> None:
    client, device = signed_in(), Device()
    assert enrol(client, device).status_code == 303
    excluded = json.loads(options_of(client.get(NEW)))["publicKey"]["excludeCredentials"]
    assert [one["id"] for one in excluded] == [text(device.credential_id)]
    stolen = enrol(signed_in("bob"), device)
    assert stolen.status_code == 422 and "enrolled already" in stolen.content.decode()
    for _number in range(MOST_PASSKEYS - 1):
        assert enrol(client, Device()).status_code == 303
    assert "At most 10 passkeys" in enrol(client, Device()).content.decode()
    for name in ("", "x" * 61):
        assert enrol(signed_in("bob"), Device(), name).status_code == 422
    mine = passkeys_of(world.people["alice"].pk)[0]
    assert signed_in("bob").post(f"/me/security/passkeys/{mine.uuid}/revoke").status_code == 404


def test_where_browsers_know_no_passkeys_the_page_says_why(world: World) -> None:
    by_number = signed_in()
    by_number.defaults["HTTP_HOST"] = "127.0.0.1:8080"
    assert "for names only" in by_number.get(NEW).content.decode()
    plain = signed_in()
    plain.defaults["HTTP_HOST"] = "testserver"
    shown = plain.get(NEW).content.decode()
    assert "only over https" in shown and "data-passkey" not in shown
    assert plain.post(NEW, {"name": "x", "credential": "{}"}).status_code == 422


def test_the_site_is_the_name_in_the_address(settings: Any) -> None:
    def site(host: str, **more: Any) -> Any:
        return site_of(RequestFactory().get("/", HTTP_HOST=host, **more))

    settings.ALLOWED_HOSTS = ["*"]
    assert site("localhost:81").origins == {"http://localhost:81", "https://localhost:81"}
    assert site("it.example.com").problem and not site("it.example.com", secure=True).problem
    settings.ORIGINS = ["https://it.example.com:8443"]
    behind = site("it.example.com")  # the proxy hands on the name without the port
    assert behind.rp_id == "it.example.com" and not behind.problem
    assert behind.origins == {"https://it.example.com:8443", "https://it.example.com"}
    assert site("other.example.com").problem
    assert site("[::1]:80").problem and site("10.1.2.3", secure=True).problem


# --- instead of a code


@pytest.fixture
def with_both(world: World) -> Device:
    """Alice with an app and a passkey."""
    device = Device()
    assert enrol(signed_in(), device).status_code == 303
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["alice"], SECRET, code_at(then), then)
    return device


def half_in() -> Client:
    client = Client(HTTP_HOST=HOST, HTTP_ACCEPT_LANGUAGE="en")
    there = client.post("/sign-in", {"login": "alice", "password": PASSWORD})
    assert there["Location"] == "/account/code"
    return client


def test_a_passkey_will_do_instead_of_a_code(with_both: Device) -> None:
    client = half_in()
    options = options_of(client.get("/account/code"))
    assert client.get("/me").status_code == 302  # not in yet
    options = options_of(client.get("/account/code"))
    answer = with_both.get(options, ORIGIN)
    assert client.post("/account/code", {"credential": answer})["Location"] == "/"
    assert client.get("/me").status_code == 200
    again = half_in()
    again.get("/account/code")
    assert again.post("/account/code", {"credential": answer}).status_code == 422  # for another page
    assert again.post("/account/code", {"code": code_at(datetime.now(UTC))})["Location"] == "/"


def test_wrong_passkeys_do_not_open_and_are_counted(with_both: Device) -> None:
    stranger = Device(credential_id=with_both.credential_id)
    client = half_in()
    for _try in range(5):
        options = options_of(client.get("/account/code"))
        refused = client.post("/account/code", {"credential": stranger.get(options, ORIGIN)})
        assert refused.status_code == 422 and "does not fit" in unescape(refused.content.decode())
    options = options_of(client.get("/account/code"))
    assert client.post("/account/code", {"credential": with_both.get(options, ORIGIN)}).status_code == 429
    assert client.get("/me").status_code == 302


def test_a_copied_key_is_noticed(with_both: Device) -> None:
    copy = replace(with_both, counter=0)
    client = half_in()
    for _time in range(2):
        client = half_in()
        answer = with_both.get(options_of(client.get("/account/code")), ORIGIN)
        assert client.post("/account/code", {"credential": answer}).status_code == 302
    client = half_in()
    refused = client.post(
        "/account/code", {"credential": copy.get(options_of(client.get("/account/code")), ORIGIN)}
    )
    assert refused.status_code == 422 and "a copy of it" in refused.content.decode()


def test_a_passkey_that_does_not_count_is_taken_each_time(world: World) -> None:
    device = Device(counts=False)
    assert enrol(signed_in(), device).status_code == 303
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["alice"], SECRET, code_at(then), then)
    for _time in range(2):
        client = half_in()
        answer = device.get(options_of(client.get("/account/code")), ORIGIN)
        assert client.post("/account/code", {"credential": answer}).status_code == 302


def test_without_an_app_signing_in_asks_for_no_passkey(world: World) -> None:
    assert enrol(signed_in(), Device()).status_code == 303
    assert signed_in().get("/me").status_code == 200


# --- lost


def test_turning_the_app_off_keeps_passkeys_and_a_reset_takes_all(world: World, with_both: Device) -> None:
    alice = world.people["alice"]
    assert remove_second_factor(alice) and has_passkeys(alice.pk)
    reset_second_factor(viewer=SYSTEM_VIEWER, person=alice)  # only the passkey is left
    assert not has_passkeys(alice.pk)
    with pytest.raises(Invalid):
        reset_second_factor(viewer=SYSTEM_VIEWER, person=alice)
    gone = Entry.objects.filter(type="person.passkey_removed").latest("pk")
    assert EntryBody.objects.get(pk=gone.pk).shared["by"] == "administrator"


def test_the_person_is_told_by_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(letters, "can_send", lambda: True)
    monkeypatch.setattr(letters, "send", lambda person, subject, body: sent.append((subject, body)))
    Person.objects.filter(login="alice").update(email="alice@example.com")
    client = signed_in()
    enrol(client, Device())
    (kept,) = passkeys_of(world.people["alice"].pk)
    client.post(f"/me/security/passkeys/{kept.uuid}/revoke")
    assert [subject for subject, _body in sent] == [
        "A new passkey can sign for you in Yunheng",
        "A passkey of yours in Yunheng was revoked",
    ]
