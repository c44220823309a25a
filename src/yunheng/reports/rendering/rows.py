"""Rows of the full-item sheet and of the ledger: read one by one, cleaned, shown."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from yunheng.reports.rendering.content import clean_text

Row = Sequence[str | int | None]


def read_rows(path: Path) -> Iterator[list[str | int | None]]:
    """The rows of a file of JSON lines, texts cleaned."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield [clean_text(cell) if isinstance(cell, str) else cell for cell in json.loads(line)]


def shown_row(row: Row, kinds: Sequence[str]) -> list[str]:
    """A row as text. Kind "hours" holds seconds and is shown as hours and minutes (h:mm); as many cells as kinds."""
    cells = [*row[: len(kinds)], *([None] * (len(kinds) - len(row)))]
    return [_shown(cell, kind) for cell, kind in zip(cells, kinds, strict=True)]


def printed(content: Mapping[str, Any], rows: Iterable[Row], most: int) -> dict[str, Any]:
    """The first rows of a ledger as text, and the sentence that says how many were printed when there are more."""
    kinds = [column["kind"] for column in content["columns"]]
    taken: Sequence[Row] = list(islice(rows, most + 1))
    cut = content["words"]["ledger_cut"].format(shown=most) if len(taken) > most else ""
    return {"rows": [shown_row(row, kinds) for row in taken[:most]], "cut": cut}


def _shown(cell: str | int | None, kind: str) -> str:
    if cell is None:
        return ""
    if kind == "hours" and isinstance(cell, int) and not isinstance(cell, bool):
        sign, minutes = "-" if cell < 0 else "", abs(cell) // 60
        return f"{sign}{minutes // 60}:{minutes % 60:02d}"
    return str(cell)
