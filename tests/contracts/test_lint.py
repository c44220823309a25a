"""The linter: what is valid but wrong is found; its opposite is not."""

# ruff: noqa: E501  (tables of cases: one line is one case)

import pytest
from tests.contracts.documents import SMALL, changed, checked, codes

from yunheng.contracts.checking import check
from yunheng.contracts.packs import newest_processes
from yunheng.contracts.problems import show_path
from yunheng.logic.flow import Process, parse_process

#: what is changed → warning, its path, words
DOUBTFUL = {
    "goal beyond the term": ([("resolve: 8 h", "resolve: 9000 h")], "goal_too_long", "targets.all.P2.resolve", "whole term"),
    "working days beyond the term": ([("resolve: 8 h", "resolve: 300 working days")], "goal_too_long", "targets.all.P2.resolve", "unit"),
    "overlapping windows": ([('["09:00-18:00"]', '["09:00-13:00", "12:00-18:00"]')], "window_overlap", "calendars.office.weekly.mon-fri", "once"),
    "night into the next morning": ([('["09:00-18:00"]', '["09:00-18:00", "22:00-10:00"]')], "window_overlap", "calendars.office.weekly.mon-fri", "overlap"),
    "unused calendar": ([("always: {always: true}", "always: {always: true}\n  spare: {always: true}")], "calendar_unused", "calendars.spare", "nothing uses"),
    "respond after resolve": ([("respond: 30 min, resolve: 4 h", "respond: 5 h, resolve: 4 h")], "goal_order", "targets.all.P1.respond", "comes first"),
    "respond with resolve": ([("respond: 30 min, resolve: 4 h", "respond: 4 h, resolve: 4 h")], "goal_order", "targets.all.P1.respond", "not before"),
    "update after resolve": ([("clocks:\n", "clocks:\n  update: {}\n"), ("{respond: 30 min,", "{update: 9 h, respond: 30 min,"), ("{respond: 1 h,", "{update: none, respond: 1 h,")], "goal_order", "targets.all.P1.update", "resolve"),
    "P1 slower than P2": ([("resolve: 4 h", "resolve: 9 h")], "priority_order", "targets.all.P1.resolve", "P1 is slower than P2"),
    "P1 slower across calendars": ([("resolve: 4 h", "resolve: {within: 9 h, calendar: office}"), ("resolve: 8 h", "resolve: {within: 8 h, calendar: always}")], "priority_order", "targets.all.P1.resolve", "slower"),
    "matrix upside down": ([("high: {high: P1, low: P2}", "high: {high: P2, low: P2}"), ("low: {high: P2, low: P2}", "low: {high: P1, low: P2}")], "matrix_order", "priority_matrix.table.high.high", "gravest"),
    "priority without cell": ([("high: {high: P1, low: P2}", "high: {high: P2, low: P2}")], "priority_unused", "priorities.P1", "no cell"),
    "goal missing": ([("P2: {respond: 1 h, resolve: 8 h}", "P2: {respond: 1 h}")], "target_missing", "targets.it", "none"),
    "clock without target": ([("clocks:\n", "clocks:\n  restore: {}\n")], "clock_without_target", "clocks.restore", "no target"),
    "reason nobody uses": ([("waiting_parts:", "waiting_weather:")], "pause_reason_unused", "pauses.reasons.waiting_weather", "waiting_parts"),
    "reason not mentioned": ([("    waiting_parts: {label: Parts, party: provider, stops: none}\n", "")], "pause_reason_missing", "pauses.reasons", "incident.waiting_parts"),
    "another party": ([("Parts, party: provider", "Parts, party: client")], "pause_party", "pauses.reasons.waiting_parts.party", "provider"),
    "supplier slower than promised": ([("clocks:\n", "clocks:\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {uc: 5 h, respond")], "back_to_back", "targets.all.P1.uc", "promised"),
    "internal slower than promised": ([("clocks:\n", "clocks:\n  ola: {kind: resolve, audience: internal}\n"), ("P1: {respond", "P1: {ola: {within: 4 h, calendar: office}, respond")], "back_to_back", "targets.all.P1.ola", "net|P1"),
    "supplier after our own people": ([("clocks:\n", "clocks:\n  ola: {kind: resolve, audience: internal}\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {ola: 1 h, uc: 3 h 30 min, respond"), ("waiting_supplier: {label: Supplier, party: supplier, stops: none}", "waiting_supplier: {label: Supplier, party: supplier, stops: [ola]}")], "back_to_back", "targets.all.P1.uc", "30 min too late for “resolve”"),
    "supplier in hours of its own": ([("clocks:\n", "clocks:\n  uc: {kind: resolve, audience: supplier, supplier: sup, calendar: office}\n"), ("P1: {respond", "P1: {uc: 2 h, respond")], "back_to_back", "targets.all.P1.uc", "no goal in this calendar would fit"),
    "supplier without a goal": ([("clocks:\n", "clocks:\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {uc: 2 h, respond")], "promise_not_covered", "targets.it", "uc: none"),
    "nothing says when to call": ([("clocks:\n", "clocks:\n  ola: {kind: resolve, audience: internal}\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {uc: 2 h, respond"), ("P2: {respond", "P2: {ola: 2 h, uc: 2 h, respond"), ("waiting_supplier: {label: Supplier, party: supplier, stops: none}", "waiting_supplier: {label: Supplier, party: supplier, stops: [ola]}")], "promise_not_covered", "targets.it", "“ola” has no goal"),
    "clock nothing stops": ([("resolve: {}", "resolve: {stop: [arrived], cancel: [arrived]}")], "clock_never_stops", "clocks.resolve", "closed"),
    "indicator without clock": ([("  sla_attainment: {at_least: 90 %}", "  response_timeliness: {clocks: [nothing]}"), ("clocks:\n", "clocks:\n  nothing: {kind: respond}\n")], "indicator_without_clock", "indicators.response_timeliness", "count"),
    "exemption of nothing": ([("indicators:", "exemptions: [{warning: goal_order, because: x}]\nindicators:")], "exemption_unused", "exemptions[0]", "goal_order"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTFUL)
def test_doubtful_contract_is_warned_of_and_still_valid(name: str) -> None:
    replacements, code, path, words = DOUBTFUL[name]
    result = checked(changed(*replacements))
    assert result.terms is not None, [problem.text() for problem in result.problems]
    found = [problem for problem in result.warnings if problem.code == code]
    assert found, codes(changed(*replacements))
    assert show_path(found[0].path) == path
    assert words in found[0].text()
    assert "%(" not in found[0].text()


@pytest.mark.parametrize(
    "replacements",
    [
        [("resolve: 8 h", "resolve: 240 working days")],
        [('["09:00-18:00"]', '["09:00-12:00", "12:00-18:00"]')],
        [('["09:00-18:00"]', '["09:00-18:00", "22:00-06:00"]')],
        [("resolve: 4 h", "resolve: 8 h")],
        [("resolve: 4 h", "resolve: {within: 8 h, calendar: always}"), ("resolve: 8 h", "resolve: {within: 9 h, calendar: office}")],
        [("P2: {respond: 1 h, resolve: 8 h}", "P2: {respond: 1 h, resolve: none}")],
        [("clocks:\n", "clocks:\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {uc: 4 h, respond"), ("P2: {respond", "P2: {uc: none, respond")],
        [("clocks:\n", "clocks:\n  ola: {kind: resolve, audience: internal}\n  uc: {kind: resolve, audience: supplier, supplier: sup}\n"), ("P1: {respond", "P1: {ola: 1 h, uc: 3 h, respond"), ("P2: {respond", "P2: {ola: none, uc: 8 h, respond"), ("waiting_supplier: {label: Supplier, party: supplier, stops: none}", "waiting_supplier: {label: Supplier, party: supplier, stops: [ola]}")],
        [("waiting_parts:", "waiting_weather:"), ("indicators:", "processes: [incident]\nexemptions:\n  - {warning: pause_reason_unused, because: x}\n  - {warning: pause_reason_missing, because: y}\nindicators:")],
    ],
    ids=["long but reachable", "touching windows", "night shift", "equal goals", "faster calendar", "none is said", "supplier fits", "both fit", "exempted"],
)  # fmt: skip
def test_what_is_meant_is_not_warned_of(replacements: list[tuple[str, str]]) -> None:
    assert [code for code in codes(changed(*replacements)) if code != "pause_reason_unused"] == []


def test_calendar_without_open_time_in_three_years_is_an_error() -> None:
    result = checked(
        changed(
            ('mon-fri: ["09:00-18:00"]', "{}"),
            ("holidays: china", 'exceptions: {2035-01-02: ["09:00-18:00"]}'),
        )
    )
    assert result.terms is None
    assert [(problem.code, problem.severity) for problem in result.problems] == [("never_open", "error")]


def test_exemption_holds_only_at_its_path() -> None:
    two = [("resolve: 4 h", "resolve: 9 h"), ("respond: 30 min", "respond: 2 h")]
    assert codes(changed(*two)) == ["priority_order", "priority_order"]
    exemption = (
        "exemptions: [{warning: priority_order, at: targets.all.P1.resolve, because: agreed}]\nindicators:"
    )
    result = checked(changed(*two, ("indicators:", exemption)))
    assert [show_path(problem.path) for problem in result.problems] == ["targets.all.P1.respond"]
    assert [(accepted.problem.code, accepted.because) for accepted in result.accepted] == [
        ("priority_order", "agreed")
    ]


def test_warnings_stand_where_the_document_says_it() -> None:
    result = checked(changed(("resolve: 4 h", "resolve: 9 h")))
    (problem,) = result.warnings
    assert SMALL.splitlines()[problem.place.line - 1].lstrip().startswith("P1: {respond")


def test_without_processes_nothing_is_said_of_reasons() -> None:
    document = changed(("waiting_parts:", "waiting_weather:"))
    assert [problem.code for problem in check(document.encode()).problems] == []
    assert codes(document) == ["pause_reason_missing", "pause_reason_unused"]


def test_unknown_process_is_an_error() -> None:
    assert codes(changed(("zone: Asia", "processes: [incidents]\nzone: Asia"))) == ["unknown_name"]


def _dead_end() -> dict[str, Process]:
    """A process with a state that is left by no transition, and in which the resolve clock still runs."""
    label = {"zh-Hans": "甲", "en": "A"}
    document = {
        "key": "stuck",
        "version": 1,
        "label": label,
        "subject_kind": "ticket",
        "initial": "new",
        "opening": {"permission": "ticket.open", "facts": ["OPENED"]},
        "states": {
            "new": {"category": "open", "label": label},
            "parked": {"category": "open", "label": label},
            "closed": {"category": "closed", "label": label},
        },
        "transitions": {
            "park": {"label": label, "from": ["new"], "to": "parked", "permission": "ticket.work"},
            "close": {
                "label": label,
                "from": ["new"],
                "to": "closed",
                "permission": "ticket.close",
                "facts": ["CLOSED"],
            },
        },
    }
    return {"stuck": parse_process(document)}


def test_facts_of_effects_stop_clocks_too() -> None:
    """Resolving an incident writes RESTORED where it was not restored before."""
    document = changed(
        ("zone: Asia", "processes: [incident]\nzone: Asia"),
        ("resolve: {}", "resolve: {}\n  back: {start: [opened], stop: [restored]}"),
        ("P1: {respond", "P1: {back: 2 h, respond"),
        ("P2: {respond", "P2: {back: 3 h, respond"),
    )
    assert "clock_never_stops" not in codes(document)
    assert "clock_never_stops" in codes(document.replace("[incident]", "[service_request]"))


def test_state_that_no_clock_leaves_is_named() -> None:
    result = check(SMALL.encode(), _dead_end())
    stuck = [problem.params for problem in result.warnings if problem.code == "clock_never_stops"]
    assert stuck == [{"process": "stuck", "states": "parked"}] * 2
    assert not [
        p for p in check(SMALL.encode(), newest_processes()).warnings if p.code == "clock_never_stops"
    ]
