"""Entries, and the waiting periods that they began, by their public name: the hash of the leaf.

Ids are counters, and tell a stranger how much happens; a place in the timeline moves when something is dated back.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer, visible_classes
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import NotFound

from .models import Ticket

_NAME = re.compile(r"[0-9a-f]{64}")


def names_of(ticket: Ticket, entry_ids: Iterable[int]) -> dict[int, str]:
    """The names of some of the ticket's entries (1 query)."""
    rows = Entry.objects.filter(pk__in=list(entry_ids), scope_id=ticket.scope_id, subject_id=ticket.pk)
    return {entry_id: bytes(leaf).hex() for entry_id, leaf in rows.values_list("pk", "leaf")}


def names_by_scope(entries: Iterable[tuple[int, int]]) -> dict[int, str]:
    """The names of entries given as (scope, entry) (1 query)."""
    wanted = list(entries)
    rows = Entry.objects.filter(
        scope_id__in={scope_id for scope_id, _entry_id in wanted},
        pk__in=[entry_id for _scope, entry_id in wanted],
    )
    return {entry_id: bytes(leaf).hex() for entry_id, leaf in rows.values_list("pk", "leaf")}


def entry_named(viewer: Viewer, ticket: Ticket, name: str) -> int:
    """The id of the ticket's entry with that name. Raises NotFound alike for missing and hidden."""
    if _NAME.fullmatch(name):
        found = Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
        if "internal" not in visible_classes(viewer, ticket.scope_id):
            found = found.exclude(shared_digest=None)
        entry_id = found.filter(leaf=bytes.fromhex(name)).values_list("pk", flat=True).first()
        if entry_id is not None:
            return int(entry_id)
    raise NotFound(_("The ticket has no such entry."))


@dataclass(frozen=True, slots=True)
class Named:
    """Keys and names of whom a ticket names; None where there is nobody."""

    team: str | None
    supplier: str | None
    assignee: str | None
    requester: str | None


def named_by(ticket: Ticket) -> Named:
    """Whom the ticket names: no query where its row was read with them, else one of four columns."""
    told = ("team", "supplier", "assignee", "requester")
    if all(getattr(ticket, f"{name}_id") is None or name in ticket._state.fields_cache for name in told):
        return Named(
            ticket.team.key if ticket.team else None,
            ticket.supplier.key if ticket.supplier else None,
            ticket.assignee.name if ticket.assignee else None,
            ticket.requester.name if ticket.requester else None,
        )
    columns = ("team__key", "supplier__key", "assignee__name", "requester__name")
    return Named(*Ticket.objects.values_list(*columns).get(pk=ticket.pk))
