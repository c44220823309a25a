"""Calls of the API as tests make them: one client per token, answers checked for their kind."""

import json
from typing import Any

from django.test import Client
from tests.pages.world import World, token

PROBLEM = "application/problem+json"


def caller(world: World, login: str, *scopes: str) -> Client:
    """A client with a token of that person."""
    return Client(
        headers={"Authorization": f"Bearer {token(world, login, *scopes)}", "Accept-Language": "en"}
    )


def get(client: Client, path: str, status: int = 200) -> Any:
    """The answer to a reading, with the status and the media type that belong to it."""
    return checked(client.get("/api/v1/" + path), status)


def post(client: Client, path: str, data: Any = None, status: int = 200, *, key: str = "") -> Any:
    """The answer to a writing."""
    return checked(send(client, path, data, key=key), status)


def send(client: Client, path: str, data: Any = None, *, key: str = "", method: str = "POST") -> Any:
    """The response to a writing, whatever it is."""
    headers = {"Idempotency-Key": key} if key else {}
    return client.generic(
        method,
        "/api/v1/" + path,
        b"" if data is None else json.dumps(data).encode(),
        content_type="application/json",
        headers=headers,
    )


def checked(response: Any, status: int) -> Any:
    """Its data, where status and media type are right."""
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/json" if status < 400 else PROBLEM)
    data = json.loads(response.content)
    if status >= 400:
        assert data["status"] == status and data["type"].startswith("urn:yunheng:problem:")
        assert data["title"] and data["reference"]
    return data
