"""How a ticket comes to its end: the user's own word, one that the desk wrote down, or silence."""

from datetime import timedelta

import pytest
from tests.desk.ground import MORNING, Ground, opened

from yunheng.desk.actions import close_silent_tickets, move_ticket
from yunheng.desk.models import Ticket
from yunheng.desk.queries import timeline
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.flow import offered
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid
from yunheng.logic.facts import FactKind
from yunheng.sla.queries import facts_of

HOUR = timedelta(hours=1)
DONE = {"resolution": "new cable", "line": "first"}
CALL = {"confirmed_by": "Wang Haibo", "means": "phone", "opinion": "works again"}


def resolved(ground: Ground, kind: str = "incident") -> Ticket:
    ticket = opened(ground, kind=kind).ticket
    agent = ground.viewer("desk_agent")
    move_ticket(agent, ticket.number, "accept", recorded_at=MORNING)
    form = DONE | ({"cause": "hardware"} if kind == "incident" else {})
    return move_ticket(agent, ticket.number, "resolve", form, recorded_at=MORNING + HOUR).ticket


@pytest.mark.parametrize("kind", ["incident", "service_request"])
def test_the_desk_writes_down_what_the_user_said(ground: Ground, kind: str) -> None:
    ticket, agent = resolved(ground, kind), ground.viewer("desk_agent")
    now = MORNING + 2 * HOUR
    done = move_ticket(agent, ticket.number, "record_confirmation", CALL, recorded_at=now)
    assert done.ticket.state == "confirmed"
    entry = Entry.objects.select_related("body").get(pk=done.entry_id)
    assert (entry.body.shared["side"], entry.body.shared["transition"]) == ("provider", "record_confirmation")
    assert entry.body.shared["form"] == {"means": "phone", "opinion": "works again"}
    assert entry.body.personal["form"] == {"confirmed_by": "Wang Haibo"}
    told = [
        fact.term
        for fact in facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
        if fact.kind is FactKind.CONFIRMED
    ]
    assert told == ["told"]
    assert verify_ticket(done.ticket) == []
    seen = timeline(ground.viewer("contact"), ticket)[-1]
    assert seen.personal is None and seen.shared is not None
    again = move_ticket(
        ground.viewer("contact"),
        ticket.number,
        "reopen",
        {"reason": "nobody asked me"},
        recorded_at=now + HOUR,
    )
    assert again.ticket.state == "in_progress"


def test_whose_word_it_is(ground: Ground) -> None:
    ticket = resolved(ground)
    now = MORNING + 2 * HOUR
    for role in ("engineer", "contact", "auditor"):
        with pytest.raises(Forbidden):
            move_ticket(ground.viewer(role), ticket.number, "record_confirmation", CALL, recorded_at=now)
    with pytest.raises(Invalid) as refusal:
        move_ticket(
            ground.viewer("desk_agent"),
            ticket.number,
            "record_confirmation",
            {"means": "hearsay"},
            recorded_at=now,
        )
    assert set(refusal.value.fields) == {"confirmed_by", "means"}
    with pytest.raises(Forbidden):  # nobody of the provider confirms as if they were the client
        move_ticket(ground.viewer("service_manager"), ticket.number, "confirm", {}, recorded_at=now)
    done = move_ticket(ground.viewer("contact"), ticket.number, "confirm", {}, recorded_at=now)
    shared = Entry.objects.get(pk=done.entry_id).body.shared
    assert (shared["side"], shared["facts"][0].get("term", "")) == ("client", "")


def test_what_runs_on_the_first_version_stays_on_it(ground: Ground) -> None:
    ticket = resolved(ground)
    assert ticket.process_version == 2
    Ticket.objects.filter(pk=ticket.pk).update(process_version=1)
    ticket.refresh_from_db()
    agent = ground.viewer("desk_agent")
    assert "record_confirmation" not in {way.key for way in offered(ticket, agent)}
    with pytest.raises(Invalid):
        move_ticket(agent, ticket.number, "record_confirmation", CALL, recorded_at=MORNING + 2 * HOUR)


@pytest.mark.parametrize("kind", ["incident", "service_request"])
def test_silence_closes_both_kinds(ground: Ground, kind: str) -> None:
    ticket = resolved(ground, kind)
    assert close_silent_tickets(MORNING + timedelta(days=2)) == 0
    assert close_silent_tickets(MORNING + timedelta(days=20)) == 1
    ticket.refresh_from_db()
    assert ticket.state == "closed"


def test_a_conflict_names_who_was_first(ground: Ground) -> None:
    ticket = resolved(ground)
    agent, engineer, contact = (ground.viewer(role) for role in ("desk_agent", "engineer", "contact"))
    form = DONE | {"cause": "hardware"}
    with pytest.raises(Conflict) as conflict:
        move_ticket(engineer, ticket.number, "resolve", form, recorded_at=MORNING + 2 * HOUR)
    assert conflict.value.changed_by == agent.actor.name
    assert agent.actor.name in conflict.value.message
    with pytest.raises(Conflict) as conflict:
        move_ticket(agent, ticket.number, "resolve", form, recorded_at=MORNING + 2 * HOUR)
    assert agent.actor.name not in conflict.value.message
    with pytest.raises(Conflict) as conflict:  # clients learn no names of the provider's people
        move_ticket(contact, ticket.number, "cancel", {"reason": "mistake"}, recorded_at=MORNING + 2 * HOUR)
    assert conflict.value.changed_by == ""
    assert agent.actor.name not in conflict.value.message
