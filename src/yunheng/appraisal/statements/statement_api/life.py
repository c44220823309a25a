"""Statements by the API: the list, one of them, and the steps of its way. People sign on the page, not here."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Status

from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Page, download, viewer_of

from .. import actions, queries
from ..awaited import waiting_for
from .routing import router
from .shapes import (
    DraftIn,
    KindName,
    OpinionIn,
    StatementDetail,
    StatementOut,
    StateName,
    StepIn,
    StepReasonIn,
    WaitingStatementsOut,
    WhyIn,
    statement_detail,
    statements_out,
    waiting_out,
)

_BYTES = {
    "responses": {
        200: {
            "description": "The exact bytes",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def detail(request: HttpRequest, number: str) -> dict[str, Any]:
    """A statement as it is now, for who asks."""
    viewer = viewer_of(request)
    return statement_detail(viewer, queries.access_statement(viewer, number))


@router.get("/statements", response=Page[StatementOut], summary="Statements")
def read_statements(
    request: HttpRequest,
    contract: str | None = Query(None, max_length=64),
    kind: KindName | None = None,
    state: StateName | None = None,
    period: str = Query("", max_length=10),
    after: str | None = Query(None, max_length=64),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Newest first; both sides see drafts, which they work on together."""
    page = queries.list_statements(
        viewer_of(request),
        contract,
        after=after,
        limit=limit,
        kind=kind or "",
        state=state or "",
        period=period,
    )
    return {"items": statements_out(page.statements), "next": page.following or None}


@router.post("/contracts/{key}/statements", response={201: StatementDetail}, summary="Draft a statement")
def draft_statement(request: HttpRequest, key: str, wanted: DraftIn) -> Any:
    """Computed at the newest signed head, after sealing what waits."""
    statement = actions.draft_statement(viewer_of(request), key, wanted.period)
    return Status(201, detail(request, statement.number))


@router.get("/statements/waiting", response=WaitingStatementsOut, summary="Statements to deal with")
def read_waiting_statements(
    request: HttpRequest, limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE)
) -> dict[str, Any]:
    """Those and the rectification orders in which the next word is the reader's, the first due first."""
    now = datetime.now(UTC)
    found, has_more = waiting_for(viewer_of(request), now=now, most=limit)
    return {"items": waiting_out(found, now), "has_more": has_more}


@router.get("/statements/{number}", response=StatementDetail, summary="A statement")
def read_statement(request: HttpRequest, number: str) -> dict[str, Any]:
    """With what was entered, contested and signed."""
    return detail(request, number)


@router.get("/statements/{number}/content", summary="What a statement froze", openapi_extra=_BYTES)
def read_content(request: HttpRequest, number: str) -> HttpResponse:
    """The canonical JSON whose SHA-256 is the statement's digest. 404 of a draft."""
    statement = queries.access_statement(viewer_of(request), number)
    return download(f"{statement.number}.json", queries.frozen_bytes(statement))


@router.get("/statements/{number}/files/{uuid:uuid}", summary="A file of a statement", openapi_extra=_BYTES)
def read_file(request: HttpRequest, number: str, uuid: UUID) -> HttpResponse:
    """Evidence that somebody added."""
    name, _media_type, data = queries.file_of(viewer_of(request), number, uuid)
    return download(name, data)


@router.post("/statements/{number}/refresh", response=StatementDetail, summary="Bring a draft up to date")
def refresh_draft(request: HttpRequest, number: str, seen: StepIn) -> dict[str, Any]:
    """Computed anew at the newest signed head."""
    actions.refresh_draft(viewer_of(request), number, seen.row_version)
    return detail(request, number)


@router.post("/statements/{number}/discard", response=StatementDetail, summary="Give a draft up")
def discard_statement(request: HttpRequest, number: str, wanted: StepReasonIn) -> dict[str, Any]:
    """The period may be drafted again."""
    actions.discard_statement(viewer_of(request), number, wanted.row_version, wanted.reason)
    return detail(request, number)


@router.post("/statements/{number}/issue", response=StatementDetail, summary="Issue a statement")
def issue_statement(request: HttpRequest, number: str, seen: StepIn) -> dict[str, Any]:
    """For the client, after the period's end, when nothing is lacking (422 names what is)."""
    actions.issue_statement(viewer_of(request), number, seen.row_version)
    return detail(request, number)


@router.post("/statements/{number}/accept", response=StatementDetail, summary="Accept a statement")
def accept_statement(request: HttpRequest, number: str, wanted: OpinionIn) -> dict[str, Any]:
    """For the provider."""
    actions.accept_statement(viewer_of(request), number, wanted.row_version, wanted.opinion)
    return detail(request, number)


@router.post("/statements/{number}/settle", response=StatementDetail, summary="Settle a statement")
def settle_statement(request: HttpRequest, number: str, seen: StepIn) -> dict[str, Any]:
    """Once both sides have signed."""
    actions.settle_statement(viewer_of(request), number, seen.row_version)
    return detail(request, number)


@router.post(
    "/statements/{number}/reversal", response={201: StatementDetail}, summary="Draft a reversing statement"
)
def reverse_statement(request: HttpRequest, number: str, wanted: WhyIn) -> Any:
    """It takes the place of this one when both sides have signed it."""
    statement = actions.reverse_statement(viewer_of(request), number, wanted.reason)
    return Status(201, detail(request, statement.number))
