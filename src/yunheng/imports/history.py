"""What a source tells of one ticket, in our words: happenings with their facts, claims, and how it stands last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from yunheng.foundation.facts import FACTS_PER_ENTRY
from yunheng.logic.facts import FactKind, Party

#: What a waiting state of a source means: reason code, and the party it is for.
Wait = tuple[str, Party]

KIND_NAMES: Final[Mapping[int, str]] = {int(kind): kind.name.lower() for kind in FactKind}
PARTY_NAMES: Final[Mapping[int, str]] = {int(party): party.name.lower() for party in Party}

OBSERVED: Final = "ticket.observed"
ASSERTED: Final = "source.asserted"
CORRECTED: Final = "facts.corrected"  #: rows that came late changed what recorded rows mean for the clocks

_LIFE: Final = frozenset(
    {
        *(FactKind.RESPONDED, FactKind.RESOLVED, FactKind.RESTORED, FactKind.CLOSED),
        *(FactKind.CANCELLED, FactKind.REOPENED, FactKind.WAIT_BEGAN, FactKind.WAIT_ENDED),
    }
)


@dataclass(slots=True)
class SourceFact:
    """A fact of a happening. `opener` of WAIT_ENDED: the happening that began the wait, or `ref` if it is known."""

    kind: FactKind
    at: int
    term: str = ""
    party: Party = Party.NONE
    ref: int = 0
    opener: "Happening | None" = None


@dataclass(slots=True)
class Happening:
    """Something new that becomes one entry. `at` is epoch seconds, `row` the data row it was read from.

    `shared` and `personal` are canonical JSON objects as text ("" for nothing): of an OBSERVED row the fields that
    changed in it, of ASSERTED the source's claims. Text, because it is written a hundred thousand times.
    """

    type: str
    at: int
    row: int
    shared: str
    personal: str = ""
    facts: list[SourceFact] = field(default_factory=list)
    supersedes: list[int] = field(default_factory=list)
    entry_id: int = 0


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact in force as it is stored; `ref` is 0 for kinds that have none."""

    seq: int
    at: int
    kind: int
    term: str
    party: int
    ref: int


@dataclass(slots=True)
class Standing:
    """How a ticket stands after its last row: columns of the ticket. Instants are epoch seconds, None: never."""

    kind: str = "incident"
    state: str = "new"
    title: str = ""
    description: str = ""
    channel: str = "import"
    is_major: bool = False
    service: str = ""
    impact: str = ""
    urgency: str = ""
    priority: str = ""
    category: str = ""
    ci: str = ""
    cause: str = ""
    team: str = ""  #: the team's name in the source
    resolution: str = ""
    restored_at: int | None = None
    resolved_at: int | None = None
    closed_at: int | None = None
    moved_at: int | None = None
    reopen_count: int = 0


@dataclass(slots=True)
class History:
    """All that is new of one ticket. `subject_id` is 0 until the ticket is numbered."""

    source_number: str
    opened_at: int
    happenings: list[Happening]
    standing: Standing | None  #: None: the ticket stays as it is
    subject_id: int = 0
    number: str = ""
    is_known: bool = False  #: the ticket is there already


def live_through(standing: Standing, happenings: Iterable[Happening]) -> None:
    """Set the instants of a ticket's life from the facts of all its happenings, later ones over earlier ones."""
    facts = [fact for happening in happenings for fact in happening.facts if fact.kind in _LIFE]
    facts.sort(key=lambda fact: fact.at)
    for fact in facts:
        kind, at = fact.kind, fact.at
        if kind is FactKind.RESOLVED:
            standing.resolved_at = at
        elif kind is FactKind.RESTORED:
            standing.restored_at = at
        elif kind is FactKind.CLOSED or kind is FactKind.CANCELLED:
            standing.closed_at = at
        elif kind is FactKind.REOPENED:
            standing.resolved_at = standing.closed_at = None
            standing.reopen_count += 1
        standing.moved_at = at


def corrections(
    told: Sequence[tuple[Happening, int]], stored: Sequence[StoredFact], *, at: int, row: int
) -> list[Happening]:
    """What must be recorded so that recorded rows mean what they mean now that late rows are known.

    `told` are all happenings with the entry that recorded each (0: new); `stored` the facts in force of the
    recorded ones. Facts that no longer follow are superseded, those that newly follow are stated.
    """
    wanted: dict[tuple[int, int, str, int, int], SourceFact] = {}
    for happening, entry_id in told:
        if entry_id:
            for fact in happening.facts:
                began = happening.entry_id if fact.kind is FactKind.WAIT_BEGAN else fact.ref
                opener = fact.opener
                if opener is not None and not opener.entry_id:
                    wanted[(fact.kind, fact.at, fact.term, fact.party, -id(opener))] = fact
                    continue
                ref = opener.entry_id if opener is not None else began
                fact.ref, fact.opener = ref, None
                wanted[(fact.kind, fact.at, fact.term, fact.party, ref)] = fact
    superseded = []
    for one in stored:
        key = (one.kind, one.at, one.term, one.party, one.ref)
        if wanted.pop(key, None) is None:
            superseded.append(one.seq)
    missing = list(wanted.values())
    found = []
    while missing or superseded:
        found.append(
            Happening(CORRECTED, at, row, "{}", "", missing[:FACTS_PER_ENTRY], supersedes=superseded[:1000])
        )
        missing, superseded = missing[FACTS_PER_ENTRY:], superseded[1000:]
    return found
