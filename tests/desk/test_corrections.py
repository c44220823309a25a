"""Corrections of time, backdating, and tickets that leave the indicators."""

from datetime import timedelta
from typing import Any

import pytest
from tests.desk.ground import HOUR, MORNING, Ground, clocks, make_ground, opened

from yunheng.desk.actions import (
    change_profile,
    correct_time,
    exclude_window,
    leave_out,
    move_ticket,
    reply,
    take_back,
)
from yunheng.desk.actions.corrections import CLIENT_MUST_APPROVE, is_left_out
from yunheng.desk.models import Ticket
from yunheng.desk.queries import differences_from_journal
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid
from yunheng.sla.actions import facts_in_journal, rebuild_facts
from yunheng.sla.models import ClockFact
from yunheng.sla.queries import facts_of

RESOLUTION = {"resolution": "new cable", "cause": "hardware", "line": "first"}


def after(hours: float) -> dict[str, Any]:
    return {"recorded_at": MORNING + timedelta(hours=hours)}


def resolved(ground: Ground, hours: float) -> tuple[Ticket, int]:
    """A ticket resolved so many hours after nine in the morning; its entry."""
    ticket = opened(ground).ticket
    move_ticket(ground.viewer("desk_agent"), ticket.number, "accept", **after(0))
    done = move_ticket(ground.viewer("desk_agent"), ticket.number, "resolve", RESOLUTION, **after(hours))
    return done.ticket, done.entry_id


def test_a_correction_supersedes_and_keeps_the_old(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    done = correct_time(
        ground.viewer("service_manager"),
        ticket.number,
        entry_id,
        MORNING + timedelta(hours=2.5),
        reason="noted late",
        approver=ground.viewer("provider_admin"),
        **after(3.5),
    )
    assert done.ticket.resolved_at == MORNING + timedelta(hours=2.5)
    assert clocks(ticket)["resolve"].elapsed_seconds == 2.5 * HOUR
    assert Entry.objects.filter(pk=entry_id).exists()
    old = ClockFact.objects.filter(entry_id=entry_id)
    assert old and all(fact.superseded_by == done.entry_id for fact in old)
    with pytest.raises(Invalid):  # the old entry says nothing any more; the correction does
        correct_time(
            ground.viewer("service_manager"),
            ticket.number,
            entry_id,
            MORNING + timedelta(hours=2),
            reason="again",
            approver=ground.viewer("provider_admin"),
            **after(3.5),
        )
    ticket.refresh_from_db()
    assert differences_from_journal(ticket) == []


def test_a_correction_that_changes_an_outcome_needs_the_client(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)  # one hour late
    wanted = {
        "viewer": ground.viewer("service_manager"),
        "number": ticket.number,
        "entry_id": entry_id,
        "new_at": MORNING + timedelta(hours=3),
        "reason": "noted late",
        **after(6),
    }
    with pytest.raises(Invalid) as refused:
        correct_time(approver=ground.viewer("provider_admin"), **wanted)
    assert refused.value.code == CLIENT_MUST_APPROVE
    assert clocks(ticket)["resolve"].is_met is False
    correct_time(approver=ground.viewer("contact"), **wanted)
    assert clocks(ticket)["resolve"].is_met is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"new_at": MORNING + timedelta(hours=9)}, "new_at"),
        ({"new_at": MORNING - timedelta(hours=1)}, "new_at"),
        ({"new_at": MORNING + timedelta(hours=3)}, "new_at"),  # as it is
        ({"entry_id": 10**12}, "entry"),
    ],
)
def test_a_wrong_correction_is_refused(ground: Ground, changes: Any, field: str) -> None:
    ticket, entry_id = resolved(ground, 3)
    values: dict[str, Any] = {
        "entry_id": entry_id,
        "new_at": MORNING + timedelta(hours=2),
        "reason": "noted late",
        "approver": ground.viewer("provider_admin"),
        **after(4),
    }
    with pytest.raises(Invalid) as refused:
        correct_time(ground.viewer("service_manager"), ticket.number, **(values | changes))
    assert field in refused.value.fields
    with pytest.raises(Forbidden):
        correct_time(ground.viewer("engineer"), ticket.number, **values)


@pytest.mark.parametrize("role", ["service_manager", "engineer", "requester", "supplier_engineer", "auditor"])
def test_who_has_no_word_approves_nothing(ground: Ground, role: str) -> None:
    ticket, entry_id = resolved(ground, 3)
    manager = ground.viewer("service_manager")
    wanted = {
        "entry_id": entry_id,
        "new_at": MORNING + timedelta(hours=2),
        "reason": "noted late",
        **after(4),
    }
    with pytest.raises(Forbidden):  # the first of them is the one who asks
        correct_time(manager, ticket.number, approver=ground.viewer(role), **wanted)
    with pytest.raises(Forbidden):  # the system approves only what the system does
        correct_time(manager, ticket.number, approver=SYSTEM_VIEWER, **wanted)
    stranger = make_ground("other").viewer("contact")
    with pytest.raises(Forbidden):
        correct_time(manager, ticket.number, approver=stranger, **wanted)
    done = correct_time(SYSTEM_VIEWER, ticket.number, approver=SYSTEM_VIEWER, **wanted)
    shared = Entry.objects.get(pk=done.entry_id).body.shared
    assert (shared["side"], shared["approver_side"]) == ("system", "system")


def test_how_far_back_somebody_may_say_depends_on_the_role(ground: Ground) -> None:
    ticket = opened(ground).ticket
    engineer, agent = ground.viewer("engineer"), ground.viewer("desk_agent")
    at = MORNING + timedelta(minutes=10)
    with pytest.raises(Invalid) as refused:  # this contract gives engineers two hours
        move_ticket(engineer, ticket.number, "accept", at=at, **after(3))
    assert refused.value.code == "backdating"
    soon = MORNING + timedelta(minutes=14)
    move_ticket(agent, ticket.number, "accept", at=at, recorded_at=soon)
    respond = clocks(ticket)["respond"]
    assert (respond.elapsed_seconds, respond.is_met) == (600, True)
    with pytest.raises(Invalid):  # before it came into its state
        move_ticket(
            agent, ticket.number, "resolve", RESOLUTION, at=MORNING + timedelta(minutes=5), recorded_at=soon
        )


def test_dating_back_does_not_decide_a_promise(ground: Ground) -> None:
    ticket = opened(ground).ticket  # to be responded to within 15 minutes
    agent, at = ground.viewer("desk_agent"), MORNING + timedelta(minutes=10)
    for operation in (
        lambda: move_ticket(agent, ticket.number, "accept", at=at, **after(3)),
        lambda: reply(agent, ticket.number, "I called them", means="phone", at=at, **after(3)),
    ):
        with pytest.raises(Invalid) as refused:
            operation()
        assert refused.value.code == "outcome"
    assert clocks(ticket)["respond"].status == "running"
    done = move_ticket(agent, ticket.number, "accept", **after(3))
    assert clocks(ticket)["respond"].is_met is False
    correct_time(
        ground.viewer("service_manager"),
        ticket.number,
        done.entry_id,
        at,
        reason="the call was at ten past nine",
        approver=ground.viewer("contact"),
        **after(4),
    )
    assert clocks(ticket)["respond"].is_met is True


def test_dating_back_against_oneself_is_allowed(ground: Ground) -> None:
    call = {"at": MORNING, "recorded_at": MORNING + timedelta(hours=1)}
    late = opened(
        ground, "desk_agent", **call
    ).ticket  # the desk writes the call down an hour later: it is late
    assert clocks(late)["respond"].breached_at is not None
    with pytest.raises(Invalid) as refused:  # the client cannot make it late by saying so
        opened(ground, "contact", **call)
    assert refused.value.code == "outcome"


def test_a_change_of_priority_loses_no_time(ground: Ground) -> None:
    ticket = opened(ground).ticket
    manager = ground.viewer("service_manager")
    change_profile(manager, ticket.number, urgency="low", reason="workaround", **after(3))
    resolve = clocks(ticket)["resolve"]
    assert (resolve.profile, resolve.goal_seconds, resolve.elapsed_seconds) == ("mail|p2", 8 * HOUR, 3 * HOUR)
    change_profile(manager, ticket.number, is_major=True, reason="board meeting", **after(3.5))
    resolve = clocks(ticket)["resolve"]
    assert (resolve.profile, resolve.elapsed_seconds) == ("mail|p1", 3.5 * HOUR)
    with pytest.raises(Forbidden):
        change_profile(ground.viewer("engineer"), ticket.number, urgency="low", reason="no", **after(4))
    with pytest.raises(Invalid):
        change_profile(manager, ticket.number, service="fax", reason="no", **after(4))
    with pytest.raises(Invalid) as refused:
        change_profile(manager, ticket.number, is_major=True, reason="no", **after(4))
    assert refused.value.code == "unchanged"


def test_leaving_and_coming_back_to_the_indicators(ground: Ground) -> None:
    ticket = opened(ground).ticket
    officer = ground.viewer("quality_officer")
    words = {"evidence": "same as 0002", "approver": ground.viewer("contact"), **after(1)}
    with pytest.raises(Invalid):
        leave_out(officer, ticket.number, reason="ugly", **words)
    leave_out(officer, ticket.number, reason="duplicate", **words)
    with pytest.raises(Invalid):
        leave_out(officer, ticket.number, reason="duplicate", **words)
    assert is_left_out(facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk))
    take_back(officer, ticket.number, reason="it is not", approver=ground.viewer("contact"), **after(2))
    assert not is_left_out(facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk))
    with pytest.raises(Forbidden):
        leave_out(ground.viewer("engineer"), ticket.number, reason="duplicate", **words)


def test_leaving_out_what_is_not_kept_needs_the_client(ground: Ground) -> None:
    """A broken promise, or one that may yet break, does not vanish on the provider's word; a kept one may."""
    manager, admin = ground.viewer("service_manager"), ground.viewer("provider_admin")
    late, _entry = resolved(ground, 5)
    kept, _entry = resolved(ground, 0.5)
    words = {"evidence": "a drill", "approver": admin, **after(6)}
    for number in (opened(ground).ticket.number, late.number):
        with pytest.raises(Invalid) as refused:
            leave_out(manager, number, reason="test", **words)
        assert refused.value.code == CLIENT_MUST_APPROVE
    leave_out(manager, kept.number, reason="test", **words)
    with pytest.raises(Invalid) as refused:  # and a kept one does not come back on it
        take_back(manager, kept.number, reason="it was none", approver=admin, **after(7))
    assert refused.value.code == CLIENT_MUST_APPROVE
    take_back(manager, kept.number, reason="it was none", approver=ground.viewer("contact"), **after(7))


def test_an_agreed_window_does_not_count(ground: Ground) -> None:
    ticket = opened(ground).ticket
    window = {
        "reason": "maintenance",
        "from_at": MORNING + timedelta(hours=1),
        "to_at": MORNING + timedelta(hours=2),
        "evidence": "change 7",
        **after(3),
    }
    manager = ground.viewer("service_manager")
    with pytest.raises(Invalid) as refused:  # the contract wants both sides
        exclude_window(manager, ticket.number, approver=ground.viewer("provider_admin"), **window)
    assert refused.value.code == CLIENT_MUST_APPROVE
    exclude_window(manager, ticket.number, approver=ground.viewer("contact"), **window)
    assert clocks(ticket)["resolve"].elapsed_seconds == 2 * HOUR


def test_facts_can_be_written_anew_from_the_entries(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    correct_time(
        ground.viewer("service_manager"),
        ticket.number,
        entry_id,
        MORNING + timedelta(hours=2),
        reason="noted late",
        approver=ground.viewer("contact"),
        **after(4),
    )
    columns = ("at", "seq", "kind", "term", "party", "ref", "entry_id", "superseded_by")
    stored = list(ClockFact.objects.filter(subject_id=ticket.pk).order_by("seq").values_list(*columns))
    assert len(facts_in_journal(scope_id=ticket.scope_id, subject_id=ticket.pk)) == len(stored)
    ClockFact.objects.filter(subject_id=ticket.pk).delete()
    rebuild_facts(scope_id=ticket.scope_id, subject_id=ticket.pk)
    assert (
        list(ClockFact.objects.filter(subject_id=ticket.pk).order_by("seq").values_list(*columns)) == stored
    )
