"""A fee for a period that the contract covers on some of its days: worked by hand beside each case."""

from decimal import Decimal
from fractions import Fraction

from tests.logic.score_packs import scheme

from yunheng.logic.score import PartDays, Say, Settled, settle

D = Decimal


def part(covered: int, days: int, *, fee: str = "100000", is_whole: bool = False) -> PartDays:
    return PartDays("2026-04", D(fee), covered, days, is_whole)


def says(settled: Settled) -> list[tuple[Say, Fraction]]:
    return [(one.say, one.points) for one in settled.tree.parts]


def test_days_that_are_not_covered_are_not_paid_and_the_coefficient_is_of_the_rest() -> None:
    # 100,000 × 21 ÷ 30 = 70,000; a score of 85 pays 95 % of it: 66,500
    settled = settle(scheme("a"), D(85), D(100000), part_days=[part(21, 30)])
    assert (settled.fee, settled.payable) == (D(100000), D("66500.00"))
    assert says(settled) == [(Say.FEE, 100000), (Say.PART_DAYS, -30000), (Say.COEFFICIENT, -3500)]
    assert settled.tree.is_sum_of_parts
    assert settled.part_days == (part(21, 30),)


def test_it_is_rounded_once_at_the_end() -> None:
    # 100,000 × 20 ÷ 31 = 64,516.129…; 95 % of it is 61,290.3225…, not 95 % of 64,516.13 (61,290.3235)
    settled = settle(scheme("a"), D(85), D(100000), part_days=[part(20, 31)])
    assert settled.payable == D("61290.32")
    assert says(settled)[1] == (Say.PART_DAYS, Fraction(-1100000, 31))
    assert settled.tree.is_sum_of_parts


def test_a_fee_that_is_paid_whole_says_that_it_is() -> None:
    settled = settle(scheme("a"), D(85), D(100000), part_days=[part(21, 30, is_whole=True)])
    assert settled.payable == D("95000.00")
    assert says(settled)[1] == (Say.PART_WHOLE, 0)
    assert settled.tree.parts[1].params == {"covered": 21, "days": 30}


def test_each_period_of_the_fee_has_its_own_share() -> None:
    # A quarter from 10 April on, paid by month: 300,000 − 100,000 × 9 ÷ 30
    settled = settle(scheme("a"), None, D(300000), part_days=[part(21, 30)])
    assert settled.payable == D("270000.00")


def test_deductions_in_per_cent_of_the_fee_are_of_what_is_left() -> None:
    # B: 3,000,000 of contract value are untouched by days: the deduction of (100 − 88 − 10) points × 2 % is of them
    whole = settle(scheme("b"), D(88), D(1_000_000), D(3_000_000))
    half = settle(scheme("b"), D(88), D(1_000_000), D(3_000_000), part_days=[part(15, 30, fee="1000000")])
    assert whole.payable - half.payable == 500_000
