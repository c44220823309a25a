"""Opens tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import process_of
from yunheng.foundation.numbering import next_number
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.foundation.transactions import action
from yunheng.logic.facts import FactKind
from yunheng.sla.actions import FoldedClock

from ..models import Ticket
from ..rows import scope_with_id
from .basis import (
    check_outcome,
    contract_for,
    fold_clocks,
    instants_of,
    named,
    required_text,
    side_of,
    write_entry,
)
from .files import keep_files, told_files

#: Kind of ticket → code in its number.
KIND_CODES: Final[Mapping[str, str]] = {
    Ticket.Kind.INCIDENT.value: "INC",
    Ticket.Kind.SERVICE_REQUEST.value: "REQ",
}
CHANNELS: Final = ("portal", "phone", "mail", "im", "api", "fax", "alert", "inspection")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new ticket with its clocks; `no_clock_reason` says why it has none ("contract_expired"), or is ""."""

    ticket: Ticket
    entry_id: int
    clocks: list[FoldedClock]
    no_clock_reason: str


@action
def open_ticket(
    *,
    viewer: Viewer,
    scope_id: int,
    kind: str,
    title: str,
    service: str,
    impact: str,
    urgency: str,
    channel: str,
    description: str = "",
    is_major: bool = False,
    category: str = "",
    ci: str = "",
    requester: Person | None = None,
    requester_name: str = "",
    failed_at: datetime | None = None,
    files: Sequence[FileDraft] = (),
    at: datetime | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Opened:
    """Open a ticket under a contract: number of the day in the contract's zone, priority from its table.

    A client's own people ask for themselves. `failed_at` is when the failure began, where that is known to
    be earlier. Under an expired contract a ticket opens, without clocks. Raises NotFound for a scope that
    the viewer has no role in, Forbidden, and Invalid with a sentence per field ("contract" where there
    never was one).
    """
    scope = scope_with_id(scope_id)
    if scope is None or not (viewer.is_system or viewer.roles_in(scope_id)):
        raise NotFound(_("There is no such contract."))
    process = process_of(kind) if kind in KIND_CODES else None
    if process is None:
        raise Invalid({"kind": _("A ticket is one of: %(kinds)s.") % {"kinds": ", ".join(KIND_CODES)}})
    viewer.require(process.opening.permission, scope_id)
    instants = instants_of(viewer, scope_id, at, recorded_at)
    terms, no_clock_reason = contract_for(scope_id, instants.at)
    _check(terms, title=title, service=service, channel=channel, ci=ci, category=category)
    priority = priority_for(viewer, scope_id, terms, impact=impact, urgency=urgency, is_major=is_major)
    if failed_at is not None and not (failed_at.utcoffset() is not None and failed_at <= instants.at):
        raise Invalid({"failed_at": _("The failure began before it was reported; give the time zone too.")})
    requester, requester_name = _requester(viewer, scope_id, requester, requester_name)

    opened_day = instants.at.astimezone(ZoneInfo(scope.zone)).date()
    ticket = Ticket.objects.create(
        scope=scope,
        number=next_number(scope, KIND_CODES[kind], opened_day),
        state=process.initial,
        process_key=process.key,
        process_version=process.version,
        opened_at=instants.at,
        kind=kind,
        title=title.strip(),
        description=description.strip(),
        channel=channel,
        service=service,
        impact=impact,
        urgency=urgency,
        priority=priority,
        is_major=is_major,
        category=category,
        ci=ci,
        requester=requester,
        requester_name=requester_name,
    )
    seconds = instants.seconds
    facts = [FactDraft(spec.kind, seconds, spec.term) for spec in process.opening.facts]
    facts.append(FactDraft(FactKind.PROFILED, seconds, terms.profile(service, priority)))
    if failed_at is not None:
        facts.append(FactDraft(FactKind.FAILED, int(failed_at.timestamp())))
    if ci:
        facts.append(FactDraft(FactKind.CLASSIFIED, seconds, f"{ci}|"))
    entry_id = write_entry(
        ticket,
        "ticket.opened",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={
            "kind": kind,
            "process": {"key": process.key, "version": process.version},
            "contract_version": terms.number,
            "side": side_of(viewer),
            "changes": _first_values(ticket),
            **told_files(files),
        },
        personal=_who_asked(requester, requester_name),
        facts=facts,
    )
    keep_files(viewer, ticket, entry_id, files)
    clocks = fold_clocks(ticket, instants)
    check_outcome(viewer, ticket, entry_id, instants, clocks)
    return Opened(ticket, entry_id, clocks, no_clock_reason)


def priority_for(
    viewer: Viewer,
    scope_id: int,
    terms: ContractTerms,
    *,
    impact: str,
    urgency: str,
    is_major: bool,
) -> str:
    """Priority from the contract's table, or that of a major incident, which needs permission.

    Raises Invalid for words that the table does not have, Forbidden for "major" without permission.
    """
    matrix = terms.matrix
    faults = {}
    if impact not in matrix.impacts:
        faults["impact"] = _("One of: %(choices)s.") % {"choices": ", ".join(matrix.impacts)}
    if urgency not in matrix.urgencies:
        faults["urgency"] = _("One of: %(choices)s.") % {"choices": ", ".join(matrix.urgencies)}
    if faults:
        raise Invalid(faults)
    if is_major:
        if not (matrix.major_roles & viewer.roles_in(scope_id)):
            viewer.require("ticket.major", scope_id)
        if matrix.major_priority is not None:
            return matrix.major_priority
    return matrix.priority_of(impact, urgency)


def _check(terms: ContractTerms, *, title: str, service: str, channel: str, ci: str, category: str) -> None:
    faults: dict[str, str] = {}
    if not title.strip():
        faults["title"] = _("This field is required.")
    elif len(title.strip()) > 300:
        faults["title"] = _("At most %(count)d characters.") % {"count": 300}
    if service not in terms.services:
        faults["service"] = _("“%(service)s” is not in the service catalogue. It offers: %(offered)s.") % {
            "service": service,
            "offered": ", ".join(terms.services),
        }
    if channel not in CHANNELS:
        faults["channel"] = _("One of: %(choices)s.") % {"choices": ", ".join(CHANNELS)}
    for name, value in (("ci", ci), ("category", category)):
        if len(value) > 100 or "|" in value:
            faults[name] = _("At most %(count)d characters, and no “|”.") % {"count": 100}
    if faults:
        raise Invalid(faults)


def _requester(
    viewer: Viewer, scope_id: int, requester: Person | None, requester_name: str
) -> tuple[Person | None, str]:
    """Who asked. Somebody who only may ask for themselves is the requester, whatever was given."""
    name = requester_name.strip()
    if len(name) > 150:
        raise Invalid({"requester_name": required_text("requester_name", name, length=150)})
    is_own = viewer.roles_in(scope_id) == {"requester"} or (
        requester is None and not name and viewer.organisation_kind == "client"
    )
    if is_own and viewer.person_id is not None:
        requester = Person.objects.get(pk=viewer.person_id)
    return requester, name or (requester.name if requester else "")


def _who_asked(requester: Person | None, requester_name: str) -> dict[str, Any] | None:
    if requester is not None:
        return {"requester": named(requester)}
    return {"requester": {"id": "", "name": requester_name}} if requester_name else None


def _first_values(ticket: Ticket) -> dict[str, Any]:
    names = (
        *("title", "description", "channel", "service", "impact", "urgency", "priority", "is_major"),
        *("category", "ci", "state"),
    )
    return {name: getattr(ticket, name) for name in names}
