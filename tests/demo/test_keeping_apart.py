"""The demonstration is kept apart: its folder, its address, its mark; and what is one's own is never touched."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from yunheng.foundation.supervisor.account import service_account
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.site.cli import demonstration
from yunheng.site.cli.demonstration import (
    MODE,
    Stage,
    choose_folder,
    has_own_system,
    is_marked_folder,
    require_this_machine,
    write_state,
)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder that is named and does not exist yet; nothing of the environment speaks."""
    for name in (MODE, "YUNHENG_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "data"
    monkeypatch.setenv("YUNHENG_DATA", str(path))
    monkeypatch.setattr(
        demonstration,
        "find_data_folder",
        lambda: DataFolder(Path(os.environ["YUNHENG_DATA"]), service_account(tmp_path), path),
    )
    return path


def folder_at(path: Path) -> DataFolder:
    path.mkdir(parents=True, exist_ok=True)
    return DataFolder(path, service_account(path), path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_listens_on_this_machine(host: str) -> None:
    require_this_machine(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.com"])
def test_it_listens_nowhere_else(host: str) -> None:
    with pytest.raises(SupervisorError, match=r"127\.0\.0\.1"):
        require_this_machine(host)


def test_it_takes_a_folder_beside_ones_own(clean: Path) -> None:
    choose_folder()
    assert os.environ["YUNHENG_DATA"] == f"{clean}-demo"
    assert os.environ[MODE] == "1"
    choose_folder()  # again, as the service's user: chosen already
    assert os.environ["YUNHENG_DATA"] == f"{clean}-demo"
    os.environ.pop(MODE)


def test_a_folder_that_is_marked_is_taken_as_it_is(clean: Path) -> None:
    write_state(folder_at(clean), "ready")
    choose_folder()
    assert os.environ["YUNHENG_DATA"] == str(clean)
    os.environ.pop(MODE)


def test_a_server_of_ones_own_is_refused(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNHENG_DATABASE_URL", "postgresql://me@db/mine")
    with pytest.raises(SupervisorError, match="YUNHENG_DATABASE_URL"):
        choose_folder()
    assert has_own_system()


def test_make_run_prefers_a_system_of_ones_own(clean: Path) -> None:
    assert not has_own_system()
    (clean / "postgres").mkdir(parents=True)
    assert has_own_system()
    write_state(folder_at(clean), "ready")
    assert not has_own_system()


def test_a_new_folder_is_marked_before_there_is_a_database(clean: Path) -> None:
    folder = folder_at(clean)
    assert not is_marked_folder(clean)
    Stage(is_fresh=False).before_database(folder)
    assert is_marked_folder(clean)
    assert json.loads((clean / "demonstration.json").read_text())["state"] == "preparing"


@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_folder_with_a_database_of_ones_own_is_left_as_it_is(clean: Path, is_fresh: bool) -> None:
    folder = folder_at(clean)
    (folder.cluster / "base").mkdir(parents=True)
    with pytest.raises(SupervisorError, match="left as it is"):
        Stage(is_fresh=is_fresh).before_database(folder)
    assert (folder.cluster / "base").is_dir()
    assert not is_marked_folder(clean)


@pytest.mark.parametrize(
    ("state", "is_fresh", "is_emptied"),
    [("ready", False, False), ("ready", True, True), ("preparing", False, True), ("preparing", True, True)],
)
def test_what_was_not_finished_begins_anew_and_fresh_renews(
    clean: Path, monkeypatch: pytest.MonkeyPatch, state: str, is_fresh: bool, is_emptied: bool
) -> None:
    folder = folder_at(clean)
    folder.cluster.mkdir()
    write_state(folder, state)
    emptied: list[bool] = []

    def empty(given: DataFolder, *, is_unfinished: bool) -> None:
        emptied.append(is_unfinished)
        given.cluster.rmdir()

    monkeypatch.setattr(demonstration, "_empty", empty)
    Stage(is_fresh=is_fresh).before_database(folder)
    assert bool(emptied) is is_emptied
    expected = "preparing" if is_emptied else "ready"
    assert json.loads((clean / "demonstration.json").read_text())["state"] == expected


def test_a_mark_that_was_torn_counts_as_unfinished(clean: Path) -> None:
    folder = folder_at(clean)
    (clean / "demonstration.json").write_text("{", encoding="utf-8")
    assert is_marked_folder(clean)
    Stage(is_fresh=False).before_database(folder)
    assert json.loads((clean / "demonstration.json").read_text())["state"] == "preparing"


class _Answers:
    """A connection that answers the two questions about a database."""

    def __init__(self, *, is_marked: bool, has_people: bool) -> None:
        self._answers = {"demonstration": is_marked, "person": has_people}

    def __enter__(self) -> "_Answers":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def execute(self, statement: str) -> Any:
        table = "demonstration" if "demonstration" in statement else "person"
        answer = True if "to_regclass" in statement else self._answers[table]
        return SimpleNamespace(fetchone=lambda: (answer,))


@pytest.mark.parametrize(("is_marked", "has_people"), [(True, True), (True, False), (False, False)])
def test_a_database_that_is_marked_or_empty_is_good(
    clean: Path, monkeypatch: pytest.MonkeyPatch, is_marked: bool, has_people: bool
) -> None:
    answers = _Answers(is_marked=is_marked, has_people=has_people)
    monkeypatch.setattr(demonstration.psycopg, "connect", lambda _url: answers)
    database: Any = SimpleNamespace(app_url="", folder=folder_at(clean))
    Stage(is_fresh=False).check_database(database)


def test_a_database_with_other_people_in_a_marked_folder_is_refused(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after restoring one's own backup there."""
    answers = _Answers(is_marked=False, has_people=True)
    monkeypatch.setattr(demonstration.psycopg, "connect", lambda _url: answers)
    database: Any = SimpleNamespace(app_url="", folder=folder_at(clean))
    with pytest.raises(SupervisorError, match="not of the demonstration"):
        Stage(is_fresh=False).check_database(database)


def test_a_marked_database_is_served_on_this_machine_only_whatever_command_serves_it(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Any = SimpleNamespace(app_url="")
    monkeypatch.setattr(
        demonstration.psycopg, "connect", lambda _url: _Answers(is_marked=True, has_people=True)
    )
    with pytest.raises(SupervisorError, match=r"127\.0\.0\.1"):
        demonstration.honour_mark(database, "0.0.0.0")
    assert demonstration.honour_mark(database, "127.0.0.1")
    assert os.environ.pop(MODE) == "1"
    monkeypatch.setattr(
        demonstration.psycopg, "connect", lambda _url: _Answers(is_marked=False, has_people=True)
    )
    assert not demonstration.honour_mark(database, "0.0.0.0")
    assert MODE not in os.environ
