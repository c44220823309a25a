"""A version that reaches back: the stored clocks follow it, whether they run or have ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.desk.ground import HOUR, MORNING, Ground, apply_terms, clocks, opened, terms

from yunheng.desk.actions import assign_ticket, move_ticket
from yunheng.desk.models import Ticket
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Entry
from yunheng.sla.actions import sweep
from yunheng.sla.amending import refold_since
from yunheng.sla.queries import explain_clocks

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
LATER = MORNING + timedelta(hours=7)


def stricter(key: str) -> dict[str, Any]:
    """The terms with an hour for every resolution."""
    document = terms(key)
    for target in document["targets"]:
        if target["clock"] == "resolve":
            target["seconds"] = HOUR
    return document


def resolved(ground: Ground, *, hours: float, at: datetime = MORNING) -> Ticket:
    agent, ticket = ground.viewer("desk_agent"), opened(ground, recorded_at=at).ticket
    move_ticket(agent, ticket.number, "accept", recorded_at=at)
    assign_ticket(agent, ticket.number, team="desk-acme", recorded_at=at)
    form = {"resolution": "r", "cause": "network", "line": "first"}
    move_ticket(agent, ticket.number, "resolve", form, recorded_at=at + timedelta(hours=hours))
    return ticket


def stored_equals_folded(ground: Ground, ticket: Ticket, now: datetime) -> bool:
    explained = explain_clocks(scope_id=ground.scope.pk, subject_id=ticket.pk, now=int(now.timestamp()))
    for kind, clock in clocks(ticket).items():
        explanation = explained[kind].explanation
        assert explanation is not None
        state = explanation.state
        assert (clock.status, clock.is_met, clock.goal_seconds, clock.elapsed_seconds) == (
            state.status.value, state.is_met, state.goal_seconds, state.elapsed_seconds
        )  # fmt: skip
        due_at = None if state.due_at is None else datetime.fromtimestamp(state.due_at, UTC)
        assert clock.due_at == due_at
    return True


def test_ended_and_running_clocks_follow_the_version_that_reaches_back(ground: Ground) -> None:
    ended, running = resolved(ground, hours=2), opened(ground).ticket
    early = resolved(ground, hours=2, at=datetime(2026, 2, 26, 1, tzinfo=UTC))
    assert [clocks(one)["resolve"].is_met for one in (ended, running, early)] == [True, None, True]
    version = apply_terms(ground.contract, stricter("acme"), valid_from=MARCH)
    report = refold_since(ground.scope.pk, MARCH, now=LATER)
    assert (report.running, report.ended) == (1, 1)
    assert [clocks(one)["resolve"].is_met for one in (ended, running, early)] == [False, False, True]
    assert {clock.contract_version_id for clock in clocks(ended).values()} == {version.pk}
    assert {clock.contract_version_id for clock in clocks(early).values()} == {ground.version.pk}
    assert stored_equals_folded(ground, ended, LATER) and stored_equals_folded(ground, running, LATER)


def test_the_sweep_tells_what_a_running_clock_reached_and_nothing_of_what_is_over(ground: Ground) -> None:
    ended, running = resolved(ground, hours=2), opened(ground).ticket
    apply_terms(ground.contract, stricter("acme"), valid_from=MARCH)
    for _twice in range(2):
        refold_since(ground.scope.pk, MARCH, now=MORNING + timedelta(hours=2))
    sweep(MORNING + timedelta(hours=2))

    def breaches(ticket: Ticket) -> list[str]:
        told = Entry.objects.filter(subject_id=ticket.pk, type="clock.breached").select_related("body")
        return sorted((one.body.shared or one.body.internal)["clock"] for one in told)

    assert "resolve" in breaches(running)
    assert breaches(ended) == []


def test_the_job_follows_the_entry_and_reads_the_day_in_the_contracts_zone(ground: Ground) -> None:
    first_second = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight in Shanghai; a Sunday
    inside = opened(ground, recorded_at=first_second).ticket
    before = opened(ground, recorded_at=first_second - timedelta(seconds=1)).ticket
    version = apply_terms(ground.contract, stricter("acme"), valid_from=first_second)
    drafts = {
        "contract.backdating_accepted": {"effective": "2026-03-01"},
        "contract.calendar_refreshed": {"valid_from": "2026-02-28T16:00:00.000000Z"},
    }
    for entry_type, data in drafts.items():
        entry_id = record(
            EntryDraft(
                scope_id=ground.scope.pk, scope_key="acme", subject_id=ground.contract.subject_id,
                subject_number="ACME", type=entry_type, occurred_at=LATER, actor=SYSTEM, source="server",
                shared=data,
            )
        )  # fmt: skip
        job = ProcrastinateJob.objects.get(task_name="sla:refold_amended", args={"entry_id": entry_id})
        app.tasks[job.task_name].func(**job.args)
        assert clocks(inside)["resolve"].contract_version_id == version.pk
        assert clocks(before)["resolve"].contract_version_id == ground.version.pk
