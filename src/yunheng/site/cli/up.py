"""`yunheng up`: database, web server and worker under one supervisor, until Ctrl-C or SIGTERM."""

import argparse
import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from types import FrameType

import psycopg

from yunheng.foundation.supervisor.children import Child, stop
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.lease import FileLock
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.cli.database import APP_URL, OWNER_URL, Database, is_marked, mark_migrated, reach_database
from yunheng.site.cli.demonstration import (
    MODE,
    Stage,
    honour_mark,
    is_marked_folder,
    require_this_machine,
)
from yunheng.site.cli.service import CALLED_AS, run_as_service_account
from yunheng.site.cli.web import add_address, check_port, warn_of_mail

logger = logging.getLogger("yunheng.up")

_READY_WITHIN_SECONDS = 300.0
_DEATHS_BEFORE_READY = 3
_TICK_SECONDS = 0.2


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng up`"""
    parser = subparsers.add_parser("up", help=_("start everything and print the address"))
    add_address(parser)


def run(args: argparse.Namespace) -> int:
    """Bring everything up, keep it up, and take it down in order."""
    return bring_up(args)


def bring_up(args: argparse.Namespace, stage: Stage | None = None) -> int:
    """The same; `stage` prepares and guards a demonstration."""
    folder = run_as_service_account()
    if stage is None and is_marked_folder(folder.path):
        stage = Stage(is_fresh=False)
    if stage is not None:
        require_this_machine(args.host)
        os.environ[MODE] = "1"
    signals = _Signals()
    with ExitStack() as stack:
        lock = FileLock(folder.run / "up", folder.account)
        _refuse_a_second(lock, args)
        stack.callback(lock.release)
        _log_to(folder)
        check_port(args.host, args.port)
        if stage is None:
            warn_of_mail()
        if stage is not None:
            stage.before_database(folder)
        try:
            database = stack.enter_context(reach_database(lambda: signals.asked))
        except SupervisorError:
            if signals.asked:
                return 0
            raise
        environment = {**os.environ, "YUNHENG_DATA": str(folder.path), APP_URL: database.app_url}
        environment.pop(OWNER_URL, None)
        if not is_marked(database):
            _migrate({**environment, OWNER_URL: database.owner_url})
            mark_migrated(database)
        if stage is not None:
            stage.check_database(database)
        elif honour_mark(database, args.host):
            environment[MODE] = "1"
        children = _children(args, database, environment)
        stack.callback(stop, children[::-1])
        for child in children:
            child.tend()
        address = f"http://{_shown(args.host)}:{args.port}"
        if not _wait_until_ready(args, database, children, signals):
            return 0 if signals.asked else 1
        print(_("Yunheng is ready: {address}").format(address=address), flush=True)
        if stage is None:
            _tell_first_steps(database)
        else:
            stack.callback(stage.stop)
            stage.start(database, environment)
        while not signals.asked:
            _tend(database, children)
            if stage is not None:
                stage.tend(database)
            time.sleep(_TICK_SECONDS)
        print(_("Stopping …"), file=sys.stderr, flush=True)
    return 0


class _Signals:
    """Remembers that somebody asked to stop; a second request while stopping is the same request."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def _refuse_a_second(lock: FileLock, args: argparse.Namespace) -> None:
    if lock.try_acquire():
        lock.write(json.dumps({"pid": os.getpid(), "address": f"http://{_shown(args.host)}:{args.port}"}))
        return
    try:
        other = json.loads(lock.read())
    except ValueError:
        other = {"pid": "?", "address": "?"}
    lock.release()
    raise SupervisorError(
        _("Yunheng already runs on the data folder {path}: process {pid}, {address}").format(
            path=lock.path.parent.parent, **other
        )
    )


def _log_to(folder: DataFolder) -> None:
    from yunheng.site.logging import configure

    configure("up", folder.logs)


def _migrate(environment: dict[str, str]) -> None:
    """Apply migrations in a process of its own, so that the supervisor stays small."""
    command = [sys.executable, "-m", "yunheng.site.cli", "migrate", "--quiet"]
    if subprocess.run(command, env=environment, check=False).returncode:
        raise SupervisorError(_("The database changes could not be applied."))


def _children(args: argparse.Namespace, database: Database, environment: dict[str, str]) -> list[Child]:
    """The worker and the web server. They inherit the lease: the database stays while one of them lives."""
    program = [sys.executable, "-m", "yunheng.site.cli"]
    lease = [database.embedded.lease.fileno()] if database.embedded else []
    address = ["--host", args.host, "--port", str(args.port), "--workers", str(args.workers)]
    return [
        Child("worker", [*program, "worker"], environment, lease, stop_seconds=20),
        Child("web", [*program, "web", *address], environment, lease, stop_seconds=12),
    ]


def _tend(database: Database, children: list[Child]) -> None:
    if database.embedded and database.embedded.revive():
        logger.warning("PostgreSQL had died and was started again")
    for child in children:
        child.tend()


def _wait_until_ready(
    args: argparse.Namespace, database: Database, children: list[Child], signals: _Signals
) -> bool:
    """Until /readyz answers 200. Raises SupervisorError with the reasons when it does not come to that."""
    url = f"http://{_shown(args.host)}:{args.port}/readyz"
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    reason = ""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and not signals.asked:
        _tend(database, children)
        for child in children:
            if child.deaths >= _DEATHS_BEFORE_READY:
                raise SupervisorError(
                    _("{name} ended {count} times while starting (status {status}); see {path}").format(
                        name=child.name,
                        count=child.deaths,
                        status=child.last_status,
                        path=database.folder.logs / "yunheng.jsonl",
                    )
                )
        try:
            with opener.open(urllib.request.Request(url, headers={"Host": "localhost"}), timeout=5):
                return True
        except urllib.error.HTTPError as error:
            reason = error.read(2000).decode(errors="replace") if error.code == 503 else str(error)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error)
        time.sleep(0.1)
    if signals.asked:
        return False
    raise SupervisorError(
        _("Not ready after {seconds} seconds: {reason}").format(
            seconds=int(_READY_WITHIN_SECONDS), reason=reason
        )
    )


def _tell_first_steps(database: Database) -> None:
    """On a new system nobody can sign in yet, and there is no default password: say what to do."""
    with psycopg.connect(database.app_url) as connection:
        row = connection.execute("SELECT EXISTS (SELECT 1 FROM person)").fetchone()
    if row != (False,):
        return
    yunheng = os.environ.get(CALLED_AS, "yunheng")
    steps = [
        _("Nobody can sign in yet. Create the first administrator, in another terminal:"),
        f"  {yunheng} organisation create ops --name OPS --kind provider",
        f"  {yunheng} person create LOGIN --name NAME --organisation ops",
        f"  {yunheng} membership grant LOGIN provider_admin --everywhere",
    ]
    print("\n".join(steps), flush=True)


def _shown(host: str) -> str:
    """The host part of an address that can be opened."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
