"""Tables of tickets (a row each) and of events (a row each) as histories, read by a mapping."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Final

from django.utils.translation import gettext as _

from yunheng.contracts.terms import ContractTerms
from yunheng.desk.actions import CHANNELS, KIND_CODES
from yunheng.logic.facts import FactKind

from .history import OBSERVED, Happening, History, SourceFact, Standing, StoredFact, live_through
from .instants import InstantFaultError, InstantReader
from .known import KnownTicket
from .mapping import EVENTS, INSTANTS, NAMES, TEXTS, FieldMapping
from .recording import Quoted
from .rejections import Rejection
from .source import Record

MAX_FIELD: Final = 10_000
_LIMITS: Final = {
    "number": 100,
    "title": 300,
    "category": 100,
    "ci": 100,
    "cause": 100,
    "team": 60,
    "line": 60,
    "impact": 16,
    "urgency": 16,
    "state": 40,
    "channel": 20,
    "major": 10,
    "kind": 20,
}
_INSTANT_KINDS: Final = {
    "responded_at": FactKind.RESPONDED,
    "restored_at": FactKind.RESTORED,
    "resolved_at": FactKind.RESOLVED,
    "closed_at": FactKind.CLOSED,
    "cancelled_at": FactKind.CANCELLED,
}
_EVENT_KINDS: Final = {
    "opened": FactKind.OPENED,
    "responded": FactKind.RESPONDED,
    "updated": FactKind.UPDATED,
    "restored": FactKind.RESTORED,
    "resolved": FactKind.RESOLVED,
    "reopened": FactKind.REOPENED,
    "confirmed": FactKind.CONFIRMED,
    "closed": FactKind.CLOSED,
    "cancelled": FactKind.CANCELLED,
    "dispatched": FactKind.DISPATCHED,
    "arrived": FactKind.ARRIVED,
}
_ANSWERS: Final = {
    "pause_confirmed": FactKind.PAUSE_CONFIRMED,
    "pause_disputed": FactKind.PAUSE_DISPUTED,
    "pause_upheld": FactKind.PAUSE_UPHELD,
    "pause_rejected": FactKind.PAUSE_REJECTED,
}
_YES: Final = frozenset({"yes", "true", "1", "y", "是", "重大"})
_NO: Final = frozenset({"no", "false", "0", "n", "否", ""})
_STATES: Final = {
    FactKind.OPENED: "new",
    FactKind.RESPONDED: "in_progress",
    FactKind.RESTORED: "restored",
    FactKind.RESOLVED: "resolved",
    FactKind.CONFIRMED: "confirmed",
    FactKind.REOPENED: "in_progress",
    FactKind.CLOSED: "closed",
    FactKind.CANCELLED: "cancelled",
}
_WAITING_STATES: Final = frozenset({"waiting_client", "waiting_supplier", "waiting_parts"})
_quoted = Quoted()


@dataclass(slots=True)
class TableRow:
    """One row that was read. `instants` and `texts` by field; `event` is "" in a table of tickets."""

    row: int
    at: int
    key: bytes
    instants: dict[str, int]
    texts: dict[str, str]
    shared: str
    personal: str
    event: str = ""
    state: str = ""  #: the event, or the state, for the tally
    priority: str = ""


@dataclass(slots=True)
class TableReader:
    """Checks rows against a mapping and a contract."""

    header: tuple[str, ...]
    mapping: FieldMapping
    terms: ContractTerms
    instants: InstantReader
    format: str = ""
    _at: dict[str, int] = field(default_factory=dict)
    _shared: list[tuple[str, int]] = field(default_factory=list)
    _personal: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        places = {name: place for place, name in enumerate(self.header)}
        mapping = self.mapping
        self.format = f"table:{mapping.system}:{mapping.kind}"
        self._at = {name: places[column] for name, column in mapping.columns.items()}
        of_names = {mapping.columns[name] for name in NAMES if name in mapping.columns}
        readable = {column for column in mapping.columns.values() if column not in of_names}
        readable |= set(mapping.shared)
        ordered = sorted((name for name in self.header if name), key=lambda name: name.encode("utf-16-be"))
        self._shared = [(f"{encode_basestring(name)}:", places[name]) for name in ordered if name in readable]
        self._personal = [
            (f"{encode_basestring(name)}:", places[name]) for name in ordered if name not in readable
        ]

    @property
    def number_column(self) -> int:
        """Place of the column that tells tickets apart."""
        return self._at["number"]

    def read(self, record: Record) -> TableRow | Rejection:
        """Check one row; the first fault rejects it."""
        if record.fault:
            return Rejection(record.row, "", "", record.fault)
        fields = record.fields
        if len(fields) != len(self.header):
            reason = _("has {count} fields, the header {wanted}")
            return Rejection(
                record.row,
                "",
                ",".join(fields[:3]),
                reason.format(count=len(fields), wanted=len(self.header)),
            )
        for name, value in zip(self.header, fields, strict=True):
            if "\0" in value:
                return Rejection(record.row, name, value, _("holds the character NUL"))
            if len(value) > MAX_FIELD:
                return Rejection(
                    record.row, name, value, _("is longer than {limit:,} characters").format(limit=MAX_FIELD)
                )
        return self._read(record.row, fields)

    def _read(self, row: int, fields: Sequence[str]) -> TableRow | Rejection:
        columns = self.mapping.columns
        texts: dict[str, str] = {}
        for name in ("number", *TEXTS):
            text = self._text(name, fields)
            if len(text) > _LIMITS.get(name, MAX_FIELD):
                reason = _("is longer than {limit:,} characters").format(limit=_LIMITS[name])
                return Rejection(row, columns.get(name, name), text, reason)
            texts[name] = text
        for name, known in (
            ("priority", self.terms.priorities),
            ("service", self.terms.services),
        ):
            if texts[name] not in known:
                return Rejection(
                    row,
                    columns.get(name, name),
                    texts[name],
                    _("is none of the contract's: {known}").format(known=", ".join(known)),
                )
        fault = _fault_of_words(texts)
        if fault is not None:
            name, reason = fault
            return Rejection(row, columns.get(name, name), texts[name], reason)
        if not texts["number"]:
            return Rejection(row, columns["number"], "", _("is missing"))
        instants: dict[str, int] = {}
        for name in (*INSTANTS, "at"):
            text = fields[self._at[name]].strip() if name in self._at else ""
            if text:
                try:
                    instants[name] = self.instants[text]
                except InstantFaultError as fault:
                    return Rejection(row, columns[name], text, str(fault))
            elif name in self._at and name in ("opened_at", "at"):
                return Rejection(row, columns[name], text, _("is missing"))
        return self._made(row, fields, texts, instants)

    def _made(
        self, row: int, fields: Sequence[str], texts: dict[str, str], instants: dict[str, int]
    ) -> TableRow | Rejection:
        joined = "\x1f".join((self.format, *(column for column in self.header), *fields))
        made = TableRow(
            row,
            instants.get("at", max(instants.values())),
            sha256(joined.encode()).digest()[:16],
            instants,
            texts,
            _object(self._shared, fields),
            _object(self._personal, fields),
            priority=texts["priority"],
            state=texts["state"],
        )
        if self.mapping.kind == "tickets":
            opened = instants["opened_at"]
            for name, at in instants.items():
                if at < opened:
                    column = self.mapping.columns[name]
                    return Rejection(row, column, fields[self._at[name]], _("lies before the opening"))
            return made
        event = self._text("event", fields)
        name, _colon, reason = event.partition(":")
        if name not in EVENTS:
            return Rejection(
                row,
                self.mapping.columns["event"],
                event,
                _("is no event ({known}); values.event of the mapping can translate it").format(
                    known=", ".join(EVENTS)
                ),
            )
        fault = self._fault_of_event(name, reason)
        if fault:
            return Rejection(row, self.mapping.columns["event"], event, fault)
        if name == "waiting" and reason not in self.terms.pause_reasons:
            return Rejection(
                row,
                self.mapping.columns["event"],
                event,
                _("names no reason of the contract: {known}").format(
                    known=", ".join(self.terms.pause_reasons)
                ),
            )
        made.event = made.state = event
        return made

    def _fault_of_event(self, name: str, detail: str) -> str:
        """What is wrong with what stands behind the colon of an event, "" for nothing."""
        if not detail or name == "waiting":
            return ""
        if name == "dispatched":
            if detail in self.terms.suppliers:
                return ""
            known = ", ".join(self.terms.suppliers)
            return _("names no supplier of the contract: {known}").format(known=known)
        if name == "closed" and detail == "silence":
            return ""
        return _("has nothing behind “:” with this event")

    def _text(self, name: str, fields: Sequence[str]) -> str:
        """A field as our word: translated by the mapping, else its default."""
        text = fields[self._at[name]].strip() if name in self._at else ""
        text = self.mapping.values.get(name, {}).get(text, text)
        if not text:
            text = self.mapping.defaults.get(name, "")
        if not text and name == "service" and len(self.terms.services) == 1:
            text = next(iter(self.terms.services))
        return text


def _fault_of_words(texts: Mapping[str, str]) -> tuple[str, str] | None:
    """The field of fixed words that holds another one, and the reason."""
    if texts["channel"] and texts["channel"] not in CHANNELS:
        return "channel", _("is none of: {known}").format(known=", ".join(CHANNELS))
    if texts["kind"] and texts["kind"] not in KIND_CODES:
        return "kind", _("is none of: {known}").format(known=", ".join(KIND_CODES))
    if texts["major"].lower() not in _YES | _NO:
        return "major", _("is neither yes nor no")
    return None


def _object(columns: Sequence[tuple[str, int]], fields: Sequence[str]) -> str:
    members = [label + _quoted[fields[place]] for label, place in columns if fields[place]]
    return f"{{{','.join(members)}}}" if members else "{}"


TeamKey = Callable[[str], str]


def ticket_history(
    reader: TableReader, row: TableRow, known: KnownTicket | None, team_key: TeamKey
) -> History:
    """History of a ticket from its one row. A known ticket's facts are replaced where the new row says otherwise."""
    texts, instants = row.texts, row.instants
    opened = instants["opened_at"]
    facts = [
        SourceFact(FactKind.OPENED, opened),
        SourceFact(FactKind.PROFILED, opened, f"{texts['service']}|{texts['priority']}"),
    ]
    if texts["team"]:
        facts.append(SourceFact(FactKind.ASSIGNED, opened, team_key(texts["team"])))
    if texts["ci"] or texts["cause"]:
        facts.append(SourceFact(FactKind.CLASSIFIED, opened, _classification(texts)))
    last = max(
        (instants[name] for name in ("resolved_at", "closed_at", "cancelled_at") if name in instants),
        default=-1,
    )
    for name, kind in _INSTANT_KINDS.items():
        if name in instants:
            term = texts["line"] if kind is FactKind.RESOLVED else ""
            facts.append(SourceFact(kind, instants[name], term))
    if len(facts) > 8:  # every field at once: who was closed was not withdrawn as well
        facts = [fact for fact in facts if fact.kind is not FactKind.CANCELLED]
    standing = _standing(reader, texts, _last_state(facts, last))
    happening = Happening(OBSERVED, row.at, row.row, row.shared, _or_nothing(row.personal), facts)
    live_through(standing, [happening])
    if known is not None:
        happening.facts, happening.supersedes = _difference(facts, known.facts)
    return _history(texts["number"], opened, [happening], standing, known)


def _difference(
    facts: Sequence[SourceFact], stored: Sequence[StoredFact]
) -> tuple[list[SourceFact], list[int]]:
    """Facts that are not stored yet, and `seq` of stored ones that no longer hold."""
    wanted = {(fact.kind, fact.at, fact.term): fact for fact in facts}
    superseded = [
        one.seq for one in stored if wanted.pop((FactKind(one.kind), one.at, one.term), None) is None
    ]
    return list(wanted.values()), superseded


def event_history(
    reader: TableReader,
    rows: Sequence[TableRow],
    new: Sequence[TableRow],
    known: KnownTicket | None,
    team_key: TeamKey,
) -> History | None:
    """History of a ticket from its events: each says itself what happened, so late ones need nothing else.

    The first event opens the ticket where none says "opened". A wait lasts until "resumed", another wait, or the end.
    """
    if not new:
        return None
    stored = known.facts if known is not None else []
    is_opened = any(one.kind == FactKind.OPENED for one in stored)
    says_opened = any(row.event == "opened" for row in new)
    profile = _last_term(stored, FactKind.PROFILED)
    team = _last_term(stored, FactKind.ASSIGNED)
    wait: Happening | None = None
    open_ref = _open_wait(stored)
    newest, newest_ref = wait, max((one.ref for one in stored if one.kind == FactKind.WAIT_BEGAN), default=0)
    happenings: list[Happening] = []
    for row in new:
        facts: list[SourceFact] = []
        name, _colon, detail = row.event.partition(":")
        kind = _EVENT_KINDS.get(name)
        if not is_opened and (name == "opened" or not says_opened):
            facts.append(SourceFact(FactKind.OPENED, row.at))
            is_opened = True
        own = f"{row.texts['service']}|{row.texts['priority']}"
        if own != profile:
            profile = own
            facts.append(SourceFact(FactKind.PROFILED, row.at, own))
        if row.texts["team"] and team_key(row.texts["team"]) != team:
            team = team_key(row.texts["team"])
            facts.append(SourceFact(FactKind.ASSIGNED, row.at, team))
        is_over = name in ("waiting", "resumed", "resolved", "closed", "cancelled")
        if is_over and (wait is not None or open_ref):
            facts.append(SourceFact(FactKind.WAIT_ENDED, row.at, ref=0 if wait else open_ref, opener=wait))
            wait, open_ref = None, 0
        happening = Happening(OBSERVED, row.at, row.row, row.shared, _or_nothing(row.personal), facts)
        if name == "waiting":
            party = reader.terms.pause_reasons[detail].party
            facts.append(SourceFact(FactKind.WAIT_BEGAN, row.at, detail, party))
            wait = newest = happening
        elif name in _ANSWERS:
            if newest is not None or newest_ref:
                ref = 0 if newest else newest_ref
                facts.append(SourceFact(_ANSWERS[name], row.at, ref=ref, opener=newest))
        elif kind is FactKind.RESOLVED:
            facts.append(SourceFact(kind, row.at, row.texts["line"]))
        elif kind is not None and kind is not FactKind.OPENED:
            facts.append(SourceFact(kind, row.at, detail))
        if row.texts["ci"] or row.texts["cause"]:
            facts.append(SourceFact(FactKind.CLASSIFIED, row.at, _classification(row.texts)))
        happenings.append(happening)
    everything = [_stored_happening(stored), *happenings]
    last = max((row for row in [*rows, *new]), key=lambda row: (row.at, row.row))
    opened = min(
        (fact.at for happening in everything for fact in happening.facts if fact.kind is FactKind.OPENED),
        default=new[0].at,
    )
    facts = [fact for happening in everything for fact in happening.facts]
    standing = _standing(reader, _texts_told(rows, new), _state_of_events(facts))
    live_through(standing, everything)
    return _history(last.texts["number"], opened, happenings, standing, known)


def _texts_told(rows: Sequence[TableRow], new: Sequence[TableRow]) -> dict[str, str]:
    """Each text as the last row that has one tells it: rows need not repeat what stays."""
    told: dict[str, str] = {}
    for row in sorted({row.row: row for row in (*rows, *new)}.values(), key=lambda row: (row.at, row.row)):
        told |= {name: text for name, text in row.texts.items() if text or name not in told}
    return told


def _last_state(facts: Sequence[SourceFact], last: int) -> str:
    """State of a ticket of which only instants are known."""
    state, reached = "new", -1
    for fact in facts:
        if fact.kind in _STATES and fact.at >= reached:
            state, reached = _STATES[fact.kind], fact.at
    return state


def _state_of_events(facts: Sequence[SourceFact]) -> str:
    state = "new"
    for fact in sorted(facts, key=lambda fact: fact.at):
        if fact.kind is FactKind.WAIT_BEGAN:
            state = fact.term if fact.term in _WAITING_STATES else "in_progress"
        elif fact.kind is FactKind.WAIT_ENDED:
            state = "in_progress"
        elif fact.kind in _STATES:
            state = _STATES[fact.kind]
    return state


def _stored_happening(stored: Sequence[StoredFact]) -> Happening:
    facts = [SourceFact(FactKind(one.kind), one.at, one.term) for one in stored]
    return Happening(OBSERVED, 0, 0, "{}", "", facts)


def _last_term(stored: Sequence[StoredFact], kind: FactKind) -> str:
    return next((one.term for one in reversed(stored) if one.kind == kind), "")


def _open_wait(stored: Sequence[StoredFact]) -> int:
    ended = {one.ref for one in stored if one.kind == FactKind.WAIT_ENDED}
    began = [one.ref for one in stored if one.kind == FactKind.WAIT_BEGAN and one.ref not in ended]
    return began[-1] if began else 0


def _classification(texts: Mapping[str, str]) -> str:
    return f"{texts['ci'].replace('|', '/')}|{texts['cause'].replace('|', '/')}"


def _or_nothing(text: str) -> str:
    return "" if text == "{}" else text


def _standing(reader: TableReader, texts: Mapping[str, str], state: str) -> Standing:
    return Standing(
        kind=texts["kind"] or reader.mapping.ticket_kind,
        state=state,
        title=texts["title"] or texts["number"],
        description=texts["description"],
        channel=texts["channel"] or "import",
        is_major=texts["major"].lower() in _YES,
        service=texts["service"],
        impact=texts["impact"],
        urgency=texts["urgency"],
        priority=texts["priority"],
        category=texts["category"],
        ci=texts["ci"],
        cause=texts["cause"],
        team=texts["team"],
        resolution=texts["resolution"],
    )


def _history(
    number: str, opened: int, happenings: list[Happening], standing: Standing, known: KnownTicket | None
) -> History:
    if known is None:
        return History(number, opened, happenings, standing)
    return History(
        number,
        int(known.opened_at.timestamp()),
        happenings,
        standing,
        subject_id=known.subject_id,
        number=known.number,
        is_known=True,
    )


def tally_rows(rows: Sequence[TableRow]) -> list[tuple[str, str, str, str, str]]:
    """State or event, impact, urgency and priority of rows, and no flag."""
    return [(row.state, row.texts["impact"], row.texts["urgency"], row.priority, "") for row in rows]
