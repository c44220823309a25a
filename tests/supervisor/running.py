"""A real `yunheng up` in a process of its own, for the tests that stop and kill things."""

import contextlib
import http.client
import json
import os
import queue
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from yunheng.foundation.supervisor.account import service_account
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.postgres import APP, DATABASE, OWNER, SUPERUSER, Cluster

SOURCE = Path(__file__).resolve().parents[2] / "src"
PROGRAM = [sys.executable, "-m", "yunheng.site.cli"]
#: Until a test gives up on what takes a second or ten: so long that a machine with other work does not break it.
PATIENCE_SECONDS = 240.0
#: What one meets at a server that is killed in the middle of an answer.
_BROKEN = (OSError, ValueError, http.client.HTTPException)


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a command on a data folder; nothing of the test run's own database."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YUNHENG_", "DJANGO_"))}
    return {
        **kept,
        "PYTHONPATH": f"{SOURCE}{os.pathsep}{SOURCE.parent}",
        "YUNHENG_DATA": str(data),
        "YUNHENG_LANGUAGE": "en",
        **more,
    }


def command(
    data: Path, *arguments: str, seconds: float = PATIENCE_SECONDS, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run one `yunheng` command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(data, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def new_data_folder() -> Path:
    """A data folder with a short path, which the service's user can reach."""
    path = Path(tempfile.mkdtemp(prefix="yunheng-up-"))
    DataFolder(path, service_account(path), path).prepare()
    return path


def free_port() -> int:
    """A port that nobody listens on now, and that the system gives to nobody by itself (those begin at 32768)."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(condition: object, seconds: float = PATIENCE_SECONDS, what: str = "condition") -> None:
    """Wait until a call returns something true."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def process_is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody reaps does not count."""
    stat = _read_of(pid, "stat")
    return bool(stat) and stat.rsplit(")", 1)[1].split()[0] != "Z"


class Up:
    """`yunheng up` on a data folder."""

    def __init__(self, data: Path, *, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.lines: list[str] = []
        self._arrived: queue.Queue[str] = queue.Queue()
        self.process: subprocess.Popen[str] | None = None
        self.started_in_seconds = 0.0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> DataFolder:
        """Its data folder."""
        return DataFolder(self.data, service_account(self.data), self.data)

    @property
    def cluster(self) -> Cluster:
        """Its database, to look at; the programs are not needed for that."""
        return Cluster(self.folder, Path("/nowhere"))

    def url(self, role: str) -> str:
        """Address of its database for `app`, `owner` or `superuser`."""
        return self.cluster.url({"app": APP, "owner": OWNER, "superuser": SUPERUSER}[role], DATABASE)

    def start(self, seconds: float = PATIENCE_SECONDS) -> "Up":
        """Start it and wait for its word that it is ready."""
        began = time.monotonic()
        self.launch()
        assert self.process is not None
        while not any("is ready" in line for line in self.lines):
            try:
                self.lines.append(self._arrived.get(timeout=0.1))
            except queue.Empty:
                assert self.process.poll() is None, "".join(self.lines)
                assert time.monotonic() - began < seconds, "".join(self.lines)
        self.started_in_seconds = time.monotonic() - began
        return self

    def launch(self) -> None:
        """Start it without waiting for its word."""
        self.process = subprocess.Popen(
            [*PROGRAM, "up", "--port", str(self.port)],
            env=environment(self.data),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=[self.process], daemon=True).start()

    def stop(self, number: int = signal.SIGTERM, seconds: float = PATIENCE_SECONDS) -> int:
        """Send a signal, wait for the end, return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(seconds)
        self.lines.clear()
        return status

    def clean(self) -> None:
        """End whatever is left of it, and remove its data."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        pid = self.cluster.pid()
        if pid is not None:
            kill(pid, signal.SIGQUIT)
            wait_for(lambda: not process_is_alive(pid), what="PostgreSQL's end")
        shutil.rmtree(self.data, ignore_errors=True)

    def children(self, name: str) -> list[int]:
        """Process ids of `web` or `worker`: the child itself first, then its own processes."""
        assert self.process is not None
        found = []
        for pid in _children_of(self.process.pid):
            if name in _read_of(pid, "cmdline").split("\0"):
                found += [pid, *_children_of(pid)]
        return found

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        """Status and JSON of a page; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with contextlib.suppress(*_BROKEN):
                return error.code, json.load(error)
            return error.code, {}
        except _BROKEN:
            return 0, {}

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._arrived.put(line)


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal; whoever ended between the look and the signal needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children_of(pid: int) -> list[int]:
    return [int(word) for word in _read_of(pid, f"task/{pid}/children").split()]


def _read_of(pid: int, name: str) -> str:
    """What the system says of a process; nothing once it has ended, which it may between two looks."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
