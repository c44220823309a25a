"""What people enter for a draft: what is taken, from whom, and what is refused naming the field."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.appraisal.statements_world import World

from yunheng.appraisal.statements.actions import (
    draw_sample,
    enter_event,
    enter_mark,
    enter_value,
    say_none_happened,
    withdraw_input,
)
from yunheng.appraisal.statements.drafts import drafted_card
from yunheng.desk.models import Ticket
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.models import Attachment
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.logic.appraisal import draw

IN_APRIL = datetime(2026, 4, 15, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "value", "field", "words"),
    [
        ("tidy", "101", "value", "between 0 and 100"),
        ("tidy", "-1", "value", "between 0 and 100"),
        ("tidy", "many", "value", "no number"),
        ("tidy", "NaN", "value", "no number"),
        ("tidy", "1.1234567", "value", "6 decimal places"),
        ("tidy", None, "note", "required"),
        ("lateness", "3", "item", "not entered"),
        ("attitude", "3", "item", "rated by people"),
        ("nothing", "3", "item", "no item “nothing”"),
    ],
)
def test_values_that_are_refused(world: World, item: str, value: Any, field: str, words: str) -> None:
    statement = world.drafted(late=0)
    with pytest.raises(Invalid) as refused:
        enter_value(world.client, statement.number, item, value, recorded_at=world.at)
    assert set(refused.value.fields) == {field}
    assert words in refused.value.message
    assert not statement.inputs.exists()


def test_a_value_comes_with_evidence_and_is_entered_once(world: World) -> None:
    statement = world.drafted(late=0)
    row = enter_value(
        world.viewer("quality_officer"),
        statement.number,
        "tidy",
        "90",
        "Checked on site.",
        [FileDraft("check.pdf", b"%PDF")],
        recorded_at=world.at,
    )
    assert Attachment.objects.get(entry_id=row.entry_id).name == "check.pdf"
    assert (row.side, row.entered_by, row.entered_for) == ("provider", "quality_officer of acme", "Alpha")
    with pytest.raises(Conflict) as twice:
        enter_value(world.client, statement.number, "tidy", "80", recorded_at=world.at)
    assert twice.value.code == "entered_already"
    card = drafted_card(world.again(statement))
    assert card is not None
    assert card.results.measured["tidy"].value == Decimal(90)
    for role in ("engineer", "desk_agent", "auditor"):
        with pytest.raises(Forbidden):
            enter_value(world.viewer(role), statement.number, "tidy", "80", recorded_at=world.at)
    with pytest.raises(NotFound):
        enter_value(world.viewer("requester"), statement.number, "tidy", "80", recorded_at=world.at)


def test_what_does_not_apply_is_said_with_a_note(world: World) -> None:
    statement = world.drafted(late=0)
    enter_value(world.client, statement.number, "tidy", None, "No machine room.", recorded_at=world.at)
    enter_value(world.client, statement.number, "attitude", None, "Nobody was here.", recorded_at=world.at)
    card = drafted_card(world.again(statement))
    assert card is not None
    assert {one.key for one in card.lacking} == {"absent", "praise"}
    assert card.results.marks["attitude"] == ()


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"value": "6"}, "value", "between 0 and 5"),
        ({"value": "2"}, "reason", "needs a reason"),
        ({"role": "boss"}, "role", "Who rates"),
        ({"item": "tidy"}, "item", "not rated"),
    ],
)
def test_marks_that_are_refused(world: World, asked: dict[str, Any], field: str, words: str) -> None:
    statement = world.drafted(late=0)
    said = {"item": "attitude", "role": "contact", "value": "4"} | asked
    with pytest.raises(Invalid) as refused:
        enter_mark(world.client, statement.number, **said, recorded_at=world.at)
    assert set(refused.value.fields) == {field}
    assert words in refused.value.message


def test_who_rates_in_which_word(world: World) -> None:
    statement = world.drafted(late=0)
    number = statement.number
    enter_mark(world.client, number, "attitude", "contact", "2", "They were rude.", recorded_at=world.at)
    with pytest.raises(Forbidden):  # the word is a role, and this is not theirs
        enter_mark(world.viewer("appraiser"), number, "attitude", "contact", "4", recorded_at=world.at)
    with pytest.raises(Forbidden):  # the contract gives the word to the client's people
        enter_mark(world.provider, number, "attitude", "users", "4", recorded_at=world.at)
    enter_mark(
        world.viewer("appraiser"), number, "attitude", "users", "4", rater="Ward 3", recorded_at=world.at
    )
    with pytest.raises(Conflict) as twice:
        enter_mark(world.client, number, "attitude", "contact", "5", recorded_at=world.at)
    assert twice.value.code == "rated_twice"


def test_events_that_are_refused(world: World) -> None:
    statement = world.drafted(late=0)
    number = statement.number
    for asked, field, words in (
        ({"kind": "late"}, "kind", "follow from clocks"),
        ({"kind": "nothing"}, "kind", "no events of the kind"),
        ({"occurred_at": datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)}, "occurred_at", "not in the period"),
        ({"occurred_at": datetime(2026, 4, 30, 16, 0, tzinfo=UTC)}, "occurred_at", "not in the period"),
        ({"occurred_at": world.at + timedelta(hours=1)}, "occurred_at", "future"),
        ({"occurred_at": IN_APRIL.replace(tzinfo=None)}, "occurred_at", "time zone"),
        ({"quantity": "0"}, "quantity", "More than 0"),
        ({"party": "nobody"}, "party", "One of"),
        ({"subject": "ACME-INC-19990101-0001"}, "subject", "no ticket"),
        ({"note": " "}, "note", "required"),
    ):
        said: dict[str, Any] = {"kind": "absent", "occurred_at": IN_APRIL, "note": "Nobody came."} | asked
        with pytest.raises(Invalid) as refused:
            enter_event(world.client, number, **said, recorded_at=world.at)
        assert set(refused.value.fields) == {field}, asked
        assert words in refused.value.message, asked
    assert enter_event(world.client, number, "absent", IN_APRIL, note="Nobody came.", recorded_at=world.at)


def test_none_happened_and_an_event_exclude_each_other(world: World) -> None:
    statement = world.drafted(late=0)
    number = statement.number
    said = say_none_happened(world.client, number, "absent", recorded_at=world.at)
    with pytest.raises(Conflict):
        enter_event(world.client, number, "absent", IN_APRIL, note="Nobody came.", recorded_at=world.at)
    withdraw_input(world.client, number, said.uuid, "There was one.", recorded_at=world.at)
    enter_event(world.client, number, "absent", IN_APRIL, note="Nobody came.", recorded_at=world.at)
    with pytest.raises(Conflict):
        say_none_happened(world.client, number, "absent", recorded_at=world.at)


def test_who_may_withdraw(world: World) -> None:
    statement = world.drafted(late=0)
    ours = enter_value(world.client, statement.number, "tidy", "90", recorded_at=world.at)
    with pytest.raises(Forbidden):
        withdraw_input(world.provider, statement.number, ours.uuid, "Too low.", recorded_at=world.at)
    theirs = enter_event(
        world.provider, statement.number, "praise", IN_APRIL, note="A letter.", recorded_at=world.at
    )
    with pytest.raises(Invalid):
        withdraw_input(world.client, statement.number, theirs.uuid, "", recorded_at=world.at)
    withdraw_input(world.client, statement.number, theirs.uuid, "No letter came.", recorded_at=world.at)
    with pytest.raises(Conflict):
        withdraw_input(world.client, statement.number, theirs.uuid, "Once more.", recorded_at=world.at)
    theirs.refresh_from_db()
    assert (theirs.withdrawn_by, theirs.why_withdrawn) == ("contact of acme", "No letter came.")


def test_nothing_is_entered_once_it_is_issued(world: World) -> None:
    statement = world.issued()
    with pytest.raises(Conflict) as refused:
        enter_value(world.client, statement.number, "tidy", "80", recorded_at=world.at)
    assert refused.value.code == "wrong_state"


# --- spot checks ----------------------------------------------------------------------------------------------------


def test_a_sample_can_be_drawn_again_by_anybody(world: World) -> None:
    statement = world.drafted(late=7)
    sample = draw_sample(world.client, statement.number, count=3, recorded_at=world.at)
    numbers = list(Ticket.objects.filter(scope_id=statement.scope_id).values_list("number", flat=True))
    assert sample["tickets"] == list(draw(sample["seed"], reversed(numbers), 3))
    assert (sample["population"], len(sample["tickets"])) == (7, 3)
    more = draw_sample(world.provider, statement.number, share=Decimal(50), recorded_at=world.at)
    assert (len(more["tickets"]), more["seed"] != sample["seed"]) == (4, True)
    assert len(world.again(statement).samples) == 2


def test_samples_that_are_refused(world: World) -> None:
    statement = world.drafted(late=1)
    for asked in (
        {},
        {"count": 1, "share": Decimal(1)},
        {"share": Decimal(0)},
        {"share": Decimal(101)},
        {"share": Decimal("0.00001")},
        {"share": Decimal("1E-999999999")},
        {"share": Decimal("3.12345")},
        {"count": 0},
    ):
        with pytest.raises(Invalid):
            draw_sample(world.client, statement.number, **asked, recorded_at=world.at)
    with pytest.raises(Forbidden):
        draw_sample(world.viewer("auditor"), statement.number, count=1, recorded_at=world.at)
