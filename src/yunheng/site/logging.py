"""Structured logs: one JSON object a line into a file, and readable lines on a terminal.

Every line that belongs to a request carries its id, which the answer repeats in `X-Request-ID`.
"""

from __future__ import annotations

import contextvars
import json
import logging
import logging.handlers
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yunheng.site.terminal import plain

if TYPE_CHECKING:  # the supervisor writes logs too, and does without Django
    from django.http import HttpRequest, HttpResponse

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ACCEPTED_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_UNESCAPED = re.compile(
    "[\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
)  # what JSON leaves as it is and a terminal may obey
_KEEP_BYTES = 20 * 1024 * 1024
_access = logging.getLogger("yunheng.access")
_broken = logging.getLogger("yunheng.broken")


class JsonFormatter(logging.Formatter):
    """One JSON object: at (UTC), level, logger, message, process, request, and the record's own extras."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        row: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": self._process,
            "pid": record.process,
        }
        row.update({k: v for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_")})
        row.pop("request", None)  # Django's own logger puts the whole request object here
        if request_id.get():
            row["request"] = request_id.get()
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        text = json.dumps(row, ensure_ascii=False, default=str)
        return _UNESCAPED.sub(
            lambda found: f"\\u{ord(found.group()):04x}", text
        )  # somebody will `cat` the file


class TerminalFormatter(logging.Formatter):
    """Time, level, process and message, for people."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {process}: %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text that a terminal shows and does not obey: addresses and names are others' words."""
        return plain(super().format(record))


def configure(process: str, folder: Path | None) -> None:
    """Send this process's log to `folder/yunheng.jsonl` and its warnings to stderr.

    `YUNHENG_LOG` chooses what stderr gets: `human` (warnings, the default on a terminal), `json` (everything from
    info on, the default elsewhere, for those who collect it), `none`.
    """
    handlers: list[logging.Handler] = []
    if folder is not None:
        _put_aside(folder / "yunheng.jsonl")
        file = logging.handlers.WatchedFileHandler(folder / "yunheng.jsonl", encoding="utf-8", delay=True)
        file.setFormatter(JsonFormatter(process))
        handlers.append(file)
    style = os.environ.get("YUNHENG_LOG") or ("human" if sys.stderr.isatty() or folder else "json")
    if style != "none":
        stream = logging.StreamHandler()
        stream.setFormatter(JsonFormatter(process) if style == "json" else TerminalFormatter(process))
        stream.setLevel(logging.INFO if style == "json" else logging.WARNING)
        handlers.append(stream)
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(logging.INFO)
    for name in ("django", "django.server", "django.request"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("django.request").setLevel(logging.ERROR)  # 4xx are in the access lines already
    # a name that is not ours is the visitor's affair: one line, no trace; the queue's own steps fill disks
    logging.getLogger("django.security.DisallowedHost").setLevel(logging.CRITICAL)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logging.captureWarnings(True)


class RequestLog:
    """Middleware: gives each request an id and writes one access line for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id set for every line that is logged meanwhile."""
        given = request.headers.get("X-Request-ID", "")
        token = request_id.set(given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex)
        began = time.perf_counter()
        try:
            response = self._get_response(request)
            response["X-Request-ID"] = request_id.get()
            if request.path not in {"/healthz", "/readyz"}:
                self._write(request, response, began)
            return response
        finally:
            request_id.reset(token)

    def _write(self, request: HttpRequest, response: HttpResponse, began: float) -> None:
        match = request.resolver_match
        _access.info(
            "%s %s %s", request.method, request.path, response.status_code,
            extra={
                "method": request.method,
                "path": request.path,
                "route": match.route if match else None,
                "status": response.status_code,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            },
        )  # fmt: skip


def tell_breaks(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application, with a traceback in the log for what even Django did not catch: a page for errors that is
    broken itself, or a long answer that breaks off. The web server would answer 500 and say nothing.
    """

    def told(environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        what = {"method": environ.get("REQUEST_METHOD"), "path": environ.get("PATH_INFO")}
        try:
            answer = application(environ, start_response)
        except Exception:
            _broken.exception("the request broke", extra=what)
            raise
        return _Told(answer, what) if getattr(answer, "streaming", False) else answer

    return told


class _Told:
    """A long answer whose breaking off is told."""

    def __init__(self, answer: Iterable[bytes], what: dict[str, object]) -> None:
        self._answer = answer
        self._what = what

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer
        except Exception:
            _broken.exception("the answer broke off", extra=self._what)
            raise

    def close(self) -> None:
        """Release what the answer holds, as the web server asks to."""
        close = getattr(self._answer, "close", None)
        if close is not None:
            close()


def _put_aside(path: Path) -> None:
    """Keep one older file when the log has grown; others that write follow to the new one (WatchedFileHandler)."""
    try:
        if path.stat().st_size > _KEEP_BYTES:
            path.replace(path.with_suffix(".1.jsonl"))
    except OSError:
        pass
