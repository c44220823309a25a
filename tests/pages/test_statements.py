"""The pages of statements, by both sides: what each may read and do, and that nothing typed is lost."""

import html
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.appraisal.statements_world import World, make_world
from tests.undoing import undone

from yunheng.accounts.models import Person
from yunheng.appraisal.models import Rectification, Statement, StatementInput
from yunheng.appraisal.statements.queries import frozen_of

PAGE_QUERIES = 15  #: SQL statements of the page of an issued statement, session and viewer included
LIST_QUERIES = 14


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), undone():
        world = make_world()
        # What pages do happens now; the month that is appraised is long over.
        world.at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        Person.objects.update(language="en")
        yield world


@pytest.fixture
def world(built: World) -> Iterator[World]:
    with undone():
        yield deepcopy(built)


def signed_in(world: World, role: str) -> Client:
    client = Client()
    client.force_login(
        Person.objects.get(pk=world.ground.people[role].pk), "django.contrib.auth.backends.ModelBackend"
    )
    return client


def read(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:3000]
    return html.unescape(answer.content.decode())


def send(client: Client, number: str, status: int = 303, **data: Any) -> str:
    answer = client.post(f"/statements/{number}", data)
    assert answer.status_code == status, (answer.status_code, answer.content[:3000])
    return html.unescape(answer.content.decode())


def test_a_draft_asks_for_what_nobody_entered_and_takes_it(world: World) -> None:
    statement = world.drafted()
    appraiser = signed_in(world, "appraiser")
    path = f"/statements/{statement.number}"
    text = read(appraiser, path)
    assert "Still to be entered" in text and "Tidy machine rooms" in text
    assert text.count("not entered yet") >= 4
    send(appraiser, statement.number, act="value", place="tidy", value="90", note="looked at 12 rooms")
    send(appraiser, statement.number, act="mark", place="attitude", role="users", value="5", rater="Council")
    send(
        signed_in(world, "contact"), statement.number, act="mark", place="attitude", role="contact", value="4"
    )
    send(appraiser, statement.number, act="none", place="absent")
    proof = SimpleUploadedFile("letter.pdf", b"%PDF-1.4 praise")
    send(
        appraiser,
        statement.number,
        act="event",
        place="praise",
        occurred_at="2026-04-10T09:30",
        quantity="1",
        party="provider",
        note="helped the court move",
        files=proof,
    )
    text = read(appraiser, path)
    assert "Everything is there" in text
    marks = re.findall(r"weighs (?:60|40) %[^<]*</span>(.*?)</li>", text)
    assert marks == ["", ""]  # all of them together bring the points; one alone shows none, and no 0 either
    assert "helped the court move" in text and "letter.pdf" in text
    link = re.search(rf'href="({path}/files/[0-9a-f-]+)"', text)
    assert link is not None
    assert appraiser.get(link[1]).content == b"%PDF-1.4 praise"
    assert signed_in(world, "requester").get(link[1]).status_code == 404


def test_wrong_inputs_are_named_beside_their_fields_and_kept(world: World) -> None:
    statement = world.drafted()
    appraiser = signed_in(world, "appraiser")
    text = send(appraiser, statement.number, 422, act="value", place="tidy", value="120", note="my note")
    assert 'value="120"' in text and "my note" in text
    text = send(appraiser, statement.number, 422, act="mark", place="attitude", role="users", value="2")
    assert "needs a reason" in text
    text = send(
        appraiser,
        statement.number,
        422,
        act="event",
        place="praise",
        occurred_at="2026-06-01T10:00",
        note="x",
    )
    assert 'value="2026-06-01T10:00"' in text
    assert "This form is not known" in send(appraiser, statement.number, 422, act="nonsense")
    send(appraiser, statement.number, 422, act="value", place="tidy", value="1\x00")
    assert not StatementInput.objects.exists()


def test_what_was_entered_is_withdrawn_with_a_reason(world: World) -> None:
    statement = world.entered(world.drafted())
    row = StatementInput.objects.get(key="tidy")
    client = signed_in(world, "appraiser")
    send(client, statement.number, 422, act="withdraw", place=str(row.uuid), reason=" ")
    send(client, statement.number, act="withdraw", place=str(row.uuid), reason="wrong month")
    text = read(client, f"/statements/{statement.number}")
    assert "wrong month" in text and "Still to be entered" in text


def test_only_the_client_issues_and_only_what_is_complete(world: World) -> None:
    statement = world.drafted()
    contact, manager = signed_in(world, "contact"), signed_in(world, "service_manager")
    text = send(contact, statement.number, 422, act="issue", row_version=statement.row_version)
    assert "Tidy machine rooms" in text
    statement = world.entered(statement)
    send(manager, statement.number, 403, act="issue", row_version=statement.row_version)
    assert "Issue it?" not in read(manager, f"/statements/{statement.number}")
    assert "Issue it?" in read(contact, f"/statements/{statement.number}")
    send(contact, statement.number, act="issue", row_version=statement.row_version)
    assert "The provider accepts it or appeals" in read(manager, f"/statements/{statement.number}")


def test_an_appeal_goes_from_the_filing_to_the_new_score(world: World) -> None:
    statement = world.issued(late=2)
    contact, manager = signed_in(world, "contact"), signed_in(world, "service_manager")
    path = f"/statements/{statement.number}"
    event = frozen_of(world.again(statement))["results"]["events"][0]["key"]
    target = f"lateness|{event}"
    assert f'value="{target}"' in read(manager, path)
    assert "File the appeal" not in read(contact, path)
    typed = {
        "act": "appeal",
        "row_version": statement.row_version,
        "target": [target],
        "claim": ["leave it out"],
    }
    text = send(manager, statement.number, 422, **typed, argument=[""])
    assert "leave it out" in text
    send(manager, statement.number, **typed, argument=["the client's gate was shut"])
    appeal = world.again(statement).appeals.get()
    text = read(contact, path)
    assert "the client's gate was shut" in text and "No reply yet" in text
    send(contact, statement.number, act="reply", place=str(appeal.uuid), text="the gate was open at nine")
    vote = {
        "act": "vote",
        "place": str(appeal.uuid),
        "decision": "upheld",
        "change": "drop",
        "reason": "seen",
    }
    send(manager, statement.number, **vote)
    assert "Close the arbitration" not in read(contact, path)
    send(contact, statement.number, **vote)
    text = read(contact, path)
    assert "does not count" in text and "Close the arbitration" in text
    send(contact, statement.number, act="close")
    statement = world.again(statement)
    assert (statement.state, str(statement.value.normalize())) == ("arbitrated", "91.4")
    assert "To be signed by" in read(manager, path)


def test_accepted_signed_settled_and_reversed(world: World) -> None:
    statement = world.issued()
    contact, manager = signed_in(world, "contact"), signed_in(world, "service_manager")
    path = f"/statements/{statement.number}"
    send(contact, statement.number, 403, act="accept", row_version=statement.row_version)
    send(manager, statement.number, act="accept", row_version=statement.row_version, opinion="agreed")
    assert f'href="{path}/sign"' in read(manager, path)
    send(manager, statement.number, 409, act="settle", row_version=world.again(statement).row_version)
    for viewer in (world.client, world.provider):
        world.sign(viewer, statement)
    text = read(manager, path)
    assert "Signed by both and locked" in text and "100,000.00 CNY" in text
    send(manager, statement.number, act="settle", row_version=world.again(statement).row_version)
    assert "Settled on" in read(contact, path)
    send(contact, statement.number, act="reverse", reason="a visit was counted twice")
    draft = Statement.objects.get(reverses=statement)
    text = read(contact, f"/statements/{draft.number}")
    assert "a visit was counted twice" in text and statement.number in text
    assert "Neither score nor money changes." in text


def test_a_rectification_is_ordered_reported_and_verified(world: World) -> None:
    statement = world.locked()
    contact, manager = signed_in(world, "contact"), signed_in(world, "service_manager")
    due = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M")
    send(contact, statement.number, 422, act="order", what="label every rack", due_at="")
    send(contact, statement.number, act="order", what="label every rack", due_at=due, item="tidy")
    order = Rectification.objects.get()
    send(
        manager,
        statement.number,
        act="report_order",
        place=order.number,
        row_version=order.row_version,
        report="all racks carry labels",
    )
    text = read(contact, f"/statements/{statement.number}")
    assert "all racks carry labels" in text
    order.refresh_from_db()
    send(contact, statement.number, act="verify_order", place=order.number, row_version=order.row_version)
    order.refresh_from_db()
    assert order.state == "verified"


def test_a_sample_is_drawn_and_can_be_opened(world: World) -> None:
    statement = world.drafted(late=4)
    client = signed_in(world, "quality_officer")
    send(client, statement.number, 422, act="sample", count="many")
    send(client, statement.number, act="sample", count="2")
    text = read(client, f"/statements/{statement.number}")
    assert "2 of 4 tickets" in text


def test_lists_show_state_score_money_and_the_way_on(world: World) -> None:
    statement = world.locked()
    for path in ("/statements", "/contracts/acme/statements"):
        text = read(signed_in(world, "contact"), path)
        assert statement.number in text and "91.4" in text and "100,000.00 CNY" in text and "Good" in text
    assert statement.number not in read(signed_in(world, "contact"), "/statements?state=drafted")
    manager = signed_in(world, "service_manager")
    answer = manager.post("/contracts/acme/statements", {"contract": "acme", "period": "2026-13"})
    assert answer.status_code == 422 and b'value="2026-13"' in answer.content
    answer = manager.post("/contracts/acme/statements", {"contract": "acme", "period": "2026-04"})
    assert answer.status_code == 409
    answer = manager.post("/contracts/acme/statements", {"contract": "acme", "period": "2026-03"})
    assert answer.status_code == 303


def test_people_without_a_part_in_the_contract_see_nothing(world: World) -> None:
    statement = world.issued()
    for role in ("requester", "supplier_engineer"):
        client = signed_in(world, role)
        for path in (f"/statements/{statement.number}", "/contracts/acme/statements", "/statements"):
            read(client, path, 404)
        send(client, statement.number, 404, act="accept", row_version=statement.row_version)


def test_queries_are_pinned(world: World) -> None:
    statement = world.issued(late=3)
    client = signed_in(world, "contact")
    for path, most in (
        (f"/statements/{statement.number}", PAGE_QUERIES),
        ("/contracts/acme/statements", LIST_QUERIES),
    ):
        read(client, path)
        with CaptureQueriesContext(connection) as captured:
            read(client, path)
        found = [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        assert len(found) == most, "\n".join(found)


@pytest.mark.parametrize("kind", ["notice", "settlement"])
def test_letters_are_made_from_what_was_frozen(world: World, kind: str) -> None:
    statement = world.locked()
    client = signed_in(world, "service_manager")
    answer = client.get(f"/statements/{statement.number}/documents/{kind}.xlsx?language=en")
    assert answer.status_code == 200
    from tests.rendering.reading import excel_text

    text = excel_text(b"".join(answer.streaming_content) if answer.streaming else answer.content)
    assert "91.4" in text and "Tidy machine rooms" in text and bytes(statement.digest or b"").hex() in text
    assert client.get(f"/statements/{statement.number}/documents/nonsense.pdf").status_code == 404
    assert client.get(f"/statements/{statement.number}/documents/notice.exe").status_code == 404
