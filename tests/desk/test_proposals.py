"""Corrections proposed by one and approved by another: who may, what is decided when, and what changed meanwhile."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.desk.ground import HOUR, MORNING, Ground, clocks, make_ground, opened

from yunheng.accounts.models import Membership
from yunheng.desk.actions import (
    answer_proposal,
    may_propose,
    may_withdraw_proposal,
    move_ticket,
    propose,
    withdraw_proposal,
)
from yunheng.desk.actions.corrections import CLIENT_MUST_APPROVE
from yunheng.desk.models import Proposal, Ticket
from yunheng.desk.queries import access_proposal, proposals_of, proposals_waiting_for
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound

RESOLUTION = {"resolution": "new cable", "cause": "hardware", "line": "first"}
EVERYBODY = (
    *("provider_admin", "service_manager", "desk_agent", "engineer", "quality_officer"),
    *("requester", "contact", "appraiser", "auditor", "supplier_engineer"),
)


def after(hours: float) -> dict[str, datetime]:
    return {"recorded_at": MORNING + timedelta(hours=hours)}


def resolved(ground: Ground, hours: float) -> tuple[Ticket, int]:
    """A ticket resolved so many hours after nine in the morning (four are promised), and its last entry."""
    ticket = opened(ground).ticket
    move_ticket(ground.viewer("desk_agent"), ticket.number, "accept", **after(0))
    done = move_ticket(ground.viewer("desk_agent"), ticket.number, "resolve", RESOLUTION, **after(hours))
    return done.ticket, done.entry_id


def time_of(
    ground: Ground, ticket: Ticket, entry_id: int, hours: float, by: str = "service_manager"
) -> Proposal:
    """A proposal to say that it happened so many hours after nine."""
    return propose(
        ground.viewer(by),
        ticket.number,
        kind="correct_time",
        data={"entry": entry_id, "new_at": MORNING + timedelta(hours=hours)},
        reason="noted late",
        **after(6),
    )


def answerers(ground: Ground, proposal: Proposal) -> set[str]:
    """Who could approve it, tried and undone."""
    found = set()
    for role in EVERYBODY:
        waits = proposal in proposals_waiting_for(ground.viewer(role))
        try:
            answer_proposal(ground.viewer(role), proposal.uuid, is_approved=False, text="no", **after(7))
        except (Forbidden, NotFound):
            assert not waits
            continue
        assert waits
        found.add(role)
        Proposal.objects.filter(pk=proposal.pk).update(standing="proposed", answered_by=None)
    return found


def test_what_decides_about_a_promise_waits_for_the_client(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)  # an hour late
    proposal = time_of(ground, ticket, entry_id, 3)
    assert proposal.needs_client
    assert clocks(ticket)["resolve"].is_met is False  # the trial left nothing behind
    assert Entry.objects.filter(type="ticket.time_corrected").count() == 0
    assert answerers(ground, proposal) == {"contact", "appraiser"}


def test_what_decides_nothing_waits_for_somebody_else_of_the_provider(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    proposal = time_of(ground, ticket, entry_id, 2.5)  # restored too late, resolved in time: both stay
    assert not proposal.needs_client
    assert answerers(ground, proposal) == {"provider_admin"}  # the manager is the one who proposed it
    assert answerers(ground, time_of(ground, ticket, entry_id, 2.6, "provider_admin")) == {"service_manager"}


def test_more_time_for_what_is_not_decided_yet_waits_for_the_client(ground: Ground) -> None:
    """Else the provider would take today, among colleagues, what it could not take after the breach."""
    ticket = opened(ground).ticket
    opening = Entry.objects.get(subject_id=ticket.pk, type="ticket.opened").pk
    later = propose(
        ground.viewer("service_manager"),
        ticket.number,
        kind="correct_time",
        data={"entry": opening, "new_at": MORNING + timedelta(minutes=10)},
        reason="the clock of the phone was wrong",
        recorded_at=MORNING + timedelta(minutes=12),
    )
    assert later.needs_client
    earlier = propose(
        ground.viewer("service_manager"),
        ticket.number,
        kind="correct_time",
        data={"entry": opening, "new_at": MORNING - timedelta(minutes=1)},
        reason="they called a minute before",
        recorded_at=MORNING + timedelta(minutes=12),
    )
    assert not earlier.needs_client


def test_approval_carries_it_out_and_says_whose_words_they_are(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)
    proposal = time_of(ground, ticket, entry_id, 3)
    contact = ground.viewer("contact")
    done = answer_proposal(contact, proposal.uuid, is_approved=True, text="We saw it work.", **after(7))
    assert clocks(ticket)["resolve"].is_met is True
    assert clocks(ticket)["resolve"].elapsed_seconds == 3 * HOUR
    entries = {
        entry.type: entry for entry in Entry.objects.filter(subject_id=ticket.pk).select_related("body")
    }
    proposed, approved = entries["correction.proposed"], entries["correction.approved"]
    corrected = entries["ticket.time_corrected"]
    assert done.entry_id == corrected.pk > approved.pk > proposed.pk == proposal.entry_id
    assert proposed.body.shared["data"] == {"entry": entry_id, "new_at": "2026-04-01T04:00:00.000000Z"}
    assert proposed.body.shared["text"] == "noted late"
    assert (approved.body.shared["side"], approved.body.shared["text"]) == ("client", "We saw it work.")
    assert approved.body.personal["actor"]["name"] == contact.actor.name
    assert corrected.body.shared["proposal"] == approved.body.shared["proposal"] == proposal.entry_id
    assert (corrected.body.shared["side"], corrected.body.shared["approver_side"]) == ("provider", "client")
    assert corrected.body.personal["actor"]["name"] == ground.people["service_manager"].name
    assert corrected.body.personal["approver"]["name"] == contact.actor.name
    proposal.refresh_from_db()
    assert (proposal.standing, proposal.answered_by) == ("approved", ground.people["contact"])
    assert verify_ticket(done.ticket) == []


def test_refusing_needs_a_word_and_changes_nothing_else(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)
    proposal = time_of(ground, ticket, entry_id, 3)
    with pytest.raises(Invalid) as refusal:
        answer_proposal(ground.viewer("contact"), proposal.uuid, is_approved=False, text=" ", **after(7))
    assert "text" in refusal.value.fields
    answer_proposal(
        ground.viewer("contact"), proposal.uuid, is_approved=False, text="It did not.", **after(7)
    )
    assert clocks(ticket)["resolve"].is_met is False
    for role, standing in (("contact", "approved"), ("appraiser", "refused")):
        with pytest.raises(Conflict) as conflict:
            answer_proposal(
                ground.viewer(role), proposal.uuid, is_approved=standing == "approved", text="x", **after(8)
            )
        assert (conflict.value.state, conflict.value.changed_by) == ("refused", "")  # clients see no names
    with pytest.raises(Conflict) as conflict:
        withdraw_proposal(ground.viewer("service_manager"), proposal.uuid, **after(8))
    assert conflict.value.changed_by == ground.people["contact"].name
    assert [it.standing for it in proposals_of(ground.viewer("engineer"), ticket)] == ["refused"]
    assert verify_ticket(Ticket.objects.get(pk=ticket.pk)) == []


def test_a_proposal_is_withdrawn_by_its_side(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)
    proposal = time_of(ground, ticket, entry_id, 3)
    for role in ("contact", "engineer", "quality_officer"):
        assert not may_withdraw_proposal(ground.viewer(role), proposal)
        with pytest.raises(Forbidden):
            withdraw_proposal(ground.viewer(role), proposal.uuid, **after(7))
    withdraw_proposal(ground.viewer("provider_admin"), proposal.uuid, text="Wrong ticket.", **after(7))
    with pytest.raises(Conflict):
        answer_proposal(ground.viewer("contact"), proposal.uuid, is_approved=True, **after(7))
    assert verify_ticket(Ticket.objects.get(pk=ticket.pk)) == []
    assert time_of(ground, ticket, entry_id, 3)  # and may be proposed anew


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("paint_it_blue", {}, "kind"),
        ("correct_time", {}, "entry"),
        ("correct_time", {"entry": 10**12, "new_at": MORNING}, "entry"),
        ("correct_time", {"entry": "12", "new_at": MORNING}, "entry"),
        ("correct_time", {"entry": 1, "new_at": "yesterday"}, "new_at"),
        ("correct_time", {"entry": 1, "new_at": "2026-04-01T09:00"}, "new_at"),
        ("correct_time", {"entry": 0, "new_at": MORNING + timedelta(days=1)}, "new_at"),  # 0: the last entry
        ("leave_out", {"reason": "ugly"}, "reason"),
        ("leave_out", {"reason": "test", "approver": "me"}, "approver"),
        ("take_back", {}, "ticket"),
        ("exclude_window", {"reason": "rain", "from_at": MORNING, "to_at": MORNING}, "reason"),
        ("exclude_window", {"reason": "maintenance", "from_at": MORNING, "to_at": MORNING}, "to_at"),
    ],
)
def test_what_could_never_be_carried_out_is_refused_at_once(
    ground: Ground, kind: str, data: dict[str, Any], field: str
) -> None:
    ticket, entry_id = resolved(ground, 3)
    data = {name: value or entry_id for name, value in data.items()}
    with pytest.raises(Invalid) as refusal:
        propose(ground.viewer("service_manager"), ticket.number, kind=kind, data=data, reason="r", **after(6))
    assert field in refusal.value.fields
    assert not Proposal.objects.exists()
    assert not Entry.objects.filter(type__startswith="correction").exists()


def test_a_proposal_needs_a_reason_a_person_and_a_right(ground: Ground) -> None:
    ticket, _entry_id = resolved(ground, 3)
    wanted: dict[str, Any] = {"kind": "leave_out", "data": {"reason": "test"}, **after(6)}
    with pytest.raises(Invalid) as refusal:
        propose(ground.viewer("service_manager"), ticket.number, reason=" ", **wanted)
    assert "text" in refusal.value.fields
    for role in EVERYBODY:
        viewer = ground.viewer(role)
        may = role in {"provider_admin", "service_manager", "quality_officer"}
        assert may_propose(viewer, ticket, "leave_out") is may
        if not may:
            with pytest.raises((Forbidden, NotFound)):
                propose(viewer, ticket.number, reason="a drill", **wanted)
    with pytest.raises(Forbidden):
        propose(SYSTEM_VIEWER, ticket.number, reason="a drill", **wanted)
    propose(ground.viewer("quality_officer"), ticket.number, reason="a drill", **wanted)
    with pytest.raises(Invalid) as refusal:  # twice the same
        propose(ground.viewer("service_manager"), ticket.number, reason="a drill", **wanted)
    assert refusal.value.code == "unchanged"


def test_the_ticket_may_have_changed_since(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    first, second = time_of(ground, ticket, entry_id, 2.5), time_of(ground, ticket, entry_id, 2.6)
    admin = ground.viewer("provider_admin")
    answer_proposal(admin, first.uuid, is_approved=True, **after(7))
    with pytest.raises(Invalid) as refusal:  # the entry says nothing any more: a later one corrected it
        answer_proposal(admin, second.uuid, is_approved=True, **after(7))
    assert (refusal.value.code, list(refusal.value.fields)) == ("changed", ["proposal"])
    second.refresh_from_db()
    assert second.standing == "proposed"
    assert not Entry.objects.filter(
        subject_id=ticket.pk, type="correction.approved", pk__gt=second.entry_id + 10
    )
    answer_proposal(admin, second.uuid, is_approved=False, text="done already", **after(7))
    assert verify_ticket(Ticket.objects.get(pk=ticket.pk)) == []


def test_what_came_to_decide_about_a_promise_needs_the_client_after_all(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    harmless = time_of(ground, ticket, entry_id, 3.5)
    assert not harmless.needs_client
    again = {"reason": "not over"}
    move_ticket(ground.viewer("contact"), ticket.number, "reopen", again, **after(6.1))
    move_ticket(ground.viewer("desk_agent"), ticket.number, "resolve", RESOLUTION, **after(7))
    # Half an hour more before the reopening: four hours are used up now
    with pytest.raises(Invalid) as refusal:
        answer_proposal(ground.viewer("provider_admin"), harmless.uuid, is_approved=True, **after(8))
    assert refusal.value.code == "changed"
    assert isinstance(refusal.value.__cause__, Invalid)
    assert refusal.value.__cause__.code == CLIENT_MUST_APPROVE
    assert harmless in proposals_waiting_for(ground.viewer("provider_admin"))


def test_who_proposed_it_must_still_be_somebody(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 3)
    proposal = time_of(ground, ticket, entry_id, 2.5)
    Membership.objects.filter(person=ground.people["service_manager"]).delete()
    with pytest.raises(Invalid) as refusal:
        answer_proposal(ground.viewer("provider_admin"), proposal.uuid, is_approved=True, **after(7))
    assert refusal.value.code == "changed"


def test_leaving_out_coming_back_and_windows(ground: Ground) -> None:
    late, _entry_id = resolved(ground, 5)
    manager, contact = ground.viewer("service_manager"), ground.viewer("contact")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("leave_out", {"reason": "duplicate"}),
        ("take_back", {}),
        (
            "exclude_window",
            {
                "reason": "maintenance",
                "from_at": (MORNING + timedelta(hours=1)).isoformat(),
                "to_at": (MORNING + timedelta(hours=3)).isoformat(),
            },
        ),
    ]
    needed = []
    for kind, data in steps:
        proposal = propose(manager, late.number, kind=kind, data=data, reason="mail of 2 April", **after(6))
        needed.append(proposal.needs_client)
        approver = contact if proposal.needs_client else ground.viewer("provider_admin")
        answer_proposal(approver, proposal.uuid, is_approved=True, **after(7))
    assert needed == [True, True, True]
    assert clocks(late)["resolve"].elapsed_seconds == 3 * HOUR
    told = Entry.objects.select_related("body").get(type="ticket.left_out").body.shared
    assert (told["reason"], told["evidence"], told["approver_side"]) == (
        "duplicate",
        "mail of 2 April",
        "client",
    )
    assert verify_ticket(Ticket.objects.get(pk=late.pk)) == []


def test_proposals_are_seen_with_their_ticket_only(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)
    proposal = time_of(ground, ticket, entry_id, 3)
    stranger = make_ground("other").viewer("contact")
    assert access_proposal(ground.viewer("auditor"), proposal.uuid) == proposal
    for viewer in (stranger, ground.viewer("requester"), ground.viewer("supplier_engineer")):
        assert proposals_of(viewer, ticket) == []
        for attempt in (
            lambda viewer=viewer: access_proposal(viewer, proposal.uuid),
            lambda viewer=viewer: answer_proposal(viewer, proposal.uuid, is_approved=True, **after(7)),
            lambda viewer=viewer: withdraw_proposal(viewer, proposal.uuid, **after(7)),
        ):
            with pytest.raises(NotFound):
                attempt()
    with pytest.raises(NotFound):
        access_proposal(ground.viewer("contact"), uuid4())


def test_verifying_finds_a_proposal_that_lies(ground: Ground) -> None:
    ticket, entry_id = resolved(ground, 5)
    proposal = time_of(ground, ticket, entry_id, 3)
    Proposal.objects.filter(pk=proposal.pk).update(standing="approved")
    assert any(problem.startswith("proposals") for problem in verify_ticket(ticket))
