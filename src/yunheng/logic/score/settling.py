"""From a score to money: what of a period's fee is payable, explained like a score (R39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from yunheng.logic.measure import round_half_up
from yunheng.logic.score.rules import counted
from yunheng.logic.score.scheme import Scheme
from yunheng.logic.score.tree import Node, Say, leaf, limit, total, whole


@dataclass(frozen=True, slots=True)
class PartDays:
    """A period that a fee is for and that the contract covers on some of its days only: `covered` of `days`.

    `is_whole`: the contract says that it is paid whole all the same.
    """

    period: str
    fee: Decimal
    covered: int
    days: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What is payable of the fee, in the contract's currency, and the tree whose parts add up to it."""

    fee: Decimal
    payable: Decimal
    currency: str
    coefficient: Decimal | None
    tree: Node
    part_days: tuple[PartDays, ...] = ()

    @property
    def deducted(self) -> Decimal:
        """What of the fee is not paid; negative where more than the fee is."""
        return self.fee - self.payable


def settle(
    scheme: Scheme,
    score: Decimal | None,
    fee: Decimal,
    contract_value: Decimal | None = None,
    *,
    part_days: Sequence[PartDays] = (),
) -> Settled:
    """fee × coefficient(score) − max(0, deductions − free) × per cent of the base, within the limits.

    Of the fee the days go first on which the contract was not in force (`part_days`), where it is not paid whole all
    the same; coefficient, per cent and limits are of what is left. Deductions are full marks less the score. Without
    a score all of that is payable. Amounts are in the currency's main unit, rounded once, half-up. Raises ValueError
    when the scheme settles nothing, a deduction is from a contract value that is not given, or no coefficient fits
    the score.
    """
    terms = scheme.settlement
    if terms is None:
        raise ValueError("the scheme says nothing of money")
    parts = [leaf(Say.FEE, fee), *map(_part_days, part_days)]
    due = total(parts)
    coefficient = None
    if score is None:
        parts.append(leaf(Say.NO_SCORE))
    else:
        if terms.coefficients:
            coefficient = next((band.points for band in terms.coefficients if score in band.interval), None)
            if coefficient is None:
                raise ValueError(f"no coefficient fits a score of {score}")
            cut = (Fraction(coefficient) - 1) * due
            parts.append(leaf(Say.COEFFICIENT, cut, score=score, coefficient=coefficient, fee=due))
        if terms.per_point is not None:
            parts.append(_per_point(scheme, score, due, contract_value))
        lowest = due * Fraction(terms.least) / 100
        if total(parts) < lowest:
            parts.append(limit(Say.LOWEST, parts, lowest))
        if terms.most is not None and total(parts) > due * Fraction(terms.most) / 100:
            parts.append(limit(Say.HIGHEST, parts, due * Fraction(terms.most) / 100))
    payable = round_half_up(total(parts), terms.digits)
    if Fraction(payable) != total(parts):
        parts.append(limit(Say.ROUNDED, parts, payable, digits=terms.digits))
    tree = whole(Say.SETTLEMENT, parts, currency=terms.currency)
    return Settled(fee, payable, terms.currency, coefficient, tree, tuple(part_days))


def _part_days(part: PartDays) -> Node:
    if part.is_whole:
        return leaf(Say.PART_WHOLE, 0, part.period, covered=part.covered, days=part.days)
    missing = Fraction(part.fee) * (part.days - part.covered) / part.days
    return leaf(Say.PART_DAYS, -missing, part.period, covered=part.covered, days=part.days, fee=part.fee)


def _per_point(scheme: Scheme, score: Decimal, fee: Fraction, contract_value: Decimal | None) -> Node:
    assert scheme.settlement is not None
    terms = scheme.settlement.per_point
    assert terms is not None
    base = fee if terms.base == "fee" else contract_value
    if base is None:
        raise ValueError("the deduction is from the contract value, which is not given")
    deductions = Fraction(scheme.full_of(scheme.settlement.period)) - Fraction(score)
    if deductions <= terms.free:
        return leaf(Say.WITHIN_FREE, deductions=deductions, free=terms.free)
    points = counted(deductions - Fraction(terms.free), terms.partial)
    return leaf(
        Say.PER_POINT,
        -points * Fraction(terms.percent) / 100 * Fraction(base),
        deductions=deductions,
        free=terms.free,
        beyond=points,
        percent=terms.percent,
        base=base,
    )
