"""Rectification orders by the API."""

from typing import Any

from django.http import HttpRequest
from ninja import Form, Status, UploadedFile

from yunheng.foundation.answers import read_part, viewer_of
from yunheng.foundation.attachments import read_uploads

from .. import actions, queries
from .routing import FILES, router
from .shapes import OpinionIn, OrderIn, OrderOut, ReportIn, StepReasonIn, order_out


def _order(request: HttpRequest, number: str) -> dict[str, Any]:
    order = queries.access_rectification(viewer_of(request), number)
    return order_out(order, order.statement.number)


@router.post("/statements/{number}/rectifications", response={201: OrderOut}, summary="Order rectification")
def order_rectification(request: HttpRequest, number: str, wanted: OrderIn) -> Any:
    """For the client, of what a statement shows."""
    order = actions.order_rectification(
        viewer_of(request), number, wanted.what, wanted.due_at, item=wanted.item, trigger=wanted.trigger
    )
    return Status(201, _order(request, order.number))


@router.get("/rectifications/{number}", response=OrderOut, summary="A rectification order")
def read_rectification(request: HttpRequest, number: str) -> dict[str, Any]:
    """What is to be mended by when, and what became of it."""
    return _order(request, number)


@router.post("/rectifications/{number}/report", response=OrderOut, summary="Report rectification done")
def report_rectification(request: HttpRequest, number: str, done: ReportIn) -> dict[str, Any]:
    """For the provider."""
    actions.report_rectification(viewer_of(request), number, done.row_version, done.report)
    return _order(request, number)


@router.post(
    "/rectifications/{number}/report/with-files",
    response=OrderOut,
    summary="Report rectification done with evidence",
)
def report_rectification_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = FILES
) -> dict[str, Any]:
    """A form: `data` is the JSON document of “Report rectification done”."""
    done = read_part(ReportIn, data)
    actions.report_rectification(
        viewer_of(request), number, done.row_version, done.report, read_uploads(files)
    )
    return _order(request, number)


@router.post("/rectifications/{number}/verify", response=OrderOut, summary="Verify rectification")
def verify_rectification(request: HttpRequest, number: str, wanted: OpinionIn) -> dict[str, Any]:
    """For the client."""
    actions.verify_rectification(viewer_of(request), number, wanted.row_version, wanted.opinion)
    return _order(request, number)


@router.post("/rectifications/{number}/send-back", response=OrderOut, summary="Send rectification back")
def send_rectification_back(request: HttpRequest, number: str, wanted: StepReasonIn) -> dict[str, Any]:
    """For the client: it is not mended yet."""
    actions.send_rectification_back(viewer_of(request), number, wanted.row_version, wanted.reason)
    return _order(request, number)


@router.post("/rectifications/{number}/withdraw", response=OrderOut, summary="Withdraw a rectification order")
def withdraw_rectification(request: HttpRequest, number: str, wanted: StepReasonIn) -> dict[str, Any]:
    """For the client."""
    actions.withdraw_rectification(viewer_of(request), number, wanted.row_version, wanted.reason)
    return _order(request, number)
