"""Every contract that ships carries a ticket from its opening to its end, with clocks that add up."""

from datetime import UTC, datetime, timedelta

import pytest

from yunheng.accounts.actions import create_person, create_team, grant_membership
from yunheng.accounts.queries import viewer_for_person
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.packs import contract_pack, contract_packs
from yunheng.contracts.queries import terms_of_version
from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket, open_ticket, reply
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.sla.actions import sweep
from yunheng.sla.models import LiveClock, Pause
from yunheng.sla.queries import explain_clocks


@pytest.mark.parametrize("name", contract_packs())
def test_a_ticket_lives_under_a_shipped_contract(db: None, name: str) -> None:
    applied = apply_contract(viewer=SYSTEM_VIEWER, at=datetime.now(UTC), data=contract_pack(name))
    contract, version = applied.version.contract, applied.version
    terms = terms_of_version(version.pk)
    people = {}
    for role, organisation in (("service_manager", contract.provider), ("contact", contract.client)):
        person = create_person(viewer=SYSTEM_VIEWER, login=role, name=role, organisation=organisation)
        grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=contract.scope)
        people[role] = person
    viewers: dict[str, Viewer] = {role: viewer_for_person(person) for role, person in people.items()}
    manager, contact = viewers["service_manager"], viewers["contact"]
    create_team(
        viewer=SYSTEM_VIEWER,
        organisation=contract.provider,
        key="first-team",
        name="First",
        people=[people["service_manager"]],
    )

    now = version.valid_from + timedelta(days=40, hours=2)
    opened = open_ticket(
        viewer=contact,
        scope_id=contract.pk,
        kind="incident",
        title="Nothing works",
        service=next(iter(terms.services)),
        impact=next(iter(terms.matrix.impacts)),
        urgency=next(iter(terms.matrix.urgencies)),
        channel="portal",
        recorded_at=now,
    )
    number, ticket = opened.ticket.number, opened.ticket
    assert opened.no_clock_reason == ""
    assert {clock.row.kind for clock in opened.clocks} == set(terms.clocks)

    def later(hours: float) -> datetime:
        return now + timedelta(hours=hours)

    move_ticket(manager, number, "accept", recorded_at=later(0.1))
    assign_ticket(manager, number, team="first-team", assignee="service_manager", recorded_at=later(0.2))
    move_ticket(manager, number, "start", recorded_at=later(0.3))
    move_ticket(manager, number, "wait_for_client", {"note": "which room?"}, recorded_at=later(1))
    reply(contact, number, "room 7", recorded_at=later(5))
    move_ticket(manager, number, "resume", recorded_at=later(5))
    pause = Pause.objects.get(subject_id=ticket.pk)
    answer_pause(contact, number, pause.pk, "confirm", recorded_at=later(6))
    sweep(later(20))
    resolution = {"resolution": "new cable", "cause": "network", "line": "first"}
    move_ticket(manager, number, "resolve", resolution, recorded_at=later(30))
    move_ticket(contact, number, "confirm", recorded_at=later(31))
    closed = move_ticket(manager, number, "close", recorded_at=later(32)).ticket
    sweep(later(2000))

    assert closed.state == "closed"
    assert verify_ticket(closed) == []
    assert not LiveClock.objects.filter(subject_id=ticket.pk, next_check_at__isnull=False).exists()
    for clock in explain_clocks(
        scope_id=ticket.scope_id, subject_id=ticket.pk, now=int(later(2000).timestamp())
    ).values():
        assert clock.explanation is not None
        assert clock.explanation.counted_seconds == clock.explanation.state.elapsed_seconds
