"""Tables of any kind, row by row as text: CSV, or the first sheet of an XLSX workbook. Formulas are never evaluated."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, cast

from django.utils.translation import gettext as _

from .source import (
    MAX_RATIO,
    SMALL,
    Record,
    Source,
    SourceError,
    TextForm,
    encodings,
    open_source,
    read_header,
    records,
    undecodable,
)

MAX_WORKBOOK: Final = 2 << 30  #: unpacked bytes of a workbook
MAX_STRINGS: Final = (
    64 << 20
)  #: unpacked bytes of a workbook's shared strings, all of which are kept in memory
MAX_PIECE: Final = 16 << 20  #: unpacked bytes of a row, or of any other part that is no sheet
MAX_COLUMNS: Final = 500
MAX_ROWS: Final = 1_048_576  #: of a sheet, by the format


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was looked at once: its header, how many rows it has, and how to read them again."""

    source: Source
    header: tuple[str, ...]
    rows: int
    form: TextForm | None  #: None: a workbook

    def records(self) -> Iterator[Record]:
        """All data rows; those of a workbook are as wide as the header."""
        if self.form is not None:
            return records(self.source, self.form)
        return _sheet_records(self.source.path, len(self.header))


def open_table(path: Path, *, wanted: frozenset[str], member: str | None = None) -> Table:
    """Look at a table as a whole. Raises SourceError for what cannot be read, naming what is wrong with it."""
    if _is_workbook(path):
        _check_workbook(path)
        header = _sheet_header(path)
        rows = sum(1 for _record in _sheet_records(path, len(header)))
        return Table(Source(path), _checked(path.name, header), rows, None)
    source = open_source(path, member=member)
    tried = encodings(source)
    row = 0
    for encoding in tried:
        try:
            form = read_header(source, encoding, wanted)
            row = 0
            for record in records(source, form):
                row = record.row
            return Table(source, _checked(source.name, form.header), row, form)
        except UnicodeDecodeError:
            continue
    raise undecodable(source, tried, row + 1)


def _checked(name: str, header: tuple[str, ...]) -> tuple[str, ...]:
    named = [column for column in header if column]
    doubled = sorted({column for column in named if named.count(column) > 1})
    if not named:
        raise SourceError(_("{name} has no header in its first row.").format(name=name))
    if len(header) > MAX_COLUMNS:
        raise SourceError(_("{name} has more than {limit} columns.").format(name=name, limit=MAX_COLUMNS))
    if doubled:
        raise SourceError(
            _("{name} has columns of the same name: {doubled}").format(name=name, doubled=", ".join(doubled))
        )
    if any("\0" in column for column in named):
        raise SourceError(_("{name} has the character NUL in its header.").format(name=name))
    return header


def _is_workbook(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _check_workbook(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
        packed = sum(info.compress_size for info in archive.infolist())
    if size > MAX_WORKBOOK or (size > SMALL and size > MAX_RATIO * max(packed, 1)):
        raise SourceError(
            _("{name} would unpack from {packed:,} to {size:,} bytes; that is not read.").format(
                name=path.name, packed=packed, size=size
            )
        )


class _Archive(zipfile.ZipFile):
    """The parts of a workbook, none of which takes more memory than it may: openpyxl keeps every part whole but the
    sheets, of which it keeps a row.
    """

    held = 0  #: bytes read since the last row, or since a part was opened
    most = MAX_PIECE

    def open(self, *args: Any, **options: Any) -> Any:
        self.held = 0
        return _Part(self, super().open(*args, **options))

    def count(self, read: int) -> None:
        """Add to what is held. Raises SourceError where it is too much."""
        self.held += read
        if self.held <= self.most:
            return
        name = Path(self.filename or "").name
        limit = self.most >> 20
        if self.most == MAX_STRINGS:
            raise SourceError(
                _(
                    "{name} holds more than {limit} MB of different texts; a workbook keeps them all in memory."
                    " Save the sheet as CSV, which is read row by row."
                ).format(name=name, limit=limit)
            )
        raise SourceError(
            _("{name} has a row or a part of more than {limit} MB; that is not read.").format(
                name=name, limit=limit
            )
        )


class _Part:
    """A part that is being read."""

    def __init__(self, archive: _Archive, stream: Any) -> None:
        self.archive = archive
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; all of a small part."""
        most = self.archive.most - self.archive.held + 1
        data: bytes = self.stream.read(most if size is None or size < 0 else size)
        self.archive.count(len(data))
        return data

    def close(self) -> None:
        """Close it."""
        self.stream.close()

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_caught: object) -> None:
        self.close()


def _open_book(path: Path) -> Any:
    """The workbook; raises SourceError for one that would take too much memory."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.xml.constants import SHARED_STRINGS

    class Reader(ExcelReader):
        archive: Any

        def __init__(self) -> None:
            super().__init__(path, read_only=True, data_only=True, keep_links=False)
            self.archive.close()
            self.archive = _Archive(path)
            self.archive.most = MAX_PIECE

        def read_strings(self) -> None:
            found = self.package.find(SHARED_STRINGS)
            if found is None:
                return
            self.archive.most = MAX_STRINGS
            with self.archive.open(found.PartName[1:]) as part:
                self.shared_strings = list(_strings(part))
            self.archive.most = MAX_PIECE

    reader = Reader()
    try:
        reader.read()
    except BaseException:
        reader.archive.close()
        raise
    return reader.wb


def _strings(part: _Part) -> Iterator[str]:
    """The texts of the part of shared strings; its tree is thrown away as it grows."""
    from openpyxl.cell.text import Text
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    depth, root = 0, cast(Any, None)
    for event, node in iterparse(part, events=("start", "end")):
        if event == "start":
            root = root if depth else node
            depth += 1
            continue
        depth -= 1
        if depth == 1:
            if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                yield Text.from_tree(node).content.replace("x005F_", "")
            root.clear()


@contextmanager
def _sheet(path: Path) -> Iterator[Any]:
    try:
        book = _open_book(path)
    except SourceError:
        raise
    except Exception as error:  # openpyxl has no error class of its own for damaged files
        raise SourceError(
            _("{name} is no readable workbook: {reason}").format(name=path.name, reason=error)
        ) from error
    try:
        if not book.worksheets:
            raise SourceError(_("{name} holds no sheet.").format(name=path.name))
        yield book.worksheets[0]
    finally:
        book.close()


def _sheet_header(path: Path) -> tuple[str, ...]:
    with _sheet(path) as sheet:
        first = next(iter(sheet.iter_rows(max_row=1, values_only=True)), ())
    header = [_text(value).strip() for value in first]
    while header and not header[-1]:
        header.pop()
    return tuple(header)


def _sheet_records(path: Path, width: int) -> Iterator[Record]:
    with _sheet(path) as sheet:
        sheet.reset_dimensions()  # what a file says of its own size is not believed
        row = 0
        # Rows that a file leaves out are made up as empty ones: for a row 10¹² that would take years.
        rows = sheet.iter_rows(min_row=2, max_row=MAX_ROWS + 1, max_col=max(width, 1), values_only=True)
        for place, values in enumerate(rows, start=2):
            sheet.parent._archive.held = 0
            if place > MAX_ROWS:
                raise SourceError(
                    _("{name} has a row beyond the last one that a workbook has ({limit:,}).").format(
                        name=path.name, limit=MAX_ROWS
                    )
                )
            fields = [_text(value) for value in values[:width]]
            if any(fields):
                row += 1
                yield Record(row, fields + [""] * (width - len(fields)))


def _text(value: Any) -> str:
    """A cell as text: dates with the year first, whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, time):
        return f"{value:%H:%M:%S}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
