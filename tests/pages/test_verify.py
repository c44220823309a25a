"""The page for verification, what it hands out, and the heads that go out by mail."""

import hashlib
import html
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.appraisal.proof_world import make_world, members_of
from tests.desk.ground import Ground
from tests.undoing import undone

from yunheng.accounts.models import Person
from yunheng.appraisal.models import Statement
from yunheng.appraisal.proof.mailing import mail_heads
from yunheng.appraisal.statements.actions import (
    accept_statement,
    draft_statement,
    issue_statement,
    sign_statement,
)
from yunheng.foundation.models import TreeHead
from yunheng.foundation.sealing import seal
from yunheng.logic.canonical import canonical
from yunheng.notify.actions import choose_events
from yunheng.notify.events import EVENTS
from yunheng.notify.models import Delivery
from yunheng.site.cli import main, statement
from yunheng.verify.building import VERIFIER, build_pyz
from yunheng.verify.recompute import recompute
from yunheng.verify.verify import Report, Verifier, heads_in


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Ground, str]]:
    """The contract of the proof with its April issued, and a draft of May."""
    with django_db_blocker.unblock(), undone():
        ground = make_world()
        contact = ground.viewer("contact")
        drafted = draft_statement(contact, "acme", "2026-04")
        issue_statement(contact, drafted.number, drafted.row_version)
        draft_statement(contact, "acme", "2026-05")
        Person.objects.update(language="en")
        yield ground, drafted.number


@pytest.fixture(autouse=True)
def kept(world: tuple[Ground, str], settings: Any) -> Iterator[None]:
    settings.MAIL_URL = "smtp://mail.example"
    with undone():
        Person.objects.update(email="somebody@example.com")
        yield


def signed_in(ground: Ground, role: str) -> Client:
    client = Client()
    client.force_login(
        Person.objects.get(pk=ground.people[role].pk), "django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.parametrize("role", ["contact", "appraiser", "auditor", "service_manager"])
def test_the_page_says_how_and_hands_out_what_is_needed(world: tuple[Ground, str], role: str) -> None:
    ground, number = world
    client = signed_in(ground, role)
    answer = client.get("/contracts/acme/verify")
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "In five steps" in text
    assert text.count("<li>") >= 5
    programs = {"verify.py": VERIFIER.read_bytes(), "yunheng-verify.pyz": build_pyz()}
    for name, data in programs.items():
        assert hashlib.sha256(data).hexdigest() in text
        handed = client.get(f"/contracts/acme/verify/programs/{name}")
        assert handed.content == data
        assert "attachment" in handed["Content-Disposition"]
    assert f"/statements/{number}/evidence.zip" in text
    assert "the first key" in text
    assert client.get("/contracts/acme/verify/programs/other.py").status_code == 404


def test_who_may_not_read_the_log_gets_nothing(world: tuple[Ground, str]) -> None:
    ground, number = world
    requester = signed_in(ground, "requester")
    for path in (
        "/contracts/acme/verify",
        "/contracts/acme/verify/head.json",
        "/contracts/acme/verify/programs/verify.py",
        f"/statements/{number}/evidence.zip",
    ):
        assert requester.get(path).status_code in (403, 404), path


def test_the_pack_verifies_with_the_head_of_the_page(world: tuple[Ground, str], tmp_path: Path) -> None:
    ground, number = world
    client = signed_in(ground, "auditor")
    head = client.get(
        "/contracts/acme/verify/head.json?size=" + str(TreeHead.objects.order_by("size")[0].size)
    )
    (tmp_path / "head.json").write_bytes(head.content)
    answer = client.get(f"/statements/{number}/evidence.zip")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    members = members_of(b"".join(answer.streaming_content))  # type: ignore[arg-type]
    report = Verifier(members, Report()).run(heads_in(tmp_path / "head.json"), None, recompute)
    assert report.status == 0, list(report.lines("en"))
    assert "grown" in {code for _mark, _member, code, _values in report.said}
    assert client.get("/contracts/acme/verify/head.json?size=99999").status_code == 404
    newest = json.loads(client.get("/contracts/acme/verify/head.json").content)["heads"][0]
    assert newest["size"] == TreeHead.objects.filter(scope=ground.scope).order_by("-size")[0].size


def test_signed_statements_follow_one_another(world: tuple[Ground, str]) -> None:
    ground, number = world
    april = Statement.objects.get(number=number)
    accept_statement(ground.viewer("service_manager"), number, april.row_version)
    digest = bytes(april.digest or b"").hex()
    for role, side in (("contact", "client"), ("service_manager", "provider")):
        told = {"v": 1, "statement": number, "digest": digest, "side": side}
        proof = {"v": 1, "document": canonical(told).decode()}
        sign_statement(ground.viewer(role), number, bytes.fromhex(digest), method="confirmation", proof=proof)
    may = Statement.objects.get(period="2026-05")
    issue_statement(ground.viewer("contact"), may.number, may.row_version)
    client = signed_in(ground, "contact")

    def pack(of: str) -> dict[str, bytes]:
        answer = client.get(f"/statements/{of}/evidence.zip")
        return members_of(b"".join(answer.streaming_content))  # type: ignore[arg-type]

    first, second = pack(number), pack(may.number)
    report = Verifier(first, Report()).run([], None, recompute)
    assert (report.status, "not_signed" in {said[2] for said in report.said}) == (0, False), list(
        report.lines("en")
    )
    assert sum("the operator's word" in line for line in report.lines("en")) == 2
    report = Verifier(second, Report()).run([], first, recompute)
    assert report.status == 0, list(report.lines("en"))
    assert f"it follows {number}, whose pack you gave" in "\n".join(report.lines("en"))


def test_a_draft_has_no_pack(world: tuple[Ground, str]) -> None:
    ground, _number = world
    draft = Statement.objects.get(period="2026-05").number
    answer = signed_in(ground, "contact").get(f"/statements/{draft}/evidence.zip")
    assert answer.status_code == 400
    assert "is not issued yet" in html.unescape(answer.content.decode())


def test_the_page_of_a_statement_leads_to_the_pack_of_an_issued_one(world: tuple[Ground, str]) -> None:
    ground, number = world
    text = signed_in(ground, "contact").get("/contracts/acme/verify").content.decode()
    drafts = Statement.objects.filter(digest__isnull=True).values_list("number", flat=True)
    assert number in text
    assert not [draft for draft in drafts if f"{draft}-evidence" in text]


# --- mails ------------------------------------------------------------------------------------------------------------


def mailed() -> list[Delivery]:
    return list(Delivery.objects.filter(event="log_head").order_by("pk"))


def test_the_newest_head_is_mailed_once_and_can_be_saved_as_it_is(
    world: tuple[Ground, str], tmp_path: Path
) -> None:
    ground, _number = world
    now = datetime.now(UTC)
    assert mail_heads(now) == 1
    assert mail_heads(now + timedelta(days=1)) == 0  # the log stands still
    (delivery,) = mailed()
    newest = TreeHead.objects.filter(scope=ground.scope).order_by("-size")[0]
    assert delivery.person == ground.people["contact"]
    assert delivery.status == Delivery.Status.WAITING
    assert str(newest.size) in delivery.subject
    (tmp_path / "mail.txt").write_text(
        f"From: x\nSubject: {delivery.subject}\n\n{delivery.body}", encoding="utf-8"
    )
    (head,) = heads_in(tmp_path / "mail.txt")
    assert (head["size"], head["root"]) == (newest.size, bytes(newest.root).hex())
    assert "python verify.py" in delivery.body


def test_whoever_does_not_want_it_gets_none(world: tuple[Ground, str]) -> None:
    ground, _number = world
    choose_events(
        viewer=ground.viewer("contact"),
        wanted=[
            event.key for event in EVENTS.values() if "client" in event.sides and event.key != "log_head"
        ],
    )
    mail_heads(datetime.now(UTC))
    assert {delivery.status for delivery in mailed()} == {Delivery.Status.NOT_SENT}


def test_a_log_that_grew_sends_its_new_head(world: tuple[Ground, str]) -> None:
    ground, _number = world
    mail_heads(datetime.now(UTC))
    draft_statement(ground.viewer("contact"), "acme", "2026-06")
    seal()
    assert mail_heads(datetime.now(UTC)) == 1
    assert len({delivery.entry_id for delivery in mailed()}) == 2


# --- command line -----------------------------------------------------------------------------------------------------


def test_the_command_writes_packs_and_programs(
    world: tuple[Ground, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _ground, number = world
    monkeypatch.setattr(statement, "open_database", nullcontext)
    pack, app, single = tmp_path / "april.zip", tmp_path / "v.pyz", tmp_path / "verify.py"
    assert main(["statement", "pack", number, "-o", str(pack)]) == 0
    assert hashlib.sha256(pack.read_bytes()).hexdigest() in capsys.readouterr().out
    assert Verifier(members_of(pack.read_bytes()), Report()).run([]).status == 0
    assert main(["statement", "verifier", "-o", str(app)]) == 0
    assert main(["statement", "verifier", "--single", "-o", str(single)]) == 0
    assert (app.read_bytes(), single.read_bytes()) == (build_pyz(), VERIFIER.read_bytes())
    assert main(["statement", "pack", "NOPE", "-o", str(pack)]) == 1
    assert "NOPE" in capsys.readouterr().err
    assert main(["statement", "verifier", "-o", str(tmp_path / "none" / "v.pyz")]) == 1
    assert not list(tmp_path.glob(".*"))


def test_the_command_streams_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["statement", "verifier", "-o", "-"]) == 0
    assert capsysbinary.readouterr().out == build_pyz()
