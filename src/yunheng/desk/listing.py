"""Lists of tickets: filtered, ordered, by keyset; nothing here counts. What takes too long is refused, with advice."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ClockDetail
from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.sla.models import LiveClock

from .models import Ticket
from .narrowing import OPEN, TicketFilter, final_states, is_open, narrowed, running_clocks
from .queries import visible_to
from .rows import clocks_listed, contract_with_key, tickets_listed

__all__ = [
    "BY_DUE",
    "BY_PRIORITY",
    "NEWEST",
    "OPEN",
    "ORDERS",
    "PAGE",
    "TicketFilter",
    "TicketPage",
    "TooBroad",
    "clocks_of_page",
    "clocks_shown",
    "contract_with_tickets",
    "final_states",
    "first_due",
    "is_clock_for",
    "limited",
    "list_tickets",
    "ordered",
    "rows_in_batches",
]

PAGE: Final = 50
LIMIT_MILLISECONDS: Final = 400
WALK_MILLISECONDS: Final = 100  #: for the server's own plan; then what fits is collected and sorted
NEWEST, BY_DUE, BY_PRIORITY = "newest", "due", "priority"
#: By due and by priority stand tickets that one can work on; by due those with a running clock, the latest first.
ORDERS: Final = (NEWEST, BY_DUE, BY_PRIORITY)
_NOT_SHOWN: Final = ("description", "resolution", "assignee__password", "requester__password")
_PRESSING: Final = 100  #: clocks due first, among which every pile is looked for before elsewhere
_FEW: Final = 2_000  #: tickets that are looked at one by one rather than along an index
_MANY: Final = 20_000  #: the same, where walking along the index took too long
_CANCELLED: Final = "57014"  # query_canceled
_DUE_PLACE: Final = re.compile(r"(\d{1,12})~(.+)")


#: When the clock is due that a ticket stands for (by due only), and the ticket's id.
_Place = tuple[datetime | None, int]


class TooBroad(Invalid):
    """The list took longer than it may; `fields` say what would help."""

    code = "too_broad"


class _WalkError(Exception):
    """The server's own plan took longer than it may."""


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
    contract, scopes = contract_with_key(key), viewer.scope_ids()
    if contract is None or not (scopes is ALL or contract.pk in scopes):
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return contract


def list_tickets(
    viewer: Viewer,
    *,
    scope_id: int | None = None,
    wanted: TicketFilter,
    order: str = NEWEST,
    after: str = "",
    limit: int = PAGE,
    now: datetime | None = None,
) -> TicketPage:
    """Tickets that the viewer may see, of one scope or of all (3 queries, 1 to 3 more for filters by name and by due, 1
    for each word).

    `after` is the `following` of the page before. Raises Invalid for what cannot be a filter, an order or a place in
    this list, and TooBroad when finding the page takes longer than LIMIT_MILLISECONDS.
    """
    now = now or datetime.now(UTC)
    if order not in ORDERS:
        raise Invalid({"order": _("One of: %(choices)s.") % {"choices": ", ".join(ORDERS)}})
    places = _places(viewer, scope_id, wanted, order, after, limit, now)
    found = tickets_listed([subject_id for _due_at, subject_id in places[:limit]])
    following = ""
    if len(places) > limit and found:
        due_at = places[limit - 1][0]
        following = f"{int(due_at.timestamp())}~{found[-1].number}" if due_at else found[-1].number
    return clocks_of_page(viewer, found, following)


def first_due(viewer: Viewer, piles: Sequence[QuerySet[Ticket]], *, limit: int) -> list[list[int]]:
    """Ids of the first tickets of each pile of open ones by what is due first, for who shows several lists together (4
    queries, and 1 to 3 for each pile; walking takes 3 for each stretch). Raises TooBroad as `list_tickets`.
    """

    def found(*, is_collecting: bool) -> list[list[int]]:
        clocks = running_clocks(viewer)
        pressing = _stretch(clocks, None, _PRESSING)
        chosen = []
        for pile in piles:
            places = _among(pressing, pile)
            if len(places) < limit and len(pressing) == _PRESSING:
                places = _due_places(clocks, pile, None, limit, is_collecting=is_collecting)
            chosen.append([pk for _due_at, pk in places[:limit]])
        return chosen

    try:
        with limited(_WalkError, milliseconds=WALK_MILLISECONDS):
            return found(is_collecting=False)
    except _WalkError:
        with limited(lambda: _too_broad(viewer, TicketFilter(state=OPEN), None)):
            return found(is_collecting=True)


def _places(
    viewer: Viewer,
    scope_id: int | None,
    wanted: TicketFilter,
    order: str,
    after: str,
    limit: int,
    now: datetime,
) -> list[_Place]:
    """Where the tickets of a page stand in its order, and the one after them."""
    tickets = visible_to(viewer) if scope_id is None else visible_to(viewer).filter(scope_id=scope_id)
    find = _by_due if order == BY_DUE else _by_place
    try:
        with limited(_WalkError, milliseconds=WALK_MILLISECONDS):
            fitting = narrowed(viewer, tickets, wanted, now=now)
            return find(viewer, fitting, order, after, limit)
    except _WalkError:
        with limited(lambda: _too_broad(viewer, wanted, scope_id)):
            fitting = narrowed(viewer, tickets, wanted, now=now)
            return find(viewer, fitting, order, after, limit, is_collecting=True)


def clocks_of_page(viewer: Viewer, tickets: Sequence[Ticket], following: str = "") -> TicketPage:
    """A page of these tickets, with the clocks that are the viewer's business (1 query)."""
    clocks = clocks_listed([ticket.pk for ticket in tickets])
    return TicketPage(
        tickets=tickets,
        clocks={ticket.pk: clocks_shown(viewer, ticket, clocks[ticket.pk]) for ticket in tickets},
        following=following,
    )


def ordered(tickets: QuerySet[Ticket], order: str) -> QuerySet[Ticket]:
    """By place in the list, with what a row shows. By due is no order of rows and counts as newest."""
    rows = tickets.select_related("scope", "team", "supplier", "assignee", "requester").defer(*_NOT_SHOWN)
    if order == BY_PRIORITY:
        return rows.filter(is_open()).order_by("priority", "-opened_at", "-id")
    return rows.order_by("-opened_at", "-id")


def _by_place(
    viewer: Viewer,
    tickets: QuerySet[Ticket],
    order: str,
    after: str,
    limit: int,
    *,
    is_collecting: bool = False,
) -> list[_Place]:
    rows = ordered(tickets, order)
    if after:
        last = _place(viewer, after)
        behind = Q(opened_at__lt=last.opened_at) | Q(opened_at=last.opened_at, id__lt=last.pk)
        if order == BY_PRIORITY:
            rows = rows.filter(Q(priority__gt=last.priority) | Q(behind, priority=last.priority))
            rows = rows.filter(priority__gte=last.priority)  # where to begin in the index
        else:
            rows = rows.filter(behind, opened_at__lte=last.opened_at)
    # Ids first: what a row shows is joined to the rows of the page only, and not to all that have to be sorted.
    ids = _collected(rows, order) if is_collecting else None
    if ids is None:
        ids = list(rows.values_list("pk", flat=True)[: limit + 1])
    return [(None, pk) for pk in ids[: limit + 1]]


def _collected(rows: QuerySet[Ticket], order: str) -> list[int] | None:
    """Ids of all these rows in their order; None when there are more than _MANY (1 query).

    For an ordered page the server walks along the index of instants, as if what fits lay evenly there. Where nothing
    fits, or only old tickets do, it walks through all of them. Without an order it looks for what is rare.
    """
    found = list(rows.order_by().values_list("opened_at", "pk", "priority")[: _MANY + 1])
    if len(found) > _MANY:
        return None
    found.sort(reverse=True)
    if order == BY_PRIORITY:
        found.sort(key=lambda one: one[2])
    return [pk for _opened_at, pk, _priority in found]


def _by_due(
    viewer: Viewer,
    tickets: QuerySet[Ticket],
    _order: str,
    after: str,
    limit: int,
    *,
    is_collecting: bool = False,
) -> list[_Place]:
    """Tickets by the running clock that is due first, each once: few are sorted, of many the index of due instants is
    walked. (2 queries; walking takes 3 for each stretch.)
    """
    clocks = running_clocks(viewer)
    place = _due_place(viewer, after) if after else None
    open_tickets = tickets.filter(is_open(), is_observed=False)
    return _due_places(clocks, open_tickets, place, limit + 1, is_collecting=is_collecting)


def _due_places(
    clocks: QuerySet[LiveClock],
    tickets: QuerySet[Ticket],
    place: tuple[datetime, int] | None,
    wanted: int,
    *,
    is_collecting: bool,
) -> list[_Place]:
    most = _MANY if is_collecting else _FEW
    few = list(tickets.order_by().values_list("pk", flat=True)[: most + 1])
    if len(few) > most:
        return [*_walk(clocks, tickets, place, wanted)]
    return list(_firsts(clocks, few, place)[:wanted])


def _firsts(
    clocks: QuerySet[LiveClock], subject_ids: Sequence[int], place: tuple[datetime, int] | None = None
) -> QuerySet[LiveClock, Any]:
    """When the first running clock of each of these subjects is due, and its id; those behind a place, in order."""
    firsts = (
        clocks.filter(subject_id__in=subject_ids)
        .order_by()
        .values("subject_id")
        .annotate(first=Min("due_at"))
    )
    if place is not None:
        due_at, last = place
        firsts = firsts.filter(Q(first__gt=due_at) | Q(first=due_at, subject_id__gt=last))
    return firsts.order_by("first", "subject_id").values_list("first", "subject_id")


def _stretch(
    clocks: QuerySet[LiveClock], place: tuple[datetime, int] | None, size: int
) -> list[tuple[datetime, int]]:
    """So many clocks behind a place, by what is due first (1 query)."""
    if place is not None:
        due_at, last = place
        clocks = clocks.filter(
            Q(due_at__gt=due_at) | Q(due_at=due_at, subject_id__gt=last), due_at__gte=due_at
        )
    found = clocks.order_by("due_at", "subject_id").values_list("due_at", "subject_id")
    return [(due_at, subject_id) for due_at, subject_id in found[:size] if due_at is not None]


def _among(stretch: Sequence[tuple[datetime, int]], tickets: QuerySet[Ticket]) -> list[_Place]:
    """Places of those tickets that a stretch from the very beginning holds: each by its first clock (1 query)."""
    fitting = set(
        tickets.filter(pk__in={subject_id for _due_at, subject_id in stretch})
        .order_by()
        .values_list("pk", flat=True)
    )
    firsts: dict[int, datetime] = {}
    for due_at, subject_id in stretch:
        if subject_id in fitting:
            firsts.setdefault(subject_id, due_at)
    return [(due_at, subject_id) for subject_id, due_at in firsts.items()]


def _walk(
    clocks: QuerySet[LiveClock],
    tickets: QuerySet[Ticket],
    place: tuple[datetime, int] | None,
    wanted: int,
) -> list[tuple[datetime, int]]:
    """Places of the first `wanted` tickets behind a place, in stretches that grow: nothing is sorted."""
    found: dict[int, datetime] = {}
    size = 4 * wanted
    while True:
        stretch = _stretch(clocks, place, size)
        fitting = tickets.filter(pk__in={subject_id for _due_at, subject_id in stretch}).order_by()
        firsts = set(_firsts(clocks, list(fitting.values_list("pk", flat=True))))
        for at, subject_id in stretch:
            if (at, subject_id) in firsts:
                found.setdefault(subject_id, at)
        if len(found) >= wanted or len(stretch) < size:
            return [(at, subject_id) for subject_id, at in found.items()][:wanted]
        place, size = stretch[-1], min(size * 2, max(size, _FEW))


def _due_place(viewer: Viewer, after: str) -> tuple[datetime, int]:
    place = _DUE_PLACE.fullmatch(after)
    if place is None:
        raise _no_place()
    return datetime.fromtimestamp(int(place[1]), UTC), _place(viewer, place[2]).pk


def _place(viewer: Viewer, number: str) -> Ticket:
    last = visible_to(viewer).filter(number=number).only("opened_at", "priority").first()
    if last is None:
        raise _no_place()
    return last


def _no_place() -> Invalid:
    return Invalid({"after": _("This is not a place in this list.")})


# --- time


@contextmanager
def limited(refusal: Callable[[], Exception], *, milliseconds: int = LIMIT_MILLISECONDS) -> Iterator[None]:
    """Have the server give up on what takes longer, and raise `refusal()` instead.

    The limit is for each statement; the one that was in force before is in force again afterwards.
    """
    is_outermost = not connection.in_atomic_block
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
                [f"{milliseconds}ms"],
            )
            before = cursor.fetchone()[0]
            yield
            if not is_outermost:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _CANCELLED:
            raise
        raise refusal() from None


def _too_broad(viewer: Viewer, wanted: TicketFilter, scope_id: int | None) -> TooBroad:
    """What would narrow this list enough, the most helpful first."""
    advice = []
    if scope_id is None and not wanted.contract:
        advice.append(_("Choose a contract."))
    if wanted.opened_from is None:
        advice.append(_("Say from which day on, for example the last 30 days."))
    if wanted.state != OPEN and not wanted.waiting:
        advice.append(_("Look for open tickets only."))
    if wanted.text:
        advice.append(_("Give a longer or rarer word, or the ticket's number."))
    return TooBroad({"filter": [_("This search goes through too many tickets. Narrow it further:"), *advice]})


# --- clocks


def clocks_shown(viewer: Viewer, ticket: Ticket, clocks: Sequence[LiveClock]) -> list[LiveClock]:
    """The clocks of a ticket that are the viewer's business: all for the provider, one's own promises for others."""
    if viewer.may("entry.internal", ticket.scope_id):
        return list(clocks)
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


def rows_in_batches(
    viewer: Viewer, tickets: QuerySet[Ticket], *, most: int, size: int = 1_000
) -> Iterator[TicketPage]:
    """All tickets from a cursor of the server, `most` at most, with their clocks; for exports."""
    batch: list[Ticket] = []
    for ticket in tickets[:most].iterator(chunk_size=size):
        batch.append(ticket)
        if len(batch) == size:
            yield clocks_of_page(viewer, batch)
            batch = []
    if batch:
        yield clocks_of_page(viewer, batch)
