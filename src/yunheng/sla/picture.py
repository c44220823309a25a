"""A clock as a picture: one horizontal band on a time axis that all clocks of a subject share, as SVG geometry.

Service hours are the background, counted time is solid, pauses are hatched with the party's name, exclusions are
outlined; due, breach, stop and now are marks. Pure functions of an explanation; the template puts the numbers in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final
from unicodedata import east_asian_width

from django.utils.translation import gettext as _

from yunheng.foundation import wording
from yunheng.logic.clock import ClockStatus, Explanation, Segment, Why
from yunheng.logic.facts import Party
from yunheng.logic.worktime import HorizonError, OpenTime

from .wording import party_name

WIDTH: Final = 1000
SIDE: Final = 10  # room left and right of the axis
LABEL_ROW: Final = 15
BAND_TOP: Final = 36
BAND_HEIGHT: Final = 26
HEIGHT: Final = BAND_TOP + BAND_HEIGHT + 22
MOST_TICKS: Final = 9

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS: Final = (
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 4, 7, 14, 28, 56, 91, 182, 365)),
)


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time, laid over the width of the picture."""

    begin: int
    end: int

    def x(self, at: int) -> float:
        """Place of an instant, clipped to the axis."""
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return round(SIDE + share * (WIDTH - 2 * SIDE), 1)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the band: `css` is its look, `title` the hover, `label` a party's name that fits inside."""

    x: float
    width: float
    css: str
    title: str = ""
    label: str = ""
    entry: int = 0

    @property
    def middle(self) -> float:
        """Where the label is centred."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis."""

    x: float
    label: str
    is_day: bool


@dataclass(frozen=True, slots=True)
class MarkLine:
    """A vertical mark with its words above the band."""

    x: float
    css: str
    label: str
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """One clock's picture."""

    open_time: tuple[Block, ...]
    blocks: tuple[Block, ...]
    marks: tuple[MarkLine, ...]
    ticks: tuple[Tick, ...]
    is_met: bool
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    top: int = BAND_TOP
    bar: int = BAND_HEIGHT
    bottom: int = BAND_TOP + BAND_HEIGHT
    left: int = SIDE
    right: int = WIDTH - SIDE
    inner: int = field(default=BAND_HEIGHT - 8)


def common_axis(explanations: Iterable[Explanation], now: int) -> Axis | None:
    """The axis of all clocks of a subject: from the first start to the last stop (or now), with room for what is due.

    A due instant far ahead is left outside: the band would shrink to nothing. None when no clock has started.
    """
    begins, ends, dues = [], [], []
    for explanation in explanations:
        state = explanation.state
        if state.started_at is None:
            continue
        begins.append(state.started_at)
        ends.append(explanation.segments[-1].to_at if explanation.segments else state.started_at)
        if state.status in (ClockStatus.RUNNING, ClockStatus.PAUSED):
            ends.append(now)
        if state.due_at is not None:
            dues.append(state.due_at)
    if not begins:
        return None
    begin, end = min(begins), max(ends)
    span = max(end - begin, 10 * _MINUTE)
    end = max([begin + span, *(due for due in dues if due <= begin + 2 * span)])
    room = max(_MINUTE, (end - begin) // 40)
    return Axis(begin - room, end + room)


def draw_band(
    explanation: Explanation,
    *,
    axis: Axis,
    calendar: OpenTime | None,
    pause_reasons: frozenset[str],
    zone: tzinfo,
    now: int,
    name: str,
) -> Band:
    """The band of one clock on the common axis.

    `calendar` is that of its goal, `pause_reasons` are those that stop it, `name` is how the contract calls it.
    """
    state = explanation.state
    is_met = state.status is ClockStatus.STOPPED and state.is_met is True
    return Band(
        open_time=tuple(_open_blocks(calendar, axis)) if calendar is not None else (),
        blocks=tuple(_blocks(explanation, axis, pause_reasons)),
        marks=tuple(_marks(explanation, axis, now)),
        ticks=tuple(_ticks(axis, zone)),
        is_met=is_met,
        description=_description(explanation, name),
    )


def _open_blocks(calendar: OpenTime, axis: Axis) -> Iterable[Block]:
    """Service hours within the axis; gaps too narrow to be seen are closed."""
    begin, end = max(axis.begin, calendar.first_at), min(axis.end, calendar.last_at)
    if begin >= end:
        return
    try:
        spans = _joined(((axis.x(a), axis.x(b)) for a, b in calendar.open_between(begin, end)), gap=0.8)
    except HorizonError:
        return
    for x1, x2 in spans:
        yield Block(x1, round(x2 - x1, 1), "band-open")


def _joined(spans: Iterable[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for x1, x2 in spans:
        if joined and x1 - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], x2)
        else:
            joined.append((x1, x2))
    return joined


_LOOKS: Final = {
    Why.COUNTED: "band-counted",
    Why.REOPENED_COUNTED: "band-counted",
    Why.WAITING_COUNTED: "band-pause-counted",
    Why.DISPUTE_COUNTED: "band-pause-counted",
    Why.PAUSE: "band-pause",
    Why.EXCLUSION: "band-exclusion",
    Why.AFTER_RESOLUTION: "band-rest",
    Why.BEFORE_GOAL_CHANGE: "band-earlier",
    Why.BEFORE_RESET: "band-earlier",
    Why.NO_TARGET: "band-earlier",
}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring segments that look alike."""

    begin: int
    end: int
    css: str
    party: Party
    entry: int
    title: str


def _blocks(explanation: Explanation, axis: Axis, pause_reasons: frozenset[str]) -> Iterable[Block]:
    breached_at = explanation.state.breached_at
    stretches: list[_Stretch] = []
    for segment in explanation.segments:
        for part in _split(segment, breached_at, pause_reasons):
            _append(stretches, part, axis)
    for stretch in stretches:
        x1, x2 = axis.x(stretch.begin), axis.x(stretch.end)
        width = max(round(x2 - x1, 1), 1.0)
        name = party_name(stretch.party)
        fits = name and stretch.css.startswith("band-pause") and width > text_width(name) + 6
        yield Block(x1, width, stretch.css, stretch.title, name if fits else "", stretch.entry)


def _split(segment: Segment, breached_at: int | None, pause_reasons: frozenset[str]) -> Iterable[_Stretch]:
    """A segment with its look; counted time from the breach on looks different from the time before.

    Closed hours belong to the pause that covers them, but not to a wait that does not stop this clock.
    """
    is_running = segment.standing is not None and segment.standing.is_running
    is_wait = segment.why is Why.OFF_HOURS and segment.reason in pause_reasons and not is_running
    css = "band-pause" if is_wait else _LOOKS.get(segment.why, "")
    if not css:
        return
    edges = [segment.from_at, segment.to_at]
    if css == "band-counted" and breached_at is not None and segment.from_at < breached_at < segment.to_at:
        edges.insert(1, breached_at)
    for begin, end in pairwise(edges):
        is_over = css == "band-counted" and breached_at is not None and begin >= breached_at
        yield _Stretch(begin, end, "band-over" if is_over else css, segment.party, segment.entry, "")


def _append(stretches: list[_Stretch], part: _Stretch, axis: Axis) -> None:
    """Add a part, or lengthen the last one where nothing could be seen between the two."""
    last = stretches[-1] if stretches else None
    is_same = last is not None and (last.css, last.party) == (part.css, part.party)
    is_one_wait = last is not None and last.entry == part.entry and part.css == "band-pause"
    if (
        last is not None
        and is_same
        and (axis.x(part.begin) - axis.x(last.end) < 0.8)
        and (is_one_wait or part.css != "band-pause")
    ):
        stretches[-1] = _with_title(_Stretch(last.begin, part.end, part.css, part.party, last.entry, ""))
    else:
        stretches.append(_with_title(part))


def _with_title(part: _Stretch) -> _Stretch:
    words = {
        "band-counted": _("counted"),
        "band-over": _("counted, over the goal"),
        "band-pause": _("paused"),
        "band-pause-counted": _("waiting, counted all the same"),
        "band-exclusion": _("excluded"),
        "band-rest": _("between resolution and reopening"),
        "band-earlier": _("not part of the time shown"),
    }[part.css]
    who = party_name(part.party)
    span = f"{wording.instant(part.begin)} – {wording.instant(part.end)}"
    title = " · ".join(text for text in (words, who, span) if text)
    return _Stretch(part.begin, part.end, part.css, part.party, part.entry, title)


def _marks(explanation: Explanation, axis: Axis, now: int) -> list[MarkLine]:
    """Goal, due, breach, stop and now, with labels on two rows so that none covers another."""
    state = explanation.state
    wanted: list[tuple[int, str, str]] = []
    if state.due_at is not None and state.goal_seconds is not None:
        due = wording.instant(state.due_at, now=wording.local(now))
        text = _("goal %(goal)s · due %(at)s") % {"goal": wording.duration(state.goal_seconds), "at": due}
        wanted.append((state.due_at, "due", text))
    if state.stopped_at is not None and state.status is ClockStatus.STOPPED:
        wanted.append((state.stopped_at, "stop", _("stopped")))
    is_open = state.status in (ClockStatus.RUNNING, ClockStatus.PAUSED)
    if is_open and axis.begin <= now <= axis.end:
        wanted.append((now, "now", _("now")))
    marks: list[MarkLine] = []
    row_ends = [-1.0, -1.0]
    for at, kind, text in sorted(wanted):
        css, x = kind, axis.x(at)
        if kind == "due" and state.breached_at is not None:
            css = "breach"
        if at > axis.end:
            text += " →"
        width = text_width(text)
        anchor, left = "start", x + 4
        if left + width > WIDTH - 2:
            anchor, left = "end", x - 4 - width
        row = 0 if left > row_ends[0] + 8 else 1
        row_ends[row] = left + width
        marks.append(
            MarkLine(x, css, text, x + 4 if anchor == "start" else x - 4, 11 + row * LABEL_ROW, anchor)
        )
    return marks


def text_width(text: str) -> float:
    """Width of a label at 11 px, roughly: a Chinese character is a square, others are a little more than half of it."""
    return sum(11.2 if east_asian_width(character) in "WF" else 6.3 for character in text)


def _ticks(axis: Axis, zone: tzinfo) -> list[Tick]:
    """Round local instants, at most MOST_TICKS of them; days are named where they begin."""
    step = next((step for step in _STEPS if (axis.end - axis.begin) / step <= MOST_TICKS), _STEPS[-1])
    at = datetime.fromtimestamp(axis.begin, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if step > _DAY:
        at -= timedelta(days=at.toordinal() % (step // _DAY))
    ticks, free_from = [], 0.0
    for moment in _moments(at, step, axis, zone):
        is_day = moment.hour == moment.minute == 0
        with_year = step >= 91 * _DAY
        label = wording.day(moment, with_year=with_year) if is_day else f"{moment:%H:%M}"
        x = axis.x(int(moment.timestamp()))
        half = text_width(label) / 2
        shows = x - half > max(free_from, 0) and x + half < WIDTH
        if shows:
            free_from = x + half + 6
        ticks.append(Tick(x, label if shows else "", is_day))
    return ticks


def _moments(at: datetime, step: int, axis: Axis, zone: tzinfo) -> Iterable[datetime]:
    """Local round instants within the axis. Steps walk the wall clock, so that midnight stays midnight across DST."""
    while (instant := int(at.timestamp())) <= axis.end:
        if instant >= axis.begin:
            yield at
        if step >= _HOUR:
            at = (at.replace(tzinfo=None) + timedelta(seconds=step)).replace(tzinfo=zone)
        else:
            at = datetime.fromtimestamp(instant + step, zone)


def _description(explanation: Explanation, name: str) -> str:
    """What the picture shows, for those who cannot see it; the table below has the rest."""
    state = explanation.state
    waits = ", ".join(
        f"{party_name(party)} {wording.duration(seconds)}"
        for party, seconds in state.waited_seconds.items()
        if seconds
    )
    text = _("%(name)s: %(counted)s counted") % {
        "name": name,
        "counted": wording.duration(state.elapsed_seconds),
    }
    return text + (" · " + _("not counted: %(waits)s") % {"waits": waits} if waits else "")


# --- the table under the picture


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One line of the table: a segment, or several that alternate between service time and closed hours only.

    `counted_seconds` of all rows add up to the clock's elapsed time, exactly; both columns add up to the wall time.
    """

    from_at: int
    to_at: int
    counted_seconds: int
    uncounted_seconds: int
    first: Segment
    count: int


ROWS_SHOWN: Final = 48


def segment_rows(segments: Sequence[Segment], *, is_condensed: bool) -> list[SegmentRow]:
    """All segments, or stretches of service time with the closed hours in between as one row each."""
    rows: list[list[Segment]] = []
    for segment in segments:
        if is_condensed and rows and _is_same_stretch(rows[-1], segment):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    return [
        SegmentRow(
            from_at=row[0].from_at,
            to_at=row[-1].to_at,
            counted_seconds=sum(segment.seconds for segment in row if segment.is_counted),
            uncounted_seconds=sum(segment.seconds for segment in row if not segment.is_counted),
            first=next((segment for segment in row if segment.why is not Why.OFF_HOURS), row[0]),
            count=len(row),
        )
        for row in rows
    ]


def _is_same_stretch(row: Sequence[Segment], segment: Segment) -> bool:
    lead = next((one for one in row if one.why is not Why.OFF_HOURS), None)
    key = (segment.party, segment.reason, segment.standing)
    if lead is None:
        return key == (row[0].party, row[0].reason, row[0].standing)
    if segment.why is Why.OFF_HOURS:
        return key in {(lead.party, lead.reason, lead.standing), (Party.NONE, "", None)} and lead.why in {
            Why.COUNTED,
            Why.PAUSE,
        }
    return (
        segment.why is lead.why
        and key == (lead.party, lead.reason, lead.standing)
        and segment.entry == lead.entry
    )
