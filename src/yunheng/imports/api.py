"""API of imports: a file is looked at, its columns are given a meaning, a trial says what would come, then it runs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, UploadedFile

from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Input, Page, viewer_of

from . import asking
from .forms import data_of
from .mapping import parse_mapping
from .models import ImportRun
from .queries import access_run, list_runs, rejections_of

router = Router(tags=["imports"])


class ImportRunOut(Schema):
    """One file that is read into one contract. `read` = imported + rejected + repeated."""

    uuid: UUID
    contract: str
    file: str
    format: str = Field(description='"" until the file was looked at')
    status: str = Field(
        description="looking, mapping, trying, tried, queued, running, finished, failed or cancelled"
    )
    total: int = Field(description="Rows of the file, once they were counted")
    tried: int = Field(description="Rows that the trial has looked at")
    read: int
    imported: int
    rejected: int
    repeated: int = Field(description="Rows that an earlier run had taken")
    fault: str = Field(description="Why it failed")
    started_at: datetime
    finished_at: datetime | None


class RunDetail(ImportRunOut):
    """A run with what was found in its file."""

    look: dict[str, Any] = Field(description="Columns, examples, a proposed mapping")
    trial: dict[str, Any] = Field(description="What a run without writing would take and reject")


class TryIn(Input):
    """What the file means. A table needs a mapping; a ServiceNow log a zone and a service."""

    mapping: str = Field("", max_length=100_000, description="YAML, as `yunheng import preview` writes it")
    zone: str = Field("", max_length=64)
    service: str = Field("", max_length=64)


class RejectionOut(Schema):
    """A row that was not taken."""

    row: int
    field: str
    value: str
    reason: str


def _run(run: ImportRun) -> dict[str, Any]:
    same = ("uuid", "format", "status", "total", "tried", "read", "imported", "rejected", "repeated", "fault")
    return {
        **{name: getattr(run, name) for name in (*same, "started_at", "finished_at")},
        "contract": run.scope.key,
        "file": run.file_name,
    }


def _detail(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    run = access_run(viewer_of(request), uuid)
    return {**_run(run), "look": run.look, "trial": run.trial}


def _asked(request: HttpRequest, uuid: UUID, ask: Callable[..., None]) -> dict[str, Any]:
    ask(viewer=viewer_of(request), uuid=uuid)
    return _detail(request, uuid)


@router.get("/imports", response=Page[ImportRunOut], summary="Imports")
def read_runs(
    request: HttpRequest,
    after: UUID | None = None,
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Of the contracts that the reader may import into, the newest first."""
    page = list_runs(viewer_of(request), str(after) if after else "", limit)
    return {"items": [_run(run) for run in page.runs], "next": page.following or None}


@router.post("/imports", response={202: RunDetail}, summary="Upload a file to import")
def post_run(request: HttpRequest, contract: Form[str], file: File[UploadedFile]) -> dict[str, Any]:
    """The worker looks at it; read the run until its `status` is `mapping`. Nothing is imported yet."""
    made = asking.start_import(viewer=viewer_of(request), contract=contract, file=file)
    return _detail(request, made.uuid)


@router.get("/imports/{uuid:uuid}", response=RunDetail, summary="One import")
def read_run(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """What is in the file, how far it is, what came."""
    return _detail(request, uuid)


@router.post(
    "/imports/{uuid:uuid}/trial", response={202: RunDetail}, summary="Say what the file means, and try it"
)
def post_trial(request: HttpRequest, uuid: UUID, body: TryIn) -> dict[str, Any]:
    """A run without writing; when its `status` is `tried`, `trial` says what would come."""
    viewer = viewer_of(request)
    access_run(viewer, uuid)
    choices: dict[str, Any] = {"zone": body.zone, "service": body.service}
    if body.mapping.strip():
        choices = data_of(parse_mapping(body.mapping.encode(), "mapping"))
    asking.try_import(viewer=viewer, uuid=uuid, choices=choices)
    return _detail(request, uuid)


@router.post("/imports/{uuid:uuid}/start", response={202: RunDetail}, summary="Carry out what was tried")
def post_start(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """In the background; `read` of `total` says how far it is."""
    return _asked(request, uuid, asking.run_import)


@router.post("/imports/{uuid:uuid}/resume", response={202: RunDetail}, summary="Take up a run that failed")
def post_resume(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """After its last committed row."""
    return _asked(request, uuid, asking.go_on)


@router.post("/imports/{uuid:uuid}/cancel", response={202: RunDetail}, summary="Stop an import")
def post_cancel(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """At once while nothing runs, else after the batch it is at; what is committed stays."""
    return _asked(request, uuid, asking.cancel_import)


@router.get(
    "/imports/{uuid:uuid}/rejections", response=Page[RejectionOut], summary="Rows that were not taken"
)
def read_rejections(
    request: HttpRequest,
    uuid: UUID,
    after: int = Query(0, ge=0, le=2**62, description="Row of the last one already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """In the order of the file, each with its reason."""
    found = list(rejections_of(access_run(viewer_of(request), uuid), limit + 1, after=after))
    shown = found[:limit]
    return {
        "items": [
            {"row": one.row, "field": one.field, "value": one.value, "reason": one.reason} for one in shown
        ],
        "next": str(shown[-1].row) if len(found) > limit else None,
    }
