"""Runs the renderer in a process of its own that may use only so much time, memory and disk, and knows no secrets.

A crash, a hang or a hunger for memory in there is an error here, and nothing else.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from yunheng.reports.rendering.outcome import FORMATS, RenderError, TemplateFault, TemplateProblem
from yunheng.reports.rendering.words import words_of

Row = Sequence[str | int | None]

WALL_SECONDS: Final = 120.0  #: from start to end; a month takes seconds
#: What the process may see of the environment it is started in: nothing that could be a secret.
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "SOURCE_DATE_EPOCH": "946684800",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "2",  # threads reserve address space otherwise, which is limited
    "RAYON_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
}


def render(
    content: Mapping[str, Any],
    formats: Sequence[str],
    *,
    template: bytes | None = None,
    rows: Iterable[Row] = (),
    seconds: float = WALL_SECONDS,
) -> dict[str, bytes]:
    """Render content (see content.py) to documents: format -> bytes, the same bytes for the same arguments.

    `template`: a client's Word document instead of the standard one. `rows`: what the full-item sheet of the Excel file
    (monthly) or the ledger holds, in the order of content["item_columns"] or content["columns"]; taken one by one.
    Raises TemplateProblem for a template with faults, RenderError for everything else, ValueError for a format that
    does not exist.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"no such format: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="yunheng-report-") as name:
        folder = Path(name)
        with (folder / "rows.jsonl").open("w", encoding="utf-8") as stream:
            for row in rows:
                stream.write(json.dumps(list(row), ensure_ascii=True) + "\n")
        _run(folder, {"do": "render", "formats": sorted(set(formats))}, content, template, seconds)
        return {name: (folder / f"report.{name}").read_bytes() for name in formats}


def check_template(
    data: bytes, content: Mapping[str, Any], *, seconds: float = WALL_SECONDS
) -> list[TemplateFault]:
    """What is wrong with a client's Word template for reports of this kind; empty when it can be used.

    `content`: any content of the kind the template is for; its language is that of the faults. Raises RenderError when
    the check itself did not come to an end.
    """
    with tempfile.TemporaryDirectory(prefix="yunheng-report-") as name:
        try:
            _run(Path(name), {"do": "check"}, content, data, seconds)
        except TemplateProblem as problem:
            return list(problem.faults)
        return []


@lru_cache(maxsize=8)
def standard_template(language: str, kind: str = "monthly") -> bytes:
    """The .docx our own Word report of a kind is made from, for people to download and change."""
    with tempfile.TemporaryDirectory(prefix="yunheng-report-") as name:
        folder = Path(name)
        content = {"format": 1, "kind": kind, "language": language}
        _run(folder, {"do": "template"}, content, None, WALL_SECONDS)
        return (folder / "template.docx").read_bytes()


def _run(
    folder: Path, task: Mapping[str, Any], content: Mapping[str, Any], template: bytes | None, seconds: float
) -> None:
    """Do the task in a process of its own; its files are in the folder then. Raises as `render` does."""
    (folder / "task.json").write_text(json.dumps({**task, "content": content}), encoding="utf-8")
    if template is not None:
        (folder / "given.docx").write_bytes(template)
    words = {**words_of(str(content.get("language", ""))), **content.get("words", {})}
    scratch = folder / "scratch"
    scratch.mkdir()
    environment = {
        **_ENVIRONMENT,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "MPLCONFIGDIR": str(scratch),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    command = [sys.executable, "-P", "-m", "yunheng.reports.rendering", str(folder), str(int(seconds) + 1)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RenderError(words["problem_time"], "time") from None
        finally:
            _end(process)
    _judge(folder, code, words)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and whatever it started: they are a group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all gone already
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _judge(folder: Path, code: int, words: Mapping[str, str]) -> None:
    """Raise what the process reported; nothing when it says that all is well."""
    try:
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        answer = {}
    if answer.get("faults"):
        raise TemplateProblem([TemplateFault(**fault) for fault in answer["faults"]])
    if code == 0 and answer.get("done"):
        return
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise RenderError(words["problem_time"], "time")
    kind = answer.get("problem", "crash")
    text = words["problem_memory"] if kind == "memory" else words["problem_crash"]
    raise RenderError(text, kind) from RuntimeError(_tail(folder / "log", code))


def _tail(path: Path, code: int) -> str:
    """The end of what the process said, for the log of whoever runs this."""
    return f"exit {code}: " + path.read_bytes()[-4000:].decode("utf-8", "replace").strip()
