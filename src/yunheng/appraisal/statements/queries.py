"""Which statements somebody may know of, one of them with all that is on its page, and what it froze."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import content_of
from yunheng.foundation.flow import offered
from yunheng.foundation.models import Attachment, Entry, SubjectBase
from yunheng.foundation.refusals import NotFound
from yunheng.foundation.subject_lists import newest_first
from yunheng.logic.appraisal import Difference, difference
from yunheng.logic.score import text_of

from ..models import Appeal, Rectification, Signature, Statement, StatementInput
from .editions import earlier_editions, settled_before
from .resting import ReversedPart, reversed_parts

PAGE = 50


def visible_statements(viewer: Viewer) -> QuerySet[Statement]:
    """Statements of the contracts under which the viewer may read them, drafts too: both sides work on those
    together.

    Without the frozen bytes, which are read when they are wanted.
    """
    statements = Statement.objects.select_related("scope", "reverses", "contract_version").defer(
        "frozen", "reverses__frozen", "contract_version__document", "contract_version__terms"
    )
    seen = viewer.scopes_where("appraisal.view")
    return statements if seen is None else statements.filter(scope_id__in=seen)


def access_statement(viewer: Viewer, number: str) -> Statement:
    """The statement with that number. Raises NotFound when it is missing or hidden; nobody learns which."""
    statement = visible_statements(viewer).filter(number=number).first()
    if statement is None:
        raise NotFound(_("There is no statement %(number)s.") % {"number": number})
    return statement


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of the list, newest first. `following` continues it, "" at the end."""

    statements: list[Statement]
    following: str


def list_statements(
    viewer: Viewer,
    contract_key: str | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE,
    state: str = "",
    kind: str = "",
    period: str = "",
) -> StatementPage:
    """Statements that the viewer may see, newest first (1 query, 2 with `after`, 1 more with a contract).

    Raises NotFound for an unknown contract, Invalid for a place that is not in the list.
    """
    scope_id = access_contract(viewer, contract_key).pk if contract_key else None
    asked = {"state": state, "kind": kind, "period": period}
    return StatementPage(
        *newest_first(visible_statements(viewer), scope_id=scope_id, after=after, limit=limit, **asked)
    )


def frozen_bytes(statement: Statement) -> bytes:
    """The exact bytes that the statement froze, that are hashed and signed. Raises NotFound for a draft."""
    if statement.frozen is None:
        raise NotFound(
            _("%(number)s is a draft: nothing of it is frozen yet.") % {"number": statement.number}
        )
    return bytes(statement.frozen)


def frozen_of(statement: Statement) -> dict[str, Any]:
    """What the statement froze, as data. Raises NotFound for a draft."""
    found: dict[str, Any] = json.loads(frozen_bytes(statement))
    return found


# --- the page of one -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of a statement as its reader may see it."""

    entry_id: int
    type: str
    at: datetime
    who: str  # "" where names are not for the reader
    data: Mapping[str, Any]
    is_by_system: bool
    told: Sequence[str] = ()  # who was told of it, by name; as `who`


@dataclass(frozen=True, slots=True)
class StatementView:
    """Everything that a page about a statement shows. `content` is what it froze; None of a draft, whose scorecard is
    computed when it is wanted (`drafted_card`).
    """

    statement: Statement
    contract: Contract
    content: Mapping[str, Any] | None
    inputs: Sequence[StatementInput]
    appeals: Sequence[Appeal]  # with their votes
    signatures: Sequence[Signature]
    rectifications: Sequence[Rectification]
    files: Mapping[int, Sequence[Attachment]]  # by the entry that brought them
    transitions: frozenset[str]  # keys of the process's transitions that the viewer may make
    permissions: frozenset[str]  # of the viewer here
    history: Sequence[HistoryLine]
    reversed_by: Statement | None
    rests_on_reversed: Sequence[ReversedPart]
    is_answer_late: bool | None  # None: nothing to answer, or no term
    is_arbitration_late: bool | None


def statement_page(viewer: Viewer, statement: Statement, *, now: datetime) -> StatementView:
    """A statement with what was entered, contested and signed, its history and what the viewer may do (10 queries)."""
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=statement.scope_id)
    rectifications = list(Rectification.objects.filter(statement=statement).order_by("pk"))
    files: dict[int, list[Attachment]] = {}
    subjects = [statement.pk, *(one.pk for one in rectifications)]
    # What was entered for those before came along with its files.
    subjects += [older.pk for older in earlier_editions(statement)]
    for file in Attachment.objects.filter(scope_id=statement.scope_id, subject_id__in=subjects).order_by(
        "id"
    ):
        files.setdefault(file.entry_id, []).append(file)
    return StatementView(
        statement=statement,
        contract=contract,
        content=None if statement.digest is None else frozen_of(statement),
        inputs=list(StatementInput.objects.filter(statement=statement).order_by("pk")),
        appeals=appeals_of(statement),
        signatures=list(Signature.objects.filter(statement=statement).order_by("pk")),
        rectifications=rectifications,
        files=files,
        transitions=frozenset(step.key for step in offered(statement, viewer)),
        permissions=viewer.permissions(statement.scope_id),
        history=history_of(viewer, statement),
        reversed_by=visible_statements(viewer).filter(reverses=statement).first(),
        rests_on_reversed=reversed_parts([statement]).get(statement.pk, ()),
        is_answer_late=_is_late(statement.answer_due_at, statement.answered_at, now),
        is_arbitration_late=_is_late(statement.arbitration_due_at, statement.arbitrated_at, now),
    )


def appeals_of(statement: Statement) -> list[Appeal]:
    """The appeals against a statement in the order in which they were filed, with their votes (2 queries)."""
    return list(Appeal.objects.filter(statement=statement).prefetch_related("votes").order_by("pk"))


def difference_of(statement: Statement) -> Difference | None:
    """What a reversing statement changes: the score of the one before, and the money that was settled for the period by
    all those before it together; None of any other. Money that was never settled is still open in full.
    """
    older = statement.reverses
    if older is None:
        return None
    return difference(
        score_before=older.value,
        score_after=statement.value,
        settled=settled_before(statement),
        payable=statement.payable,
    )


def plain_difference_of(statement: Statement) -> dict[str, str | None] | None:
    """The same as entries and the API tell it."""
    found = difference_of(statement)
    if found is None:
        return None
    return {
        name: None if number is None else text_of(number)
        for name, number in (("score", found.score), ("money", found.money), ("settled", found.settled))
    }


def visible_orders(viewer: Viewer) -> QuerySet[Rectification]:
    """Rectification orders of the contracts under which the viewer may read statements."""
    orders = Rectification.objects.select_related("scope", "statement").defer("statement__frozen")
    seen = viewer.scopes_where("appraisal.view")
    return orders if seen is None else orders.filter(scope_id__in=seen)


def access_rectification(viewer: Viewer, number: str) -> Rectification:
    """The order with that number. Raises NotFound when it is missing or hidden."""
    found = visible_orders(viewer).filter(number=number).first()
    if found is None:
        raise NotFound(_("There is no rectification order %(number)s.") % {"number": number})
    return found


def file_of(viewer: Viewer, number: str, uuid: UUID) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a file of a statement, or of one of its rectification orders. Raises NotFound."""
    statement = access_statement(viewer, number)
    subjects = [statement.pk, *statement.rectifications.values_list("pk", flat=True)]
    file = Attachment.objects.filter(
        scope_id=statement.scope_id, subject_id__in=subjects, uuid=uuid, is_internal=False
    ).first()
    data = None if file is None else content_of(file)
    if file is None or data is None:
        raise NotFound(_("There is no such file."))
    return file.name, file.media_type, data


def history_of(viewer: Viewer, subject: SubjectBase) -> list[HistoryLine]:
    """The entries of a statement or an order, oldest first, cut to what the viewer may see (1 query)."""
    entries = Entry.objects.filter(scope_id=subject.scope_id, subject_id=subject.pk).select_related("body")
    names_people = viewer.may("entry.personal", subject.scope_id)
    return [
        HistoryLine(
            entry_id=entry.pk,
            type=entry.type,
            at=entry.recorded_at,
            who=((entry.body.personal or {}).get("actor") or {}).get("name", "") if names_people else "",
            data=entry.body.shared or {},
            is_by_system=entry.actor_kind == "system",
            told=[one["name"] for one in (entry.body.personal or {}).get("told", ())] if names_people else (),
        )
        for entry in entries.order_by("id")
    ]


def _is_late(due_at: datetime | None, done_at: datetime | None, now: datetime) -> bool | None:
    if due_at is None:
        return None
    return (done_at or now) > due_at
