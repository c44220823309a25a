"""Figures are exact until the one rounding, roll up from sums, and say N/A rather than 100 %."""

import decimal
import statistics
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunheng.logic.measure import (
    PERCENT,
    SECONDS,
    Measurement,
    average,
    belongs_to_period,
    mean,
    median,
    merge,
    percentile,
    ratio,
    round_half_up,
    settled_at,
)

_values = st.lists(st.integers(-(10**12), 10**12), max_size=40)
_counts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(lambda pair: (min(pair), max(pair)))
_ratios = st.lists(_counts.map(lambda pair: ratio(*pair)), min_size=1, max_size=8)

# --- ratios -----------------------------------------------------------------------------------------------


def test_an_empty_denominator_is_not_applicable() -> None:
    nothing = ratio(0, 0, unit=PERCENT)
    assert nothing.value is None
    assert nothing.rounded(2) is None
    assert ratio(0, 5, unit=PERCENT).rounded(2) == Decimal("0.00")


def test_a_percentage_is_rounded_once_and_half_up() -> None:
    assert str(ratio(1, 3, unit=PERCENT).rounded(2)) == "33.33"
    assert str(ratio(2, 3, unit=PERCENT).rounded(2)) == "66.67"
    assert str(ratio(1, 8).rounded(2)) == "0.13"
    assert str(ratio(1, 1, unit=PERCENT).rounded(0)) == "100"
    # 89.4949… must not become 89.5 and then 90.
    assert str(ratio(8949, 10000, unit=PERCENT).rounded(0)) == "89"


def test_n_counts_items_and_cannot_be_guessed_from_a_broken_denominator() -> None:
    assert ratio(1, 4).n == 4
    assert ratio(Decimal("1.5"), Decimal("2.5"), n=3).n == 3
    with pytest.raises(ValueError, match="n must be given"):
        ratio(Decimal("1.5"), Decimal("2.5"))


def test_what_cannot_be_a_measurement_is_refused() -> None:
    with pytest.raises(TypeError, match="numerator is a float"):
        Measurement(0.5, 1, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="denominator is a float"):
        Measurement(1, 1.0, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="never negative"):
        Measurement(1, -1, 1)
    with pytest.raises(ValueError, match="never negative"):
        Measurement(1, 1, -1)


# --- roll-up ----------------------------------------------------------------------------------------------


def test_a_roll_up_is_no_mean_of_ratios() -> None:
    assert merge([ratio(1, 1), ratio(0, 9)]).value == Fraction(1, 10)


def test_a_group_without_items_does_not_weigh_in() -> None:
    assert merge([ratio(3, 4), ratio(0, 0)]) == ratio(3, 4)
    assert merge([ratio(0, 0), ratio(0, 0)]).value is None


@given(_ratios, st.randoms())
def test_order_and_grouping_of_a_roll_up_do_not_matter(parts: list[Measurement], random: object) -> None:
    whole = merge(parts)
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == whole
    assert merge([merge(parts[:1]), *parts[1:]]) == whole
    for cut in range(1, len(parts)):
        assert merge([merge(parts[:cut]), merge(parts[cut:])]) == whole


@given(st.lists(_values, min_size=1, max_size=5))
def test_the_mean_of_all_rolls_up_from_the_means_of_groups(groups: list[list[int]]) -> None:
    everything = [value for group in groups for value in group]
    assert merge(average(group) for group in groups) == average(everything)
    assert average(everything).value == mean(everything)


def test_a_roll_up_of_nothing_or_of_different_units_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])
    with pytest.raises(ValueError, match="percent and seconds"):
        merge([average([1]), ratio(1, 2, unit=PERCENT)])
    assert average([1]).unit == SECONDS


# --- distributions ----------------------------------------------------------------------------------------


def test_percentiles_interpolate() -> None:
    values = [15, 20, 35, 40, 50]
    assert percentile(values, 40) == 29
    assert percentile(values, 90) == 46
    assert percentile(values, Decimal("12.5")) == Fraction(35, 2)
    assert percentile([1, 2, 3, 4], 90) == Fraction(37, 10)
    assert percentile([7], 90) == 7
    assert percentile([], 90) is None
    for outside in (-1, 101):
        with pytest.raises(ValueError, match="within 0 to 100"):
            percentile(values, outside)


@given(_values.filter(bool))
def test_percentiles_agree_with_the_standard_library(values: list[int]) -> None:
    ordered = sorted(values)
    assert percentile(ordered, 0) == ordered[0]
    assert percentile(ordered, 100) == ordered[-1]
    exact = [Fraction(value) for value in ordered]
    assert median(ordered) == statistics.median(exact)
    assert mean(ordered) == statistics.mean(exact)
    if len(ordered) > 1:
        deciles = statistics.quantiles(exact, n=10, method="inclusive")
        assert [percentile(ordered, 10 * step) for step in range(1, 10)] == deciles


@given(_values.filter(bool), st.integers(0, 100), st.integers(0, 100))
def test_percentiles_never_fall(values: list[int], a: int, b: int) -> None:
    ordered = sorted(values)
    low, high = percentile(ordered, min(a, b)), percentile(ordered, max(a, b))
    assert low is not None
    assert high is not None
    assert ordered[0] <= low <= high <= ordered[-1]


def test_no_values_have_no_mean_and_no_median() -> None:
    assert mean([]) is None
    assert median([]) is None
    assert average([]).value is None


# --- rounding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("0.1249999", 2, "0.12"),
        ("2.5", 0, "3"),
        ("-0.4", 0, "0"),
        ("92", 2, "92.00"),
        ("1E+3", 1, "1000.0"),
        ("0", 3, "0.000"),
    ],
)
def test_halves_round_away_from_zero(value: str, digits: int, text: str) -> None:
    assert str(round_half_up(Decimal(value), digits)) == text
    assert str(round_half_up(Fraction(value), digits)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7), st.integers(0, 6))
def test_rounding_agrees_with_the_standard_library(value: Decimal, digits: int) -> None:
    with decimal.localcontext() as context:
        context.prec = 200
        assert round_half_up(value, digits) == value.quantize(
            Decimal(1).scaleb(-digits), rounding=decimal.ROUND_HALF_UP
        )


def test_no_decimal_context_has_a_say() -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        assert str(round_half_up(Fraction(10**30 + 1, 3), 2)) == "333333333333333333333333333333.67"


def test_what_cannot_be_rounded_is_refused() -> None:
    for value in ("NaN", "Infinity"):
        with pytest.raises(ValueError, match="only a finite number"):
            round_half_up(Decimal(value), 2)
    with pytest.raises(ValueError, match="negative"):
        round_half_up(1, -1)


# --- population -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stopped", "due", "settled"),
    [(100, 200, 100), (300, 200, 200), (None, 200, 200), (100, None, 100), (None, None, None), (0, 5, 0)],
)
def test_what_settles_an_item_is_whichever_comes_first(
    stopped: int | None, due: int | None, settled: int | None
) -> None:
    assert settled_at(stopped, due) == settled


@given(
    st.none() | st.integers(0, 100),
    st.none() | st.integers(0, 100),
    st.lists(st.integers(0, 100), max_size=6),
)
def test_an_item_counts_in_exactly_one_of_consecutive_periods(
    stopped: int | None, due: int | None, cuts: list[int]
) -> None:
    edges = sorted({0, 101, *cuts})
    at = settled_at(stopped, due)
    counted = sum(belongs_to_period(at, start, end) for start, end in pairwise(edges))
    assert counted == (at is not None)
