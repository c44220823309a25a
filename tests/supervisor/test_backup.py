"""Backup and restore: figures and log heads are the same afterwards, the log goes on, and bad files are refused."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.supervisor.running import PATIENCE_SECONDS, command, environment, new_data_folder

# Opens tickets, seals, and prints what must be the same after a restore. Runs in a process of its own.
WORK = """
import json, sys
from yunheng.site.cli.database import open_database
with open_database():
    from tests.desk.ground import MORNING, make_ground, opened
    from yunheng.foundation.log_check import check_log
    from yunheng.foundation.models import Entry, Scope, TreeHead
    from yunheng.foundation.sealing import seal
    from yunheng.desk.models import Ticket
    from yunheng.sla.models import LiveClock
    if sys.argv[1] == "begin":
        ground = make_ground()
        for _ in range(3):
            opened(ground)
    elif sys.argv[1] == "go on":
        from yunheng.desk.actions import open_ticket
        from yunheng.foundation.access import SYSTEM_VIEWER
        open_ticket(
            viewer=SYSTEM_VIEWER, scope_id=Scope.objects.get().pk, kind="incident", title="more", service="mail",
            impact="high", urgency="high", channel="phone", at=MORNING, recorded_at=MORNING,
        )
    seal()
    scope = Scope.objects.get()
    check = check_log(scope)
    heads = [[h.size, bytes(h.root).hex()] for h in TreeHead.objects.order_by("size")]
    print(json.dumps({
        "tickets": list(Ticket.objects.order_by("number").values_list("number", "state")),
        "clocks": list(LiveClock.objects.order_by("subject_id", "kind").values_list("kind", "next_check_at")),
        "entries": Entry.objects.count(),
        "heads": heads,
        "problems": [str(p) for p in check.problems],
    }, default=str))
"""


def _work(data: Path, step: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", WORK, step],
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def source() -> Iterator[tuple[Path, Path, dict[str, object]]]:
    """A data folder with sealed work, its backup, and what it held then."""
    data = new_data_folder()
    held = _work(data, "begin")
    (data / "keys" / "deep").mkdir(parents=True, exist_ok=True)
    (data / "keys" / "deep" / "照片.txt").write_text("现场")
    backup = data / "backup.zip"
    done = command(data, "backup", str(backup))
    assert done.returncode == 0, done.stderr
    assert "log acme" in done.stdout
    yield data, backup, held
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def empty() -> Iterator[Path]:
    """A new data folder."""
    data = new_data_folder()
    yield data
    shutil.rmtree(data, ignore_errors=True)


def test_a_restored_system_is_the_same_and_its_log_goes_on(
    source: tuple[Path, Path, dict[str, object]], empty: Path
) -> None:
    _data, backup, held = source
    assert held["problems"] == []
    assert backup.stat().st_mode & 0o777 == 0o600
    done = command(empty, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    head = held["heads"][-1][1]  # type: ignore[index]
    assert f"head {head}" in done.stdout
    assert (empty / "keys" / "deep" / "照片.txt").read_text() == "现场"
    after = _work(empty, "look")
    assert {k: after[k] for k in ("tickets", "clocks", "entries", "heads", "problems")} == held
    more = _work(empty, "go on")
    assert more["problems"] == []
    assert more["entries"] > held["entries"]  # type: ignore[operator]
    assert len(more["heads"]) == len(held["heads"]) + 1  # type: ignore[arg-type]

    refused = command(empty, "restore", str(backup))
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert _work(empty, "look")["entries"] == more["entries"]

    assert command(empty, "restore", "--replace", str(backup)).returncode == 0
    assert _work(empty, "look") == held


def test_an_existing_file_is_not_overwritten(source: tuple[Path, Path, dict[str, object]]) -> None:
    data, backup, _held = source
    done = command(data, "backup", str(backup))
    assert done.returncode == 1
    assert "--force" in done.stderr


def _truncated(backup: Path, bad: Path) -> None:
    bad.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])


def _no_backup(_backup: Path, bad: Path) -> None:
    bad.write_text("something else\n")


def _other_zip(_backup: Path, bad: Path) -> None:
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("a.txt", "a")


def _rewritten(backup: Path, bad: Path, **changes: object) -> None:
    """The same zip with another manifest."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), **changes}).encode()
            new.writestr(name, content)


def _later_version(backup: Path, bad: Path) -> None:
    _rewritten(backup, bad, version="9.0", migrations=["foundation.9999_from_the_future"])


def _later_format(backup: Path, bad: Path) -> None:
    _rewritten(backup, bad, format=2)


def _changed_dump(backup: Path, bad: Path) -> None:
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:-1] + b"!" if name == "database.dump" else content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_truncated, "cut off"),
        (_no_backup, "not a backup"),
        (_other_zip, "not a backup"),
        (_later_version, "9999_from_the_future"),
        (_later_format, "format 2"),
        (_changed_dump, "SHA-256"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_lost(
    source: tuple[Path, Path, dict[str, object]], tmp_path: Path, spoil: object, said: str
) -> None:
    data, backup, held = source
    bad = tmp_path / "bad.zip"
    spoil(backup, bad)  # type: ignore[operator]
    done = command(data, "restore", "--replace", str(bad))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if spoil is _changed_dump:  # the one that gets furthest
        assert _work(data, "look") == held
