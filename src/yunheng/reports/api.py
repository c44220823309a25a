"""API of reports: drafted by a job, written on, issued, answered by the client, planned, poured into templates."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, File, Query, Router, Schema, Status, UploadedFile

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_VERSION, PAGE, Input, Page, download, viewer_of
from yunheng.foundation.refusals import Invalid

from . import actions, queries
from .models import Report, ReportPlan, ReportRun, ReportTemplate
from .queries import ReportView
from .statements.making import letter_file

router = Router(tags=["reports"])

KindName = Literal["monthly", "ledger", "fault"]
LanguageName = Literal["zh-Hans", "en"]
FormatName = Literal["docx", "pdf", "xlsx"]
StateName = Literal["drafted", "issued", "accepted", "returned", "replaced", "discarded"]


class ReportRunOut(Schema):
    """The drafting of a report. It goes on by itself; ask again until `state` is finished or failed."""

    uuid: UUID
    contract: str
    kind: KindName
    period: str
    state: Literal["waiting", "running", "finished", "failed"]
    done: int = Field(description="Steps that are done")
    total: int = Field(description="Steps in all; 0 before it began")
    problem: str = Field(description="Why it failed, or what is wrong with a template")
    report: str | None = Field(description="Number of the report, once there is one")


class ReportOut(Schema):
    """A report as a list shows it."""

    number: str
    contract: str
    kind: KindName
    period: str = Field(description="Month, YYYY-MM")
    ticket: str | None = Field(description="Of a fault report")
    state: StateName
    edition: int = Field(description="1, and one more with each correction")
    edition_kind: str = Field(description="Of a fault report: preliminary or final")
    languages: list[LanguageName]
    position: int | None = Field(description="Log position of its figures")
    digests: dict[str, str] = Field(description="SHA-256 of the content by language")
    row_version: int
    issued_at: datetime | None
    issued_by: str | None = Field(description="Null where names are not for the reader")
    due_at: datetime | None = Field(description="By the contract; null where it names no term")
    is_late: bool | None = Field(description="Null while it may still come in time")
    answered_at: datetime | None
    answer: str = Field(description="The client's opinion, or why it was returned")
    replaces: str | None = Field(description="Number of the report that it corrects")


class ReportFileOut(Schema):
    """A file of an issued report."""

    language: LanguageName
    format: FormatName
    name: str
    size: int = Field(description="Bytes")
    sha256: str


class ReportDetail(ReportOut):
    """A report with its content and files."""

    contents: dict[str, Any] = Field(description="By language, as plain JSON; every figure at the position")
    comments: dict[str, dict[str, str]] = Field(description="By language")
    written: dict[str, Any] = Field(description="Of a fault report, by language")
    files: list[ReportFileOut] = Field(description="As issued; of a draft none, they are made when asked for")
    replaced_by: str | None
    transitions: list[str] = Field(description="What the caller may do now")


class AskIn(Input):
    """What is wanted: the report on a month, or the fault report on a ticket."""

    kind: KindName
    period: str = Field("", max_length=7, description="YYYY-MM; nothing for a fault report")
    ticket: str | None = Field(None, max_length=64, description="Number, for a fault report")
    languages: list[LanguageName] | None = Field(None, max_length=2, description="Default: both")


class SeenIn(Input):
    """The row version that the caller saw: another one now is a conflict."""

    row_version: int = Field(ge=1, le=LARGEST_VERSION)


class CommentsIn(SeenIn):
    """The manager's words in one language; what is null stays as it is."""

    language: LanguageName
    summary: str | None = None
    risks: str | None = None
    plan: str | None = None
    last_actions: str | None = None


class ActionIn(Input):
    """A corrective action."""

    what: str
    owner: str = ""
    due: str = ""


class FaultIn(SeenIn):
    """What a person knows of a fault, in one language; what is null stays as it is."""

    language: LanguageName
    phenomenon: str | None = None
    scope_impact: str | None = None
    direct_cause: str | None = None
    root_cause: str | None = None
    temporary_fix: str | None = None
    permanent_fix: str | None = None
    verification: str | None = None
    liability: str | None = None
    lessons: str | None = None
    actions: list[ActionIn] | None = Field(None, max_length=200)


class IssueIn(SeenIn):
    """A fault report says which edition it is."""

    edition: Literal["preliminary", "final"] | None = None


class AcceptIn(SeenIn):
    """The client's sign-off."""

    comment: str = ""


class ReasonIn(SeenIn):
    """Why it is sent back, or given up."""

    reason: str


class DeliverIn(Input):
    """To whom a report is sent: people who may read it."""

    people: list[UUID] = Field(max_length=500)
    formats: list[FormatName] = Field(
        [], max_length=3, description="Files that go with the mail; none: a link"
    )


class ReportDeliveryOut(Schema):
    """What becomes of a mail; see the delivery log."""

    uuid: UUID
    person: UUID
    status: str
    reason: str


class PlanOut(Schema):
    """The plan of a contract's monthly report. `row_version` 0: nobody has made one yet."""

    row_version: int
    is_active: bool
    languages: list[LanguageName]
    formats: list[FormatName]
    day: int = Field(description="Of the following month")
    time: str = Field(description="By the contract's clock, HH:MM")
    recipients: list[UUID]
    is_issued_by_itself: bool = Field(description="Else a draft waits for the manager's comments")
    has_files: bool = Field(description="Mails carry the files; else a link")


class PlanIn(Input):
    """A plan; what is null stays as it is."""

    row_version: int = Field(ge=0, le=LARGEST_VERSION)
    is_active: bool | None = None
    languages: list[LanguageName] | None = Field(None, max_length=2)
    formats: list[FormatName] | None = Field(None, max_length=3)
    day: int | None = Field(None, ge=1, le=28)
    time: str | None = Field(None, max_length=8)
    recipients: list[UUID] | None = Field(None, max_length=500)
    is_issued_by_itself: bool | None = None
    has_files: bool | None = None


class TemplateOut(Schema):
    """The client's own Word template for a kind and language."""

    kind: KindName
    language: LanguageName
    name: str
    size: int
    sha256: str
    put_at: datetime


def _run(run: ReportRun) -> dict[str, Any]:
    return {
        **{
            name: getattr(run, name)
            for name in ("uuid", "kind", "period", "state", "done", "total", "problem")
        },
        "contract": run.scope.key,
        "report": run.report.number if run.report else None,
    }


def _report(viewer: Viewer, report: Report) -> dict[str, Any]:
    same = (
        *("number", "kind", "period", "state", "edition", "edition_kind", "languages", "position", "digests"),
        *("row_version", "issued_at", "due_at", "answered_at", "answer"),
    )
    names_people = viewer.may("entry.personal", report.scope_id)
    return {
        **{name: getattr(report, name) for name in same},
        "contract": report.scope.key,
        "ticket": report.ticket.number if report.ticket else None,
        "issued_by": (report.issued_by or None) if names_people else None,
        "is_late": queries.is_late(report, datetime.now(UTC)),
        "replaces": report.replaces.number if report.replaces else None,
    }


def _detail(request: HttpRequest, number: str) -> dict[str, Any]:
    viewer = viewer_of(request)
    view: ReportView = queries.report_page(viewer, queries.access_report(viewer, number))
    report = view.report
    return {
        **_report(viewer, report),
        "contents": report.contents,
        "comments": report.comments,
        "written": report.written,
        "files": [
            {
                "language": file.language,
                "format": file.format,
                "name": file.name,
                "size": file.size,
                "sha256": bytes(file.digest).hex(),
            }
            for file in view.files
        ],
        "replaced_by": view.replaced_by.number if view.replaced_by else None,
        "transitions": sorted(view.transitions),
    }


def _moved(
    request: HttpRequest, number: str, seen: SeenIn, act: Callable[..., Report], word: str | None
) -> dict[str, Any]:
    """A step of the report's process as the caller saw the report, and what it is then."""
    act(viewer_of(request), number, seen.row_version, word)
    return _detail(request, number)


def _plan(plan: ReportPlan) -> dict[str, Any]:
    same = ("row_version", "is_active", "languages", "formats", "day", "is_issued_by_itself", "has_files")
    people = plan.recipients.order_by("login") if plan.row_version else []
    return {
        **{name: getattr(plan, name) for name in same},
        "time": f"{plan.time:%H:%M}",
        "recipients": [person.uuid for person in people],
    }


def _template(template: ReportTemplate) -> dict[str, Any]:
    return {
        **{name: getattr(template, name) for name in ("kind", "language", "name", "size", "put_at")},
        "sha256": bytes(template.digest).hex(),
    }


@router.get("/reports", response=Page[ReportOut], summary="Reports")
def read_reports(
    request: HttpRequest,
    contract: str | None = Query(None, max_length=64),
    kind: KindName | None = None,
    state: StateName | None = None,
    period: str = Query("", max_length=7),
    after: str | None = Query(None, max_length=64),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Newest first; a client's people see what was issued."""
    viewer = viewer_of(request)
    page = queries.list_reports(
        viewer, contract, after=after, limit=limit, kind=kind or "", state=state or "", period=period
    )
    return {"items": [_report(viewer, report) for report in page.reports], "next": page.following or None}


@router.post("/contracts/{key}/reports", response={202: ReportRunOut}, summary="Ask for a report")
def ask_for_report(request: HttpRequest, key: str, wanted: AskIn) -> Any:
    """A job drafts it. A draft that is there is brought up to date; what was issued gets a correction."""
    run = actions.request_report(
        viewer_of(request), key, wanted.kind, wanted.period, wanted.languages, ticket=wanted.ticket
    )
    return Status(202, _run(run))


@router.get("/report-runs/{uuid:uuid}", response=ReportRunOut, summary="How far the drafting is")
def read_run(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """Progress of a run."""
    return _run(queries.run_of(viewer_of(request), uuid))


@router.get("/reports/{number}", response=ReportDetail, summary="A report")
def read_report(request: HttpRequest, number: str) -> dict[str, Any]:
    """With its content as plain JSON."""
    return _detail(request, number)


@router.get(
    "/reports/{number}/files/{language}/{format}",
    summary="A file of a report",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def read_file(
    request: HttpRequest,
    number: str,
    language: LanguageName,
    format: FormatName,  # noqa: A002 - the address calls it so
) -> HttpResponse:
    """As it was issued; of a draft as it would be now."""
    name, _media_type, data = queries.file_of(viewer_of(request), number, language, format)
    return download(name, data)


@router.get(
    "/statements/{number}/documents/{kind}/{language}/{format}",
    summary="Notice of result or settlement sheet",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def read_letter(
    request: HttpRequest,
    number: str,
    kind: Literal["notice", "settlement"],
    language: LanguageName,
    format: FormatName,  # noqa: A002 - the address calls it so
) -> HttpResponse:
    """About a statement; of a draft, and of a settlement that is not signed yet, it says so on every page."""
    name, data = letter_file(viewer_of(request), number, kind, language, format)
    return download(name, data)


@router.post(
    "/reports/{number}/redraft", response={202: ReportRunOut}, summary="Bring up to date, or correct"
)
def redraft(request: HttpRequest, number: str) -> Any:
    """A draft with the log as it is now; of what was issued, the draft of a correction. What people wrote stays."""
    return Status(202, _run(actions.redraft_report(viewer_of(request), number)))


@router.put("/reports/{number}/comments", response=ReportDetail, summary="Comment a draft")
def comment(request: HttpRequest, number: str, wanted: CommentsIn) -> dict[str, Any]:
    """Summary, risks, plan and last month's actions, in one language."""
    texts = _given(wanted, "summary", "risks", "plan", "last_actions")
    actions.write_comments(viewer_of(request), number, wanted.row_version, wanted.language, texts)
    return _detail(request, number)


@router.put("/reports/{number}/fault", response=ReportDetail, summary="Complete a fault report")
def complete_fault(request: HttpRequest, number: str, wanted: FaultIn) -> dict[str, Any]:
    """What the journal cannot know: causes, fixes, liability, lessons."""
    names = (
        *("phenomenon", "scope_impact", "direct_cause", "root_cause", "temporary_fix", "permanent_fix"),
        *("verification", "liability", "lessons"),
    )
    actions.write_fault(
        viewer_of(request),
        number,
        wanted.row_version,
        wanted.language,
        _given(wanted, *names),
        None if wanted.actions is None else [action.model_dump() for action in wanted.actions],
    )
    return _detail(request, number)


@router.post("/reports/{number}/issue", response=ReportDetail, summary="Issue a report")
def issue(request: HttpRequest, number: str, wanted: IssueIn) -> dict[str, Any]:
    """Freezes content and files. A correction replaces what it corrects."""
    return _moved(request, number, wanted, actions.issue_report, wanted.edition)


@router.post("/reports/{number}/accept", response=ReportDetail, summary="Sign a report off")
def accept(request: HttpRequest, number: str, wanted: AcceptIn) -> dict[str, Any]:
    """For the client's contact."""
    return _moved(request, number, wanted, actions.accept_report, wanted.comment)


@router.post("/reports/{number}/return", response=ReportDetail, summary="Send a report back")
def send_back(request: HttpRequest, number: str, wanted: ReasonIn) -> dict[str, Any]:
    """For the client's contact; it counts as late from then on."""
    return _moved(request, number, wanted, actions.return_report, wanted.reason)


@router.post("/reports/{number}/discard", response=ReportDetail, summary="Give a draft up")
def discard(request: HttpRequest, number: str, wanted: ReasonIn) -> dict[str, Any]:
    """It stays in the record."""
    return _moved(request, number, wanted, actions.discard_report, wanted.reason)


@router.post("/reports/{number}/deliveries", response=list[ReportDeliveryOut], summary="Send a report")
def deliver(request: HttpRequest, number: str, wanted: DeliverIn) -> list[dict[str, Any]]:
    """By mail, to people who may read it."""
    sent = actions.deliver_report(viewer_of(request), number, wanted.people, formats=wanted.formats)
    return [
        {"uuid": it.uuid, "person": it.person.uuid, "status": it.status, "reason": it.reason}
        for it in sent
        if it.person is not None
    ]


@router.get("/contracts/{key}/report-plan", response=PlanOut, summary="Plan of the monthly report")
def read_plan(request: HttpRequest, key: str) -> dict[str, Any]:
    """When it is made, in which languages and formats, and for whom."""
    return _plan(queries.plan_of(viewer_of(request), key))


@router.put("/contracts/{key}/report-plan", response=PlanOut, summary="Set the plan of the monthly report")
def write_plan(request: HttpRequest, key: str, wanted: PlanIn) -> dict[str, Any]:
    """Periods that were due before it is switched on are not made by it."""
    names = set(PlanIn.model_fields) - {"row_version"}
    actions.set_plan(viewer_of(request), key, wanted.row_version, _given(wanted, *names))
    return _plan(queries.plan_of(viewer_of(request), key))


@router.get("/contracts/{key}/report-templates", response=list[TemplateOut], summary="Report templates")
def read_templates(request: HttpRequest, key: str) -> list[dict[str, Any]]:
    """The client's own Word templates."""
    return [_template(template) for template in queries.templates_of(viewer_of(request), key)]


@router.post(
    "/contracts/{key}/report-templates/{kind}/{language}", response=TemplateOut, summary="Put a template"
)
def write_template(
    request: HttpRequest,
    key: str,
    kind: KindName,
    language: LanguageName,
    file: UploadedFile = File(...),  # noqa: B008 - how the framework declares it
) -> dict[str, Any]:
    """A Word document; an error names each wrong placeholder and where it stands."""
    if getattr(file, "is_refused", False) or (file.size or 0) > actions.MOST_TEMPLATE_BYTES:
        raise Invalid({"template": actions.template_size_text()})
    data = file.read()
    return _template(actions.put_template(viewer_of(request), key, kind, language, file.name or "", data))


@router.api_operation(
    ["DELETE"],
    "/contracts/{key}/report-templates/{kind}/{language}",
    response={204: None},
    summary="Drop a template",
)
def delete_template(request: HttpRequest, key: str, kind: KindName, language: LanguageName) -> Any:
    """Reports go back to the standard layout."""
    actions.drop_template(viewer_of(request), key, kind, language)
    return Status(204, None)


def _given(wanted: Input, *names: str) -> dict[str, Any]:
    """The fields that were given a value."""
    return {name: value for name in names if (value := getattr(wanted, name)) is not None}
