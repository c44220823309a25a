"""Lists of tickets."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from yunheng.contracts.queries import terms_at
from yunheng.contracts.reading import title_of
from yunheng.foundation.pages import PageRequest, show_contract, signed_in

from ..listing import TicketFilter, contract_with_tickets, list_tickets
from ..presentation import filter_choices, ticket_rows


@require_safe
@signed_in
def tickets(request: PageRequest, key: str) -> HttpResponse:
    """The contract's tickets, newest first, narrowed by state, priority, service and text."""
    contract = contract_with_tickets(request.viewer, key)
    show_contract(request, key=key, scope_id=contract.pk)
    now = datetime.now(UTC)
    wanted = TicketFilter(
        state=request.GET.get("state", ""),
        priority=request.GET.get("priority", ""),
        service=request.GET.get("service", ""),
        text=request.GET.get("text", ""),
    )
    page = list_tickets(
        request.viewer, scope_id=contract.pk, wanted=wanted, after=request.GET.get("after", "")
    )
    terms = terms_at(contract.pk, min(now, page.tickets[0].opened_at if page.tickets else now))
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "wanted": wanted,
        "is_narrowed": any((wanted.state, wanted.priority, wanted.service, wanted.text)),
        "choices": filter_choices(terms, get_language() or ""),
        "rows": ticket_rows(page, terms, now=now),
        "following": page.following,
        "after": request.GET.get("after", ""),
        "query": query.urlencode(),
    }
    return render(request, "desk/tickets.html", context)
