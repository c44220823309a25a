"""The client's side: what was issued, to read, to download, and to accept or send back."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.answers import gone_to
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid
from yunheng.foundation.typed import Typed, row_version_of, text_of, typed_of

from .. import actions, pages, queries
from ..forms import language_of
from ..models import Report
from ..presentation import portal_row_of, tell_report
from ..preview import Doors, preview
from .answering import about


@require_safe
@signed_in
def portal(request: PageRequest) -> HttpResponse:
    """Reports that were issued to the client, the newest first."""
    after = request.GET.get("after", "")[:64]
    shown = pages.list_published(request.viewer, after)
    rows = [
        portal_row_of(
            one,
            contract_title=shown.titles[one.scope_id],
            may_answer=request.viewer.may("report.accept", one.scope_id),
        )
        for one in shown.page.reports
    ]
    following = f"?after={shown.page.following}" if shown.page.following else ""
    context = {"rows": rows, "after": after, "following": following, "first_url": reverse("reports:portal")}
    return render(request, "reports/portal/reports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def portal_report(request: PageRequest, number: str) -> HttpResponse:
    """One report; whoever may accept it does so here, or sends it back with a reason."""
    found = pages.access_published(request.viewer, number)
    if request.method != "POST":
        return _shown(request, found, Typed())
    request.viewer.require("report.accept", found.scope_id)
    try:
        _answered(request, found)
        return gone_to(request, reverse("reports:portal_report", args=[number]))
    except Invalid as refusal:
        errors = {
            "text" if name in ("reason", "comment") else name: it for name, it in refusal.fields.items()
        }
        return _shown(request, found, typed_of(request.POST, "answer", errors, ["text"]), status=422)
    except Conflict as refusal:
        typed = typed_of(request.POST, "answer", {}, ["text"], refusal.message)
        return _shown(request, pages.access_published(request.viewer, number), typed, status=409)


def _answered(request: PageRequest, found: Report) -> None:
    text, act = text_of(request.POST, "text"), request.POST.get("act", "")
    row_version = row_version_of(request.POST)
    if act == "accept":
        actions.accept_report(request.viewer, found.number, row_version, text)
        messages.success(request, _("Thank you: the report is accepted."))
    elif act == "return":
        actions.return_report(request.viewer, found.number, row_version, text)
        messages.success(request, _("Sent back; the service provider reads your reason."))
    else:
        raise Invalid({"act": _("This form is not known here.")})


def _shown(request: PageRequest, found: Report, typed: Typed, *, status: int = 200) -> HttpResponse:
    viewer, now = request.viewer, datetime.now(UTC)
    page = queries.report_page(viewer, found, now=now)
    language = language_of(request.GET.get("language", ""), found.languages)
    content = page.contents.get(language)
    doors = Doors(page.contract.scope.key, found.period, found.position or 0)
    context: dict[str, Any] = {
        **about(request, page.contract),
        "report": found,
        "told": tell_report(viewer, page, language, typed),
        "typed": typed,
        "language": language,
        "page": preview(content, doors) if content else None,
    }
    return render(request, "reports/portal/report.html", context, status=status)
