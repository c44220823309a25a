"""Reports in the background: drafting them when asked, and carrying out plans on time."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from procrastinate import Blueprint, JobContext, RetryStrategy

from . import actions

blueprint = Blueprint()
TRIES: Final = 5  #: again, after something broke


@blueprint.task(
    name="draft", pass_context=True, retry=RetryStrategy(max_attempts=TRIES, wait=5, exponential_wait=4)
)
def draft(context: JobContext, run: str) -> None:
    """Draft a report; what was done is not done again after a crash, and what broke is tried again."""
    attempts = context.job.attempts if context.job is not None else TRIES
    actions.carry_out(UUID(run), is_last_try=attempts >= TRIES)


@blueprint.periodic(cron="* * * * *", periodic_id="carry_out_plans")
@blueprint.task(name="carry_out_plans", queueing_lock="reports:carry_out_plans")
def carry_out_plans(timestamp: int) -> None:
    """Every minute: ask for the reports whose time has come, those missed in a downtime among them."""
    actions.carry_out_plans(datetime.now(UTC))
