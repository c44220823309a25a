"""API of lists: tickets of one contract or all, what waits for somebody, saved views, many tickets at once."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Schema
from pydantic import AwareDatetime, StrictBool

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_VERSION, PAGE, Input, Page, viewer_of
from yunheng.logic.facts import Party

from ..actions import MOST, Pick, move_many
from ..listing import TicketFilter, TicketPage, contract_with_tickets, list_tickets
from ..models import SavedView
from ..naming import names_by_scope
from ..queries import pauses_waiting_for, proposals_waiting_for
from ..saved import change_view, delete_view, save_view, views_of
from ..unknown import refuse_unknown
from ..workbench import MOST_COUNTED, SHOWN, workbench_of
from .proposing import ProposalOut, proposal_out
from .routing import router
from .shapes import TicketInList, TicketsOut, ticket_row, written


class Narrowing(Schema):
    """What a list is narrowed to; what is left out narrows nothing."""

    state: str = Field(
        "", max_length=200, description='A state, or "open" for all that are not closed or cancelled'
    )
    priority: str = Field("", max_length=200)
    service: str = Field("", max_length=200)
    kind: str = Field("", max_length=200, description="incident or service_request")
    team: str = Field("", max_length=200, description='UUID of a team, "mine" or "nobody"')
    assignee: str = Field("", max_length=200, description='UUID of a person, "me" or "nobody"')
    requester: str = Field("", max_length=200, description="UUID or name")
    waiting: str = Field("", max_length=200, description="For whom it waits: client, supplier or provider")
    due: str = Field("", max_length=200, description='"breached", "today" or within hours: "8h"')
    channel: str = Field("", max_length=200)
    text: str = Field(
        "", max_length=200, description="The beginning of a number, a source's number, or words"
    )
    opened_from: AwareDatetime | None = None
    opened_until: AwareDatetime | None = Field(None, description="Exclusive")


class Listing(Narrowing):
    """A list: filter, order, place."""

    order: Literal["newest", "due", "priority"] = "newest"
    after: str = Field("", max_length=200, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=LARGEST_PAGE)


class WholeListing(Listing):
    """A list over all contracts."""

    contract: str = Field("", max_length=200, description="Key of a contract")


class CountOut(Schema):
    """A pile of tickets. `query` are the parameters of the list of all of them."""

    key: str
    label: str
    count: int = Field(description=f"Counted up to {MOST_COUNTED + 1}")
    query: str


class PileOut(Schema):
    """The first tickets of a pile."""

    key: str
    tickets: list[str] = Field(description=f"Numbers, at most {SHOWN}")


class WorkbenchOut(Schema):
    """What somebody who works the desk has to do now."""

    counts: list[CountOut]
    waiting: list[CountOut]
    piles: list[PileOut]


class WaitingPauseOut(Schema):
    """A waiting period that it is for the reader to answer."""

    ticket: str
    title: str
    name: str = Field(description="Name of the entry that began it")
    reason: str
    party: str
    text: str
    since: datetime
    until: datetime | None = Field(
        description="Silence until then confirms it; null where no clock stops for it"
    )


class WaitingProposalOut(ProposalOut):
    """A proposed correction that it is for the reader to answer."""

    ticket: str


class ViewIn(Input):
    """A list that is kept under a name."""

    name: str = Field(examples=["Open, high priority"])
    query: str = Field(description="Parameters of the list", examples=["state=open&priority=P1"])
    is_shared: bool = Field(False, description="With everybody of the own organisation")


class ViewOut(Schema):
    """A saved view."""

    uuid: UUID
    name: str
    query: str
    is_shared: bool
    is_own: bool


class PickIn(Input):
    """One of many tickets."""

    number: str
    expected_version: int | None = Field(None, ge=1, le=LARGEST_VERSION)


class BulkIn(Input):
    """The same transition for many tickets."""

    tickets: list[PickIn] = Field(min_length=1, max_length=MOST)
    transition: str = Field(description='A transition; "assign" is one')
    form: dict[str, str | StrictBool | None] = Field({})


class OutcomeOut(Schema):
    """What became of one ticket."""

    number: str
    is_done: bool
    state: str | None
    code: str | None = Field(description="Kind of the refusal, as in `type` of a problem")
    messages: list[str]


def _page(page: TicketPage) -> HttpResponse:
    items = [{**ticket_row(ticket), "clocks": page.clocks.get(ticket.pk, ())} for ticket in page.tickets]
    return written(TicketsOut, {"items": items, "next": page.following or None})


def _list(viewer: Viewer, asked: Listing, scope_id: int | None) -> HttpResponse:
    wanted = TicketFilter(**asked.model_dump(exclude={"order", "after", "limit"}))
    page = list_tickets(
        viewer, scope_id=scope_id, wanted=wanted, order=asked.order, after=asked.after, limit=asked.limit
    )
    if not page.tickets:
        refuse_unknown(viewer, wanted)
    return _page(page)


@router.get("/contracts/{key}/tickets", response=Page[TicketInList], summary="Tickets of a contract")
def read_tickets(request: HttpRequest, key: str, asked: Query[Listing]) -> HttpResponse:
    """By due and by priority stand tickets that one can work on; by due those with a running clock."""
    viewer = viewer_of(request)
    return _list(viewer, asked, contract_with_tickets(viewer, key).pk)


@router.get("/tickets", response=Page[TicketInList], summary="Tickets of all contracts; search")
def search_tickets(request: HttpRequest, asked: Query[WholeListing]) -> HttpResponse:
    """The same over all contracts. `text` finds words in what the reader may read, Chinese by its characters."""
    return _list(viewer_of(request), asked, None)


@router.get("/workbench", response=WorkbenchOut, summary="What there is to do")
def read_workbench(request: HttpRequest) -> dict[str, Any]:
    """Counts, and the first tickets of each pile."""
    bench = workbench_of(viewer_of(request), now=datetime.now(UTC))

    def counted(counts: Any) -> list[dict[str, Any]]:
        return [
            {"key": one.key, "label": one.label, "count": one.number, "query": one.query} for one in counts
        ]

    return {
        "counts": counted(bench.counts),
        "waiting": counted(bench.waiting),
        "piles": [
            {"key": pile.count.key, "tickets": [row.ticket.number for row in pile.rows]}
            for pile in bench.piles
        ],
    }


@router.get(
    "/pauses/waiting",
    response=list[WaitingPauseOut],
    tags=["agreements"],
    summary="Waiting periods to answer",
)
def read_waiting_pauses(request: HttpRequest) -> list[dict[str, Any]]:
    """Those that the reader's side has not answered and may still dispute, the oldest first."""
    found = pauses_waiting_for(viewer_of(request), now=datetime.now(UTC))
    names = names_by_scope((one.ticket.scope_id, one.pause.pk) for one in found)
    return [
        {
            "ticket": one.ticket.number,
            "title": one.ticket.title,
            "name": names[one.pause.pk],
            "reason": one.pause.reason,
            "party": Party(one.pause.party).name.lower(),
            "text": one.text,
            "since": one.since,
            "until": one.until,
        }
        for one in found
    ]


@router.get(
    "/proposals/waiting",
    response=list[WaitingProposalOut],
    tags=["agreements"],
    summary="Proposed corrections to answer",
)
def read_waiting_proposals(request: HttpRequest) -> list[dict[str, Any]]:
    """Those that it is for the reader to approve or refuse, the oldest first."""
    viewer = viewer_of(request)
    found = proposals_waiting_for(viewer)
    entries = ((one.scope_id, int(one.data["entry"])) for one in found if "entry" in one.data)
    names = names_by_scope(entries)
    return [{**proposal_out(viewer, one, names), "ticket": one.ticket.number} for one in found]


@router.post("/transitions", response=list[OutcomeOut], summary="Make a transition of many tickets")
def post_bulk(request: HttpRequest, body: BulkIn) -> list[dict[str, Any]]:
    """Each by itself: what is refused says why and touches nothing of the others. At most 200, each once."""
    picks = [
        Pick(one.number, one.expected_version) for one in sorted(body.tickets, key=lambda one: one.number)
    ]
    return [
        {
            "number": one.number,
            "is_done": one.is_done,
            "state": one.state or None,
            "code": one.code or None,
            "messages": one.reasons,
        }
        for one in move_many(viewer_of(request), picks, body.transition, body.form)
    ]


def _view(viewer: Viewer, view: SavedView) -> dict[str, Any]:
    return {
        "uuid": view.uuid,
        "name": view.name,
        "query": view.query,
        "is_shared": view.is_shared,
        "is_own": view.owner_id == viewer.person_id,
    }


@router.get("/views", response=list[ViewOut], tags=["views"], summary="Saved views")
def read_views(request: HttpRequest) -> list[dict[str, Any]]:
    """One's own, then those that others of the organisation share."""
    viewer = viewer_of(request)
    return [_view(viewer, view) for view in views_of(viewer)]


@router.post("/views", response={201: ViewOut}, tags=["views"], summary="Keep a list")
def post_view(request: HttpRequest, body: ViewIn) -> dict[str, Any]:
    """What the list does not know is left out of the query."""
    viewer = viewer_of(request)
    return _view(viewer, save_view(viewer, name=body.name, query=body.query, is_shared=body.is_shared))


@router.put("/views/{uuid:uuid}", response=ViewOut, tags=["views"], summary="Change a saved view")
def put_view(request: HttpRequest, uuid: UUID, body: ViewIn) -> dict[str, Any]:
    """One's own only."""
    viewer = viewer_of(request)
    changed = change_view(viewer, uuid, name=body.name, is_shared=body.is_shared, query=body.query)
    return _view(viewer, changed)


@router.api_operation(
    ["DELETE"], "/views/{uuid:uuid}", response={204: None}, tags=["views"], summary="Delete a saved view"
)
def remove_view(request: HttpRequest, uuid: UUID) -> None:
    """One's own only."""
    delete_view(viewer_of(request), uuid)
