"""Actions in transactions: undone by themselves, or with the whole that they belong to."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from yunheng.foundation.models import Scope
from yunheng.foundation.transactions import action, apart, whole


@action
def write(key: str, *, refused: bool = False) -> str:
    """Makes a scope; refuses after it has written."""
    Scope.objects.create(key=key, name=key, zone="UTC")
    if refused:
        raise ValueError(key)
    return key


def keys() -> set[str]:
    return set(Scope.objects.values_list("key", flat=True))


def savepoints(captured: CaptureQueriesContext) -> int:
    return sum(query["sql"].startswith("SAVEPOINT") for query in captured.captured_queries)


def test_by_itself_it_is_a_transaction(committed_db):
    assert write("one") == "one"
    with pytest.raises(ValueError, match="two"):
        write("two", refused=True)
    assert not connection.in_atomic_block
    assert keys() == {"one"}


def test_in_another_transaction_it_is_undone_by_itself(committed_db):
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        write("one")
        with pytest.raises(ValueError, match="two"):
            write("two", refused=True)
        write("three")
    assert savepoints(captured) == 3
    assert keys() == {"one", "three"}


def test_in_a_whole_it_takes_no_savepoint_and_falls_with_the_whole(committed_db):
    with CaptureQueriesContext(connection) as captured, whole():
        write("one")
        write("two")
    assert savepoints(captured) == 0
    with pytest.raises(ValueError, match="four"), whole():
        write("three")
        write("four", refused=True)
    with whole():  # as an answer that is an error
        write("five")
        transaction.set_rollback(True)
    assert keys() == {"one", "two"}
    with pytest.raises(ValueError, match="six"), transaction.atomic():  # the whole is over
        write("six", refused=True)


def test_apart_in_a_whole_it_is_undone_by_itself(committed_db):
    with whole():
        write("one")
        with apart(), pytest.raises(ValueError, match="two"):
            write("two", refused=True)
        with CaptureQueriesContext(connection) as captured:
            write("three")
        assert savepoints(captured) == 0
    assert keys() == {"one", "three"}
