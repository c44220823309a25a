"""Issues a report, and takes the client's word on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Organisation
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import Outcome, Step, move
from yunheng.foundation.refusals import Invalid

from ..making import drop_previews, keep_files, make_files
from ..models import Format, Kind, Report, ReportPlan
from ..period import Month
from ..refusing import NEEDED, check_reason
from .basis import begin, name_of, now_or, require_draft, seen_by, stamped, told
from .delivering import deliver

EDITIONS: Final = ("preliminary", "final")


def issue_report(
    viewer: Viewer,
    number: str,
    row_version: int,
    edition: str | None = None,
    *,
    recorded_at: datetime | None = None,
) -> Report:
    """Issue a draft: its contents are frozen, its files made and kept with their hashes in the entry "report.issued".

    A fault report is issued as "preliminary" or "final". A correction replaces the report that it corrects, in the same
    transaction. A monthly report goes to the recipients of the contract's plan. Needs `report.write`.

    Raises NotFound, Forbidden, Conflict, Invalid ("period" before the month is over, "edition", and each field that a
    fault report still lacks; "template" for one that does not fit), Unrendered.
    """
    # The files are made before the transaction begins; what changed meanwhile is a conflict when it is moved.
    report = seen_by(viewer, number, "report.write", row_version=row_version)
    require_draft(report)
    now = now_or(recorded_at)
    if report.kind != Kind.FAULT and Month(report.period, report.scope.zone).end_at > now:
        raise Invalid({"period": _("The month is not over yet; its report can be issued after it.")})
    report.edition_kind = _edition(report, edition)
    report.issued_at = now
    report.issued_by = name_of(viewer)
    report.issued_for = _organisation(viewer)
    contents = stamped(report)
    files = make_files(report, contents, report.languages, list(Format.values))
    said = told(report) | {
        "files": [
            {
                "name": file.name,
                "language": file.language,
                "format": file.format,
                "size": len(file.data),
                "sha256": file.digest.hex(),
            }
            for file in files
        ]
    }
    columns = {
        "contents": contents,
        "digests": dict(report.digests),
        "edition_kind": report.edition_kind,
        "issued_at": now,
        "issued_by": report.issued_by,
        "issued_for": report.issued_for,
    }
    with transaction.atomic():
        _move(viewer, report, "issue", "report.issued", now, columns=columns, said=said)
        drop_previews(report)
        keep_files(report, files, edition=report.edition, now=now)
        if report.replaces is not None:
            _replace(viewer, report.replaces, report, now)
        plan = ReportPlan.objects.filter(pk=report.scope_id, is_active=True).first()
        if plan is not None and report.kind == Kind.MONTHLY:
            formats = plan.formats if plan.has_files else []
            deliver(viewer, report, list(plan.recipients.all()), formats, now)
    return report


@transaction.atomic
def accept_report(
    viewer: Viewer,
    number: str,
    row_version: int,
    comment: str = "",
    *,
    recorded_at: datetime | None = None,
) -> Report:
    """Sign a report off for the client. Needs `report.accept`. Raises NotFound, Forbidden, Conflict, Invalid."""
    check_reason("comment", comment)
    report = begin(viewer, number, "report.accept", row_version=row_version)
    return _answer(viewer, report, "accept", "report.accepted", {"opinion": comment}, now_or(recorded_at))


@transaction.atomic
def return_report(
    viewer: Viewer, number: str, row_version: int, reason: str, *, recorded_at: datetime | None = None
) -> Report:
    """Send a report back, saying why: it counts as late, and a correction is expected. Needs `report.accept`.

    Raises NotFound, Forbidden, Conflict, Invalid for "reason".
    """
    check_reason("reason", reason)
    report = begin(viewer, number, "report.accept", row_version=row_version)
    return _answer(viewer, report, "return", "report.returned", {"reason": reason}, now_or(recorded_at))


@transaction.atomic
def discard_report(
    viewer: Viewer, number: str, row_version: int, reason: str, *, recorded_at: datetime | None = None
) -> Report:
    """Give a draft up. Needs `report.write`. Raises NotFound, Forbidden, Conflict, Invalid for "reason"."""
    check_reason("reason", reason)
    report = begin(viewer, number, "report.write", row_version=row_version)
    require_draft(report)
    said = told(report)
    columns = {"replaces": None}  # what it would have corrected may get another correction
    _move(
        viewer,
        report,
        "discard",
        "report.discarded",
        now_or(recorded_at),
        columns=columns,
        said=said,
        form={"reason": reason},
        is_internal=True,
    )
    drop_previews(report)
    return report


def _edition(report: Report, edition: str | None) -> str:
    if report.kind != Kind.FAULT:
        if edition:
            raise Invalid({"edition": _("Only a fault report has a preliminary and a final edition.")})
        return ""
    if edition not in EDITIONS:
        raise Invalid({"edition": _("One of: %(choices)s.") % {"choices": ", ".join(EDITIONS)}})
    faults: dict[str, str] = {}
    for language in report.languages:
        texts = report.written.get(language, {})
        for name in NEEDED[edition]:
            if not texts.get(name):
                faults[f"{language}.{name}"] = _("This is still to be written, in each language.")
    if faults:
        raise Invalid(faults, code="incomplete")
    return edition


def _organisation(viewer: Viewer) -> str:
    if viewer.organisation_id is None:
        return ""
    return Organisation.objects.values_list("name", flat=True).get(pk=viewer.organisation_id)


def _answer(
    viewer: Viewer, report: Report, transition: str, entry_type: str, form: Mapping[str, str], now: datetime
) -> Report:
    columns = {
        "answered_by": name_of(viewer),
        "answered_at": now,
        "answer": next(iter(form.values())).strip(),
    }
    _move(viewer, report, transition, entry_type, now, columns=columns, said=told(report), form=form)
    return report


def _replace(viewer: Viewer, old: Report, new: Report, now: datetime) -> None:
    old.scope = new.scope
    said = told(old) | {"replaced_by": new.number}
    _move(viewer, old, "replace", "report.replaced", now, columns={}, said=said)


def _move(
    viewer: Viewer,
    report: Report,
    transition: str,
    entry_type: str,
    now: datetime,
    *,
    columns: Mapping[str, Any],
    said: Mapping[str, Any],
    form: Mapping[str, Any] | None = None,
    is_internal: bool = False,
) -> None:
    def more(_step: Step, outcome: Outcome) -> None:
        outcome.columns.update(columns)
        (outcome.internal if is_internal else outcome.shared).update(said)

    move(
        report,
        transition,
        viewer=viewer,
        at=now,
        recorded_at=now,
        form=dict(form or {}),
        entry_type=entry_type,
        source="server" if viewer.is_system else "person",
        more=more,
    )
