"""China's calendar against two independent sources on every day, and which years are provisional."""

import json
import os
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from yunheng.contracts.holidays_cn import ChinaYear, china_days, library_edition, newest_published_year
from yunheng.logic.worktime import CalendarRules, Window, materialise

ORACLE_ERRORS = {
    date(2005, 12, 31)
}  # worked under the notice for 2006, which chinesecalendar applies from January
SHARED = Path(os.environ.get("YUNHENG_SHARED") or Path(__file__).parents[3] / "shared")
OFFICIAL = SHARED / "data" / "calendar"


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=i) for i in range((date(year + 1, 1, 1) - first).days)]


def is_workday(year: ChinaYear, day: date) -> bool:
    return day in year.makeup or (day.weekday() < 5 and day not in year.holidays)


def official_days() -> dict[date, bool]:
    """Date → is it off, from the notices. A file can hold days of the year before (2018-12-29)."""
    files = sorted(OFFICIAL.glob("holiday-cn-*.json"))
    if not files:
        pytest.skip(f"the published notices are not beside the project ({OFFICIAL})")
    return {
        date.fromisoformat(day["date"]): day["isOffDay"]
        for file in files
        for day in json.loads(file.read_text(encoding="utf-8"))["days"]
    }


@pytest.mark.data
@pytest.mark.parametrize("year", range(2015, 2027))
def test_each_day_is_worked_as_the_official_notice_says(year: int) -> None:
    official = official_days()
    china = china_days(year)
    wrong = [
        day for day in days_of(year) if is_workday(china, day) is official.get(day, day.weekday() >= 5)
    ]  # official holds "off", is_workday "worked": equal values contradict
    assert wrong == []


@pytest.mark.data
@pytest.mark.parametrize("year", range(2015, 2027))
def test_holidays_are_the_official_days_off_and_the_weekends_they_join(year: int) -> None:
    official = official_days()
    china = china_days(year)
    off = {day for day, is_off in official.items() if is_off and day.year == year}
    assert off <= china.holidays
    assert all(day.weekday() >= 5 and day not in official for day in china.holidays - off)
    # 2020-02-03 is listed as worked, but is an ordinary Monday
    worked = {
        day for day, is_off in official.items() if not is_off and day.year == year and day.weekday() >= 5
    }
    assert china.makeup == worked


@pytest.mark.parametrize("year", range(2004, 2027))
def test_each_day_is_worked_as_chinesecalendar_says(year: int) -> None:
    china = china_days(year)
    wrong = {day for day in days_of(year) if is_workday(china, day) != chinese_calendar.is_workday(day)}
    assert wrong - ORACLE_ERRORS == set()


@pytest.mark.parametrize("year", range(2001, 2100))
def test_holidays_and_makeup_days_never_meet_and_stay_in_their_year(year: int) -> None:
    china = china_days(year)
    assert not china.holidays & china.makeup
    assert {day.year for day in china.holidays | china.makeup} == {year}
    assert all(day.weekday() >= 5 for day in china.makeup)


def test_days_that_the_next_years_notice_decided() -> None:
    assert date(2018, 12, 29) in china_days(2018).makeup
    assert date(2018, 12, 31) in china_days(2018).holidays
    assert date(2022, 12, 31) in china_days(2022).holidays


def test_weekend_inside_a_break_is_a_holiday_and_an_ordinary_one_is_not() -> None:
    china = china_days(2026)
    assert {date(2026, 2, day) for day in range(15, 24)} <= china.holidays
    assert date(2026, 2, 14) in china.makeup
    assert date(2026, 3, 7) not in china.holidays


def test_published_years_are_those_with_a_notice() -> None:
    newest = newest_published_year()
    assert newest >= 2026
    assert all(china_days(year).is_published for year in range(2001, newest + 1))
    assert not any(china_days(year).is_published for year in (1999, 2000, newest + 1, newest + 2, 2099))


def test_unpublished_year_has_holidays_but_no_makeup_day() -> None:
    china = china_days(newest_published_year() + 1)
    assert date(china.year, 10, 1) in china.holidays
    assert china.makeup == frozenset()
    assert not china.is_published


def test_a_year_loses_its_mark_with_the_library_that_knows_its_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = newest_published_year()
    real = holidays.country_holidays

    def before_the_notice(country: str, years: range) -> object:
        known = real(country, years=years)
        known.weekend_workdays = {day for day in known.weekend_workdays if day < date(newest - 1, 12, 1)}
        return known

    monkeypatch.setattr(holidays, "country_holidays", before_the_notice)
    newest_published_year.cache_clear()
    try:
        assert china_days(newest - 1).is_published
        assert not china_days(newest).is_published
    finally:
        newest_published_year.cache_clear()


@pytest.mark.parametrize("year", [1949, 2100, 0, -5])
def test_years_beyond_the_library_are_refused(year: int) -> None:
    with pytest.raises(ValueError, match=str(year)):
        china_days(year)


def test_open_days_of_a_materialised_calendar_are_chinas_workdays_2015_to_2026() -> None:
    years = [china_days(year) for year in range(2015, 2027)]
    rules = CalendarRules(
        "Asia/Shanghai",
        tuple(Window(weekday, 540, 1080) for weekday in range(5)),
        holidays=frozenset().union(*(year.holidays for year in years)),
        makeup={day: 0 for year in years for day in year.makeup},
    )
    calendar = materialise(rules, date(2015, 1, 1), date(2026, 12, 31))
    open_days = [date.fromordinal(calendar.first_day + i) for i in calendar.open_days]
    workdays = [
        day for year in range(2015, 2027) for day in days_of(year) if chinese_calendar.is_workday(day)
    ]
    assert open_days == workdays
    assert calendar.prefix[-1] == len(workdays) * 9 * 3600


def test_edition_names_the_library() -> None:
    assert library_edition() == f"holidays {version('holidays')}"
