"""The page of a contract's scorecard."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import title_of
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in

from .scorecard import Unscored
from .scorecard_page import Asked, pack_choices, scorecard_page


@require_safe
@signed_in
def show_scorecard(request: PageRequest, key: str) -> HttpResponse:
    """The score of a period, from the total down to the ticket; an offer of schemes where the contract has none."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    show_contract(request, key=key, scope_id=contract.pk)
    asked = Asked(
        period=request.GET.get("period", ""),
        scheme=request.GET.get("scheme", ""),
        position=read_number("as_of", request.GET.get("as_of", "")),
        item=request.GET.get("item", ""),
        after=read_number("after", request.GET.get("after", "")) or 0,
    )
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "has_points_left": request.viewer.may("entry.internal", contract.pk),
        "packs": list(pack_choices(asked)),
    }
    try:
        context["page"] = scorecard_page(contract, asked, now=datetime.now(UTC))
    except Unscored:
        context["page"] = None
    return render(request, "appraisal/scorecard.html", context)
