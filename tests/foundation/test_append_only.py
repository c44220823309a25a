"""The journal's tables refuse change: to the application by rights, to the owner and to replication by triggers."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg import errors
from tests.foundation.ground import make_draft, make_scope

from yunheng.foundation.journal import record, record_many
from yunheng.foundation.sealing import seal

KEPT = ("entry", "entry_body", "log_leaf", "log_node", "tree_head", "signing_key")
COLUMN = {
    "entry": "type = 'x.y'",
    "entry_body": "shared = '{}'",
    "log_leaf": "leaf = '\\x00'",
    "log_node": "hash = '\\x00'",
    "tree_head": "root = '\\x00'",
    "signing_key": "public_key = '\\x00'",
}


@pytest.fixture
def sealed(committed_db):
    """A database with a sealed log that is large enough for a stored subtree."""
    scope = make_scope()
    with transaction.atomic():
        record_many([make_draft(scope, subject) for subject in range(300)])
    seal()
    return committed_db


def changes(table):
    return {
        "update": f"UPDATE {table} SET {COLUMN[table]}",
        "delete": f"DELETE FROM {table}",
        "truncate": f"TRUNCATE {table} CASCADE",
    }


@pytest.mark.parametrize("table", KEPT)
def test_the_application_has_no_right_to_change(sealed, table):
    with sealed.connect("app") as session:
        for name, statement in changes(table).items():
            if (table, name) == ("entry_body", "update"):
                continue  # it may erase; see below
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement)
        for statement in (
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TRIGGER {table}_keeps_rows ON {table}",
            f"DROP TABLE {table} CASCADE",
            "SET session_replication_role = replica",
            "SET ROLE yunheng_owner",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement)


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize(
    ("role", "before"), [("owner", None), ("superuser", "SET session_replication_role = replica")]
)
def test_triggers_refuse_the_owner_and_replication_sessions(sealed, table, role, before):
    with sealed.connect(role) as session:
        if before:
            session.execute(before)
        for statement in changes(table).values():
            with pytest.raises(errors.RestrictViolation, match="append-only"):
                session.execute(statement)


def test_a_superuser_can_cheat_once_the_triggers_are_off(sealed):
    """What no right and no trigger can stop; test_tampering shows that the next check sees it."""
    with sealed.connect("superuser") as session:
        session.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
        assert session.execute("UPDATE entry SET type = 'ticket.closed'").rowcount == 300


def test_a_class_can_be_erased_with_its_salt_and_nothing_else(scope, draft):
    pk = record(draft())
    allowed = "UPDATE entry_body SET internal = NULL, internal_salt = NULL WHERE entry_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(allowed, [pk])
        cursor.execute(allowed, [pk])  # erasing what is erased is no change
        for change in (
            "shared = NULL",  # without its salt
            "shared_salt = NULL",
            'shared = \'{"title": "x"}\'',
            "internal = '{}', internal_salt = '\\x00'",  # back again
            "shared = NULL, shared_salt = NULL, personal = '{}'",
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(f"UPDATE entry_body SET {change} WHERE entry_id = %s", [pk])
        with pytest.raises(ProgrammingError, match="permission"), transaction.atomic():
            cursor.execute("UPDATE entry_body SET entry_id = entry_id + 1")


def test_the_application_can_do_its_work(scope, draft):
    record(draft())
    assert seal().leaves == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("yunheng_app",)
        with pytest.raises(ProgrammingError, match="permission"), transaction.atomic():
            cursor.execute("DELETE FROM entry")


def test_every_trigger_fires_always(committed_db):
    with committed_db.connect("owner") as session:
        rows = session.execute(
            "SELECT tgrelid::regclass::text, tgenabled FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(%s)",
            [list(KEPT)],
        ).fetchall()
    assert {table for table, _ in rows} == set(KEPT)
    assert {enabled for _, enabled in rows} == {"A"}
