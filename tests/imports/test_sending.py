"""Rows that another thread sends: all or none are there, and a failure reaches the one who waits."""

import pytest
from django.db import DatabaseError, connection, transaction
from tests.imports.conftest import life

from yunheng.desk.models import Ticket
from yunheng.imports.actions import import_servicenow
from yunheng.imports.models import ImportRun
from yunheng.imports.sending import Sender
from yunheng.imports.source import SourceError
from yunheng.sla.models import Term

COPY = "COPY term (text) FROM STDIN"
COPY_IDS = "COPY term (id, text) FROM STDIN"


def texts():
    return set(Term.objects.exclude(pk=0).values_list("text", flat=True))


def test_all_blocks_of_all_statements_arrive_in_order(db):
    with transaction.atomic(), Sender() as sender:
        sender.copy(COPY, (f"a{number}\n".encode() for number in range(100)))
        sender.copy(COPY_IDS, [b"900001\tb\n", b"900002\tc\n"])
        sender.copy(COPY, [b"d\n"])
    assert texts() == {*(f"a{number}" for number in range(100)), "b", "c", "d"}


def test_what_comes_afterwards_sees_all_rows(db):
    seen = []
    with transaction.atomic(), Sender() as sender:
        sender.copy(COPY, [b"a\n"])
        sender.afterwards(lambda: seen.append(texts()))
    assert seen == [{"a"}]


def test_nothing_to_send_is_no_thread(db):
    with Sender() as sender:
        pass
    assert sender._thread is None


@pytest.mark.parametrize("rows", [[b"a\n", b"a\n"], [b"a\tb\tc\n"], [b"a\n"] * 500])
def test_a_failure_of_the_server_is_raised_where_rows_are_awaited(db, rows):
    later = []
    with pytest.raises(DatabaseError), transaction.atomic(), Sender() as sender:
        sender.copy(COPY, rows)
        sender.afterwards(lambda: later.append(1))
    assert not texts()
    assert not later
    assert connection.is_usable()


def test_a_failure_of_the_maker_gives_up_what_was_sent(db):
    def blocks():
        yield b"a\n"
        raise KeyError("row")

    with pytest.raises(KeyError), transaction.atomic(), Sender() as sender:
        sender.copy(COPY, [b"b\n"])
        sender.copy(COPY_IDS, [b"900001\tc\n"])
        sender.copy(COPY, blocks())
    assert not texts()
    assert connection.is_usable()


def test_a_batch_that_cannot_be_read_leaves_the_one_before_it_committed(contract, write_log, monkeypatch):
    monkeypatch.setattr("yunheng.imports.actions.BATCH_ROWS", 8)
    monkeypatch.setattr("yunheng.imports.grouping.MAX_GROUP", 8)
    rows = [*life("INC1"), *life("INC2"), *life("INC3"), life("INC3")[-1], *life("INC4")]
    with pytest.raises(SourceError, match="INC3"):
        import_servicenow(contract=contract, path=write_log(rows))
    run = ImportRun.objects.get()
    assert (run.status, run.position, run.imported) == ("failed", 16, 16)
    assert Ticket.objects.count() == 2
