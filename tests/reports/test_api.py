"""Reports through the API: the whole life, keys that are used twice, and answers to wrong input."""

from typing import Any

import pytest
from tests.api.calling import caller, checked, get, post, send
from tests.pages.world import World
from tests.reports.conftest import PERIOD

from yunheng.reports.actions import carry_out
from yunheng.reports.models import Report, ReportRun


def put(client: Any, path: str, data: Any, status: int = 200) -> Any:
    return checked(send(client, path, data, method="PUT"), status)


def test_a_report_through_the_api(world: World, rendered: list[Any]) -> None:
    alice, bob = caller(world, "alice", "write"), caller(world, "bob", "write")
    asked = {"kind": "monthly", "period": PERIOD, "languages": ["zh-Hans"]}
    path = f"contracts/{world.key}/reports"
    run = post(alice, path, asked, 202, key="ask-1")
    assert post(alice, path, asked, 202, key="ask-1") == run  # answered again, asked once
    assert post(alice, path, {**asked, "period": "2026-03"}, 422, key="ask-1")["type"].endswith("mismatch")
    assert ReportRun.objects.count() == 1
    carry_out(ReportRun.objects.get().uuid)
    done = get(alice, f"report-runs/{run['uuid']}")
    assert done["state"] == "finished" and done["done"] == done["total"]
    number = done["report"]
    get(bob, f"report-runs/{run['uuid']}", 404)
    get(bob, f"reports/{number}", 404)
    report = get(alice, f"reports/{number}")
    assert report["state"] == "drafted" and report["contents"]["zh-Hans"]["record"]["is_sealed"]

    seen = {"row_version": report["row_version"]}
    comment = {**seen, "language": "zh-Hans", "summary": "平稳。"}
    put(caller(world, "alice", "read"), f"reports/{number}/comments", comment, 403)
    wrong = put(alice, f"reports/{number}/comments", {**comment, "wether": "x"}, 422)
    assert [error["field"] for error in wrong["errors"]] == ["wether"]  # as the caller named it
    report = put(alice, f"reports/{number}/comments", comment)
    assert report["comments"]["zh-Hans"] == {"summary": "平稳。"}
    put(alice, f"reports/{number}/comments", comment, 409)
    post(alice, f"reports/{number}/issue", seen, 409)
    seen = {"row_version": report["row_version"]}
    report = post(alice, f"reports/{number}/issue", seen, key="issue-1")
    assert post(alice, f"reports/{number}/issue", seen, key="issue-1") == report
    assert (report["state"], len(report["files"])) == ("issued", 3)
    assert report["is_late"] is True and report["due_at"].startswith("2026-05-11")

    mine = get(bob, "reports")["items"]
    assert [one["number"] for one in mine] == [number] and mine[0]["issued_by"] is None
    file = bob.get(f"/api/v1/reports/{number}/files/zh-Hans/pdf")
    assert file.status_code == 200 and file["Content-Disposition"].startswith("attachment")
    assert file["X-Content-Type-Options"] == "nosniff"
    checked(bob.get(f"/api/v1/reports/{number}/files/en/pdf"), 404)
    checked(bob.get(f"/api/v1/reports/{number}/files/zh-Hans/odt"), 422)
    seen = {"row_version": report["row_version"]}
    post(bob, f"reports/{number}/return", {**seen, "reason": ""}, 422)
    post(alice, f"reports/{number}/accept", seen, 403)
    assert post(bob, f"reports/{number}/accept", {**seen, "comment": "同意"})["state"] == "accepted"
    post(alice, f"reports/{number}/redraft", None, 202)
    assert Report.objects.count() == 1


def test_plan_and_templates_through_the_api(world: World) -> None:
    alice, bob = caller(world, "alice", "write"), caller(world, "bob", "write")
    path = f"contracts/{world.key}/report-plan"
    assert get(alice, path)["row_version"] == 0
    get(bob, path, 403)
    wanted = {"row_version": 0, "is_active": True, "day": 3, "time": "08:30", "recipients": []}
    assert put(alice, path, wanted)["time"] == "08:30"
    put(alice, path, wanted, 409)
    put(alice, path, {"row_version": 1, "day": 31}, 422)
    assert get(alice, f"contracts/{world.key}/report-templates") == []
    get(caller(world, "charlie", "write"), f"contracts/{world.key}/report-templates", 404)
    checked(send(alice, f"contracts/{world.key}/report-templates/monthly/en", method="DELETE"), 404)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "monthly", "period": "2199-01"}, 422),
        ({"kind": "monthly", "period": "soon"}, 422),
        ({"kind": "weekly", "period": PERIOD}, 422),
        ({"kind": "fault", "ticket": "NONE"}, 422),
        ({}, 422),
    ],
)
def test_wrong_input_is_answered(world: World, asked: dict[str, Any], status: int) -> None:
    alice = caller(world, "alice", "write")
    problem = post(alice, f"contracts/{world.key}/reports", asked, status)
    assert problem["errors"]
    post(alice, "contracts/nowhere/reports", {"kind": "monthly", "period": PERIOD}, 404)
    post(
        caller(world, "ken", "write"),
        f"contracts/{world.key}/reports",
        {"kind": "monthly", "period": PERIOD},
        403,
    )
