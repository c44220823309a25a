"""What a calendar says: zone, windows, holidays, make-up workdays, exceptions; what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from yunheng.logic.worktime.errors import CalendarError
from yunheng.logic.worktime.zones import load_zone

DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Window:
    """Weekly opening in local wall-clock minutes, half-open; weekday 0 = Monday.

    0 ≤ start < 1440 and start < end ≤ 2880: an end above 1440 lies on the next day (1320–1800 is
    22:00–06:00).
    """

    weekday: int
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class CalendarRules:
    """What a contract says of its calendar (sla-semantics 1).

    For a date, the first of exception, make-up, holiday, weekly that names it decides.

    zone: IANA name. weekly: any number of windows a day. is_always_open: 24×7, to which holidays, make-ups
    and provisional years do not apply, exceptions do. makeup: make-up workday (调休) → weekday whose windows
    it uses. exceptions: date → its windows as (start, end) minutes; () closes the day. provisional_years:
    official holidays not published yet (6). A window that runs past midnight into a closed day keeps running:
    it belongs to the day on which it started.
    """

    zone: str
    weekly: tuple[Window, ...] = ()
    is_always_open: bool = False
    holidays: frozenset[date] = frozenset()
    makeup: Mapping[date, int] = field(default_factory=dict)
    exceptions: Mapping[date, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    provisional_years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A rule that is valid but looks wrong. `code` is stable (for translation), `field` the place."""

    code: str
    field: str
    message: str


def lint_rules(rules: CalendarRules) -> list[RuleFinding]:
    """What is valid but looks wrong, in a stable order. Raises CalendarError for what is not valid.

    Codes: window_overlap, exception_overlap, makeup_is_holiday, makeup_closed, no_effect, never_open.
    """
    check_rules(rules)
    findings = [
        RuleFinding("window_overlap", f"weekly[{j}]", f"overlaps weekly[{i}]; it is counted once")
        for i, j in _overlapping_windows(rules.weekly)
    ]
    for day, windows in sorted(rules.exceptions.items()):
        ordered = sorted(windows)
        if any(b[0] < a[1] for a, b in pairwise(ordered)):
            findings.append(
                RuleFinding(
                    "exception_overlap", f"exceptions[{day}]", "its windows overlap; they are counted once"
                )
            )
    if rules.is_always_open:
        findings += [
            RuleFinding("no_effect", name, "a calendar that is always open ignores it")
            for name, value in (("holidays", rules.holidays), ("makeup", rules.makeup))
            if value
        ]
        return findings
    findings += [
        RuleFinding("makeup_is_holiday", f"makeup[{day}]", "the day is also a holiday; the make-up wins")
        for day in sorted(rules.holidays & rules.makeup.keys())
    ]
    by_weekday = weekly_windows(rules)
    findings += [
        RuleFinding("makeup_closed", f"makeup[{day}]", f"weekday {weekday} whose windows it uses has none")
        for day, weekday in sorted(rules.makeup.items())
        if not by_weekday[weekday] and day not in rules.exceptions
    ]
    if not rules.weekly and not any(rules.exceptions.values()):
        findings.append(RuleFinding("never_open", "weekly", "no window at all: the calendar is never open"))
    return findings


def weekly_windows(rules: CalendarRules) -> list[tuple[tuple[int, int], ...]]:
    if rules.is_always_open:
        return [((0, DAY_MINUTES),)] * 7
    return [
        tuple((w.start_minute, w.end_minute) for w in rules.weekly if w.weekday == weekday)
        for weekday in range(7)
    ]


def windows_on(
    rules: CalendarRules, by_weekday: list[tuple[tuple[int, int], ...]], day: int
) -> tuple[tuple[int, int], ...]:
    """Windows that start on the local date with this ordinal: exception > make-up > holiday > weekly."""
    on = date.fromordinal(day)
    if on in rules.exceptions:
        return rules.exceptions[on]
    if not rules.is_always_open:
        if on in rules.makeup:
            return by_weekday[rules.makeup[on]]
        if on in rules.holidays:
            return ()
    return by_weekday[on.weekday()]


def check_rules(rules: CalendarRules) -> ZoneInfo:
    """The zone of valid rules; CalendarError names the first field that is not."""
    zone = load_zone(rules.zone)
    if rules.is_always_open and rules.weekly:
        raise CalendarError(
            "weekly", "a calendar that is always open has no weekly windows: drop one of the two"
        )
    for i, window in enumerate(rules.weekly):
        if window.weekday not in range(7):
            raise CalendarError(f"weekly[{i}].weekday", f"{window.weekday} is not 0 (Monday) to 6 (Sunday)")
        _check_minutes(f"weekly[{i}]", window.start_minute, window.end_minute)
    for name, days in (
        ("holidays", rules.holidays),
        ("makeup", rules.makeup),
        ("exceptions", rules.exceptions),
    ):
        for day in days:
            if not isinstance(day, date) or isinstance(day, datetime):
                raise CalendarError(name, f"{day!r} is not a date")
    for day, weekday in rules.makeup.items():
        if weekday not in range(7):
            raise CalendarError(f"makeup[{day}]", f"{weekday} is not 0 (Monday) to 6 (Sunday)")
    for day, windows in rules.exceptions.items():
        for start, end in windows:
            _check_minutes(f"exceptions[{day}]", start, end)
    return zone


def _overlapping_windows(weekly: tuple[Window, ...]) -> list[tuple[int, int]]:
    """Pairs of indices (i < j) of windows that overlap on the weekly circle."""
    week = 7 * DAY_MINUTES
    placed = [(w.weekday * DAY_MINUTES + w.start_minute, w.end_minute - w.start_minute) for w in weekly]
    return [
        (i, j)
        for j, (start_j, length_j) in enumerate(placed)
        for i, (start_i, length_i) in enumerate(placed[:j])
        if (start_j - start_i) % week < length_i or (start_i - start_j) % week < length_j
    ]


def _check_minutes(place: str, start: int, end: int) -> None:
    if not 0 <= start < DAY_MINUTES:
        raise CalendarError(place, f"start minute {start} is not within the day (0 to {DAY_MINUTES - 1})")
    if not start < end <= 2 * DAY_MINUTES:
        raise CalendarError(
            place,
            f"end minute {end} is not after the start ({start}), at most {2 * DAY_MINUTES}",
        )
