"""Appraisal in the background: terms of statements, webhooks, tiers that come near, heads by mail, backtests."""

from datetime import UTC, datetime
from uuid import UUID

from procrastinate import Blueprint, JobContext, RetryStrategy

from yunheng.foundation.follow_ups import carry_out
from yunheng.foundation.journal import subscribe_batch

from .announcing import ANNOUNCED, announce
from .points_left.actions import warn_of_tiers
from .proof.mailing import mail_heads
from .statements import actions
from .whatif import actions as what_if

blueprint = Blueprint()


@blueprint.periodic(cron="*/2 * * * *", periodic_id="sweep_statements")
@blueprint.task(name="sweep_statements", queueing_lock="appraisal:sweep_statements")
def sweep_statements(timestamp: int) -> None:
    """Every two minutes: remind of terms that end soon, and let silence accept where the contract says so."""
    actions.sweep(datetime.now(UTC))


@blueprint.task(name="announce_waiting")
def announce_waiting() -> None:
    """Tell webhooks of the entries of statements and orders that wait for it."""
    carry_out(
        announce_waiting, lambda entry_ids: announce(entry_ids, now=datetime.now(UTC)), alone=announce_entry
    )


@blueprint.task(name="announce")
def announce_entry(entry_id: int) -> None:
    """The same for one entry that could not be announced together with others."""
    announce([entry_id], now=datetime.now(UTC))


@blueprint.task(
    name="backtest",
    pass_context=True,
    retry=RetryStrategy(max_attempts=what_if.TRIES, wait=5, exponential_wait=4),
)
def backtest(context: JobContext, run: str) -> None:
    """Replay history under a draft; after a crash it begins anew."""
    attempts = context.job.attempts if context.job is not None else what_if.TRIES
    what_if.carry_out(UUID(run), is_last_try=attempts >= what_if.TRIES)


@blueprint.periodic(cron="35 * * * *", periodic_id="forget_backtests")
@blueprint.task(name="forget_backtests", queueing_lock="appraisal:forget_backtests")
def forget_backtests(timestamp: int) -> None:
    """Once an hour: let go of backtests that are older than a day."""
    what_if.forget_old(datetime.now(UTC))


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


for _type in ANNOUNCED:
    subscribe_batch(_type, announce_waiting)
