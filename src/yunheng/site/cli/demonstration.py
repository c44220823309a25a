"""What keeps a demonstration apart: the mark in folder and database, this machine only, and starting over cleanly."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from yunheng.foundation.supervisor.children import SUPERVISED
from yunheng.foundation.supervisor.embedded import borrow
from yunheng.foundation.supervisor.folder import DataFolder, find_data_folder
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.postgres import Cluster

if TYPE_CHECKING:
    from .database import Database

logger = logging.getLogger("yunheng.demo")

MODE: Final = "YUNHENG_DEMONSTRATION"  #: "1" in every process that serves one
NOT_EMPTY: Final = 3  #: how the preparing process ends when the database is somebody's own
_FILE: Final = "demonstration.json"
_LEAVING_SECONDS: Final = 20.0
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def choose_folder() -> None:
    """Name the demonstration's data folder for this process: beside one's own, never the same.

    Raises SupervisorError where a database of one's own is named.
    """
    if os.environ.get(MODE) == "1":  # started anew as the service's user: chosen already
        return
    if os.environ.get("YUNHENG_DATABASE_URL"):
        raise SupervisorError(
            _(
                "The demonstration has a database of its own and touches none of yours: unset YUNHENG_DATABASE_URL "
                "first. To start your own system: yunheng up"
            )
        )
    folder = find_data_folder()
    asked = str(folder.asked)
    os.environ["YUNHENG_DATA"] = asked if is_marked_folder(folder.path) else f"{asked}-demo"
    os.environ[MODE] = "1"


def has_own_system() -> bool:
    """Whether there is a system of one's own that `make run` has to start: its database, or a server that is named."""
    if os.environ.get("YUNHENG_DATABASE_URL"):
        return True
    folder = find_data_folder()
    try:
        return folder.cluster.exists() and not is_marked_folder(folder.path)
    except PermissionError:  # somebody else's: starting it says so
        return True


def is_marked_folder(path: Path) -> bool:
    """Whether a data folder was made for a demonstration."""
    return _state_of(path) is not None


def is_marked_database(database: "Database") -> bool:
    """Whether the database was made for a demonstration, told without Django."""
    with psycopg.connect(database.app_url) as connection:
        return _is_marked(connection)


def require_this_machine(host: str) -> None:
    """Raises SupervisorError for an address that other machines reach: everybody may know the passwords."""
    if host not in _HERE:
        raise SupervisorError(
            _(
                "A demonstration listens on this machine only (127.0.0.1), not on {host}: its sign-in page shows "
                "the passwords. To start an empty system of your own: yunheng up, or make run DEMO=no"
            ).format(host=host)
        )


def honour_mark(database: "Database", host: str | None = None) -> bool:
    """Serve a marked database as the demonstration that it is, whatever command was called."""
    if not is_marked_database(database):
        return False
    if host is not None:
        require_this_machine(host)
    os.environ[MODE] = "1"
    return True


class Stage:
    """What `yunheng up` does besides for a demonstration; `is_fresh`: what is there is made anew."""

    def __init__(self, *, is_fresh: bool) -> None:
        self._is_fresh = is_fresh
        self._process: subprocess.Popen[bytes] | None = None

    def before_database(self, folder: DataFolder) -> None:
        """Mark an empty folder; empty one that was not prepared to the end, or is to be made anew.

        Raises SupervisorError for a folder with a database that is no demonstration.
        """
        state = _state_of(folder.path)
        if state is None and folder.cluster.exists():
            raise SupervisorError(
                _(
                    "The data folder {path} holds a system of its own, not a demonstration; it is left as it is."
                ).format(path=folder.path)
            )
        if state is not None:
            _clear_away(folder)
        if folder.cluster.exists() and (self._is_fresh or state != "ready"):
            _empty(folder, is_unfinished=state != "ready")
            state = None
        if state != "ready" or not folder.cluster.exists():
            write_state(folder, "preparing")

    def check_database(self, database: "Database") -> None:
        """Raises SupervisorError when the database behind the folder is not the demonstration's."""
        with psycopg.connect(database.app_url) as connection:
            if not _is_marked(connection) and _has_people(connection):
                raise _foreign(database.folder.path)

    def start(self, database: "Database", environment: Mapping[str, str]) -> None:
        """Prepare, in a process of its own, unless that is done."""
        if _state_of(database.folder.path) == "ready":
            return
        lease = (database.embedded.lease.fileno(),) if database.embedded else ()
        command = [sys.executable, "-m", "yunheng.site.cli.demo"]
        supervised = {**environment, SUPERVISED: str(os.getpid())}
        self._process = subprocess.Popen(
            command, env=supervised, stdin=subprocess.DEVNULL, pass_fds=lease, start_new_session=True
        )

    def tend(self, database: "Database") -> None:
        """Notice that preparing ended. Raises SupervisorError when it did not end well."""
        if self._process is None or self._process.poll() is None:
            return
        status, self._process = self._process.returncode, None
        if status == NOT_EMPTY:
            raise _foreign(database.folder.path)
        if status:
            raise SupervisorError(
                _(
                    "The demonstration could not be prepared (status {status}); see {path}. The next start begins anew."
                ).format(status=status, path=database.folder.logs / "yunheng.jsonl")
            )

    def stop(self) -> None:
        """End the preparing; the next start begins anew."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def write_state(folder: DataFolder, state: str) -> None:
    """Leave the mark in the folder, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=folder.path)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"state": state}, file)
        file.flush()
        os.fsync(file.fileno())
    folder.account.own(Path(name))
    Path(name).replace(folder.path / _FILE)


def _state_of(path: Path) -> str | None:
    try:
        return str(json.loads((path / _FILE).read_text(encoding="utf-8")).get("state", ""))
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError):
        return ""


def _empty(folder: DataFolder, *, is_unfinished: bool) -> None:
    """Remove a demonstration's database and keys. Raises SupervisorError when it is in use or somebody's own.

    What a killed predecessor started may still be on its way out: it gets some seconds.
    """
    deadline = time.monotonic() + _LEAVING_SECONDS
    while True:
        _look_inside(folder, is_unfinished=is_unfinished)
        if Cluster(folder, Path()).pid() is None:
            break
        if time.monotonic() > deadline:
            raise SupervisorError(
                _("The demonstration in {path} is in use; stop it first.").format(path=folder.path)
            )
        time.sleep(0.5)
    write_state(folder, "preparing")  # killed from here on, the next start goes on with emptying
    shutil.rmtree(folder.keys)
    folder.cluster.rename(_removed(folder))  # half a database never stands in its place
    _clear_away(folder)
    folder.prepare()


def _removed(folder: DataFolder) -> Path:
    return folder.cluster.with_name("postgres.old")


def _clear_away(folder: DataFolder) -> None:
    """Remove what is left of a database that was given up."""
    if _removed(folder).exists():
        shutil.rmtree(_removed(folder))


def _look_inside(folder: DataFolder, *, is_unfinished: bool) -> None:
    """Raises SupervisorError for a database with people of one's own, and for one that cannot be opened, unless its
    preparing was broken off.
    """
    try:
        with borrow(folder) as embedded, psycopg.connect(embedded.app_url) as connection:
            if not _is_marked(connection) and _has_people(connection):
                raise _foreign(folder.path)
    except psycopg.Error as error:
        if not is_unfinished:
            raise SupervisorError(
                _("The database cannot be reached: {reason}").format(reason=str(error).strip())
            ) from error
        logger.warning("an unfinished demonstration cannot be opened: %s", error)
    except SupervisorError as error:
        if not is_unfinished or isinstance(error, _ForeignError):
            raise
        logger.warning("an unfinished demonstration cannot be opened: %s", error)


class _ForeignError(SupervisorError):
    """The folder is marked, and the database in it is not the demonstration's."""


def _foreign(path: Path) -> SupervisorError:
    return _ForeignError(
        _(
            "The database in {path} holds people who are not of the demonstration; it is left as it is. "
            "To start it as your own, remove {mark} first: YUNHENG_DATA={path} yunheng up"
        ).format(path=path, mark=path / _FILE)
    )


def _is_marked(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    row = connection.execute("SELECT to_regclass('public.demonstration') IS NOT NULL").fetchone()
    if row != (True,):
        return False
    return connection.execute("SELECT EXISTS (SELECT FROM demonstration)").fetchone() == (True,)


def _has_people(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    row = connection.execute("SELECT to_regclass('public.person') IS NOT NULL").fetchone()
    if row != (True,):
        return False
    return connection.execute("SELECT EXISTS (SELECT FROM person)").fetchone() == (True,)
