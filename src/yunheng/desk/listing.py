"""Lists of tickets: filtered, newest first, by keyset; nothing here counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to, terms_of_version
from yunheng.contracts.terms import ClockDetail
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import load_processes
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.sla.models import LiveClock
from yunheng.sla.queries import live_clocks

from .models import Ticket
from .queries import visible_to

PAGE = 50
OPEN = "open"  #: stands for every state in which work can still come


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list is narrowed to; empty fields narrow nothing. `text` is a number, a source's number, or
    words of the title.
    """

    state: str = ""
    priority: str = ""
    service: str = ""
    text: str = ""
    opened_from: datetime | None = None
    opened_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One page of a list; `clocks` by ticket id; `following` continues it, "" at the end."""

    tickets: Sequence[Ticket]
    clocks: Mapping[int, list[LiveClock]]
    following: str


def contract_with_tickets(viewer: Viewer, key: str) -> Contract:
    """The contract with that key for anybody who has a role in it. Raises NotFound alike for missing and
    hidden.
    """
    contract = contracts_visible_to(viewer).filter(scope__key=key).first()
    if contract is None:
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return contract


def final_states() -> frozenset[str]:
    """States of any process in which a ticket's life has ended."""
    return frozenset(
        state.key
        for process in load_processes().values()
        for state in process.states.values()
        if state.is_final
    )


def list_tickets(
    viewer: Viewer, *, scope_id: int, wanted: TicketFilter, after: str = "", limit: int = PAGE
) -> TicketPage:
    """Tickets of a scope that the viewer may see, newest first (2 queries, 3 when continued).

    `after` is the number of the last ticket already seen. Raises Invalid for one that is not in this list.
    """
    tickets = visible_to(viewer).filter(scope_id=scope_id).select_related("team", "supplier")
    if wanted.state == OPEN:
        tickets = tickets.exclude(state__in=final_states())
    elif wanted.state:
        tickets = tickets.filter(state=wanted.state)
    if wanted.priority:
        tickets = tickets.filter(priority=wanted.priority)
    if wanted.service:
        tickets = tickets.filter(service=wanted.service)
    if wanted.opened_from is not None:
        tickets = tickets.filter(opened_at__gte=wanted.opened_from)
    if wanted.opened_until is not None:
        tickets = tickets.filter(opened_at__lt=wanted.opened_until)
    text = wanted.text.strip()
    if text:
        tickets = tickets.filter(
            Q(number__startswith=text.upper()) | Q(source_number=text.upper()) | Q(title__icontains=text)
        )
    if after:
        last = (
            visible_to(viewer).filter(scope_id=scope_id, number=after).values_list("opened_at", "id").first()
        )
        if last is None:
            raise Invalid({"after": _("This is not a place in this list.")})
        tickets = tickets.filter(Q(opened_at__lt=last[0]) | Q(opened_at=last[0], id__lt=last[1]))
    found = list(tickets.order_by("-opened_at", "-id")[: limit + 1])
    page = found[:limit]
    clocks = live_clocks(scope_id=scope_id, subject_ids=[ticket.pk for ticket in page]) if page else {}
    return TicketPage(
        tickets=page,
        clocks={ticket.pk: clocks_shown(viewer, ticket, clocks.get(ticket.pk, [])) for ticket in page},
        following=page[-1].number if len(found) > limit else "",
    )


def clocks_shown(viewer: Viewer, ticket: Ticket, clocks: Sequence[LiveClock]) -> list[LiveClock]:
    """The clocks of a ticket that are the viewer's business: all for the provider, one's own promises for others."""
    shown = []
    for clock in clocks:
        terms = terms_of_version(clock.contract_version_id) if clock.contract_version_id else None
        if is_clock_for(viewer, ticket, terms.clock_details.get(clock.kind) if terms else None):
            shown.append(clock)
    return shown


def is_clock_for(viewer: Viewer, ticket: Ticket, detail: ClockDetail | None) -> bool:
    """Whether a clock concerns the viewer: the client sees what it was promised, a supplier what it promised itself.

    A clock without detail (no contract was in force) has nothing to hide: it only says why there is none.
    """
    if detail is None or viewer.may("entry.internal", ticket.scope_id):
        return True
    if viewer.organisation_kind == "supplier":
        own = ticket.supplier.key if ticket.supplier is not None else ""
        return detail.audience == "supplier" and detail.supplier in {None, own}
    return detail.audience == "client"
