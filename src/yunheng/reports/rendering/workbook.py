"""The Excel workbook under construction: its formats, sheets and cells, in constant memory.

A text is always written as a text: no cell can begin a formula, a link or a number, now or when somebody edits it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

MOST_TEXT: Final = 32_767  #: characters of a cell, by Excel
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\']")
BLUE: Final = "#1D5A96"

Cell = str | int | float | None


class Book:
    """The workbook under construction, with its formats."""

    def __init__(self, path: Path) -> None:
        self.workbook = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_numbers": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "nan_inf_to_errors": False,
            },
        )
        plain: dict[str, Any] = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
        add = self.workbook.add_format
        self.text: Format = add({**plain, "text_wrap": True})
        self.guarded: Format = add({**plain, "text_wrap": True, "quote_prefix": True})
        self.line: Format = add(plain)
        self.guarded_line: Format = add({**plain, "quote_prefix": True})
        self.number: Format = add({**plain, "align": "right", "indent": 1})
        self.hours: Format = add({**plain, "num_format": "[h]:mm"})
        self.head: Format = add(
            {
                **plain,
                "bold": True,
                "bg_color": "#EEF2F6",
                "top": 2,
                "top_color": BLUE,
                "bottom": 1,
                "text_wrap": True,
            }
        )
        self.title: Format = add({**plain, "bold": True, "font_size": 14, "font_color": BLUE})
        self._names: set[str] = set()

    def sheet(self, name: str, widths: Sequence[int]) -> Worksheet:
        """A new sheet whose name Excel takes."""
        short = _NOT_IN_NAMES.sub(" ", re.split(r"[:：]", name)[-1]).strip()[:28] or "-"
        unique, number = short, 1
        while unique.lower() in self._names:
            number += 1
            unique = f"{short} {number}"
        self._names.add(unique.lower())
        sheet = self.workbook.add_worksheet(unique)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width, 4), 120))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet

    def write(
        self, sheet: Worksheet, row: int, column: int, value: Cell, style: Format | None = None
    ) -> None:
        """One cell: a number as a number, everything else as text."""
        if value is None or value == "":
            return
        if isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(row, column, value, style or self.number)
            return
        text = as_cell(str(value))
        if style is None:
            style = self.guarded if text.startswith(FORMULA_STARTS) else self.text
        sheet.write_string(row, column, text, style)

    def table(self, sheet: Worksheet, top: int, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
        """A header and its rows; the row after them."""
        for column, title in enumerate(titles):
            self.write(sheet, top, column, title, self.head)
        for top, row in enumerate(rows, top + 1):  # noqa: B020
            for column, value in enumerate(row):
                self.write(sheet, top, column, value)
        return top + 1


def as_cell(text: str) -> str:
    """What fits a cell."""
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def write_pairs(book: Book, sheet: Worksheet, top: int, pairs: Iterable[tuple[str, Cell]]) -> int:
    for name, value in pairs:
        if value not in ("", None):
            book.write(sheet, top, 0, name, book.head)
            book.write(sheet, top, 1, value)
            top += 1
    return top


def write_named(
    book: Book,
    content: Mapping[str, Any],
    name: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[int],
) -> None:
    """A sheet with one table; `titles` are keys of the words."""
    w = content["words"]
    sheet = book.sheet(w[name], widths)
    sheet.freeze_panes(1, 0)
    book.table(sheet, 0, [w[title] for title in titles], rows or [[w["empty_section"]]])
