"""Reads written dates and times as instants, day first, and refuses what could mean two things."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

Order = Literal["dmy", "mdy", "ymd"]

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_EXAMPLES: Final = {"dmy": "29/2/2016 01:16", "mdy": "2/29/2016 01:16", "ymd": "2016-02-29 01:16"}
_CACHE_SIZE: Final = 200_000
_SLASHED: Final = re.compile(
    r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
)
_BEGINNING: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})(?!\d)")
_ISO: Final = re.compile(
    r"(\d{4})([/.\-年])(\d{1,2})(?:\2|月)(\d{1,2})日?(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"(Z|[+-]\d{2}:?\d{2})?)?"
)


class InstantFaultError(ValueError):
    """Text that is no instant, or not only one; the message is the reason for a person."""


class InstantReader(dict[str, int]):
    """Reads texts of one file: `reader[text]` is the instant in epoch seconds UTC, or raises InstantFaultError.

    What was read is kept, so a text costs its reading once. `zone` gives what texts leave out; `order` says how
    3/4/2016 is meant; texts that begin with the year are always read. `is_mixed`: the file writes dates in both
    orders, so one that could be either is refused. `doubled` counts texts at an hour that the zone has twice: the
    first one is taken.
    """

    def __init__(self, zone: ZoneInfo, order: Order = "dmy", *, is_mixed: bool = False) -> None:
        super().__init__()
        self.zone, self.order, self.is_mixed = zone, order, is_mixed
        self.doubled = 0
        self._hours: dict[str, int] = {}

    def __missing__(self, text: str) -> int:
        hour, _colon, minute = text.rpartition(":")
        start = self._hours.get(hour)
        if start is None:
            start = self._hours[hour] = self._start_of(hour)
        if start >= 0 and len(minute) == 2 and minute.isascii() and minute.isdecimal() and minute < "60":
            found = start + 60 * int(minute)
        else:
            found = self._parse(text)
        if len(self) >= _CACHE_SIZE:
            self.clear()
            self._hours.clear()
        self[text] = found
        return found

    def _start_of(self, hour: str) -> int:
        """The instant at which an hour of 60 minutes begins ("29/2/2016 01"), or -1 for anything else: a log has
        far fewer hours than minutes, and reading text is slow.
        """
        if ":" in hour or not hour[-2:].strip().isdecimal() or " " not in hour.strip():
            return -1
        doubled = self.doubled
        try:
            start, end = self._parse(f"{hour}:00"), self._parse(f"{hour}:59")
        except InstantFaultError:
            return -1
        is_plain = end - start == 59 * 60 and self.doubled == doubled
        self.doubled = doubled
        return start if is_plain and start >= 0 else -1

    def _parse(self, text: str) -> int:
        text = text.strip()
        if (match := _ISO.fullmatch(text)) is not None:
            year, _mark, month, day, hour, minute, second, offset = match.groups()
        elif (match := _SLASHED.fullmatch(text)) is not None:
            first, _mark, other, year, hour, minute, second = match.groups()
            offset = None
            day, month = (other, first) if self.order == "mdy" else (first, other)
            if self.order == "ymd":
                raise InstantFaultError(
                    _("the year does not come first, as in {example}").format(example=_EXAMPLES["ymd"])
                )
            if int(month) > 12 >= int(day):
                raise InstantFaultError(
                    _("there is no month {month}; dates of this file are read {order}").format(
                        month=month,
                        order=_("month first") if self.order == "mdy" else _("day first"),
                    )
                )
            if self.is_mixed and int(first) <= 12 and int(other) <= 12 and first != other:
                raise InstantFaultError(
                    _(
                        "could be {first}/{other} or {other}/{first}: the file writes dates in both orders"
                    ).format(first=first, other=other)
                )
        else:
            raise InstantFaultError(
                _("is no date and time such as {example}").format(example=_EXAMPLES[self.order])
            )
        if not FIRST_YEAR <= int(year) <= LAST_YEAR:
            raise InstantFaultError(
                _("the year is not between {first} and {last}").format(first=FIRST_YEAR, last=LAST_YEAR)
            )
        try:
            wall = datetime(
                *(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)),
                tzinfo=UTC,
            )
        except ValueError:
            raise InstantFaultError(_("there is no such day or time")) from None
        if offset is not None:
            zone = datetime.strptime("+0000" if offset == "Z" else offset.replace(":", ""), "%z").tzinfo
            return int(wall.replace(tzinfo=zone).timestamp())
        return self._in_zone(wall)

    def _in_zone(self, wall: datetime) -> int:
        local = wall.replace(tzinfo=self.zone)
        at = local.astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=UTC) != wall:
            raise InstantFaultError(
                _("the clocks of {zone} were put forward over this time").format(zone=self.zone.key)
            )
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            self.doubled += 1
        return int(at.timestamp())


def orders_seen(beginnings: Iterable[str]) -> frozenset[Order]:
    """Which orders the beginnings of dates ("29/2/", "2/29/") prove: a number above twelve is a day."""
    seen: set[Order] = set()
    for text in beginnings:
        if (match := _BEGINNING.match(text)) is not None:
            first, second = int(match[1]), int(match[2])
            if first > 12 >= second:
                seen.add("dmy")
            elif second > 12 >= first:
                seen.add("mdy")
    return frozenset(seen)
