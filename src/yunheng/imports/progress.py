"""Tells on the error stream how far a run is: a line that renews itself on a terminal, else one every ten seconds."""

import sys
import time
from typing import TextIO

from django.utils.translation import gettext as _


class Progress:
    """`total` 0: not known."""

    def __init__(self, total: int = 0, stream: TextIO | None = None, *, every: float | None = None) -> None:
        self.total = total
        self._stream = stream if stream is not None else sys.stderr
        self._is_terminal = self._stream.isatty()
        self._every = every if every is not None else (0.2 if self._is_terminal else 10.0)
        self._began = self._told = time.monotonic()
        self._first: int | None = None
        self._is_open = False

    def rows(self, done: int) -> None:
        """So many rows of the file are dealt with."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._began = done, now
        if now - self._told < self._every:
            return
        self._told = now
        rate = (done - self._first) / max(now - self._began, 0.001)
        share = f" · {100 * done / self.total:.0f} %" if self.total else ""
        self._write(_("{done:,} rows · {rate:,.0f} rows/s{share}").format(done=done, rate=rate, share=share))

    def stage(self, text: str) -> None:
        """Something else begins."""
        if self._is_terminal:
            self._write(text)

    def end(self) -> None:
        """Leave the line."""
        if self._is_open:
            self._stream.write("\n")
            self._stream.flush()
            self._is_open = False

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\033[K{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()
        self._is_open = self._is_terminal
