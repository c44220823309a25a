"""The dashboard: what it shows to whom, that every number opens into as many tickets, and what it costs."""

import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.texts import without_tokens
from tests.pages.world import World, token

from yunheng.accounts.actions import grant_membership
from yunheng.appraisal import study
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import LogState, TreeHead
from yunheng.foundation.sealing import seal

#: SQL statements per page, session and viewer included. Smaller is progress; larger needs a reason.
QUERIES = {
    "/contracts/{key}/dashboard": 36,  # six heaps of the present, each along its own index
    "/contracts/{key}/dashboard/items?what=opened": 15,
    "/contracts/{key}/dashboard/promises": 16,
    "/wall/slide?contract={key}": 25,
}
URGENT = 9
SHOWS_URGENT = ("/contracts/{key}/dashboard", "/wall/slide?contract={key}")


def sign_in(world: World, login: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(world.people[login])
    client.post("/language", {"language": language})
    return client


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    seal()
    return sign_in(world, "alice")


@pytest.fixture(scope="module")
def bob(world: World) -> Client:
    return sign_in(world, "bob", "zh-hans")


@pytest.mark.parametrize("path", QUERIES)
def test_queries_are_pinned(world: World, alice: Client, path: str) -> None:
    address = path.format(key=world.key)
    alice.get(address)  # compiled terms and dictionaries are kept per process
    study._recent.clear()
    with CaptureQueriesContext(connection) as captured:
        assert alice.get(address).status_code == 200
    statements = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # By the hour of the day a clock is due soon or not: then the first tickets are shown, with their clocks.
    pinned = (QUERIES[path], QUERIES[path] + URGENT) if path in SHOWS_URGENT else (QUERIES[path],)
    assert len(statements) in pinned, "\n".join(statements)


@pytest.mark.parametrize("path", [*QUERIES, "/wall", "/wall/join"])
def test_no_page_needs_what_the_policy_forbids(world: World, alice: Client, path: str) -> None:
    text = alice.get(path.format(key=world.key)).content.decode()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style\b", text)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script


def bearer(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(world, 'alice')}"}


def doors(text: str) -> dict[str, int]:
    """Addresses of members' pages with the number that stands on each door."""
    found = {}
    for address, number in re.findall(
        r'<a (?:class="flow-count" )?href="([^"]+/dashboard/items\?[^"]+)"[^>]*>([\d,]+)</a>', text
    ):
        found[html.unescape(address)] = int(number.replace(",", ""))
    return found


@pytest.mark.parametrize("login", ["alice", "bob"])
def test_every_number_opens_into_as_many_tickets(world: World, login: str) -> None:
    client = sign_in(world, login)
    text = client.get(f"/contracts/{world.key}/dashboard").content.decode()
    found = doors(text)
    assert len(found) > 20
    assert {what for address in found for what in re.findall(r"what=(\w+)", address)} >= {
        "opened", "open_at_end", "backlog", "load", "weekday", "waits", "cause", "priority", "service", "source",
    }  # fmt: skip
    for address, number in found.items():
        page = client.get(address)
        assert page.status_code == 200, address
        assert page.content.decode().count("data-row-link") == number, address
        assert re.search(rf"<b>{number}</b> (ticket|waiting period|张工单|段等待)", page.content.decode()), (
            address
        )


def test_a_number_opens_as_of_the_position_of_a_report(world: World, alice: Client) -> None:
    """A report's numbers are frozen at its log position: so is what stands behind them, however late one looks."""
    address = f"/contracts/{world.key}/dashboard/items?what=opened"
    newest = LogState.objects.values_list("size", flat=True).get(scope_id=world.contract.pk)
    with_tickets = (
        TreeHead.objects.filter(scope_id=world.contract.pk).order_by("size").values_list("size", flat=True)
    )
    counts = []
    for position in (with_tickets[0], newest):
        there = alice.get(
            f"/api/v1/contracts/{world.key}/board?as_of={position}", headers=bearer(world)
        ).json()
        text = alice.get(f"{address}&as_of={position}").content.decode()
        counts.append(there["opened"])
        assert text.count("data-row-link") == there["opened"]
        assert f"<b>{there['opened']}</b> ticket" in text
        assert f"as of log position {position:,}" in text
    assert "as of log position" not in alice.get(address).content.decode()
    for wrong in ("nonsense", newest + 1, 0):
        answer = alice.get(f"{address}&as_of={wrong}")
        assert (answer.status_code, "position" in answer.content.decode()) == (422, True)


def test_what_presses_opens_into_the_list_that_holds_just_that(world: World, alice: Client) -> None:
    text = alice.get(f"/contracts/{world.key}/dashboard").content.decode()
    strip = text.split('class="kpi-strip"')[1].split("</section>")[0]
    heaps = re.findall(r'href="(/tickets\?[^"]+)"[^>]*><b>(\d+)</b>', strip)
    assert len(heaps) == 6
    assert sum(int(number) for _address, number in heaps) > 3
    for address, number in heaps:
        page = alice.get(html.unescape(address))
        assert page.status_code == 200
        assert page.content.decode().count("data-row-link") == int(number), address


def test_a_month_without_anything_is_not_applicable_and_never_100(world: World, alice: Client) -> None:
    text = alice.get(f"/contracts/{world.key}/dashboard?from=2026-01-15").content.decode()
    assert "January 2026" in text
    values = re.findall(r'<div class="tile-value">(.*?)</div>', text, re.DOTALL)
    assert values
    for value in values:
        assert "–" in value and "100" not in value
    assert "No clock has been decided in this month yet." in text
    assert re.search(r"Nothing (came in|happened in) this month", text)


def test_a_month_is_beside_the_one_before(world: World, alice: Client) -> None:
    text = alice.get(f"/contracts/{world.key}/dashboard").content.decode()
    assert text.count("last month") >= 8
    assert alice.get(f"/contracts/{world.key}/dashboard?from=nonsense").status_code == 422
    assert alice.get(f"/contracts/{world.key}/dashboard/items?what=nonsense").status_code == 422


def test_the_client_reads_its_own_contract_in_plain_words(world: World, bob: Client) -> None:
    text = without_tokens(bob.get(f"/contracts/{world.key}/dashboard").content.decode())
    assert "您" in text or "<b>4</b>" in text
    for internal in (
        "ola_restore",
        "OLA",
        "uc_restore",
        "UC ",
        "二线技术支持",
        "厂商现场服务",
        "林晓安",
        "周建国",
    ):
        assert internal not in text, internal
    assert world.other.scope.key not in text
    assert bob.get(f"/contracts/{world.other.scope.key}/dashboard").status_code == 404
    assert bob.get(f"/contracts/{world.other.scope.key}/dashboard/items?what=opened").status_code == 404


def test_the_providers_page_names_who_has_it(world: World, alice: Client) -> None:
    """What the client must not see is on the provider's page, so that the test above can fail."""
    waiting = alice.get(f"/contracts/{world.key}/dashboard").content.decode()
    assert "Who waited for whom" in waiting


def test_several_contracts_stand_together(world: World) -> None:
    person = world.people["role-quality-officer"]
    client = sign_in(world, "role-quality-officer")
    alone = client.get("/dashboard")
    assert (alone.status_code, alone["Location"]) == (302, f"/contracts/{world.key}/dashboard")
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role="quality_officer", scope=world.other.scope)
    text = client.get("/dashboard").content.decode()
    for contract in (world.contract, world.other):
        assert f'hx-get="/contracts/{contract.scope.key}/dashboard/promises"' in text
        assert f'href="/contracts/{contract.scope.key}/dashboard"' in text
    queries = QUERIES["/contracts/{key}/dashboard"]
    with CaptureQueriesContext(connection) as captured:
        client.get("/dashboard")
    assert len(captured) < queries, "the page of all contracts asks once for all of them"


def test_the_api_says_the_same(world: World, alice: Client) -> None:
    headers = {"Authorization": f"Bearer {token(world, 'alice')}"}
    client = Client(headers=headers)
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False):  # an open wait grows by the second
        span = {
            "from": f"{now - timedelta(days=25):%Y-%m}",
            "to": f"{now + timedelta(hours=8):%Y-%m}",
        }  # all tickets
        board = client.get(f"/api/v1/contracts/{world.key}/board", span).json()
        assert board["opened"] == sum(map(sum, board["load"])) == 4
        assert sum(one["count"] for one in board["by_cause"]) == 4
        assert board["waits"]["count"] == sum(row["count"] for row in board["waits"]["rows"]) == 3
        key = board["waits"]["rows"][0]["key"]
        pages, after = [], ""
        while True:
            page = client.get(
                f"/api/v1/contracts/{world.key}/board/members",
                {"what": "waits", "part": key, "limit": 1, **span, **({"after": after} if after else {})},
            ).json()
            pages += page["items"]
            after = page["next"]
            if after is None:
                break
        assert len(pages) == board["waits"]["rows"][0]["count"]
        assert sum(one["seconds"] for one in pages) == board["waits"]["rows"][0]["seconds"]
    pressing = client.get(f"/api/v1/contracts/{world.key}/board/pressing").json()
    heaps = {one["key"]: one["count"] for one in (*pressing["heaps"], *pressing["waiting"])}
    assert (heaps["open"], heaps["client"]) == (3, 1)
    wrong = client.get(f"/api/v1/contracts/{world.key}/board/members?what=nothing")
    assert (wrong.status_code, wrong["Content-Type"]) == (422, "application/problem+json")
    before = client.get(f"/api/v1/contracts/{world.key}/board", {"as_of": board["position"], **span})
    assert before.status_code == 200 and before.json()["opened"] <= 4
    month = {"from": span["from"], "to": span["from"]}  # the page shows one
    board = client.get(f"/api/v1/contracts/{world.key}/board", month).json()
    text = alice.get(f"/contracts/{world.key}/dashboard", month).content.decode()
    assert json.dumps(board["opened"]) in re.findall(r'class="flow-count"[^>]*>(\d+)<', text)
