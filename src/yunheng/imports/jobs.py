"""Imports of the web in the background. A worker that dies is replaced, and the run goes on where it was."""

from datetime import UTC, datetime
from uuid import UUID

from procrastinate import Blueprint, RetryStrategy

from yunheng.foundation.refusals import Conflict

from . import working

blueprint = Blueprint()
#: Another import into the contract, from the command line, may take an hour.
_UNTIL_FREE = RetryStrategy(max_attempts=1_000, wait=15, retry_exceptions={Conflict})


@blueprint.task(name="look")
def look(run: str) -> None:
    """Find out what a file is."""
    working.look(UUID(run))


@blueprint.task(name="try_out")
def try_out(run: str) -> None:
    """Read everything, write nothing."""
    working.try_out(UUID(run))


@blueprint.task(name="carry_out", retry=_UNTIL_FREE)
def carry_out(run: str) -> None:
    """Import."""
    working.carry_out(UUID(run))


@blueprint.periodic(cron="50 * * * *", periodic_id="forget_files")
@blueprint.task(name="forget_files", queueing_lock="imports:forget_files")
def forget_files(timestamp: int) -> None:
    """Once an hour: let go of files that nobody needs any more."""
    working.forget_old_files(datetime.now(UTC))
