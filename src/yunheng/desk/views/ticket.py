"""One ticket with everything that is known of it, parts of its page, and the word that somebody changed it."""

import json
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in

from ..choices import teams_for
from ..forms import Typed, text_values
from ..offers import people_options
from ..promises import promises_changed
from ..queries import access_ticket
from ..reading import priority_words, profile_wanted, terms_of
from ..ticket_page import ORDERS, Order, TicketPage, news_of, show_part, show_ticket
from ..timeline import Seen, read_seen

ORDER_COOKIE: Final = "timeline"
#: The parts of the page that an answer can replace, each with its template and id "ticket-<name>".
PARTS: Final = ("head", "news", "bar", "side", "about", "say", "timeline", "depth")
#: All but the composer: nobody's half-written sentence is taken from under their hands.
OTHERS: Final = tuple(name for name in PARTS if name != "say")


@require_safe
@signed_in
def ticket(request: PageRequest, number: str) -> HttpResponse:
    """One ticket: clocks, what can be done, timeline, facts.

    People of the client are sent to their own page, unless they ask for the whole record and may read the log.
    """
    if request.viewer.organisation_kind == "client":
        seen = access_ticket(request.viewer, number, with_people=False)
        wants_record = request.GET.get("record") == "whole"
        if not (wants_record and request.viewer.may("log.view", seen.scope_id)):
            return HttpResponseRedirect(reverse("desk:portal_request", args=[seen.number]))
    order = order_of(request)
    page = show_ticket(
        request.viewer,
        number,
        now=datetime.now(UTC),
        order=order,
        all_segments=request.GET.get("segments") == "all",
    )
    response = show_page(request, page)
    if "order" in request.GET:
        response.set_cookie(ORDER_COOKIE, order, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


def order_of(request: HttpRequest) -> Order:
    """The order of the timeline that the reader asked for, now or the last time."""
    wanted = request.GET.get("order", request.COOKIES.get(ORDER_COOKIE, ""))
    return next((order for order in ORDERS if order == wanted), ORDERS[0])


def show_page(request: PageRequest, page: TicketPage, *, status: int = 200) -> HttpResponse:
    """The whole page."""
    show_contract(request, key=page.ticket.scope.key, scope_id=page.ticket.scope_id)
    return render(request, "desk/ticket.html", context_of(page), status=status)


def show_parts(
    request: PageRequest, page: TicketPage, parts: tuple[str, ...], *, status: int = 200
) -> HttpResponse:
    """Parts of the page for htmx, each in the place of what stands there; the rest of the page is left alone."""
    context = context_of(page) | {"parts": parts, "is_part": True}
    response = render(request, "desk/ticket/parts.html", context, status=status)
    response["HX-Reswap"] = "none"  # only what says its own place is replaced
    if page.done:
        response["HX-Trigger"] = json.dumps({"toast": page.done})
    return response


def context_of(page: TicketPage) -> dict[str, object]:
    """What the templates of the page know."""
    return {
        "page": page,
        "story": page.story,
        "ticket": page.ticket,
        "offers": page.offers,
        "part": page.part,
        "contract_title": page.story.contract_title,
    }


def answer(
    request: PageRequest,
    number: str,
    parts: tuple[str, ...],
    *,
    typed: Typed | None = None,
    since: Seen | None = None,
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    """What a browser gets back after an act: the parts that changed for htmx, else a redirect or the whole page."""
    is_htmx = bool(request.headers.get("HX-Request"))
    if not is_htmx and typed is None:
        if done:
            messages.success(request, done)
        return HttpResponseRedirect(reverse("desk:ticket", args=[number]), status=303)
    page = show_ticket(
        request.viewer,
        number,
        now=datetime.now(UTC),
        order=order_of(request),
        typed=typed,
        since=since,
        done=done,
    )
    return (
        show_parts(request, page, parts, status=status)
        if is_htmx
        else show_page(request, page, status=status)
    )


@require_safe
@signed_in
def timeline_part(request: PageRequest, number: str) -> HttpResponse:
    """Older or newer entries; without htmx as a page of their own."""
    part = show_part(
        request.viewer,
        number,
        before=read_number("before", request.GET.get("before", "")),
        after=read_number("after", request.GET.get("after", "")),
        order=order_of(request),
    )
    is_htmx = bool(request.headers.get("HX-Request"))
    template = "desk/ticket/entries.html" if is_htmx else "desk/ticket/timeline_page.html"
    return render(request, template, {"part": part, "number": number})


@require_safe
@signed_in
def changes(request: PageRequest, number: str) -> HttpResponse:
    """Asked every few seconds: nothing (204), or that somebody else changed the ticket, with a way to load it."""
    since = read_seen(request.GET.get("seen", ""))
    news = news_of(request.viewer, number, since) if since is not None else None
    if news is None:
        return HttpResponse(status=204)
    return render(request, "desk/ticket/changed.html", {"news": news, "ticket": news.ticket})


@require_POST
@signed_in
def refresh(request: PageRequest, number: str) -> HttpResponse:
    """The page anew but for the composer; what is typed into an open form comes along and stays."""
    key = request.POST.get("form", "")
    typed = Typed(key, text_values(request.POST)) if key else None
    access_ticket(request.viewer, number, with_people=False)
    return answer(request, number, OTHERS, typed=typed)


@require_safe
@signed_in
def people(request: PageRequest, number: str) -> HttpResponse:
    """The people of a team to choose from, for whoever may assign."""
    ticket = access_ticket(request.viewer, number)
    request.viewer.require("ticket.assign", ticket.scope_id)
    terms = terms_of(ticket)
    teams = teams_for(ticket.scope_id, tuple(terms.suppliers) if terms else ())
    wanted = [one for one in teams if str(one.team.uuid) == request.GET.get("team")]
    return render(request, "desk/ticket/options.html", {"groups": people_options(wanted or teams)})


@require_safe
@signed_in
def preview(request: PageRequest, number: str) -> HttpResponse:
    """What the due instants would become with another service, impact or urgency."""
    ticket = access_ticket(request.viewer, number)
    request.viewer.require("ticket.profile", ticket.scope_id)
    wanted = profile_wanted(request.viewer, ticket, request.GET)
    context: dict[str, object] = {"wanted": wanted, "ticket": ticket}
    if wanted.priority:
        context["promises"] = promises_changed(
            request.viewer, ticket, service=wanted.service, priority=wanted.priority, now=datetime.now(UTC)
        )
        context |= priority_words(wanted.terms, wanted.priority)
    return render(request, "desk/ticket/preview.html", context)
