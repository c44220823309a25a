"""Locks on files by `flock`: the kernel frees them however a process ends, kill −9 included."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from yunheng.foundation.supervisor.account import Account
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _


def never() -> bool:
    """Whoever waits gives up for nobody."""
    return False


class FileLock:
    """One open lock file. Held until `release`, or until the last process that inherited it is gone."""

    def __init__(self, path: Path, account: Account, *, timeout_seconds: float = 120.0) -> None:
        self.path = path
        self._timeout_seconds = timeout_seconds  # that `acquire` waits
        self._account = account
        self._descriptor: int | None = None

    def fileno(self) -> int:
        """The descriptor, for handing the lock on to a child."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is not open")
        return self._descriptor

    def try_acquire(self, *, is_shared: bool = False) -> bool:
        """Take the lock if it is free at once."""
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self.path, flags, 0o600)
            self._account.own(self.path)
        operation = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, *, is_shared: bool = False, is_given_up: Callable[[], bool] = never) -> None:
        """Take the lock, waiting for it. Raises SupervisorError when it stays taken, or when waiting is given up."""
        deadline = time.monotonic() + self._timeout_seconds
        while not self.try_acquire(is_shared=is_shared):
            if is_given_up():
                raise SupervisorError(_("Asked to stop while it waited."))
            if time.monotonic() > deadline:
                raise SupervisorError(
                    _("Another Yunheng process has held {path} for more than {seconds} seconds.").format(
                        path=self.path, seconds=int(self._timeout_seconds)
                    )
                )
            time.sleep(0.02)

    def read(self) -> str:
        """What the holder wrote into the file."""
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, text: str) -> None:
        """Tell others about the holder."""
        descriptor = self.fileno()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)

    def release(self) -> None:
        """Give the lock back. Children that inherited it keep it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
