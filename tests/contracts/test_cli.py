"""`yunheng contract`: exit statuses, the form of errors, JSON, and the way from a file to a stored version."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from tests.contracts.documents import SMALL, changed

from yunheng.contracts.packs import contract_pack
from yunheng.contracts.schema import json_schema
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.site.cli import main


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("YUNHENG_LANGUAGE", "en")
    with translation.override("en"):
        yield


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a database fails."""

    def refuse() -> None:
        raise AssertionError("a database was opened")

    monkeypatch.setattr("yunheng.site.cli.contract.open_database", refuse)


@pytest.fixture
def database(committed_db: Any, cluster_folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNHENG_DATA", str(cluster_folder.path))
    monkeypatch.setenv("YUNHENG_DATABASE_URL", committed_db.app_url)
    monkeypatch.setenv("YUNHENG_DATABASE_OWNER_URL", committed_db.owner_url)


def write(folder: Path, document: str, name: str = "acme.yaml") -> str:
    path = folder / name
    path.write_text(document, encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("no_database")
def test_check_says_where_and_what_would_be_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, changed(("resolve: 8 h", "resolve: 1 day")))
    assert main(["contract", "check", file]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:34:33 targets.all.P2.resolve: “1 day” is ambiguous; write 24 h (open time) or 1 working day(s)",
        f"{file}: errors: 1, warnings: 0",
    ]


@pytest.mark.usefixtures("no_database")
def test_check_of_a_right_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, SMALL)
    assert main(["contract", "check", file]) == 0
    assert capsys.readouterr().out == f"{file}: valid\n"


@pytest.mark.usefixtures("no_database")
def test_check_is_strict_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, changed(("resolve: 4 h", "resolve: 9 h")))
    assert main(["contract", "check", file]) == 0
    assert main(["contract", "check", "--strict", file]) == 1
    assert "warning: " in capsys.readouterr().out


@pytest.mark.usefixtures("no_database")
def test_check_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, changed(("zone: Asia/Shanghai", "zone: Asia/Shanghia")))
    assert main(["contract", "check", "--json", file]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["is_valid"] is False
    (problem,) = report["problems"]
    assert (problem["code"], problem["line"], problem["column"], problem["path"]) == (
        "no_such_zone",
        9,
        7,
        "zone",
    )


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("file", ["/nowhere/acme.yaml", "pack:nothing"])
def test_what_cannot_be_read_is_another_status(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "check", file]) == 2
    assert file.removeprefix("pack:") in capsys.readouterr().err


@pytest.mark.usefixtures("no_database")
def test_diff_of_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path, SMALL, "old.yaml")
    new = write(tmp_path, changed(("respond: 30 min", "respond: 15 min")), "new.yaml")
    assert main(["contract", "diff", old, new]) == 1
    assert capsys.readouterr().out == "P1 respond: 30 min → 15 min\n"
    assert main(["contract", "diff", old, old]) == 0
    bad = write(tmp_path, "key: x\n", "bad.yaml")
    assert main(["contract", "diff", old, bad]) == 2


@pytest.mark.usefixtures("no_database")
def test_faulty_file_is_not_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "apply", write(tmp_path, "key: acme\n")]) == 1
    assert "not applied" in capsys.readouterr().err


@pytest.mark.usefixtures("no_database")
def test_schema_and_packs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
    assert main(["contract", "packs"]) == 0
    printed = capsys.readouterr().out
    assert "pack:standard" in printed
    assert "scoring schemes" in printed and "Steps with limits, vetoes, coefficients" in printed
    assert main(["contract", "packs", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told if one["kind"] == "scheme"] == list("abcdefg")


@pytest.mark.usefixtures("no_database")
def test_check_speaks_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sentence goes through translation: a catalogue that marks what it is asked for sees them all."""
    asked: list[str] = []
    monkeypatch.setattr("yunheng.site.cli.contract._", lambda message: asked.append(message) or message)
    main(["contract", "check", write(tmp_path, changed(("resolve: 8 h", "resolve: 1 day")))])
    assert "%(given)s is ambiguous" in asked
    assert "write %(hours)d h (open time) or %(days)d working day(s)" in asked


@pytest.mark.usefixtures("database")
def test_from_file_to_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "list"]) == 0
    assert "pack:standard" in capsys.readouterr().out
    assert main(["contract", "apply", write(tmp_path, SMALL)]) == 0
    assert "version 1 applied, in force from 2026-01-01 to before 2027-01-01" in capsys.readouterr().out
    second = write(
        tmp_path,
        changed(("zone: Asia", "effective: 2026-12-20\nzone: Asia"), ("respond: 30 min", "respond: 15 min")),
    )
    assert main(["contract", "diff", second]) == 1
    assert capsys.readouterr().out == "P1 respond: 30 min → 15 min\n"
    assert main(["contract", "apply", second, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    assert main(["contract", "apply", second]) == 1
    assert "Nothing changes" in capsys.readouterr().err
    assert main(["contract", "diff", "acme@1", "acme@2"]) == 1
    assert capsys.readouterr().out == "P1 respond: 30 min → 15 min\n"
    assert main(["contract", "show", "acme@1"]) == 0
    assert capsys.readouterr().out == SMALL
    assert main(["contract", "show", "acme@2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["terms"]["key"] == "acme"
    assert main(["contract", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["key"], row["versions"]) == ("acme", 2)
    assert main(["contract", "calendars", "acme", "--json"]) == 0
    assert {calendar["key"] for calendar in json.loads(capsys.readouterr().out)} == {"office", "always"}
    for command in (
        ["show", "nowhere"],
        ["show", "acme@9"],
        ["diff", "acme@1", "nowhere"],
        ["calendars", "A b"],
    ):
        assert main(["contract", *command]) == 2
        assert capsys.readouterr().err


@pytest.mark.usefixtures("database")
def test_two_who_apply_at_once_get_one_after_the_other() -> None:
    """The second waits for the first and then sees its version: numbers are unique, nothing is lost."""
    from concurrent.futures import ThreadPoolExecutor
    from datetime import UTC, datetime

    from django.db import connection

    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.models import ContractVersion
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.foundation.refusals import Refusal

    now = datetime(2025, 6, 1, tzinfo=UTC)

    def apply(document: str) -> str:
        try:
            apply_contract(viewer=SYSTEM_VIEWER, at=now, data=document.encode())
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "applied"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(apply, [SMALL] * 4))
    assert sorted(results) == ["applied", "nothing_changes", "nothing_changes", "nothing_changes"]
    documents = [
        changed(("zone: Asia", f"effective: 2026-0{month}-01\nzone: Asia"), ("30 min", f"{month} min"))
        for month in (2, 3, 4, 5)
    ]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(apply, documents)) == ["applied"] * 4
    assert sorted(ContractVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


WITH_SUPPLIER = contract_pack("with-supplier").decode()
BY_DAY = changed(("uc_restore: 4 h", "uc_restore: {within: 4 h, calendar: extended}"), document=WITH_SUPPLIER)


@pytest.mark.usefixtures("no_database")
def test_back_to_back_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, BY_DAY)
    assert main(["contract", "backtoback", file]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "[cannot be kept] P1 Production stopped · Production-line control · Restore 6 h"
    )
    assert "    Up to 12 h late (Production shifts with nights), although everybody keeps theirs." in lines
    (monday,) = (line for line in lines if line.startswith("    Mon "))
    assert monday.split()[1:] == [*"654321", *"········", *["12"] * 5, "11", "10", "9", "8", "7"]
    assert lines[-1] == "1 of 8 chains of promises cannot be kept although everybody keeps theirs."
    assert main(["contract", "backtoback", "pack:with-supplier"]) == 0
    assert "[nothing promised] P3 Ordinary · " in capsys.readouterr().out
    assert main(["contract", "backtoback", "pack:standard"]) == 0
    assert capsys.readouterr().out.startswith("No supplier and no internal goal")


@pytest.mark.usefixtures("no_database")
def test_back_to_back_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "backtoback", "--json", write(tmp_path, BY_DAY)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["can_be_kept"] is False
    (check,) = (item for item in report["checks"] if item["verdict"] == "not_covered")
    assert (check["excess_seconds"], check["services"]) == (12 * 3600, ["line-control"])


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize(("name", "status"), [("/nowhere/acme.yaml", 2), ("pack:nothing", 2), ("ACME@x", 2)])
def test_back_to_back_of_what_is_not_there_is_one_sentence(
    name: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["contract", "backtoback", name]) == status
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1


@pytest.mark.usefixtures("no_database")
def test_back_to_back_of_a_faulty_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "backtoback", write(tmp_path, "key: acme\n")]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("has errors and cannot be checked back to back")


@pytest.mark.usefixtures("database")
def test_back_to_back_of_a_stored_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "apply", write(tmp_path, BY_DAY)]) == 0
    capsys.readouterr()
    assert main(["contract", "backtoback", "with-supplier@1", "--json"]) == 1
    stored = json.loads(capsys.readouterr().out)
    assert main(["contract", "backtoback", "--json", write(tmp_path, BY_DAY)]) == 1
    drafted = json.loads(capsys.readouterr().out)
    assert stored["checks"] == drafted["checks"]  # a stored version's calendars say the same as a draft's
    assert main(["contract", "backtoback", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


@pytest.mark.usefixtures("no_database")
def test_back_to_back_of_a_draft_begins_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = changed(("zone: Asia/Shanghai", "effective: 2026-11-01\nzone: Asia/Shanghai"), document=BY_DAY)
    assert main(["contract", "backtoback", "--json", write(tmp_path, draft)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["valid_from"], report["valid_to"]) == ("2026-11-01", "2029-01-01")
    assert {check["days"] for check in report["checks"]} == {792, None}
