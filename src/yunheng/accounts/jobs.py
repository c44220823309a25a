"""Nightly: rows of sessions whose time is over."""

import logging
from datetime import UTC, datetime

from procrastinate import Blueprint

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
