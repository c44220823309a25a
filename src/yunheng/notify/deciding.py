"""Whether and when a person is told: a decision with a named reason (sla-semantics 23). Pure; `now` is an argument."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["BACKOFF", "Decision", "Quiet", "decide", "end_of_quiet", "next_try"]

NOT_WANTED: Final = "not_wanted"
NO_ADDRESS: Final = "no_address"
NO_MAIL_SERVER: Final = "no_mail_server"
QUIET_HOURS: Final = "quiet_hours"

#: Pauses between tries; after the last one a message is given up.
BACKOFF: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours [begins, ends) by the clock of a zone; `ends` before `begins` crosses midnight."""

    begins: time
    ends: time
    zone: str
    are_urgent_let_through: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """`is_sent` is False for what is decided against. `at` is when it may go: later than now in quiet hours."""

    is_sent: bool
    reason: str
    at: datetime


def decide(
    *,
    now: datetime,
    is_wanted: bool,
    address: str,
    has_server: bool,
    is_urgent: bool = False,
    quiet: Quiet | None = None,
) -> Decision:
    """Whether a message goes to a person, and from when on. The reasons are tried in the order of this module."""
    if not is_wanted:
        return Decision(False, NOT_WANTED, now)
    if not address:
        return Decision(False, NO_ADDRESS, now)
    if not has_server:
        return Decision(False, NO_MAIL_SERVER, now)
    if quiet is not None and not (is_urgent and quiet.are_urgent_let_through):
        end = end_of_quiet(quiet, now)
        if end is not None:
            return Decision(True, QUIET_HOURS, end)
    return Decision(True, "", now)


def end_of_quiet(quiet: Quiet, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` lies, as an instant; None when it lies in none.

    Wall-clock times of the zone: on the day of a change to or from summer time the hours are as long as the clock says.
    """
    zone = ZoneInfo(quiet.zone)
    there = now.astimezone(zone)
    clock = there.time().replace(tzinfo=None)
    day = there.date()
    if quiet.begins < quiet.ends:
        if not quiet.begins <= clock < quiet.ends:
            return None
    elif clock >= quiet.begins:
        day += timedelta(days=1)
    elif clock >= quiet.ends:
        return None
    return datetime.combine(day, quiet.ends, zone).astimezone(now.tzinfo)


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many tries, or None: give up."""
    return now + BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None
