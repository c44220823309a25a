"""A child of the service ends with who started it, also with one that was gone before the child looked."""

import os
import signal
import subprocess
import sys

import pytest
from tests.supervisor.running import environment, process_is_alive, wait_for

from yunheng.foundation.supervisor.children import SUPERVISED

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
    assert child.wait(30) == -signal.SIGTERM
    assert child.stdout.read() == ""


def test_a_child_of_a_living_supervisor_and_one_started_by_hand_stay(tmp_path):
    for more in ({SUPERVISED: str(os.getpid())}, {}):
        child = start(CHILD, tmp_path, **more)
        assert child.stdout.readline() == "it stays\n"
        child.stdin.close()
        assert child.wait(30) == 0


def test_a_child_ends_with_its_supervisor(tmp_path):
    parent = start(PARENT, tmp_path)
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "it stays\n"
    parent.kill()
    parent.wait()
    assert parent.stdout.read() == ""  # the pipe, which the child holds, ends
    wait_for(lambda: not process_is_alive(pid), what="the child's end")
