"""Calls with a token of ours go past what only browsers need, and are answered like all others."""

import pytest
from django.test import Client
from tests.api.calling import caller, checked
from tests.pages.world import World

from yunheng.site.token_calls import TokenCalls


@pytest.fixture
def signed_in(world: World) -> Client:
    """A browser in which ken has signed in, which looks at CSRF tokens."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["ken"])
    return client


def test_the_token_says_who_asks_whatever_the_session_says(world: World, signed_in: Client) -> None:
    token = caller(world, "alice", "write").defaults["HTTP_AUTHORIZATION"]
    assert checked(signed_in.get("/api/v1/me"), 200)["kind"] == "person"
    answer = checked(signed_in.get("/api/v1/me", HTTP_AUTHORIZATION=token), 200)
    assert (answer["name"], answer["kind"]) == (world.people["alice"].name, "token")
    written = signed_in.post(
        f"/api/v1/tickets/{world.tickets['working']}/notes",
        {"text": "by the token"},
        content_type="application/json",
        HTTP_AUTHORIZATION=token,
    )
    assert checked(written, 201)["number"] == world.tickets["working"]


def test_a_session_does_not_make_up_for_a_wrong_token(world: World, signed_in: Client) -> None:
    wrong = {"HTTP_AUTHORIZATION": "Bearer yh_" + "x" * 43}
    answer = signed_in.get("/api/v1/me", **wrong)
    assert checked(answer, 401)["type"].endswith(":unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    address = f"/api/v1/tickets/{world.tickets['working']}/notes"
    answer = signed_in.post(address, {"text": "whose?"}, content_type="application/json", **wrong)
    checked(answer, 401)


def test_what_a_proxy_adds_is_no_token_of_ours(world: World, signed_in: Client) -> None:
    answer = checked(signed_in.get("/api/v1/me", HTTP_AUTHORIZATION="Bearer eyJhbGciOiJub25lIn0.e30."), 200)
    assert answer["name"] == world.people["ken"].name


def test_the_answer_carries_what_every_answer_carries(world: World) -> None:
    client = caller(world, "alice", "read")
    right, wrong = client.get("/api/v1/me"), client.get("/api/v1/nothing")
    through_session = Client()
    through_session.force_login(world.people["alice"])
    usual = through_session.get("/api/v1/me")
    assert checked(wrong, 404)["reference"] == wrong["X-Request-ID"]
    for answer in (right, wrong):
        assert {name.lower() for name in usual.headers} <= {name.lower() for name in answer.headers}
        assert answer["Content-Length"] == str(len(answer.content))
        assert not answer.cookies
    assert right["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("asked", "language", "word"), [("zh-CN", "zh-hans", "没有"), ("en", "en", "Not found")]
)
def test_refusals_speak_the_language_that_is_asked_for(
    world: World, asked: str, language: str, word: str
) -> None:
    answer = caller(world, "alice", "read").get("/api/v1/tickets/NONE-INC-1", HTTP_ACCEPT_LANGUAGE=asked)
    assert answer["Content-Language"] == language
    assert word in str(checked(answer, 404))


def test_the_way_past_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    met = TokenCalls.__call__

    def watched(self: TokenCalls, request: object) -> object:
        answer = met(self, request)  # type: ignore[arg-type]
        seen.append(hasattr(request, "session"))
        return answer

    monkeypatch.setattr(TokenCalls, "__call__", watched)
    caller(world, "alice", "read").get("/api/v1/me")
    Client().get("/sign-in")
    assert seen == [False, True]
