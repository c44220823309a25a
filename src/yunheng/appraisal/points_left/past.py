"""The days that a forecast draws from and those that are left, and clocks that run, with the chance to miss each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from yunheng.logic.clock import ClockPolicy
from yunheng.logic.forecast import Chance, PastClock, PastClocks
from yunheng.logic.vector.ends import Days
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.worktime import HorizonError, OpenTime, WorkingDays

from ..periods import midnight, month_of
from ..study import Reign, Study

MOST_MONTHS: Final = 12  #: older months are less like the present
#: A first month counts as whole when the first ticket came so early in it.
FIRST_DAYS: Final = 7
_EPOCH: Final = date(1970, 1, 1)
_MISSED: Final = 1.0001  #: of a clock that missed an earlier cycle with time to spare in this one


def day_number(day: date) -> int:
    """A date as days since 1 January 1970."""
    return (day - _EPOCH).days


@dataclass(frozen=True, slots=True)
class Past:
    """What a forecast may look at: `begin` is the first instant of the history, `now` the present, `end` the period's
    end; epoch seconds. `months` are whole months of history, `versions` the contract versions that governed in them.
    """

    zone: ZoneInfo
    begin: int
    start: int
    now: int
    end: int
    days: Days
    months: int
    versions: int


def read_past(study: Study, start: date, end: date) -> Past:
    """The past of a period that runs, with the days of both; `end` is its last day."""
    zone = ZoneInfo(study.terms.zone)
    today = study.evaluated_at.astimezone(zone).date()
    first = _first_whole_month(study, zone)
    oldest = today.replace(day=1)
    for _month in range(MOST_MONTHS):
        oldest = month_of(oldest - timedelta(days=1)).start
    present = today.replace(day=1)
    first = min(max(first, oldest), present)
    begin = midnight(first, zone)
    listed = [first + timedelta(days=place) for place in range((end - first).days + 1)]
    calendar = _office(study, listed, zone)
    working = np.array([_is_working(calendar, day, zone) for day in listed])
    weekday = np.array([day.weekday() for day in listed])
    usual = np.array(
        [working[weekday == one].mean() > 0.5 if (weekday == one).any() else False for one in range(7)]
    )
    kind = np.where(working == usual[weekday], weekday, 7 + working)
    return Past(
        zone=zone,
        begin=begin,
        start=midnight(start, zone),
        now=study.now,
        end=midnight(end + timedelta(days=1), zone),
        days=Days(
            first=day_number(first),
            today=day_number(today),
            second=study.now - midnight(today, zone),
            kind=kind.astype(np.int64),
            month=np.array([day.year * 12 + day.month for day in listed], np.int64),
            is_working=working,
        ),
        months=(present.year - first.year) * 12 + present.month - first.month,
        versions=sum(1 for one in study.reigns if begin < one.begin <= study.now) + 1,
    )


def _first_whole_month(study: Study, zone: ZoneInfo) -> date:
    """The month of the first ticket when that came early in it, else the one after."""
    opened = study.lives.opened_at
    opened = opened[opened != NEVER]
    if not len(opened):
        return study.evaluated_at.astimezone(zone).date().replace(day=1)
    first = _local_day(int(opened.min()), zone)
    return first.replace(day=1) if first.day <= FIRST_DAYS else month_of(first).end + timedelta(days=1)


def _local_day(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


def _office(study: Study, listed: list[date], zone: ZoneInfo) -> OpenTime | None:
    """The calendar of the contract that tells days apart best: the one with the fewest days of work."""
    begin, end = midnight(listed[0], zone), midnight(listed[-1] + timedelta(days=1), zone)
    fitting = [one for one in study.terms.calendars.values() if one.first_at <= begin and one.last_at >= end]
    return min(fitting, key=lambda one: one.elapsed(begin, end), default=None)


def _is_working(calendar: OpenTime | None, day: date, zone: ZoneInfo) -> bool:
    if calendar is None:
        return day.weekday() < 5
    return calendar.elapsed(midnight(day, zone), midnight(day + timedelta(days=1), zone)) > 0


# --- clocks that run -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A clock of one kind that is not over. `used` is the share of its goal; `due_at` None where it waits, or where
    the calendar ends before.

    `is_late`: its goal is passed, and it still runs. `more` is by how much lateness may grow until the period ends.
    """

    row: int  #: of the study's lives
    clock: str
    profile: str
    used: float
    due_at: int | None
    is_paused: bool
    is_late: bool
    settled_at: int
    room_seconds: int
    chance: Chance
    reign: Reign

    @property
    def service(self) -> str:
        return self.profile.partition("|")[0]

    @property
    def priority(self) -> str:
        return self.profile.partition("|")[2]

    @property
    def calendar(self) -> OpenTime | None:
        """The calendar in which it counts."""
        return _calendar(self.reign, self.clock, self.profile)


def running_clocks(study: Study, past: Past, clock: str) -> list[Running]:
    """Clocks of a kind that run or wait, of tickets that belong to the population, in the order of tickets."""
    known = PastClocks(_past_clocks(study, past, clock))
    found = [
        one
        for reign in study.reigns
        if clock in reign.outcomes
        for one in _of_reign(study, past, reign, clock, known)
    ]
    return sorted(found, key=lambda one: one.row)


def _past_clocks(study: Study, past: Past, clock: str) -> Iterator[PastClock]:
    terms = study.facts.terms
    for reign in study.reigns:
        outcome, progress = reign.outcomes.get(clock), reign.progress.get(clock)
        if outcome is None or progress is None:
            continue
        keep = (
            (outcome.is_met >= 0)
            & (progress.goal > 0)
            & (outcome.settled_at >= past.begin)
            & (outcome.settled_at < past.now)
            & ~study.lives.is_left_out[outcome.row]
        )
        columns = (outcome.profile, progress.elapsed, progress.goal, outcome.is_met)
        for profile, elapsed, goal, is_met in zip(*(one[keep].tolist() for one in columns), strict=True):
            used = elapsed / goal
            yield PastClock(terms.get(profile, ""), min(used, 1.0) if is_met == 1 else max(used, _MISSED))


def _of_reign(study: Study, past: Past, reign: Reign, clock: str, known: PastClocks) -> Iterator[Running]:
    outcome, progress = reign.outcomes[clock], reign.progress.get(clock)
    if progress is None:
        return
    keep = progress.is_open & (progress.goal > 0) & ~study.lives.is_left_out[outcome.row]
    rooms: dict[str, int] = {}
    for place in np.flatnonzero(keep).tolist():
        profile = study.facts.terms.get(int(outcome.profile[place]), "")
        calendar = _calendar(reign, clock, profile)
        if calendar is None:
            continue
        if profile not in rooms:
            rooms[profile] = _open_seconds(calendar, past.now, past.end)
        elapsed, goal = int(progress.elapsed[place]), int(progress.goal[place])
        is_late, is_paused = int(outcome.is_met[place]) == 0, bool(progress.is_paused[place])
        used = elapsed / goal
        yield Running(
            row=int(outcome.row[place]),
            clock=clock,
            profile=profile,
            used=used,
            due_at=None if is_paused or is_late else _due(calendar, past.now, goal - elapsed),
            is_paused=is_paused,
            is_late=is_late,
            settled_at=int(outcome.settled_at[place]),
            room_seconds=rooms[profile],
            chance=Chance(0.0, 0.0)
            if is_late
            else known.chance(profile, used, (elapsed + rooms[profile]) / goal),
            reign=reign,
        )


def _calendar(reign: Reign, clock: str, profile: str) -> OpenTime | None:
    policy: ClockPolicy = reign.terms.clocks[clock]
    goal = policy.goals.get(profile)
    return None if goal is None else reign.terms.calendars[goal.calendar]


def _open_seconds(calendar: OpenTime, begin: int, end: int) -> int:
    begin = min(max(begin, calendar.first_at), calendar.last_at)
    return calendar.elapsed(begin, min(max(end, begin), calendar.last_at))


def _due(calendar: OpenTime, now: int, seconds: int) -> int | None:
    try:
        return calendar.add(now, max(seconds, 0))
    except HorizonError:
        return None


def lateness_until(study: Study, past: Past, one: Running, unit: str) -> Fraction:
    """By how much a clock that is late and runs on until the period ends is later then than now."""
    if unit == "hours":
        return Fraction(one.room_seconds, 3600)
    calendar = one.calendar
    if calendar is None:
        return Fraction(0)
    goal = one.reign.terms.clocks[one.clock].goals[one.profile]
    days = study.derived(
        ("working_days", one.reign.terms.version_id, goal.calendar), lambda: WorkingDays(calendar)
    )
    begin = min(max(past.now, calendar.first_at), calendar.last_at)
    return days.between(begin, min(max(past.end, begin), calendar.last_at))
