"""Opens a CSV file, plain or in a zip archive, and reads it record by record with bounded memory."""

import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _

MAX_LINE: Final = 1 << 20  #: characters in one line of a text file
MAX_SIZE: Final = 16 << 30  #: unpacked bytes that are read from an archive
MAX_RATIO: Final = 200  #: unpacked : packed, from SMALL bytes on; real logs pack 10 to 30 to 1
SMALL: Final = 32 << 20
DELIMITERS: Final = (",", ";", "\t", "|")
_HEAD: Final = 1 << 16
_BLOCK: Final = 1 << 18
_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "Excel 97 (.xls)"),
    (b"%PDF", "PDF"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "RAR"),
)


class SourceError(Exception):
    """The file as a whole cannot be taken; the message says why and what would be right. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file on disk, and the member of it that is read if it is an archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """The file's name, with the member's."""
        return f"{self.path.name}:{self.member}" if self.member else self.path.name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes. Raises SourceError when the archive is damaged."""
        if self.member is None:
            with self.path.open("rb") as stream:
                yield stream
            return
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
                yield packed
        except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
            raise SourceError(_("The archive is damaged: {reason}").format(reason=error)) from error

    def digest(self) -> bytes:
        """SHA-256 of the file as it lies on disk."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()


@dataclass(frozen=True, slots=True)
class TextForm:
    """How the text of a source is written."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]


@dataclass(slots=True)
class Record:
    """One record; `row` counts data rows from 1. `fault` says why it cannot be split into fields."""

    row: int
    fields: list[str]
    fault: str = ""


def open_source(path: Path, *, member: str | None = None) -> Source:
    """Look at a file and, for an archive, choose the one table in it.

    Raises SourceError for what is missing, empty, no text, an archive that would unpack into too much, or one that
    holds several tables (`member` names the one that is meant).
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise SourceError(
            _("{path} cannot be read: {reason}").format(path=path, reason=error.strerror)
        ) from error
    if not head:
        raise SourceError(_("{name} is empty.").format(name=path.name))
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return Source(path, _choose_member(path, member))
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise SourceError(
                _("{name} is a {kind} file; a CSV file, or a zip archive with one, is read here.").format(
                    name=path.name, kind=kind
                )
            )
    _require_text(head, path.name)
    return Source(path)


def _require_text(head: bytes, name: str) -> None:
    """Refuse what is plainly no text: a tenth of it control characters (UTF-16 has its mark)."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    controls = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 11, 12, 13, 26))
    if controls * 10 > len(head):
        raise SourceError(_("{name} holds no text: it is not a CSV file.").format(name=name))


def _choose_member(path: Path, member: str | None) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise SourceError(_("The archive is damaged: {reason}").format(reason=error)) from error
    names = [info.filename for info in infos]
    if "[Content_Types].xml" in names:
        raise SourceError(
            _("{name} is a workbook; save the sheet as CSV, or use “yunheng import tickets”.").format(
                name=path.name
            )
        )
    tables = [info for info in infos if info.filename.lower().endswith((".csv", ".tsv", ".txt"))]
    if member is not None:
        tables = [info for info in infos if info.filename == member]
    elif sum(info.filename.lower().endswith(".csv") for info in tables) == 1:
        tables = [info for info in tables if info.filename.lower().endswith(".csv")]
    if len(tables) != 1:
        found = ", ".join(sorted(names)[:20]) or _("nothing")
        raise SourceError(
            _(
                "The archive must hold exactly one CSV file, or name it with --member. It holds: {found}"
            ).format(found=found)
        )
    info = tables[0]
    if info.flag_bits & 1:
        raise SourceError(
            _("{name} in the archive is encrypted; unpack it first.").format(name=info.filename)
        )
    if info.file_size > MAX_SIZE or (
        info.file_size > SMALL and info.file_size > MAX_RATIO * max(info.compress_size, 1)
    ):
        raise SourceError(
            _(
                "{name} would unpack from {packed:,} to {size:,} bytes; more than {ratio} to 1 or {limit:,} bytes "
                "is not read."
            ).format(
                name=info.filename,
                packed=info.compress_size,
                size=info.file_size,
                ratio=MAX_RATIO,
                limit=MAX_SIZE,
            )
        )
    if not info.file_size:
        raise SourceError(_("{name} is empty.").format(name=info.filename))
    with zipfile.ZipFile(path) as archive, archive.open(info) as packed:
        try:
            head = packed.read(_HEAD)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise SourceError(_("The archive is damaged: {reason}").format(reason=error)) from error
    _require_text(head, info.filename)
    return info.filename


def encodings(source: Source) -> tuple[str, ...]:
    """The encodings to try, in this order: what a mark says, else UTF-8, else GB18030 (which includes GBK)."""
    with source.open() as stream:
        head = stream.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    if head.startswith(b"\xef\xbb\xbf"):
        return ("utf-8-sig",)
    return ("utf-8", "gb18030")


def undecodable(source: Source, tried: tuple[str, ...], line: int) -> SourceError:
    """The refusal of text in none of the encodings; `line` is near the place."""
    return SourceError(
        _("{name} is neither {encodings}: bytes after line {line:,} fit none. Save it as UTF-8.").format(
            name=source.name, encodings=_(" nor ").join(name.upper() for name in tried), line=line
        )
    )


def read_header(source: Source, encoding: str, wanted: frozenset[str]) -> TextForm:
    """Split the first line with the delimiter that finds most of the `wanted` columns.

    Raises SourceError for a line without end, UnicodeDecodeError for another encoding.
    """
    with source.open() as stream, _text(stream, encoding, source.name) as text:
        line = text.readline()
    splits: list[tuple[int, int, int, str, tuple[str, ...]]] = []
    for delimiter in DELIMITERS:
        try:
            fields = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            fields = []
        header = tuple(name.strip().strip("\ufeff") for name in fields)
        splits.append((len(wanted.intersection(header)), len(header), -len(splits), delimiter, header))
    _found, _width, _order, delimiter, header = max(splits)
    return TextForm(encoding, delimiter, header)


def records(source: Source, form: TextForm) -> Iterator[Record]:
    """All data rows in the order of the file; blank lines are none. Raises SourceError for a line without end."""
    with source.open() as stream, _text(stream, form.encoding, source.name) as text:
        reader = csv.reader(text, delimiter=form.delimiter)
        next(reader, None)
        row = 0
        while True:
            try:
                for fields in reader:
                    if fields:
                        row += 1
                        yield Record(row, fields)
                return
            except csv.Error as error:
                row += 1
                yield Record(row, [], _("cannot be split into fields: {reason}").format(reason=error))


class _Guarded(io.RawIOBase):
    """Bytes of a stream, refused when a line does not end: what reads lines from it stays within bounds."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self._without_end = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(len(buffer))
        if b"\n" in block or b"\r" in block:
            self._without_end = 0
        else:
            self._without_end += len(block)
            if self._without_end > MAX_LINE:
                raise SourceError(
                    _("{name} has a line of more than {limit:,} characters: it is not a CSV file.").format(
                        name=self._name, limit=MAX_LINE
                    )
                )
        buffer[: len(block)] = block
        return len(block)


@contextmanager
def _text(stream: IO[bytes], encoding: str, name: str) -> Iterator[io.TextIOWrapper]:
    buffered = io.BufferedReader(_Guarded(stream, name), _BLOCK)
    wrapper = io.TextIOWrapper(buffered, encoding=encoding, newline="")
    try:
        yield wrapper
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(_("The archive is damaged: {reason}").format(reason=error)) from error
