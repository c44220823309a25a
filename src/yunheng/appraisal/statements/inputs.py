"""What people entered for a statement, and what its appeals decided, as the scorecard takes it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from yunheng.contracts.queries import terms_of_version
from yunheng.logic.appraisal import Change
from yunheng.logic.score import Event, Mark, items_rated

from ..entered import Amended, Entered
from ..models import Appeal, Statement, StatementInput
from .editions import earlier_editions

Kind = StatementInput.Kind


@dataclass(slots=True)
class _Said:
    values: dict[str, Decimal | None] = field(default_factory=dict)
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    amended: dict[str, Amended] = field(default_factory=dict)
    decided: dict[str, Decimal | None] = field(default_factory=dict)
    remarked: dict[str, tuple[Decimal, str]] = field(default_factory=dict)


def standing_inputs(statement: Statement) -> list[StatementInput]:
    """What was entered and not withdrawn, in order (1 query)."""
    return list(StatementInput.objects.filter(statement=statement, withdrawn_at=None).order_by("pk"))


def entered_of(statement: Statement) -> Entered:
    """What people said of the period and what was decided of it.

    A kind of events is settled when somebody said that there was none, or entered one. Decisions on a statement that
    this one reverses hold on, unless its own decide otherwise. (2 queries; 1 more for one that reverses another,
    and 1 for each statement before.)
    """
    return entered_from(standing_inputs(statement), decided_appeals(statement), rated=rated_items(statement))


def rated_items(statement: Statement) -> frozenset[str]:
    """Items that people rate, by the terms of the statement's contract version."""
    scheme = terms_of_version(statement.contract_version_id).scoring
    return frozenset() if scheme is None else frozenset(items_rated(scheme))


def decided_appeals(statement: Statement) -> list[Appeal]:
    """Appeals that changed something, of the oldest statement of the period first."""
    found: list[Appeal] = []
    for one in [*reversed(earlier_editions(statement)), statement]:
        found += [
            appeal
            for appeal in Appeal.objects.filter(statement=one, decided_at__isnull=False)
            .select_related("statement")
            .defer("statement__frozen")
            .prefetch_related("votes")
            .order_by("pk")
            if appeal.change
        ]
    return found


def entered_from(
    inputs: Iterable[StatementInput], appeals: Iterable[Appeal], *, rated: frozenset[str]
) -> Entered:
    """The same from rows at hand."""
    said = _Said()
    for row in inputs:
        _enter(said, row, rated)
    for appeal in appeals:
        _decide(said, appeal)
    marks = {item: tuple(own) for item, own in said.marks.items()}
    for item, (value, reason) in said.remarked.items():
        marks[item] = tuple(
            replace(mark, value=value, reason=mark.reason or reason) for mark in marks.get(item, ())
        )
    return Entered(
        values=said.values,
        marks=marks,
        events=tuple(said.events),
        settled_kinds=frozenset(said.settled),
        dropped=frozenset(said.dropped),
        amended=said.amended,
        decided=said.decided,
    )


def _enter(said: _Said, row: StatementInput, rated: frozenset[str]) -> None:
    evidence = f"input:{row.uuid}"
    if row.kind == Kind.VALUE and row.key in rated:
        said.marks[row.key] = []  # somebody says that there is nothing to rate
    elif row.kind == Kind.VALUE:
        said.values[row.key] = row.value
    elif row.kind == Kind.MARK:
        assert row.value is not None
        said.marks.setdefault(row.key, []).append(
            Mark(row.rater, row.role, row.value.normalize() + 0, row.reason, evidence)
        )
    elif row.kind == Kind.NONE_HAPPENED:
        said.settled.add(row.key)
    else:
        assert row.occurred_at is not None and row.quantity is not None
        said.settled.add(row.key)
        said.events.append(
            Event(
                key=row.event_key,
                kind=row.key,
                at=int(row.occurred_at.timestamp()),
                quantity=row.quantity.normalize() + 0,
                party=row.party,
                subject=row.subject,
                evidence=evidence,
                proposer=row.side,
            )
        )


def _decide(said: _Said, appeal: Appeal) -> None:
    change = Change.of(appeal.change)
    if not appeal.event:
        if change.value is not None:
            said.decided[appeal.item] = change.value
        elif change.mark is not None:
            reasons = [vote.reason for vote in appeal.votes.all()]
            said.remarked[appeal.item] = change.mark, reasons[0] if reasons else ""
    elif change.drop:
        said.dropped.add(appeal.event)
        said.amended.pop(appeal.event, None)
    else:
        said.dropped.discard(appeal.event)
        before = said.amended.get(appeal.event, Amended())
        said.amended[appeal.event] = Amended(
            quantity=before.quantity if change.quantity is None else change.quantity,
            party=change.party or before.party,
        )
