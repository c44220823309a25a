"""Migrations on a server of the user's own, where one role owns the tables and no role for the product exists."""

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import translation
from psycopg import errors, sql
from tests.conftest import drop
from tests.foundation.ground import make_draft, make_scope

from yunheng.foundation.append_only import narrow_rights, open_schema
from yunheng.foundation.journal import record
from yunheng.foundation.log_status import weaknesses
from yunheng.foundation.sealing import check_log, seal
from yunheng.site.cli.database import connected_to

APP = "foreign_app"


@pytest.fixture
def foreign(cluster, django_db_blocker):
    """Makes a role with this right and a database that it owns; gives the address."""
    made: list[str] = []

    def make(right: str) -> str:
        name = f"foreign_{right.lower()}"
        made.append(name)
        with cluster.connect("superuser") as session:
            session.execute(f"CREATE ROLE {name} LOGIN {right} PASSWORD 'x'")
            session.execute(f"CREATE DATABASE {name} OWNER {name}")
        host = cluster.superuser_url.partition("?")[2]
        return f"postgresql://{name}:x@/{name}?{host}"

    with django_db_blocker.unblock():
        yield make
    for name in made:
        drop(cluster, name)
    with cluster.connect("superuser") as session:
        session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(APP)))
        for name in made:
            session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def migrate_two_tables():
    """As the migrations do, on tables that stand for all."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scope (id int); CREATE TABLE entry (id int)")
    with connection.schema_editor() as editor:
        for operation in (open_schema(APP), narrow_rights({"entry": "SELECT, INSERT"})):
            operation.code(None, editor)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id int)")


def test_an_owner_that_may_make_roles_makes_one_for_the_product(foreign):
    url = foreign("CREATEROLE")
    with connected_to(url):
        migrate_two_tables()
    with connected_to(f"{url}&options=-c role={APP}"), connection.cursor() as cursor:
        cursor.execute("INSERT INTO entry VALUES (1)")
        cursor.execute("INSERT INTO later VALUES (1)")
        cursor.execute("DELETE FROM later")
        for statement in (
            "DELETE FROM entry",
            "UPDATE entry SET id = 2",
            "TRUNCATE entry",
            "DROP TABLE entry",
        ):
            with pytest.raises(Exception) as caught:
                cursor.execute(statement)
            assert isinstance(caught.value.__cause__, errors.InsufficientPrivilege)


def test_a_role_that_belongs_to_somebody_else_gets_nothing(foreign, cluster):
    with cluster.connect("superuser") as session:
        session.execute(f"CREATE ROLE {APP} NOLOGIN")
    with connected_to(foreign("CREATEROLE")):
        migrate_two_tables()
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege(%s, 'entry', 'SELECT')", [APP])
            assert cursor.fetchone() == (False,)


def test_a_single_role_without_rights_works_and_is_told_what_it_lacks(foreign, tmp_path, settings):
    settings.DATA = tmp_path
    with connected_to(foreign("NOCREATEROLE")), translation.override("en"):
        call_command("migrate", interactive=False, verbosity=0)
        scope = make_scope()
        with transaction.atomic():
            record(make_draft(scope))
        assert seal().leaves == 1
        assert check_log(scope).is_sound
        assert "owns entry, entry_body, log_leaf" in weaknesses()[0]
