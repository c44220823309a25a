"""Corrections of the record as acts of two: somebody proposes one, somebody else approves or refuses it (R45).

The entries: "correction.proposed", then "correction.approved" with the correction itself behind it,
"correction.refused" or "correction.withdrawn". Each later one names the first in "proposal".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.queries import viewer_for_person
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.flow import lock_subject
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from yunheng.logic.canonical import instant

from ..models import Proposal, Ticket
from ..queries import may_answer_proposal, visible_to
from .basis import Instants, begin, required_text, side_of, write_entry
from .corrections import (
    CLIENT_MUST_APPROVE,
    correct_time,
    exclude_window,
    leave_out,
    take_back,
)
from .moving import Done

__all__ = [
    "answer_proposal",
    "may_answer_proposal",
    "may_propose",
    "may_withdraw_proposal",
    "propose",
    "withdraw_proposal",
]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of correction: the permission to propose it, what its data holds, and the action behind it.

    `renamed` says which field of the action a field of the proposal is, where the names differ.
    """

    permission: str
    fields: Mapping[str, str]  # name → "entry", "instant" or "word"
    carry_out: Callable[..., Done]
    renamed: Mapping[str, str]


_KINDS: Final[Mapping[str, _Kind]] = {
    Proposal.Kind.CORRECT_TIME.value: _Kind(
        "ticket.correct_time",
        {"entry": "entry", "new_at": "instant"},
        correct_time,
        {"entry": "entry_id", "text": "reason"},
    ),
    Proposal.Kind.LEAVE_OUT.value: _Kind(
        "ticket.exclude", {"reason": "word"}, leave_out, {"text": "evidence"}
    ),
    Proposal.Kind.TAKE_BACK.value: _Kind("ticket.exclude", {}, take_back, {"text": "reason"}),
    Proposal.Kind.EXCLUDE_WINDOW.value: _Kind(
        "ticket.exclude",
        {"reason": "word", "from_at": "instant", "to_at": "instant"},
        exclude_window,
        {"text": "evidence"},
    ),
}


def may_propose(viewer: Viewer, ticket: Ticket, kind: str) -> bool:
    """Whether the viewer, a person, may propose such a correction of the ticket."""
    known = _KINDS.get(kind)
    return (
        known is not None
        and viewer.person_id is not None
        and not ticket.is_observed
        and viewer.may(known.permission, ticket.scope_id)
    )


@transaction.atomic
def propose(
    viewer: Viewer,
    number: str,
    *,
    kind: str,
    data: Mapping[str, Any],
    reason: str,
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Proposal:
    """Propose a correction of the record, with the reason or evidence that the other side reads.

    `data` by kind: correct_time {"entry": id, "new_at": instant}; leave_out {"reason": one of LEAVING_REASONS};
    take_back {}; exclude_window {"reason": the contract's code, "from_at": instant, "to_at": instant}. Instants
    are aware datetimes or their text.

    The correction is tried and undone: what could not be carried out is refused at once (Invalid with the fields of
    `data`, or "text" for the reason), and whether it decides about a promise to the client says who has to agree. Needs
    `ticket.correct_time` for a time, `ticket.exclude` for the others; only a person proposes.
    """
    known = _KINDS.get(kind)
    if known is None:
        raise Invalid({"kind": _("One of: %(choices)s.") % {"choices": ", ".join(_KINDS)}})
    ticket, instants = begin(viewer, number, permission=known.permission, at=None, recorded_at=recorded_at)
    if viewer.person_id is None:
        raise Forbidden(_("Only a person can propose a correction."))
    text = required_text("text", reason)
    values = _read(known, data)
    lock_subject(ticket)
    if Proposal.objects.filter(
        ticket=ticket, kind=kind, data=_stored(values), standing=Proposal.Standing.PROPOSED
    ).exists():
        raise Invalid({"kind": _("This is proposed already and waits for an answer.")}, code="unchanged")
    needs_client = _needs_client(viewer, ticket, known, values, text, instants)
    stored = _stored(values)
    entry_id = write_entry(
        ticket,
        "correction.proposed",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={
            "kind": kind,
            "data": stored,
            "text": text,
            "side": side_of(viewer),
            "needs_client": needs_client,
        },
    )
    return Proposal.objects.create(
        scope_id=ticket.scope_id,
        ticket=ticket,
        kind=kind,
        data=stored,
        reason=text,
        side=side_of(viewer),
        needs_client=needs_client,
        proposed_by_id=viewer.person_id,
        proposed_at=instants.recorded_at,
        entry_id=entry_id,
    )


@transaction.atomic
def answer_proposal(
    viewer: Viewer,
    uuid: UUID,
    *,
    is_approved: bool,
    text: str = "",
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Approve a proposal, which carries it out with the viewer as approver, or refuse it, which needs a word why.

    Somebody else than who proposed it: of the client with `pause.answer` where the client has to agree, of the
    provider with `ticket.correct_time` elsewhere. Raises NotFound, Forbidden, Conflict when it was answered or
    withdrawn already, and Invalid with code "changed" when what it proposes is no longer possible, or would decide
    about a promise to the client by now and the client was not asked.
    """
    proposal, ticket, instants = _begin(viewer, uuid, recorded_at)
    if not may_answer_proposal(viewer, proposal):
        raise Forbidden(_("This is for somebody else to approve."), permission="pause.answer")
    words = text.strip() if is_approved and not text.strip() else required_text("text", text)
    entry_id = _end(
        proposal,
        ticket,
        Proposal.Standing.APPROVED if is_approved else Proposal.Standing.REFUSED,
        viewer,
        instants,
        words,
        source,
    )
    if not is_approved:
        return Done(ticket, entry_id, [])
    known = _KINDS[proposal.kind]
    proposer = viewer_for_person(proposal.proposed_by)
    if not proposer.may(known.permission, ticket.scope_id):
        raise Invalid(
            {"proposal": _("Who proposed this may no longer do so. Refuse it, or have it proposed again.")},
            code="changed",
        )
    try:
        return _carry_out(
            known,
            proposer,
            ticket,
            _read(known, proposal.data),
            proposal.reason,
            approver=viewer,
            proposal=proposal.entry_id,
            instants=instants,
            source=source,
        )
    except Invalid as error:
        if error.code == CLIENT_MUST_APPROVE:
            sentence = _(
                "The ticket changed since this was proposed: it decides about a promise to the client now. "
                "Withdraw it and propose it again, so that the client is asked."
            )
        else:
            sentence = _(
                "The ticket changed since this was proposed, and it is no longer possible: %(why)s"
            ) % {"why": error.message}
        raise Invalid({"proposal": sentence}, code="changed") from error


@transaction.atomic
def withdraw_proposal(
    viewer: Viewer,
    uuid: UUID,
    *,
    text: str = "",
    recorded_at: datetime | None = None,
    source: str | None = None,
) -> Done:
    """Take a proposal back: who made it, or somebody of the same side who could have made it."""
    proposal, ticket, instants = _begin(viewer, uuid, recorded_at)
    if not may_withdraw_proposal(viewer, proposal):
        raise Forbidden(
            _("A proposal is withdrawn by the side that made it."),
            permission=_KINDS[proposal.kind].permission,
        )
    entry_id = _end(proposal, ticket, Proposal.Standing.WITHDRAWN, viewer, instants, text.strip(), source)
    return Done(ticket, entry_id, [])


def may_withdraw_proposal(viewer: Viewer, proposal: Proposal) -> bool:
    """Whether the viewer may take the proposal back (whatever its standing)."""
    if viewer.person_id is None:
        return False
    return viewer.person_id == proposal.proposed_by_id or (
        side_of(viewer) == proposal.side and viewer.may(_KINDS[proposal.kind].permission, proposal.scope_id)
    )


# --- what they share


def _begin(viewer: Viewer, uuid: UUID, recorded_at: datetime | None) -> tuple[Proposal, Ticket, Instants]:
    """The proposal as it stands while its ticket is held. Raises NotFound, and Conflict when it has ended."""
    number = visible_to(viewer).filter(proposals__uuid=uuid).values_list("number", flat=True).first()
    if number is None:
        raise NotFound(_("There is no such proposed correction."))
    ticket, instants = begin(viewer, number, permission=None, at=None, recorded_at=recorded_at)
    lock_subject(ticket)
    proposal = Proposal.objects.select_related("proposed_by__organisation", "answered_by__organisation").get(
        uuid=uuid
    )
    if proposal.standing != Proposal.Standing.PROPOSED:
        raise _ended(proposal, viewer)
    return proposal, ticket, instants


def _ended(proposal: Proposal, viewer: Viewer) -> Conflict:
    name = ""
    if proposal.answered_by is not None and viewer.may("entry.personal", proposal.scope_id):
        name = proposal.answered_by.name
    sentences = {
        Proposal.Standing.APPROVED.value: _("%(who)s approved this already."),
        Proposal.Standing.REFUSED.value: _("%(who)s refused this already."),
        Proposal.Standing.WITHDRAWN.value: _("%(who)s withdrew this already."),
    }
    return Conflict(
        sentences[proposal.standing] % {"who": name or _("Somebody else")},
        changed_by=name,
        state=proposal.standing,
    )


def _end(
    proposal: Proposal,
    ticket: Ticket,
    standing: Proposal.Standing,
    viewer: Viewer,
    instants: Instants,
    text: str,
    source: str | None,
) -> int:
    """Close the proposal and say so in an entry; returns its id."""
    proposal.standing = standing
    proposal.answered_by_id = viewer.person_id
    proposal.answered_at = instants.recorded_at
    proposal.answer = text
    proposal.save(update_fields=["standing", "answered_by", "answered_at", "answer"])
    return write_entry(
        ticket,
        f"correction.{standing.value}",
        viewer=viewer,
        instants=instants,
        source=source,
        shared={
            "proposal": proposal.entry_id,
            "kind": proposal.kind,
            "side": side_of(viewer),
            **({"text": text} if text else {}),
        },
    )


def _carry_out(
    known: _Kind,
    proposer: Viewer,
    ticket: Ticket,
    values: Mapping[str, Any],
    text: str,
    *,
    approver: Viewer,
    proposal: int,
    instants: Instants,
    source: str | None,
) -> Done:
    """Call the action behind a proposal."""
    given = {**values, "text": text}
    arguments = {known.renamed.get(name, name): value for name, value in given.items()}
    return known.carry_out(
        proposer,
        ticket.number,
        **arguments,
        approver=approver,
        proposal=proposal,
        recorded_at=instants.recorded_at,
        source=source,
    )


class _Undone(Exception):  # noqa: N818 - no error: it ends a trial
    """Rolls a trial back."""


def _needs_client(
    viewer: Viewer, ticket: Ticket, known: _Kind, values: Mapping[str, Any], text: str, instants: Instants
) -> bool:
    """Try the correction as approved by somebody of the provider, and undo it: whether the client has to agree.

    What no approval would make possible is refused, under the names of the proposal's fields.
    """
    for kind in ("provider", "client"):
        try:
            with transaction.atomic():
                _carry_out(
                    known,
                    viewer,
                    ticket,
                    values,
                    text,
                    approver=_somebody_of(kind, ticket.scope_id),
                    proposal=0,
                    instants=instants,
                    source=None,
                )
                raise _Undone
        except _Undone:
            return kind == "client"
        except Invalid as error:
            if error.code == CLIENT_MUST_APPROVE and kind == "provider":
                continue
            names = {theirs: ours for ours, theirs in known.renamed.items()}
            raise Invalid(
                {names.get(name, name): texts for name, texts in error.fields.items()}, code=error.code
            ) from error
    raise AssertionError("the client's approval is enough for every correction")


def _somebody_of(kind: str, scope_id: int) -> Viewer:
    """A person with a word in corrections, for a trial; nothing that they are told to have approved is kept."""
    permissions = {"anybody": frozenset({"ticket.correct_time", "pause.answer"})}
    return Viewer(
        actor=SYSTEM,
        person_id=0,
        organisation_kind=kind,
        grants=frozenset({("anybody", scope_id)}),
        roles=permissions,
    )


def _read(known: _Kind, data: Mapping[str, Any]) -> dict[str, Any]:
    """The proposal's data as values. Raises Invalid with a sentence per field that is missing, wrong or unknown."""
    values: dict[str, Any] = {}
    faults = {name: _("This form has no such field.") for name in data if name not in known.fields}
    for name, form in known.fields.items():
        value = data.get(name)
        if value in (None, ""):
            faults[name] = _("This field is required.")
        elif form == "entry":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
                faults[name] = _("This is no entry of the ticket.")
            values[name] = value
        elif form == "instant":
            try:
                values[name] = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            except ValueError:
                faults[name] = _("This is no date or time in the form 2026-04-01T09:30:00+08:00.")
                continue
            if values[name].utcoffset() is None:
                faults[name] = _("Give the time zone too, for example 2026-04-01T09:30:00+08:00.")
        else:
            values[name] = str(value)
    if faults:
        raise Invalid(faults)
    return values


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON: instants as text."""
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}
