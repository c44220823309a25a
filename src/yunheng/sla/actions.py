"""Writes the projections of the journal: facts, live clocks, pauses; and the sweep that notices time
passing.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from yunheng.foundation import statements
from yunheng.foundation.actor import SYSTEM
from yunheng.foundation.facts import (
    FACTS_PER_ENTRY,
    FactDraft,
    decode_facts,
    encode_facts,
    is_own_ref,
    number_facts,
)
from yunheng.foundation.journal import EntryDraft, Rider, record
from yunheng.foundation.models import Entry
from yunheng.logic.canonical import instant
from yunheng.logic.clock import ClockState, ClockStatus, Fact, fold
from yunheng.logic.facts import FactKind
from yunheng.logic.worktime import HorizonError

from .models import ClockFact, LiveClock, Pause
from .queries import (
    BEYOND_CALENDAR,
    FOLDED,
    NO_TARGET,
    PlannedClock,
    Recorded,
    facts_of,
    plan_clocks,
    standing_of,
)
from .terms import term_ids

__all__ = [
    "FactDraft",
    "FoldedClock",
    "SweepReport",
    "encode_facts",
    "fact_riders",
    "rebuild_facts",
    "refold",
    "sweep",
]

_log = logging.getLogger(__name__)

NO_CLOCK: Final = "no_clock"  #: status of a live clock row that only says why there is none
LATE_AFTER: Final = timedelta(
    minutes=2
)  #: a warning recorded later than this after its instant is marked late
RETRY_AFTER: Final = timedelta(minutes=10)

_STANDINGS: Final[Mapping[FactKind, str]] = {
    FactKind.PAUSE_CONFIRMED: Pause.Standing.CONFIRMED.value,
    FactKind.PAUSE_DISPUTED: Pause.Standing.DISPUTED.value,
    FactKind.PAUSE_UPHELD: Pause.Standing.UPHELD.value,
    FactKind.PAUSE_REJECTED: Pause.Standing.REJECTED.value,
}
# --- facts


def fact_riders(
    *,
    scope_id: int,
    subject_id: int,
    facts: Sequence[FactDraft],
    supersedes: Sequence[int] = (),
    expected_until: datetime | None = None,
    note: str = "",
) -> list[Rider]:
    """The projection of an entry's facts, to go along with the entry: the facts, and the waiting periods that they
    begin, end or answer. The same must stand in its shared data.

    `supersedes` are the `seq` of facts of this subject that the entry takes out of force; what waiting periods follow
    from that is for `move_pause`. Raises ValueError for more than eight facts.
    """
    riders = []
    if supersedes:
        riders.append(Rider(_SUPERSEDE, (scope_id, subject_id, list(supersedes))))
    if facts:
        numbered = number_facts(0, facts)
        ids = term_ids(fact.term for fact in numbered)
        rows = [
            {
                "at": fact.at,
                "place": fact.seq,
                "kind": int(fact.kind),
                "term": ids[fact.term],
                "party": int(fact.party),
                "ref": None if is_own_ref(draft) else fact.ref,
            }
            for fact, draft in zip(numbered, facts, strict=True)
        ]
        riders.append(Rider(_WRITE_FACTS, (subject_id, FACTS_PER_ENTRY, json.dumps(rows))))
    if not supersedes:
        riders += (
            _pause_rider(subject_id, fact, expected_until, note) for fact in facts if fact.kind in _OF_PAUSES
        )
    return riders


def _pause_rider(subject_id: int, fact: FactDraft, expected_until: datetime | None, note: str) -> Rider:
    """What keeps the table of waiting periods in step with a fact."""
    at = datetime.fromtimestamp(fact.at, UTC)
    if fact.kind is FactKind.WAIT_BEGAN:
        values = (subject_id, fact.term, int(fact.party), at, expected_until)
        return Rider(_BEGIN_PAUSE, (*values, Pause.Standing.PROPOSED.value, note))
    if fact.kind is FactKind.WAIT_ENDED:
        return Rider(_END_PAUSE, (at, fact.ref, subject_id))
    return Rider(_ANSWER_PAUSE, (_STANDINGS[fact.kind], fact.ref, subject_id))


_OF_PAUSES: Final = frozenset({FactKind.WAIT_BEGAN, FactKind.WAIT_ENDED, *_STANDINGS})
#: Rows come as one document: whatever is null in them, it is the same prepared statement.
_WRITE_FACTS: Final = """
    INSERT INTO clock_fact (scope_id, subject_id, entry_id, at, seq, kind, term, party, ref, superseded_by)
    SELECT written.scope_id, %s::bigint, written.id, u.at, written.id * %s::bigint + u.place, u.kind, u.term, u.party,
        coalesce(u.ref, written.id), 0
    FROM written, json_to_recordset(%s::json)
        AS u (at bigint, place bigint, kind smallint, term int, party smallint, ref bigint)
"""
_SUPERSEDE: Final = """
    UPDATE clock_fact SET superseded_by = written.id FROM written
    WHERE clock_fact.scope_id = %s AND clock_fact.subject_id = %s AND clock_fact.seq = ANY(%s::bigint[])
        AND clock_fact.superseded_by = 0
"""
_BEGIN_PAUSE: Final = """
    INSERT INTO pause (id, scope_id, subject_id, reason, party, began_at, expected_until, standing, note)
    SELECT id, scope_id, %s::bigint, %s::text, %s::smallint, %s::timestamptz, %s::timestamptz, %s::text, %s::text
    FROM written
"""
_END_PAUSE: Final = """
    UPDATE pause SET ended_at = %s FROM written WHERE pause.id = %s AND pause.subject_id = %s
"""
_ANSWER_PAUSE: Final = """
    UPDATE pause SET standing = %s FROM written WHERE pause.id = %s AND pause.subject_id = %s
"""


def _insert_facts(scope_id: int, subject_id: int, facts: Sequence[Fact]) -> None:
    if not facts:
        return
    ids = term_ids(fact.term for fact in facts)
    rows = [
        {
            "entry": fact.entry,
            "at": fact.at,
            "seq": fact.seq,
            "kind": int(fact.kind),
            "term": ids[fact.term],
            "party": int(fact.party),
            "ref": fact.ref,
        }
        for fact in facts
    ]
    statements.run(_INSERT_FACTS, [scope_id, subject_id, json.dumps(rows)])


#: Rows come as one document: whatever is null in them, it is the same prepared statement.
_INSERT_FACTS: Final = """
    INSERT INTO clock_fact (scope_id, subject_id, entry_id, at, seq, kind, term, party, ref, superseded_by)
    SELECT %s::bigint, %s::bigint, u.*, 0 FROM json_to_recordset(%s::json)
        AS u (entry bigint, at bigint, seq bigint, kind smallint, term int, party smallint, ref bigint)
"""


def facts_in_journal(*, scope_id: int, subject_id: int) -> list[tuple[Fact, int]]:
    """Facts of a subject as its entries state them, each with the entry that superseded it (0: none), by seq.

    Raises LookupError for an entry whose shared data was erased: what it said of the clocks is known from
    the table only.
    """
    found: dict[int, tuple[Fact, int]] = {}
    entries = (
        Entry.objects.filter(scope_id=scope_id, subject_id=subject_id).select_related("body").order_by("id")
    )
    for entry in entries:
        data: Mapping[str, Any] | None = entry.body.shared
        if data is None:
            if entry.shared_digest is not None:
                raise LookupError(f"the shared data of entry {entry.pk} was erased")
            continue
        for seq in data.get("supersedes", ()):
            if seq in found and not found[seq][1]:
                found[seq] = (found[seq][0], entry.pk)
        for fact in number_facts(entry.pk, decode_facts(data.get("facts", ()))):
            found[fact.seq] = (fact, 0)
    return [found[seq] for seq in sorted(found)]


def rebuild_facts(*, scope_id: int, subject_id: int) -> int:
    """Write the subject's facts anew from its entries; returns how many there are. Imported history is not
    for this: its facts come from the rows of the source. Raises LookupError as `facts_in_journal` does,
    changing nothing.
    """
    stated = facts_in_journal(scope_id=scope_id, subject_id=subject_id)
    with transaction.atomic():
        ClockFact.objects.filter(scope_id=scope_id, subject_id=subject_id).delete()
        _insert_facts(scope_id, subject_id, [fact for fact, _by in stated])
        for fact, superseded_by in stated:
            if superseded_by:
                ClockFact.objects.filter(scope_id=scope_id, subject_id=subject_id, seq=fact.seq).update(
                    superseded_by=superseded_by
                )
    return len(stated)


# --- pauses


def move_pause(*, pause_id: int, began_at: datetime | None = None, ended_at: datetime | None = None) -> None:
    """Set the instants of a waiting period after a correction of time."""
    changes: dict[str, Any] = {}
    if began_at is not None:
        changes["began_at"] = began_at
    if ended_at is not None:
        changes["ended_at"] = ended_at
    Pause.objects.filter(pk=pause_id).update(**changes)


# --- live clocks


@dataclass(frozen=True, slots=True)
class FoldedClock:
    """A clock of a subject as folded now: the stored row and, where there is a clock, the state behind it."""

    planned: PlannedClock
    row: LiveClock
    state: ClockState | None


def refold(*, scope_id: int, subject_id: int, now: datetime) -> list[FoldedClock]:
    """Fold all clocks of a subject from its facts, and store those that changed (2 statements at most). The caller
    holds the subject's row.

    What was warned of stays; whatever was reached and not recorded yet makes the row due for the next sweep.
    """
    standing = standing_of(scope_id=scope_id, subject_id=subject_id)
    facts, recorded = standing.facts, standing.recorded
    folded = []
    for planned in plan_clocks(scope_id, facts, standing.timeline):
        row = recorded.get(planned.kind)
        known = Remembered(row.cycle, row.warned_share, row.is_breach_recorded) if row else Remembered()
        folded.append(_fold_one(planned, facts, known, scope_id, subject_id, now))
    changed = [clock.row for clock in folded if _has_changed(clock.row, recorded.get(clock.planned.kind))]
    if changed:
        _store_clocks(changed)
    gone = recorded.keys() - {clock.planned.kind for clock in folded}
    if gone:
        LiveClock.objects.filter(subject_id=subject_id, kind__in=gone).delete()
    return folded


def _has_changed(row: LiveClock, stored: Recorded | None) -> bool:
    """Whether a clock as folded differs from its row in anything but the instant of folding: one that has stopped or
    waits stays as it was. What is due for a sweep counts as changed: one may be writing what it read before.
    """
    if stored is None or stored.cycle != row.cycle or stored.warned_share != row.warned_share:
        return True
    if row.next_check_at is not None and row.next_check_at <= row.folded_at:
        return True
    return stored.folded != tuple(map(row.__dict__.__getitem__, FOLDED))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a live clock remembers between folds: cycles closed, highest share recorded in this one, and the
    breach.
    """

    cycle: int = 0
    warned_share: int = 0
    is_breach_recorded: bool = False


_STORED: Final[Mapping[str, str]] = {**FOLDED, "folded_at": "timestamptz"}
_KEYS: Final[Mapping[str, str]] = {
    "scope_id": "bigint",
    "subject_id": "bigint",
    "kind": "text",
    "cycle": "smallint",
    "warned_share": "smallint",
    "is_breach_recorded": "boolean",
}
#: What the sweep recorded between our reading and our writing stays recorded: a share never falls within a cycle.
_COLUMNS: Final[Mapping[str, str]] = {**_KEYS, **_STORED}
_STORE: Final = f"""
    INSERT INTO live_clock ({", ".join(_COLUMNS)})
    SELECT * FROM json_to_recordset(%s::json) AS u ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    ON CONFLICT (subject_id, kind) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _STORED)},
        cycle = excluded.cycle,
        warned_share = CASE WHEN live_clock.cycle = excluded.cycle
                            THEN greatest(live_clock.warned_share, excluded.warned_share)
                            ELSE excluded.warned_share END
"""  # noqa: S608 - names and types of our own columns


def _store_clocks(rows: Sequence[LiveClock]) -> None:
    """Insert or update live clocks with one statement."""
    values = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
    statements.run(_STORE, [json.dumps(values, default=datetime.isoformat)])


def _fold_one(
    planned: PlannedClock,
    facts: Sequence[Fact],
    known: Remembered,
    scope_id: int,
    subject_id: int,
    now: datetime,
) -> FoldedClock:
    row = statements.new_of(
        LiveClock,
        scope_id=scope_id,
        subject_id=subject_id,
        kind=planned.kind,
        status=NO_CLOCK,
        reason=planned.reason,
        profile="",
        elapsed_seconds=0,
        is_provisional=False,
        warned_share=known.warned_share,
        cycle=known.cycle,
        is_breach_recorded=known.is_breach_recorded,
        folded_at=now,
    )
    if planned.reason or planned.terms is None or planned.policy is None:
        return FoldedClock(planned, row, None)
    row.contract_version_id = planned.terms.version_id
    try:
        state = fold(facts, planned.policy, planned.terms.calendars, int(now.timestamp()))
    except HorizonError:
        row.reason = BEYOND_CALENDAR
        return FoldedClock(planned, row, None)
    row.status = state.status.value
    row.reason = NO_TARGET if state.status is ClockStatus.NO_TARGET else ""
    row.profile = state.profile
    row.started_at = _instant(state.started_at)
    row.stopped_at = _instant(state.stopped_at)
    row.due_at = _instant(state.due_at)
    row.breached_at = _instant(state.breached_at)
    row.settled_at = _instant(state.settled_at)
    row.goal_seconds = state.goal_seconds
    row.elapsed_seconds = state.elapsed_seconds
    row.is_met = state.is_met
    row.is_provisional = state.is_provisional
    cycle = sum(1 for item in state.cycles if item.to_at is not None)
    if cycle != row.cycle:
        row.cycle, row.warned_share = cycle, 0
    is_owing = any(True for _ in _unrecorded(state, row))
    row.next_check_at = now if is_owing else _instant(state.next_check_at)
    return FoldedClock(planned, row, state)


def _instant(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _unrecorded(state: ClockState, row: LiveClock) -> Iterable[tuple[int, int]]:
    """(share, instant) reached and not recorded yet, and (0, instant) for a breach that is not."""
    if state.status is ClockStatus.CANCELLED:
        return
    yield from ((share, at) for share, at in state.reached if share > row.warned_share)
    if state.breached_at is not None and not row.is_breach_recorded:
        yield 0, state.breached_at


# --- the sweep


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did: rows claimed, entries written, rows that failed and will be tried again."""

    checked: int = 0
    warned: int = 0
    breached: int = 0
    failed: int = 0


def sweep(now: datetime, *, limit: int = 1000) -> SweepReport:
    """Look at every live clock whose next instant has come, and record what was reached: once each, even
    after downtime; what is recorded more than two minutes after its instant is marked late (sla-semantics
    15, 17).

    Each row is claimed by an UPDATE of `next_check_at` that must change exactly one row, in the transaction
    that writes its entries: two sweeps never both write, and a killed one leaves the row due.
    """
    due = list(
        LiveClock.objects.filter(next_check_at__lte=now)
        .order_by("next_check_at")
        .values_list("pk", "next_check_at")[:limit]
    )
    checked = warned = breached = failed = 0
    for clock_id, next_check_at in due:
        if next_check_at is None:
            continue  # never: the filter asks for instants
        try:
            with transaction.atomic():
                counts = _check(clock_id, next_check_at, now)
        except Exception:  # one clock that cannot be folded must not stop the others
            _log.exception("clock could not be checked", extra={"clock_id": clock_id})
            LiveClock.objects.filter(pk=clock_id, next_check_at=next_check_at).update(
                next_check_at=now + RETRY_AFTER
            )
            failed += 1
            continue
        if counts is not None:
            checked, warned, breached = checked + 1, warned + counts[0], breached + counts[1]
    return SweepReport(checked, warned, breached, failed)


def _check(clock_id: int, next_check_at: datetime, now: datetime) -> tuple[int, int] | None:
    """Claim one row, fold its subject afresh and record what is owing. None when another sweep was first."""
    claimed = LiveClock.objects.filter(pk=clock_id, next_check_at=next_check_at).update(next_check_at=None)
    if claimed != 1:
        return None
    clock = LiveClock.objects.get(pk=clock_id)
    facts = facts_of(scope_id=clock.scope_id, subject_id=clock.subject_id)
    plans = {item.kind: item for item in plan_clocks(clock.scope_id, facts)}
    planned = plans.get(clock.kind)
    if planned is None:
        return 0, 0
    remembered = Remembered(clock.cycle, clock.warned_share, clock.is_breach_recorded)
    folded = _fold_one(planned, facts, remembered, clock.scope_id, clock.subject_id, now)
    row, warned, breached = folded.row, 0, 0
    if folded.state is not None:
        owing = list(_unrecorded(folded.state, row))
        named = _subject_of(row) if owing else ("", "")
        for share, at in owing:
            _record_reached(folded, named, share, at, now)
            if share:
                row.warned_share, warned = share, warned + 1
            else:
                row.is_breach_recorded, breached = True, breached + 1
        row.next_check_at = _instant(folded.state.next_check_at)
    row.pk = clock.pk
    row.save(update_fields=[*_STORED, "cycle", "warned_share", "is_breach_recorded"])
    return warned, breached


def _subject_of(row: LiveClock) -> tuple[str, str]:
    """(key of the scope, number of the subject) as entries name them."""
    key, number = (
        Entry.objects.filter(scope_id=row.scope_id, subject_id=row.subject_id)
        .order_by("id")
        .values_list("scope__key", "subject_number")[0]
    )
    return key, number


def _record_reached(
    folded: FoldedClock, subject: tuple[str, str], share: int, at: int, now: datetime
) -> None:
    row, reached_at = folded.row, datetime.fromtimestamp(at, UTC)
    scope_key, number = subject
    data: dict[str, object] = {
        "clock": row.kind,
        "status": row.status,
        "due_at": instant(row.due_at) if row.due_at else None,
        "is_late": now - reached_at > LATE_AFTER,
    }
    if share:
        data["share"] = share
    if row.cycle:
        data["cycle"] = row.cycle
    detail = folded.planned.detail
    is_shared = detail is not None and detail.audience == "client"
    record(
        EntryDraft(
            scope_id=row.scope_id,
            scope_key=scope_key,
            subject_id=row.subject_id,
            subject_number=number,
            type="clock.warned" if share else "clock.breached",
            occurred_at=reached_at,
            actor=SYSTEM,
            source="server",
            shared=data if is_shared else None,
            internal=None if is_shared else data,
        ),
        recorded_at=now,
    )
