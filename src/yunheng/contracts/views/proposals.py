"""A version that begins in the past, before the client's contact: read, accept, decline; withdraw."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid, Refusal

from ..actions import answer_proposal, withdraw_proposal
from ..comparing import changes_in_words
from ..packs import newest_processes
from ..pages import access_proposal, base_for
from ..reading import reading_of, reading_of_terms
from .answering import gone_to
from .reading import about


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def proposal(request: PageRequest, key: str, uuid: UUID) -> HttpResponse:
    """What would change, and the answer."""
    found = access_proposal(request.viewer, key, uuid)
    errors: dict[str, list[str]] = {}
    status, refused = 200, ""
    if request.method == "POST":
        try:
            return _answered(request, key, uuid)
        except Invalid as refusal:
            errors, status = refusal.fields, 422
        except Conflict as refusal:
            refused, status = refusal.message, 409
            found = access_proposal(request.viewer, key, uuid)
        except Refusal as refusal:
            if refusal.status in (403, 404):
                raise
            refused, status = refusal.message, 422
    now = datetime.now(UTC)
    base = base_for(found.contract, found.effective, now)
    sections, reading = [], None
    if base is not None:
        reading = reading_of_terms(request.viewer, base, found.terms, found.document)
        sections = changes_in_words(reading_of(request.viewer, base).terms, reading.terms)
    context = {
        **about(request, found.contract),
        "proposal": found,
        "base": base,
        "reading": reading,
        "sections": sections,
        "errors": errors,
        "refused": refused,
        "text": request.POST.get("text", ""),
    }
    return render(request, "contracts/proposal.html", context, status=status)


def _answered(request: PageRequest, key: str, uuid: UUID) -> HttpResponse:
    act, now = request.POST.get("act", ""), datetime.now(UTC)
    if act == "withdraw":
        withdraw_proposal(viewer=request.viewer, at=now, uuid=uuid)
        messages.success(request, _("The proposal is withdrawn."))
        return gone_to(request, reverse("contracts:contract", args=[key]))
    if act not in ("accept", "decline"):
        raise Invalid({"text": _("Accept or decline.")})
    if act == "accept" and request.POST.get("is_confirmed") != "yes":
        raise Invalid({"is_confirmed": _("Confirm that you have read the changes.")})
    applied = answer_proposal(
        viewer=request.viewer,
        at=now,
        uuid=uuid,
        is_accepted=act == "accept",
        text=request.POST.get("text", ""),
        processes=newest_processes(),
    )
    if applied is None:
        messages.success(request, _("The proposal is declined; the provider reads your words."))
    else:
        messages.success(
            request, _("Accepted. Version %(number)d is applied.") % {"number": applied.version.number}
        )
    return gone_to(request, reverse("contracts:contract", args=[key]))
