"""Random sequences of operations: the row is the fold of the journal, live clocks are the fold of the
facts.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.desk import actions
from yunheng.desk.models import Proposal, Ticket
from yunheng.desk.queries import differences_from_journal
from yunheng.desk.verifying import verify_ticket
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import offered, process_for
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Refusal
from yunheng.foundation.sealing import check_log, seal
from yunheng.sla.actions import facts_in_journal, sweep
from yunheng.sla.models import ClockFact, LiveClock, Pause
from yunheng.sla.queries import explain_clocks

ROLES = (
    *("service_manager", "provider_admin", "desk_agent", "engineer", "quality_officer"),
    *("contact", "supplier_engineer"),
)
FORMS: dict[str, dict[str, str]] = {
    "assign": {"team": "desk-acme", "assignee": "acme-engineer"},
    "wait_for_client": {"note": "n"},
    "wait_for_supplier": {"note": "n"},
    "wait_for_parts": {"note": "n"},
    "resolve": {"resolution": "r", "cause": "network", "line": "second"},
    "take_up_again": {"reason": "r"},
    "reopen": {"reason": "r"},
    "cancel": {"reason": "mistake"},
}


class RollbackError(Exception):
    """Leaves the transaction without a trace."""


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back at its end."""
    try:
        with transaction.atomic():
            yield
            raise RollbackError
    except RollbackError:
        pass


class Desk(RuleBasedStateMachine):
    """Several people work on a few tickets; refusals are fine, half-done things are not."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = undone()
        self.undo.__enter__()
        self.now: datetime = MORNING
        self.numbers: list[str] = []
        self.ground: Ground = make_ground()
        self.viewers = {role: self.ground.viewer(role) for role in ROLES}

    def teardown(self) -> None:
        try:
            self.check_log()
        finally:
            self.undo.__exit__(None, None, None)

    def ticket(self, place: int) -> Ticket:
        return Ticket.objects.select_related("scope", "team", "supplier", "assignee").get(
            number=self.numbers[place % len(self.numbers)]
        )

    def attempt(self, operation: Callable[..., Any], *arguments: Any) -> None:
        """Run an operation; a refusal leaves no trace."""
        before = Entry.objects.count()
        try:
            operation(*arguments)
        except Refusal:
            assert Entry.objects.count() == before

    @initialize()
    def first(self) -> None:
        self.open(True, "high")

    @precondition(lambda self: len(self.numbers) < 2)
    @rule(is_incident=st.booleans(), urgency=st.sampled_from(("high", "low")))
    def open(self, is_incident: bool, urgency: str) -> None:
        kind = "incident" if is_incident else "service_request"
        done = opened(self.ground, kind=kind, urgency=urgency, recorded_at=self.now)
        self.numbers.append(done.ticket.number)

    @rule(minutes=st.sampled_from((0, 1, 7, 45, 200, 1000, 6000)))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes, seconds=minutes % 60)

    @rule()
    def sweep(self) -> None:
        assert sweep(self.now).failed == 0
        assert sweep(self.now).warned == 0  # once each

    @rule(
        place=st.integers(0, 1),
        choices=st.lists(st.integers(0, 30), min_size=1, max_size=5),
        minutes=st.sampled_from((1, 30, 240)),
        back=st.sampled_from((0, 0, 0, 5, 90)),
    )
    def move(self, place: int, choices: list[int], minutes: int, back: int) -> None:
        """Some steps in a row, each by somebody who may make it."""
        for choice in choices:
            self.now += timedelta(minutes=minutes, seconds=7)
            ticket = self.ticket(place)
            ways = [(viewer, way.key) for viewer in self.viewers.values() for way in offered(ticket, viewer)]
            ways = [way for way in ways if way[1] not in {"cancel", "assign"} or choice % 5 == 0]
            if ways:
                self.attempt(self._move, ticket.number, *ways[choice % len(ways)], back)

    def _move(self, number: str, viewer: Viewer, key: str, back: int) -> None:
        actions.move_ticket(
            viewer,
            number,
            key,
            FORMS.get(key, {}),
            at=self.now - timedelta(minutes=back),
            recorded_at=self.now,
        )

    @rule(place=st.integers(0, 1), role=st.sampled_from(ROLES), choice=st.integers(0, 30))
    def try_what_may_be_forbidden(self, place: int, role: str, choice: int) -> None:
        ticket = self.ticket(place)
        keys = sorted(process_for(ticket).transitions)
        self.attempt(self._move, ticket.number, self.viewers[role], keys[choice % len(keys)], 0)

    @rule(place=st.integers(0, 1), role=st.sampled_from(ROLES), is_automatic=st.booleans())
    def reply(self, place: int, role: str, is_automatic: bool) -> None:
        number = self.ticket(place).number
        self.attempt(
            lambda: actions.reply(
                self.viewers[role], number, "hello", is_automatic=is_automatic, recorded_at=self.now
            )
        )

    @rule(place=st.integers(0, 1), role=st.sampled_from(ROLES))
    def note(self, place: int, role: str) -> None:
        number = self.ticket(place).number
        self.attempt(lambda: actions.note(self.viewers[role], number, "hm", recorded_at=self.now))

    @rule(
        place=st.integers(0, 1),
        urgency=st.sampled_from(("high", "low")),
        service=st.sampled_from(("mail", "erp")),
    )
    def change_profile(self, place: int, urgency: str, service: str) -> None:
        number = self.ticket(place).number
        self.attempt(
            lambda: actions.change_profile(
                self.viewers["desk_agent"],
                number,
                urgency=urgency,
                service=service,
                reason="r",
                recorded_at=self.now,
            )
        )

    @rule(place=st.integers(0, 1), ci=st.sampled_from(("switch-1", "mail-2")))
    def classify(self, place: int, ci: str) -> None:
        number = self.ticket(place).number
        self.attempt(
            lambda: actions.classify_ticket(self.viewers["engineer"], number, ci=ci, recorded_at=self.now)
        )

    @rule(
        place=st.integers(0, 1),
        role=st.sampled_from(("contact", "service_manager", "supplier_engineer")),
        what=st.sampled_from(("confirm", "dispute", "uphold", "reject")),
    )
    def judge_pause(self, place: int, role: str, what: str) -> None:
        ticket = self.ticket(place)
        pause = Pause.objects.filter(subject_id=ticket.pk).order_by("-id").first()
        if pause is None:
            return
        viewer = self.viewers[role]
        if what in {"confirm", "dispute"}:
            self.attempt(
                lambda: actions.answer_pause(
                    viewer,
                    ticket.number,
                    pause.pk,
                    what,
                    text="t",
                    recorded_at=self.now,  # type: ignore[arg-type]
                )
            )
        else:
            self.attempt(
                lambda: actions.settle_pause(
                    viewer,
                    ticket.number,
                    pause.pk,
                    is_upheld=what == "uphold",
                    text="t",
                    recorded_at=self.now,
                )
            )

    @rule(
        place=st.integers(0, 1),
        choice=st.integers(0, 30),
        minutes=st.integers(-300, 300),
        role=st.sampled_from(("service_manager", "quality_officer")),
    )
    def propose_a_time(self, place: int, choice: int, minutes: int, role: str) -> None:
        ticket = self.ticket(place)
        facts = list(ClockFact.objects.filter(subject_id=ticket.pk, superseded_by=0).order_by("seq"))
        fact = facts[choice % len(facts)]
        new_at = datetime.fromtimestamp(fact.at, MORNING.tzinfo) + timedelta(minutes=minutes)
        self.propose(role, ticket.number, "correct_time", {"entry": fact.entry_id, "new_at": new_at})

    @rule(
        place=st.integers(0, 1),
        role=st.sampled_from(("service_manager", "quality_officer")),
        kind=st.sampled_from(("leave_out", "take_back")),
    )
    def propose_the_population(self, place: int, role: str, kind: str) -> None:
        data = {"reason": "test"} if kind == "leave_out" else {}
        self.propose(role, self.ticket(place).number, kind, data)

    @rule(place=st.integers(0, 1), back=st.integers(1, 300), minutes=st.integers(1, 300))
    def propose_a_window(self, place: int, back: int, minutes: int) -> None:
        from_at = self.now - timedelta(minutes=back)
        data = {"reason": "maintenance", "from_at": from_at, "to_at": from_at + timedelta(minutes=minutes)}
        self.propose("service_manager", self.ticket(place).number, "exclude_window", data)

    def propose(self, role: str, number: str, kind: str, data: dict[str, Any]) -> None:
        self.attempt(
            lambda: actions.propose(
                self.viewers[role], number, kind=kind, data=data, reason="r", recorded_at=self.now
            )
        )

    @rule(
        choice=st.integers(0, 30),
        role=st.sampled_from(("contact", "contact", "provider_admin", "service_manager", "engineer")),
        what=st.sampled_from(("approve", "approve", "approve", "refuse", "withdraw")),
    )
    def judge_proposal(self, choice: int, role: str, what: str) -> None:
        """Newest first; those that have ended are tried again, too."""
        proposals = list(Proposal.objects.order_by("-id")[:3])
        if not proposals:
            return
        uuid, viewer = proposals[choice % len(proposals)].uuid, self.viewers[role]
        if what == "withdraw":
            self.attempt(lambda: actions.withdraw_proposal(viewer, uuid, recorded_at=self.now))
            return
        self.attempt(
            lambda: actions.answer_proposal(
                viewer, uuid, is_approved=what == "approve", text="t", recorded_at=self.now
            )
        )

    @rule()
    def close_silent(self) -> None:
        actions.close_silent_tickets(self.now)

    @invariant()
    def rows_are_what_the_journal_tells(self) -> None:
        for place in range(len(self.numbers)):
            assert differences_from_journal(self.ticket(place)) == []

    @invariant()
    def whole_tickets_verify(self) -> None:
        for place in range(len(self.numbers)):
            assert verify_ticket(self.ticket(place)) == []

    @invariant()
    def facts_are_what_the_journal_tells(self) -> None:
        for place in range(len(self.numbers)):
            ticket = self.ticket(place)
            told = facts_in_journal(scope_id=ticket.scope_id, subject_id=ticket.pk)
            rows = ClockFact.objects.filter(subject_id=ticket.pk).order_by("seq")
            columns = ("at", "seq", "kind", "party", "ref", "entry_id", "superseded_by")
            assert [
                (fact.at, fact.seq, fact.kind, fact.party, fact.ref, fact.entry, by) for fact, by in told
            ] == list(rows.values_list(*columns))

    @invariant()
    def live_clocks_are_the_fold(self) -> None:
        for place in range(len(self.numbers)):
            ticket = self.ticket(place)
            for row in LiveClock.objects.filter(subject_id=ticket.pk):
                then = explain_clocks(
                    scope_id=ticket.scope_id, subject_id=ticket.pk, now=int(row.folded_at.timestamp())
                )[row.kind]
                assert then.explanation is not None
                state = then.explanation.state
                assert (row.status, row.elapsed_seconds, row.goal_seconds, row.is_met, row.profile) == (
                    state.status.value,
                    state.elapsed_seconds,
                    state.goal_seconds,
                    state.is_met,
                    state.profile,
                )
                for name in ("started_at", "stopped_at", "due_at", "breached_at", "settled_at"):
                    stored, folded = getattr(row, name), getattr(state, name)
                    assert (None if stored is None else int(stored.timestamp())) == folded, name
                assert then.explanation.counted_seconds == state.elapsed_seconds

    @invariant()
    def numbers_are_unique_and_increase_in_a_day(self) -> None:
        assert len(set(self.numbers)) == len(self.numbers)
        for kind in ("INC", "REQ"):
            ours = [number for number in self.numbers if f"-{kind}-" in number]
            assert ours == sorted(ours)

    @invariant()
    def at_most_one_wait_is_open(self) -> None:
        for place in range(len(self.numbers)):
            ticket = self.ticket(place)
            open_waits = Pause.objects.filter(subject_id=ticket.pk, ended_at=None).count()
            assert open_waits == (1 if ticket.state.startswith("waiting_") else 0)

    def check_log(self) -> None:
        """Everything that was recorded is sealed, and the log verifies."""
        assert seal().leaves > 0
        assert not check_log(self.ground.scope).problems


def test_random_operations(db: None) -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=int(os.environ.get("YUNHENG_EXAMPLES", "10")),  # more in a long night
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        ),
    )


def test_the_machine_notices_a_row_that_lies(ground: Ground) -> None:
    ticket = opened(ground).ticket
    Ticket.objects.filter(pk=ticket.pk).update(priority="p3", cause="ghosts")
    ticket.refresh_from_db()
    assert len(differences_from_journal(ticket)) == 2


@pytest.mark.parametrize("column", ["at", "kind"])
def test_the_machine_notices_a_fact_that_lies(ground: Ground, column: str) -> None:
    ticket = opened(ground).ticket
    fact = ClockFact.objects.filter(subject_id=ticket.pk).order_by("seq")[0]
    ClockFact.objects.filter(pk=fact.pk).update(**{column: getattr(fact, column) + 1})
    told = facts_in_journal(scope_id=ticket.scope_id, subject_id=ticket.pk)
    stored = ClockFact.objects.filter(subject_id=ticket.pk).order_by("seq").values_list("at", "kind")
    assert [(fact.at, int(fact.kind)) for fact, _by in told] != list(stored)
