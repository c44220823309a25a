"""What a statement froze, read back as the objects that it was computed with; nothing is computed anew."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from yunheng.contracts.scoring.reading import Rules, ValueSource, rules_of
from yunheng.logic.score import (
    NOT_APPLICABLE,
    Results,
    Score,
    Settled,
    node_from_plain,
    results_from_plain,
    score_from_plain,
)

from ..scorecard import Scorecard, Value
from ..scored_period import ScoredPeriod, read_scored_period

Content = Mapping[str, Any]


def rules_of_frozen(content: Content) -> Rules:
    """The scheme by which it was scored."""
    return rules_of(content["rules"]["scheme"])


def period_of_frozen(content: Content) -> ScoredPeriod:
    """The period that it is about."""
    return read_scored_period(content["period"]["name"])


def score_of_frozen(content: Content, results: Results | None = None) -> Score:
    """The score with the tree that explains it; `results` where they are read already."""
    return score_from_plain(content["score"], results_of_frozen(content) if results is None else results)


def results_of_frozen(content: Content) -> Results:
    """What was scored; empty for a longer period, which is made of signed scores."""
    return Results() if content["results"] is None else results_from_plain(content["results"])


def settled_of_frozen(content: Content) -> Settled | None:
    """What is payable, and how it came about; None where the statement settles nothing."""
    found = content["settlement"]
    if found is None:
        return None
    coefficient = found["coefficient"]
    return Settled(
        fee=Decimal(found["fee"]),
        payable=Decimal(found["payable"]),
        currency=found["currency"],
        coefficient=None if coefficient is None else Decimal(coefficient),
        tree=node_from_plain(found["tree"]),
    )


def card_of_frozen(content: Content) -> Scorecard | None:
    """The scorecard as it stood when it was frozen; None for a longer period."""
    if content["results"] is None:
        return None
    rules, results = rules_of_frozen(content), results_of_frozen(content)
    measured = {one["reads"]: one for one in content["measurements"]}
    values = {
        reads: _value(source, results, measured.get(reads)) for reads, source in rules.value_sources().items()
    }
    return Scorecard(
        contract_key=content["contract"],
        zone=content["zone"],
        period=period_of_frozen(content),
        scheme="",
        version=content["rules"]["contract_version"],
        rules=rules,
        values=values,
        results=results,
        score=score_of_frozen(content, results),
        lacking=(),
        is_running=False,
        is_provisional=content["is_provisional"],
        position=content["position"] or 0,
        is_live=content["position"] is None,
        unsealed=0,
        evaluated_at=datetime.fromisoformat(content["evaluated_at"]),
    )


def _value(source: ValueSource, results: Results, frozen: Content | None) -> Value:
    return Value(
        source=source,
        measured=results.measured.get(source.reads, NOT_APPLICABLE),
        row=None,
        is_decided=bool(frozen and frozen["is_decided"]),
    )
