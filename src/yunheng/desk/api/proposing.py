"""API of corrections as acts of two: proposed, approved or refused by somebody else, withdrawn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import Input, Instant, viewer_of

from ..actions import answer_proposal, may_answer_proposal, propose, withdraw_proposal
from ..models import Proposal, Ticket
from ..naming import entry_named, names_of
from ..queries import access_proposal, access_ticket, proposals_of
from .routing import router


class CorrectionIn(Input):
    """What is proposed. Which fields belong to it follows from the kind."""

    kind: Literal["correct_time", "leave_out", "take_back", "exclude_window"]
    text: str = Field(description="Reason or evidence, which the other side reads")
    entry: str | None = Field(None, description="correct_time: name of the entry")
    new_at: Instant | None = Field(None, description="correct_time: when it really happened")
    reason: str | None = Field(
        None,
        description="leave_out: duplicate, test, withdrawn or not_liable; exclude_window: the contract's code",
    )
    from_at: Instant | None = Field(None, description="exclude_window: when it begins")
    to_at: Instant | None = Field(None, description="exclude_window: when it ends")


class AnswerProposalIn(Input):
    """The word of somebody else."""

    is_approved: bool
    text: str = Field("", description="Why; a refusal needs it")


class WithdrawIn(Input):
    """Taking it back."""

    text: str = ""


class ProposalOut(Schema):
    """A proposed correction, and what became of it."""

    uuid: UUID
    kind: str
    data: dict[str, Any] = Field(description="Its fields; `entry` by name")
    text: str
    side: str = Field(description="Of who proposed it")
    needs_client: bool = Field(description="The client has to agree; else somebody else of the provider may")
    standing: Literal["proposed", "approved", "refused", "withdrawn"]
    proposed_by: str | None = Field(description="Null where names are not for the reader")
    proposed_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    answer: str
    may_answer: bool


def proposal_out(viewer: Viewer, proposal: Proposal, names: Mapping[int, str]) -> dict[str, Any]:
    """A proposal; `names` are those of the entries that it is about."""
    shows_names = viewer.may("entry.personal", proposal.scope_id)
    data = dict(proposal.data)
    if "entry" in data:
        data["entry"] = names.get(int(data["entry"]))
    return {
        "uuid": proposal.uuid,
        "kind": proposal.kind,
        "data": data,
        "text": proposal.reason,
        "side": proposal.side,
        "needs_client": proposal.needs_client,
        "standing": proposal.standing,
        "proposed_by": proposal.proposed_by.name if shows_names else None,
        "proposed_at": proposal.proposed_at,
        "answered_by": proposal.answered_by.name if proposal.answered_by and shows_names else None,
        "answered_at": proposal.answered_at,
        "answer": proposal.answer,
        "may_answer": proposal.standing == "proposed" and may_answer_proposal(viewer, proposal),
    }


def _proposals(viewer: Viewer, ticket: Ticket) -> list[dict[str, Any]]:
    found = proposals_of(viewer, ticket)
    names = names_of(ticket, (int(one.data["entry"]) for one in found if "entry" in one.data))
    return [proposal_out(viewer, one, names) for one in found]


def _one(viewer: Viewer, uuid: UUID) -> dict[str, Any]:
    proposal = access_proposal(viewer, uuid)
    entries = [int(proposal.data["entry"])] if "entry" in proposal.data else []
    return proposal_out(viewer, proposal, names_of(proposal.ticket, entries))


@router.get(
    "/tickets/{number}/proposals",
    response=list[ProposalOut],
    tags=["agreements"],
    summary="Proposed corrections",
)
def read_proposals(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Whatever became of them, the oldest first."""
    viewer = viewer_of(request)
    return _proposals(viewer, access_ticket(viewer, number, with_people=False))


@router.post(
    "/tickets/{number}/proposals",
    response={201: ProposalOut},
    tags=["agreements"],
    summary="Propose a correction",
)
def post_proposal(request: HttpRequest, number: str, body: CorrectionIn) -> dict[str, Any]:
    """Tried and undone at once: what could not be carried out is refused, and it is known who has to agree."""
    viewer = viewer_of(request)
    ticket = access_ticket(viewer, number, with_people=False)
    data = body.model_dump(exclude={"kind", "text"}, exclude_none=True)
    if "entry" in data:
        data["entry"] = entry_named(viewer, ticket, data["entry"])
    return _one(viewer, propose(viewer, ticket.number, kind=body.kind, data=data, reason=body.text).uuid)


@router.post(
    "/proposals/{uuid:uuid}/answer",
    response=ProposalOut,
    tags=["agreements"],
    summary="Approve or refuse a correction",
)
def post_proposal_answer(request: HttpRequest, uuid: UUID, body: AnswerProposalIn) -> dict[str, Any]:
    """Approval carries it out in the same transaction. Nobody answers what they proposed themselves."""
    viewer = viewer_of(request)
    answer_proposal(viewer, uuid, is_approved=body.is_approved, text=body.text)
    return _one(viewer, uuid)


@router.post(
    "/proposals/{uuid:uuid}/withdrawal",
    response=ProposalOut,
    tags=["agreements"],
    summary="Withdraw a proposed correction",
)
def post_withdrawal(request: HttpRequest, uuid: UUID, body: WithdrawIn) -> dict[str, Any]:
    """For who made it, or somebody of the same side who could have made it."""
    viewer = viewer_of(request)
    withdraw_proposal(viewer, uuid, text=body.text)
    return _one(viewer, uuid)
