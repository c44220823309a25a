"""What a statement freezes: members that count up to its figures, what was dated back, waits, and the rules."""

import json
from typing import Any

from tests.appraisal.statements_world import World, stored
from tests.appraisal.test_figures import at, served
from tests.desk.ground import apply_terms, terms

from yunheng.appraisal.statements.actions import draft_statement, issue_statement
from yunheng.appraisal.statements.queries import frozen_bytes, frozen_of
from yunheng.desk.actions import correct_time, leave_out, move_ticket
from yunheng.foundation.models import Entry
from yunheng.logic.canonical import canonical
from yunheng.logic.score import results_from_plain, scheme_of, score

MEASURED = b"""
scoring:
  full: 100
  digits: 2
  sections:
    all:
      label: all
      items:
        kept:
          label: kept
          points: 50
          indicator: sla_attainment
          ratio: {at_least: 100 %}
        quick:
          label: quick
          points: 30
          indicator: resolution_timeliness
          only: {priority: p1}
          ratio: {at_least: 100 %}
        mean:
          label: mean
          points: 20
          indicator: mttr
          step: {at_most: 2 h, unit: 1 h, points: 1}
"""


def issued(world: World) -> dict[str, Any]:
    """A statement under a scheme that only measures; nobody has anything to enter."""
    calendars = [{"key": "office"}, {"key": "always"}]
    apply_terms(world.ground.contract, terms("acme", scoring=stored(MEASURED), calendars=calendars))
    statement = draft_statement(world.client, "acme", "2026-04", recorded_at=world.at)
    issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    statement = world.again(statement)
    assert canonical(json.loads(frozen_bytes(statement))) == frozen_bytes(statement)
    return frozen_of(statement)


def test_members_count_up_to_the_figures(world: World) -> None:
    in_time, late = served(world.ground), served(world.ground, resolve=6)
    low = served(world.ground, impact="low", urgency="low")
    out = served(world.ground, resolve=7)
    leave_out(
        world.viewer("quality_officer"),
        out,
        reason="duplicate",
        evidence=f"the same as {late}",
        approver=world.client,
        recorded_at=at(8),
    )
    content = issued(world)
    found = {one["reads"]: one for one in content["measurements"]}
    for one in found.values():
        assert len(one["hits"]) + len(one["misses"]) == one["denominator"]
        if "seconds" in one:
            assert sum(one["seconds"]) == one["numerator"]
            assert len(one["seconds"]) == len(one["hits"])
        else:
            assert len(one["hits"]) == one["numerator"]
        assert [(left["ticket"], left["reason"], left["approved_by"]) for left in one["excluded"]] == [
            (out, "duplicate", "client")
        ]
    quick = next(one for one in found.values() if one["indicator"] == "resolution_timeliness")
    assert (quick["by"], quick["group"]) == ("priority", "p1")
    assert quick["hits"] == [f"{in_time}/resolve"]
    assert quick["misses"] == [f"{late}/resolve"]
    mean = next(one for one in found.values() if one["indicator"] == "mttr")
    assert dict(zip(mean["hits"], mean["seconds"], strict=True)) == {in_time: 7200, late: 21600, low: 7200}
    again = score(scheme_of(content["rules"]["scheme"]), results_from_plain(content["results"]))
    assert f"{again.value:f}" == content["score"]["value"]


def test_what_was_dated_back_is_told_with_the_wait_it_ends(world: World) -> None:
    number = served(world.ground, resolve=None)
    engineer = world.viewer("engineer")
    move_ticket(engineer, number, "wait_for_client", {"note": "Which one?"}, recorded_at=at(1))
    move_ticket(engineer, number, "resume", recorded_at=at(3), at=at(2))
    on_time = {"resolution": "Restarted", "cause": "software", "line": "first"}
    move_ticket(engineer, number, "resolve", on_time, recorded_at=at(3.5))
    content = issued(world)
    (told,) = content["backdated"]
    assert (told["ticket"], told["by_side"], told["source"]) == (number, "provider", "person")
    assert (told["occurred_at"], told["recorded_at"]) == (
        "2026-04-01T03:00:00.000000Z",
        "2026-04-01T04:00:00.000000Z",
    )
    assert told["pause"] == {"reason": "waiting_client", "party": "client", "standing": "proposed"}
    assert content["pauses"] == {"confirmed": 0, "disputed": 0, "silent": 1}


def test_a_corrected_time_is_told_from_old_to_new(world: World) -> None:
    number = served(world.ground, resolve=6)
    entry = Entry.objects.get(subject_number=number, body__shared__transition="resolve")
    correct_time(
        world.provider,
        number,
        entry.pk,
        at(3),
        reason="It was solved at noon.",
        approver=world.client,
        recorded_at=at(7),
    )
    (told,) = issued(world)["backdated"]
    assert (told["ticket"], told["type"], told["by_side"]) == (number, "ticket.time_corrected", "provider")
    assert (told["old"], told["new"]) == ("2026-04-01T07:00:00.000000Z", "2026-04-01T04:00:00.000000Z")


def test_the_rules_are_those_that_the_client_reads(world: World) -> None:
    content = issued(world)
    rules = content["rules"]
    assert set(rules["calendars"]) == {"office", "always"}
    assert rules["processes"] == {}
    assert rules["contract_version"] == 3
    assert (rules["appraisal"], content["rollup"]) == (None, None)
    assert content["period"]["begins_at"] == "2026-03-31T16:00:00.000000Z"
    assert content["head"]["size"] == content["position"]
