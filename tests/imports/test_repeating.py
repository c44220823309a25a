"""The same file twice, a longer file, rows that come late, claims that change, and a run that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection
from tests.imports.conftest import applied_contract, life, log_row, log_text

from yunheng.desk.models import Ticket
from yunheng.foundation.models import Entry, LogLeaf
from yunheng.foundation.refusals import Conflict
from yunheng.imports.actions import import_servicenow
from yunheng.imports.models import ImportKey, ImportRun
from yunheng.imports.runs import only_one
from yunheng.logic.facts import FactKind
from yunheng.sla.models import ClockFact, LiveClock, Pause
from yunheng.sla.queries import facts_of


def bring(contract, path):
    return import_servicenow(contract=contract, path=path)


def told(number):
    """What the clocks know of an incident, whichever entries say it."""
    ticket = Ticket.objects.get(source_number=number)
    facts = facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    return sorted((fact.at, fact.kind, fact.term, fact.party) for fact in facts)


def stock():
    return {
        model.__name__: model.objects.count()
        for model in (Entry, LogLeaf, Ticket, ClockFact, ImportKey, LiveClock, Pause)
    }


def test_the_same_file_again_changes_nothing(contract, write_log):
    path = write_log(life("INC1") + life("INC2"))
    bring(contract, path)
    before = stock()
    report = bring(contract, path)
    counts = report.counts
    assert (counts.read, counts.imported, counts.rejected, counts.repeated) == (16, 0, 0, 16)
    assert report.entries == 0
    assert stock() == before
    assert ImportRun.objects.count() == 2


def test_the_same_row_twice_in_a_file_is_taken_once(contract, write_log):
    rows = life("INC1")
    report = bring(contract, write_log([*rows, rows[2]]))
    assert (report.counts.imported, report.counts.repeated) == (8, 1)


@pytest.mark.parametrize("cut", [1, 3, 5, 7])
def test_a_longer_file_adds_only_its_new_rows(contract, write_log, cut):
    """Whatever was known first, in the end it is as if the whole file had come at once."""
    later = life("INC1")
    open_yet = [row | {"resolved_at": "?", "closed_at": "?", "closed_code": "?"} for row in later[:cut]]
    bring(contract, write_log(open_yet + life("INC2"), "first.csv"))
    report = bring(contract, write_log(later + life("INC2"), "second.csv"))
    assert (report.counts.imported, report.counts.repeated) == (8 - cut, cut + 8)
    assert report.entries == 8 - cut + 1  # and the source claims something else now
    one, two = told("INC1"), told("INC2")
    assert one == two
    first, second = Ticket.objects.order_by("source_number")
    for name in ("state", "resolved_at", "closed_at", "moved_at", "reopen_count", "priority"):
        assert getattr(first, name) == getattr(second, name)
    assert Pause.objects.filter(ended_at=None).count() == 0
    clocks = list(
        LiveClock.objects.order_by("kind", "subject_id").values_list("status", "elapsed_seconds", "is_met")
    )
    assert clocks[0] == clocks[1]
    assert clocks[2] == clocks[3]


def test_a_file_with_nothing_but_the_new_rows_continues_the_story(contract, write_log):
    rows = life("INC1")
    bring(contract, write_log(rows[:3], "first.csv"))
    bring(contract, write_log(rows[3:], "second.csv"))
    bring(contract, write_log(life("INC2"), "third.csv"))
    assert told("INC1") == told("INC2")


@pytest.mark.parametrize("late", [[0], [2], [4], [1, 2], [2, 5], [3, 4, 6]])
def test_rows_that_come_late_correct_what_followed(contract, write_log, late):
    """Rows that were rejected, mended and brought again: recorded facts that no longer hold are superseded."""
    rows = life("INC1")
    bring(contract, write_log([row for place, row in enumerate(rows) if place not in late], "first.csv"))
    bring(contract, write_log(rows, "second.csv"))
    bring(contract, write_log(life("INC2"), "third.csv"))
    assert told("INC1") == told("INC2")
    first, second = Ticket.objects.order_by("source_number")
    assert (first.resolved_at, first.closed_at, first.reopen_count) == (
        second.resolved_at,
        second.closed_at,
        second.reopen_count,
    )
    waits = [
        list(Pause.objects.filter(subject_id=ticket.pk).values_list("began_at", "ended_at", "reason"))
        for ticket in (first, second)
    ]
    assert waits[0] == waits[1]


def test_claims_that_change_supersede_those_before(contract, write_log):
    bring(contract, write_log(life("INC1"), "first.csv"))
    moved = life("INC1", resolved_at="1/3/2016 11:00")
    report = bring(contract, write_log(moved, "second.csv"))
    assert (report.counts.imported, report.entries) == (0, 1)
    claimed = [at for at, kind, _term, _party in told("INC1") if kind == FactKind.ASSERTED_RESOLVED]
    assert len(claimed) == 1
    bring(contract, write_log(life("INC2", resolved_at="1/3/2016 11:00"), "third.csv"))
    assert told("INC1") == told("INC2")
    report = bring(contract, write_log(life("INC1"), "fourth.csv"))  # and back again
    assert report.entries == 1


def test_another_import_into_the_contract_has_to_wait(committed_db, write_log):
    contract = applied_contract()
    path = write_log(life("INC1"))
    with committed_db.connect() as other:
        with only_one(contract.pk):
            key = (
                connection.cursor()
                .execute("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")
                .fetchone()[0]
            )
        classid = 0x79756E69
        other.execute("SELECT pg_advisory_lock(%s, %s)", [classid, key])
        with pytest.raises(Conflict):
            bring(contract, path)
    assert bring(contract, path).counts.imported == 8


_KILLED = """
import sys, time
from pathlib import Path
import django
django.setup()
from yunheng.contracts.models import Contract
from yunheng.imports import actions
actions.BATCH_ROWS = 80
plain = actions.write_histories
batches = 0
def slowly(*arguments, **named):
    global batches
    written = plain(*arguments, **named)
    batches += 1
    if batches > int(sys.argv[2]):
        print("inside", flush=True)  # in the transaction of a batch that will never be committed
        time.sleep(60)
    return written
actions.write_histories = slowly
actions.import_servicenow(contract=Contract.objects.get(scope__key="uci"), path=Path(sys.argv[1]))
"""


@pytest.mark.chaos
@pytest.mark.parametrize("batches", [0, 3])
def test_a_killed_run_goes_on_where_it_stopped(committed_db, data_folder, tmp_path, batches):
    contract = applied_contract()
    rows = [row for place in range(60) for row in life(f"INC{place:04d}")]
    rows.insert(100, log_row("INC9999", "New", "31/2/2016 02:00"))
    path = tmp_path / "log.csv"
    path.write_text(log_text(rows), encoding="utf-8")
    environment = {
        **os.environ,
        "YUNHENG_DATABASE_URL": committed_db.app_url,
        "YUNHENG_DATA": str(data_folder),
        "DJANGO_SETTINGS_MODULE": "yunheng.site.settings",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(path), str(batches)], env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"inside\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = ImportRun.objects.get()
    assert run.status == "running"
    assert run.position == run.read == run.imported + run.rejected
    assert run.imported == ImportKey.objects.count()
    assert (run.position > 0) == (batches > 0)

    errors = tmp_path / "errors.csv"
    report = _when_free(lambda: import_servicenow(contract=contract, path=path, errors=errors))
    assert report.is_resumed
    counts = report.counts
    assert (counts.read, counts.imported, counts.rejected, counts.repeated) == (481, 480, 1, 0)
    assert ImportRun.objects.count() == 1
    assert "31/2/2016 02:00" in errors.read_text(encoding="utf-8-sig")
    assert Ticket.objects.count() == 60
    assert Entry.objects.filter(type="ticket.observed").count() == 480
    assert Entry.objects.filter(type="source.asserted").count() == 60
    assert LogLeaf.objects.count() == Entry.objects.count()
    assert LiveClock.objects.count() == 120
    assert report.summary["rows_by_state"]["Resolved"] == 120
    again = import_servicenow(contract=contract, path=path)
    assert (again.counts.repeated, again.counts.rejected, again.entries) == (480, 1, 0)


def _when_free(call):
    """The server notices a killed client within a moment, and then frees its lock."""
    for _attempt in range(100):
        try:
            return call()
        except Conflict:
            time.sleep(0.1)
    raise AssertionError("the lock of the killed run was never freed")
