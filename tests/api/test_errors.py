"""Whatever goes wrong is a problem document: methods, media types, sizes, bodies that cannot be read."""

from typing import Any

import pytest
from django.test import Client
from tests.api.calling import caller, checked
from tests.pages.world import World


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    return caller(world, "alice", "write")


def call(client: Client, world: World, body: bytes, kind: str, path: str = "replies") -> Any:
    address = f"/api/v1/tickets/{world.tickets['working']}/{path}"
    return client.generic("POST", address, body, content_type=kind)


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"text": ', "application/json", 400, "malformed"),
        (b'{"text": NaN}', "application/json", 400, "malformed"),
        (b"\xff\xfe\xfd", "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b'{"text": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed"),
        (b'{"text": "x"}', "text/plain", 415, "unsupported_media_type"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"", "application/json", 422, "invalid"),
        (b"[]", "application/json", 422, "invalid"),
        (b"null", "application/json", 422, "invalid"),
        (b'"text"', "application/json", 422, "invalid"),
        (b'{"text": {"a": 1}}', "application/json", 422, "invalid"),
        (b'{"text": "' + b"x" * 6_000_000 + b'"}', "application/json", 413, "too_large"),
    ],
)
def test_bodies_that_cannot_be_read(
    alice: Client, world: World, body: bytes, kind: str, status: int, code: str
) -> None:
    problem = checked(call(alice, world, body, kind), status)
    assert problem["type"] == f"urn:yunheng:problem:{code}"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"--A\r\nno form", "multipart/form-data; boundary=A", 422),
        (b"--A\r\n", "multipart/form-data", 400),
        (b'{"text": "x"}', "application/json", 415),
        (b"data=x", "application/x-www-form-urlencoded", 415),
    ],
)
def test_forms_that_cannot_be_read(alice: Client, world: World, body: bytes, kind: str, status: int) -> None:
    checked(call(alice, world, body, kind, "replies/with-files"), status)


def test_too_many_fields(alice: Client, world: World) -> None:
    parts = b"".join(
        b'--A\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % index for index in range(1500)
    )
    checked(
        call(alice, world, parts + b"--A--\r\n", "multipart/form-data; boundary=A", "replies/with-files"), 413
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
def test_methods_that_an_address_does_not_have(alice: Client, world: World, method: str) -> None:
    response = alice.generic(method, f"/api/v1/tickets/{world.tickets['working']}")
    assert checked(response, 405)["type"] == "urn:yunheng:problem:method_not_allowed"
    assert "GET" in response["Allow"]


def test_a_session_changes_nothing_without_its_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["alice"])
    assert checked(call(client, world, b'{"text": "x"}', "application/json"), 403)["type"].endswith(":csrf")
    client.get("/")
    secret = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else "a" * 32
    client.cookies["csrftoken"] = secret
    address = f"/api/v1/tickets/{world.tickets['working']}/replies"
    response = client.post(
        address, b'{"text": "x"}', content_type="application/json", headers={"X-CSRFToken": secret}
    )
    checked(response, 201)


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer token-of-somebody-else"}, {"Cookie": "sessionid=x"}]
)
def test_whoever_is_nobody_is_told_so_and_not_of_csrf_tokens(world: World, given: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True, headers=given)
    answer = call(client, world, b'{"text": "x"}', "application/json")
    assert checked(answer, 401)["type"].endswith(":unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_problems_are_in_the_readers_language(alice: Client, world: World) -> None:
    address = "/api/v1/tickets/NONE-INC-20200101-0001"
    english, chinese = (
        alice.get(address, headers={"Accept-Language": tag}).json() for tag in ("en", "zh-CN")
    )
    assert english["type"] == chinese["type"]
    assert english["title"] == "Not found" and chinese["title"] != english["title"]
