"""What may be read of tickets. Every query starts from `visible_to(viewer)`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.accounts.roles import ROLES
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms, Label
from yunheng.foundation.access import EntryClass, Viewer, visible_classes
from yunheng.foundation.models import Attachment, Entry
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.canonical import instant
from yunheng.logic.facts import Party
from yunheng.logic.worktime import HorizonError
from yunheng.sla.models import Pause
from yunheng.sla.queries import ContractTimeline, contract_timeline

from .fold import ToldState, fold_entries
from .models import Proposal, Ticket, TicketLink
from .rows import ticket_at
from .voices import answering_sides, voices_of


def visible_to(viewer: Viewer) -> QuerySet[Ticket]:
    """Tickets that the viewer may know of: all of a scope, those asked for, or those of the viewer's
    supplier.
    """
    sight = _sight_of(viewer)
    if sight.is_whole:
        return Ticket.objects.all()
    condition = Q(pk__in=())
    for column, mine, scope_id in sight.parts:
        place = Q() if scope_id is None else Q(scope_id=scope_id)
        condition |= place & Q(**{column: mine})
    if sight.scopes:
        condition |= Q(scope_id__in=sight.scopes)
    return Ticket.objects.filter(condition)


def sees(viewer: Viewer, ticket: Ticket) -> bool:
    """Whether the ticket is one of those that `visible_to` finds (no query)."""
    sight = _sight_of(viewer)
    return (
        sight.is_whole
        or ticket.scope_id in sight.scopes
        or any(
            getattr(ticket, column) == mine and scope_id in {None, ticket.scope_id}
            for column, mine, scope_id in sight.parts
        )
    )


@dataclass(frozen=True, slots=True)
class _Sight:
    """Which tickets somebody sees: all, those of whole scopes, and those with a value in a column (in one scope)."""

    is_whole: bool
    scopes: frozenset[int] = frozenset()
    parts: tuple[tuple[str, int, int | None], ...] = ()


def _sight_of(viewer: Viewer) -> _Sight:
    if viewer.is_system:
        return _Sight(True)
    whole: set[int] = set()
    parts = []
    for role, scope_id in viewer.grants:
        sees = ROLES[role].sees if role in ROLES else ""
        if sees == "all":
            if scope_id is None:
                return _Sight(True)
            whole.add(scope_id)
        elif sees in {"own", "supplier"}:
            column, mine = (
                ("requester_id", viewer.person_id)
                if sees == "own"
                else ("supplier_id", viewer.organisation_id)
            )
            if mine is not None:  # nobody's tickets are not those of somebody without an id
                parts.append((column, mine, scope_id))
    return _Sight(False, frozenset(whole), tuple(parts))


def access_ticket(viewer: Viewer, number: str | UUID, *, with_people: bool = True) -> Ticket:
    """The ticket with that number (or UUID), in 1 query. Raises NotFound when it is missing or hidden; nobody learns
    which.

    Without people, its team, supplier and people hold only what the ticket calls them by, and are read when more is
    asked of them.
    """
    ticket: Ticket | None
    if with_people:
        key = Q(uuid=number) if isinstance(number, UUID) else Q(number=number)
        related = ("scope", "team", "assignee", "supplier", "requester")
        ticket = visible_to(viewer).select_related(*related).filter(key).first()
    else:
        ticket = ticket_at(number)
        if ticket is not None and not sees(viewer, ticket):
            ticket = None
    if ticket is None:
        raise NotFound(_("There is no ticket %(number)s.") % {"number": number})
    return ticket


def ticket_of_source(viewer: Viewer, source_number: str) -> Ticket:
    """The one ticket with that number in the system it was imported from.

    Raises NotFound when there is none, and Invalid naming our numbers when several systems or contracts use it.
    """
    found = list(
        visible_to(viewer).select_related("scope").filter(source_number=source_number).order_by("number")[:10]
    )
    if not found or not source_number:
        raise NotFound(_("There is no ticket %(number)s.") % {"number": source_number})
    if len(found) > 1:
        numbers = ", ".join(ticket.number for ticket in found)
        raise Invalid({"number": _("Several tickets have this number: %(numbers)s.") % {"numbers": numbers}})
    return found[0]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry as the viewer may see it. A class that is hidden or erased is None; the two are told apart."""

    id: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_name: str  # "" when hidden or erased
    source: str
    shared: Mapping[str, Any] | None
    internal: Mapping[str, Any] | None
    personal: Mapping[str, Any] | None
    erased: frozenset[EntryClass]  # classes whose data was redacted; the leaf stays in the log
    hidden: frozenset[EntryClass]  # classes that exist but are not for this viewer
    log_index: int | None  # position in the scope's log; None while it waits for the sealer


def timeline(viewer: Viewer, ticket: Ticket) -> list[TimelineEntry]:
    """All entries of the ticket, oldest first by (occurred_at, id), each cut to what the viewer may see (1
    query).
    """
    classes = visible_classes(viewer, ticket.scope_id)
    entries = (
        Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
        .select_related("body", "log_leaf")
        .order_by("occurred_at", "id")
    )
    if "internal" not in classes:  # what is the provider's alone does not even show that it exists
        entries = entries.exclude(shared_digest=None)
    return [_cut(entry, classes) for entry in entries]


def _cut(entry: Entry, classes: tuple[EntryClass, ...]) -> TimelineEntry:
    shown: dict[EntryClass, Mapping[str, Any] | None] = {}
    erased: set[EntryClass] = set()
    hidden: set[EntryClass] = set()
    names: tuple[EntryClass, ...] = ("shared", "internal", "personal")
    for name in names:
        shown[name] = None
        if getattr(entry, f"{name}_digest") is None:
            continue
        data = getattr(entry.body, name)
        if name not in classes:
            hidden.add(name)
        elif data is None:
            erased.add(name)
        else:
            shown[name] = data
    actor = (shown["personal"] or {}).get("actor") or {}
    leaf = getattr(entry, "log_leaf", None)
    return TimelineEntry(
        id=entry.pk,
        type=entry.type,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        actor_kind=entry.actor_kind,
        actor_name=str(actor.get("name", "")),
        source=entry.source,
        shared=shown["shared"],
        internal=shown["internal"],
        personal=shown["personal"],
        erased=frozenset(erased),
        hidden=frozenset(hidden),
        log_index=leaf.index if leaf is not None else None,
    )


# --- files


def attachments_of(viewer: Viewer, ticket: Ticket) -> dict[int, list[Attachment]]:
    """Files of the ticket that the viewer may read, by the entry that brought them (1 query). Their content is not
    read.
    """
    found: dict[int, list[Attachment]] = {}
    for attachment in _files_for(viewer, ticket.scope_id).filter(subject_id=ticket.pk).order_by("id"):
        found.setdefault(attachment.entry_id, []).append(attachment)
    return found


def access_attachment(viewer: Viewer, uuid: UUID) -> Attachment:
    """The file with that UUID, of a ticket that the viewer sees. Raises NotFound when it is missing or hidden."""
    attachment = Attachment.objects.select_related("scope").filter(uuid=uuid).first()
    if (
        attachment is None
        or not visible_to(viewer).filter(pk=attachment.subject_id, scope_id=attachment.scope_id).exists()
        or not _files_for(viewer, attachment.scope_id).filter(pk=attachment.pk).exists()
    ):
        raise NotFound(_("There is no such file."))
    return attachment


def _files_for(viewer: Viewer, scope_id: int) -> QuerySet[Attachment]:
    """Files in a scope as far as the viewer may read the class of the text that they came with."""
    files = Attachment.objects.filter(scope_id=scope_id)
    return files if "internal" in visible_classes(viewer, scope_id) else files.filter(is_internal=False)


# --- links


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it reads from one of its tickets: “this ticket is a duplicate of `other`”, or the other way round."""

    uuid: UUID
    kind: str  # TicketLink.Kind
    other: Ticket
    is_from_other: bool  # the sentence begins with the other ticket


def links_of(viewer: Viewer, ticket: Ticket) -> list[Link]:
    """Links of the ticket whose other end the viewer sees, too, in the order in which they were made (1 query)."""
    seen = visible_to(viewer).values("pk")
    rows = (
        TicketLink.objects.filter(Q(ticket=ticket, other__in=seen) | Q(other=ticket, ticket__in=seen))
        .select_related("ticket", "other")
        .order_by("id")
    )
    return [
        Link(row.uuid, row.kind, row.ticket, True)
        if row.other_id == ticket.pk
        else Link(row.uuid, row.kind, row.other, False)
        for row in rows
    ]


# --- what waits for an answer


def scopes_where(viewer: Viewer, permission: str) -> Q:
    """Rows with a `scope_id` in which the viewer holds the permission."""
    held = viewer.scopes_where(permission)
    return Q() if held is None else Q(scope_id__in=held)


@dataclass(frozen=True, slots=True)
class WaitingPause:
    """A waiting period that it is for the viewer to confirm or dispute."""

    ticket: Ticket
    pause: Pause
    reason: Label | None  # as the contract calls it
    party: Party  # at fault, as the process says
    until: datetime | None  # silence until then confirms; None: the contract stops no clock for it
    stops_promises: (
        bool  # whether it stops a clock promised to the client; others are not the client's to know
    )

    @property
    def text(self) -> str:
        """What is waited for, as the one who waits wrote it."""
        return self.pause.note

    @property
    def since(self) -> datetime:
        """When it began."""
        return self.pause.began_at

    @property
    def is_for_client(self) -> bool:
        """Whether it was the client who was waited for."""
        return self.party is Party.CLIENT


#: No contract gives so many working days; what was proposed earlier has lapsed.
LONGEST_TERM: Final = timedelta(days=120)
MOST_WAITING: Final = 100  #: rows of what waits for an answer
_MOST_READ: Final = 300  #: of the newest waiting periods: whose term runs is among them


def pauses_waiting_for(viewer: Viewer, *, now: datetime, ticket: Ticket | None = None) -> list[WaitingPause]:
    """Waiting periods that the viewer's side has not answered and may still dispute, whatever other sides said to
    them; the oldest first (3 queries, and one per contract). With `ticket` only its own.
    """
    found = (
        Pause.objects.filter(scopes_where(viewer, "pause.answer"), began_at__gt=now - LONGEST_TERM)
        .exclude(standing=Pause.Standing.REJECTED)
        .order_by("-began_at", "-id")
    )
    if ticket is not None:
        found = found.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
    found = found.filter(subject_id__in=visible_to(viewer).filter(is_observed=False).values("pk"))
    pauses = list(found[:_MOST_READ])
    tickets = Ticket.objects.select_related("scope").in_bulk({pause.subject_id for pause in pauses})
    timelines = {scope_id: contract_timeline(scope_id) for scope_id in {pause.scope_id for pause in pauses}}
    running: list[tuple[Pause, ContractTerms | None, datetime | None]] = []
    for pause in reversed(pauses):
        terms = _terms_for(tickets[pause.subject_id], timelines[pause.scope_id])
        until = term_ends_at(terms, tickets[pause.subject_id], pause)
        if until is None or until > now:
            running.append((pause, terms, until))
    voices = voices_of([pause for pause, _terms, _until in running])
    waiting = []
    for pause, terms, until in running:
        one, said = tickets[pause.subject_id], voices[pause.pk]
        is_open = said.may_dispute(viewer.organisation_kind, until=until, now=now)
        if is_open and may_answer_pause(viewer, one, pause, said.beginner):
            reason = terms.pause_reasons.get(pause.reason) if terms else None
            label = reason.label if reason else None
            is_theirs = (
                terms is not None
                and reason is not None
                and not reason.stops.isdisjoint(terms.clocks_for("client"))
            )
            waiting.append(WaitingPause(one, pause, label, Party(pause.party), until, is_theirs))
    return waiting[:MOST_WAITING]


def may_answer_pause(viewer: Viewer, ticket: Ticket, pause: Pause, beginner: str) -> bool:
    """Whether it is for the viewer's side to answer a waiting period that the side `beginner` began (see
    `answering_sides`), whatever was said to it.
    """
    side = viewer.organisation_kind
    if viewer.is_system or not viewer.may("pause.answer", ticket.scope_id):
        return False
    if side not in answering_sides(ticket, pause, beginner):
        return False
    return side != "supplier" or ticket.supplier_id == viewer.organisation_id


def pause_terms(ticket: Ticket, pauses: Iterable[Pause]) -> dict[int, datetime | None]:
    """When the term to dispute each waiting period of a ticket ends, under the contract that the ticket follows; None
    where no clock stops for it (1 query).
    """
    terms = _terms_for(ticket, contract_timeline(ticket.scope_id))
    return {pause.pk: term_ends_at(terms, ticket, pause) for pause in pauses}


def _terms_for(ticket: Ticket, timeline: ContractTimeline) -> ContractTerms | None:
    """Terms of the contract version in force when the ticket was opened."""
    version_id = timeline.version_at(int(ticket.opened_at.timestamp()))
    return None if version_id is None else terms_of_version(version_id)


def term_ends_at(terms: ContractTerms | None, ticket: Ticket, pause: Pause) -> datetime | None:
    """When a waiting period that nobody disputed counts as confirmed: at the end of the contract's term, on the first
    of the clocks that it stops (sla-semantics 13). None where it stops none, or the calendar does not reach so far.
    """
    if terms is None:
        return None
    ends = []
    for policy in terms.clocks.values():
        goal = policy.goals.get(terms.profile(ticket.service, ticket.priority))
        name = policy.confirm_calendar or (goal.calendar if goal else None)
        if pause.reason not in policy.pause_reasons or name is None:
            continue
        began = int(pause.began_at.timestamp())
        if policy.confirm_days < 1:
            ends.append(began)
            continue
        try:
            ends.append(terms.calendars[name].end_of_working_day(began, policy.confirm_days))
        except HorizonError:
            continue
    return datetime.fromtimestamp(min(ends), UTC) if ends else None


def proposals_of(viewer: Viewer, ticket: Ticket) -> list[Proposal]:
    """Corrections that were proposed for the ticket, whatever became of them, the oldest first (1 query)."""
    found = Proposal.objects.filter(ticket=ticket, ticket__in=visible_to(viewer))
    return list(found.select_related("proposed_by", "answered_by").order_by("id"))


def access_proposal(viewer: Viewer, uuid: UUID) -> Proposal:
    """The proposal with that UUID, of a ticket that the viewer sees. Raises NotFound."""
    found = (
        Proposal.objects.select_related("ticket__scope", "proposed_by", "answered_by")
        .filter(uuid=uuid, ticket__in=visible_to(viewer))
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such proposed correction."))
    return found


def proposals_waiting_for(viewer: Viewer) -> list[Proposal]:
    """Open proposals that it is for the viewer to approve or refuse, the oldest first (1 query)."""
    permission = _APPROVING.get(viewer.organisation_kind)
    if permission is None or viewer.person_id is None:
        return []
    found = Proposal.objects.filter(
        scopes_where(viewer, permission),
        standing=Proposal.Standing.PROPOSED,
        needs_client=viewer.organisation_kind == "client",
        ticket__in=visible_to(viewer),
    ).exclude(proposed_by_id=viewer.person_id)
    return list(found.select_related("ticket__scope", "proposed_by").order_by("id")[:MOST_WAITING])


#: What gives somebody a word in corrections, by the kind of organisation.
_APPROVING: Final = {"provider": "ticket.correct_time", "client": "pause.answer"}


def may_approve(viewer: Viewer, scope_id: int) -> bool:
    """Whether somebody has a word in corrections: of the provider with `ticket.correct_time`, of the client with
    `pause.answer`.
    """
    permission = _APPROVING.get(viewer.organisation_kind)
    return permission is not None and viewer.person_id is not None and viewer.may(permission, scope_id)


def may_answer_proposal(viewer: Viewer, proposal: Proposal) -> bool:
    """Whether it is for the viewer to approve or refuse the proposal (whatever its standing)."""
    wanted = "client" if proposal.needs_client else "provider"
    return (
        viewer.organisation_kind == wanted
        and viewer.person_id != proposal.proposed_by_id
        and may_approve(viewer, proposal.scope_id)
    )


# --- the journal's word


def fold_state(ticket: Ticket) -> ToldState:
    """The ticket as its entries tell it, in the order in which they were recorded (1 query)."""
    entries = (
        Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
        .select_related("body")
        .order_by("id")
    )
    return fold_entries(
        (entry.type, instant(entry.occurred_at), entry.body.shared, entry.body.personal) for entry in entries
    )


def differences_from_journal(ticket: Ticket) -> list[str]:
    """Where the ticket's row is not what its entries tell; empty when they agree."""
    told = fold_state(ticket)
    row: dict[str, Any] = {
        "state": ticket.state,
        "process_version": ticket.process_version,
        "opened_at": instant(ticket.opened_at),
    }
    said: dict[str, Any] = {
        "state": told.state,
        "process_version": told.process_version,
        "opened_at": told.opened_at,
        **told.columns,
    }
    for name in told.columns:
        value = getattr(ticket, name)
        if isinstance(value, datetime):
            value = instant(value)
        elif name in {"team", "supplier"}:
            value = value.key if value is not None else None
        elif name == "assignee":
            value = str(value.uuid) if value is not None else None
        row[name] = value
    return [
        f"{name}: the row has {row[name]!r}, the journal tells {said[name]!r}"
        for name in row
        if row[name] != said[name]
    ]
