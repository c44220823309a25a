"""What presses now: promises that are broken or nearly so, who waits for whom, and whether we see it at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, Min
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.desk.asking import Asked
from yunheng.desk.listing import BY_DUE, NEWEST, list_tickets
from yunheng.desk.narrowing import BREACHED, OPEN, TicketFilter, narrowed, waiting_states
from yunheng.desk.presentation import TicketRow, terms_by_scope, ticket_rows, waiting_choices
from yunheng.desk.queries import visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound
from yunheng.sla.models import LiveClock

SOON: Final = "4h"
#: A sweep looks at due clocks several times a minute: one that it has not seen for so long stands behind.
BEHIND_AFTER: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Heap:
    """Tickets that are alike, counted; `query` is that of the list that holds just them."""

    key: str
    label: str
    count: int
    query: str
    mark: str = ""  #: breached or risk, where there are any


@dataclass(frozen=True, slots=True)
class Pressing:
    """The present of one contract. `behind_since`: clocks that were due to be looked at since then were not, so that
    breaches may be missing; None: all is seen.
    """

    heaps: Sequence[Heap]
    waiting: Sequence[Heap]
    rows: Sequence[TicketRow]
    behind_since: datetime | None
    evaluated_at: datetime

    def heap(self, key: str) -> Heap:
        """The heap with that key."""
        return next(one for one in (*self.heaps, *self.waiting) if one.key == key)


def pressing(viewer: Viewer, contract: Contract, *, now: datetime | None = None, limit: int = 8) -> Pressing:
    """What presses in one contract, for whoever may look at its figures: heaps, and the first tickets, late ones first.

    Raises Forbidden without `kpi.view`. (About 20 queries along indexes of open tickets and running clocks.)
    """
    viewer.require("kpi.view", contract.pk)
    now = now or datetime.now(UTC)
    counts = counts_by_scope(viewer, [contract.pk], now=now)
    key = contract.scope.key
    rows: list[TicketRow] = []
    for due in (BREACHED, SOON):
        wanted = TicketFilter(state=OPEN, due=due)
        if len(rows) < limit and counts[due].get(contract.pk):
            page = list_tickets(
                viewer, scope_id=contract.pk, wanted=wanted, order=BY_DUE, limit=limit - len(rows), now=now
            )
            if not page.tickets:  # late clocks that stand still have no due instant to be ordered by
                page = list_tickets(viewer, scope_id=contract.pk, wanted=wanted, limit=limit, now=now)
            known = {row.ticket.pk for row in rows}
            terms = terms_by_scope({contract.pk}, now)
            rows += [row for row in ticket_rows(page, terms, viewer, now=now) if row.ticket.pk not in known]
    return Pressing(
        heaps=heaps_of(counts, contract.pk, key),
        waiting=waiting_heaps_of(counts, contract.pk, key),
        rows=rows[:limit],
        behind_since=behind_since([contract.pk], now=now),
        evaluated_at=now,
    )


def contracts_watched_by(viewer: Viewer) -> list[Contract]:
    """Contracts whose figures the viewer may look at, by name of the client. Raises NotFound when there is none."""
    found = [
        contract
        for contract in contracts_visible_to(viewer).select_related("scope", "client").order_by("scope__key")
        if viewer.may("kpi.view", contract.pk)
    ]
    if not found:
        raise NotFound(_("There is nothing here."))
    return found


_WANTED: Final[Mapping[str, TicketFilter]] = {
    OPEN: TicketFilter(state=OPEN),
    BREACHED: TicketFilter(state=OPEN, due=BREACHED),
    SOON: TicketFilter(state=OPEN, due=SOON),
}


def counts_by_scope(
    viewer: Viewer, scope_ids: Collection[int], *, now: datetime
) -> Mapping[str, Mapping[int, int]]:
    """How many tickets lie in each heap, by key of the heap and scope; just those that the lists show."""
    seen = visible_to(viewer).filter(scope_id__in=scope_ids)
    wanted = dict(_WANTED) | {party: TicketFilter(waiting=party) for party in waiting_states()}
    found = {}
    for key, one in wanted.items():
        counted = narrowed(viewer, seen, one, now=now).order_by().values("scope_id").annotate(n=Count("pk"))
        found[key] = {row["scope_id"]: row["n"] for row in counted}
    return found


def heaps_of(counts: Mapping[str, Mapping[int, int]], scope_id: int | None, key: str) -> list[Heap]:
    """What is late, what is due soon, and all that is not closed: of one scope, or with None of all together."""
    labels = {BREACHED: _("Breached"), SOON: _("Due within 4 h"), OPEN: _("Not closed")}
    marks = {BREACHED: "breached", SOON: "risk"}
    orders = {SOON: BY_DUE}  # by due stand running clocks only; what is late may stand still
    return [
        _heap(one, label, counts, scope_id, replace(_WANTED[one], contract=key), orders, marks)
        for one, label in labels.items()
    ]


def waiting_heaps_of(counts: Mapping[str, Mapping[int, int]], scope_id: int | None, key: str) -> list[Heap]:
    """Tickets that wait, by the party that they wait for."""
    return [
        _heap(party, label, counts, scope_id, TicketFilter(waiting=party, contract=key), {}, {})
        for party, label in waiting_choices()
    ]


def _heap(
    key: str,
    label: str,
    counts: Mapping[str, Mapping[int, int]],
    scope_id: int | None,
    wanted: TicketFilter,
    orders: Mapping[str, str],
    marks: Mapping[str, str],
) -> Heap:
    by_scope = counts.get(key, {})
    count = sum(by_scope.values()) if scope_id is None else by_scope.get(scope_id, 0)
    query = Asked(wanted=wanted, order=orders.get(key, NEWEST)).query()
    return Heap(key, label, count, query, marks.get(key, "") if count else "")


def behind_since(scope_ids: Collection[int], *, now: datetime) -> datetime | None:
    """Since when a clock of these scopes waits to be looked at; None while the sweep keeps up (1 query)."""
    waiting = LiveClock.objects.filter(scope_id__in=scope_ids, next_check_at__lt=now - BEHIND_AFTER)
    found: datetime | None = waiting.aggregate(first=Min("next_check_at"))["first"]
    return found
