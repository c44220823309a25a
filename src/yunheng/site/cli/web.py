"""`yunheng web`: the web server alone, for `yunheng up` and for machines that only serve pages."""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from yunheng.foundation.supervisor.children import SUPERVISED, follow_parent, follow_supervisor
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.cli.database import reach_database
from yunheng.site.cli.demonstration import honour_mark
from yunheng.site.cli.numbers import whole
from yunheng.site.cli.service import run_as_service_account

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

STATEMENT_SECONDS = 60  # for one statement of a page or the API
_SERVER = "STARTED_BY_WEB_SERVER"  # in the environment of its processes: the id of the one that starts them
_THREADS_PER_WORKER = 6  # each keeps one database connection
_IDLE_SECONDS = 600  # until a thread ends that nobody needed: the next one would connect and prepare anew
#: Of objects: until a look for garbage among the new ones, such looks until one among older ones, and those until one
#: among all. By default a request is held up by several looks, now and then by one among all.
_GARBAGE = (20_000, 20, 20)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng web`"""
    parser = subparsers.add_parser("web", help=_("start only a web server"))
    add_address(parser)


def add_address(parser: argparse.ArgumentParser) -> None:
    """The options that say where to listen."""
    parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on (default %(default)s)"))
    parser.add_argument(
        "--port", type=whole(1, 65_535), default=8080, help=_("port to listen on (default %(default)s)")
    )
    parser.add_argument(
        "--workers", type=whole(1, 64), default=2, help=_("web processes (default %(default)s)")
    )


def check_port(host: str, port: int) -> None:
    """Say clearly that an address cannot be used, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + 3  # processes of a killed predecessor may be on their way out
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as error:
                if time.monotonic() < deadline and not isinstance(error, OverflowError):
                    time.sleep(0.2)
                    continue
                raise SupervisorError(
                    _("{host}:{port} cannot be used: {reason}. Choose another port with --port.").format(
                        host=host, port=port, reason=getattr(error, "strerror", None) or error
                    )
                ) from error
        return


def warn_of_mail() -> None:
    """Say what is missing where mails go out and nobody said under which address people come."""
    if os.environ.get("YUNHENG_MAIL_URL") and not os.environ.get("YUNHENG_ORIGINS", "").strip(" ,"):
        text = _(
            "YUNHENG_MAIL_URL names a mail server, but YUNHENG_ORIGINS is not set: mails will hold no links, and no"
            " invitations or new passwords are sent by mail. Set YUNHENG_ORIGINS to the address under which people"
            " reach Yunheng, such as https://it.example.com."
        )
        print(text, file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    follow_supervisor()
    run_as_service_account()
    if not os.environ.get(SUPERVISED):  # else it has looked, and starts this process until it comes up
        check_port(args.host, args.port)
        warn_of_mail()
    with reach_database() as database:
        honour_mark(database, args.host)
        serve(args.host, args.port, args.workers)
    return 0


def serve(host: str, port: int, workers: int) -> None:
    """Run granian on the product; its processes end with this one."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunheng.site.settings")
    os.environ[_SERVER] = str(os.getpid())
    Granian(
        "yunheng.site.cli.web:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # a body over HTTP/2 that breaks off would be waited for without end or rest
        workers=workers,
        blocking_threads=_THREADS_PER_WORKER,
        blocking_threads_idle_timeout=_IDLE_SECONDS,
        backlog=512,
        factory=True,
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    ).serve()


def application() -> object:
    """The WSGI application in one of the server's processes."""
    # Told to end gently, a process whose server was killed may wait for ever on what it serves.
    follow_parent(signal.SIGKILL, expected=int(os.environ[_SERVER]))
    os.environ.setdefault("PGAPPNAME", "yunheng web")  # in pg_stat_activity
    from yunheng.site.logging import configure

    logs = Path(os.environ["YUNHENG_DATA"]) / "logs"
    try:
        from yunheng.site import wsgi

        load()
    except Exception:  # the web server says nothing of it, and starts the next one
        configure("web", logs)
        logging.getLogger("yunheng.web").critical("the pages could not be loaded", exc_info=True)
        raise
    configure("web", logs)
    limit_statements(STATEMENT_SECONDS)
    gc.freeze()  # what was loaded stays: no collection of garbage looks through it again
    gc.set_threshold(*_GARBAGE)
    return wsgi.application


def load() -> None:
    """Load what the first requests would wait for: the addresses with all pages and the API behind them, and the words
    of every language.
    """
    from django.conf import settings
    from django.urls import get_resolver
    from django.utils import translation

    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Search")
            _ = get_resolver().reverse_dict


def limit_statements(seconds: int) -> None:
    """Have the database give up on whatever takes longer, on every connection that this process opens from now on.

    Nobody waits for such an answer, and a few of them would hold every thread. Commands and jobs have no such limit.
    """
    from django.db.backends.signals import connection_created

    def limit(*, connection: "BaseDatabaseWrapper", **_named: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{seconds}s"])

    connection_created.connect(limit, weak=False, dispatch_uid="yunheng.limit_statements")
