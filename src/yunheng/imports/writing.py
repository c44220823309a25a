"""Writes a batch of histories: tickets, entries, facts, pauses and row keys, by COPY in the caller's transaction."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from struct import Struct
from typing import Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from django.db import connection

from yunheng.accounts.models import Team
from yunheng.contracts.models import Contract
from yunheng.desk.models import Ticket
from yunheng.desk.searching import (
    COPY_WORDS,
    asking_names,
    copy_line,
    known_words,
    observed_words,
    rebuild,
)
from yunheng.foundation.actor import Actor
from yunheng.foundation.facts import FACTS_PER_ENTRY
from yunheng.foundation.identity import uuid7
from yunheng.foundation.numbering import format_number, reserve_numbers
from yunheng.foundation.stored_form import (
    COPY_BODIES,
    COPY_ENTRIES,
    COPY_UNSEALED,
    EntryDraft,
    body_rows,
    entry_rows,
    unsealed_rows,
)
from yunheng.logic.facts import FactKind
from yunheng.sla.models import ClockFact, Pause
from yunheng.sla.terms import term_ids

from .history import Happening, History, Standing
from .recording import SOURCE, Recorder
from .sending import Sender

KIND_CODES: Final = {"incident": "INC", "service_request": "REQ"}

_COPY_FACTS: Final = """
    COPY clock_fact (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)
    FROM STDIN (FORMAT BINARY)
"""
_COPY_KEYS: Final = "COPY import_key (scope_id, key) FROM STDIN (FORMAT BINARY)"
_COPY_PAUSES: Final = """
    COPY pause (id, scope_id, subject_id, reason, party, began_at, ended_at, standing, note) FROM STDIN
"""
_TICKET_COLUMNS: Final = (
    *("id", "uuid", "scope_id", "number", "state", "process_key", "process_version", "row_version"),
    *("opened_at", "kind", "title", "description", "channel", "service", "impact", "urgency", "priority"),
    *("is_major", "category", "ci", "cause", "team_id", "requester_name", "resolution", "restored_at"),
    *("resolved_at", "closed_at", "moved_at", "reopen_count", "is_observed", "source_system"),
    "source_number",
)
_COPY_TICKETS: Final = f"COPY ticket ({', '.join(_TICKET_COLUMNS)}) FROM STDIN"
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_FACT: Final = Struct(">hiqiqiqiqihiiihiqiqiq")
_KEY: Final = Struct(">hiqi16s")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL: Final = "\\N"
_STANDINGS: Final[Mapping[FactKind, str]] = {
    FactKind.PAUSE_CONFIRMED: "confirmed",
    FactKind.PAUSE_DISPUTED: "disputed",
    FactKind.PAUSE_UPHELD: "upheld",
    FactKind.PAUSE_REJECTED: "rejected",
}
_FACTS_PER_BLOCK: Final = 2_000


class _Draft(NamedTuple):
    """What the rows of entries read of an EntryDraft, which costs ten times as much to make."""

    scope_id: int
    subject_id: int
    subject_number: str
    type: str
    occurred_at: datetime
    actor: Actor
    source: str = SOURCE


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a run writes: the contract, what tickets become, and who is said to have acted."""

    contract: Contract
    zone: ZoneInfo
    system: str  #: `Ticket.source_system`
    actor: Actor
    processes: Mapping[str, int]  #: newest version of each process, by kind of ticket

    @property
    def scope_id(self) -> int:
        """The tenant."""
        return int(self.contract.pk)


@dataclass(slots=True)
class Teams:
    """Teams of the provider by the name that the source gives them; missing ones are created."""

    organisation_id: int
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    _called: dict[str, str] = field(
        default_factory=dict
    )  #: key by name or key, without case, width and blanks

    @classmethod
    def of(cls, organisation_id: int) -> "Teams":
        """The teams that are there."""
        teams = cls(organisation_id)
        teams.reload()
        return teams

    def reload(self) -> None:
        """Read what is stored; names that were only promised stay promised."""
        stored = Team.objects.filter(organisation_id=self.organisation_id).order_by("pk")
        found = list(stored.values_list("key", "name", "id"))
        for key, name, team_id in found:
            self.keys.setdefault(name, key)
            self.ids[key] = team_id
            self._called.setdefault(_folded(name), key)
        for key, _name, _id in found:  # names before keys
            self._called.setdefault(_folded(key), key)

    def key_of(self, name: str) -> str:
        """Key of the team with that name, or else that key; a new name gets a key of its own."""
        key = self.keys.get(name)
        if key is None:
            key = self._called.get(_folded(name))
            if key is None:
                key = self._called[_folded(name)] = self._new_key(name)
            self.keys[name] = key
        return key

    def _new_key(self, name: str) -> str:
        words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
        base = "-".join(words)[:60] or "team"
        taken = set(self.keys.values()) | self.ids.keys()
        key, count = base, 1
        while key in taken:
            count += 1
            key = f"{base[:56]}-{count}"
        return key

    def create_missing(self) -> None:
        """Store the teams that were promised a key (one statement)."""
        missing = {name: key for name, key in self.keys.items() if key not in self.ids}
        if missing:
            Team.objects.bulk_create(
                [
                    Team(organisation_id=self.organisation_id, key=key, name=name[:150])
                    for name, key in sorted(missing.items())
                ],
                ignore_conflicts=True,
            )
            self.reload()


def write_histories(
    histories: Sequence[History],
    keys: Iterable[bytes],
    *,
    destination: Destination,
    teams: Teams,
    recorded_at: datetime,
    sender: Sender,
) -> int:
    """Write a batch in the caller's transaction; returns the number of entries. It is written when `sender` is done.

    All queries come first: from the first rows on the connection is the sender's.
    Raises UnrecordableError for data that the journal cannot keep; nothing is written then.
    """
    histories = [history for history in histories if history.happenings]
    teams.create_missing()
    _number(histories, destination)
    ids = _entry_ids(histories)
    terms = _terms(histories)
    _forget_waits(histories, destination.scope_id)
    _write_keys(destination.scope_id, keys, sender)
    _write_entries(histories, ids, destination, recorded_at, sender)
    _write_facts(histories, terms, destination.scope_id, sender)
    _write_pauses(histories, destination.scope_id, sender)
    _write_tickets(histories, destination, teams, sender)
    _write_words(histories, sender)
    return len(ids)


def _write_keys(scope_id: int, keys: Iterable[bytes], sender: Sender) -> None:
    """Remember rows that are taken, in the order of the index: half the work for the server."""
    packed = [_KEY.pack(2, 8, scope_id, 16, key) for key in sorted(keys)]
    if packed:
        sender.copy(_COPY_KEYS, [b"".join((_BEGIN, *packed, _END))])


def known_keys(scope_id: int, keys: Sequence[bytes]) -> set[bytes]:
    """Which of these rows were taken before (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM import_key WHERE scope_id = %s AND key = ANY(%s)", [scope_id, list(keys)]
        )
        return {bytes(key) for (key,) in cursor.fetchall()}


def has_keys(scope_id: int) -> bool:
    """Whether any row was ever taken into the scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM import_key WHERE scope_id = %s)", [scope_id])
        return bool(cursor.fetchone()[0])


# --- parts of a batch


def _number(histories: Sequence[History], destination: Destination) -> None:
    """Give new tickets their ids and numbers, in order of opening on each day."""
    fresh = [history for history in histories if not history.subject_id]
    if not fresh:
        return
    ids = _reserve("nextval('subject_id_seq')", len(fresh))
    days: dict[str, Counter[date]] = {}
    placed: list[tuple[History, str, date]] = []
    for history, subject_id in zip(fresh, ids, strict=True):
        history.subject_id = subject_id
        day = datetime.fromtimestamp(history.opened_at, destination.zone).date()
        code = KIND_CODES[history.standing.kind if history.standing is not None else "incident"]
        days.setdefault(code, Counter())[day] += 1
        placed.append((history, code, day))
    scope = destination.contract.scope
    taken = {
        (code, day): iter(ordinals)
        for code, counts in sorted(days.items())
        for day, ordinals in reserve_numbers(scope, code, counts).items()
    }
    for history, code, day in sorted(placed, key=lambda place: place[0].opened_at):
        history.number = format_number(scope, code, day, next(taken[code, day]))


def _entry_ids(histories: Sequence[History]) -> list[int]:
    """Ids of all entries of the batch."""
    count = sum(len(history.happenings) for history in histories)
    return _reserve("nextval(pg_get_serial_sequence('entry', 'id'))", count) if count else []


def _terms(histories: Sequence[History]) -> Mapping[str, int]:
    """Ids of the terms of all facts."""
    return term_ids(
        {
            fact.term
            for history in histories
            for happening in history.happenings
            for fact in happening.facts
            if fact.term
        }
    )


def _write_entries(
    histories: Sequence[History],
    ids: Sequence[int],
    destination: Destination,
    recorded_at: datetime,
    sender: Sender,
) -> None:
    """The same bytes as journal.record_many writes; the ids are taken before, because facts refer to them."""
    if not ids:
        return
    drafts: list[_Draft] = []
    scope_id, scope_key, actor = destination.scope_id, destination.contract.scope.key, destination.actor
    give = iter(ids).__next__
    for history in histories:
        subject_id, number = history.subject_id, history.number
        for happening in history.happenings:
            happening.entry_id = give()
            at = datetime.fromtimestamp(happening.at, UTC)
            drafts.append(_Draft(scope_id, subject_id, number, happening.type, at, actor))
    recorder = Recorder(scope_key=scope_key, actor=actor, recorded_at=recorded_at)
    stored = list(recorder.store([(history.number, history.happenings) for history in histories]))
    headers = cast(Sequence[EntryDraft], drafts)
    sender.copy(COPY_ENTRIES, entry_rows(ids, headers, stored, recorded_at))
    sender.copy(COPY_BODIES, body_rows(ids, stored))
    sender.copy(COPY_UNSEALED, unsealed_rows(ids, headers))


def _forget_waits(histories: Sequence[History], scope_id: int) -> None:
    """Take back what follows for waits from facts that the new entries supersede."""
    superseded = [seq for history in histories for it in history.happenings for seq in it.supersedes]
    if superseded:
        _forget_pauses(scope_id, superseded)


def _supersede(subject_id: int, happening: Happening, scope_id: int) -> None:
    ClockFact.objects.filter(
        scope_id=scope_id, subject_id=subject_id, seq__in=happening.supersedes, superseded_by=0
    ).update(superseded_by=happening.entry_id)


def _write_facts(
    histories: Sequence[History], terms: Mapping[str, int], scope_id: int, sender: Sender
) -> None:
    """Facts of all entries; when they are there, those that they replace are taken out of force."""
    pack = _FACT.pack
    rows = [_BEGIN]
    began = FactKind.WAIT_BEGAN
    for history in histories:
        subject_id = history.subject_id
        for happening in history.happenings:
            entry_id = happening.entry_id
            if len(happening.facts) > FACTS_PER_ENTRY:
                raise ValueError(f"row {happening.row} gives more than {FACTS_PER_ENTRY} facts")
            seq = entry_id * FACTS_PER_ENTRY
            for fact in happening.facts:
                kind = fact.kind
                if kind is began:
                    ref = fact.ref or entry_id
                else:
                    ref = fact.opener.entry_id if fact.opener is not None else fact.ref
                term = terms[fact.term] if fact.term else 0
                rows.append(
                    pack(
                        10,
                        8,
                        scope_id,
                        8,
                        subject_id,
                        8,
                        fact.at,
                        8,
                        seq,
                        2,
                        kind,
                        4,
                        term,
                        2,
                        fact.party,
                        8,
                        ref,
                        8,
                        entry_id,
                        8,
                        0,
                    )
                )
                seq += 1
            if happening.supersedes:
                sender.afterwards(partial(_supersede, subject_id, happening, scope_id))
        if len(rows) >= _FACTS_PER_BLOCK:
            sender.copy(_COPY_FACTS, [b"".join(rows)])
            rows.clear()
    rows.append(_END)
    sender.copy(_COPY_FACTS, [b"".join(rows)])


def _write_pauses(histories: Sequence[History], scope_id: int, sender: Sender) -> None:
    """Waits that began in this batch, and ends of those that began earlier."""
    rows: list[str] = []
    ended: list[tuple[datetime, int]] = []
    answered: list[tuple[str, int]] = []
    for history in histories:
        open_waits: dict[int, list[str]] = {}
        for happening in history.happenings:
            for fact in happening.facts:
                if fact.kind is FactKind.WAIT_BEGAN:
                    began = _stamp(fact.at)
                    pause_id = fact.ref or happening.entry_id
                    open_waits[pause_id] = [
                        *(str(pause_id), str(scope_id), str(history.subject_id), _text(fact.term)),
                        *(str(int(fact.party)), began, _NULL, "proposed", ""),
                    ]
                elif fact.kind is FactKind.WAIT_ENDED:
                    ref = fact.opener.entry_id if fact.opener is not None else fact.ref
                    if ref in open_waits:
                        open_waits[ref][6] = _stamp(fact.at)
                    else:
                        ended.append((datetime.fromtimestamp(fact.at, UTC), ref))
                elif fact.kind in _STANDINGS:
                    ref = fact.opener.entry_id if fact.opener is not None else fact.ref
                    if ref in open_waits:
                        open_waits[ref][7] = _STANDINGS[fact.kind]
                    else:
                        answered.append((_STANDINGS[fact.kind], ref))
        rows += ["\t".join(row) for row in open_waits.values()]
    if rows:
        sender.copy(_COPY_PAUSES, [("\n".join(rows) + "\n").encode()])
    if ended:
        sender.afterwards(partial(_end_pauses, ended))
    if answered:
        sender.afterwards(partial(_answer_pauses, answered))


def _end_pauses(ended: Sequence[tuple[datetime, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE pause SET ended_at = %s WHERE id = %s", ended)


def _answer_pauses(answered: Sequence[tuple[str, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE pause SET standing = %s WHERE id = %s", answered)


def _forget_pauses(scope_id: int, superseded: Sequence[int]) -> None:
    """Waits that turned out never to have been, and ends of waits that go on."""
    facts = ClockFact.objects.filter(scope_id=scope_id, seq__in=superseded)
    began = facts.filter(kind=int(FactKind.WAIT_BEGAN)).values_list("ref", flat=True)
    Pause.objects.filter(scope_id=scope_id, pk__in=list(began)).delete()
    over = facts.filter(kind=int(FactKind.WAIT_ENDED)).values_list("ref", flat=True)
    Pause.objects.filter(scope_id=scope_id, pk__in=list(over)).update(ended_at=None)


def _write_tickets(
    histories: Sequence[History], destination: Destination, teams: Teams, sender: Sender
) -> None:
    changed = {
        history.subject_id: history.standing
        for history in histories
        if history.is_known and history.standing is not None
    }
    rows = [
        _ticket_row(history, history.standing, destination, teams)
        for history in histories
        if not history.is_known and history.standing is not None
    ]
    if rows:
        sender.copy(_COPY_TICKETS, [("\n".join(rows) + "\n").encode()])
    if changed:
        sender.afterwards(partial(_update_tickets, changed, destination.scope_id, teams))


def _update_tickets(changed: Mapping[int, Standing], scope_id: int, teams: Teams) -> None:
    known = list(Ticket.objects.filter(scope_id=scope_id, pk__in=list(changed)))
    for ticket in known:
        _update(ticket, changed[ticket.pk], teams)
    Ticket.objects.bulk_update(
        known,
        [
            *("state", "title", "description", "channel", "is_major", "impact", "urgency", "priority"),
            *("category", "ci", "cause", "team"),
            *("resolution", "restored_at", "resolved_at", "closed_at", "moved_at", "reopen_count"),
            "row_version",
        ],
        batch_size=500,
    )


def _ticket_row(history: History, standing: Standing, destination: Destination, teams: Teams) -> str:
    return "\t".join(
        (
            *(str(history.subject_id), str(uuid7()), str(destination.scope_id), history.number),
            *(standing.state, standing.kind, str(destination.processes[standing.kind]), "1"),
            *(_stamp(history.opened_at), standing.kind, _text(standing.title)),
            *(_text(standing.description), standing.channel),
            *(_text(standing.service), _text(standing.impact), _text(standing.urgency)),
            *(_text(standing.priority), "t" if standing.is_major else "f"),
            *(_text(standing.category), _text(standing.ci)),
            *(_text(standing.cause), _team(standing, teams), "", _text(standing.resolution)),
            *(_when(standing.restored_at), _when(standing.resolved_at), _when(standing.closed_at)),
            *(_when(standing.moved_at), str(standing.reopen_count), "t", destination.system),
            _text(history.source_number),
        )
    )


def _write_words(histories: Sequence[History], sender: Sender) -> None:
    """What the tickets can be found by; those that were there before are read again."""
    lines: list[str] = []
    for history in histories:
        standing = history.standing
        if history.is_known or standing is None:
            continue
        texts = (
            *(standing.title, standing.description, standing.resolution, standing.ci),
            *(standing.category, standing.cause),
        )
        words = observed_words(history.number, history.source_number, texts)
        lines.append(copy_line(history.subject_id, "shared", words))
        names = asking_names(history.happenings[0].personal)
        lines.append(copy_line(history.subject_id, "personal", chain.from_iterable(map(known_words, names))))
    if lines:
        sender.copy(COPY_WORDS, ["".join(lines).encode()])
    known = [history.subject_id for history in histories if history.is_known]
    if known:
        sender.afterwards(partial(rebuild, known))


def _update(ticket: Ticket, standing: Standing, teams: Teams) -> None:
    for name in (
        *("state", "title", "description", "channel", "is_major", "impact", "urgency", "priority"),
        *("category", "ci", "cause", "resolution"),
    ):
        setattr(ticket, name, getattr(standing, name))
    ticket.reopen_count = standing.reopen_count
    ticket.team_id = teams.ids[teams.key_of(standing.team)] if standing.team else None
    for name in ("restored_at", "resolved_at", "closed_at", "moved_at"):
        at = getattr(standing, name)
        setattr(ticket, name, None if at is None else datetime.fromtimestamp(at, UTC))
    ticket.row_version += 1


def _team(standing: Standing, teams: Teams) -> str:
    return str(teams.ids[teams.key_of(standing.team)]) if standing.team else _NULL


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _when(at: int | None) -> str:
    return _NULL if at is None else _stamp(at)


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if value else value


def _reserve(expression: str, count: int) -> list[int]:
    """So many fresh values of a sequence, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression} FROM generate_series(1, %s)", [count])  # noqa: S608 - fixed texts
        return sorted(value for (value,) in cursor.fetchall())


__all__ = [
    "Destination",
    "Teams",
    "has_keys",
    "known_keys",
    "write_histories",
]
