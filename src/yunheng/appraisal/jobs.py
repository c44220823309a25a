"""Appraisal in the background: terms of statements and rectification orders, tiers that come near, heads by mail."""

from datetime import UTC, datetime

from procrastinate import Blueprint

from .points_left.actions import warn_of_tiers
from .proof.mailing import mail_heads
from .statements import actions

blueprint = Blueprint()


@blueprint.periodic(cron="*/2 * * * *", periodic_id="sweep_statements")
@blueprint.task(name="sweep_statements", queueing_lock="appraisal:sweep_statements")
def sweep_statements(timestamp: int) -> None:
    """Every two minutes: remind of terms that end soon, and let silence accept where the contract says so."""
    actions.sweep(datetime.now(UTC))


@blueprint.periodic(cron="37 * * * *", periodic_id="warn_of_near_tiers")
@blueprint.task(name="warn_of_near_tiers", queueing_lock="appraisal:warn_of_near_tiers")
def warn_of_near_tiers(timestamp: int) -> None:
    """Every hour: tell the provider's people of tiers that one more breach would bring about."""
    warn_of_tiers(datetime.now(UTC))


@blueprint.periodic(cron="10 5 * * *", periodic_id="mail_log_heads")
@blueprint.task(name="mail_log_heads", queueing_lock="appraisal:mail_log_heads")
def mail_log_heads(timestamp: int) -> None:
    """Every day: the newest signed head of each log goes to the contacts of its client."""
    mail_heads(datetime.now(UTC))
