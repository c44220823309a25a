"""The test harness itself: tests really run as the role that owns nothing."""

import json
import urllib.error
import urllib.request
from typing import Any

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone
from tests.supervisor.running import PATIENCE_SECONDS

OWNER_ONLY = ("CREATE TABLE forbidden (a int)", "TRUNCATE django_session", "DROP TABLE django_session")


def _role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_db_tests_run_as_the_application_role() -> None:
    assert _role() == "yunheng_app"
    Session.objects.create(session_key="k", session_data="d", expire_date=timezone.now())
    assert Session.objects.count() == 1


@pytest.mark.django_db
def test_a_db_test_leaves_nothing_behind() -> None:
    assert Session.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("statement", OWNER_ONLY)
def test_the_application_role_cannot_change_the_schema(statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_committed_db_is_seen_by_other_connections(committed_db: Any) -> None:
    assert _role() == "yunheng_app"
    Session.objects.create(session_key="k", session_data="d", expire_date=timezone.now())
    for role in ("app", "owner", "superuser"):
        with committed_db.connect(role) as other:
            assert other.execute("SELECT count(*) FROM django_session").fetchone() == (1,)


def test_committed_db_starts_empty_and_owner_may_change_the_schema(committed_db: Any) -> None:
    with committed_db.connect("owner") as owner:
        assert owner.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        owner.execute("CREATE TABLE allowed (a int)")
    with committed_db.connect("app") as app:
        app.execute("INSERT INTO allowed VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DROP TABLE allowed")


def test_live_site_answers_from_its_own_database(live_site: str) -> None:
    with urllib.request.urlopen(f"{live_site}/healthz", timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(
        f"{live_site}/static/django_htmx/htmx-2.min.js", timeout=PATIENCE_SECONDS
    ) as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
    with pytest.raises(urllib.error.HTTPError, match="503") as caught:
        urllib.request.urlopen(f"{live_site}/readyz", timeout=PATIENCE_SECONDS)
    reasons = {name: check["reason"] for name, check in json.load(caught.value)["checks"].items()}
    assert reasons == {"database": None, "migrations": None, "worker": "no worker runs"}
