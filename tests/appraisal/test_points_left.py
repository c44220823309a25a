"""Points left of the running period: next tiers counted by hand, the tickets that decide, and the forecast."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from tests.appraisal.test_scorecard import agree
from tests.appraisal.worked import work_months
from tests.desk.ground import Ground, make_ground

from yunheng.appraisal.points_left.queries import PointsLeft, points_left
from yunheng.appraisal.scorecard import Unscored

#: Wednesday, 20 May 2026, 11:00 in Shanghai: clocks that began at nine have two of their four hours left.
NOW = datetime.fromisoformat("2026-05-20T11:00:00+08:00")

TIERED = b"""
scoring:
  period: month
  full: 100
  start: 100
  digits: 1
  events:
    late: {label: {zh-Hans: late, en: Late}, from: {clock: resolve, unit: hours}}
    leak: {label: {zh-Hans: leak, en: Data leak}}
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      items:
        attained:
          label: {zh-Hans: attained, en: Attained}
          indicator: resolution_timeliness
          step: {at_least: 90 %, unit: 1 %, points: 2, cap: 40}
        lateness:
          label: {zh-Hans: lateness, en: Lateness}
          occurrence: {of: [late], points: 1, cap: 60}
  vetoes:
    leaked: {label: {zh-Hans: leaked, en: Leaked}, events: [leak], at_most: 0}
  grades:
    good: {label: {zh-Hans: good, en: Good}, from: 95}
    fair: {label: {zh-Hans: fair, en: Fair}, from: 80, below: 95}
    poor: {label: {zh-Hans: poor, en: Poor}, below: 80}
  triggers:
    warn: {below: 90, measure: warn}
  settlement:
    currency: CNY
    coefficients:
      - {from: 95, coefficient: 1}
      - {from: 80, below: 95, coefficient: 0.9}
      - {below: 80, coefficient: 0.8}
"""


@pytest.fixture
def ground(db: None) -> Ground:
    """A contract with somebody in every role."""
    return make_ground()


def left(ground: Ground, now: datetime = NOW) -> PointsLeft:
    return points_left(ground.contract, now=now)


def test_a_contract_without_a_scheme_has_no_points_left(ground: Ground) -> None:
    with pytest.raises(Unscored):
        left(ground)


def test_the_next_tiers_are_counted_in_late_tickets(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 5, 1), NOW - timedelta(hours=12), late=0)
    found = left(ground)
    assert found.card.score.value == 100
    tiers = {(one.tier.kind, one.tier.key): one for one in found.worse}
    assert set(tiers) == {("grade", "fair"), ("coefficient", "0.9"), ("trigger", "warn"), ("veto", "leaked")}
    value = found.card.values["resolution_timeliness"].measured
    assert value.numerator == value.denominator

    def score(late: int) -> Decimal:
        share = Fraction(100 * value.numerator, value.denominator + late)
        return Decimal(100 - late - 2 * max(0, (90 - share) // 1))

    fewest = next(count for count in range(1, 100) if score(count) < 95)
    (late, *_others) = tiers["grade", "fair"].reaches
    assert (late.way.kind, late.way.subject, late.count) == ("late", "resolve", fewest)
    assert late.then is not None and late.then.value == score(fewest)
    (leak,) = tiers["veto", "leaked"].reaches
    assert (leak.way.kind, leak.way.subject, leak.count) == ("event", "leak", 1)
    assert tiers["veto", "leaked"].nearest == 1
    assert found.better is None


def test_open_tickets_that_decide_come_by_due_with_what_they_would_cost(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 3, 2), NOW, per_day=4, late=0.1)
    found = left(ground)
    today = [one for one in found.tickets if not one.is_late]
    assert today
    for one in today:
        assert one.clock == "resolve"
        assert one.due_at is not None and NOW < one.due_at <= NOW + timedelta(hours=3)
        assert not one.is_paused
        assert 0 < one.chance < 1
        assert one.then.value is not None and one.then.value < found.card.score.value
    assert [one.due_at for one in today] == sorted(one.due_at for one in today)
    assert found.if_all_late.value is not None and found.if_all_late.value <= min(
        one.then.value for one in today
    )


def test_without_whole_months_there_is_no_forecast(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 4, 20), NOW)
    found = left(ground)
    assert found.forecast is None
    assert found.months == 0


def test_the_forecast_is_drawn_from_the_contract_s_own_months(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, late=0.1)
    found = left(ground).forecast
    assert found is not None
    assert found.months == 3
    outlook = found.outlook
    assert outlook.low is not None and outlook.median is not None and outlook.high is not None
    assert outlook.low <= outlook.median <= outlook.high < 100
    assert sum(outlook.grades.values()) == 1
    assert found.held_kinds == ("leak",)
    again = left(ground, NOW + timedelta(minutes=20)).forecast
    assert again is not None and abs(again.outlook.median - outlook.median) <= 1


def test_more_lateness_in_the_past_lowers_the_forecast(ground: Ground) -> None:
    agree(ground, TIERED)
    work_months(ground, date(2026, 2, 2), NOW, late=0.25, seed=2)
    worse = left(ground).forecast
    assert worse is not None and worse.outlook.median is not None
    so_far = left(ground).card.score.value
    assert so_far is not None and worse.outlook.median < so_far
    assert worse.outlook.grades["good"] < Fraction(1, 20)
