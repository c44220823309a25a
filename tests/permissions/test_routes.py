"""Every route × every role, third-party routes included. A route that is missing from the table fails.

What one may not see looks like what does not exist: 404 and never 403, on pages and in the API alike.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.pages.world import World, token

from .table import ROUTES
from .table.rows import EVERY_ROLE, VIEWERS


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every pattern that the resolver knows."""
    for item in (resolver or get_resolver()).url_patterns:
        whole = prefix + str(item.pattern)
        if isinstance(item, URLPattern):
            yield whole
        else:
            yield from routes(item, whole)


def test_no_route_is_missing_from_the_table_and_none_is_left_over() -> None:
    assert set(routes()) == set(ROUTES)


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    """One client per viewer."""
    from yunheng.foundation.sealing import seal

    seal()
    made = {"anonymous": Client()}
    for role in EVERY_ROLE:
        made[role] = Client()
        made[role].force_login(world.people[f"role-{role.replace('_', '-')}"])
    made["stranger"] = Client()
    made["stranger"].force_login(world.people["charlie"])
    made["token"] = Client(headers={"Authorization": f"Bearer {token(world, 'alice')}"})
    made["stranger_token"] = Client(headers={"Authorization": f"Bearer {token(world, 'charlie')}"})
    assert set(made) == set(VIEWERS)
    return made


@pytest.mark.parametrize("route", ROUTES)
def test_status(world: World, clients: dict[str, Client], route: str) -> None:
    row = ROUTES[route]
    path = row.path.format(key=world.key, **world.tickets)
    wrong = []
    for viewer in VIEWERS:
        response = clients[viewer].generic(row.method, path)
        if response.status_code != row.expected(viewer):
            wrong.append((viewer, response.status_code, row.expected(viewer), response.content[:300]))
    assert wrong == []


@pytest.mark.parametrize(
    ("login", "ticket", "status"),
    [
        ("alice", "closed", 200),
        ("bob", "closed", 200),
        ("charlie", "closed", 404),  # another organisation: the ticket does not exist
        ("dan", "closed", 200),  # asked for it
        ("sue", "closed", 404),  # the supplier was not called
        ("sue", "waiting", 200),  # was
        ("ken", "new", 200),
    ],
)
def test_personas(world: World, login: str, ticket: str, status: int) -> None:
    client = Client()
    client.force_login(world.people[login])
    number = world.tickets[ticket]
    assert client.get(f"/tickets/{number}", follow=True).status_code == status  # the client in its portal
    assert client.get(f"/api/v1/tickets/{number}/clocks").status_code == status


@pytest.mark.parametrize(
    ("login", "places"), [("bob", {"indicators", "scorecard", "tickets", "log"}), ("dan", {"tickets"})]
)
def test_navigation_offers_only_what_opens(world: World, login: str, places: set[str]) -> None:
    client = Client()
    client.force_login(world.people[login])
    text = client.get(f"/contracts/{world.key}/tickets").content.decode()
    assert set(re.findall(rf'href="/contracts/{world.key}/(\w+)"', text)) == places


def test_hidden_and_missing_tickets_look_alike(world: World) -> None:
    client = Client()
    client.force_login(world.people["charlie"])
    hidden = client.get(f"/tickets/{world.tickets['closed']}")
    missing = client.get("/tickets/WITH-SUPPLIER-INC-20200101-9999")

    def cut(response: Any) -> str:
        text: str = response.content.decode().split("data-reference")[0]
        return text.replace(response.request["PATH_INFO"], "")

    assert (hidden.status_code, cut(hidden)) == (missing.status_code, cut(missing))


@pytest.mark.parametrize(
    ("login", "sees_note", "clocks"), [("alice", True, {"client", "internal"}), ("bob", False, {"client"})]
)
def test_internal_matters_are_for_the_provider(
    world: World, login: str, sees_note: bool, clocks: set[str]
) -> None:
    """The client sees neither internal notes nor the clocks that are no promise to it."""
    client = Client()
    client.force_login(world.people[login])
    number = world.tickets["closed"]
    timeline = client.get(f"/api/v1/tickets/{number}/timeline").json()["items"]
    assert any(entry["internal"] for entry in timeline) is sees_note
    assert any("同批次模块" in str(entry) for entry in timeline) is sees_note
    found = client.get(f"/api/v1/tickets/{number}/clocks").json()["clocks"]
    assert {clock["audience"] for clock in found} >= clocks
    assert ("internal" in {clock["audience"] for clock in found}) is sees_note
    listed = client.get(f"/api/v1/contracts/{world.key}/tickets").json()["items"]
    kinds = {clock["kind"] for ticket in listed for clock in ticket["clocks"]}
    assert ({"ola_restore", "uc_restore"} <= kinds) is sees_note
    assert ("同批次模块" in client.get(f"/tickets/{number}").content.decode()) is sees_note
