"""One day of a stored calendar: its hours and why they are these. For people; clocks compute with materialised time."""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

Mark = Literal["open", "closed", "holiday", "makeup", "exception"]
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """Opening windows (minutes of the local day; more than 1440 runs past midnight), and what decided on them."""

    date: date
    windows: Windows
    mark: Mark
    is_provisional: bool = False

    @property
    def is_open(self) -> bool:
        return bool(self.windows)


class StoredDays:
    """Reads single days from the rules that are stored with a calendar version (`calendars.rules_document`)."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self.is_always_open = bool(rules["always"])
        self._weekly: dict[int, list[tuple[int, int]]] = {}
        for weekday, start, end in rules["weekly"]:
            self._weekly.setdefault(weekday, []).append((start, end))
        self._holidays = frozenset(rules["holidays"])
        self._makeup: Mapping[str, int] = rules["makeup"]
        self._exceptions: Mapping[str, Sequence[Sequence[int]]] = rules["exceptions"]
        self._provisional = frozenset(rules["provisional_years"])

    def day(self, on: date) -> Day:
        """Exception before make-up workday before holiday before the week (logic.worktime.rules)."""
        name = on.isoformat()
        is_provisional = on.year in self._provisional
        if name in self._exceptions:
            windows = tuple((start, end) for start, end in self._exceptions[name])
            return Day(on, windows, "exception", is_provisional)
        if self.is_always_open:
            return Day(on, ((0, 1440),), "open")
        if name in self._makeup:
            return Day(on, self._week(self._makeup[name]), "makeup", is_provisional)
        if name in self._holidays:
            return Day(on, (), "holiday", is_provisional)
        windows = self._week(on.weekday())
        return Day(on, windows, "open" if windows else "closed", is_provisional)

    def usual(self, on: date) -> Windows:
        """The hours that the weekday alone would give."""
        return ((0, 1440),) if self.is_always_open else self._week(on.weekday())

    def _week(self, weekday: int) -> Windows:
        return tuple(sorted(self._weekly.get(weekday, ())))

    def month(self, year: int, month: int) -> list[list[Day | None]]:
        """Weeks from Monday; None outside the month."""
        return [
            [self.day(on) if on.month == month else None for on in week]
            for week in months.Calendar().monthdatescalendar(year, month)
        ]

    def special(self, year: int) -> list[Day]:
        """Days of a year whose hours are not those of their weekday."""
        found = []
        on = date(year, 1, 1)
        while on.year == year:
            day = self.day(on)
            if day.windows != self.usual(on):
                found.append(day)
            on += timedelta(days=1)
        return found


@dataclass(frozen=True, slots=True)
class Span:
    """Days that follow each other and are alike."""

    first: Day
    last: Day
    count: int


def spans(days: Sequence[Day]) -> list[Span]:
    """Runs of special days: weekends between two days off belong to the run."""
    found: list[Span] = []
    for day in days:
        last = found[-1].last if found else None
        joins = (
            last is not None
            and last.mark == day.mark
            and last.windows == day.windows
            and (day.date - last.date).days <= (3 if day.mark == "holiday" else 1)
            and (day.date - last.date).days >= 1
            and _only_weekend_between(last.date, day.date)
        )
        if joins:
            span = found[-1]
            found[-1] = Span(span.first, day, (day.date - span.first.date).days + 1)
        else:
            found.append(Span(day, day, 1))
    return found


def _only_weekend_between(first: date, last: date) -> bool:
    return all((first + timedelta(days=step)).weekday() >= 5 for step in range(1, (last - first).days))


def changed_days(old: StoredDays, new: StoredDays, year: int) -> list[tuple[Day, Day]]:
    """Days of a year, and of the December before it, whose hours differ, as (before, after)."""
    pairs = []
    on = date(year - 1, 12, 1)
    while on.year <= year:
        before, after = old.day(on), new.day(on)
        if before.windows != after.windows:
            pairs.append((before, after))
        on += timedelta(days=1)
    return pairs
