"""Input that nobody types: sizes without end, years without neighbours. Each is refused at once and by name."""

import time

import pytest
from django.test import Client
from tests.pages.world import World

DIGITS = "9" * 4200


@pytest.fixture
def bob(world: World) -> Client:
    client = Client()
    client.force_login(world.people["bob"])
    return client


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("log/consistency?old=1&new=" + DIGITS, 422),
        ("log/consistency?old=1&new=" + "9" * 30, 422),
        ("log/consistency?old=9999&new=9999", 422),  # beyond the log, equal sizes prove nothing
        ("log/leaves/0/proof?size=" + DIGITS, 422),
        ("log/leaves/0/proof?size=" + "9" * 30, 422),
        ("indicators?from=9999-12", 422),
        ("indicators?from=9999-12-31", 422),
        ("indicators?from=0001-01", 422),
        ("indicators?to=0001-01-01", 422),
        ("indicators?from=1960-01&to=2026-01", 422),
        ("indicators?from=2016-01&to=2026-12", 422),  # longer than ten years
        ("indicators/mttr/items?after=" + "9" * 5000, 422),
        ("indicators/mttr/items?after=" + "9" * 18, 200),
        ("tickets?limit=501", 422),
        ("indicators/mttr/items?limit=501", 422),
    ],
)
def test_refused_at_once(world: World, bob: Client, path: str, status: int) -> None:
    from yunheng.foundation.sealing import seal

    seal()
    began = time.process_time()
    response = bob.get(f"/api/v1/contracts/{world.key}/{path}")
    assert response.status_code == status, response.content[:300]
    assert time.process_time() - began < 2


def test_an_indicator_is_computed_once_however_often_it_is_asked_for(world: World, bob: Client) -> None:
    many = "&".join(["indicator=mttr"] * 400)
    rows = bob.get(f"/api/v1/contracts/{world.key}/indicators?{many}").json()["rows"]
    assert [row["key"] for row in rows].count("mttr") == 1


def test_asking_for_many_cut_offs_does_not_fill_the_memory(world: World, bob: Client) -> None:
    """Each cut-off that is kept holds all tickets of the contract."""
    from yunheng.appraisal import study

    study._recent.clear()
    for day in range(1, 13):
        query = f"from=2026-10-01&to=2026-10-{day:02d}&indicator=backlog_age"
        assert bob.get(f"/api/v1/contracts/{world.key}/indicators?{query}").status_code == 200
    kept = list(study._recent.values())
    assert 1 <= len(kept) <= study._RECENT_STUDIES
    assert all(1 <= len(one._snapshots) <= study._RECENT_SNAPSHOTS for one in kept)
