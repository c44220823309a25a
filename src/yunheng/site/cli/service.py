"""Stepping down from root before any long-running process of the service starts."""

import os
import shlex
import sys
from pathlib import Path

from yunheng.foundation.supervisor.account import is_root, step_down
from yunheng.foundation.supervisor.folder import DataFolder, default_path, find_data_folder
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.mirror import interpreter, postgres_programs

CALLED_AS = "YUNHENG_CALLED_AS"  # what to type for another command on the same data


def run_as_service_account() -> DataFolder:
    """As root: start this very command again as the service's user, for good. Otherwise: the data folder.

    What needs root is done first: the user, the data folder, and a readable copy of the code if there is need.
    """
    folder = find_data_folder()
    folder.prepare()
    os.environ.setdefault(CALLED_AS, _called_as())
    if not is_root():
        return folder
    folder.hand_over()
    postgres_programs(folder.account)
    python = interpreter(folder.account)
    if sys.argv[1:2] in (["up"], ["demo"]):
        _tell(folder, None if python.mirror is None else str(python.mirror))
    step_down(folder.account)
    os.environ.update(python.environment, YUNHENG_DATA=str(folder.path))
    os.chdir(folder.path)
    sys.stdout.flush()
    os.execv(python.executable, [str(python.executable), "-m", "yunheng.site.cli", *sys.argv[1:]])
    raise AssertionError("execv does not return")


def _called_as() -> str:
    """This command as the user calls it, with the data folder where that has to be named."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "yunheng" else "yunheng"
    named = os.environ.get("YUNHENG_DATA")
    if not named or Path(named).absolute() == default_path():
        return program
    return f"YUNHENG_DATA={shlex.quote(named)} {program}"


def _tell(folder: DataFolder, mirror: str | None) -> None:
    """Say what runs as whom, and where."""
    account = folder.account
    lines = [
        (
            _("Started as root: everything runs as the system user “{user}”, created just now.")
            if account.is_new
            else _("Started as root: everything runs as user “{user}”.")
        ).format(user=account.name)
    ]
    if folder.is_moved:
        lines.append(
            _("{asked} is out of that user's reach; the data is in {path}.").format(
                asked=folder.asked, path=folder.path
            )
        )
    if mirror:
        lines.append(_("The code is out of that user's reach too; it runs from {path}.").format(path=mirror))
    print("\n".join(lines))
