"""A report's life: who may do what, what stands in the journal, and that nothing issued is ever changed."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from tests.pages.world import World
from tests.reports.conftest import PERIOD, draft

from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.journal import verify_entry
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.reports.actions import (
    accept_report,
    carry_out,
    deliver_report,
    discard_report,
    issue_report,
    redraft_report,
    request_report,
    return_report,
    write_comments,
    write_fault,
)
from yunheng.reports.content.freezing import content_digest
from yunheng.reports.models import Report, ReportFile, ReportRun
from yunheng.reports.queries import access_report, file_of, list_reports, report_page, run_of

MAY = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)


def states_told(report: Report) -> list[tuple[str, str | None]]:
    """Type of each entry of the report, and the state that it says was reached."""
    entries = Entry.objects.filter(subject_id=report.pk).select_related("body").order_by("id")
    assert all(not verify_entry(entry, entry.body, report.scope.key) for entry in entries)
    return [(entry.type, (entry.body.shared or {}).get("to")) for entry in entries]


def test_from_draft_to_sign_off(world: World, rendered: list[tuple[str, ...]]) -> None:
    alice, bob = world.viewer("alice"), world.viewer("bob")
    report = draft(world)
    assert report.state == "drafted"
    assert report.number.startswith("WITH-SUPPLIER-RPT-")
    assert set(report.contents) == {"zh-Hans", "en"}
    assert [one.number for one in list_reports(alice).reports] == [report.number]
    assert (
        access_report(SYSTEM_VIEWER, report.number) == report
    )  # whoever sees every contract sees drafts, too
    with pytest.raises(NotFound):
        access_report(bob, report.number)
    assert list_reports(bob).reports == []

    before = dict(report.digests)
    report = write_comments(
        alice,
        report.number,
        report.row_version,
        "zh-Hans",
        {"summary": "本月总体平稳。", "risks": "备件不足。"},
    )
    content = report.contents["zh-Hans"]
    assert content["comments"]["summary"] == "本月总体平稳。"
    assert "risks" in content["sections"]
    assert "risks" not in report.contents["en"]["sections"]
    assert report.digests["zh-Hans"] != before["zh-Hans"] and report.digests["en"] == before["en"]
    assert content["record"]["content_sha256"] == content_digest(content) == report.digests["zh-Hans"]
    with pytest.raises(Conflict):
        write_comments(alice, report.number, report.row_version - 1, "en", {"summary": "late"})

    with pytest.raises(NotFound):  # what one may not see looks like what does not exist
        issue_report(bob, report.number, report.row_version)
    with pytest.raises(Forbidden):
        issue_report(world.viewer("ken"), report.number, report.row_version)
    report = issue_report(alice, report.number, report.row_version, recorded_at=MAY)
    assert (report.state, report.issued_by) == ("issued", "林晓安")
    issued = Entry.objects.select_related("body").get(subject_id=report.pk, type="report.issued")
    told = issued.body.shared
    assert told is not None
    assert (told["kind"], told["period"], told["edition"]) == ("monthly", PERIOD, 1)
    assert told["content"] == report.digests
    files = {(file.language, file.format): file for file in ReportFile.objects.filter(report=report)}
    assert len(files) == 6 and {file.edition for file in files.values()} == {1}
    for line in told["files"]:
        assert line["sha256"] == sha256(bytes(files[line["language"], line["format"]].data)).hexdigest()

    seen = access_report(bob, report.number)
    assert report_page(bob, seen).transitions == {"accept", "return"}
    assert report_page(world.viewer("role-auditor"), seen).transitions == set()
    assert [line.type for line in report_page(bob, seen).history] == ["report.issued"]
    with pytest.raises(NotFound):
        access_report(world.viewer("dan"), report.number)
    with pytest.raises(NotFound):
        access_report(world.viewer("charlie"), report.number)
    with pytest.raises(Conflict):
        write_comments(alice, report.number, report.row_version, "en", {"summary": "too late"})

    name, media_type, data = file_of(bob, report.number, "en", "pdf")
    assert (name, media_type) == (f"{report.number}.en.pdf", "application/pdf")
    assert data == bytes(files["en", "pdf"].data)
    report = accept_report(bob, report.number, report.row_version, "同意。")
    assert (report.state, report.answered_by, report.answer) == ("accepted", "王海波", "同意。")
    assert states_told(report) == [
        ("report.drafted", None),
        ("report.commented", None),
        ("report.issued", "issued"),
        ("report.accepted", "accepted"),
    ]


def test_what_was_issued_is_never_changed(world: World, rendered: list[tuple[str, ...]]) -> None:
    report = draft(world)
    issue_report(world.viewer("alice"), report.number, report.row_version, recorded_at=MAY)
    for change in ({"contents": {}}, {"period": "2026-03"}, {"issued_at": None}):
        with pytest.raises(DatabaseError, match="was issued"), transaction.atomic():
            Report.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(DatabaseError, match="was issued"), transaction.atomic():
        ReportFile.objects.filter(report=report).update(data=b"other")
    with pytest.raises(DatabaseError, match="was issued"), transaction.atomic():
        ReportFile.objects.filter(report=report).delete()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Report.objects.filter(pk=report.pk)._raw_delete("default")


def test_a_returned_report_is_corrected_and_replaced(world: World, rendered: list[tuple[str, ...]]) -> None:
    alice, bob = world.viewer("alice"), world.viewer("bob")
    first = draft(world)
    first = write_comments(alice, first.number, first.row_version, "en", {"plan": "Replace the disk."})
    first = issue_report(alice, first.number, first.row_version, recorded_at=MAY)
    with pytest.raises(Invalid) as refused:
        return_report(bob, first.number, first.row_version, "  ")
    assert "reason" in refused.value.fields
    first = return_report(bob, first.number, first.row_version, "第 3 节有误。")
    assert first.state == "returned"
    with pytest.raises(Conflict):
        accept_report(bob, first.number, first.row_version)

    run = redraft_report(alice, first.number)
    carry_out(run.uuid)
    second = Report.objects.select_related("replaces", "scope").get(state="drafted")
    assert second.replaces == first and second.edition == 2
    assert second.comments["en"]["plan"] == "Replace the disk."
    assert report_page(bob, access_report(bob, first.number)).replaced_by is None  # drafts are not for him
    second = issue_report(alice, second.number, second.row_version, recorded_at=MAY)
    first.refresh_from_db()
    assert first.state == "replaced"
    assert report_page(bob, access_report(bob, first.number)).replaced_by == second
    assert states_told(first)[-1] == ("report.replaced", "replaced")


def test_asking_again_is_the_same_run_and_the_same_draft(world: World, rendered: list[Any]) -> None:
    alice = world.viewer("alice")
    one = request_report(alice, world.key, "monthly", PERIOD)
    assert request_report(alice, world.key, "monthly", PERIOD) == one
    carry_out(one.uuid)
    carry_out(one.uuid)  # at least once, and still one report
    report = Report.objects.get()
    again = request_report(alice, world.key, "monthly", PERIOD, ["en"])
    assert again != one
    carry_out(again.uuid)
    fresh = Report.objects.get()
    assert fresh.pk == report.pk and fresh.languages == ["en"] and fresh.row_version > report.row_version
    assert run_of(alice, again.uuid).report == fresh
    assert ReportRun.objects.get(pk=again.pk).done == ReportRun.objects.get(pk=again.pk).total
    with pytest.raises(NotFound):
        run_of(world.viewer("ken"), again.uuid)
    fresh = discard_report(alice, fresh.number, fresh.row_version, "试验")
    assert fresh.state == "discarded" and not ReportFile.objects.exists()
    with pytest.raises(NotFound):
        access_report(world.viewer("bob"), fresh.number)
    with pytest.raises(Invalid):
        redraft_report(alice, fresh.number)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"kind": "monthly", "period": "2199-01"}, "period"),
        ({"kind": "monthly", "period": "2026-13"}, "period"),
        ({"kind": "monthly", "period": "April"}, "period"),
        ({"kind": "monthly", "period": ""}, "period"),
        ({"kind": "monthly", "period": "2019-01"}, "period"),
        ({"kind": "yearly", "period": PERIOD}, "kind"),
        ({"kind": "monthly", "period": PERIOD, "languages": ["fr"]}, "languages"),
        ({"kind": "monthly", "period": PERIOD, "ticket": "X-1"}, "ticket"),
        ({"kind": "fault"}, "ticket"),
        ({"kind": "fault", "ticket": "NO-INC-1"}, "ticket"),
    ],
)
def test_bad_input_names_the_field(world: World, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        request_report(world.viewer("alice"), world.key, **asked)
    assert set(refused.value.fields) == {field}


def test_unknown_contract_permission_and_file(world: World, rendered: list[Any]) -> None:
    with pytest.raises(NotFound):
        request_report(world.viewer("alice"), "nowhere", "monthly", PERIOD)
    with pytest.raises(NotFound):
        request_report(world.viewer("charlie"), world.key, "monthly", PERIOD)
    for login in ("bob", "ken", "role-quality-officer"):
        with pytest.raises(Forbidden):
            request_report(world.viewer(login), world.key, "monthly", PERIOD)
    report = draft(world, languages=["en"])
    assert file_of(world.viewer("ken"), report.number, "en", "pdf")[2].startswith(b"pdf ")
    for language, form, problem in (
        ("en", "odt", Invalid),
        ("fr", "pdf", Invalid),
        ("zh-Hans", "pdf", NotFound),
    ):
        with pytest.raises(problem):
            file_of(world.viewer("alice"), report.number, language, form)
    with pytest.raises(Invalid) as refused:
        issue_report(
            world.viewer("alice"),
            report.number,
            report.row_version,
            recorded_at=datetime(2026, 4, 29, tzinfo=UTC),
        )
    assert "period" in refused.value.fields


def test_a_fault_report_is_completed_by_a_person(world: World, rendered: list[Any]) -> None:
    alice = world.viewer("alice")
    number = world.tickets["closed"]
    report = draft(world, kind="fault", period="", ticket=number, languages=["zh-Hans"])
    content = report.contents["zh-Hans"]
    assert content["ticket"]["number"] == number and content["ticket"]["ci"] == "SW-CORE-01"
    assert [line["is_met"] for line in content["effects"]] == [True, False, False]
    told = "\n".join(line["text"] for line in content["timeline"])
    assert "已定位到光模块收光异常" in told
    assert "同批次模块" not in str(content), "an internal note is in the report"
    reporter = (content["ticket"].pop("reporter"), content["ticket"].pop("reporter_unit"))
    assert reporter == ("邓丹", world.people["dan"].organisation.name)
    assert "周建国" not in str(content) and "邓丹" not in str(content), "names of people are in the report"

    with pytest.raises(Invalid) as refused:
        issue_report(alice, report.number, report.row_version)
    assert set(refused.value.fields) == {"edition"}
    with pytest.raises(Invalid) as refused:
        issue_report(alice, report.number, report.row_version, "preliminary")
    assert set(refused.value.fields) == {"zh-Hans.phenomenon", "zh-Hans.scope_impact"}
    with pytest.raises(Invalid):
        write_fault(alice, report.number, report.row_version, "zh-Hans", {"weather": "sunny"})
    with pytest.raises(Invalid):
        write_fault(alice, report.number, report.row_version, "zh-Hans", {}, [{"owner": "ken"}])
    report = write_fault(
        alice,
        report.number,
        report.row_version,
        "zh-Hans",
        {"phenomenon": "端口闪断", "scope_impact": "三条产线"},
        [{"what": "更换光模块", "owner": "周建国", "due": "2026-05-10"}, {"what": " "}],
    )
    report = issue_report(alice, report.number, report.row_version, "preliminary")
    content = report.contents["zh-Hans"]
    assert content["edition"] == "preliminary" and len(content["actions"]) == 1
    issued_by = content["report"]["issued_by"]
    assert issued_by.startswith("林晓安") and "示例运维服务有限公司" in issued_by

    run = redraft_report(alice, report.number)
    carry_out(run.uuid)
    final = Report.objects.select_related("scope").get(state="drafted")
    assert final.written["zh-Hans"]["phenomenon"] == "端口闪断"
    with pytest.raises(Invalid) as refused:
        issue_report(alice, final.number, final.row_version, "final")
    assert "zh-Hans.root_cause" in refused.value.fields
    texts = dict.fromkeys(("direct_cause", "root_cause", "permanent_fix", "liability"), "光模块老化")
    final = write_fault(alice, final.number, final.row_version, "zh-Hans", texts)
    final = issue_report(alice, final.number, final.row_version, "final")
    assert final.edition_kind == "final"
    report.refresh_from_db()
    assert report.state == "replaced"


def test_delivery_reaches_who_may_read(world: World, rendered: list[Any], settings: Any) -> None:
    from yunheng.notify import sending
    from yunheng.notify.attaching import attached

    alice, bob = world.viewer("alice"), world.people["bob"]
    bob.email = "bob@example.org"
    bob.save()
    settings.MAIL_URL = "smtp://localhost"
    report = draft(world)
    with pytest.raises(Invalid):
        deliver_report(alice, report.number, [bob.uuid])  # a draft
    report = issue_report(alice, report.number, report.row_version, recorded_at=MAY)
    with pytest.raises(Invalid):
        deliver_report(alice, report.number, [world.people["dan"].uuid])  # may not read it
    with pytest.raises(Invalid):
        deliver_report(alice, report.number, [])
    (sent,) = deliver_report(alice, report.number, [bob.uuid, bob.uuid], formats=["pdf"])
    assert sent.status == "waiting" and report.number in sent.body and sent.subject_number == report.number
    (reference,) = sent.files
    file = attached(reference)
    assert file is not None and file.data == file_of(alice, report.number, "zh-Hans", "pdf")[2]
    assert sending.has_mail_server()
    entry = Entry.objects.select_related("body").get(type="report.delivered")
    assert entry.body.shared is not None and entry.body.shared["count"] == 1
    assert "王海波" not in str(entry.body.shared)
    with pytest.raises(Forbidden):
        deliver_report(world.viewer("bob"), report.number, [bob.uuid])


def test_a_failed_run_says_why(world: World, rendered: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from yunheng.reports.actions import drafting

    def fail(*_values: Any) -> Any:
        raise Invalid({"contract": "no version"})

    run = request_report(world.viewer("alice"), world.key, "monthly", PERIOD)
    with monkeypatch.context() as patch:
        patch.setattr(drafting, "build", fail)
        carry_out(run.uuid)
    run.refresh_from_db()
    assert (run.state, run.problem, run.report) == ("failed", "no version", None)
    again = request_report(SYSTEM_VIEWER, world.key, "monthly", PERIOD)
    carry_out(again.uuid)
    again.refresh_from_db()
    assert again.state == "finished"
