"""Pages of the comparison: contracts and suppliers side by side, as a file, and the tickets behind a number."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from yunheng.accounts.quotas import spend_export
from yunheng.foundation import wording
from yunheng.foundation.pages import PageRequest, signed_in

from .presentation import comparison_page
from .queries import asked_period, comparison
from .supplier_page import behind_text
from .tables import write_file
from .tickets import tickets_behind

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_safe
@signed_in
def show_comparison(request: PageRequest) -> HttpResponse:
    """Contracts and suppliers of one period side by side, as far as the viewer may see them."""
    now = datetime.now(UTC)
    period = asked_period(request.GET.get("period", ""), request.GET.get("kind", ""), now=now)
    found = comparison(request.viewer, period, now=now)
    page = comparison_page(found, order=request.GET.get("order") or "name", today=wording.local(now).date())
    return render(request, "appraisal/comparison/comparison.html", {"page": page})


@require_safe
@signed_in
def export_comparison(request: PageRequest) -> HttpResponse:
    """The same as a file."""
    now = datetime.now(UTC)
    period = asked_period(request.GET.get("period", ""), request.GET.get("kind", ""), now=now)
    found = comparison(request.viewer, period, now=now)
    file_format, part = request.GET.get("format", "csv"), request.GET.get("part") or "contracts"
    data = write_file(found, file_format=file_format, part=part, order=request.GET.get("order") or "name")
    spend_export(request.viewer, now=now)
    name = f"comparison-{period.name}" + (f"-{part}" if file_format == "csv" else "")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{file_format}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type=_TYPES[file_format], headers=headers)


@require_safe
@signed_in
def show_tickets(request: PageRequest) -> HttpResponse:
    """The tickets behind a number of a supplier."""
    now = datetime.now(UTC)
    asked = {name: request.GET.get(name, "")[:100] for name in ("contract", "period", "supplier", "what")}
    period = asked_period(asked["period"], "", now=now)
    behind = tickets_behind(
        request.viewer,
        asked["contract"],
        asked["supplier"],
        asked["what"],
        period,
        after=request.GET.get("after", "")[:100],
        now=now,
    )
    context = {
        "behind": behind,
        "period": period,
        "what": behind_text(asked["what"]),
        "supplier": behind.served.record.name,
        "back": urlencode({"period": period.name}),
        "first": f"?{urlencode(asked)}" if request.GET.get("after") else "",
        "following": f"?{urlencode({**asked, 'after': behind.following})}" if behind.following else "",
    }
    return render(request, "appraisal/comparison/tickets.html", context)
