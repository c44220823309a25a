"""What a source tells of one ticket, in our words: happenings with their facts, claims, and how it stands last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from yunheng.logic.facts import FactKind, Party

#: What a waiting state of a source means: reason code, and the party it is for.
Wait = tuple[str, Party]

KIND_NAMES: Final[Mapping[int, str]] = {int(kind): kind.name.lower() for kind in FactKind}
PARTY_NAMES: Final[Mapping[int, str]] = {int(party): party.name.lower() for party in Party}

OBSERVED: Final = "ticket.observed"
ASSERTED: Final = "source.asserted"


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


@dataclass(slots=True)
class Standing:
    """How a ticket stands after its last row: columns of the ticket. Instants are epoch seconds, None: never."""

    kind: str = "incident"
    state: str = "new"
    title: str = ""
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
    standing: Standing
    subject_id: int = 0
    number: str = ""
    is_known: bool = False  #: the ticket is there already
