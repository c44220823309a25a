"""One ticket with everything that is known of it."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.foundation.pages import PageRequest, show_contract, signed_in

from ..story import tell_ticket


@require_safe
@signed_in
def ticket(request: PageRequest, number: str) -> HttpResponse:
    """One ticket: clocks with picture and table, process, timeline."""
    story = tell_ticket(
        request.viewer, number, now=datetime.now(UTC), all_segments=request.GET.get("segments") == "all"
    )
    show_contract(request, key=story.ticket.scope.key, scope_id=story.ticket.scope_id)
    context = {"story": story, "ticket": story.ticket, "contract_title": story.contract_title}
    return render(request, "desk/ticket.html", context)
