"""The life of a ticket through its process, with the clocks that follow."""

from datetime import timedelta
from typing import Any

import pytest
from tests.desk.ground import HOUR, MORNING, Ground, clocks, opened

from yunheng.desk.actions import assign_ticket, move_ticket, reply
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid


def test_a_ticket_opens_with_number_priority_and_clocks(ground: Ground) -> None:
    done = opened(ground)
    assert done.ticket.number == "ACME-INC-20260401-0001"
    assert done.ticket.priority == "p1"
    running = clocks(done.ticket)
    assert set(running) == {"respond", "resolve", "restore", "hand_over", "update"}
    assert running["respond"].due_at == MORNING + timedelta(minutes=15)
    assert running["resolve"].due_at == MORNING + timedelta(hours=4)
    assert running["resolve"].next_check_at == MORNING + timedelta(hours=2)  # 50 %, nothing at the opening
    assert done.no_clock_reason == ""


def test_numbers_count_per_kind_and_local_day(ground: Ground) -> None:
    late = MORNING.replace(hour=15, minute=59)  # 23:59 in Shanghai
    numbers = [
        opened(ground).ticket.number,
        opened(ground, kind="service_request").ticket.number,
        opened(ground, recorded_at=late).ticket.number,
        opened(ground, recorded_at=late + timedelta(minutes=1)).ticket.number,
    ]
    assert numbers == [
        "ACME-INC-20260401-0001",
        "ACME-REQ-20260401-0001",
        "ACME-INC-20260401-0002",
        "ACME-INC-20260402-0001",
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service": "fax"}, "service"),
        ({"impact": "huge"}, "impact"),
        ({"urgency": ""}, "urgency"),
        ({"title": "  "}, "title"),
        ({"channel": "pigeon"}, "channel"),
        ({"kind": "wish"}, "kind"),
        ({"failed_at": MORNING + timedelta(hours=1)}, "failed_at"),
        ({"at": MORNING + timedelta(seconds=1)}, "at"),
        ({"at": MORNING - timedelta(hours=25)}, "at"),
        ({"ci": "a|b"}, "ci"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_opened(ground: Ground, changes: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        opened(ground, **changes)
    assert field in refused.value.fields
    assert not Ticket.objects.exists()


def test_full_life(ground: Ground) -> None:
    ticket = opened(ground).ticket
    agent, engineer = ground.viewer("desk_agent"), ground.viewer("engineer")
    contact, number = ground.viewer("contact"), ticket.number

    def at(hours: float) -> dict[str, Any]:
        return {"recorded_at": MORNING + timedelta(hours=hours)}

    move_ticket(agent, number, "accept", **at(0.1))
    assign_ticket(agent, number, team="desk-acme", assignee="acme-engineer", **at(0.2))
    move_ticket(engineer, number, "start", **at(0.5))
    move_ticket(engineer, number, "wait_for_client", {"note": "password?"}, **at(1))
    assert clocks(ticket)["resolve"].status == "paused"
    assert clocks(ticket)["resolve"].due_at is None
    move_ticket(engineer, number, "resume", **at(3))
    resolve = clocks(ticket)["resolve"]
    assert (resolve.status, resolve.elapsed_seconds) == ("running", HOUR)
    assert resolve.due_at == MORNING + timedelta(hours=6)  # two hours later than without the pause
    assert clocks(ticket)["update"].elapsed_seconds == 3 * HOUR  # this clock does not wait for the client
    done = move_ticket(
        engineer,
        number,
        "resolve",
        {"resolution": "new cable", "cause": "hardware", "line": "second"},
        **at(4),
    )
    assert done.ticket.resolved_at == done.ticket.restored_at == MORNING + timedelta(hours=4)
    assert (clocks(ticket)["resolve"].status, clocks(ticket)["resolve"].is_met) == ("stopped", True)
    assert clocks(ticket)["respond"].is_met is True
    reopened = move_ticket(contact, number, "reopen", {"reason": "down again"}, **at(5))
    assert (reopened.ticket.reopen_count, reopened.ticket.resolved_at) == (1, None)
    assert clocks(ticket)["resolve"].elapsed_seconds == 2 * HOUR  # goes on where it stood
    move_ticket(
        engineer,
        number,
        "resolve",
        {"resolution": "new switch", "cause": "network", "line": "second"},
        **at(6),
    )
    move_ticket(contact, number, "confirm", {"opinion": "fine"}, **at(7))
    move_ticket(agent, number, "close", **at(7.5))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.cause, ticket.row_version) == ("closed", "network", 11)
    resolve = clocks(ticket)["resolve"]
    assert (resolve.elapsed_seconds, resolve.is_met, resolve.next_check_at) == (
        3 * HOUR,
        True,
        MORNING + timedelta(hours=7.5),
    )


def test_who_may_not_is_refused(ground: Ground) -> None:
    number = opened(ground).ticket.number
    for role in ("requester", "supplier_engineer"):
        with pytest.raises(Exception, match=number):  # hidden: as if it were not there
            move_ticket(ground.viewer(role), number, "accept", recorded_at=MORNING)
    for role in ("contact", "auditor", "quality_officer"):
        with pytest.raises(Forbidden) as refused:
            move_ticket(ground.viewer(role), number, "accept", recorded_at=MORNING)
        assert refused.value.permission == "ticket.accept"
    move_ticket(ground.viewer("desk_agent"), number, "accept", recorded_at=MORNING)


def test_a_transition_that_does_not_lead_on_is_a_conflict(ground: Ground) -> None:
    number = opened(ground).ticket.number
    with pytest.raises(Conflict) as refused:
        move_ticket(ground.viewer("engineer"), number, "resume", recorded_at=MORNING)
    assert refused.value.state == "new"
    with pytest.raises(Invalid):
        move_ticket(ground.viewer("engineer"), number, "levitate", recorded_at=MORNING)


def test_who_saw_an_older_version_is_told_who_changed_it(ground: Ground) -> None:
    ticket = opened(ground).ticket
    agent = ground.viewer("desk_agent")
    move_ticket(agent, ticket.number, "accept", expected_version=1, recorded_at=MORNING)
    with pytest.raises(Conflict) as refused:
        assign_ticket(ground.viewer("service_manager"), ticket.number, team="desk-acme", expected_version=1)
    assert refused.value.changed_by == "desk_agent of acme"
    assert refused.value.state == "accepted"


def test_form_faults_name_each_field(ground: Ground) -> None:
    number = opened(ground).ticket.number
    agent = ground.viewer("desk_agent")
    move_ticket(agent, number, "accept", recorded_at=MORNING)
    with pytest.raises(Invalid) as refused:
        move_ticket(agent, number, "resolve", {"cause": "ghosts", "mood": "bad"}, recorded_at=MORNING)
    assert set(refused.value.fields) == {"resolution", "cause", "line", "mood"}
    with pytest.raises(Invalid) as refused:
        assign_ticket(agent, number, team="desk-acme", assignee="acme-contact", recorded_at=MORNING)
    assert set(refused.value.fields) == {"assignee"}


def test_a_guard_objects_with_a_sentence(ground: Ground) -> None:
    number = opened(ground).ticket.number
    agent = ground.viewer("desk_agent")
    move_ticket(agent, number, "accept", recorded_at=MORNING)
    with pytest.raises(Invalid) as refused:
        move_ticket(agent, number, "start", recorded_at=MORNING)
    assert refused.value.code == "guard:has_assignee"
    assert "transition" in refused.value.fields


def test_a_reply_of_the_provider_responds_once(ground: Ground) -> None:
    ticket = opened(ground).ticket
    reply(ground.viewer("contact"), ticket.number, "any news?", recorded_at=MORNING + timedelta(minutes=1))
    assert clocks(ticket)["respond"].status == "running"
    agent = ground.viewer("desk_agent")
    reply(agent, ticket.number, "got it", is_automatic=True, recorded_at=MORNING + timedelta(minutes=2))
    assert clocks(ticket)["respond"].status == "running"
    reply(agent, ticket.number, "we look", recorded_at=MORNING + timedelta(minutes=3))
    reply(agent, ticket.number, "still", recorded_at=MORNING + timedelta(minutes=50))
    respond, update = clocks(ticket)["respond"], clocks(ticket)["update"]
    assert (respond.status, respond.elapsed_seconds, respond.is_met) == ("stopped", 180, True)
    assert (update.cycle, update.elapsed_seconds) == (2, 0)
