"""The page and the API of checks back to back: for the provider; the client is told of neither."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.contracts.documents import changed
from tests.pages.world import World, in_force

from yunheng.accounts.actions import grant_membership
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.packs import newest_processes
from yunheng.foundation.access import SYSTEM_VIEWER

NOW = datetime.now(UTC)
PACK = in_force(NOW).decode()


def client(world: World, login: str) -> Client:
    made = Client()
    made.force_login(world.people[login])
    return made


def broken(world: World) -> None:
    """A version in which the supplier works by day only, for a production line that runs at night."""
    text = changed(
        ("zone: Asia/Shanghai", f"effective: {(NOW + timedelta(days=5)).date()}\nzone: Asia/Shanghai"),
        ("uc_restore: 4 h", "uc_restore: {within: 4 h, calendar: extended}"),
        document=PACK,
    )
    apply_contract(
        viewer=SYSTEM_VIEWER, at=datetime.now(UTC), data=text.encode(), processes=newest_processes()
    )


def said_in(world: World, login: str, language: str) -> Client:
    person = world.people[login]
    type(person).objects.filter(pk=person.pk).update(language=language)
    person.refresh_from_db()
    return client(world, login)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "In the worst case nothing is left."), ("zh-hans", "P1 停产")]
)
def test_the_page_says_what_is_covered_and_what_is_missing(world: World, language: str, words: str) -> None:
    try:
        page = said_in(world, "alice", language).get(f"/contracts/{world.key}/back-to-back")
    finally:
        said_in(world, "alice", "zh-hans")
    text = page.content.decode()
    assert page.status_code == 200
    assert words in text
    assert 'class="heat"' not in text  # nothing is broken
    assert "state-risk" in text and "state-met" in text and "state-breached" not in text


def test_what_cannot_be_kept_is_shown_by_weekday_and_hour(world: World) -> None:
    broken(world)
    own = client(world, "alice")
    text = own.get(f"/contracts/{world.key}/back-to-back?version=2").content.decode()
    table = text[text.index('class="heat"') : text.index("</table>", text.index('class="heat"'))]
    assert table.count("<tr>") == 8 and table.count("<td") == 7 * 24
    assert table.count(">12</td>") == 5 * 5  # Monday to Friday, 14 to 18; on Saturday both close at 20:00
    assert "state-breached" in text
    assert 'class="heat"' not in own.get(f"/contracts/{world.key}/back-to-back?version=1").content.decode()
    told = own.get(f"/api/v1/contracts/{world.key}/back-to-back?version=2").json()
    assert (told["version"], told["can_be_kept"]) == (2, False)
    (check,) = (item for item in told["checks"] if item["verdict"] == "not_covered")
    assert check["excess_seconds"] == 12 * 3600
    assert check["hours"][0][16]["excess_seconds"] == 12 * 3600
    assert len(check["worst"]["steps"]) == 2


@pytest.mark.parametrize("login", ["bob", "charlie", "dan", "sue"])
def test_nobody_but_the_provider_sees_it(world: World, login: str) -> None:
    for path in (f"/contracts/{world.key}/back-to-back", f"/api/v1/contracts/{world.key}/back-to-back"):
        answer = client(world, login).get(path)
        assert answer.status_code == 404
        assert "uc_restore" not in answer.content.decode()
    contract = client(world, login).get(f"/contracts/{world.key}")
    assert "back-to-back" not in contract.content.decode()


def test_the_contracts_page_leads_there(world: World) -> None:
    assert (
        f"/contracts/{world.key}/back-to-back"
        in client(world, "alice").get(f"/contracts/{world.key}").content.decode()
    )


@pytest.mark.parametrize("number", ["99", "0", "x", "-1", "9" * 4000, "１"])
def test_a_version_that_is_not_there(world: World, number: str) -> None:
    own = client(world, "alice")
    assert own.get(f"/contracts/{world.key}/back-to-back?version={number}").status_code == 404
    assert own.get(f"/api/v1/contracts/{world.key}/back-to-back?version={number}").status_code in (404, 422)


def test_a_contract_without_suppliers_teaches(world: World) -> None:
    key = world.other.scope.key
    grant_membership(
        viewer=SYSTEM_VIEWER, person=world.people["alice"], role="service_manager", scope=world.other.scope
    )
    own = client(world, "alice")
    page, told = (own.get(f"{where}/contracts/{key}/back-to-back") for where in ("", "/api/v1"))
    assert page.status_code == told.status_code == 200
    assert told.json()["checks"] == [] and told.json()["can_be_kept"] is True
    assert 'class="empty"' in page.content.decode()
