"""How a score and what is payable came about, as the rows of a document: from the total down to the item."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.appraisal.money import amount_text
from yunheng.appraisal.score_words import Line, ScoreWords, points
from yunheng.contracts import wording as contract_wording
from yunheng.foundation import wording
from yunheng.logic.measure import round_half_up
from yunheng.logic.score import Results, Say, Settled, text_of

MOST_EVENTS: Final = 300  #: that a document lists; the statement's page has all
#: What an event came to under an item.
EVENTS: Final = frozenset(
    (Say.EVENT, Say.BONUS, Say.NOT_LIABLE, Say.TOLERATED, Say.FREE, Say.COUNTED_ELSEWHERE)
)

Row = dict[str, Any]


def score_rows(root: Line, value: str) -> list[Row]:
    """The score, then each section with its items, then what was done to the sum."""
    rows = [_row(0, root.text, "", value)]
    for part in root.parts:
        if part.node.say is not Say.SECTION:
            rows.append(_row(1, part.text, "", points(part.node.points)))
            continue
        rows.append(_row(1, part.text, "", points(part.node.points)))
        for inner in part.parts:
            if inner.node.say is Say.ITEM:
                said, is_left_out = _said(inner)
                rows.append(_row(2, inner.text, said, points(inner.node.points), is_left_out=is_left_out))
            else:
                rows.append(_row(2, inner.text, "", points(inner.node.points)))
    return rows


def _said(item: Line) -> tuple[str, bool]:
    """What explains an item in one cell: its sentences, and how many events there are instead of each of them."""
    texts = [part.text for part in item.parts if part.node.say not in EVENTS]
    count = sum(part.node.say in EVENTS for part in item.parts)
    if count:
        text = ngettext("%(count)s event", "%(count)s events", count) % {"count": wording.grouped(count)}
        texts.append(text)
    is_left_out = any(part.node.say is Say.EMPTY_LEFT_OUT for part in item.parts)
    return contract_wording.listed(texts) if texts else "", is_left_out


def _row(level: int, label: str, said: str, amount: str, *, is_left_out: bool = False) -> Row:
    return {"level": level, "label": label, "said": said, "points": amount, "is_left_out": is_left_out}


def money_rows(settled: Settled, words: ScoreWords, digits: int) -> list[Row]:
    """From the fee to what is payable."""
    rows = [
        {
            "label": line.text,
            "said": "",
            "amount": amount_text(_exact(line.node.points, digits), digits),
            "is_total": False,
        }
        for line in words.line(settled.tree).parts
    ]
    total = amount_text(settled.payable, digits)
    return [*rows, {"label": _("Payable"), "said": "", "amount": total, "is_total": True}]


def _exact(number: Any, digits: int) -> Decimal:
    """A part of the sum for people; the last row says what rounding did, so parts may show more places."""
    return round_half_up(number, max(digits, 4)) if "/" in text_of(number) else Decimal(text_of(number))


def event_rows(results: Results, words: ScoreWords) -> list[Row]:
    """What happened, in the order of time, the first ones only."""
    found = sorted(results.events, key=lambda event: (event.at, event.key))
    return [
        {
            "at": wording.instant(event.at) if event.at else "",
            "kind": words.event_kind(event.kind),
            "subject": event.subject,
            "quantity": text_of(event.quantity),
            "party": contract_wording.party(event.party),
            "note": event.evidence,
            "proposer": event.proposer,
        }
        for event in found[:MOST_EVENTS]
    ]


def parts_rows(parts: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """The signed statements that a longer period is made of."""
    for part in parts:
        value = part["value"]
        yield {
            "period": part["period"],
            "number": part["statement"],
            "score": _("no score") if value is None else value,
            "digest": part["digest"],
        }
