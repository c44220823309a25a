"""A period's scorecard from the work itself: what the scheme reads, what follows from clocks, what people must say."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.utils import translation
from tests.appraisal.test_figures import served
from tests.desk.ground import MORNING, Ground, apply_terms, make_ground, terms
from tests.logic.score_packs import terms_in

from yunheng.appraisal.clock_events import clock_events
from yunheng.appraisal.scorecard import Lacking, Scorecard, UnfitSchemeError, Unscored, pack_scheme, scorecard
from yunheng.appraisal.scorecard_text import document_of, lines_of, notices
from yunheng.appraisal.scored_period import ScoredPeriod, period_holding, read_scored_period
from yunheng.appraisal.study import study_scope
from yunheng.contracts.indicators import INDICATORS
from yunheng.contracts.packs import scheme_pack
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.reading import read_rules
from yunheng.desk.actions import correct_time, leave_out
from yunheng.foundation.models import LogState
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.foundation.sealing import seal
from yunheng.logic.facts import FactKind
from yunheng.logic.score import NOT_APPLICABLE, Measured
from yunheng.sla.models import ClockFact

APRIL = ScoredPeriod("month", date(2026, 4, 1))
QUARTER = ScoredPeriod("quarter", date(2026, 4, 1))
B = pack_scheme("b")
LATER = datetime.fromisoformat("2026-08-01T00:00:00+08:00")

OWN = b"""
scoring:
  full: 100
  start: 40
  events:
    late: {label: {zh-Hans: late, en: Late}, from: {clock: resolve, unit: hours, only: {priority: p1}}}
  sections:
    speed:
      label: {zh-Hans: speed, en: Speed}
      items:
        attained:
          label: {zh-Hans: attained, en: Attained}
          points: 30
          indicator: resolution_timeliness
          ratio: {at_least: 90 %}
        answered:
          label: {zh-Hans: answered, en: Answered}
          points: 30
          indicator: mtta
          only: {priority: p3}
          step: {at_most: 15 min, unit: 5 min, points: 2}
        lateness:
          label: {zh-Hans: lateness, en: Lateness}
          occurrence: {of: [late], points: 1, counts: units, partial: floor}
"""


@pytest.fixture
def ground(db: None) -> Ground:
    """A contract with somebody in every role."""
    return make_ground()


def at(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


def card(ground: Ground, period: ScoredPeriod | None = APRIL, **asked: Any) -> Scorecard:
    return scorecard(ground.contract, period, **({"now": LATER} | asked))


def agree(ground: Ground, document: bytes = OWN) -> None:
    """The contract's newest version has this scheme."""
    apply_terms(ground.contract, terms("acme", scoring=stored(document)))


def stored(document: bytes) -> dict[str, Any]:
    """The section of a document that fits the ground's contract."""
    around = Surroundings(list(INDICATORS), ["p1", "p2", "p3"], ["mail", "erp"], ["resolve"])
    return dict(read_rules(document, around).terms)


# --- events that follow from clocks ------------------------------------------------------------------------------


def test_scheme_b_deducts_for_late_working_days(ground: Ground) -> None:
    # office hours 09:00–17:00; opened on Wednesday at 09:00 with four hours to resolve: due at 13:00
    served(ground, resolve=3)
    an_hour = served(ground, resolve=5)  # 14:00: 1 of 8 hours → a begun day: 0.5
    tuesday = served(ground, resolve=6 * 24 + 3)  # ½ + Thu + Fri + Mon + 3⁄8 = 3⅞ → 4 days: 0.5 + 0.5 + 1 + 1
    found = card(ground, scheme=B)
    assert {event.subject: event.quantity for event in found.results.events} == {
        an_hour: Fraction(1, 8),
        tuesday: Fraction(31, 8),
    }
    assert {event.at for event in found.results.events} == {int(at(4).timestamp())}
    assert found.score.value == Decimal("-3.5")
    assert found.score.tree.is_sum_of_parts
    assert not found.lacking


def test_what_still_runs_is_late_until_it_is_looked_at(ground: Ground) -> None:
    served(ground, resolve=None)
    for days, quantity in ((1, Fraction(1, 2) + Fraction(1, 8)), (2, 1 + Fraction(1, 2) + Fraction(1, 8))):
        (event,) = card(ground, scheme=B, now=at(24 * days + 1)).results.events
        assert event.quantity == quantity
    assert card(ground, scheme=B, now=at(3)).results.events == ()
    assert card(ground, scheme=B).score.value == Decimal(-5)  # months late: at most 5 for one


def test_an_event_is_of_the_period_in_which_it_fell_due(ground: Ground) -> None:
    served(ground, resolve=24 * 40)  # due in April, resolved in May
    may = ScoredPeriod("month", date(2026, 5, 1))
    assert [len(card(ground, period, scheme=B).results.events) for period in (APRIL, may, QUARTER)] == [
        1,
        0,
        1,
    ]


def test_a_clock_that_two_versions_start_is_late_once(ground: Ground) -> None:
    """Versions may differ in what starts a clock, so that each of them has one for the same ticket."""
    served(ground, resolve=5)
    study = study_scope(ground.contract, now=LATER)
    (source,) = card(ground, scheme=B).rules.event_sources()
    twice = replace(study, reigns=study.reigns * 2)
    for asked in (study, twice):
        assert len(clock_events(asked, source, 0, 2**40).events) == 1


def test_what_was_left_out_is_no_event(ground: Ground) -> None:
    number = served(ground, resolve=5)
    leave_out(
        ground.viewer("quality_officer"), number, reason="duplicate", evidence="same call",
        approver=ground.viewer("contact"), recorded_at=at(6),
    )  # fmt: skip
    found = card(ground, scheme=B)
    assert (found.results.events, found.score.value) == ((), Decimal(0))


def test_events_in_hours_and_of_one_priority(ground: Ground) -> None:
    agree(ground)
    p1 = served(ground, resolve=7.5)  # 3½ hours over: 3 whole ones
    served(ground, impact="low", urgency="low", resolve=24 * 9)  # p3, late too, and not asked for
    found = card(ground)
    (event,) = found.results.events
    assert (event.subject, event.quantity) == (p1, Fraction(7, 2))
    with translation.override("en"):
        assert f"Late {p1}: 3 h 30 min, counted as 3" in str(document_of(found)["tree"])


# --- values --------------------------------------------------------------------------------------------------------


def test_values_are_exact_and_a_group_is_one_figure(ground: Ground) -> None:
    agree(ground)
    served(ground, respond=0.1, resolve=2)
    served(ground, respond=0.5, resolve=7, impact="low", urgency="low")
    served(ground, respond=0.45, resolve=5)
    found = card(ground)
    assert found.values["resolution_timeliness"].measured == Measured(Fraction(200, 3), 2, 3)
    assert found.values["mtta|priority:p3"].measured == Measured(1800, 1800, 1)
    # 40; 30 × (200⁄3 ÷ 90) = 22 2⁄9; 30 − 3 × 2 = 24; one hour over: −1 → 85.222… → 85.2
    assert (found.score.value, found.is_complete, found.scheme) == (Decimal("85.2"), True, "")
    assert found.version == 2


def test_what_nothing_was_asked_of_is_not_applicable_and_no_full_marks(ground: Ground) -> None:
    agree(ground)
    served(ground)
    found = card(ground)
    assert found.values["mtta|priority:p3"].measured == NOT_APPLICABLE
    says = {node.say.value for node in found.score.tree}
    assert "empty_left_out" in says and "reweighted" in says
    # 40 and 30 were to be had of 70; the 30 points of the empty item go to them: 30 of 30 → 60 of 60
    assert found.score.value == Decimal(100)


def test_what_people_have_to_say_is_lacking_and_the_score_is_one_so_far(ground: Ground) -> None:
    number = served(ground)
    document = scheme_pack("g").replace(b"priority: P1", b"priority: p1")
    found = card(ground, scheme=("g.yaml", document))
    assert found.lacking == (
        Lacking("value", "availability"),
        *(Lacking("events", kind) for kind in (
            "major_outage", "change_failed", "data_leak", "concealment", "falsification", "security_incident",
        )),
    )  # fmt: skip
    assert not found.is_complete
    with translation.override("en"):
        told = document_of(found)
        assert (told["value"], told["grade"], told["value_so_far"]) == (None, None, "100.0")
        assert "the value of “Availability”" in notices(found)[1]
        assert "so far 100.0 of 100" in next(lines_of(found))
    rated = card(ground, QUARTER, scheme=pack_scheme("f"))
    assert {one.what for one in rated.lacking} == {"marks"}
    assert rated.score.value is None  # nobody rated: neither 0 nor full marks
    assert number


def test_as_of_a_position_nothing_that_came_later_is_known(ground: Ground) -> None:
    number = served(ground, resolve=5)
    seal()
    position = LogState.objects.get(scope=ground.scope).size
    resolved = ClockFact.objects.get(scope_id=ground.scope.pk, kind=FactKind.RESOLVED)
    correct_time(
        ground.viewer("service_manager"), number, resolved.entry_id, at(3), reason="clock of the phone was wrong",
        approver=ground.viewer("contact"), recorded_at=at(7),
    )  # fmt: skip
    seal()
    assert card(ground, scheme=B).score.value == Decimal(0)
    then = card(ground, scheme=B, position=position, now=None)
    assert (then.score.value, then.position, then.is_live) == (Decimal("-0.5"), position, False)


# --- periods, refusals, words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "start", "end"),
    [
        ("2026-04", "month", date(2026, 4, 1), date(2026, 4, 30)),
        ("2026-Q2", "quarter", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026q4", "quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024", "year", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_periods_have_names_that_are_read_back(text: str, kind: str, start: date, end: date) -> None:
    period = read_scored_period(text)
    assert (period.kind, period.start, period.end) == (kind, start, end)
    assert read_scored_period(period.name) == period == period.after.before == period.before.after
    assert period_holding(period.kind, end) == period


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "April", "26-04", "0000", "2026-4", "9999-01"])
def test_what_is_no_period_is_refused_by_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_scored_period(text)
    assert "period" in refused.value.fields


def test_what_cannot_be_scored_is_refused(ground: Ground) -> None:
    with pytest.raises(Unscored) as unscored:
        card(ground)
    assert isinstance(unscored.value, NotFound)
    with pytest.raises(UnfitSchemeError) as unfit:
        card(ground, scheme=pack_scheme("g"))  # speaks of P1, and the contract of p1
    assert "“P1”" in unfit.value.problems[0].text() and "p1" in unfit.value.problems[0].text()
    with pytest.raises(Invalid) as unknown:
        pack_scheme("z")
    assert "scheme" in unknown.value.fields
    for period in (ScoredPeriod("month", date(2027, 4, 1)), ScoredPeriod("year", date(2026, 1, 1))):
        with pytest.raises(Invalid) as refused:
            card(ground, period, scheme=B)
        assert "period" in refused.value.fields
    with pytest.raises(Invalid) as beyond:
        card(ground, scheme=B, position=10**6)
    assert "as_of" in beyond.value.fields


def test_a_part_of_the_period_and_one_that_runs_are_called_so(ground: Ground) -> None:
    served(ground)
    month, quarter = card(ground, scheme=B), card(ground, QUARTER, scheme=B)
    assert (month.is_whole, month.is_complete) == (False, False)
    assert (quarter.is_whole, quarter.is_complete) == (True, True)
    running = card(ground, QUARTER, scheme=B, now=at(5))
    assert (running.is_running, running.is_complete) == (True, False)
    assert card(ground, None, scheme=B).period == QUARTER  # that of the newest ticket
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said = [notices(month), notices(quarter), notices(running)]
        assert [len(one) for one in said] == [
            2,
            1,
            2,
        ]  # each of them is a look by a scheme that nobody agreed


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_terminal_and_a_program_are_told_the_same(ground: Ground, language: str) -> None:
    number = served(ground, resolve=5)
    found = card(ground, QUARTER, scheme=B)
    with translation.override(language):
        lines, told = list(lines_of(found)), document_of(found)
    assert told["value"] == told["value_so_far"] == "-0.5"
    assert "−0.5" in lines[0]
    assert any(number in line and "0.125" in line for line in lines)
    (section,) = told["tree"]["parts"]
    (item,) = section["parts"]
    (event,) = item["parts"]
    assert event["event"]["subject"] == number
    assert event["event"]["quantity"] == "0.125"
    assert all(part["text"] for part in (section, item, event))


def test_packs_are_stored_as_contracts_store_them() -> None:
    assert terms_in(scheme_pack("b"))["events"][0]["from"] == {"clock": "resolve", "unit": "working_days"}
