"""Closes tickets that nobody answered to."""

from datetime import UTC, datetime, timedelta
from typing import Final

from yunheng.contracts.queries import terms_of_version
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Conflict, Invalid
from yunheng.sla.queries import contract_timeline

from ..models import Ticket
from ..processes import ticket_processes
from .moving import move_ticket

TRANSITION: Final = "close_without_word"


def waiting_states() -> frozenset[str]:
    """States from which some process lets a ticket close without the user's word."""
    ways = (process.transitions.get(TRANSITION) for process in ticket_processes())
    return frozenset(state for way in ways if way is not None for state in way.from_)


def close_silent_tickets(now: datetime | None = None) -> int:
    """Make the transition "close_without_word" on every ticket whose term has passed; returns how many
    closed.

    Each ticket is a transaction of its own. The guard decides on each: a reply in between, or a longer term
    of the contract version that the ticket was opened under, keeps it open.
    """
    at = now or datetime.now(UTC)
    closed = 0
    for scope_id in Scope.objects.order_by("pk").values_list("pk", flat=True):
        terms = [
            terms_of_version(version_id) for _n, version_id, *_dates in contract_timeline(scope_id).versions
        ]
        days = [item.auto_close_days for item in terms if item.auto_close_days is not None]
        if not days:
            continue
        quiet = Ticket.objects.filter(
            scope_id=scope_id,
            state__in=waiting_states(),
            is_observed=False,
            resolved_at__lte=at - timedelta(days=min(days) - 1),  # a working day can end sooner than 24 hours
        )
        for number in quiet.order_by("opened_at", "id").values_list("number", flat=True):
            try:
                move_ticket(SYSTEM_VIEWER, number, TRANSITION, at=at, recorded_at=at)
            except (Conflict, Invalid):
                continue  # not yet, or somebody was first
            closed += 1
    return closed
