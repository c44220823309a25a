"""What people enter for a draft, by the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Form, Status, UploadedFile

from yunheng.foundation.answers import read_part, viewer_of
from yunheng.foundation.attachments import FileDraft, read_uploads
from yunheng.foundation.refusals import Invalid

from .. import actions
from .life import detail
from .routing import FILES, router
from .shapes import EnterIn, SampleIn, StatementDetail, WhyIn


def _enter(request: HttpRequest, number: str, said: EnterIn, files: Sequence[FileDraft]) -> dict[str, Any]:
    viewer = viewer_of(request)
    if said.kind == "value":
        actions.enter_value(viewer, number, said.item, said.value, said.note, files)
    elif said.kind == "mark":
        if said.value is None:
            raise Invalid({"value": _("This field is required.")})
        actions.enter_mark(
            viewer, number, said.item, said.role, said.value, said.reason, files, rater=said.rater
        )
    elif said.kind == "event":
        if said.occurred_at is None:
            raise Invalid({"occurred_at": _("This field is required.")})
        actions.enter_event(
            viewer,
            number,
            said.event,
            said.occurred_at,
            said.quantity,
            said.party,
            said.note,
            said.ticket,
            files,
        )
    else:
        actions.say_none_happened(viewer, number, said.event, said.note)
    return detail(request, number)


@router.post("/statements/{number}/inputs", response={201: StatementDetail}, summary="Enter something")
def enter(request: HttpRequest, number: str, said: EnterIn) -> Any:
    """A value, a mark, an event, or that there was none of a kind."""
    return Status(201, _enter(request, number, said, []))


@router.post(
    "/statements/{number}/inputs/with-files",
    response={201: StatementDetail},
    summary="Enter something with evidence",
)
def enter_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = FILES
) -> Any:
    """A form: `data` is the JSON document of “Enter something”."""
    return Status(201, _enter(request, number, read_part(EnterIn, data), read_uploads(files)))


@router.post(
    "/statements/{number}/inputs/{uuid:uuid}/withdrawal",
    response=StatementDetail,
    summary="Withdraw an input",
)
def withdraw_input(request: HttpRequest, number: str, uuid: UUID, wanted: WhyIn) -> dict[str, Any]:
    """It stays to be read, and counts no more."""
    actions.withdraw_input(viewer_of(request), number, uuid, wanted.reason)
    return detail(request, number)


@router.post("/statements/{number}/samples", response={201: StatementDetail}, summary="Draw a random sample")
def draw_sample(request: HttpRequest, number: str, wanted: SampleIn) -> Any:
    """Of the tickets that were opened in the period; the seed says how to draw it again."""
    actions.draw_sample(viewer_of(request), number, share=wanted.share, count=wanted.count)
    return Status(201, detail(request, number))
