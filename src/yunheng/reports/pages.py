"""What the pages of reports show beside the reports themselves: contracts to choose from, runs, a ticket's reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract, contracts_visible_to
from yunheng.contracts.reading import titles_of
from yunheng.desk.models import Ticket
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from .models import Kind, Report, ReportRun
from .queries import access_report, list_reports, reports_visible_to
from .queries.reading import ReportPage

RUNS: Final = 20  #: runs shown above a list
MOST_CONTRACTS: Final = 500  #: offered in a choice
#: How long a run that failed is told of.
FAILED_FOR: Final = timedelta(days=1)

__all__ = [
    "FaultsOfTicket",
    "Listed",
    "PortalPage",
    "access_published",
    "contract_of",
    "faults_of",
    "list_page",
    "list_published",
    "require_writable",
]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, and what stands around it."""

    page: ReportPage
    titles: Mapping[int, str]  # scope → name of its contract
    contract: Contract | None
    writable: Sequence[tuple[str, str]]  # contracts that a report can be made for: key, name
    runs: Sequence[ReportRun]


def writable_contracts(viewer: Viewer) -> list[Contract]:
    """Contracts under which the viewer may make reports, by key."""
    return [
        one
        for one in contracts_visible_to(viewer)[:MOST_CONTRACTS]
        if viewer.may("report.write", one.pk) and viewer.may("contract.view", one.pk)
    ]


def require_writable(viewer: Viewer) -> list[tuple[str, str]]:
    """Key and name of each. Raises NotFound for somebody who may make reports nowhere."""
    found = writable_contracts(viewer)
    if not found and not viewer.may("report.write", None):
        raise NotFound(_("There is nothing to report on."))
    titles = titles_of(found)
    return [(one.scope.key, titles[one.pk]) for one in found]


def list_page(viewer: Viewer, key: str, *, kind: str, after: str) -> Listed:
    """A page of the reports of one contract, or with "" of all; NotFound for somebody who may read none.

    Raises NotFound for an unknown contract, Invalid for a place that is not in the list.
    """
    contract = access_contract(viewer, key) if key else None
    if contract is not None:
        viewer.require("report.view", contract.pk)
    elif not _may_somewhere(viewer, "report.view"):
        raise NotFound(_("There is nothing of this name here."))
    page = list_reports(viewer, key or None, after=after or None, kind=kind)
    writable = writable_contracts(viewer)
    around = {one.pk: one for one in writable}
    if contract is not None:
        around[contract.pk] = contract
    for missing in Contract.objects.filter(pk__in={one.scope_id for one in page.reports} - set(around)):
        around[missing.pk] = missing
    titles = titles_of(around.values())
    offered = [one for one in writable if contract is None or one.pk == contract.pk]
    return Listed(
        page=page,
        titles=titles,
        contract=contract,
        writable=[(one.scope.key, titles[one.pk]) for one in offered],
        runs=_runs([one.pk for one in offered]),
    )


def _may_somewhere(viewer: Viewer, permission: str) -> bool:
    return viewer.is_system or any(viewer.may(permission, scope_id) for _role, scope_id in viewer.grants)


def _runs(scopes: Sequence[int]) -> list[ReportRun]:
    """Runs that are at work, and those that failed lately and were not asked for again."""
    if not scopes:
        return []
    since = datetime.now(UTC) - FAILED_FOR
    wanted = Q(state__in=("waiting", "running")) | Q(state="failed", finished_at__gte=since)
    runs = ReportRun.objects.select_related("scope", "asked_by", "ticket").filter(wanted, scope_id__in=scopes)
    return list(runs.order_by("-pk")[:RUNS])


def contract_of(run: ReportRun) -> Contract:
    """The contract that a run is about."""
    return Contract.objects.select_related("scope").get(pk=run.scope_id)


@dataclass(frozen=True, slots=True)
class FaultsOfTicket:
    """The fault reports of a ticket, newest first."""

    contract: Contract
    reports: Sequence[Report]


def faults_of(viewer: Viewer, ticket: Ticket) -> FaultsOfTicket:
    """Fault reports of a ticket, for the provider. Raises NotFound for others: a client finds in its portal what was
    issued.
    """
    if not all(viewer.may(one, ticket.scope_id) for one in ("report.view", "entry.internal")):
        raise NotFound(_("There is nothing of this name here."))
    found = reports_visible_to(viewer).filter(kind=Kind.FAULT, ticket_id=ticket.pk)
    return FaultsOfTicket(
        Contract.objects.select_related("scope").get(pk=ticket.scope_id),
        list(found.defer("contents", "comments", "written").order_by("-pk")[:50]),
    )


# --- the client's portal


@dataclass(frozen=True, slots=True)
class PortalPage:
    """What was issued to a client, newest first."""

    page: ReportPage
    titles: Mapping[int, str]


def _require_client(viewer: Viewer) -> None:
    if viewer.organisation_kind != "client":
        raise NotFound(_("There is nothing of this name here."))


def list_published(viewer: Viewer, after: str) -> PortalPage:
    """Reports that were issued to the viewer's side. Raises NotFound for others than a client who may read them."""
    _require_client(viewer)
    if not _may_somewhere(viewer, "report.view"):
        raise NotFound(_("There is nothing of this name here."))
    page = list_reports(viewer, None, after=after or None)
    return PortalPage(page, titles_of(_contracts(one.scope_id for one in page.reports)))


def _contracts(scopes: Iterable[int]) -> Any:
    return Contract.objects.filter(pk__in=set(scopes))


def access_published(viewer: Viewer, number: str) -> Report:
    """A report in the client's portal. Raises NotFound, for people of other sides too."""
    _require_client(viewer)
    return access_report(viewer, number)
