"""Backtests of a viewer: their own and nobody else's, as long as they may still read the contract's figures."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from .models import BacktestRun


def runs_of(viewer: Viewer, contract: Contract) -> QuerySet[BacktestRun]:
    """The viewer's runs on a contract, the newest first, without what they came to."""
    return (
        BacktestRun.objects.filter(contract=contract, asked_by_id=viewer.person_id or 0)
        .defer("document", "result", "changes")
        .order_by("-pk")
    )


def run_of(viewer: Viewer, key: str, uuid: UUID) -> BacktestRun:
    """One run of the viewer's own, without its file. Raises NotFound, Forbidden."""
    contract = access_contract(viewer, key)
    viewer.require("kpi.view", contract.pk)
    run = (
        BacktestRun.objects.filter(contract=contract, asked_by_id=viewer.person_id or 0, uuid=uuid)
        .defer("document", "changes")
        .first()
    )
    if run is None:
        raise NotFound(_("There is no such backtest; they are kept for a day."))
    run.contract = contract
    return run


def changes_of(viewer: Viewer, key: str, uuid: UUID) -> bytes:
    """All tickets that differ, CSV compressed by gzip. Raises NotFound, also for a run that is not finished."""
    run = run_of(viewer, key, uuid)
    found = BacktestRun.objects.values_list("changes", flat=True).get(pk=run.pk)
    if found is None:
        raise NotFound(_("There is no such backtest; they are kept for a day."))
    return bytes(found)
