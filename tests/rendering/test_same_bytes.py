"""The same content gives the same bytes: in another process, with other hashes, at another time."""

import hashlib
import io
import zipfile

import pytest
from tests.rendering import sample

from yunheng.reports.rendering import limited, render, standard_template


def _digests(monkeypatch: pytest.MonkeyPatch, seed: str) -> dict[str, str]:
    monkeypatch.setattr(
        limited, "_ENVIRONMENT", {**limited._ENVIRONMENT, "PYTHONHASHSEED": seed, "TZ": f"Etc/GMT-{seed}"}
    )
    made = render(sample.monthly(misses=5), ["docx", "pdf", "xlsx"], rows=sample.rows(40))
    return {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}


def test_month_is_the_same_in_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _digests(monkeypatch, "1") == _digests(monkeypatch, "2")


def test_another_content_gives_other_bytes() -> None:
    content = sample.fault("en")
    first = render(content, ["docx", "pdf", "xlsx"])
    content["ticket"]["title"] += "!"
    second = render(content, ["docx", "pdf", "xlsx"])
    assert all(first[name] != second[name] for name in first)


def test_nothing_in_the_documents_tells_when_they_were_made(rendered: object) -> None:
    made = rendered("monthly", "en")  # type: ignore[operator]
    assert b"CreationDate" not in made["pdf"]
    for name in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(made[name])) as parcel:
            assert {entry.date_time for entry in parcel.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert "2026-11" not in parcel.read("docProps/core.xml").decode()


def test_standard_template_is_the_same_each_time() -> None:
    first = standard_template("en")
    standard_template.cache_clear()
    assert standard_template("en") == first
