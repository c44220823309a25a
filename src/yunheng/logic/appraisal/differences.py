"""What a correction changes: the score and the money of a statement against those of the one that it reverses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """After less before; None where one of both does not say it. Money above 0 is still to be paid, below 0 given
    back; `settled` is what was settled before, all together.
    """

    score: Decimal | None
    money: Decimal | None
    settled: Decimal = Decimal(0)

    @property
    def is_none(self) -> bool:
        """Whether neither changes."""
        return not self.score and not self.money


def difference(
    *,
    score_before: Decimal | None,
    score_after: Decimal | None,
    settled: Decimal,
    payable: Decimal | None,
) -> Difference:
    """The difference; `settled` is what of the period's money was settled before, 0 for nothing, however many
    statements came in between: so all that is settled of a period always sums to what is payable at last.
    """
    money = None if payable is None else payable - settled
    return Difference(_less(score_after, score_before), money, settled)


def _less(after: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if after is None or before is None else after - before
