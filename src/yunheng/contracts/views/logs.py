"""Logs of all contracts: heads, keys, what waits, the last verification; and a verification now."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from yunheng.foundation.log_status import weaknesses
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..actions import start_errand
from ..models import Errand
from ..pages import log_rows, running_errand
from .answering import gone_to


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def logs(request: PageRequest) -> HttpResponse:
    """How every log stands that one administers."""
    rows = log_rows(request.viewer)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            start_errand(
                viewer=request.viewer, kind=Errand.Kind.CHECK, contracts=request.POST.getlist("contracts")
            )
            return gone_to(request, reverse("contracts:logs"))
        except Invalid as refusal:
            errors = refusal.fields
    context = {
        "rows": rows,
        "errand": running_errand(request.viewer, [Errand.Kind.CHECK]),
        "errors": errors,
        "weaknesses": weaknesses() if request.viewer.may("contract.apply", None) else [],
    }
    return render(request, "contracts/logs.html", context, status=422 if errors else 200)
