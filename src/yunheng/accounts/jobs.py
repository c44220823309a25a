"""Nightly: rows of sessions and of counted usage whose time is over."""

import logging
from datetime import UTC, datetime

from procrastinate import Blueprint

from .quotas import forget_old_usage
from .sessions import forget_ended_sessions

_log = logging.getLogger(__name__)
blueprint = Blueprint()


@blueprint.periodic(cron="50 3 * * *", periodic_id="forget_ended_sessions")
@blueprint.task(name="forget_ended_sessions", queueing_lock="accounts:forget_ended_sessions")
def forget_sessions(timestamp: int) -> None:
    """Remove what nobody can use any more; everybody who opened the sign-in page to go elsewhere left a row."""
    count = forget_ended_sessions(datetime.now(UTC))
    if count:
        _log.info("sessions.forgotten", extra={"count": count})


@blueprint.periodic(cron="55 3 * * *", periodic_id="forget_old_usage")
@blueprint.task(name="forget_old_usage", queueing_lock="accounts:forget_old_usage")
def forget_usage(timestamp: int) -> None:
    """Remove what was counted in periods that are over."""
    forget_old_usage(datetime.now(UTC))
