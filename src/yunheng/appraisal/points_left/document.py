"""Points left as a document for programs, and as lines for a terminal; both say the same, in the active language."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from yunheng.foundation import wording
from yunheng.logic.forecast import Reach, Tier
from yunheng.logic.measure import round_half_up
from yunheng.logic.score import Score

from ..score_words import score_text
from ..scorecard_text import notices
from .queries import Approach, OpenTicket, PointsLeft
from .words import LeftWords, chance_text


def document_of(left: PointsLeft) -> dict[str, Any]:
    """All of it as JSON data: numbers that are exact as text, chances as text with four digits."""
    words = LeftWords(left)
    card = left.card
    chances = {} if left.forecast is None else left.forecast.outlook.asked
    return {
        "contract": card.contract_key,
        "period": card.period.name,
        "kind": card.period.kind,
        "ends_at": left.ends_at.isoformat(),
        "zone": card.zone,
        "value_so_far": _text(card.score.value),
        "grade_so_far": card.score.grade,
        "full": f"{card.rules.scheme.full:f}",
        "notices": notices(card),
        "worse": [_approach(one, words, chances.get(_name(one.tier))) for one in left.worse],
        "better": None if left.better is None else _approach(left.better, words, None),
        "tickets": [_ticket(one) for one in left.tickets],
        "ticket_count": left.ticket_count,
        "due_count": left.due_count,
        "value_if_all_late": _text(left.if_all_late.value),
        "months_of_history": left.months,
        "forecast": _forecast(left, words),
        "position": card.position,
        "unsealed": card.unsealed,
        "evaluated_at": card.evaluated_at.isoformat(),
    }


def _name(tier: Tier) -> str:
    return f"{tier.kind}/{tier.key}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _chance(share: Fraction) -> str:
    return f"{round_half_up(share, 4):f}"


def _approach(one: Approach, words: LeftWords, chance: Fraction | None) -> dict[str, Any]:
    return {
        "kind": one.tier.kind,
        "key": one.tier.key,
        "text": words.tier(one.tier),
        "row": one.tier.row,
        "times": one.tier.times,
        "nearest": one.nearest,
        "chance": None if chance is None else _chance(chance),
        "ways": [_reach(found, words) for found in one.reaches],
    }


def _reach(one: Reach, words: LeftWords) -> dict[str, Any]:
    way = one.way
    return {
        "kind": way.kind,
        "subject": way.subject,
        "priority": way.priority,
        "service": way.service,
        "count": one.count or 0,
        "text": words.reach(one),
        "value_then": None if one.then is None else _text(one.then.value),
    }


def _ticket(one: OpenTicket) -> dict[str, Any]:
    return {
        "number": one.number,
        "title": one.title,
        "clock": one.clock,
        "priority": one.priority,
        "service": one.service,
        "due_at": None if one.due_at is None else one.due_at.isoformat(),
        "is_paused": one.is_paused,
        "is_late": one.is_late,
        "chance": None if one.is_late else _chance(one.chance),
        "value_then": _text(one.then.value),
    }


def _forecast(left: PointsLeft, words: LeftWords) -> dict[str, Any] | None:
    if left.forecast is None:
        return None
    outlook = left.forecast.outlook
    return {
        "draws": outlook.draws,
        "months": left.forecast.months,
        "median": _text(outlook.median),
        "low": _text(outlook.low),
        "high": _text(outlook.high),
        "none": _chance(outlook.none),
        "grades": {key: _chance(share) for key, share in outlook.grades.items()},
        "method": words.method(),
        "cautions": words.cautions(),
    }


def lines_of(left: PointsLeft) -> Iterator[str]:
    """For a terminal."""
    words = LeftWords(left)
    card = left.card
    so_far = f"{_('if nothing more happens:')} {words.headline()}"
    yield f"{card.contract_key} · {card.period.label} ({card.zone}) · {so_far}"
    for notice in notices(card):
        yield f"! {notice}"
    yield ""
    for one in left.worse:
        yield words.tier(one.tier)
        yield from _reach_lines(one, words)
    if left.better is not None:
        yield _("Better: %(tier)s") % {"tier": words.tier(left.better.tier)}
        yield from _reach_lines(left.better, words)
    yield ""
    yield _("Open clocks that decide: %(n)s; all of them late: %(score)s") % {
        "n": wording.grouped(left.ticket_count),
        "score": _score(left.if_all_late),
    }
    for ticket in left.tickets[:20]:
        due = _("waits") if ticket.due_at is None else wording.instant(ticket.due_at)
        due = _("late") if ticket.is_late else due
        yield f"  {ticket.number}  {words.clock(ticket.clock)}  {due}  → {_score(ticket.then)}"
    yield ""
    yield from forecast_lines(left, words)


def _reach_lines(one: Approach, words: LeftWords) -> Iterator[str]:
    for found in one.reaches:
        yield f"  {words.reach(found)} → {'' if found.then is None else _score(found.then)}"
    if not one.reaches:
        yield "  " + _("nothing that is known leads there")


def _score(score: Score) -> str:
    return score_text(score.value)


def forecast_lines(left: PointsLeft, words: LeftWords) -> Iterator[str]:
    """The forecast in sentences, or why there is none."""
    if left.forecast is None:
        yield no_forecast()
        return
    outlook = left.forecast.outlook
    if outlook.median is None:
        yield _("No score is to be expected.")
    else:
        yield _("Forecast: %(median)s; in 80 %% of the cases between %(low)s and %(high)s.") % {
            "median": score_text(outlook.median),
            "low": score_text(outlook.low),
            "high": score_text(outlook.high),
        }
    for key, share in outlook.grades.items():
        yield f"  {words.score.grade(key)}: {chance_text(share)}"
    yield words.method()
    yield from words.cautions()


def no_forecast() -> str:
    """Why nothing is foretold."""
    return _(
        "No forecast: it takes two whole months of this contract's own history, and there are not as many yet."
    )
