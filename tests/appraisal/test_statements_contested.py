"""Appeals: the term by the contract's calendar, who may file, reply and decide, and what a decision does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.appraisal.statements_world import World, agree, make_world
from tests.undoing import undone

from yunheng.appraisal.models import Appeal, Statement
from yunheng.appraisal.statements.actions import (
    Claim,
    accept_statement,
    answer_appeal,
    appeal,
    close_arbitration,
    enter_event,
    issue_statement,
    sweep,
    vote,
    withdraw_input,
)
from yunheng.appraisal.statements.queries import frozen_of, history_of
from yunheng.desk.models import Ticket
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.notify.models import Delivery


def late_event(statement: Statement) -> str:
    """Key of the first event that came from a clock."""
    return next(
        event["key"] for event in frozen_of(statement)["results"]["events"] if event["kind"] == "late"
    )


def contested(world: World, *claims: Claim, late: int = 1) -> tuple[Statement, list[Appeal]]:
    """An issued statement against which the provider appeals: one late ticket, and whatever else."""
    statement = world.issued(late=late)
    filed = [
        Claim("lateness", "We waited for the client.", "It does not count.", late_event(statement)),
        *claims,
    ]
    rows = appeal(
        world.provider,
        statement.number,
        statement.row_version,
        filed,
        [FileDraft("mail.txt", b"we waited")],
        recorded_at=world.at,
    )
    return world.again(statement), rows


def decide(world: World, statement: Statement, row: Appeal, decision: str, change: dict[str, Any]) -> Appeal:
    """Both sides want the same."""
    for viewer in (world.client, world.provider):
        vote(
            viewer, statement.number, row.uuid, decision, change, "Looked at together.", recorded_at=world.at
        )
    row.refresh_from_db()
    return row


def test_an_appeal_that_is_upheld_changes_the_score(world: World) -> None:
    statement, (row,) = contested(world)
    assert (statement.state, statement.value) == ("appealed", Decimal("91.4"))
    first = bytes(statement.digest or b"")
    answer_appeal(
        world.viewer("appraiser"), statement.number, row.uuid, "We did not know.", recorded_at=world.at
    )
    decide(world, statement, row, "upheld", {"drop": True})
    closed = close_arbitration(world.client, statement.number, recorded_at=world.at)
    assert (closed.state, closed.value, closed.grade) == ("arbitrated", Decimal("93.4"), "good")
    statement = world.again(statement)
    assert bytes(statement.digest or b"") != first
    content = frozen_of(statement)
    (told,) = content["appeals"]
    assert (told["decision"], told["change"], told["reply"]) == ("upheld", {"drop": True}, "We did not know.")
    assert [vote["side"] for vote in told["votes"]] == ["client", "provider"]
    (event,) = content["results"]["events"]
    assert event["ruling"] == "taken_out"
    world.sign(world.provider, statement)
    world.sign(world.client, statement)
    assert world.again(statement).state == "locked"
    said = [line.type.removeprefix("appraisal.") for line in history_of(SYSTEM_VIEWER, statement)][6:]
    assert said == [
        *("issued", "appealed", "appeal_answered", "voted", "voted", "decided", "arbitrated"),
        *("signed", "signed", "locked"),
    ]


@pytest.mark.parametrize(
    ("decision", "change", "value"),
    [
        ("rejected", {}, "91.4"),
        ("partly", {"party": "client"}, "93.4"),
        ("partly", {"quantity": "1"}, "91.4"),  # each late ticket costs the same, however late
    ],
)
def test_what_else_an_event_may_become(
    world: World, decision: str, change: dict[str, Any], value: str
) -> None:
    statement, (row,) = contested(world)
    decide(world, statement, row, decision, change)
    assert close_arbitration(world.client, statement.number, recorded_at=world.at).value == Decimal(value)


def test_items_are_decided_by_value_and_by_mark(world: World) -> None:
    claims = (Claim("tidy", "Measured on a holiday.", "95 %"), Claim("attitude", "Unfair.", "5"))
    statement, (late, tidy, attitude) = contested(world, *claims)
    decide(world, statement, late, "rejected", {})
    decide(world, statement, tidy, "partly", {"value": "100"})
    decide(world, statement, attitude, "upheld", {"mark": "5"})
    assert close_arbitration(world.client, statement.number, recorded_at=world.at).value == Decimal("98.0")


def test_an_appeal_after_the_deadline_is_refused(world: World) -> None:
    statement = world.issued()
    claim = Claim("lateness", "Late.", "Drop it.", late_event(statement))
    assert statement.answer_due_at is not None
    late = statement.answer_due_at + timedelta(seconds=1)
    with pytest.raises(Invalid) as refused:
        appeal(world.provider, statement.number, statement.row_version, [claim], recorded_at=late)
    assert refused.value.code == "appeal_late"
    assert "2026-05-13" in refused.value.message
    in_time = statement.answer_due_at
    assert appeal(world.provider, statement.number, statement.row_version, [claim], recorded_at=in_time)


def test_what_cannot_be_contested(world: World) -> None:
    statement = world.issued()
    key = late_event(statement)
    good = Claim("lateness", "a", "b", key)
    for claims, words in (
        ([], "at least one item"),
        ([Claim("nothing", "a", "b")], "no item “nothing”"),
        ([Claim("lateness", "a", "b")], "name the one"),
        ([Claim("lateness", "a", "b", "late/NOPE")], "no event"),
        ([Claim("presence", "a", "b", key)], "no event"),
        ([Claim("tidy", "a", "b", key)], "has no events"),
        ([good, good], "2: This is contested twice."),
        ([Claim("tidy", " ", "b")], "1: This field is required."),
    ):
        with pytest.raises(Invalid) as refused:
            appeal(world.provider, statement.number, statement.row_version, claims, recorded_at=world.at)
        assert words in refused.value.message, words
    for role in ("contact", "appraiser", "quality_officer"):
        with pytest.raises(Forbidden):
            appeal(world.viewer(role), statement.number, statement.row_version, [good], recorded_at=world.at)
    with pytest.raises(NotFound):
        appeal(
            world.viewer("requester"), statement.number, statement.row_version, [good], recorded_at=world.at
        )
    assert not Appeal.objects.filter(statement=statement).exists()
    accept_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    with pytest.raises(Conflict):
        appeal(
            world.provider, statement.number, world.again(statement).row_version, [good], recorded_at=world.at
        )


def test_nobody_decides_alone(world: World) -> None:
    statement, (row,) = contested(world)
    vote(world.provider, statement.number, row.uuid, "upheld", {"drop": True}, "Ours.", recorded_at=world.at)
    vote(
        world.viewer("provider_admin"),
        statement.number,
        row.uuid,
        "upheld",
        {"drop": True},
        "Ours, too.",
        recorded_at=world.at,
    )
    row.refresh_from_db()
    assert row.decision == ""
    vote(world.client, statement.number, row.uuid, "rejected", {}, "No.", recorded_at=world.at)
    with pytest.raises(Invalid) as undecided:
        close_arbitration(world.client, statement.number, recorded_at=world.at)
    assert undecided.value.code == "undecided"
    vote(
        world.client, statement.number, row.uuid, "upheld", {"drop": True}, "All right.", recorded_at=world.at
    )
    row.refresh_from_db()
    assert (row.decision, row.change) == ("upheld", {"drop": True})
    with pytest.raises(Conflict):
        vote(world.client, statement.number, row.uuid, "rejected", {}, "After all not.", recorded_at=world.at)


def test_votes_that_are_refused(world: World) -> None:
    statement, (event, tidy, attitude) = contested(
        world, Claim("tidy", "a", "b"), Claim("attitude", "a", "b")
    )
    for row, decision, change, words in (
        (event, "maybe", {}, "One of"),
        (event, "upheld", {}, "Say what changes"),
        (event, "rejected", {"drop": True}, "changes nothing"),
        (event, "upheld", {"drop": True, "party": "client"}, "One change"),
        (event, "upheld", {"value": "3"}, "An event is dropped"),
        (event, "upheld", {"party": "nobody"}, "no party"),
        (event, "upheld", {"quantity": "-1"}, "Not less than 0"),
        (event, "upheld", {"quantity": "lots"}, "no number"),
        (tidy, "upheld", {"drop": True}, "another value or mark"),
        (tidy, "upheld", {"mark": "3"}, "reads a value"),
        (tidy, "upheld", {"value": "101"}, "no value of"),
        (attitude, "upheld", {"value": "3"}, "decide on a mark"),
        (attitude, "upheld", {"mark": "6"}, "between 0 and 5"),
    ):
        with pytest.raises(Invalid) as refused:
            vote(world.client, statement.number, row.uuid, decision, change, "why", recorded_at=world.at)
        assert words in refused.value.message, (decision, change)
    with pytest.raises(Invalid):
        vote(world.client, statement.number, event.uuid, "rejected", {}, " ", recorded_at=world.at)
    for role in ("appraiser", "quality_officer", "auditor"):
        with pytest.raises(Forbidden):
            vote(world.viewer(role), statement.number, event.uuid, "rejected", {}, "no", recorded_at=world.at)


def test_replies_are_the_clients_and_given_once(world: World) -> None:
    statement, (row,) = contested(world)
    with pytest.raises(Forbidden):
        answer_appeal(world.provider, statement.number, row.uuid, "Yes.", recorded_at=world.at)
    answer_appeal(world.client, statement.number, row.uuid, "No.", recorded_at=world.at)
    with pytest.raises(Conflict):
        answer_appeal(world.client, statement.number, row.uuid, "Yes.", recorded_at=world.at)


# --- terms, silence and reminders -----------------------------------------------------------------------------------


def test_silence_accepts_after_the_term(world: World) -> None:
    statement = world.issued()
    assert statement.answer_due_at is not None
    told = list(Delivery.objects.filter(event="statement_to_answer").values_list("pk", flat=True))
    assert sweep(statement.answer_due_at) == 1  # the reminder
    assert world.again(statement).state == "issued"
    reminded = Delivery.objects.filter(event="statement_to_answer").exclude(pk__in=told)
    assert {mail.person.login for mail in reminded} == {"acme-service_manager", "acme-provider_admin"}
    assert sweep(statement.answer_due_at + timedelta(seconds=1)) == 1
    accepted = world.again(statement)
    assert (accepted.state, accepted.is_accepted_by_silence, accepted.answered_by) == ("accepted", True, "")
    last = history_of(SYSTEM_VIEWER, accepted)[-1]
    assert (last.type, last.data["is_silence"]) == ("appraisal.accepted", True)
    assert sweep(statement.answer_due_at + timedelta(days=9)) == 0


def test_silence_that_means_nothing(db: None) -> None:
    with undone():
        world = make_world()
        agree(world.ground, appeal={"within": {"working_days": 3}, "silence": "none"})
        statement = world.issued()
        assert statement.answer_due_at == datetime(2026, 5, 11, 9, 0, tzinfo=UTC)
        assert sweep(statement.answer_due_at + timedelta(days=1)) == 1
        assert world.again(statement).state == "issued"
        accept_statement(
            world.provider,
            statement.number,
            world.again(statement).row_version,
            recorded_at=statement.answer_due_at + timedelta(days=2),
        )
        assert world.again(statement).state == "accepted"


def test_a_change_of_terms_is_the_next_statements(world: World) -> None:
    statement = world.issued()
    agree(world.ground, appeal={"within": {"working_days": 1}, "silence": "accept"})
    assert world.again(statement).answer_due_at == statement.answer_due_at


# --- what was entered by people -------------------------------------------------------------------------------------


def test_an_event_that_people_entered_can_be_contested(world: World) -> None:
    statement = world.entered(world.drafted())
    none = statement.inputs.get(key="absent")
    withdraw_input(world.client, statement.number, none.uuid, "There was one.", recorded_at=world.at)
    ticket = Ticket.objects.filter(scope_id=statement.scope_id).first()
    assert ticket is not None
    event = enter_event(
        world.client,
        statement.number,
        "absent",
        datetime(2026, 4, 15, 2, 0, tzinfo=UTC),
        note="Nobody came.",
        subject=ticket.number,
        files=[FileDraft("photo.png", b"\x89PNG")],
        recorded_at=world.at,
    )
    statement = world.again(statement)
    issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    statement = world.again(statement)
    assert statement.value == Decimal("86.4")
    content = frozen_of(statement)
    told = next(one for one in content["inputs"] if one["kind"] == "event")
    assert (told["ticket"], told["files"][0]["name"], told["entry"] is not None) == (
        ticket.number,
        "photo.png",
        True,
    )
    withdrawn = next(one for one in content["inputs"] if one["withdrawn"])
    assert withdrawn["withdrawn"]["reason"] == "There was one."
    (row,) = appeal(
        world.provider,
        statement.number,
        statement.row_version,
        [Claim("presence", "The gate was closed.", "Not ours.", event.event_key)],
        recorded_at=world.at,
    )
    decide(world, statement, row, "partly", {"party": "client"})
    assert close_arbitration(world.client, statement.number, recorded_at=world.at).value == Decimal("91.4")


# --- an arbitration whose term ends without a decision --------------------------------------------------------------


def overdue(world: World, **arbitration: Any) -> tuple[Statement, list[Appeal], datetime]:
    """A statement with two appeals, one decided, one with a single vote; and the instant after the term."""
    agree(world.ground, arbitration={"within": {"working_days": 10}, **arbitration})
    statement, rows = contested(world, Claim("tidy", "They were tidy.", "100 per cent."))
    decide(world, statement, rows[1], "upheld", {"value": "100"})
    vote(
        world.provider,
        statement.number,
        rows[0].uuid,
        "upheld",
        {"drop": True},
        "Ours.",
        recorded_at=world.at,
    )
    assert statement.arbitration_due_at is not None
    return statement, rows, statement.arbitration_due_at + timedelta(minutes=1)


def test_what_is_contested_stands_where_the_contract_says_so(world: World) -> None:
    statement, rows, late = overdue(world, overdue="stands")
    assert sweep(late - timedelta(hours=1)) == 1  # a reminder
    assert world.again(statement).state == "appealed"
    assert sweep(late) == 1
    closed = world.again(statement)
    assert (closed.state, closed.arbitrated_at) == ("arbitrated", late)
    assert closed.value == Decimal(
        "94.4"
    )  # 91.4, and 3 points more for what was decided: the late ticket still counts
    rows[0].refresh_from_db()
    assert (rows[0].decision, rows[0].change) == ("rejected", {})
    told = [(one["item"], one["decision"], len(one["votes"])) for one in frozen_of(closed)["appeals"]]
    assert told == [("tidy", "upheld", 2), ("lateness", "rejected", 1)]
    lines = {line.type: line for line in history_of(SYSTEM_VIEWER, closed)}
    assert lines["appraisal.decided"].data["is_overdue"] is True
    assert lines["appraisal.arbitrated"].data["is_overdue"] is True
    assert sweep(late + timedelta(days=1)) == 0
    world.sign(world.client, closed)


@pytest.mark.parametrize(
    ("roles", "people"),
    [(["quality_officer", "auditor"], {"quality_officer", "auditor"}), ([], {"contact", "service_manager"})],
)
def test_it_is_escalated_to_those_whom_the_contract_names(
    world: World, roles: list[str], people: set[str]
) -> None:
    asked = {"overdue": "escalate", "escalate_to": roles} if roles else {}
    statement, _rows, late = overdue(world, **asked)
    sweep(late)
    assert world.again(statement).state == "appealed"
    line = history_of(SYSTEM_VIEWER, statement)[-1]
    assert (line.type, line.data["roles"], line.data["open"]) == ("appraisal.escalated", roles, 1)
    assert {f"{role} of acme" for role in people} <= set(line.told)
    assert ("auditor of acme" in line.told) is bool(roles)
    mails = Delivery.objects.filter(entry_id=line.entry_id)
    assert mails.count() == len(line.told)
    assert sweep(late + timedelta(days=1)) == 0
