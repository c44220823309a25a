"""Pages of a contract: its sealed log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.foundation.log_queries import heads, log_summary
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from .queries import access_contract

PAGE = 50


@require_safe
@signed_in
def log(request: PageRequest, key: str) -> HttpResponse:
    """How far the contract's log is sealed, and every signed head."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("log.view", contract.pk)
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Invalid({"before": _("A log position is a whole number.")})
    found = heads(contract.pk, before=int(before) if before else None, limit=PAGE + 1)
    context = {
        "contract": contract,
        "contract_title": contract.title,
        "summary": log_summary(contract.pk),
        "heads": [
            {"head": head, "root": head.root.hex(), "signature": head.signature.hex()}
            for head in found[:PAGE]
        ],
        "following": found[PAGE - 1].size if len(found) > PAGE else None,
        "before": before,
    }
    return render(request, "contracts/log.html", context)
