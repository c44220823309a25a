"""What people entered for a period in its statement, as far as it fits the rules that it is replayed under."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from yunheng.contracts.scoring.reading import Rules
from yunheng.foundation.refusals import Invalid

from ..entered import NOTHING, Entered, check_entered
from ..models import Statement
from ..scored_period import ScoredPeriod
from ..statements.inputs import entered_of


@dataclass(frozen=True, slots=True)
class Said:
    """What fits, and how many of people's words do not."""

    entered: Entered
    unfit: int


def said_of(scope_id: int, period: ScoredPeriod) -> Entered | None:
    """What people entered in the newest statement of a period, as it stands now; None without one (3 queries)."""
    statement = (
        Statement.objects.filter(scope_id=scope_id, period=period.name)
        .exclude(state="discarded")
        .defer("frozen")
        .order_by("-edition")
        .first()
    )
    return None if statement is None else entered_of(statement)


def fitting(said: Entered, rules: Rules, *, is_own: bool) -> Said:
    """The part that the rules have a place for. What an arbitration made of a measured value holds for the contract
    alone (`is_own`): under other rules the value is measured anew.
    """
    kept, unfit = NOTHING, 0
    for part in _parts(said, is_own=is_own):
        try:
            check_entered(part, rules)
        except Invalid:
            unfit += 1
            continue
        kept = Entered(
            values={**kept.values, **part.values},
            marks={**kept.marks, **part.marks},
            events=kept.events + part.events,
            settled_kinds=kept.settled_kinds | part.settled_kinds,
            dropped=kept.dropped | part.dropped,
            amended={**kept.amended, **part.amended},
            decided={**kept.decided, **part.decided},
        )
    return Said(kept, unfit)


def _parts(said: Entered, *, is_own: bool) -> Iterator[Entered]:
    for key, value in said.values.items():
        yield Entered(values={key: value})
    for key, marks in said.marks.items():
        yield Entered(marks={key: marks})
    for event in said.events:
        yield Entered(events=(event,))
    for kind in sorted(said.settled_kinds):
        yield Entered(settled_kinds=frozenset({kind}))
    yield replace(NOTHING, dropped=said.dropped, amended=said.amended)
    if is_own:
        for key, value in said.decided.items():
            yield Entered(decided={key: value})
