"""The section `scoring` in a contract: what is refused and where, what is warned of, what is kept, what is said of a change."""

# ruff: noqa: E501  (tables of cases: one line is one case)

import re
from decimal import Decimal

import pytest
from django.utils import translation
from tests.contracts.documents import SMALL, changed, checked

from yunheng.contracts.difference import differences
from yunheng.contracts.packs import scheme_pack, scheme_packs
from yunheng.contracts.problems import show_path
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.compile import scheme_of
from yunheng.contracts.scoring.grammar import (
    EVENT_KIND,
    ITEM,
    OCCURRENCE,
    RATING,
    SCORING,
    SETTLEMENT,
    STEP,
)
from yunheng.contracts.scoring.presentation import scoring_view
from yunheng.contracts.scoring.reading import EventSource, UnfitSchemeError, read_rules, rules_of
from yunheng.contracts.scoring.words import FINDING_WORDS
from yunheng.contracts.withheld import client_terms
from yunheng.contracts.writing import document_of
from yunheng.logic.score import RULES, Code, Measured, Results, score

SCORED = (
    SMALL
    + """\
scoring:
  full: 100
  start: 50
  digits: 1
  events:
    late: {label: Late}
    leak: {label: Leak}
  sections:
    speed:
      label: Speed
      items:
        attained:
          label: Attainment
          points: 30
          indicator: sla_attainment
          better: higher
          banded:
            - {from: 95 %, points: 30}
            - {from: 90 %, below: 95 %, points: 20}
            - {below: 90 %, points: 0}
        mean:
          label: Mean
          points: 20
          indicator: mttr
          only: {priority: P1}
          step: {at_most: 4 h, unit: 30 min, points: 5}
    conduct:
      label: Conduct
      items:
        lateness:
          label: Lateness
          occurrence: {of: [late], points: 1}
  vetoes:
    leaked: {label: Leaked, events: [leak], at_most: 0}
    slow: {label: Slow, value_of: attained, below: 50 %, section: speed, at_most: 10}
  grades:
    good: {label: Good, from: 90}
    poor: {label: Poor, below: 90}
  rollups:
    quarter: {of: month, method: weighted_mean, weights: [1, 1, 2]}
  triggers:
    twice: {below: 80, times: 2, measure: terminate}
  settlement:
    currency: CNY
    coefficients:
      - {from: 90, coefficient: 1}
      - {below: 90, coefficient: 0.95}
    per_point: {free: 10, percent: 2 %}
"""
)

WRONG = {
    # what: (replacement, code, path, words of the sentence)
    "no rule": (("          occurrence: {of: [late], points: 1}\n", ""), "scoring_rule_count", "scoring.sections.conduct.items.lateness", "one of: banded"),
    "two rules": (("occurrence: {of: [late], points: 1}", "occurrence: {of: [late], points: 1}\n          bonus: {of: [late], points: 1}"), "scoring_rule_count", "scoring.sections.conduct.items.lateness", "occurrence, bonus"),
    "no value": (("          indicator: mttr\n          only: {priority: P1}\n", ""), "scoring_source", "scoring.sections.speed.items.mean", "indicator"),
    "unknown indicator": (("indicator: mttr", "indicator: mttc"), "unknown_name", "scoring.sections.speed.items.mean.indicator", "mttr"),
    "unknown priority": (("only: {priority: P1}", "only: {priority: P9}"), "unknown_name", "scoring.sections.speed.items.mean.only.priority", "P1, P2"),
    "wrong unit": (("from: 95 %", "from: 95"), "scoring_unit", "scoring.sections.speed.items.attained.banded[0].from", "95 %"),
    "unit of step": (("unit: 30 min", "unit: 30 %"), "scoring_unit", "scoring.sections.speed.items.mean.step.unit", "30 min"),
    "no target": (("at_most: 4 h, unit", "unit"), "scoring_one_of", "scoring.sections.speed.items.mean.step", "at_least, at_most"),
    "price twice": (("of: [late], points: 1}", "of: [late], points: 1, tiers: [{from: 1, points: 1}]}"), "scoring_one_of", "scoring.sections.conduct.items.lateness.occurrence", "points, tiers"),
    "two lower edges": (("from: 95 %", "from: 95 %, above: 94 %"), "scoring_edges", "scoring.sections.speed.items.attained.banded[0].above", "from"),
    "veto without effect": (("events: [leak], at_most: 0}", "events: [leak]}"), "scoring_one_of", "scoring.vetoes.leaked", "at_most"),
    "veto of no value": (("value_of: attained", "value_of: lateness"), "scoring_source", "scoring.vetoes.slow.value_of", "lateness"),
    "veto of two": (("section: speed", "section: speed, item: mean"), "scoring_veto_target", "scoring.vetoes.slow", "item, section"),
    "a hole": (("from: 90 %, below: 95 %", "from: 90 %, to: 94 %"), "scoring_hole", "scoring.sections.speed.items.attained.banded", "between 94 and 95"),
    "89.5 homeless": (("poor: {label: Poor, below: 90}", "poor: {label: Poor, to: 89}"), "scoring_hole", "scoring.grades", "89.1"),
    "an overlap": (("poor: {label: Poor, below: 90}", "poor: {label: Poor, to: 90}"), "scoring_overlap", "scoring.grades.poor", "90 is held twice"),
    "does not add up": (("full: 100", "full: 110"), "scoring_points_do_not_add_up", "scoring.full", "make 100 points"),
    "worse for better": (("below: 90 %, points: 0", "below: 90 %, points: 25"), "scoring_not_monotone", "scoring.sections.speed.items.attained.banded[1]", "brings less"),
    "more than its points": (("from: 95 %, points: 30", "from: 95 %, points: 31"), "scoring_above_points", "scoring.sections.speed.items.attained.banded", "31"),
    "unknown event": (("of: [late]", "of: [lat]"), "scoring_unknown_event", "scoring.sections.conduct.items.lateness.occurrence.of[0]", "lat"),
    "unknown grade": (("events: [leak], at_most: 0}", "events: [leak], grade_at_most: fair}"), "scoring_unknown_grade", "scoring.vetoes.leaked.grade_at_most", "fair"),
    "unknown section": (("section: speed", "section: spead"), "scoring_unknown_section", "scoring.vetoes.slow.section", "spead"),
    "weights": (("weights: [1, 1, 2]", "weights: [1, 2]"), "scoring_rollup_weights", "scoring.rollups.quarter.weights", "2 weights for 3"),
    "period": (("times: 2, measure", "times: 2, period: year, measure"), "scoring_no_such_period", "scoring.triggers.twice.period", "year"),
    "coefficients": (("from: 90, coefficient: 1}", "from: 91, coefficient: 1}"), "scoring_hole", "scoring.settlement.coefficients", "90"),
    "no number": (("full: 100", "full: many"), "wrong_value", "scoring.full", "a number"),
    "no value read": (("from: 95 %", "from: high"), "wrong_value", "scoring.sections.speed.items.attained.banded[0].from", "95 %"),
    "clock of events": (("late: {label: Late}", "late: {label: Late, from: {clock: resolv}}"), "unknown_name", "scoring.events.late.from.clock", "resolve"),
    "priority of events": (("late: {label: Late}", "late: {label: Late, from: {clock: resolve, only: {priority: P9}}}"), "unknown_name", "scoring.events.late.from.only.priority", "P1, P2"),
    "unit of events": (("late: {label: Late}", "late: {label: Late, from: {clock: resolve, unit: weeks}}"), "not_a_choice", "scoring.events.late.from.unit", "working_days"),
    "mistyped": (("occurrence: {of", "occurence: {of"), "unknown_key", "scoring.sections.conduct.items.lateness.occurence", "occurrence"),
}  # fmt: skip

WARNED = {
    "twice": (("        lateness:", "        lateness2: {label: Again, occurrence: {of: [late], points: 2}}\n        lateness:"), "scoring_event_twice", "scoring.sections.conduct.items.lateness.occurrence.of"),
    "idle cap": (("unit: 30 min, points: 5}", "unit: 30 min, points: 5, cap: 25}"), "scoring_cap_idle", "scoring.sections.speed.items.mean.step.cap"),
    "unused event": (("    leak: {label: Leak}", "    leak: {label: Leak}\n    rain: {label: Rain}"), "scoring_event_unused", "scoring.events.rain"),
    "never full": (("from: 95 %, points: 30", "from: 95 %, points: 29"), "scoring_full_marks_unreachable", "scoring.sections.speed.items.attained.banded"),
    "unreachable": (("twice: {below: 80", "twice: {above: 100"), "scoring_unreachable", "scoring.triggers.twice"),
}  # fmt: skip


def test_a_scored_contract_is_valid_and_silent() -> None:
    result = checked(SCORED)
    assert [problem.line("F") for problem in result.problems] == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_scoring_is_named_with_path_and_hint(name: str) -> None:
    replacement, code, path, words = WRONG[name]
    result = checked(changed(replacement, document=SCORED))
    assert result.terms is None
    problem = next(problem for problem in result.errors if problem.code == code)
    assert show_path(problem.path) == path
    assert problem.place.line > SMALL.count("\n")
    assert words in problem.text()
    assert "%(" not in problem.text()


@pytest.mark.parametrize("name", WARNED)
def test_doubtful_scoring_is_warned_of_and_can_be_accepted(name: str) -> None:
    replacement, code, path = WARNED[name]
    document = changed(replacement, document=SCORED)
    result = checked(document)
    assert [(problem.code, show_path(problem.path)) for problem in result.problems] == [(code, path)]
    assert result.terms is not None
    accepted = checked(document + f'exemptions:\n  - {{warning: {code}, because: "meant"}}\n')
    assert accepted.problems == ()


def test_what_is_kept_compiles_and_is_written_back() -> None:
    terms = checked(SCORED).terms
    assert terms is not None
    scheme = scheme_of(terms["scoring"])
    # attainment 96 % brings 30; the mean of 5 h is two half hours over: 20 − 10 = 10; 50 + 40 = 90
    results = Results({"sla_attainment": Measured(96), "mttr|priority:P1": Measured(18_000)})
    found = score(scheme, results)
    assert (found.value, found.grade) == (Decimal("90.0"), "good")
    assert checked(document_of(terms)).terms == terms


OF_CLOCK = ("late: {label: Late}", "late: {label: Late, from: {clock: resolve, only: {priority: P1}}}")


def test_events_of_a_clock_are_kept_written_back_and_said() -> None:
    terms = checked(changed(OF_CLOCK, document=SCORED)).terms
    assert terms is not None
    assert terms["scoring"]["events"][0]["from"] == {
        "clock": "resolve",
        "unit": "working_days",
        "only": {"priority": "P1"},
    }
    assert rules_of(terms["scoring"]).event_sources() == (
        EventSource("late", "resolve", "working_days", priority="P1"),
    )
    assert checked(document_of(terms)).terms == terms
    with translation.override("en"):
        view = scoring_view(terms)
    assert view is not None
    assert "“Late”: by itself from each missed clock “Resolve”, P1, in working days." in view.lines


def test_events_follow_from_promises_to_the_client_only() -> None:
    internal = ("  resolve: {}\n", "  resolve: {}\n  ola: {kind: resolve, audience: internal}\n")
    goals = ("P1: {respond: 30 min, resolve: 4 h}", "P1: {respond: 30 min, resolve: 4 h, ola: 3 h}")
    of_ola = ("late: {label: Late}", "late: {label: Late, from: {clock: ola}}")
    found = checked(changed(internal, goals, of_ola, document=SCORED)).errors
    assert [(one.code, show_path(one.path)) for one in found] == [
        ("unknown_name", "scoring.events.late.from.clock")
    ]


def test_a_scheme_is_read_for_a_look_or_refused_with_everything_that_is_wrong() -> None:
    around = Surroundings(["mtta"], ["P1"], ["it"], ["resolve"])
    assert read_rules(scheme_pack("b"), around).event_sources()[0].clock == "resolve"
    assert [source.reads for source in read_rules(scheme_pack("g"), around).value_sources().values()] == [
        "availability",
        "mtta|priority:P1",
    ]
    with pytest.raises(UnfitSchemeError) as refused:
        read_rules(scheme_pack("g"), Surroundings([], ["1"], ["it"], []))
    assert [show_path(problem.path) for problem in refused.value.problems] == [
        "scoring.sections.response.items.response_p1.indicator",
        "scoring.sections.response.items.response_p1.only.priority",
    ]
    for document in (b"", b"key: acme\n", b"scoring: [", b"scoring: {full: 10}\n"):
        with pytest.raises(UnfitSchemeError) as refused:
            read_rules(document, around)
        assert refused.value.problems


def test_a_client_reads_an_indicator_that_is_scored() -> None:
    internal = ("  resolve: {}\n", "  resolve: {}\n  ola: {kind: resolve, audience: internal}\n")
    goals = ("P1: {respond: 30 min, resolve: 4 h}", "P1: {respond: 30 min, resolve: 4 h, ola: 3 h}")
    counted = ("sla_attainment: {at_least: 90 %}", "sla_attainment: {at_least: 90 %, clocks: [ola]}")
    scored = checked(changed(internal, goals, counted, document=SCORED)).terms
    unscored = checked(changed(internal, goals, counted)).terms
    assert scored is not None and unscored is not None
    assert "sla_attainment" in [one["key"] for one in client_terms(scored)["indicators"]]
    assert "sla_attainment" not in [one["key"] for one in client_terms(unscored)["indicators"]]


def test_a_contract_without_scoring_keeps_its_digest() -> None:
    terms = checked(SMALL).terms
    assert terms is not None
    assert "scoring" not in terms


def test_changes_are_said_number_by_number() -> None:
    old = checked(SCORED).terms
    new = checked(changed(("unit: 30 min, points: 5}", "unit: 45 min, points: 4}"), document=SCORED)).terms
    bare = checked(SMALL).terms
    assert old is not None and new is not None and bare is not None
    assert [change.text() for change in differences(old, new)] == [
        "scoring.sections.speed.items.mean.step.unit: 30 min → 45 min",
        "scoring.sections.speed.items.mean.step.points: 5 → 4",
    ]
    assert [change.text() for change in differences(bare, new)] == ["scoring: new"]
    assert [change.text() for change in differences(new, bare)] == ["scoring: gone"]


def test_every_finding_has_its_words() -> None:
    assert set(FINDING_WORDS) == set(Code)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_manual_explains_every_key_and_names_every_pack(
    request: pytest.FixtureRequest, language: str
) -> None:
    path = request.config.rootpath / "docs" / "manual" / language / "scoring.md"
    manual = path.read_text(encoding="utf-8")
    for record in (SCORING, EVENT_KIND, ITEM, OCCURRENCE, RATING, SETTLEMENT, STEP):
        for key in record.entries:
            assert f"`{key}" in manual, key
    assert re.findall(r"^\| `([a-z]+)` \|", manual, re.MULTILINE)[: len(scheme_packs())] == scheme_packs()
    assert set(RULES) <= set(re.findall(r"^\| `(\w+)` \|", manual, re.MULTILINE))
    sample = re.search(r"```yaml\n(.*?)```", manual, re.DOTALL)
    assert sample is not None
    assert checked(SMALL + sample[1]).problems == ()


@pytest.mark.parametrize("name", scheme_packs())
def test_a_pack_can_be_put_into_a_contract(name: str) -> None:
    document = changed(("  mttr: {at_most: 8 h}\n", "  mttr: {at_most: 8 h}\n  mtta: {}\n"))
    assert checked(document + scheme_pack(name).decode()).problems == ()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", scheme_packs())
def test_a_scheme_is_said_in_sentences(name: str, language: str) -> None:
    document = changed(("  mttr: {at_most: 8 h}\n", "  mttr: {at_most: 8 h}\n  mtta: {}\n"))
    terms = checked(document + scheme_pack(name).decode()).terms
    assert terms is not None
    with translation.override(language):
        view = scoring_view(terms)
    assert view is not None
    said = [*view.lines, *view.vetoes, *view.measures, *view.money]
    said += [line for section in view.sections for item in section.items for line in item.rules]
    assert all(line and "%(" not in line and "{" not in line for line in said)
    assert sum(len(section.items) for section in view.sections) == len(
        list(scheme_of(terms["scoring"]).items())
    )


def test_a_rule_is_said_as_it_is_computed() -> None:
    terms = checked(SCORED).terms
    assert terms is not None
    with translation.override("en"):
        view = scoring_view(terms)
        assert scoring_view(checked(SMALL).terms or {}) is None
    assert view is not None
    attained, mean = view.sections[0].items
    assert attained.rules == [
        "SLA attainment",
        "≥ 95 %: 30 points",
        "≥ 90 %, < 95 %: 20 points",
        "< 90 %: 0 points",
    ]
    assert mean.rules == [
        "Mean time to resolve · P1",
        "for each 30 min above 4 h: −5 points",
        "a begun unit does not count",
    ]
    assert view.vetoes == [
        "Leaked (“Leak”): at most 0 points",
        "Slow (Attainment < 50 %): “Speed” has at most 10 points",
    ]
    assert view.measures == [
        "Score of a quarter: weighted mean (1, 1, 2) by month",
        "score < 80, 2 times in a row by month: termination of the contract",
    ]
    assert view.money == [
        "The score of a month decides what is paid (CNY).",
        "score ≥ 90: fee × 1",
        "score < 90: fee × 0.95",
        "each point of deduction beyond 10: −2 % of the fee",
    ]
