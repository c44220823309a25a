"""`yunheng report` as its user meets it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from tests.pages.world import World
from tests.reports.conftest import PERIOD

from yunheng.reports.models import Report
from yunheng.site.cli import main, report


@pytest.fixture(autouse=True)
def in_this_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command uses the test's database, and speaks English."""
    monkeypatch.setenv("YUNHENG_LANGUAGE", "en")
    monkeypatch.setattr(report, "open_database", lambda: translation.override("en"))


def monthly(world: World, out: Path, *more: str, period: str = PERIOD, contract: str = "") -> int:
    key = contract or world.key
    return main(["report", "monthly", "--contract", key, "--period", period, "--out", str(out), *more])


def test_files_with_their_hashes_and_the_same_bytes_again(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the real renderer: Word, PDF and Excel, twice."""
    assert monthly(world, tmp_path / "one", "--lang", "en", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    names = [Path(file["path"]).name for file in told["files"]]
    assert names == [f"with-supplier-2026-04-monthly.en.{form}" for form in ("docx", "pdf", "xlsx")]
    for file in told["files"]:
        data = Path(file["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"] and len(data) == file["size"] > 1000
    assert told["is_preview"] and told["position"] > 0
    assert not Report.objects.exists()

    assert monthly(world, tmp_path / "two", "--lang", "en", "--as-of", str(told["position"])) == 0
    printed = capsys.readouterr().out
    assert f"log position {told['position']}" in printed
    for file in told["files"]:
        assert file["sha256"] in printed


def test_ledger_and_fault(world: World, tmp_path: Path, rendered: list[Any]) -> None:
    assert (
        main(["report", "ledger", "--contract", world.key, "--period", PERIOD, "--out", str(tmp_path)]) == 0
    )
    number = world.tickets["closed"]
    assert main(["report", "fault", "--ticket", number, "--out", str(tmp_path), "--format", "pdf"]) == 0
    assert (tmp_path / f"{number}-fault.zh-Hans.pdf").exists()
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"contract": "nowhere"}, "no contract “nowhere”"),
        ({"period": "2199-12"}, "has not begun yet"),
        ({"period": "2026-4"}, "is not a month"),
        ({"period": "2019-01"}, "was not in force"),
    ],
)
def test_what_cannot_be_made_is_said(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: dict[str, str], told: str
) -> None:
    assert monthly(world, tmp_path / "out", **asked) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_misuse(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--format", "odt"], ["--lang", "fr"]):
        with pytest.raises(SystemExit) as ended:
            monthly(world, tmp_path, *wrong)
        assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
    file = tmp_path / "file"
    file.write_text("")
    assert monthly(world, file) == 1
    assert "no folder" in capsys.readouterr().err
    assert main(["report", "fault", "--ticket", "NONE", "--out", str(tmp_path)]) == 1
    assert monthly(world, tmp_path, "--as-of", "2") == 1
    assert "signed head" in capsys.readouterr().err
