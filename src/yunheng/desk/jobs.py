"""Closes resolved tickets on which the user said nothing for as long as the contract gives; tells people; forgets words
of what was erased.
"""

import logging
from datetime import UTC, datetime

from procrastinate import Blueprint

from yunheng.foundation.follow_ups import carry_out
from yunheng.foundation.journal import REDACTED, subscribe, subscribe_batch

from .actions import close_silent_tickets
from .notifying import ANNOUNCED, announce
from .searching import rebuild_after

_log = logging.getLogger(__name__)
blueprint = Blueprint()


@blueprint.periodic(cron="7,37 * * * *", periodic_id="close_silent")
@blueprint.task(name="close_silent", queueing_lock="desk:close_silent")
def close_silent(timestamp: int) -> None:
    """Twice an hour: close what the contract lets close, marked as closed without the user's word."""
    closed = close_silent_tickets()
    if closed:
        _log.info("tickets.closed_without_word", extra={"count": closed})


@blueprint.task(name="announce_waiting")
def announce_waiting() -> None:
    """Tell people and webhooks of the entries that wait for it."""
    carry_out(
        announce_waiting, lambda entry_ids: announce(entry_ids, now=datetime.now(UTC)), alone=announce_entry
    )


@blueprint.task(name="announce")
def announce_entry(entry_id: int) -> None:
    """The same for one entry that could not be announced together with others."""
    announce([entry_id], now=datetime.now(UTC))


@blueprint.task(name="forget_erased_words")
def forget_erased_words(entry_id: int) -> None:
    """What was erased from a ticket must not be found any more."""
    rebuild_after(entry_id)


subscribe(REDACTED, forget_erased_words)
for _type in ANNOUNCED:
    subscribe_batch(_type, announce_waiting)
