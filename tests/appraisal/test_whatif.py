"""What-if: the own contract changes nothing; a draft's figures, scores and tickets as plain code works them out."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.appraisal.history import KEY, LATER, Life, agreed, document, history
from tests.appraisal.statements_world import IN_MAY, SCHEME, agree, make_world

from yunheng.appraisal import study
from yunheng.appraisal.whatif.answer import Asked, Backtest, Money, backtest
from yunheng.appraisal.whatif.changes import changes
from yunheng.appraisal.whatif.document import csv_of, document_of
from yunheng.appraisal.whatif.draft import Draft, named_draft, pack_draft, read_draft, version_draft
from yunheng.appraisal.whatif.presentation import lines_of
from yunheng.contracts.actions import ContractFaulty, apply_contract
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack, contract_packs
from yunheng.contracts.queries import contract_by_key
from yunheng.contracts.terms import ContractTerms
from yunheng.contracts.withheld import client_terms
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.refusals import Invalid
from yunheng.logic.canonical import canonical
from yunheng.logic.clock import ClockState, fold
from yunheng.logic.facts import FactKind

SPAN = Asked(date(2026, 3, 1), date(2026, 5, 31))
MONTHS = ("2026-03", "2026-04", "2026-05")
SHANGHAI = ZoneInfo("Asia/Shanghai")
TIGHTER = ("P3: {respond: 2 h, resolve: 2 working days}", "P3: {respond: 1 h, resolve: 1 working day}")
SCORED = (
    "# 升级：",
    """scoring:
  full: 100
  events:
    late: {label: Late, from: {clock: resolve, unit: hours}}
  sections:
    speed:
      label: Speed
      items:
        attained: {label: Attained, points: 100, indicator: resolution_timeliness, ratio: {at_least: 90 %}}
        lateness: {label: Lateness, occurrence: {of: [late], points: 0.1}}
  grades:
    good: {label: {zh-Hans: 好, en: Good}, from: 80}
    poor: {label: {zh-Hans: 差, en: Poor}, below: 80}
  settlement: {currency: CNY, coefficients: [{from: 80, coefficient: 1}, {below: 80, coefficient: 0.9}]}
# 升级：""",
)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    study._recent.clear()


def replayed(contract: Contract, draft: Draft, asked: Asked = SPAN) -> Backtest:
    return backtest(contract, draft, asked, now=LATER)


def data_of(contract: Contract, data: bytes, asked: Asked = SPAN, **changes: Any) -> dict[str, Any]:
    return document_of(replayed(contract, read_draft("draft", data), asked), **changes)


def codes(data: dict[str, Any]) -> list[str]:
    return [note["code"] for note in data["notes"]]


# --- the own contract ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [(), (SCORED,)])
def test_the_own_contract_changes_nothing(db: None, changes: tuple[tuple[str, str], ...]) -> None:
    contract = agreed(*changes)
    history(contract, 300)
    data = data_of(contract, document(*changes), Asked(SPAN.start, SPAN.end, money=Money(Decimal(1000))))
    assert data["is_unchanged"]
    assert data["changes"] == []
    assert all(row["old"] == row["new"] for one in data["indicators"] for row in one["rows"])
    assert all(score["old"] == score["new"] for score in data["scores"])
    assert len(data["scores"]) == (3 if changes else 0)
    assert [row["period"] for row in data["indicators"][0]["rows"]] == ["", *MONTHS]
    assert (
        sum(row["old"]["denominator"] for row in data["indicators"][1]["rows"][1:]) > 200
    )  # about something
    assert data == document_of(
        replayed(
            contract,
            named_draft(contract, "version:1"),
            Asked(SPAN.start, SPAN.end, money=Money(Decimal(1000))),
        )
    ) | {"draft": data["draft"]}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    first=st.integers(0, 70),
    days=st.integers(0, 60),
    later=st.integers(0, 120),
)
def test_the_own_contract_changes_nothing_whatever_is_asked(
    db: None, seed: int, first: int, days: int, later: int
) -> None:
    contract = contract_by_key(KEY) if Contract.objects.exists() else agreed(SCORED)
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT one")
    history(contract, 40, seed=seed)
    study._recent.clear()
    start = date(2026, 3, 1) + timedelta(days=first)
    now = datetime(2026, 3, 10, tzinfo=UTC) + timedelta(days=later)
    found = backtest(
        contract, read_draft("own", document(SCORED)), Asked(start, start + timedelta(days=days)), now=now
    )
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT one")
    assert document_of(found)["is_unchanged"]


# --- a changed goal, worked out by plain code ------------------------------------------------------------------------


def states(lives: Iterable[Life], terms: ContractTerms, clock: str) -> dict[str, ClockState]:
    """Each clock folded by itself; tickets that were left out have none."""
    policy, now = terms.clocks[clock], int(LATER.timestamp())
    return {
        life.number: fold(life.facts, policy, terms.calendars, now)
        for life in lives
        if not any(fact.kind is FactKind.LEFT_OUT for fact in life.facts)
    }


def month(at: int | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, SHANGHAI):%Y-%m}"


def plain(found: dict[str, ClockState]) -> dict[str, tuple[int, int]]:
    """Hits and all by month."""
    counts: dict[str, list[int]] = {name: [0, 0] for name in MONTHS}
    for state in found.values():
        if state.is_met is not None and month(state.settled_at) in counts:
            counts[month(state.settled_at)][0] += state.is_met
            counts[month(state.settled_at)][1] += 1
    return {name: (hits, of) for name, (hits, of) in counts.items()}


def test_a_tighter_goal_as_plain_code_works_it_out(db: None) -> None:
    contract = agreed()
    lives = history(contract, 400)
    found = replayed(contract, read_draft("draft", document(TIGHTER)))
    data = document_of(found, limit=0)
    rows = {(one["key"], row["period"]): row for one in data["indicators"] for row in one["rows"]}
    expected: Counter[tuple[str, str]] = Counter()
    tickets: set[tuple[str, str, str]] = set()
    for clock, key in (("respond", "response_timeliness"), ("resolve", "resolution_timeliness")):
        old, new = (states(lives, terms, clock) for terms in (found.found.own.terms, found.found.new.terms))
        for side, judged in (("old", plain(old)), ("new", plain(new))):
            for name, (hits, of) in judged.items():
                row = rows[key, name][side]
                assert (row["numerator"], row["denominator"]) == (hits, of), (key, name, side)
                assert Decimal(row["value"]) == (Decimal(100 * hits) / of).quantize(
                    Decimal("0.01"), ROUND_HALF_UP
                )
        for number, before in old.items():
            kind = _kind(before, new[number])
            if kind:
                expected[clock, kind] += 1
                tickets.add((clock, kind, number))
    assert {
        (one["key"], kind): count
        for one in data["differences"]
        for kind, count in one["counts"].items()
        if count and one["of"] == "clock"
    } == dict(expected)
    assert expected["resolve", "missed"] > 10
    assert expected["respond", "missed"] > 10
    assert not any(kind == "met" for _clock, kind in expected)  # a tighter goal never helps
    assert {(one["key"], one["change"], one["ticket"]) for one in data["changes"]} == tickets
    told = "".join(csv_of(found, reads_all=True)).splitlines()
    assert len(told) == 1 + len(tickets)
    assert {tuple(line.split(",")[:3]) for line in told[1:]} == tickets


def _kind(old: ClockState, new: ClockState) -> str:
    old_month, new_month = (month(one.settled_at) if one.is_met is not None else "" for one in (old, new))
    is_in, was_in = new_month in MONTHS, old_month in MONTHS
    if was_in and is_in:
        if old.is_met != new.is_met:
            return "met" if new.is_met else "missed"
        return "moved" if old_month != new_month else ""
    return "counted" if is_in else "dropped" if was_in else ""


def test_score_grade_and_money_of_both_sides(db: None) -> None:
    contract = agreed(SCORED)
    lives = history(contract, 120)
    found = replayed(
        contract,
        read_draft("draft", document(SCORED, TIGHTER)),
        Asked(SPAN.start, SPAN.end, money=Money(Decimal(10_000))),
    )
    data = document_of(found)
    for side, terms in (("old", found.found.own.terms), ("new", found.found.new.terms)):
        folded = states(lives, terms, "resolve")
        paid = Decimal(0)
        for name, (hits, of) in plain(folded).items():
            late = sum(1 for one in folded.values() if one.is_met is False and month(one.settled_at) == name)
            exact = min(Decimal(hits) / of / Decimal("0.9"), Decimal(1)) * 100 - late * Decimal("0.1")
            score = next(one for one in data["scores"] if one["period"] == name)[side]
            value = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
            assert Decimal(score["value"]) == value
            assert score["grade"] == ("good" if value >= 80 else "poor")
            assert score["is_complete"]
            due = Decimal(10_000) * (1 if value >= 80 else Decimal("0.9"))
            assert Decimal(score["payable"]) == due
            paid += due
        assert Decimal(data["money"][side]["payable"]) == paid
    assert "draft_no_fee" not in codes(data)
    bare = data_of(contract, document(SCORED, TIGHTER))
    assert bare["money"] == {"old": None, "new": None}
    assert {"contract_no_fee", "draft_no_fee"} <= set(codes(bare))


def test_the_fee_that_is_agreed_is_each_sides_own(db: None) -> None:
    fee = ("# 升级：", "appraisal:\n  calendar: office\n  fee: {amount: %s, per: month}\n# 升级：")
    contract = agreed(SCORED, (fee[0], fee[1] % "1000.00"))
    history(contract, 60)
    data = data_of(contract, document(SCORED, (fee[0], fee[1] % "3000.00")))
    assert [Decimal(data["money"][side]["fee"]) for side in ("old", "new")] == [3000, 9000]


def test_scores_by_quarter_beside_scores_by_month(db: None) -> None:
    quarterly = (SCORED[0], SCORED[1].replace("  full: 100", "  period: quarter\n  full: 100", 1))
    contract = agreed(SCORED)
    history(contract, 60)
    asked = Asked(date(2026, 1, 1), date(2026, 5, 15))
    data = data_of(contract, document(quarterly), asked)
    assert [(one["period"], bool(one["old"]), bool(one["new"])) for one in data["scores"]] == [
        ("2026-01", True, False),
        ("2026-02", True, False),
        ("2026-03", True, False),
        ("2026-04", True, False),
        ("2026-Q1", False, True),
    ]  # neither May nor the second quarter is whole
    assert data["months"][-1] == "2026-05"


def test_a_draft_without_scoring_says_so(db: None) -> None:
    contract = agreed(SCORED)
    history(contract, 30)
    data = data_of(contract, document())
    assert [bool(one["old"]) and one["new"] is None for one in data["scores"]] == [True] * 3
    assert "draft_unscored" in codes(data)
    assert not data["is_unchanged"]


def test_what_people_enter_is_lacking_and_said(db: None) -> None:
    manual = (
        SCORED[0],
        SCORED[1].replace("points: 100, indicator: resolution_timeliness", "points: 100, manual: percent"),
    )
    contract = agreed(SCORED)
    history(contract, 30)
    data = data_of(contract, document(manual))
    assert "draft_lacking" in codes(data)
    assert not any(one["new"]["is_complete"] for one in data["scores"])
    assert all(one["old"]["is_complete"] for one in data["scores"])


# --- calendars -------------------------------------------------------------------------------------------------------


def test_holidays_that_the_draft_does_not_keep(db: None) -> None:
    """Tomb-sweeping day and Labour Day, open under the draft, use up goals that they did not use up before."""
    contract = agreed()
    lives = history(contract, 400, seed=5)
    changed = document(("    holidays: china\n    makeup: mon", "    holidays: none\n    #"))
    found = replayed(contract, read_draft("draft", changed))
    data = document_of(found)
    counts = {(one["key"], kind): n for one in data["differences"] for kind, n in one["counts"].items()}
    old, new = (states(lives, terms, "resolve") for terms in (found.found.own.terms, found.found.new.terms))
    kinds = Counter(_kind(old[number], new[number]) for number in old)
    assert {kind: n for (clock, kind), n in counts.items() if clock == "resolve" and n} == {
        kind: n for kind, n in kinds.items() if kind
    }
    assert counts["resolve", "missed"] > 0


def test_a_zone_with_summer_time(db: None) -> None:
    """Central European hours under the draft, over the change of the clocks on 29 March: each clock as by itself."""
    contract = agreed()
    lives = history(contract, 400, seed=6)
    changed = document(("zone: Asia/Shanghai", "zone: Europe/Berlin"))
    found = replayed(contract, read_draft("draft", changed))
    data = document_of(found)
    assert "zones" in codes(data)
    folded = states(lives, found.found.new.terms, "resolve")
    berlin = ZoneInfo("Europe/Berlin")
    expected = Counter(
        f"{datetime.fromtimestamp(one.settled_at, berlin):%Y-%m}"
        for one in folded.values()
        if one.is_met is not None and one.settled_at is not None
    )
    row = next(one for one in data["indicators"] if one["key"] == "resolution_timeliness")["rows"]
    assert {one["period"]: one["new"]["denominator"] for one in row[1:]} == {
        name: expected[name] for name in MONTHS
    }


# --- what cannot be replayed is said --------------------------------------------------------------------------------


def test_services_and_priorities_that_the_draft_does_not_know(db: None) -> None:
    contract = agreed()
    lives = history(contract, 200)
    without = document(
        ("  network:\n    label: {zh-Hans: 办公网络, en: Office network}\n    calendar: office\n", "")
    )
    data = data_of(contract, without)
    theirs = sum(1 for life in lives if life.service == "network")
    assert [note for note in data["notes"] if note["code"] == "service_unknown"] == [
        {"code": "service_unknown", "params": {"key": "network", "count": theirs}}
    ]
    by_key = {one["key"]: one["rows"][0] for one in data["indicators"]}
    row = by_key["incident_resolution_rate"]
    assert (
        row["old"]["denominator"] - row["new"]["denominator"]
        == row["new"]["excluded"] - row["old"]["excluded"]
        > 20
    )
    dropped = next(one for one in data["differences"] if one["key"] == "resolve")["counts"]["dropped"]
    timeliness = by_key["resolution_timeliness"]
    assert timeliness["old"]["denominator"] - timeliness["new"]["denominator"] == dropped


def test_clocks_that_one_side_alone_has(db: None) -> None:
    contract = agreed()
    history(contract, 100)
    other = document(
        ("  respond: {}\n", "  restore: {}\n"),
        ("respond: 15 min", "restore: 15 min"),
        ("respond: 30 min", "restore: 30 min"),
        ("respond: 2 h", "restore: 2 h"),
        ("respond: 4 h", "restore: 4 h"),
        ("  response_timeliness: {at_least: 95 %}\n", ""),
    )
    data = data_of(contract, other)
    notes = {note["code"]: note["params"] for note in data["notes"]}
    assert notes["clock_dropped"]["key"] == "respond"
    assert notes["clock_dropped"]["count"] > notes["clock_dropped"]["missed"] > 0
    assert notes["clock_added"]["key"] == "restore"
    assert [one["key"] for one in data["differences"] if one["of"] == "clock"] == ["resolve"]
    assert not data["is_unchanged"]


def test_priorities_worked_out_anew(db: None) -> None:
    contract = agreed()
    lives = history(contract, 300)
    strict = document(("low: {high: P3, medium: P4, low: P4}", "low: {high: P2, medium: P3, low: P3}"))
    as_given = data_of(contract, strict)
    assert "matrix_differs" in codes(as_given)
    assert not any(one["total"] for one in as_given["differences"])
    anew = data_of(contract, strict, Asked(SPAN.start, SPAN.end, recomputes_priority=True), limit=0)
    by_matrix = {("low", "high"): ("P3", "P2"), ("low", "medium"): ("P4", "P3"), ("low", "low"): ("P4", "P3")}
    moved = {
        life.number
        for life in lives
        if by_matrix.get((life.impact, life.urgency), ("", ""))[0] == life.priority
    }
    assert next(
        note["params"]["count"] for note in anew["notes"] if note["code"] == "priority_recomputed"
    ) == len(moved)
    judged = {one["ticket"] for one in anew["changes"]}
    assert judged
    assert judged <= moved
    for one in anew["changes"]:
        if one["old"] and one["new"]:
            before, after = one["old_profile"].split("|")[1], one["new_profile"].split("|")[1]
            assert (before, after) in {("P3", "P2"), ("P4", "P3")}


def test_tickets_from_before_the_contract_have_no_clock_on_either_side(db: None) -> None:
    contract = agreed(("valid: {from: 2026-01-01", "valid: {from: 2026-04-01"))
    lives = history(contract, 200)
    begin = int(datetime(2026, 4, 1, tzinfo=SHANGHAI).timestamp())
    data = data_of(contract, document())  # whose own validity begins earlier
    early = sum(1 for life in lives if life.facts[0].at < begin)
    assert {"code": "before_contract", "params": {"count": early}} in data["notes"]
    row = next(one for one in data["indicators"] if one["key"] == "sla_attainment")["rows"]
    assert row[1]["old"]["denominator"] == row[1]["new"]["denominator"] == 0
    assert row[1]["new"]["value"] is None


def test_a_contract_with_two_versions_against_its_first(db: None) -> None:
    contract = agreed()
    apply_contract(
        viewer=SYSTEM_VIEWER,
        at=datetime(2026, 1, 2, tzinfo=UTC),
        data=document(TIGHTER, ("zone: Asia/Shanghai\n", "zone: Asia/Shanghai\neffective: 2026-04-10\n")),
    )
    history(contract, 300)
    data = document_of(replayed(contract, named_draft(contract, "version:1")), limit=0)
    assert "versions" in codes(data)
    changed = [one for one in data["changes"] if one["change"] == "met"]
    assert changed
    assert (
        min(one["old_at"] for one in changed) >= "2026-04-09"
    )  # March was judged by the first version anyway


# --- bad drafts, and nothing is written -----------------------------------------------------------------------------


def test_errors_of_a_draft_are_those_of_the_check(db: None) -> None:
    text = document(("P1: {respond: 15 min", "P1: {respond: 15 minits"))
    with pytest.raises(ContractFaulty) as caught:
        read_draft("draft.yaml", text)
    (problem,) = caught.value.problems
    line = text.decode().splitlines()[problem.place.line - 1]
    assert line[problem.place.column - 1 :].startswith("15 minits")
    with pytest.raises(ContractFaulty):
        read_draft("draft.yaml", b"key: [")
    contract = agreed()
    for name in ("pack:nothing", "version:9", "something"):
        with pytest.raises(Invalid) as refused:
            named_draft(contract, name)
        assert set(refused.value.fields) == {"draft"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked(date(2026, 5, 1), date(2026, 4, 1)), "to"),
        (Asked(date(2010, 1, 1), date(2026, 4, 1)), "to"),
        (Asked(date(1900, 1, 1), date(1900, 2, 1)), "from"),
        (Asked(SPAN.start, SPAN.end, position=99), "as_of"),
    ],
)
def test_questions_that_cannot_be_answered(db: None, asked: Asked, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        replayed(agreed(), read_draft("draft", document()), asked)
    assert set(refused.value.fields) == {field}


def _all_rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def test_a_replay_writes_nothing(db: None) -> None:
    contract = agreed(SCORED)
    history(contract, 50)
    before = _all_rows()
    found = replayed(
        contract,
        read_draft("draft", document(TIGHTER)),
        Asked(SPAN.start, SPAN.end, recomputes_priority=True),
    )
    assert list(changes(found.found, found.differences))
    assert document_of(found)
    assert list(lines_of(document_of(found)))
    assert _all_rows() == before
    assert before["ticket"] == 50


def test_every_pack_can_be_tried_on_any_history(db: None) -> None:
    contract = agreed()
    history(contract, 60)
    for name in contract_packs():
        data = document_of(replayed(contract, pack_draft(name)))
        assert data["draft"]["name"] == f"pack:{name}"
        assert data["is_unchanged"] == (contract_pack(name) == document())
        for language_line in lines_of(data):
            assert "%(" not in language_line


def test_nothing_recorded_at_all(db: None) -> None:
    data = data_of(agreed(), document(TIGHTER))
    assert data["changes"] == []
    assert all(
        row[side]["value"] is None
        for one in data["indicators"]
        if one["unit"] != "tickets" and one["key"] != "report_on_time"
        for row in one["rows"]
        for side in ("old", "new")
    )


def test_internal_clocks_are_not_for_the_client(db: None) -> None:
    hand_over = "{start: [opened], stop: [assigned], audience: internal, label: Hand-over}"
    internal = ("  resolve:\n    reopen", f"  hand_over: {hand_over}\n  resolve:\n    reopen")
    goal = ("P1: {respond: 15 min,", "P1: {hand_over: 5 min, respond: 15 min,")
    contract = agreed(internal, goal)
    history(contract, 80)
    draft = document(internal, (goal[0], goal[1].replace("5 min", "1 min", 1)))
    whole, clients = (data_of(contract, draft, reads_all=reads_all) for reads_all in (True, False))
    assert "hand_over" in whole["clocks"]
    assert "hand_over" in {one["key"] for one in whole["differences"]}
    assert clients["is_withheld"]
    assert "hand_over" not in str(clients)
    assert "resolve" in clients["clocks"]
    seen = client_terms(read_draft("", draft).stored)  # of the whole, the goal could be guessed
    seen = sha256(canonical(seen)).hexdigest()
    assert clients["draft"]["sha256"] == seen != whole["draft"]["sha256"]


# --- what people entered ---------------------------------------------------------------------------------------------


def test_what_people_entered_counts_as_far_as_the_draft_has_a_place_for_it(db: None) -> None:
    world = make_world()
    locked = world.locked()
    contract = world.ground.contract
    asked = Asked(date(2026, 4, 1), date(2026, 4, 30))
    number = contract.versions.latest("number").number
    same = document_of(backtest(contract, version_draft(contract, number), asked, now=IN_MAY))
    (score,) = same["scores"]
    assert same["is_unchanged"]
    assert (score["old"]["value"], score["old"]["is_complete"]) == (str(locked.value.normalize()), True)
    assert Decimal(score["old"]["payable"]) == locked.payable
    stricter = SCHEME.replace(b"points: 5}", b"points: 6}").replace(
        b"points: 2, cap: 4", b"points: 1, cap: 4"
    )
    agree(world.ground, scheme=stricter.replace(b"        tidy:", b"        neat:"))
    other = contract.versions.latest("number").number
    study._recent.clear()
    data = document_of(backtest(contract, version_draft(contract, other), asked, now=IN_MAY))
    assert {note["code"]: note["params"].get("count") for note in data["notes"]}["draft_unfit"] == 1
    assert {one["key"] for one in data["scores"][0]["new"]["lacking"]} == {"neat"}
