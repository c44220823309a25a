"""Reports for tests of pages: asked for as Alice does it, and drafted at once instead of by a worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from tests.pages.world import World

from yunheng.foundation.sealing import seal
from yunheng.reports import making
from yunheng.reports.actions import carry_out, issue_report, request_report, write_fault
from yunheng.reports.models import Report, ReportRun

ZONE = ZoneInfo("Asia/Shanghai")  #: of the world's contract, which has its months there


@contextmanager
def quick_files() -> Iterator[list[tuple[str, ...]]]:
    """Files without the renderer's work, for tests of everything around it: their bytes follow from the content.

    What comes out are the formats that were asked for, call by call.
    """
    calls: list[tuple[str, ...]] = []

    def render(content: Any, formats: Any, **more: Any) -> dict[str, bytes]:
        calls.append(tuple(formats))
        rows = [list(row) for row in more.get("rows", ())]
        return {form: f"{form} {content['record']['content_sha256']} {rows}".encode() for form in formats}

    with mock.patch.object(making.rendering, "render", render):
        yield calls


def month_before() -> str:
    """The month that is over, as "2026-04"."""
    return (datetime.now(ZONE).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def this_month() -> str:
    """The month that goes on."""
    return datetime.now(ZONE).strftime("%Y-%m")


def drafted(world: World, kind: str = "monthly", period: str = "", *, ticket: str | None = None) -> Report:
    """A draft in both languages with its files."""
    period = period or ("" if ticket else month_before())
    run = request_report(world.viewer("alice"), world.key, kind, period, ticket=ticket)
    return carried_out(run)


def carried_out(run: ReportRun) -> Report:
    """The report of a run, drafted by now."""
    seal()
    carry_out(run.uuid)
    run.refresh_from_db()
    assert run.state == "finished", run.problem
    assert run.report is not None
    return Report.objects.select_related("scope", "ticket").get(pk=run.report_id)


def issued(world: World, report: Report, edition: str | None = None) -> Report:
    """The report, read by the client from now on."""
    return issue_report(world.viewer("alice"), report.number, report.row_version, edition)


def written(world: World, report: Report) -> Report:
    """A fault report with everything that its final edition wants, in both languages."""
    texts = dict.fromkeys(
        ("phenomenon", "scope_impact", "direct_cause", "root_cause", "permanent_fix", "liability"),
        "光模块老化 aged optics",
    )
    for language in report.languages:
        report = write_fault(
            world.viewer("alice"), report.number, report.row_version, language, texts, actions=[]
        )
    return report
