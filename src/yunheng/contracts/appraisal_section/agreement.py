"""What a contract agrees on how its periods are appraised, compiled: what appraisal works with. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from yunheng.logic.appraisal import Deadline
from yunheng.logic.score.scheme import MONTHS, Period

Silence = Literal["accept", "none"]
Overdue = Literal["escalate", "stands"]
PartPeriod = Literal["by_days", "whole"]
Way = Literal["passkey", "confirmation", "scan"]
#: Ways to sign, the strongest first.
WAYS: Final[tuple[Way, ...]] = ("passkey", "confirmation", "scan")

#: The term for an appeal where the contract names none.
FIVE_DAYS: Final = Deadline(working_days=5)


@dataclass(frozen=True, slots=True)
class Fee:
    """What is paid for each period of a kind, in the main unit of the scheme's currency."""

    amount: Decimal
    per: Period

    def of(self, period: Period) -> Decimal | None:
        """The fee of a whole period; None for one shorter than the fee is agreed for."""
        if MONTHS[period] % MONTHS[self.per]:
            return None
        return self.amount * (MONTHS[period] // MONTHS[self.per])


@dataclass(frozen=True, slots=True)
class AppraisalTerms:
    """The terms of a statement's way. `calendar` None: the contract has no calendar, and days are of 24 hours."""

    calendar: str | None
    issue_within: Deadline | None = None  #: after the period's end
    appeal_within: Deadline = FIVE_DAYS
    silence: Silence = "accept"  #: what it means that nobody answers in time
    arbitration_within: Deadline | None = None
    overdue: Overdue = "escalate"  #: what becomes of appeals that nobody decided within that term
    escalate_to: tuple[str, ...] = ()  #: roles that are told then; (): whoever arbitrates
    fee: Fee | None = None
    part_period: PartPeriod = "whole"  #: what is paid for a period that the contract covers in part
    contract_value: Decimal | None = None
    signing: tuple[Way, ...] = WAYS
    raters: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  #: rater's word → roles that rate in it

    def fee_of(self, period: Period) -> Decimal | None:
        """The fee of a period of that kind; None where none is agreed."""
        return None if self.fee is None else self.fee.of(period)
