"""How instants, durations and figures are said to people, in the language and zone that are active."""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

DASH = "–"


def is_chinese() -> bool:
    """Whether the active language is a Chinese one."""
    return (get_language() or "").lower().startswith("zh")


def duration(seconds: int | None, *, is_exact: bool = False) -> str:
    """Seconds as people say them: two units at most ("3 h 12 min"), or down to the second when `is_exact`.

    None is a dash. Hours are not turned into days below 48 h, because a day of service is not 24 h.
    """
    if seconds is None:
        return DASH
    sign = "−" if seconds < 0 else ""
    rest = abs(int(seconds))
    days, hours, minutes, left = 0, rest // 3600, rest // 60 % 60, rest % 60
    if hours >= 48 and not is_exact:
        days, hours = divmod(hours, 24)
        return sign + _joined((days, "d"), (hours, "h"))
    if is_exact:
        return sign + (_joined((hours, "h"), (minutes, "min"), (left, "s")) or _one(0, "s"))
    if hours:
        return sign + _joined((hours, "h"), (minutes, "min"))
    if minutes >= 10 or (minutes and not left):
        return sign + _one(minutes, "min")
    return sign + (_joined((minutes, "min"), (left, "s")) or _one(0, "s"))


def _one(number: int, unit: str) -> str:
    return str(_UNITS[unit]) % {"n": number}


#: Said in every row of a list: only the one that is asked for is looked up.
_UNITS = {
    "d": pgettext_lazy("duration", "%(n)s d"),
    "h": pgettext_lazy("duration", "%(n)s h"),
    "min": pgettext_lazy("duration", "%(n)s min"),
    "s": pgettext_lazy("duration", "%(n)s s"),
}


def _joined(*parts: tuple[int, str]) -> str:
    return " ".join(_one(number, unit) for number, unit in parts if number)


def clock_duration(seconds: int) -> str:
    """Seconds as h:mm:ss, for tables whose column must add up."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def local(at: datetime | int, zone: tzinfo | None = None) -> datetime:
    """The instant (aware datetime or epoch seconds) in the reader's zone, or the given one."""
    instant = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else at
    return instant.astimezone(zone or timezone.get_current_timezone())


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(at: datetime, *, with_year: bool = True) -> str:
    """A local date in the reader's order: "2016-02-29" in Chinese, "29 Feb 2016" in English."""
    if is_chinese():
        return f"{at:%Y-%m-%d}" if with_year else f"{at:%m-%d}"
    return f"{at.day} {_MONTHS[at.month - 1]}" + (f" {at.year}" if with_year else "")


def instant(at: datetime | int | None, *, now: datetime | None = None, with_seconds: bool = False) -> str:
    """An instant in the reader's zone, 24 h. Near `now` it is said by its day ("today 14:30")."""
    if at is None:
        return DASH
    there = local(at)
    clock = f"{there:%H:%M:%S}" if with_seconds else f"{there:%H:%M}"
    if now is not None:
        today = local(now, there.tzinfo).date()
        if there.date() == today:
            return _("today %(time)s") % {"time": clock}
        if there.date() == today - timedelta(days=1):
            return _("yesterday %(time)s") % {"time": clock}
        if there.date() == today + timedelta(days=1):
            return _("tomorrow %(time)s") % {"time": clock}
        return f"{day(there, with_year=there.year != today.year)} {clock}"
    return f"{day(there)} {clock}"


def exact_instant(at: datetime | int) -> str:
    """For hovers: to the second, with the zone's offset."""
    text = local(at).isoformat(" ", "seconds")
    return f"{text[:19]} UTC{text[19:]}"


def grouped(number: int) -> str:
    """A whole number with thousands apart by a comma, as both languages' tables have it."""
    return f"{number:,}"


def decimal_text(value: Decimal) -> str:
    """A decimal with its own digits, thousands apart."""
    return f"{value:,f}"


def of_text(numerator: int, denominator: int) -> str:
    """ "412 of 441": what stands behind a percentage, always."""
    return _("%(part)s of %(whole)s") % {"part": grouped(numerator), "whole": grouped(denominator)}
