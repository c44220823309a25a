"""The page and the API of a scorecard: from the total down to the ticket, for whom it is meant."""

import html
import re
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.test_board import bearer, sign_in
from tests.pages.world import World

from yunheng.appraisal import study
from yunheng.foundation.sealing import seal

#: SQL statements of a cold page, session and viewer included. Smaller is progress; larger needs a reason.
QUERIES = {"": 13, "scheme=b": 14, "scheme=g": 13}


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    seal()
    return sign_in(world, "alice")


def page(client: Client, world: World, query: str, status: int = 200) -> str:
    response = client.get(f"/contracts/{world.key}/scorecard?{query}")
    assert response.status_code == status, response.content[:2000]
    return html.unescape(response.content.decode())


def told(client: Client, world: World, query: str, status: int = 200) -> Any:
    response = client.get(f"/api/v1/contracts/{world.key}/scorecard?{query}", headers=bearer(world))
    assert response.status_code == status, response.content[:2000]
    return response.json()


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_pinned(world: World, alice: Client, query: str) -> None:
    page(alice, world, query)  # compiled terms and dictionaries are kept per process
    study._recent.clear()
    with CaptureQueriesContext(connection) as captured:
        page(alice, world, query)
    statements = [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # A period that has just begun may take one less.
    assert QUERIES[query] - 1 <= len(statements) <= QUERIES[query], "\n".join(statements)


@pytest.mark.parametrize("path", ["", "/indicators", "/scorecard"])
def test_the_pages_of_a_contract_lead_to_its_scorecard(world: World, alice: Client, path: str) -> None:
    text = alice.get(f"/contracts/{world.key}{path}").content.decode()
    places = re.findall(rf'<a class="side-link" href="/contracts/{world.key}/scorecard"[^>]*>', text)
    assert places
    assert any('aria-current="page"' in place for place in places) is (path == "/scorecard")


def test_a_contract_that_is_not_scored_offers_the_schemes_that_ship(world: World, alice: Client) -> None:
    text = page(alice, world, "")
    assert "does not say how a period is scored" in text
    for name in "abcdefg":
        assert f"?scheme={name}" in text
    refused = told(alice, world, "", 404)
    assert "scored" in refused["detail"]


@pytest.mark.parametrize(("login", "language"), [("alice", "en"), ("bob", "zh-hans")])
@pytest.mark.parametrize("scheme", ["a", "b", "c", "d", "e", "f"])
def test_every_scheme_is_shown_to_both_parties(world: World, login: str, language: str, scheme: str) -> None:
    text = page(sign_in(world, login, language), world, f"scheme={scheme}")
    assert "%(" not in text.partition("<main")[2].partition("</main>")[0]
    assert ("For a look" if language == "en" else "仅供试看") in text
    assert not re.search(r"\sstyle\s*=", text)


def test_the_total_opens_down_to_the_ticket(world: World, alice: Client) -> None:
    found = told(alice, world, "scheme=b")
    text = page(alice, world, f"scheme=b&period={found['period']}")
    events = [part for part in _all(found["tree"]) if part["say"] == "event"]
    for event in events[:20]:
        number = event["event"]["subject"]
        assert f'href="/tickets/{number}"' in text
        assert alice.get(f"/tickets/{number}").status_code == 200
    assert Fraction(found["value_so_far"]) == sum(Fraction(event["points"]) for event in events)
    one = page(alice, world, f"scheme=b&period={found['period']}&item=lateness")
    assert one.count('href="/tickets/') >= len(events[:100])
    assert "item=lateness" not in page(alice, world, f"scheme=b&period={found['period']}") or len(events) > 20


def test_a_figure_opens_into_its_items(world: World, alice: Client) -> None:
    """Scheme G speaks of P1, which this contract has; its response item reads an indicator."""
    text = page(alice, world, "scheme=g")
    addresses = re.findall(rf'href="(/contracts/{world.key}/items\?[^"]+)"', text)
    assert addresses and all("indicator=mtta" in address and "group=P1" in address for address in addresses)
    assert alice.get(addresses[0]).status_code == 200
    assert "not entered yet" in text  # what people enter is no full marks


@pytest.mark.parametrize(
    "query", ["scheme=z", "scheme=b&period=April", "scheme=b&period=2015", "scheme=b&as_of=99999999"]
)
def test_what_makes_no_sense_is_refused_with_its_field(world: World, alice: Client, query: str) -> None:
    page(alice, world, query, 422)
    refused = told(alice, world, query, 422)
    assert refused["errors"]


def test_who_does_not_see_the_contract_learns_nothing(world: World) -> None:
    page(sign_in(world, "charlie"), world, "scheme=b", 404)
    page(sign_in(world, "dan"), world, "scheme=b", 404)


def _all(node: Any) -> Any:
    yield node
    for part in node.get("parts", ()):
        yield from _all(part)
