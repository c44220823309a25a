"""Figures of a contract from the work itself: what counts, what is left out, what was known when."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.desk.ground import MORNING, Ground, make_ground, opened

from yunheng.appraisal.indicators import INDICATORS
from yunheng.appraisal.queries import figures, items, trend
from yunheng.contracts.indicators import INDICATORS as CONTRACT_INDICATORS
from yunheng.desk.actions import assign_ticket, correct_time, leave_out, move_ticket
from yunheng.foundation.models import LogState
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import seal
from yunheng.logic.facts import FactKind
from yunheng.sla.models import ClockFact

APRIL: dict[str, Any] = {"start": date(2026, 4, 1), "end": date(2026, 4, 30)}


@pytest.fixture
def ground(db: None) -> Ground:
    """A contract with somebody in every role."""
    return make_ground()


def at(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


def served(ground: Ground, *, respond: float = 0.1, resolve: float | None = 2.0, **changes: Any) -> str:
    """A ticket opened at nine, accepted and resolved so many hours later; returns its number."""
    agent, engineer = ground.viewer("desk_agent"), ground.viewer("engineer")
    number = opened(ground, **changes).ticket.number
    move_ticket(agent, number, "accept", recorded_at=at(respond))
    assign_ticket(agent, number, team="desk-acme", assignee="acme-engineer", recorded_at=at(respond))
    move_ticket(engineer, number, "start", recorded_at=at(respond))
    if resolve is not None:
        form = {"resolution": "Restarted", "cause": "software", "line": "first"}
        move_ticket(engineer, number, "resolve", form, recorded_at=at(resolve))
    return number


def row(ground: Ground, key: str, **asked: Any) -> Any:
    return figures(ground.contract, keys=[key], **(APRIL | asked)).rows[0]


def test_an_empty_population_is_not_applicable_and_never_100(ground: Ground) -> None:
    for key in INDICATORS:
        if key != "backlog_age":
            assert row(ground, key).value is None, key
    assert row(ground, "backlog_age").value == 0


def test_late_and_open_overdue_clocks_are_misses(ground: Ground) -> None:
    in_time, late, never = served(ground), served(ground, resolve=5), served(ground, resolve=None)
    found = row(ground, "resolution_timeliness")
    assert (found.numerator, found.denominator, found.value) == (1, 3, Decimal("33.33"))
    hits, _more = items(ground.contract, key="resolution_timeliness", part="numerator", **APRIL)
    misses, _more = items(ground.contract, key="resolution_timeliness", part="misses", **APRIL)
    assert [item.number for item in hits] == [in_time]
    assert [item.number for item in misses] == [late, never]
    assert {item.clock for item in hits} == {"resolve"}


def test_cancelling_an_overdue_ticket_does_not_hide_the_miss(ground: Ground) -> None:
    served(ground)
    overdue, in_time = served(ground, resolve=None), served(ground, resolve=None)
    agent = ground.viewer("desk_agent")
    move_ticket(agent, in_time, "cancel", {"reason": "withdrawn"}, recorded_at=at(3))
    move_ticket(agent, overdue, "cancel", {"reason": "withdrawn"}, recorded_at=at(6))
    found = row(ground, "resolution_timeliness")
    assert (found.numerator, found.denominator) == (1, 2)
    misses, _more = items(ground.contract, key="resolution_timeliness", part="misses", **APRIL)
    assert [item.number for item in misses] == [overdue]


def test_an_item_belongs_to_one_month_only(ground: Ground) -> None:
    served(ground, resolve=24 * 40)
    by_month = figures(
        ground.contract,
        start=date(2026, 3, 1),
        end=date(2026, 6, 30),
        keys=["resolution_timeliness"],
        by="month",
    ).rows
    assert [(one.group, one.denominator) for one in by_month[1:]] == [
        ("2026-03", 0), ("2026-04", 1), ("2026-05", 0), ("2026-06", 0),
    ]  # fmt: skip
    assert by_month[1].value is None


def test_groups_add_up_to_the_whole(ground: Ground) -> None:
    served(ground)
    served(ground, impact="low", urgency="low", resolve=5)
    served(ground, service="erp", resolve=5)
    for by in ("priority", "service", "team"):
        rows = figures(ground.contract, by=by, keys=["resolution_timeliness"], **APRIL).rows
        whole, parts = rows[0], rows[1:]
        assert whole.numerator == sum(part.numerator for part in parts) == 2
        assert whole.denominator == sum(part.denominator for part in parts) == 3
    priorities = figures(ground.contract, by="priority", keys=["resolution_timeliness"], **APRIL).rows[1:]
    assert [(one.group, one.numerator, one.denominator) for one in priorities] == [("p1", 1, 2), ("p3", 1, 1)]


def test_durations_carry_sum_mean_median_and_percentiles(ground: Ground) -> None:
    for hours in (1, 2, 6):
        served(ground, resolve=hours)
    found = row(ground, "mttr")
    assert (found.numerator, found.n, found.value, found.median) == (
        9 * 3600,
        3,
        Decimal("3.0000"),
        Decimal("2.0000"),
    )
    assert (found.p90, found.p95, found.max) == (Decimal("5.2000"), Decimal("5.6000"), Decimal("6.0000"))


def test_what_is_left_out_is_counted_apart_and_opens_with_its_reason(ground: Ground) -> None:
    served(ground)
    gone = served(ground, resolve=5)
    leave_out(
        ground.viewer("quality_officer"), gone, reason="duplicate", evidence="same call",
        approver=ground.viewer("contact"), recorded_at=at(6),
    )  # fmt: skip
    found = row(ground, "resolution_timeliness")
    assert (found.numerator, found.denominator, found.excluded) == (1, 1, 1)
    left, _more = items(ground.contract, key="resolution_timeliness", part="excluded", **APRIL)
    assert [(item.number, item.reason) for item in left] == [(gone, "duplicate")]


def test_a_figure_as_of_a_position_does_not_know_what_was_recorded_later(ground: Ground) -> None:
    number = served(ground, resolve=5)
    seal()
    position = LogState.objects.get(scope=ground.scope).size
    before = row(ground, "resolution_timeliness", position=position)
    resolved = ClockFact.objects.get(scope_id=ground.scope.pk, kind=FactKind.RESOLVED)
    correct_time(
        ground.viewer("service_manager"), number, resolved.entry_id, at(3), reason="clock of the phone was wrong",
        approver=ground.viewer("contact"), recorded_at=at(7),
    )  # fmt: skip
    seal()
    now, then = row(ground, "resolution_timeliness"), row(ground, "resolution_timeliness", position=position)
    assert (before.numerator, then.numerator, now.numerator) == (0, 0, 1)
    with pytest.raises(Invalid) as refused:
        row(ground, "resolution_timeliness", position=position + 1000)
    assert "as_of" in refused.value.fields


def test_the_backlog_is_of_the_end_of_the_period(ground: Ground) -> None:
    served(ground, resolve=24 * 10)
    rows = figures(ground.contract, start=date(2026, 4, 1), end=date(2026, 4, 5), keys=["backlog_age"]).rows
    assert [(one.group, one.numerator) for one in rows] == [
        ("", 1), ("0-1", 0), ("1-3", 0), ("3-7", 1), ("7-30", 0), (">30", 0),
    ]  # fmt: skip
    assert row(ground, "backlog_age").numerator == 0
    open_items, _more = items(
        ground.contract, key="backlog_age", group="3-7", start=date(2026, 4, 1), end=date(2026, 4, 5)
    )
    assert len(open_items) == 1


def test_items_come_in_pages_that_miss_and_repeat_nothing(ground: Ground) -> None:
    numbers = [served(ground) for _n in range(5)]
    seen, after = [], None
    while True:
        page, after = items(ground.contract, key="mttr", after=after, limit=2, **APRIL)
        seen += [item.number for item in page]
        if after is None:
            break
    assert seen == numbers


def test_a_trend_has_every_month_and_says_where_there_is_nothing(ground: Ground) -> None:
    served(ground)
    rows = trend(ground.contract, keys=["mttr"], end=date(2026, 5, 31), months=3)["mttr"]
    assert [(one.group, one.n) for one in rows] == [("2026-03", 0), ("2026-04", 1), ("2026-05", 0)]
    assert rows[0].value is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"keys": ["happiness"]}, "indicator"),
        ({"by": "colour"}, "by"),
        ({"basis": "guess"}, "basis"),
        ({"start": date(2026, 5, 1)}, "to"),
        ({"position": 0}, "as_of"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_field(ground: Ground, changes: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        figures(ground.contract, **(APRIL | changes))
    assert field in refused.value.fields


def test_every_indicator_that_a_contract_may_name_is_computed() -> None:
    assert set(CONTRACT_INDICATORS) <= set(INDICATORS)
    assert {key for key, one in INDICATORS.items() if not one.is_of_source} == set(CONTRACT_INDICATORS)


def test_units_of_the_two_catalogues_agree() -> None:
    units = {"percent": "%", "seconds": "h", "tickets": "tickets"}
    assert {key: units[kind.unit] for key, kind in CONTRACT_INDICATORS.items()} == {
        key: INDICATORS[key].unit for key in CONTRACT_INDICATORS
    }
