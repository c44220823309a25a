"""Signing in at another party: OpenID Connect against a small provider on this machine."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from axes.models import AccessAttempt
from django.test import Client
from tests.pages.test_sign_in import SECRET, code_at
from tests.pages.world import World

from yunheng.accounts.models import Person
from yunheng.accounts.second_factor import add_second_factor, remove_second_factor
from yunheng.accounts.security import person_for_claim, person_to_remind

CLIENT_ID, CLIENT_SECRET = "yunheng", "a secret between the two"
HEADERS = {"Accept-Language": "en"}


@dataclass
class Provider:
    """The other party: what it will say, and what it was asked."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] | None = None
    audience: str = CLIENT_ID
    names_issuer: str = ""
    is_broken: bool = False
    challenge: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(path)
        if self.is_broken:
            return 500, {"error": "server_error"}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/token":
            verifier = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
            is_right = (
                body.get("client_secret") == CLIENT_SECRET
                and body.get("code") == "the-code"
                and base64.urlsafe_b64encode(verifier).decode().rstrip("=") == self.challenge
            )
            if not is_right:
                return 400, {"error": "invalid_grant"}
            signed = jwt.encode(
                {
                    "iss": self.names_issuer or self.issuer,
                    "aud": self.audience,
                    "sub": "4711",
                    "exp": 4102444800,
                    "iat": 1,
                    **self.claims,
                },
                "k" * 32,
                algorithm="HS256",
            )
            return 200, {"access_token": "let-me-see", "token_type": "Bearer", "id_token": signed}
        if path == "/userinfo":
            return 200, {"sub": "4711", **self.claims} if self.told is None else self.told
        return 404, {}


@pytest.fixture
def provider(world: World, settings: Any) -> Iterator[Provider]:
    AccessAttempt.objects.all().delete()
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, body: dict[str, str]) -> None:
            status, answer = made.answer(urlsplit(self.path).path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(text).items()})

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    settings.OIDC_ISSUER = made.issuer
    settings.OIDC_NAME = "Company account"
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": settings.OIDC_PROVIDER_ID,
                    "name": "Company account",
                    "client_id": CLIENT_ID,
                    "secret": CLIENT_SECRET,
                    "settings": {"server_url": made.issuer},
                }
            ],
        }
    }
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


def go(client: Client, provider: Provider, target: str = "", *, again: bool = False, **more: str) -> Any:
    """There and back again; the answer of the callback."""
    given = {"next": target, **({"again": "1"} if again else {})}
    away = client.get("/account/oidc/company/login", given)
    assert away.status_code == 302, away.content
    place = urlsplit(away["Location"])
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert away["Location"].startswith(provider.issuer + "/authorize?")
    assert asked["redirect_uri"] == "http://testserver/account/oidc/company/callback"
    assert asked["code_challenge_method"] == "S256"
    assert "openid" in asked["scope"]
    assert (asked.get("prompt"), asked.get("max_age")) == (("login", "0") if again else (None, None))
    provider.challenge = asked["code_challenge"]
    query = {"code": "the-code", "state": asked["state"], **more}
    return client.get("/account/oidc/company/callback", query)


def test_a_known_person_gets_in(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "Alice"}  # its case does not matter
    client = Client(headers=HEADERS)
    assert "Sign in with Company account" in client.get("/sign-in").content.decode()
    wanted = f"/contracts/{world.key}/tickets"
    response = go(client, provider, wanted)
    assert (response.status_code, response["Location"]) == (302, wanted)
    assert client.get("/api/v1/me").json()["name"] == world.people["alice"].name
    assert "/userinfo" in provider.asked and "/token" in provider.asked


def test_next_never_leaves_the_site(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "alice"}
    assert go(Client(), provider, "https://evil.example/")["Location"] == "/"


@pytest.mark.parametrize(
    "claims", [{"preferred_username": "mallory"}, {}, {"preferred_username": 7}, {"preferred_username": ""}]
)
def test_nobody_is_created(world: World, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    before = Person.objects.count()
    client = Client(headers=HEADERS)
    response = go(client, provider)
    assert response.status_code == 403
    assert "Ask your administrator" in response.content.decode()
    assert Person.objects.count() == before
    assert client.get("/me").status_code == 302


def test_a_disabled_person_looks_like_an_unknown_one(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "sue"}
    Person.objects.filter(login="sue").update(is_active=False)
    refused = go(Client(headers=HEADERS), provider)
    Person.objects.filter(login="sue").update(is_active=True)
    assert refused.status_code == 403
    assert "Ask your administrator" in refused.content.decode()


def test_another_claim_can_name_the_login(world: World, provider: Provider, settings: Any) -> None:
    settings.OIDC_LOGIN_CLAIM = "staff_number"
    provider.claims = {"preferred_username": "alice", "staff_number": "bob"}
    client = Client()
    assert go(client, provider).status_code == 302
    assert client.get("/api/v1/me").json()["name"] == world.people["bob"].name


@pytest.mark.parametrize(("verified", "status"), [(True, 302), (False, 403), (None, 403)])
def test_an_address_counts_when_the_other_side_checked_it(
    world: World, provider: Provider, settings: Any, verified: bool | None, status: int
) -> None:
    settings.OIDC_LOGIN_CLAIM = "email"
    Person.objects.filter(login="ken").update(login="ken@example.com")
    provider.claims = {"email": "ken@example.com"} | (
        {} if verified is None else {"email_verified": verified}
    )
    answered = go(Client(), provider).status_code
    Person.objects.filter(login="ken@example.com").update(login="ken")
    assert answered == status


def test_what_is_meant_for_others_is_refused(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "alice"}
    for wrong in ({"audience": "another"}, {"names_issuer": "https://evil.example"}):
        provider.audience, provider.names_issuer = (
            wrong.get("audience", CLIENT_ID),
            wrong.get("names_issuer", ""),
        )
        client = Client()
        assert go(client, provider).status_code == 502, wrong
        assert client.get("/me").status_code == 302
    provider.audience, provider.names_issuer = CLIENT_ID, ""
    provider.told = {"sub": "somebody-else", "preferred_username": "alice"}
    client = Client()
    assert go(client, provider).status_code == 502
    assert client.get("/me").status_code == 302


def test_an_answer_to_no_question_is_refused(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "alice"}
    forged = Client()
    assert (
        forged.get("/account/oidc/company/callback", {"code": "the-code", "state": "x" * 16}).status_code
        == 502
    )
    assert go(Client(), provider, state="y" * 16).status_code == 502
    assert Client().get("/account/oidc/another/login").status_code == 404
    client = Client()
    assert go(client, provider, code="guessed").status_code == 502
    assert client.get("/me").status_code == 302


def test_a_state_counts_once(world: World, provider: Provider) -> None:
    provider.claims = {"preferred_username": "mallory"}
    client = Client()
    away = client.get("/account/oidc/company/login")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away["Location"]).query).items()}
    provider.challenge = asked["code_challenge"]
    query = {"code": "the-code", "state": asked["state"]}
    assert client.get("/account/oidc/company/callback", query).status_code == 403
    provider.claims = {"preferred_username": "alice"}
    assert client.get("/account/oidc/company/callback", query).status_code == 502


def test_who_breaks_off_is_back_at_the_start(world: World, provider: Provider) -> None:
    client = Client()
    away = client.get("/account/oidc/company/login")
    state = parse_qs(urlsplit(away["Location"]).query)["state"][0]
    back = client.get("/account/oidc/company/callback", {"error": "access_denied", "state": state})
    assert (back.status_code, back["Location"]) == (302, "/sign-in")


def test_a_provider_that_is_down_says_so(world: World, provider: Provider) -> None:
    provider.is_broken = True
    response = Client(headers=HEADERS).get("/account/oidc/company/login")
    assert response.status_code == 502
    assert "Company account cannot be reached" in response.content.decode()


def test_the_second_factor_here_is_asked_for_all_the_same(world: World, provider: Provider) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    add_second_factor(world.people["ken"], SECRET, code_at(then), then)
    provider.claims = {"preferred_username": "ken"}
    client = Client()
    assert go(client, provider)["Location"] == "/account/code"
    assert client.get("/me").status_code == 302
    assert client.post("/account/code", {"code": code_at(datetime.now(UTC))}).status_code == 302
    assert client.get("/me").status_code == 200
    remove_second_factor(world.people["ken"])


@pytest.mark.parametrize(("amr", "status"), [(["pwd", "mfa"], 200), (["pwd"], 302)])
def test_a_second_factor_there_fulfils_what_is_required_here(
    world: World, provider: Provider, settings: Any, amr: list[str], status: int
) -> None:
    settings.REQUIRE_SECOND_FACTOR = "all"
    provider.claims = {"preferred_username": "alice", "amr": amr}
    client = Client()
    assert go(client, provider).status_code == 302
    assert client.get("/me").status_code == status


def test_a_login_that_only_looks_the_same_in_capitals_is_somebody_else(world: World) -> None:
    assert person_for_claim("ALICE") == person_for_claim(" alice ") == world.people["alice"]
    assert person_for_claim("al\u0131ce") is None  # a dotless i, of which the capital is I
    assert person_for_claim("") is person_for_claim("  ") is None


def test_nobody_gets_a_first_password_by_mail_where_another_party_decides(
    world: World, settings: Any
) -> None:
    ken = world.people["ken"]
    people = Person.objects.filter(pk=ken.pk)
    people.update(email="only.ken@example.com")
    assert person_to_remind("only.ken@example.com") == ken
    try:
        people.update(password="!none")
        settings.OIDC_ISSUER = "https://login.example.com"
        assert person_to_remind("only.ken@example.com") is None
        settings.OIDC_ISSUER = ""
        assert person_to_remind("only.ken@example.com") == ken  # invited, and the letter is lost
    finally:
        people.update(password=ken.password, email=ken.email)


# --- showing once more that it is still oneself


def asks_for_the_password(client: Client) -> bool:
    """Whether a page that could let others in asks first."""
    return client.get("/me/tokens/new").status_code == 303


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_signing_in_elsewhere_counts_from_when_the_password_was_typed_there(
    world: World, provider: Provider
) -> None:
    for auth_time, is_asked in ((None, True), (now() - 3600, True), (True, True), (now() - 60, False)):
        provider.claims = {"preferred_username": "alice"}
        if auth_time is not None:
            provider.claims["auth_time"] = auth_time
        client = Client()
        go(client, provider)
        assert asks_for_the_password(client) is is_asked, auth_time


def test_the_other_party_asks_once_more_and_says_when(world: World, provider: Provider) -> None:
    type(world.people["alice"]).objects.filter(login="alice").update(language="en")
    provider.claims = {"preferred_username": "alice"}
    client = Client(headers=HEADERS)
    go(client, provider)
    page = client.get("/me/confirm?next=/me/tokens/new").content.decode()
    assert "Confirm with Company account" in page and "again=1&amp;next=%2Fme%2Ftokens%2Fnew" in page
    for stale in (None, now() - 3600):  # it did not ask, or does not say so
        provider.claims = {"preferred_username": "alice", **({} if stale is None else {"auth_time": stale})}
        refused = go(client, provider, "/me/tokens/new", again=True)
        assert refused.status_code == 403 and "auth_time" in refused.content.decode()
        assert asks_for_the_password(client)
    provider.claims = {"preferred_username": "alice", "auth_time": now()}
    done = go(client, provider, "/me/tokens/new", again=True)
    assert (done.status_code, done["Location"]) == (302, "/me/tokens/new")
    assert not asks_for_the_password(client)


def test_somebody_else_confirms_nothing(world: World, provider: Provider) -> None:
    type(world.people["alice"]).objects.filter(login="alice").update(language="en")
    provider.claims = {"preferred_username": "alice"}
    client = Client(headers=HEADERS)
    go(client, provider)
    provider.claims = {"preferred_username": "bob", "auth_time": now()}
    refused = go(client, provider, "/me/tokens/new", again=True)
    assert refused.status_code == 403 and "somebody else" in refused.content.decode()
    assert asks_for_the_password(client)
    assert client.get("/api/v1/me").json()["name"] == world.people["alice"].name  # still who was here
