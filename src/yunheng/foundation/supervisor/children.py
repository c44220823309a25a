"""Child processes that are started again when they die and stopped in order."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_CALM_SECONDS = 30.0  # a child that lived this long starts its back-off anew
_LONGEST_PAUSE_SECONDS = 30.0
_GONE_WITHIN_SECONDS = 10.0  # of those that were killed
_PR_SET_PDEATHSIG = 1
SUPERVISED = "YUNHENG_SUPERVISED"  # set in the environment of children


@dataclass
class Child:
    """One process of the service. `stop_seconds` is what it gets between SIGTERM and SIGKILL."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherited: Sequence[int] = ()
    stop_seconds: float = 10.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    deaths: int = field(default=0, init=False)
    last_status: int | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _start_at: float = field(default=0.0, init=False)
    _pause_seconds: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches it only through us."""
        self.process = subprocess.Popen(
            self.command,
            env={**self.environment, SUPERVISED: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(self.inherited),
            start_new_session=True,
        )
        self._started_at = time.monotonic()
        logger.info("started", extra={"child": self.name, "child_pid": self.process.pid})

    def tend(self) -> None:
        """Look after it: notice a death, and start it again after a pause that doubles while it keeps dying."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._start_at:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        self.process, self.last_status = None, status
        self.deaths += 1
        if now - self._started_at > _CALM_SECONDS:
            self._pause_seconds = 0.0
        self._start_at = now + self._pause_seconds
        logger.warning(
            "%s ended with status %s; starting it again in %.1f s",
            self.name, status, self._pause_seconds, extra={"child": self.name},
        )  # fmt: skip
        self._pause_seconds = min(max(0.5, self._pause_seconds * 2), _LONGEST_PAUSE_SECONDS)


def stop(children: Sequence[Child]) -> None:
    """Ask all to end, wait for each as long as it is allowed, then kill what is left."""
    for child in children:
        _signal(child, signal.SIGTERM)
    began = time.monotonic()
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.1, began + child.stop_seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("%s did not end in time and is killed", child.name, extra={"child": child.name})
            _signal(child, signal.SIGKILL)
            child.process.wait()
            _wait_for_group(child.process.pid)
        child.process = None


def _wait_for_group(group: int) -> None:
    """Until a killed child's own processes are gone: they hold what they inherited, and so the database's lease."""
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or the number is another's by now
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):  # none of them fell to us when its parent died
                os.waitpid(-group, os.WNOHANG)
            os.killpg(group, 0)
            time.sleep(0.02)


def follow_supervisor() -> None:
    """In a process that `yunheng up` started: end with it. Started by hand: nothing."""
    named = os.environ.get(SUPERVISED)
    if named:
        follow_parent(expected=int(named))


def follow_parent(number: int = signal.SIGTERM, *, expected: int | None = None) -> None:
    """Have the kernel signal this process when its parent dies, so that nothing outlives a killed supervisor.

    `expected` is the parent that started it: whoever was killed before this call is missed only by its id. Linux only;
    elsewhere an orphan ends with its next write to the database that is gone.
    """
    if sys.platform != "linux":
        return
    parent = expected or os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os.kill(os.getpid(), number)


def _signal(child: Child, number: int) -> None:
    """Send a signal; SIGKILL goes to the whole session of the child."""
    if child.process is None or child.process.poll() is not None:
        return
    try:
        if number == signal.SIGKILL:
            os.killpg(child.process.pid, number)
        else:
            child.process.send_signal(number)
    except ProcessLookupError:
        pass
