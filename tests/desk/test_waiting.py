"""Waiting periods that wait for somebody's answer: whose turn it is, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket
from yunheng.desk.models import Ticket
from yunheng.desk.queries import pauses_waiting_for
from yunheng.logic.facts import Party

HOUR = timedelta(hours=1)


def waiting(ground: Ground, transition: str = "wait_for_client", *, supplier: bool = False) -> Ticket:
    number = opened(ground).ticket.number
    agent = ground.viewer("desk_agent")
    move_ticket(agent, number, "accept", recorded_at=MORNING)
    if supplier:
        assign_ticket(agent, number, team=ground.vendor_team.key, recorded_at=MORNING)
    return move_ticket(
        agent, number, transition, {"note": "the key, please"}, recorded_at=MORNING + HOUR
    ).ticket


def roles_asked(ground: Ground, now: datetime) -> set[str]:
    return {role for role in ground.people if pauses_waiting_for(ground.viewer(role), now=now)}


def test_the_client_is_asked_and_may_take_three_working_days(ground: Ground) -> None:
    ticket = waiting(ground)
    now = MORNING + 2 * HOUR
    assert roles_asked(ground, now) == {"contact", "appraiser"}
    (one,) = pauses_waiting_for(ground.viewer("contact"), now=now)
    assert (one.ticket, one.text, one.party, one.since) == (
        ticket,
        "the key, please",
        Party.CLIENT,
        MORNING + HOUR,
    )
    # Wednesday 10:00; the third working day after it is Monday (2026-04-06), until 17:00 in Shanghai
    assert one.until == datetime(2026, 4, 6, 9, 0, tzinfo=UTC)
    assert pauses_waiting_for(ground.viewer("contact"), now=one.until - timedelta(seconds=1))
    assert not pauses_waiting_for(ground.viewer("contact"), now=one.until)
    assert not pauses_waiting_for(make_ground("other").viewer("contact"), now=now)


def test_the_supplier_is_asked_about_its_own_tickets(ground: Ground) -> None:
    waiting(ground, "wait_for_supplier")
    assert "supplier_engineer" not in roles_asked(ground, MORNING + 2 * HOUR)
    own = waiting(ground, "wait_for_supplier", supplier=True)
    found = pauses_waiting_for(ground.viewer("supplier_engineer"), now=MORNING + 2 * HOUR)
    assert [one.ticket for one in found] == [own]


def test_what_is_answered_waits_no_more(ground: Ground) -> None:
    first, second = waiting(ground), waiting(ground)
    contact, now = ground.viewer("contact"), MORNING + 2 * HOUR
    found = {one.ticket.pk: one.pause for one in pauses_waiting_for(contact, now=now)}
    assert [one.ticket for one in pauses_waiting_for(contact, now=now, ticket=first)] == [first]
    answer_pause(contact, first.number, found[first.pk].pk, "confirm", recorded_at=now)
    answer_pause(contact, second.number, found[second.pk].pk, "dispute", text="we did", recorded_at=now)
    assert pauses_waiting_for(contact, now=now) == []


def test_what_another_side_answered_still_waits_for_the_client(ground: Ground) -> None:
    ticket = waiting(ground, "wait_for_supplier", supplier=True)
    vendor, contact, now = ground.viewer("supplier_engineer"), ground.viewer("contact"), MORNING + 2 * HOUR
    (one,) = pauses_waiting_for(vendor, now=now)
    answer_pause(vendor, ticket.number, one.pause.pk, "confirm", recorded_at=now)
    assert pauses_waiting_for(vendor, now=now) == []
    (still,) = pauses_waiting_for(contact, now=now)
    assert (still.pause.standing, still.until) == ("confirmed", datetime(2026, 4, 6, 9, 0, tzinfo=UTC))
    assert pauses_waiting_for(contact, now=datetime(2026, 4, 6, 9, 0, tzinfo=UTC)) == []


def test_many_old_waiting_periods_hide_no_new_one(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunheng.desk.queries._MOST_READ", 2)
    for _n in range(3):
        waiting(ground)
    later = MORNING + 30 * 24 * HOUR
    number = opened(ground, recorded_at=later).ticket.number
    move_ticket(ground.viewer("desk_agent"), number, "accept", recorded_at=later)
    newest = move_ticket(
        ground.viewer("desk_agent"), number, "wait_for_client", {"note": "now"}, recorded_at=later
    ).ticket
    found = pauses_waiting_for(ground.viewer("contact"), now=later + HOUR)
    assert [one.ticket for one in found] == [newest]


def test_the_number_of_queries_does_not_grow(ground: Ground) -> None:
    contact, now = ground.viewer("contact"), MORNING + 2 * HOUR
    counts = []
    for _n in range(3):
        waiting(ground)
        with CaptureQueriesContext(connection) as queries:
            pauses_waiting_for(contact, now=now)
        counts.append(len(queries))
    assert counts[0] >= counts[1] == counts[2] <= 4
