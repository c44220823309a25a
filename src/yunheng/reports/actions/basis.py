"""What every action on a report begins and ends with: access, the entry, the header that its content carries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import conflict
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.refusals import Conflict

from ..content.header import stamp
from ..models import Report
from ..queries import access_report

KIND_CODE: Final = "RPT"


def now_or(recorded_at: datetime | None) -> datetime:
    """The instant of recording, in whole seconds."""
    return (recorded_at or datetime.now(UTC)).replace(microsecond=0)


def begin(viewer: Viewer, number: str, permission: str, *, row_version: int | None = None) -> Report:
    """The report for an action. Raises NotFound, Forbidden, and Conflict when it is not as the caller saw it."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an action runs inside a transaction")
    return seen_by(viewer, number, permission, row_version=row_version)


def seen_by(viewer: Viewer, number: str, permission: str, *, row_version: int | None = None) -> Report:
    """The same for what is prepared before the transaction."""
    report = access_report(viewer, number)
    viewer.require(permission, report.scope_id)
    if row_version is not None and row_version != report.row_version:
        raise conflict(report, viewer)
    return report


def require_draft(report: Report) -> None:
    """Raise Conflict unless the report can still be written on."""
    if report.state != "drafted":
        raise Conflict(
            _("%(number)s is no draft any more; nothing of it can be changed. A correction is a new report.")
            % {"number": report.number},
            state=report.state,
        )


def write_entry(
    report: Report,
    entry_type: str,
    *,
    viewer: Viewer,
    now: datetime,
    shared: Mapping[str, Any] | None = None,
    internal: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> int:
    """Record an entry of a report; returns its id."""
    return record(
        EntryDraft(
            scope_id=report.scope_id,
            scope_key=report.scope.key,
            subject_id=report.pk,
            subject_number=report.number,
            type=entry_type,
            occurred_at=now,
            actor=viewer.actor,
            source="server" if viewer.is_system else "person",
            shared=dict(shared) if shared else None,
            internal=dict(internal) if internal else None,
            personal=dict(personal) if personal else None,
        ),
        recorded_at=now,
    )


def told(report: Report) -> dict[str, Any]:
    """What every entry says of the report that it is about."""
    data: dict[str, Any] = {
        "kind": report.kind,
        "period": report.period,
        "edition": report.edition,
        "position": report.position,
        "content": dict(report.digests),
    }
    if report.edition_kind:
        data["edition_kind"] = report.edition_kind
    if report.ticket is not None:
        data["ticket"] = report.ticket.number
    if report.replaces is not None:
        data["replaces"] = report.replaces.number
    return data


def stamped(report: Report, bodies: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The report's contents with its number, edition, dates and comments as they are now; also sets their hashes."""
    contents = {
        language: stamp((bodies or report.contents)[language], report, language)
        for language in report.languages
    }
    report.contents = contents
    report.digests = {language: content["record"]["content_sha256"] for language, content in contents.items()}
    return contents


def people_named(people: Sequence[Person]) -> list[dict[str, str]]:
    """People as personal data of an entry."""
    return [{"id": str(person.uuid), "name": person.name} for person in people]


def name_of(viewer: Viewer) -> str:
    """The name that a report carries of who did something; "" for the system."""
    return "" if viewer.is_system else viewer.actor.name[:150]
