"""The pages of the comparison: who is led there, what stands on them, what is refused; the API says the same."""

import pytest
from django.test import Client
from tests.pages.world import World, token

from yunheng.appraisal.comparison import keeping


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    keeping.forget()


def signed_in(world: World, login: str) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(world.people[login])
    return client


@pytest.mark.parametrize(
    ("login", "is_led_there", "status"),
    [
        ("alice", True, 200),  # the provider: one contract, with a supplier
        ("sue", True, 200),  # the supplier: its own work
        ("bob", False, 200),  # the client of one contract: nothing beside it
        ("dan", False, 404),  # asks for help, sees no figures
    ],
)
def test_who_is_led_to_the_comparison(world: World, login: str, is_led_there: bool, status: int) -> None:
    client = signed_in(world, login)
    assert (b'href="/comparison"' in client.get("/me").content) is is_led_there
    assert client.get("/comparison").status_code == status


def test_the_client_reads_nothing_of_suppliers(world: World) -> None:
    shown = signed_in(world, "bob").get("/comparison?kind=year").content.decode()
    assert "compared-contracts" in shown and "compared-suppliers" not in shown
    assert "part=suppliers" not in shown
    file = signed_in(world, "bob").get("/comparison/export?format=csv&part=suppliers")
    assert file.status_code == 200 and "原厂" not in file.content.decode("utf-8-sig")


def test_a_supplier_reads_of_itself_alone(world: World) -> None:
    shown = signed_in(world, "sue").get("/comparison").content.decode()
    assert "compared-suppliers" in shown and "compared-contracts" not in shown
    assert world.other.scope.key not in shown


@pytest.mark.parametrize(
    "path",
    [
        "/comparison?period=2026-13",
        "/comparison?period=2199-01",
        "/comparison?kind=decade",
        "/comparison?order=luck",
        "/comparison/export?format=exe",
        "/comparison/export?format=csv&part=secrets",
    ],
)
def test_nonsense_is_refused_with_a_sentence(world: World, path: str) -> None:
    assert signed_in(world, "alice").get(path).status_code == 422


@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("format=csv&period=2026-01", "text/csv; charset=utf-8", "comparison-2026-01-contracts.csv"),
        (
            "format=csv&part=suppliers&period=2026-Q1",
            "text/csv; charset=utf-8",
            "comparison-2026-Q1-suppliers.csv",
        ),
        ("format=xlsx&period=2026-01", "application/vnd", "comparison-2026-01.xlsx"),
    ],
)
def test_exports_are_files(world: World, query: str, kind: str, name: str) -> None:
    answer = signed_in(world, "alice").get(f"/comparison/export?{query}")
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_the_api_says_the_same_to_each(world: World) -> None:
    def ask(login: str) -> tuple[int, dict[str, object]]:
        client = Client(headers={"Authorization": f"Bearer {token(world, login)}"})
        answer = client.get("/api/v1/comparison?period=2026-01")
        return answer.status_code, answer.json()

    status, found = ask("alice")
    assert status == 200
    assert [one["contract"] for one in found["contracts"]] == [world.key]  # type: ignore[attr-defined]
    assert ask("sue")[1]["is_own"] is True and ask("sue")[1]["contracts"] == []
    assert ask("bob")[1]["suppliers"] == []
    assert ask("dan")[0] == 404
