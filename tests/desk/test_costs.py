"""What an action costs in statements; a number that grows wants a reason."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.desk.ground import MORNING, Ground, opened

from yunheng.accounts.queries import viewer_for_person
from yunheng.desk.actions import move_ticket, note, reply


def statements(captured: CaptureQueriesContext) -> list[str]:
    words = [query["sql"] for query in captured.captured_queries]
    return [word for word in words if not word.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


@pytest.fixture
def number(ground: Ground) -> str:
    """A ticket whose terms, texts and number are in the caches."""
    agent = ground.viewer("desk_agent")
    warm = opened(ground).ticket
    move_ticket(agent, warm.number, "accept", recorded_at=MORNING)
    reply(agent, warm.number, "hello", recorded_at=MORNING)
    return opened(ground).ticket.number


def test_statements_of_each_action(ground: Ground, number: str) -> None:
    agent, later = ground.viewer("desk_agent"), MORNING + timedelta(minutes=1)
    costs = {}
    with CaptureQueriesContext(connection) as captured:
        opened(ground)
    costs["open"] = len(statements(captured))
    with CaptureQueriesContext(connection) as captured:
        move_ticket(agent, number, "accept", recorded_at=later)
    costs["move"] = len(statements(captured))
    with CaptureQueriesContext(connection) as captured:
        reply(agent, number, "we look", recorded_at=later)
    costs["reply"] = len(statements(captured))
    with CaptureQueriesContext(connection) as captured:
        note(agent, number, "hm", recorded_at=later)
    costs["note"] = len(statements(captured))
    with CaptureQueriesContext(connection) as captured:
        viewer_for_person(ground.people["desk_agent"])
    costs["viewer"] = len(statements(captured))
    # That people are to be told of it is written with the entry, in the same statement.
    # In a rolled-back transaction the texts of facts are read anew each time: one statement that a committed one saves.
    assert costs == {"open": 9, "move": 5, "reply": 6, "note": 2, "viewer": 1}, "\n".join(
        statements(captured)
    )
