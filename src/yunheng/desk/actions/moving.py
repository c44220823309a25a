"""Moves tickets through their process, gives them to people, and changes what they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import (
    Outcome,
    Step,
    conflict,
    migrate_subject,
    move,
    process_for,
    update_subject,
)
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.transactions import action
from yunheng.logic.facts import FactKind
from yunheng.sla.actions import FoldedClock
from yunheng.sla.queries import open_wait_of

from ..effects import stamp
from ..models import Ticket
from .basis import (
    along_with_move,
    begin,
    check_outcome,
    contract_for,
    fold_clocks,
    required_text,
    side_of,
    source_of,
    write_entry,
)
from .files import keep_files, told_files
from .opening import priority_for


@dataclass(frozen=True, slots=True)
class Done:
    """A change of a ticket: the ticket as it is now, the entry, and the clocks where they were folded."""

    ticket: Ticket
    entry_id: int
    clocks: list[FoldedClock]


@action
def move_ticket(
    viewer: Viewer,
    number: str,
    transition: str,
    form: Mapping[str, Any] | None = None,
    *,
    files: Sequence[FileDraft] = (),
    at: datetime | None = None,
    expected_version: int | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Make a transition of the ticket's process. `expected_version` is the row version that the person saw; `files` are
    evidence that both sides read.

    Raises NotFound, Forbidden, Conflict (somebody was first, or the state allows it no longer), and Invalid
    with a sentence per field of the form, for "at", or for "transition" when a guard objects.
    """
    ticket, instants = begin(viewer, number, permission=None, at=at, recorded_at=recorded_at)
    if expected_version is not None and expected_version != ticket.row_version:
        raise conflict(ticket, viewer)
    since = ticket.moved_at or ticket.opened_at
    if instants.at < since.replace(microsecond=0):
        raise Invalid({"at": _("The ticket came into its present state later than that.")})
    is_waiting = process_for(ticket).states[ticket.state].category == "waiting"
    wait = open_wait_of(scope_id=ticket.scope_id, subject_id=ticket.pk) if is_waiting else 0
    told = told_files(files)

    def stamp_and_tell(step: Step, outcome: Outcome) -> None:
        stamp(step, outcome)
        outcome.shared.update(told)

    moved = move(
        ticket,
        transition,
        viewer=viewer,
        at=instants.at,
        recorded_at=instants.recorded_at,
        form=form or {},
        entry_type="ticket.moved",
        source=source_of(viewer, source),
        expected_version=expected_version,
        open_wait=wait,
        more=stamp_and_tell,
        along=partial(along_with_move, ticket),
    )
    keep_files(viewer, ticket, moved.entry_id, files)
    clocks = fold_clocks(ticket, instants) if moved.facts else []
    check_outcome(viewer, ticket, moved.entry_id, instants, clocks)
    return Done(ticket, moved.entry_id, clocks)


def assign_ticket(
    viewer: Viewer,
    number: str,
    *,
    team: str,
    assignee: str | None = None,
    at: datetime | None = None,
    expected_version: int | None = None,
    recorded_at: datetime | None = None,
) -> Done:
    """Give the ticket to a team and, where named, to one of its people (keys, logins or UUIDs). No response.

    A supplier's team brings the supplier in: its engineers see the ticket from then on.
    """
    form = {"team": team, **({"assignee": assignee} if assignee else {})}
    return move_ticket(
        viewer, number, "assign", form, at=at, expected_version=expected_version, recorded_at=recorded_at
    )


@transaction.atomic
def change_profile(
    viewer: Viewer,
    number: str,
    *,
    reason: str,
    service: str | None = None,
    impact: str | None = None,
    urgency: str | None = None,
    is_major: bool | None = None,
    at: datetime | None = None,
    expected_version: int | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Move a ticket to another service, impact, urgency or to "major"; what is None stays. The goal
    follows, elapsed time and pauses stay (sla-semantics 10). Needs `ticket.profile`, and for "major" what
    the contract says.
    """
    ticket, instants = begin(viewer, number, permission="ticket.profile", at=at, recorded_at=recorded_at)
    if expected_version is not None and expected_version != ticket.row_version:
        raise conflict(ticket, viewer)
    why = required_text("reason", reason)
    terms, _why_none = contract_for(ticket.scope_id, ticket.opened_at)
    new_service = ticket.service if service is None else service
    new_impact = ticket.impact if impact is None else impact
    new_urgency = ticket.urgency if urgency is None else urgency
    new_major = ticket.is_major if is_major is None else is_major
    if new_service not in terms.services:
        raise Invalid(
            {
                "service": _("“%(service)s” is not in the service catalogue. It offers: %(offered)s.")
                % {"service": new_service, "offered": ", ".join(terms.services)}
            }
        )
    wanted: dict[str, Any] = {
        "service": new_service,
        "impact": new_impact,
        "urgency": new_urgency,
        "is_major": new_major,
        "priority": priority_for(
            viewer, ticket.scope_id, terms, impact=new_impact, urgency=new_urgency, is_major=new_major
        ),
    }
    changes = {name: value for name, value in wanted.items() if value != getattr(ticket, name)}
    if not changes:
        raise Invalid({"priority": _("Nothing would change.")}, code="unchanged")
    before = {name: getattr(ticket, name) for name in changes}
    update_subject(ticket, changes, viewer=viewer)
    facts = []
    if changes.keys() & {"service", "priority"}:
        facts.append(
            FactDraft(FactKind.PROFILED, instants.seconds, terms.profile(ticket.service, ticket.priority))
        )
    entry_id = write_entry(
        ticket,
        "ticket.profile_changed",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"changes": changes, "before": before, "reason": why, "side": side_of(viewer)},
        facts=facts,
    )
    return Done(ticket, entry_id, fold_clocks(ticket, instants) if facts else [])


@transaction.atomic
def classify_ticket(
    viewer: Viewer,
    number: str,
    *,
    ci: str | None = None,
    cause: str | None = None,
    category: str | None = None,
    at: datetime | None = None,
    expected_version: int | None = None,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Say which configuration item failed, why, and of which category the ticket is; what is None stays."""
    ticket, instants = begin(viewer, number, permission="ticket.work", at=at, recorded_at=recorded_at)
    if expected_version is not None and expected_version != ticket.row_version:
        raise conflict(ticket, viewer)
    given = {"ci": ci, "cause": cause, "category": category}
    changes = {
        name: value.strip()
        for name, value in given.items()
        if value is not None and value.strip() != getattr(ticket, name)
    }
    faults = {
        name: _("At most %(count)d characters, and no “|”.") % {"count": 100}
        for name, value in changes.items()
        if len(value) > 100 or "|" in value
    }
    if faults:
        raise Invalid(faults)
    if not changes:
        raise Invalid({"ci": _("Nothing would change.")}, code="unchanged")
    update_subject(ticket, changes, viewer=viewer)
    facts = []
    if changes.keys() & {"ci", "cause"}:
        facts.append(FactDraft(FactKind.CLASSIFIED, instants.seconds, f"{ticket.ci}|{ticket.cause}"))
    entry_id = write_entry(
        ticket,
        "ticket.classified",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"changes": changes},
        facts=facts,
    )
    return Done(ticket, entry_id, [])


@transaction.atomic
def migrate_ticket(
    viewer: Viewer,
    number: str,
    *,
    to_version: int,
    state_map: Mapping[str, str],
    reason: str,
    recorded_at: datetime | None = None,
) -> Done:
    """Move a running ticket to another version of its process by an explicit state map. Needs
    `contract.apply`.
    """
    ticket, instants = begin(viewer, number, permission="contract.apply", at=None, recorded_at=recorded_at)
    entry_id = migrate_subject(
        ticket,
        to_version=to_version,
        state_map=state_map,
        reason=reason,
        viewer=viewer,
        at=instants.at,
        recorded_at=instants.recorded_at,
        entry_type="ticket.process_changed",
    )
    return Done(ticket, entry_id, [])
