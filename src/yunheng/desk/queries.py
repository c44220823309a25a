"""What may be read of tickets. Every query starts from `visible_to(viewer)`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.accounts.roles import ROLES
from yunheng.foundation.access import EntryClass, Viewer, visible_classes
from yunheng.foundation.models import Attachment, Entry
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.canonical import instant

from .fold import ToldState, fold_entries
from .models import Ticket, TicketLink


def visible_to(viewer: Viewer) -> QuerySet[Ticket]:
    """Tickets that the viewer may know of: all of a scope, those asked for, or those of the viewer's
    supplier.
    """
    if viewer.is_system:
        return Ticket.objects.all()
    condition = Q(pk__in=())
    whole: set[int] = set()
    for role, scope_id in viewer.grants:
        sees = ROLES[role].sees if role in ROLES else ""
        if sees == "all":
            if scope_id is None:
                return Ticket.objects.all()
            whole.add(scope_id)
        elif sees in {"own", "supplier"}:
            place = Q() if scope_id is None else Q(scope_id=scope_id)
            whose, mine = (
                ("requester_id", viewer.person_id)
                if sees == "own"
                else ("supplier_id", viewer.organisation_id)
            )
            if mine is not None:  # nobody's tickets are not those of somebody without an id
                condition |= place & Q(**{whose: mine})
    if whole:
        condition |= Q(scope_id__in=whole)
    return Ticket.objects.filter(condition)


def access_ticket(viewer: Viewer, number: str | UUID, *, with_people: bool = True) -> Ticket:
    """The ticket with that number (or UUID). Raises NotFound when it is missing or hidden; nobody learns
    which.
    """
    related = ("scope", "team", "assignee", "supplier", "requester") if with_people else ("scope",)
    key = Q(uuid=number) if isinstance(number, UUID) else Q(number=number)
    ticket = visible_to(viewer).select_related(*related).filter(key).first()
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
