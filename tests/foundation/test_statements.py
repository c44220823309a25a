"""Statements that stay prepared: what they answer, who watches them, and that they outlive what goes wrong."""

import time
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from yunheng.foundation import statements
from yunheng.foundation.models import Scope

_AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
_ASKED = "SELECT %s::timestamptz, %s::bigint, %s::text, %s::bigint[]"


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def test_answers_are_those_of_any_cursor(db):
    values = [_AT, 7, "值", [1, None]]
    assert statements.fetch_one(_ASKED, values) == (_AT, 7, "值", [1, None])
    assert statements.fetch_all("SELECT n FROM generate_series(1, %s) n", [3]) == [(1,), (2,), (3,)]
    assert statements.fetch_one("SELECT 1 WHERE %s", [False]) is None
    assert statements.run("SELECT FROM generate_series(1, %(n)s) n", {"n": 2}) == 2


def test_a_statement_is_prepared_once_and_the_others_never(db):
    for number in range(7):
        statements.fetch_one("SELECT %s::int + 40", [number])
        Scope.objects.filter(pk=number).first()
    assert [text for text in prepared() if "+ 40" in text or 'FROM "scope"' in text] == [
        "SELECT $1::int + 40"
    ]


def test_who_watches_sees_them_with_their_text(db):
    for _time in range(2):  # also when it goes by its name
        with CaptureQueriesContext(connection) as captured:
            statements.fetch_one("SELECT %s::int + 41", [1])
        assert [query["sql"] for query in captured.captured_queries] == ["SELECT %s::int + 41"]


def test_a_refused_statement_is_django_s_error_and_the_next_one_works(db):
    for _time in range(2):
        with pytest.raises(IntegrityError), transaction.atomic():
            statements.run("INSERT INTO scope (uuid, key) VALUES (gen_random_uuid(), %s)", ["x"])
        assert statements.fetch_one("SELECT %s::int + 42", [1]) == (43,)


def test_a_lost_connection_is_noticed_and_replaced(committed_db):
    assert statements.fetch_one("SELECT %s::int + 43", [1]) == (44,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    with psycopg.connect(committed_db.superuser_url, autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(OperationalError):
        statements.fetch_one("SELECT %s::int + 43", [1])
    connection.close_if_unusable_or_obsolete()
    assert statements.fetch_one("SELECT %s::int + 43", [1]) == (44,)


def test_an_instance_is_one_of_the_database_and_reads_the_rest_when_asked(db, django_assert_num_queries):
    stored = Scope.objects.create(key="acme", name="Acme", zone="UTC")
    row = statements.fetch_one(f"SELECT {statements.columns_of(Scope)} FROM scope WHERE id = %s", [stored.pk])
    whole = statements.made_of(Scope, row)
    part = statements.made_of(Scope, [stored.pk, "acme"], ["id", "key"])
    with django_assert_num_queries(0):
        assert whole == part == stored
        assert (whole.name, whole.zone, part.key) == ("Acme", "UTC", "acme")
        assert part.get_deferred_fields() == {"uuid", "name", "zone", "created_at"}
    with django_assert_num_queries(1):
        assert part.name == "Acme"
    whole.name = "Acme Ltd"
    whole.save()
    assert Scope.objects.get(pk=stored.pk).name == "Acme Ltd"
    with pytest.raises(ValueError, match="zip"):
        statements.made_of(Scope, [stored.pk], ["id", "key"])


def test_a_sign_of_life_is_asked_for_only_where_something_came_unasked(committed_db):
    statements.fetch_one("SELECT %s::int + 44", [1])
    [[pid]] = statements.fetch_all("SELECT pg_backend_pid() WHERE %s", [True])
    with psycopg.connect(committed_db.superuser_url, autocommit=True) as superuser:
        count = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        before = superuser.execute(count, [pid]).fetchone()
        assert connection.is_usable()
        assert superuser.execute(count, [pid]).fetchone() == before != ("SELECT 1",)
        with connection.cursor() as cursor:
            cursor.execute("LISTEN unasked")
        with psycopg.connect(committed_db.app_url, autocommit=True) as other:
            other.execute("NOTIFY unasked")
        wait_until(
            lambda: superuser.execute(count, [pid]).fetchone() == ("SELECT 1",) or not connection.is_usable()
        )
        assert connection.is_usable()
        superuser.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        wait_until(lambda: not connection.is_usable())
    connection.close()
    assert not connection.is_usable()


def test_plans_are_made_once(committed_db):
    for number in range(3):
        statements.fetch_one("SELECT %s::int + 45", [number])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%+ 45'"
        )
        assert cursor.fetchall() == [(3, 0)]


def test_nested_use_and_watching_do_not_disturb_each_other(db):
    assert statements.fetch_one("SELECT %s::int + 46", [1]) == (47,)
    with CaptureQueriesContext(connection) as captured:
        assert statements.fetch_all("SELECT n FROM generate_series(1, %s) n", [2]) == [(1,), (2,)]
    assert len(captured) == 1
    assert statements.fetch_one("SELECT %s::int + 46", [2]) == (48,)


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
