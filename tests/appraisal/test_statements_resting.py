"""A quarter and a year that rest on a month which is reversed afterwards: who is told, what is shown, the way on."""

import html
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from tests.appraisal.statements_world import SCHEME, World, agree
from tests.desk.ground import make_ground
from tests.undoing import undone

from yunheng.accounts.models import Person
from yunheng.appraisal import study
from yunheng.appraisal.models import Statement, StatementPart
from yunheng.appraisal.statements.actions import (
    accept_statement,
    draft_statement,
    issue_statement,
    reverse_statement,
    settle_statement,
)
from yunheng.appraisal.statements.actions.resting import hold_parts
from yunheng.appraisal.statements.queries import history_of, statement_page
from yunheng.appraisal.statements.resting import ReversedPart, resting_on, reversed_parts
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.refusals import Conflict
from yunheng.notify.models import Delivery

#: A quarter is the mean of its months and is paid by; a year that of its quarters.
BY_QUARTER = SCHEME.replace(b"period: month\n    coef", b"period: quarter\n    coef").replace(
    b"quarter: {of: month, method: mean}",
    b"quarter: {of: month, method: mean}\n    year: {of: quarter, method: mean}",
)
APRIL_AND_MAY = {
    "valid_from": datetime(2026, 3, 31, 16, tzinfo=UTC),
    "valid_to": datetime(2026, 5, 31, 16, tzinfo=UTC),
}


@dataclass
class Longer:
    """A contract of April and May, with the statements of both, of their quarter and of the year, signed by both."""

    world: World
    april: Statement
    quarter: Statement
    year: Statement


def signed(world: World, statement: Statement) -> Statement:
    """A draft, issued, accepted and signed by both."""
    for act, viewer in ((issue_statement, world.client), (accept_statement, world.provider)):
        act(viewer, statement.number, world.again(statement).row_version, recorded_at=world.at)
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    return world.again(statement)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Longer]:
    with django_db_blocker.unblock(), undone(), translation.override("en"):
        ground = make_ground(with_version=False)
        agree(ground, scheme=BY_QUARTER, span=APRIL_AND_MAY)
        world = World(ground)
        world.at = datetime(2027, 1, 11, 2, 0, tzinfo=UTC)
        april = world.locked("2026-04", late=1)
        world.locked("2026-05", late=0)
        quarter = signed(world, draft_statement(world.client, "acme", "2026-Q2", recorded_at=world.at))
        year = signed(world, draft_statement(world.client, "acme", "2026", recorded_at=world.at))
        Person.objects.update(language="en")
        yield Longer(world, april, quarter, year)


@pytest.fixture
def longer(built: Longer) -> Iterator[Longer]:
    study._recent.clear()
    with undone(), translation.override("en"):
        yield deepcopy(built)


def reversed_april(longer: Longer) -> Statement:
    """April's statement, reversed an hour later."""
    longer.world.later(hours=1)
    draft = reverse_statement(
        longer.world.client, longer.april.number, "A typo.", recorded_at=longer.world.at
    )
    return signed(longer.world, draft)


def page(longer: Longer, path: str, role: str = "contact") -> str:
    client = Client()
    person = Person.objects.get(pk=longer.world.ground.people[role].pk)
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:2000]
    return html.unescape(answer.content.decode())


def test_an_issued_statement_names_what_it_is_made_of_once(longer: Longer) -> None:
    parts = StatementPart.objects.filter(statement=longer.quarter).values_list("part__period", flat=True)
    assert sorted(parts) == ["2026-04", "2026-05"]
    assert reversed_parts([longer.april, longer.quarter, longer.year]) == {}
    assert resting_on(longer.april) == [(longer.quarter, None), (longer.year, longer.quarter)]
    text = page(longer, f"/statements/{longer.quarter.number}")
    assert "reversed since" not in text


def test_both_sides_are_told_and_pages_say_it(longer: Longer) -> None:
    world, april = longer.world, longer.april
    told_before = Delivery.objects.filter(subject_number=longer.quarter.number).count()
    newer = reversed_april(longer)
    direct = ReversedPart(april.number, "2026-04", newer.number)
    assert reversed_parts([longer.quarter, longer.year, newer]) == {
        longer.quarter.pk: [direct],
        longer.year.pk: [ReversedPart(april.number, "2026-04", newer.number, longer.quarter.number)],
    }
    line = history_of(SYSTEM_VIEWER, longer.quarter)[-1]
    assert (line.type, line.data["part"], line.data["reversed_by"], line.data["through"]) == (
        "appraisal.part_reversed",
        april.number,
        newer.number,
        None,
    )
    people = {"contact of acme", "service_manager of acme"}
    assert people <= set(line.told)
    assert Delivery.objects.filter(subject_number=longer.quarter.number).count() - told_before == len(
        line.told
    )
    text = page(longer, f"/statements/{longer.quarter.number}")
    for wanted in (
        april.number,
        newer.number,
        "contact of acme",
        "It stands as both signed it",
        "Draft the reversing statement",
    ):
        assert wanted in text
    text = page(longer, f"/statements/{longer.year.number}")
    assert f"First {longer.quarter.number} is corrected, then this one." in text
    assert "Draft the reversing statement" not in text  # it would rest on the same quarter
    text = page(longer, "/contracts/acme/statements")
    assert text.count("rests on what was reversed since") == 2
    view = statement_page(world.client, world.again(longer.quarter), now=world.at)
    assert view.rests_on_reversed == [direct]


def test_settled_as_signed_and_the_reversal_settles_the_difference(longer: Longer) -> None:
    world = longer.world
    reversed_april(longer)
    quarter = world.again(longer.quarter)
    settle_statement(world.client, quarter.number, quarter.row_version, recorded_at=world.at)
    last = history_of(SYSTEM_VIEWER, quarter)[-1]
    assert (last.type, last.data["rests_on_reversed"]) == ("appraisal.settled", [longer.april.number])


def test_the_way_on_leads_up_to_the_year(longer: Longer) -> None:
    world = longer.world
    reversed_april(longer)
    draft = reverse_statement(
        world.client, longer.quarter.number, "April was reversed.", recorded_at=world.later(hours=1)
    )
    text = page(longer, f"/statements/{longer.quarter.number}")
    assert "It is corrected by:" in text and draft.number in text
    newer = signed(world, draft)
    assert reversed_parts([world.again(longer.quarter), newer]) == {}
    (found,) = reversed_parts([longer.year])[longer.year.pk]
    assert found == ReversedPart(longer.quarter.number, "2026-Q2", newer.number)
    assert "Draft the reversing statement" in page(longer, f"/statements/{longer.year.number}")


def test_nothing_is_issued_on_what_was_reversed_meanwhile(longer: Longer) -> None:
    reversed_april(longer)
    with pytest.raises(Conflict) as refused:
        hold_parts([longer.april])
    assert refused.value.code == "reversed"
    assert longer.april.number in refused.value.message


def test_a_statement_that_nothing_rests_on_tells_nobody(longer: Longer) -> None:
    world = longer.world
    world.at += timedelta(hours=1)
    newer = signed(
        world, reverse_statement(world.client, longer.year.number, "A typo.", recorded_at=world.at)
    )
    assert newer.state == "locked"
    assert not [line for line in history_of(SYSTEM_VIEWER, newer) if line.type == "appraisal.part_reversed"]
