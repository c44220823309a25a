"""What a correction changes: the score and the money of a statement against those of the one that it reverses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """After less before; None where one of both does not say it. Money above 0 is still to be paid, below 0 given
    back.
    """

    score: Decimal | None
    money: Decimal | None

    @property
    def is_none(self) -> bool:
        """Whether neither changes."""
        return not self.score and not self.money


def difference(
    *,
    score_before: Decimal | None,
    score_after: Decimal | None,
    payable_before: Decimal | None,
    payable_after: Decimal | None,
    is_settled: bool = True,
) -> Difference:
    """The difference; `is_settled` says whether the money of the one before was settled: if not, all of it is open."""
    money = None
    if payable_after is not None:
        before = payable_before if is_settled else Decimal(0)
        money = None if before is None else payable_after - before
    return Difference(_less(score_after, score_before), money)


def _less(after: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if after is None or before is None else after - before
