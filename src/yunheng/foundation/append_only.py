"""Migration operations that make a table append-only: triggers that fire always, and rights of the application."""

from collections.abc import Mapping
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

__all__ = ["APP_ROLE", "narrow_rights", "open_schema", "refuse_changes", "refuse_function"]

APP_ROLE = "yunheng_app"
"""Made, when it is missing and may be made, where one role would otherwise own the tables and run the product."""


def refuse_function() -> migrations.RunSQL:
    """The trigger function of `refuse_changes`."""
    return migrations.RunSQL(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "DROP FUNCTION refuse_change()",
    )


def refuse_changes(table: str, *, row_operations: str = "UPDATE OR DELETE") -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE of a table, for its owner and for replication sessions, too.

    TRUNCATE passes row triggers, and `session_replication_role = replica` passes those not enabled ALWAYS.
    """
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_keeps_rows BEFORE {row_operations} ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_keeps_rows;
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_keeps_all;
        """,
        f"""
        DROP TRIGGER {table}_keeps_rows ON {table};
        DROP TRIGGER {table}_keeps_all ON {table};
        """,
    )


def narrow_rights(rights: Mapping[str, str]) -> migrations.RunPython:
    """Leave the application these rights, and no others, on these tables ({"entry": "SELECT, INSERT"}).

    The application is every role but the owner that has rights on the table.
    """

    def narrow(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        with schema_editor.connection.cursor() as cursor:
            for table, allowed in rights.items():
                for role in _grantees(cursor, table):
                    cursor.execute(f'REVOKE ALL ON "{table}" FROM {role}')
                    cursor.execute(f'GRANT {allowed} ON "{table}" TO {role}')

    return migrations.RunPython(narrow, migrations.RunPython.noop)


def open_schema(app_role: str = APP_ROLE) -> migrations.RunPython:
    """Give the application's role its rights on all tables, present and future, where nobody has done so yet.

    The supervisor has, on its own cluster and for two roles on a foreign one. With a single role on a foreign
    server, a role for the application is made if the owner may make roles (the product then connects with
    `options=-c role=yunheng_app`), or used if the owner is a member of it. Else nothing happens here, and
    `log_status.weaknesses` says what the installation lacks.
    """

    def open_up(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        with schema_editor.connection.cursor() as cursor:
            if _grantees(cursor, "scope"):
                return
            cursor.execute(
                "SELECT rolsuper OR rolcreaterole, role IS NOT NULL, pg_has_role(current_user, role, 'MEMBER'),"
                " quote_ident(current_schema()) FROM pg_roles, to_regrole(%s) AS role"
                " WHERE rolname = current_user",
                [app_role],
            )
            may_create, exists, is_member, schema = cursor.fetchone()
            if (exists and not is_member) or (not exists and not may_create):
                return
            if not exists:
                cursor.execute(
                    f"""
                    DO $$ BEGIN
                        CREATE ROLE {app_role} NOLOGIN;
                        EXECUTE format('GRANT {app_role} TO %I', current_user);
                    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- made at the same moment
                    END $$
                    """
                )
            cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {app_role}")
            for kind, allowed in (
                ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
                ("SEQUENCES", "USAGE, SELECT"),
            ):
                cursor.execute(f"GRANT {allowed} ON ALL {kind} IN SCHEMA {schema} TO {app_role}")
                cursor.execute(
                    f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {allowed} ON {kind} TO {app_role}"
                )

    return migrations.RunPython(open_up, migrations.RunPython.noop)


def _grantees(cursor: Any, table: str) -> list[str]:
    """Roles (quoted) other than the owner that have rights on a table; PUBLIC among them."""
    cursor.execute(
        """
        SELECT DISTINCT CASE WHEN right_.grantee = 0 THEN 'PUBLIC' ELSE right_.grantee::regrole::text END
        FROM pg_class, aclexplode(relacl) AS right_
        WHERE pg_class.oid = to_regclass(%s) AND right_.grantee <> relowner
        """,
        [table],
    )
    return [role for (role,) in cursor.fetchall()]
