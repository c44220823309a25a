"""API of lists of tickets."""

from typing import Any

from django.http import HttpRequest
from ninja import Query
from pydantic import AwareDatetime

from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Page, viewer_of

from ..listing import TicketFilter, contract_with_tickets, list_tickets
from .routing import router
from .shapes import TicketInList, live_clock, ticket_row


@router.get("/contracts/{key}/tickets", response=Page[TicketInList], summary="Tickets of a contract")
def read_tickets(
    request: HttpRequest,
    key: str,
    state: str = Query("", description='A state, or "open" for all that are not closed or cancelled'),
    priority: str = "",
    service: str = "",
    text: str = Query("", max_length=200, description="A number, a source's number, or words of the title"),
    opened_from: AwareDatetime | None = None,
    opened_until: AwareDatetime | None = None,
    after: str = Query("", description="Number of the last ticket already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Newest first."""
    viewer = viewer_of(request)
    contract = contract_with_tickets(viewer, key)
    wanted = TicketFilter(state, priority, service, text, opened_from, opened_until)
    page = list_tickets(viewer, scope_id=contract.pk, wanted=wanted, after=after, limit=limit)
    return {
        "items": [
            {**ticket_row(ticket), "clocks": [live_clock(clock) for clock in page.clocks.get(ticket.pk, ())]}
            for ticket in page.tickets
        ],
        "next": page.following or None,
    }
