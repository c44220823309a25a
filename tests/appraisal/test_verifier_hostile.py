"""What somebody could hand to an auditor: archives, names and numbers that attack the program or whoever reads it."""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from yunheng.verify import entries, verify
from yunheng.verify.recompute import days_of, misreferred
from yunheng.verify.verify import EvidenceError, Report, exact, heads_in, members_of

HEAD = {name: name for name in (*verify.SIGNED, "key", "signature")}


def test_a_name_can_neither_end_a_line_nor_steer_a_terminal() -> None:
    report = Report()
    report.fails("a.json", "signed_other", "Li\x1b[2J\r\nEverything that can be checked holds.\u202e\u2066")
    report.add(" ", "", "enrolled", "王建国", "acme")
    (failed, name, verdict) = report.lines("en")
    assert "\\x1b[2J\\r\\n" in failed
    assert "\\u202e\\u2066" in failed
    assert "王建国" in name
    assert verdict.startswith("NOT verified")


@pytest.mark.parametrize(
    "text", ["1e9", "1E+999999999", "1_000", "٣", "0x1", " 1", "1.", ".5", "", "nan", "9" * 1000, "1/2/3"]
)
def test_a_number_is_written_out(text: str) -> None:
    with pytest.raises(EvidenceError):
        exact(text)


def test_numbers_as_statements_write_them() -> None:
    assert [str(exact(it)) for it in ("89.5", "-7/3", 12, "0")] == ["179/2", "-7/3", "12", "0"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_are_packed_as_no_pack_packs_them(tmp_path: Path, method: int) -> None:
    """These unpack a million times as much as they take, and say anything of it."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as pack:
        pack.writestr("a.json", b"1")
    with pytest.raises(EvidenceError):
        members_of(path)


def test_members_that_lie_over_one_another(tmp_path: Path) -> None:
    """Each entry of the directory says that it is as large as the whole file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in ("a.json", "b.json"):
            pack.writestr(name, b"0" * 60_000)
    data = bytearray(out.getvalue())
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 20, len(data))
        at = data.find(b"PK\x01\x02", at + 1)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(EvidenceError):
        members_of(path)


def test_a_head_in_a_mail_whose_text_holds_braces(tmp_path: Path) -> None:
    mail = tmp_path / "mail.txt"
    block = json.dumps({"heads": [HEAD]}, indent=1)
    mail.write_text(f"the log of “{{A}} {{ }}”\n\n{block}\n\nnot {{this}}\n", encoding="utf-8")
    assert heads_in(mail) == [HEAD]
    mail.write_text(json.dumps(HEAD), encoding="utf-8")
    assert heads_in(mail) == [HEAD]


def test_evidence_of_a_ticket_that_nobody_can_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evidence.json"
    for text in ("", "[]", "{}", '{"head": {"key": "\\u001b[2J"}}', "[" * 100_000):
        path.write_text(text, encoding="utf-8")
        assert entries.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert said.count("NOT verified") == 5
    assert "\x1b" not in said


def entry(index: int, number: int | None, *facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"index": index, "id": number, "facts": facts, "gone": (), "old": None, **more}


def fact(kind: str, at: int = 0, **more: Any) -> dict[str, Any]:
    return {"fact": kind, "at": at, **more}


def test_references_by_numbers_that_nobody_sealed() -> None:
    began, ended = entry(3, 40, fact("wait_began")), entry(5, None, fact("wait_ended", ref=40))
    assert not list(misreferred([began, ended]))
    assert list(misreferred([began | {"id": None}, ended])) == [("unknown_entry",)]
    assert list(misreferred([entry(3, 40, fact("opened")), ended])) == [("other_entry", 40, 5)]
    assert list(misreferred([ended, began | {"index": 7}])) == [("unknown_entry",)]  # of after
    assert list(misreferred([began, entry(4, 40, fact("responded")), ended])) == [
        ("unknown_entry",),
        ("other_entry", 40, 5),
    ]
    corrected = entry(6, None, gone=[321], old="1970-01-01T00:00:09Z")
    told = entry(4, 40, fact("assigned"), fact("resolved", 9))
    assert not list(misreferred([told, corrected]))
    assert list(misreferred([told, corrected | {"gone": [320]}])) == [("other_entry", 40, 6)]
    assert list(misreferred([told, corrected | {"gone": [327]}])) == [("other_entry", 40, 6)]


def test_days_of_periods() -> None:
    found = {name: [str(day) for day in days_of(name)] for name in ("2026-12", "2026-02", "2026-Q4", "2026")}
    assert found == {
        "2026-12": ["2026-12-01", "2027-01-01"],
        "2026-02": ["2026-02-01", "2026-03-01"],
        "2026-Q4": ["2026-10-01", "2027-01-01"],
        "2026": ["2026-01-01", "2027-01-01"],
    }
