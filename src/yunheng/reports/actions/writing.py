"""What people write into a draft: the service manager's comments, and the account of a fault."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import update_subject
from yunheng.foundation.refusals import Invalid

from ..models import Kind, Report
from ..refusing import COMMENTS, WRITTEN, check_actions, check_texts
from .basis import begin, now_or, require_draft, stamped, write_entry


@transaction.atomic
def write_comments(
    viewer: Viewer,
    number: str,
    row_version: int,
    language: str,
    comments: Mapping[str, str],
    *,
    recorded_at: datetime | None = None,
) -> Report:
    """Write the manager's words of one language into a draft: summary, risks, plan, last_actions; others stay.

    Needs `report.write`. Raises NotFound, Forbidden, Conflict, Invalid per field.
    """
    report = _draft(viewer, number, row_version, language)
    if report.kind == Kind.FAULT:
        raise Invalid({"comments": _("A fault report has fields of its own.")})
    texts = check_texts(comments, COMMENTS)
    kept = {**report.comments, language: {**report.comments.get(language, {}), **texts}}
    report.comments = kept
    _keep(viewer, report, {"comments": kept}, {"language": language, "comments": texts}, recorded_at)
    return report


@transaction.atomic
def write_fault(
    viewer: Viewer,
    number: str,
    row_version: int,
    language: str,
    written: Mapping[str, str],
    actions: Sequence[Mapping[str, str]] | None = None,
    *,
    recorded_at: datetime | None = None,
) -> Report:
    """Write what is known of a fault in one language: phenomenon, scope_impact, direct_cause, root_cause,
    temporary_fix, permanent_fix, verification, liability, lessons; `actions` None leaves the actions as they are.

    Needs `report.write`. Raises NotFound, Forbidden, Conflict, Invalid per field.
    """
    report = _draft(viewer, number, row_version, language)
    if report.kind != Kind.FAULT:
        raise Invalid({"written": _("Only a fault report has these fields.")})
    texts: dict[str, Any] = dict(check_texts(written, WRITTEN))
    if actions is not None:
        texts["actions"] = check_actions(actions)
    kept = {**report.written, language: {**report.written.get(language, {}), **texts}}
    report.written = kept
    _keep(viewer, report, {"written": kept}, {"language": language, "written": texts}, recorded_at)
    return report


def _draft(viewer: Viewer, number: str, row_version: int, language: str) -> Report:
    report = begin(viewer, number, "report.write", row_version=row_version)
    require_draft(report)
    if language not in report.languages:
        raise Invalid({"language": _("One of: %(choices)s.") % {"choices": ", ".join(report.languages)}})
    return report


def _keep(
    viewer: Viewer,
    report: Report,
    columns: Mapping[str, Any],
    said: Mapping[str, Any],
    recorded_at: datetime | None,
) -> None:
    contents = stamped(report)
    update_subject(report, {**columns, "contents": contents, "digests": dict(report.digests)}, viewer=viewer)
    write_entry(
        report,
        "report.commented",
        viewer=viewer,
        now=now_or(recorded_at),
        internal={**said, "content": dict(report.digests)},
    )
