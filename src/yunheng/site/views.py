"""The start page: the contracts that one may see, each with its headline figures."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.pages import PageRequest, signed_in


@require_safe
@signed_in
def start(request: PageRequest) -> HttpResponse:
    """Contracts in the order of their keys."""
    contracts = contracts_visible_to(request.viewer)
    return render(request, "site/start.html", {"contracts": contracts})
