"""Lists of reports, a new one, the page on which its drafting is watched, and the way there from a ticket."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.contracts.reading import title_of
from yunheng.desk.queries import access_ticket
from yunheng.foundation.answers import gone_to
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Invalid

from .. import actions, pages, queries
from ..forms import NewReport, new_report
from ..models import Kind
from ..presentation import row_of
from ..progress import run_view
from ..wording import kind_name
from .answering import about, is_client


@require_safe
@signed_in
def reports(request: PageRequest) -> HttpResponse:
    """Reports of every contract that the viewer may read, the newest first."""
    if is_client(request):
        return redirect("reports:portal")
    return _listed(request, "")


@require_safe
@signed_in
def contract_reports(request: PageRequest, key: str) -> HttpResponse:
    """Reports of one contract."""
    if is_client(request):
        return redirect("reports:portal")
    return _listed(request, key)


def _listed(request: PageRequest, key: str) -> HttpResponse:
    after, kind = request.GET.get("after", "")[:64], request.GET.get("kind", "")
    kind = kind if kind in Kind.values else ""
    shown = pages.list_page(request.viewer, key, kind=kind, after=after)
    now = datetime.now(UTC)
    context: dict[str, Any] = {
        "rows": [
            row_of(one, contract_title=shown.titles[one.scope_id], now=now) for one in shown.page.reports
        ],
        "kinds": [(value, kind_name(value)) for value in Kind.values],
        "wanted": {"kind": kind},
        "after": after,
        "following": _continued(kind, shown.page.following),
        "first_url": _continued(kind, "") or "?",
        "runs": [run_view(run) for run in shown.runs],
        "may_write": bool(shown.writable),
    }
    if shown.contract is not None:
        context |= about(request, shown.contract)
    if context["may_write"]:
        chosen = request.GET.copy()
        chosen["contract"] = key
        context["form"] = new_report(chosen, shown.writable, now=now)
    return render(request, "reports/reports.html", context)


def _continued(kind: str, after: str) -> str:
    query = {name: value for name, value in (("kind", kind), ("after", after)) if value}
    return "?" + urlencode(query) if after or kind else ""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Choose contract, kind, month and languages; sent, a job drafts the report."""
    contracts = pages.require_writable(request.viewer)
    now = datetime.now(UTC)
    if request.method != "POST":
        return _show_new(request, new_report(request.GET, contracts, now=now))
    try:
        run = actions.request_report(
            request.viewer,
            request.POST.get("contract", ""),
            request.POST.get("kind", ""),
            request.POST.get("period", "").strip(),
            request.POST.getlist("languages"),
        )
    except Invalid as refusal:
        form = new_report(request.POST, contracts, now=now, errors=refusal.fields)
        return _show_new(request, form, status=422)
    except Conflict as refusal:
        form = new_report(request.POST, contracts, now=now, errors={"": [refusal.message]})
        return _show_new(request, form, status=409)
    return gone_to(request, reverse("reports:run", args=[run.uuid]))


def _show_new(request: PageRequest, form: NewReport, *, status: int = 200) -> HttpResponse:
    return render(request, "reports/new.html", {"form": form}, status=status)


@require_safe
@signed_in
def run(request: PageRequest, uuid: UUID) -> HttpResponse:
    """How far the drafting of a report is; asks again by itself, and leads on to the report when it is there."""
    found = queries.run_of(request.viewer, uuid)
    told = run_view(found)
    if request.headers.get("HX-Target") == "report-run":
        if told.report_url and not told.is_busy:
            return HttpResponse(status=204, headers={"HX-Redirect": told.report_url})
        return render(request, "reports/run_body.html", {"run": told})
    contract = pages.contract_of(found)
    show_contract(request, key=contract.scope.key, scope_id=contract.pk)
    return render(request, "reports/run.html", {"run": told, "contract_title": title_of(contract)})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def fault(request: PageRequest, number: str) -> HttpResponse:
    """Fault reports of one ticket, and the way to draft one from its journal."""
    ticket = access_ticket(request.viewer, number, with_people=False)
    told = pages.faults_of(request.viewer, ticket)
    context = {**about(request, told.contract), "ticket": ticket, "errors": {}, "conflict": ""}
    status = 200
    if request.method == "POST":
        request.viewer.require("report.write", ticket.scope_id)
        try:
            run = actions.request_report(
                request.viewer,
                told.contract.scope.key,
                Kind.FAULT.value,
                "",
                request.POST.getlist("languages"),
                ticket=ticket.number,
            )
            return gone_to(request, reverse("reports:run", args=[run.uuid]))
        except Invalid as refusal:
            context["errors"], status = refusal.fields, 422
        except Conflict as refusal:
            context["conflict"], status = refusal.message, 409
    now = datetime.now(UTC)
    context |= {
        "rows": [row_of(one, contract_title="", now=now) for one in told.reports],
        "has_draft": any(one.state == "drafted" for one in told.reports),
        "form": new_report(request.POST or request.GET, (), now=now),
    }
    return render(request, "reports/fault.html", context, status=status)
