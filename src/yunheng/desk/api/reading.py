"""API of one ticket: its columns, timeline, clocks explained, process, files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Page, download, viewer_of
from yunheng.foundation.attachments import content_of
from yunheng.foundation.flow import offered
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.sla.actions import FoldedClock

from ..listing import clocks_shown
from ..models import Ticket
from ..naming import names_of
from ..queries import access_attachment, access_ticket, attachments_of
from ..rows import clocks_listed
from ..story import TicketStory, tell_ticket
from .routing import router
from .shapes import (
    ClockOut,
    ClocksOut,
    EntryOut,
    OfferedOut,
    ProcessOut,
    TicketDetail,
    clock_out,
    entry_out,
    offered_out,
    ticket_detail,
    written,
)


def detail_of(
    viewer: Viewer, ticket: Ticket, folded: Sequence[FoldedClock] = (), *, status: int = 200
) -> HttpResponse:
    """The ticket as every answer about one shows it, with the clocks that are the viewer's business: those that were
    just folded, or as they stand (1 query).
    """
    if folded:
        clocks = sorted((clock.row for clock in folded), key=lambda row: row.kind)
    else:
        clocks = clocks_listed([ticket.pk])[ticket.pk]
    return written(TicketDetail, ticket_detail(viewer, ticket, clocks_shown(viewer, ticket, clocks)), status)


def _story(request: HttpRequest, number: str) -> TicketStory:
    return tell_ticket(viewer_of(request), number, now=datetime.now(UTC), all_segments=True)


@router.get("/tickets/{number}", response=TicketDetail, summary="One ticket")
def read_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """All of its columns and its clocks as last folded; names only for those who may see personal data."""
    viewer = viewer_of(request)
    return detail_of(viewer, access_ticket(viewer, number, with_people=False))


@router.get("/tickets/{number}/timeline", response=Page[EntryOut], summary="Timeline of a ticket")
def read_timeline(
    request: HttpRequest,
    number: str,
    after: str = Query("", description="Name of the last entry already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Entries by when they happened, oldest first."""
    story = _story(request, number)
    names = names_of(story.ticket, (line.entry.id for line in story.lines))
    begin = 0
    if after:
        seen = [index for index, line in enumerate(story.lines, 1) if names[line.entry.id] == after]
        if not seen:
            raise Invalid({"after": _("This is not a place in this list.")})
        begin = seen[0]
    shown = story.lines[begin : begin + limit]
    files = attachments_of(viewer_of(request), story.ticket) if shown else {}
    return {
        "items": [entry_out(line, names, files.get(line.entry.id, ())) for line in shown],
        "next": names[shown[-1].entry.id] if begin + limit < len(story.lines) else None,
    }


@router.get("/tickets/{number}/clocks", response=ClocksOut, summary="Clocks, explained")
def read_clocks(request: HttpRequest, number: str) -> dict[str, Any]:
    """Every clock with all of its segments, folded now."""
    story = _story(request, number)
    places = {line.entry.id: line.place for line in story.lines}
    return {
        "evaluated_at": story.now,
        "reason": story.no_clock,
        "clocks": [clock_out(clock, places) for clock in story.clocks if clock.explanation is not None],
    }


@router.get("/tickets/{number}/clocks/{kind}", response=ClockOut, summary="One clock, explained")
def read_clock(request: HttpRequest, number: str, kind: str) -> dict[str, Any]:
    """The same for one clock."""
    story = _story(request, number)
    places = {line.entry.id: line.place for line in story.lines}
    for clock in story.clocks:
        if clock.key == kind and clock.explanation is not None:
            return clock_out(clock, places)
    raise NotFound(_("The ticket has no clock “%(kind)s”.") % {"kind": kind})


@router.get("/tickets/{number}/process", response=ProcessOut, summary="Process of a ticket")
def read_process(request: HttpRequest, number: str) -> dict[str, Any]:
    """States and transitions of the version that the ticket runs on."""
    story = _story(request, number)
    process = story.process
    if process is None:
        raise NotFound(_("The process of this ticket is not known here."))
    return {
        "key": process.key,
        "version": process.version,
        "label": dict(process.label),
        "states": [
            {
                "key": state.key,
                "label": dict(state.label),
                "category": state.category,
                "reason": state.reason,
                "party": state.party.name.lower() if state.party else None,
                "is_here": state.key == story.ticket.state,
            }
            for state in process.states.values()
        ],
        "transitions": [
            {
                "key": item.key,
                "label": dict(item.label),
                "from_states": sorted(item.from_),
                "to": item.to,
                "permission": item.permission,
            }
            for item in process.transitions.values()
        ],
    }


@router.get("/tickets/{number}/transitions", response=list[OfferedOut], summary="What leads on from here")
def read_transitions(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Transitions that the reader may make now, each with the form that it asks for."""
    viewer = viewer_of(request)
    ticket = access_ticket(viewer, number, with_people=False)
    if ticket.is_observed:
        return []
    return [offered_out(transition) for transition in offered(ticket, viewer)]


@router.get(
    "/attachments/{uuid:uuid}",
    response={200: None},
    summary="A file",
    openapi_extra={
        "responses": {
            200: {
                "description": "The bytes, always as a download.",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def read_attachment(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The content of a file that came with an entry, for whoever may read the text that it came with."""
    found = access_attachment(viewer_of(request), uuid)
    data = content_of(found)
    if data is None:
        raise NotFound(_("This file was erased."))
    return download(found.name, data)
