"""A backtest as plain data: what the command prints, the API answers and a job keeps until its asker has read it.

Nothing in it depends on a language: labels are there in both, and what is to be said has a code with its numbers.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils import translation

from yunheng.contracts.scoring.reading import Rules
from yunheng.contracts.terms import ContractTerms, Label
from yunheng.contracts.withheld import client_terms
from yunheng.desk.exporting import safe_cell
from yunheng.logic.canonical import canonical
from yunheng.logic.score import text_of

from ..figures import Row
from ..indicators import INDICATORS
from ..score_words import ScoreWords
from ..scorecard import Lacking
from ..scorecard_text import lacking_text
from .answer import Backtest, Scored
from .changes import Change, Difference, changes

LANGUAGES: Final = {"zh-Hans": "zh-hans", "en": "en"}
FIRST: Final = 20  #: changes of one kind that are listed
COLUMNS: Final = (
    "clock_or_indicator",
    "change",
    "ticket",
    "contract",
    "contract_at",
    "contract_late_seconds",
    "contract_service_priority",
    "draft",
    "draft_at",
    "draft_late_seconds",
    "draft_service_priority",
)
_VERDICTS: Final = {True: "met", False: "missed", None: ""}


def document_of(found: Backtest, *, reads_all: bool = True, limit: int = FIRST) -> dict[str, Any]:
    """All of a backtest as JSON data, exact numbers as text; at most `limit` changes of each kind (0: all).

    Without `reads_all` clocks that are no promise to the client, and indicators of nothing else, are not in it.
    """
    own, new, asked = found.found.own, found.found.new, found.asked
    shown = shown_differences(found, reads_all=reads_all)
    hidden = frozenset() if reads_all else _hidden(found)
    unread = frozenset() if reads_all else _unread(found, hidden)
    stored = found.found.draft.stored
    if not reads_all:  # a digest over withheld goals would let them be guessed (ADR 0010)
        stored = client_terms(stored)
    return {
        "contract": found.contract_key,
        "draft": {
            "name": found.found.draft.name,
            "title": dict(new.terms.title),
            "sha256": hashlib.sha256(canonical(stored)).hexdigest(),
            "warnings": found.found.draft.warnings,
        },
        "from": asked.start.isoformat(),
        "to": asked.end.isoformat(),
        "zone": own.terms.zone,
        "draft_zone": new.terms.zone,
        "position": own.position,
        "is_live": own.is_live,
        "unsealed": own.unsealed,
        "evaluated_at": own.evaluated_at.isoformat(),
        "contract_versions": list(own.versions),
        "recomputes_priority": asked.recomputes_priority,
        "is_unchanged": _is_unchanged(found, hidden, unread),
        "is_withheld": not reads_all and bool(hidden),
        "tickets": len(own.lives),
        "months": list(found.months),
        "clocks": {key: label for key, label in clock_labels(found).items() if key not in hidden},
        "indicators": list(_indicators(found, unread)),
        "scores": [
            {"period": name, "old": _score(old), "new": _score(newer)}
            for name, (old, newer) in found.scores.items()
        ],
        "money": {"old": _paid(found, 0), "new": _paid(found, 1)},
        "differences": [
            {
                "of": one.of,
                "key": one.key,
                "label": _label_of(found, one),
                "counts": one.counts,
                "total": one.total,
            }
            for one in shown
        ],
        "changes": [change_document(one) for one in changes(found.found, shown, limit=limit or None)],
        "notes": list(notes_of(found, reads_all=reads_all)),
    }


def shown_differences(found: Backtest, *, reads_all: bool) -> list[Difference]:
    """The differences that a reader may see."""
    hidden = frozenset() if reads_all else _hidden(found)
    unread = frozenset() if reads_all else _unread(found, hidden)
    return [one for one in found.differences if one.key not in (hidden if one.of == "clock" else unread)]


def change_document(one: Change) -> dict[str, Any]:
    """One ticket that comes out otherwise."""
    return {
        "of": one.of,
        "key": one.key,
        "change": one.kind,
        "ticket": one.number,
        "old": _VERDICTS[one.old_verdict] or None,
        "new": _VERDICTS[one.new_verdict] or None,
        "old_at": _instant(one.old_at) or None,
        "new_at": _instant(one.new_at) or None,
        "old_late_seconds": one.old_late_seconds,
        "new_late_seconds": one.new_late_seconds,
        "old_profile": one.old_profile,
        "new_profile": one.new_profile,
    }


def csv_of(found: Backtest, *, reads_all: bool) -> Iterator[str]:
    """All changes as CSV, a block of lines at a time. Instants are UTC; texts that a sheet would compute are quoted."""
    block = io.StringIO()
    writer = csv.writer(block, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for count, one in enumerate(changes(found.found, shown_differences(found, reads_all=reads_all)), 1):
        writer.writerow(
            (
                one.key,
                one.kind,
                one.number,
                _VERDICTS[one.old_verdict],
                _instant(one.old_at),
                one.old_late_seconds,
                safe_cell(one.old_profile),
                _VERDICTS[one.new_verdict],
                _instant(one.new_at),
                one.new_late_seconds,
                safe_cell(one.new_profile),
            )
        )
        if count % 1000 == 0:
            yield block.getvalue()
            block.seek(0)
            block.truncate()
    yield block.getvalue()


def notes_of(found: Backtest, *, reads_all: bool) -> Iterator[dict[str, Any]]:
    """What could not be replayed, or is to be known before the numbers are believed: a code with its parameters."""
    replayed = found.found
    hidden = frozenset() if reads_all else _hidden(found)
    if len(replayed.own.versions) > 1:
        yield _note("versions", numbers=", ".join(map(str, replayed.own.versions)))
    if replayed.own.terms.zone != replayed.new.terms.zone:
        yield _note("zones", old=replayed.own.terms.zone, new=replayed.new.terms.zone)
    if found.before_contract:
        yield _note("before_contract", count=found.before_contract)
    for key, count in found.of_strange_services.items():
        yield _note("service_unknown", key=key, count=count)
    for key, count in found.of_strange_priorities.items():
        yield _note("priority_unknown", key=key, count=count)
    for code, alone in (("clock_dropped", found.only_old), ("clock_added", found.only_new)):
        for key, (count, missed) in alone.items():
            if key not in hidden:
                yield _note(code, key=key, count=count, missed=missed)
    if replayed.recomputed is not None:
        yield _note("priority_recomputed", count=replayed.recomputed.changed, kept=replayed.recomputed.kept)
    elif replayed.has_other_matrix:
        yield _note("matrix_differs")
    yield from _notes_of_scores(found)
    if found.is_running:
        yield _note("running")


def _notes_of_scores(found: Backtest) -> Iterator[dict[str, Any]]:
    old = [one for one, _new in found.scores.values() if one is not None]
    new = [one for _old, one in found.scores.values() if one is not None]
    for code, side, terms in (
        ("contract", old, found.found.own.terms),
        ("draft", new, found.found.new.terms),
    ):
        if terms.scoring is None and not side:
            yield _note(f"{code}_unscored")
        elif not side:
            yield _note(f"{code}_no_whole_period", period=terms.scoring.period if terms.scoring else "month")
        if any(one.card is not None and one.card.lacking for one in side):
            yield _note(f"{code}_lacking")
        if unfit := sum(one.unfit for one in side):
            yield _note(f"{code}_unfit", count=unfit)
        for why in dict.fromkeys(one.unsettled for one in side if one.unsettled):
            yield _note(f"{code}_no_{why}")
        settlement = None if terms.scoring is None else terms.scoring.settlement
        if settlement is not None and side and settlement.period not in {one.period.kind for one in side}:
            yield _note(f"{code}_settled_by", period=settlement.period)


def _note(code: str, **params: str | int) -> dict[str, Any]:
    return {"code": code, "params": params}


# --- parts ----------------------------------------------------------------------------------------------------------


def _indicators(found: Backtest, unread: frozenset[str]) -> Iterator[dict[str, Any]]:
    own, new = found.found.own.terms, found.found.new.terms
    for key in dict.fromkeys(pair.key for pair in found.pairs):
        if key in unread:
            continue
        pairs = [pair for pair in found.pairs if pair.key == key]
        yield {
            "key": key,
            "label": _indicator_label(found, key),
            "unit": pairs[0].old.unit,
            "is_better_high": pairs[0].old.is_better_high,
            "is_in_contract": key in own.indicators,
            "is_in_draft": key in new.indicators,
            "rows": [
                {"period": pair.period, "old": _row(pair.old), "new": _row(pair.new)}
                for pair in pairs
                if pair.period in ("", *found.months)
            ],
        }


def _row(row: Row) -> dict[str, Any]:
    return {
        "value": _text(row.value),
        "numerator": row.numerator,
        "denominator": row.denominator,
        "goal": _text(row.goal),
        "goal_comparison": row.goal_comparison,
        "is_met": row.is_met,
        "excluded": row.excluded,
        "waiting": row.waiting,
        "is_provisional": row.is_provisional,
    }


def _score(one: Scored | None) -> dict[str, Any] | None:
    if one is None:
        return None
    card = one.card
    lacking = () if card is None else card.lacking
    settled = one.settled
    return {
        "value": _text(one.value),
        "full": text_of(one.rules.scheme.full),
        "grade": one.grade,
        "grade_label": _both(lambda: ScoreWords(one.rules).grade(one.grade)),
        "vetoes": list(one.vetoes),
        "is_complete": one.is_complete,
        "is_running": card is not None and card.is_running,
        "is_provisional": card is not None and card.is_provisional,
        "lacking": [
            {"what": item.what, "key": item.key, "text": _lacking_text(item, one.rules)} for item in lacking
        ],
        "fee": None if settled is None else _text(settled.fee),
        "payable": None if settled is None else _text(settled.payable),
        "deducted": None if settled is None else _text(settled.deducted),
        "currency": "" if settled is None else settled.currency,
    }


def _paid(found: Backtest, side: int) -> dict[str, Any] | None:
    """Sum of what is payable on a side; None where nothing is settled, or in more than one currency."""
    settled = [one.settled for pair in found.scores.values() if (one := pair[side]) and one.settled]
    if not settled or len({one.currency for one in settled}) > 1:
        return None
    return {
        "fee": _text(sum((one.fee for one in settled), Decimal(0))),
        "payable": _text(sum((one.payable for one in settled), Decimal(0))),
        "deducted": _text(sum((one.deducted for one in settled), Decimal(0))),
        "currency": settled[0].currency,
        "periods": len(settled),
    }


def _is_unchanged(found: Backtest, hidden: frozenset[str], unread: frozenset[str]) -> bool:
    """Whether the draft would have made no difference at all to what is shown."""
    return (
        not any(one.total for one in found.differences if one.key not in hidden | unread)
        and not any(
            count
            for alone in (found.only_old, found.only_new)
            for key, (count, _missed) in alone.items()
            if key not in hidden
        )
        and all(_row(pair.old) == _row(pair.new) for pair in found.pairs if pair.key not in unread)
        and all(_score(old) == _score(new) for old, new in found.scores.values())
    )


# --- labels, and what is withheld -----------------------------------------------------------------------------------


def _terms(found: Backtest) -> Sequence[ContractTerms]:
    """The draft's terms, then the contract's, the newest first."""
    return [found.found.new.terms, *(reign.terms for reign in reversed(found.found.own.reigns))]


def _hidden(found: Backtest) -> frozenset[str]:
    """Clocks that are no promise to the client under any of the terms."""
    return frozenset(
        key
        for terms in _terms(found)
        for key, detail in terms.clock_details.items()
        if detail.audience != "client"
    )


def _unread(found: Backtest, hidden: frozenset[str]) -> frozenset[str]:
    """Indicators that count hidden clocks and nothing else under any of the terms."""
    return frozenset(
        key
        for terms in _terms(found)
        for key, spec in terms.indicators.items()
        if spec.clocks and hidden.issuperset(spec.clocks)
    )


def _label_of(found: Backtest, one: Difference) -> Label:
    if one.of == "indicator":
        return _indicator_label(found, one.key)
    return clock_labels(found)[one.key]


def clock_labels(found: Backtest) -> Mapping[str, Label]:
    """What each clock is called: the contract's own word before the draft's."""
    labels: dict[str, Label] = {}
    for terms in _terms(found):
        labels |= {key: dict(detail.label) for key, detail in terms.clock_details.items()}
    labels |= {key: dict(detail.label) for key, detail in found.found.own.terms.clock_details.items()}
    return labels


def _indicator_label(found: Backtest, key: str) -> Label:
    for terms in (found.found.own.terms, found.found.new.terms):
        spec = terms.indicators.get(key)
        if spec is not None and spec.label:
            return dict(spec.label)
    return _both(lambda: str(INDICATORS[key].label))


def _lacking_text(one: Lacking, rules: Rules) -> dict[str, str]:
    return _both(lambda: lacking_text(one, ScoreWords(rules)))


def _both(say: Callable[[], str]) -> dict[str, str]:
    said = {}
    for tag, language in LANGUAGES.items():
        with translation.override(language):
            said[tag] = say()
    return said


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
