"""Is a ticket what its journal tells? Row, facts and live clocks against the entries, each difference
named.
"""

from datetime import datetime

from yunheng.sla.actions import facts_in_journal
from yunheng.sla.queries import explain_clocks, live_clocks, standing_and_superseded

from .models import Ticket
from .queries import differences_from_journal


def verify_ticket(ticket: Ticket) -> list[str]:
    """Where row, facts or live clocks of a ticket disagree with its entries; empty when all agree.

    For history from another system, whose row and facts come from the source's rows, only the clocks are
    compared.
    """
    problems = []
    if not ticket.is_observed:
        problems += differences_from_journal(ticket)
        problems += _facts(ticket)
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
