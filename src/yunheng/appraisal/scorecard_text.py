"""A scorecard as a document for programs, and as lines for a terminal; both say the same, in the active language."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from yunheng.foundation import wording
from yunheng.logic.measure import Number
from yunheng.logic.score import Say, text_of

from .score_words import Line, ScoreWords, points, points_of, score_text
from .scorecard import Lacking, Scorecard, Value

MOST_LINES = 200  #: of one item on a terminal


def document_of(card: Scorecard) -> dict[str, Any]:
    """All of a scorecard as JSON data, exact numbers as text. `value` and `grade` are None while it is not complete."""
    words = ScoreWords(card.rules)
    found = card.score
    return {
        "contract": card.contract_key,
        "period": card.period.name,
        "kind": card.period.kind,
        "start": card.period.start.isoformat(),
        "end": card.period.end.isoformat(),
        "zone": card.zone,
        "scheme": card.scheme,
        "contract_version": card.version,
        "full": text_of(card.rules.scheme.full),
        "value": _text(found.value) if card.is_complete else None,
        "grade": found.grade if card.is_complete else None,
        "value_so_far": _text(found.value),
        "grade_so_far": found.grade,
        "grade_label": words.grade(found.grade),
        "vetoes": list(found.vetoes),
        "is_complete": card.is_complete,
        "is_whole": card.is_whole,
        "is_running": card.is_running,
        "is_provisional": card.is_provisional,
        "lacking": [
            {"what": one.what, "key": one.key, "text": lacking_text(one, words)} for one in card.lacking
        ],
        "values": [_value(value) for value in card.values.values()],
        "position": card.position,
        "is_live": card.is_live,
        "unsealed": card.unsealed,
        "evaluated_at": card.evaluated_at.isoformat(),
        "tree": words.line(found.tree).document(),
    }


def _value(value: Value) -> dict[str, Any]:
    source, measured = value.source, value.measured
    return {
        "reads": source.reads,
        "indicator": source.indicator,
        "by": source.by,
        "group": source.group,
        "unit": source.unit,
        "value": _text(measured.value),
        "numerator": _text(measured.numerator),
        "denominator": _text(measured.denominator),
        "is_decided": value.is_decided,
    }


def _text(number: Number | None) -> str | None:
    return None if number is None else f"{number:f}" if isinstance(number, Decimal) else text_of(number)


def lacking_text(one: Lacking, words: ScoreWords) -> str:
    """What nobody has entered, as a sentence."""
    if one.what == "events":
        return _("whether there was any of “%(kind)s”") % {"kind": words.event_kind(one.key)}
    text = _("the marks of “%(item)s”") if one.what == "marks" else _("the value of “%(item)s”")
    return text % {"item": words.item(one.key)}


def notices(card: Scorecard) -> list[str]:
    """What keeps the score from being final, and what it rests on; none of it may be overlooked."""
    words = ScoreWords(card.rules)
    found = []
    if card.scheme:
        found.append(
            _("For a look: scored by the scheme “%(scheme)s”, which this contract does not have.")
            % {"scheme": card.scheme}
        )
    if card.lacking:
        listed = "; ".join(lacking_text(one, words) for one in card.lacking)
        if wording.is_chinese():
            listed = listed.replace("; ", "；")
        found.append(
            _("Not known yet, and taken as not asked for until people enter it: %(what)s.") % {"what": listed}
        )
    if not card.is_whole:
        found.append(_("Only a part of the period that the scheme scores."))
    if card.is_running:
        found.append(_("The period is not over: this is how it stands."))
    if card.is_provisional:
        found.append(_("Rests on a year whose public holidays are not published yet."))
    return found


def headline(card: Scorecard) -> str:
    """The score with its full marks and grade, or how far it is."""
    words = ScoreWords(card.rules)
    params = {
        "score": score_text(card.score.value),
        "full": text_of(card.rules.scheme.full),
        "grade": words.grade(card.score.grade),
    }
    if card.score.value is not None and card.rules.scheme.full:
        text = _("%(score)s of %(full)s") if card.is_complete else _("so far %(score)s of %(full)s")
    else:
        text = "%(score)s" if card.is_complete else _("so far %(score)s")
    shown = text % params
    return f"{shown} · {params['grade']}" if params["grade"] else shown


def lines_of(card: Scorecard) -> Iterator[str]:
    """The scorecard for a terminal: points at the left, what they are for at the right, parts indented."""
    yield f"{card.contract_key} · {card.period.label} ({card.zone}) · {headline(card)}"
    for notice in notices(card):
        yield f"! {notice}"
    yield ""
    yield from _below(ScoreWords(card.rules).line(card.score.tree), 0)


def _below(line: Line, depth: int) -> Iterator[str]:
    yield f"{points_of(line.node):>10}  {'  ' * depth}{line.text}"
    parts = line.parts
    is_cut = line.node.say is Say.ITEM and len(parts) > MOST_LINES
    for part in parts[:MOST_LINES] if is_cut else parts:
        yield from _below(part, depth + 1)
    if is_cut:
        rest = parts[MOST_LINES:]
        words = {
            "count": wording.grouped(len(rest)),
            "points": points(sum(part.node.points for part in rest)),
        }
        text = _("… and %(count)s more, together %(points)s; all of them with --json") % words
        yield f"{'':>10}  {'  ' * (depth + 1)}{text}"
