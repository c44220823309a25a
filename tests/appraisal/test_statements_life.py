"""A statement from its draft to its settlement: what each step does, and what it refuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from tests.appraisal.statements_world import IN_MAY, World, agree
from tests.undoing import undone

from yunheng.appraisal.models import Signature, Statement
from yunheng.appraisal.scorecard import Unscored
from yunheng.appraisal.statements.actions import (
    accept_statement,
    discard_statement,
    draft_statement,
    issue_statement,
    refresh_draft,
    settle_statement,
    withdraw_input,
)
from yunheng.appraisal.statements.queries import frozen_bytes, frozen_of, history_of
from yunheng.contracts.models import ContractVersion
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.logic.score import results_from_plain, scheme_of, score


def types(statement: Statement) -> list[str]:
    return [line.type.removeprefix("appraisal.") for line in history_of(SYSTEM_VIEWER, statement)]


def test_from_draft_to_settlement(world: World) -> None:
    statement = world.locked()
    # 38 of 40 for one late ticket, 27 of 30 for 90 %, 0.6 × 24 + 0.4 × 30 = 26.4 for the marks
    assert (statement.state, statement.value, statement.grade) == ("locked", Decimal("91.4"), "good")
    assert (statement.fee, statement.payable, statement.currency) == (100000, 100000, "CNY")
    settle_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    statement = world.again(statement)
    assert (statement.state, statement.settled_by) == ("settled", "service_manager of acme")
    assert types(statement) == [
        *("drafted", "value_entered", "marked", "marked", "none_happened", "none_happened"),
        *("issued", "accepted", "signed", "signed", "locked", "settled"),
    ]
    assert statement.number == "ACME-APR-20260506-0001"
    assert statement.issued_at == IN_MAY


def test_what_is_frozen_scores_the_same_again(world: World) -> None:
    statement = world.issued(late=2)
    content = frozen_of(statement)
    found = score(scheme_of(content["rules"]["scheme"]), results_from_plain(content["results"]))
    assert f"{found.value:f}" == content["score"]["value"] == "89.4"
    assert statement.digest is not None
    assert sha256(frozen_bytes(statement)).digest() == bytes(statement.digest)


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_a_period_has_one_statement_at_a_time(world: World) -> None:
    first = world.drafted()
    with pytest.raises(Conflict) as refused:
        draft_statement(world.client, "acme", "2026-04", recorded_at=world.at)
    assert refused.value.code == "exists"
    assert first.number in refused.value.message
    discard_statement(world.client, first.number, first.row_version, "a test", recorded_at=world.at)
    again = draft_statement(world.provider, "acme", "2026-04", recorded_at=world.at)
    assert (again.edition, again.state) == (1, "drafted")


@pytest.mark.parametrize(
    ("period", "words"),
    [("2026-13", "not a period"), ("2099-01", "has not begun"), ("2026", "year is made of")],
)
def test_what_cannot_be_drafted(world: World, period: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        draft_statement(world.client, "acme", period, recorded_at=world.at)
    assert set(refused.value.fields) == {"period"}
    assert words in refused.value.message


def test_without_a_scheme_there_is_no_statement(world: World) -> None:
    newest = ContractVersion.objects.order_by("-number").first()
    assert newest is not None
    kept = {name: part for name, part in newest.terms.items() if name not in ("scoring", "appraisal")}
    ContractVersion.objects.create(
        contract=newest.contract,
        number=newest.number + 1,
        valid_from=newest.valid_from,
        valid_to=newest.valid_to,
        document="",
        terms=kept,
        digest=b"\1" * 32,
        applied_by="test",
    )
    with pytest.raises(Unscored):
        draft_statement(world.client, "acme", "2026-04", recorded_at=world.at)


def test_who_may_draft_issue_and_see(world: World) -> None:
    for role in ("appraiser", "contact", "service_manager", "provider_admin"):
        found = draft_statement(world.viewer(role), "acme", "2026-04", recorded_at=world.at)
        discard_statement(world.viewer(role), found.number, found.row_version, "a test", recorded_at=world.at)
    for role in ("quality_officer", "desk_agent", "auditor"):
        with pytest.raises(Forbidden):
            draft_statement(world.viewer(role), "acme", "2026-04", recorded_at=world.at)
    for role in ("requester", "supplier_engineer"):
        with pytest.raises(NotFound):
            draft_statement(world.viewer(role), "acme", "2026-04", recorded_at=world.at)


def test_a_draft_is_brought_up_to_date(world: World) -> None:
    statement = world.drafted()
    assert statement.value == Decimal("95.0")  # so far: what nobody entered is left out
    statement = refresh_draft(
        world.provider,
        world.entered(statement).number,
        world.again(statement).row_version,
        recorded_at=world.at,
    )
    assert statement.value == Decimal("91.4")
    with pytest.raises(Conflict):
        refresh_draft(world.provider, statement.number, statement.row_version - 1, recorded_at=world.at)


# --- issuing --------------------------------------------------------------------------------------------------------


def test_the_term_for_the_issue_begins_on_the_last_day_of_the_period(world: World) -> None:
    """June ends on a Tuesday: one working day after it is Wednesday, and 36 hours after it end on Thursday at noon."""
    zone = ZoneInfo("Asia/Shanghai")
    world.at = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)
    for term, due in (({"working_days": 1}, "2026-07-01"), ({"seconds": 36 * 3600}, "2026-07-02T12:00")):
        with undone():
            agree(world.ground, issue_within=term)
            draft = draft_statement(world.client, "acme", "2026-06", recorded_at=world.at)
            assert draft.issue_due_at is not None
            assert draft.issue_due_at.astimezone(zone).isoformat().startswith(due)


def test_issuing_waits_for_the_periods_end(world: World) -> None:
    running = world.entered(draft_statement(world.client, "acme", "2026-05", recorded_at=world.at))
    with pytest.raises(Invalid) as refused:
        issue_statement(world.client, running.number, running.row_version, recorded_at=world.at)
    assert (refused.value.code, set(refused.value.fields)) == ("period_running", {"period"})


def test_issuing_names_everything_that_is_lacking(world: World) -> None:
    statement = world.drafted()
    with pytest.raises(Invalid) as refused:
        issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    assert refused.value.code == "incomplete"
    assert list(refused.value.fields["lacking"]) == [
        "Nobody has entered the value of “Tidy machine rooms”.",
        "“Attitude” lacks 2 marks (0 of 2). Not rated yet by: contact of the client, users.",
        "Nobody has entered whether there was any of “Absent from the site”.",
        "Nobody has entered whether there was any of “Praise”.",
    ]
    assert world.again(statement).state == "drafted"


def test_a_rating_without_quorum_names_who_is_missing(world: World) -> None:
    statement = world.entered(world.drafted())
    mark = statement.inputs.get(role="users")
    withdraw_input(world.client, statement.number, mark.uuid, "wrong person", recorded_at=world.at)
    statement = world.again(statement)
    with pytest.raises(Invalid) as refused:
        issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    assert refused.value.fields == {"lacking": ["“Attitude” lacks 1 mark (1 of 2). Not rated yet by: users."]}


def test_only_the_client_issues_what_it_saw(world: World) -> None:
    statement = world.entered(world.drafted())
    with pytest.raises(Forbidden):
        issue_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    with pytest.raises(Conflict):
        issue_statement(world.client, statement.number, statement.row_version - 1, recorded_at=world.at)
    issued = issue_statement(
        world.viewer("appraiser"), statement.number, statement.row_version, recorded_at=world.at
    )
    assert (issued.state, issued.issued_by, issued.issued_for) == ("issued", "appraiser of acme", "Acme")
    # five working days after Wednesday, 6 May: Wednesday, 13 May, the end of the office's day
    assert issued.answer_due_at is not None
    assert issued.answer_due_at.isoformat() == "2026-05-13T09:00:00+00:00"


# --- the answer -----------------------------------------------------------------------------------------------------


def test_the_provider_accepts_and_nobody_else(world: World) -> None:
    statement = world.issued()
    with pytest.raises(Forbidden):
        accept_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    accepted = accept_statement(
        world.provider, statement.number, statement.row_version, "Agreed.", recorded_at=world.at
    )
    assert (accepted.state, accepted.answer, accepted.is_accepted_by_silence) == (
        "accepted",
        "Agreed.",
        False,
    )
    with pytest.raises(Conflict):
        accept_statement(world.provider, statement.number, accepted.row_version, recorded_at=world.at)


# --- signatures and the lock ----------------------------------------------------------------------------------------


def test_two_signatures_lock(world: World) -> None:
    statement = world.accepted()
    first = world.sign(world.client, statement)
    assert (first.side, first.person, first.organisation) == ("client", "contact of acme", "Acme")
    assert world.again(statement).state == "accepted"
    world.sign(world.provider, statement)
    assert world.again(statement).state == "locked"
    signed = [line.data for line in history_of(SYSTEM_VIEWER, statement) if line.type == "appraisal.signed"]
    assert [(one["side"], one["method"], len(one["proof_sha256"])) for one in signed] == [
        ("client", "confirmation", 64),
        ("provider", "confirmation", 64),
    ]


def test_signatures_that_are_refused(world: World) -> None:
    issued = world.issued()
    with pytest.raises(Conflict) as early:
        world.sign(world.client, issued)
    assert early.value.code == "wrong_state"
    accept_statement(world.provider, issued.number, issued.row_version, recorded_at=world.at)
    for role in ("appraiser", "auditor", "quality_officer", "engineer"):
        with pytest.raises(Forbidden):
            world.sign(world.viewer(role), issued)
    with pytest.raises(Forbidden):
        world.sign(SYSTEM_VIEWER, issued)
    with pytest.raises(Invalid) as other:
        world.sign(world.client, issued, digest=sha256(b"something else").digest())
    assert other.value.code == "digest"
    with pytest.raises(Invalid) as way:
        world.sign(world.client, issued, method="wax")
    assert way.value.code == "method"
    world.sign(world.client, issued)
    with pytest.raises(Conflict) as twice:
        world.sign(world.client, issued)
    assert twice.value.code == "signed_already"
    assert Signature.objects.filter(statement=issued).count() == 1


def test_a_locked_statement_is_kept_by_the_database(world: World) -> None:
    statement = world.locked()
    for change in (
        "frozen = 'x'::bytea",
        "digest = 'x'::bytea",
        "value = 100",
        "payable = 1",
        "state = 'accepted'",
        "period = '2026-03'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE statement SET {change} WHERE id = %s", [statement.pk])
    for table in ("statement", "statement_signature"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE statement_input SET value = 100 WHERE kind = 'value'")


def test_what_was_issued_changes_with_the_arbitration_only(world: World) -> None:
    statement = world.issued()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE statement SET frozen = 'x'::bytea WHERE id = %s", [statement.pk])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE statement SET state = 'appealed' WHERE id = %s", [statement.pk])
        cursor.execute("UPDATE statement SET state = 'arbitrated', value = 95 WHERE id = %s", [statement.pk])


# --- money ----------------------------------------------------------------------------------------------------------


def test_only_what_is_locked_is_settled_once(world: World) -> None:
    statement = world.accepted(late=5)  # 30 of 40 for five late tickets
    with pytest.raises(Conflict) as early:
        settle_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    assert early.value.code == "wrong_state"
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    statement = world.again(statement)
    with pytest.raises(Forbidden):
        settle_statement(
            world.viewer("appraiser"), statement.number, statement.row_version, recorded_at=world.at
        )
    settled = settle_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    assert (settled.value, settled.grade, settled.payable) == (Decimal("83.4"), "fair", 95000)
    with pytest.raises(Conflict):
        settle_statement(world.client, statement.number, settled.row_version, recorded_at=world.at)
    content = frozen_of(world.again(statement))
    assert content["settlement"]["coefficient"] == "0.95"
    assert content["settlement"]["payable"] == "95000.00"


def test_triggers_look_at_the_row_of_signed_scores(world: World) -> None:
    world.at -= timedelta(days=30)
    march = world.locked("2026-03", late=0)
    assert frozen_of(march)["triggers"] == [
        {"key": "twice", "measure": "rectify", "times": 2, "row": [], "is_fired": False, "is_near": False}
    ]
    world.at = IN_MAY
    april = world.issued("2026-04", late=5)
    (trigger,) = frozen_of(april)["triggers"]
    assert (trigger["row"], trigger["is_near"], trigger["is_fired"]) == (["2026-04"], True, False)
    assert frozen_of(april)["previous"] == {
        "statement": march.number,
        "digest": bytes(march.digest or b"").hex(),
    }
