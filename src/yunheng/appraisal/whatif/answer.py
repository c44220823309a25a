"""A backtest: indicators, scores and money of each month under the contract as it was and under the draft."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.scoring.reading import Rules
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.refusals import Invalid
from yunheng.logic.score import Settled, settle
from yunheng.logic.score.periods import PeriodScore, roll_up
from yunheng.logic.score.scheme import MONTHS
from yunheng.logic.score.scheme import Period as Kind

from ..figures import Row
from ..frame import Frame
from ..indicators import INDICATORS
from ..part_periods import part_days_of
from ..periods import FIRST_YEAR, LAST_YEAR, LONGEST_DAYS, midnight
from ..queries import figures_of, keys_of
from ..scorecard import Scorecard, own_rules, scorecard_of
from ..scored_period import ScoredPeriod, period_holding, read_scored_period
from ..study import Study, study_scope
from .changes import Difference, Edges, clock_differences, clock_fate, share_differences
from .draft import Draft
from .replay import Replay, replay
from .said import fitting, said_of

#: What is done in turn, for whoever waits: reading, folding anew, indicators, scores, tickets.
STEPS: Final = 5
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Money:
    """What both sides' settlement is made with where the contracts do not say it, per month; None: what they say."""

    fee: Decimal | None = None
    contract_value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed: local days `start` to `end` (both inclusive), and how."""

    start: date
    end: date
    position: int | None = None
    recomputes_priority: bool = False
    money: Money = Money()

    def check(self) -> None:
        """Raises Invalid naming the field."""
        for field, day in (("from", self.start), ("to", self.end)):
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                text = _("A year lies between %(first)d and %(last)d.")
                raise Invalid({field: text % {"first": FIRST_YEAR, "last": LAST_YEAR}})
        if self.end < self.start:
            raise Invalid({"to": _("The period ends before it begins.")})
        if (self.end - self.start).days > LONGEST_DAYS:
            raise Invalid({"to": _("A period has ten years at most.")})


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure on both sides; `period` is "YYYY-MM", or "" for all of it."""

    key: str
    period: str
    old: Row
    new: Row


@dataclass(frozen=True, slots=True)
class Scored:
    """The score of a period on one side, and what is paid by it. `card` is None for one made of shorter ones.

    `unsettled` says why there is no money: "" there is, or nothing is settled by such periods.
    """

    period: ScoredPeriod
    value: Decimal | None
    grade: str | None
    vetoes: tuple[str, ...]
    rules: Rules
    is_complete: bool
    card: Scorecard | None
    settled: Settled | None
    unsettled: str = ""
    unfit: int = 0  #: what people entered in the period's statement and these rules have no place for


@dataclass(frozen=True, slots=True)
class Backtest:
    """All that came of a replay. `scores` are by the name of their period, old and new."""

    found: Replay
    asked: Asked
    contract_key: str
    months: tuple[str, ...]
    pairs: tuple[Pair, ...]
    scores: Mapping[str, tuple[Scored | None, Scored | None]]
    differences: tuple[Difference, ...]
    only_old: Mapping[
        str, tuple[int, int]
    ]  #: clocks that the draft has not: verdicts and misses in the period
    only_new: Mapping[str, tuple[int, int]]
    before_contract: (
        int  #: tickets of the period that were opened before the contract began: no clock on either side
    )
    of_strange_services: Mapping[str, int]  #: by service that the draft does not know: tickets of the period
    of_strange_priorities: Mapping[str, int]
    is_running: bool  #: the period is not over


def backtest(
    contract: Contract,
    draft: Draft,
    asked: Asked,
    *,
    now: datetime | None = None,
    tell: Tell = lambda step: None,
) -> Backtest:
    """Replay a contract's history under a draft, beside what it was. Reads only.

    `tell` hears how many of the STEPS are done. Raises Invalid for a period or log position that cannot be, NotFound
    for a contract that was not in force by then.
    """
    asked.check()
    study = study_scope(contract, now=now or datetime.now(UTC), position=asked.position)
    tell(1)
    found = replay(study, draft, recomputes_priority=asked.recomputes_priority)
    tell(2)
    keys = [
        key
        for key in dict.fromkeys([*keys_of(study), *keys_of(found.new)])
        if not INDICATORS[key].is_of_source
    ]
    days = (asked.start, asked.end)
    old_rows: dict[tuple[str, str], Row] = study.derived(  # the same for the next draft
        ("backtest_rows", *days, *keys), lambda: _rows(study, contract.scope.key, asked, keys)
    )
    new_rows = _rows(found.new, contract.scope.key, asked, keys)
    tell(3)
    old_scores, new_scores = _scores(found, contract.scope.key, asked)
    tell(4)
    months = tuple(dict.fromkeys(group for _key, group in old_rows if group))
    edges = Edges(_edges(study, asked, months), _edges(found.new, asked, months))
    clocks, only_old, only_new = _clocks(found, edges)
    frames = [Frame.of(one, asked.start, asked.end, "events", False) for one in (study, found.new)]
    differences = (
        *clock_differences(found, edges, clocks),
        *share_differences(frames[0], frames[1], edges, keys),
    )
    opened = study.lives.opened_at
    is_inside = (opened >= edges.old[0]) & (opened < edges.old[-1])
    tell(STEPS)
    return Backtest(
        found=found,
        asked=asked,
        contract_key=contract.scope.key,
        months=months,
        pairs=tuple(Pair(*one, old_rows[one], new_rows[one]) for one in old_rows),
        scores={
            name: (old_scores.get(name), new_scores.get(name))
            for name in sorted({*old_scores, *new_scores}, key=_order)
        },
        differences=differences,
        only_old=only_old,
        only_new=only_new,
        before_contract=int((is_inside & (opened < study.reigns[0].begin)).sum()),
        of_strange_services={key: int(is_inside[rows].sum()) for key, rows in found.strange_services.items()},
        of_strange_priorities={
            key: int(is_inside[rows].sum()) for key, rows in found.strange_priorities.items()
        },
        is_running=bool(edges.old[-1] > study.now),
    )


def _rows(study: Study, contract_key: str, asked: Asked, keys: Sequence[str]) -> dict[tuple[str, str], Row]:
    found = figures_of(study, contract_key, start=asked.start, end=asked.end, by="month", keys=keys)
    return {(row.key, row.group): row for row in found.rows}


def _edges(study: Study, asked: Asked, months: Sequence[str]) -> np.ndarray:
    """Where each month begins in the side's own zone, and the end; the first and the last month may be cut."""
    zone = ZoneInfo(study.terms.zone)
    firsts = [max(date.fromisoformat(f"{month}-01"), asked.start) for month in months]
    return np.array([midnight(day, zone) for day in (*firsts, asked.end + timedelta(days=1))], np.int64)


def _order(name: str) -> tuple[int, str]:
    """Shorter periods first, each kind in the order of time."""
    return {"month": 0, "quarter": 1, "year": 2}[read_scored_period(name).kind], name


# --- clocks ---------------------------------------------------------------------------------------------------------


def _clocks(
    found: Replay, edges: Edges
) -> tuple[list[str], dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Clocks of both sides, and of each side alone with what they came to."""
    own = dict.fromkeys(clock for reign in reversed(found.own.reigns) for clock in reign.terms.clocks)
    new = found.new.terms.clocks
    return (
        [clock for clock in own if clock in new],
        {clock: _came_to(found.own, clock, edges.old) for clock in own if clock not in new},
        {clock: _came_to(found.new, clock, edges.new) for clock in new if clock not in own},
    )


def _came_to(study: Study, clock: str, edges: np.ndarray) -> tuple[int, int]:
    verdict = clock_fate(study, clock, edges).verdict
    return int((verdict >= 0).sum()), int((verdict == 0).sum())


# --- scores and money -----------------------------------------------------------------------------------------------


def _scores(found: Replay, contract_key: str, asked: Asked) -> tuple[dict[str, Scored], dict[str, Scored]]:
    def own(terms: ContractTerms) -> Rules | None:
        return None if terms.scoring is None else own_rules(terms)

    rules = found.draft.rules
    return (
        found.own.derived(
            ("backtest_scores", asked.start, asked.end, asked.money),
            lambda: _side(found.own, contract_key, asked, own, is_own=True),
        ),
        _side(found.new, contract_key, asked, lambda terms: rules, is_own=False),
    )


def _side(
    study: Study,
    contract_key: str,
    asked: Asked,
    rules_of: Callable[[ContractTerms], Rules | None],
    *,
    is_own: bool,
) -> dict[str, Scored]:
    """Scores of the whole periods within the days that were asked for, and of the longer ones that they make up."""
    told = list(_cards(study, contract_key, asked, rules_of, is_own=is_own))
    cards = [card for card, _unfit in told]
    found = {card.period.name: _scored(card, study, asked.money, unfit) for card, unfit in told}
    for card in cards:
        for one in _longer(card, cards, study, asked):
            found.setdefault(one.period.name, one)
    return found


def _cards(
    study: Study,
    contract_key: str,
    asked: Asked,
    rules_of: Callable[[ContractTerms], Rules | None],
    *,
    is_own: bool,
) -> Iterator[tuple[Scorecard, int]]:
    """Each with how many words of people in the period's statement have no place in the rules."""
    zone = ZoneInfo(study.terms.zone)
    known: dict[int, Rules | None] = {}
    day = asked.start
    while day <= asked.end:
        kind: Kind = "month"
        for _again in range(2):  # the rules are those of the period's end, which lies where its kind says
            period = period_holding(kind, day)
            end = midnight(period.after.start, zone)
            terms = study.terms_at(min(end - 1, study.now))
            if id(terms) not in known:
                known[id(terms)] = rules_of(terms)
            rules = known[id(terms)]
            kind = rules.scheme.period if rules is not None else "month"
        day = period.after.start
        is_whole = period.start >= asked.start and period.end <= asked.end
        if rules is None or not is_whole or period.kind != kind or midnight(period.start, zone) > study.now:
            continue
        if end <= study.reigns[0].begin:  # before the contract there is nothing to score
            continue
        entered = said_of(study.scope_id, period)
        said = None if entered is None else fitting(entered, rules, is_own=is_own)
        card = scorecard_of(
            study, contract_key, period, rules, entered=None if said is None else said.entered
        )
        yield card, 0 if said is None else said.unfit


def _scored(card: Scorecard, study: Study, money: Money, unfit: int) -> Scored:
    settled, unsettled = _settled(card.rules, card.score.value, card.period, study, money)
    return Scored(
        period=card.period,
        value=card.score.value,
        grade=card.score.grade,
        vetoes=card.score.vetoes,
        rules=card.rules,
        is_complete=card.is_complete,
        card=card,
        settled=settled,
        unsettled=unsettled,
        unfit=unfit,
    )


def _settled(
    rules: Rules, value: Decimal | None, period: ScoredPeriod, study: Study, money: Money
) -> tuple[Settled | None, str]:
    terms = rules.scheme.settlement
    if terms is None or terms.period != period.kind:
        return None, ""
    terms_then = study.terms_at(midnight(period.after.start, ZoneInfo(study.terms.zone)) - 1)
    agreed = terms_then.appraisal
    fee = None if agreed is None else agreed.fee_of(period.kind)
    part_days = part_days_of(study, terms_then, period)
    if money.fee is not None:
        part_days = ()
        fee = money.fee * MONTHS[period.kind]
    if fee is None:
        return None, "fee"
    contract_value = money.contract_value
    if contract_value is None and agreed is not None:
        contract_value = agreed.contract_value
    if terms.per_point is not None and terms.per_point.base != "fee" and contract_value is None:
        return None, "contract_value"
    return settle(rules.scheme, value, fee, contract_value, part_days=part_days), ""


def _longer(card: Scorecard, cards: Sequence[Scorecard], study: Study, asked: Asked) -> Iterator[Scored]:
    """Longer periods that end with this card's and are made of periods like it, where all of them are there."""
    for rollup in card.rules.scheme.rollups:
        if rollup.of != card.period.kind:
            continue
        period = period_holding(rollup.period, card.period.start)
        parts = [
            one
            for one in cards
            if one.period.kind == rollup.of and period.start <= one.period.start <= period.end
        ]
        if card.period.end != period.end or len(parts) != MONTHS[rollup.period] // MONTHS[rollup.of]:
            continue
        names = [PeriodScore(one.period.name, one.score.value, one.score.vetoes) for one in parts]
        made = roll_up(card.rules.scheme, rollup, names)
        settled, unsettled = _settled(card.rules, made.value, period, study, asked.money)
        yield Scored(
            period=period,
            value=made.value,
            grade=made.grade,
            vetoes=made.vetoes,
            rules=card.rules,
            is_complete=all(one.is_complete for one in parts),
            card=None,
            settled=settled,
            unsettled=unsettled,
        )
