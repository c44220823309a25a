"""What somebody who works the desk has to do now: counts that are capped, the first tickets of each pile, and doors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet, TextField, Value
from django.utils.translation import gettext as _

from yunheng.contracts.reading import contract_names
from yunheng.foundation.access import Viewer

from .asking import Asked
from .listing import BY_DUE, NEWEST, clocks_of_page, first_due
from .models import Proposal, Ticket
from .narrowing import (
    BREACHED,
    ME,
    MINE,
    NOBODY,
    OPEN,
    TicketFilter,
    due_subjects,
    is_open,
    team_ids_of,
    waiting_states,
)
from .presentation import TicketRow, terms_by_scope, ticket_rows, waiting_choices
from .queries import WaitingPause, pauses_waiting_for, proposals_waiting_for, visible_to
from .rows import tickets_listed

MOST_COUNTED: Final = 99  #: beyond this a count says "99+"
SHOWN: Final = 5
SOON: Final = "4h"


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets lie in a pile, counted up to MOST_COUNTED; `query` opens the list of all."""

    key: str
    label: str
    number: int
    query: str

    @property
    def text(self) -> str:
        """The number, or "99+"."""
        return f"{MOST_COUNTED}+" if self.number > MOST_COUNTED else str(self.number)


@dataclass(frozen=True, slots=True)
class Pile:
    """A pile of tickets with its first rows."""

    count: Count
    rows: Sequence[TicketRow]
    explanation: str


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything on the workbench of one person."""

    counts: Sequence[Count]
    waiting: Sequence[Count]
    piles: Sequence[Pile]
    pauses: Sequence[WaitingPause]
    proposals: Sequence[tuple[Proposal, str]]
    has_contracts: bool
    has_teams: bool

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the piles."""
        return frozenset({"contract", "state", "priority", "due", "team"})

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all to do."""
        return not (self.pauses or self.proposals or any(one.number for one in (*self.counts, *self.waiting)))


def workbench_of(viewer: Viewer, *, now: datetime) -> Workbench:
    """The viewer's workbench (about 25 queries, each along an index of open tickets or running clocks)."""
    live = visible_to(viewer).filter(is_open(), is_observed=False)
    teams = team_ids_of(viewer)
    in_teams = live.filter(team_id__in=teams)
    tickets = {
        "breached": live.filter(pk__in=due_subjects(viewer, BREACHED, now=now)),
        "soon": live.filter(pk__in=due_subjects(viewer, SOON, now=now)),
        "mine": live.filter(assignee_id=viewer.person_id),
        "unassigned": in_teams.filter(assignee=None),
        "teams": in_teams,
    }
    states = waiting_states()
    parties = waiting_choices()
    numbers = _counted(tickets | {party: live.filter(state__in=states[party]) for party, _label in parties})

    def count(key: str, label: str, wanted: TicketFilter, order: str = NEWEST) -> Count:
        return Count(key, label, numbers[key], Asked(wanted=wanted, order=order).query())

    counts = [
        count("breached", _("Breached"), TicketFilter(state=OPEN, due=BREACHED), BY_DUE),
        count("soon", _("Due within 4 h"), TicketFilter(state=OPEN, due=SOON), BY_DUE),
        count("mine", _("Mine"), TicketFilter(state=OPEN, assignee=ME)),
        count(
            "unassigned",
            _("Unassigned in my teams"),
            TicketFilter(state=OPEN, team=MINE, assignee=NOBODY),
        ),
        count("teams", _("My teams'"), TicketFilter(state=OPEN, team=MINE)),
    ]
    waiting = [count(party, label, TicketFilter(waiting=party)) for party, label in parties]
    return Workbench(
        counts=counts,
        waiting=waiting,
        piles=_piles(viewer, counts, tickets, now),
        pauses=pauses_waiting_for(viewer, now=now),
        proposals=[(one, proposal_name(one.kind)) for one in proposals_waiting_for(viewer)],
        has_contracts=bool(contract_names(viewer, most=1)),
        has_teams=bool(teams),
    )


def _counted(tickets: Mapping[str, QuerySet[Ticket]]) -> Counter[str]:
    """How many tickets there are by key; of each at most MOST_COUNTED + 1 rows are looked at (1 query)."""
    parts = [
        one.order_by().values_list(Value(key, output_field=TextField()))[: MOST_COUNTED + 1]
        for key, one in tickets.items()
    ]
    return Counter(key for (key,) in parts[0].union(*parts[1:], all=True))


def _piles(
    viewer: Viewer, counts: Sequence[Count], tickets: Mapping[str, QuerySet[Ticket]], now: datetime
) -> list[Pile]:
    """First rows of the piles that are not empty, with clocks and words for all of them at once."""
    explanations = {
        "breached": _("A promise was missed and the ticket is still open, the oldest miss first."),
        "soon": _("A running clock is due within four hours, the first first."),
        "mine": _("Assigned to you, by what is due first."),
        "unassigned": _("In one of your teams, and nobody has it yet."),
        "teams": _("Open in your teams, by what is due first."),
    }
    shown = [count for count in counts if count.number]
    firsts = first_due(viewer, [tickets[count.key] for count in shown], limit=SHOWN)
    chosen: list[tuple[Count, list[int]]] = []
    for count, ids in zip(shown, firsts, strict=True):
        if len(ids) < min(SHOWN, count.number):  # then those whose clocks stand still: newest first
            further = tickets[count.key].exclude(pk__in=ids).order_by("-opened_at", "-id")
            ids += further.values_list("pk", flat=True)[: SHOWN - len(ids)]
        chosen.append((count, ids))
    page = clocks_of_page(viewer, tickets_listed(sorted({pk for _count, ids in chosen for pk in ids})))
    terms = terms_by_scope({ticket.scope_id for ticket in page.tickets}, now)
    rows = {row.ticket.pk: row for row in ticket_rows(page, terms, viewer, now=now)}
    return [
        Pile(count, [rows[pk] for pk in ids if pk in rows], explanations[count.key]) for count, ids in chosen
    ]


def proposal_name(kind: str) -> str:
    """What a proposal is about."""
    return {
        "correct_time": _("Correct a time"),
        "leave_out": _("Leave out of the indicators"),
        "take_back": _("Take back into the indicators"),
        "exclude_window": _("Exclude a period"),
    }.get(kind, kind)
