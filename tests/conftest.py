"""The database of the tests: one real cluster for each test process, started only when a test asks for it.

Tests with `db` run inside a rolled-back transaction **as the application's role**, so what it may not do fails in
tests too. Tests that need commits, triggers, several connections or a superuser take `committed_db`: a database of
their own, cloned from a migrated template and dropped afterwards.
"""

import gc
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from yunheng.foundation.supervisor.account import service_account
from yunheng.foundation.supervisor.embedded import Embedded, borrow
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.postgres import APP, OWNER, SUPERUSER, open_to_app

TEMPLATE = "yunheng_template"
_numbers = count(1)

# The same examples in every run, however slow the machine is; `--hypothesis-profile explore` looks for others.
hypothesis_settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile(
    "same", hypothesis_settings.get_profile("explore"), derandomize=True, database=None
)
hypothesis_settings.load_profile("same")

#: The files that take longest, longest first: whoever begins them last lets the other workers wait for the end.
LONGEST = (
    "chaos/test_agents.py",
    "browser/test_accessibility_of_the_desk.py",
    "browser/test_accessibility.py",
    "demo/test_interrupted.py",
    "chaos/test_kill.py",
    "permissions/test_routes.py",
    "browser/test_ticket_life.py",
    "supervisor/test_up.py",
    "supervisor/test_backup.py",
    "browser/test_shell.py",
    "golden/test_uci.py",
    "logic/test_forecast.py",
    "browser/test_appeal.py",
    "browser/test_signing.py",
    "api/test_schema_by_trial.py",
    "rendering/test_documents.py",
    "rendering/test_templates.py",
    "browser/test_reports.py",
    "contracts/test_pages.py",
    "browser/test_pages.py",
    "appraisal/test_whatif.py",
    "appraisal/test_evidence_pack.py",
    "pages/test_reports.py",
    "reports/test_taking_over.py",
    "api/test_two_at_once.py",
    "supervisor/test_own_server.py",
    "rendering/test_hostile_content.py",
    "rendering/test_same_bytes.py",
    "desk/test_story_of_operations.py",
    "logic/test_worktime_properties.py",
    "logic/test_score_properties.py",
    "pages/test_ticket_acts.py",
    "logic/test_vector_folding.py",
    "imports/test_tables.py",
    "demo/test_building.py",
    "accounts/test_people_file.py",
    "reports/test_life.py",
    "reports/test_rendered.py",
    "pages/test_lists.py",
    "appraisal/test_signing.py",
    "foundation/test_foreign_server.py",
    "browser/test_wall.py",
)


def pytest_configure() -> None:
    """Sessions are signed with a key of the tests' own before any module is loaded, whatever this machine keeps."""
    django_settings.SECRET_KEY = secrets.token_urlsafe(48)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with what takes longest; needs their option --no-loadscope-reorder."""
    if not hasattr(config, "workerinput"):
        return
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    gone = [str(path) for path in places if not path.is_file()]
    assert not gone, f"LONGEST names files that are not there: {gone}"
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: nobody need look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@dataclass(frozen=True)
class TestDatabase:
    """One database on the test cluster, seen by its three roles."""

    __test__ = False
    embedded: Embedded
    name: str

    @property
    def app_url(self) -> str:
        """As the running product: owns nothing."""
        return self.embedded.cluster.url(APP, self.name)

    @property
    def owner_url(self) -> str:
        """As migrations run."""
        return self.embedded.cluster.url(OWNER, self.name)

    @property
    def superuser_url(self) -> str:
        """As the adversary of the proof."""
        return self.embedded.cluster.url(SUPERUSER, self.name)

    def connect(self, role: str = "app", *, autocommit: bool = True) -> "psycopg.Connection[Any]":
        """A connection of its own as `app`, `owner` or `superuser`."""
        url = {"app": self.app_url, "owner": self.owner_url, "superuser": self.superuser_url}[role]
        return psycopg.connect(url, autocommit=autocommit)


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of logs and attachments of the tests lie in a temporary folder."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("keys", "attachments", "logs"):
        (folder / name).mkdir(mode=0o700)
    django_settings.DATA = folder
    return folder


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords of the tests are hashed in no time; the product's own hasher is slow on purpose."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def cluster_folder() -> Iterator[DataFolder]:
    """A data folder with a short path that the service's user can reach, also when the tests run as root."""
    path = Path(tempfile.mkdtemp(prefix="yunheng-test-"))
    folder = DataFolder(path, service_account(path), path)
    yield folder
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(cluster_folder: DataFolder) -> Iterator[TestDatabase]:
    """The running cluster with a migrated template; as an object, the database `yunheng` on it (empty)."""
    with borrow(cluster_folder, is_durable=False) as embedded:
        yield TestDatabase(embedded, "yunheng")


@pytest.fixture(scope="session")
def migrated_template(cluster: TestDatabase, django_db_blocker: Any) -> TestDatabase:
    """A database with all migrations applied, which others are cloned from."""
    from django.core.management import call_command

    from yunheng.site.cli.database import connected_to

    template = TestDatabase(cluster.embedded, TEMPLATE)
    with cluster.connect("owner") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    with django_db_blocker.unblock(), connected_to(template.owner_url):
        call_command("migrate", interactive=False, verbosity=0)
    return template


def clone(template: TestDatabase, name: str) -> TestDatabase:
    """A fresh database with the template's content."""
    with psycopg.connect(template.embedded.cluster.url(OWNER, "yunheng"), autocommit=True) as connection:
        statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        _insist(connection, sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(template.name)))
        open_to_app(connection, name, app=APP)
    return TestDatabase(template.embedded, name)


def _insist(connection: "psycopg.Connection[Any]", statement: sql.Composed) -> None:
    """The server waits five seconds for those whom it told to leave, which is short where there is other work."""
    for _attempt in range(11):
        with suppress(psycopg.errors.ObjectInUse):
            connection.execute(statement)
            return
    connection.execute(statement)


def drop(cluster: TestDatabase, name: str) -> None:
    """Drop a database, also when somebody is in it.

    As the superuser: the server may be cleaning it up at this moment, and its own workers are not an owner's to end.
    """
    with cluster.embedded.cluster.connect(SUPERUSER, "postgres") as connection:
        _insist(connection, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, migrated_template: TestDatabase, django_db_blocker: Any
) -> Iterator[None]:
    """What pytest-django's `db` works on: a clone of the template, reached as the application's role."""
    from yunheng.site.cli.database import connected_to

    database = clone(migrated_template, "yunheng_test")
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(connected_to(database.app_url))
        yield
        with django_db_blocker.unblock():
            stack.close()


@contextmanager
def fresh_database(template: TestDatabase, blocker: Any) -> Iterator[TestDatabase]:
    """A clone of a template where commits are real. Django's connection is its application role, while it is there."""
    from django.db import connections

    from yunheng.site.cli.database import connected_to

    database = clone(template, f"yunheng_test_{next(_numbers)}")
    try:
        with blocker.unblock(), connected_to(database.app_url):
            yield database
            connections.close_all()
    finally:
        drop(database, database.name)


@pytest.fixture
def committed_db(migrated_template: TestDatabase, django_db_blocker: Any) -> Iterator[TestDatabase]:
    """A database of the test's own, where commits are real. Django's connection is its application role."""
    with fresh_database(migrated_template, django_db_blocker) as database:
        yield database


@pytest.fixture
def live_site(committed_db: TestDatabase) -> Iterator[str]:
    """Address of the product served from `committed_db`, static files included, for a browser or a client."""
    from django.core.servers.basehttp import ThreadedWSGIServer
    from django.test.testcases import QuietWSGIRequestHandler

    from yunheng.site.wsgi import application

    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, name="live-site", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)
