"""Sends what is booked: at once, after quiet hours, and again after a failure."""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from procrastinate import Blueprint
from procrastinate.exceptions import AlreadyEnqueued

from .actions import carry_out, due_deliveries, forget_old_deliveries

_log = logging.getLogger(__name__)
blueprint = Blueprint()


@blueprint.task(name="deliver")
def deliver(delivery: str) -> None:
    """Try one delivery; what was sent, or is not due yet, is left alone."""
    status = carry_out(UUID(delivery), now=datetime.now(UTC))
    if status:
        _log.info("delivery.tried", extra={"delivery": delivery, "status": status})


@blueprint.periodic(cron="* * * * * */30", periodic_id="deliver_due")
@blueprint.task(name="deliver_due", queueing_lock="notify:deliver_due")
def deliver_due(timestamp: int) -> None:
    """Twice a minute: whatever waits for its time, and what a killed worker left."""
    for uuid in due_deliveries(now=datetime.now(UTC)):
        with suppress(AlreadyEnqueued):
            deliver.configure(queueing_lock=f"notify:{uuid}").defer(delivery=str(uuid))


@blueprint.periodic(cron="50 3 * * *", periodic_id="forget_old_deliveries")
@blueprint.task(name="forget_old_deliveries", queueing_lock="notify:forget_old_deliveries")
def forget_old(timestamp: int) -> None:
    """Once a night."""
    forget_old_deliveries(now=datetime.now(UTC))
