"""Start-up and idle memory of the whole system: a real `yunheng up` on a new data folder, and again on the same."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.supervisor.running import Up, new_data_folder

from benchmarks.measuring import row

IDLE_SECONDS = 10
LATER_STARTS = 3


def run() -> list[dict[str, Any]]:
    """Seconds from the command to its word that it is ready; PSS of all its processes, PostgreSQL's included."""
    up = Up(new_data_folder())
    try:
        first = up.start().started_in_seconds
        first_worked = _processor_seconds(up)
        time.sleep(IDLE_SECONDS)
        memory, count = _pss_megabytes(up)
        later, stops, worked = [], [], []
        for _ in range(LATER_STARTS):
            began = time.perf_counter()
            up.stop()
            stops.append(time.perf_counter() - began)
            later.append(up.start().started_in_seconds)
            worked.append(_processor_seconds(up))
    finally:
        up.clean()
    return [
        row(
            "start on a new data folder",
            first,
            "s",
            f"initdb, all migrations; {first_worked:.1f} s of processor; without the set-up of `make run`",
        ),
        row(
            "later start",
            sorted(later)[LATER_STARTS // 2],
            "s",
            f"median of {LATER_STARTS}; {sorted(worked)[LATER_STARTS // 2]:.1f} s of processor; budget 6",
        ),
        row("stop", max(stops), "s", f"slowest of {LATER_STARTS}"),
        row("idle memory (PSS)", memory, "MB", f"{count} processes after {IDLE_SECONDS} s; budget 600"),
    ]


def _processes(up: Up) -> list[int]:
    assert up.process is not None
    postgres = up.cluster.pid()
    assert postgres is not None
    pids = [up.process.pid, *up.children("web"), *up.children("worker"), postgres]
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(postgres)], capture_output=True, text=True, check=True
    )
    return pids + [int(word) for word in listed.stdout.split()]


def _processor_seconds(up: Up) -> float:
    """What all processes, and those that they waited for, have worked: on a busy machine the better measure."""
    ticks = 0
    for pid in _processes(up):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _pss_megabytes(up: Up) -> tuple[float, int]:
    pids = _processes(up)
    kilobytes = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):  # an autovacuum worker that came and went
            continue
        kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024, len(pids)
