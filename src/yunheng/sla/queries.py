"""Facts of a subject, which contract version each of its clocks follows, and what explains a clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ClockDetail, ContractTerms
from yunheng.foundation import statements
from yunheng.logic.clock import ClockPolicy, Explanation, Fact, explain
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.worktime import HorizonError

from .models import LiveClock, Pause

NO_CONTRACT = "no_contract"  #: no version was ever applied that covers, or came before, the instant
CONTRACT_EXPIRED = "contract_expired"
NO_TARGET = "no_target"  #: the contract gives this service and priority no goal
BEYOND_CALENDAR = "beyond_calendar"  #: an instant lies outside what the calendar was materialised for


def facts_of(*, scope_id: int, subject_id: int, as_of: int | None = None) -> list[Fact]:
    """Facts of a subject that are in force, sorted by (at, seq); `as_of`: at that log position (1 query).

    A fact or correction that is not sealed yet, or sealed at or after `as_of`, did not exist then.
    """
    sealed = (
        """
        JOIN log_leaf l ON l.entry_id = f.entry_id AND l.index < %(as_of)s
        LEFT JOIN log_leaf s ON s.entry_id = f.superseded_by AND s.index < %(as_of)s
        WHERE s.entry_id IS NULL"""
        if as_of is not None
        else "WHERE f.superseded_by = 0"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT f.at, f.seq, f.kind, t.text, f.party, f.ref, f.entry_id
            FROM clock_fact f JOIN term t ON t.id = f.term {sealed}
              AND f.scope_id = %(scope)s AND f.subject_id = %(subject)s
            ORDER BY f.at, f.seq""",  # noqa: S608 - two fixed texts, no input
            {"scope": scope_id, "subject": subject_id, "as_of": as_of},
        )
        return [
            Fact(at, seq, FactKind(kind), term, Party(party), ref, entry)
            for at, seq, kind, term, party, ref, entry in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class ContractTimeline:
    """The versions of one scope's contract, so that many instants cost one query."""

    versions: tuple[
        tuple[int, int, datetime, datetime], ...
    ]  # (number, id, valid_from, valid_to), highest number first

    def version_at(self, at: int) -> int | None:
        """Id of the version in force at an instant, by the rule of `contracts.queries.version_at`."""
        instant = datetime.fromtimestamp(at, UTC)
        for _number, version_id, valid_from, valid_to in self.versions:
            if valid_from <= instant:
                return version_id if instant < valid_to else None
        return None

    def last_before(self, at: int) -> int | None:
        """Id of the latest version that had begun by the instant, in force or expired."""
        instant = datetime.fromtimestamp(at, UTC)
        return next((row[1] for row in self.versions if row[2] <= instant), None)


def contract_timeline(scope_id: int) -> ContractTimeline:
    """All versions of the scope's contract (1 query)."""
    rows = statements.fetch_all(
        "SELECT number, id, valid_from, valid_to FROM contract_version WHERE contract_id = %s ORDER BY number DESC",
        [scope_id],
    )
    return ContractTimeline(tuple(rows))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the row of a clock holds: cycles closed, share warned of, whether a breach, and the rest as last folded."""

    cycle: int
    warned_share: int
    is_breach_recorded: bool
    folded: tuple[Any, ...]  # by FOLDED


@dataclass(frozen=True, slots=True)
class Standing:
    """What the clocks of a subject are folded from: its facts, its contract, and what was recorded of them before."""

    facts: list[Fact]
    timeline: ContractTimeline
    recorded: Mapping[str, Recorded]  # by kind


#: Columns of a live clock that a fold decides, with their types; when it was folded, too.
FOLDED: Final[Mapping[str, str]] = {
    "due_at": "timestamptz",
    "next_check_at": "timestamptz",
    "started_at": "timestamptz",
    "stopped_at": "timestamptz",
    "breached_at": "timestamptz",
    "settled_at": "timestamptz",
    "status": "text",
    "reason": "text",
    "profile": "text",
    "elapsed_seconds": "bigint",
    "goal_seconds": "bigint",
    "contract_version_id": "bigint",
    "is_met": "boolean",
    "is_provisional": "boolean",
}
_OTHERS: Final = ", ".join(f"NULL::{kind}" for kind in [*FOLDED.values()][2:])
_STANDING: Final = f"""
    SELECT 0, f.at, f.seq, f.ref, f.entry_id, f.kind, f.party, t.text, NULL::timestamptz, NULL::timestamptz, {_OTHERS}
    FROM clock_fact f JOIN term t ON t.id = f.term
    WHERE f.superseded_by = 0 AND f.scope_id = %(scope)s AND f.subject_id = %(subject)s
    UNION ALL
    SELECT 1, cycle, warned_share, is_breach_recorded::int, 0, 0, 0, kind, {", ".join(FOLDED)}
    FROM live_clock WHERE scope_id = %(scope)s AND subject_id = %(subject)s
    UNION ALL
    SELECT 2, number, id, 0, 0, 0, 0, '', valid_from, valid_to, {_OTHERS}
    FROM contract_version WHERE contract_id = %(scope)s
    ORDER BY 1, 2, 3
"""  # noqa: S608 - names and types of our own columns
_KINDS: Final = {int(kind): kind for kind in FactKind}
_PARTIES: Final = {int(party): party for party in Party}


def standing_of(*, scope_id: int, subject_id: int) -> Standing:
    """All that a fold of a subject's clocks begins with, as `facts_of` and `contract_timeline` tell it (1 query)."""
    facts: list[Fact] = []
    recorded: dict[str, Recorded] = {}
    versions = []
    for row in statements.fetch_all(_STANDING, {"scope": scope_id, "subject": subject_id}):
        table, first, second, third, entry, kind, party, text = row[:8]
        if table == 0:
            facts.append(Fact(first, second, _KINDS[kind], text, _PARTIES[party], third, entry))
        elif table == 1:
            recorded[text] = Recorded(first, second, bool(third), row[8:])
        else:
            versions.append((first, second, row[8], row[9]))
    return Standing(facts, ContractTimeline(tuple(reversed(versions))), recorded)


@dataclass(frozen=True, slots=True)
class PlannedClock:
    """A clock that a subject has, or the reason why it has none. Without reason, `terms` and `policy` are
    given.
    """

    kind: str
    terms: ContractTerms | None
    policy: ClockPolicy | None
    reason: str = ""

    @property
    def detail(self) -> ClockDetail | None:
        """Audience and label of the clock, where the contract is known."""
        return self.terms.clock_details.get(self.kind) if self.terms else None


def plan_clocks(
    scope_id: int, facts: Sequence[Fact], timeline: ContractTimeline | None = None
) -> list[PlannedClock]:
    """The clocks of a subject: each follows the version in force at its own start (sla-semantics 16).

    A clock that has not started follows the version in force when the subject was opened. Where no version
    was in force at the start there is no clock: the reason is "contract_expired" (kinds of the last
    version), or "no_contract" under the kind "" when there never was one. Needs 1 query, unless the timeline is
    given, and what `terms_of_version` needs.
    """
    if not facts:
        return []
    timeline = timeline or contract_timeline(scope_id)
    opened_at = next((fact.at for fact in facts if fact.kind is FactKind.OPENED), facts[0].at)
    first = timeline.version_at(opened_at) or timeline.last_before(opened_at)
    version_ids = {first} | {timeline.version_at(at) for at in {fact.at for fact in facts}}
    known = sorted((version_id for version_id in version_ids if version_id is not None), reverse=True)
    if not known:
        return [PlannedClock("", None, None, NO_CONTRACT)]
    planned: dict[str, PlannedClock] = {}
    for version_id in known:
        terms = terms_of_version(version_id)
        for kind, policy in terms.clocks.items():
            start = next((fact.at for fact in facts if policy.starts_with(fact.kind, fact.term)), None)
            if start is None:
                is_ours = version_id == first
                in_force = timeline.version_at(opened_at) == version_id
            else:
                in_force = timeline.version_at(start) == version_id
                is_ours = in_force or (
                    timeline.version_at(start) is None and timeline.last_before(start) == version_id
                )
            if is_ours and kind not in planned:
                planned[kind] = PlannedClock(kind, terms, policy, "" if in_force else CONTRACT_EXPIRED)
    return list(planned.values())


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """One clock explained to the second, or the reason why there is none."""

    kind: str
    reason: str
    terms: ContractTerms | None
    explanation: Explanation | None

    @property
    def detail(self) -> ClockDetail | None:
        """Audience and label of the clock, where the contract is known."""
        return self.terms.clock_details.get(self.kind) if self.terms else None


def explain_clocks(
    *, scope_id: int, subject_id: int, now: int, as_of: int | None = None, kinds: frozenset[str] | None = None
) -> Mapping[str, ClockExplanation]:
    """The clocks of a subject by kind, folded afresh from its facts at `now` (epoch seconds; sla-semantics
    19).
    """
    facts = facts_of(scope_id=scope_id, subject_id=subject_id, as_of=as_of)
    explained: dict[str, ClockExplanation] = {}
    for planned in plan_clocks(scope_id, facts):
        if kinds is not None and planned.kind not in kinds:
            continue
        explanation, reason = None, planned.reason
        if planned.terms is not None and planned.policy is not None and not reason:
            try:
                explanation = explain(facts, planned.policy, planned.terms.calendars, now)
            except HorizonError:
                reason = BEYOND_CALENDAR
        explained[planned.kind] = ClockExplanation(planned.kind, reason, planned.terms, explanation)
    return explained


def live_clocks(*, scope_id: int, subject_ids: Sequence[int]) -> Mapping[int, list[LiveClock]]:
    """The live clocks of some subjects, for lists (1 query)."""
    found: dict[int, list[LiveClock]] = {subject_id: [] for subject_id in subject_ids}
    for clock in LiveClock.objects.filter(scope_id=scope_id, subject_id__in=subject_ids).order_by("kind"):
        found[clock.subject_id].append(clock)
    return found


def pauses_of(*, scope_id: int, subject_id: int) -> list[Pause]:
    """Waiting periods of a subject in the order in which they began."""
    return list(Pause.objects.filter(scope_id=scope_id, subject_id=subject_id).order_by("began_at", "id"))


def open_wait_of(*, scope_id: int, subject_id: int) -> int:
    """Id of the waiting period in force of a subject, 0 when nothing waits."""
    found = statements.fetch_one(
        "SELECT max(id) FROM pause WHERE scope_id = %s AND subject_id = %s AND ended_at IS NULL",
        [scope_id, subject_id],
    )
    return found[0] or 0 if found else 0


def has_fact(*, scope_id: int, subject_id: int, kind: FactKind) -> bool:
    """Whether a fact of the kind is in force."""
    found = statements.fetch_one(
        "SELECT 1 FROM clock_fact WHERE scope_id = %s AND subject_id = %s AND kind = %s AND superseded_by = 0 LIMIT 1",
        [scope_id, subject_id, int(kind)],
    )
    return found is not None


def standing_and_superseded(*, scope_id: int, subject_id: int) -> Mapping[int, tuple[Fact, int]]:
    """All facts of a subject by `seq`, each with the entry that superseded it (0: it stands)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT f.at, f.seq, f.kind, t.text, f.party, f.ref, f.entry_id, f.superseded_by
            FROM clock_fact f JOIN term t ON t.id = f.term
            WHERE f.scope_id = %s AND f.subject_id = %s""",
            [scope_id, subject_id],
        )
        return {
            row[1]: (Fact(row[0], row[1], FactKind(row[2]), row[3], Party(row[4]), row[5], row[6]), row[7])
            for row in cursor.fetchall()
        }
