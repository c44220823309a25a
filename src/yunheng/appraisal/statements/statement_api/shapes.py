"""What the API of statements takes and gives; decimals are strings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_VERSION, Input, Instant
from yunheng.foundation.models import Attachment

from ...models import Appeal, Rectification, Statement, StatementInput
from .. import queries
from ..awaited import Step, Waiting
from ..queries import StatementView
from ..resting import ReversedPart, reversed_parts

KindName = Literal["month", "quarter", "year"]
StateName = Literal[
    "drafted",
    "issued",
    "appealed",
    "arbitrated",
    "accepted",
    "locked",
    "settled",
    "replaced",
    "discarded",
]
SideName = Literal["provider", "client"]
VerdictName = Literal["upheld", "partly", "rejected"]


# --- what comes in --------------------------------------------------------------------------------------------------


class DraftIn(Input):
    """The period that is to be scored."""

    period: str = Field(max_length=10, description="2026-04, 2026-Q2 or 2026")


class StepIn(Input):
    """The row version that the caller saw: another one now is a conflict."""

    row_version: int = Field(ge=1, le=LARGEST_VERSION)


class StepReasonIn(StepIn):
    """Why it is done."""

    reason: str


class OpinionIn(StepIn):
    """With what opinion, if any."""

    opinion: str = ""


class WhyIn(Input):
    """Why it is done."""

    reason: str


class EnterIn(Input):
    """What people say of the period. Which fields count depends on `kind`.

    value: `item` and `value` in the item's unit (null: not applicable, with a `note`). mark: `item`, `role`, `value`,
    and `reason` below the scheme's bound; `rater` names somebody else. event: `event` (its kind), `occurred_at`,
    `quantity`, `party`, `note`, `ticket`. none_happened: `event`.
    """

    kind: Literal["value", "mark", "event", "none_happened"]
    item: str = Field("", max_length=40)
    event: str = Field("", max_length=40, description="Kind of event")
    value: Decimal | None = None
    role: str = Field("", max_length=40, description="Rater's word of the scheme")
    rater: str = Field("", max_length=150)
    occurred_at: Instant | None = None
    quantity: Decimal = Decimal(1)
    party: str = Field("provider", max_length=16)
    ticket: str = Field("", max_length=64)
    note: str = ""
    reason: str = ""


class SampleIn(Input):
    """How many of the period's tickets: a number, or a share in per cent."""

    count: int | None = Field(None, ge=1, le=1_000)
    share: Decimal | None = Field(None, gt=0, le=100)


class ClaimIn(Input):
    """What is contested, why, and what is asked for."""

    item: str = Field(max_length=40)
    event: str = Field(
        "", max_length=200, description="Key of an event of the item; nothing: the item as such"
    )
    argument: str
    claim: str


class AppealIn(StepIn):
    """All that is contested, in one filing."""

    claims: list[ClaimIn] = Field(max_length=200)


class AppealReplyIn(Input):
    """The client's reply."""

    text: str


class ChangeIn(Input):
    """What a decision changes: one of these, or nothing."""

    drop: bool = False
    quantity: Decimal | None = None
    party: str = Field("", max_length=16)
    value: Decimal | None = None
    mark: Decimal | None = None

    def plain(self) -> dict[str, Any]:
        """Only what it changes."""
        data: dict[str, Any] = {"drop": True} if self.drop else {}
        if self.party:
            data["party"] = self.party
        for name in ("quantity", "value", "mark"):
            if (number := getattr(self, name)) is not None:
                data[name] = str(number)
        return data


class VoteIn(Input):
    """What one's side wants an appeal to be decided as."""

    decision: VerdictName
    change: ChangeIn = Field(default_factory=lambda: ChangeIn(party=""))
    reason: str


class OrderIn(Input):
    """What is to be mended by when. `item` and `trigger` are keys of the scheme."""

    what: str
    due_at: Instant
    item: str = Field("", max_length=40)
    trigger: str = Field("", max_length=40)


class ReportIn(StepIn):
    """What was done."""

    report: str


# --- what goes out --------------------------------------------------------------------------------------------------


class EvidenceOut(Schema):
    """A file that came with something that was done."""

    uuid: UUID
    name: str
    size: int = Field(description="Bytes")
    sha256: str


class ReversedPartOut(Schema):
    """A statement that was reversed after a longer one was made of it."""

    number: str
    period: str
    reversed_by: str
    through: str | None = Field(description="The statement in between: of a quarter that a year is made of")


class StatementOut(Schema):
    """A statement as a list shows it."""

    number: str
    contract: str
    kind: KindName
    period: str
    state: StateName
    edition: int = Field(description="1, and one more with each that reverses another")
    reverses: str | None
    row_version: int
    position: int | None = Field(description="Log position of its figures")
    evaluated_at: datetime
    value: Decimal | None = Field(
        description="The score; of a draft so far, null where nothing was asked for"
    )
    grade: str | None
    payable: Decimal | None
    currency: str | None
    digest: str | None = Field(description="SHA-256 of what is frozen; null of a draft")
    issue_due_at: datetime | None
    issued_at: datetime | None
    answer_due_at: datetime | None
    answered_at: datetime | None
    is_accepted_by_silence: bool
    arbitration_due_at: datetime | None
    locked_at: datetime | None
    settled_at: datetime | None
    rests_on_reversed: list[ReversedPartOut] = Field(
        description="Of a longer period: what it is made of that was reversed since"
    )


class WaitingOut(Schema):
    """A statement or a rectification order in which the next word is the reader's."""

    kind: Literal["statement", "rectification"]
    number: str
    statement: str = Field(description="Number of the statement that it is about, or is")
    contract: str
    period: str
    state: str
    steps: list[Step] = Field(description="What the reader may do next; a token signs nothing")
    until: datetime | None = Field(description="End of the term; null where the step has none")
    is_late: bool


class WaitingStatementsOut(Schema):
    """What waits, the first due first."""

    items: list[WaitingOut]
    has_more: bool = Field(description="These are not all: `limit` was reached")


class InputOut(Schema):
    """What somebody entered."""

    uuid: UUID
    kind: Literal["value", "mark", "event", "none_happened"]
    key: str = Field(description="Item, or kind of event")
    event: str | None = Field(description="Key by which an appeal names the event")
    value: Decimal | None
    quantity: Decimal | None
    party: str | None
    occurred_at: datetime | None
    ticket: str | None
    note: str
    reason: str
    role: str | None
    rater: str | None = Field(description="Null where names are not for the reader")
    side: SideName
    entered_by: str | None = Field(description="Null where names are not for the reader")
    entered_at: datetime
    files: list[EvidenceOut]
    withdrawn_at: datetime | None
    why_withdrawn: str


class BallotOut(Schema):
    """What one side wants."""

    side: SideName
    decision: VerdictName
    change: dict[str, Any]
    reason: str
    voted_at: datetime


class AppealOut(Schema):
    """What is contested, and what became of it."""

    uuid: UUID
    item: str
    event: str | None
    argument: str
    claim: str
    filed_at: datetime
    files: list[EvidenceOut]
    reply: str
    replied_at: datetime | None
    reply_files: list[EvidenceOut]
    votes: list[BallotOut]
    decision: VerdictName | None
    change: dict[str, Any]
    decided_at: datetime | None


class SignatureOut(Schema):
    """A side's signature."""

    side: SideName
    method: Literal["passkey", "confirmation", "scan"]
    person: str
    organisation: str
    signed_at: datetime
    digest: str


class OrderOut(Schema):
    """A rectification order."""

    number: str
    statement: str
    state: Literal["ordered", "reported", "verified", "withdrawn"]
    row_version: int
    item: str | None
    trigger: str | None
    what: str
    due_at: datetime
    is_late: bool
    report: str
    reported_at: datetime | None
    answer: str
    verified_at: datetime | None


class StatementDetail(StatementOut):
    """A statement with all that was done to it. What it froze is at `…/content`."""

    why_reversed: str
    reversed_by: str | None
    answer: str
    is_answer_late: bool | None
    is_arbitration_late: bool | None
    difference: dict[str, str | None] | None = Field(
        description="Of one that reverses another: its score against that, its money against all that was settled"
    )
    inputs: list[InputOut]
    samples: list[dict[str, Any]]
    appeals: list[AppealOut]
    signatures: list[SignatureOut]
    rectifications: list[OrderOut]
    transitions: list[str] = Field(description="What the caller may do now")


def statements_out(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """The rows of the list (1 query where longer periods are among them)."""
    reversed_since = reversed_parts(statements)
    return [_row(one, reversed_since.get(one.pk, ())) for one in statements]


def waiting_out(found: Sequence[Waiting], now: datetime) -> list[dict[str, Any]]:
    """What waits for somebody."""
    rows = []
    for one in found:
        is_order = isinstance(one.subject, Rectification)
        statement = one.subject.statement if is_order else one.subject
        rows.append(
            {
                "kind": "rectification" if is_order else "statement",
                "number": one.subject.number,
                "statement": statement.number,
                "contract": one.subject.scope.key,
                "period": statement.period,
                "state": one.subject.state,
                "steps": one.steps,
                "until": one.until,
                "is_late": one.until is not None and one.until < now,
            }
        )
    return rows


def _row(statement: Statement, rests_on: Sequence[ReversedPart]) -> dict[str, Any]:
    same = (
        *("number", "kind", "period", "state", "edition", "row_version", "position", "evaluated_at", "value"),
        *("payable", "issue_due_at", "issued_at", "answer_due_at", "answered_at", "is_accepted_by_silence"),
        *("arbitration_due_at", "locked_at", "settled_at"),
    )
    return {
        **{name: getattr(statement, name) for name in same},
        "contract": statement.scope.key,
        "reverses": statement.reverses.number if statement.reverses else None,
        "grade": statement.grade or None,
        "currency": statement.currency or None,
        "digest": None if statement.digest is None else bytes(statement.digest).hex(),
        "rests_on_reversed": [
            {
                "number": one.number,
                "period": one.period,
                "reversed_by": one.reversed_by,
                "through": one.through or None,
            }
            for one in rests_on
        ],
    }


def statement_detail(viewer: Viewer, statement: Statement) -> dict[str, Any]:
    """Everything of one."""
    view: StatementView = queries.statement_page(viewer, statement, now=datetime.now(UTC))
    names = viewer.may("entry.personal", statement.scope_id)
    return {
        **_row(statement, view.rests_on_reversed),
        "why_reversed": statement.why_reversed,
        "reversed_by": view.reversed_by.number if view.reversed_by else None,
        "answer": statement.answer,
        "is_answer_late": view.is_answer_late,
        "is_arbitration_late": view.is_arbitration_late,
        "difference": queries.plain_difference_of(statement),
        "inputs": [input_out(row, view.files, names_people=names) for row in view.inputs],
        "samples": [sample if names else {**sample, "drawn_by": None} for sample in statement.samples],
        "appeals": [appeal_out(row, view.files) for row in view.appeals],
        "signatures": [
            {
                **{name: getattr(row, name) for name in ("side", "method", "organisation", "signed_at")},
                "person": row.person,
                "digest": bytes(row.digest).hex(),
            }
            for row in view.signatures
        ],
        "rectifications": [order_out(row, statement.number) for row in view.rectifications],
        "transitions": sorted(view.transitions),
    }


def input_out(
    row: StatementInput, files: Mapping[int, Iterable[Attachment]], *, names_people: bool
) -> dict[str, Any]:
    """One input. Names of people are for those who may read them."""
    same = ("uuid", "kind", "key", "value", "quantity", "occurred_at", "note", "reason", "side", "entered_at")
    return {
        **{name: getattr(row, name) for name in (*same, "withdrawn_at", "why_withdrawn")},
        "event": row.event_key or None,
        "party": row.party or None,
        "ticket": row.subject or None,
        "role": row.role or None,
        "rater": (row.rater or None) if names_people else None,
        "entered_by": row.entered_by if names_people else None,
        "files": files_out(files.get(row.entry_id, ())),
    }


def appeal_out(row: Appeal, files: Mapping[int, Iterable[Attachment]]) -> dict[str, Any]:
    """One appeal with its votes."""
    same = ("uuid", "item", "argument", "claim", "filed_at", "reply", "replied_at", "change", "decided_at")
    return {
        **{name: getattr(row, name) for name in same},
        "event": row.event or None,
        "decision": row.decision or None,
        "files": files_out(files.get(row.entry_id, ())),
        "reply_files": files_out(files.get(row.reply_entry_id or 0, ())),
        "votes": [
            {name: getattr(vote, name) for name in ("side", "decision", "change", "reason", "voted_at")}
            for vote in row.votes.all()
        ],
    }


def order_out(row: Rectification, statement: str) -> dict[str, Any]:
    """One rectification order."""
    same = (
        "number",
        "state",
        "row_version",
        "what",
        "due_at",
        "report",
        "reported_at",
        "answer",
        "verified_at",
    )
    return {
        **{name: getattr(row, name) for name in same},
        "statement": statement,
        "item": row.item or None,
        "trigger": row.trigger or None,
        "is_late": (row.reported_at or datetime.now(UTC)) > row.due_at,
    }


def files_out(files: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Files as the API names them."""
    return [
        {"uuid": file.uuid, "name": file.name, "size": file.size, "sha256": bytes(file.digest).hex()}
        for file in files
    ]
