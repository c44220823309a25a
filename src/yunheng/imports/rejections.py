"""Rows that are not taken: which, what in them, and why; as a file that a spreadsheet opens."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

_MAX_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that is not taken. `row` counts data rows from 1; `field` is "" when it is the row as a whole."""

    row: int
    field: str
    value: str
    reason: str

    @property
    def shown(self) -> str:
        """The value as a report can show it: shortened, on one line, never a formula to a spreadsheet."""
        text = self.value.replace("\0", "␀").replace("\r", " ").replace("\n", " ")
        if len(text) > _MAX_SHOWN:
            text = f"{text[:_MAX_SHOWN]}…"
        return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


class RejectionFile:
    """Writes (row, field, value, reason) as CSV with a byte order mark, which Excel needs; without path, nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._writer: Any = None
        self.first: list[Rejection] = []  #: the first ones, to be shown

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(["row", "field", "value", "reason"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Append rows; flushed at once, so that the file is complete whenever the run ends."""
        for rejection in rejections:
            if len(self.first) < 5:
                self.first.append(rejection)
            if self._writer is not None:
                self._writer.writerow([rejection.row, rejection.field, rejection.shown, rejection.reason])
        if self._file is not None:
            self._file.flush()
