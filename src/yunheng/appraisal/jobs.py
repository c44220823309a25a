"""Appraisal in the background: terms of statements and rectification orders."""

from datetime import UTC, datetime

from procrastinate import Blueprint

from .statements import actions

blueprint = Blueprint()


@blueprint.periodic(cron="*/2 * * * *", periodic_id="sweep_statements")
@blueprint.task(name="sweep_statements", queueing_lock="appraisal:sweep_statements")
def sweep_statements(timestamp: int) -> None:
    """Every two minutes: remind of terms that end soon, and let silence accept where the contract says so."""
    actions.sweep(datetime.now(UTC))
