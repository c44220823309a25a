"""Reports with their real files: what every other test of this folder leaves to a stand-in for the renderer."""

import pytest
from tests.pages.world import World
from tests.rendering.reading import cells, pdf_text, word_text
from tests.reports.conftest import draft

from yunheng.reports.actions import issue_report, write_fault
from yunheng.reports.models import ReportFile
from yunheng.reports.queries import file_of


@pytest.mark.parametrize("kind", ["ledger", "fault"])
def test_every_kind_is_issued_in_every_format(world: World, kind: str) -> None:
    alice = world.viewer("alice")
    asked = {"period": "", "ticket": world.tickets["closed"]} if kind == "fault" else {}
    report = draft(world, kind=kind, languages=["en"], **asked)
    if kind == "fault":
        report = write_fault(
            alice, report.number, report.row_version, "en", {"phenomenon": "Down.", "scope_impact": "All."}
        )
    report = issue_report(
        alice, report.number, report.row_version, "preliminary" if kind == "fault" else None
    )
    assert ReportFile.objects.filter(report=report, edition=report.edition).count() == 3
    found = {form: file_of(alice, report.number, "en", form)[2] for form in ("docx", "pdf", "xlsx")}
    for text in (word_text(found["docx"]), pdf_text(found["pdf"])):
        assert report.number in text
        assert world.tickets["closed"] in text
    sheets = cells(found["xlsx"])
    if kind == "ledger":
        rows = sheets["Service ledger"]
        assert [title for title in rows[0] if title == "No."] == ["No."]
        assert [row[0] for row in rows[1:]] == list(range(1, len(rows)))
        assert pdf_text(found["pdf"]).count("No. Number") == 1
