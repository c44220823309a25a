"""The embedded database as its users see it: borrow it, and leave it as it was found."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.lease import FileLock, never
from yunheng.foundation.supervisor.mirror import postgres_programs
from yunheng.foundation.supervisor.postgres import (
    APP,
    DATABASE,
    OWNER,
    START_SECONDS,
    SUPERUSER,
    Cluster,
)

_GATE_SECONDS = 2 * START_SECONDS  # longer than whoever holds the gate may need


@dataclass(frozen=True)
class Embedded:
    """A running embedded server on which this process holds a lease."""

    cluster: Cluster
    lease: FileLock

    @property
    def app_url(self) -> str:
        """Address for the running product, which owns nothing."""
        return self.cluster.url(APP, DATABASE)

    @property
    def owner_url(self) -> str:
        """Address for migrations, backup and restore."""
        return self.cluster.url(OWNER, DATABASE)

    @property
    def superuser_url(self) -> str:
        """Address for bootstrap, and for tests of what a superuser can do."""
        return self.cluster.url(SUPERUSER, DATABASE)

    def revive(self) -> bool:
        """Start the server again if it died. Returns whether it had to."""
        if self.cluster.pid() is not None:
            return False
        with _gate(self.cluster.folder):
            if self.cluster.pid() is None:
                self.cluster.start()
        return True


@contextmanager
def borrow(
    folder: DataFolder,
    *,
    is_durable: bool = True,
    programs: Path | None = None,
    is_given_up: Callable[[], bool] = never,
) -> Iterator[Embedded]:
    """Use the embedded database of a data folder for a while.

    Every user holds a shared `flock` on the lease file. Who finds no server starts it; who finds one, started by
    others or left behind by a killed process, uses it. The last to leave stops it. Starting and stopping happen
    under an exclusive gate, so two commands never race. Waiting for others, or for a server that still recovers, ends
    with SupervisorError as soon as `is_given_up`.
    """
    folder.prepare()
    cluster = Cluster(folder, programs or postgres_programs(folder.account), is_durable=is_durable)
    lease = FileLock(folder.run / "lease", folder.account)
    gate = _gate(folder)
    gate.acquire(is_given_up=is_given_up)
    try:
        if cluster.pid() is None:
            cluster.start()
        else:
            cluster.adopt(is_given_up)
        lease.acquire(is_shared=True)
    finally:
        gate.release()
    try:
        yield Embedded(cluster, lease)
    finally:
        with _gate(folder):
            lease.release()
            if lease.try_acquire():  # nobody else holds one
                cluster.stop()
            lease.release()


def _gate(folder: DataFolder) -> FileLock:
    return FileLock(folder.run / "gate", folder.account, timeout_seconds=_GATE_SECONDS)
