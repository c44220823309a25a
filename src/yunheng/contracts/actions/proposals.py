"""A version that begins in the past is an act of two: the provider proposes it, the client's contact accepts it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from yunheng.logic.flow import Process

from ..backdating import is_backdated, require_unlocked
from ..checking import check, day_start, digest
from ..models import Contract, VersionProposal
from ..withheld import client_terms
from .applying import (
    Acceptance,
    Applied,
    ContractFaulty,
    apply_contract,
    lock_contract,
    record_entry,
    rehearse_version,
)

LONGEST_TEXT = 2_000
State = VersionProposal.State


@transaction.atomic
def propose_version(
    *,
    viewer: Viewer,
    at: datetime,
    contract: Contract,
    data: bytes,
    reason: str,
    newest_known: int | None = None,
    processes: Mapping[str, Process] | None = None,
) -> VersionProposal:
    """Ask the client for a version that begins in the past. One at a time waits; nothing else happens yet.

    Raises ContractFaulty, Invalid without a reason, Conflict when another proposal waits or a version came between,
    Refusal "not_backdated" when it could simply be applied, and whatever applying would refuse.
    """
    viewer.require("contract.apply", contract.pk)
    text = _text("reason", reason, is_needed=True)
    checked = check(data, processes)
    if checked.terms is None:
        raise ContractFaulty(checked.problems)
    if checked.terms["key"] != contract.scope.key or checked.effective is None:
        raise Refusal(
            _("The document needs the key of this contract and “effective”."), code="effective_missing"
        )
    lock_contract(contract.scope.key)
    if not is_backdated(contract, day_start(checked.effective, contract.scope.zone), at):
        raise Refusal(
            _("No recorded work lies after %(day)s: apply the version.") % {"day": checked.effective},
            code="not_backdated",
        )
    require_unlocked(contract, day_start(checked.effective, contract.scope.zone))
    waiting = contract.proposals.filter(state=State.WAITING).select_related("proposed_by").first()
    if waiting is not None:
        raise Conflict(
            _(
                "A proposal of %(name)s waits for the client's answer; it has to be answered or withdrawn first."
            )
            % {"name": waiting.proposed_by.name},
            changed_by=waiting.proposed_by.name,
        )
    newest = contract.versions.order_by("-number").values_list("number", flat=True).first() or 0
    base = newest if newest_known is None else newest_known
    refusal = rehearse_version(viewer=viewer, at=at, data=data, processes=processes, newest_known=base)
    if refusal is not None:
        raise refusal
    proposal = VersionProposal.objects.create(
        contract=contract,
        document=checked.text,
        terms=checked.terms,
        effective=checked.effective,
        base=base,
        reason=text,
        proposed_by=_person(viewer),
        proposed_at=at,
    )
    seen = digest(client_terms(checked.terms)).hex()
    whole = digest(checked.terms).hex()
    record_entry(
        viewer,
        at,
        contract,
        "contract.backdating_proposed",
        {
            "proposal": str(proposal.uuid),
            "effective": checked.effective.isoformat(),
            "client_terms_sha256": seen,
            "reason": text,
        },
        {"terms_sha256": whole} if whole != seen else None,
    )
    return proposal


@transaction.atomic
def answer_proposal(
    *,
    viewer: Viewer,
    at: datetime,
    uuid: UUID,
    is_accepted: bool,
    text: str = "",
    processes: Mapping[str, Process] | None = None,
) -> Applied | None:
    """The client's word. Accepting applies the version at once, in the name of who proposed it and may still do so.

    Raises NotFound, Forbidden without `contract.accept`, Invalid for a refusal without words, Conflict when it was
    answered before or another version came between.
    """
    proposal = _locked(viewer, uuid)
    contract = proposal.contract
    viewer.require("contract.accept", contract.pk)
    words = _text("text", text, is_needed=not is_accepted)
    proposal.answered_by, proposal.answered_at, proposal.answer = _person(viewer), at, words
    if not is_accepted:
        proposal.state = State.DECLINED
        proposal.save(update_fields=["state", "answered_by", "answered_at", "answer"])
        record_entry(
            viewer,
            at,
            contract,
            "contract.backdating_declined",
            {"proposal": str(proposal.uuid), "effective": proposal.effective.isoformat(), "reason": words},
        )
        return None
    proposer = viewer_for_person(proposal.proposed_by)
    if not proposer.may("contract.apply", contract.pk):
        raise Forbidden(
            _("%(name)s, who proposed it, may not apply contracts any more.")
            % {"name": proposal.proposed_by.name},
            permission="contract.apply",
        )
    applied = apply_contract(
        viewer=proposer,
        at=at,
        data=proposal.document.encode(),
        processes=processes,
        newest_known=proposal.base,
        acceptance=Acceptance(viewer, words or proposal.reason, str(proposal.uuid)),
    )
    proposal.state, proposal.version = State.ACCEPTED, applied.version
    proposal.save(update_fields=["state", "version", "answered_by", "answered_at", "answer"])
    return applied


@transaction.atomic
def withdraw_proposal(*, viewer: Viewer, at: datetime, uuid: UUID) -> None:
    """Take a proposal back before it is answered. Raises NotFound, Forbidden, Conflict."""
    proposal = _locked(viewer, uuid)
    viewer.require("contract.apply", proposal.contract.pk)
    proposal.state, proposal.answered_by, proposal.answered_at = State.WITHDRAWN, _person(viewer), at
    proposal.save(update_fields=["state", "answered_by", "answered_at"])
    record_entry(
        viewer,
        at,
        proposal.contract,
        "contract.backdating_withdrawn",
        {"proposal": str(proposal.uuid), "effective": proposal.effective.isoformat()},
    )


def _locked(viewer: Viewer, uuid: UUID) -> VersionProposal:
    """The waiting proposal, locked. Raises NotFound alike when it is missing and when it is not for the viewer."""
    proposal = (
        VersionProposal.objects.select_for_update(of=("self",))
        .select_related(
            "contract__scope", "contract__provider", "contract__client", "proposed_by__organisation"
        )
        .filter(uuid=uuid)
        .first()
    )
    if proposal is None or not viewer.may("contract.view", proposal.contract_id):
        raise NotFound(_("There is no such proposal."))
    if proposal.state != State.WAITING:
        raise Conflict(_("The proposal has been answered already."), state=proposal.state)
    return proposal


def _text(field: str, text: str, *, is_needed: bool) -> str:
    stripped = text.strip()
    if is_needed and not stripped:
        raise Invalid({field: _("Say why, in a sentence: the other side reads it.")})
    if len(stripped) > LONGEST_TEXT or "\0" in stripped:
        raise Invalid({field: _("At most %(most)d characters of text.") % {"most": LONGEST_TEXT}})
    return stripped


def _person(viewer: Viewer) -> Person:
    """The person behind the viewer. Raises Forbidden for those who are nobody in particular."""
    person = Person.objects.filter(pk=viewer.person_id).first() if viewer.person_id else None
    if person is None:
        raise Forbidden(_("This is for people to do, signed in."))
    return person
