"""One embedded PostgreSQL cluster: made, started, stopped, and its three roles."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from yunheng.foundation.supervisor.account import Account
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.lease import never
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _

SUPERUSER, OWNER, APP = "postgres", "yunheng_owner", "yunheng_app"
DATABASE = "yunheng"

#: For a start, and for what a server that was found running still does before it answers, each.
START_SECONDS = 300

_SETTINGS = """\
# Written by Yunheng at every start. Settings of your own go into ../postgresql.local.conf, which is read last.
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 60
shared_buffers = 128MB
wal_compression = on
track_io_timing = on
jit = off
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
default_text_search_config = 'pg_catalog.simple'
lc_messages = 'C'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 2000
log_checkpoints = off
idle_in_transaction_session_timeout = '15min'
"""
_DURABLE = "fsync = on\nfull_page_writes = on\n"
_FORGETFUL = """\
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 32MB
max_wal_size = 256MB
"""


class Cluster:
    """The PostgreSQL of one data folder. Callers hold the folder's gate while they start or stop it.

    `is_durable=False` turns fsync off: for tests, whose data may be lost.
    """

    def __init__(self, folder: DataFolder, programs: Path, *, is_durable: bool = True) -> None:
        self.folder = folder
        self._programs = programs
        self._is_durable = is_durable

    @property
    def account(self) -> Account:
        """Who the server runs as."""
        return self.folder.account

    @property
    def log(self) -> Path:
        """PostgreSQL's own log."""
        return self.folder.logs / "postgres.log"

    def url(self, role: str, database: str = DATABASE) -> str:
        """Address of a database on this cluster for a role, password included."""
        password = quote(self.folder.passwords()[role], safe="")
        return f"postgresql://{role}:{password}@/{quote(database)}?host={quote(str(self.folder.socket), safe='')}"

    def connect(self, role: str, database: str = DATABASE) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection in autocommit mode."""
        return psycopg.connect(self.url(role, database), autocommit=True)

    def pid(self) -> int | None:
        """Process id of the running server, whoever started it; None when there is none.

        A postmaster.pid left behind by a crash may name a process that is something else by now: on Linux the
        process must also stand in the cluster's folder.
        """
        try:
            pid = int((self.folder.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        if sys.platform == "linux":
            try:
                where = Path(f"/proc/{pid}/cwd").readlink()
            except (FileNotFoundError, ProcessLookupError):
                return None
            except PermissionError:
                return pid if _comes_from(pid, "postgres") else None
            return pid if where == self.folder.cluster.resolve() else None
        status = self._call("pg_ctl", "status", "-D", str(self.folder.cluster), check=False)
        return pid if status.returncode == 0 else None

    def start(self) -> None:
        """Start the server, making the cluster first if there is none. Raises SupervisorError with the reason."""
        if not self.folder.cluster.exists():
            self._initialise()
        self._check_major()
        self._write_settings()
        deadline = time.monotonic() + 120
        while True:
            if self.pid() is None:
                (self.folder.cluster / "postmaster.pid").unlink(missing_ok=True)
            seen = self.log.stat().st_size if self.log.exists() else 0
            done = self._call(
                "pg_ctl", "start", "-D", str(self.folder.cluster), "-l", str(self.log), "-w", "-s",
                "-t", str(START_SECONDS), "-o", f"-k '{self.folder.socket}'", check=False,
            )  # fmt: skip
            if done.returncode == 0:
                break
            said = self._log_from(seen)
            # Children of a killed server hold its shared memory for a moment.
            is_passing = "pre-existing shared memory" in said or "lock file" in said
            if not is_passing or time.monotonic() > deadline:
                raise SupervisorError(
                    _("PostgreSQL did not start: {reason} (log: {path})").format(
                        reason=_last_lines(said) or done.stderr.strip(), path=self.log
                    )
                )
            time.sleep(0.3)
        self._bootstrap()

    def wait_ready(self, is_given_up: Callable[[], bool] = never) -> None:
        """Wait until a running server accepts connections: one that is adopted may still be recovering.

        Raises SupervisorError when it does not, or when waiting is given up.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=10).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or is_given_up():
                    raise SupervisorError(
                        _("PostgreSQL runs but does not answer: {reason}").format(reason=str(error).strip())
                    ) from error
                time.sleep(0.1)
            else:
                return

    def adopt(self, is_given_up: Callable[[], bool] = never) -> None:
        """Take over a server that runs already, finishing a bootstrap that was cut off."""
        self.wait_ready(is_given_up)
        self._bootstrap()

    def stop(self, timeout_seconds: int = 30) -> None:
        """Stop the server: fast, and at once when that takes too long (crash-safe, recovery at next start)."""
        if self.pid() is None:
            return
        cluster = str(self.folder.cluster)
        limit = str(timeout_seconds)
        if self._call(
            "pg_ctl", "stop", "-D", cluster, "-m", "fast", "-w", "-t", limit, "-s", check=False
        ).returncode:
            self._call(
                "pg_ctl", "stop", "-D", cluster, "-m", "immediate", "-w", "-t", "10", "-s", check=False
            )

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's client programs."""
        return str(self._programs / name)

    def _initialise(self) -> None:
        fresh = self.folder.cluster.with_name("postgres.new")
        if fresh.exists():  # an initdb that was killed
            subprocess.run(["/bin/rm", "-rf", str(fresh)], check=True)
        passwords = self.folder.passwords()
        with tempfile.NamedTemporaryFile("w", dir=self.folder.run) as file:
            file.write(passwords[SUPERUSER])
            file.flush()
            self.account.own(Path(file.name))
            options = [
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            options += ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={file.name}"]
            options += [] if self._is_durable else ["--no-sync"]
            done = self._call("initdb", "-D", str(fresh), *options, check=False)
        if done.returncode:
            raise SupervisorError(
                _("The database could not be made in {path}: {reason}").format(
                    path=self.folder.cluster, reason=_last_lines(done.stderr)
                )
            )
        self._write(fresh / "pg_hba.conf", "local all all scram-sha-256\n")
        configuration = fresh / "postgresql.conf"
        ending = "\ninclude 'yunheng.conf'\ninclude_if_exists '../postgresql.local.conf'\n"
        self._write(configuration, configuration.read_text() + ending)
        self._write(fresh / "yunheng.conf", _SETTINGS)
        fresh.rename(self.folder.cluster)

    def _write_settings(self) -> None:
        text = _SETTINGS + (_DURABLE if self._is_durable else _FORGETFUL)
        self._write(self.folder.cluster / "yunheng.conf", text)

    def _write(self, path: Path, text: str) -> None:
        """Replace a file of the cluster. As root this writes into a folder of the service's user: a link that lies in
        the file's place is replaced, never followed.
        """
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        self.account.own(Path(name))
        Path(name).replace(path)

    def _check_major(self) -> None:
        made_by = (self.folder.cluster / "PG_VERSION").read_text().strip()
        said = self._call("postgres", "--version").stdout
        ours = said.rsplit(" ", 1)[-1].split(".", 1)[0]
        if made_by != ours:
            raise SupervisorError(
                _(
                    "The database in {path} was made by PostgreSQL {old}; this Yunheng carries PostgreSQL {new}. "
                    "Take a backup with the Yunheng that made it, and restore it with this one into a new data folder."
                ).format(path=self.folder.cluster, old=made_by, new=ours)
            )

    def _bootstrap(self) -> None:
        """Make roles and database. The database comes last: where it exists, all is done."""
        passwords = self.folder.passwords()
        with self.connect(SUPERUSER, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
            for role, right in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
                connection.execute(
                    sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
                        sql.Identifier(role), sql.SQL(right), sql.Literal(passwords[role])
                    )
                )
            with self.connect(SUPERUSER, "template1") as template:
                grant_by_default(template, owner=OWNER, app=APP)
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
        with self.connect(OWNER) as connection:
            open_to_app(connection, DATABASE, app=APP)

    def _call(self, program: str, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run one of the server's programs as its user. Output goes through files: pg_ctl leaves pipes open."""
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        options = {"cwd": "/", **self.account.subprocess_options()}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                [self.program(program), *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, umask=0o077, check=False,
                **options,
            )  # fmt: skip
            out.seek(0)
            err.seek(0)
            done.stdout, done.stderr = out.read(), err.read()
        if check and done.returncode:
            raise SupervisorError(f"{program}: {_last_lines(done.stderr) or done.returncode}")
        return done

    def _log_from(self, position: int) -> str:
        try:
            with self.log.open(encoding="utf-8", errors="replace") as file:
                file.seek(position)
                return file.read()
        except FileNotFoundError:
            return ""


def grant_by_default(connection: "psycopg.Connection[tuple[object, ...]]", *, owner: str, app: str) -> None:
    """What the application may do with tables its owner makes from now on: read and write rows, no more.

    Tables that allow less (the journal) are narrowed by the migration that makes them.
    """
    for rights, kind in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES")):
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} ON {} TO {}").format(
                sql.Identifier(owner), sql.SQL(rights), sql.SQL(kind), sql.Identifier(app)
            )
        )


def open_to_app(connection: "psycopg.Connection[tuple[object, ...]]", database: str, *, app: str) -> None:
    """Let the application, and nobody else, connect to a database of its owner."""
    name = sql.Identifier(database)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(app))
    )


def _comes_from(pid: int, program: str) -> bool:
    try:
        return program in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False


def _last_lines(text: str, count: int = 3) -> str:
    lines: Sequence[str] = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-count:])
