"""What is known of a report only when it is kept: number, edition, dates, names, and what people wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunheng.foundation import wording

from ..models import Kind, Report
from ..rendering import CHAPTERS
from ..wording import edition_name
from .freezing import frozen
from .source import speaking

#: Sections that exist only where somebody wrote something, and the name of the text among the comments.
WRITTEN_SECTIONS = {"risks": "risks", "last_actions": "last_actions", "next_plan": "plan"}


@dataclass(frozen=True, slots=True)
class Header:
    """What a report carries beyond its body. Of a preview that nobody keeps most of it is empty."""

    number: str = ""
    edition: int = 0
    edition_label: str = ""
    edition_kind: str = ""
    made_at: datetime | None = None
    made_by: str = ""
    issued_at: datetime | None = None
    issued_by: str = ""
    comments: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)


def stamp(body: Mapping[str, Any], report: Report, language: str) -> dict[str, Any]:
    """The content of a report in one language, with its hash: the body with what the report knows of itself now."""
    with speaking(language, report.scope.zone):
        label = edition_name(report.edition, report.edition_kind)
        issuer = report.issued_by
        if issuer and report.issued_for:
            issuer = _("%(name)s (%(organisation)s)") % {"name": issuer, "organisation": report.issued_for}
        return stamp_with(
            body,
            Header(
                number=report.number,
                edition=report.edition,
                edition_label=label,
                edition_kind=report.edition_kind,
                made_at=report.drafted_at,
                made_by=report.drafted_by,
                issued_at=report.issued_at,
                issued_by=issuer or (report.issued_for if report.issued_at else ""),
                comments=report.comments.get(language, {}),
                written=report.written.get(language, {}),
            ),
        )


def stamp_with(body: Mapping[str, Any], header: Header) -> dict[str, Any]:
    """The content under a header, with its hash. Call it `speaking`."""
    content = {**body}
    content["report"] = {
        **body["report"],
        "number": header.number,
        "edition": header.edition,
        "edition_label": header.edition_label,
        "made_on": "" if header.made_at is None else wording.instant(header.made_at),
        "made_by": header.made_by,
        "issued_on": "" if header.issued_at is None else wording.instant(header.issued_at),
        "issued_by": header.issued_by,
        "is_draft": header.issued_at is None,
    }
    if body["kind"] == Kind.FAULT:
        content["written"] = {name: text for name, text in header.written.items() if name != "actions"}
        content["actions"] = list(header.written.get("actions", ()))
        content["edition"] = header.edition_kind
    elif body["kind"] == Kind.MONTHLY:
        texts = {name: header.comments.get(name, "") for name in ("summary", "risks", "plan", "last_actions")}
        content["comments"] = texts
        written = {section for section, name in WRITTEN_SECTIONS.items() if texts[name]}
        sections = (set(body["sections"]) - set(WRITTEN_SECTIONS)) | written
        content["sections"] = [section for section in CHAPTERS if section in sections]
    return frozen(content)
