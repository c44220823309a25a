"""What people enter for a period: with it a scorecard is complete, and what does not fit the scheme is refused."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from tests.appraisal.test_figures import served
from tests.desk.ground import Ground, make_ground

from yunheng.appraisal.entered import Amended, Entered
from yunheng.appraisal.scorecard import Lacking, Scorecard, pack_scheme, scorecard
from yunheng.appraisal.scorecard_text import document_of, notices
from yunheng.appraisal.scored_period import ScoredPeriod
from yunheng.contracts.packs import scheme_pack
from yunheng.foundation.refusals import Invalid
from yunheng.logic.score import Event, Mark, Measured, Say, results_from_plain, results_plain, score

APRIL = ScoredPeriod("month", date(2026, 4, 1))
QUARTER = ScoredPeriod("quarter", date(2026, 4, 1))
LATER = datetime.fromisoformat("2026-08-01T00:00:00+08:00")
G = ("g.yaml", scheme_pack("g").replace(b"priority: P1", b"priority: p1"))
KINDS = frozenset(
    ("change_failed", "major_outage", "data_leak", "concealment", "falsification", "security_incident")
)
#: All that scheme G asks of people, in a month in which nothing went wrong.
ALL = Entered(values={"availability": Decimal("99.95")}, settled_kinds=KINDS)
FAILED = Event("e1", "change_failed", quantity=1, subject="CHG-1", evidence="review", proposer="contact")

RATED = b"""
scoring:
  period: quarter
  full: 100
  sections:
    manners:
      label: {zh-Hans: manners, en: Manners}
      items:
        attitude:
          label: {zh-Hans: attitude, en: Attitude}
          points: 100
          rating:
            scale: {from: 0, to: 5}
            raters: {contact: 60 %, appraiser: 40 %}
            quorum: 2
            reason_below: 3
"""


@pytest.fixture
def ground(db: None) -> Ground:
    return make_ground()


def card(ground: Ground, entered: Entered | None, scheme: Any = G, period: Any = APRIL) -> Scorecard:
    return scorecard(ground.contract, period, scheme=scheme, now=LATER, entered=entered)


def rated(ground: Ground, **said: Any) -> Scorecard:
    return card(ground, Entered(**said), ("rated.yaml", RATED), QUARTER)


def test_with_all_that_people_say_a_card_is_complete(ground: Ground) -> None:
    served(ground)
    assert not card(ground, None).is_complete
    found = card(ground, ALL)
    assert (found.lacking, found.is_complete, found.score.value) == ((), True, Decimal(100))
    assert found.values["availability"].measured == Measured(Decimal("99.95"))
    assert score(found.rules.scheme, results_from_plain(results_plain(found.results))) == found.score


def test_an_entered_value_and_events_cost_what_the_scheme_says(ground: Ground) -> None:
    served(ground)
    below = replace(ALL, values={"availability": Decimal("99.75")}, events=(FAILED,))
    # 0.15 short of 99.9: two begun tenths at 5 points; one failed change at 10
    assert card(ground, below).score.value == Decimal(80)
    leak = Event("e2", "data_leak")
    found = card(ground, replace(below, events=(FAILED, leak)))
    assert (found.score.value, found.score.vetoes) == (Decimal(0), ("grave",))


def test_what_was_said_to_be_not_applicable_is_not_lacking(ground: Ground) -> None:
    served(ground)
    found = card(ground, replace(ALL, values={"availability": None}))
    assert found.is_complete
    assert Say.EMPTY_LEFT_OUT in {node.say for node in found.score.tree}


def test_an_event_does_not_say_that_there_were_no_others(ground: Ground) -> None:
    served(ground)
    some = replace(ALL, events=(FAILED,), settled_kinds=KINDS - {"change_failed"})
    found = card(ground, some)
    assert found.lacking == (Lacking("events", "change_failed"),)
    assert (found.is_complete, found.score.value) == (False, Decimal(90))  # so far


def test_events_taken_out_stay_to_be_read_and_cost_nothing(ground: Ground) -> None:
    number = served(ground, resolve=5)
    key = f"late_ticket/{number}"
    entered = Entered(dropped=frozenset((key, "of a ticket that was left out since")))
    found = card(ground, entered, pack_scheme("b"), QUARTER)
    (event,) = found.results.events
    assert (event.key, event.is_taken_out, found.score.value) == (key, True, Decimal(0))
    with translation.override("en"):
        text = str(document_of(found)["tree"])
    assert f"{number}: taken out, does not count" in text
    gone = card(ground, replace(ALL, events=(Event("e2", "data_leak"),), dropped=frozenset({"e2"})))
    assert (gone.score.value, gone.score.vetoes) == (Decimal(100), ())  # no veto of what was taken out


def test_events_are_amended_in_quantity_and_in_who_is_liable(ground: Ground) -> None:
    number = served(ground, resolve=6 * 24 + 3)  # 3⅞ working days late: 3 points
    key = f"late_ticket/{number}"

    def after(**ruling: Any) -> Scorecard:
        return card(ground, Entered(amended={key: Amended(**ruling)}), pack_scheme("b"), QUARTER)

    assert card(ground, None, pack_scheme("b"), QUARTER).score.value == Decimal(-3)
    assert after(quantity=Decimal(1)).score.value == Decimal("-0.5")
    assert after(party="client").score.value == Decimal(0)
    with translation.override("en"):
        assert "(as decided)" in str(document_of(after(quantity=1))["tree"])


def test_a_value_that_was_decided_stands_in_the_place_of_the_measured_one(ground: Ground) -> None:
    served(ground, respond=0.5)  # 30 min against 15: three steps at 2 points
    assert card(ground, ALL).score.value == Decimal(94)
    found = card(ground, replace(ALL, decided={"response_p1": Decimal(20 * 60)}))
    assert found.score.value == Decimal(98)
    value = found.values["mtta|priority:p1"]
    assert value.is_decided and value.row is not None  # the figure stays to be looked at
    assert [one["is_decided"] for one in document_of(found)["values"]] == [False, True]
    by_arbitration = card(ground, replace(ALL, values={}, decided={"availability": Decimal(100)}))
    assert by_arbitration.is_complete


def test_ratings_need_their_quorum(ground: Ground) -> None:
    one = Mark("wang", "contact", Decimal(4))
    lacking = rated(ground, marks={"attitude": (one,)})
    assert lacking.lacking == (Lacking("marks", "attitude"),)
    assert lacking.score.value is None
    both = rated(ground, marks={"attitude": (one, Mark("li", "appraiser", Decimal("2.5"), "rude"))})
    # 4 × 60 % + 2.5 × 40 % = 3.4 of 5
    assert (both.score.value, both.is_complete) == (Decimal(68), True)
    none = rated(ground, marks={"attitude": ()})
    assert (none.lacking, none.score.value) == ((), None)  # somebody says that there was nothing to rate
    with translation.override("en"):
        assert any("Attitude" in text for text in notices(lacking))


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        (Entered(values={"weather": Decimal(1)}), "values"),
        (Entered(values={"response_p1": Decimal(1)}), "values"),  # is measured
        (Entered(values={"changes": Decimal(1)}), "values"),  # reads no value
        (Entered(values={"availability": Decimal("100.01")}), "values"),
        (Entered(values={"availability": Decimal("NaN")}), "values"),
        (Entered(decided={"changes": Decimal(1)}), "decided"),
        (Entered(decided={"response_p1": Decimal(-1)}), "decided"),
        (Entered(marks={"availability": ()}), "marks"),
        (Entered(events=(Event("e", "storm"),)), "events"),
        (Entered(events=(replace(FAILED, party="nobody"),)), "events"),
        (Entered(events=(replace(FAILED, quantity=-1),)), "events"),
        (Entered(events=(FAILED, FAILED)), "events"),
        (Entered(settled_kinds=frozenset({"storm"})), "settled_kinds"),
        (Entered(amended={"e1": Amended(quantity=Decimal("Infinity"))}), "amended"),
        (Entered(amended={"e1": Amended(party="nobody")}), "amended"),
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_does_not_fit_the_scheme_is_refused_by_name(
    ground: Ground, entered: Entered, field: str, language: str
) -> None:
    with translation.override(language), pytest.raises(Invalid) as refused:
        card(ground, entered)
    assert list(refused.value.fields) == [field]
    assert len(refused.value.fields[field]) == 1


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (Mark("wang", "stranger", Decimal(4)), "appraiser, contact"),
        (Mark("wang", "contact", Decimal("5.5")), "between 0 and 5"),
        (Mark("wang", "contact", Decimal("NaN")), "between 0 and 5"),
        (Mark("wang", "contact", Decimal(2), " "), "needs a reason"),
        (Mark("li", "contact", Decimal(4)), "rated twice"),
    ],
)
def test_marks_that_do_not_fit_are_refused(ground: Ground, mark: Mark, words: str) -> None:
    with translation.override("en"), pytest.raises(Invalid) as refused:
        rated(ground, marks={"attitude": (mark, Mark("li", "appraiser", Decimal(4)))})
    assert words in refused.value.fields["marks"][0]


def test_lateness_is_measured_and_never_entered(ground: Ground) -> None:
    with pytest.raises(Invalid) as refused:
        card(ground, Entered(events=(Event("e", "late_ticket"),)), pack_scheme("b"), QUARTER)
    assert "events" in refused.value.fields
