"""A month of service that is over, and what reports are made from it."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.pages.reporting import quick_files
from tests.pages.world import World, build_world
from tests.undoing import undone

from yunheng.foundation.access import Viewer
from yunheng.reports.actions import carry_out, request_report
from yunheng.reports.models import Report, ReportRun

#: Long over: the world's tickets are of April 2026.
APRIL = datetime(2026, 4, 20, 4, 0, tzinfo=UTC)
PERIOD = "2026-04"


@pytest.fixture(scope="module")
def april(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One contract in service, in April 2026; tests take `world`."""
    with django_db_blocker.unblock(), undone():
        yield build_world(now=APRIL)


@pytest.fixture
def world(april: World) -> Iterator[World]:
    """The contract as it was built, for one test."""
    with undone():
        yield deepcopy(april)


@pytest.fixture
def rendered() -> Iterator[list[tuple[str, ...]]]:
    """Files without the renderer's work; the formats that were asked for, call by call."""
    with quick_files() as calls:
        yield calls


def draft(world: World, *, viewer: Viewer | None = None, **asked: Any) -> Report:
    """A report drafted as its job would."""
    asked = {"kind": "monthly", "period": PERIOD, **asked}
    run = request_report(viewer or world.viewer("alice"), world.key, **asked)
    carry_out(run.uuid)
    done = ReportRun.objects.get(pk=run.pk)
    assert done.state == "finished", done.problem
    assert done.report is not None
    return Report.objects.select_related("scope", "ticket", "replaces").get(pk=done.report.pk)


@pytest.fixture
def in_may() -> Iterator[datetime]:
    """The first working days after the month."""
    yield datetime(2026, 5, 6, 2, 0, tzinfo=UTC) + timedelta(0)
