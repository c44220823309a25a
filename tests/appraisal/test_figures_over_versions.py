"""Figures where contract versions, suppliers, cut-offs and calendars meet: each by the terms that held for it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.desk.ground import HOUR, MORNING, Ground, apply_terms, clock, clocks, make_ground, opened, terms

from yunheng.appraisal.queries import figures, items, trend
from yunheng.desk.actions import assign_ticket, change_profile, leave_out, move_ticket
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import LogState
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import seal
from yunheng.sla.bulk import refold_scope
from yunheng.sla.queries import BEYOND_CALENDAR

APRIL: dict[str, Any] = {"start": date(2026, 4, 1), "end": date(2026, 4, 30)}
MAY_FIRST = datetime(2026, 4, 30, 16, tzinfo=UTC)  # in Shanghai


@pytest.fixture
def ground(db: None) -> Ground:
    """A contract with somebody in every role; the tests bring its versions."""
    return make_ground(with_version=False)


def indicator(key: str, *, goal: str | None = None, at_least: bool = True, **changes: Any) -> dict[str, Any]:
    """One indicator of the stored terms. `goal`: percent where at least so much is asked for, else seconds."""
    found: dict[str, Any] = {
        "key": key, "label": {"zh-Hans": key, "en": key}, "goal": None, "time_base": "elapsed", "calendar": None,
        "digits": 2, "clocks": [], "within_seconds": None, "days": None, "of": None, "on_empty": "reweight",
    }  # fmt: skip
    if goal is not None:
        comparison, unit = ("at_least", "percent") if at_least else ("at_most", "seconds")
        found["goal"] = {"comparison": comparison, "value": goal, "unit": unit}
    return found | changes


def served(
    ground: Ground, *, at: datetime = MORNING, respond: float = 0, resolve: float | None, **changes: Any
) -> str:
    """A ticket opened at the instant, accepted and resolved so many seconds later; returns its number."""
    agent = ground.viewer("desk_agent")
    number = opened(ground, recorded_at=at, **changes).ticket.number
    move_ticket(agent, number, "accept", recorded_at=at + timedelta(seconds=respond))
    if resolve is not None:
        form = {"resolution": "Restarted", "cause": "software", "line": "first"}
        move_ticket(agent, number, "resolve", form, recorded_at=at + timedelta(seconds=resolve))
    return number


def row(ground: Ground, key: str, **asked: Any) -> Any:
    return figures(ground.contract, keys=[key], **(APRIL | asked)).rows[0]


@pytest.mark.parametrize(("seconds", "is_met"), [(2399, True), (2400, True), (2401, False)])
def test_a_duration_is_compared_with_its_goal_as_measured(ground: Ground, seconds: int, is_met: bool) -> None:
    """40 minutes are 0.6667 h when rounded: more than the goal of 2400 s, though they are just that."""
    goal = indicator("mttr", goal="2400", at_least=False, digits=4)
    apply_terms(ground.contract, terms("acme", indicators=[goal]))
    served(ground, resolve=seconds)
    assert row(ground, "mttr").is_met is is_met


@pytest.mark.parametrize(("goal", "is_met"), [("66.66", True), ("66.67", False)])
def test_a_share_that_rounds_up_to_its_goal_has_not_reached_it(
    ground: Ground, goal: str, is_met: bool
) -> None:
    apply_terms(ground.contract, terms("acme", indicators=[indicator("resolution_timeliness", goal=goal)]))
    for hours in (1, 2, 5):
        served(ground, resolve=hours * HOUR)
    found = row(ground, "resolution_timeliness")
    assert (found.value, found.is_met) == (Decimal("66.67"), is_met)


def test_a_period_is_judged_by_the_version_that_held_in_it(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme", indicators=[indicator("resolution_timeliness", goal="95")]))
    for hours in (1, 5):
        served(ground, resolve=hours * HOUR)
        served(ground, at=MORNING + timedelta(days=33), resolve=hours * HOUR)  # 4 May
    looser = [indicator("resolution_timeliness", goal="50", digits=0)]
    apply_terms(ground.contract, terms("acme", indicators=looser), valid_from=MAY_FIRST)
    before = row(ground, "resolution_timeliness")
    assert (before.goal, before.is_met, before.value) == (Decimal(95), False, Decimal("50.00"))
    whole, april, may = figures(
        ground.contract,
        keys=["resolution_timeliness"],
        by="month",
        start=date(2026, 4, 1),
        end=date(2026, 5, 31),
    ).rows
    assert [(one.goal, one.is_met) for one in (whole, april, may)] == [(50, True), (95, False), (50, True)]
    assert [str(one.value) for one in (whole, april, may)] == ["50", "50.00", "50"]
    shown = trend(ground.contract, keys=["resolution_timeliness"], end=date(2026, 5, 31), months=2)
    assert [one.goal for one in shown["resolution_timeliness"]] == [95, 50]


def test_months_add_up_to_the_whole_where_the_measure_changed_between_them(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme", indicators=[indicator("resolved_24h", within_seconds=HOUR)]))
    for days in (0, 33):
        for hours in (0.5, 2):
            served(ground, at=MORNING + timedelta(days=days), resolve=hours * HOUR)
    longer = [indicator("resolved_24h", within_seconds=3 * HOUR)]
    apply_terms(ground.contract, terms("acme", indicators=longer), valid_from=MAY_FIRST)
    rows = figures(
        ground.contract, keys=["resolved_24h"], by="month", start=date(2026, 3, 15), end=date(2026, 5, 31)
    ).rows
    assert [(one.group, one.numerator, one.denominator) for one in rows] == [
        ("", 3, 4), ("2026-03", 0, 0), ("2026-04", 1, 2), ("2026-05", 2, 2),
    ]  # fmt: skip


def test_a_clock_that_a_later_version_calls_otherwise_still_counts(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    served(ground, at=MORNING + timedelta(days=29), resolve=24 * HOUR)  # 30 April to 1 May: late
    renamed = terms("acme")
    for one in [*renamed["clocks"], *({"key": "x"} | t for t in renamed["targets"])]:
        if one.get("key") == "resolve":
            one["key"] = "fix"
    for target in renamed["targets"]:
        if target["clock"] == "resolve":
            target["clock"] = "fix"
    apply_terms(ground.contract, renamed, valid_from=MAY_FIRST)
    served(ground, at=MORNING + timedelta(days=33), resolve=HOUR)
    both = {"start": date(2026, 4, 1), "end": date(2026, 5, 31)}
    found = row(ground, "resolution_timeliness", **both)
    assert (found.numerator, found.denominator) == (1, 2)
    members, _more = items(ground.contract, key="resolution_timeliness", **both)
    assert [(one.clock, one.part) for one in members] == [("resolve", "miss"), ("fix", "hit")]


def test_attainment_counts_what_is_promised_to_the_client_only(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    served(ground, resolve=HOUR)  # never assigned: the internal clock is missed
    found = row(ground, "sla_attainment")
    members, _more = items(ground.contract, key="sla_attainment", **APRIL)
    assert {one.clock for one in members} == {"respond", "resolve", "restore", "update"}
    assert (found.numerator, found.denominator) == (4, 4)


def test_a_priority_changed_after_the_resolution_moves_no_miss_to_another_group(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    late = served(ground, resolve=5 * HOUR)
    change_profile(
        ground.viewer("service_manager"), late, impact="low", urgency="low", reason="not so bad",
        recorded_at=MORNING + timedelta(hours=6),
    )  # fmt: skip
    rows = figures(ground.contract, keys=["resolution_timeliness"], by="priority", **APRIL).rows
    assert [(one.group, one.numerator, one.denominator) for one in rows] == [("", 0, 1), ("p1", 0, 1)]


def test_the_backlog_of_a_month_is_of_its_end(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    number = served(ground, resolve=50 * 24 * HOUR)
    shown = trend(ground.contract, keys=["backlog_age"], end=date(2026, 6, 30), months=4)["backlog_age"]
    assert [(one.group, one.numerator) for one in shown] == [
        ("2026-03", 0), ("2026-04", 1), ("2026-05", 0), ("2026-06", 0),
    ]  # fmt: skip
    asked: dict[str, Any] = {"start": date(2026, 3, 1), "end": date(2026, 6, 30), "by": "month"}
    found, _more = items(ground.contract, key="backlog_age", group="2026-04", **asked)
    assert [one.number for one in found] == [number]
    assert items(ground.contract, key="backlog_age", group="2026-05", **asked) == ([], None)
    with pytest.raises(Invalid):
        items(ground.contract, key="backlog_age", group="2026-07", **asked)


def test_a_month_to_come_has_no_backlog_yet(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    served(ground, resolve=None)
    now = MORNING + timedelta(days=5)
    rows = figures(
        ground.contract,
        keys=["backlog_age"],
        by="month",
        start=date(2026, 4, 1),
        end=date(2026, 5, 31),
        now=now,
    ).rows
    assert [(one.group, one.numerator, one.value) for one in rows] == [
        ("", 1, 1), ("2026-04", 1, 1), ("2026-05", 0, None),
    ]  # fmt: skip


def test_what_is_left_out_later_leaves_the_backlog_of_before(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme"))
    gone = served(ground, resolve=None)
    leave_out(
        ground.viewer("quality_officer"), gone, reason="duplicate", evidence="same call",
        approver=ground.viewer("contact"), recorded_at=MORNING + timedelta(days=40),
    )  # fmt: skip
    found = row(ground, "backlog_age")
    assert (found.numerator, found.excluded) == (0, 1)


def test_a_history_beyond_the_calendar_takes_no_figure_from_the_others(ground: Ground) -> None:
    document = terms("acme")
    for target in document["targets"]:
        if (target["clock"], target["service"]) == ("resolve", "erp"):
            target["seconds"] = 10**9
    apply_terms(ground.contract, document)
    for _n in range(3):
        served(ground, resolve=HOUR)
    far = opened(ground, service="erp").ticket
    found = row(ground, "resolution_timeliness")
    assert (found.numerator, found.denominator) == (3, 3)
    assert clocks(far)["resolve"].reason == BEYOND_CALENDAR


def test_a_clock_of_a_supplier_starts_when_that_one_is_called(ground: Ground) -> None:
    document = terms("acme")
    for supplier in ("vendor", "other"):
        one = clock(f"uc_{supplier}", start=["dispatched"], stop=["resolved"], audience="supplier")
        document["clocks"].append(one | {"supplier": supplier, "kind": "resolve"})
        document["targets"] += [
            target | {"clock": one["key"], "calendar": "always"}
            for target in document["targets"]
            if target["clock"] == "resolve"
        ]
    uc = [indicator("sla_attainment", clocks=["uc_vendor", "uc_other"])]
    apply_terms(ground.contract, document | {"indicators": uc})
    agent, ticket = ground.viewer("desk_agent"), opened(ground).ticket
    move_ticket(agent, ticket.number, "accept", recorded_at=MORNING)
    assign_ticket(agent, ticket.number, team="vendor-acme", recorded_at=MORNING + timedelta(hours=1))

    def started() -> list[str]:
        return sorted(kind for kind, one in clocks(ticket).items() if "uc_" in kind and one.started_at)

    assert started() == ["uc_vendor"]
    refold_scope(ground.scope.pk, now=MORNING + timedelta(hours=2))
    assert started() == ["uc_vendor"]
    members, _more = items(ground.contract, key="sla_attainment", **APRIL)
    assert [(one.clock, one.part) for one in members] == [("uc_vendor", "miss")]


def test_a_version_recorded_after_a_position_does_not_exist_there(ground: Ground) -> None:
    apply_terms(ground.contract, terms("acme", indicators=[indicator("resolution_timeliness", goal="95")]))
    served(ground, resolve=5 * HOUR)
    loose = terms("acme", indicators=[indicator("resolution_timeliness", goal="10")])
    for target in loose["targets"]:
        target["seconds"] = 8 * HOUR
    version = apply_terms(ground.contract, loose, valid_from=datetime(2026, 2, 1, tzinfo=UTC))
    record(
        EntryDraft(
            scope_id=ground.scope.pk, scope_key="acme", subject_id=ground.contract.subject_id,
            subject_number="ACME", type="contract.applied", occurred_at=MORNING, actor=SYSTEM, source="server",
            shared={"version": version.number},
        )
    )  # fmt: skip
    seal()  # one head over all of it: signed after the version was recorded, also for the position before it
    size = LogState.objects.get(scope=ground.scope).size
    before, after = (row(ground, "resolution_timeliness", position=size - back) for back in (1, 0))
    assert (before.numerator, before.denominator, before.goal) == (0, 1, 95)
    assert (after.numerator, after.denominator, after.goal) == (1, 1, 10)
