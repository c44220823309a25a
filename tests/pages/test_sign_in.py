"""Signing in: what works, what is refused in words that help, and that guessing is slowed down."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from tests.pages.world import PASSWORD, World

from yunheng.site.models import FailedSignIn
from yunheng.site.throttle import PER_ADDRESS, PER_LOGIN_AND_ADDRESS


@pytest.fixture(autouse=True)
def no_failures(world: World) -> Iterator[None]:
    FailedSignIn.objects.all().delete()
    yield


def post(client: Client, login: str, password: str, **more: str) -> object:
    return client.post(
        "/sign-in", {"login": login, "password": password, **more}, headers={"Accept-Language": "en"}
    )


def test_right_password_leads_to_where_one_wanted_to_go(world: World) -> None:
    client = Client()
    wanted = f"/contracts/{world.key}/tickets?state=open"
    away = client.get(wanted)
    assert away.status_code == 302 and away["Location"].startswith("/sign-in?next=")
    response = post(client, "alice", PASSWORD, next=wanted)
    assert (response.status_code, response["Location"]) == (302, wanted)
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_next_never_leaves_the_site(world: World, target: str) -> None:
    assert post(Client(), "alice", PASSWORD, next=target)["Location"] == "/"


@pytest.mark.parametrize(("login", "password"), [("alice", "wrong horse 42"), ("nobody", PASSWORD)])
def test_wrong_password_and_unknown_login_look_alike(world: World, login: str, password: str) -> None:
    response = post(Client(), login, password)
    text = response.content.decode()
    assert response.status_code == 422
    assert "Login and password do not match" in text
    assert f'value="{login}"' in text  # what was typed stays, the password does not
    assert password not in text


def test_empty_fields_say_what_is_missing(world: World) -> None:
    text = post(Client(), "", "").content.decode()
    assert "Type the login you were given." in text and "Type your password." in text


def test_a_disabled_person_does_not_get_in(world: World) -> None:
    person = world.people["role-auditor"]
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert post(Client(), "role-auditor", PASSWORD).status_code == 422
    type(person).objects.filter(pk=person.pk).update(is_active=True)


def test_guessing_is_slowed_down_for_the_login_and_only_there(world: World) -> None:
    for _attempt in range(PER_LOGIN_AND_ADDRESS):
        assert post(Client(), "bob", "wrong").status_code == 422
    refused = post(Client(), "bob", PASSWORD)
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    assert post(Client(), "alice", PASSWORD).status_code == 302  # others are not held up
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert post(elsewhere, "bob", PASSWORD).status_code == 302  # nor is Bob at his own desk


def test_behind_a_proxy_strangers_hold_up_only_themselves(world: World, settings: Any) -> None:
    """Everybody comes from the proxy's address; the last name in X-Forwarded-For is the one that the proxy wrote."""
    settings.ORIGINS = ["https://it.example.com"]
    stranger = Client(headers={"X-Forwarded-For": "203.0.113.9"})
    for attempt in range(PER_ADDRESS):
        assert post(stranger, f"nobody-{attempt}", "wrong").status_code == 422
    assert post(stranger, "bob", PASSWORD).status_code == 429
    forged = Client(headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert post(forged, "bob", PASSWORD).status_code == 429  # what the client says of itself does not count
    assert post(Client(headers={"X-Forwarded-For": "198.51.100.1"}), "bob", PASSWORD).status_code == 302
    settings.ORIGINS = []
    alone = Client(headers={"X-Forwarded-For": "203.0.113.9"})
    assert post(alone, "bob", PASSWORD).status_code == 302  # no proxy: the header is nobody's


def test_a_stranger_on_the_network_names_no_other_address(world: World, settings: Any) -> None:
    settings.ORIGINS = ["https://it.example.com"]
    for attempt in range(PER_LOGIN_AND_ADDRESS):
        post(
            Client(REMOTE_ADDR="192.0.2.8", headers={"X-Forwarded-For": f"198.51.100.{attempt}"}),
            "bob",
            "wrong",
        )
    again = Client(REMOTE_ADDR="192.0.2.8", headers={"X-Forwarded-For": "198.51.100.99"})
    assert post(again, "bob", PASSWORD).status_code == 429


def test_the_session_changes_at_sign_in_and_leaves_nothing_in_caches(world: World) -> None:
    client = Client()
    client.get("/sign-in")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    post(client, "alice", PASSWORD)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie.value and cookie.value != planted
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    for path in ("/", f"/contracts/{world.key}/tickets", "/api/v1/me"):
        assert client.get(path)["Cache-Control"] == "private, no-store"
    assert client.get("/sign-out").status_code == 405
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(world.people["alice"])
    assert guarded.post("/sign-out").status_code == 403


def test_success_forgets_the_failures(world: World) -> None:
    for _attempt in range(PER_LOGIN_AND_ADDRESS - 1):
        post(Client(), "bob", "wrong")
    assert post(Client(), "bob", PASSWORD).status_code == 302
    assert post(Client(), "bob", "wrong").status_code == 422


def test_the_typed_login_is_not_kept(world: World) -> None:
    post(Client(), "my-secret-password-typed-in-the-wrong-field", "x")
    assert b"secret" not in bytes(FailedSignIn.objects.get().login_digest)


def test_sign_out_ends_the_session(world: World) -> None:
    client = Client()
    client.force_login(world.people["alice"])
    assert client.post("/sign-out").status_code == 302
    assert client.get("/").status_code == 302


def test_language_is_the_persons_and_then_the_cookies(world: World) -> None:
    client = Client()
    assert "登录" in client.get("/sign-in").content.decode()  # Chinese first
    assert "Sign in" in client.get("/sign-in", headers={"Accept-Language": "en-GB"}).content.decode()
    client.post("/language", {"language": "en", "next": "/sign-in"})
    assert "Sign in" in client.get("/sign-in").content.decode()
    client.force_login(world.people["dan"])
    assert "合同" in client.get("/").content.decode()
    client.post("/language", {"language": "en", "next": "/"})
    world.people["dan"].refresh_from_db()
    assert world.people["dan"].language == "en"
    assert "Contracts" in client.get("/").content.decode()
    client.post("/language", {"language": "tlh"})
    world.people["dan"].refresh_from_db()
    assert world.people["dan"].language in dict(settings.LANGUAGES)


def test_theme_is_kept_in_a_cookie(world: World) -> None:
    client = Client()
    client.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/sign-in").content.decode()
    client.post("/theme", {"theme": "system"})
    assert "data-theme" not in client.get("/sign-in").content.decode()
