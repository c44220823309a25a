"""The data folder: everything that must survive, and where each part of it lies."""

import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yunheng.foundation.supervisor.account import SYSTEM_HOME, Account, is_root, service_account
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _

_SOCKET_NAME = "/.s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux, less the closing zero

ROLES = ("postgres", "yunheng_owner", "yunheng_app")


@dataclass(frozen=True)
class DataFolder:
    """Paths inside one data folder, and the user who owns it."""

    path: Path
    account: Account
    asked: Path

    @property
    def is_moved(self) -> bool:
        """Whether the folder that was asked for cannot be reached by the service's user, so another is used."""
        return self.path != self.asked

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.path / "postgres"

    @property
    def run(self) -> Path:
        """Locks."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """Structured logs, and PostgreSQL's."""
        return self.path / "logs"

    @property
    def keys(self) -> Path:
        """Signing keys; they are not in the database on purpose."""
        return self.path / "keys"

    @property
    def secret_key(self) -> Path:
        """The key that signs sessions."""
        return self.path / "secret_key"

    @cached_property
    def socket(self) -> Path:
        """The 0700 folder of the server's socket: inside the data folder when its path is short enough."""
        inside = self.path / "socket"
        if len(os.fsencode(inside)) + len(_SOCKET_NAME) <= _SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        runtime = Path(f"/run/user/{self.account.uid}")
        if runtime.is_dir() and not self.account.is_other:
            return runtime / f"yunheng-{digest}"
        return Path("/tmp") / f"yunheng-{self.account.uid}-{digest}"  # noqa: S108 - owner and mode are checked

    def prepare(self) -> None:
        """Make what is missing. Raises SupervisorError when the folder belongs to somebody else."""
        try:
            make_passable(self.path.parent)
            self.path.mkdir(mode=0o700, exist_ok=True)
            status = self.path.stat()
            if status.st_uid != self.account.uid and not (self.account.is_other and status.st_uid == 0):
                raise PermissionError
            self.path.chmod(0o700)
            self.account.own(self.path)
            for folder in (self.run, self.logs, self.keys):
                folder.mkdir(mode=0o700, exist_ok=True)
                self.account.own(folder)
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise SupervisorError(
                _(
                    "The data folder {path} cannot be used by user “{user}”. Name another one in YUNHENG_DATA, "
                    "or start Yunheng as the folder's owner."
                ).format(path=self.path, user=self.account.name)
            ) from error
        if not self.secret_key.exists():
            self._write_secret(self.secret_key, secrets.token_urlsafe(48))
        self._prepare_socket_folder()

    def passwords(self) -> dict[str, str]:
        """The database roles' passwords, made once. Raises SupervisorError when they are lost."""
        path = self.path / "database.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        if self.cluster.exists():
            raise SupervisorError(
                _("{path} is missing: without it the database in {cluster} cannot be opened.").format(
                    path=path, cluster=self.cluster
                )
            )
        fresh = {role: secrets.token_urlsafe(24) for role in ROLES}
        self._write_secret(path, json.dumps(fresh, indent=2))
        return fresh

    def hand_over(self) -> None:
        """Give files that root made in the folder to the service's user, so that the service can read them."""
        if self.account.is_other:
            for folder in (self.keys, self.logs, self.run):
                self.account.own_tree(folder)
            if self.secret_key.exists():
                self.account.own(self.secret_key)

    def _write_secret(self, path: Path, text: str) -> None:
        """Write a 0600 file whole or not at all; a file that is there already stays."""
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.account.own(Path(name))
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()

    def _prepare_socket_folder(self) -> None:
        try:
            self.socket.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            self.account.own(self.socket)
        status = self.socket.lstat()
        if (
            not stat.S_ISDIR(status.st_mode)
            or status.st_uid != self.account.uid
            or stat.S_IMODE(status.st_mode) & 0o077
        ):
            raise SupervisorError(
                _("The socket folder {path} must be a folder of user “{user}” with mode 0700.").format(
                    path=self.socket, user=self.account.name
                )
            )


def make_passable(folder: Path) -> None:
    """Make the folders that are missing on a path, open to pass through whatever the umask says."""
    if folder.is_dir():
        return
    make_passable(folder.parent)
    folder.mkdir(exist_ok=True)  # another who starts at this moment may have made it
    folder.chmod(0o755)


def default_path() -> Path:
    """The data folder when `YUNHENG_DATA` names none: in a checkout `.yunheng`, else the user's or the system's."""
    checkout = Path(__file__).resolve().parents[4]
    if (checkout / "pyproject.toml").is_file() and (checkout / "Makefile").is_file():
        return checkout / ".yunheng"
    return SYSTEM_HOME / "data" if is_root() else Path.home() / ".local" / "share" / "yunheng"


def find_data_folder() -> DataFolder:
    """The data folder of this call (`YUNHENG_DATA`), and who runs the service on it.

    As root, a folder that the service's user cannot reach (below /root, say) is replaced by one in
    /var/lib/yunheng whose name follows from the asked path: parent folders are never opened for others.
    """
    named = os.environ.get("YUNHENG_DATA")
    asked = Path(named).expanduser().absolute() if named else default_path()
    account = service_account(asked)
    path = asked
    if account.is_other:
        if asked.is_relative_to(SYSTEM_HOME):
            make_passable(SYSTEM_HOME)
        standing = asked
        while not standing.exists():
            standing = standing.parent
        if standing == asked:
            standing = asked.parent
        if not account.can_read([standing]):
            make_passable(SYSTEM_HOME)
            digest = hashlib.sha256(os.fsencode(asked)).hexdigest()[:10]
            path = SYSTEM_HOME / f"data-{digest}"
    return DataFolder(path, account, asked)
