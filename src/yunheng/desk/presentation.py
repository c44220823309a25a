"""Rows, columns and choices of the ticket list in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import statements, wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import UnknownProcessError, label_text, process_of
from yunheng.logic.facts import Party
from yunheng.sla.models import LiveClock
from yunheng.sla.wording import Mark, mark_name, mark_of, party_name, used_percent

from .actions import CHANNELS, KIND_CODES
from .asking import COLUMNS, NAMES, USUAL
from .listing import BY_DUE, BY_PRIORITY, NEWEST, OPEN, TicketPage
from .models import Ticket
from .narrowing import BREACHED, TODAY, waiting_states
from .processes import ticket_processes
from .wording import CATEGORY_MARKS, channel_name, kind_name, state_label

HOURS = (2, 4, 8, 24)  #: offered as "due within"


@dataclass(frozen=True, slots=True)
class ClockCell:
    """The clock of a ticket that presses most: mark, name, and when it is due.

    `due_at` is given while it runs and is not late; from `warn_at` on it is at risk.
    """

    mark: Mark
    mark_label: str
    label: str
    due: str
    due_at: datetime | None = None
    warn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of the list. `waiting` says for whom it waits, "" when it does not."""

    ticket: Ticket
    state: str
    state_mark: str
    waiting: str
    priority: str
    rank: int
    service: str
    kind: str
    channel: str
    assignee: str
    requester: str
    clock: ClockCell | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen."""

    key: str
    label: str
    is_chosen: bool = False


_URGENCY: Mapping[str, int] = {
    "breached": 0,
    "risk": 1,
    "running": 2,
    "paused": 3,
    "plain": 4,
    "met": 5,
    "na": 6,
}


def terms_by_scope(scope_ids: Iterable[int], at: datetime) -> Mapping[int, ContractTerms]:
    """The terms that were recorded last of those that had begun, by scope: names of services, priorities (1 query)."""
    versions = statements.fetch_all(_VERSIONS, [list(set(scope_ids)), at])
    return {scope_id: terms_of_version(version_id) for scope_id, version_id in versions}


_VERSIONS: Final = """
    SELECT DISTINCT ON (contract_id) contract_id, id FROM contract_version
    WHERE contract_id = ANY(%s::bigint[]) AND valid_from <= %s
    ORDER BY contract_id, number DESC
"""


def ticket_rows(
    page: TicketPage, terms: Mapping[int, ContractTerms], viewer: Viewer, *, now: datetime
) -> list[TicketRow]:
    """The page's tickets in words, each with the clock that presses most; names where the viewer may see them."""
    reader = _Reader(viewer, terms, now)
    return [_row(ticket, page.clocks.get(ticket.pk, []), reader) for ticket in page.tickets]


class _Reader:
    """Who reads a page of rows, when, and in which language; what many rows ask for is looked up once."""

    def __init__(self, viewer: Viewer, terms: Mapping[int, ContractTerms], now: datetime) -> None:
        self.person_id, self.now = viewer.person_id, now
        self.language = get_language() or ""
        self._terms = terms
        self.sees_names = cache(partial(viewer.may, "entry.personal"))
        self.state, self.priority, self.service = (
            cache(self._state),
            cache(self._priority),
            cache(self._service),
        )
        self.detail = cache(self._detail)
        self.kind, self.channel, self.mark = cache(kind_name), cache(channel_name), cache(mark_name)

    def _state(self, process_key: str, version: int, key: str) -> tuple[str, str, str]:
        """A state's label and mark, and for whom one waits in it."""
        try:
            process = process_of(process_key, version)
        except UnknownProcessError:
            process = None
        label, state = state_label(process, key), process.states.get(key) if process else None
        if state is None:
            return label, "plain", ""
        waiting = party_name(state.party or Party.NONE) if state.category == "waiting" else ""
        return label, CATEGORY_MARKS.get(state.category, "plain"), waiting

    def _priority(self, scope_id: int, key: str) -> tuple[str, int]:
        """A priority's label, and how many bars of four it has."""
        terms = self._terms.get(scope_id)
        priority = terms.priorities.get(key) if terms else None
        return (label_in(priority.label, self.language), max(1, 4 - priority.rank)) if priority else (key, 0)

    def _service(self, scope_id: int, key: str) -> str:
        terms = self._terms.get(scope_id)
        service = terms.services.get(key) if terms else None
        return label_in(service.label, self.language) if service else key

    def _detail(self, version_id: int | None, kind: str) -> tuple[str, str]:
        """Label and audience of a clock, from the version of the contract that it follows; "" for an audience that is
        not known.
        """
        detail = terms_of_version(version_id).clock_details.get(kind) if version_id else None
        return (label_in(detail.label, self.language), detail.audience) if detail else (kind, "")


def _row(ticket: Ticket, clocks: Sequence[LiveClock], reader: _Reader) -> TicketRow:
    state, state_mark, waiting = reader.state(ticket.process_key, ticket.process_version, ticket.state)
    priority, rank = reader.priority(ticket.scope_id, ticket.priority)
    has_names = reader.sees_names(ticket.scope_id)
    is_own = ticket.requester_id is not None and ticket.requester_id == reader.person_id
    asked = ticket.requester.name if ticket.requester else ticket.requester_name
    return TicketRow(
        ticket=ticket,
        state=state,
        state_mark=state_mark,
        waiting=waiting,
        priority=priority,
        rank=rank,
        service=reader.service(ticket.scope_id, ticket.service),
        kind=reader.kind(ticket.kind),
        channel=reader.channel(ticket.channel),
        assignee=ticket.assignee.name if ticket.assignee and has_names else "",
        requester=asked if has_names or is_own else "",
        clock=_pressing(clocks, reader),
    )


def _pressing(clocks: Sequence[LiveClock], reader: _Reader) -> ClockCell | None:
    """The clock that presses most: late, at risk, running, waiting, then what is over. Of those promised to the
    client; where none of them is the reader's business (a supplier), of the reader's own.
    """
    now = reader.now
    known = [
        (clock, *reader.detail(clock.contract_version_id, clock.kind)) for clock in clocks if not clock.reason
    ]
    promised = [one for one in known if one[2] == "client"]
    marked = [(clock, label, _mark(clock, now)) for clock, label, _audience in promised or known]
    if not marked:
        return None
    clock, label, mark = min(
        marked, key=lambda one: (_URGENCY[one[2]], one[0].due_at is None, one[0].due_at or now)
    )
    is_running = clock.status == "running" and clock.due_at is not None
    return ClockCell(
        mark,
        reader.mark(mark, clock.status),
        label,
        wording.instant(clock.due_at, now=now) if is_running else "",
        clock.due_at if is_running and not _is_late(clock, now) else None,
        clock.folded_at if mark == "risk" else None,
    )


def _mark(clock: LiveClock, now: datetime) -> Mark:
    used = used_percent(clock.elapsed_seconds, clock.goal_seconds)
    return mark_of(clock.status, is_met=clock.is_met, is_breached=_is_late(clock, now), used_percent=used)


def _is_late(clock: LiveClock, now: datetime) -> bool:
    return clock.breached_at is not None and clock.breached_at <= now


# --- what one may choose


def filter_choices(terms: Iterable[ContractTerms]) -> dict[str, list[tuple[str, str]]]:
    """What one may narrow a list to; priorities and services of these contracts, the first name of each key."""
    language = get_language() or ""
    states: dict[str, str] = {OPEN: _("Not closed")}
    for process in ticket_processes():
        for key, state in process.states.items():
            states.setdefault(key, label_text(state.label))
    priorities: dict[str, str] = {}
    services: dict[str, str] = {}
    for one in terms:
        for key, priority in one.priorities.items():
            priorities.setdefault(key, label_in(priority.label, language))
        for key, service in one.services.items():
            services.setdefault(key, label_in(service.label, language))
    return {
        "states": list(states.items()),
        "priorities": sorted(priorities.items()),
        "services": list(services.items()),
        "kinds": [(key, kind_name(key)) for key in KIND_CODES],
        "channels": [(key, channel_name(key)) for key in (*CHANNELS, "import")],
        "waiting": waiting_choices(),
        "due": due_choices(),
        "orders": [
            (NEWEST, _("Newest first")),
            (BY_DUE, _("Due first (running clocks)")),
            (BY_PRIORITY, _("By priority (open tickets)")),
        ],
    }


def waiting_choices() -> list[tuple[str, str]]:
    """Whom one can wait for; what we wait for ourselves as the states of the processes say it ("waiting for parts")."""
    parties = waiting_states()
    found: list[tuple[str, str]] = []
    for party in ("client", "supplier", "provider", "force_majeure"):
        if party in parties and party in {"client", "supplier"}:
            name = _("Waiting for client") if party == "client" else _("Waiting for supplier")
            found.append((party, name))
            continue
        labels = {
            label_text(process.states[key].label): None
            for process in ticket_processes()
            for key in process.states
            if key in parties.get(party, ())
        }
        if labels:
            found.append((party, " / ".join(labels)))
    return found


def due_choices() -> list[tuple[str, str]]:
    """When a running clock may be due."""
    within = [(f"{hours}h", _("Within %(hours)d h") % {"hours": hours}) for hours in HOURS]
    return [(BREACHED, _("Breached")), (TODAY, _("Today")), *within]


def column_heads() -> dict[str, str]:
    """What stands over each column."""
    return {
        "contract": _("Contract"),
        "state": _("State"),
        "waiting": _("Waiting for"),
        "priority": _("Priority"),
        "due": _("Clock that presses most"),
        "service": _("Service"),
        "kind": _("Kind"),
        "team": _("Team"),
        "assignee": _("Assignee"),
        "requester": _("Requester"),
        "channel": _("Source"),
        "ci": _("Configuration item"),
        "category": _("Category"),
        "moved": _("In this state since"),
        "opened": _("Opened"),
    }


def column_names(viewer: Viewer, *, is_one_contract: bool) -> dict[str, str]:
    """Columns that the viewer may choose, in their order, with their heads."""
    heads = column_heads()
    hidden = set() if sees_names(viewer) else set(NAMES)
    if is_one_contract:
        hidden.add("contract")
    return {key: heads[key] for key in COLUMNS if key not in hidden}


def sees_names(viewer: Viewer) -> bool:
    """Whether the viewer sees names of people in some contract."""
    return viewer.may_somewhere("entry.personal")


def columns_shown(chosen: Sequence[str], offered: Mapping[str, str]) -> list[Choice]:
    """All columns that are offered; chosen are those that were asked for, else the usual ones."""
    wanted = [column for column in chosen if column in offered] or [one for one in USUAL if one in offered]
    return [Choice(key, label, key in wanted) for key, label in offered.items()]
