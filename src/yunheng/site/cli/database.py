"""The database of a command: embedded or the user's own, migrated, and left as it was found."""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from yunheng.foundation.supervisor.embedded import Embedded, borrow
from yunheng.foundation.supervisor.folder import DataFolder, find_data_folder
from yunheng.foundation.supervisor.lease import FileLock, never
from yunheng.foundation.supervisor.messages import SupervisorError, language
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.postgres import grant_by_default, open_to_app

APP_URL, OWNER_URL = "YUNHENG_DATABASE_URL", "YUNHENG_DATABASE_OWNER_URL"
_PACKAGE = Path(__file__).resolve().parents[2]
_MIGRATION_LOCK = 0x79756E68656E67  # any constant that nobody else takes: "yunheng"


@dataclass(frozen=True)
class Database:
    """An open database. `embedded` is None when the server is the user's own."""

    folder: DataFolder
    app_url: str
    owner_url: str
    embedded: Embedded | None

    @property
    def app_role(self) -> str:
        """The role of the running product."""
        return _role(self.app_url)

    @property
    def owner_role(self) -> str:
        """The role that owns the tables."""
        return _role(self.owner_url)


@contextmanager
def reach_database(is_given_up: Callable[[], bool] = never) -> Iterator[Database]:
    """The database without Django: for commands that must not load it, or not yet.

    Raises SupervisorError when it cannot be had, or when waiting for it is given up.
    """
    folder = find_data_folder()
    named = os.environ.get(APP_URL)
    with ExitStack() as stack:
        if named:
            _check_url(APP_URL, named)
            _check_url(OWNER_URL, os.environ.get(OWNER_URL) or named)
            folder.prepare()
            database = Database(folder, named, os.environ.get(OWNER_URL) or named, None)
        else:
            embedded = stack.enter_context(borrow(folder, is_given_up=is_given_up))
            database = Database(folder, embedded.app_url, embedded.owner_url, embedded)
        stack.callback(folder.hand_over)
        with _environment(YUNHENG_DATA=str(folder.path), **{APP_URL: database.app_url}):
            yield database


def _check_url(variable: str, url: str) -> None:
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise SupervisorError(
            _("{variable} must be an address of PostgreSQL: postgresql://user:password@host/database").format(
                variable=variable
            )
        )


@contextmanager
def open_database() -> Iterator[Database]:
    """The database with Django set up on it, for the commands of the product.

    The embedded server is started if it does not run, and stopped again by the last one who uses it. A new database
    is migrated. Migrations that are pending on one with content are applied when it is the embedded one and no
    `yunheng up` runs on it; otherwise SupervisorError says which command applies them.
    """
    with reach_database() as database:
        set_up_django()
        from django.db import connections

        try:
            pending, is_new = pending_migrations()
            if pending:
                if is_new or (database.embedded and not is_up(database.folder)):
                    migrate(database)
                else:
                    raise SupervisorError(
                        _(
                            "{count} database changes of this version are not applied yet: run “yunheng migrate”."
                        ).format(count=len(pending))
                    )
            yield database
        finally:
            connections.close_all()


def set_up_django() -> None:
    """Load the settings and the models, and speak the terminal's language."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunheng.site.settings")
    django.setup()
    from django.utils import translation

    translation.activate(language())


def is_up(folder: DataFolder) -> bool:
    """Whether a `yunheng up` runs on the data folder."""
    lock = FileLock(folder.run / "up", folder.account)
    is_free = lock.try_acquire(is_shared=True)
    lock.release()
    return not is_free


def pending_migrations() -> tuple[list[str], bool]:
    """Names of the migrations that are not applied, and whether none ever was. Raises SupervisorError."""
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise SupervisorError(
            _("The database cannot be reached: {reason}").format(reason=str(error).strip())
        ) from error
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    names = [f"{step.app_label}.{step.name}" for step, _is_backward in plan]
    return names, not executor.loader.applied_migrations


def migrate(database: Database, *, verbosity: int = 0) -> None:
    """Apply all migrations as the owner; one process at a time, the others wait and then find nothing to do."""
    from django.core.management import call_command

    app, owner = database.app_role, database.owner_role
    with psycopg.connect(database.owner_url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        if app != owner and database.embedded is None:
            grant_by_default(guard, owner=owner, app=app)
            guard.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(app)))
            open_to_app(guard, guard.info.dbname, app=app)
        with connected_to(database.owner_url):
            call_command("migrate", interactive=False, verbosity=verbosity)


def _schema_mark() -> str:
    """A digest of all migrations this version has."""
    names = sorted(f"{path.parent.parent.name}.{path.stem}" for path in _PACKAGE.glob("*/migrations/0*.py"))
    names += [f"{name} {version(name)}" for name in ("Django", "procrastinate")]
    return f"yunheng {hashlib.sha256(' '.join(names).encode()).hexdigest()}"


def mark_migrated(database: Database) -> None:
    """Leave the digest as the embedded database's comment; a restored database has none."""
    if database.embedded:
        with psycopg.connect(database.owner_url, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(_schema_mark()))
            )


def is_marked(database: Database) -> bool:
    """Whether `yunheng up` has applied this version's migrations before, told without loading Django.

    It only saves the time to look: /readyz answers 200 when Django finds nothing to apply.
    """
    if database.embedded is None:
        return False
    with psycopg.connect(database.app_url) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return row == (_schema_mark(),)


@contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Point Django's connection to another address for a while, in every thread."""
    from django.db import connections

    from yunheng.site.settings import database_settings

    connections["default"].close()
    settings = connections["default"].settings_dict
    kept = dict(settings)
    settings.update(database_settings(url))
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(kept)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng migrate`"""
    parser = subparsers.add_parser("migrate", help=_("apply the database changes of this version"))
    parser.add_argument("--quiet", action="store_true", help=_("say nothing when there is nothing to do"))


def run(args: argparse.Namespace) -> int:
    """Apply pending migrations."""
    with reach_database() as database:
        set_up_django()
        pending, _is_new = pending_migrations()
        if pending:
            migrate(database)
        from django.db import connections

        connections.close_all()
    if pending or not args.quiet:
        print(_("Database changes applied: {count}").format(count=len(pending)), file=sys.stderr)
    return 0


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    kept = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _role(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url).get("user") or "")
