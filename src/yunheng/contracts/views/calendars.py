"""Calendars of all contracts: provisional years, the holiday notice in one click or by hand, and how far it is."""

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..actions import start_errand
from ..holidays_cn import library_edition, newest_published_year
from ..models import Errand
from ..notice_text import Notice, read_notice, year_in
from ..pages import access_errand, calendar_rows, notice_preview, running_errand
from ..wording import day
from .answering import gone_to

KINDS = (Errand.Kind.REFRESH, Errand.Kind.NOTICE)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def calendars(request: PageRequest) -> HttpResponse:
    """Which years are provisional where, and what can be taken in."""
    now = datetime.now(UTC)
    rows = calendar_rows(request.viewer, now, has_changes=True)
    errors: dict[str, list[str]] = {}
    notice: Notice | None = None
    preview = None
    status = 200
    text, year_text = request.POST.get("text", ""), request.POST.get("year", "").strip()
    chosen = request.POST.getlist("contracts")
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if act == "refresh":
                return _started(request, Errand.Kind.REFRESH, chosen)
            year = _year(year_text, text)
            year_text = str(year)
            notice = read_notice(text, year)
            if not notice.is_sound:
                raise Invalid({"text": [remark.text(_) for remark in notice.remarks]})
            if act == "enter":
                return _started(request, Errand.Kind.NOTICE, chosen, text, year)
            preview = notice_preview(request.viewer, notice, [row.contract.scope.key for row in rows])
        except Invalid as refusal:
            errors, status = refusal.fields, 422
            if notice is not None and notice.is_sound:
                preview = notice_preview(request.viewer, notice, [row.contract.scope.key for row in rows])
    context = {
        "rows": rows,
        "can_refresh": [row for row in rows if row.published],
        "edition": library_edition(),
        "newest_year": newest_published_year(),
        "errand": running_errand(request.viewer, KINDS),
        "errors": errors,
        "text": text,
        "year": year_text,
        "notice": notice,
        "closed": [day(on) for on in sorted(notice.closed)] if notice else [],
        "worked": [day(on) for on in sorted(notice.worked)] if notice else [],
        "preview": preview,
        "suggested_year": newest_published_year() + 1,
    }
    return render(request, "contracts/calendars.html", context, status=status)


def _year(text: str, notice: str) -> int:
    if text:
        if not (text.isascii() and text.isdecimal() and len(text) == 4 and 2001 <= int(text) <= 2089):
            raise Invalid({"year": _("A year has four digits, such as 2027.")})
        return int(text)
    found = year_in(notice)
    if found is None:
        raise Invalid({"year": _("The text names no year; enter it.")})
    return found


def _started(
    request: PageRequest, kind: str, contracts: list[str], text: str = "", year: int | None = None
) -> HttpResponse:
    start_errand(viewer=request.viewer, kind=kind, contracts=contracts, notice=text, year=year)
    return gone_to(request, reverse("contracts:calendars"))


@require_safe
@signed_in
def errand(request: PageRequest, uuid: UUID) -> HttpResponse:
    """How far work over several contracts is; asks again by itself while it goes on."""
    found = access_errand(request.viewer, uuid)
    template = "contracts/errand.html" if request.headers.get("HX-Request") else "contracts/errand_page.html"
    return render(request, template, {"errand": found})
