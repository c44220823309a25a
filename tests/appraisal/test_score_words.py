"""Every node of a score's explanation has its sentence, in both languages."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.utils import translation
from tests.logic.score_packs import terms_in

from yunheng.appraisal.score_words import ScoreWords, points, shown, value_text
from yunheng.contracts.packs import scheme_pack
from yunheng.contracts.scoring.reading import Rules, rules_of
from yunheng.logic.score import Event, Mark, Measured, Node, Results, Say, score

LANGUAGES = ("zh-hans", "en")
LIMIT: dict[str, Any] = {"before": Fraction(7, 3), "after": Decimal(2)}
TARGET: dict[str, Any] = {"value": Decimal("98.5"), "target": Decimal(99), "better": "higher"}
LATE: dict[str, Any] = {"kind": "change_failed", "quantity": Fraction(7, 2), "units": Fraction(4)}
#: Parameters as tree.py promises them.
PARAMS: dict[Say, dict[str, Any]] = {
    Say.BAND: {"value": 91, "low": Decimal(90), "high": None, "has_low": 1, "has_high": 0},
    Say.LINE: {"value": Fraction(91)},
    Say.SHORT_OF_TARGET: {
        **TARGET,
        "shortfall": Fraction(1, 2),
        "unit": Decimal("0.1"),
        "steps": 5,
        "each": 5,
    },
    Say.TARGET_REACHED: TARGET,
    Say.EVENT: {**LATE, "first": 1, "last": 4, "cost": Decimal(3), "cap": Decimal(2)},
    Say.BONUS: {"kind": "change_failed"},
    Say.PASSED: {"value": 1},
    Say.FAILED: {"value": 0},
    Say.ACHIEVED: {**TARGET, "share": Fraction(197, 198)},
    Say.RATED: {"mark": Fraction(9, 2), "low": Decimal(0), "high": Decimal(5), "raters": 2},
    Say.MARK: {"role": "appraiser", "value": Decimal(4), "weight": Decimal(50)},
    Say.TAKEN_OUT: {"kind": "change_failed"},
    Say.NOT_LIABLE: {"kind": "change_failed", "party": "client"},
    Say.TOLERATED: {"kind": "change_failed", "quantity": Fraction(3), "over": Decimal(8)},
    Say.FREE: {"kind": "change_failed", "units": Fraction(1)},
    Say.COUNTED_ELSEWHERE: {"kind": "change_failed", "item": "response_p1"},
    Say.CAP: LIMIT,
    Say.BONUS_CAP: LIMIT,
    Say.LOWEST: LIMIT,
    Say.HIGHEST: LIMIT,
    Say.REWEIGHTED: {"before": 60, "full": 100, "applicable": 80},
    Say.WEIGHTED: {"before": 60, "full": 100, "weight": 20},
    Say.VETO: LIMIT,
    Say.GRADE_VETO: {"grade": "fair"},
    Say.ROUNDED: {**LIMIT, "digits": 1},
    Say.ROLLUP: {"method": "mean", "period": "quarter"},
    Say.PERIOD: {"score": Decimal(90), "weight": Fraction(1), "of": Fraction(3)},
    Say.PERIOD_LEFT_OUT: {"score": None},
    Say.SETTLEMENT: {"currency": "CNY"},
    Say.PART_DAYS: {"covered": 21, "days": 30, "fee": Decimal(1000)},
    Say.PART_WHOLE: {"covered": 21, "days": 30},
    Say.COEFFICIENT: {"score": Decimal(85), "coefficient": Decimal("0.95"), "fee": Decimal(1000)},
    Say.PER_POINT: {"deductions": 12, "free": 10, "beyond": 2, "percent": 2, "base": "fee"},
    Say.WITHIN_FREE: {"deductions": 8, "free": 10},
}


def rules() -> Rules:
    return rules_of(terms_in(scheme_pack("g")))


def node(say: Say) -> Node:
    key = {Say.SECTION: "response", Say.ITEM: "availability", Say.VETO: "grave", Say.GRADE_VETO: "grave"}
    mark = Mark("wang", "appraiser", Decimal(4), reason="late twice") if say is Say.MARK else None
    event = Event("e1", "change_failed", subject="ACME-1") if "kind" in PARAMS.get(say, {}) else None
    return Node(say, Fraction(-1), key.get(say, "2016-04"), PARAMS.get(say, {}), event=event, mark=mark)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("say", list(Say))
def test_every_node_is_said_in_both_languages(say: Say, language: str) -> None:
    with translation.override(language):
        text = ScoreWords(rules()).text(node(say), "availability")
    assert text
    assert not re.search(r"%\(|\{|None|Fraction|Decimal", text)
    assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language == "zh-hans") or say is Say.PERIOD
    for name in ("change_failed", "response_p1", "grave"):  # labels, never keys
        assert name not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_kinds_of_node_say_the_same(language: str) -> None:
    with translation.override(language):
        words = ScoreWords(rules())
        said = {say: words.text(node(say), "availability") for say in Say}
    assert len(set(said.values())) == len(said)


def test_sentences_hold_their_numbers() -> None:
    with translation.override("en"):
        words = ScoreWords(rules())
        short = words.text(node(Say.SHORT_OF_TARGET), "availability")
        assert short == "98.5 % is 0.5 % short of 99 %: 5 × 5 points, for each 0.1 %"
        lower = replace(node(Say.SHORT_OF_TARGET), params={**PARAMS[Say.SHORT_OF_TARGET], "better": "lower"})
        assert "more than 99 %" in words.text(lower, "availability")
        event = words.text(node(Say.EVENT))
        assert event == "Failed change ACME-1: 3.5, counted as 4; at most 2 for one instead of 3"
        assert words.text(node(Say.MARK)).endswith("weighs 50 % (“late twice”)")
        assert "1 decimal place," in words.text(node(Say.ROUNDED))


def test_numbers_for_people_are_exact_or_say_that_they_are_not() -> None:
    assert [shown(one) for one in (Decimal("0.50"), Fraction(7, 3), -Decimal(3), 12)] == [
        "0.5", "≈ 2.3333", "−3", "12",
    ]  # fmt: skip
    assert [points(one) for one in (Fraction(-1, 2), 2, 0)] == ["−0.5", "+2", "0"]
    with translation.override("en"):
        assert value_text(Fraction(1801, 2), "seconds") == "≈ 15 min 1 s"
        assert value_text(900, "seconds") == "15 min"
        assert value_text(Decimal("95.20"), "percent") == "95.2 %"


def test_a_veto_that_takes_nothing_says_so_and_minutes_are_no_points() -> None:
    with translation.override("en"):
        words = ScoreWords(rules())
        assert words.text(node(Say.VETO)).endswith("from ≈ 2.3333 to 2 points")
        idle = replace(node(Say.VETO), params={"before": Fraction(0), "after": Fraction(0)})
        assert words.text(idle).endswith("the score is within its limit already, 0 points")
    with translation.override("zh-hans"):
        assert (value_text(900, "seconds"), value_text(3900, "seconds")) == ("15 分钟", "1 小时 5 分钟")


def test_a_line_tells_its_item_and_its_document_is_the_tree() -> None:
    found = rules()
    results = Results(
        {"availability": Measured(Decimal("99.5")), "mtta|priority:P1": Measured(Decimal(1200))}
    )
    tree = score(found.scheme, results).tree
    with translation.override("en"):
        line = ScoreWords(found).line(tree)
    assert {one.item for one in line} == {"", *found.item_labels()}
    document = line.document()
    assert document["text"] == "Score"
    assert Fraction(document["points"]) == sum(Fraction(part["points"]) for part in document["parts"])
    texts = [one.text for one in line]
    assert "20 min is 5 min more than 15 min: 1 × 2 points, for each 5 min" in texts
