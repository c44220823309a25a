"""`yunheng backup FILE` and `yunheng restore FILE`: the database, attachments included, and the keys as one file."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.lease import FileLock
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import ngettext
from yunheng.foundation.supervisor.mirror import postgres_programs
from yunheng.foundation.supervisor.postgres import open_to_app
from yunheng.site.cli import CommandError, version
from yunheng.site.cli.archive import DUMP, Manifest, extract, read_manifest, relative_files, write_archive
from yunheng.site.cli.database import Database, migrate, open_database, reach_database, set_up_django

_FOLDERS = ("keys",)
_HEADS = """
    SELECT s.key, h.size, encode(h.root, 'hex')
    FROM scope s
    JOIN LATERAL (SELECT size, root FROM tree_head WHERE scope_id = s.id ORDER BY size DESC LIMIT 1) h ON true
    ORDER BY s.key
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng backup`, `yunheng restore`"""
    backup = subparsers.add_parser(
        "backup", help=_("write the database, attachments included, and the keys into one file")
    )
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.add_argument("--force", action="store_true", help=_("overwrite FILE"))
    restore = subparsers.add_parser("restore", help=_("bring a backup back"))
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--replace", action="store_true", help=_("give up what the database holds now"))


def run(args: argparse.Namespace) -> int:
    """Make a backup, or bring one back."""
    return (
        _backup(args.file, is_forced=args.force)
        if args.command == "backup"
        else _restore(args.file, args.replace)
    )


def _backup(path: Path, *, is_forced: bool) -> int:
    """Write a backup while the product may go on working: everything is of one instant of the database."""
    if path.exists() and not is_forced:
        raise CommandError(_("{path} exists already; --force overwrites it.").format(path=path))
    if not path.parent.is_dir():
        raise CommandError(_("There is no folder {path}.").format(path=path.parent))
    with open_database() as database, psycopg.connect(database.owner_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        manifest = Manifest(
            version=version(),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            owner_role=database.owner_role,
            app_role=database.app_role,
            migrations=_migrations(connection),
            heads=_heads(connection),
        )
        try:
            with write_archive(path, manifest) as archive:
                command, environment = _client(database, database.owner_url, "pg_dump")
                command += ["--format=custom", f"--snapshot={snapshot}", "--no-owner"]
                with tempfile.TemporaryFile() as said:
                    dump = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said)
                    assert dump.stdout is not None
                    archive.add(DUMP, dump.stdout, is_compressed=True)
                    if dump.wait():
                        said.seek(0)
                        raise CommandError(
                            _("pg_dump failed: {reason}").format(reason=_tail(said.read().decode()))
                        )
                # Files after the dump: each was on disk before its row was committed.
                for name in _FOLDERS:
                    for file in relative_files(database.folder.path / name):
                        with file.open("rb") as content:
                            inner = file.relative_to(database.folder.path).as_posix()
                            archive.add(inner, content, is_compressed=False)
                with database.folder.secret_key.open("rb") as content:
                    archive.add("secret_key", content, is_compressed=False)
        except OSError as error:
            raise CommandError(_("The backup could not be written: {reason}").format(reason=error)) from error
    size = path.stat().st_size / 1e6
    print(_("Backup written: {path} ({size:.1f} MB). It holds private keys: keep it as safe as the system.").format(
        path=path, size=size
    ))  # fmt: skip
    _tell_heads(manifest.heads)
    return 0


def _restore(path: Path, is_replacing: bool) -> int:
    """Bring a backup back beside what is there, and put it in its place only when all of it is restored."""
    manifest = read_manifest(path)
    with reach_database() as database:
        lock = FileLock(database.folder.run / "up", database.folder.account)
        if not lock.try_acquire():
            raise CommandError(_("“yunheng up” runs on this data folder; stop it before restoring."))
        try:
            set_up_django()
            _check_fits(manifest, database)
            if not is_replacing and _has_content(database):
                raise CommandError(
                    _(
                        "The database is not empty. Restore into a new data folder, or say --replace to give it up."
                    )
                )
            _bring_back(path, manifest, database)
            migrate(database)
            with psycopg.connect(database.owner_url, autocommit=True) as connection:
                connection.execute("ANALYZE")
                heads = _heads(connection)
        finally:
            from django.db import connections

            connections.close_all()
            lock.release()
    if heads != manifest.heads:
        print(_("The log heads are not those of the backup’s manifest."), file=sys.stderr)
        return 1
    print(_("Restored: {path}, made {made_at} by version {version}.").format(
        path=path, made_at=manifest.made_at, version=manifest.version
    ))  # fmt: skip
    _tell_heads(heads)
    return 0


def _check_fits(manifest: Manifest, database: Database) -> None:
    """A backup of a later version, or one for other roles, is refused before anything is touched."""
    from django.db.migrations.loader import MigrationLoader

    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    unknown = sorted(set(manifest.migrations) - known)
    if unknown:
        raise CommandError(
            _(
                "The backup was made by version {theirs}; this is {ours}, which does not know {migration}."
            ).format(theirs=manifest.version, ours=version(), migration=unknown[-1])
        )
    if manifest.app_role != database.app_role:
        raise CommandError(
            _(
                "The backup grants rights to the role “{theirs}”; this database's application is “{ours}”."
            ).format(theirs=manifest.app_role, ours=database.app_role)
        )


def _has_content(database: Database) -> bool:
    """Whether anybody has worked here: there are people, or contracts' scopes."""
    with psycopg.connect(database.owner_url) as connection:
        for table in ("person", "scope"):
            name = sql.Identifier(table)
            if _one(connection, "SELECT to_regclass(%s) IS NOT NULL", [table]) and _one(
                connection, sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(name)
            ):
                return True
    return False


def _bring_back(path: Path, manifest: Manifest, database: Database) -> None:
    folder = database.folder
    current = str(conninfo_to_dict(database.owner_url)["dbname"])
    fresh, old = f"{current}_restoring", f"{current}_replaced"
    maintenance = make_conninfo(database.owner_url, dbname="postgres")
    with tempfile.TemporaryDirectory(dir=folder.path, prefix="restore-") as scratch:
        extract(path, manifest, Path(scratch))
        with psycopg.connect(maintenance, autocommit=True) as connection:
            for name in (fresh, old):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(fresh)))
            try:
                _load(database, make_conninfo(database.owner_url, dbname=fresh), Path(scratch, DUMP))
                if database.app_role != database.owner_role:
                    open_to_app(connection, fresh, app=database.app_role)
                _place_files(Path(scratch), folder)
                _swap(connection, current, fresh, old)
            except BaseException:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(fresh)))
                raise


def _load(database: Database, address: str, dump: Path) -> None:
    command, environment = _client(database, address, "pg_restore")
    command += ["--no-owner", "--exit-on-error", str(dump)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(_("pg_restore failed: {reason}").format(reason=_tail(done.stderr)))


def _place_files(source: Path, folder: DataFolder) -> None:
    """Put the backup's files beside those that are there: keys have names of their own."""
    for name in _FOLDERS:
        for file in relative_files(source / name):
            place = folder.path / file.relative_to(source)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(file, place)
    _replace(source / "secret_key", folder.secret_key)
    folder.hand_over()


def _replace(source: Path, place: Path) -> None:
    descriptor, unfinished = tempfile.mkstemp(
        dir=place.parent, prefix=f".{place.name}."
    )  # a name nobody can guess
    try:
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as content:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(place)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _swap(connection: "psycopg.Connection[Any]", current: str, fresh: str, old: str) -> None:
    """Both renames in one transaction: there is never no database, and never a half-restored one."""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    from django.db import connections

    connections.close_all()
    try:
        with connection.transaction():
            connection.execute(rename.format(sql.Identifier(current), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(current)))
    except psycopg.errors.ObjectInUse as error:
        raise CommandError(_("The database is in use; stop whatever works with it.")) from error
    connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))


def _client(database: Database, address: str, program: str) -> tuple[list[str], dict[str, str]]:
    """A client program's command line and environment; the password stays out of the process list."""
    parts = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    password = parts.pop("password", "")
    programs = postgres_programs(database.folder.account)
    environment = {**os.environ, "PGPASSWORD": password}
    return [str(programs / program), f"--dbname={make_conninfo(**parts)}"], environment


def _migrations(connection: "psycopg.Connection[Any]") -> list[str]:
    rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
    return [str(row[0]) for row in rows]


def _heads(connection: "psycopg.Connection[Any]") -> list[dict[str, object]]:
    return [
        {"log": key, "size": size, "root": root} for key, size, root in connection.execute(_HEADS).fetchall()
    ]


def _tell_heads(heads: list[dict[str, object]]) -> None:
    for head in heads:
        count = int(str(head["size"]))
        text = ngettext(
            "  log {log}: {size} entry, head {root}", "  log {log}: {size} entries, head {root}", count
        )
        print(text.format(**head))


def _one(connection: "psycopg.Connection[Any]", query: Any, parameters: list[str] | None = None) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


def _tail(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines()[-3:])
