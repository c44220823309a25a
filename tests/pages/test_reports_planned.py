"""The plan of a contract's report, its Word templates, and fault reports of a ticket: success and refusal."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from docx import Document
from tests.pages.reporting import carried_out, drafted, quick_files, written
from tests.pages.test_reports import client_of, fresh, text_at, told
from tests.pages.world import World

from yunheng.reports.models import ReportPlan, ReportRun, ReportTemplate
from yunheng.reports.rendering import standard_template

__all__ = ["client_of"]
PLAN = {
    "row_version": "0",
    "is_active": "on",
    "day": "3",
    "time": "09:30",
    "languages": ["zh-Hans", "en"],
    "formats": ["pdf", "xlsx"],
}


def test_a_plan_says_what_comes_next(world: World, client_of: Callable[..., Client]) -> None:
    alice, address = client_of("alice"), f"/contracts/{world.key}/reports/plan"
    assert "No plan yet" in text_at(alice, address)
    bob = world.people["bob"]
    response = alice.post(address, {**PLAN, "recipients": [str(bob.uuid)]})
    assert response.status_code == 303
    plan = ReportPlan.objects.get(pk=world.contract.pk)
    assert plan.is_active and plan.day == 3 and list(plan.recipients.all()) == [bob]
    page = text_at(alice, address)
    assert "Next:" in page and "09:30" in page and "as a draft that waits for your words" in page

    stale = alice.post(address, {**PLAN, "time": "23:15"})
    assert stale.status_code == 409 and 'value="23:15"' in stale.content.decode()
    form = {**PLAN, "row_version": plan.row_version}
    for name, value in (("day", "31"), ("time", "noon"), ("languages", []), ("formats", [])):
        wrong = alice.post(address, {**form, name: value})
        assert wrong.status_code == 422 and len(told(wrong.content.decode())) == 1, name
    alien = alice.post(address, {**form, "recipients": [str(world.people["charlie"].uuid)]})
    assert alien.status_code == 422
    off = alice.post(address, {name: value for name, value in form.items() if name != "is_active"})
    assert off.status_code == 303 and "The plan is switched off" in text_at(alice, address)


def _upload(client: Client, address: str, name: str, data: bytes) -> object:
    form = {"act": "put", "kind": "monthly", "language": "en", "file": SimpleUploadedFile(name, data)}
    return client.post(address, form)


def test_a_template_of_ones_own(world: World, client_of: Callable[..., Client]) -> None:
    alice, address = client_of("alice"), f"/contracts/{world.key}/reports/templates"
    standard = alice.get(f"{address}/monthly/en/standard")
    assert standard.status_code == 200 and standard.content == standard_template("en", "monthly")
    assert alice.get(f"{address}/monthly/en/own").status_code == 404
    assert alice.get(f"{address}/poem/en/standard").status_code == 404

    document = Document()
    document.add_paragraph("{{ report.titel }}")
    broken = BytesIO()
    document.save(broken)
    refused = _upload(alice, address, "ours.docx", broken.getvalue())
    assert refused.status_code == 422  # type: ignore[attr-defined]
    page = refused.content.decode()  # type: ignore[attr-defined]
    faults = re.findall(r"<li>(.*?)</li>", page.split('class="fault-list"')[1].split("</ul>")[0])
    assert any("titel" in fault and "paragraph 1" in fault for fault in faults), faults
    assert not ReportTemplate.objects.exists()
    for name, data in (("ours.docx", b"no document"), ("ours.txt", standard.content), ("ours.docx", b"")):
        assert _upload(alice, address, name, data).status_code == 422, name  # type: ignore[attr-defined]
    assert alice.post(address, {"act": "put", "kind": "monthly", "language": "en"}).status_code == 422

    kept = _upload(alice, address, "我们的模板.docx", standard.content)
    assert kept.status_code == 303  # type: ignore[attr-defined]
    page = text_at(alice, address)
    assert "我们的模板.docx" in page and "Newest report in it" in page
    assert alice.get(f"{address}/monthly/en/own").content == standard.content
    assert alice.get(f"{address}/monthly/en/sample").status_code == 422  # nothing was drafted yet
    with quick_files():
        drafted(world)
    sample = alice.get(f"{address}/monthly/en/sample")
    assert sample.status_code == 200 and sample.content[:2] == b"PK"
    assert client_of("ken").get(f"{address}/monthly/en/own").status_code == 404
    assert alice.post(address, {"act": "drop", "kind": "monthly", "language": "en"}).status_code == 303
    assert not ReportTemplate.objects.exists()
    assert alice.post(address, {"act": "drop", "kind": "monthly", "language": "en"}).status_code == 404


@quick_files()
def test_a_fault_report_from_its_ticket_to_the_final_edition(
    world: World, client_of: Callable[..., Client]
) -> None:
    alice, number = client_of("alice"), world.tickets["closed"]
    assert f"/tickets/{number}/fault-report" in text_at(alice, f"/tickets/{number}")
    page = text_at(alice, f"/tickets/{number}/fault-report")
    assert "Draft the fault report" in page
    assert "Draft the fault report" not in text_at(client_of("ken"), f"/tickets/{number}/fault-report")
    assert client_of("ken").post(f"/tickets/{number}/fault-report", {"languages": ["en"]}).status_code == 404
    assert alice.post(f"/tickets/{number}/fault-report", {"languages": ["tlh"]}).status_code == 422
    asked = alice.post(f"/tickets/{number}/fault-report", {"languages": ["zh-Hans", "en"]})
    assert asked.status_code == 303
    report = carried_out(ReportRun.objects.latest("pk"))
    assert report.number in text_at(alice, f"/tickets/{number}/fault-report")

    address = f"/reports/{report.number}?language=en"
    text = text_at(alice, address)
    assert number in text and "Your part of the fault report" in text
    form = {"act": "fault", "row_version": report.row_version, "phenomenon": "Ports flap"}
    rows = {"what": ["", "Change the optics"], "owner": ["", "Ken"], "due": ["", "2026-12-01"]}
    wrong = alice.post(address, {**form, **rows, "due": ["", "soon"]})
    assert (
        wrong.status_code == 422
        and "Row 2" in wrong.content.decode()
        and 'value="soon"' in wrong.content.decode()
    )
    nameless = alice.post(address, {**form, **rows, "what": ["", ""]})
    assert nameless.status_code == 422 and 'value="Ken"' in nameless.content.decode()
    assert alice.post(address, {**form, **rows}).status_code == 303
    kept = fresh(report)
    assert kept.written["en"]["actions"] == [
        {"what": "Change the optics", "owner": "Ken", "due": "2026-12-01"}
    ]
    assert text_at(alice, address).count("Change the optics") == 2  # in its row, and in the report

    early = alice.post(address, {"act": "issue", "row_version": kept.row_version, "edition": "final"})
    assert early.status_code == 422
    assert "English · Root cause" in early.content.decode() and "中文 · Phenomenon" in early.content.decode()
    whole = written(world, kept)
    done = alice.post(address, {"act": "issue", "row_version": whole.row_version, "edition": "final"})
    assert done.status_code == 303 and fresh(report).edition_kind == "final"
    assert report.number in text_at(client_of("bob"), "/portal/reports")


@pytest.mark.parametrize("login", ["dan", "sue", "charlie"])
def test_others_know_of_no_fault_report(world: World, client_of: Callable[..., Client], login: str) -> None:
    assert client_of(login).get(f"/tickets/{world.tickets['closed']}/fault-report").status_code == 404
