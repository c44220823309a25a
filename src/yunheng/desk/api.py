"""API of tickets: list, one ticket, timeline, clocks explained, process."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from yunheng.foundation.answers import LARGEST_PAGE, PAGE, PROBLEMS, Page, viewer_of
from yunheng.foundation.refusals import NotFound
from yunheng.logic.clock import Segment
from yunheng.sla.models import LiveClock

from .listing import TicketFilter, contract_with_tickets, list_tickets
from .models import Ticket
from .story import ClockStory, TicketStory, TimelineLine, tell_ticket
from .wording import PLUMBING

router = Router(tags=["tickets"])


class LiveClockOut(Schema):
    """A clock as last folded."""

    kind: str
    status: str
    due_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    is_met: bool | None
    goal_seconds: int | None


class TicketOut(Schema):
    """A ticket in a list."""

    number: str
    uuid: UUID
    kind: str
    title: str
    state: str
    priority: str
    service: str
    team: str | None
    is_major: bool
    is_observed: bool
    source_number: str
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class TicketInList(TicketOut):
    """A ticket with its live clocks, those promised to others than the client left out."""

    clocks: list[LiveClockOut]


class TicketDetail(TicketOut):
    """A ticket in full."""

    contract: str
    description: str
    resolution: str
    channel: str
    impact: str
    urgency: str
    category: str
    ci: str
    cause: str
    supplier: str | None
    assignee: str | None = Field(description="Null also where names are not for the reader")
    requester: str | None
    restored_at: datetime | None
    reopen_count: int
    process: str
    process_version: int


class EntryOut(Schema):
    """One entry, cut to what the reader may see. `place` counts from 1 within the ticket."""

    place: int
    type: str
    sentence: str
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_name: str
    source: str
    shared: dict[str, Any] | None
    internal: dict[str, Any] | None
    personal: dict[str, Any] | None
    erased: list[str]
    hidden: list[str]
    log_index: int | None = Field(description="Position in the contract's log; null until it is sealed")


class CauseOut(Schema):
    """A wait or exclusion in force."""

    party: str
    reason: str
    entry: int | None
    standing: str | None


class SegmentOut(Schema):
    """A stretch [from_at, to_at) of a clock; `entry` is a place in the timeline."""

    from_at: datetime
    to_at: datetime
    seconds: int
    is_counted: bool
    why: str
    party: str
    reason: str
    standing: str | None
    entry: int | None
    others: list[CauseOut]


class ClockOut(Schema):
    """One clock explained: the counted segments add up to `elapsed_seconds`."""

    kind: str
    label: str
    audience: Literal["client", "internal", "supplier"]
    status: str
    sentence: str
    contract_version: int | None
    calendar: str
    profile: str
    started_at: datetime | None
    stopped_at: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    settled_at: datetime | None
    goal_seconds: int | None
    elapsed_seconds: int
    undisputed_elapsed_seconds: int
    is_met: bool | None
    is_provisional: bool
    waited_seconds: dict[str, int]
    segments: list[SegmentOut]


class ClocksOut(Schema):
    """All clocks of a ticket that are the reader's business."""

    evaluated_at: datetime
    reason: str = Field(description="Why there is none, where there is none")
    clocks: list[ClockOut]


class StateOut(Schema):
    """A state of the process."""

    key: str
    label: dict[str, str]
    category: str
    reason: str | None
    party: str | None
    is_here: bool


class TransitionOut(Schema):
    """A transition of the process. `to` is null where the state stays."""

    key: str
    label: dict[str, str]
    from_states: list[str]
    to: str | None
    permission: str


class ProcessOut(Schema):
    """The version of its process that a ticket runs on."""

    key: str
    version: int
    label: dict[str, str]
    states: list[StateOut]
    transitions: list[TransitionOut]


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "uuid": ticket.uuid,
        "kind": ticket.kind,
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "service": ticket.service,
        "team": ticket.team.key if ticket.team else None,
        "is_major": ticket.is_major,
        "is_observed": ticket.is_observed,
        "source_number": ticket.source_number,
        "opened_at": ticket.opened_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
    }


def _live(clock: LiveClock) -> LiveClockOut:
    return LiveClockOut(
        kind=clock.kind,
        status=clock.status,
        due_at=clock.due_at,
        breached_at=clock.breached_at,
        stopped_at=clock.stopped_at,
        is_met=clock.is_met,
        goal_seconds=clock.goal_seconds,
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _story(request: HttpRequest, number: str) -> TicketStory:
    return tell_ticket(viewer_of(request), number, now=datetime.now(UTC), all_segments=True)


@router.get(
    "/contracts/{key}/tickets",
    response={200: Page[TicketInList], **PROBLEMS},
    summary="Tickets of a contract",
)
def read_tickets(
    request: HttpRequest,
    key: str,
    state: str = Query("", description='A state, or "open" for all that are not closed or cancelled'),
    priority: str = "",
    service: str = "",
    text: str = Query("", max_length=200, description="A number, a source's number, or words of the title"),
    opened_from: AwareDatetime | None = None,
    opened_until: AwareDatetime | None = None,
    after: str = Query("", description="Number of the last ticket already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Newest first."""
    viewer = viewer_of(request)
    contract = contract_with_tickets(viewer, key)
    wanted = TicketFilter(state, priority, service, text, opened_from, opened_until)
    page = list_tickets(viewer, scope_id=contract.pk, wanted=wanted, after=after, limit=limit)
    return {
        "items": [
            {**_ticket(ticket), "clocks": [_live(clock) for clock in page.clocks.get(ticket.pk, ())]}
            for ticket in page.tickets
        ],
        "next": page.following or None,
    }


@router.get("/tickets/{number}", response={200: TicketDetail, **PROBLEMS}, summary="One ticket")
def read_ticket(request: HttpRequest, number: str) -> dict[str, Any]:
    """All of its columns; names only for those who may see personal data."""
    story = _story(request, number)
    ticket, shows_names = story.ticket, story.may_see_names
    return {
        **_ticket(ticket),
        "contract": ticket.scope.key,
        "description": ticket.description,
        "resolution": ticket.resolution,
        "channel": ticket.channel,
        "impact": ticket.impact,
        "urgency": ticket.urgency,
        "category": ticket.category,
        "ci": ticket.ci,
        "cause": ticket.cause,
        "supplier": ticket.supplier.key if ticket.supplier else None,
        "assignee": ticket.assignee.name if ticket.assignee and shows_names else None,
        "requester": (story.requester or None) if shows_names else None,
        "restored_at": ticket.restored_at,
        "reopen_count": ticket.reopen_count,
        "process": ticket.process_key,
        "process_version": ticket.process_version,
    }


@router.get(
    "/tickets/{number}/timeline", response={200: Page[EntryOut], **PROBLEMS}, summary="Timeline of a ticket"
)
def read_timeline(request: HttpRequest, number: str) -> dict[str, Any]:
    """All entries, oldest first. Internal ids that projections need are left out of the data."""
    story = _story(request, number)
    return {"items": [_entry(line) for line in story.lines], "next": None}


def _entry(line: TimelineLine) -> dict[str, Any]:
    entry = line.entry
    return {
        "place": line.place,
        "type": entry.type,
        "sentence": line.sentence,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "actor_kind": entry.actor_kind,
        "actor_name": entry.actor_name,
        "source": entry.source,
        "shared": _public(entry.shared),
        "internal": _public(entry.internal),
        "personal": _public(entry.personal),
        "erased": sorted(entry.erased),
        "hidden": sorted(entry.hidden),
        "log_index": entry.log_index,
    }


def _public(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if data is None else {name: value for name, value in data.items() if name not in PLUMBING}


@router.get("/tickets/{number}/clocks", response={200: ClocksOut, **PROBLEMS}, summary="Clocks, explained")
def read_clocks(request: HttpRequest, number: str) -> dict[str, Any]:
    """Every clock with all of its segments, folded now."""
    story = _story(request, number)
    places = {line.entry.id: line.place for line in story.lines}
    return {
        "evaluated_at": story.now,
        "reason": story.no_clock,
        "clocks": [_clock(clock, places) for clock in story.clocks if clock.explanation is not None],
    }


@router.get(
    "/tickets/{number}/clocks/{kind}", response={200: ClockOut, **PROBLEMS}, summary="One clock, explained"
)
def read_clock(request: HttpRequest, number: str, kind: str) -> dict[str, Any]:
    """The same for one clock."""
    story = _story(request, number)
    places = {line.entry.id: line.place for line in story.lines}
    for clock in story.clocks:
        if clock.key == kind and clock.explanation is not None:
            return _clock(clock, places)
    raise NotFound(_("The ticket has no clock “%(kind)s”.") % {"kind": kind})


def _clock(clock: ClockStory, places: Mapping[int, int]) -> dict[str, Any]:
    explanation = clock.explanation
    assert explanation is not None
    state = explanation.state
    return {
        "kind": clock.key,
        "label": clock.label,
        "audience": clock.audience,
        "status": state.status.value,
        "sentence": clock.sentence,
        "contract_version": clock.contract_version,
        "calendar": clock.calendar,
        "profile": state.profile,
        "started_at": _instant(state.started_at),
        "stopped_at": _instant(state.stopped_at),
        "due_at": _instant(state.due_at),
        "breached_at": _instant(state.breached_at),
        "settled_at": _instant(state.settled_at),
        "goal_seconds": state.goal_seconds,
        "elapsed_seconds": state.elapsed_seconds,
        "undisputed_elapsed_seconds": state.undisputed_elapsed_seconds,
        "is_met": state.is_met,
        "is_provisional": state.is_provisional,
        "waited_seconds": {party.name.lower(): seconds for party, seconds in state.waited_seconds.items()},
        "segments": [_segment(segment, places) for segment in explanation.segments],
    }


def _segment(segment: Segment, places: Mapping[int, int]) -> dict[str, Any]:
    return {
        "from_at": _instant(segment.from_at),
        "to_at": _instant(segment.to_at),
        "seconds": segment.seconds,
        "is_counted": segment.is_counted,
        "why": segment.why.value,
        "party": segment.party.name.lower(),
        "reason": segment.reason,
        "standing": segment.standing.value if segment.standing else None,
        "entry": places.get(segment.entry),
        "others": [
            {
                "party": cause.party.name.lower(),
                "reason": cause.reason,
                "entry": places.get(cause.entry),
                "standing": cause.standing.value if cause.standing else None,
            }
            for cause in segment.others
        ],
    }


@router.get(
    "/tickets/{number}/process", response={200: ProcessOut, **PROBLEMS}, summary="Process of a ticket"
)
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
