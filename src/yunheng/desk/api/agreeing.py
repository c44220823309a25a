"""API of what needs two: waiting periods, proposals, links between tickets."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import Input, Instant, viewer_of

from ..actions import answer_pause, settle_pause
from ..actions.links import link_tickets, unlink_tickets
from ..models import Ticket
from ..naming import entry_named
from ..queries import access_ticket, links_of
from .routing import router
from .shapes import PauseOut, pauses_out


class AnswerIn(Input):
    """The other side's word on a waiting period."""

    text: str = Field("", description="Why; a dispute needs it", examples=["We answered on the same day."])
    at: Instant | None = None


class SettleIn(Input):
    """The end of a dispute, by the side that gives way."""

    is_upheld: bool = Field(description="True: the waiting period stands. False: it falls")
    text: str
    at: Instant | None = None


class LinkIn(Input):
    """“This ticket is a … of `other`.”"""

    other: str = Field(description="Number of the other ticket of the contract")
    kind: Literal["duplicate_of", "caused_by", "part_of", "related_to"]


class LinkOut(Schema):
    """A link as it reads from this ticket."""

    uuid: UUID
    kind: str
    other: str
    other_title: str
    other_state: str
    is_from_other: bool = Field(description="The sentence begins with the other ticket")


def _links(viewer: Viewer, ticket: Ticket) -> list[dict[str, Any]]:
    return [
        {
            "uuid": link.uuid,
            "kind": link.kind,
            "other": link.other.number,
            "other_title": link.other.title,
            "other_state": link.other.state,
            "is_from_other": link.is_from_other,
        }
        for link in links_of(viewer, ticket)
    ]


@router.get(
    "/tickets/{number}/pauses", response=list[PauseOut], tags=["agreements"], summary="Waiting periods"
)
def read_pauses(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Each with the party at fault and its standing, oldest first."""
    viewer = viewer_of(request)
    return pauses_out(viewer, access_ticket(viewer, number, with_people=False))


def _answered(
    request: HttpRequest, number: str, name: str, answer: Literal["confirm", "dispute"], given: AnswerIn
) -> list[dict[str, Any]]:
    viewer = viewer_of(request)
    ticket = access_ticket(viewer, number, with_people=False)
    answer_pause(
        viewer, ticket.number, entry_named(viewer, ticket, name), answer, text=given.text, at=given.at
    )
    return pauses_out(viewer, ticket)


@router.post(
    "/tickets/{number}/pauses/{name}/confirm",
    response=list[PauseOut],
    tags=["agreements"],
    summary="Confirm a waiting period",
)
def post_confirmation(request: HttpRequest, number: str, name: str, body: AnswerIn) -> list[dict[str, Any]]:
    """The other side agrees that it had to be waited for. That ends its own right to dispute it, nobody else's."""
    return _answered(request, number, name, "confirm", body)


@router.post(
    "/tickets/{number}/pauses/{name}/dispute",
    response=list[PauseOut],
    tags=["agreements"],
    summary="Dispute a waiting period",
)
def post_dispute(request: HttpRequest, number: str, name: str, body: AnswerIn) -> list[dict[str, Any]]:
    """The other side disagrees, and says why, within the contract's term, whether or not another side agreed."""
    return _answered(request, number, name, "dispute", body)


@router.post(
    "/tickets/{number}/pauses/{name}/settle",
    response=list[PauseOut],
    tags=["agreements"],
    summary="Settle a disputed waiting period",
)
def post_settlement(request: HttpRequest, number: str, name: str, body: SettleIn) -> list[dict[str, Any]]:
    """A dispute ends when one side gives way; while a third side disputes as well, that one's stays."""
    viewer = viewer_of(request)
    ticket = access_ticket(viewer, number, with_people=False)
    settle_pause(
        viewer,
        ticket.number,
        entry_named(viewer, ticket, name),
        is_upheld=body.is_upheld,
        text=body.text,
        at=body.at,
    )
    return pauses_out(viewer, ticket)


@router.get("/tickets/{number}/links", response=list[LinkOut], tags=["agreements"], summary="Linked tickets")
def read_links(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Those whose other end the reader may see."""
    viewer = viewer_of(request)
    return _links(viewer, access_ticket(viewer, number, with_people=False))


@router.post(
    "/tickets/{number}/links", response={201: list[LinkOut]}, tags=["agreements"], summary="Link two tickets"
)
def post_link(request: HttpRequest, number: str, body: LinkIn) -> list[dict[str, Any]]:
    """Say that they have to do with each other."""
    viewer = viewer_of(request)
    link = link_tickets(viewer, number, body.other, body.kind)
    return _links(viewer, link.ticket)


@router.api_operation(
    ["DELETE"],
    "/tickets/{number}/links/{uuid:uuid}",
    response=list[LinkOut],
    tags=["agreements"],
    summary="Take a link back",
)
def delete_link(request: HttpRequest, number: str, uuid: UUID) -> list[dict[str, Any]]:
    """From whichever end."""
    viewer = viewer_of(request)
    unlink_tickets(viewer, number, uuid)
    return _links(viewer, access_ticket(viewer, number, with_people=False))
