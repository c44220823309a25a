"""Reports in the background: drafting them when asked, and carrying out plans on time."""

from datetime import UTC, datetime
from uuid import UUID

from procrastinate import Blueprint

from . import actions

blueprint = Blueprint()


@blueprint.task(name="draft")
def draft(run: str) -> None:
    """Draft a report; a worker that dies is replaced, and what was done is not done again."""
    actions.carry_out(UUID(run))


@blueprint.periodic(cron="* * * * *", periodic_id="carry_out_plans")
@blueprint.task(name="carry_out_plans", queueing_lock="reports:carry_out_plans")
def carry_out_plans(timestamp: int) -> None:
    """Every minute: ask for the reports whose time has come, those missed in a downtime among them."""
    actions.carry_out_plans(datetime.now(UTC))
