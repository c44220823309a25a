"""The plan of a contract's monthly report, and the templates its reports are poured into."""

from datetime import time

from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer

from ..models import Format, Language, ReportPlan, ReportTemplate


def plan_of(viewer: Viewer, contract_key: str) -> ReportPlan:
    """The plan; one that nobody has made yet is not stored, has row version 0 and does nothing.

    Raises NotFound, and Forbidden without `report.write`.
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("report.write", contract.pk)
    plan = (
        ReportPlan.objects.select_related("scope")
        .prefetch_related("recipients__organisation")
        .filter(pk=contract.pk)
        .first()
    )
    return plan or ReportPlan(
        scope=contract.scope,
        row_version=0,
        languages=[Language.CHINESE.value],
        formats=list(Format.values),
        day=3,
        time=time(9, 0),
    )


def templates_of(viewer: Viewer, contract_key: str) -> list[ReportTemplate]:
    """The client's own templates, without their bytes. Raises NotFound, and Forbidden without `report.write`."""
    contract = access_contract(viewer, contract_key)
    viewer.require("report.write", contract.pk)
    return list(
        ReportTemplate.objects.filter(scope_id=contract.pk).defer("data").order_by("kind", "language")
    )
