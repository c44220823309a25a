"""Folds the clocks of many subjects at once and stores them: what an import does at its end, as if each had been
refolded by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms
from yunheng.logic.clock import ClockPolicy, ClockStatus, Fact, fold
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.vector import ClockColumns, FactColumns, StatusCode, VectorPolicy, fold_many
from yunheng.logic.worktime import HorizonError

from .actions import NO_CLOCK
from .queries import (
    BEYOND_CALENDAR,
    CONTRACT_EXPIRED,
    NO_CONTRACT,
    NO_TARGET,
    ContractTimeline,
    contract_timeline,
)
from .snapshot import FactTable, load_facts

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_COPY: Final = """
    COPY live_clock (scope_id, subject_id, kind, contract_version_id, reason, status, profile, started_at,
                     stopped_at, due_at, breached_at, settled_at, goal_seconds, elapsed_seconds, is_met,
                     is_provisional, cycle, warned_share, is_breach_recorded, next_check_at, folded_at)
    FROM STDIN
"""
_NULL: Final = "\\N"
_DONE: Final = (StatusCode.STOPPED, StatusCode.CANCELLED, StatusCode.NOT_STARTED, StatusCode.NO_TARGET)


@dataclass(frozen=True, slots=True)
class RefoldReport:
    """How many clocks were stored, and how many of them were folded one by one because they still run."""

    clocks: int
    running: int


@transaction.atomic
def refold_scope(scope_id: int, *, now: datetime, subject_ids: Int64 | None = None) -> RefoldReport:
    """Fold all clocks of the subjects (None: every subject of the scope) at `now` and store them in live_clock.

    This is for history that enters: whatever was reached before `now` counts as told already, so that the sweep
    sends no warnings about the past; clocks that still run warn from now on. Each clock follows the contract
    version in force at its own start, by the rules of `queries.plan_clocks`.
    """
    facts = load_facts(scope_id)
    if subject_ids is not None:
        facts = _only(facts, np.isin(facts.subject, subject_ids))
    instant = int(now.timestamp())
    rows: list[str] = []
    running = 0
    if len(facts):
        subjects = _Subjects.of(facts)
        for line, is_running in _fold_all(scope_id, facts, subjects, instant):
            rows.append(line)
            running += is_running
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM live_clock WHERE scope_id = %s AND subject_id = ANY(%s)",
                [scope_id, [int(subject) for subject in subjects.ids]],
            )
            with cursor.copy(_COPY) as copy:
                copy.write("\n".join(rows).encode() + b"\n")
    return RefoldReport(len(rows), running)


@dataclass(frozen=True, slots=True)
class _Subjects:
    """One element per subject; `first` and `end` bound its rows in the facts."""

    ids: Int64
    first: Int64
    end: Int64
    opened_at: Int64

    @classmethod
    def of(cls, facts: FactTable) -> "_Subjects":
        ids, first = np.unique(facts.subject, return_index=True)
        end = np.append(first[1:], len(facts))
        opened_at = facts.at[first].copy()
        opened = np.flatnonzero(facts.kind == FactKind.OPENED)[::-1]
        opened_at[np.searchsorted(ids, facts.subject[opened])] = facts.at[opened]
        return cls(ids, first, end, opened_at)


def _fold_all(scope_id: int, facts: FactTable, subjects: _Subjects, now: int) -> Iterator[tuple[str, bool]]:
    """Rows of live_clock as COPY text, each with whether the clock still runs."""
    timeline = contract_timeline(scope_id)
    opened_in = _in_force(timeline, subjects.opened_at)
    opened_under = np.where(opened_in > 0, opened_in, _last_before(timeline, subjects.opened_at))
    fact_versions = _in_force(timeline, facts.at)
    for subject in subjects.ids[(opened_under == 0) & ~_has_version(facts, subjects, fact_versions)]:
        yield _line(scope_id, int(subject), "", None, NO_CONTRACT, now), False
    planned: dict[str, Bool] = {}
    for version_id in sorted({row[1] for row in timeline.versions}, reverse=True):
        terms = terms_of_version(version_id)
        is_known = (opened_under == version_id) | _has_version(facts, subjects, fact_versions, version_id)
        for kind, policy in terms.clocks.items():
            started_at, is_started = _starts(facts, subjects, policy)
            start_in = np.where(is_started, _in_force(timeline, started_at), opened_in)
            is_in_force = start_in == version_id
            is_expired = (
                is_started & (start_in == 0) & (_last_before(timeline, started_at) == version_id)
            ) | (~is_started & (opened_under == version_id) & ~is_in_force)
            before = planned.setdefault(kind, np.zeros(len(subjects.ids), np.bool_))
            is_ours = is_known & ~before & (is_in_force | is_expired)
            is_ours &= is_started | (opened_under == version_id)
            planned[kind] = before | is_ours
            for subject in subjects.ids[is_ours & ~is_in_force]:
                yield _line(scope_id, int(subject), kind, None, CONTRACT_EXPIRED, now), False
            chosen = np.flatnonzero(is_ours & is_in_force)
            if len(chosen):
                yield from _fold_kind(scope_id, facts, subjects, chosen, terms, policy, now)


def _fold_kind(
    scope_id: int,
    facts: FactTable,
    subjects: _Subjects,
    chosen: Int64,
    terms: ContractTerms,
    policy: ClockPolicy,
    now: int,
) -> Iterator[tuple[str, bool]]:
    part = (
        facts
        if len(chosen) == len(subjects.ids)
        else _only(facts, np.isin(facts.subject, subjects.ids[chosen]))
    )
    horizon = min([now, *(calendar.last_at for calendar in terms.calendars.values())])
    columns = FactColumns(part.subject, part.at, part.kind, part.term, part.party, part.ref, part.entry)
    try:
        folded: ClockColumns | None = fold_many(
            columns, VectorPolicy.from_policy(policy, facts.numbers), terms.calendars, horizon
        )
    except HorizonError:  # something lies before the calendar: one by one, so that only that one has no clock
        folded = None
    if folded is not None:
        # A clock with cycles is folded by itself: its row also says how many there were.
        is_done = np.isin(folded.status, [int(code) for code in _DONE]) & (not policy.reset)
        yield from _lines(scope_id, folded, np.flatnonzero(is_done), terms, policy.kind, part.terms, now)
        chosen = chosen[~is_done]
    for place in chosen:
        subject = int(subjects.ids[place])
        rows = slice(int(subjects.first[place]), int(subjects.end[place]))
        yield _fold_one(scope_id, subject, _facts(facts, rows), terms, policy, now)


def _lines(
    scope_id: int,
    folded: ClockColumns,
    places: Int64,
    terms: ContractTerms,
    kind: str,
    texts: Mapping[int, str],
    now: int,
) -> Iterator[tuple[str, bool]]:
    reached = _share_of(folded)
    table = zip(
        folded.subject[places].tolist(),
        folded.status[places].tolist(),
        folded.profile[places].tolist(),
        folded.started_at[places].tolist(),
        folded.stopped_at[places].tolist(),
        folded.due_at[places].tolist(),
        folded.breached_at[places].tolist(),
        folded.settled_at[places].tolist(),
        folded.goal[places].tolist(),
        folded.elapsed[places].tolist(),
        folded.is_met[places].tolist(),
        folded.is_provisional[places].tolist(),
        reached[places].tolist(),
        strict=True,
    )
    for (
        subject,
        status,
        profile,
        started,
        stopped,
        due,
        breached,
        settled,
        goal,
        elapsed,
        is_met,
        is_provisional,
        share,
    ) in table:
        yield (
            _line(
                scope_id,
                subject,
                kind,
                terms.version_id,
                NO_TARGET if status == StatusCode.NO_TARGET else "",
                now,
                status=StatusCode(status).status.value,
                profile=texts.get(profile, "") if profile >= 0 else "",
                instants=(started, stopped, due, breached, settled),
                goal=goal,
                elapsed=elapsed,
                is_met=is_met,
                is_provisional=is_provisional,
                warned_share=_told(share, policy_shares=terms.clocks[kind].warn_shares),
                is_breach_recorded=breached >= 0,
            ),
            False,
        )


def _share_of(folded: ClockColumns) -> Int64:
    """Per cent of the goal that has elapsed, rounded down; 0 without goal."""
    goal = np.maximum(folded.goal, 1)
    share: Int64 = np.where(folded.goal > 0, np.minimum(folded.elapsed * 100 // goal, 30_000), 0)
    return np.where(folded.goal == 0, 30_000, share)


def _told(share: int, *, policy_shares: tuple[int, ...]) -> int:
    """The highest warning share that was reached."""
    return max((one for one in policy_shares if one <= share), default=0)


def _fold_one(
    scope_id: int, subject: int, facts: list[Fact], terms: ContractTerms, policy: ClockPolicy, now: int
) -> tuple[str, bool]:
    try:
        state = fold(facts, policy, terms.calendars, now)
    except HorizonError:
        return _line(scope_id, subject, policy.kind, terms.version_id, BEYOND_CALENDAR, now), False
    instants = (state.started_at, state.stopped_at, state.due_at, state.breached_at, state.settled_at)
    return (
        _line(
            scope_id,
            subject,
            policy.kind,
            terms.version_id,
            NO_TARGET if state.status is ClockStatus.NO_TARGET else "",
            now,
            status=state.status.value,
            profile=state.profile,
            instants=tuple(-1 if at is None else at for at in instants),
            goal=-1 if state.goal_seconds is None else state.goal_seconds,
            elapsed=state.elapsed_seconds,
            is_met=-1 if state.is_met is None else int(state.is_met),
            is_provisional=state.is_provisional,
            cycle=sum(1 for item in state.cycles if item.to_at is not None),
            warned_share=max((share for share, _at in state.reached), default=0),
            is_breach_recorded=state.breached_at is not None,
            next_check_at=-1 if state.next_check_at is None else state.next_check_at,
        ),
        state.status in (ClockStatus.RUNNING, ClockStatus.PAUSED),
    )


def _line(
    scope_id: int,
    subject: int,
    kind: str,
    version_id: int | None,
    reason: str,
    now: int,
    *,
    status: str = NO_CLOCK,
    profile: str = "",
    instants: tuple[int, ...] = (-1,) * 5,
    goal: int = -1,
    elapsed: int = 0,
    is_met: int = -1,
    is_provisional: bool = False,
    cycle: int = 0,
    warned_share: int = 0,
    is_breach_recorded: bool = False,
    next_check_at: int = -1,
) -> str:
    return "\t".join(
        (
            *(str(scope_id), str(subject), kind, _NULL if version_id is None else str(version_id)),
            *(reason, status, profile.replace("\\", "\\\\").replace("\t", "\\t")),
            *(_stamp(at) for at in instants),
            *(_NULL if goal < 0 else str(goal), str(elapsed), _NULL if is_met < 0 else "ft"[is_met]),
            *("ft"[is_provisional], str(cycle), str(warned_share), "ft"[is_breach_recorded]),
            *(_stamp(next_check_at), _stamp(now)),
        )
    )


@lru_cache(maxsize=1 << 16)
def _stamp(at: int) -> str:
    """Clocks of one subject share their instants, and all of them `now`."""
    return _NULL if at < 0 else datetime.fromtimestamp(at, UTC).isoformat()


# --- which version when


def _in_force(timeline: ContractTimeline, at: Int64) -> Int64:
    """Id of the version in force at each instant, 0 for none."""
    found = np.zeros(len(at), np.int64)
    is_decided = np.zeros(len(at), np.bool_)
    for _number, version_id, valid_from, valid_to in timeline.versions:  # the highest number first
        has_begun = ~is_decided & (at >= int(valid_from.timestamp()))
        found[has_begun & (at < int(valid_to.timestamp()))] = version_id
        is_decided |= has_begun
    return found


def _last_before(timeline: ContractTimeline, at: Int64) -> Int64:
    """Id of the latest version that had begun by each instant, in force or expired; 0 for none."""
    found = np.zeros(len(at), np.int64)
    for _number, version_id, valid_from, _valid_to in reversed(timeline.versions):
        found[at >= int(valid_from.timestamp())] = version_id
    return found


def _has_version(
    facts: FactTable, subjects: _Subjects, fact_versions: Int64, version_id: int | None = None
) -> Bool:
    """Whether any fact of each subject falls under the version (None: under any)."""
    wanted = fact_versions > 0 if version_id is None else fact_versions == version_id
    found: Bool = np.logical_or.reduceat(wanted, subjects.first)
    return found


def _starts(facts: FactTable, subjects: _Subjects, policy: ClockPolicy) -> tuple[Int64, Bool]:
    """First start fact of each subject, and whether it has one."""
    rows = VectorPolicy.from_policy(policy, facts.numbers).starts(facts.kind, facts.term)[::-1]
    started_at = np.zeros(len(subjects.ids), np.int64)
    is_started = np.zeros(len(subjects.ids), np.bool_)
    place = np.searchsorted(subjects.ids, facts.subject[rows])
    started_at[place] = facts.at[rows]  # rows descend, so the first one stays
    is_started[place] = True
    return started_at, is_started


def _only(facts: FactTable, keep: Bool) -> FactTable:
    names = ("subject", "at", "seq", "kind", "term", "party", "ref", "entry")
    return FactTable(**{name: getattr(facts, name)[keep] for name in names}, terms=facts.terms)


def _facts(facts: FactTable, rows: slice) -> list[Fact]:
    return [
        Fact(at, seq, FactKind(kind), facts.terms[term], Party(party), ref, entry)
        for at, seq, kind, term, party, ref, entry in zip(
            facts.at[rows].tolist(),
            facts.seq[rows].tolist(),
            facts.kind[rows].tolist(),
            facts.term[rows].tolist(),
            facts.party[rows].tolist(),
            facts.ref[rows].tolist(),
            facts.entry[rows].tolist(),
            strict=True,
        )
    ]
