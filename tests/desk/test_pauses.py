"""Who is at fault for a wait: confirmed or disputed by the other side, settled by whoever gives way."""

from datetime import timedelta
from typing import Any

import pytest
from tests.desk.ground import HOUR, MORNING, Ground, clocks, opened

from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket, settle_pause
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.sla.models import Pause

DAY = 24


def after(hours: float) -> dict[str, Any]:
    return {"recorded_at": MORNING + timedelta(hours=hours)}


def waiting(ground: Ground, transition: str = "wait_for_client") -> tuple[Ticket, Pause]:
    """A ticket that waits from 10:00 to 12:00."""
    ticket = opened(ground).ticket
    engineer = ground.viewer("engineer")
    move_ticket(engineer, ticket.number, "accept", **after(0))
    move_ticket(engineer, ticket.number, transition, {"note": "a password"}, **after(1))
    move_ticket(engineer, ticket.number, "resume", **after(3))
    return ticket, Pause.objects.get(subject_id=ticket.pk)


def test_a_wait_is_kept_with_reason_party_and_note(ground: Ground) -> None:
    ticket = opened(ground).ticket
    engineer = ground.viewer("engineer")
    move_ticket(engineer, ticket.number, "accept", **after(0))
    until = MORNING + timedelta(hours=5)
    form = {"note": "a password", "expected_until": until.isoformat()}
    move_ticket(engineer, ticket.number, "wait_for_client", form, **after(1))
    pause = Pause.objects.get(subject_id=ticket.pk)
    assert (pause.reason, pause.party, pause.note, pause.standing) == (
        "waiting_client",
        2,
        "a password",
        "proposed",
    )
    assert (pause.expected_until, pause.ended_at) == (until, None)
    move_ticket(engineer, ticket.number, "wait_for_supplier", {"note": "a part"}, **after(2))
    first, second = Pause.objects.filter(subject_id=ticket.pk).order_by("id")
    assert (first.ended_at, second.ended_at, second.reason) == (
        MORNING + timedelta(hours=2),
        None,
        "waiting_supplier",
    )


def test_the_client_confirms_and_the_provider_does_not(ground: Ground) -> None:
    ticket, pause = waiting(ground)
    for role in ("service_manager",):
        with pytest.raises(Forbidden):
            answer_pause(ground.viewer(role), ticket.number, pause.pk, "confirm", **after(4))
    with pytest.raises(NotFound):  # a requester of another ticket does not see this one
        answer_pause(ground.viewer("requester"), ticket.number, pause.pk, "confirm", **after(4))
    answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "confirm", **after(4))
    pause.refresh_from_db()
    assert pause.standing == "confirmed"
    assert clocks(ticket)["resolve"].elapsed_seconds == 2 * HOUR
    with pytest.raises(Invalid) as refused:
        answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "dispute", text="no", **after(4))
    assert refused.value.code == "answered"


def test_a_disputed_pause_counts_until_it_is_settled(ground: Ground) -> None:
    ticket, pause = waiting(ground)
    contact, manager = ground.viewer("contact"), ground.viewer("service_manager")
    with pytest.raises(Invalid):
        answer_pause(contact, ticket.number, pause.pk, "dispute", **after(3.5))  # says no reason
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="it was in the first mail", **after(3.5))
    assert clocks(ticket)["resolve"].elapsed_seconds == 3.5 * HOUR
    with pytest.raises(Forbidden):  # nobody decides for themselves
        settle_pause(manager, ticket.number, pause.pk, is_upheld=True, text="it was not", **after(3.6))
    with pytest.raises(Forbidden):
        settle_pause(contact, ticket.number, pause.pk, is_upheld=False, text="it was", **after(3.6))
    settle_pause(contact, ticket.number, pause.pk, is_upheld=True, text="we were wrong", **after(4))
    assert clocks(ticket)["resolve"].elapsed_seconds == 2 * HOUR
    with pytest.raises(Invalid):
        settle_pause(contact, ticket.number, pause.pk, is_upheld=True, text="again", **after(4))


def test_a_provider_who_gives_way_lets_the_time_count(ground: Ground) -> None:
    ticket, pause = waiting(ground)
    answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "dispute", text="no", **after(4))
    settle_pause(
        ground.viewer("service_manager"), ticket.number, pause.pk, is_upheld=False, text="true", **after(4)
    )
    pause.refresh_from_db()
    assert (pause.standing, clocks(ticket)["resolve"].elapsed_seconds) == ("rejected", 4 * HOUR)


def test_silence_confirms_after_the_contracts_term(ground: Ground) -> None:
    ticket, pause = waiting(ground)
    contact = ground.viewer("contact")
    # begun on Wednesday: three working days end on Monday, 17:00 in Shanghai, which is 09:00 UTC
    with pytest.raises(Invalid) as refused:
        answer_pause(contact, ticket.number, pause.pk, "dispute", text="no", **after(5 * DAY + 8))
    assert refused.value.code == "lapsed"
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="no", **after(5 * DAY + 7))


def test_a_suppliers_pause_may_be_answered_by_the_supplier_who_has_the_ticket(ground: Ground) -> None:
    ticket, pause = waiting(ground, "wait_for_supplier")
    vendor = ground.viewer("supplier_engineer")
    with pytest.raises(NotFound):
        answer_pause(vendor, ticket.number, pause.pk, "confirm", **after(4))
    assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(4))
    answer_pause(vendor, ticket.number, pause.pk, "confirm", **after(4))


def test_a_supplier_does_not_answer_for_the_client(ground: Ground) -> None:
    ticket, pause = waiting(ground)
    assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(4))
    with pytest.raises(Forbidden):
        answer_pause(ground.viewer("supplier_engineer"), ticket.number, pause.pk, "confirm", **after(4))


def test_what_the_client_disputes_neither_supplier_nor_provider_confirms(ground: Ground) -> None:
    ticket, pause = waiting(ground, "wait_for_supplier")
    assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(4))
    answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "dispute", text="no", **after(4))
    with pytest.raises(Forbidden):
        answer_pause(ground.viewer("supplier_engineer"), ticket.number, pause.pk, "confirm", **after(4))
    pause.refresh_from_db()
    assert pause.standing == "disputed"
    answer_pause(
        ground.viewer("contact"), ticket.number, pause.pk, "confirm", **after(4)
    )  # who disputes it may
    pause.refresh_from_db()
    assert pause.standing == "confirmed"


def test_provider_and_supplier_do_not_agree_that_the_client_kept_them_waiting(ground: Ground) -> None:
    ticket = opened(ground).ticket
    move_ticket(ground.viewer("engineer"), ticket.number, "accept", **after(0))
    assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(0.5))
    vendor = ground.viewer("supplier_engineer")
    move_ticket(vendor, ticket.number, "wait_for_client", {"note": "a password"}, **after(1))
    pause = Pause.objects.get(subject_id=ticket.pk)
    manager, contact = ground.viewer("service_manager"), ground.viewer("contact")
    with pytest.raises(Forbidden):
        answer_pause(manager, ticket.number, pause.pk, "confirm", **after(2))
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="nobody asked", **after(2))
    with pytest.raises(Forbidden):
        settle_pause(manager, ticket.number, pause.pk, is_upheld=True, text="somebody did", **after(2))
    settle_pause(contact, ticket.number, pause.pk, is_upheld=True, text="true", **after(2))
    pause.refresh_from_db()
    assert pause.standing == "upheld"


def test_a_pause_of_another_ticket_is_not_found(ground: Ground) -> None:
    _ticket, pause = waiting(ground)
    other = opened(ground).ticket
    with pytest.raises(NotFound):
        answer_pause(ground.viewer("contact"), other.number, pause.pk, "confirm", **after(4))


def on_the_suppliers_account(ground: Ground) -> tuple[Ticket, Pause]:
    """A ticket of the supplier that waited for it from 10:00 to 12:00; its clock `resolve` is the client's."""
    ticket, pause = waiting(ground, "wait_for_supplier")
    assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(3))
    return ticket, pause


def test_what_the_supplier_confirms_the_client_may_still_dispute(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    vendor, contact = ground.viewer("supplier_engineer"), ground.viewer("contact")
    answer_pause(vendor, ticket.number, pause.pk, "confirm", **after(3))
    assert clocks(ticket)["resolve"].elapsed_seconds == 1 * HOUR
    with pytest.raises(Invalid) as refused:  # its own right is used up
        answer_pause(vendor, ticket.number, pause.pk, "dispute", text="after all not", **after(3.5))
    assert refused.value.code == "answered"
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="the part was here", **after(4))
    pause.refresh_from_db()
    assert (pause.standing, clocks(ticket)["resolve"].elapsed_seconds) == ("disputed", 4 * HOUR)
    with pytest.raises(Forbidden):  # nobody but the client ends its dispute for the pause
        settle_pause(vendor, ticket.number, pause.pk, is_upheld=True, text="it was not", **after(4))
    settle_pause(
        ground.viewer("service_manager"), ticket.number, pause.pk, is_upheld=False, text="true", **after(4)
    )
    pause.refresh_from_db()
    assert pause.standing == "rejected"
    with pytest.raises(Invalid):
        answer_pause(contact, ticket.number, pause.pk, "dispute", text="again", **after(4))


def test_after_the_term_another_sides_confirmation_is_final(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    answer_pause(ground.viewer("supplier_engineer"), ticket.number, pause.pk, "confirm", **after(4))
    late = after(5 * DAY + 8)
    with pytest.raises(Invalid) as refused:
        answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "dispute", text="no", **late)
    assert refused.value.code == "lapsed"
    answer_pause(
        ground.viewer("contact"), ticket.number, pause.pk, "dispute", text="no", **after(5 * DAY + 7)
    )


def test_what_the_client_confirms_supplier_and_provider_may_still_dispute(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    answer_pause(ground.viewer("contact"), ticket.number, pause.pk, "confirm", **after(4))
    with pytest.raises(Forbidden):  # the provider began it
        answer_pause(
            ground.viewer("service_manager"), ticket.number, pause.pk, "dispute", text="no", **after(4)
        )
    vendor = ground.viewer("supplier_engineer")
    answer_pause(vendor, ticket.number, pause.pk, "dispute", text="not our part", **after(4))
    pause.refresh_from_db()
    assert pause.standing == "disputed"


def test_a_dispute_that_another_side_takes_back_stays_the_clients(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    vendor, contact = ground.viewer("supplier_engineer"), ground.viewer("contact")
    answer_pause(vendor, ticket.number, pause.pk, "dispute", text="not ours", **after(3))
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="nor ours", **after(3.5))
    answer_pause(vendor, ticket.number, pause.pk, "confirm", **after(4))
    pause.refresh_from_db()
    assert (pause.standing, clocks(ticket)["resolve"].elapsed_seconds) == ("disputed", 4 * HOUR)
    answer_pause(contact, ticket.number, pause.pk, "confirm", **after(4))
    pause.refresh_from_db()
    assert (pause.standing, clocks(ticket)["resolve"].elapsed_seconds) == ("confirmed", 2 * HOUR)


def test_a_supplier_that_disputes_and_gives_way_leaves_the_client_its_right(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    vendor, contact = ground.viewer("supplier_engineer"), ground.viewer("contact")
    answer_pause(vendor, ticket.number, pause.pk, "dispute", text="not ours", **after(3))
    answer_pause(vendor, ticket.number, pause.pk, "confirm", **after(3.2))
    answer_pause(contact, ticket.number, pause.pk, "dispute", text="it was here", **after(4))
    pause.refresh_from_db()
    assert (pause.standing, clocks(ticket)["resolve"].elapsed_seconds) == ("disputed", 4 * HOUR)


def test_a_dispute_dated_back_before_a_confirmation_counts_all_the_same(ground: Ground) -> None:
    ticket, pause = on_the_suppliers_account(ground)
    answer_pause(ground.viewer("supplier_engineer"), ticket.number, pause.pk, "confirm", **after(4))
    answer_pause(
        ground.viewer("contact"),
        ticket.number,
        pause.pk,
        "dispute",
        text="we said so at once",
        at=MORNING + timedelta(hours=3.5),
        **after(5),
    )
    assert clocks(ticket)["resolve"].elapsed_seconds == 5 * HOUR
