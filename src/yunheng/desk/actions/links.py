"""Says that two tickets have to do with each other, and takes it back."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.refusals import Invalid, NotFound

from ..models import Ticket, TicketLink
from ..queries import access_ticket
from .basis import Instants, begin, write_entry


@transaction.atomic
def link_tickets(
    viewer: Viewer,
    number: str,
    other: str,
    kind: str,
    *,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> TicketLink:
    """Say “`number` is a … of `other`” of two tickets of one contract. Needs `ticket.work`.

    Both tickets get an entry in the class that is the provider's own: not everybody who sees the one may know of the
    other. Raises NotFound for a ticket that the viewer does not see, and Invalid for "other" or "kind".
    """
    ticket, instants = begin(viewer, number, permission="ticket.work", at=None, recorded_at=recorded_at)
    if kind not in TicketLink.Kind.values:
        raise Invalid({"kind": _("One of: %(choices)s.") % {"choices": ", ".join(TicketLink.Kind.values)}})
    try:
        target = access_ticket(viewer, other.strip(), with_people=False)
    except NotFound as error:
        raise Invalid({"other": error.message}, code="no_ticket") from None
    if target.pk == ticket.pk:
        raise Invalid({"other": _("This is the ticket itself.")})
    if target.scope_id != ticket.scope_id:
        raise Invalid({"other": _("%(number)s belongs to another contract.") % {"number": target.number}})
    for one in sorted((ticket, target), key=lambda it: it.pk):
        lock_subject(one)
    opposite = TicketLink.objects.filter(ticket=target, other=ticket, kind=kind)
    if opposite.exists():
        raise Invalid({"other": _("These two are linked this way already.")}, code="unchanged")
    try:
        with transaction.atomic():
            link = TicketLink.objects.create(ticket=ticket, other=target, kind=kind)
    except IntegrityError:
        raise Invalid({"other": _("These two are linked this way already.")}, code="unchanged") from None
    _tell("ticket.linked", link, viewer, instants, source)
    return link


@transaction.atomic
def unlink_tickets(
    viewer: Viewer,
    number: str,
    link: UUID,
    *,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Ticket:
    """Take a link of the ticket back, from whichever end; returns the ticket at the other end. Needs `ticket.work`.

    Raises NotFound when the ticket has no such link, or its other end is not for the viewer to see.
    """
    ticket, instants = begin(viewer, number, permission="ticket.work", at=None, recorded_at=recorded_at)
    found = TicketLink.objects.select_related("ticket__scope", "other__scope").filter(uuid=link).first()
    if found is None or ticket.pk not in {found.ticket_id, found.other_id}:
        raise NotFound(_("The ticket has no such link."))
    target = found.other if found.ticket_id == ticket.pk else found.ticket
    access_ticket(viewer, target.number, with_people=False)
    for one in sorted((ticket, target), key=lambda it: it.pk):
        lock_subject(one)
    deleted, _per_model = TicketLink.objects.filter(pk=found.pk).delete()
    if not deleted:
        raise NotFound(_("The ticket has no such link."))
    _tell("ticket.unlinked", found, viewer, instants, source)
    return target


def _tell(entry_type: str, link: TicketLink, viewer: Viewer, instants: Instants, source: str | None) -> None:
    """An entry on both tickets; `is_from_other` says from which end the sentence reads."""
    for ticket, other, is_from_other in ((link.ticket, link.other, False), (link.other, link.ticket, True)):
        write_entry(
            ticket,
            entry_type,
            viewer=viewer,
            instants=instants,
            source=source,
            internal={"other": other.number, "kind": link.kind, "is_from_other": is_from_other},
        )
