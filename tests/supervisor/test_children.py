"""A child of the service ends with who started it, also with one that was gone before the child looked."""

import os
import signal
import subprocess
import sys

import pytest
from tests.supervisor.running import PATIENCE_SECONDS, environment, process_is_alive, wait_for

from yunheng.foundation.supervisor.children import SUPERVISED, Child, _wait_for_group, stop

CHILD = """
import sys
from yunheng.foundation.supervisor.children import follow_supervisor
follow_supervisor()
print("it stays", flush=True)
sys.stdin.read()
"""
#: Starts the child with itself as the supervisor, tells the child's id, and waits to be killed.
PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env={{**os.environ, {SUPERVISED!r}: str(os.getpid())}})
print(child.pid, flush=True)
child.wait()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")


def start(program: str, tmp_path, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment(tmp_path, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_child_whose_supervisor_died_before_it_looked_ends_at_once(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    child = start(CHILD, tmp_path, **{SUPERVISED: str(gone.pid)})
    assert child.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert child.stdout.read() == ""


def test_a_child_of_a_living_supervisor_and_one_started_by_hand_stay(tmp_path):
    for more in ({SUPERVISED: str(os.getpid())}, {}):
        child = start(CHILD, tmp_path, **more)
        assert child.stdout.readline() == "it stays\n"
        child.stdin.close()
        assert child.wait(PATIENCE_SECONDS) == 0


def test_a_child_ends_with_its_supervisor(tmp_path):
    parent = start(PARENT, tmp_path)
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "it stays\n"
    parent.kill()
    parent.wait()
    assert parent.stdout.read() == ""  # the pipe, which the child holds, ends
    wait_for(lambda: not process_is_alive(pid), what="the child's end")


def test_it_waits_until_nobody_is_left_of_a_group():
    group = subprocess.Popen(["/bin/sleep", "0.5"], start_new_session=True)
    _wait_for_group(group.pid)
    with pytest.raises(ProcessLookupError):
        os.killpg(group.pid, 0)


STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), os.fork() or os.getpid(), flush=True)
time.sleep(600)
"""


def test_who_does_not_end_when_asked_is_killed_with_all_it_started(tmp_path):
    told = tmp_path / "told"
    child = Child(
        "stubborn", ["/bin/sh", "-c", f'exec "$0" -c "$1" > {told}', sys.executable, STUBBORN], os.environ
    )
    child.stop_seconds = 0.2
    child.start()
    wait_for(lambda: told.exists() and len(told.read_text().splitlines()) == 2, what="both are there")
    pids = {int(word) for word in told.read_text().split()}
    stop([child])
    assert len(pids) == 2
    assert not any(map(process_is_alive, pids))
