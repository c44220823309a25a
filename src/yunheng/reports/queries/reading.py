"""Which reports somebody may know of, one of them with all that is on its page, and the run that drafts one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import offered
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import NotFound
from yunheng.foundation.subject_lists import newest_first
from yunheng.notify.models import Delivery

from ..models import Report, ReportFile, ReportRun

PAGE = 50
_HEAVY = ("contents", "comments", "written")
#: What only the provider knows of: a draft, and one that nobody will see.
UNPUBLISHED = ("drafted", "discarded")


def reports_visible_to(viewer: Viewer) -> QuerySet[Report]:
    """Reports of the contracts under which the viewer may read them; drafts only for the provider's people."""
    reports = Report.objects.select_related("scope", "ticket", "replaces")
    seen, inside = viewer.scopes_where("report.view"), viewer.scopes_where("entry.internal")
    if seen is not None:
        reports = reports.filter(scope_id__in=seen)
    if inside is not None:
        reports = reports.filter(Q(scope_id__in=inside) | ~Q(state__in=UNPUBLISHED))
    return reports


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page of the list, newest first, without contents. `following` continues it, "" at the end."""

    reports: list[Report]
    following: str


def list_reports(
    viewer: Viewer,
    contract_key: str | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE,
    kind: str = "",
    state: str = "",
    period: str = "",
) -> ReportPage:
    """Reports that the viewer may see, newest first (1 query, 2 with `after`, 1 more with a contract).

    Raises NotFound for an unknown contract, Invalid for a place that is not in the list.
    """
    scope_id = access_contract(viewer, contract_key).pk if contract_key else None
    seen = reports_visible_to(viewer).defer(*_HEAVY)
    asked = {"kind": kind, "state": state, "period": period}
    return ReportPage(*newest_first(seen, scope_id=scope_id, after=after, limit=limit, **asked))


def access_report(viewer: Viewer, number: str) -> Report:
    """The report with that number. Raises NotFound when it is missing or hidden; nobody learns which."""
    report = reports_visible_to(viewer).filter(number=number).first()
    if report is None:
        raise NotFound(_("There is no report %(number)s.") % {"number": number})
    return report


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of a report as its reader may see it; `data` is its shared data, for the provider all of it."""

    type: str
    at: datetime
    who: str  # "" where names are not for the reader
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that a page about a report shows."""

    report: Report
    contract: Contract
    contents: Mapping[str, Any]  # language → content as it stands now
    files: Sequence[ReportFile]  # as issued, without their data; of a draft: none
    transitions: frozenset[str]  # keys of the process's transitions that the viewer may make
    may_write: bool
    history: Sequence[HistoryLine]
    deliveries: Sequence[Delivery]  # for the provider
    replaced_by: Report | None
    is_late: bool | None  # None: not due yet, or no term
    warnings: Sequence[str] = field(default_factory=tuple)


def report_page(viewer: Viewer, report: Report, *, now: datetime | None = None) -> ReportView:
    """A report with its files, history and what the viewer may do with it (7 queries)."""
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=report.scope_id)
    is_inside = viewer.may("entry.internal", report.scope_id)
    files = list(
        ReportFile.objects.filter(report=report, edition__gt=0).defer("data").order_by("language", "format")
    )
    successor = reports_visible_to(viewer).defer(*_HEAVY).filter(replaces=report).first()
    return ReportView(
        report=report,
        contract=contract,
        contents=report.contents,
        files=files,
        transitions=frozenset(step.key for step in offered(report, viewer)),
        may_write=viewer.may("report.write", report.scope_id),
        history=history_of(viewer, report),
        deliveries=_deliveries(report) if is_inside else (),
        replaced_by=successor,
        is_late=is_late(report, now),
    )


def is_late(report: Report, now: datetime | None = None) -> bool | None:
    """Whether it came after its term; None when it has none, or may still come in time."""
    if report.due_at is None:
        return None
    if report.issued_at is not None:
        return report.issued_at > report.due_at
    return True if now is not None and now > report.due_at else None


def history_of(viewer: Viewer, report: Report) -> list[HistoryLine]:
    """The entries of a report, oldest first, cut to what the viewer may see (1 query)."""
    entries = Entry.objects.filter(scope_id=report.scope_id, subject_id=report.pk).select_related("body")
    is_inside = viewer.may("entry.internal", report.scope_id)
    names_people = viewer.may("entry.personal", report.scope_id)
    lines = []
    for entry in entries.order_by("id"):
        shared, internal = entry.body.shared or {}, entry.body.internal or {}
        if entry.shared_digest is None and not is_inside:
            continue  # what is the provider's alone does not even show that it exists
        actor = (entry.body.personal or {}).get("actor") or {}
        lines.append(
            HistoryLine(
                type=entry.type,
                at=entry.occurred_at,
                who=str(actor.get("name", "")) if names_people else "",
                data={**shared, **internal} if is_inside else dict(shared),
            )
        )
    return lines


def _deliveries(report: Report) -> list[Delivery]:
    return list(
        Delivery.objects.select_related("person")
        .filter(scope_id=report.scope_id, subject_number=report.number)
        .defer("body")
        .order_by("-pk")[:200]
    )


def run_of(viewer: Viewer, uuid: UUID) -> ReportRun:
    """A run that drafts a report, for who may write reports there. Raises NotFound alike for missing and hidden."""
    run = (
        ReportRun.objects.select_related("scope", "asked_by", "ticket")
        .prefetch_related(Prefetch("report", Report.objects.defer(*_HEAVY)))
        .filter(uuid=uuid)
        .first()
    )
    if run is None or not viewer.may("report.write", run.scope_id):
        raise NotFound(_("There is no such run."))
    return run
