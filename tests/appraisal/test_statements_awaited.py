"""What waits for whom on the first page: statements to issue, answer, decide and sign, and orders to carry out."""

import html
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests.appraisal.statements_world import World
from tests.appraisal.test_statements_contested import contested
from tests.desk.ground import make_ground

from yunheng.accounts.models import Person
from yunheng.appraisal.models import Statement
from yunheng.appraisal.statements import awaited
from yunheng.appraisal.statements.actions import (
    accept_statement,
    answer_appeal,
    close_arbitration,
    issue_statement,
    order_rectification,
    report_rectification,
    settle_statement,
    verify_rectification,
    vote,
)
from yunheng.desk.awaited import Awaited, awaited_by
from yunheng.foundation.access import Viewer

QUERIES = 2  #: for who may do something of it; nobody else pays anything


def waits(world: World, viewer: Viewer) -> list[Awaited]:
    """What the first page tells somebody."""
    return [row for kind in awaited_by(viewer, now=world.at) for row in kind.rows]


def whats(world: World, role: str) -> list[str]:
    """What is to be done by somebody in that role."""
    return [row.what for row in waits(world, world.viewer(role))]


def test_each_step_waits_for_those_who_make_it_and_for_nobody_else(world: World) -> None:
    statement = world.entered(world.drafted())
    assert whats(world, "contact") == whats(world, "appraiser") == ["Complete and issue it"]
    assert whats(world, "service_manager") == []

    issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    (row,) = waits(world, world.provider)
    assert (row.what, row.number, row.contract) == ("Accept it or appeal", statement.number, "acme")
    assert (row.title, row.url) == ("Statement · April 2026", f"/statements/{statement.number}")
    assert whats(world, "contact") == whats(world, "engineer") == whats(world, "quality_officer") == []

    statement = world.again(statement)
    accept_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    assert whats(world, "contact") == whats(world, "service_manager") == ["Sign it"]
    assert whats(world, "appraiser") == []
    world.sign(world.client, statement)
    assert (whats(world, "contact"), whats(world, "service_manager")) == ([], ["Sign it"])
    world.sign(world.provider, statement)
    assert whats(world, "contact") == whats(world, "service_manager") == ["Settle it"]
    assert whats(world, "appraiser") == whats(world, "engineer") == []
    settle_statement(world.client, statement.number, world.again(statement).row_version, recorded_at=world.at)
    assert whats(world, "contact") == whats(world, "service_manager") == []


def test_a_draft_of_a_period_that_still_runs_waits_for_nobody(world: World) -> None:
    world.drafted("2026-05")
    assert whats(world, "contact") == []


def test_the_term_is_said_in_working_days_and_then_in_hours(world: World) -> None:
    statement = world.issued()  # Wednesday, 6 May, 10:00: five working days end on the 13th at 17:00
    (row,) = waits(world, world.provider)
    assert (row.due_at, row.is_late, row.left) == (statement.answer_due_at, False, "5 working days left")
    world.later(days=5)  # Monday 11 May, 10:00: the weekend does not count
    assert waits(world, world.provider)[0].left == "2 working days left"
    world.later(days=2, hours=3)  # Wednesday 13 May, 13:00
    assert waits(world, world.provider)[0].left == "4 h of working time left"
    world.later(hours=5)
    (late,) = waits(world, world.provider)
    assert (late.is_late, late.left) == (True, "")
    with translation.override("zh-hans"):
        world.at = statement.answer_due_at - timedelta(days=1)
        (row,) = waits(world, world.provider)
    assert (row.what, row.left) == ("认可或申诉", "还剩 1 个工作日")


def test_appeals_wait_for_reply_vote_agreement_and_the_close(world: World) -> None:
    statement, (appeal,) = contested(world)
    assert whats(world, "appraiser") == ["Reply to the appeals"]
    assert whats(world, "contact") == ["Reply to the appeals · Vote on the appeals"]
    assert whats(world, "service_manager") == ["Vote on the appeals"]
    assert waits(world, world.provider)[0].due_at == statement.arbitration_due_at

    answer_appeal(world.client, statement.number, appeal.uuid, "We did not know.", recorded_at=world.at)
    assert whats(world, "appraiser") == []
    vote(world.client, statement.number, appeal.uuid, "rejected", {}, "It was late.", recorded_at=world.at)
    assert (whats(world, "contact"), whats(world, "service_manager")) == ([], ["Vote on the appeals"])
    vote(world.provider, statement.number, appeal.uuid, "upheld", {"drop": True}, "No.", recorded_at=world.at)
    differ = ["Agree on the appeals: the sides voted differently"]
    assert whats(world, "contact") == whats(world, "service_manager") == differ

    vote(world.client, statement.number, appeal.uuid, "upheld", {"drop": True}, "Yes.", recorded_at=world.at)
    close = ["Close the arbitration: every appeal is decided"]
    assert whats(world, "contact") == whats(world, "service_manager") == close
    assert whats(world, "appraiser") == []
    close_arbitration(world.client, statement.number, recorded_at=world.at)
    assert whats(world, "contact") == whats(world, "service_manager") == ["Sign it"]


def test_an_order_is_carried_out_by_one_side_and_verified_by_the_other(world: World) -> None:
    statement = world.locked()
    due = world.at + timedelta(days=9)
    order = order_rectification(world.client, statement.number, "Tidy up.", due, recorded_at=world.at)
    row, further = waits(world, world.provider)
    assert further.what == "Settle it"  # what has a term stands first
    assert (row.what, row.number, row.due_at) == ("Rectify it and report it done", order.number, due)
    assert (row.title, row.url) == (
        "Rectification · Statement · April 2026",
        f"/statements/{statement.number}#orders",
    )
    assert whats(world, "contact") == ["Settle it"]
    order = report_rectification(
        world.provider, order.number, order.row_version, "Done.", recorded_at=world.at
    )
    assert set(whats(world, "contact")) == {"Verify the rectification", "Settle it"}
    assert whats(world, "service_manager") == ["Settle it"]
    assert [row.due_at for row in waits(world, world.client)] == [None, None]
    verify_rectification(world.client, order.number, order.row_version, recorded_at=world.at)
    assert whats(world, "contact") == ["Settle it"]


def test_the_first_due_stands_first_and_the_rest_is_in_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for period in ("2026-02", "2026-03", "2026-04"):
        world.entered(world.drafted(period))
    (kind,) = awaited_by(world.client, now=world.at)
    due = [row.due_at for row in kind.rows]
    assert len(due) == 3 and due == sorted(due) and not kind.has_more
    monkeypatch.setattr(awaited, "SHOWN", 2)
    (kind,) = awaited_by(world.client, now=world.at)
    assert [row.due_at for row in kind.rows] == due[:2] and kind.has_more


def test_nobody_learns_of_the_statements_of_others(world: World) -> None:
    world.issued()
    others = make_ground("beta")
    for role in ("service_manager", "contact", "provider_admin"):
        assert waits(world, others.viewer(role)) == []
    for role in ("auditor", "requester", "supplier_engineer", "engineer"):
        assert whats(world, role) == []


def test_a_token_is_not_told_to_sign(world: World) -> None:
    world.accepted()
    by_token = Viewer(
        actor=world.provider.actor,
        person_id=world.provider.person_id,
        organisation_id=world.provider.organisation_id,
        organisation_kind=world.provider.organisation_kind,
        grants=world.provider.grants,
        token_scopes=frozenset({"read", "write"}),
        roles=world.provider.roles,
    )
    assert waits(world, by_token) == [] and whats(world, "service_manager") == ["Sign it"]


@pytest.mark.parametrize(
    ("role", "count"), [("service_manager", QUERIES), ("contact", QUERIES), ("auditor", 0)]
)
def test_queries_are_pinned(world: World, role: str, count: int) -> None:
    contested(world)
    viewer = world.viewer(role)
    awaited_by(viewer, now=world.at)  # terms are compiled once
    with CaptureQueriesContext(connection) as captured:
        awaited_by(viewer, now=world.at)
    assert len(captured) == count, [query["sql"] for query in captured]


def signed_in(world: World, role: str) -> Client:
    client = Client()
    person = Person.objects.get(pk=world.ground.people[role].pk)
    Person.objects.filter(pk=person.pk).update(language="en")
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(("role", "path"), [("service_manager", "/workbench"), ("contact", "/portal")])
def test_both_first_pages_show_them_and_nothing_where_nothing_waits(
    world: World, role: str, path: str
) -> None:
    client = signed_in(world, role)
    assert "Statements to deal with" not in html.unescape(client.get(path).content.decode())
    statement: Statement = world.accepted()
    page = client.get(path)
    text = html.unescape(page.content.decode())
    assert page.status_code == 200 and "Statements to deal with" in text and "Sign it" in text
    assert f'href="/statements/{statement.number}"' in text
    assert client.get(f"/statements/{statement.number}").status_code == 200
    world.sign(world.viewer(role), statement)
    assert "Statements to deal with" not in html.unescape(client.get(path).content.decode())
