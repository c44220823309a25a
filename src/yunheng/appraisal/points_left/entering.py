"""What people have entered for a period so far, and what scores of earlier periods both sides know."""

from collections.abc import Sequence

from django.db.models import QuerySet

from yunheng.contracts.models import Contract
from yunheng.logic.score import PeriodScore

from ..entered import Entered
from ..models import Statement
from ..scored_period import ScoredPeriod
from ..statements.inputs import entered_of


def entered_so_far(contract: Contract, period: ScoredPeriod) -> Entered | None:
    """What the statement of the period holds, a draft too; None where there is none."""
    statement = _statements(contract).filter(period=period.name).order_by("-edition").first()
    return None if statement is None else entered_of(statement)


def scores_known(contract: Contract, periods: Sequence[ScoredPeriod]) -> dict[str, PeriodScore]:
    """Scores of periods by name, where a statement was issued. (1 query.)"""
    issued = _statements(contract).filter(period__in=[one.name for one in periods], digest__isnull=False)
    return {
        one.period: PeriodScore(one.period, one.value, tuple(one.vetoes))
        for one in issued.order_by("edition")
    }


def _statements(contract: Contract) -> QuerySet[Statement]:
    return (
        Statement.objects.filter(scope_id=contract.pk)
        .exclude(state__in=("discarded", "replaced"))
        .defer("frozen")
    )
