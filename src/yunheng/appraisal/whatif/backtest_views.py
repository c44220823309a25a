"""Pages of what-if: the draft and the days to ask for, the run while it goes on, and what came of it."""

import gzip
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.accounts.quotas import OverQuota
from yunheng.contracts.actions import ContractFaulty
from yunheng.contracts.editing import of_refusal, typed_document
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import reads_all, title_of
from yunheng.foundation.answers import gone_to
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Invalid

from .actions import request_backtest
from .page import form_of, run_view
from .presentation import view_of
from .queries import changes_of, run_of, runs_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def what_if(request: PageRequest, key: str) -> HttpResponse:
    """A draft and the days over which history is to be replayed; the viewer's runs of the last day."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    if request.method != "POST":
        return _form(request, contract)
    try:
        text = typed_document(request.POST.get("text", ""), request.FILES.get("file"))
    except Invalid as refusal:
        return _form(request, contract, errors=refusal.fields)
    draft = request.POST.get("draft", "")
    try:
        run = request_backtest(
            request.viewer,
            key,
            document="" if draft else text,
            draft=draft,
            start=request.POST.get("from", ""),
            end=request.POST.get("to", ""),
            position=read_number("as_of", request.POST.get("as_of", "").strip()),
            recomputes_priority=request.POST.get("recomputes_priority") == "yes",
            fee=request.POST.get("fee", ""),
            contract_value=request.POST.get("contract_value", ""),
        )
    except ContractFaulty as refusal:
        return _form(request, contract, text=text, outcome=of_refusal(refusal, text))
    except Invalid as refusal:
        return _form(request, contract, text=text, errors=refusal.fields)
    except (Conflict, OverQuota) as refusal:
        return _form(request, contract, text=text, conflict=refusal.message)
    return gone_to(request, reverse("appraisal:backtest", args=[key, run.uuid]))


def _form(request: PageRequest, contract: Contract, *, text: str | None = None, **told: Any) -> HttpResponse:
    """The form, with everything that was typed in it."""
    context = {
        **_about(request, contract),
        "form": form_of(request.viewer, contract, request.POST or request.GET, text, now=datetime.now(UTC)),
        "runs": [run_view(run) for run in runs_of(request.viewer, contract)],
        **told,
    }
    status = 409 if told.get("conflict") else 422 if told else 200
    return render(request, "appraisal/what_if.html", context, status=status)


def _about(request: PageRequest, contract: Contract) -> dict[str, Any]:
    show_contract(request, key=contract.scope.key, scope_id=contract.pk)
    return {
        "contract": contract,
        "key": contract.scope.key,
        "contract_title": title_of(contract),
        "may_see_inner": reads_all(request.viewer, contract.pk),
        "may_see_log": request.viewer.may("log.view", contract.pk),
    }


@require_safe
@signed_in
def backtest(request: PageRequest, key: str, uuid: UUID) -> HttpResponse:
    """How far a replay is; asks again by itself, and shows what came of it when it is there."""
    run = run_of(request.viewer, key, uuid)
    told = run_view(run)
    if request.headers.get("HX-Target") == "backtest-run":
        if not told.is_busy:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return render(request, "appraisal/backtest_run.html", {"run": told, "key": key})
    context = {**_about(request, run.contract), "run": told}
    if run.result is not None:
        context["page"] = view_of(run.result)
    return render(request, "appraisal/backtest.html", context)


@require_safe
@signed_in
def backtest_changes(request: PageRequest, key: str, uuid: UUID) -> HttpResponse:
    """All tickets that differ, as CSV."""
    packed = changes_of(request.viewer, key, uuid)
    name = f"{key}-what-if.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(
            packed, content_type="text/csv; charset=utf-8", headers={**headers, "Content-Encoding": "gzip"}
        )
    return HttpResponse(gzip.decompress(packed), content_type="text/csv; charset=utf-8", headers=headers)
