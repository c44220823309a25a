"""Reports in the background: drafting them when asked, carrying out plans on time, letters that are kept."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from procrastinate import Blueprint, JobContext, RetryStrategy

from yunheng.foundation.journal import subscribe
from yunheng.foundation.models import Entry

from . import actions
from .statements import keeping

blueprint = Blueprint()
TRIES: Final = 5  #: again, after something broke
RECENT: Final = timedelta(days=1)


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


@blueprint.task(
    name="keep_letters",
    lock="reports:keep_letters",  # one after the other: people's own documents come first
    priority=-5,
    retry=RetryStrategy(max_attempts=TRIES, wait=5, exponential_wait=4),
)
def keep_letters(entry_id: int) -> None:
    """A statement was issued, arbitrated or locked: make and keep the letters about it. Those of steps that are dated
    long ago (a demonstration, history) wait for the slow look below.
    """
    entry, now = Entry.objects.get(pk=entry_id), datetime.now(UTC)
    if now - entry.recorded_at < RECENT:
        keeping.keep_letters(entry.subject_number, now)


@blueprint.periodic(cron="3-59/10 * * * *", periodic_id="keep_missing_letters")
@blueprint.task(name="keep_missing_letters", queueing_lock="reports:keep_missing_letters", priority=-5)
def keep_missing_letters(timestamp: int) -> None:
    """Every ten minutes, a few: letters of statements that were issued before letters were kept, or that failed."""
    for number in keeping.without_letters():
        keeping.keep_letters(number, datetime.now(UTC))


for _type in ("appraisal.issued", "appraisal.arbitrated", "appraisal.locked"):
    subscribe(_type, keep_letters)
