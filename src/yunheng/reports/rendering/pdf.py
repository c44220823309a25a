"""Typesets PDF with typst: data as JSON, our own template files, nothing else in reach of it."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import typst

from yunheng.reports.rendering.breaking import soften
from yunheng.reports.rendering.fonts import FOLDER, font_files
from yunheng.reports.rendering.rows import Row, printed

_TEMPLATES: Final = Path(__file__).parent / "typst"
MOST_LEDGER_ROWS: Final = 2_000  #: that are printed; the Excel file holds all


def typeset(
    content: Mapping[str, Any], charts: Mapping[str, bytes], rows: Iterable[Row], folder: Path
) -> bytes:
    """The PDF. `folder`: an empty one that becomes typst's root."""
    font_files()
    for source in sorted(_TEMPLATES.glob("*.typ")):
        shutil.copy(source, folder / source.name)
    for name, drawing in charts.items():
        (folder / f"chart-{name}.svg").write_bytes(drawing)
    data = {**_softened(content), "charts": sorted(charts)}
    if content["kind"] == "ledger":
        data |= soften(printed(content, rows, MOST_LEDGER_ROWS))
    (folder / "content.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER)])
    compiler = typst.Compiler(str(folder / f"{content['kind']}.typ"), root=str(folder), font_paths=fonts)
    made = compiler.compile(format="pdf", timestamp=0)
    assert isinstance(made, bytes)
    return made


def _softened(content: Mapping[str, Any]) -> dict[str, Any]:
    """Long words may break; hashes stay whole, so that they can be copied."""
    return {**soften(content), "record": content["record"]}
