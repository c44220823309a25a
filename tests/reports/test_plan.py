"""Plans are carried out on time, once per period, also after a downtime; and reports that come late count as late."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.pages.world import World
from tests.reports.conftest import draft

from yunheng.appraisal.queries import figures, items, trend
from yunheng.contracts.models import ContractVersion
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid
from yunheng.notify.models import Delivery
from yunheng.reports.actions import (
    carry_out,
    carry_out_plans,
    drafting,
    issue_report,
    request_report,
    return_report,
    set_plan,
)
from yunheng.reports.models import Report, ReportRun
from yunheng.reports.queries import plan_of

PLAN = {"is_active": True, "languages": ["zh-Hans"], "formats": ["pdf"], "day": 3, "time": "09:00"}


def at(month: int, day: int, hour: int = 2) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_a_plan_is_kept_and_checked(world: World) -> None:
    alice, bob = world.viewer("alice"), world.people["bob"]
    assert plan_of(alice, world.key).row_version == 0
    plan = set_plan(alice, world.key, 0, {**PLAN, "recipients": [bob.uuid]})
    assert (plan.row_version, list(plan.recipients.all())) == (1, [bob])
    with pytest.raises(Conflict):
        set_plan(alice, world.key, 0, PLAN)
    with pytest.raises(Forbidden):
        set_plan(world.viewer("ken"), world.key, 1, PLAN)
    for change, field in (
        ({"day": 29}, "day"),
        ({"time": "25:00"}, "time"),
        ({"languages": []}, "languages"),
        ({"formats": ["odt"]}, "formats"),
        ({"is_active": "yes"}, "is_active"),
        ({"recipients": [world.people["dan"].uuid]}, "people"),
        ({"weather": 1}, "weather"),
    ):
        with pytest.raises(Invalid) as refused:
            set_plan(alice, world.key, 1, change)
        assert set(refused.value.fields) == {field}
    assert set_plan(alice, world.key, 1, {"day": 5}).row_version == 2
    assert Entry.objects.filter(type="report.planned").count() == 2


def test_every_period_once_also_after_a_downtime(world: World) -> None:
    set_plan(world.viewer("alice"), world.key, 0, PLAN, recorded_at=at(4, 1))
    assert carry_out_plans(at(4, 3, 0)) == 0  # 08:00 there: not yet
    assert carry_out_plans(at(4, 3, 1)) == 1  # March
    assert carry_out_plans(at(4, 3, 1)) == 0
    assert carry_out_plans(at(7, 10)) == 3  # April, May and June at once
    assert carry_out_plans(at(7, 10)) == 0
    runs = ReportRun.objects.order_by("period")
    assert [run.period for run in runs] == ["2026-03", "2026-04", "2026-05", "2026-06"]
    assert all(run.is_planned for run in runs)


def test_what_was_due_before_the_plan_is_nobodys(world: World) -> None:
    set_plan(world.viewer("alice"), world.key, 0, PLAN, recorded_at=at(6, 20))
    assert carry_out_plans(at(6, 21)) == 0
    assert carry_out_plans(at(7, 4)) == 1
    assert ReportRun.objects.get().period == "2026-06"


def test_a_plan_drafts_and_tells_or_issues_by_itself(world: World, rendered: list[Any]) -> None:
    alice, bob = world.viewer("alice"), world.people["bob"]
    set_plan(alice, world.key, 0, {**PLAN, "recipients": [bob.uuid]}, recorded_at=at(4, 1))
    assert carry_out_plans(at(4, 4)) == 1
    carry_out(ReportRun.objects.get().uuid)
    report = Report.objects.get()
    assert (report.state, report.period, report.drafted_by) == ("drafted", "2026-03", "")
    assert Delivery.objects.filter(event="report_drafted", person=world.people["alice"]).exists()
    assert not Delivery.objects.filter(event="report_issued").exists()

    set_plan(alice, world.key, 1, {"is_issued_by_itself": True, "has_files": True})
    assert carry_out_plans(at(5, 4)) == 1
    carry_out(ReportRun.objects.get(period="2026-04").uuid)
    assert ReportRun.objects.get(period="2026-04").problem == ""
    april = Report.objects.get(period="2026-04")
    assert april.state == "issued" and april.issued_by == ""
    mail = Delivery.objects.get(event="report_issued")
    assert mail.person == bob and [one["format"] for one in mail.files] == ["pdf"]


def test_report_on_time(world: World, rendered: list[Any]) -> None:
    """Five working days (Monday to Saturday) after April, with the holiday of 1 to 5 May: 11 May 2026."""
    alice, bob = world.viewer("alice"), world.viewer("bob")
    kept_since = ContractVersion.objects.filter(contract=world.contract).order_by("number").first()
    assert kept_since is not None
    report = draft(world)
    assert report.due_at is not None and report.due_at.date() == date(2026, 5, 11)
    asked: dict[str, Any] = {"start": date(2026, 5, 1), "end": date(2026, 5, 31), "keys": ["report_on_time"]}
    (row,) = figures(world.contract, **asked).rows
    assert row.value is None or row.numerator == 0  # nobody issued it

    report = issue_report(alice, report.number, report.row_version, recorded_at=at(5, 7))
    (row,) = figures(world.contract, **asked, now=datetime.now(UTC)).rows
    assert (row.numerator, row.denominator, row.value) == (1, 1, Decimal("100.00"))
    assert row.goal == Decimal(100) and row.is_met is True
    asked_items = {"key": "report_on_time", "start": date(2026, 5, 1), "end": date(2026, 5, 31)}
    found, following = items(world.contract, **asked_items)
    assert following is None
    assert [(item.number, item.part) for item in found] == [(report.number, "hit")]
    assert items(world.contract, **asked_items, part="misses") == ([], None)
    by_month = trend(world.contract, keys=["report_on_time"], end=date(2026, 6, 30), months=3)[
        "report_on_time"
    ]
    assert [(row.group, row.denominator) for row in by_month][1] == ("2026-05", 1)

    return_report(bob, report.number, report.row_version, "缺少附件", recorded_at=at(5, 8))
    (row,) = figures(world.contract, **asked).rows
    assert (row.numerator, row.denominator) == (0, 1)
    found, _following = items(world.contract, **asked_items, part="misses")
    assert [item.number for item in found] == [report.number]


def test_issued_after_its_term_is_late(world: World, rendered: list[Any]) -> None:
    report = draft(world)
    issue_report(world.viewer("alice"), report.number, report.row_version, recorded_at=at(5, 12))
    (row,) = figures(
        world.contract, start=date(2026, 5, 1), end=date(2026, 5, 31), keys=["report_on_time"]
    ).rows
    assert (row.numerator, row.denominator, row.is_met) == (0, 1, False)


def test_what_somebody_issued_before_the_plan_is_not_made_again(world: World, rendered: list[Any]) -> None:
    alice = world.viewer("alice")
    report = draft(world)
    issue_report(alice, report.number, report.row_version, recorded_at=at(5, 2))
    set_plan(alice, world.key, 0, PLAN, recorded_at=at(5, 1))
    assert carry_out_plans(at(5, 4)) == 0
    assert carry_out_plans(at(5, 4)) == 0
    assert Report.objects.count() == 1
    assert ReportRun.objects.filter(is_planned=True).count() == 1


def test_what_the_plan_cannot_issue_or_draft_is_told(
    world: World, rendered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.viewer("alice"), world.people["bob"]
    own = {**PLAN, "recipients": [bob.uuid], "is_issued_by_itself": True}
    set_plan(alice, world.key, 0, own, recorded_at=at(4, 1))
    assert carry_out_plans(at(4, 4)) == 1

    def refuse(*_asked: Any, **_more: Any) -> None:
        raise Invalid({"template": "table 2: no such name"}, code="template")

    monkeypatch.setattr(drafting, "issue_report", refuse)
    carry_out(ReportRun.objects.get().uuid)
    run = ReportRun.objects.get()
    assert (run.state, Report.objects.get().state) == ("finished", "drafted")
    assert "no such name" in run.problem
    assert Delivery.objects.filter(event="report_drafted", person=world.people["alice"]).count() == 1

    assert carry_out_plans(at(5, 4)) == 1
    monkeypatch.setattr(drafting, "draft_report", refuse)
    carry_out(ReportRun.objects.get(period="2026-04").uuid)
    run = ReportRun.objects.get(period="2026-04")
    assert run.state == "failed"
    told = Delivery.objects.filter(event="report_drafted", person=world.people["alice"]).latest("pk")
    assert "no such name" in told.body and "2026" in told.subject
    assert not Delivery.objects.filter(event="report_issued").exists()


def test_a_plan_that_joins_a_run_at_work_is_followed(
    world: World, rendered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.viewer("alice"), world.people["bob"]
    own = {**PLAN, "recipients": [bob.uuid], "is_issued_by_itself": True}
    set_plan(alice, world.key, 0, own, recorded_at=at(4, 1))
    run = request_report(alice, world.key, "monthly", "2026-03", ["zh-Hans"])
    preview = drafting._preview

    def meanwhile(*asked: Any) -> str:
        assert carry_out_plans(at(4, 4)) == 1  # the minute strikes while somebody's run is at work
        return preview(*asked)

    monkeypatch.setattr(drafting, "_preview", meanwhile)
    carry_out(run.uuid)
    run.refresh_from_db()
    assert (run.state, run.is_planned) == ("finished", True)
    assert Report.objects.get().state == "issued"
    assert carry_out_plans(at(4, 4)) == 0
