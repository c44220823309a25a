"""A new ticket: the form, and the parts of it that follow what is chosen and typed."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.attachments import read_uploads
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from ..choices import find_requesters, similar_in_words, similar_tickets
from ..forms import Typed, check_filled, check_text, join_faults, read_local, text_values
from ..opening_form import NewTicket, contract_chosen, new_ticket_form, open_from_form
from ..promises import promises_of_new
from ..reading import priority_words, read_profile


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_ticket(request: PageRequest) -> HttpResponse:
    """The form of a new ticket; sent, it opens one, and accepts and assigns it at once where that was asked for."""
    if request.viewer.organisation_kind == "client":
        return HttpResponseRedirect(reverse("desk:portal_new"))
    data = request.POST if request.method == "POST" else request.GET
    form = new_ticket_form(request.viewer, data, now=datetime.now(UTC))
    if request.method != "POST" or "choose" in request.POST:  # only the contract was chosen anew
        return _show(request, form)
    try:
        check_text(request.POST)
        required = [one.name for one in form.form.fields if one.is_required]
        _none, at, failed_at, files = join_faults(
            lambda: check_filled(required, request.POST),
            lambda: read_local("at", request.POST.get("at", "")),
            lambda: read_local("failed_at", request.POST.get("failed_at", "")),
            lambda: read_uploads(request.FILES.getlist("files")),
        )
        opened = open_from_form(request.viewer, form, request.POST, at=at, failed_at=failed_at, files=files)
    except Invalid as error:
        typed = Typed("new", text_values(request.POST), error.fields)
        return _show(
            request, new_ticket_form(request.viewer, data, now=datetime.now(UTC), typed=typed), status=422
        )
    number = opened.ticket.number
    messages.success(request, _("Opened: %(number)s") % {"number": number})
    address = reverse("desk:ticket", args=[number])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)


def _show(request: PageRequest, form: NewTicket, *, status: int = 200) -> HttpResponse:
    show_contract(request, key=form.contract.scope.key, scope_id=form.contract.pk)
    return render(
        request, "desk/new_ticket.html", {"new": form, "contract_title": form.contract_title}, status=status
    )


@require_safe
@signed_in
def promises(request: PageRequest) -> HttpResponse:
    """Priority and promises of what is chosen so far: goals, and the instants at which they are due."""
    contract, terms = contract_chosen(request.viewer, request.GET.get("contract", ""), now=datetime.now(UTC))
    wanted = read_profile(request.viewer, contract.pk, terms, request.GET)
    context: dict[str, object] = {"wanted": wanted}
    try:
        at = read_local("at", request.GET.get("at", "")) or datetime.now(UTC)
    except Invalid:
        at = datetime.now(UTC)
    kind = request.GET.get("kind", "incident")
    if wanted.priority:
        try:
            context["promises"] = promises_of_new(
                request.viewer,
                contract.pk,
                kind=kind,
                terms=terms,
                service=wanted.service,
                priority=wanted.priority,
                at=at,
            )
        except LookupError:
            raise NotFound(_("There is no such kind of ticket.")) from None
        context |= priority_words(terms, wanted.priority)
    return render(request, "desk/ticket/preview.html", context)


@require_safe
@signed_in
def requesters(request: PageRequest) -> HttpResponse:
    """People of the client whose name, login or mail address holds what was typed."""
    contract, _terms = contract_chosen(request.viewer, request.GET.get("contract", ""), now=datetime.now(UTC))
    text = request.GET.get("caller", "")
    people = find_requesters(request.viewer, contract, text)
    return render(request, "desk/ticket/requesters.html", {"people": people, "text": text.strip()})


@require_safe
@signed_in
def similar(request: PageRequest) -> HttpResponse:
    """Open tickets that may be the same one."""
    contract, _terms = contract_chosen(request.viewer, request.GET.get("contract", ""), now=datetime.now(UTC))
    found = similar_tickets(
        request.viewer,
        contract,
        service=request.GET.get("service", ""),
        requester=request.GET.get("requester", ""),
        title=request.GET.get("title", ""),
    )
    return render(request, "desk/ticket/similar.html", {"found": similar_in_words(found)})
