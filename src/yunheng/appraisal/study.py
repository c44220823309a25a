"""Brings facts, contract versions and clocks of one scope together at one log position, ready for every indicator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import terms_of_version, versions_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.models import LogState, TreeHead, Unsealed
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.vector import FactColumns, VectorPolicy, fold_many
from yunheng.logic.vector.milestones import NEVER, Milestones, read_milestones
from yunheng.logic.vector.samples import ClockOutcome
from yunheng.sla.snapshot import FactTable, load_facts

Int64 = npt.NDArray[np.int64]


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
    outcomes: Mapping[str, ClockOutcome]
    #: by clock: which elements of its outcome rest on a provisional year
    has_provisional: Mapping[str, npt.NDArray[np.bool_]]

    @property
    def evaluated_at(self) -> datetime:
        """`now` as an aware datetime."""
        return datetime.fromtimestamp(self.now, tz=UTC)


_recent: dict[tuple[object, ...], Study] = {}
_RECENT_STUDIES = 4
_FRESH_SECONDS = 20


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
    if key not in _recent:
        while len(_recent) >= _RECENT_STUDIES:
            _recent.pop(next(iter(_recent)))
        _recent[key] = _study(contract, instant, position, size, waiting.count())
    return _recent[key]


def _last_version(contract: Contract) -> int | None:
    return versions_of(contract).order_by("-number").values_list("pk", flat=True).first()


def _head_instant(scope_id: int, position: int, size: int) -> datetime:
    """When the log first had a signed head of at least that size."""
    if position < 1 or position > size:
        raise Invalid({"as_of": f"The log of this contract has the positions 1 to {size}."}, code="position")
    head = (
        TreeHead.objects.filter(scope_id=scope_id, size__gte=position)
        .order_by("size")
        .values_list("signed_at", flat=True)
        .first()
    )
    if head is None:
        raise Invalid({"as_of": "No head was signed at or after this position."}, code="position")
    return head


def _study(contract: Contract, now: int, position: int | None, size: int, unsealed: int) -> Study:
    eras = _eras(contract, None if position is None else datetime.fromtimestamp(now + 1, tz=UTC))
    facts = load_facts(contract.pk, position)
    keep = facts.at <= now
    if not keep.all():
        facts = _keep(facts, keep)
    lives = read_milestones(facts.subject, facts.at, facts.kind, facts.term)
    outcomes: dict[str, list[ClockOutcome]] = {}
    provisional: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for begin, end, terms in eras:
        if terms is None:
            continue
        for key, columns in _fold_era(facts, lives, begin, end, terms, now):
            outcome, is_provisional = columns
            outcomes.setdefault(key, []).append(outcome)
            provisional.setdefault(key, []).append(is_provisional)
    in_force = [(begin, terms) for begin, _end, terms in eras if terms is not None]
    if not in_force:
        raise NotFound(f"Contract {contract.scope.key} has no version in force by then.")
    newest = next((terms for begin, terms in reversed(in_force) if begin <= now), in_force[0][1])
    return Study(
        scope_id=contract.pk,
        position=size if position is None else position,
        is_live=position is None,
        unsealed=unsealed if position is None else 0,
        now=now,
        terms=newest,
        versions=tuple(sorted({terms.number for _begin, _end, terms in eras if terms is not None})),
        facts=facts,
        lives=lives,
        outcomes={key: _joined(parts) for key, parts in outcomes.items()},
        has_provisional={key: np.concatenate(parts) for key, parts in provisional.items()},
    )


def _eras(contract: Contract, known_at: datetime | None) -> list[tuple[int, int, ContractTerms | None]]:
    """Which version is in force when, as [from, to) in epoch seconds: of those that had begun, the latest recorded.

    Only versions recorded before `known_at` count; None: all.
    """
    versions = [it for it in versions_of(contract) if known_at is None or it.recorded_at < known_at]
    edges = sorted({version.valid_from for version in versions} | {version.valid_to for version in versions})
    eras: list[tuple[int, int, ContractTerms | None]] = []
    for begin, end in pairwise(edges):
        begun = [version for version in versions if version.valid_from <= begin]
        latest = max(begun, key=lambda version: version.number)
        terms = terms_of_version(latest.pk) if begin < latest.valid_to else None
        eras.append((int(begin.timestamp()), int(end.timestamp()), terms))
    return eras


def _fold_era(
    facts: FactTable, lives: Milestones, begin: int, end: int, terms: ContractTerms, now: int
) -> Iterator[tuple[str, tuple[ClockOutcome, npt.NDArray[np.bool_]]]]:
    """Outcome of every clock that started in the era, under the version in force then (sla-semantics 16)."""
    for key, policy in terms.clocks.items():
        kinds = np.array([int(kind) for kind in policy.start], dtype=facts.kind.dtype)
        starts = np.flatnonzero(np.isin(facts.kind, kinds))
        started_at = np.full(len(lives), NEVER, dtype=np.int64)
        row = np.searchsorted(lives.subject, facts.subject[starts])
        started_at[row[::-1]] = facts.at[starts][::-1]  # the first one stays
        is_of_era = (started_at >= begin) & (started_at < end)
        if not is_of_era.any():
            continue
        part = facts if is_of_era.all() else _keep(facts, np.isin(facts.subject, lives.subject[is_of_era]))
        folded = fold_many(
            FactColumns(part.subject, part.at, part.kind, part.term, part.party, part.ref, part.entry),
            VectorPolicy.from_policy(policy, facts.numbers),
            terms.calendars,
            _within_horizon(terms, now),
        )
        yield (
            key,
            (
                ClockOutcome(
                    row=np.searchsorted(lives.subject, folded.subject).astype(np.int64),
                    settled_at=folded.settled_at,
                    is_met=folded.is_met,
                ),
                folded.is_provisional,
            ),
        )


def _within_horizon(terms: ContractTerms, now: int) -> int:
    """`now`, or the last instant that all calendars know: clocks of a contract long expired stand still there."""
    return min([now, *(calendar.last_at for calendar in terms.calendars.values())])


def _keep(facts: FactTable, keep: npt.NDArray[np.bool_]) -> FactTable:
    names = ("subject", "at", "seq", "kind", "term", "party", "ref", "entry")
    return replace(facts, **{name: getattr(facts, name)[keep] for name in names})


def _joined(parts: Sequence[ClockOutcome]) -> ClockOutcome:
    return ClockOutcome(
        row=np.concatenate([part.row for part in parts]),
        settled_at=np.concatenate([part.settled_at for part in parts]),
        is_met=np.concatenate([part.is_met for part in parts]),
    )
