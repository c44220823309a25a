"""What the page of points left shows, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..score_words import score_text
from ..scorecard import Scorecard
from ..scorecard_text import notices
from .document import forecast_lines, no_forecast
from .queries import Approach, OpenTicket, PointsLeft
from .strip import Strip, draw_strip
from .words import LeftWords, chance_text


@dataclass(frozen=True, slots=True)
class WayRow:
    """One way to a tier, and the score then."""

    text: str
    then: str


@dataclass(frozen=True, slots=True)
class TierRow:
    """A tier with the ways to it; `chance` is "" where nothing is foretold."""

    text: str
    is_near: bool
    chance: str
    ways: Sequence[WayRow]


@dataclass(frozen=True, slots=True)
class TicketRow:
    """An open clock; `due_at` None for what waits or is late."""

    number: str
    title: str
    clock: str
    group: str
    due_at: datetime | None
    is_paused: bool
    is_late: bool
    chance: str
    then: str


@dataclass(frozen=True, slots=True)
class GradeRow:
    """A grade and its chance; `percent` for the width of a bar."""

    text: str
    chance: str
    percent: int


@dataclass(frozen=True, slots=True)
class LeftPage:
    """All that the page shows."""

    card: Scorecard
    ends_at: datetime
    headline: str
    notices: Sequence[str]
    worse: Sequence[TierRow]
    better: TierRow | None
    tickets: Sequence[TicketRow]
    ticket_count: int
    hidden: int
    due_count: int
    if_all_late: str
    strip: Strip | None
    foretold: str
    grades: Sequence[GradeRow]
    method: str
    cautions: Sequence[str]


def left_page(left: PointsLeft) -> LeftPage:
    """The page, in the active language."""
    words = LeftWords(left)
    foretold = no_forecast() if left.forecast is None else next(forecast_lines(left, words))
    grades = () if left.forecast is None else left.forecast.outlook.grades.items()
    return LeftPage(
        card=left.card,
        ends_at=left.ends_at,
        headline=words.headline(),
        notices=notices(left.card),
        worse=[_tier(one, left, words) for one in left.worse],
        better=None if left.better is None else _tier(left.better, left, words),
        tickets=[_ticket(one, words) for one in left.tickets],
        ticket_count=left.ticket_count,
        hidden=left.ticket_count - len(left.tickets),
        due_count=left.due_count,
        if_all_late=score_text(left.if_all_late.value),
        strip=draw_strip(left),
        foretold=foretold,
        grades=[
            GradeRow(words.score.grade(key), chance_text(share), round(share * 100)) for key, share in grades
        ],
        method=words.method(),
        cautions=words.cautions(),
    )


def _tier(one: Approach, left: PointsLeft, words: LeftWords) -> TierRow:
    chance = (
        None if left.forecast is None else left.forecast.outlook.asked.get(f"{one.tier.kind}/{one.tier.key}")
    )
    is_drawn = one.tier.kind != "veto" or any(found.way.kind != "event" for found in one.reaches)
    return TierRow(
        text=words.tier(one.tier),
        is_near=one.nearest == 1 and one.tier.kind != "veto",
        chance="" if chance is None or not is_drawn else chance_text(chance),
        ways=[
            WayRow(words.reach(found), "" if found.then is None else score_text(found.then.value))
            for found in one.reaches
        ],
    )


def _ticket(one: OpenTicket, words: LeftWords) -> TicketRow:
    return TicketRow(
        number=one.number,
        title=one.title,
        clock=words.clock(one.clock),
        group=words.group(one.priority, ""),
        due_at=one.due_at,
        is_paused=one.is_paused,
        is_late=one.is_late,
        chance="" if one.is_late else chance_text(one.chance),
        then=score_text(one.then.value),
    )
