"""What contracts' records give for a period, computed once and kept: a study of a contract costs too much per page.

As of the log position of a statement it never changes. What runs is kept for a minute however much is recorded; of a
period that is over, ten while nothing is recorded of tickets that were there by its end. The page says when.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final, Literal, TypeVar

from django.db import connection
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract, ContractVersion
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Refusal
from yunheng.logic.comparison import Scored
from yunheng.logic.score.scheme import MONTHS

from ..models import Statement
from ..scorecard import own_rules, scorecard_of
from ..scored_period import ScoredPeriod
from ..statements.computing import bounds
from ..study import Study, study_scope
from .measured import Measured, measure
from .schemes import SchemeView, scheme_of_version
from .scores import Result, computed_result

#: Where a score comes from, or why there is none.
Source = Literal[
    "statement", "computed", "unscored", "shorter", "longer", "not_in_force", "no_version", "failed"
]

_FRESH_SECONDS: Final = 60  #: however much is recorded meanwhile
_QUIET_SECONDS: Final = 300  #: while nothing is recorded, of what grows with time
_OVER_SECONDS: Final = 600  #: of what is over, while nothing is recorded of what it counts
_MOST: Final = 400

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class State:
    """How far the record of a contract has come: how many entries, and which version is the newest."""

    entries: int
    version: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What was computed of a running record, when, and of how many entries, the last of them `entry`.

    `past` are scores of the periods before that nobody had to say anything of, by name. `problem` says why something
    could not be computed.
    """

    entries: int
    computed_at: datetime
    source: Source
    measured: Measured | None = None
    result: Result | None = None
    past: Mapping[str, Scored] = field(default_factory=dict)
    problem: str = ""
    entry: int = 0

    def is_good(self, state: State, contract: Contract, period: ScoredPeriod, now: datetime) -> bool:
        """Whether it need not be computed anew yet. (1 query where something was recorded since.)"""
        age = abs((now - self.computed_at).total_seconds())
        if age < _FRESH_SECONDS:
            return True
        lasts = self.measured is not None and self.measured.lasts
        if self.entries == state.entries:
            return lasts or age < _QUIET_SECONDS
        return lasts and age < _OVER_SECONDS and not _is_touched(contract, period, self.entry)


_running: dict[Hashable, Kept] = {}
_frozen: dict[Hashable, Measured] = {}
_lock = Lock()


def forget() -> None:
    """Forget all of it: for tests, whose records are taken back while identifiers stay."""
    with _lock:
        _running.clear()
        _frozen.clear()


def states_of(contracts: Sequence[Contract]) -> dict[int, State]:
    """By contract, where it has a version. (2 queries.)"""
    scopes = [one.pk for one in contracts]
    with (
        connection.cursor() as cursor
    ):  # one statement: what is sealed between two would count twice, or not at all
        cursor.execute(
            """
            SELECT scope_id, sum(entries)::bigint FROM (
                SELECT scope_id, size AS entries FROM log_state WHERE scope_id = ANY(%(scopes)s)
                UNION ALL
                SELECT scope_id, count(*) FROM unsealed WHERE scope_id = ANY(%(scopes)s) GROUP BY scope_id
            ) AS counted GROUP BY scope_id""",
            {"scopes": scopes},
        )
        entries: dict[int, int] = dict(cursor.fetchall())
    newest = ContractVersion.objects.filter(contract_id__in=scopes).order_by("contract_id", "-number")
    versions = newest.distinct("contract_id").values_list("contract_id", "pk")
    return {scope_id: State(entries.get(scope_id, 0), version) for scope_id, version in versions}


def _is_touched(contract: Contract, period: ScoredPeriod, entry: int) -> bool:
    """Whether anything was recorded after an entry that may change a period that is over: what is about a ticket that
    was opened after its end cannot.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 1 FROM entry LEFT JOIN ticket ON ticket.id = entry.subject_id
            WHERE entry.id > %s AND entry.scope_id = %s AND (ticket.id IS NULL OR ticket.opened_at < %s) LIMIT 1""",
            [entry, contract.pk, bounds(contract, period)[1]],
        )
        return cursor.fetchone() is not None


def running(
    contract: Contract, period: ScoredPeriod, draft: Statement | None, state: State | None, now: datetime
) -> Kept:
    """What the record gives now, with what people entered in the draft."""
    if state is None:
        return Kept(0, now, "no_version", problem=_("This contract has no version yet."))
    drafted = None if draft is None else (draft.pk, draft.row_version)
    key = (str(contract.scope.uuid), state.version, period.name, drafted, get_language())
    with _lock:
        kept = _running.get(key)
    if kept is None or not kept.is_good(state, contract, period, now):
        kept = _compute(contract, period, draft, state, now)
        _keep(_running, key, kept)
    return kept


def as_of(contract: Contract, statement: Statement, period: ScoredPeriod, now: datetime) -> Measured:
    """The figures as of the log position of an issued statement."""
    key = (str(contract.scope.uuid), statement.position, bytes(statement.digest or b""), period.name)
    with _lock:
        found = _frozen.get(key)
    if found is None:
        study = study_scope(contract, now=now, position=statement.position)
        found = measure(study, contract.scope.key, period)
        _keep(_frozen, key, found)
    return found


def _keep(kept: dict[Hashable, V], key: Hashable, value: V) -> None:
    with _lock:
        kept.pop(key, None)  # the newest stands last
        kept[key] = value
        while len(kept) > _MOST:
            del kept[next(iter(kept))]


def _compute(
    contract: Contract, period: ScoredPeriod, draft: Statement | None, state: State, now: datetime
) -> Kept:
    measured: Measured | None = None
    entry = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        study = study_scope(contract, now=now)
        measured = measure(study, contract.scope.key, period)
        source = source_of(scheme_of_version(measured.version_id), period, measured)
        result = computed_result(contract, period, draft, now=now) if source == "computed" else None
        past = dict(_past(contract, study, period)) if result is not None and result.is_whole else {}
    except Refusal as refusal:
        return Kept(state.entries, now, "failed", measured, problem=refusal.message)
    return Kept(state.entries, now, source, measured, result, past, entry=entry)


def source_of(scheme: SchemeView | None, period: ScoredPeriod, measured: Measured) -> Source:
    """Whether the record can be scored for such a period, or why not."""
    if not measured.is_in_force:
        return "not_in_force"
    if scheme is None:
        return "unscored"
    if period.kind == scheme.period or period.kind in scheme.rollups:
        return "computed"
    return "shorter" if MONTHS[period.kind] < MONTHS[scheme.period] else "longer"


#: Periods before the one that is asked about, in the line of a contract.
BEFORE: Final = 11


def _past(contract: Contract, study: Study, period: ScoredPeriod) -> Iterator[tuple[str, Scored]]:
    """Whole scores of the periods before, back to the first that is not: by nobody's word but the record's."""
    one = period
    for _step in range(BEFORE):
        one = one.before
        begins_at, ends_at = bounds(contract, one)
        terms = study.terms_at(int(ends_at.timestamp()) - 1)
        if int(begins_at.timestamp()) < study.reigns[0].begin or terms.scoring is None:
            return
        if terms.scoring.period != one.kind:
            return
        card = scorecard_of(study, contract.scope.key, one, own_rules(terms))
        scheme = scheme_of_version(terms.version_id)
        if not card.is_complete or scheme is None:
            return
        yield one.name, Scored(scheme.digest, card.score.value)
