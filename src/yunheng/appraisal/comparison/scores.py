"""The score of a period that is compared: what a statement froze, else what the record and people say so far."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from yunheng.contracts.models import Contract
from yunheng.logic.comparison import Share
from yunheng.logic.score import Node, Say, Settled, node_from_plain, text_of

from ..entered import NOTHING
from ..models import Statement
from ..scored_period import ScoredPeriod
from ..statements.computing import compute
from ..statements.inputs import entered_of


@dataclass(frozen=True, slots=True)
class Rated:
    """The marks of people for one item, put together: exact numbers as text."""

    item: str
    mark: str
    low: str
    high: str
    raters: int


@dataclass(frozen=True, slots=True)
class Money:
    """What is payable of a fee. `coefficient` None: by points deducted."""

    fee: Decimal
    payable: Decimal
    coefficient: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Result:
    """A score with what follows. `is_whole`: nothing is lacking that people, or shorter periods, have to say."""

    value: Decimal | None
    grade: str
    vetoes: tuple[str, ...]
    money: Money | None
    rated: tuple[Rated, ...]
    is_whole: bool
    is_provisional: bool
    parts: tuple[int, int] | None = (
        None  #: of a longer period: how many of its periods are signed, of how many
    )


@dataclass(frozen=True, slots=True)
class Brief:
    """What is shown of what a statement froze, beside its columns. `shares` by indicator, not divided further; one that
    was decided in the place of what was measured is not among them.
    """

    coefficient: Decimal | None
    rated: tuple[Rated, ...]
    shares: Mapping[str, Share]
    is_provisional: bool


_briefs: dict[bytes, Brief] = {}
_lock = Lock()
_MOST_BRIEFS: Final = 2_000


def briefs_of(statements: Iterable[Statement]) -> dict[bytes, Brief]:
    """By digest. What is hashed never changes, so each is read once per process (1 query for those not read yet)."""
    wanted = {bytes(one.digest): one.pk for one in statements if one.digest is not None}
    with _lock:
        found = {digest: _briefs[digest] for digest in wanted if digest in _briefs}
    missing = [pk for digest, pk in wanted.items() if digest not in found]
    if missing:
        for digest, frozen in Statement.objects.filter(pk__in=missing).values_list("digest", "frozen"):
            found[bytes(digest or b"")] = brief_of(json.loads(bytes(frozen or b"")))
        with _lock:
            _briefs.update(found)
            while len(_briefs) > _MOST_BRIEFS:
                del _briefs[next(iter(_briefs))]
    return found


def brief_of(content: Mapping[str, Any]) -> Brief:
    """The same of the content at hand."""
    settlement = content["settlement"] or {}
    coefficient = settlement.get("coefficient")
    return Brief(
        coefficient=None if coefficient is None else Decimal(coefficient),
        rated=tuple(_rated_plain(content["score"]["tree"])),
        shares={
            one["indicator"]: Share(one["numerator"], one["denominator"])
            for one in content["measurements"]
            if one["indicator"]
            and not one["by"]
            and not one["is_decided"]
            and one["numerator"] is not None
            and one["denominator"] is not None
        },
        is_provisional=bool(content["is_provisional"]),
    )


def frozen_result(statement: Statement, brief: Brief) -> Result:
    """Of a statement that was issued; its parts, where it has any, were signed."""
    money = None
    if statement.payable is not None and statement.fee is not None:
        money = Money(_plain(statement.fee), _plain(statement.payable), brief.coefficient, statement.currency)
    return Result(
        value=None if statement.value is None else _plain(statement.value),
        grade=statement.grade,
        vetoes=tuple(statement.vetoes),
        money=money,
        rated=brief.rated,
        is_whole=True,
        is_provisional=brief.is_provisional,
    )


def computed_result(
    contract: Contract, period: ScoredPeriod, draft: Statement | None, *, now: datetime
) -> Result:
    """As it would be issued now. Raises what `compute` raises: for a period that the scheme does not score, too."""
    found = compute(
        contract,
        period,
        entered=NOTHING if draft is None else entered_of(draft),
        now=now,
        head=None,
        before=None if draft is None else draft.reverses,
    )
    signed = len(found.parts)
    return Result(
        value=found.score.value,
        grade=found.score.grade or "",
        vetoes=tuple(found.score.vetoes),
        money=_money(found.settled) if found.score.value is not None else None,
        rated=tuple(_rated(found.score.tree)),
        is_whole=not found.lacking
        and not found.missing
        and (found.card is None or not found.card.is_running),
        is_provisional=found.card is not None and found.card.is_provisional,
        parts=None if found.rollup is None else (signed, signed + len(found.missing)),
    )


def _money(settled: Settled | None) -> Money | None:
    if settled is None:
        return None
    return Money(settled.fee, settled.payable, settled.coefficient, settled.currency)


def _plain(number: Decimal) -> Decimal:
    """Without the zeros that a column adds."""
    return number.normalize() + 0


def _rated(tree: Node) -> Iterator[Rated]:
    for section in tree.parts:
        for item in section.parts:
            for node in item.parts:
                if node.say == Say.RATED:
                    yield _mark(item.key, node)


def _rated_plain(tree: Mapping[str, Any]) -> Iterator[Rated]:
    """The same of a tree as it is stored; only the nodes that are wanted become objects."""
    for section in tree.get("parts", ()):
        for item in section.get("parts", ()):
            for node in item.get("parts", ()):
                if node["say"] == Say.RATED:
                    yield _mark(item.get("key", ""), node_from_plain(node))


def _mark(item: str, node: Node) -> Rated:
    params: Mapping[str, Any] = node.params
    return Rated(
        item=item,
        mark=text_of(params["mark"]),
        low=text_of(params["low"]),
        high=text_of(params["high"]),
        raters=int(params["raters"]),
    )
