"""A year of invented service: how much comes when, good and bad months, majors. Seeded and pure: same in, same out."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.worktime import OpenTime

from .lives import Life, Made, live
from .majors import Major, majors_of
from .words import Category, Industry

SEED: Final = 20260401
MONTHS: Final = 12
BAD_MONTHS_AGO: Final = 3  #: the bad month is this many months before the running one
_STRENGTH: Final = {"qinglan": 1.0, "yuanzhou": 0.55, "beiling": 0.45}  #: how bad it was for each client
_MINUTE, _DAY = 60, 86_400


@dataclass(frozen=True, slots=True)
class Season:
    """What a day is like: factors on how much comes and on how much is late."""

    volume: float
    lateness: float


@dataclass(frozen=True, slots=True)
class Service:
    """One client's year: its line of business, its terms, and the days."""

    industry: Industry
    terms: ContractTerms
    start: date
    now: int
    seed: int = SEED
    scale: float = 1.0  #: of the volume, for tests

    @property
    def zone(self) -> ZoneInfo:
        """The contract's zone."""
        return ZoneInfo(self.terms.zone)

    @property
    def calendar(self) -> OpenTime:
        """The calendar that tells working days from others: the first with closing hours."""
        return next(it for key, it in self.terms.calendars.items() if key != "always")


def first_day(today: date) -> date:
    """The first day of the month, twelve months ago."""
    return date(today.year - 1, today.month, 1)


def bad_month(today: date) -> date:
    """The first day of the bad month."""
    return _months_before(today.replace(day=1), BAD_MONTHS_AGO)


def histories(service: Service) -> Iterator[Life]:
    """Every finished ticket of the year, in the order of opening. What is not resolved by `now` is left out."""
    today = datetime.fromtimestamp(service.now, service.zone).date()
    majors = majors_of(service.industry.key, bad_month(today), service.calendar)
    day = service.start
    while day <= today:
        yield from _day(service, day, today, [it for it in majors if it.day == day])
        day += timedelta(days=1)


def season(service: Service, day: date, today: date) -> Season:
    """Good months, one bad one, half a month of recovery, and better than before from then on."""
    bad = bad_month(today)
    after = _months_before(bad, -1)
    strength = _STRENGTH.get(service.industry.key, 0.6)
    noise = Random(f"{service.seed}:{service.industry.key}:{day:%Y-%m}").uniform(0.8, 1.15)  # noqa: S311 - a model
    years = (day - service.start).days / 365
    volume = 0.97 + 0.06 * years
    if (day.year, day.month) == (bad.year, bad.month):
        return Season(volume * (1 + 0.12 * strength), 1 + 3.0 * strength)
    if (day.year, day.month) == (after.year, after.month):
        return Season(volume, 1 + strength * (0.9 if day.day <= 15 else 0.1))
    return Season(volume, noise * (0.7 if day > after else 1.0))


def _day(service: Service, day: date, today: date, majors: Sequence[Major]) -> Iterator[Life]:
    rng = Random(f"{service.seed}:{service.industry.key}:{day}")  # noqa: S311 - a model
    mood = season(service, day, today)
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=service.zone).timestamp())
    is_open = _is_working_day(service.calendar, day)
    mean = _volume(service, day, is_open=is_open) * mood.volume * service.scale
    industry = service.industry
    weights = industry.hours if is_open else industry.rest_hours
    made: list[Made] = []
    for _one in range(_poisson(rng, mean)):
        hour = rng.choices(range(24), weights)[0]
        at = midnight + hour * 3600 + rng.randrange(3600)
        category = _category(rng, industry, hour=hour, is_open=is_open)
        made.append(Made(at, category, mood.lateness))
    for major in majors:
        made += major.tickets(rng, midnight, industry)
    made.sort(key=lambda it: it.at)
    for place, one in enumerate(made, 1):
        life = live(rng, service.terms, industry, one, f"SD{day:%y%m%d}{place:04}", service.now)
        if life is not None:
            yield life


def _volume(service: Service, day: date, *, is_open: bool) -> float:
    """Mean number of tickets of a day, by weekday and by what lies before it."""
    industry = service.industry
    if not is_open:
        return industry.restday
    mean = industry.workday * (1.16, 1.04, 1.0, 0.97, 0.92, 0.8, 0.8)[day.weekday()]
    rested = 0
    while rested < 10 and not _is_working_day(service.calendar, day - timedelta(days=rested + 1)):
        rested += 1
    if rested > 2:  # after a long holiday: forgotten passwords, devices that were off
        mean *= 1 + 0.08 * min(rested, 6)
    if (day + timedelta(days=3)).month != day.month:
        mean *= 1.08
    return mean


def _category(rng: Random, industry: Industry, *, hour: int, is_open: bool) -> Category:
    """What happens; requests come by day, machines fail at all hours."""
    categories = industry.categories
    is_night = hour < 7 or hour > 20 or not is_open
    weights = [
        it.weight * (0.2 if it.kind == "service_request" else 1.0) if is_night else it.weight
        for it in categories
    ]
    return rng.choices(categories, weights)[0]


def _is_working_day(calendar: OpenTime, day: date) -> bool:
    place = day.toordinal() - calendar.first_day
    return 0 <= place < len(calendar.day_ends) and calendar.day_ends[place] >= 0


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson number (Knuth; the means of a day are small)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def _months_before(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 - count
    return date(place // 12, place % 12 + 1, 1)


def today_at(now: int, zone: str) -> date:
    """The local date of an instant."""
    return datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).date()
