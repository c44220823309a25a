"""`yunheng worker`: background jobs alone, for `yunheng up` and for machines that only work."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from yunheng.foundation.supervisor.children import follow_supervisor
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.cli.database import reach_database, set_up_django
from yunheng.site.cli.demonstration import honour_mark
from yunheng.site.cli.numbers import whole
from yunheng.site.cli.service import run_as_service_account

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.connector import BaseAsyncConnector

_YIELDING = 10  # where processors are scarce, whoever waits for a page comes before the jobs


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng worker`"""
    parser = subparsers.add_parser("worker", help=_("start only a worker for background jobs"))
    parser.add_argument(
        "--jobs", type=whole(1, 100), default=4, help=_("jobs at the same time (default %(default)s)")
    )


def run(args: argparse.Namespace) -> int:
    """Work until told to stop; a job that runs then gets time to end."""
    follow_supervisor()
    run_as_service_account()
    with reach_database() as database:
        honour_mark(database)
        os.environ.setdefault("PGAPPNAME", "yunheng worker")  # in pg_stat_activity
        set_up_django()
        os.nice(_YIELDING)
        work(args.jobs, database.folder.logs)
    return 0


def work(jobs: int, logs: Path) -> None:
    """Run a Procrastinate worker on all queues, periodic tasks included."""
    from procrastinate.contrib.django import app

    from yunheng.foundation.follow_ups import waking
    from yunheng.site.logging import configure

    configure("worker", logs)
    with app.replace_connector(connector_of_worker(app)) as worker, waking():
        worker.run_worker(
            name="yunheng",
            concurrency=jobs,
            shutdown_graceful_timeout=15,
            update_heartbeat_interval=5,
            stalled_worker_timeout=20,
            fetch_job_polling_interval=2,
        )


def connector_of_worker(app: "App") -> "BaseAsyncConnector":
    """What the worker fetches jobs with.

    What a job defers in turn goes through Django's connection like everywhere else: in the transaction of what it
    belongs to, so that nothing runs before that is committed.
    """
    from procrastinate.contrib.django.django_connector import DjangoConnector

    ours = app.connector
    assert isinstance(ours, DjangoConnector)
    connector = ours.get_worker_connector()
    connector.get_sync_connector = lambda: ours  # type: ignore[method-assign]
    return connector
