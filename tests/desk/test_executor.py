"""The executor itself: registry, versions of a process, state maps, what an entry carries."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from tests.desk.ground import MORNING, Ground, apply_terms, make_ground, opened, terms

from yunheng.accounts.actions import create_person
from yunheng.accounts.queries import viewer_for_person
from yunheng.desk.actions import assign_ticket, migrate_ticket, move_ticket, note, open_ticket, reply
from yunheng.desk.models import Ticket
from yunheng.desk.queries import differences_from_journal, timeline
from yunheng.foundation import flow
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.facts import FactDraft, decode_facts, encode_facts, number_facts
from yunheng.foundation.journal import redact
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.flow import FlowError, Process
from yunheng.sla.actions import rebuild_facts
from yunheng.sla.models import LiveClock


def after(minutes: float) -> dict[str, Any]:
    return {"recorded_at": MORNING + timedelta(minutes=minutes)}


# --- versions


@pytest.fixture
def second_version(monkeypatch: pytest.MonkeyPatch) -> Process:
    """A newer incident process in which "accepted" is called "taken"."""
    first = flow.process_of("incident")
    taken = replace(first.states["accepted"], key="taken")

    def renamed(key: str) -> str:
        return "taken" if key == "accepted" else key

    second = replace(
        first,
        version=first.version + 1,
        states={renamed(key): (taken if key == "accepted" else state) for key, state in first.states.items()},
        transitions={
            key: replace(
                item,
                from_=frozenset(map(renamed, item.from_)),
                to=None if item.to is None else renamed(item.to),
            )
            for key, item in first.transitions.items()
        },
    )
    known = {**flow.load_processes(), (second.key, second.version): second}
    monkeypatch.setattr(flow, "load_processes", lambda: known)
    return second


def test_a_running_ticket_stays_on_its_version(ground: Ground, request: pytest.FixtureRequest) -> None:
    ticket = opened(ground).ticket
    second = request.getfixturevalue("second_version")
    agent = ground.viewer("desk_agent")
    assert move_ticket(agent, ticket.number, "accept", **after(1)).ticket.state == "accepted"
    newer = opened(ground).ticket
    assert newer.process_version == second.version
    assert move_ticket(agent, newer.number, "accept", **after(1)).ticket.state == "taken"


def test_moving_to_another_version_is_an_entry(ground: Ground, request: pytest.FixtureRequest) -> None:
    agent, manager = ground.viewer("desk_agent"), ground.viewer("service_manager")
    ticket = opened(ground).ticket
    move_ticket(agent, ticket.number, "accept", **after(1))
    second = request.getfixturevalue("second_version")
    target = {"to_version": second.version, "reason": "new words", **after(2)}
    with pytest.raises(Forbidden):
        migrate_ticket(agent, ticket.number, state_map={"accepted": "taken"}, **target)
    with pytest.raises(Invalid):  # "accepted" is no state there
        migrate_ticket(manager, ticket.number, state_map={}, **target)
    with pytest.raises(Invalid):  # would pause clocks without a word
        migrate_ticket(manager, ticket.number, state_map={"accepted": "waiting_client"}, **target)
    done = migrate_ticket(manager, ticket.number, state_map={"accepted": "taken"}, **target)
    assert (done.ticket.state, done.ticket.process_version) == ("taken", second.version)
    entry = Entry.objects.select_related("body").get(pk=done.entry_id)
    assert entry.type == "ticket.process_changed" and entry.body.shared["to"] == "taken"
    assert differences_from_journal(Ticket.objects.get(pk=ticket.pk)) == []
    assert assign_ticket(agent, ticket.number, team="desk-acme", **after(3)).ticket.state == "taken"


# --- registry and files


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="has_assignee"):
        flow.guard("has_assignee")(lambda step: None)
    with pytest.raises(ValueError, match="set_assignee"):
        flow.effect("set_assignee")(lambda step, outcome: None)
    assert "has_assignee" in flow.guard_names() and "set_assignee" in flow.effect_names()


def test_unknown_processes_and_files(tmp_path: Path) -> None:
    with pytest.raises(flow.UnknownProcessError):
        flow.process_of("chess")
    with pytest.raises(flow.UnknownProcessError):
        flow.process_of("incident", 99)
    pack = (flow.PACKS / "incident.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(pack)
    assert list(flow.load_processes(tmp_path)) == [("incident", 2)]
    flow.load_processes.cache_clear()
    (tmp_path / "b.yaml").write_text(pack)
    with pytest.raises(ValueError, match="twice"):
        flow.load_processes(tmp_path)
    (tmp_path / "c.yaml").write_text("key: [")
    with pytest.raises(ValueError, match="no YAML"):
        flow.read_process(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("x" * (flow.MOST_BYTES + 1))
    with pytest.raises(ValueError, match="larger"):
        flow.read_process(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("key: incident")
    with pytest.raises(FlowError) as refused:
        flow.read_process(tmp_path / "c.yaml")
    assert len(refused.value.faults) > 3


def test_a_row_changes_inside_a_transaction_only(ground: Ground) -> None:
    ticket = opened(ground).ticket
    with pytest.raises(Conflict):
        stale = Ticket.objects.select_related("scope").get(pk=ticket.pk)
        stale.row_version = 7
        flow.update_subject(stale, {"title": "x"}, viewer=SYSTEM_VIEWER)
    assert Ticket.objects.get(pk=ticket.pk).title == "No mail"


# --- what entries carry


def test_names_are_personal_and_notes_internal(ground: Ground) -> None:
    ticket = opened(ground, requester=ground.people["requester"], requester_name="").ticket
    agent = ground.viewer("desk_agent")
    move_ticket(agent, ticket.number, "accept", **after(1))
    assign_ticket(agent, ticket.number, team="desk-acme", assignee="acme-engineer", **after(2))
    note(agent, ticket.number, "a secret", **after(3))
    bodies = [entry.body for entry in Entry.objects.filter(subject_id=ticket.pk).select_related("body")]
    shared = str([body.shared for body in bodies])
    for word in ("engineer of acme", "desk_agent of acme", "requester of acme", "a secret"):
        assert word not in shared
    assert str(ground.people["engineer"].uuid) not in shared
    assert "a secret" in str([body.internal for body in bodies])


def test_what_was_erased_shows_as_erased(ground: Ground) -> None:
    ticket = opened(ground).ticket
    done = reply(ground.viewer("desk_agent"), ticket.number, "call 138…", **after(1))
    redact(actor=SYSTEM_VIEWER.actor, entry_id=done.entry_id, classes=["shared"], reason="a number")
    shown = {entry.id: entry for entry in timeline(ground.viewer("contact"), ticket)}[done.entry_id]
    assert shown.shared is None and shown.erased == {"shared"} and shown.hidden == {"personal"}
    with pytest.raises(LookupError, match="erased"):  # what it said of the clocks is in the table only
        rebuild_facts(scope_id=ticket.scope_id, subject_id=ticket.pk)
    assert LiveClock.objects.get(subject_id=ticket.pk, kind="respond").status == "stopped"


def test_facts_survive_the_entry() -> None:
    facts = [
        FactDraft(FactKind.WAIT_BEGAN, 100, "parts", Party.PROVIDER),
        FactDraft(FactKind.WAIT_ENDED, 200, ref=7),
        FactDraft(FactKind.RESOLVED, 200, "first"),
    ]
    assert decode_facts(encode_facts(facts)) == facts
    numbered = number_facts(50, facts)
    assert [fact.seq for fact in numbered] == [400, 401, 402]
    assert [fact.ref for fact in numbered] == [50, 7, 0]
    with pytest.raises(ValueError, match="at most 8"):
        number_facts(1, facts * 3)


# --- who opens what


def test_a_client_asks_for_itself(ground: Ground) -> None:
    own = opened(ground, "requester", requester=ground.people["contact"], requester_name="").ticket
    assert own.requester == ground.people["requester"]
    with pytest.raises(Forbidden):
        opened(ground, "auditor")
    with pytest.raises(Forbidden):
        opened(ground, "desk_agent", is_major=True)
    assert opened(ground, "service_manager", is_major=True, urgency="low").ticket.priority == "p1"


def test_a_scope_without_role_or_contract(ground: Ground) -> None:
    stranger = create_person(viewer=SYSTEM_VIEWER, login="stranger", name="S", organisation=ground.provider)
    bare = make_ground("bare", with_version=False)
    values = {
        "kind": "incident",
        "title": "t",
        "service": "mail",
        "impact": "low",
        "urgency": "low",
        "channel": "mail",
    }
    with pytest.raises(NotFound):
        open_ticket(viewer=viewer_for_person(stranger), scope_id=ground.scope.pk, **values)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        open_ticket(viewer=SYSTEM_VIEWER, scope_id=10**9, **values)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        opened(bare)
    assert refused.value.code == "no_contract"
    apply_terms(bare.contract, terms("bare"))
    assert opened(bare).no_clock_reason == ""


def test_history_from_another_system_is_not_worked_on(ground: Ground) -> None:
    ticket = opened(ground).ticket
    Ticket.objects.filter(pk=ticket.pk).update(is_observed=True)
    with pytest.raises(Invalid) as refused:
        move_ticket(ground.viewer("desk_agent"), ticket.number, "accept", **after(1))
    assert refused.value.code == "observed"


def test_a_supplier_who_is_called_sees_the_ticket(ground: Ground) -> None:
    ticket = opened(ground).ticket
    vendor = ground.viewer("supplier_engineer")
    with pytest.raises(NotFound):
        reply(vendor, ticket.number, "hello", **after(1))
    done = assign_ticket(ground.viewer("desk_agent"), ticket.number, team="vendor-acme", **after(1))
    assert done.ticket.supplier == ground.supplier
    reply(vendor, ticket.number, "on my way", **after(2))
    assert (
        LiveClock.objects.get(subject_id=ticket.pk, kind="respond").status == "running"
    )  # not the provider's word
    facts = Entry.objects.select_related("body").get(pk=done.entry_id).body.shared["facts"]
    assert [fact["fact"] for fact in facts] == ["dispatched", "assigned"]


def test_actions_are_all_or_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = opened(ground).ticket
    count = Entry.objects.count()

    def broken(**_: Any) -> Any:
        raise RuntimeError("the power went")

    monkeypatch.setattr("yunheng.desk.actions.basis.refold", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        move_ticket(ground.viewer("desk_agent"), ticket.number, "accept", **after(1))
    assert Entry.objects.count() == count
    assert Ticket.objects.get(pk=ticket.pk).state == "new"
    assert not connection.needs_rollback
