"""The client's portal: what waits for an answer, requests, a new one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.attachments import FileDraft, read_uploads
from yunheng.foundation.flow import process_for
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound

from .. import actions
from ..awaited import awaited_by
from ..catalogue import colleague_named, tell_new_request
from ..forms import check_filled
from ..naming import entry_named
from ..portal import (
    STEPS,
    list_requests,
    may_open_somewhere,
    require_client,
    sees_all_somewhere,
    tell_home,
    tell_request,
    ticket_of_step,
)
from ..queries import access_proposal


@dataclass(frozen=True)
class Typed:
    """What somebody sent and what was said of it: which form, its values, sentences by field."""

    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conflict: str = ""

    @property
    def general(self) -> list[str]:
        """Sentences about no field of the form."""
        shown = {"text", "files", "reason", "opinion", "note"}
        return [text for name, texts in self.errors.items() if name not in shown for text in texts]


@require_safe
@signed_in
def portal(request: PageRequest) -> HttpResponse:
    """What waits for the viewer's answer, and the viewer's open requests."""
    require_client(request.viewer)
    now = datetime.now(UTC)
    context = {"home": tell_home(request.viewer, now=now), "awaited": awaited_by(request.viewer, now=now)}
    return render(request, "desk/portal/home.html", context)


@require_safe
@signed_in
def requests(request: PageRequest) -> HttpResponse:
    """Requests of the viewer or of the organisation, with a simple search."""
    require_client(request.viewer)
    sees_all = sees_all_somewhere(request.viewer)
    wanted = {name: request.GET.get(name, "") for name in ("whose", "state", "text", "contract")}
    wanted["whose"] = wanted["whose"] if wanted["whose"] in {"mine", "all"} else "all" if sees_all else "mine"
    status, fault, page = 200, "", None
    try:
        page = list_requests(request.viewer, **wanted, after=request.GET.get("after", ""))
    except Invalid as error:
        status, fault = 422, error.message
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "page": page,
        "fault": fault,
        "wanted": wanted,
        "is_narrowed": bool(wanted["text"] or wanted["state"]),
        "sees_all": sees_all,
        "may_open": may_open_somewhere(request.viewer),
        "query": query.urlencode(),
        "after": request.GET.get("after", ""),
        "states": (
            ("", pgettext("requests", "all")),
            ("open", pgettext("requests", "open")),
            ("answer", _("your word is next")),
            ("done", pgettext("requests", "closed")),
        ),
    }
    return render(request, "desk/portal/requests.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """A new request: service and kind from the catalogue, then the form; sent, it opens one."""
    require_client(request.viewer)
    data = request.POST if request.method == "POST" else request.GET
    form = tell_new_request(request.viewer, data, now=datetime.now(UTC))
    if request.method != "POST" or "preview" in request.POST:
        return _show_new(request, form)
    try:
        check_filled(("title", "impact", "urgency"), request.POST)
        requester = colleague_named(request.viewer, form.contract.pk, request.POST.get("requester", ""))
        opened = actions.open_ticket(
            viewer=request.viewer,
            scope_id=form.contract.pk,
            kind=form.kind,
            title=request.POST.get("title", ""),
            description=_text(request, "description"),
            service=request.POST.get("service", ""),
            impact=request.POST.get("impact", ""),
            urgency=request.POST.get("urgency", ""),
            channel="portal",
            requester=requester,
            files=_files(request),
        )
    except Invalid as error:
        return _show_new(request, form, errors=error.fields, status=422)
    messages.success(
        request, _("Received. The number of your request is %(number)s.") % {"number": opened.ticket.number}
    )
    return HttpResponseRedirect(reverse("desk:portal_request", args=[opened.ticket.number]), status=303)


@require_safe
@signed_in
def promise(request: PageRequest) -> HttpResponse:
    """What the contract promises for what is chosen so far: a part of the form."""
    require_client(request.viewer)
    form = tell_new_request(request.viewer, request.GET, now=datetime.now(UTC))
    return render(request, "desk/portal/promise.html", {"new": form})


def _show_new(
    request: PageRequest, form: Any, *, errors: Mapping[str, Sequence[str]] | None = None, status: int = 200
) -> HttpResponse:
    show_contract(request, key=form.contract.scope.key, scope_id=form.contract.pk)
    context = {"new": form, "errors": errors or {}, "contract_title": form.contract_title}
    return render(request, "desk/portal/new.html", context, status=status)


@require_safe
@signed_in
def show(request: PageRequest, number: str) -> HttpResponse:
    """One request: where it stands, what is promised, what happened, and what the viewer may say to it."""
    return _show(request, number)


def _show(
    request: PageRequest, number: str, *, typed: Typed | None = None, status: int = 200
) -> HttpResponse:
    require_client(request.viewer)
    told = tell_request(request.viewer, number, now=datetime.now(UTC))
    show_contract(request, key=told.ticket.scope.key, scope_id=told.ticket.scope_id)
    context = {
        "told": told,
        "ticket": told.ticket,
        "typed": typed or Typed(),
        "contract_title": told.story.contract_title,
        "may_see_record": request.viewer.may("log.view", told.ticket.scope_id),
    }
    return render(request, "desk/portal/request.html", context, status=status)


def _act(
    request: PageRequest, number: str, form: str, work: Callable[[], object], *, done: str
) -> HttpResponse:
    """Do it and go back to the request; a refusal shows the page again with everything typed."""
    try:
        work()
    except (Invalid, Conflict) as error:
        values = {name: str(value) for name, value in request.POST.items()}
        if isinstance(error, Conflict):
            return _show(request, number, typed=Typed(form, values, {}, error.message), status=409)
        return _show(request, number, typed=Typed(form, values, error.fields), status=422)
    messages.success(request, done)
    return HttpResponseRedirect(reverse("desk:portal_request", args=[number]), status=303)


@require_POST
@signed_in
def say(request: PageRequest, number: str) -> HttpResponse:
    """Reply, with files."""
    ticket = ticket_of_step(request.viewer, number)
    request.viewer.require("ticket.reply", ticket.scope_id)
    return _act(
        request,
        number,
        "say",
        lambda: actions.reply(request.viewer, number, _text(request, "text"), files=_files(request)),
        done=_("Your reply is sent."),
    )


@require_POST
@signed_in
def step(request: PageRequest, number: str, step: str) -> HttpResponse:
    """Confirm, open again, approve, decline or cancel: a transition that is the client's to make."""
    ticket = ticket_of_step(request.viewer, number)
    transition = process_for(ticket).transitions.get(step)
    if transition is None or step not in STEPS:
        raise NotFound(_("There is nothing of this name to do."))
    request.viewer.require(transition.permission, ticket.scope_id)
    names = [spec.name for spec in transition.form]
    done = {
        "confirm": _("Thank you: the solution is confirmed."),
        "reopen": _("It is open again; the service desk goes on with it."),
        "approve": _("Approved; the work can go on."),
        "decline": _("Not approved; the request is closed."),
    }.get(step, _("The request is cancelled."))
    return _act(
        request,
        number,
        step,
        lambda: actions.move_ticket(
            request.viewer,
            number,
            step,
            {name: _text(request, name) for name in names if request.POST.get(name, "").strip()},
            files=_files(request),
        ),
        done=done,
    )


@require_POST
@signed_in
def pause(request: PageRequest, number: str, answer: str) -> HttpResponse:
    """Confirm or dispute that the provider waited for the client."""
    ticket = ticket_of_step(request.viewer, number)
    answers: dict[str, Literal["confirm", "dispute"]] = {"confirm": "confirm", "dispute": "dispute"}
    if answer not in answers:
        raise NotFound(_("There is nothing of this name to do."))
    name = request.POST.get("pause", "")
    pause_id = entry_named(request.viewer, ticket, name)
    request.viewer.require("pause.answer", ticket.scope_id)
    return _act(
        request,
        number,
        f"pause-{name[:12]}",
        lambda: actions.answer_pause(
            request.viewer, number, pause_id, answers[answer], text=_text(request, "text")
        ),
        done=_("Confirmed.") if answer == "confirm" else _("Your objection is recorded."),
    )


@require_POST
@signed_in
def proposal(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Approve or refuse a correction of the record."""
    require_client(request.viewer)
    found = access_proposal(request.viewer, uuid)
    answer = request.POST.get("answer", "")
    if not actions.may_answer_proposal(request.viewer, found):
        raise Forbidden(_("This is for somebody else to approve."), permission="pause.answer")

    def work() -> None:
        if answer not in {"approve", "refuse"}:
            raise Invalid({"answer": _("One of: %(choices)s.") % {"choices": "approve, refuse"}})
        actions.answer_proposal(
            request.viewer, uuid, is_approved=answer == "approve", text=_text(request, "text")
        )

    done = _("Approved: the record is corrected.") if answer == "approve" else _("Refused: the record stays.")
    return _act(request, found.ticket.number, f"proposal-{uuid}", work, done=done)


def _text(request: PageRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n")


def _files(request: PageRequest) -> list[FileDraft]:
    return read_uploads(request.FILES.getlist("files"))
