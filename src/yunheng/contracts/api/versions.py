"""API of contracts as they are read: parties, versions, differences, calendars."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, LARGEST_VERSION, PAGE, Page, viewer_of

from ..comparing import text_difference
from ..difference import Difference, differences
from ..models import CalendarVersion, Contract, ContractVersion
from ..pages import compared
from ..queries import access_contract, contracts_visible_to, version_at, versions_of
from ..reading import access_version, calendars_read_by, digest_read_by, reading_of
from .routing import router


class Party(Schema):
    """An organisation."""

    key: str
    name: str


class ContractOut(Schema):
    """A contract."""

    key: str
    title: str
    zone: str
    provider: Party
    client: Party
    version: int | None = Field(
        None, description="Version in force now; null before the first and after the last"
    )


class VersionOut(Schema):
    """One immutable version of a contract."""

    number: int
    valid_from: datetime
    valid_to: datetime
    recorded_at: datetime
    applied_by: str
    digest: str = Field(description="SHA-256 of the canonical JSON of the terms, hex")


class VersionDetail(VersionOut):
    """A version with its text, as far as the reader may see it."""

    document: str = Field(
        description="The YAML as it was applied; where something is withheld, its normal form"
    )
    terms: dict[str, Any]
    terms_digest: str = Field(
        description="SHA-256 of the canonical JSON of these terms, hex; the log has it, too"
    )
    is_whole: bool = Field(
        description="False: what the provider agreed with itself and its suppliers is withheld"
    )


class ChangeOut(Schema):
    """One difference; `before` is null for what is new, `after` for what is gone."""

    section: str
    what: str
    before: str | None
    after: str | None


class DiffOut(Schema):
    """Two versions held against each other, as far as the reader may see them."""

    old: int
    new: int
    changes: list[ChangeOut]
    lines: list[str] = Field(description="The documents compared, as a unified difference without its head")


class CalendarOut(Schema):
    """A calendar as materialised when its version was applied."""

    key: str
    contract_version: int
    rules: dict[str, Any]
    tzdata: str
    provisional_years: list[int]
    digest: str


def _contract(contract: Contract, at: datetime) -> ContractOut:
    version = version_at(contract.pk, at)
    return ContractOut(
        key=contract.scope.key,
        title=contract.title,
        zone=contract.scope.zone,
        provider=Party(key=contract.provider.key, name=contract.provider.name),
        client=Party(key=contract.client.key, name=contract.client.name),
        version=version.number if version else None,
    )


def version_out(viewer: Viewer, version: ContractVersion) -> dict[str, Any]:
    """A version without its text. Where something is withheld the digest is that of what the reader reads: nearly the
    whole text and a digest over the whole would let a goal be guessed (docs/adr/0010). Names as everywhere.
    """
    shows_names = viewer.may("entry.personal", version.contract_id)
    return {
        "number": version.number,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "recorded_at": version.recorded_at,
        "applied_by": version.applied_by if shows_names else "",
        "digest": digest_read_by(viewer, version),
    }


def changed_out(one: Difference) -> dict[str, Any]:
    """A difference."""
    return {"section": one.section, "what": one.what, "before": one.before, "after": one.after}


def _calendar(calendar: CalendarVersion, number: int) -> CalendarOut:
    return CalendarOut(
        key=calendar.key,
        contract_version=number,
        rules=calendar.rules,
        tzdata=calendar.tzdata,
        provisional_years=calendar.provisional_years,
        digest=bytes(calendar.digest).hex(),
    )


@router.get("/contracts", response=Page[ContractOut], summary="Contracts that one may see")
def list_contracts(
    request: HttpRequest, after: str = "", limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE)
) -> dict[str, Any]:
    """In the order of their keys."""
    viewer, now = viewer_of(request), datetime.now(UTC)
    found = contracts_visible_to(viewer)
    if after:
        found = found.filter(scope__key__gt=after)
    shown = [contract for contract in found if viewer.may("contract.view", contract.pk)]
    page = shown[:limit]
    return {
        "items": [_contract(contract, now) for contract in page],
        "next": page[-1].scope.key if len(shown) > limit else None,
    }


@router.get("/contracts/{key}", response=ContractOut, summary="One contract")
def read_contract(request: HttpRequest, key: str) -> ContractOut:
    """Parties, zone and the version in force."""
    return _contract(access_contract(viewer_of(request), key), datetime.now(UTC))


@router.get("/contracts/{key}/versions", response=Page[VersionOut], summary="Versions of a contract")
def list_versions(request: HttpRequest, key: str) -> dict[str, Any]:
    """In the order in which they were recorded."""
    viewer = viewer_of(request)
    contract = access_contract(viewer, key)
    return {"items": [version_out(viewer, version) for version in versions_of(contract)], "next": None}


@router.get(
    "/contracts/{key}/versions/{int:number}",
    response=VersionDetail,
    summary="One version with its text",
)
def read_version(request: HttpRequest, key: str, number: int) -> dict[str, Any]:
    """The document as written, and the terms as plain data."""
    viewer = viewer_of(request)
    reading = reading_of(viewer, access_version(access_contract(viewer, key), number))
    return {
        **version_out(viewer, reading.version),
        "document": reading.document,
        "terms": reading.terms,
        "terms_digest": reading.digest,
        "is_whole": reading.is_whole,
    }


@router.get("/contracts/{key}/diff", response=DiffOut, summary="Two versions compared")
def read_diff(
    request: HttpRequest,
    key: str,
    old: int = Query(..., ge=1, le=LARGEST_VERSION),
    new: int = Query(..., ge=1, le=LARGEST_VERSION),
) -> dict[str, Any]:
    """What changes, in words and line by line."""
    viewer = viewer_of(request)
    before, after = compared(viewer, access_contract(viewer, key), old, new)
    return {
        "old": old,
        "new": new,
        "changes": [changed_out(one) for one in differences(before.terms, after.terms)],
        "lines": [
            line.text if line.mark == "@" else line.mark + line.text
            for line in text_difference(before.document, after.document)
        ],
    }


@router.get(
    "/contracts/{key}/versions/{int:number}/calendars",
    response=Page[CalendarOut],
    summary="Calendars of a version",
)
def list_calendars(request: HttpRequest, key: str, number: int) -> dict[str, Any]:
    """As they were materialised when the version was applied."""
    viewer = viewer_of(request)
    version = access_version(access_contract(viewer, key), number)
    shown = calendars_read_by(viewer, version)
    return {"items": [_calendar(calendar, number) for calendar in shown], "next": None}
