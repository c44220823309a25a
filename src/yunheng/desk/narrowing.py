"""What a list of tickets is narrowed to, and the conditions that follow from it for somebody who looks."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from yunheng.accounts.models import Organisation, Person, Team
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation import statements
from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.refusals import Invalid
from yunheng.sla.models import LiveClock

from .models import Ticket
from .processes import ticket_processes
from .searching import narrow

OPEN: Final = "open"  #: stands for every state in which work can still come
MINE: Final = "mine"  #: a team that the viewer is in
ME: Final = "me"
NOBODY: Final = "nobody"
BREACHED: Final = "breached"
TODAY: Final = "today"
_HOURS: Final = re.compile(r"([1-9]\d{0,2})h")


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list is narrowed to; empty fields narrow nothing.

    `text` is a number or its beginning, or words of the ticket. `state` is a state's key or OPEN, `team` a UUID, MINE
    or NOBODY, `assignee` a UUID, ME or NOBODY, `requester` a UUID or a name, `contract` a key, `waiting` the party at
    fault of the present state, `due` BREACHED, TODAY or "8h" (running clocks, of tickets that one can work on).
    """

    state: str = ""
    priority: str = ""
    service: str = ""
    text: str = ""
    opened_from: datetime | None = None
    opened_until: datetime | None = None
    kind: str = ""
    team: str = ""
    assignee: str = ""
    waiting: str = ""
    due: str = ""
    channel: str = ""
    requester: str = ""
    contract: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it narrows anything."""
        return any(getattr(self, field.name) for field in fields(self))


def final_states() -> frozenset[str]:
    """States of any process in which a ticket's life has ended."""
    return frozenset(
        state.key for process in ticket_processes() for state in process.states.values() if state.is_final
    )


def waiting_states() -> Mapping[str, frozenset[str]]:
    """Waiting states of all processes by the party at fault ("client", "supplier", "provider")."""
    found: dict[str, set[str]] = {}
    for process in ticket_processes():
        for state in process.states.values():
            if state.category == "waiting" and state.party is not None:
                found.setdefault(state.party.name.lower(), set()).add(state.key)
    return {party: frozenset(states) for party, states in found.items()}


def is_open() -> Q:
    """The condition of tickets whose life goes on; its first half is that of partial indexes."""
    return Q(closed_at=None) & ~Q(state__in=final_states())


def scopes_with(viewer: Viewer, permission: str) -> Collection[int] | None:
    """Scopes in which the viewer holds the permission; None means all."""
    scopes = viewer.scope_ids()
    if viewer.may(permission, None):
        return None
    return [] if scopes is ALL else [scope for scope in scopes if viewer.may(permission, scope)]


def narrowed(
    viewer: Viewer, tickets: QuerySet[Ticket], wanted: TicketFilter, *, now: datetime
) -> QuerySet[Ticket]:
    """The tickets that fit. Raises Invalid naming the field for a team, person, contract or due that is none."""
    if wanted.state == OPEN:
        tickets = tickets.filter(is_open())
    elif wanted.state:
        tickets = tickets.filter(state=wanted.state)
    for name in ("priority", "service", "kind", "channel"):
        value = getattr(wanted, name)
        if value:
            tickets = tickets.filter(**{name: value})
    if wanted.waiting:
        tickets = tickets.filter(closed_at=None, state__in=waiting_states().get(wanted.waiting, ()))
    if wanted.opened_from is not None:
        tickets = tickets.filter(opened_at__gte=wanted.opened_from)
    if wanted.opened_until is not None:
        tickets = tickets.filter(opened_at__lt=wanted.opened_until)
    if wanted.contract:
        tickets = tickets.filter(scope_id=_contract_id(viewer, wanted.contract))
    if wanted.team:
        tickets = tickets.filter(_team(viewer, wanted.team))
    if wanted.assignee:
        tickets = _named(viewer, tickets, _assignee(viewer, wanted.assignee), is_own=wanted.assignee == ME)
    if wanted.requester:
        tickets = _requested(viewer, tickets, wanted.requester)
    if wanted.due:
        tickets = tickets.filter(
            is_open(), is_observed=False, pk__in=due_subjects(viewer, wanted.due, now=now)
        )
    text = wanted.text.strip()
    return narrow(viewer, tickets, text) if text else tickets


# --- people, teams, contracts


def _contract_id(viewer: Viewer, key: str) -> int:
    found = contracts_visible_to(viewer).filter(scope__key=key).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"contract": _("There is no contract “%(key)s”.") % {"key": key}})
    return int(found)


def team_ids_of(viewer: Viewer) -> list[int]:
    """Teams that the viewer is in (1 query)."""
    if viewer.person_id is None:
        return []
    rows = statements.fetch_all("SELECT team_id FROM team_person WHERE person_id = %s", [viewer.person_id])
    return [team_id for (team_id,) in rows]


def _team(viewer: Viewer, value: str) -> Q:
    if value == NOBODY:
        return Q(team=None)
    if value == MINE:
        return Q(team_id__in=team_ids_of(viewer))
    found = Team.objects.filter(uuid=_uuid("team", value)).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"team": _("There is no such team.")})
    return Q(team_id=found)


def _assignee(viewer: Viewer, value: str) -> Q:
    if value == NOBODY:
        return Q(assignee=None)
    if value == ME:
        return Q(assignee_id=viewer.person_id) if viewer.person_id is not None else Q(pk__in=())
    return Q(assignee_id=_person_id("assignee", value))


def _requested(viewer: Viewer, tickets: QuerySet[Ticket], value: str) -> QuerySet[Ticket]:
    try:
        person_id: int | None = _person_id("requester", value)
    except Invalid:
        person_id = None
    if person_id is not None:
        return _named(viewer, tickets, Q(requester_id=person_id), is_own=person_id == viewer.person_id)
    return narrow(viewer, tickets, value, only="personal")


def _named(viewer: Viewer, tickets: QuerySet[Ticket], condition: Q, *, is_own: bool) -> QuerySet[Ticket]:
    """Narrow by a person where the viewer may know names; asking would tell what the list does not."""
    scopes = None if is_own else scopes_with(viewer, "entry.personal")
    return tickets.filter(condition) if scopes is None else tickets.filter(condition, scope_id__in=scopes)


def _person_id(field: str, value: str) -> int:
    found = Person.objects.filter(uuid=_uuid(field, value)).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({field: _("There is no such person.")})
    return int(found)


def _uuid(field: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid({field: _("Choose one of those that are offered.")}) from None


# --- due


def running_clocks(viewer: Viewer) -> QuerySet[LiveClock]:
    """Running clocks with a due instant, of the kinds that are the viewer's business."""
    return LiveClock.objects.filter(clocks_told(viewer), status="running", due_at__isnull=False)


def due_subjects(viewer: Viewer, due: str, *, now: datetime) -> QuerySet[LiveClock, Any]:
    """Ids of the subjects with a clock that is late, or due today or within hours. Raises Invalid for the field "due".

    Late is what still runs or waits: a promise that was missed and is over is no work any more.
    """
    if due == BREACHED:
        late = LiveClock.objects.filter(
            clocks_told(viewer), status__in=("running", "paused"), breached_at__lte=now
        )
        return late.values("subject_id")
    return running_clocks(viewer).filter(due_at__gt=now, due_at__lte=_horizon(due, now)).values("subject_id")


def _horizon(due: str, now: datetime) -> datetime:
    if due == TODAY:
        zone = timezone.get_current_timezone()
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), zone)
    hours = _HOURS.fullmatch(due)
    if hours is None:
        raise Invalid({"due": _("One of: breached, today, or hours as in “8h”.")})
    return now + timedelta(hours=int(hours[1]))


def clocks_told(viewer: Viewer) -> Q:
    """Which live clocks are the viewer's business (1 query, 2 for suppliers; 1 more when contracts changed).

    The provider's list is ordered by what it promised to clients. For anybody else each version of each contract counts
    by itself: under one key another contract may measure what is internal, and nobody learns from the order of a list
    that it is late.
    """
    scopes = viewer.scope_ids()
    audience = "supplier" if viewer.organisation_kind == "supplier" else "client"
    newest = statements.fetch_all("SELECT coalesce(max(id), 0) FROM contract_version", [])[0][0]
    own = ""
    if audience == "supplier" and viewer.organisation_id is not None:
        own = (
            Organisation.objects.filter(pk=viewer.organisation_id).values_list("key", flat=True).first() or ""
        )
    where = frozenset(scopes) if scopes is not ALL and viewer.organisation_kind != "provider" else None
    by_version = _kinds(str(connection.settings_dict["NAME"]), newest, where, audience, own)
    if where is None:
        return Q(kind__in=sorted({kind for _version, kind in by_version}))
    versions: dict[str, list[int]] = {}
    for version, kind in by_version:
        versions.setdefault(kind, []).append(version)
    kinds: dict[tuple[int, ...], list[str]] = {}  # by the versions that tell them: mostly one group
    for kind, told_by in versions.items():
        kinds.setdefault(tuple(told_by), []).append(kind)
    told = Q(pk__in=())
    for told_by_all, keys in kinds.items():
        told |= Q(contract_version_id__in=told_by_all, kind__in=keys)
    return told


@lru_cache(maxsize=256)
def _kinds(
    database: str, newest: int, scopes: frozenset[int] | None, audience: str, supplier: str
) -> tuple[tuple[int, str], ...]:
    """(version of a contract, key of a clock in it) for everything that this audience is told of."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, clock ->> 'key'
            FROM contract_version, jsonb_array_elements(terms -> 'clocks') AS clock
            WHERE (%s::bigint[] IS NULL OR contract_id = ANY(%s)) AND clock ->> 'audience' = %s
              AND coalesce(clock ->> 'supplier', %s) = %s
            ORDER BY 1, 2""",
            [*(2 * [None if scopes is None else sorted(scopes)]), audience, supplier, supplier],
        )
        return tuple((version, key) for version, key in cursor.fetchall())
