"""What the API says of tickets, as shapes and from rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.http import HttpResponse
from ninja import Field, Schema
from pydantic import BaseModel, ConfigDict

from yunheng.foundation.access import Viewer
from yunheng.foundation.models import Attachment
from yunheng.logic.clock import Segment
from yunheng.logic.facts import Party
from yunheng.logic.flow import Transition
from yunheng.logic.flow.model import FieldKind
from yunheng.sla.models import LiveClock
from yunheng.sla.queries import pauses_of

from ..actions import may_answer
from ..models import Ticket
from ..naming import Named, named_by, names_of
from ..queries import pause_terms
from ..story import ClockStory, TimelineLine
from ..voices import voices_of

#: What of an entry's data only projections need, and what in it names another entry by its id.
_PROJECTED = frozenset({"facts", "supersedes"})
_REFERENCES = frozenset({"entry", "pause", "proposal"})


class Shape(BaseModel):
    """What is answered most: checked and written by pydantic alone, from plain data and rows."""

    model_config = ConfigDict(from_attributes=True)


S = TypeVar("S", bound=BaseModel)


def written(shape: type[S], data: Any, status: int = 200) -> HttpResponse:
    """The answer with the data in that shape, as JSON in UTF-8. Raises pydantic's ValidationError for other data."""
    made = shape.model_validate(data)
    return HttpResponse(
        made.__pydantic_serializer__.to_json(made),
        status=status,
        content_type="application/json; charset=utf-8",
    )


class LiveClockOut(Shape):
    """A clock as last folded."""

    kind: str
    status: str
    due_at: datetime | None
    breached_at: datetime | None
    stopped_at: datetime | None
    is_met: bool | None
    goal_seconds: int | None


class TicketOut(Shape):
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
    row_version: int = Field(
        description="Goes into `expected_version` of a change, so that nobody is overruled unseen"
    )
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class TicketInList(TicketOut):
    """A ticket with its live clocks, those promised to others than the client left out."""

    clocks: list[LiveClockOut]


class TicketsOut(Shape):
    """A page of a list: `Page[TicketInList]` as it is written."""

    items: list[TicketInList]
    next: str | None


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
    clocks: list[LiveClockOut]


class FileOut(Schema):
    """A file that came with an entry."""

    uuid: UUID
    name: str = Field(description='"" when it was erased')
    size: int = Field(description="Bytes")
    sha256: str = Field(description="Hex; stands in the entry, so that the log covers it")


class EntryOut(Schema):
    """One entry, cut to what the reader may see. `place` counts from 1 within the ticket."""

    place: int
    name: str = Field(description="SHA-256 of the entry's leaf in the log, hex: its name that never changes")
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
    files: list[FileOut]
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


class ChoiceOut(Schema):
    """One value that a field takes."""

    key: str
    label: dict[str, str]


class FieldOut(Schema):
    """A field of a transition's form."""

    name: str
    kind: FieldKind
    is_required: bool
    label: dict[str, str]
    choices: list[ChoiceOut]


class OfferedOut(Schema):
    """A transition that leads on from here, for this reader; guards may still object."""

    key: str
    label: dict[str, str]
    to: str | None = Field(description="State after it; null where the state stays")
    form: list[FieldOut]


class PauseOut(Schema):
    """A waiting period."""

    name: str = Field(description="Name of the entry that began it")
    reason: str
    party: str
    began_at: datetime
    ended_at: datetime | None
    expected_until: datetime | None
    standing: Literal["proposed", "confirmed", "disputed", "upheld", "rejected"]
    note: str
    answers: dict[str, Literal["confirmed", "disputed", "upheld"]] = Field(
        description="What each side said last: provider, client, supplier; each speaks for itself alone"
    )
    dispute_until: datetime | None = Field(
        description="A side that has not answered may dispute it until then, whatever another side said;"
        " null where no clock stops for it"
    )
    may_answer: bool = Field(description="Whether the reader may confirm or dispute it now")


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """A ticket as in a list."""
    return _row(ticket, named_by(ticket))


def _row(ticket: Ticket, named: Named) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "uuid": ticket.uuid,
        "kind": ticket.kind,
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "service": ticket.service,
        "team": named.team,
        "is_major": ticket.is_major,
        "is_observed": ticket.is_observed,
        "source_number": ticket.source_number,
        "row_version": ticket.row_version,
        "opened_at": ticket.opened_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
    }


def ticket_detail(viewer: Viewer, ticket: Ticket, clocks: Iterable[LiveClock]) -> dict[str, Any]:
    """A ticket in full; names only for those who may see personal data."""
    shows_names = viewer.may("entry.personal", ticket.scope_id)
    named = named_by(ticket)
    return {
        **_row(ticket, named),
        "contract": ticket.scope.key,
        "description": ticket.description,
        "resolution": ticket.resolution,
        "channel": ticket.channel,
        "impact": ticket.impact,
        "urgency": ticket.urgency,
        "category": ticket.category,
        "ci": ticket.ci,
        "cause": ticket.cause,
        "supplier": named.supplier,
        "assignee": named.assignee if shows_names else None,
        "requester": (named.requester or ticket.requester_name or None) if shows_names else None,
        "restored_at": ticket.restored_at,
        "reopen_count": ticket.reopen_count,
        "process": ticket.process_key,
        "process_version": ticket.process_version,
        "clocks": list(clocks),
    }


def instant(at: int | None) -> datetime | None:
    """Epoch seconds as an instant."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def entry_out(line: TimelineLine, names: Mapping[int, str], files: Sequence[Attachment]) -> dict[str, Any]:
    """One entry; `names` are those of all entries of the ticket."""
    entry = line.entry
    return {
        "place": line.place,
        "name": names[entry.id],
        "type": entry.type,
        "sentence": line.sentence,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "actor_kind": entry.actor_kind,
        "actor_name": entry.actor_name,
        "source": entry.source,
        "shared": public_data(entry.shared, names),
        "internal": public_data(entry.internal, names),
        "personal": public_data(entry.personal, names),
        "erased": sorted(entry.erased),
        "hidden": sorted(entry.hidden),
        "files": [file_out(file) for file in files],
        "log_index": entry.log_index,
    }


def file_out(file: Attachment) -> dict[str, Any]:
    """A file, without its content."""
    return {"uuid": file.uuid, "name": file.name, "size": file.size, "sha256": bytes(file.digest).hex()}


def public_data(data: Mapping[str, Any] | None, names: Mapping[int, str]) -> dict[str, Any] | None:
    """Data of an entry without what only projections need; other entries that it tells of stand there by name."""
    if data is None:
        return None
    shown = {name: value for name, value in data.items() if name not in _PROJECTED}
    for name in _REFERENCES & shown.keys():
        shown[name] = names.get(shown[name]) if isinstance(shown[name], int) else None
    if isinstance(shown.get("data"), Mapping):
        shown["data"] = public_data(shown["data"], names)
    return shown


def clock_out(clock: ClockStory, places: Mapping[int, int]) -> dict[str, Any]:
    """A clock explained."""
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
        "started_at": instant(state.started_at),
        "stopped_at": instant(state.stopped_at),
        "due_at": instant(state.due_at),
        "breached_at": instant(state.breached_at),
        "settled_at": instant(state.settled_at),
        "goal_seconds": state.goal_seconds,
        "elapsed_seconds": state.elapsed_seconds,
        "undisputed_elapsed_seconds": state.undisputed_elapsed_seconds,
        "is_met": state.is_met,
        "is_provisional": state.is_provisional,
        "waited_seconds": {party.name.lower(): seconds for party, seconds in state.waited_seconds.items()},
        "segments": [segment_out(segment, places) for segment in explanation.segments],
    }


def segment_out(segment: Segment, places: Mapping[int, int]) -> dict[str, Any]:
    """A stretch of a clock."""
    return {
        "from_at": instant(segment.from_at),
        "to_at": instant(segment.to_at),
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


def offered_out(transition: Transition) -> dict[str, Any]:
    """A transition with its form."""
    return {
        "key": transition.key,
        "label": dict(transition.label),
        "to": transition.to,
        "form": [
            {
                "name": spec.name,
                "kind": spec.kind,
                "is_required": spec.is_required,
                "label": dict(spec.label),
                "choices": [{"key": choice.key, "label": dict(choice.label)} for choice in spec.choices],
            }
            for spec in transition.form
        ],
    }


def pauses_out(viewer: Viewer, ticket: Ticket) -> list[dict[str, Any]]:
    """The waiting periods of a ticket, oldest first (4 queries)."""
    pauses = pauses_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    names = names_of(ticket, (pause.pk for pause in pauses))
    voices, terms, now = voices_of(pauses), pause_terms(ticket, pauses), datetime.now(UTC)
    return [
        {
            "name": names[pause.pk],
            "reason": pause.reason,
            "party": Party(pause.party).name.lower(),
            "began_at": pause.began_at,
            "ended_at": pause.ended_at,
            "expected_until": pause.expected_until,
            "standing": pause.standing,
            "note": pause.note,
            "answers": {
                side: word.removeprefix("pause.") for side, word in voices[pause.pk].words.items() if side
            },
            "dispute_until": terms[pause.pk],
            "may_answer": may_answer(viewer, ticket, pause, voices[pause.pk], until=terms[pause.pk], now=now),
        }
        for pause in pauses
    ]
