"""Periodic jobs: sealing, verification, and the recovery of jobs whose worker died."""

import pytest
from django.db import connection, transaction
from procrastinate import Blueprint
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.foundation.ground import make_draft, make_scope

from yunheng.foundation import jobs, sealing
from yunheng.foundation.journal import record
from yunheng.foundation.models import LogAudit, LogState, Scope, Unsealed
from yunheng.site.cli.worker import connector_of_worker


@pytest.fixture(autouse=True)
def own_keys(tmp_path, settings):
    settings.DATA = tmp_path


def test_every_job_of_the_journal_is_registered():
    periodic = {task.name: cron for (task, _), cron in periodic_tasks()}
    assert periodic["foundation:seal"] == "* * * * * */15"
    assert set(periodic) >= {
        "foundation:seal",
        "foundation:check_new_entries",
        "foundation:check_logs",
        "foundation:retry_stalled_jobs",
        "foundation:forget_old_jobs",
    }


def periodic_tasks():
    for (_name, periodic_id), entry in app.periodic_registry.periodic_tasks.items():
        yield (entry.task, periodic_id), entry.cron


def test_the_sealing_job_seals(scope, draft):
    record(draft())
    jobs.seal_entries(0)
    assert not Unsealed.objects.exists()


def test_the_sealing_job_fails_loudly_when_a_log_is_broken(scope, draft):
    record(draft())
    jobs.seal_entries(0)
    LogState.objects.update(frontier=bytes(32))
    record(draft())
    with pytest.raises(jobs.BrokenLogError, match="log acme"):
        jobs.seal_entries(0)


def test_verification_keeps_an_audit_when_there_is_something_new(scope, draft):
    record(draft())
    jobs.seal_entries(0)
    jobs.check_new_entries(0)
    jobs.check_new_entries(0)
    assert [(audit.is_full, audit.size) for audit in LogAudit.objects.all()] == [(False, 1)]
    jobs.check_logs(0)
    assert LogAudit.objects.filter(is_full=True).count() == 1


def test_verification_fails_loudly_and_names_the_entry(scope, draft, caplog):
    pk = record(draft())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM unsealed")
    with pytest.raises(jobs.BrokenLogError, match=f"entry {pk} of ACME"):
        jobs.check_new_entries(0)
    assert LogAudit.objects.get().problem_count == 1
    assert any(
        entry.levelname == "CRITICAL" and f"entry {pk}" in entry.getMessage() for entry in caplog.records
    )


@pytest.fixture
def counted(monkeypatch):
    """A job that counts its runs; beside it a worker runs nothing that is due by the clock."""
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})
    blueprint, runs = Blueprint(), []

    @blueprint.task(name="count", queueing_lock="count")
    def count(place: int) -> None:
        runs.append(place)

    app.add_tasks_from(blueprint, namespace="test")
    yield count, runs
    del app.tasks["test:count"]


def work():
    """Run what waits, as a worker of its own would, then return."""
    with app.replace_connector(app.connector.get_worker_connector()) as worker:
        worker.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)


def test_a_job_of_a_dead_worker_runs_again(committed_db, counted):
    task, runs = counted
    task.defer(place=1)
    kill_the_worker_of(committed_db)
    work()
    assert runs == []
    app.configure_task("foundation:retry_stalled_jobs").defer(timestamp=0)
    work()
    work()
    assert runs == [1]


def test_a_stalled_job_gives_way_to_an_equal_one_that_waits(committed_db, counted):
    task, runs = counted
    task.defer(place=1)
    kill_the_worker_of(committed_db)
    task.configure(schedule_in={"hours": 1}).defer(place=2)
    app.configure_task("foundation:retry_stalled_jobs").defer(timestamp=0)
    work()
    assert runs == []
    states = (
        ProcrastinateJob.objects.filter(task_name="test:count")
        .order_by("id")
        .values_list("status", flat=True)
    )
    assert list(states) == ["aborted", "todo"]


def kill_the_worker_of(database):
    """What SIGKILL leaves behind: jobs under way, and a worker that sends no more signs of life."""
    with database.connect("app") as session:
        session.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
            " RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)"
            " WHERE status = 'todo' AND task_name = 'test:count'"
        )


def test_jobs_run_by_a_worker_seal(committed_db):
    with transaction.atomic():
        record(make_draft(make_scope()))
        app.configure_task("foundation:seal").defer(timestamp=0)
    work()
    assert not Unsealed.objects.exists()
    assert sealing.check_log(Scope.objects.get()).is_sound


@pytest.mark.django_db
def test_what_a_job_of_the_worker_defers_belongs_to_its_transaction() -> None:
    def waiting() -> int:
        return ProcrastinateJob.objects.filter(task_name="foundation:seal").count()

    with app.replace_connector(connector_of_worker(app)) as worker:
        with transaction.atomic():
            worker.configure_task("foundation:seal").defer(timestamp=0)
            assert waiting() == 1
            transaction.set_rollback(True)
        assert waiting() == 0
        with transaction.atomic():
            worker.configure_task("foundation:seal").defer(timestamp=0)
        assert waiting() == 1
