"""What is known already of tickets that a file names again: their rows as recorded, and the claims made of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from yunheng.desk.models import Ticket
from yunheng.logic.facts import FactKind

from .history import StoredFact

_CLAIMS = [int(kind) for kind in FactKind if kind.name.startswith(("ASSERTED_", "SOURCE_"))]


@dataclass(slots=True)
class KnownRow:
    """An observed row as it was recorded: what changed in it."""

    entry_id: int
    at: int
    shared: Mapping[str, Any]
    personal: Mapping[str, Any]


@dataclass(slots=True)
class KnownTicket:
    """A ticket that an earlier run created."""

    source_number: str
    subject_id: int
    number: str
    opened_at: datetime
    rows: list[KnownRow] = field(default_factory=list)
    claimed: Mapping[str, Any] | None = None
    claim_facts: list[int] = field(default_factory=list)  #: `seq` of those in force
    facts: list[StoredFact] = field(default_factory=list)  #: the others in force


def known_tickets(scope_id: int, system: str, numbers: Iterable[str]) -> dict[str, KnownTicket]:
    """Tickets of the source by its numbers, with what the source claimed of them last (3 queries)."""
    known = {
        source_number: KnownTicket(source_number, pk, number, opened_at)
        for source_number, pk, number, opened_at in Ticket.objects.filter(
            scope_id=scope_id, source_system=system, source_number__in=list(numbers)
        ).values_list("source_number", "pk", "number", "opened_at")
    }
    by_id = {ticket.subject_id: ticket for ticket in known.values()}
    if not known:
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (e.subject_id) e.subject_id, b.shared -> 'claims'
            FROM entry e JOIN entry_body b ON b.entry_id = e.id
            WHERE e.scope_id = %s AND e.subject_id = ANY(%s) AND e.type = 'source.asserted'
            ORDER BY e.subject_id, e.id DESC
            """,
            [scope_id, list(by_id)],
        )
        for subject_id, claimed in cursor.fetchall():
            by_id[subject_id].claimed = _loaded(claimed)
        cursor.execute(
            """
            SELECT subject_id, seq FROM clock_fact
            WHERE scope_id = %s AND subject_id = ANY(%s) AND kind = ANY(%s) AND superseded_by = 0
            ORDER BY seq
            """,
            [scope_id, list(by_id), _CLAIMS],
        )
        for subject_id, seq in cursor.fetchall():
            by_id[subject_id].claim_facts.append(seq)
    return known


def read_rows(scope_id: int, tickets: Sequence[KnownTicket]) -> None:
    """Fill in the observed rows of tickets, in order of time and recording, and their facts (2 queries)."""
    by_id = {ticket.subject_id: ticket for ticket in tickets}
    if not by_id:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.subject_id, e.id, extract(epoch FROM e.occurred_at)::bigint,
                   b.shared -> 'fields', b.personal -> 'fields'
            FROM entry e JOIN entry_body b ON b.entry_id = e.id
            WHERE e.scope_id = %s AND e.subject_id = ANY(%s) AND e.type = 'ticket.observed'
            ORDER BY e.subject_id, e.occurred_at, e.id
            """,
            [scope_id, list(by_id)],
        )
        for subject_id, entry_id, at, shared, personal in cursor.fetchall():
            by_id[subject_id].rows.append(
                KnownRow(entry_id, at, _loaded(shared) or {}, _loaded(personal) or {})
            )
        cursor.execute(
            """
            SELECT f.subject_id, f.seq, f.at, f.kind, t.text, f.party, f.ref
            FROM clock_fact f JOIN term t ON t.id = f.term
            WHERE f.scope_id = %s AND f.subject_id = ANY(%s) AND f.kind <> ALL(%s) AND f.superseded_by = 0
              AND EXISTS (SELECT FROM entry e WHERE e.id = f.entry_id AND e.actor_kind = 'import')
            ORDER BY f.seq
            """,
            [scope_id, list(by_id), _CLAIMS],
        )
        for subject_id, *values in cursor.fetchall():
            by_id[subject_id].facts.append(StoredFact(*values))


def _loaded(value: Any) -> Any:
    """jsonb as Python data; Django's cursor hands it out as text."""
    return json.loads(value) if isinstance(value, str) else value
