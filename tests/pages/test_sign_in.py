"""Signing in: what works, what is refused in words that help, and that guessing is slowed down."""

import base64
import hmac
import re
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.world import PASSWORD, World, token

from yunheng.accounts.guessing import CODES, PASSWORDS, TOKENS
from yunheng.accounts.models import Session
from yunheng.accounts.second_factor import STEP_SECONDS, add_second_factor, remove_second_factor
from yunheng.notify.models import Delivery

PER_ADDRESS, PER_LOGIN_AND_ADDRESS = PASSWORDS.per_address, PASSWORDS.per_name_and_address
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def no_failures(world: World) -> Iterator[None]:
    AccessAttempt.objects.all().delete()
    yield


def code_at(at: datetime) -> str:
    """The code that an app with the secret shows then (RFC 6238, computed here by the book)."""
    counter = struct.pack(">Q", int(at.timestamp()) // STEP_SECONDS)
    digest = hmac.new(base64.b32decode(SECRET), counter, "sha1").digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


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
    assert client.get("/me").status_code == 200


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


def test_the_waiting_ends_and_tries_meanwhile_do_not_prolong_it(world: World) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        for _attempt in range(PER_LOGIN_AND_ADDRESS):
            post(Client(), "bob", "wrong")
        clock.move_to(now + timedelta(minutes=9, seconds=50))
        assert post(Client(), "bob", PASSWORD).status_code == 429
        assert post(Client(), "bob", "wrong").status_code == 429
        clock.move_to(now + timedelta(minutes=10, seconds=1))
        assert post(Client(), "bob", PASSWORD).status_code == 302


def test_a_login_can_be_guessed_at_from_many_addresses_for_a_while_only(world: World) -> None:
    for attempt in range(PASSWORDS.per_name):
        post(Client(REMOTE_ADDR=f"192.0.2.{attempt}"), "bob", "wrong")
    assert post(Client(REMOTE_ADDR="192.0.2.250"), "bob", PASSWORD).status_code == 429


def test_the_way_django_signs_in_is_guarded_too(world: World) -> None:
    """django-axes' own backend refuses where no page asked before."""
    for _attempt in range(PER_LOGIN_AND_ADDRESS):
        post(Client(), "bob", "wrong")
    with mock.patch("yunheng.site.sign_in.wait_until", return_value=None):
        response = post(Client(), "bob", PASSWORD)
    assert response.status_code == 429
    assert settings.SESSION_COOKIE_NAME not in response.cookies


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
    client = Client(headers={"User-Agent": "my-secret-browser"})
    client.post(
        "/sign-in?my-secret=1", {"login": "my-secret-password-typed-in-the-wrong-field", "password": "secret"}
    )
    row = AccessAttempt.objects.values().get()
    assert row["failures_since_start"] == 1 and row["ip_address"] == "127.0.0.1"
    assert "secret" not in str(row)


def test_sign_out_ends_the_session(world: World) -> None:
    client = Client()
    client.force_login(world.people["alice"])
    assert client.post("/sign-out").status_code == 302
    assert client.get("/me").status_code == 302


def test_language_is_the_persons_and_then_the_cookies(world: World) -> None:
    client = Client()
    assert "登录" in client.get("/sign-in").content.decode()  # Chinese first
    assert "Sign in" in client.get("/sign-in", headers={"Accept-Language": "en-GB"}).content.decode()
    client.post("/language", {"language": "en", "next": "/sign-in"})
    assert "Sign in" in client.get("/sign-in").content.decode()
    client.force_login(world.people["dan"])
    assert '<html lang="zh-Hans"' in client.get("/me").content.decode()
    client.post("/language", {"language": "en", "next": "/"})
    world.people["dan"].refresh_from_db()
    assert world.people["dan"].language == "en"
    assert '<html lang="en"' in client.get("/me").content.decode()
    client.post("/language", {"language": "tlh"})
    world.people["dan"].refresh_from_db()
    assert world.people["dan"].language in dict(settings.LANGUAGES)


def test_theme_is_kept_in_a_cookie(world: World) -> None:
    client = Client()
    client.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/sign-in").content.decode()
    client.post("/theme", {"theme": "system"})
    assert "data-theme" not in client.get("/sign-in").content.decode()


def test_an_unknown_login_takes_as_long_as_a_known_one(world: World, settings: Any) -> None:
    """The hasher runs as often for both; its cost is the answer's."""
    hashed: list[str] = []
    real = PBKDF2PasswordHasher.encode

    def count(hasher: PBKDF2PasswordHasher, password: str, *more: Any) -> str:
        hashed.append(password)
        return real(hasher, password, *more)

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    bob = world.people["bob"]
    before = bob.password
    bob.set_password(PASSWORD)
    bob.save()
    counts, times = {}, {}
    with mock.patch.object(PBKDF2PasswordHasher, "encode", count):
        for login in ("bob", "nobody"):
            hashed.clear()
            began = time.process_time()
            assert post(Client(), login, "wrong").status_code == 422
            times[login] = time.process_time() - began
            counts[login] = len(hashed)
    type(bob).objects.filter(pk=bob.pk).update(password=before)
    bob.password = before
    assert counts == {"bob": 1, "nobody": 1}
    assert 0.4 < times["bob"] / times["nobody"] < 2.5


def test_forms_of_signing_in_need_their_token(world: World) -> None:
    guarded = Client(enforce_csrf_checks=True)
    for path in ("/sign-in", "/account/code"):
        assert guarded.post(path, {"login": "alice", "password": PASSWORD, "code": "1"}).status_code == 403


def test_signing_up_is_nowhere(world: World) -> None:
    for path in (
        "signup",
        "signup/",
        "email/",
        "login/",
        "3rdparty/",
        "social/signup/",
        "2fa/",
        "reauthenticate/",
    ):
        assert Client().get(f"/account/{path}").status_code == 404


# --- the second factor


@pytest.fixture
def guarded(world: World) -> Iterator[list[str]]:
    """Ken has a second factor, set up an hour ago; his recovery codes."""
    then = datetime.now(UTC) - timedelta(hours=1)
    yield add_second_factor(world.people["ken"], SECRET, code_at(then), then)
    remove_second_factor(world.people["ken"])


def half_way(login: str = "ken", target: str = "/") -> Client:
    """Somebody whose password was right, and nothing more yet."""
    client = Client(headers={"Accept-Language": "en"})
    response = post(client, login, PASSWORD, next=target)
    assert (response.status_code, response["Location"]) == (302, "/account/code")
    return client


def test_a_password_is_not_enough_with_a_second_factor(world: World, guarded: list[str]) -> None:
    wanted = f"/contracts/{world.key}/tickets"
    client = half_way(target=wanted)
    assert client.get("/me").status_code == 302  # not in yet
    assert client.get("/api/v1/me").status_code == 401
    page = client.get("/account/code")
    assert page.status_code == 200 and 'name="code"' in page.content.decode()
    response = client.post("/account/code", {"code": code_at(datetime.now(UTC))})
    assert (response.status_code, response["Location"]) == (302, wanted)
    assert client.get(wanted).status_code == 200
    assert client.get("/account/code")["Location"] == "/"  # nothing is pending any more


def test_a_code_counts_once(world: World, guarded: list[str]) -> None:
    code = code_at(datetime.now(UTC))
    assert half_way().post("/account/code", {"code": code}).status_code == 302
    again = half_way().post("/account/code", {"code": code})
    assert again.status_code == 422
    assert "was used already" in again.content.decode()
    earlier = code_at(datetime.now(UTC) - timedelta(seconds=STEP_SECONDS))
    assert (
        half_way().post("/account/code", {"code": earlier}).status_code == 422
    )  # older than the last one used


def test_old_codes_and_wrong_ones_do_not_count(world: World, guarded: list[str]) -> None:
    client = half_way()
    for code in (code_at(datetime.now(UTC) - timedelta(minutes=2)), "000000x", "", "一二三四五六"):
        assert client.post("/account/code", {"code": code}).status_code == 422, code
    assert client.get("/me").status_code == 302


def test_the_code_of_a_phone_that_is_half_a_minute_late_counts(world: World, guarded: list[str]) -> None:
    now = datetime.now(UTC)
    late = code_at(now - timedelta(seconds=STEP_SECONDS))
    with time_machine.travel(now, tick=False):  # no step ends while the test signs in
        response = half_way().post("/account/code", {"code": f"{late[:3]} {late[3:]}"})
    assert response.status_code == 302


def test_a_recovery_code_counts_once(world: World, guarded: list[str]) -> None:
    assert len(set(guarded)) == 10
    client = half_way()
    assert client.post("/account/code", {"code": guarded[3]}).status_code == 302
    assert (
        "9 张" in (text := client.get("/me").content.decode()) or "recovery code" in text or "恢复码" in text
    )
    assert half_way().post("/account/code", {"code": guarded[3]}).status_code == 422
    assert half_way().post("/account/code", {"code": guarded[4]}).status_code == 302


def test_codes_are_guessed_a_few_times_only(world: World, guarded: list[str]) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = half_way()
        for _attempt in range(CODES.per_name_and_address):
            assert client.post("/account/code", {"code": "000000"}).status_code == 422
        assert client.post("/account/code", {"code": code_at(now)}).status_code == 429
        clock.move_to(now + timedelta(minutes=10, seconds=1))
        assert client.post("/account/code", {"code": code_at(datetime.now(UTC))}).status_code == 302


def test_a_second_factor_is_asked_for_within_a_quarter_of_an_hour(world: World, guarded: list[str]) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = half_way()
        clock.move_to(now + timedelta(minutes=16))
        response = client.post("/account/code", {"code": code_at(datetime.now(UTC))})
        assert response["Location"] == "/sign-in"
        assert client.get("/me").status_code == 302


def test_somebody_disabled_between_password_and_code_stays_out(world: World, guarded: list[str]) -> None:
    client = half_way()
    people = type(world.people["ken"]).objects.filter(login="ken")
    people.update(is_active=False)
    assert client.post("/account/code", {"code": code_at(datetime.now(UTC))})["Location"] == "/sign-in"
    people.update(is_active=True)
    assert client.get("/me").status_code == 302


def test_the_code_page_is_nobodys_without_a_password(world: World) -> None:
    assert Client().get("/account/code")["Location"] == "/sign-in"
    assert Client().post("/account/code", {"code": "000000"})["Location"] == "/sign-in"


# --- tokens


def test_wrong_tokens_are_counted_by_address(world: World) -> None:
    good = token(world, "alice")
    wrong = Client(REMOTE_ADDR="192.0.2.99", headers={"Authorization": "Bearer yh_wrong"})
    for _attempt in range(TOKENS.per_address):
        assert wrong.get("/api/v1/me").status_code == 401
    refused = wrong.get("/api/v1/me")
    assert refused.status_code == 429
    assert refused["Content-Type"].startswith("application/problem+json")
    assert 0 < int(refused["Retry-After"]) <= 600
    right = {"Authorization": f"Bearer {good}"}
    assert Client(REMOTE_ADDR="192.0.2.99", headers=right).get("/api/v1/me").status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.100", headers=right).get("/api/v1/me").status_code == 200
    assert (
        post(Client(REMOTE_ADDR="192.0.2.99"), "bob", PASSWORD).status_code == 302
    )  # pages are another matter


def test_right_tokens_cost_no_statement_more(world: World) -> None:
    client = Client(REMOTE_ADDR="192.0.2.101", headers={"Authorization": f"Bearer {token(world, 'alice')}"})
    client.get("/api/v1/me")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/api/v1/me").status_code == 200
    assert not any(
        "axes" in query["sql"] or '"session"' in query["sql"] for query in captured.captured_queries
    )


def test_sessions_cost_one_statement_a_page(world: World) -> None:
    client = Client()
    post(client, "alice", PASSWORD)
    client.get("/me")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/me").status_code == 200
    assert sum('"session"' in query["sql"] for query in captured.captured_queries) == 1
    assert len(captured.captured_queries) <= 6


# --- forgotten passwords


@pytest.fixture
def mail(settings: Any, world: World) -> Iterator[Any]:
    """A mail server is configured; what is booked for it."""
    settings.MAIL_URL = "smtp://mail.example:25?tls=no"
    settings.ORIGINS = ["https://it.example.com"]
    world.people["dan"].email = "dan@example.com"
    type(world.people["dan"]).objects.filter(login="dan").update(email="dan@example.com")
    yield Delivery.objects.filter(event="security")
    Delivery.objects.all().delete()


def ask(email: str, **more: Any) -> Any:
    client = Client(headers={"Accept-Language": "en"}, **more)
    return client.post("/account/forgotten", {"email": email})


def test_without_a_mail_server_nothing_is_offered(world: World) -> None:
    assert Client().get("/account/forgotten").status_code == 404
    assert ask("dan@example.com").status_code == 404
    assert "/account/forgotten" not in Client().get("/sign-in").content.decode()


def test_without_an_address_of_the_site_no_letter_holds_a_link(
    world: World, mail: Any, settings: Any
) -> None:
    """One made of the Host header would lead wherever the sender of the request wants."""
    settings.ORIGINS = []
    assert ask("dan@example.com").status_code == 404
    assert "/account/forgotten" not in Client().get("/sign-in").content.decode()
    settings.ORIGINS = ["https://it.example.com"]
    assert ask("dan@example.com", SERVER_NAME="localhost", SERVER_PORT="6666").status_code == 200
    body = mail.get().body
    assert "https://it.example.com/account/new-password?key=" in body and "6666" not in body


@pytest.mark.parametrize(
    ("mail_url", "origins", "is_warned"),
    [
        ("smtp://mail.example", "", True),
        ("smtp://mail.example", " , ", True),
        ("smtp://mail.example", "https://it.example.com", False),
        ("", "", False),
    ],
)
def test_the_start_says_what_a_mail_server_lacks(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mail_url: str,
    origins: str,
    is_warned: bool,
) -> None:
    from yunheng.site.cli.web import warn_of_mail

    monkeypatch.setenv("YUNHENG_MAIL_URL", mail_url)
    monkeypatch.setenv("YUNHENG_ORIGINS", origins)
    warn_of_mail()
    assert ("YUNHENG_ORIGINS" in capsys.readouterr().err) is is_warned


def test_a_letter_sets_a_new_password_once(world: World, mail: Any) -> None:
    assert "/account/forgotten" in Client().get("/sign-in").content.decode()
    session = Client()
    session.force_login(world.people["dan"])
    assert ask("DAN@example.com").status_code == 200
    delivery = mail.get()
    assert delivery.address == "dan@example.com"
    path = re.search(r"https://it\.example\.com(/account/new-password\?key=\S+)", delivery.body)
    assert path is not None
    client = Client(headers={"Accept-Language": "en"})
    form = client.get(path[1]).content.decode()
    assert "At least 10 characters" in form and 'name="key"' in form
    weak = client.post(path[1], {"password": "dan", "again": "dan"})
    assert weak.status_code == 422
    unlike = client.post(path[1], {"password": "violet bicycle 77", "again": "violet bicycle 78"})
    assert unlike.status_code == 422
    done = client.post(path[1], {"password": "violet bicycle 77", "again": "violet bicycle 77"})
    assert (done.status_code, done["Location"]) == (302, "/sign-in")
    assert session.get("/me").status_code == 302  # every session has ended
    assert client.get(path[1]).status_code == 404  # used
    assert post(Client(), "dan", PASSWORD).status_code == 422
    assert post(Client(), "dan", "violet bicycle 77").status_code == 302


def test_the_answer_is_the_same_for_everybody(world: World, mail: Any) -> None:
    type(world.people["sue"]).objects.filter(login__in=["sue", "bob"]).update(email="shared@example.com")
    texts = {
        re.sub(r"\S+@example.com|csrf\S+ value=\S+|X-CSRFToken[^}]+", "", ask(email).content.decode())
        for email in ("dan@example.com", "nobody@example.com", "shared@example.com")
    }
    assert len(texts) == 1
    assert [delivery.address for delivery in mail] == ["dan@example.com"]  # shared: whom would it be for?


def test_letters_are_few(world: World, mail: Any) -> None:
    for _attempt in range(3):
        assert ask("dan@example.com").status_code == 200
    assert ask("dan@example.com").status_code == 429
    assert ask("dan@example.com", REMOTE_ADDR="192.0.2.44").status_code == 429
    assert mail.count() == 3
    assert ask("not an address", REMOTE_ADDR="192.0.2.45").status_code == 422


def test_forged_and_old_links_are_not_there(world: World, mail: Any) -> None:
    ask("dan@example.com")
    path = re.search(r"/account/new-password\?key=\S+", mail.get().body)[0]
    assert Client().get(path + "x").status_code == 404
    assert Client().get("/account/new-password?key=nonsense").status_code == 404
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert Client().get(path).status_code == 404
        both = {"password": "violet bicycle 79", "again": "violet bicycle 79"}
        assert Client().post(path, both).status_code == 404


def test_a_session_is_a_row_of_its_person(world: World) -> None:
    client = Client(
        REMOTE_ADDR="192.0.2.33", headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    )
    post(client, "sue", PASSWORD)
    row = Session.objects.get(session_key=client.session.session_key)
    assert row.person == world.people["sue"]
    assert row.address == "192.0.2.33" and "Firefox" in row.agent
    assert row.signed_in_at is not None and row.seen_at is not None
