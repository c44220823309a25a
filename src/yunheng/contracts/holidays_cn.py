"""China's public holidays and make-up workdays (调休): the one place that asks the `holidays` library."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
from holidays.version import __version__ as _version

FIRST_YEAR, LAST_YEAR = 1950, 2099  # what the library can compute; lunar dates end with 2099
_FIRST_NOTICE = 2001  # before that the library holds no notice of the State Council
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ChinaYear:
    """Days of one year that differ from the plain week.

    holidays: days off, weekend days that join a break included, so that a calendar with Saturday windows is
    closed in the middle of Spring Festival. makeup: weekend days that are worked. Never both.
    is_published: whether the library knows the official notice for the year (sla-semantics 6).
    """

    year: int
    holidays: frozenset[date]
    makeup: frozenset[date]
    is_published: bool


def china_days(year: int) -> ChinaYear:
    """Holidays and make-up workdays of `year`. Raises ValueError outside 1950–2099.

    The State Council's notice (节假日安排的通知) comes in autumn for the year that follows. Without it the
    library answers all the same: statutory days, moved off the weekend by rule, and no make-up workday at
    all. It has no flag for this, so the evidence is the make-up workdays themselves: each notice since 2001
    names some between January and November, and no rule computes any. (December is no evidence: the notice
    for 2019 made 2018-12-29 a workday.) A year is published when it lies between 2001 and the newest year
    with such a day. A notice without any would leave its year provisional until the next one: the error is on
    the safe side.

    A published year may still change: its last days by the notice for the next year, any day by a special
    notice (2015-09-03, 2020-01-31). Both arrive with an upgrade of the library and a new calendar version.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"China's holidays are known for {FIRST_YEAR} to {LAST_YEAR}, not for {year}")
    # The neighbours' notices too: they reach over the year's end.
    known = holidays.country_holidays("CN", years=range(year - 1, year + 2))
    makeup = frozenset(known.weekend_workdays)

    def is_off(day: date) -> bool:
        return day not in makeup and (day in off or day.weekday() >= _SATURDAY)

    off = frozenset(known)
    breaks: set[date] = set()
    for holiday in off:
        for step in (timedelta(days=1), timedelta(days=-1)):
            day = holiday
            while is_off(day):
                breaks.add(day)
                day += step
    return ChinaYear(
        year=year,
        holidays=frozenset(day for day in breaks if day.year == year),
        makeup=frozenset(day for day in makeup if day.year == year),
        is_published=_FIRST_NOTICE <= year <= newest_published_year(),
    )


@lru_cache(maxsize=1)
def newest_published_year() -> int:
    """The newest year whose official notice the installed library holds."""
    known = holidays.country_holidays("CN", years=range(_FIRST_NOTICE, LAST_YEAR + 1))
    return max(day.year for day in known.weekend_workdays if day.month < 12)


def library_edition() -> str:
    """Name and version of the library, kept with every calendar version that was made with it."""
    return f"holidays {_version}"
