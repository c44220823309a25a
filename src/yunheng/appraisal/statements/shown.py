"""What the page of a statement shows, as plain values: a template only lays them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..models import Rectification
from ..scorecard_page import ScorecardPage
from .listing import Look


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file of evidence."""

    name: str
    about: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Want:
    """Something that people have to enter, with what its form asks."""

    what: str  # value, mark, event
    key: str
    label: str
    about: str
    unit: str = ""
    roles: Sequence[tuple[str, str]] = ()
    low: str = ""
    high: str = ""
    reason_below: str = ""
    is_lacking: bool = False


@dataclass(frozen=True, slots=True)
class InputRow:
    """What somebody entered."""

    uuid: UUID
    what: str
    said: str
    note: str
    side: str
    who: str
    at: datetime
    files: Sequence[FileLink]
    withdrawn: str
    may_withdraw: bool

    @property
    def key(self) -> str:
        """The UUID as text, for names of forms."""
        return str(self.uuid)


@dataclass(frozen=True, slots=True)
class VoteLine:
    """What one side wants an appeal to be decided as."""

    side: str
    who: str
    verdict: str
    change: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AppealCard:
    """One appeal with both sides' words."""

    uuid: UUID
    about: str
    item: str
    event: str
    is_event: bool
    is_rated: bool
    argument: str
    claim: str
    filed: str
    filed_at: datetime
    files: Sequence[FileLink]
    reply: str
    replied: str
    replied_at: datetime | None
    reply_files: Sequence[FileLink]
    votes: Sequence[VoteLine]
    decision: str
    why_decided: str  # where it was no vote that decided
    change: str
    is_decided: bool
    may_reply: bool
    may_vote: bool

    @property
    def key(self) -> str:
        """The UUID as text, for names of forms."""
        return str(self.uuid)


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A side, and how it signed; empty while it has not."""

    side: str
    organisation: str
    who: str
    method: str
    at: datetime | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A rectification order."""

    order: Rectification
    look: Look
    about: str
    is_late: bool
    files: Sequence[FileLink]
    may_report: bool
    may_verify: bool


@dataclass(frozen=True, slots=True)
class TriggerLine:
    """A measure that scores bring about, and how near it is."""

    label: str
    rule: str
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """An entry as a sentence."""

    sentence: str
    text: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """A step from the fee to what is payable."""

    label: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class RestsOn:
    """A statement that was reversed after this one was made of it."""

    number: str
    url: str
    period: str
    by: str
    by_url: str
    through: str  # the quarter in between, "" for none
    at: datetime | None
    told: str  # who was told, by name; "" where names are not for the reader


@dataclass(frozen=True, slots=True)
class Resting:
    """What of a statement's parts was reversed since, and the way on."""

    parts: Sequence[RestsOn]
    way_on: str
    corrected_by: str  # number of the statement that reverses this one, or is drafted to; "" for none
    may_correct: bool  # the reader may draft the statement that corrects it
    why: str  # the reason that it would give


@dataclass(frozen=True, slots=True)
class Told:
    """A statement as its page shows it."""

    title: str
    look: Look
    lead: str
    due_at: datetime | None
    is_late: bool
    score: str
    full: str
    grade: str
    payable: str
    money: Sequence[MoneyLine]
    difference: str
    page: ScorecardPage | None
    wants: Sequence[Want]
    inputs: Sequence[InputRow]
    targets: Sequence[tuple[str, str]]
    appeals: Sequence[AppealCard]
    signatures: Sequence[SignatureLine]
    may_sign: bool
    orders: Sequence[OrderRow]
    triggers: Sequence[TriggerLine]
    parts: Sequence[tuple[str, str, str, str]]  # period, number, score, address
    resting: Resting | None  # None: all that it rests on stands
    missing: Sequence[str]
    backdated: Sequence[Mapping[str, Any]]
    backdated_count: int
    pauses: Mapping[str, int]
    excluded: Sequence[Mapping[str, Any]]
    samples: Sequence[Mapping[str, Any]]
    history: Sequence[HistoryRow]
    documents: Sequence[tuple[str, str, str]]  # address, name, SHA-256 of what is kept
    steps: frozenset[str]
    parties: Sequence[tuple[str, str]]
    may_enter: bool
    may_order: bool
    items: Sequence[tuple[str, str]]
    is_provider: bool
    may_close: bool
    may_reverse: bool
    has_step: bool
    digest: str
    pack_url: str
    signed_pack_url: str  # up to the lock
