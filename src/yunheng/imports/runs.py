"""The life of a run: one at a time per scope, found again after a crash, counted row by row."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Conflict

from .models import ImportRun

#: On the web a file is looked at, mapped, tried, and then run; the command line begins with RUNNING.
LOOKING: Final = "looking"
MAPPING: Final = "mapping"
TRYING: Final = "trying"
TRIED: Final = "tried"
QUEUED: Final = "queued"
RUNNING: Final = "running"
FINISHED: Final = "finished"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
#: While a worker has it.
BUSY: Final = frozenset({LOOKING, TRYING, QUEUED, RUNNING})
_LOCK: Final = 0x79756E69  # first half of the advisory lock; the second is the scope


class CancelledError(Exception):
    """Somebody does not want the run any more; what is committed stays."""


@dataclass(slots=True)
class Counts:
    """Rows of a run. `read = imported + rejected + repeated` at every commit."""

    read: int = 0
    imported: int = 0
    rejected: int = 0
    repeated: int = 0

    def check(self) -> None:
        """Every row is accounted for."""
        if self.read != self.imported + self.rejected + self.repeated:
            raise AssertionError(f"rows got lost: {self}")


@contextmanager
def only_one(scope_id: int) -> Iterator[None]:
    """Hold the scope's import lock; the server frees it when this process dies. Raises Conflict."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, scope_id % (1 << 31)])
        if not cursor.fetchone()[0]:
            raise Conflict(_("Another import into this contract is running."))
        try:
            yield
        finally:
            if connection.connection is not None and not connection.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, scope_id % (1 << 31)])


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let Python look for reference cycles seldom: a batch makes hundreds of thousands of objects and no cycle."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def take_up(
    *, scope_id: int, kind: str, file_name: str, digest: bytes, options: Mapping[str, Any]
) -> tuple[ImportRun, bool]:
    """The run of this file that did not end, or a new one; and whether it is taken up again.

    The caller holds `only_one`, so a run that is said to be running has died.
    """
    for run in ImportRun.objects.filter(
        scope_id=scope_id, format=kind, status__in=[RUNNING, FAILED], file_digest=digest
    ).order_by("-pk"):
        if run.options == dict(options):
            ImportRun.objects.filter(pk=run.pk).update(status=RUNNING)
            return run, True
    run = ImportRun.objects.create(
        scope_id=scope_id,
        format=kind,
        file_name=file_name[:255],
        file_digest=digest,
        options=dict(options),
        status=RUNNING,
    )
    return run, False


def continue_run(run: ImportRun, kind: str) -> tuple[ImportRun, bool]:
    """A run that was asked for before it began, and whether it goes on after a crash. The caller holds `only_one`."""
    run.refresh_from_db()
    ImportRun.objects.filter(pk=run.pk).update(status=RUNNING, format=kind)
    run.status, run.format = RUNNING, kind
    return run, run.position > 0


def save_position(run: ImportRun, position: int, counts: Counts, summary: Mapping[str, Any]) -> None:
    """Store how far a run is, in the transaction of the batch."""
    counts.check()
    run.position, run.read, run.imported = position, counts.read, counts.imported
    run.rejected, run.repeated, run.summary = counts.rejected, counts.repeated, dict(summary)
    run.save(update_fields=["position", "read", "imported", "rejected", "repeated", "summary"])


def end(run: ImportRun, status: str, summary: Mapping[str, Any] | None = None) -> None:
    """Store that a run has ended."""
    run.status, run.finished_at = status, timezone.now()
    if summary is not None:
        run.summary = dict(summary)
    run.save(update_fields=["status", "finished_at", "summary"])
