"""What the limited process does: render, check a template, or make the standard template."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yunheng.reports.rendering.content import prepare
from yunheng.reports.rendering.outcome import TemplateFault
from yunheng.reports.rendering.rows import printed, read_rows


def do_task(task: Mapping[str, Any], folder: Path) -> list[TemplateFault]:
    """Do it; files are left in the folder. The faults of a template that could not be used, else nothing."""
    content = prepare(task["content"])
    given = folder / "given.docx"
    template = given.read_bytes() if given.exists() else None
    if task["do"] == "template":
        from yunheng.reports.rendering.standard import build_template

        (folder / "template.docx").write_bytes(build_template(content["language"], content["kind"]))
        return []
    if task["do"] == "check":
        from yunheng.reports.rendering.word import try_template

        assert template is not None
        return try_template(template, content)
    return _render(content, task["formats"], template, folder)


def _render(
    content: Mapping[str, Any], formats: list[str], template: bytes | None, folder: Path
) -> list[TemplateFault]:
    if template is not None and "docx" in formats:
        from yunheng.reports.rendering.word import faults_of_template

        faults = faults_of_template(template, content)  # before anything is drawn, which takes much longer
        if faults:
            return faults
    pictures = [picture for name, picture in (("pdf", "svg"), ("docx", "png")) if name in formats]
    charts: dict[str, dict[str, bytes]] = {picture: {} for picture in pictures}
    if pictures and content["kind"] == "monthly":
        from yunheng.reports.rendering.charts import draw_charts

        charts = draw_charts(content, pictures)  # type: ignore[arg-type, assignment]
    if "xlsx" in formats:
        from yunheng.reports.rendering.excel import write_workbook

        write_workbook(content, read_rows(folder / "rows.jsonl"), folder / "report.xlsx")
    if "pdf" in formats:
        from yunheng.reports.rendering.pdf import typeset

        root = folder / "typeset"
        root.mkdir()
        made = typeset(content, charts["svg"], read_rows(folder / "rows.jsonl"), root)
        (folder / "report.pdf").write_bytes(made)
    if "docx" in formats:
        from yunheng.reports.rendering.word import MOST_LEDGER_ROWS, fill_template

        if content["kind"] == "ledger":
            content = {**content, **printed(content, read_rows(folder / "rows.jsonl"), MOST_LEDGER_ROWS)}
        document, faults = fill_template(template, content, charts["png"])
        if faults:
            return faults
        (folder / "report.docx").write_bytes(document)
    return []
