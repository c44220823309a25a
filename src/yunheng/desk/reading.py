"""What a form about service and priority asks for, read against the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from yunheng.contracts.queries import terms_at
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Forbidden, Invalid

from .actions import contract_for
from .actions.opening import priority_for
from .models import Ticket


@dataclass(frozen=True, slots=True)
class Profile:
    """Service, impact, urgency and "major" as chosen. `priority` is "" while something is missing."""

    terms: ContractTerms | None
    service: str
    impact: str
    urgency: str
    is_major: bool
    priority: str
    is_expired: bool = False


def read_profile(viewer: Viewer, scope_id: int, terms: ContractTerms, data: Mapping[str, Any]) -> Profile:
    """The profile that was chosen, with the priority that the contract's table gives it."""
    service, impact, urgency = (str(data.get(name, "")) for name in ("service", "impact", "urgency"))
    is_major = "is_major" in data
    priority = ""
    try:
        priority = priority_for(viewer, scope_id, terms, impact=impact, urgency=urgency, is_major=is_major)
    except (Invalid, Forbidden):
        priority = ""
    if service not in terms.services:
        priority = ""
    return Profile(terms, service, impact, urgency, is_major, priority)


def profile_wanted(viewer: Viewer, ticket: Ticket, data: Mapping[str, Any]) -> Profile:
    """The profile that a ticket would have, under the contract version that it follows. Raises Invalid without one."""
    terms, _reason = contract_for(ticket.scope_id, ticket.opened_at)
    return read_profile(viewer, ticket.scope_id, terms, data)


def terms_of(ticket: Ticket) -> ContractTerms | None:
    """The contract version in force when the ticket was opened, None without one."""
    return terms_at(ticket.scope_id, ticket.opened_at)


def priority_words(terms: ContractTerms | None, priority: str) -> dict[str, Any]:
    """A priority as the contract calls it, and how many of four bars are lit."""
    known = terms.priorities.get(priority) if terms else None
    if known is None:
        return {"priority": priority, "rank": 0}
    return {"priority": label_in(known.label, get_language() or ""), "rank": max(1, 4 - known.rank)}
