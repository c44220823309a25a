"""The document as it is written: check, compare, apply or propose; and a new contract from a pack."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid, NotFound, Refusal

from ..actions import apply_contract, propose_version
from ..editing import Outcome, examine, of_refusal, pack_document, packs, typed_document
from ..models import Contract
from ..packs import newest_processes
from ..pages import waiting_proposal
from ..queries import access_contract, versions_of
from ..reading import reading_of
from .answering import gone_to
from .reading import about


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def document(request: PageRequest, key: str) -> HttpResponse:
    """The newest document: to be read, and by those who may apply also to be amended."""
    contract = access_contract(request.viewer, key)
    may_apply = request.viewer.may("contract.apply", contract.pk)
    if request.method == "POST":
        if not may_apply:
            raise NotFound(_("There is nothing here to write."))
        return _written(request, contract)
    newest = versions_of(contract).last()
    context = {
        **about(request, contract),
        "newest": newest.number if newest else 0,
        "reading": reading_of(request.viewer, newest) if newest else None,
        "text": newest.document if newest and may_apply else "",
        "proposal": waiting_proposal(contract),
    }
    return render(
        request, "contracts/document.html" if may_apply else "contracts/document_read.html", context
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """A new contract, from a pack or from one's own document."""
    if not request.viewer.may("contract.apply", None):
        raise NotFound(_("There is nothing here to write."))
    if request.method == "POST":
        return _written(request, None)
    pack = request.GET.get("pack", "")
    context = {"packs": packs(), "pack": pack, "text": pack_document(pack), "newest": 0, "may_apply": True}
    return render(request, "contracts/new.html", context)


def _written(request: PageRequest, contract: Contract | None) -> HttpResponse:
    act = request.POST.get("act", "check")
    now = datetime.now(UTC)
    errors: dict[str, list[str]] = {}
    text = request.POST.get("text", "").replace("\r\n", "\n")
    newest = _number(request.POST.get("newest", ""))
    status, conflict = 200, ""
    outcome: Outcome | None = None
    try:
        text = typed_document(text, request.FILES.get("file"))
        if act in ("apply", "propose"):
            return _carried_out(request, contract, text, newest, act, now)
        outcome = examine(
            request.viewer, contract, text, newest=newest, now=now, is_compared=act == "compare"
        )
    except Invalid as refusal:
        errors, status = refusal.fields, 422
        if act in ("apply", "propose"):
            outcome = examine(request.viewer, contract, text, newest=newest, now=now)
    except Conflict as refusal:
        conflict, status = refusal.message, 409
        newest = _newest(contract)
        outcome = examine(request.viewer, contract, text, newest=newest, now=now)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        outcome, status = of_refusal(refusal, text), 422
        if refusal.code == "backdated":
            outcome = examine(request.viewer, contract, text, newest=newest, now=now)
    context: dict[str, Any] = {
        "text": text,
        "newest": newest,
        "outcome": outcome,
        "errors": errors,
        "conflict": conflict,
        "reason": request.POST.get("reason", ""),
        "act": act,
        "may_apply": True,
    }
    if request.headers.get("HX-Target") == "outcome" and not errors and not request.FILES:
        return render(request, "contracts/outcome.html", context, status=status)
    if contract is None:
        return render(request, "contracts/new.html", {**context, "packs": packs()}, status=status)
    context |= {**about(request, contract), "proposal": waiting_proposal(contract)}
    return render(request, "contracts/document.html", context, status=status)


def _carried_out(
    request: PageRequest, contract: Contract | None, text: str, newest: int | None, act: str, now: datetime
) -> HttpResponse:
    data, processes = text.encode(), newest_processes()
    if act == "propose" and contract is not None:
        proposal = propose_version(
            viewer=request.viewer,
            at=now,
            contract=contract,
            data=data,
            reason=request.POST.get("reason", ""),
            newest_known=newest,
            processes=processes,
        )
        messages.success(
            request, _("The proposal waits for the client's contact, who finds it on the contract's page.")
        )
        return gone_to(request, reverse("contracts:proposal", args=[contract.scope.key, proposal.uuid]))
    if request.POST.get("is_confirmed") != "yes":
        raise Invalid({"is_confirmed": _("Confirm that you have read the changes.")})
    if contract is not None:
        outcome = examine(request.viewer, contract, text, newest=newest, now=now)
        if outcome.is_valid and outcome.refusal and _newest(contract) == newest:
            raise Refusal(outcome.refusal)
    applied = apply_contract(
        viewer=request.viewer, at=now, data=data, processes=processes, newest_known=newest
    )
    messages.success(
        request,
        _("Version %(number)d is applied. Clocks that run keep the version of their start.")
        % {"number": applied.version.number},
    )
    return gone_to(
        request, reverse("contracts:version", args=[applied.contract.scope.key, applied.version.number])
    )


def _newest(contract: Contract | None) -> int:
    version = versions_of(contract).last() if contract else None
    return version.number if version else 0


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
