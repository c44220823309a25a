"""The stored form of `appraisal`: every default written out; and back to a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values import show_seconds
from .agreement import WAYS

Terms = Mapping[str, Any]
_FIVE_DAYS = {"working_days": 5}


def terms_of_appraisal(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a section without errors."""
    appeal = raw["appeal"] or {}
    terms: dict[str, Any] = {
        "calendar": raw["calendar"],
        "appeal": {
            "within": _duration(appeal.get("within")) or _FIVE_DAYS,
            "silence": appeal.get("silence") or "accept",
        },
        "signing": [way for way in WAYS if way in (raw["signing"] or WAYS)],
        "raters": [{"key": word, "roles": list(roles)} for word, roles in raw["raters"].items()],
    }
    if raw["issue_within"]:
        terms["issue_within"] = _duration(raw["issue_within"])
    if raw["arbitration"]:
        terms["arbitration"] = {"within": _duration(raw["arbitration"]["within"])}
        for name in ("overdue", "escalate_to"):
            if raw["arbitration"].get(name):
                terms["arbitration"][name] = raw["arbitration"][name]
    if raw["fee"]:
        terms["fee"] = {"amount": raw["fee"]["amount"], "per": raw["fee"]["per"]}
    if raw["part_period"]:
        terms["part_period"] = raw["part_period"]
    if raw["contract_value"]:
        terms["contract_value"] = raw["contract_value"]
    return terms


def _duration(raw: Mapping[str, int | None] | None) -> dict[str, int] | None:
    return None if raw is None else {name: amount for name, amount in raw.items() if amount is not None}


def appraisal_document(terms: Terms) -> dict[str, Any]:
    """The section as a document writes it; reading it again gives the same terms."""
    data: dict[str, Any] = {"calendar": terms["calendar"]}
    if "issue_within" in terms:
        data["issue_within"] = show_duration(terms["issue_within"])
    data["appeal"] = {
        "within": show_duration(terms["appeal"]["within"]),
        "silence": terms["appeal"]["silence"],
    }
    if "arbitration" in terms:
        within = {"within": show_duration(terms["arbitration"]["within"])}
        data["arbitration"] = {**terms["arbitration"], **within}
    if "fee" in terms:
        data["fee"] = {"amount": _number(terms["fee"]["amount"]), "per": terms["fee"]["per"]}
    if "part_period" in terms:
        data["part_period"] = terms["part_period"]
    if "contract_value" in terms:
        data["contract_value"] = _number(terms["contract_value"])
    data["signing"] = list(terms["signing"])
    if terms["raters"]:
        data["raters"] = {rater["key"]: list(rater["roles"]) for rater in terms["raters"]}
    return data


def show_duration(stored: Mapping[str, int]) -> str:
    """A stored term as a document writes it."""
    if "working_days" in stored:
        return f"{stored['working_days']} working days"
    return show_seconds(stored["seconds"])


def _number(text: str) -> int | float:
    """A number that YAML writes as it was: at most twelve figures and four decimal places fit a float."""
    return float(text) if "." in text else int(text)
