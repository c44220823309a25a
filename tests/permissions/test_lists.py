"""What a list tells of clocks: the provider all, a client what it was promised, a supplier what it promised itself."""

import pytest
from django.test import Client
from tests.pages.world import World

from yunheng.accounts.roles import ROLES


def audiences(world: World, login: str) -> dict[str, set[str]]:
    """Kinds of the clocks of each ticket in the list, as the API gives them."""
    client = Client()
    client.force_login(world.people[login])
    page = client.get(f"/api/v1/contracts/{world.key}/tickets").json()
    return {item["number"]: {clock["kind"] for clock in item["clocks"]} for item in page["items"]}


@pytest.mark.parametrize(
    ("login", "seen", "hidden"),
    [
        ("alice", {"respond", "resolve", "ola_restore", "uc_arrive"}, set()),
        ("bob", {"respond", "restore", "resolve"}, {"ola_restore", "uc_arrive", "uc_restore"}),
        ("dan", {"respond", "restore", "resolve"}, {"ola_restore", "uc_arrive", "uc_restore"}),
        ("sue", {"uc_arrive", "uc_restore"}, {"respond", "restore", "resolve", "ola_restore"}),
    ],
)
def test_clocks_in_a_list_are_the_readers_business(
    world: World, login: str, seen: set[str], hidden: set[str]
) -> None:
    found = audiences(world, login)
    assert found
    for kinds in found.values():
        assert seen <= kinds
        assert not kinds & hidden


def test_the_list_and_the_ticket_tell_of_the_same_clocks(world: World) -> None:
    for login in ("alice", "bob", "dan", "sue"):
        client = Client()
        client.force_login(world.people[login])
        for number, kinds in audiences(world, login).items():
            clocks = client.get(f"/api/v1/tickets/{number}/clocks").json()["clocks"]
            assert {clock["kind"] for clock in clocks} == kinds, (login, number)


def test_a_supplier_reads_no_clock_of_the_client_on_the_page(world: World) -> None:
    client = Client()
    client.force_login(world.people["sue"])
    page = client.get(f"/contracts/{world.key}/tickets").content.decode()
    assert world.tickets["waiting"] in page
    assert "解决" not in page.split("<tbody>")[1].split("</tbody>")[0]


@pytest.mark.parametrize("permission", ["kpi.view", "log.view", "contract.view", "entry.internal"])
def test_whoever_sees_figures_sees_every_ticket(permission: str) -> None:
    """Figures, their items, heads and proofs count all tickets of a contract: no role with a part of them may look."""
    holders = [role for role in ROLES.values() if permission in role.permissions]
    assert holders
    assert {role.sees for role in holders} == {"all"}


def test_what_belongs_to_the_provider_is_no_clients_permission() -> None:
    for role in ROLES.values():
        if role.kind != "provider":
            assert not role.permissions & {"entry.internal", "entry.personal", "admin.people", "import.run"}
