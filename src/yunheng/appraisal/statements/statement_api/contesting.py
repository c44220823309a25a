"""Appeals and their decisions, by the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Form, Status, UploadedFile

from yunheng.foundation.answers import read_part, viewer_of
from yunheng.foundation.attachments import FileDraft, read_uploads

from .. import actions
from .life import detail
from .routing import FILES, router
from .shapes import AppealIn, AppealReplyIn, StatementDetail, VoteIn


def _appeal(request: HttpRequest, number: str, filed: AppealIn, files: Sequence[FileDraft]) -> dict[str, Any]:
    claims = [actions.Claim(one.item, one.argument, one.claim, one.event) for one in filed.claims]
    actions.appeal(viewer_of(request), number, filed.row_version, claims, files)
    return detail(request, number)


@router.post("/statements/{number}/appeals", response={201: StatementDetail}, summary="Appeal")
def appeal(request: HttpRequest, number: str, filed: AppealIn) -> Any:
    """For the provider, within the contract's term; all that is contested in one filing."""
    return Status(201, _appeal(request, number, filed, []))


@router.post(
    "/statements/{number}/appeals/with-files", response={201: StatementDetail}, summary="Appeal with evidence"
)
def appeal_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = FILES
) -> Any:
    """A form: `data` is the JSON document of “Appeal”."""
    return Status(201, _appeal(request, number, read_part(AppealIn, data), read_uploads(files)))


@router.post(
    "/statements/{number}/appeals/{uuid:uuid}/reply", response=StatementDetail, summary="Reply to an appeal"
)
def answer_appeal(request: HttpRequest, number: str, uuid: UUID, reply: AppealReplyIn) -> dict[str, Any]:
    """For the client, once, before it is decided."""
    actions.answer_appeal(viewer_of(request), number, uuid, reply.text)
    return detail(request, number)


@router.post(
    "/statements/{number}/appeals/{uuid:uuid}/reply/with-files",
    response=StatementDetail,
    summary="Reply to an appeal with evidence",
)
def answer_appeal_with_files(
    request: HttpRequest, number: str, uuid: UUID, data: Form[str], files: list[UploadedFile] = FILES
) -> dict[str, Any]:
    """A form: `data` is the JSON document of “Reply to an appeal”."""
    text = read_part(AppealReplyIn, data).text
    actions.answer_appeal(viewer_of(request), number, uuid, text, read_uploads(files))
    return detail(request, number)


@router.post(
    "/statements/{number}/appeals/{uuid:uuid}/votes", response=StatementDetail, summary="Vote on an appeal"
)
def vote(request: HttpRequest, number: str, uuid: UUID, ballot: VoteIn) -> dict[str, Any]:
    """For one's side; what both sides want alike is the decision."""
    actions.vote(viewer_of(request), number, uuid, ballot.decision, ballot.change.plain(), ballot.reason)
    return detail(request, number)


@router.post("/statements/{number}/arbitration", response=StatementDetail, summary="Close the arbitration")
def close_arbitration(request: HttpRequest, number: str) -> dict[str, Any]:
    """When every appeal is decided: the score is computed and frozen anew."""
    actions.close_arbitration(viewer_of(request), number)
    return detail(request, number)
