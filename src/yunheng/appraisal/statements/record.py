"""What an appraiser should know of the record behind a period: what was dated back, and how waits were answered."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection

from yunheng.accounts.models import ApiToken, Person
from yunheng.contracts.models import Contract
from yunheng.logic.canonical import instant
from yunheng.logic.facts import Party
from yunheng.sla.models import Pause

from ..scored_period import ScoredPeriod
from ..spans import Span
from ..study import Study
from ..waiting import waiting_in
from .computing import bounds

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def backdated(contract: Contract, period: ScoredPeriod, study: Study) -> list[dict[str, Any]]:
    """Entries of the period that people dated back (by more than the minute that typing takes), and times that were
      corrected, from `old` to `new`; in the order of recording.

    `pause` says what waiting period of the ticket the entry falls into, or begins or ends: {reason, party, standing}.
      (3 queries.)
    """
    begins_at, ends_at = bounds(contract, period)
    limit = None if study.is_live else study.position
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entry.subject_id, entry.subject_number, entry.type, entry.occurred_at, entry.recorded_at,
                   entry.source, body.personal->'actor'->>'id', body.shared->>'old', body.shared->>'new', leaf.index
            FROM entry
            JOIN ticket ON ticket.id = entry.subject_id
            LEFT JOIN entry_body body ON body.entry_id = entry.id
            LEFT JOIN log_leaf leaf ON leaf.entry_id = entry.id
            WHERE entry.scope_id = %(scope)s AND (%(limit)s::bigint IS NULL OR leaf.index < %(limit)s)
              AND entry.recorded_at <= %(now)s AND entry.id IN (
                SELECT id FROM entry
                WHERE scope_id = %(scope)s AND occurred_at >= %(begin)s AND occurred_at < %(end)s
                  AND source IN ('person', 'device') AND recorded_at - occurred_at > interval '1 minute'
                UNION
                SELECT superseded_by FROM clock_fact
                WHERE scope_id = %(scope)s AND superseded_by > 0 AND at >= %(begin_s)s AND at < %(end_s)s
            )
            ORDER BY entry.id""",
            {
                "scope": contract.pk,
                "limit": limit,
                "now": study.evaluated_at,
                "begin": begins_at,
                "end": ends_at,
                "begin_s": int(begins_at.timestamp()),
                "end_s": int(ends_at.timestamp()),
            },
        )
        rows = cursor.fetchall()
    sides = _sides({row[6] for row in rows if row[6]})
    waits = _waits(contract, {row[0] for row in rows})
    return [
        {
            "ticket": number,
            "type": entry_type,
            "occurred_at": instant(occurred_at),
            "recorded_at": instant(recorded_at),
            "source": source,
            "by_side": sides.get(actor, ""),
            "entry": index,
            "pause": _pause_at(waits.get(subject, ()), datetime.fromisoformat(old) if old else occurred_at),
            **({"old": old, "new": new} if old and new else {}),
        }
        for subject, number, entry_type, occurred_at, recorded_at, source, actor, old, new, index in rows
    ]


def _sides(actors: set[str]) -> dict[str, str]:
    """The kind of organisation behind each actor: a person, or the person of a token."""
    wanted = [actor for actor in actors if _UUID.fullmatch(actor)]
    found = Person.objects.filter(uuid__in=wanted).values_list("uuid", "organisation__kind")
    tokens = ApiToken.objects.filter(uuid__in=wanted).values_list("uuid", "person__organisation__kind")
    return {str(uuid): kind for uuid, kind in [*found, *tokens]}


def _waits(contract: Contract, subjects: set[int]) -> dict[int, list[Pause]]:
    found: dict[int, list[Pause]] = {}
    for pause in Pause.objects.filter(scope_id=contract.pk, subject_id__in=subjects).order_by("began_at"):
        found.setdefault(pause.subject_id, []).append(pause)
    return found


def _pause_at(waits: Iterable[Pause], at: datetime) -> dict[str, str] | None:
    for pause in waits:
        if pause.began_at <= at and (pause.ended_at is None or at <= pause.ended_at):
            party = Party(pause.party).name.lower()
            return {"reason": pause.reason, "party": party, "standing": pause.standing}
    return None


def pauses(contract: Contract, period: ScoredPeriod, study: Study) -> dict[str, int]:
    """How many waiting periods touch the period, and how the other side answered them: confirmed, disputed, not at
    all.
    """
    position = None if study.is_live else study.position
    span = Span.of(contract, period.start, period.end, position, study.evaluated_at)
    found = waiting_in(span)
    count = len(found.waits.row)
    disputed, silent = int(found.is_standing("disputed").sum()), int(found.is_standing("undecided").sum())
    return {"confirmed": count - disputed - silent, "disputed": disputed, "silent": silent}
