"""Points left of the running period: the score if nothing more happens, next tiers, what decides them, a forecast."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.scoring.reading import EventSource, ValueSource
from yunheng.contracts.terms import ContractTerms
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.logic.forecast import (
    Reach,
    Tier,
    Way,
    better_tier,
    event_way,
    good_way,
    late_way,
    mean_way,
    miss_way,
    reach,
    worse_tiers,
)
from yunheng.logic.score import (
    Happened,
    Occurrence,
    PeriodScore,
    Results,
    Scheme,
    Score,
    condensed,
    score,
    triggers_at,
)

from ..indicators import INDICATORS
from ..periods import midnight
from ..scorecard import Scorecard, Unscored, scorecard
from ..scored_period import ScoredPeriod, period_holding
from ..study import Study, study_scope
from ..ticket_numbers import ticket_numbers
from .entering import entered_so_far, scores_known
from .forecasting import Forecast, forecast
from .past import Past, Running, read_past, running_clocks
from .tracks import clocks_of, clocks_read, frame_of

MOST_TICKETS: Final = 100  #: open tickets that are listed
MOST_BEFORE: Final = 24  #: earlier periods that are looked at for a row
_FRESH_SECONDS: Final = 300  #: while nothing is recorded


@dataclass(frozen=True, slots=True)
class Approach:
    """How far a tier is, by each way that leads to it: those that do it, the fewest first."""

    tier: Tier
    reaches: Sequence[Reach]

    @property
    def nearest(self) -> int | None:
        """The fewest that bring it about, minutes of a slow item aside."""
        counts = [one.count for one in self.reaches if one.count is not None and one.way.kind != "slow"]
        return min(counts, default=None)


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A clock that still decides something: `then` is the score if it is missed (or grows later by one unit)."""

    number: str
    title: str
    clock: str
    priority: str
    service: str
    due_at: datetime | None
    is_paused: bool
    is_late: bool
    chance: Fraction  #: of being missed, by past clocks
    then: Score


@dataclass(frozen=True, slots=True)
class PointsLeft:
    """All of it. `forecast` is None with too short a history.

    `if_all_late` is the score if all that is open and falls due in the period is late.
    """

    card: Scorecard
    ends_at: datetime
    worse: Sequence[Approach]
    better: Approach | None
    tickets: Sequence[OpenTicket]
    ticket_count: int
    due_count: int
    if_all_late: Score
    forecast: Forecast | None
    months: int
    terms: ContractTerms

    @property
    def near(self) -> list[Approach]:
        """Tiers that one more of something brings about."""
        return [one for one in self.worse if one.nearest == 1]


_recent: dict[tuple[object, ...], PointsLeft] = {}
_lock = Lock()
_MOST_KEPT: Final = 8


def points_left(contract: Contract, *, now: datetime | None = None) -> PointsLeft:
    """Points left of the period that runs. Kept while nothing is recorded, for some minutes.

    Raises Unscored when the contract does not say how a period is scored, and what `scorecard` raises.
    """
    now = now or datetime.now(UTC)
    study = study_scope(contract, now=now)
    if study.terms.scoring is None:
        raise Unscored(
            _("The contract “%(key)s” does not say how a period is scored.") % {"key": contract.scope.key}
        )
    period = running_period(study)
    key = (
        str(contract.scope.uuid),
        study.position,
        study.unsealed,
        study.terms.version_id,
        period.name,
        study.now // _FRESH_SECONDS,
    )
    with _lock:
        found = _recent.get(key)
    if found is None:
        card = scorecard(contract, period, now=now, entered=entered_so_far(contract, period))
        found = _points_left(contract, card, study, now)
        with _lock:
            _recent[key] = found
            while len(_recent) > _MOST_KEPT:
                del _recent[next(iter(_recent))]
    return found


def running_period(study: Study) -> ScoredPeriod:
    """The period that the contract's scheme scores and that holds the present day."""
    assert study.terms.scoring is not None
    today = study.evaluated_at.astimezone(ZoneInfo(study.terms.zone)).date()
    return period_holding(study.terms.scoring.period, today)


def _points_left(contract: Contract, card: Scorecard, study: Study, now: datetime) -> PointsLeft:
    scheme = card.rules.scheme
    past = read_past(study, card.period.start, card.period.end)
    sources, events = list(card.rules.value_sources().values()), card.rules.event_sources()
    running = {
        clock: running_clocks(study, past, clock) for clock in clocks_read(study, past, sources, events)
    }
    tiers = worse_tiers(scheme, card.score, _rows(contract, card, study, now))
    listed = _deciding(card, past, running)
    results = _condensed(
        study, card, running
    )  # thousands of what-ifs are scored, and a month may have many events
    small = replace(card, results=results)
    effects = _Effects(study, past, small, events)
    due = [one for one in listed if not one.is_late]
    return PointsLeft(
        card=card,
        ends_at=datetime.fromtimestamp(past.end, UTC),
        worse=_approaches(tiers, list(_ways(study, past, card)), small),
        better=_better(small),
        tickets=_tickets(study, listed[:MOST_TICKETS], effects),
        ticket_count=len(listed),
        due_count=len(due),
        if_all_late=effects.all_late(due),
        forecast=forecast(card, results, study, past, running, tiers),
        months=past.months,
        terms=study.terms,
    )


def _condensed(study: Study, card: Scorecard, running: Mapping[str, Sequence[Running]]) -> Results:
    """The card's results; of events only those are told that still grow or on which others depend."""
    growing = {int(study.lives.subject[one.row]) for own in running.values() for one in own if one.is_late}
    numbers = ticket_numbers(study.scope_id, growing)
    late = {numbers[subject] for subject in growing}
    return condensed(card.rules.scheme, card.results, lambda event: event.subject in late)


def _rows(contract: Contract, card: Scorecard, study: Study, now: datetime) -> dict[str, int]:
    """Of triggers that need several periods in a row, how many before this one are within their interval.

    As the statement will see it: a period that nothing was asked in is passed over, so it is looked further back.
    """
    scheme = card.rules.scheme
    wanted = max((one.times for one in scheme.triggers if one.period == scheme.period), default=1) - 1
    if not wanted:
        return {}
    before, zone = [card.period.before], ZoneInfo(study.terms.zone)
    while len(before) < MOST_BEFORE and midnight(before[-1].start, zone) > study.reigns[0].begin:
        before.append(before[-1].before)
    known = scores_known(contract, before)
    history: list[PeriodScore] = []
    for period in before:
        found = known.get(period.name) or _computed(contract, period, now)
        if found is None:
            break
        history.insert(0, found)
        wanted -= found.value is not None
        if not wanted:
            break
    return {state.trigger.key: len(state.row) for state in triggers_at(scheme, scheme.period, history)}


def _computed(contract: Contract, period: ScoredPeriod, now: datetime) -> PeriodScore | None:
    """The score of a period without a statement; None while something of it is lacking."""
    try:
        card = scorecard(contract, period, now=now, entered=entered_so_far(contract, period))
    except (
        Unscored,
        Invalid,
    ):  # it said nothing of scores, or scored other periods, or what was entered does not fit
        return None
    return PeriodScore(period.name, card.score.value, card.score.vetoes) if card.is_complete else None


# --- ways ------------------------------------------------------------------------------------------------------------


def _ways(study: Study, past: Past, card: Scorecard) -> Iterator[Way]:
    """Everything that may happen again and lower the score."""
    frame = frame_of(study, past)
    events = card.rules.event_sources()
    values = [one.source for one in card.values.values() if not one.is_decided]
    clocks = dict.fromkeys(one.clock for one in events)
    for source in values:
        clocks |= dict.fromkeys(clocks_of(frame, source))
    groups = dict.fromkeys(
        [("", "")]
        + [_pair(one.by, one.group) for one in values if list(clocks_of(frame, one))]
        + [(one.priority, one.service) for one in events]
    )
    for clock in clocks:
        of_clock = [one for one in values if clock in clocks_of(frame, one)]
        late = [one for one in events if one.clock == clock]
        seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        for priority, service in groups:
            shares = tuple(
                one.reads for one in of_clock if _hits(_pair(one.by, one.group), priority, service)
            )
            kinds = tuple(one.kind for one in late if _hits((one.priority, one.service), priority, service))
            if (shares or kinds) and (shares, kinds) not in seen:
                seen.add((shares, kinds))
                yield late_way(
                    clock,
                    [(reads, 100) for reads in shares],
                    [(kind, _least(card.rules.scheme, kind)) for kind in kinds],
                    priority=priority,
                    service=service,
                )
    yield from _other_ways([one for one in values if not list(clocks_of(frame, one))])
    from_clocks = {one.kind for one in events}
    for kind in _charged(card.rules.scheme):
        if kind not in from_clocks:
            yield event_way(kind, _least(card.rules.scheme, kind))


def _pair(by: str | None, group: str) -> tuple[str, str]:
    return (group if by == "priority" else "", group if by == "service" else "")


def _hits(wanted: tuple[str, str], priority: str, service: str) -> bool:
    """Whether a ticket of a priority and service ("": any other) counts where these are wanted."""
    return wanted[0] in ("", priority) and wanted[1] in ("", service)


def _other_ways(sources: Sequence[ValueSource]) -> Iterator[Way]:
    """Shares and means that no clock feeds."""
    for source in sources:
        indicator = INDICATORS.get(source.indicator)
        if indicator is None or indicator.population == "open":
            continue
        if indicator.unit == "h":
            yield mean_way(source.reads)
        elif indicator.unit == "%":
            yield miss_way(source.reads, is_bad_counted=not indicator.is_better_high)


def _good_ways(card: Scorecard) -> Iterator[Way]:
    for value in card.values.values():
        indicator = INDICATORS.get(value.source.indicator)
        if indicator is not None and indicator.unit == "%" and not value.is_decided:
            yield good_way(value.source.reads, is_bad_counted=not indicator.is_better_high)


def _charged(scheme: Scheme) -> list[str]:
    """Kinds of events that cost points or are forbidden, each once."""
    kinds: list[str] = []
    for item in scheme.items():
        if isinstance(item.rule, Occurrence) and "provider" in item.rule.parties:
            kinds += item.rule.kinds
    for veto in scheme.vetoes:
        if isinstance(veto.when, Happened):
            kinds += veto.when.kinds
    return list(dict.fromkeys(kinds))


def _least(scheme: Scheme, kind: str) -> Fraction:
    """The least whole quantity of an event that costs anything: 1, or the first beyond what is tolerated."""
    over = [
        Fraction(item.rule.over)
        for item in scheme.items()
        if isinstance(item.rule, Occurrence) and kind in item.rule.kinds and item.rule.over is not None
    ]
    return Fraction(1) if not over else min(over) + 1


def _approaches(tiers: Sequence[Tier], ways: Sequence[Way], card: Scorecard) -> list[Approach]:
    """Every tier with the ways that lead to it."""
    found = [one for way in ways for one in reach(card.rules.scheme, card.results, tiers, way)]
    now = set(card.score.vetoes)
    return [
        Approach(
            tier,
            _known(
                one
                for one in found
                # what brings a veto about brings every tier about, which says nothing of this one
                if one.tier is tier
                and (tier.kind == "veto" or one.then is None or set(one.then.vetoes) <= now)
            ),
        )
        for tier in tiers
    ]


def _better(card: Scorecard) -> Approach | None:
    """The next better tier, and how many good ones lead there."""
    tier = better_tier(card.rules.scheme, card.score)
    if tier is None:
        return None
    found = (
        one
        for way in _good_ways(card)
        for one in reach(card.rules.scheme, card.results, [tier], way, is_upward=True)
    )
    return Approach(tier, _known(found))


def _known(found: Iterable[Reach]) -> list[Reach]:
    """Those that lead there: tickets and events by number, then slow items by minutes."""
    known = [one for one in found if one.count is not None]
    return sorted(known, key=lambda one: (one.way.kind == "slow", one.count or 0))


# --- open tickets ----------------------------------------------------------------------------------------------------


def _deciding(card: Scorecard, past: Past, running: Mapping[str, Sequence[Running]]) -> list[Running]:
    """Clocks that can still cost something in the period: what is late and grows, what falls due by due, what waits."""
    growing = [source for source in card.rules.event_sources() if _is_by_unit(card.rules.scheme, source.kind)]

    def can_grow(one: Running) -> bool:
        return one.settled_at >= past.start and any(
            source.clock == one.clock and _hits((source.priority, source.service), one.priority, one.service)
            for source in growing
        )

    found = [
        one
        for listed in running.values()
        for one in listed
        if (can_grow(one) if one.is_late else one.chance.bad > 0)
    ]
    return sorted(found, key=_order)


def _is_by_unit(scheme: Scheme, kind: str) -> bool:
    """Whether an event of the kind costs more the larger it is."""
    rules = [item.rule for item in scheme.items()]
    return any(isinstance(one, Occurrence) and kind in one.kinds and one.counts == "units" for one in rules)


def _order(one: Running) -> tuple[int, int, int]:
    rank = 0 if one.is_late else 2 if one.due_at is None else 1
    return rank, one.settled_at if one.is_late else one.due_at or 0, one.row


@dataclass(frozen=True, slots=True)
class _Effects:
    """What becomes of the score when open clocks are missed."""

    study: Study
    past: Past
    card: Scorecard
    events: Sequence[EventSource]

    def of(self, one: Running, number: str) -> Score:
        """The score when this one is missed, or grows later by one unit."""
        results = self._grown(one, number) if one.is_late else self._late(self.card.results, one, 1)
        return score(self.card.rules.scheme, results)

    def all_late(self, clocks: Sequence[Running]) -> Score:
        """The score when all of them are."""
        results = self.card.results
        alike: dict[tuple[str, str], list[Running]] = {}
        for one in clocks:
            alike.setdefault((one.clock, one.profile), []).append(one)
        for found in alike.values():
            results = self._late(results, found[0], len(found))
        return score(self.card.rules.scheme, results)

    def _late(self, results: Results, one: Running, count: int) -> Results:
        frame = frame_of(self.study, self.past)
        shares = [
            (value.source.reads, 100)
            for value in self.card.values.values()
            if not value.is_decided
            and one.clock in clocks_of(frame, value.source)
            and _hits(_pair(value.source.by, value.source.group), one.priority, one.service)
        ]
        kinds = [
            (event.kind, _least(self.card.rules.scheme, event.kind))
            for event in self.events
            if event.clock == one.clock and _hits((event.priority, event.service), one.priority, one.service)
        ]
        way = late_way(one.clock, shares, kinds)
        found = way.breach(results, count)
        fresh = found.events[len(results.events) :]
        place = len(results.events)
        renamed = tuple(
            replace(event, key=f"{event.key}/{place}/{one.profile}") for event in fresh
        )  # several kinds of tickets may be late
        return replace(found, events=(*results.events, *renamed))

    def _grown(self, one: Running, number: str) -> Results:
        kinds = {event.kind for event in self.events if event.clock == one.clock}
        events = tuple(
            replace(event, quantity=Fraction(event.quantity) + 1)
            if event.kind in kinds and event.subject == number
            else event
            for event in self.card.results.events
        )
        return replace(self.card.results, events=events)


def _tickets(study: Study, listed: Sequence[Running], effects: _Effects) -> list[OpenTicket]:
    subjects = {int(study.lives.subject[one.row]) for one in listed}
    known = (
        Ticket.objects.filter(scope_id=study.scope_id).only("id", "number", "title").in_bulk(list(subjects))
    )
    scores: dict[tuple[str, str], Score] = {}
    found = []
    for one in listed:
        ticket = known[int(study.lives.subject[one.row])]
        if one.is_late:
            then = effects.of(one, ticket.number)
        else:
            key = (one.clock, one.profile)
            if key not in scores:
                scores[key] = effects.of(one, ticket.number)
            then = scores[key]
        found.append(
            OpenTicket(
                number=ticket.number,
                title=ticket.title,
                clock=one.clock,
                priority=one.priority,
                service=one.service,
                due_at=None if one.due_at is None else datetime.fromtimestamp(one.due_at, UTC),
                is_paused=one.is_paused,
                is_late=one.is_late,
                chance=Fraction(one.chance.bad).limit_denominator(1000),
                then=then,
            )
        )
    return found
