"""The page of points left: how far the next tier is, and what to do now."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import title_of
from yunheng.foundation.pages import PageRequest, show_contract, signed_in

from ..scorecard import Unscored
from .presentation import left_page
from .queries import points_left


@require_safe
@signed_in
def show_points_left(request: PageRequest, key: str) -> HttpResponse:
    """The running period of a contract, for the provider's people: what they see of it is no business of the client."""
    contract = access_contract(request.viewer, key)
    for permission in ("kpi.view", "entry.internal"):
        request.viewer.require(permission, contract.pk)
    show_contract(request, key=key, scope_id=contract.pk)
    context = {"contract": contract, "contract_title": title_of(contract)}
    try:
        context["page"] = left_page(points_left(contract, now=datetime.now(UTC)))
    except Unscored:
        context["page"] = None
    return render(request, "appraisal/points_left.html", context)
