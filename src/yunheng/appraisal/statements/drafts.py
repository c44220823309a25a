"""A draft as it would be issued now: computed from what is recorded and entered at this moment, sealed or not."""

from datetime import UTC, datetime

from yunheng.contracts.models import Contract

from ..models import Statement
from ..scorecard import Scorecard
from ..scored_period import read_scored_period
from .computing import Computed, compute
from .inputs import entered_of


def drafted(statement: Statement, *, now: datetime | None = None) -> Computed:
    """What a draft comes to now. Raises Unscored and Invalid as `compute` does."""
    contract = Contract.objects.select_related("scope", "provider", "client").get(pk=statement.scope_id)
    return compute(
        contract,
        read_scored_period(statement.period),
        entered=entered_of(statement),
        now=now or datetime.now(UTC),
        head=None,
        before=statement.reverses,
    )


def drafted_card(statement: Statement, *, now: datetime | None = None) -> Scorecard | None:
    """The scorecard of a draft now; None of a longer period, which is made of signed statements."""
    return drafted(statement, now=now).card
