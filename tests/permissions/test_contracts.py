"""What a client reads of a contract that withholds something: no digest over the whole, no name from the provider."""

import pytest
from django.test import Client
from tests.pages.world import World

from yunheng.contracts.models import ContractVersion


def reader(world: World, login: str) -> Client:
    client = Client()
    client.force_login(world.people[login])
    return client


def test_a_client_gets_the_digest_of_what_it_reads_only(world: World) -> None:
    version = ContractVersion.objects.filter(contract=world.contract).latest("number")
    whole = bytes(version.digest).hex()
    address = f"/api/v1/contracts/{world.key}/versions"
    assert whole in reader(world, "alice").get(address).content.decode()
    for path in (address, f"{address}/{version.number}"):
        told = reader(world, "bob").get(path)
        assert told.status_code == 200
        assert whole not in told.content.decode()
    one = reader(world, "bob").get(f"{address}/{version.number}").json()
    assert one["digest"] == one["terms_digest"]
    assert not one["is_whole"]


@pytest.mark.parametrize("place", ["", "/versions", "/versions/1"])
def test_names_of_the_providers_people_are_not_for_clients(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = property(
        lambda _version: "Somebody Inside", lambda _version, _name: None
    )  # versions do not change
    monkeypatch.setattr(ContractVersion, "applied_by", inside)
    for path in (f"/contracts/{world.key}{place}", f"/api/v1/contracts/{world.key}/versions"):
        for login, sees in (("bob", False), ("alice", True)):
            told = reader(world, login).get(path)
            assert told.status_code == 200
            assert ("Somebody Inside" in told.content.decode()) is sees
