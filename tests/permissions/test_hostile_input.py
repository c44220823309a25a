"""Input that nobody types: sizes without end, years without neighbours. Each is refused at once and by name."""

import io
import os
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import global_settings
from django.db import connection, transaction
from django.http import HttpResponse
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


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/contracts/{key}/tickets?text=a", "text/html"),
        ("/api/v1/contracts/{key}/tickets?text=a", "application/problem+json"),
    ],
)
def test_what_takes_too_long_is_given_up_and_said(world: World, bob: Client, path: str, kind: str) -> None:
    slow = "yunheng.desk.{}.list_tickets".format("api.lists" if path.startswith("/api") else "views.lists")

    def sleep(*_args: object, **_named: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'")
            cursor.execute("SELECT pg_sleep(5)")

    with transaction.atomic():
        mark = transaction.savepoint()
        with mock.patch(slow, sleep):
            response = bob.get(path.format(key=world.key))
        transaction.savepoint_rollback(mark)
    assert response.status_code == 503
    assert response["Content-Type"].startswith(kind)
    assert "Traceback" not in response.content.decode()


def test_what_a_stranger_uploads_is_not_kept(world: World, tmp_path: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    large = io.BytesIO(b"x" * (3 << 20))  # beyond what is kept in memory
    large.name = "large.bin"
    seen: list[list[str]] = []
    with mock.patch(
        "yunheng.site.sign_in.render",
        side_effect=lambda *args, **named: seen.append(os.listdir(tmp_path)) or HttpResponse(),
    ):
        refused = Client().post("/sign-in", {"login": "", "password": "", "file": large})
        assert (refused.status_code, os.listdir(tmp_path)) == (400, [])
        settings.FILE_UPLOAD_HANDLERS = (
            global_settings.FILE_UPLOAD_HANDLERS
        )  # what it would be like otherwise
        large.seek(0)
        Client().post("/sign-in", {"login": "", "password": "", "file": large})
    assert [len(files) for files in seen] == [1]


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
