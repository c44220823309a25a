"""The sweep of the clocks, once a minute; and clocks folded anew when a contract version reaches back."""

import logging
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from procrastinate import Blueprint

from yunheng.foundation.journal import subscribe
from yunheng.foundation.models import Entry

from .actions import sweep
from .amending import refold_since

_log = logging.getLogger(__name__)
blueprint = Blueprint()


@blueprint.periodic(cron="* * * * *", periodic_id="sweep")
@blueprint.task(name="sweep", queueing_lock="sla:sweep")
def sweep_clocks(timestamp: int) -> None:
    """Record what clocks reached until now. `timestamp` is when it was due; what counts is when it runs."""
    report = sweep(datetime.now(UTC))
    if report.checked or report.failed:
        _log.info("clocks.swept", extra=asdict(report))


@blueprint.task(name="refold_amended")
def refold_amended(entry_id: int) -> None:
    """Fold the clocks anew that the backdated or refreshed version of this entry governs (sla-semantics 6, 16)."""
    entry = Entry.objects.select_related("body", "scope").get(pk=entry_id)
    report = refold_since(entry.scope_id, _valid_from(entry), now=datetime.now(UTC))
    _log.info("clocks.refolded", extra={"contract": entry.scope.key, **asdict(report)})


def _valid_from(entry: Entry) -> datetime:
    """From when on the version of the entry is in force; the beginning of time where the entry's data was erased."""
    data = entry.body.shared
    if data is None:
        return datetime.min.replace(tzinfo=UTC)
    if "valid_from" in data:
        return datetime.fromisoformat(data["valid_from"])
    return datetime.combine(date.fromisoformat(data["effective"]), time.min, ZoneInfo(entry.scope.zone))


for _reaches_back in ("contract.backdating_accepted", "contract.calendar_refreshed"):
    subscribe(_reaches_back, refold_amended)
