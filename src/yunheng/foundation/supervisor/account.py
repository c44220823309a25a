"""Which operating-system user the database and the service run as. PostgreSQL refuses root, and so do we."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _

SYSTEM_USER = "yunheng"
SYSTEM_HOME = Path("/var/lib/yunheng")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system user; `is_other` when it is not the one who runs this process."""

    name: str
    uid: int
    gid: int
    home: Path
    is_other: bool
    is_new: bool = False

    def subprocess_options(self) -> dict[str, Any]:
        """Keywords for `subprocess` that make a child run as this user, in a folder it can enter."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def own(self, path: Path) -> None:
        """Give one file or folder to this user. Follows no symbolic link."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_tree(self, folder: Path) -> None:
        """Give a folder and all in it that root made to this user; nobody else's files are touched."""
        if not self.is_other or not folder.is_dir():
            return
        self.own(folder)
        for _root, folders, files, descriptor in os.fwalk(folder):
            for name in (*folders, *files):
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                is_linked = (
                    not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1
                )  # a second name of root's own file
                if found.st_uid == 0 and not is_linked:
                    os.chown(name, self.uid, self.gid, dir_fd=descriptor, follow_symlinks=False)

    def can_read(self, paths: Sequence[Path]) -> bool:
        """Whether this user reaches and reads every one of the paths, as the kernel answers it."""
        if not self.is_other:
            return all(os.access(path, os.R_OK) for path in paths)
        script = 'for path; do test -r "$path" || exit 1; test -f "$path" || test -x "$path" || exit 1; done'
        command = ["/bin/sh", "-c", script, "sh", *map(str, paths)]
        return subprocess.run(command, check=False, **self.subprocess_options()).returncode == 0


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def service_account(data: Path) -> Account:
    """Who runs the service on a data folder.

    Without root: whoever asks. As root: the owner of the data folder when that is an ordinary user, else the
    system user `yunheng`, created on first use. Raises SupervisorError when it cannot be created.
    """
    if not is_root():
        me = os.geteuid()
        try:
            name = pwd.getpwuid(me).pw_name
        except KeyError:
            name = str(me)
        return Account(name, me, os.getegid(), Path.home(), is_other=False)
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        owner = 0
    if owner:
        try:
            return _from_entry(pwd.getpwuid(owner))
        except KeyError:
            return Account(str(owner), owner, data.stat().st_gid, Path("/"), is_other=True)
    try:
        return _from_entry(pwd.getpwnam(SYSTEM_USER))
    except KeyError:
        _create_system_user()
    return _from_entry(pwd.getpwnam(SYSTEM_USER), is_new=True)


def step_down(account: Account) -> None:
    """Give up root for good in this process."""
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    os.environ.update(HOME=str(account.home), USER=account.name, LOGNAME=account.name)


def _from_entry(entry: pwd.struct_passwd, *, is_new: bool = False) -> Account:
    home = Path(entry.pw_dir)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, home, is_other=True, is_new=is_new)


def _create_system_user() -> None:
    """Create the system user with what the machine has: shadow's useradd, Debian's adduser, or busybox."""
    home = str(SYSTEM_HOME)
    attempts = [
        f"useradd --system --user-group --no-create-home --home-dir {home} --shell /usr/sbin/nologin",
        f"adduser --system --group --no-create-home --home {home}",
        f"adduser -S -D -H -h {home}",
    ]
    said = ""
    for command in attempts:
        name, *options = command.split()
        program = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None:
            continue
        done = subprocess.run([program, *options, SYSTEM_USER], check=False, capture_output=True, text=True)
        said = done.stderr.strip() or said
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            continue
        return
    raise SupervisorError(
        _(
            "PostgreSQL does not run as root, and the system user “{user}” could not be created: {reason}. "
            "Create it (useradd --system --user-group {user}), or start Yunheng as an ordinary user."
        ).format(user=SYSTEM_USER, reason=said or _("neither useradd nor adduser is installed"))
    )
