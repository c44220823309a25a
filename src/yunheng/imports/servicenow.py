"""The audit log of ServiceNow incidents (one row per update): which columns, what they mean, what follows.

What is known only afterwards (`resolved_at`, `closed_at`, `closed_code`, `resolved_by`) is written back onto every
row of such a log, so it is never part of what was observed: it goes into the claims, taken from the last row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import compress
from json.encoder import encode_basestring
from operator import itemgetter, ne
from typing import Any, Final

from django.utils.translation import gettext as _

from yunheng.logic.facts import FactKind, Party

from .history import (
    ASSERTED,
    OBSERVED,
    Happening,
    History,
    SourceFact,
    Standing,
    Wait,
    corrections,
    live_through,
)
from .instants import InstantFaultError, InstantReader
from .known import KnownTicket
from .recording import Members, Quoted
from .rejections import Rejection
from .source import Record
from .tally import Tally

FORMAT: Final = "servicenow"
MISSING: Final = "?"
MAX_FIELD: Final = 10_000

REQUIRED: Final = (
    *("number", "incident_state", "sys_updated_at", "opened_at", "priority", "impact", "urgency"),
    *("assignment_group", "resolved_at", "closed_at", "made_sla", "reassignment_count", "reopen_count"),
)
BACKFILLED: Final = ("resolved_at", "closed_at", "closed_code", "resolved_by")
#: Observed and readable by the client; what is in none of these lists is taken for personal.
SHARED: Final = (
    *("incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla"),
    *("sys_created_at", "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci"),
    *("impact", "urgency", "priority", "assignment_group", "knowledge", "u_priority_confirmation"),
    *("notify", "problem_id", "rfc", "vendor", "caused_by"),
)
PERSONAL: Final = ("caller_id", "opened_by", "sys_created_by", "sys_updated_by", "assigned_to")

UNMAPPED: Final = "unmapped"
_quoted = Quoted()
RESOLVED: Final = "Resolved"
CLOSED: Final = "Closed"
#: State of the source → state of a ticket. States that our process does not have stand for the nearest one.
STATES: Final[Mapping[str, str]] = {
    "New": "new",
    "Active": "in_progress",
    "Awaiting User Info": "waiting_client",
    "Awaiting Evidence": "waiting_client",
    "Awaiting Vendor": "waiting_supplier",
    "Awaiting Problem": "in_progress",
    RESOLVED: "resolved",
    CLOSED: "closed",
}
WAITS: Final[Mapping[str, Wait]] = {
    "Awaiting User Info": ("waiting_client", Party.CLIENT),
    "Awaiting Vendor": ("waiting_supplier", Party.SUPPLIER),
    "Awaiting Problem": ("waiting_problem", Party.PROVIDER),
    "Awaiting Evidence": ("waiting_evidence", Party.CLIENT),
}
#: States that show that a person of the provider has taken the incident up. Closing without more is no response,
#: and neither is a state that we cannot read.
WORKED: Final = frozenset({"Active", RESOLVED, *WAITS})
#: Columns whose text becomes a column of the ticket, a team or a term, and how long it may be.
MAX_NUMBER: Final = 100
_LIMITS: Final = {
    "number": MAX_NUMBER,
    "assignment_group": 60,
    "category": 100,
    "cmdb_ci": 100,
    "caused_by": 100,
    "incident_state": 40,
}
#: Columns of the last row that say how a ticket stands.
STANDING: Final = (
    *("incident_state", "impact", "urgency", "priority", "category", "subcategory", "u_symptom"),
    *("cmdb_ci", "caused_by", "assignment_group"),
)
#: Columns whose texts are looked at; a combination that was found to fit is not looked at again.
_CHECKED: Final = ("incident_state", "priority", "reassignment_count", "reopen_count")
_MEASURED: Final = ("assignment_group", "category", "cmdb_ci", "caused_by")
_USUAL: Final = 1_000  #: characters; longer rows are looked at field by field


@dataclass(slots=True)
class Observed:
    """One row that was read: instants in epoch seconds, texts as they stand."""

    row: int
    at: int
    opened_at: int
    resolved_at: int | None
    closed_at: int | None
    key: bytes
    shared: tuple[str, ...]
    personal: tuple[str, ...]
    fields: Sequence[str]


@dataclass(slots=True)
class Reader:
    """Reads rows of one file: checks them, and finds their columns by name."""

    header: tuple[str, ...]
    instants: InstantReader
    priorities: frozenset[str]
    shared_names: tuple[str, ...] = ()  #: sorted, as canonical JSON wants names
    personal_names: tuple[str, ...] = ()
    _at: dict[str, int] = field(default_factory=dict)
    _shared: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _personal: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _checked: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _measured: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _fixed: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _later: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(0, 0)
    _standing: tuple[int | None, ...] = ()
    _fitting: set[tuple[str, ...]] = field(default_factory=set)
    _short: set[tuple[str, ...]] = field(default_factory=set)
    shared_at: Mapping[str, int] = field(default_factory=dict)  #: place in `Observed.shared`
    shared_members: tuple[Members, ...] = ()  #: `"name":"text"` as JSON, in the order of the names
    personal_members: tuple[Members, ...] = ()

    def __post_init__(self) -> None:
        self._at = {name: place for place, name in enumerate(self.header)}
        self.shared_names = tuple(sorted(name for name in SHARED if name in self._at))
        special = {*SHARED, *BACKFILLED, "number", "sys_updated_at", "opened_at"}
        others = [name for name in self.header if name and name not in special]
        self.personal_names = tuple(sorted(others, key=lambda name: name.encode("utf-16-be", "replace")))
        self.shared_at = {name: place for place, name in enumerate(self.shared_names)}
        self.shared_members = tuple(Members(name, MISSING) for name in self.shared_names)
        self.personal_members = tuple(Members(name, MISSING) for name in self.personal_names)
        self._standing = tuple(self._at.get(name) for name in STANDING)
        self._shared = _picker(self._at, self.shared_names)
        self._personal = _picker(self._at, self.personal_names)
        self._checked = _picker(self._at, [name for name in _CHECKED if name in self._at])
        self._measured = _picker(self._at, [name for name in _MEASURED if name in self._at])
        self._later = _picker(self._at, [name for name in BACKFILLED if name in self._at])
        self._fixed = _picker(self._at, ("number", "sys_updated_at", "opened_at", "resolved_at", "closed_at"))

    def column(self, name: str) -> int:
        """Place of a column."""
        return self._at[name]

    def text(self, observed: Observed, name: str) -> str:
        """A field of a row; "" where it is missing."""
        place = self._at.get(name)
        value = MISSING if place is None else observed.fields[place]
        return "" if value == MISSING else value.strip()

    def standing(self, observed: Observed) -> list[str]:
        """The fields of STANDING; "" where one is missing."""
        fields = observed.fields
        return [
            "" if place is None or (text := fields[place]) == MISSING else text.strip()
            for place in self._standing
        ]

    def read(self, record: Record) -> Observed | Rejection:
        """Check one row."""
        row, fields = record.row, record.fields
        if len(fields) != len(self.header):
            return self._misshapen(record)
        shared, personal = self._shared(fields), self._personal(fields)
        number, updated, opened, resolved, closed = self._fixed(fields)
        joined = "\x1f".join((FORMAT, number, updated, opened, *shared, *personal))
        later = "\x1f".join(self._later(fields))
        if (
            self._checked(fields) not in self._fitting
            or self._measured(fields) not in self._short
            or len(joined) + len(later) > _USUAL
            or "\0" in joined
            or "\0" in later
            or not 0 < len(number.strip()) <= MAX_NUMBER
            or number == MISSING
        ) and (fault := self._misfit(row, fields)) is not None:
            return fault
        instants = self.instants
        try:
            return Observed(
                row,
                instants[updated],
                instants[opened],
                None if resolved == MISSING or not resolved else instants[resolved],
                None if closed == MISSING or not closed else instants[closed],
                sha256(joined.encode()).digest()[:16],
                shared,
                personal,
                fields,
            )
        except InstantFaultError:
            return self._faulty_instant(row, fields)

    def _misshapen(self, record: Record) -> Rejection:
        if record.fault:
            return Rejection(record.row, "", "", record.fault)
        reason = _("has {count} fields, the header {wanted}")
        return Rejection(
            record.row,
            "",
            ",".join(record.fields[:3]),
            reason.format(count=len(record.fields), wanted=len(self.header)),
        )

    def _faulty_instant(self, row: int, fields: Sequence[str]) -> Rejection:
        for name in ("sys_updated_at", "opened_at", "resolved_at", "closed_at"):
            value = fields[self._at[name]]
            if name in BACKFILLED and value in (MISSING, ""):
                continue
            try:
                self.instants[value]
            except InstantFaultError as fault:
                return Rejection(row, name, value, str(fault))
        raise AssertionError("an instant was refused and then read")

    def _misfit(self, row: int, fields: Sequence[str]) -> Rejection | None:
        """The first thing that is wrong with the texts of a row, looked at one by one."""
        for name, value in zip(self.header, fields, strict=True):
            limit = _LIMITS.get(name, MAX_FIELD)
            if "\0" in value:
                return Rejection(row, name, value, _("holds the character NUL"))
            if len(value) > limit:
                return Rejection(
                    row, name, value, _("is longer than {limit:,} characters").format(limit=limit)
                )
            if name in ("number", "incident_state") and value.strip() in ("", MISSING):
                return Rejection(row, name, value, _("is missing"))
            if name == "priority" and value.partition(" ")[0] not in self.priorities:
                known = ", ".join(sorted(self.priorities))
                return Rejection(
                    row, name, value, _("the contract has the priorities {known}").format(known=known)
                )
            if name in ("reassignment_count", "reopen_count") and not _is_count(value):
                return Rejection(row, name, value, _("is no count"))
        for kept, texts in ((self._fitting, self._checked(fields)), (self._short, self._measured(fields))):
            if len(kept) > 100_000:
                kept.clear()
            kept.add(texts)
        return None


def _is_count(text: str) -> bool:
    return text == MISSING or (text.isascii() and text.isdecimal() and len(text) < 10)


def _picker(places: Mapping[str, int], names: Sequence[str]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    chosen = [places[name] for name in names]
    if not chosen:
        return lambda fields: ()
    if len(chosen) == 1:
        only = chosen[0]
        return lambda fields: (fields[only],)
    return itemgetter(*chosen)


@dataclass(slots=True)
class Passage:
    """Where an incident stands between two rows. `wait`: the happening that began the wait in force."""

    state: str = ""
    profile: str = ""
    team: str = ""
    classification: str = ""
    is_responded: bool = False
    is_finished: bool = False
    wait: Happening | None = None


def claims(reader: Reader, last: Observed) -> tuple[dict[str, str], dict[str, str]]:
    """What the source claims of an incident on its last row: (shared, personal), in the order of their names."""
    stated = {}
    if last.closed_at is not None:
        stated["closed_at"] = _written(last.closed_at)
    if code := reader.text(last, "closed_code"):
        stated["closed_code"] = code
    if flag := reader.text(last, "made_sla"):
        stated["made_sla"] = flag
    stated["opened_at"] = _written(last.opened_at)
    for name in ("reassignment_count", "reopen_count"):
        if text := reader.text(last, name):
            stated[name] = text
    if last.resolved_at is not None:
        stated["resolved_at"] = _written(last.resolved_at)
    resolver = reader.text(last, "resolved_by")
    return stated, {"resolved_by": resolver} if resolver else {}


def _written(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC).isoformat()[:19]}Z"


@cache
def _label(name: str) -> str:
    return f"{encode_basestring(name)}:"


def _claim_text(stated: Mapping[str, str]) -> str:
    """Canonical JSON of claims, whose names are in order."""
    return f"{{{','.join([_label(name) + _quoted[text] for name, text in stated.items()])}}}"


def claim_facts(last: Observed, stated: Mapping[str, Any]) -> list[SourceFact]:
    """Claims as facts; flags and counters stand at the instant of the last row."""
    at = max(last.at, last.opened_at)
    facts = [SourceFact(FactKind.ASSERTED_OPENED, last.opened_at)]
    if last.resolved_at is not None:
        facts.append(SourceFact(FactKind.ASSERTED_RESOLVED, last.resolved_at))
    if last.closed_at is not None:
        facts.append(SourceFact(FactKind.ASSERTED_CLOSED, last.closed_at))
    for name, kind in (
        ("made_sla", FactKind.SOURCE_MADE_SLA),
        ("reassignment_count", FactKind.SOURCE_REASSIGNED),
        ("reopen_count", FactKind.SOURCE_REOPENED),
    ):
        if name in stated:
            facts.append(SourceFact(kind, at, stated[name]))
    return facts


def observe(
    reader: Reader,
    rows: Sequence[Observed],
    passage: Passage,
    *,
    service: str,
    team_key: Callable[[str], str],
) -> list[Happening]:
    """New rows of one incident in order, each with what changed in it and the facts that follow.

    - OPENED stands at `opened_at`. A row that the source dates before it keeps its own instant as an entry; its
      facts count from `opened_at` on, because no clock stops before it starts.
    - RESPONDED: the first row in a state of WORKED.
    - RESOLVED and CLOSED: each row that enters the state from another one; REOPENED: the first row in a working
      state after those. WAIT_BEGAN and WAIT_ENDED: entering and leaving a state of WAITS.
    """
    happenings = []
    columns, personal_columns = reader.shared_members, reader.personal_members
    place = reader.shared_at
    state_at, priority_at, team_at = place["incident_state"], place["priority"], place["assignment_group"]
    ci_at, cause_at = place.get("cmdb_ci"), place.get("caused_by")
    before: tuple[str, ...] = (MISSING,) * len(columns)
    personal_before: tuple[str, ...] = (MISSING,) * len(personal_columns)
    for observed in rows:
        now, personal_now = observed.shared, observed.personal
        changed = [
            members[text]
            for members, text in compress(zip(columns, now), map(ne, now, before))  # noqa: B905 - slow
        ]
        personal = [
            members[text]
            for members, text in compress(
                zip(personal_columns, personal_now),  # noqa: B905 - slow
                map(ne, personal_now, personal_before),
            )
        ]
        before, personal_before = now, personal_now
        at = max(observed.at, observed.opened_at)
        happening = Happening(
            OBSERVED,
            observed.at,
            observed.row,
            f"{{{','.join(changed)}}}",
            f"{{{','.join(personal)}}}" if personal else "",
        )
        facts = happening.facts
        if not passage.state:
            facts.append(SourceFact(FactKind.OPENED, observed.opened_at))
        profile = now[priority_at]
        if profile != passage.profile:
            passage.profile = profile
            facts.append(SourceFact(FactKind.PROFILED, at, f"{service}|{profile.partition(' ')[0]}"))
        team = now[team_at]
        if team != passage.team:
            passage.team = team
            if team != MISSING and team.strip():
                facts.append(SourceFact(FactKind.ASSIGNED, at, team_key(team)))
        if ci_at is not None and cause_at is not None:
            ci, cause = now[ci_at], now[cause_at]
            if (ci != MISSING or cause != MISSING) and f"{ci}|{cause}" != passage.classification:
                passage.classification = f"{ci}|{cause}"
                facts.append(SourceFact(FactKind.CLASSIFIED, at, f"{_known(ci)}|{_known(cause)}"))
        state = now[state_at]
        if state != passage.state:
            _move(passage, state, at, happening)
        happenings.append(happening)
    return happenings


def _known(text: str) -> str:
    return "" if text == MISSING else text.replace("|", "/")


def _move(passage: Passage, state: str, at: int, happening: Happening) -> None:
    """Facts of entering a state."""
    facts = happening.facts
    waits = WAITS.get(state)
    if passage.wait is not None:
        facts.append(SourceFact(FactKind.WAIT_ENDED, at, opener=passage.wait))
        passage.wait = None
    if state in WORKED and not passage.is_responded:
        passage.is_responded = True
        facts.append(SourceFact(FactKind.RESPONDED, at))
    if state == RESOLVED:
        passage.is_finished = True
        facts.append(SourceFact(FactKind.RESOLVED, at))
    elif state == CLOSED:
        passage.is_finished = True
        facts.append(SourceFact(FactKind.CLOSED, at))
    elif state in STATES and passage.is_finished:
        passage.is_finished = False
        facts.append(SourceFact(FactKind.REOPENED, at))
    if waits is not None:
        reason, party = waits
        facts.append(SourceFact(FactKind.WAIT_BEGAN, at, reason, party))
        passage.wait = happening
    passage.state = state


def tell_resolutions(reader: Reader, tally: Tally, rows: Sequence[Observed]) -> None:
    """Add what the rows of one incident say of its resolution, its teams and its flag, without any clock."""
    names = reader.shared_names
    state_at, team_at = names.index("incident_state"), names.index("assignment_group")
    entered = [
        row.at
        for before, row in zip([None, *rows], rows, strict=False)
        if row.shared[state_at] == RESOLVED and (before is None or before.shared[state_at] != RESOLVED)
    ]
    tally.moved_teams += len({row.shared[team_at] for row in rows} - {MISSING}) > 1
    if entered:
        tally.with_resolved_rows += 1
        if rows[-1].resolved_at is not None:
            tally.common += 1
            tally.first_seconds += entered[0] - rows[0].opened_at
            tally.last_seconds += entered[-1] - rows[0].opened_at


def standing_of(reader: Reader, last: Observed, service: str) -> Standing:
    """The ticket's columns after its last row; instants of its life are added from the facts."""
    state, impact, urgency, priority, category, subcategory, symptom, ci, cause, team = reader.standing(last)
    title = " / ".join(filter(None, (category, subcategory, symptom))) or reader.text(last, "number")
    return Standing(
        state=STATES.get(state, UNMAPPED),
        title=title if len(title) <= 300 else f"{title[:299]}…",
        service=service,
        impact=_word(impact),
        urgency=_word(urgency),
        priority=priority.partition(" ")[0],
        category=category,
        ci=ci,
        cause=cause,
        team=team,
    )


def _word(level: str) -> str:
    """ "2 - Medium" → "medium"."""
    return level.rpartition(" - ")[2].strip().lower()[:16]


def history_of(
    reader: Reader,
    number: str,
    rows: Sequence[Observed],
    new: Sequence[Observed],
    passage: Passage,
    *,
    service: str,
    team_key: Callable[[str], str],
    claimed: Mapping[str, Any] | None,
) -> History:
    """History of one incident: `rows` are all that is known of it in order, `new` those not taken before.

    `claimed`: what an earlier run recorded as the source's claims, None if nothing.
    """
    happenings = observe(reader, new, passage, service=service, team_key=team_key)
    last = rows[-1]
    stated, personal = claims(reader, last)
    if stated != claimed:
        happenings.append(
            Happening(
                ASSERTED,
                last.at,
                last.row,
                _claim_text(stated),
                _claim_text(personal) if personal else "",
                claim_facts(last, stated),
            )
        )
    standing = standing_of(reader, last, service)
    live_through(standing, happenings)
    return History(number, rows[0].opened_at, happenings, standing)


def continued(
    reader: Reader,
    rows: Sequence[Observed],
    new: Sequence[Observed],
    known: KnownTicket,
    *,
    service: str,
    team_key: Callable[[str], str],
) -> History | None:
    """History of an incident that is known: `rows` are those of the file, `new` those not taken before.

    The whole life is read again, recorded rows and new ones in order of time, so that each new row sees what came
    before it; where one comes late, what it changes in the meaning of later ones is recorded, too. Claims count
    only from a file that goes as far as what is known. None when nothing is new.
    """
    happenings: list[Happening] = []
    standing: Standing | None = None
    stated, personal = claims(reader, rows[-1])
    last_known = max((row.at for row in known.rows), default=rows[-1].at)
    if new:
        recorded = _rebuilt(reader, rows[0], known)
        life = sorted(
            [*recorded, *((row, 0) for row in new)], key=lambda pair: (pair[0].at, not pair[1], pair[0].row)
        )
        told = observe(reader, [row for row, _entry in life], Passage(), service=service, team_key=team_key)
        for happening, (_row, entry_id) in zip(told, life, strict=True):
            happening.entry_id = entry_id
        paired = [(happening, entry_id) for happening, (_row, entry_id) in zip(told, life, strict=True)]
        happenings = [happening for happening, entry_id in paired if not entry_id]
        first = next(place for place, (_row, entry_id) in enumerate(life) if not entry_id)
        if any(entry_id for _row, entry_id in life[first:]):
            happenings += corrections(paired, known.facts, at=new[-1].at, row=new[-1].row)
        standing = standing_of(reader, life[-1][0], service)
        live_through(standing, told)
    if stated != known.claimed and rows[-1].at >= last_known:
        happenings.append(
            Happening(
                ASSERTED,
                rows[-1].at,
                rows[-1].row,
                _claim_text(stated),
                _claim_text(personal) if personal else "",
                claim_facts(rows[-1], stated),
                supersedes=known.claim_facts,
            )
        )
    if not happenings:
        return None
    return History(
        known.source_number,
        int(known.opened_at.timestamp()),
        happenings,
        standing,
        subject_id=known.subject_id,
        number=known.number,
        is_known=True,
    )


def _rebuilt(reader: Reader, pattern: Observed, known: KnownTicket) -> list[tuple[Observed, int]]:
    """Recorded rows as they were read, each with its entry; what was erased since is missing in them."""
    opened_at = int(known.opened_at.timestamp())
    shared: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    places = {name: place for place, name in enumerate(reader.header)}
    rebuilt = []
    for order, row in enumerate(known.rows):
        shared |= row.shared
        personal |= row.personal
        fields = [MISSING] * len(reader.header)
        for name, value in (*shared.items(), *personal.items(), ("number", known.source_number)):
            if name in places and value is not None:
                fields[places[name]] = value
        observed = Observed(
            order,
            row.at,
            opened_at,
            pattern.resolved_at,
            pattern.closed_at,
            b"",
            tuple(shared.get(name) or MISSING for name in reader.shared_names),
            tuple(personal.get(name) or MISSING for name in reader.personal_names),
            fields,
        )
        rebuilt.append((observed, row.entry_id))
    return rebuilt
