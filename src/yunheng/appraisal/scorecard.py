"""A period's scorecard: what the scheme reads, collected from the record, and the score with its explanation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.indicators import INDICATORS as CONTRACT_INDICATORS
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.contracts.packs import scheme_pack, scheme_packs
from yunheng.contracts.scoring.checking import Surroundings
from yunheng.contracts.scoring.presentation import period_name
from yunheng.contracts.scoring.reading import Rules, UnfitSchemeError, ValueSource, read_rules, rules_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.score import (
    NOT_APPLICABLE,
    Bonus,
    Event,
    Happened,
    Measured,
    Occurrence,
    Rating,
    Results,
    Score,
    ScoreError,
    items_rated,
    score,
)
from yunheng.logic.score.scheme import MONTHS

from .clock_events import clock_events
from .entered import NOTHING, Entered, check_entered, has_quorum, is_entered, with_rulings
from .figures import Row
from .indicators import INDICATORS
from .periods import latest_month, midnight
from .queries import figures_of
from .scored_period import ScoredPeriod, period_holding
from .study import Study, study_scope


class Unscored(NotFound):
    """The contract says nothing of scores."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an item reads, where it came from, and the figure behind it (None: people's, or an empty group).

    `is_decided`: agreement or arbitration put it in the place of what was measured.
    """

    source: ValueSource
    measured: Measured
    row: Row | None
    is_decided: bool = False


@dataclass(frozen=True, slots=True)
class Lacking:
    """What people have not entered: the value or the marks of an item, or whether events of a kind happened."""

    what: Literal["value", "marks", "events"]
    key: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The score of one period with all that is needed to compute it again.

    `scheme` says whose rules they are: "" the contract's own, else the name of a pack or file that is looked at. While
    something is `lacking`, it is taken as not asked for, and the score is one so far, which nobody may settle by.
    """

    contract_key: str
    zone: str
    period: ScoredPeriod
    scheme: str
    version: int  #: number of the contract version in force at the end of the period
    rules: Rules
    values: Mapping[str, Value]
    results: Results
    score: Score
    lacking: tuple[Lacking, ...]
    is_running: bool  #: the period is not over
    is_provisional: bool  #: rests on a year whose public holidays are not published yet
    position: int
    is_live: bool
    unsealed: int
    evaluated_at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether the scheme scores periods of this kind, and not only longer ones that hold it."""
        return self.period.kind == self.rules.scheme.period

    @property
    def is_complete(self) -> bool:
        """Whether everything is known that the scheme asks for, over a whole period that has ended."""
        return self.is_whole and not self.lacking and not self.is_running


def scorecard(
    contract: Contract,
    period: ScoredPeriod | None = None,
    *,
    scheme: tuple[str, bytes] | None = None,
    position: int | None = None,
    now: datetime | None = None,
    entered: Entered | None = None,
) -> Scorecard:
    """The scorecard of a period (None: the one of the newest ticket), as of a log position (None: now).

    `scheme`, a name and a document, is scored with instead of the contract's own. `entered` is what people said (None:
    nothing yet). Raises Unscored when the contract says nothing of scores, UnfitSchemeError for a document
    whose scheme does not fit the contract, Invalid for a period that is to come, or longer than those that the scheme
    scores, for a position beyond the log, and for what was entered and does not fit the scheme.
    """
    now = now or datetime.now(UTC)
    study = study_scope(contract, now=now, position=position)
    zone = ZoneInfo(study.terms.zone)
    if period is None:
        newest = latest_month(contract, study.evaluated_at).start
        period = period_holding(_rules(study.terms, scheme).scheme.period, newest)
    start, end = midnight(period.start, zone), midnight(period.after.start, zone)
    if start > study.now:
        raise Invalid({"period": _("%(period)s has not begun.") % {"period": period.label}})
    rules = _rules(study.terms_at(min(end - 1, study.now)), scheme)
    if MONTHS[period.kind] > MONTHS[rules.scheme.period]:
        text = _(
            "The scheme scores by %(period)s: name one. Longer periods are made of scores that are signed."
        )
        raise Invalid({"period": text % {"period": period_name(rules.scheme.period)}})
    return scorecard_of(
        study,
        contract.scope.key,
        period,
        rules,
        scheme=scheme[0] if scheme else "",
        entered=entered,
    )


def scorecard_of(
    study: Study,
    contract_key: str,
    period: ScoredPeriod,
    rules: Rules,
    *,
    scheme: str = "",
    entered: Entered | None = None,
) -> Scorecard:
    """The scorecard of a period that has begun, by rules that score such periods, of a study that is at hand."""
    said = entered or NOTHING
    check_entered(said, rules)
    zone = ZoneInfo(study.terms.zone)
    start, end = midnight(period.start, zone), midnight(period.after.start, zone)
    values = {
        value.source.reads: value for value in _values(study, contract_key, rules, period.start, period.end)
    }
    values |= {value.source.reads: value for value in _said_values(said, rules, values)}
    events, is_provisional = _events(study, rules, start, end)
    lacking = tuple(_lacking(rules, said))
    without_marks = {one.key for one in lacking if one.what == "marks"}
    results = Results(
        measured={reads: value.measured for reads, value in values.items()},
        events=with_rulings([*events, *said.events], said),
        marks={key: () if key in without_marks else said.marks[key] for key in items_rated(rules.scheme)},
    )
    return Scorecard(
        contract_key=contract_key,
        zone=study.terms.zone,
        period=period,
        scheme=scheme,
        version=study.terms_at(min(end - 1, study.now)).number,
        rules=rules,
        values=values,
        results=results,
        score=_scored(rules, results),
        lacking=lacking,
        is_running=end > study.now,
        is_provisional=is_provisional
        or any(value.row is not None and value.row.is_provisional for value in values.values()),
        position=study.position,
        is_live=study.is_live,
        unsealed=study.unsealed,
        evaluated_at=study.evaluated_at,
    )


def pack_scheme(name: str) -> tuple[str, bytes]:
    """A scheme that ships, by its name; what `scorecard` takes as `scheme`. Raises Invalid naming those there are."""
    try:
        return name, scheme_pack(name)
    except LookupError:
        text = _("There is no scheme “%(name)s”. There are: %(known)s.")
        raise Invalid({"scheme": text % {"name": name[:40], "known": ", ".join(scheme_packs())}}) from None


# --- rules ----------------------------------------------------------------------------------------------------------


def _rules(terms: ContractTerms, scheme: tuple[str, bytes] | None) -> Rules:
    """The contract's own rules, or those of a document that fits it."""
    if scheme is not None:
        return read_rules(scheme[1], _surroundings(terms))
    return own_rules(terms)


def own_rules(terms: ContractTerms) -> Rules:
    """The rules that a version of the contract has (1 query). Raises Unscored where it has none."""
    if terms.scoring is None:
        raise Unscored(_("The contract “%(key)s” does not say how a period is scored.") % {"key": terms.key})
    stored = ContractVersion.objects.values_list("terms__scoring", flat=True).get(pk=terms.version_id)
    return rules_of(stored)


def _surroundings(terms: ContractTerms) -> Surroundings:
    """What a scheme may name that is looked at: every indicator that can be measured, whether agreed or not."""
    return Surroundings(
        indicators=list(CONTRACT_INDICATORS),
        priorities=list(terms.priorities),
        services=list(terms.services),
        clocks=terms.clocks_for("client"),
    )


# --- what the scheme reads ------------------------------------------------------------------------------------------


def _values(study: Study, contract_key: str, rules: Rules, first: date, last: date) -> Iterator[Value]:
    """The values that items read, one question to the indicators for each way of dividing them."""
    sources = rules.value_sources().values()
    measured = [source for source in sources if source.indicator in INDICATORS]
    rows: dict[tuple[str, str, str], Row] = {}
    for by in dict.fromkeys(source.by for source in measured):
        keys = [source.indicator for source in measured if source.by == by]
        found = figures_of(study, contract_key, start=first, end=last, by=by, keys=keys)
        rows |= {(row.key, by or "", row.group): row for row in found.rows}
    for source in sources:
        row = rows.get((source.indicator, source.by or "", source.group))
        yield Value(source, _measured(source, row), row)


def _measured(source: ValueSource, row: Row | None) -> Measured:
    """The exact value behind a figure, in the unit of rules: never the rounded one that is shown."""
    if row is None:  # people's, or a group that nothing is in: no ticket is 0 tickets, no share is no 0 %
        is_count = source.indicator in INDICATORS and source.unit == "number"
        return Measured(0, 0, 0) if is_count else NOT_APPLICABLE
    if row.value is None:
        return Measured(None, row.numerator, row.denominator)
    if row.unit == "tickets":
        return Measured(row.numerator, row.numerator, row.denominator)
    factor = 100 if row.unit == "%" else 1
    return Measured(Fraction(factor * row.numerator, row.denominator), row.numerator, row.denominator)


def _events(study: Study, rules: Rules, start: int, end: int) -> tuple[tuple[Event, ...], bool]:
    """Events that follow from clocks, and whether they rest on a provisional year."""
    found = [clock_events(study, source, start, end) for source in rules.event_sources()]
    events = tuple(event for one in found for event in one.events)
    return events, any(one.is_provisional for one in found)


def _said_values(entered: Entered, rules: Rules, found: Mapping[str, Value]) -> Iterator[Value]:
    """The values that people entered, and then those that were decided, as items read them."""
    for item in rules.scheme.items():
        for values, is_decided in ((entered.values, False), (entered.decided, True)):
            if item.key in values:
                value = found[item.reads]
                measured = NOT_APPLICABLE if values[item.key] is None else Measured(values[item.key])
                yield replace(value, measured=measured, is_decided=is_decided)


def _lacking(rules: Rules, entered: Entered) -> Iterator[Lacking]:
    """What only people can say, and nobody has said."""
    for item in rules.scheme.items():
        if is_entered(item, rules) and item.key not in {**entered.values, **entered.decided}:
            yield Lacking("value", item.key)
    for item in rules.scheme.items():
        if isinstance(item.rule, Rating) and not has_quorum(item, entered):
            yield Lacking("marks", item.key)
    known = {source.kind for source in rules.event_sources()} | entered.settled_kinds
    yield from (Lacking("events", kind) for kind in _kinds_used(rules) if kind not in known)


def _kinds_used(rules: Rules) -> Sequence[str]:
    """Kinds of events that the score depends on, each once."""
    kinds: list[str] = []
    for item in rules.scheme.items():
        if isinstance(item.rule, Occurrence | Bonus):
            kinds += item.rule.kinds
    for veto in rules.scheme.vetoes:
        if isinstance(veto.when, Happened):
            kinds += veto.when.kinds
    return list(dict.fromkeys(kinds))


def _scored(rules: Rules, results: Results) -> Score:
    try:
        return score(rules.scheme, results)
    except (
        ScoreError
    ) as error:  # what neither the linter of schemes nor the check of what was entered knew of
        raise Invalid({"scheme": str(error)}) from error


__all__ = [
    "Entered",
    "Lacking",
    "Scorecard",
    "UnfitSchemeError",
    "Unscored",
    "Value",
    "own_rules",
    "pack_scheme",
    "scorecard",
    "scorecard_of",
]
