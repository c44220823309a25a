"""API of contracts as they are written: check, apply, calendars, and versions that need the client's word."""

from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_VERSION, Input, viewer_of
from yunheng.foundation.refusals import Invalid

from ..actions import (
    answer_proposal,
    apply_contract,
    enter_notice,
    propose_version,
    refresh_calendars,
    withdraw_proposal,
)
from ..checking import Checked, check
from ..difference import differences
from ..document import MAX_BYTES
from ..editing import Finding, examine
from ..models import Contract, VersionProposal
from ..notice_text import read_notice
from ..packs import newest_processes
from ..pages import access_proposal, base_for, require_administration, waiting_proposal
from ..queries import access_contract
from ..reading import reading_of_terms
from .routing import router
from .versions import ChangeOut, VersionOut, changed_out, version_out

_Known = Field(
    None,
    ge=0,
    le=LARGEST_VERSION,
    description="Newest version that the writer has seen; another one is a 409",
)
_Document = Field(max_length=MAX_BYTES, description="The contract as YAML")


class CheckIn(Input):
    """A document to check. Nothing is written."""

    document: str = _Document


class ApplyIn(Input):
    """A document that becomes a version."""

    document: str = _Document
    newest_known: int | None = _Known


class ProposeVersionIn(ApplyIn):
    """A version that begins in the past, over recorded work: the client has to accept it."""

    reason: str


class AnswerVersionIn(Input):
    """The client's word on it."""

    is_accepted: bool
    text: str = Field("", description="A refusal needs it")


class NoticeIn(Input):
    """An official notice of holidays, entered by hand."""

    year: int = Field(ge=2000, le=2200)
    text: str = Field(description="As it was published")


class FindingOut(Schema):
    """One problem with its place."""

    severity: Literal["error", "warning"]
    line: int
    column: int
    path: str
    message: str
    hint: str


class CheckOut(Schema):
    """What a check found. `refusal` says why applying would not go through, "" where it would."""

    is_valid: bool
    findings: list[FindingOut]
    effective: date | None
    compared_with: int | None
    changes: list[ChangeOut]
    refusal: str
    is_backdated: bool = Field(description="It reaches back over recorded work: propose it to the client")


class VersionProposalOut(Schema):
    """A version that waits, or waited, for the client's word."""

    uuid: UUID
    state: Literal["waiting", "accepted", "declined", "withdrawn"]
    effective: date
    reason: str
    document: str
    proposed_at: datetime
    answered_at: datetime | None
    answer: str
    version: int | None = Field(description="The version that came of it")


def _finding(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in FindingOut.model_fields}


def _examined(viewer: Viewer, contract: Contract | None, text: str) -> dict[str, Any]:
    outcome = examine(viewer, contract, text, newest=None, now=datetime.now(UTC))
    changes = []
    if outcome.base is not None:
        checked: Checked = check(text.encode(), newest_processes())
        changes = [changed_out(one) for one in differences(outcome.base.terms, checked.terms or {})]
    return {
        "is_valid": outcome.is_valid,
        "findings": [_finding(one) for one in (*outcome.errors, *outcome.warnings)],
        "effective": outcome.effective,
        "compared_with": outcome.base.number if outcome.base else None,
        "changes": changes,
        "refusal": outcome.refusal,
        "is_backdated": outcome.is_backdated,
    }


def _contract(viewer: Viewer, key: str) -> Contract:
    contract = access_contract(viewer, key)
    viewer.require("contract.apply", contract.pk)
    return contract


def _must_be_of(contract: Contract, text: str) -> None:
    checked = check(text.encode(), newest_processes())
    if checked.terms is not None and checked.terms["key"] != contract.scope.key:
        raise Invalid(
            {
                "document": _("The document has the key “%(other)s”; this is the contract “%(key)s”.")
                % {"other": checked.terms["key"], "key": contract.scope.key}
            }
        )


@router.post("/contract-checks", response=CheckOut, summary="Check a new contract")
def post_check(request: HttpRequest, body: CheckIn) -> dict[str, Any]:
    """Every problem with its line and column. For those who may write contracts."""
    viewer = viewer_of(request)
    require_administration(viewer)
    return _examined(viewer, None, body.document)


@router.post("/contracts", response={201: VersionOut}, summary="Make a contract")
def post_contract(request: HttpRequest, body: ApplyIn) -> dict[str, Any]:
    """Its first version, with its parties. Needs `contract.apply` everywhere."""
    viewer = viewer_of(request)
    viewer.require("contract.apply", None)
    return version_out(viewer, _apply(viewer, body.document, 0))


@router.post("/contracts/{key}/check", response=CheckOut, summary="Check the next version of a contract")
def post_contract_check(request: HttpRequest, key: str, body: CheckIn) -> dict[str, Any]:
    """Problems, what would change, and whether it could be applied."""
    viewer = viewer_of(request)
    return _examined(viewer, _contract(viewer, key), body.document)


@router.post(
    "/contracts/{key}/versions", response={201: VersionOut}, summary="Apply the next version of a contract"
)
def post_version(request: HttpRequest, key: str, body: ApplyIn) -> dict[str, Any]:
    """It holds from the day that the document names as `effective`. Running clocks keep the version of their start."""
    viewer = viewer_of(request)
    _must_be_of(_contract(viewer, key), body.document)
    return version_out(viewer, _apply(viewer, body.document, body.newest_known))


def _apply(viewer: Viewer, document: str, newest_known: int | None) -> Any:
    return apply_contract(
        viewer=viewer,
        at=datetime.now(UTC),
        data=document.encode(),
        processes=newest_processes(),
        newest_known=newest_known,
    ).version


@router.post(
    "/contracts/{key}/calendars/refresh",
    response={201: list[VersionOut]},
    summary="Take published holidays in",
)
def post_refresh(request: HttpRequest, key: str) -> list[dict[str, Any]]:
    """New versions with the same terms where a provisional year has been published since; in order."""
    viewer = viewer_of(request)
    made = refresh_calendars(viewer=viewer, at=datetime.now(UTC), contract=_contract(viewer, key))
    return [version_out(viewer, version) for version in made]


@router.post(
    "/contracts/{key}/calendars/notice",
    response={201: list[VersionOut]},
    summary="Enter a notice of holidays",
)
def post_notice(request: HttpRequest, key: str, body: NoticeIn) -> list[dict[str, Any]]:
    """For a provisional year that the library does not know yet."""
    viewer = viewer_of(request)
    contract = _contract(viewer, key)
    notice = read_notice(body.text, body.year)
    if not notice.is_sound:
        raise Invalid({"text": [remark.text(_) for remark in notice.remarks]})
    made = enter_notice(viewer=viewer, at=datetime.now(UTC), contract=contract, notice=notice)
    return [version_out(viewer, version) for version in made]


def _proposal(viewer: Viewer, found: VersionProposal) -> dict[str, Any]:
    base = base_for(found.contract, found.effective, datetime.now(UTC))
    document = reading_of_terms(viewer, base, found.terms, found.document).document if base else ""
    return {
        "uuid": found.uuid,
        "state": found.state,
        "effective": found.effective,
        "reason": found.reason,
        "document": document,
        "proposed_at": found.proposed_at,
        "answered_at": found.answered_at,
        "answer": found.answer,
        "version": found.version.number if found.version else None,
    }


@router.get(
    "/contracts/{key}/proposals",
    response=list[VersionProposalOut],
    summary="Version that waits for the client's word",
)
def read_version_proposals(request: HttpRequest, key: str) -> list[dict[str, Any]]:
    """None, or one: a contract waits for one answer at a time."""
    viewer = viewer_of(request)
    found = waiting_proposal(access_contract(viewer, key))
    return [_proposal(viewer, found)] if found is not None else []


@router.post(
    "/contracts/{key}/proposals",
    response={201: VersionProposalOut},
    summary="Propose a version to the client",
)
def post_version_proposal(request: HttpRequest, key: str, body: ProposeVersionIn) -> dict[str, Any]:
    """For one that begins in the past, over work that is recorded."""
    viewer = viewer_of(request)
    contract = _contract(viewer, key)
    _must_be_of(contract, body.document)
    proposal = propose_version(
        viewer=viewer,
        at=datetime.now(UTC),
        contract=contract,
        data=body.document.encode(),
        reason=body.reason,
        newest_known=body.newest_known,
        processes=newest_processes(),
    )
    return _proposal(viewer, access_proposal(viewer, key, proposal.uuid))


@router.get(
    "/contracts/{key}/proposals/{uuid:uuid}", response=VersionProposalOut, summary="One proposed version"
)
def read_version_proposal(request: HttpRequest, key: str, uuid: UUID) -> dict[str, Any]:
    """And what became of it."""
    viewer = viewer_of(request)
    return _proposal(viewer, access_proposal(viewer, key, uuid))


@router.post(
    "/contracts/{key}/proposals/{uuid:uuid}/answer",
    response=VersionProposalOut,
    summary="Accept or decline a version",
)
def post_version_answer(request: HttpRequest, key: str, uuid: UUID, body: AnswerVersionIn) -> dict[str, Any]:
    """The client's word. Accepting applies it at once."""
    viewer = viewer_of(request)
    access_proposal(viewer, key, uuid)
    answer_proposal(
        viewer=viewer,
        at=datetime.now(UTC),
        uuid=uuid,
        is_accepted=body.is_accepted,
        text=body.text,
        processes=newest_processes(),
    )
    return _proposal(viewer, access_proposal(viewer, key, uuid))


@router.post(
    "/contracts/{key}/proposals/{uuid:uuid}/withdrawal",
    response=VersionProposalOut,
    summary="Withdraw a proposed version",
)
def post_version_withdrawal(request: HttpRequest, key: str, uuid: UUID) -> dict[str, Any]:
    """Before it is answered."""
    viewer = viewer_of(request)
    access_proposal(viewer, key, uuid)
    withdraw_proposal(viewer=viewer, at=datetime.now(UTC), uuid=uuid)
    return _proposal(viewer, access_proposal(viewer, key, uuid))
