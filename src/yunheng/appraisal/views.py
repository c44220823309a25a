"""Pages of the indicators: figures of a contract, the items behind a figure, and the tiles of the start page."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.contracts.queries import access_contract
from yunheng.contracts.reading import title_of
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in
from yunheng.foundation.refusals import Invalid

from .figures import PARTS
from .items_page import items_page
from .periods import latest_month, read_period
from .presentation import Question, at_name, basis_choices, grouping_choices, headline, indicator_page


def read_question(request: PageRequest, contract_period: object) -> Question:
    """The question in the address; figures check what it names."""
    position = read_number("as_of", request.GET.get("as_of", ""))
    return Question(
        period=contract_period,  # type: ignore[arg-type]
        by=request.GET.get("by") or None,  # type: ignore[arg-type]
        basis=request.GET.get("basis") or "events",  # type: ignore[arg-type]
        position=position,
        show=request.GET.get("show", ""),
    )


@require_safe
@signed_in
def indicators(request: PageRequest, key: str) -> HttpResponse:
    """All figures of a period, with charts of one of them."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    show_contract(request, key=key, scope_id=contract.pk)
    now = datetime.now(UTC)
    period = read_period(contract, request.GET.get("from", ""), request.GET.get("to", ""), now)
    page = indicator_page(contract, read_question(request, period), now=now)
    question = page.question
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "page": page,
        "question": question,
        "month_before": question.for_period(period.before).query(),
        "month_after": question.for_period(period.after).query(),
        "groupings": grouping_choices(),
        "bases": basis_choices(),
        "chart_grouping_label": dict(grouping_choices())[page.chart_grouping],
    }
    return render(request, "appraisal/indicators.html", context)


@require_safe
@signed_in
def items(request: PageRequest, key: str) -> HttpResponse:
    """The items behind one figure."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    show_contract(request, key=key, scope_id=contract.pk)
    now = datetime.now(UTC)
    period = read_period(contract, request.GET.get("from", ""), request.GET.get("to", ""), now)
    part = request.GET.get("part") or "denominator"
    if part not in PARTS:
        raise Invalid({"part": _("Part is one of %(parts)s.") % {"parts": ", ".join(PARTS)}})
    page = items_page(
        contract,
        read_question(request, period),
        key=request.GET.get("indicator", ""),
        group=request.GET.get("group", ""),
        part=part,
        after=request.GET.get("after", "")[:18] or None,
        now=now,
    )
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "page": page,
        "question": page.question,
        "back": page.question.query(),
        "at_label": at_name(page.row.population),
    }
    return render(request, "appraisal/items.html", context)


@require_safe
@signed_in
def headlines(request: PageRequest, key: str) -> HttpResponse:
    """Tiles of one contract as a fragment; the start page asks for them after it stands."""
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    now = datetime.now(UTC)
    question = Question(latest_month(contract, now), None, "events", None, "")
    found, tiles = headline(contract, question, now=now)
    return render(
        request,
        "appraisal/headlines.html",
        {"contract": contract, "tiles": tiles, "figures": found, "question": question},
    )
