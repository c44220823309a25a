"""The sweep of the clocks, once a minute."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime

from procrastinate import Blueprint

from .actions import sweep

_log = logging.getLogger(__name__)
blueprint = Blueprint()


@blueprint.periodic(cron="* * * * *", periodic_id="sweep")
@blueprint.task(name="sweep", queueing_lock="sla:sweep")
def sweep_clocks(timestamp: int) -> None:
    """Record what clocks reached until now. `timestamp` is when it was due; what counts is when it runs."""
    report = sweep(datetime.now(UTC))
    if report.checked or report.failed:
        _log.info("clocks.swept", extra=asdict(report))
