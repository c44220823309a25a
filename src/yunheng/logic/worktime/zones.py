"""Time zones: names, edition, and local wall time as pieces of constant offset."""

import difflib
import importlib
import zoneinfo
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from yunheng.logic.worktime.errors import CalendarError

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_REACH_SECONDS = 26 * 3600  # an instant never lies further from its wall time read as UTC
_PROBE_SECONDS = DAY_SECONDS  # no zone kept an offset for less than four days since 1900: none is missed


def load_zone(name: str) -> zoneinfo.ZoneInfo:
    """A zone by its IANA name. Raises CalendarError("zone").

    Refuses names that mean something else on each machine (localtime) or count leap seconds (right/…).
    """
    if not name.startswith(("posix/", "right/")) and name not in ("localtime", "posixrules", "Factory"):
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass
    known = {zone.lower(): zone for zone in zoneinfo.available_timezones()}
    near = [known[zone] for zone in difflib.get_close_matches(name.lower(), known, n=2)]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise CalendarError("zone", f"unknown time zone {name!r}{hint}")


def tzdata_edition() -> str:
    """Edition of the time zone data in use, such as "2025b"; "unknown" where the machine does not say it."""
    for folder in zoneinfo.TZPATH:
        if not Path(folder, "UTC").is_file():
            continue
        for name in ("tzdata.zi", "+VERSION"):
            try:
                with Path(folder, name).open(encoding="ascii") as lines:
                    return lines.readline().removeprefix("# version").strip()
            except (OSError, ValueError):
                continue
        return "unknown"
    try:
        package = importlib.import_module("tzdata")  # what zoneinfo falls back on
    except ImportError:
        return "unknown"
    return str(getattr(package, "IANA_VERSION", "unknown"))


def wall_midnight(day: int) -> int:
    """00:00 of the local date with this ordinal, on the wall-time line of `WallClock`."""
    return (day - _EPOCH_ORDINAL) * DAY_SECONDS


class WallClock:
    """Local wall time of a zone as pieces of constant offset, from first_day − 1 to last_day + 2 and more.

    Wall times are seconds since 1970-01-01 00:00 *local*, on a line without gaps or folds.
    """

    def __init__(self, zone: zoneinfo.ZoneInfo, first_day: int, last_day: int) -> None:
        begin = wall_midnight(first_day - 1) - 2 * _REACH_SECONDS
        stop = wall_midnight(last_day + 2) + 2 * _REACH_SECONDS
        self.begins: list[int] = [begin]
        self.offsets: list[int] = [_offset(zone, begin)]
        low = begin
        while low < stop:
            high = min(low + _PROBE_SECONDS, stop)
            offset = _offset(zone, high)
            if offset != self.offsets[-1]:
                closed, opened = low, high  # the change lies in (closed, opened]
                while opened - closed > 1:
                    middle = (closed + opened) // 2
                    if _offset(zone, middle) == self.offsets[-1]:
                        closed = middle
                    else:
                        opened = middle
                self.begins.append(opened)
                self.offsets.append(offset)
            low = high
        self.stops = [*self.begins[1:], stop]

    def midnight(self, day: int) -> int:
        """The instant from which on the local date never falls below `day` (an ordinal)."""
        wall = wall_midnight(day)
        i = bisect_right(self.begins, wall + _REACH_SECONDS) - 1
        while self.begins[i] + self.offsets[i] >= wall:
            i -= 1
        return min(self.stops[i], wall - self.offsets[i])

    def instants(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The spans of instants at which the wall time lies in [start, end): none in a gap, two across a
        fold.
        """
        for i in range(
            bisect_right(self.stops, start - _REACH_SECONDS), bisect_left(self.begins, end + _REACH_SECONDS)
        ):
            a = max(self.begins[i], start - self.offsets[i])
            b = min(self.stops[i], end - self.offsets[i])
            if a < b:
                yield a, b


def _offset(zone: zoneinfo.ZoneInfo, t: int) -> int:
    offset = (_EPOCH + timedelta(seconds=t)).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
