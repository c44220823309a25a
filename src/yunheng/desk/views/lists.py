"""Workbench, lists of tickets, searches, saved views, exports, and the same step for many tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from yunheng.accounts.quotas import spend_export
from yunheng.contracts.models import Contract
from yunheng.contracts.reading import contract_names, title_of
from yunheng.foundation.access import Viewer
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from ..actions import MOST, Outcome, Pick, move_many
from ..asking import Asked, read_asked
from ..awaited import awaited_by
from ..exporting import MOST as MOST_EXPORTED
from ..exporting import export_tickets
from ..finding import found_number, found_tickets
from ..listing import BY_DUE, OPEN, TicketPage, contract_with_tickets, list_tickets
from ..narrowing import BREACHED, ME, MINE, NOBODY, TODAY
from ..presentation import (
    column_names,
    columns_shown,
    filter_choices,
    sees_names,
    terms_by_scope,
    ticket_rows,
)
from ..saved import change_view, delete_view, save_view, views_of
from ..steps import form_of, steps_for, teams_offered
from ..unknown import refuse_unknown
from ..workbench import workbench_of

_REMEMBERED = "ticket_columns"  # in the session: the columns that a person chose last
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MOST_CONTRACTS = 200  # in the choice of a filter
_MOST_VIEWS = 8  # above a list; the page of views has all of them


@require_safe
@signed_in
def workbench(request: PageRequest) -> HttpResponse:
    """What the person has to do now. For who works: the provider's and the suppliers' people."""
    if request.viewer.organisation_kind == "client":
        raise NotFound(_("There is no such page."))
    now = datetime.now(UTC)
    bench = workbench_of(request.viewer, now=now)
    return render(
        request, "desk/workbench.html", {"bench": bench, "awaited": awaited_by(request.viewer, now=now)}
    )


@require_safe
@signed_in
def queue(request: PageRequest) -> HttpResponse:
    """Tickets of all contracts that the viewer sees."""
    return _list(request, None)


@require_safe
@signed_in
def tickets(request: PageRequest, key: str) -> HttpResponse:
    """Tickets of one contract."""
    contract = contract_with_tickets(request.viewer, key)
    show_contract(request, key=key, scope_id=contract.pk)
    return _list(request, contract)


def _list(request: PageRequest, contract: Contract | None) -> HttpResponse:
    now = datetime.now(UTC)
    asked, faults, page = Asked(), {}, TicketPage((), {}, "")
    try:
        asked = _asked(request)
        page = list_tickets(
            request.viewer,
            scope_id=contract.pk if contract else None,
            wanted=asked.wanted,
            order=asked.order,
            after=asked.after,
            now=now,
        )
        if not page.tickets:
            refuse_unknown(request.viewer, asked.wanted)
    except Invalid as refusal:
        faults = refusal.fields
    context = _list_context(request, contract, asked, page, now)
    context["faults"] = [text for texts in faults.values() for text in texts]
    return render(request, "desk/tickets.html", context, status=422 if faults else 200)


def _asked(request: PageRequest) -> Asked:
    """What the address asks for; columns that were chosen are remembered for the next list without."""
    asked = read_asked(request.GET)
    if asked.columns:
        if request.session.get(_REMEMBERED) != list(asked.columns):
            request.session[_REMEMBERED] = list(asked.columns)
        return asked
    return replace(asked, columns=tuple(request.session.get(_REMEMBERED, ())))


def _list_context(
    request: PageRequest, contract: Contract | None, asked: Asked, page: TicketPage, now: datetime
) -> dict[str, Any]:
    viewer = request.viewer
    views = views_of(viewer)
    contracts = [] if contract else contract_names(viewer, most=_MOST_CONTRACTS)
    offered_of = [contract.pk] if contract else [one.scope_id for one in contracts[:20]]
    scopes = {ticket.scope_id for ticket in page.tickets} | set(offered_of)
    terms = terms_by_scope(scopes, now)
    offered = column_names(viewer, is_one_contract=contract is not None)
    columns = columns_shown(asked.columns, offered)
    plain = replace(asked, columns=()).query()
    base = reverse("desk:tickets", args=[contract.scope.key]) if contract else reverse("desk:queue")
    return {
        "contract": contract,
        "contract_title": title_of(contract) if contract else "",
        "contracts": [(one.key, one.name) for one in contracts],
        "asked": asked,
        "wanted": asked.wanted,
        "is_narrowed": asked.is_narrow,
        "has_more_filters": any(
            getattr(asked.wanted, name) for name in ("kind", "service", "channel", "requester", "waiting")
        )
        or bool(asked.days),
        "choices": filter_choices(terms.values()),
        **_team_choices(viewer),
        "has_names": sees_names(viewer),
        "is_client": viewer.organisation_kind == "client",
        "columns": columns,
        "shown": {one.key for one in columns if one.is_chosen},
        "rows": ticket_rows(page, terms, viewer, now=now),
        "following": page.following,
        "query": plain,
        "base": base,
        "address": request.get_full_path(),
        "chips": _chips(asked, viewer.organisation_kind),
        "views": views[:_MOST_VIEWS],
        "has_more_views": len(views) > _MOST_VIEWS,
        "steps": steps_for(viewer) if page.tickets else [],
        "most": MOST,
        "most_exported": MOST_EXPORTED,
        "export_query": f"{plain}&contract={contract.scope.key}".lstrip("&") if contract else plain,
    }


def _team_choices(viewer: Viewer) -> dict[str, Any]:
    """Teams, and the people of each, for filters and for the steps that many tickets can make."""
    teams = teams_offered(viewer)
    return {"teams": teams, "team_choices": [(team.uuid, team.name) for team in teams]}


def _chips(asked: Asked, kind: str) -> list[tuple[str, str, bool]]:
    """Lists that one opens often: label, query, whether it is this one."""
    offered: list[tuple[str, dict[str, str]]] = [(_("All"), {}), (_("Open"), {"state": OPEN})]
    if kind != "client":
        offered += [
            (_("Mine"), {"state": OPEN, "assignee": ME}),
            (_("My teams'"), {"state": OPEN, "team": MINE}),
            (_("Unassigned"), {"state": OPEN, "assignee": NOBODY}),
        ]
    offered += [
        (_("Due today"), {"state": OPEN, "due": TODAY, "order": BY_DUE}),
        (_("Breached"), {"state": OPEN, "due": BREACHED, "order": BY_DUE}),
    ]
    here = replace(asked, columns=()).query()
    chips = []
    for label, values in offered:
        query = Asked().query(**values)
        chips.append((label, query, query == here))
    return chips


# --- searching


@require_safe
@signed_in
def search(request: PageRequest) -> HttpResponse:
    """Tickets by number or words, over all contracts. A whole number leads straight to its ticket."""
    text = request.GET.get("q", "").strip()[:200]
    number = found_number(request.viewer, text) if text else None
    if number is not None:
        return HttpResponseRedirect(reverse("desk:ticket", args=[number]))
    now = datetime.now(UTC)
    page, faults = TicketPage((), {}, ""), []
    if text:
        try:
            page = found_tickets(request.viewer, text, now=now)
        except Invalid as refusal:
            faults = [text for texts in refusal.fields.values() for text in texts]
    terms = terms_by_scope({ticket.scope_id for ticket in page.tickets}, now)
    context = {
        "search_text": text,
        "rows": ticket_rows(page, terms, request.viewer, now=now),
        "shown": ("contract", "state", "priority", "due", "opened"),
        "faults": faults,
        "more": Asked().query(text=text) if page.following else "",
        "base": reverse("desk:queue"),
    }
    return render(request, "desk/search.html", context, status=422 if faults else 200)


@require_safe
@signed_in
def palette(request: PageRequest) -> HttpResponse:
    """What the palette finds: tickets and contracts, as a fragment."""
    text = request.GET.get("q", "").strip()[:200]
    now = datetime.now(UTC)
    page = TicketPage((), {}, "")
    if text:
        try:
            page = found_tickets(request.viewer, text, now=now, limit=8)
        except Invalid:
            page = TicketPage((), {}, "")
    folded = text.casefold()
    contracts = [
        (one.key, one.name)
        for one in contract_names(request.viewer, most=_MOST_CONTRACTS)
        if folded and (folded in one.key or folded in one.name.casefold())
    ]
    context = {"rows": ticket_rows(page, {}, request.viewer, now=now), "contracts": contracts[:5]}
    return render(request, "desk/palette.html", context)


# --- exports


@require_safe
@signed_in
def export(request: PageRequest) -> HttpResponse:
    """The list as a file, with the columns that are chosen."""
    viewer, now = request.viewer, datetime.now(UTC)
    asked = _asked(request)
    key = asked.wanted.contract
    contract = contract_with_tickets(viewer, key) if key else None
    offered = column_names(viewer, is_one_contract=False)
    columns = [(one.key, one.label) for one in columns_shown(asked.columns, offered) if one.is_chosen]
    file_format = request.GET.get("format", "csv")
    spend_export(viewer, now=now)
    exported = export_tickets(
        viewer,
        asked,
        columns=columns,
        file_format=file_format,
        scope_id=contract.pk if contract else None,
        now=now,
    )
    name = f"tickets-{now:%Y%m%d-%H%M}" + (f"-first-{exported.rows}" if exported.is_cut else "")
    answer = FileResponse(
        exported.file, as_attachment=True, filename=f"{name}.{file_format}", content_type=_TYPES[file_format]
    )
    return cast(HttpResponse, answer)  # streamed: both are responses, and no kind of each other


# --- many at once


@require_POST
@signed_in
def bulk(request: PageRequest) -> HttpResponse:
    """Make one step with the tickets that were picked; says for each what became of it."""
    steps = {step.key: step for step in steps_for(request.viewer)}
    if not steps:
        raise NotFound(_("There is no such page."))
    back = _safe_back(request.POST.get("back", ""))
    step = steps.get(request.POST.get("step", ""))
    outcomes: Sequence[Outcome] = ()
    faults: Mapping[str, Sequence[str]] = {}
    try:
        if step is None:
            raise Invalid({"step": _("Choose what to do.")})
        outcomes = move_many(request.viewer, _picks(request), step.key, form_of(step, request.POST))
    except Invalid as refusal:
        faults = refusal.fields
    failed = [outcome for outcome in outcomes if not outcome.is_done]
    context = {
        "outcomes": outcomes,
        "failed": failed,
        "done": len(outcomes) - len(failed),
        "faults": [text for texts in faults.values() for text in texts],
        "step": step,
        "back": back,
        "typed": {name: request.POST.get(name, "") for name in ("team", "assignee", "note")},
        "picked": request.POST.getlist("number"),
        "versions": request.POST.getlist("version"),
        "steps": list(steps.values()),
        **_team_choices(request.viewer),
    }
    return render(request, "desk/bulk.html", context, status=422 if faults else 200)


def _picks(request: PageRequest) -> list[Pick]:
    """What was picked, with the row versions that the list showed ("<number>:<version>")."""
    versions: dict[str, int] = {}
    for value in request.POST.getlist("version"):
        number, _colon, version = value.rpartition(":")
        if version.isascii() and version.isdecimal() and len(version) < 10:
            versions[number] = int(version)
    return [Pick(number, versions.get(number)) for number in request.POST.getlist("number")]


def _safe_back(address: str) -> str:
    """A list of this site to go back to."""
    is_list = address.startswith(("/tickets", "/contracts/", "/workbench")) and "\\" not in address
    return address if is_list else reverse("desk:queue")


# --- saved views


@require_safe
@signed_in
def views(request: PageRequest) -> HttpResponse:
    """One's own views, and those that others share."""
    return _views(request)


def _views(request: PageRequest, faults: Mapping[str, Any] | None = None, wrong: str = "") -> HttpResponse:
    known = views_of(request.viewer)
    context = {
        "own": [view for view in known if view.owner_id == request.viewer.person_id],
        "others": [view for view in known if view.owner_id != request.viewer.person_id],
        "faults": faults or {},
        "wrong": wrong,
        "typed_name": request.POST.get("name", ""),
        "typed_query": request.POST.get("query", ""),
        "typed_shared": bool(request.POST.get("is_shared")),
    }
    return render(request, "desk/views.html", context, status=422 if faults else 200)


@require_POST
@signed_in
def keep_view(request: PageRequest) -> HttpResponse:
    """Keep a list as a view, and show it."""
    try:
        view = save_view(
            request.viewer,
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
            is_shared=bool(request.POST.get("is_shared")),
        )
    except Invalid as refusal:
        return _views(request, refusal.fields)
    messages.success(request, _("The view “%(name)s” is kept.") % {"name": view.name})
    return HttpResponseRedirect(f"{reverse('desk:queue')}?{view.query}", status=303)


@require_POST
@signed_in
def view(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Rename or share a view of one's own."""
    try:
        changed = change_view(
            request.viewer,
            uuid,
            name=request.POST.get("name", ""),
            is_shared=bool(request.POST.get("is_shared")),
        )
    except Invalid as refusal:
        return _views(request, refusal.fields, str(uuid))
    messages.success(request, _("The view “%(name)s” is kept.") % {"name": changed.name})
    return HttpResponseRedirect(reverse("desk:views"), status=303)


@require_POST
@signed_in
def remove_view(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Delete a view of one's own."""
    name = delete_view(request.viewer, uuid)
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": name})
    return HttpResponseRedirect(reverse("desk:views"), status=303)
