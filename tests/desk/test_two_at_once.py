"""Two people do things to the same ticket at the same moment, on two connections."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.desk import actions
from yunheng.desk.models import Ticket
from yunheng.desk.queries import differences_from_journal
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict
from yunheng.sla.actions import sweep
from yunheng.sla.models import LiveClock


def together(*operations: Callable[[], Any]) -> list[Any]:
    """Results (or exceptions) of operations that begin at the same moment, each on its own connection."""
    barrier, results = threading.Barrier(len(operations)), [None] * len(operations)

    def run(place: int, operation: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            results[place] = operation()
        except Exception as error:  # it is the result
            results[place] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(place, operation)) for place, operation in enumerate(operations)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_each_thing_happens_once(committed_db: object) -> None:
    """One database for all, since each takes seconds to clone."""
    ground = make_ground()
    one_wins_and_the_other_is_told(ground)
    the_same_step_is_made_once(ground)
    numbers_stay_unique_when_many_open_at_once(ground)
    two_sweeps_warn_once(ground)
    replies_at_the_same_moment_respond_once(ground)
    what_the_sweep_recorded_is_not_forgotten(ground)


def one_wins_and_the_other_is_told(ground: Ground) -> None:
    agent, manager = ground.viewer("desk_agent"), ground.viewer("service_manager")
    for _ in range(5):
        ticket = opened(ground).ticket
        results = together(
            lambda number=ticket.number: actions.move_ticket(agent, number, "accept", recorded_at=MORNING),
            lambda number=ticket.number: actions.move_ticket(
                manager, number, "cancel", {"reason": "mistake"}, recorded_at=MORNING
            ),
        )
        conflicts = [result for result in results if isinstance(result, Conflict)]
        moves = Entry.objects.filter(subject_id=ticket.pk, type="ticket.moved").count()
        ticket = Ticket.objects.get(pk=ticket.pk)
        # cancelling still leads on from "accepted": both may go through, one after the other, but never on top of
        # each other
        assert moves == 2 - len(conflicts) == ticket.row_version - 1
        assert all(isinstance(result, Conflict | actions.Done) for result in results)
        # who looks only after the other has cancelled meets a state that nothing leads on from, and no change
        assert all(conflict.changed_by or conflict.state == "cancelled" for conflict in conflicts)
        assert differences_from_journal(ticket) == []


def the_same_step_is_made_once(ground: Ground) -> None:
    ticket = opened(ground).ticket
    viewers = [ground.viewer(role) for role in ("desk_agent", "service_manager", "engineer")]
    results = together(
        *(
            lambda viewer=viewer: actions.move_ticket(viewer, ticket.number, "accept", recorded_at=MORNING)
            for viewer in viewers
        )
    )
    assert sum(isinstance(result, actions.Done) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 2
    assert Entry.objects.filter(subject_id=ticket.pk, type="ticket.moved").count() == 1


def numbers_stay_unique_when_many_open_at_once(ground: Ground) -> None:
    results = together(*(lambda: opened(ground) for _ in range(6)))
    numbers = sorted(result.ticket.number for result in results)
    first = int(numbers[0][-4:])
    assert numbers == [f"ACME-INC-20260401-{first + count:04d}" for count in range(6)]


def two_sweeps_warn_once(ground: Ground) -> None:
    ticket = opened(ground).ticket
    now = MORNING + timedelta(minutes=16)
    reports = together(*(lambda: sweep(now) for _ in range(3)))
    assert all(report.failed == 0 for report in reports)
    written = Entry.objects.filter(type__startswith="clock.").count()
    assert written == sum(report.warned + report.breached for report in reports)
    breaches = Entry.objects.filter(subject_id=ticket.pk, type="clock.breached").count()
    assert breaches == LiveClock.objects.filter(subject_id=ticket.pk, breached_at__isnull=False).count() == 2


def replies_at_the_same_moment_respond_once(ground: Ground) -> None:
    ticket = opened(ground).ticket
    viewers = [ground.viewer(role) for role in ("desk_agent", "service_manager", "engineer")]
    later = MORNING + timedelta(minutes=1)
    results = together(
        *(
            lambda viewer=viewer: actions.reply(viewer, ticket.number, "we look", recorded_at=later)
            for viewer in viewers
        )
    )
    assert all(isinstance(result, actions.Done) for result in results)
    facts = [
        fact["fact"]
        for entry in Entry.objects.filter(subject_id=ticket.pk, type="ticket.replied").select_related("body")
        for fact in entry.body.shared["facts"]
    ]
    assert sorted(facts) == ["responded", "updated", "updated", "updated"]


def what_the_sweep_recorded_is_not_forgotten(ground: Ground) -> None:
    manager, now = ground.viewer("service_manager"), MORNING + timedelta(hours=2, minutes=1)
    tickets = [opened(ground).ticket for _ in range(3)]
    together(
        lambda: sweep(now),
        *(
            lambda number=ticket.number: actions.classify_ticket(manager, number, ci="a", recorded_at=now)
            for ticket in tickets
        ),
        *(
            lambda number=ticket.number: actions.reply(manager, number, "hello", recorded_at=now)
            for ticket in tickets
        ),
    )
    sweep(now)
    for ticket in tickets:
        told = [
            (body["clock"], body.get("cycle", 0), body.get("share", 0))
            for entry in Entry.objects.filter(subject_id=ticket.pk, type__startswith="clock.").select_related(
                "body"
            )
            if (body := entry.body.shared or entry.body.internal)
        ]
        assert len(told) == len(set(told))
        assert ("resolve", 0, 50) in told
