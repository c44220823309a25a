"""API of what can be done to a ticket: open, move, assign, say, change what it is about."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, File, Form, UploadedFile
from pydantic import StrictBool

from yunheng.accounts.models import Person
from yunheng.accounts.queries import people_visible_to
from yunheng.contracts.models import Contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_VERSION, Input, Instant, read_part, viewer_of
from yunheng.foundation.attachments import FileDraft, read_uploads
from yunheng.foundation.refusals import Invalid

from ..actions import (
    MEANS,
    Done,
    assign_ticket,
    change_profile,
    classify_ticket,
    move_ticket,
    note,
    open_ticket,
    reply,
)
from ..listing import contract_with_tickets
from .reading import detail_of
from .routing import router
from .shapes import TicketDetail

_Version = Annotated[
    int | None,
    Field(
        None,
        ge=1,
        le=LARGEST_VERSION,
        description="`row_version` that the decision rests on; another one is a 409",
    ),
]
_At = Annotated[
    Instant | None, Field(None, description="When it happened; default: now. How far back is limited by role")
]
_Files = File(..., description="At most 10, each up to 20 MiB")


class OpenIn(Input):
    """A new ticket."""

    kind: str = Field(description="incident or service_request", examples=["incident"])
    title: str = Field(examples=["Core switch: a port flaps"])
    service: str = Field(description="Key of a service in the contract's catalogue", examples=["server"])
    impact: str = Field(examples=["high"])
    urgency: str = Field(examples=["medium"])
    channel: str = Field("api", description="portal, phone, mail, im, api, fax, alert or inspection")
    description: str = ""
    is_major: bool = False
    category: str = ""
    ci: str = Field("", description="Configuration item")
    requester: str = Field("", description="Login or UUID of who asks, where it is somebody with an account")
    requester_name: str = Field("", description="Name of who asks, where it is nobody with an account")
    failed_at: Instant | None = Field(
        None, description="When the failure began, where that is known to be earlier"
    )
    at: _At


class TransitionIn(Input):
    """A transition with its form."""

    transition: str = Field(examples=["resolve"])
    form: dict[str, str | StrictBool | None] = Field(
        {}, examples=[{"resolution": "Replaced the optical module.", "cause": "hardware", "line": "second"}]
    )
    at: _At
    expected_version: _Version


class AssignIn(Input):
    """Who takes it over."""

    team: str = Field(description="Key or UUID", examples=["second-line"])
    assignee: str | None = Field(None, description="Login or UUID of one of the team's people")
    at: _At
    expected_version: _Version


class ReplyIn(Input):
    """Something that both sides read."""

    text: str = Field(examples=["The part is on its way."])
    means: str = Field(
        "api", description="How it reached the other side: portal, phone, mail, im, api or visit"
    )
    is_automatic: bool = Field(
        False, description="Written by a program: then it is no response and no update"
    )
    at: _At


class NoteIn(Input):
    """Something that stays with the provider."""

    text: str
    at: _At


class ProfileIn(Input):
    """What its goals follow from; what is left out stays."""

    reason: str
    service: str | None = None
    impact: str | None = None
    urgency: str | None = None
    is_major: bool | None = None
    at: _At
    expected_version: _Version


class ClassifyIn(Input):
    """What failed and why; what is left out stays."""

    ci: str | None = None
    cause: str | None = None
    category: str | None = None
    at: _At
    expected_version: _Version


def _requester(viewer: Viewer, contract: Contract, name: str) -> Person | None:
    """Somebody of the client who asks, by login or UUID; for those who may know of people under the contract."""
    if not name:
        return None
    found = None
    if viewer.may("entry.personal", contract.pk):
        people = people_visible_to(viewer).filter(organisation_id=contract.client_id, is_active=True)
        try:
            found = people.filter(uuid=UUID(name)).first()
        except ValueError:
            found = people.filter(login=name).first()
    if found is None:
        raise Invalid({"requester": _("There is nobody with the login “%(login)s”.") % {"login": name}})
    return found


def _open(request: HttpRequest, key: str, given: OpenIn, files: list[FileDraft]) -> HttpResponse:
    viewer = viewer_of(request)
    contract = contract_with_tickets(viewer, key)
    values = given.model_dump(exclude={"requester"})
    opened = open_ticket(
        viewer=viewer,
        scope_id=contract.pk,
        requester=_requester(viewer, contract, given.requester),
        files=files,
        **values,
    )
    return detail_of(viewer, opened.ticket, opened.clocks, status=201)


@router.post("/contracts/{key}/tickets", response={201: TicketDetail}, summary="Open a ticket")
def post_ticket(request: HttpRequest, key: str, body: OpenIn) -> HttpResponse:
    """Number and priority follow from the contract. Somebody of the client asks for themselves."""
    return _open(request, key, body, [])


@router.post(
    "/contracts/{key}/tickets/with-files", response={201: TicketDetail}, summary="Open a ticket with files"
)
def post_ticket_with_files(
    request: HttpRequest, key: str, data: Form[str], files: list[UploadedFile] = _Files
) -> HttpResponse:
    """A form: `data` is the JSON document of “Open a ticket”."""
    return _open(request, key, read_part(OpenIn, data), read_uploads(files))


def _move(request: HttpRequest, number: str, given: TransitionIn, files: list[FileDraft]) -> HttpResponse:
    viewer = viewer_of(request)
    done = move_ticket(
        viewer,
        number,
        given.transition,
        given.form,
        files=files,
        at=given.at,
        expected_version=given.expected_version,
    )
    return detail_of(viewer, done.ticket, done.clocks)


@router.post("/tickets/{number}/transitions", response=TicketDetail, summary="Make a transition")
def post_transition(request: HttpRequest, number: str, body: TransitionIn) -> HttpResponse:
    """One step of the ticket's process, with the form that it asks for (see the list of transitions)."""
    return _move(request, number, body, [])


@router.post(
    "/tickets/{number}/transitions/with-files", response=TicketDetail, summary="Make a transition with files"
)
def post_transition_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = _Files
) -> HttpResponse:
    """A form: `data` is the JSON document of “Make a transition”."""
    return _move(request, number, read_part(TransitionIn, data), read_uploads(files))


@router.post("/tickets/{number}/assignment", response=TicketDetail, summary="Assign")
def post_assignment(request: HttpRequest, number: str, body: AssignIn) -> HttpResponse:
    """Give it to a team and, where named, to one of its people. A supplier's team brings the supplier in."""
    viewer = viewer_of(request)
    done = assign_ticket(
        viewer,
        number,
        team=body.team,
        assignee=body.assignee,
        at=body.at,
        expected_version=body.expected_version,
    )
    return detail_of(viewer, done.ticket, done.clocks)


def _reply(request: HttpRequest, number: str, given: ReplyIn, files: list[FileDraft]) -> HttpResponse:
    viewer = viewer_of(request)
    if given.means not in MEANS:
        raise Invalid({"means": _("One of: %(choices)s.") % {"choices": ", ".join(MEANS)}})
    done: Done = reply(
        viewer,
        number,
        given.text,
        means=given.means,
        is_automatic=given.is_automatic,
        files=files,
        at=given.at,
    )
    return detail_of(viewer, done.ticket, done.clocks, status=201)


@router.post("/tickets/{number}/replies", response={201: TicketDetail}, summary="Reply")
def post_reply(request: HttpRequest, number: str, body: ReplyIn) -> HttpResponse:
    """Say something that both sides read; from a human of the provider it may be the first response."""
    return _reply(request, number, body, [])


@router.post("/tickets/{number}/replies/with-files", response={201: TicketDetail}, summary="Reply with files")
def post_reply_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = _Files
) -> HttpResponse:
    """A form: `data` is the JSON document of “Reply”."""
    return _reply(request, number, read_part(ReplyIn, data), read_uploads(files))


def _note(request: HttpRequest, number: str, given: NoteIn, files: list[FileDraft]) -> HttpResponse:
    viewer = viewer_of(request)
    done = note(viewer, number, given.text, files=files, at=given.at)
    return detail_of(viewer, done.ticket, done.clocks, status=201)


@router.post("/tickets/{number}/notes", response={201: TicketDetail}, summary="Write a note")
def post_note(request: HttpRequest, number: str, body: NoteIn) -> HttpResponse:
    """It stays with the provider; no clock sees it."""
    return _note(request, number, body, [])


@router.post(
    "/tickets/{number}/notes/with-files", response={201: TicketDetail}, summary="Write a note with files"
)
def post_note_with_files(
    request: HttpRequest, number: str, data: Form[str], files: list[UploadedFile] = _Files
) -> HttpResponse:
    """A form: `data` is the JSON document of “Write a note”."""
    return _note(request, number, read_part(NoteIn, data), read_uploads(files))


@router.post("/tickets/{number}/profile", response=TicketDetail, summary="Change service, impact or urgency")
def post_profile(request: HttpRequest, number: str, body: ProfileIn) -> HttpResponse:
    """The goals follow; elapsed time and waiting periods stay."""
    viewer = viewer_of(request)
    done = change_profile(viewer, number, **body.model_dump())
    return detail_of(viewer, done.ticket, done.clocks)


@router.post("/tickets/{number}/classification", response=TicketDetail, summary="Classify")
def post_classification(request: HttpRequest, number: str, body: ClassifyIn) -> HttpResponse:
    """Say which configuration item failed, why, and of which category it is."""
    viewer = viewer_of(request)
    done = classify_ticket(viewer, number, **body.model_dump())
    return detail_of(viewer, done.ticket, done.clocks)
