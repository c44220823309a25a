"""Rejected rows as a file that a spreadsheet opens: CSV or Excel, no cell of which can start a formula."""

import csv
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import Any, Protocol

from django.utils.translation import gettext as _

from yunheng.desk.exporting import safe_cell


class Row(Protocol):
    """A rejected row."""

    row: int
    field: str
    value: str
    reason: str


def heads() -> list[str]:
    """Names of the columns."""
    return [_("Row"), _("Field"), _("Value"), _("Reason")]


class _Line:
    """Hands back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """CSV line by line, with the mark that Excel needs."""
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([safe_cell(head) for head in heads()])
    for row in rows:
        yield writer.writerow([row.row, *(safe_cell(text) for text in (row.field, row.value, row.reason))])


def workbook(rows: Iterable[Row]) -> Iterator[bytes]:
    """The same as XLSX; text is text, whatever it begins with."""
    from xlsxwriter import Workbook

    with TemporaryFile() as stream:
        book = Workbook(
            stream,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        sheet = book.add_worksheet()
        sheet.set_column(1, 3, 40)
        for column, head in enumerate(heads()):
            sheet.write_string(0, column, head)
        for line, row in enumerate(rows, start=1):
            sheet.write_number(line, 0, row.row)
            for column, text in enumerate((row.field, row.value, row.reason), start=1):
                sheet.write_string(line, column, text)
        book.close()
        stream.seek(0)
        while block := stream.read(1 << 16):
            yield block
