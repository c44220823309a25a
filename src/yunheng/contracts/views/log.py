"""The sealed log of a contract."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.foundation.log_queries import heads, log_summary
from yunheng.foundation.pages import PageRequest, read_number, signed_in

from ..queries import access_contract
from .reading import about

PAGE = 50


@require_safe
@signed_in
def log(request: PageRequest, key: str) -> HttpResponse:
    """How far the contract's log is sealed, and every signed head."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("log.view", contract.pk)
    before = read_number("before", request.GET.get("before", ""))
    found = heads(contract.pk, before=before, limit=PAGE + 1)
    context = {
        **about(request, contract),
        "summary": log_summary(contract.pk),
        "heads": [
            {"head": head, "root": head.root.hex(), "signature": head.signature.hex()}
            for head in found[:PAGE]
        ],
        "following": found[PAGE - 1].size if len(found) > PAGE else None,
        "before": before,
    }
    return render(request, "contracts/log.html", context)
