"""The pages on the small world: security headers, what they show, how many queries they take, and error pages."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.reporting import ZONE
from tests.pages.world import World

from yunheng.appraisal import study
from yunheng.foundation.sealing import seal

#: SQL statements per page, session and viewer included. Smaller is progress; larger needs a reason.
QUERIES = {
    "/contracts/{key}/indicators": 21,
    "/contracts/{key}/items?indicator=sla_attainment&{span}": 17,
    "/contracts/{key}/tickets": 14,
    "/tickets/{closed}": 12,  # files, waiting periods, links and proposals each take one
    "/contracts/{key}/log": 10,
}
#: As many days as a month has, up to today: the month that runs may have begun an hour ago.
SPAN = f"from={datetime.now(ZONE).date() - timedelta(days=30)}&to={datetime.now(ZONE).date()}"


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    seal()
    client = Client()
    client.force_login(world.people["alice"])
    client.post("/language", {"language": "en"})
    return client


@pytest.mark.parametrize("path", QUERIES)
def test_queries_are_pinned(world: World, alice: Client, path: str) -> None:
    address = path.format(key=world.key, span=SPAN, **world.tickets)
    alice.get(address)  # compiled terms and dictionaries are kept per process
    study._recent.clear()
    with CaptureQueriesContext(connection) as captured:
        assert alice.get(address).status_code == 200
    statements = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == QUERIES[path], "\n".join(statements)


@pytest.mark.parametrize(
    "path", [*QUERIES, "/sign-in", "/nothing", "/healthz", "/api/v1/me", "/api/v1/nothing"]
)
def test_every_answer_carries_the_security_headers(world: World, alice: Client, path: str) -> None:
    response = alice.get(path.format(key=world.key, span=SPAN, **world.tickets))
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Request-ID"]


@pytest.mark.parametrize("path", [*QUERIES, "/sign-in", "/nothing"])
def test_no_page_needs_what_the_policy_forbids(world: World, alice: Client, path: str) -> None:
    text = alice.get(path.format(key=world.key, span=SPAN, **world.tickets)).content.decode()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"<style\b", text)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script


def test_no_percentage_stands_alone(world: World, alice: Client) -> None:
    """Every figure of the page comes with n of N, and is a door to its items."""
    text = alice.get(f"/contracts/{world.key}/indicators").content.decode()
    figures = re.findall(
        r'<a class="figure[^"]*" href="([^"]+)".*?<span class="of">([^<]+)</span></a>', text, re.DOTALL
    )
    assert len(figures) >= 5
    for address, behind in figures:
        assert "/items?" in address
        assert re.search(r"\d|nothing in the population", behind), behind


def test_not_applicable_is_neither_zero_nor_a_hundred(world: World, alice: Client) -> None:
    text = alice.get(f"/contracts/{world.key}/indicators?from=2026-01-01&to=2026-01-31").content.decode()
    assert "N/A" in text and "nothing in the population" in text
    assert "100.00" not in text and ">0.00" not in text


def test_figures_open_into_tickets(world: World, alice: Client) -> None:
    page = alice.get(f"/contracts/{world.key}/items?indicator=response_timeliness&{SPAN}").content.decode()
    assert f"/tickets/{world.tickets['working']}" in page or f"/tickets/{world.tickets['closed']}" in page


def test_ticket_page_has_a_picture_and_a_table_that_adds_up(world: World, alice: Client) -> None:
    text = alice.get(f"/tickets/{world.tickets['closed']}").content.decode()
    clocks = re.findall(r'<article class="clock" id="clock-(\w+)">(.*?)</article>', text, re.DOTALL)
    assert {"respond", "restore", "resolve"} <= {key for key, _html in clocks}
    for key, html in clocks:
        assert '<svg class="band' in html
        counted = [_seconds(cell) for cell in re.findall(r'<td class="number counted">([\d:]+)</td>', html)]
        total = int(re.search(r'data-counted="(\d+)"', html)[1])  # type: ignore[index]
        assert sum(counted) == total, key


def _seconds(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/contracts/{key}/indicators?from=yesterday", 422),
        ("/contracts/{key}/indicators?as_of=x", 422),
        ("/contracts/{key}/indicators?by=moon", 422),
        ("/contracts/{key}/items?indicator=nope", 422),
        ("/contracts/{key}/items?indicator=mttr&part=half", 422),
        ("/contracts/nope/tickets", 404),
        ("/tickets/NOPE", 404),
        ("/contracts/{key}/indicators?from=9999-12", 422),
        ("/contracts/{key}/indicators?from=0001-01", 422),
        ("/contracts/{key}/indicators?as_of=99999999999999999999999", 422),
        ("/contracts/{key}/indicators?as_of=0", 422),
        ("/contracts/{key}/log?before=" + "9" * 5000, 422),
        ("/contracts/{key}/log?before=%C2%B2", 422),
    ],
)
def test_bad_addresses_get_words_and_a_reference(
    world: World, alice: Client, address: str, status: int
) -> None:
    response = alice.get(address.format(key=world.key))
    assert response.status_code == status
    assert "data-reference" in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()


def test_a_list_that_cannot_be_stays_a_list(world: World, alice: Client) -> None:
    """What is wrong is said where the filters are, so that it can be mended there."""
    response = alice.get(f"/contracts/{world.key}/tickets?after=NOPE")
    text = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in text and 'name="text"' in text
    assert 'role="alert"' not in alice.get(f"/contracts/{world.key}/tickets").content.decode()


@pytest.mark.parametrize(
    "address", ["/contracts/{key}/tickets?text=a%00b", "/tickets/a%00b", "/api/v1/tickets/a%00b"]
)
def test_the_character_nul_is_refused(world: World, alice: Client, address: str) -> None:
    assert alice.get(address.format(key=world.key)).status_code == 400


def test_forms_without_token_are_refused_with_a_way_out(world: World) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})
    response = client.post("/sign-in", {"login": "alice", "password": "x"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_our_own_faults_show_a_reference_and_nothing_else(
    world: World, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("yunheng.site.views.Shell", broken)
    client = Client(raise_request_exception=False)
    client.force_login(world.people["alice"])
    response = client.get("/admin")
    assert response.status_code == 500
    assert "secret detail" not in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()


def test_contracts_are_named_in_the_language_of_the_page(world: World, alice: Client) -> None:
    for path in ("/contracts", f"/contracts/{world.key}/indicators", f"/tickets/{world.tickets['closed']}"):
        assert "Operations contract with supplier maintenance" in alice.get(path).content.decode()


def test_the_start_leads_to_where_one_works(world: World) -> None:
    for login in ("alice", "sue"):
        client = Client()
        client.force_login(world.people[login])
        assert client.get("/")["Location"] == "/workbench"
    client = Client()
    client.force_login(world.people["bob"])
    assert client.get("/")["Location"] == "/portal"


def test_navigation_offers_what_one_may_open_and_nothing_else(world: World, alice: Client) -> None:
    def places(client: Client, path: str) -> set[str]:
        client.post("/language", {"language": "en"})
        text = client.get(path).content.decode()
        return set(re.findall(r'class="side-link" href="([^"]+)"', text))

    path = f"/contracts/{world.key}/indicators"
    of_alice = places(alice, path)
    keys = re.findall(r'data-go="(\w)"', alice.get(path).content.decode())
    assert len(keys) > 10 and len(keys) == len(set(keys))  # "g" and a letter lead to one place
    assert {"/workbench", "/tickets", "/contracts", "/admin", path, f"/contracts/{world.key}/log"} <= of_alice
    bob = Client()
    bob.force_login(world.people["bob"])
    of_bob = places(bob, path)
    assert path in of_bob and not of_bob & {"/workbench", "/tickets", "/admin", "/imports"}
    sue = Client()
    sue.force_login(world.people["sue"])
    of_sue = places(sue, "/workbench")
    assert "/workbench" in of_sue and not {
        one for one in of_sue if one.endswith(("/log", "/indicators", "/admin"))
    }
    for client, offered in ((alice, of_alice), (bob, of_bob), (sue, of_sue)):
        for address in offered:
            assert client.get(address, follow=True).status_code == 200, address


def test_administration_shows_the_pages_one_may_open(world: World, alice: Client) -> None:
    text = alice.get("/admin").content.decode()
    cards = re.findall(r'class="tile-card" href="([^"]+)"', text)
    assert "/admin/calendars" in cards
    for address in cards:
        assert alice.get(address).status_code == 200, address
    ken = Client()
    ken.force_login(world.people["ken"])
    assert ken.get("/admin").status_code == 404


def test_pages_stay_out_of_shared_caches(world: World, alice: Client) -> None:
    for path in ("/", "/contracts", f"/tickets/{world.tickets['closed']}", "/api/v1/me"):
        assert "private" in alice.get(path)["Cache-Control"]


def test_empty_contract_teaches(world: World) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(world.people["charlie"])
    client.post("/language", {"language": "en"})
    assert "No tickets yet" in client.get(f"/contracts/{world.other.scope.key}/tickets").content.decode()
