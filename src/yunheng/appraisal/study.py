"""Brings facts, contract versions and clocks of one scope together at one log position, ready for every indicator."""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_of_version, versions_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.models import LogState, TreeHead, Unsealed
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.clock import ClockPolicy
from yunheng.logic.facts import FactKind
from yunheng.logic.vector import ClockColumns, FactColumns, StatusCode, VectorPolicy, fold_many
from yunheng.logic.vector.milestones import NEVER, Milestones, read_milestones
from yunheng.logic.vector.samples import NO_OUTCOME, ClockOutcome
from yunheng.logic.worktime import HorizonError
from yunheng.sla.snapshot import FactTable, load_facts

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
K = TypeVar("K")
V = TypeVar("V")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one clock has come, by element of its outcome: counted seconds, the goal, and whether it is not over."""

    elapsed: Int64
    goal: Int64
    is_open: Bool  #: runs or waits
    is_paused: Bool

    @classmethod
    def of(cls, folded: Sequence[ClockColumns]) -> "Progress":
        """Of clocks that were folded in parts."""
        status = np.concatenate([one.status for one in folded])
        return cls(
            np.concatenate([one.elapsed for one in folded]),
            np.concatenate([one.goal for one in folded]),
            (status == StatusCode.RUNNING) | (status == StatusCode.PAUSED),
            status == StatusCode.PAUSED,
        )


@dataclass(frozen=True, slots=True)
class Reign:
    """The terms that govern from `begin` until before `end` (epoch seconds), and the clocks that started in it."""

    begin: int
    end: int
    terms: ContractTerms
    outcomes: Mapping[str, ClockOutcome]
    has_provisional: Mapping[str, Bool]  #: by clock: which elements of its outcome rest on a provisional year
    late_seconds: Mapping[str, Int64]  #: by clock: what each element of its outcome counted beyond its goal
    progress: Mapping[str, Progress] = field(default_factory=dict)  #: by clock


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that indicators of one scope are computed from at one log position.

    `now` (epoch seconds) is the instant of evaluation: the signing of the head at `position`, or the present.
    """

    scope_id: int
    position: int
    is_live: bool
    unsealed: int
    now: int
    terms: ContractTerms  #: the newest version that had begun by `now`
    versions: tuple[int, ...]
    facts: FactTable
    lives: Milestones
    reigns: tuple[Reign, ...]  #: in the order in which they begin, at least one
    _snapshots: dict[int, Milestones] = field(default_factory=dict, repr=False)
    _derived: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def evaluated_at(self) -> datetime:
        """`now` as an aware datetime."""
        return datetime.fromtimestamp(self.now, tz=UTC)

    def terms_at(self, instant: int) -> ContractTerms:
        """Terms in force at the instant, else those that ended last before it, else the first."""
        begun = [reign for reign in self.reigns if reign.begin <= instant]
        return (begun or self.reigns[:1])[-1].terms

    def open_lives_before(self, cut_off: int) -> Milestones:
        """Lives as of the cut-off, of all subjects that were open then (and of few others)."""
        if cut_off > self.now:
            return self.lives
        found = self._snapshots.get(cut_off)
        if found is None:
            facts = self.facts
            last_end_at: Int64 = self.derived(("last_end_at",), self._last_end_at)
            has_been = (self.lives.opened_at < cut_off) & (last_end_at >= cut_off)
            kept = has_been[self.derived(("row_of_fact",), self._row_of_fact)]
            found = read_milestones(
                facts.subject[kept], facts.at[kept], facts.kind[kept], facts.term[kept], before=cut_off
            )
            _remember(self._snapshots, cut_off, found, most=_RECENT_SNAPSHOTS)
        return found

    def _row_of_fact(self) -> npt.NDArray[np.int32]:
        """The row of the lives that each fact is about."""
        is_first = np.ones(len(self.facts), np.bool_)
        is_first[1:] = self.facts.subject[1:] != self.facts.subject[:-1]
        found: npt.NDArray[np.int32] = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
        return found

    def _last_end_at(self) -> Int64:
        """When each subject was last resolved, closed or cancelled; beyond all instants for those that are open now.

        One that is not open now, and was not ended after an instant, was not open at that instant either.
        """
        lives, facts = self.lives, self.facts
        found = np.full(len(lives), NEVER, np.int64)
        ends = np.flatnonzero(np.isin(facts.kind, _ENDS))
        found[self.derived(("row_of_fact",), self._row_of_fact)[ends]] = facts.at[ends]  # the last one stays
        is_open = (lives.resolved_at == NEVER) & (lives.closed_at == NEVER) & (lives.cancelled_at == NEVER)
        found[is_open] = np.iinfo(np.int64).max
        return found

    def derived(self, key: Hashable, make: Callable[[], V]) -> V:
        """What is read or computed from the study once and kept with it, under a key that says what it is."""
        found: V | None = self._derived.get(key)
        if found is None:
            found = make()
            _remember(self._derived, key, found, most=_MOST_DERIVED)
        return found

    def is_left_out(self, subjects: Int64) -> Bool:
        """Which subjects do not belong to the population by what is known now, whatever the cut-off."""
        found: Bool = self.lives.is_left_out[np.searchsorted(self.lives.subject, subjects)]
        return found


_recent: dict[tuple[object, ...], Study] = {}
_RECENT_STUDIES = 4
_RECENT_SNAPSHOTS = 3
_MOST_DERIVED = 24  # numbers of a few months in two languages
_lock = Lock()
_FRESH_SECONDS = 20
_ENDS = np.array([FactKind.RESOLVED, FactKind.CLOSED, FactKind.CANCELLED], np.int16)


def study_scope(contract: Contract, *, now: datetime, position: int | None = None) -> Study:
    """Read and fold a scope. Results are kept a few seconds, per log position and last unsealed entry.

    Raises Invalid for a position beyond the log or without a signed head, NotFound without a contract version.
    """
    scope_id = contract.pk
    size = LogState.objects.filter(scope_id=scope_id).values_list("size", flat=True).first() or 0
    if position is not None:
        now = _head_instant(scope_id, position, size)
    waiting = Unsealed.objects.filter(scope_id=scope_id)
    last_unsealed = waiting.order_by("-entry_id").values_list("entry_id", flat=True).first()
    instant = int(now.timestamp())
    tick = instant // _FRESH_SECONDS if position is None else instant
    key = (scope_id, str(contract.scope.uuid), position, size, last_unsealed, tick, _last_version(contract))
    found = _recent.get(key)
    if found is None:
        found = _study(contract, instant, position, size, waiting.count())
        _remember(_recent, key, found, most=_RECENT_STUDIES)
    return found


def _remember(kept: dict[K, V], key: K, value: V, *, most: int) -> None:
    """Keep a value, and of the older ones as many as there is room for: each holds all tickets of a contract, and who
    asks chooses how many different ones are asked for. Requests run in several threads.
    """
    with _lock:
        kept[key] = value
        while len(kept) > most:
            del kept[next(iter(kept))]


def _last_version(contract: Contract) -> int | None:
    return versions_of(contract).order_by("-number").values_list("pk", flat=True).first()


def _head_instant(scope_id: int, position: int, size: int) -> datetime:
    """When the log first had a signed head of at least that size."""
    if position < 1 or position > size:
        text = _("The log of this contract has the positions 1 to %(size)s.") % {"size": size}
        raise Invalid({"as_of": text}, code="position")
    head = (
        TreeHead.objects.filter(scope_id=scope_id, size__gte=position)
        .order_by("size")
        .values_list("signed_at", flat=True)
        .first()
    )
    if head is None:
        raise Invalid({"as_of": _("No head was signed at or after this position.")}, code="position")
    return head


def _study(contract: Contract, now: int, position: int | None, size: int, unsealed: int) -> Study:
    eras = _eras(contract, None if position is None else datetime.fromtimestamp(now + 1, tz=UTC), position)
    facts = load_facts(contract.pk, position)
    keep = facts.at <= now
    if not keep.all():
        facts = _keep(facts, keep)
    lives = read_milestones(facts.subject, facts.at, facts.kind, facts.term)
    reigns = tuple(
        _reign(facts, lives, begin, end, terms, now) for begin, end, terms in eras if terms is not None
    )
    if not reigns:
        raise NotFound(f"Contract {contract.scope.key} has no version in force by then.")
    newest = next((reign.terms for reign in reversed(reigns) if reign.begin <= now), reigns[0].terms)
    return Study(
        scope_id=contract.pk,
        position=size if position is None else position,
        is_live=position is None,
        unsealed=unsealed if position is None else 0,
        now=now,
        terms=newest,
        versions=tuple(sorted({reign.terms.number for reign in reigns})),
        facts=facts,
        lives=lives,
        reigns=reigns,
    )


def replayed(
    study: Study, terms: ContractTerms, *, facts: FactTable | None = None, lives: Milestones | None = None
) -> Study:
    """The study as if those terms had been in force whenever any version was; a clock still starts only then.

    `facts` and `lives`: the study's own, somehow changed, with the same subjects (None: as they are).
    """
    facts = study.facts if facts is None else facts
    lives = study.lives if lives is None else lives
    spans: list[tuple[int, int]] = []
    for reign in study.reigns:
        if spans and spans[-1][1] == reign.begin:
            spans[-1] = (spans[-1][0], reign.end)
        else:
            spans.append((reign.begin, reign.end))
    return replace(
        study,
        terms=terms,
        versions=(terms.number,),
        facts=facts,
        lives=lives,
        reigns=tuple(_reign(facts, lives, begin, end, terms, study.now) for begin, end in spans),
        _snapshots=study._snapshots if facts is study.facts else {},
        _derived={},
    )


def _reign(
    facts: FactTable, lives: Milestones, begin: int, end: int, terms: ContractTerms, now: int
) -> Reign:
    folded = dict(_fold_era(facts, lives, begin, end, terms, now))
    return Reign(
        begin,
        end,
        terms,
        {key: found.outcome for key, found in folded.items()},
        {key: found.is_provisional for key, found in folded.items()},
        {key: found.late_seconds for key, found in folded.items()},
        {key: found.progress for key, found in folded.items()},
    )


def _eras(
    contract: Contract, known_at: datetime | None, position: int | None
) -> list[tuple[int, int, ContractTerms | None]]:
    """Which version is in force when, as [from, to) in epoch seconds: of those that had begun, the latest recorded.

    Only versions recorded before `known_at` whose entries lie below the log position count; None: all.
    """
    later = _versions_from(contract.pk, position)
    versions = [
        version
        for version in versions_of(contract)
        if (known_at is None or version.recorded_at < known_at) and version.number not in later
    ]
    edges = sorted({version.valid_from for version in versions} | {version.valid_to for version in versions})
    eras: list[tuple[int, int, ContractTerms | None]] = []
    for begin, end in pairwise(edges):
        begun = [version for version in versions if version.valid_from <= begin]
        latest = max(begun, key=lambda version: version.number)
        terms = terms_of_version(latest.pk) if begin < latest.valid_to else None
        eras.append((int(begin.timestamp()), int(end.timestamp()), terms))
    return eras


def _versions_from(scope_id: int, position: int | None) -> frozenset[int]:
    """Numbers of the versions whose entry is sealed at or after the position, or not yet; none for None."""
    if position is None:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (body.shared->>'version')::int FROM entry
            JOIN entry_body body ON body.entry_id = entry.id
            LEFT JOIN log_leaf leaf ON leaf.entry_id = entry.id
            WHERE entry.scope_id = %s AND entry.type IN ('contract.applied', 'contract.calendar_refreshed')
              AND (leaf.index IS NULL OR leaf.index >= %s) AND body.shared IS NOT NULL""",
            [scope_id, position],
        )
        return frozenset(number for (number,) in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Folded:
    """One clock of one era; the arrays have the elements of the outcome."""

    outcome: ClockOutcome
    is_provisional: Bool
    late_seconds: Int64
    progress: Progress


def _fold_era(
    facts: FactTable, lives: Milestones, begin: int, end: int, terms: ContractTerms, now: int
) -> Iterator[tuple[str, _Folded]]:
    """Outcome of every clock that started in the era, under the version in force then (sla-semantics 16)."""
    for key, policy in terms.clocks.items():
        starts = VectorPolicy.from_policy(policy, facts.numbers).starts(facts.kind, facts.term)
        started_at = np.full(len(lives), NEVER, dtype=np.int64)
        row = np.searchsorted(lives.subject, facts.subject[starts])
        started_at[row[::-1]] = facts.at[starts][::-1]  # the first one stays
        is_of_era = (started_at >= begin) & (started_at < end)
        if not is_of_era.any():
            continue
        part = facts if is_of_era.all() else _keep(facts, np.isin(facts.subject, lives.subject[is_of_era]))
        folded = list(_fold(part, policy, terms, _within_horizon(terms, now)))
        if not folded:
            continue
        yield (
            key,
            _Folded(
                _joined(
                    [
                        ClockOutcome(
                            row=np.searchsorted(lives.subject, one.subject).astype(np.int64),
                            settled_at=one.settled_at,
                            is_met=one.is_met,
                            profile=one.profile.astype(np.int64),
                        )
                        for one in folded
                    ]
                ),
                np.concatenate([one.is_provisional for one in folded]),
                np.concatenate([_late_seconds(one) for one in folded]),
                Progress.of(folded),
            ),
        )


def _late_seconds(folded: ClockColumns) -> Int64:
    """Seconds that counted beyond the goal in force when the clock ended, or now; 0 where it was not missed.

    Who missed an earlier goal or cycle alone (a reset, a goal that changed "from_change") is late by a second.
    """
    late: Int64 = np.where(folded.is_met == 0, np.maximum(folded.elapsed - folded.goal, 1), 0).astype(
        np.int64
    )
    return late


def _fold(facts: FactTable, policy: ClockPolicy, terms: ContractTerms, now: int) -> Iterator[ClockColumns]:
    """Fold all subjects; one that reaches beyond a calendar has no outcome and takes none from the others."""
    columns = FactColumns(
        facts.subject, facts.at, facts.kind, facts.term, facts.party, facts.ref, facts.entry
    )
    try:
        folded = fold_many(columns, VectorPolicy.from_policy(policy, facts.numbers), terms.calendars, now)
    except HorizonError:
        subjects = np.unique(facts.subject)
        if len(subjects) == 1:
            _log.warning("clock.beyond_calendar", extra={"subject": int(subjects[0]), "clock": policy.kind})
            return
        is_low = facts.subject < subjects[len(subjects) // 2]
        yield from _fold(_keep(facts, is_low), policy, terms, now)
        yield from _fold(_keep(facts, ~is_low), policy, terms, now)
        return
    yield folded


def _within_horizon(terms: ContractTerms, now: int) -> int:
    """`now`, or the last instant that all calendars know: clocks of a contract long expired stand still there."""
    return min([now, *(calendar.last_at for calendar in terms.calendars.values())])


def _keep(facts: FactTable, keep: npt.NDArray[np.bool_]) -> FactTable:
    names = ("subject", "at", "seq", "kind", "term", "party", "ref", "entry")
    return replace(facts, **{name: getattr(facts, name)[keep] for name in names})


def outcome_of(reigns: Sequence[Reign], clock: str) -> ClockOutcome:
    """How a clock went for all that started it under any of the reigns."""
    found = [reign.outcomes[clock] for reign in reigns if clock in reign.outcomes]
    return _joined(found) if found else NO_OUTCOME


def _joined(parts: Sequence[ClockOutcome]) -> ClockOutcome:
    if len(parts) == 1:
        return parts[0]
    return ClockOutcome(
        row=np.concatenate([part.row for part in parts]),
        settled_at=np.concatenate([part.settled_at for part in parts]),
        is_met=np.concatenate([part.is_met for part in parts]),
        profile=np.concatenate([part.profile for part in parts]),
    )
