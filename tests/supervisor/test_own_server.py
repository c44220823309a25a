"""`YUNHENG_DATABASE_URL`: the user's own server is used, migrated by its owner, and nothing is embedded."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.conftest import drop
from tests.supervisor.running import command, new_data_folder

NAME = "own_server"


@pytest.fixture
def data() -> Iterator[Path]:
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(cluster: Any) -> Iterator[dict[str, str]]:
    """An empty database as an administrator would make it: template0, so nothing of ours is in it."""
    with cluster.connect("owner") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(NAME)))
    urls = [
        cluster.embedded.cluster.url("yunheng_app", NAME),
        cluster.embedded.cluster.url("yunheng_owner", NAME),
    ]
    yield dict(zip(("YUNHENG_DATABASE_URL", "YUNHENG_DATABASE_OWNER_URL"), urls, strict=True))
    drop(cluster, NAME)


def test_it_is_migrated_as_owner_and_used_as_application(data: Path, server: dict[str, str]) -> None:
    done = command(data, "organisation", "create", "ops", "--name", "Ops", "--kind", "provider", **server)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(server["YUNHENG_DATABASE_URL"]) as app:
        assert app.execute("SELECT key FROM organisation").fetchall() == [("ops",)]
        owners = app.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        assert owners == [("yunheng_owner",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM entry")
    assert not (data / "postgres").exists()


def test_pending_changes_are_not_applied_behind_the_owners_back(data: Path, server: dict[str, str]) -> None:
    assert command(data, "migrate", **server).returncode == 0
    with psycopg.connect(server["YUNHENG_DATABASE_OWNER_URL"]) as owner:
        owner.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    done = command(data, "organisation", "list", **server)
    assert done.returncode == 1
    assert "yunheng migrate" in done.stderr


def test_a_server_that_is_not_there_is_told(data: Path) -> None:
    done = command(data, "organisation", "list", YUNHENG_DATABASE_URL="postgresql://a:b@127.0.0.1:1/c")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
