"""What one sees of a ticket that was read by its number is what every query finds, for every kind of viewer."""

from dataclasses import replace
from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.desk.ground import Ground, make_ground, opened

from yunheng.accounts.roles import ROLES
from yunheng.desk.models import Ticket
from yunheng.desk.queries import access_ticket, sees, visible_to
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.refusals import NotFound


@pytest.fixture
def tickets(ground: Ground) -> list[Ticket]:
    """Of two contracts: asked for by nobody, by a person of the client; with and without a supplier."""
    other = make_ground("other")
    asker = ground.people["requester"]
    supplier = ground.people["supplier_engineer"].organisation
    made = [opened(ground).ticket, opened(other).ticket]
    made += [opened(ground, requester=asker).ticket, opened(ground).ticket]
    Ticket.objects.filter(pk=made[-1].pk).update(supplier=supplier)
    return list(Ticket.objects.filter(pk__in=[one.pk for one in made]).order_by("pk"))


def test_the_two_agree_for_every_pair_of_roles(ground: Ground, tickets: list[Ticket]) -> None:
    scopes = {ticket.scope_id for ticket in tickets}
    granted = [(role, scope_id) for role in [*ROLES, "no_such_role"] for scope_id in (*scopes, None)]
    people: list[Viewer] = [ground.viewer("requester"), ground.viewer("supplier_engineer")]
    people.append(replace(people[0], person_id=None, organisation_id=None))
    seen = set()
    for person in people:
        for grants in [(), *combinations(granted, 1), *combinations(granted, 2)]:
            viewer = replace(person, grants=frozenset(grants))
            found = set(visible_to(viewer).values_list("pk", flat=True)) if len(grants) < 2 else None
            told = {ticket.pk for ticket in tickets if sees(viewer, ticket)}
            if found is None:  # what two roles show is what each of them shows
                parts = (replace(person, grants=frozenset({one})) for one in grants)
                found = {one.pk for part in parts for one in tickets if sees(part, one)}
            assert told == found, grants
            seen.add(len(told))
    assert seen >= {0, 1, 3, 4}  # nothing, one's own, a contract, all
    assert all(sees(SYSTEM_VIEWER, ticket) for ticket in tickets)


def test_a_hidden_ticket_and_a_missing_one_are_refused_alike(ground: Ground, tickets: list[Ticket]) -> None:
    viewer = ground.viewer("desk_agent")
    hidden = next(ticket for ticket in tickets if not sees(viewer, ticket))
    seen = next(ticket for ticket in tickets if sees(viewer, ticket))
    for with_people in (True, False):
        for key in (hidden.number, hidden.uuid, "ACME-INC-20260401-9999"):
            with pytest.raises(NotFound):
                access_ticket(viewer, key, with_people=with_people)
        with CaptureQueriesContext(connection) as captured:
            assert access_ticket(viewer, seen.number, with_people=with_people) == seen
            assert access_ticket(viewer, seen.uuid, with_people=with_people) == seen
        assert len(captured) == 2


def test_both_ways_read_the_same_row(ground: Ground, tickets: list[Ticket]) -> None:
    viewer = ground.viewer("desk_agent")
    for ticket in tickets:
        if not sees(viewer, ticket):
            continue
        whole = access_ticket(viewer, ticket.number)
        quick = access_ticket(viewer, ticket.number, with_people=False)
        with CaptureQueriesContext(connection) as captured:
            for field in Ticket._meta.concrete_fields:
                assert getattr(quick, field.attname) == getattr(whole, field.attname), field.name
            assert quick.scope.zone == whole.scope.zone
            assert (quick.requester and quick.requester.name) == (whole.requester and whole.requester.name)
            assert (quick.supplier and quick.supplier.key) == (whole.supplier and whole.supplier.key)
        assert not captured.captured_queries
        assert not quick._state.adding
        if whole.requester is not None:
            assert quick.requester is not None and quick.requester.login == whole.requester.login
