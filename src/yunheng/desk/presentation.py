"""Rows and choices of the ticket list in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ClockDetail, ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.foundation.flow import UnknownProcessError, label_text, load_processes, process_of
from yunheng.sla.models import LiveClock
from yunheng.sla.wording import Mark, mark_name, mark_of, used_percent

from .listing import OPEN, TicketPage
from .models import Ticket
from .wording import CATEGORY_MARKS, state_label


@dataclass(frozen=True, slots=True)
class ClockCell:
    """The clock of a ticket that presses most: mark, name, and when it is due."""

    mark: Mark
    mark_label: str
    label: str
    due: str


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of the list."""

    ticket: Ticket
    state: str
    state_mark: str
    priority: str
    rank: int
    service: str
    clock: ClockCell | None


_URGENCY: Mapping[str, int] = {
    "breached": 0,
    "risk": 1,
    "running": 2,
    "paused": 3,
    "plain": 4,
    "met": 5,
    "na": 6,
}


def ticket_rows(page: TicketPage, terms: ContractTerms | None, *, now: datetime) -> list[TicketRow]:
    """The page's tickets in words, each with the clock that presses most."""
    language = get_language() or ""
    return [_row(ticket, page.clocks.get(ticket.pk, []), terms, language, now) for ticket in page.tickets]


def _row(
    ticket: Ticket, clocks: list[LiveClock], terms: ContractTerms | None, language: str, now: datetime
) -> TicketRow:
    try:
        process = process_of(ticket.process_key, ticket.process_version)
    except UnknownProcessError:
        process = None
    state = process.states.get(ticket.state) if process else None
    priority = terms.priorities.get(ticket.priority) if terms else None
    service = terms.services.get(ticket.service) if terms else None
    return TicketRow(
        ticket=ticket,
        state=state_label(process, ticket.state),
        state_mark=CATEGORY_MARKS.get(state.category, "plain") if state else "plain",
        priority=label_in(priority.label, language) if priority else ticket.priority,
        rank=max(1, 4 - priority.rank) if priority else 0,
        service=label_in(service.label, language) if service else ticket.service,
        clock=_pressing(clocks, language, now),
    )


def _pressing(clocks: list[LiveClock], language: str, now: datetime) -> ClockCell | None:
    """The clock that presses most: late, at risk, running, waiting, then what is over. Of those promised to the
    client; where none of them is the reader's business (a supplier), of the reader's own.
    """
    known = [(clock, _detail(clock)) for clock in clocks if not clock.reason]
    promised = [(clock, detail) for clock, detail in known if detail and detail.audience == "client"]
    cells = []
    for clock, detail in promised or known:
        used = used_percent(clock.elapsed_seconds, clock.goal_seconds)
        is_breached = clock.breached_at is not None and clock.breached_at <= now
        mark = mark_of(clock.status, is_met=clock.is_met, is_breached=is_breached, used_percent=used)
        due = wording.instant(clock.due_at, now=now) if clock.due_at and clock.status == "running" else ""
        label = label_in(detail.label, language) if detail else clock.kind
        cells.append(
            (
                _URGENCY[mark],
                clock.due_at is None,
                clock.due_at,
                ClockCell(mark, mark_name(mark, clock.status), label, due),
            )
        )
    cells.sort(key=lambda cell: (cell[0], cell[1], cell[2] or now))
    return cells[0][3] if cells else None


def _detail(clock: LiveClock) -> ClockDetail | None:
    """Label and audience of a clock, from the version of the contract that it follows."""
    version_id = clock.contract_version_id
    return terms_of_version(version_id).clock_details.get(clock.kind) if version_id else None


def filter_choices(terms: ContractTerms | None, language: str) -> dict[str, list[tuple[str, str]]]:
    """What one may narrow the list to: states of all processes, priorities and services of the contract."""
    states: dict[str, str] = {OPEN: _("Not closed")}
    for process in load_processes().values():
        for key, state in process.states.items():
            states.setdefault(key, label_text(state.label))
    return {
        "states": list(states.items()),
        "priorities": [(key, label_in(one.label, language)) for key, one in terms.priorities.items()]
        if terms
        else [],
        "services": [(key, label_in(one.label, language)) for key, one in terms.services.items()]
        if terms
        else [],
    }
