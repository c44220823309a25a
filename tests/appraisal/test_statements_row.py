"""Rows of periods that triggers look at: a period that is not signed yet is unknown, and breaks the row."""

from datetime import datetime, timedelta

from tests.appraisal.statements_world import IN_MAY, World, stored
from tests.appraisal.test_figures import served
from tests.desk.ground import apply_terms, terms

from yunheng.appraisal.models import Statement
from yunheng.appraisal.points_left.queries import points_left
from yunheng.appraisal.statements.actions import (
    accept_statement,
    draft_statement,
    enter_mark,
    enter_value,
    issue_statement,
    say_none_happened,
)
from yunheng.appraisal.statements.queries import frozen_of


def issued(world: World, period: str, tidy: str = "50") -> Statement:
    """A statement without tickets: 100 − 15 of 30 for 50 % tidy − 3.6 for the marks = 81.4; below 90."""
    number = draft_statement(world.client, "acme", period, recorded_at=world.at).number
    enter_value(world.viewer("appraiser"), number, "tidy", tidy, "on-site check", recorded_at=world.at)
    enter_mark(world.client, number, "attitude", "contact", "4", recorded_at=world.at)
    enter_mark(
        world.viewer("appraiser"), number, "attitude", "users", "5", rater="Council", recorded_at=world.at
    )
    for kind in ("absent", "praise"):
        say_none_happened(world.viewer("quality_officer"), number, kind, recorded_at=world.at)
    statement = world.again(number)
    issue_statement(world.client, number, statement.row_version, recorded_at=world.at)
    return world.again(number)


def locked(world: World, period: str, tidy: str = "50") -> Statement:
    statement = issued(world, period, tidy)
    accept_statement(world.provider, statement.number, statement.row_version, recorded_at=world.at)
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    return world.again(statement)


def test_a_month_that_is_not_signed_breaks_the_row(world: World) -> None:
    """February and April below 90 are not twice in a row while nobody knows what March was."""
    world.at = IN_MAY - timedelta(days=60)
    february = locked(world, "2026-02")
    assert str(february.value) == "81.4000"
    world.at = IN_MAY
    (trigger,) = frozen_of(issued(world, "2026-04"))["triggers"]
    assert (trigger["row"], trigger["is_near"], trigger["is_fired"]) == (["2026-04"], True, False)


def test_signed_months_below_stand_in_a_row(world: World) -> None:
    world.at = IN_MAY - timedelta(days=30)
    locked(world, "2026-03")
    world.at = IN_MAY
    (trigger,) = frozen_of(issued(world, "2026-04"))["triggers"]
    assert (trigger["row"], trigger["is_fired"]) == (["2026-03", "2026-04"], True)


ASKED = b"""
scoring:
  full: 100
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      items:
        attained:
          label: {zh-Hans: attained, en: Attained}
          points: 100
          indicator: resolution_timeliness
          ratio: {at_least: 100 %}
  triggers:
    twice: {below: 80, times: 2, measure: terminate}
"""


def test_points_left_pass_over_a_month_without_a_score_as_statements_do(world: World) -> None:
    apply_terms(world.ground.contract, terms("acme", scoring=stored(ASKED)))
    served(world.ground, resolve=6)  # in April, late: 0 of 100
    for month, row in (("05", 1), ("06", 1)):  # nothing was asked for in May
        found = points_left(
            world.ground.contract, now=datetime.fromisoformat(f"2026-{month}-20T11:00:00+08:00")
        )
        (trigger,) = [one.tier for one in found.worse if one.tier.kind == "trigger"]
        assert (trigger.row, trigger.is_last_of_row) == (row, True)
