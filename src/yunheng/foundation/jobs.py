"""Background jobs on Procrastinate: the journal's own, the recovery of stalled ones, and where packages put theirs.

A package's `jobs.py` defines `blueprint = Blueprint()` and its tasks on it; `configure` adds them under the package's
label ("sla:sweep"). Jobs are deferred in the caller's transaction and run at least once, so each is idempotent.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from procrastinate import App, Blueprint, JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from .idempotency import forget_old_keys
from .models import LogAudit, Scope
from .sealing import check_log, seal

__all__ = [
    "blueprint",
    "check_logs",
    "check_new_entries",
    "configure",
    "forget_idempotency_keys",
    "seal_entries",
]

logger = logging.getLogger(__name__)
blueprint = Blueprint()

STALLED_AFTER_SECONDS = 20
"""A worker that has not been heard of for so long is dead, and its jobs run again."""


class BrokenLogError(RuntimeError):
    """A log is not what was recorded or signed; the job fails so that it is seen."""


def configure(app: App) -> None:
    """Give the application the jobs of every package. Called once, when Django's models are loaded."""
    for config in apps.get_app_configs():
        module = f"{config.name}.jobs"
        if config.name.startswith("yunheng.") and find_spec(module):
            tasks = getattr(import_module(module), "blueprint", None)
            if tasks is not None:
                app.add_tasks_from(tasks, namespace=config.label)


@blueprint.periodic(cron="* * * * * */15", periodic_id="seal")
@blueprint.task(name="seal", queueing_lock="foundation:seal")
def seal_entries(timestamp: int) -> None:
    """Seal what waits, four times a minute, so that nothing waits for a minute."""
    report = seal(is_waiting=False)
    if report.refused:
        raise BrokenLogError("; ".join(f"log {key}: {reason}" for key, reason in report.refused))


@blueprint.periodic(cron="*/5 * * * *", periodic_id="check_new_entries")
@blueprint.task(name="check_new_entries", queueing_lock="foundation:check_new_entries")
def check_new_entries(timestamp: int) -> None:
    """Verify what was recorded and signed since the last audit, against the head that it saw."""
    _check(is_full=False)


@blueprint.periodic(cron="20 3 * * *", periodic_id="check_logs")
@blueprint.task(name="check_logs", queueing_lock="foundation:check_logs")
def check_logs(timestamp: int) -> None:
    """Verify every log from its first entry, once a night."""
    _check(is_full=True)


@blueprint.periodic(cron="* * * * * */10", periodic_id="retry_stalled_jobs")
@blueprint.task(name="retry_stalled_jobs", queueing_lock="foundation:retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Run the jobs of dead workers again; where an equal job waits already, that one is enough."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        if job.id is None or (context.job is not None and job.id == context.job.id):
            continue
        try:
            await jobs.retry_job(job)
        except UniqueViolation:  # its queueing lock is taken
            await jobs.finish_job_by_id_async(job_id=job.id, status=Status.ABORTED, delete_job=False)
        logger.warning("job %s (%s) lost its worker", job.id, job.task_name)


@blueprint.periodic(cron="40 * * * *", periodic_id="forget_old_jobs")
@blueprint.task(name="forget_old_jobs", queueing_lock="foundation:forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    """Finished jobs stay for a day, failed ones for thirty."""
    jobs = context.app.job_manager
    await jobs.delete_old_jobs(nb_hours=24, include_aborted=True, include_cancelled=True)
    await jobs.delete_old_jobs(nb_hours=30 * 24, include_failed=True)


@blueprint.periodic(cron="25 * * * *", periodic_id="forget_idempotency_keys")
@blueprint.task(name="forget_idempotency_keys", queueing_lock="foundation:forget_idempotency_keys")
def forget_idempotency_keys(timestamp: int) -> None:
    """Answers of the API that are kept under a key go after a day."""
    forget_old_keys(datetime.now(UTC))


def _check(*, is_full: bool) -> None:
    broken = []
    for scope in Scope.objects.order_by("key"):
        before = LogAudit.objects.filter(scope=scope).order_by("-pk").first()
        check = check_log(scope, is_full=is_full)
        found = [str(problem) for problem in check.problems]
        if (
            is_full
            or before is None
            or (before.size, before.last_entry) != (check.size, check.last_entry)
            or check.problem_count != before.problem_count
        ):
            check.keep(scope)
        for problem in found[:20]:
            logger.critical("log %s: %s", scope.key, problem)
        if check.problem_count:
            broken.append(f"log {scope.key}: {check.problem_count} problems, first: {found[0]}")
    if broken:
        raise BrokenLogError("; ".join(broken))
