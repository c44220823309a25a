"""What follows from entries many at once: rows written with them, taken in batches, and what wakes the tasks for it.

An entry's row is there when its transaction is, and goes with the transaction of what was done about it: whatever is
killed meanwhile, nothing is lost, and what is undone is done again. Nothing is written into the queue, and nobody is
notified, by the transactions of those who wait for an answer: `waking` looks once a second, in the worker, and starts
one job for all that waits.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.tasks import Task
from procrastinate.types import JSONDict

from . import statements
from .journal import batch_tasks

__all__ = ["carry_out", "wake", "waking"]

BATCH: Final = 100  #: entries that one transaction takes
PAUSE_SECONDS: Final = 1.0  #: between two looks

_log = logging.getLogger(__name__)


def carry_out(
    task: Task[Any, Any, Any],
    handle: Callable[[Sequence[int]], object],
    *,
    alone: Task[Any, Any, Any],
) -> int:
    """Let `handle` do what follows from the entries that wait for a task, by entry, in batches; returns how many.

    Each batch is one transaction with the rows that it takes; another job takes others. A batch that fails is undone as
    a whole, and each of its entries gets a job `alone(entry_id=…)` of its own: one that cannot be handled holds up
    nobody, and is seen among the failed jobs.
    """
    count = 0
    while True:
        try:
            with transaction.atomic():
                taken = _take(task.name)
                if taken:
                    handle(taken)
        except Exception:
            _log.exception("follow_ups.batch_failed", extra={"task_name": task.name})
            with transaction.atomic():
                taken = _take(task.name)
                jobs: list[JSONDict] = [{"entry_id": entry_id} for entry_id in taken]
                if jobs:
                    alone.batch_defer(*jobs)
        count += len(taken)
        if len(taken) < BATCH:
            return count


def _take(task: str) -> list[int]:
    """Delete the oldest rows of a task that nobody else is taking, and give their entries, in order."""
    return sorted(entry_id for (entry_id,) in statements.fetch_all(_TAKE, [task, task, BATCH]))


_TAKE: Final = """
    DELETE FROM follow_up WHERE task = %s AND entry_id = ANY(ARRAY(
        SELECT entry_id FROM follow_up WHERE task = %s ORDER BY entry_id LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING entry_id
"""


def wake() -> list[str]:
    """Start the job of each task that entries wait for, unless it is in the queue already (1 query, and one for each
    started); returns which.
    """
    started = []
    for (name,) in statements.fetch_all(_WAITED_FOR, [batch_tasks()]):
        with suppress(AlreadyEnqueued):
            app.configure_task(name, queueing_lock=name).defer()
            started.append(name)
    return started


_WAITED_FOR: Final = """
    SELECT name FROM unnest(%s::text[]) AS name
    WHERE EXISTS (SELECT FROM follow_up WHERE task = name)
        AND NOT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = name AND status = 'todo')
"""


@contextmanager
def waking() -> Iterator[None]:
    """Wake tasks as long as this goes on, in a thread and over a connection of its own. A database that is away for a
    while is waited for.
    """
    is_over = threading.Event()
    thread = threading.Thread(target=_keep_waking, args=(is_over,), name="waking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(timeout=5)


def _keep_waking(is_over: threading.Event) -> None:
    while not is_over.wait(PAUSE_SECONDS):
        try:
            wake()
        except (DatabaseError, InterfaceError, ConnectorException) as error:
            _log.warning("follow_ups.not_woken", extra={"why": str(error)[:300]})
            connection.close()
    connection.close()
