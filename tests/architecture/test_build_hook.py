"""The build hook says what it waits for, and gives up in time, with everything it started."""

import os
import sys
import time
from pathlib import Path

import build_hook
import pytest

SLEEPER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
print("waiting for the registry", flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def test_a_registry_that_does_not_answer_ends_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_hook, "FETCH_SECONDS", 3)
    started_at = time.monotonic()
    with pytest.raises(SystemExit, match="HTTPS_PROXY"):
        build_hook.fetch_packages([sys.executable, "-I", "-S", "-c", SLEEPER], tmp_path, dict(os.environ))
    assert time.monotonic() - started_at < 60
    said = capsys.readouterr().err
    assert "try 1, at most 3 s" in said and "try 2" in said
    assert "did not finish within 3 s" in said and "waiting for the registry" in said
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 60
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_a_failure_shows_the_end_of_what_was_said_and_a_second_try_can_succeed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = "import os, sys; known = os.path.exists('tried'); open('tried', 'w'); sys.exit(0 if known else 'ENOTFOUND')"
    build_hook.fetch_packages([sys.executable, "-c", once], tmp_path, dict(os.environ))
    said = capsys.readouterr().err
    assert "ENOTFOUND" in said and "try 2" in said
