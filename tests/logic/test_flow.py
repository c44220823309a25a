"""Processes: the shipped ones are clean, faults are named, decisions have reasons, drawings are tidy."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from yunheng.logic.facts import FactKind, Party
from yunheng.logic.flow import (
    Decision,
    FlowError,
    Process,
    available,
    decide,
    diagram,
    form_faults,
    lint_process,
    parse_process,
    process_digest,
    to_document,
)

PACKS = Path(__file__).parents[2] / "src" / "yunheng" / "packs" / "processes"
PERMISSIONS = {
    "ticket." + name for name in ("open", "accept", "assign", "work", "confirm", "close", "cancel")
}
GUARDS = {"has_assignee", "has_resolution", "confirmation_term_passed"}
EFFECTS = {"set_assignee", "record_resolution", "clear_resolution", "ensure_restored"}


def _pack(name: str) -> Any:
    return YAML(typ="safe").load(PACKS / f"{name}.yaml")


INCIDENT = parse_process(_pack("incident"))
REQUEST = parse_process(_pack("service_request"))
BOTH = pytest.mark.parametrize("process", [INCIDENT, REQUEST], ids=lambda process: process.key)


def _small() -> dict[str, Any]:
    """The smallest process worth the name: open, waiting, closed."""

    def label(zh: str, en: str) -> dict[str, str]:
        return {"zh-Hans": zh, "en": en}

    return {
        "key": "small",
        "version": 1,
        "label": label("小", "Small"),
        "subject_kind": "ticket",
        "initial": "new",
        "opening": {"permission": "ticket.open", "facts": ["OPENED"]},
        "states": {
            "new": {"category": "open", "label": label("新建", "New")},
            "held": {
                "category": "waiting",
                "reason": "waiting_client",
                "party": "client",
                "label": label("等待", "Held"),
            },
            "done": {"category": "closed", "label": label("完成", "Done")},
        },
        "transitions": {
            "hold": {
                "label": label("等待", "Hold"),
                "from": ["new"],
                "to": "held",
                "permission": "ticket.work",
                "form": [
                    {"name": "note", "kind": "text", "required": True, "label": label("说明", "Note")},
                    {
                        "name": "why",
                        "kind": "choice",
                        "label": label("原因", "Why"),
                        "choices": {"a": label("甲", "A"), "b": label("乙", "B")},
                    },
                ],
            },
            "go_on": {
                "label": label("继续", "Go on"),
                "from": ["held"],
                "to": "new",
                "permission": "ticket.work",
            },
            "finish": {
                "label": label("完成", "Finish"),
                "from": ["new"],
                "to": "done",
                "permission": "ticket.close",
                "guards": ["has_resolution"],
                "effects": ["set_assignee"],
                "facts": [{"kind": "CLOSED", "term": "silence"}],
            },
        },
    }


def _lint(document: Any) -> list[str]:
    return [str(f) for f in lint_process(parse_process(document), PERMISSIONS, GUARDS, EFFECTS)]


# --- the shipped processes --------------------------------------------------------------------------------


@BOTH
def test_a_shipped_process_is_clean(process: Process) -> None:
    assert lint_process(process, PERMISSIONS, GUARDS, EFFECTS) == []
    assert process.subject_kind == process.key, (
        "it is the process of the kind of ticket that it is named after"
    )


@BOTH
def test_a_shipped_process_survives_being_written_and_read(process: Process) -> None:
    again = parse_process(to_document(process))
    assert again == process
    assert list(again.states) == list(process.states)
    assert process_digest(again) == process_digest(process)


def test_an_incident_goes_the_whole_way() -> None:
    everything = PERMISSIONS
    content = dict.fromkeys(GUARDS)
    state = INCIDENT.initial
    walked = []
    for step in (
        "accept",
        "assign",
        "start",
        "wait_for_client",
        "wait_for_supplier",
        "wait_for_parts",
        "resume",
        "restore",
        "resolve",
        "reopen",
        "resolve",
        "confirm",
        "close",
    ):
        assert decide(INCIDENT, state, step, everything, content) == Decision(True)
        state = INCIDENT.transitions[step].target(state)
        walked.append(state)
    assert walked == [
        "accepted",
        "accepted",
        "in_progress",
        "waiting_client",
        "waiting_supplier",
        "waiting_parts",
        "in_progress",
        "restored",
        "resolved",
        "in_progress",
        "resolved",
        "confirmed",
        "closed",
    ]
    assert available(INCIDENT, state, everything) == ()


@BOTH
def test_what_clocks_read_is_written_where_they_need_it(process: Process) -> None:
    facts = {
        key: [fact.kind for fact in item.facts] for key, item in process.transitions.items() if item.facts
    }
    assert [fact.kind for fact in process.opening.facts] == [FactKind.OPENED]
    expected = {
        "accept": [FactKind.RESPONDED],
        "assign": [FactKind.ASSIGNED],
        "resolve": [FactKind.RESOLVED],
        "take_up_again": [FactKind.REOPENED],
        "reopen": [FactKind.REOPENED],
        "confirm": [FactKind.CONFIRMED],
        "record_confirmation": [FactKind.CONFIRMED],
        "close": [FactKind.CLOSED],
        "close_without_word": [FactKind.CLOSED],
        "cancel": [FactKind.CANCELLED],
    }
    own = {"restore": [FactKind.RESTORED]} if process is INCIDENT else {"decline": [FactKind.CANCELLED]}
    assert facts == expected | own


def test_waiting_states_name_reason_and_party() -> None:
    waiting = {s.key: (s.reason, s.party) for s in INCIDENT.states.values() if s.category == "waiting"}
    assert waiting == {
        "waiting_client": ("waiting_client", Party.CLIENT),
        "waiting_supplier": ("waiting_supplier", Party.SUPPLIER),
        "waiting_parts": ("waiting_parts", Party.PROVIDER),
    }
    assert REQUEST.states["awaiting_approval"].party is Party.CLIENT


# --- decisions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "step", "permissions", "guards", "reason"),
    [
        ("accepted", "start", {"ticket.work"}, {"has_assignee": None}, ""),
        ("accepted", "start", {"ticket.work"}, {"has_assignee": "nobody"}, "guard:has_assignee"),
        ("accepted", "start", {"ticket.work"}, {}, "guard:has_assignee"),
        ("accepted", "start", {"ticket.close"}, {"has_assignee": None}, "not_permitted"),
        ("new", "start", {"ticket.work"}, {"has_assignee": None}, "not_from_here"),
        ("closed", "reopen", PERMISSIONS, {}, "not_from_here"),
        ("-100", "start", {"ticket.work"}, {"has_assignee": None}, "unknown_state"),
        ("new", "fly", PERMISSIONS, {}, "unknown_transition"),
    ],
)
def test_a_decision_has_a_named_reason(
    state: str, step: str, permissions: set[str], guards: dict[str, str | None], reason: str
) -> None:
    decision = decide(INCIDENT, state, step, permissions, guards)
    assert (decision.is_allowed, decision.reason) == (reason == "", reason)


def test_a_guard_says_what_it_objects_to() -> None:
    guards = {"has_assignee": "nobody works on it"}
    assert decide(INCIDENT, "accepted", "start", PERMISSIONS, guards).detail == "nobody works on it"


def test_available_keeps_order_and_permission() -> None:
    keys = [item.key for item in available(INCIDENT, "resolved", {"ticket.confirm", "ticket.close"})]
    assert keys == ["reopen", "confirm", "record_confirmation", "close_without_word"]
    assert available(INCIDENT, "resolved", set()) == ()
    assert available(INCIDENT, "-100", PERMISSIONS) == ()


def test_a_form_refuses_what_is_missing_not_offered_or_not_asked_for() -> None:
    hold = parse_process(_small()).transitions["hold"]
    assert form_faults(hold, {"note": "ask again"}) == []
    assert form_faults(hold, {"note": "ask again", "why": "b"}) == []
    faults = form_faults(hold, {"note": "  ", "why": ["a"], "colour": "red"})
    assert [(f.path, f.reason) for f in faults] == [
        ("note", "required"),
        ("why", "not_offered"),
        ("colour", "not_asked_for"),
    ]


# --- documents that are no process ------------------------------------------------------------------------


def _set(*path_and_value: Any) -> Callable[[dict[str, Any]], None]:
    *path, last, value = path_and_value

    def change(document: dict[str, Any]) -> None:
        for key in path:
            document = document[key]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        (_set("initial", "nowhere"), "initial", "there is no state 'nowhere'"),
        (_set("version", 0), "version", "from 1 on"),
        (_set("version", True), "version", "from 1 on"),
        (_set("colour", "red"), "colour", "unknown; known are"),
        (_set("states", None), "states", "missing"),
        (_set("states", ["new"]), "states", "must be a mapping"),
        (_set("states", "new", None), "states.new", "missing"),
        (_set("states", "new", "category", "opne"), "states.new.category", "'opne' is none of"),
        (_set("states", "new", "category", []), "states.new.category", "is none of"),
        (_set("states", "held", "party", "boss"), "states.held.party", "'boss' is none of"),
        (_set("states", "held", "party", []), "states.held.party", "is none of"),
        (_set("states", "held", "reason", "Not A Key"), "states.held.reason", "is no key"),
        (_set("states", "Bad Key", {}), "states.Bad Key", "is no key"),
        (_set("states", "new", "label", "New"), "states.new.label", "a text per language"),
        (_set("states", "new", "label", "fr", "Nouveau"), "states.new.label.fr", "unknown language"),
        (_set("states", "new", "label", "en", " "), "states.new.label.en", "must be text"),
        (_set("transitions", "hold", "from", ["new", "gone"]), "transitions.hold.from", "no state 'gone'"),
        (_set("transitions", "hold", "from", ["new", "new"]), "transitions.hold.from", "more than once"),
        (_set("transitions", "hold", "from", []), "transitions.hold.from", "names no state"),
        (_set("transitions", "hold", "from", "new"), "transitions.hold.from", "must be a list"),
        (_set("transitions", "hold", "to", "gone"), "transitions.hold.to", "there is no state 'gone'"),
        (_set("transitions", "hold", "to", ["held"]), "transitions.hold.to", "there is no state"),
        (_set("transitions", "hold", "permission", "work"), "transitions.hold.permission", "no permission"),
        (
            _set("transitions", "hold", "form", 0, "kind", "colour"),
            "transitions.hold.form[0].kind",
            "none of",
        ),
        (_set("transitions", "hold", "form", 1, "name", "note"), "transitions.hold.form", "more than once"),
        (
            _set("transitions", "hold", "form", 1, "choices", {}),
            "transitions.hold.form[1].choices",
            "kind choice",
        ),
        (
            _set("transitions", "hold", "form", 0, "required", "yes"),
            "transitions.hold.form[0].required",
            "true or",
        ),
        (_set("transitions", "hold", "facts", ["VANISHED"]), "transitions.hold.facts[0]", "is no fact"),
        (
            _set("transitions", "hold", "facts", ["WAIT_BEGAN"]),
            "transitions.hold.facts[0]",
            "is not for a process",
        ),
        (
            _set("transitions", "hold", "facts", ["OPENED"]),
            "transitions.hold.facts[0]",
            "is not for a process",
        ),
        (
            _set("transitions", "hold", "facts", [{"kind": "UPDATED", "term_from": "gone"}]),
            "transitions.hold.facts[0].term_from",
            "the form has no field 'gone'",
        ),
        (
            _set("transitions", "hold", "facts", [{"kind": "UPDATED", "term_from": "why", "term": "x"}]),
            "transitions.hold.facts[0]",
            "both term and term_from",
        ),
        (_set("opening", "facts", ["RESPONDED"]), "opening.facts", "must name OPENED"),
    ],
)
def test_a_document_that_is_no_process_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], None], path: str, reason: str
) -> None:
    document = _small()
    change(document)
    with pytest.raises(FlowError) as caught:
        parse_process(document)
    assert any(f.path == path and reason in f.reason for f in caught.value.faults), str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    document = _small()
    del document["key"]
    document["initial"] = "nowhere"
    document["states"]["new"]["category"] = "opne"
    with pytest.raises(FlowError) as caught:
        parse_process(document)
    assert [f.path for f in caught.value.faults] == ["key", "states.new.category", "initial"]


_junk = st.sampled_from(
    [None, [], {}, "", "x", 7, -1, True, 1.5, [[]], {"a": {}}, {1: 2}, ["new", None], [{}]]
)


@given(st.data())
def test_no_junk_anywhere_is_answered_but_by_a_clear_refusal(data: st.DataObject) -> None:
    document = copy.deepcopy(_small())
    node: Any = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        node[key] = data.draw(_junk)
        break
    try:
        process = parse_process(document)
    except FlowError as error:
        assert error.faults
        assert all(fault.reason for fault in error.faults)
    else:
        assert parse_process(to_document(process)) == process
        lint_process(process, PERMISSIONS, GUARDS, EFFECTS)
        diagram(process)


@pytest.mark.parametrize("junk", [None, [], "process", 7])
def test_what_is_no_mapping_is_no_process(junk: object) -> None:
    with pytest.raises(FlowError):
        parse_process(junk)


# --- the linter -------------------------------------------------------------------------------------------


def test_the_small_process_is_clean() -> None:
    assert _lint(_small()) == []


_LOST = {"category": "open", "label": {"zh-Hans": "迷失", "en": "Lost"}}


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_set("states", "lost", _LOST), "states.lost: cannot be reached from 'new'"),
        (_set("states", "lost", _LOST), "states.lost: is a dead end"),
        (_set("transitions", "go_on", "to", "same"), "states.held: is a dead end"),
        (_set("states", "held", "reason", None), "states.held.reason: a waiting state says why"),
        (_set("states", "held", "party", None), "states.held.party: a waiting state says for whom"),
        (_set("states", "new", "reason", "x"), "states.new: only a waiting state has a reason"),
        (_set("initial", "held"), "initial: the first state is of category waiting"),
        (_set("states", "done", "category", "open"), "states: no state is closed or cancelled"),
        (_set("opening", "permission", "ticket.fly"), "opening.permission: no role has"),
        (_set("transitions", "hold", "permission", "ticket.fly"), "transitions.hold.permission: no role has"),
        (_set("transitions", "hold", "guards", ["has_wings"]), "transitions.hold.guards: there is no guard"),
        (_set("transitions", "hold", "effects", ["fly"]), "transitions.hold.effects: there is no effect"),
        (_set("transitions", "go_on", "from", ["held", "done"]), "states.done: is final, and yet"),
        (
            _set("transitions", "go_on", "from", ["held", "done"]),
            "from closed to open and must write REOPENED",
        ),
        (_set("transitions", "finish", "facts", []), "from open to closed and must write CLOSED"),
        (_set("transitions", "hold", "facts", ["RESOLVED"]), "writes RESOLVED but leads to no state"),
        (_set("label", {"en": "Small"}), "label: has no text in zh-Hans"),
        (_set("states", "new", "label", {"zh-Hans": "新建"}), "states.new.label: has no text in en"),
        (_set("transitions", "hold", "form", 0, "label", {"en": "Note"}), "hold.form[0].label: has no text"),
        (_set("transitions", "hold", "form", 1, "choices", "a", {"en": "A"}), "choices.a: has no text"),
        (
            _set("states", "held", "label", "en", "New"),
            "states.held.label: reads 'New' like states.new.label",
        ),
        (
            _set("transitions", "hold", "label", "en", "Finish"),
            "transitions.finish.label: reads 'Finish' like",
        ),
    ],
)
def test_the_linter_finds(change: Callable[[dict[str, Any]], None], finding: str) -> None:
    document = _small()
    change(document)
    assert any(finding in found for found in _lint(document)), _lint(document)


def test_two_states_that_wait_for_the_same_are_doubtful_not_wrong() -> None:
    document = _small()
    document["states"]["held_too"] = document["states"]["held"] | {
        "label": {"zh-Hans": "又等", "en": "Held too"}
    }
    document["transitions"]["hold_too"] = {
        "label": {"zh-Hans": "再等", "en": "Hold too"},
        "from": ["new"],
        "to": "held_too",
        "permission": "ticket.work",
    }
    document["transitions"]["go_on"]["from"].append("held_too")
    findings = lint_process(parse_process(document), PERMISSIONS, GUARDS, EFFECTS)
    assert [(f.path, f.severity) for f in findings] == [("states.held_too.reason", "warning")]


def test_a_change_that_matters_changes_the_digest() -> None:
    document = _small()
    before = process_digest(parse_process(document))
    assert process_digest(parse_process(dict(reversed(document.items())))) == before
    document["transitions"]["finish"]["guards"] = []
    assert process_digest(parse_process(document)) != before


# --- the drawing ------------------------------------------------------------------------------------------


def test_the_work_runs_left_to_right_and_waiting_stands_below_it() -> None:
    cells = {node.state: (node.column, node.row) for node in diagram(INCIDENT).nodes}
    assert cells == {
        "new": (0, 0),
        "accepted": (1, 0),
        "in_progress": (2, 0),
        "waiting_client": (2, 1),
        "waiting_supplier": (2, 2),
        "waiting_parts": (2, 3),
        "restored": (3, 0),
        "resolved": (4, 0),
        "confirmed": (5, 0),
        "closed": (6, 0),
        "cancelled": (3, 1),
    }


def test_edges_join_transitions_and_know_the_way_back() -> None:
    drawing = diagram(INCIDENT)
    edges = {(edge.source, edge.target): edge for edge in drawing.edges}
    assert edges["resolved", "in_progress"].transitions == ("take_up_again", "reopen")
    assert edges["resolved", "in_progress"].is_back
    assert not edges["in_progress", "resolved"].is_back
    assert all(edge.source != edge.target for edge in drawing.edges)
    assert (drawing.columns, drawing.rows) == (7, 4)


@BOTH
def test_no_two_states_share_a_cell_and_the_drawing_is_always_the_same(process: Process) -> None:
    drawing = diagram(process)
    cells = {(node.column, node.row) for node in drawing.nodes}
    assert len(cells) == len(drawing.nodes) == len(process.states)
    assert drawing == diagram(parse_process(to_document(process)))
