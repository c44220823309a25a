"""Mends what the record says of time, and takes tickets out of the indicators, each with reason and
approver.

People come here by a proposal that somebody else approves (`proposals.py`); nobody names an approver. The system, which
acts for the owner of the installation, approves itself, and the entry says so.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.facts import FactDraft
from yunheng.foundation.flow import lock_subject, update_subject
from yunheng.foundation.refusals import Forbidden, Invalid
from yunheng.logic.canonical import instant
from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind
from yunheng.sla.actions import move_pause
from yunheng.sla.models import LiveClock
from yunheng.sla.queries import facts_of, live_clocks

from ..models import Ticket
from ..queries import may_approve
from .basis import SYSTEM_SIDE, begin, contract_for, fold_clocks, required_text, side_of, write_entry
from .moving import Done

__all__ = [
    "CLIENT_MUST_APPROVE",
    "LEAVING_REASONS",
    "correct_time",
    "exclude_window",
    "is_left_out",
    "leave_out",
    "take_back",
]

#: Code of the refusal of a correction that only somebody of the client may approve.
CLIENT_MUST_APPROVE: Final = "client_must_approve"

#: Why a ticket may leave the population of indicators (indicators.md, rule 4).
LEAVING_REASONS: Final = ("duplicate", "test", "withdrawn", "not_liable")

#: Columns of the ticket that repeat the instant of a fact.
_COLUMNS: Final[Mapping[FactKind, str]] = {
    FactKind.OPENED: "opened_at",
    FactKind.RESTORED: "restored_at",
    FactKind.RESOLVED: "resolved_at",
    FactKind.CLOSED: "closed_at",
    FactKind.CANCELLED: "closed_at",
}


@transaction.atomic
def correct_time(
    viewer: Viewer,
    number: str,
    entry_id: int,
    new_at: datetime,
    *,
    reason: str,
    approver: Viewer,
    proposal: int = 0,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Say that what an entry tells happened at another time. The entry stays; its facts are superseded by
    new ones.

    `approver` is somebody else with a word in it: a correction that changes whether a promise to the client
    was kept needs somebody of the client (Invalid with CLIENT_MUST_APPROVE). `proposal` is the entry that
    proposed it. Needs `ticket.correct_time`. Raises Invalid for an entry without facts, one that was
    corrected already, an instant before the ticket was opened or in the future, and Forbidden for an
    approver without a word.
    """
    ticket, instants = begin(
        viewer, number, permission="ticket.correct_time", at=None, recorded_at=recorded_at
    )
    why = required_text("reason", reason)
    lock_subject(ticket)
    _check_approver(viewer, ticket, approver)
    facts = facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    told = [fact for fact in facts if fact.entry == entry_id]
    if not told:
        raise Invalid(
            {"entry": _("This entry says nothing of time, or was corrected already by a later one.")}
        )
    old = _main_instant(told)
    moving = [fact for fact in told if fact.at == old]
    new = int(new_at.timestamp()) if new_at.utcoffset() is not None else None
    _check_new(ticket, facts, moving, new, instants.seconds)
    assert new is not None  # _check_new refused it

    before = _promises(ticket)
    changes = _columns(ticket, moving, old, new)
    if changes:
        update_subject(ticket, changes, viewer=viewer)
    drafts = [FactDraft(fact.kind, new, fact.term, fact.party, fact.ref) for fact in moving]
    correction = write_entry(
        ticket,
        "ticket.time_corrected",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={
            "entry": entry_id,
            "old": instant(datetime.fromtimestamp(old, UTC)),
            "new": instant(datetime.fromtimestamp(new, UTC)),
            "reason": why,
            "side": side_of(viewer),
            **_agreed(approver, proposal),
            **({"changes": {name: instant(value) for name, value in changes.items()}} if changes else {}),
        },
        personal=_approved_by(approver),
        facts=drafts,
        supersedes=[fact.seq for fact in moving],
    )
    moved_to = datetime.fromtimestamp(new, UTC)
    for fact in moving:
        if fact.kind is FactKind.WAIT_BEGAN:
            move_pause(pause_id=fact.ref, began_at=moved_to)
        elif fact.kind is FactKind.WAIT_ENDED:
            move_pause(pause_id=fact.ref, ended_at=moved_to)
    clocks = fold_clocks(ticket, instants)
    if _decides(before, _promises(ticket)):
        _require_client(approver)
    return Done(ticket, correction, clocks)


@transaction.atomic
def leave_out(
    viewer: Viewer,
    number: str,
    *,
    reason: str,
    evidence: str,
    approver: Viewer,
    proposal: int = 0,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Take a ticket out of the population of indicators, with reason, evidence and approver (somebody else).

    Clocks go on. Unless every promise to the client is kept, the client must approve: what is broken, or may
    yet be, does not vanish on the provider's word (R45). Needs `ticket.exclude`. Reasons: duplicate, test,
    withdrawn, not_liable.
    """
    ticket, instants = begin(viewer, number, permission="ticket.exclude", at=None, recorded_at=recorded_at)
    if reason not in LEAVING_REASONS:
        raise Invalid({"reason": _("One of: %(choices)s.") % {"choices": ", ".join(LEAVING_REASONS)}})
    proof = required_text("evidence", evidence)
    lock_subject(ticket)
    _check_approver(viewer, ticket, approver)
    if is_left_out(facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)):
        raise Invalid({"ticket": _("The ticket is left out already.")}, code="unchanged")
    if not all(is_met and not is_breached for is_met, is_breached in _kept_promises(ticket).values()):
        _require_client(approver)
    entry_id = write_entry(
        ticket,
        "ticket.left_out",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"reason": reason, "evidence": proof, "side": side_of(viewer), **_agreed(approver, proposal)},
        personal=_approved_by(approver),
        facts=[FactDraft(FactKind.LEFT_OUT, instants.seconds, reason)],
    )
    return Done(ticket, entry_id, [])


@transaction.atomic
def take_back(
    viewer: Viewer,
    number: str,
    *,
    reason: str,
    approver: Viewer,
    proposal: int = 0,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Bring a ticket back into the population of indicators. Unless every promise to the client is broken, the client
    must approve. Needs `ticket.exclude`.
    """
    ticket, instants = begin(viewer, number, permission="ticket.exclude", at=None, recorded_at=recorded_at)
    why = required_text("reason", reason)
    lock_subject(ticket)
    _check_approver(viewer, ticket, approver)
    if not is_left_out(facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)):
        raise Invalid({"ticket": _("The ticket is not left out.")}, code="unchanged")
    if not all(is_met is False or is_breached for is_met, is_breached in _kept_promises(ticket).values()):
        _require_client(approver)
    entry_id = write_entry(
        ticket,
        "ticket.taken_back",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"reason": why, "side": side_of(viewer), **_agreed(approver, proposal)},
        personal=_approved_by(approver),
        facts=[FactDraft(FactKind.TAKEN_BACK, instants.seconds)],
    )
    return Done(ticket, entry_id, [])


@transaction.atomic
def exclude_window(
    viewer: Viewer,
    number: str,
    *,
    reason: str,
    from_at: datetime,
    to_at: datetime,
    evidence: str,
    approver: Viewer,
    proposal: int = 0,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Agree that no clock of the ticket counts between two instants, for a reason that the contract names.

    Where the contract wants the client to agree, or the window decides about a promise to the client,
    `approver` is of the client. Needs `ticket.exclude`.
    """
    ticket, instants = begin(viewer, number, permission="ticket.exclude", at=None, recorded_at=recorded_at)
    terms, _why_none = contract_for(ticket.scope_id, ticket.opened_at)
    agreed = terms.exclusions.get(reason)
    if agreed is None:
        raise Invalid({"reason": _("One of: %(choices)s.") % {"choices": ", ".join(terms.exclusions)}})
    if from_at.utcoffset() is None or to_at.utcoffset() is None or not from_at < to_at:
        raise Invalid({"to_at": _("The window ends after it begins; give the time zone too.")})
    proof = required_text("evidence", evidence)
    lock_subject(ticket)
    _check_approver(viewer, ticket, approver)
    if "client" in agreed.agreed_by - {side_of(viewer)}:
        _require_client(approver)
    before = _promises(ticket)
    entry_id = write_entry(
        ticket,
        "exclusion.agreed",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={"reason": reason, "evidence": proof, "side": side_of(viewer), **_agreed(approver, proposal)},
        personal=_approved_by(approver),
        facts=[
            FactDraft(FactKind.EXCLUSION_BEGAN, int(from_at.timestamp()), reason, agreed.party),
            FactDraft(FactKind.EXCLUSION_ENDED, int(to_at.timestamp())),
        ],
    )
    clocks = fold_clocks(ticket, instants)
    if _decides(before, _promises(ticket)):
        _require_client(approver)
    return Done(ticket, entry_id, clocks)


def is_left_out(facts: Sequence[Fact]) -> bool:
    """Whether the last word on belonging to the population was to leave."""
    words = [fact.kind for fact in facts if fact.kind in {FactKind.LEFT_OUT, FactKind.TAKEN_BACK}]
    return bool(words) and words[-1] is FactKind.LEFT_OUT


def _check_approver(viewer: Viewer, ticket: Ticket, approver: Viewer) -> None:
    """Somebody else with a word in the scope; the system, when it acts, approves itself."""
    if viewer.is_system and approver.is_system:
        return
    if viewer.person_id is not None and approver.person_id == viewer.person_id:
        raise Forbidden(_("Somebody else has to approve."))
    if not may_approve(approver, ticket.scope_id):
        raise Forbidden(_("“%(person)s” has no word in this.") % {"person": approver.actor.name})


def _require_client(approver: Viewer) -> None:
    if side_of(approver) not in {"client", SYSTEM_SIDE}:
        raise Invalid(
            {"approver": _("This decides about a promise to the client: the client must approve.")},
            code=CLIENT_MUST_APPROVE,
        )


def _agreed(approver: Viewer, proposal: int) -> dict[str, Any]:
    """Whose agreement an entry tells of, and the entry that asked for it."""
    return {"approver_side": side_of(approver), **({"proposal": proposal} if proposal else {})}


def _approved_by(approver: Viewer) -> dict[str, Any]:
    return {"approver": {"id": approver.actor.id, "name": approver.actor.name}}


def _main_instant(facts: Sequence[Fact]) -> int:
    """The instant that the entry's facts share; a failure that began earlier is not meant."""
    plain = [fact.at for fact in facts if fact.kind is not FactKind.FAILED]
    return plain[0] if plain else facts[0].at


def _check_new(
    ticket: Ticket, facts: Sequence[Fact], moving: Sequence[Fact], new: int | None, now: int
) -> None:
    if new is None:
        raise Invalid({"new_at": _("Give the time zone too, for example 2026-04-01T09:30:00+08:00.")})
    if new > now:
        raise Invalid({"new_at": _("This lies in the future.")})
    if new == moving[0].at:
        raise Invalid({"new_at": _("Nothing would change.")}, code="unchanged")
    is_opening = any(fact.kind is FactKind.OPENED for fact in moving)
    if not is_opening and new < int(ticket.opened_at.timestamp()):
        raise Invalid({"new_at": _("The ticket was opened later than that.")})
    others = [fact.at for fact in facts if fact not in moving and fact.kind is not FactKind.FAILED]
    if is_opening and others and new > min(others):
        raise Invalid({"new_at": _("Something happened to the ticket before that.")})
    for fact in moving:
        if fact.kind is FactKind.WAIT_ENDED:
            began = [it.at for it in facts if it.kind is FactKind.WAIT_BEGAN and it.ref == fact.ref]
            if began and new < began[0]:
                raise Invalid({"new_at": _("The waiting period began later than that.")})
        if fact.kind is FactKind.WAIT_BEGAN:
            ended = [it.at for it in facts if it.kind is FactKind.WAIT_ENDED and it.ref == fact.ref]
            if ended and new > ended[0]:
                raise Invalid({"new_at": _("The waiting period ended before that.")})


def _columns(ticket: Ticket, moving: Sequence[Fact], old: int, new: int) -> dict[str, Any]:
    """Columns of the ticket that repeat the instant of a fact that moves."""
    moved_to = datetime.fromtimestamp(new, UTC)
    changes: dict[str, Any] = {}
    for fact in moving:
        column = _COLUMNS.get(fact.kind)
        value = getattr(ticket, column) if column else None
        if column and value is not None and int(value.timestamp()) == old:
            changes[column] = moved_to
    if ticket.moved_at is not None and int(ticket.moved_at.timestamp()) == old:
        changes["moved_at"] = moved_to
    return changes


def _promises(ticket: Ticket) -> dict[str, LiveClock]:
    """The clocks of what was promised to the client, as last folded."""
    terms, reason = contract_for(ticket.scope_id, ticket.opened_at)
    if reason:
        return {}
    promised = set(terms.clocks_for("client"))
    rows = live_clocks(scope_id=ticket.scope_id, subject_ids=[ticket.pk])[ticket.pk]
    return {row.kind: row for row in rows if row.kind in promised}


def _kept_promises(ticket: Ticket) -> dict[str, tuple[bool | None, bool]]:
    """Per promise to the client: whether it is met, and whether it is breached by now."""
    return {kind: _kept(row) for kind, row in _promises(ticket).items()}


def _kept(row: LiveClock) -> tuple[bool | None, bool]:
    return row.is_met, row.breached_at is not None


def _decides(before: Mapping[str, LiveClock], after: Mapping[str, LiveClock]) -> bool:
    """Whether a correction decides about a promise to the client: whether it was kept, or, of one that is not decided
    yet, that it has more time than it had. Otherwise what would be refused tomorrow could be taken today.
    """
    if before.keys() != after.keys():
        return True
    return any(
        _kept(before[kind]) != _kept(row) or _has_gained(before[kind], row) for kind, row in after.items()
    )


def _has_gained(before: LiveClock, after: LiveClock) -> bool:
    """Whether a clock that still runs or waits is due later, or has used less of its goal."""
    if after.is_met is not None or after.breached_at is not None:
        return False
    if before.due_at is not None and after.due_at is not None:
        return after.due_at > before.due_at
    return before.due_at is None and after.due_at is None and after.elapsed_seconds < before.elapsed_seconds
