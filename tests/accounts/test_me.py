"""One's own account: what works, what is refused, and that nobody reaches another's."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils.translation import get_language, override
from tests.pages.fixtures import world
from tests.pages.test_sign_in import SECRET, code_at, post
from tests.pages.world import PASSWORD, World, token

from yunheng.accounts import letters
from yunheng.accounts.actions import disable_person, enable_person, set_password
from yunheng.accounts.guessing import ADDRESSES, CODES
from yunheng.accounts.models import ApiToken, Person, Session
from yunheng.accounts.second_factor import (
    add_second_factor,
    app_address,
    has_second_factor,
    new_recovery_codes,
    picture,
    remove_second_factor,
)
from yunheng.accounts.security import make_reset, reset_password, reset_second_factor
from yunheng.accounts.sessions import device_in_words, forget_ended_sessions
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid

__all__ = ["world"]

NEW = "violet bicycle 77"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    AccessAttempt.objects.all().delete()
    Person.objects.filter(login__in=["alice", "bob"]).update(language="en")
    kept = {person.pk: person.password for person in Person.objects.all()}
    yield
    for pk, password in kept.items():
        Person.objects.filter(pk=pk).update(password=password, must_change_password=False)


def signed_in(login: str = "alice", **more: Any) -> Client:
    client = Client(**more)
    assert post(client, login, PASSWORD).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/me").status_code == 200


# --- profile


def test_the_profile_is_kept_and_what_is_wrong_is_said_beside_its_field(world: World) -> None:
    client = signed_in()
    good = {"name": "林晓安 (Anna)", "language": "en", "zone": "Europe/Berlin"}
    assert client.post("/me", good).status_code == 303
    text = client.get("/me").content.decode()
    assert "林晓安 (Anna)" in text and "Europe/Berlin" in text
    bad = client.post("/me", {"name": "林晓安 (Anna)", "language": "en", "zone": "Moon/Base"})
    assert bad.status_code == 422
    assert "no time zone" in bad.content.decode() and "Moon/Base" in bad.content.decode()
    assert client.post("/me", {**good, "name": " "}).status_code == 422
    assert Person.objects.get(login="alice").zone == "Europe/Berlin"
    Person.objects.filter(login="alice").update(name="林晓安", zone="Asia/Shanghai")


def test_the_address_is_ones_own_and_asks_who_is_there(world: World) -> None:
    Person.objects.filter(login="bob").update(email="bob@example.com")
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = signed_in()
        assert client.post("/me/email", {"email": "alice@example.com"}).status_code == 303
        taken = client.post("/me/email", {"email": "BOB@example.com"})
        assert taken.status_code == 422 and "Somebody else here" in taken.content.decode()
        assert client.post("/me/email", {"email": "nonsense"}).status_code == 422
        clock.move_to(now + timedelta(minutes=16))
        away = client.get("/me/email")
        assert (away.status_code, away["Location"]) == (303, "/me/confirm?next=%2Fme%2Femail")
        assert client.post("/me/email", {"email": "evil@example.com"}).status_code == 303
        assert Person.objects.get(login="alice").email == "alice@example.com"
        wrong = client.post("/me/confirm", {"answer": "guess", "next": "/me/email"})
        assert wrong.status_code == 422
        right = client.post("/me/confirm", {"answer": PASSWORD, "next": "/me/email"})
        assert (right.status_code, right["Location"]) == (303, "/me/email")
        assert client.get("/me/email").status_code == 200
    Person.objects.update(email="")


def test_typing_the_password_anew_is_limited_and_leads_nowhere_else(world: World) -> None:
    client = signed_in()
    away = client.post("/me/confirm", {"answer": PASSWORD, "next": "https://evil.example/"})
    assert away["Location"] == "/me"
    for _attempt in range(CODES.per_name_and_address):
        assert client.post("/me/confirm", {"answer": "wrong"}).status_code == 422
    assert client.post("/me/confirm", {"answer": PASSWORD}).status_code == 429
    assert is_in(client)


# --- password


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(world: World) -> None:
    here, there = signed_in(), signed_in()
    assert "At least 10 characters" in here.get("/me/password").content.decode()  # before anything is typed
    before = here.session.session_key
    answer = here.post("/me/password", {"old_password": PASSWORD, "password": NEW, "again": NEW})
    assert answer.status_code == 303, answer.content.decode()
    assert is_in(here) and not is_in(there)
    assert here.session.session_key != before
    assert Session.objects.filter(person=world.people["alice"]).count() == 1
    assert post(Client(), "alice", PASSWORD).status_code == 422
    assert post(Client(), "alice", NEW).status_code == 302


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old_password": "wrong", "password": NEW, "again": NEW}, "old_password"),
        ({"old_password": PASSWORD, "password": NEW, "again": NEW + "x"}, "again"),
        ({"old_password": PASSWORD, "password": "short", "again": "short"}, "password"),
        ({"old_password": PASSWORD, "password": "password123", "again": "password123"}, "password"),
        ({"old_password": "", "password": "", "again": ""}, "old_password"),
    ],
)
def test_a_password_that_will_not_do(world: World, typed: dict[str, str], field: str) -> None:
    client, other = signed_in(), signed_in()
    answer = client.post("/me/password", typed)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in text
    assert not re.search(r'type="password"[^>]*value=', text)  # no password is ever sent back
    assert is_in(other)
    assert post(Client(), "alice", PASSWORD).status_code == 302


def test_the_present_password_is_guessed_a_few_times_only(world: World) -> None:
    client = signed_in()
    typed = {"old_password": "wrong", "password": NEW, "again": NEW}
    for _attempt in range(CODES.per_name_and_address):
        assert client.post("/me/password", typed).status_code == 422
    assert client.post("/me/password", {**typed, "old_password": PASSWORD}).status_code == 429
    assert post(Client(), "alice", PASSWORD).status_code == 302


def test_a_password_that_somebody_else_set_is_changed_first(world: World) -> None:
    Person.objects.filter(login="alice").update(must_change_password=True)
    client = signed_in()
    for path in ("/", f"/contracts/{world.key}/tickets", "/me", "/me/tokens"):
        assert client.get(path)["Location"] == "/me/password", path
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (204, "/me/password")
    assert client.get("/api/v1/me").status_code == 403
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer x"}).status_code in {401, 403}
    assert client.get("/me", headers={"Authorization": "Bearer x"})["Location"] == "/me/password"
    assert "set by somebody else" in client.get("/me/password").content.decode()
    assert (
        client.post("/me/password", {"old_password": PASSWORD, "password": NEW, "again": NEW}).status_code
        == 303
    )
    assert is_in(client)
    assert client.get("/api/v1/me").status_code == 200


# --- sessions


def test_sessions_are_listed_in_words_and_end_at_once(world: World) -> None:
    here = signed_in(headers={"User-Agent": FIREFOX})
    there = signed_in(REMOTE_ADDR="192.0.2.50", headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/605"})
    text = here.get("/me/sessions").content.decode()
    assert "Firefox · Linux" in text and "Safari · iPhone" in text and "192.0.2.50" in text
    uuid = Session.objects.get(session_key=there.session.session_key).uuid
    assert here.post(f"/me/sessions/{uuid}/end").status_code == 303
    assert not is_in(there)
    assert is_in(here)
    assert here.post(f"/me/sessions/{uuid}/end").status_code == 404
    own = Session.objects.get(session_key=here.session.session_key).uuid
    assert here.post(f"/me/sessions/{own}/end").status_code == 422
    assert is_in(here)


def test_all_other_sessions_end_together(world: World) -> None:
    here, others = signed_in(), [signed_in(), signed_in()]
    stranger = signed_in("bob")
    assert here.post("/me/sessions/others/end").status_code == 303
    assert is_in(here) and is_in(stranger)
    assert not any(is_in(other) for other in others)


def test_nobody_ends_anothers_session(world: World) -> None:
    alice, bob = signed_in(), signed_in("bob")
    uuid = Session.objects.get(session_key=alice.session.session_key).uuid
    assert bob.post(f"/me/sessions/{uuid}/end").status_code == 404
    assert is_in(alice)
    assert "Firefox" not in bob.get("/me/sessions").content.decode()


def test_somebody_disabled_is_out_at_once_and_stays_out_when_let_in_again(world: World) -> None:
    client, person = signed_in("bob"), world.people["bob"]
    disable_person(viewer=SYSTEM_VIEWER, person=person)
    assert not is_in(client)
    assert client.get("/api/v1/me").status_code == 401
    enable_person(viewer=SYSTEM_VIEWER, person=person)
    assert not is_in(client)
    assert post(Client(), "bob", PASSWORD).status_code == 302


def test_a_password_that_an_administrator_sets_ends_the_sessions(world: World) -> None:
    client, person = signed_in("bob"), world.people["bob"]
    set_password(viewer=SYSTEM_VIEWER, person=person, password=NEW)
    assert not is_in(client)
    assert not Session.objects.filter(person=person).exists()


def test_a_visit_is_noted_now_and_then_and_when_the_address_changes(world: World) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(now, tick=False) as clock:
        client = signed_in()
        row = Session.objects.filter(session_key=client.session.session_key)
        clock.move_to(now + timedelta(minutes=4))
        client.get("/me")
        assert row.get().seen_at == now
        clock.move_to(now + timedelta(minutes=6))
        client.get("/me")
        assert row.get().seen_at == now + timedelta(minutes=6)
        clock.move_to(now + timedelta(minutes=7))
        client.get("/me", REMOTE_ADDR="192.0.2.51")
        assert (row.get().seen_at, row.get().address) == (now + timedelta(minutes=7), "192.0.2.51")
        assert row.get().signed_in_at == now
        assert forget_ended_sessions(now + timedelta(days=13)) == 0
        assert forget_ended_sessions(now + timedelta(days=15)) >= 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit Chrome/140 Safari/537 Edg/140", "Edge · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Version/18 Safari/605", "Safari · macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537 MicroMessenger/8", "WeChat · Android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) Chrome/114", "Chrome · HarmonyOS"),
        ("curl/8", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_devices_in_words(agent: str, words: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        assert device_in_words(agent) == words


# --- the second factor


@pytest.fixture
def without_factor(world: World) -> Iterator[None]:
    yield
    for person in world.people.values():
        remove_second_factor(person)


def test_an_app_is_set_up_with_a_picture_and_a_first_code(world: World, without_factor: None) -> None:
    client, other = signed_in(), signed_in()
    page = client.get("/me/security/app").content.decode()
    assert "data:image/svg+xml;base64," in page
    secret = client.session["second_factor_secret"]
    assert client.get("/me/security/app").content.decode().count(secret[:4]) >= 1  # the same after a reload
    wrong = client.post("/me/security/app", {"code": "000000"})
    assert wrong.status_code == 422 and not has_second_factor(world.people["alice"].pk)
    from tests.pages import test_sign_in

    right = _code(secret)
    answer = client.post("/me/security/app", {"code": right})
    assert answer.status_code == 200
    codes = re.findall(r"^\s*(?:<pre[^>]*>)?(\d{4} \d{4})", answer.content.decode(), re.MULTILINE)
    assert len(codes) == 10
    assert is_in(client) and not is_in(other)  # other sessions had no second factor
    fresh = Client()
    assert test_sign_in.post(fresh, "alice", PASSWORD)["Location"] == "/account/code"
    assert fresh.post("/account/code", {"code": right}).status_code == 422  # the first code is used
    assert fresh.post("/account/code", {"code": codes[0]}).status_code == 302


def test_the_secret_is_not_readable_in_the_database(world: World, without_factor: None) -> None:
    from allauth.mfa.models import Authenticator

    now = datetime.now(UTC)
    codes = add_second_factor(world.people["ken"], SECRET, code_at(now), now)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored
    assert not any(code.replace(" ", "") in stored for code in codes)


def test_new_recovery_codes_replace_the_old_ones(world: World, without_factor: None) -> None:
    client = signed_in()
    assert client.post("/me/security/codes").status_code == 422
    then = datetime.now(UTC) - timedelta(hours=1)
    old = add_second_factor(world.people["alice"], SECRET, code_at(then), then)
    answer = client.post("/me/security/codes")
    assert answer.status_code == 200
    new = re.findall(r"\d{4} \d{4}", answer.content.decode())
    assert len(new) == 10 and not set(new) & set(old)
    half = Client()
    post(half, "alice", PASSWORD)
    assert half.post("/account/code", {"code": old[0]}).status_code == 422
    assert half.post("/account/code", {"code": new[0]}).status_code == 302
    assert "9 recovery codes left" in client.get("/me/security").content.decode()


def test_turning_it_off_asks_who_is_there(world: World, without_factor: None) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = signed_in()
        add_second_factor(
            world.people["alice"], SECRET, code_at(now - timedelta(hours=1)), now - timedelta(hours=1)
        )
        clock.move_to(now + timedelta(minutes=20))
        assert client.post("/me/security/off")["Location"].startswith("/me/confirm")
        assert has_second_factor(world.people["alice"].pk)
        client.post("/me/confirm", {"answer": code_at(datetime.now(UTC))})  # a code will do as well
        assert client.post("/me/security/off").status_code == 303
        assert not has_second_factor(world.people["alice"].pk)
        assert post(Client(), "alice", PASSWORD)["Location"] == "/"


def test_an_administrator_resets_it_and_nobody_else(world: World, without_factor: None) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["bob"], SECRET, code_at(then), then)
    client = Client()
    post(client, "bob", PASSWORD)
    client.post("/account/code", {"code": code_at(datetime.now(UTC))})
    assert is_in(client)
    for nobody in ("alice", "bob", "charlie"):
        with pytest.raises((Forbidden, Invalid)):
            reset_second_factor(viewer=world.viewer(nobody), person=world.people["bob"])
    reset_second_factor(viewer=SYSTEM_VIEWER, person=world.people["bob"])
    assert not is_in(client)
    assert post(Client(), "bob", PASSWORD)["Location"] == "/"
    with pytest.raises(Invalid):
        reset_second_factor(viewer=SYSTEM_VIEWER, person=world.people["bob"])


def test_whoever_runs_the_installation_resets_it_without_signing_in(
    world: World, without_factor: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The only administrator may lose a phone, too."""
    from argparse import Namespace

    from yunheng.site.cli.people import _person_reset_second_factor

    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["alice"], SECRET, code_at(then), then)
    _person_reset_second_factor(Namespace(login="alice"))
    assert not has_second_factor(world.people["alice"].pk)
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("required", "login", "is_sent"),
    [
        ("none", "alice", False),
        ("provider", "alice", True),
        ("provider", "bob", False),
        ("all", "bob", True),
        ("all", "sue", True),
    ],
)
def test_where_it_is_required_nothing_opens_without_it(
    world: World, without_factor: None, settings: Any, required: str, login: str, is_sent: bool
) -> None:
    settings.REQUIRE_SECOND_FACTOR = required
    client = signed_in(login)
    answer = client.get("/me/sessions")
    assert (answer.status_code == 302 and answer["Location"] == "/me/security") == is_sent
    assert client.get("/api/v1/me").status_code == (403 if is_sent else 200)
    if is_sent:
        assert client.get("/me/security").status_code == 200
        client.get("/me/security/app")
        code = _code(client.session["second_factor_secret"])
        assert client.post("/me/security/app", {"code": code}).status_code == 200
        assert client.get("/me/sessions").status_code == 200
        assert client.get("/api/v1/me").status_code == 200
        assert client.post("/me/security/off").status_code == 422
        assert has_second_factor(world.people[login].pk)


def test_the_picture_says_what_apps_understand(world: World) -> None:
    address = app_address(world.people["alice"], SECRET)
    assert address == f"otpauth://totp/Yunheng%3Aalice?secret={SECRET}&issuer=Yunheng"
    image = picture(address)
    assert image.startswith("<svg ") and "style" not in image and "script" not in image
    modules = int(re.search(r'viewBox="0 0 (\d+) ', image)[1]) - 6  # type: ignore[index]
    assert (modules - 17) % 4 == 0 and modules >= 29  # a QR code of some version


# --- tokens


def test_a_token_is_made_shown_once_used_and_revoked(world: World) -> None:
    client = signed_in()
    made = client.post("/me/tokens/new", {"name": "监控", "scopes": ["read"], "life": "30"})
    assert made.status_code == 200
    secret = re.search(r"yh_[\w-]{40,}", made.content.decode())[0]  # type: ignore[index]
    assert 'data-copy="#secret"' in made.content.decode()
    listed = client.get("/me/tokens").content.decode()
    assert "监控" in listed and secret not in listed and secret[:8] in listed
    bearer = Client(headers={"Authorization": f"Bearer {secret}"})
    assert bearer.get("/api/v1/me").json()["token_scopes"] == ["read"]
    row = ApiToken.objects.get(name="监控")
    assert row.last_used_at is not None
    assert timedelta(days=29) < row.expires_at - datetime.now(UTC) <= timedelta(days=30)
    assert client.post(f"/me/tokens/{row.uuid}/revoke").status_code == 303
    assert bearer.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "", "scopes": ["read"], "life": "30"},
        {"name": "x", "scopes": [], "life": "30"},
        {"name": "x", "scopes": ["root"], "life": "30"},
        {"name": "x", "scopes": ["read"], "life": "31"},
    ],
)
def test_a_token_that_will_not_do(world: World, typed: dict[str, Any]) -> None:
    client = signed_in()
    before = ApiToken.objects.count()
    answer = client.post("/me/tokens/new", typed)
    assert answer.status_code == 422 and "error-text" in answer.content.decode()
    assert ApiToken.objects.count() == before


def test_nobody_revokes_anothers_token(world: World) -> None:
    secret = token(world, "alice")
    uuid = ApiToken.objects.get(hint=secret[:8], person=world.people["alice"], revoked_at=None).uuid
    assert signed_in("bob").post(f"/me/tokens/{uuid}/revoke").status_code == 404
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/me").status_code == 200


def test_an_unattended_browser_makes_no_token(world: World) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        client = signed_in()
        clock.move_to(now + timedelta(minutes=16))
        before = ApiToken.objects.count()
        answer = client.post("/me/tokens/new", {"name": "x", "scopes": ["read"], "life": "30"})
        assert (answer.status_code, answer["Location"]) == (303, "/me/confirm?next=%2Fme%2Ftokens%2Fnew")
        assert ApiToken.objects.count() == before


def test_forms_of_the_account_need_their_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["alice"])
    assert SESSION_KEY in client.session
    for path in (
        "/me",
        "/me/password",
        "/me/confirm",
        "/me/sessions/others/end",
        "/me/security/off",
        "/me/tokens/new",
    ):
        assert client.post(path, {}).status_code == 403, path


def _code(secret: str) -> str:
    """The code for a secret now."""
    from unittest import mock

    with mock.patch("tests.pages.test_sign_in.SECRET", secret):
        return code_at(datetime.now(UTC))


# --- letters about the account, and tokens that end with a password


@pytest.fixture
def mail(world: World) -> Iterator[list[tuple[str, str, str]]]:
    """Mails to alice and bob as (to, subject, text)."""
    sent: list[tuple[str, str, str]] = []
    before, addresses = letters._senders[:], dict(Person.objects.values_list("pk", "email"))
    Person.objects.filter(login="alice").update(email="alice@example.com", zone="Asia/Shanghai")
    letters.register(lambda person, subject, text: sent.append((person.email, subject, text)), lambda: True)
    yield sent
    letters._senders[:] = before
    for pk, address in addresses.items():
        Person.objects.filter(pk=pk).update(email=address)


def test_a_changed_password_is_told_by_mail_in_the_persons_language(
    world: World, mail: list[tuple[str, str, str]]
) -> None:
    client = signed_in()
    wrong = {"old_password": "nonsense", "password": NEW, "again": NEW}
    assert client.post("/me/password", wrong).status_code == 422
    assert mail == []  # nothing has changed
    answer = client.post("/me/password", {"old_password": PASSWORD, "password": NEW, "again": NEW})
    assert answer.status_code == 303
    ((to, subject, text),) = mail
    assert (to, subject) == ("alice@example.com", "Your password for Yunheng has changed")
    assert "“alice”" in text and "by whoever was signed in as you" in text and "(Asia/Shanghai)" in text
    languages: list[str | None] = []
    letters.register(lambda _person, _subject, _text: languages.append(get_language()), lambda: True)
    Person.objects.filter(login="alice").update(language="zh-hans")
    with override("en"):
        set_password(viewer=SYSTEM_VIEWER, person=Person.objects.get(login="alice"), password=PASSWORD)
    assert languages == ["zh-hans"]


def test_a_second_factor_that_comes_or_goes_is_told_by_mail(
    world: World, without_factor: None, mail: list[tuple[str, str, str]]
) -> None:
    alice = Person.objects.get(login="alice")
    then = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(Invalid):
        add_second_factor(alice, SECRET, "000000", then)
    assert mail == []
    add_second_factor(alice, SECRET, code_at(then), then)
    new_recovery_codes(alice)
    reset_second_factor(viewer=SYSTEM_VIEWER, person=alice)
    assert [subject for _to, subject, _text in mail] == [
        "Signing in to Yunheng asks you for a code from now on",
        "Your recovery codes for Yunheng are new",
        "Signing in to Yunheng asks you for no code any more",
    ]
    assert "An administrator did it." in mail[2][2]


def test_nothing_is_sent_to_somebody_without_an_address(
    world: World, mail: list[tuple[str, str, str]]
) -> None:
    Person.objects.filter(login="alice").update(email="")
    set_password(viewer=SYSTEM_VIEWER, person=Person.objects.get(login="alice"), password=NEW)
    assert mail == []


def test_another_address_is_told_to_the_one_before(world: World, mail: list[tuple[str, str, str]]) -> None:
    client = signed_in()
    assert client.post("/me/email", {"email": "thief@example.com"}).status_code == 303
    ((to, subject, _text),) = mail
    assert (to, subject) == ("alice@example.com", "Your e-mail address in Yunheng has changed")


def test_addresses_are_not_asked_for_one_after_the_other(world: World) -> None:
    Person.objects.filter(login="bob").update(email="bob@example.com")
    client = signed_in()
    for _try in range(ADDRESSES.per_name):
        assert "Somebody else here" in client.post("/me/email", {"email": "bob@example.com"}).content.decode()
    stopped = client.post("/me/email", {"email": "bob@example.com"})
    assert stopped.status_code == 429 and "Too many tries" in stopped.content.decode()
    assert "Somebody else here" not in stopped.content.decode()
    assert is_in(client)
    other = signed_in("bob")
    assert other.post("/me/email", {"email": "bob@example.com"}).status_code == 303  # others are not held up


@pytest.mark.parametrize("ends_tokens", [True, False])
def test_tokens_end_with_a_password_or_a_second_factor_that_is_reset(
    world: World, without_factor: None, ends_tokens: bool, mail: list[tuple[str, str, str]]
) -> None:
    alice, then = Person.objects.get(login="alice"), datetime.now(UTC) - timedelta(hours=1)
    acts = [
        lambda: set_password(viewer=SYSTEM_VIEWER, person=alice, password=NEW, ends_tokens=ends_tokens),
        lambda: reset_password(secret=make_reset(alice), password=PASSWORD, ends_tokens=ends_tokens),
        lambda: reset_second_factor(viewer=SYSTEM_VIEWER, person=alice, ends_tokens=ends_tokens),
    ]
    add_second_factor(alice, SECRET, code_at(then), then)
    mail.clear()
    for act in acts:
        client = Client(headers={"Authorization": f"Bearer {token(world, 'alice')}"})
        assert client.get("/api/v1/me").status_code == 200
        act()
        assert client.get("/api/v1/me").status_code == (401 if ends_tokens else 200)
        entry = Entry.objects.filter(type__startswith="person.").select_related("body").latest("pk")
        assert entry.body.shared is not None
        assert entry.body.shared["tokens"] == ("ended" if ends_tokens else "kept")
        alice.refresh_from_db()
    assert all(("API token has ended" in text) == ends_tokens for _to, _subject, text in mail)
