"""What may be written under `appraisal`: terms of a statement's way, the fee, ways of signing, who rates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from yunheng.logic.score.scheme import PERIODS

from ..document import Node, ScalarNode
from ..grammar import Choice, Duration, Entry, Findings, JsonSchema, Kind, ListOf, MapOf, Record
from ..problems import Path, gettext_noop
from ..scoring.grammar import number_text
from ..values import KEY, WORD
from .agreement import WAYS

_MONEY: Final = r"[0-9]{1,12}(?:\.[0-9]{1,4})?"

#: Roles that may rate (appraisal.rate in accounts.roles; a test holds both equal).
RATING_ROLES: Final = ("contact", "appraiser", "service_manager", "provider_admin")

#: Roles to which an arbitration may be escalated: of both sides, who may read statements (a test holds both equal).
ESCALATION_ROLES: Final = (
    *("provider_admin", "service_manager", "desk_agent", "engineer", "quality_officer"),
    *("contact", "appraiser", "auditor"),
)


@dataclass(frozen=True)
class Money(Kind):
    """An amount in the scheme's currency, kept as decimal text."""

    name: str = gettext_noop("an amount of money")
    example: str = "100000.00"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode) and re.fullmatch(_MONEY, node.text):
            return number_text(node.text)
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"type": "number", "minimum": 0}


APPRAISAL: Final = Record(
    {
        "calendar": Entry(KEY, "Whose working days the terms count in", is_required=True),
        "issue_within": Entry(Duration(), "After the period's end: when its statement is to be issued"),
        "appeal": Entry(
            Record(
                {
                    "within": Entry(
                        Duration(), "After the issue: until when to accept or appeal; default 5 working days"
                    ),
                    "silence": Entry(
                        Choice(("accept", "none")),
                        "What it means that nobody answers in time: acceptance, or nothing",
                        default="accept",
                    ),
                }
            ),
            "The provider's answer to a statement",
        ),
        "arbitration": Entry(
            Record(
                {
                    "within": Entry(Duration(), "After the appeal", is_required=True),
                    "overdue": Entry(
                        Choice(("escalate", "stands")),
                        "What becomes of appeals that are not decided by then: those named are told, or what is "
                        "contested stands as it was issued; default: escalate",
                        default=None,
                    ),
                    "escalate_to": Entry(
                        ListOf(Choice(ESCALATION_ROLES), 1),
                        "Roles that are told then; default: whoever arbitrates",
                        default=None,
                    ),
                }
            ),
            "Until when appeals are to be decided",
        ),
        "fee": Entry(
            Record(
                {
                    "amount": Entry(Money(), "What is paid", is_required=True),
                    "per": Entry(Choice(PERIODS), "For which period", is_required=True),
                }
            ),
            "The fee that a score decides on, in the currency of the settlement",
        ),
        "part_period": Entry(
            Choice(("by_days", "whole")),
            "What is paid for a period that the contract covers in part: its share by days, or the whole fee; "
            "default: the whole fee",
            default=None,
        ),
        "contract_value": Entry(
            Money(), "The contract's value; needed where points are deducted from it (per_point)"
        ),
        "signing": Entry(
            ListOf(Choice(WAYS), 1), "Ways to sign that the contract takes; default: all", default=None
        ),
        "raters": Entry(
            MapOf(WORD, ListOf(Choice(RATING_ROLES), 1)),
            "Which roles rate in a rater's word of the scheme; default: the role of that name, else the client's",
            default={},
        ),
    }
)
