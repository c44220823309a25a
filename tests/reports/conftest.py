"""A month of service that is over, and what reports are made from it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.pages.world import World, build_world

from yunheng.foundation.access import Viewer
from yunheng.reports import making
from yunheng.reports.actions import carry_out, request_report
from yunheng.reports.models import Report, ReportRun

#: Long over: the world's tickets are of April 2026.
APRIL = datetime(2026, 4, 20, 4, 0, tzinfo=UTC)
PERIOD = "2026-04"


@pytest.fixture
def world(db: None) -> World:
    """One contract in service, in April 2026."""
    return build_world(now=APRIL)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Files without the renderer's work, for tests of everything around it: their bytes follow from the content."""
    calls: list[tuple[str, ...]] = []

    def render(content: Any, formats: Any, **more: Any) -> dict[str, bytes]:
        calls.append(tuple(formats))
        rows = [list(row) for row in more.get("rows", ())]
        return {form: f"{form} {content['record']['content_sha256']} {rows}".encode() for form in formats}

    monkeypatch.setattr(making.rendering, "render", render)
    return calls


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
