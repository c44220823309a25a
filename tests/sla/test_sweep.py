"""Warnings and breaches: once each, late ones marked late, none by accident (sla-semantics 15, 17)."""

from datetime import timedelta
from typing import Any

import pytest
from tests.desk.ground import END, MORNING, Ground, clocks, opened, terms

from yunheng.contracts.models import ContractVersion
from yunheng.desk.actions import change_profile, move_ticket, reply
from yunheng.desk.models import Ticket
from yunheng.foundation.models import Entry
from yunheng.logic.clock import Fact
from yunheng.sla.actions import sweep
from yunheng.sla.models import LiveClock
from yunheng.sla.queries import facts_of


def at(minutes: float) -> Any:
    return MORNING + timedelta(minutes=minutes)


def told(ticket: Ticket, kind: str = "respond") -> list[tuple[str, int, bool]]:
    """(type, share, is late) of what was recorded of a clock, oldest first."""
    entries = Entry.objects.filter(subject_id=ticket.pk, type__startswith="clock.").select_related("body")
    bodies = [(entry.type, entry.body.shared or entry.body.internal) for entry in entries.order_by("id")]
    return [
        (name, data.get("share", 0), data["is_late"])
        for name, data in bodies
        if data and data["clock"] == kind
    ]


def test_nothing_is_said_at_the_opening_or_at_midnight(ground: Ground) -> None:
    ticket = opened(
        ground, recorded_at=MORNING.replace(hour=10), urgency="low"
    ).ticket  # 18:00: office is closed
    sweep(MORNING.replace(hour=10))
    assert told(ticket, "resolve") == []
    sweep(MORNING.replace(hour=16, minute=0))  # midnight in Shanghai
    sweep(MORNING.replace(hour=16, minute=1))
    assert told(ticket, "resolve") == []


def test_each_share_once_and_the_breach_a_second_after_the_goal(ground: Ground) -> None:
    ticket = opened(ground).ticket  # respond within 15 minutes
    for minutes in (0, 7, 7.5, 7.6, 11.25, 13.5, 14, 15, 16, 30):
        sweep(at(minutes))
        sweep(at(minutes))
    assert told(ticket) == [
        ("clock.warned", 50, False),
        ("clock.warned", 75, False),
        ("clock.warned", 90, False),
        ("clock.warned", 100, False),
        ("clock.breached", 0, False),
    ]
    breached = Entry.objects.get(subject_id=ticket.pk, type="clock.breached", body__shared__clock="respond")
    assert breached.occurred_at == at(15) + timedelta(seconds=1)


def test_after_downtime_all_are_recorded_once_and_marked_late(ground: Ground) -> None:
    ticket = opened(ground).ticket
    report = sweep(at(60 * 24))
    assert report.failed == 0 and report.breached == 5
    assert told(ticket) == [
        ("clock.warned", 50, True),
        ("clock.warned", 75, True),
        ("clock.warned", 90, True),
        ("clock.warned", 100, True),
        ("clock.breached", 0, True),
    ]
    assert sweep(at(60 * 24 + 1)).warned == 0
    assert not LiveClock.objects.filter(next_check_at__lte=at(60 * 24 + 1)).exists()


def test_what_happened_in_time_is_not_warned_of(ground: Ground) -> None:
    ticket = opened(ground).ticket
    move_ticket(ground.viewer("desk_agent"), ticket.number, "accept", recorded_at=at(5))
    sweep(at(60))
    assert told(ticket) == []
    assert clocks(ticket)["respond"].next_check_at is None


def test_internal_clocks_stay_internal(ground: Ground) -> None:
    ticket = opened(ground).ticket
    sweep(at(11))
    entries = Entry.objects.filter(subject_id=ticket.pk, type__startswith="clock.").select_related("body")
    internal = [entry for entry in entries if entry.body.internal]
    assert internal and all(entry.body.internal["clock"] == "hand_over" for entry in internal)
    assert all(entry.shared_digest is None for entry in internal)


def test_a_new_cycle_warns_anew(ground: Ground) -> None:
    ticket = opened(ground).ticket  # an update at least every hour
    sweep(at(40))
    reply(ground.viewer("desk_agent"), ticket.number, "we look", recorded_at=at(45))
    sweep(at(46))
    sweep(at(80))
    assert told(ticket, "update") == [("clock.warned", 50, True), ("clock.warned", 50, True)]


def test_a_goal_that_grows_takes_back_nothing_and_warns_no_share_twice(ground: Ground) -> None:
    ticket = opened(ground).ticket
    sweep(at(7.5))
    change_profile(
        ground.viewer("desk_agent"), ticket.number, urgency="low", reason="workaround", recorded_at=at(8)
    )
    for minutes in (9, 15, 16, 22.5, 23):
        sweep(at(minutes))
    assert told(ticket) == [("clock.warned", 50, False), ("clock.warned", 75, False)]


def test_amending_the_contract_does_not_touch_running_clocks(ground: Ground) -> None:
    from tests.desk.ground import apply_terms

    ticket = opened(ground).ticket
    shorter = terms("acme")
    for target in shorter["targets"]:
        target["seconds"] = 60
    apply_terms(ground.contract, shorter, valid_from=at(1))
    reply(ground.viewer("desk_agent"), ticket.number, "we look", recorded_at=at(10))
    respond, resolve = clocks(ticket)["respond"], clocks(ticket)["resolve"]
    assert (respond.is_met, respond.goal_seconds, resolve.goal_seconds) == (True, 900, 4 * 3600)
    later = opened(ground, recorded_at=at(20)).ticket
    assert clocks(later)["respond"].goal_seconds == 60
    assert ContractVersion.objects.count() == 2


def test_an_expired_contract_gives_no_clock_and_says_why(ground: Ground) -> None:
    expired = MORNING.replace(year=END.year)
    done = opened(ground, recorded_at=expired)
    assert done.no_clock_reason == "contract_expired"
    rows = clocks(done.ticket)
    assert rows and {(row.status, row.reason) for row in rows.values()} == {("no_clock", "contract_expired")}
    assert sweep(expired + timedelta(days=3)).checked == 0


def test_a_clock_that_cannot_be_folded_does_not_stop_the_others(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = opened(ground).ticket, opened(ground).ticket

    def broken(*, scope_id: int, subject_id: int) -> list[Fact]:
        if subject_id == first.pk:
            raise KeyError("a calendar that is not there")
        return facts_of(scope_id=scope_id, subject_id=subject_id)

    with monkeypatch.context() as patched:
        patched.setattr("yunheng.sla.actions.facts_of", broken)
        report = sweep(at(16))
    assert report.failed == 2  # respond and hand_over
    assert ("clock.breached", 0, False) in told(second)
    assert told(first) == []
    sweep(at(27))  # tried again ten minutes later
    assert ("clock.breached", 0, True) in told(first)
