"""Values of a filter that no ticket can have: said by name, where a list without rows would keep silent about them."""

from django.utils.translation import gettext as _

from yunheng.contracts.models import ContractVersion
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid

from .models import Ticket
from .narrowing import OPEN, TicketFilter, waiting_states
from .processes import ticket_processes
from .wording import CHANNEL_NAMES

_FOREIGN = "unmapped"  #: the state of imported tickets whose own state nobody mapped


def refuse_unknown(viewer: Viewer, wanted: TicketFilter) -> None:
    """Raise Invalid, naming each value of these fields that is none, for a list that was found empty.

    Only then is it asked: what came from elsewhere has states and priorities of its own (2 queries at most).
    """
    faults: dict[str, str] = {}
    if wanted.state and wanted.state not in _states():
        faults["state"] = _("No ticket can have the state “%(value)s”.") % {"value": wanted.state}
    if wanted.waiting and wanted.waiting not in waiting_states():
        faults["waiting"] = _("No ticket can wait for “%(value)s”.") % {"value": wanted.waiting}
    if wanted.kind and wanted.kind not in Ticket.Kind.values:
        faults["kind"] = _("There is no kind of ticket “%(value)s”.") % {"value": wanted.kind}
    if wanted.channel and wanted.channel not in CHANNEL_NAMES:
        faults["channel"] = _("There is no source “%(value)s”.") % {"value": wanted.channel}
    if wanted.priority and not _is_agreed(viewer, "priorities", wanted.priority):
        told = _("No contract that you see has the priority “%(value)s”.")
        faults["priority"] = told % {"value": wanted.priority}
    if wanted.service and not _is_agreed(viewer, "services", wanted.service):
        faults["service"] = _("No contract that you see has the service “%(value)s”.") % {
            "value": wanted.service
        }
    if faults:
        raise Invalid(faults)


def _states() -> set[str]:
    return {OPEN, _FOREIGN}.union(*(process.states for process in ticket_processes()))


def _is_agreed(viewer: Viewer, section: str, key: str) -> bool:
    """Whether any version of a contract has this key in a section (1 query)."""
    versions = ContractVersion.objects.filter(contract__in=contracts_visible_to(viewer).order_by())
    return versions.filter(**{f"terms__{section}__contains": [{"key": key}]}).exists()
