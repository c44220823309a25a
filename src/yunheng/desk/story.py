"""Everything that a ticket page tells, put together for one viewer: clocks explained, timeline, process,
pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_at
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer, visible_classes
from yunheng.foundation.flow import UnknownProcessError, label_text, process_for
from yunheng.foundation.process_picture import ProcessPicture, draw_process
from yunheng.logic.clock import ClockState, ClockStatus, Explanation, Segment, Standing, Why
from yunheng.logic.facts import Party
from yunheng.logic.flow import Process, diagram
from yunheng.logic.worktime import HorizonError, OpenTime
from yunheng.sla.picture import ROWS_SHOWN, Axis, Band, SegmentRow, common_axis, draw_band, segment_rows
from yunheng.sla.queries import ClockExplanation, explain_clocks
from yunheng.sla.wording import (
    RISK_PERCENT,
    Mark,
    clock_sentence,
    mark_name,
    mark_of,
    no_clock_text,
    party_name,
    segment_reason,
    standing_name,
    used_percent,
)

from . import wording as desk_wording
from .listing import is_clock_for
from .models import Ticket
from .queries import TimelineEntry, access_ticket, timeline
from .timeline import TimelineLine, Way, Window, open_window, tell_lines, way_of

__all__ = [
    "ClockStory",
    "SegmentLine",
    "TicketStory",
    "TimelineLine",
    "clocks_for",
    "process_known",
    "tell_ticket",
    "ways_taken",
]

METER_WIDTH = 200


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A row of the table under a clock's picture, in words. `entry` is the place in the ticket's timeline,
    0 for none.
    """

    row: SegmentRow
    why: str
    party: str
    standing: str
    entry: int
    look: str


@dataclass(frozen=True, slots=True)
class ClockStory:
    """One clock: its mark, the sentence about it, its picture and its table."""

    key: str
    label: str
    audience: str
    mark: Mark
    mark_label: str
    sentence: str
    used: int | None
    explanation: Explanation | None
    band: Band | None
    lines: tuple[SegmentLine, ...]
    is_condensed: bool
    calendar: str
    is_provisional: bool
    undisputed: str
    contract_version: int | None
    warn_at: datetime | None = None  # from when on it is at risk, if it runs on

    @property
    def meter(self) -> int:
        """Length of the meter's bar on METER_WIDTH."""
        return METER_WIDTH * min(self.used or 0, 100) // 100

    @property
    def due_at(self) -> datetime | None:
        """When it is due, while it runs towards that."""
        state = self.explanation.state if self.explanation else None
        if state is None or state.due_at is None or state.status is not ClockStatus.RUNNING:
            return None
        return datetime.fromtimestamp(state.due_at, UTC)

    @property
    def uncounted_seconds(self) -> int:
        """Wall time of the segments that is not counted."""
        return sum(line.row.uncounted_seconds for line in self.lines)


@dataclass(frozen=True, slots=True)
class TicketStory:
    """What the page and the API say of one ticket."""

    ticket: Ticket
    terms: ContractTerms | None
    process: Process | None
    state: str
    priority: str
    priority_rank: int
    service: str
    clocks: tuple[ClockStory, ...]
    no_clock: str
    lines: tuple[TimelineLine, ...]
    window: Window
    picture: ProcessPicture | None
    now: datetime
    classes: tuple[str, ...]

    @property
    def state_mark(self) -> str:
        """Mark of the state."""
        state = self.process.states.get(self.ticket.state) if self.process else None
        return desk_wording.CATEGORY_MARKS.get(state.category, "plain") if state else "plain"

    @property
    def contract_title(self) -> str:
        """The contract's name, as the version that the ticket follows gives it."""
        return label_in(self.terms.title, get_language() or "") if self.terms else self.ticket.scope.name

    @property
    def kind(self) -> str:
        """Kind of the ticket in words."""
        return desk_wording.kind_name(self.ticket.kind)

    @property
    def channel(self) -> str:
        """How it came in."""
        return desk_wording.channel_name(self.ticket.channel)

    @property
    def process_label(self) -> str:
        """Name and version of the process."""
        if self.process is None:
            return ""
        return _("%(process)s, version %(version)s") % {
            "process": label_text(self.process.label),
            "version": self.process.version,
        }

    @property
    def is_condensed(self) -> bool:
        """Whether some clock's table joins segments."""
        return any(clock.is_condensed for clock in self.clocks)

    @property
    def drawn_clocks(self) -> list[ClockStory]:
        """Clocks that have begun and have a goal: those with a picture and a table."""
        return [clock for clock in self.clocks if clock.band is not None]

    @property
    def may_see_names(self) -> bool:
        """Whether names of persons are for this viewer."""
        return "personal" in self.classes

    @property
    def requester(self) -> str:
        """Who asked."""
        return self.ticket.requester.name if self.ticket.requester else self.ticket.requester_name

    @property
    def cause(self) -> str:
        """Cause as the process calls it."""
        for transition in self.process.transitions.values() if self.process else ():
            for spec in transition.form:
                for choice in spec.choices if spec.name == "cause" else ():
                    if choice.key == self.ticket.cause:
                        return label_text(choice.label)
        return self.ticket.cause

    @property
    def impact(self) -> str:
        """Impact as the contract calls it."""
        label = self.terms.matrix.impacts.get(self.ticket.impact) if self.terms else None
        return label_in(label, get_language() or "") if label else self.ticket.impact

    @property
    def urgency(self) -> str:
        """Urgency as the contract calls it."""
        label = self.terms.matrix.urgencies.get(self.ticket.urgency) if self.terms else None
        return label_in(label, get_language() or "") if label else self.ticket.urgency


def tell_ticket(
    viewer: Viewer,
    number: str,
    *,
    now: datetime,
    all_segments: bool = False,
    part: Literal["whole", "newest"] = "whole",
) -> TicketStory:
    """The story of one ticket for one viewer: all of its timeline, or the newest window of it. Raises NotFound alike
    for missing and hidden.

    Clocks promised to others than the viewer's side are left out: the client sees its own, a supplier its
    own.
    """
    ticket = access_ticket(viewer, number)
    language = get_language() or "zh-hans"
    window = open_window(viewer, ticket) if part == "newest" else _whole(timeline(viewer, ticket))
    explained = clocks_for(viewer, ticket, now=now)
    terms = next((clock.terms for clock in explained if clock.terms is not None), None) or terms_at(
        ticket.scope_id, ticket.opened_at
    )
    process = process_known(ticket)
    axis = common_axis((clock.explanation for clock in explained if clock.explanation), int(now.timestamp()))
    return TicketStory(
        ticket=ticket,
        terms=terms,
        process=process,
        state=desk_wording.state_label(process, ticket.state),
        priority=_priority(ticket, terms, language),
        priority_rank=_rank(ticket, terms),
        service=_service(ticket, terms, language),
        clocks=tuple(
            _clock(
                clock, axis=axis, now=now, places=window.places, language=language, all_segments=all_segments
            )
            for clock in explained
            if clock.kind
        ),
        no_clock=no_clock_text(explained[0].reason) if explained and not explained[0].kind else "",
        lines=tuple(
            tell_lines(window.entries, first=window.first, process=process, terms=terms, language=language)
        ),
        window=window,
        picture=_picture(ticket, process, window.ways),
        now=now,
        classes=visible_classes(viewer, ticket.scope_id),
    )


def _whole(entries: Sequence[TimelineEntry]) -> Window:
    """All entries as one window."""
    places = {entry.id: place for place, entry in enumerate(entries, 1)}
    ways = tuple(way_of(entry.type, entry.shared or {}) for entry in entries)
    return Window(tuple(entries), 1, len(entries), places, ways)


def clocks_for(viewer: Viewer, ticket: Ticket, *, now: datetime) -> list[ClockExplanation]:
    """The ticket's clocks that are the viewer's business, in the contract's order."""
    explained = explain_clocks(scope_id=ticket.scope_id, subject_id=ticket.pk, now=int(now.timestamp()))
    return [clock for clock in explained.values() if is_clock_for(viewer, ticket, clock.detail)]


def process_known(ticket: Ticket) -> Process | None:
    """The version of its process that the ticket runs on, None where no pack holds it."""
    try:
        return process_for(ticket)
    except UnknownProcessError:
        return None


def _priority(ticket: Ticket, terms: ContractTerms | None, language: str) -> str:
    known = terms.priorities.get(ticket.priority) if terms else None
    return label_in(known.label, language) if known else ticket.priority


def _rank(ticket: Ticket, terms: ContractTerms | None) -> int:
    """How many of four bars are lit: 4 for the most pressing priority of the contract, 1 for the rest."""
    known = terms.priorities.get(ticket.priority) if terms else None
    return max(1, 4 - known.rank) if known else 0


def _service(ticket: Ticket, terms: ContractTerms | None, language: str) -> str:
    known = terms.services.get(ticket.service) if terms else None
    return label_in(known.label, language) if known else ticket.service


def _clock(
    clock: ClockExplanation,
    *,
    axis: Axis | None,
    now: datetime,
    places: Mapping[int, int],
    language: str,
    all_segments: bool,
) -> ClockStory:
    detail, explanation = clock.detail, clock.explanation
    label = label_in(detail.label, language) if detail else clock.kind
    audience = detail.audience if detail else "client"
    if explanation is None:
        return ClockStory(
            key=clock.kind,
            label=label,
            audience=audience,
            mark="na",
            mark_label="",
            sentence=no_clock_text(clock.reason),
            used=None,
            explanation=None,
            band=None,
            lines=(),
            is_condensed=False,
            calendar="",
            is_provisional=False,
            undisputed="",
            contract_version=None,
        )
    state = explanation.state
    used = used_percent(state.elapsed_seconds, state.goal_seconds)
    mark = mark_of(
        state.status, is_met=state.is_met, is_breached=state.breached_at is not None, used_percent=used
    )
    is_condensed = not all_segments and len(explanation.segments) > ROWS_SHOWN
    rows = segment_rows(explanation.segments, is_condensed=is_condensed)
    goal = clock.terms.clocks[clock.kind].goals.get(state.profile) if clock.terms else None
    calendar = clock.terms.calendars.get(goal.calendar) if clock.terms and goal else None
    band = None
    if (
        axis is not None
        and state.started_at is not None
        and state.goal_seconds is not None
        and clock.terms is not None
    ):
        band = draw_band(
            explanation,
            axis=axis,
            calendar=calendar,
            pause_reasons=clock.terms.clocks[clock.kind].pause_reasons,
            zone=timezone.get_current_timezone(),
            now=int(now.timestamp()),
            name=label,
        )
    return ClockStory(
        key=clock.kind,
        label=label,
        audience=audience,
        mark=mark,
        mark_label=mark_name(mark, state.status),
        sentence=clock_sentence(state, now=now, waits_for=_waits_for(explanation)),
        used=used,
        explanation=explanation,
        band=band,
        lines=tuple(_segment_line(row, clock.terms, places, language) for row in rows),
        is_condensed=is_condensed and len(rows) < len(explanation.segments),
        calendar=goal.calendar if goal else "",
        is_provisional=state.is_provisional,
        undisputed=(
            wording.duration(state.undisputed_elapsed_seconds)
            if state.undisputed_elapsed_seconds != state.elapsed_seconds
            else ""
        ),
        contract_version=clock.terms.number if clock.terms else None,
        warn_at=_warn_at(state, calendar, now) if calendar is not None else None,
    )


def _warn_at(state: ClockState, calendar: OpenTime, now: datetime) -> datetime | None:
    """When a running clock will have used the share of its goal from which on it is at risk; now where it has."""
    if state.status is not ClockStatus.RUNNING or not state.goal_seconds:
        return None
    left = state.goal_seconds * RISK_PERCENT // 100 - state.elapsed_seconds
    if left <= 0:
        return now
    try:
        return datetime.fromtimestamp(calendar.add(int(now.timestamp()), left), UTC)
    except HorizonError:
        return None


def _waits_for(explanation: Explanation) -> Party:
    """Whom a paused clock waits for."""
    if explanation.state.status is not ClockStatus.PAUSED or not explanation.segments:
        return Party.NONE
    return explanation.segments[-1].party


_LOOK_OF_WHY = {
    Why.PAUSE: "pause",
    Why.EXCLUSION: "exclusion",
    Why.OFF_HOURS: "off",
    Why.WAITING_COUNTED: "pause-counted",
    Why.DISPUTE_COUNTED: "pause-counted",
}


def _segment_line(
    row: SegmentRow, terms: ContractTerms | None, places: Mapping[int, int], language: str
) -> SegmentLine:
    segment: Segment = row.first
    why = segment_reason(segment, terms, language)
    return SegmentLine(
        row=row,
        why=why,
        party=party_name(segment.party),
        standing=standing_name(segment.standing) if isinstance(segment.standing, Standing) else "",
        entry=places.get(segment.entry, 0),
        look="counted"
        if segment.why in {Why.COUNTED, Why.REOPENED_COUNTED}
        else _LOOK_OF_WHY.get(segment.why, "rest"),
    )


def _picture(ticket: Ticket, process: Process | None, ways: Sequence[Way]) -> ProcessPicture | None:
    if process is None:
        return None
    labels = {key: label_text(state.label) for key, state in process.states.items()}
    return draw_process(diagram(process), labels=labels, here=ticket.state, passed=ways_taken(process, ways))


_STATE_OF_FACT = {
    "opened": "new",
    "responded": "in_progress",
    "wait_ended": "in_progress",
    "reopened": "in_progress",
    "restored": "restored",
    "resolved": "resolved",
    "confirmed": "confirmed",
    "closed": "closed",
    "cancelled": "cancelled",
}


def ways_taken(process: Process, ways: Sequence[Way]) -> list[tuple[str, str]]:
    """From which state to which the ticket went, in order; observed history goes by what its facts say."""
    waiting = {state.reason: key for key, state in process.states.items() if state.reason}
    moves: list[tuple[str, str]] = []
    seen: list[str] = []
    for way in ways:
        if way.from_state is not None and way.to_state is not None:
            moves.append((way.from_state, way.to_state))
        elif way.type == "ticket.observed":
            for kind, term in way.facts:
                state = waiting.get(term) if kind == "wait_began" else _STATE_OF_FACT.get(kind)
                if state in process.states:
                    seen.append(str(state))
    return [way for way in [*pairwise(seen), *moves] if way[0] != way[1]]
