"""Small tables from people's files, held in memory: CSV or the first sheet of an XLSX workbook, and workbooks out.

For files of a form, up to a few thousand rows. Nothing in a file is evaluated, opened or fetched.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

MOST_BYTES: Final = 5 << 20  #: of a file as it is sent
MOST_UNPACKED: Final = 20 << 20  #: of a workbook, unpacked
MOST_PARTS: Final = 200  #: files inside a workbook
MOST_COLUMNS: Final = 60
MOST_TEXT: Final = 1000  #: characters of a cell; what is longer is cut and marked
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_DELIMITERS: Final = (",", ";", "\t")
_OTHER_KINDS: Final = (
    (b"\xd0\xcf\x11\xe0", "Excel 97 (.xls)"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
)


class TableError(Exception):
    """The file as a whole cannot be taken; the message says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; `number` as a spreadsheet counts it. Cells without blanks around; as many as the header has."""

    number: int
    cells: tuple[str, ...]
    formulas: frozenset[int] = frozenset()  #: columns that hold a formula, which is not evaluated
    cut: frozenset[int] = frozenset()  #: columns whose text was longer than MOST_TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Header and rows that are not empty."""

    header: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(data: bytes, *, most_rows: int) -> Table:
    """Read a table. Raises TableError for what is no table, too large, or has more rows than that."""
    if not data:
        raise TableError(_("The file is empty."))
    if len(data) > MOST_BYTES:
        raise TableError(_("The file is larger than %(limit)d MB.") % {"limit": MOST_BYTES >> 20})
    for magic, kind in _OTHER_KINDS:
        if data.startswith(magic):
            raise TableError(
                _("This is a %(kind)s file; a CSV file or an Excel workbook (.xlsx) is read here.")
                % {"kind": kind}
            )
    lines = _workbook_lines(data, most_rows) if data.startswith(b"PK") else _text_lines(data)
    header: tuple[str, ...] | None = None
    rows: list[TableRow] = []
    for number, cells, formulas in lines:
        if header is None:
            header = _header(cells)
            continue
        if not any(cells) and not formulas:
            continue
        if len(rows) >= most_rows:
            raise TableError(_("The table has more than %(limit)d rows.") % {"limit": most_rows})
        rows.append(_row(number, cells, formulas, len(header)))
    if header is None:
        raise TableError(_("The first row holds no names of columns."))
    return Table(header, tuple(rows))


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names = list(cells)
    while names and not names[-1]:
        names.pop()
    if not names:
        raise TableError(_("The first row holds no names of columns."))
    if len(names) > MOST_COLUMNS:
        raise TableError(_("The table has more than %(limit)d columns.") % {"limit": MOST_COLUMNS})
    return tuple(name[:MOST_TEXT] for name in names)


def _row(number: int, cells: Sequence[str], formulas: frozenset[int], width: int) -> TableRow:
    kept = [*cells[:width], *("" for _missing in range(width - len(cells)))]
    return TableRow(
        number=number,
        cells=tuple(cell[:MOST_TEXT] for cell in kept),
        formulas=frozenset(column for column in formulas if column < width),
        cut=frozenset(column for column, cell in enumerate(kept) if len(cell) > MOST_TEXT),
    )


_Line = tuple[int, list[str], frozenset[int]]


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()


# --- CSV


def _text_lines(data: bytes) -> Iterable[_Line]:
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, [_clean(cell) for cell in cells], frozenset()
    except csv.Error as error:
        raise TableError(
            _("Row %(row)d is no row of a CSV file: %(reason)s") % {"row": number + 1, "reason": error}
        ) from error


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise TableError(_("The file begins like UTF-16 and does not go on like it.")) from error
    controls = sum(1 for byte in data[:65536] if byte < 32 and byte not in (9, 10, 13))
    if controls * 50 > len(data[:65536]):
        raise TableError(_("The file holds no text: it is neither a CSV file nor a workbook."))
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(_("The text is neither UTF-8 nor GBK/GB 18030. Save it as UTF-8 or as a workbook."))


# --- workbooks


def _workbook_lines(data: bytes, most_rows: int) -> Iterable[_Line]:
    from openpyxl import load_workbook

    _check_archive(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheets = book.worksheets
    except Exception as error:  # openpyxl has no error class of its own for damaged files
        raise TableError(_("This is no readable workbook. Save it again as .xlsx.")) from error
    if not sheets:
        raise TableError(_("The workbook holds no sheet."))
    sheet = sheets[0]
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    # One row more than is read shows that there are too many; empty ones between count twice at most.
    last = 2 * most_rows + 2
    try:
        for number, cells in enumerate(sheet.iter_rows(max_row=last, max_col=MOST_COLUMNS + 1), start=1):
            formulas = frozenset(at for at, cell in enumerate(cells) if cell.data_type == "f")
            texts = ["" if at in formulas else _text(cell.value) for at, cell in enumerate(cells)]
            yield number, texts, formulas
    except TableError:
        raise
    except Exception as error:
        raise TableError(_("This is no readable workbook. Save it again as .xlsx.")) from error
    finally:
        book.close()


def _check_archive(data: bytes) -> None:
    """Refuse what would unpack into too much; an archive that lies about its sizes fails while it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise TableError(_("This is no readable workbook. Save it again as .xlsx.")) from error
    if "[Content_Types].xml" not in {info.filename for info in infos}:
        raise TableError(_("This is an archive and no workbook; send the table itself."))
    if sum(info.file_size for info in infos) > MOST_UNPACKED or len(infos) > MOST_PARTS:
        raise TableError(
            _("The workbook would unpack into more than %(limit)d MB; that is not read.")
            % {"limit": MOST_UNPACKED >> 20}
        )
    if any(info.flag_bits & 1 for info in infos):
        raise TableError(_("The workbook is protected with a password."))


def _text(value: Any) -> str:
    """A cell as text: dates with the year first, whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _clean(str(value))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: everything in it is text, and never a formula or a link."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str]]
    widths: Sequence[int] = ()


def write_workbook(sheets: Iterable[Sheet]) -> bytes:
    """An XLSX workbook with a bold, fixed header in each sheet."""
    from xlsxwriter import Workbook

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(target, options) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            for column, width in enumerate(sheet.widths or [18] * len(sheet.header)):
                page.set_column(column, column, width, plain)
            for column, text in enumerate(sheet.header):
                page.write_string(0, column, text, bold)
            for row, cells in enumerate(sheet.rows, start=1):
                for column, text in enumerate(cells):
                    if text:
                        page.write_string(row, column, text[:32000], plain)
    return target.getvalue()
