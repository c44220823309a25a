"""Whatever the scheme and the results: every sum is exact, better is never worth less, clean schemes never fail."""

import json
import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.logic.score_schemes import KINDS, Dice

from yunheng.logic.score import (
    Interval,
    Item,
    Linear,
    Measured,
    Occurrence,
    PeriodScore,
    Results,
    Say,
    Scheme,
    ScoreError,
    Tier,
    condensed,
    lint_scheme,
    plain,
    results_plain,
    roll_up,
    score,
    settle,
    text_of,
)
from yunheng.logic.score.interval import gaps, overlaps

SEEDS = st.integers(0, 2**32)


def drawn(seed: int, *, is_wild: bool = False) -> tuple[Scheme, Results]:
    dice = Dice(random.Random(seed), is_wild)
    scheme = dice.scheme()
    return scheme, dice.results(scheme)


def errors_of(scheme: Scheme) -> list[str]:
    return [str(found) for found in lint_scheme(scheme) if found.severity == "error"]


@settings(max_examples=1000, deadline=None)
@given(SEEDS)
def test_a_total_is_the_sum_of_its_explained_parts(seed: int) -> None:
    scheme, results = drawn(seed)
    assert errors_of(scheme) == []
    found = score(scheme, results)
    assert found.tree.is_sum_of_parts
    assert found.tree.points == (found.value or 0)
    _adds_up(json.loads(json.dumps(plain(found.tree))))


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.integers(0, 3))
def test_condensed_results_score_the_same(seed: int, kept: int) -> None:
    scheme, results = drawn(seed)
    scheme = _steadied(scheme)
    small = condensed(scheme, results, lambda event: event.at % 4 < kept)
    found, then = score(scheme, results), score(scheme, small)
    assert (then.value, then.grade, then.vetoes) == (found.value, found.grade, found.vetoes)
    assert then.tree.is_sum_of_parts
    if small.spent:
        with pytest.raises(ValueError, match="not stored"):
            results_plain(small)


def _steadied(scheme: Scheme) -> Scheme:
    """The scheme with events that cost the same whatever else happens."""

    def of(item: Item) -> Item:
        rule = item.rule
        if not isinstance(rule, Occurrence):
            return item
        tiers = rule.tiers if rule.counts == "units" else (Tier(1, rule.tiers[-1].points),)
        return replace(item, rule=replace(rule, free=0, tiers=tiers))

    sections = tuple(replace(one, items=tuple(map(of, one.items))) for one in scheme.sections)
    return replace(scheme, once_across=(), vetoes=(), sections=sections)


def _adds_up(data: dict) -> None:
    """What a statement stores adds up for somebody who has nothing but the JSON."""
    if "parts" in data:
        assert Fraction(data["points"]) == sum(Fraction(part["points"]) for part in data["parts"])
        for part in data["parts"]:
            _adds_up(part)


@settings(max_examples=1000, deadline=None)
@given(SEEDS)
def test_a_better_value_never_scores_less(seed: int) -> None:
    scheme, results = drawn(seed)
    before = score(scheme, results)
    if before.value is None:
        return
    chance = random.Random(seed)
    for item in scheme.items():
        value = results.measured[item.reads].value if item.reads and item.better else None
        if value is None:
            continue
        gain = Fraction(chance.randint(1, 400), 10)
        better = min(value + gain, 100) if item.better == "higher" else max(value - gain, 0)
        after = score(scheme, replace(results, measured={**results.measured, item.reads: Measured(better)}))
        assert after.value >= before.value, item.key


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_without_one_of_the_events_the_score_is_not_less(seed: int) -> None:
    scheme, results = drawn(seed)
    before = score(scheme, results)
    for event in results.events:
        if event.kind == "helped":
            continue
        rest = tuple(one for one in results.events if one is not event)
        after = score(scheme, replace(results, events=rest))
        assert before.value is None or after.value >= before.value, event.key


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_what_was_taken_out_scores_as_if_it_had_not_been_and_is_still_told(seed: int) -> None:
    scheme, results = drawn(seed)
    out = [event for event in results.events if event.is_taken_out]
    rest = tuple(event for event in results.events if not event.is_taken_out)
    found, without = score(scheme, results), score(scheme, replace(results, events=rest))
    assert (found.value, found.grade, found.vetoes) == (without.value, without.grade, without.vetoes)
    told = [node for node in found.tree if node.event is not None and node.event.is_taken_out]
    assert all((node.say, node.points) == (Say.TAKEN_OUT, 0) for node in told if found.value is not None)
    assert {node.key for node in told} <= {event.key for event in out}


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_schemes_without_errors_never_fail(seed: int) -> None:
    scheme, results = drawn(seed, is_wild=True)
    errors = errors_of(scheme)
    try:
        found = score(scheme, results)
    except ScoreError:
        assert errors
        return
    if errors:
        return
    months = [PeriodScore(f"2026-{at:02}", found.value, found.vetoes) for at in range(1, 13)]
    for rollup in scheme.rollups:
        rolled = roll_up(scheme, rollup, months[:3] if rollup.period == "quarter" else months)
        assert rolled.tree.is_sum_of_parts
        assert rolled.tree.points == (rolled.value or 0)
    settled = settle(scheme, found.value, Decimal("12345.67"))
    assert settled.tree.is_sum_of_parts
    assert settled.tree.points == Fraction(settled.payable)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_the_order_in_which_results_come_does_not_matter(seed: int) -> None:
    scheme, results = drawn(seed)
    events = list(results.events)
    random.Random(seed).shuffle(events)
    assert score(scheme, replace(results, events=tuple(events))) == score(scheme, results)


EDGES = st.decimals(-20, 120, places=2)
INTERVALS = st.builds(Interval, st.none() | EDGES, st.none() | EDGES, st.booleans(), st.booleans())


@settings(max_examples=300, deadline=None)
@given(st.lists(INTERVALS, max_size=5), st.sampled_from([None, 0, 1]), st.data())
def test_a_number_is_in_a_gap_or_in_an_interval(intervals: list[Interval], digits, data) -> None:
    domain = Interval(Decimal(0), Decimal(100), True, True)
    value = data.draw(st.decimals(0, 100, places=3 if digits is None else digits))
    found = gaps(intervals, domain, digits)
    assert any(value in gap for gap in found) == (not any(value in interval for interval in intervals))
    for gap in found:
        assert gap.example(digits) in gap
        assert not any(gap.example(digits) in interval for interval in intervals)
    if not overlaps(intervals, digits):
        assert sum(value in interval for interval in intervals) <= 1


@given(st.fractions())
def test_exact_numbers_survive_as_text(number: Fraction) -> None:
    assert Fraction(text_of(number)) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_decimals_are_written_as_people_do(number: Decimal) -> None:
    assert "/" not in text_of(number)
    assert "E" not in text_of(number)


def test_the_generator_makes_every_rule() -> None:
    """So that the properties above say something."""
    rules = {type(item.rule).__name__ for seed in range(60) for item in drawn(seed)[0].items()}
    assert rules == {"Banded", "Linear", "Step", "Occurrence", "Bonus", "PassFail", "Ratio", "Rating"}
    assert {event.kind for seed in range(60) for event in drawn(seed)[1].events} == set(KINDS)
    assert any(
        not item.rule.is_clamped
        for seed in range(60)
        for item in drawn(seed)[0].items()
        if isinstance(item.rule, Linear)
    )
