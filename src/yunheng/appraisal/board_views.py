"""Pages of the dashboard: all contracts, one contract, what stands behind a number."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract, terms_at
from yunheng.contracts.reading import title_of, titles_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in

from .board import DIVISIONS, Member, members
from .dashboard import board_page, promises, weekday_names
from .members import PAGE
from .periods import Period, latest_month, month_of, read_period
from .presentation import Question
from .pressing import Heap, contracts_watched_by, counts_by_scope, heaps_of, waiting_heaps_of
from .slicing import name_of


def is_client(viewer: Viewer) -> bool:
    """Whether the page speaks to the client (您), in plain words."""
    return viewer.organisation_kind == "client"


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One contract on the page of all contracts."""

    contract: Contract
    title: str
    heaps: list[Heap]
    waiting: list[Heap]


@require_safe
@signed_in
def dashboard(request: PageRequest) -> HttpResponse:
    """All contracts at a glance; who has just one comes to its own page."""
    contracts = contracts_watched_by(request.viewer)
    if len(contracts) == 1:
        return HttpResponseRedirect(reverse("appraisal:board", args=[contracts[0].scope.key]))
    now = datetime.now(UTC)
    counts = counts_by_scope(request.viewer, [contract.pk for contract in contracts], now=now)
    titles = titles_of(contracts)
    rows = [
        ContractRow(
            contract,
            titles[contract.pk],
            heaps_of(counts, contract.pk, contract.scope.key),
            waiting_heaps_of(counts, contract.pk, contract.scope.key),
        )
        for contract in contracts
    ]
    rows.sort(key=lambda row: (-row.heaps[0].count, -row.heaps[1].count, row.title))
    context = {
        "rows": rows,
        "heaps": [*heaps_of(counts, None, ""), *waiting_heaps_of(counts, None, "")],
        "now": now,
        "is_client": is_client(request.viewer),
    }
    return render(request, "appraisal/dashboard.html", context)


@require_safe
@signed_in
def board_promises(request: PageRequest, key: str) -> HttpResponse:
    """The promises of one contract as a fragment: the page of all contracts asks for them after it stands."""
    contract = _contract(request, key)
    now = datetime.now(UTC)
    question = Question(latest_month(contract, now), None, "events", None, "")
    context = {"contract": contract, "promises": promises(contract, question, now=now), "question": question}
    return render(request, "appraisal/board_promises.html", context)


@require_safe
@signed_in
def board(request: PageRequest, key: str) -> HttpResponse:
    """One contract in one month: promises, what presses now, volumes, load, waiting."""
    contract = _contract(request, key)
    now = datetime.now(UTC)
    period = _month(contract, request, now)
    page = board_page(request.viewer, contract, period, now=now)
    is_latest = period.end >= month_of(wording.local(now).date()).end
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "page": page,
        "month_before": urlencode({"from": period.before.start.isoformat()}),
        "month_after": "" if is_latest else urlencode({"from": period.after.start.isoformat()}),
        "hours": range(24),
        "levels": range(6),
    }
    name = "appraisal/board_client.html" if is_client(request.viewer) else "appraisal/board.html"
    return render(request, name, context)


@require_safe
@signed_in
def board_items(request: PageRequest, key: str) -> HttpResponse:
    """The tickets, or waiting periods, behind one number of the dashboard."""
    contract = _contract(request, key)
    now = datetime.now(UTC)
    period = read_period(contract, request.GET.get("from", ""), request.GET.get("to", ""), now)
    what, part = request.GET.get("what", ""), request.GET.get("key", "")
    after = request.GET.get("after", "")[:100] or None
    position = read_number("as_of", request.GET.get("as_of", ""))
    found = members(
        contract,
        period.start,
        period.end,
        what=what,
        key=part,
        after=after,
        limit=PAGE,
        position=position,
        now=now,
    )
    asked = {
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "what": what,
        "key": part,
        "as_of": str(position or ""),
    }
    query = {name: value for name, value in asked.items() if value}
    context = {
        "contract": contract,
        "contract_title": title_of(contract),
        "period": period,
        "title": what_text(what, part, found.page, terms_at(contract.pk, now)),
        "at_label": at_label(what),
        "members": found.page,
        "total": found.total,
        "position": position,
        "is_waiting": what in {"waits", "disputed", "undecided"},
        "first": "?" + urlencode(query) if after else "",
        "following": "?" + urlencode(query | {"after": found.following}) if found.following else "",
        "back": urlencode({"from": period.start.isoformat()}) if period.is_month else "",
    }
    return render(request, "appraisal/board_items.html", context)


def _contract(request: PageRequest, key: str) -> Contract:
    contract = access_contract(request.viewer, key)
    request.viewer.require("kpi.view", contract.pk)
    show_contract(request, key=key, scope_id=contract.pk)
    return contract


def _month(contract: Contract, request: PageRequest, now: datetime) -> Period:
    """The month that the address names by any of its days; without one that of the newest ticket."""
    found = read_period(contract, request.GET.get("from", ""), "", now)
    return month_of(found.start)


def what_text(what: str, key: str, found: list[Member], terms: ContractTerms | None) -> str:
    """What a number of the dashboard counts, as the head of the page behind it."""
    if what == "waits":
        return _("Waiting periods: %(reason)s") % {"reason": found[0].reason if found else key}
    single = {
        "opened": _("Tickets that came in"),
        "resolved": _("Tickets resolved"),
        "closed": _("Tickets closed"),
        "open_at_end": _("Tickets open at the end"),
        "left_out": _("Tickets left out of the figures"),
        "disputed": _("Disputed waiting periods"),
        "undecided": _("Waiting periods that nobody has answered"),
    }
    if what in single:
        return single[what]
    name = key
    if what in DIVISIONS and terms is not None:
        name = name_of(terms, what, key)
    elif what == "weekday" and key.isdecimal() and int(key) < len(weekday_names()):
        name = weekday_names()[int(key)]
    elif what == "load":
        day, _dash, hour = key.partition("-")
        is_known = day.isdecimal() and hour.isdecimal() and int(day) < len(weekday_names())
        name = f"{weekday_names()[int(day)]} {int(hour):02d}:00" if is_known else key
    elif what == "hour":
        name = f"{key}:00"
    return {
        "source": _("Tickets by source: %(name)s"),
        "kind": _("Tickets by kind: %(name)s"),
        "priority": _("Tickets by priority: %(name)s"),
        "service": _("Tickets by service: %(name)s"),
        "category": _("Tickets by category: %(name)s"),
        "cause": _("Tickets by cause: %(name)s"),
        "hour": _("Tickets that came in at %(name)s"),
        "weekday": _("Tickets that came in on %(name)s"),
        "load": _("Tickets that came in on %(name)s"),
        "backlog": _("Tickets open for %(name)s days"),
    }.get(what, "%(name)s") % {"name": name}


def at_label(what: str) -> str:
    """Head of the column with the instant that put a ticket there."""
    return {
        "resolved": _("Resolved"),
        "closed": _("Closed"),
        "waits": _("Since"),
        "disputed": _("Since"),
        "undecided": _("Since"),
    }.get(what, _("Opened"))
