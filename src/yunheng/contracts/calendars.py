"""From a contract's calendar to explicit rules and open time; what is stored with a version needs no library later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from yunheng.logic.worktime import CalendarRules, OpenTime, Window, materialise

from .holidays_cn import china_days

Calendar = Mapping[str, Any]

#: Clocks may run on after the contract's end, and facts may lie before its beginning.
YEARS_AFTER = 10
YEARS_BEFORE = 1


def span(valid_from: date, valid_to: date, today: date) -> tuple[date, date]:
    """First and last local date that a version's calendars are materialised for."""
    last = max(valid_to, today)
    return date(valid_from.year - YEARS_BEFORE, 1, 1), date(last.year + YEARS_AFTER, 12, 31)


def rules_of(calendar: Calendar, first: date, last: date) -> CalendarRules:
    """Rules with every date of first … last explicit; the one place where holidays are looked up."""
    if calendar["always"]:
        return CalendarRules(zone=calendar["zone"], is_always_open=True, exceptions=_exceptions(calendar))
    holidays: set[date] = set()
    makeup: dict[date, int] = {}
    provisional: set[int] = set()
    if calendar["holidays"] == "china":
        for year in range(first.year, last.year + 1):
            days = china_days(year)
            holidays |= days.holidays
            weekday: int | None = calendar["makeup"]
            if weekday is not None:
                makeup |= dict.fromkeys(days.makeup, weekday)
            if not days.is_published:
                provisional.add(year)
        _enter_notices(calendar, holidays, makeup, provisional)
    elif calendar["holidays"] != "none":
        holidays = {date.fromisoformat(day) for day in calendar["holidays"]}
    makeup |= {date.fromisoformat(day): weekday for day, weekday in calendar["makeup_days"].items()}
    return CalendarRules(
        zone=calendar["zone"],
        weekly=tuple(Window(weekday, start, end) for weekday, start, end in calendar["weekly"]),
        holidays=frozenset(day for day in holidays if first <= day <= last),
        makeup={day: weekday for day, weekday in sorted(makeup.items()) if first <= day <= last},
        exceptions=_exceptions(calendar),
        provisional_years=frozenset(provisional),
    )


def _enter_notices(
    calendar: Calendar, holidays: set[date], makeup: dict[date, int], provisional: set[int]
) -> None:
    """Let notices entered by hand stand for what the library holds or computes of their years.

    A notice names days of the year before, too (a make-up workday in December): those are added to what is known.
    """
    notices = calendar.get("notices", {})
    for name in notices:
        year = int(name)
        holidays -= {day for day in holidays if day.year == year}
        for day in [day for day in makeup if day.year == year]:
            del makeup[day]
        provisional.discard(year)
    for notice in notices.values():
        closed = {date.fromisoformat(day) for day in notice["closed"]}
        worked = {date.fromisoformat(day) for day in notice["worked"]} - closed
        for day in closed:
            makeup.pop(day, None)
        holidays |= closed
        holidays -= worked
        weekday: int | None = calendar["makeup"]
        if weekday is not None:
            makeup |= dict.fromkeys(worked, weekday)


def open_time_of(calendar: Calendar, first: date, last: date) -> OpenTime:
    """Open time of the calendar over the local dates first … last."""
    return materialise(rules_of(calendar, first, last), first, last)


def rules_document(rules: CalendarRules) -> dict[str, Any]:
    """Rules as plain data, to be stored."""
    return {
        "zone": rules.zone,
        "always": rules.is_always_open,
        "weekly": [[window.weekday, window.start_minute, window.end_minute] for window in rules.weekly],
        "holidays": sorted(day.isoformat() for day in rules.holidays),
        "makeup": {day.isoformat(): weekday for day, weekday in sorted(rules.makeup.items())},
        "exceptions": {
            day.isoformat(): [list(window) for window in windows]
            for day, windows in sorted(rules.exceptions.items())
        },
        "provisional_years": sorted(rules.provisional_years),
    }


def three_years_from(day: date) -> date:
    """The end of the span in which a calendar must have open time (sla-semantics 3)."""
    return day + timedelta(days=3 * 366)


def _exceptions(calendar: Calendar) -> dict[date, tuple[tuple[int, int], ...]]:
    return {
        date.fromisoformat(day): tuple((start, end) for start, end in windows)
        for day, windows in calendar["exceptions"].items()
    }
