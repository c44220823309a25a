"""Links between tickets: who makes them, who sees them, and what is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.desk.actions import link_tickets, unlink_tickets
from yunheng.desk.models import TicketLink
from yunheng.desk.queries import links_of, timeline
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

LATER = {"recorded_at": MORNING + timedelta(hours=1)}


def test_a_link_reads_from_both_ends_and_is_taken_back_from_either(ground: Ground) -> None:
    first, second = opened(ground).ticket, opened(ground).ticket
    engineer = ground.viewer("engineer")
    link = link_tickets(engineer, second.number, f" {first.number} ", "duplicate_of", **LATER)
    assert [(it.other, it.kind, it.is_from_other) for it in links_of(engineer, second)] == [
        (first, "duplicate_of", False)
    ]
    assert [(it.other, it.kind, it.is_from_other) for it in links_of(engineer, first)] == [
        (second, "duplicate_of", True)
    ]
    assert [timeline(engineer, it)[-1].internal for it in (first, second)] == [
        {"other": second.number, "kind": "duplicate_of", "is_from_other": True},
        {"other": first.number, "kind": "duplicate_of", "is_from_other": False},
    ]
    assert verify_ticket(first) == verify_ticket(second) == []
    assert unlink_tickets(engineer, first.number, link.uuid, **LATER) == second
    assert links_of(engineer, first) == links_of(engineer, second) == []
    assert timeline(engineer, second)[-1].type == "ticket.unlinked"
    with pytest.raises(NotFound):
        unlink_tickets(engineer, first.number, link.uuid, **LATER)


def test_a_link_is_seen_by_who_sees_both_ends(ground: Ground) -> None:
    own, other = opened(ground, "requester").ticket, opened(ground).ticket
    link_tickets(ground.viewer("desk_agent"), own.number, other.number, "related_to", **LATER)
    requester = ground.viewer("requester")
    assert links_of(requester, own) == []
    assert all(other.number not in str(entry) for entry in timeline(requester, own))
    assert [it.other for it in links_of(ground.viewer("contact"), own)] == [other]


def test_what_is_no_link(ground: Ground) -> None:
    first, second = opened(ground).ticket, opened(ground).ticket
    elsewhere = opened(make_ground("other")).ticket
    engineer = ground.viewer("engineer")
    for other, kind, field in (
        (first.number, "related_to", "other"),
        ("NO-INC-20260401-0001", "related_to", "other"),
        (elsewhere.number, "related_to", "other"),  # another contract's: it does not exist
        (second.number, "enemy_of", "kind"),
    ):
        with pytest.raises(Invalid) as refusal:
            link_tickets(engineer, first.number, other, kind, **LATER)
        assert list(refusal.value.fields) == [field]
    link_tickets(engineer, first.number, second.number, "part_of", **LATER)
    for one, two in ((first, second), (second, first)):  # the same again, and its contrary
        with pytest.raises(Invalid):
            link_tickets(engineer, one.number, two.number, "part_of", **LATER)
    with pytest.raises(Forbidden):
        link_tickets(ground.viewer("contact"), first.number, second.number, "caused_by", **LATER)
    with pytest.raises(NotFound):
        unlink_tickets(engineer, first.number, uuid4(), **LATER)
    assert TicketLink.objects.count() == 1
