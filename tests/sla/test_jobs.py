"""The periodic jobs are known to the worker and do what they say."""

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app
from tests.desk.ground import Ground, clocks, opened

from yunheng.desk.actions import close_silent_tickets, move_ticket, reply
from yunheng.desk.models import Ticket
from yunheng.foundation.models import Entry


def test_the_worker_knows_the_sweep_and_the_closing(db: None) -> None:
    periodic = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    assert periodic["sla:sweep"] == "* * * * *"
    assert "desk:close_silent" in periodic


def test_the_sweep_job_records_what_was_reached(ground: Ground) -> None:
    ticket = opened(ground, recorded_at=datetime.now(UTC) - timedelta(minutes=16)).ticket
    app.tasks["sla:sweep"].func(timestamp=0)
    assert Entry.objects.filter(subject_id=ticket.pk, type="clock.breached").exists()


def test_a_ticket_closes_after_silence_and_is_marked_so(ground: Ground) -> None:
    monday = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    agent = ground.viewer("desk_agent")
    tickets = []
    for _ in range(2):
        ticket = opened(ground, recorded_at=monday).ticket
        move_ticket(agent, ticket.number, "accept", recorded_at=monday)
        form = {"resolution": "r", "cause": "network", "line": "first"}
        move_ticket(agent, ticket.number, "resolve", form, recorded_at=monday)
        tickets.append(ticket)
    silent, answered = tickets
    reply(ground.viewer("contact"), answered.number, "not sure", recorded_at=monday + timedelta(days=2))
    following = monday + timedelta(days=7)  # five working days after Monday end on the Monday after, 17:00
    assert close_silent_tickets(following.replace(hour=8, minute=59)) == 0
    assert close_silent_tickets(following.replace(hour=9)) == 1
    assert Ticket.objects.get(pk=silent.pk).state == "closed"
    assert Ticket.objects.get(pk=answered.pk).state == "resolved"
    entry = Entry.objects.filter(subject_id=silent.pk).select_related("body").latest("id")
    assert (entry.actor_kind, entry.source) == ("system", "server")
    assert {
        "fact": "closed",
        "at": int(following.replace(hour=9).timestamp()),
        "term": "silence",
    } in entry.body.shared["facts"]
    assert clocks(silent)["resolve"].is_met is True
    assert close_silent_tickets(following.replace(hour=9) + timedelta(days=2)) == 1
