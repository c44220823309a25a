"""Is a ticket what its journal tells? Row, facts, files, proposals and live clocks against the entries, each difference
named.
"""

from collections import Counter
from datetime import datetime

from yunheng.foundation.attachments import altered
from yunheng.foundation.models import Attachment, Entry, EntryBody
from yunheng.sla.actions import facts_in_journal
from yunheng.sla.queries import explain_clocks, live_clocks, standing_and_superseded

from .models import Proposal, Ticket
from .queries import differences_from_journal

#: Entry, whether internal, name, size, SHA-256 in hex.
ToldFile = tuple[int, bool, str, int, str]


def verify_ticket(ticket: Ticket) -> list[str]:
    """Where row, facts, files, proposals or live clocks of a ticket disagree with its entries; empty when all agree.

    For history from another system, whose row and facts come from the source's rows, only the clocks are
    compared.
    """
    problems = []
    if not ticket.is_observed:
        problems += differences_from_journal(ticket)
        problems += _facts(ticket)
        problems += _files(ticket)
        problems += _proposals(ticket)
    return problems + _clocks(ticket)


def _facts(ticket: Ticket) -> list[str]:
    try:
        told = facts_in_journal(scope_id=ticket.scope_id, subject_id=ticket.pk)
    except LookupError as error:
        return [f"facts: {error}, so they cannot be compared"]
    stored = standing_and_superseded(scope_id=ticket.scope_id, subject_id=ticket.pk)
    problems = []
    said = {fact.seq: (fact, by) for fact, by in told}
    for seq in sorted(said.keys() | stored.keys()):
        if said.get(seq) != stored.get(seq):
            place = seq // 8
            problems.append(
                f"facts: of entry {place} the table has {stored.get(seq)}, the journal tells {said.get(seq)}"
            )
    return problems


def _files(ticket: Ticket) -> list[str]:
    """Files that the entries tell of and that are not there as told, or are there and no entry tells of them."""
    told: Counter[ToldFile] = Counter()
    erased: set[tuple[int, bool]] = set()
    bodies = EntryBody.objects.filter(entry__scope_id=ticket.scope_id, entry__subject_id=ticket.pk)
    for entry_id, shared, internal in bodies.values_list("entry_id", "shared", "internal"):
        for data, is_internal in ((shared, False), (internal, True)):
            if data is None:
                erased.add((entry_id, is_internal))
            for file in (data or {}).get("files", ()):
                told[entry_id, is_internal, file["name"], file["size"], file["sha256"]] += 1
    kept: Counter[ToldFile] = Counter(
        (it.entry_id, it.is_internal, it.name, it.size, bytes(it.digest).hex())
        for it in Attachment.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk)
        if (it.entry_id, it.is_internal) not in erased
    )
    problems = [f"files: entry {key[0]} tells of {key[2]}, which is not there" for key in (told - kept)]
    problems += [f"files: no entry tells of {key[2]}, kept with entry {key[0]}" for key in (kept - told)]
    for file in altered(scope_id=ticket.scope_id, subject_id=ticket.pk):
        if (file.entry_id, file.is_internal) not in erased:
            problems.append(
                f"files: the content of {file.name}, of entry {file.entry_id}, is not what it was"
            )
    return problems


_ENDINGS = {f"correction.{standing.value}": standing.value for standing in Proposal.Standing}


def _proposals(ticket: Ticket) -> list[str]:
    """Proposals that do not stand as their entries tell."""
    told: dict[int, str] = {}
    entries = Entry.objects.filter(scope_id=ticket.scope_id, subject_id=ticket.pk, type__in=_ENDINGS)
    for entry in entries.select_related("body").order_by("id"):
        proposed = (
            entry.pk if entry.type == "correction.proposed" else (entry.body.shared or {}).get("proposal")
        )
        if proposed is not None:  # None: erased
            told[proposed] = _ENDINGS[entry.type]
    kept = dict(Proposal.objects.filter(ticket=ticket).values_list("entry_id", "standing"))
    return [
        f"proposals: of entry {entry_id} the table has {kept.get(entry_id)}, the journal tells {told.get(entry_id)}"
        for entry_id in sorted(told.keys() | kept.keys())
        if told.get(entry_id) != kept.get(entry_id)
    ]


def _clocks(ticket: Ticket) -> list[str]:
    problems = []
    rows = live_clocks(scope_id=ticket.scope_id, subject_ids=[ticket.pk])[ticket.pk]
    for row in rows:
        now = int(row.folded_at.timestamp())
        clock = explain_clocks(
            scope_id=ticket.scope_id, subject_id=ticket.pk, now=now, kinds=frozenset({row.kind})
        ).get(row.kind)
        if clock is None or clock.explanation is None:
            if row.started_at is not None:
                problems.append(f"clock {row.kind}: the facts give no such clock")
            continue
        state = clock.explanation.state
        if clock.explanation.counted_seconds != state.elapsed_seconds:
            problems.append(f"clock {row.kind}: its segments do not add up to the elapsed time")
        pairs: list[tuple[str, object, object]] = [
            ("status", row.status, state.status.value),
            ("profile", row.profile, state.profile),
            ("elapsed_seconds", row.elapsed_seconds, state.elapsed_seconds),
            ("goal_seconds", row.goal_seconds, state.goal_seconds),
            ("is_met", row.is_met, state.is_met),
            ("started_at", _seconds(row.started_at), state.started_at),
            ("stopped_at", _seconds(row.stopped_at), state.stopped_at),
            ("due_at", _seconds(row.due_at), state.due_at),
            ("breached_at", _seconds(row.breached_at), state.breached_at),
            ("settled_at", _seconds(row.settled_at), state.settled_at),
        ]
        problems += [
            f"clock {row.kind}: {name} is {stored!r} in its row, {folded!r} when folded"
            for name, stored, folded in pairs
            if stored != folded
        ]
    return problems


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
