"""From the stored section `appraisal` to what appraisal works with. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from yunheng.logic.appraisal import Deadline

from .agreement import FIVE_DAYS, WAYS, AppraisalTerms, Fee

Terms = Mapping[str, Any]


def appraisal_of(terms: Terms) -> AppraisalTerms:
    """The agreement in a stored section."""
    fee, value = terms.get("fee"), terms.get("contract_value")
    appeal, arbitration = terms.get("appeal") or {}, terms.get("arbitration") or {}
    return AppraisalTerms(
        calendar=terms["calendar"],
        issue_within=_deadline(terms.get("issue_within")),
        appeal_within=_deadline(appeal.get("within")) or FIVE_DAYS,
        silence=appeal.get("silence", "accept"),
        arbitration_within=_deadline(arbitration.get("within")),
        overdue=arbitration.get("overdue", "escalate"),
        escalate_to=tuple(arbitration.get("escalate_to", ())),
        fee=None if fee is None else Fee(Decimal(fee["amount"]), fee["per"]),
        part_period=terms.get("part_period", "whole"),
        contract_value=None if value is None else Decimal(value),
        signing=tuple(way for way in WAYS if way in terms.get("signing", WAYS)),
        raters={rater["key"]: tuple(rater["roles"]) for rater in terms.get("raters", ())},
    )


def _deadline(stored: Mapping[str, int] | None) -> Deadline | None:
    if stored is None:
        return None
    return Deadline(working_days=stored.get("working_days"), seconds=stored.get("seconds"))
