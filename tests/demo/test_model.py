"""The model: the same year each time, believable in hours, days, months and lives, no two events at once."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from yunheng.contracts.terms import ContractTerms
from yunheng.demo.lives import Life
from yunheng.demo.model import Service, bad_month, first_day, histories, season, today_at
from yunheng.demo.packs import document, terms_of_pack
from yunheng.demo.staff import CONTRACTS, PEOPLE, SHOWN, TEAMS, engineers, grants
from yunheng.demo.words import Industry, industries, title_and_outcomes
from yunheng.imports.mapping import EVENTS

ZONE = ZoneInfo("Asia/Shanghai")
NOW = int(datetime(2026, 11, 22, 14, 0, tzinfo=ZONE).timestamp())
TODAY = date(2026, 11, 22)
FIRST = first_day(TODAY)


@cache
def terms(key: str) -> ContractTerms:
    return terms_of_pack(key, FIRST, TODAY)


@cache
def year(key: str, scale: float = 0.25, seed: int = 7) -> tuple[Life, ...]:
    industry = next(it for it in industries() if it.key == key)
    return tuple(histories(Service(industry, terms(key), FIRST, NOW, seed, scale)))


def opened(life: Life) -> datetime:
    return datetime.fromtimestamp(life.events[0].at, ZONE)


def test_the_same_seed_and_day_give_the_same_year() -> None:
    first = year("yuanzhou", 0.05)
    industry = next(it for it in industries() if it.key == "yuanzhou")
    again = tuple(histories(Service(industry, terms("yuanzhou"), FIRST, NOW, 7, 0.05)))
    other = tuple(histories(Service(industry, terms("yuanzhou"), FIRST, NOW, 8, 0.05)))
    assert again == first
    assert other != first


def test_a_year_at_full_size_has_enough_tickets() -> None:
    """The mean of all days, not a run: a run of a quarter is within a few per cent of a quarter of it."""
    count = sum(len(year(key)) for key in CONTRACTS)
    assert count * 4 > 20_000


def test_a_short_first_month_still_gives_enough_tickets() -> None:
    """On the first of a month the year is shortest."""
    days = {key: [opened(life).date() for life in year(key)] for key in CONTRACTS}
    until = TODAY.replace(day=1)
    assert sum(sum(day < until for day in of) for of in days.values()) * 4 > 20_000 * 0.98


@pytest.mark.parametrize("key", CONTRACTS)
def test_no_two_events_of_a_ticket_share_an_instant_and_none_lies_ahead(key: str) -> None:
    numbers = set()
    for life in year(key):
        instants = [event.at for event in life.events]
        assert instants == sorted(set(instants)), life.number
        assert instants[-1] < NOW
        assert life.number not in numbers
        numbers.add(life.number)


@pytest.mark.parametrize("key", CONTRACTS)
def test_every_life_is_whole_and_says_what_an_import_understands(key: str) -> None:
    of = terms(key)
    for life in year(key):
        names = [event.name for event in life.events]
        assert names[0] == "opened"
        assert names[-1].partition(":")[0] in {"closed", "cancelled"}
        assert names.count("responded") == 1
        assert {name.partition(":")[0] for name in names} <= set(EVENTS)
        waits = [name.partition(":")[2] for name in names if name.startswith("waiting:")]
        assert set(waits) <= of.pause_reasons.keys()
        assert names.count("resumed") == len(waits)
        assert all("{" not in text for event in life.events for text in event.texts.values())
        first = life.events[0].texts
        assert f"{first['service']}|{first['priority']}" in of.clocks["respond"].goals
        assert of.matrix.priority_of(first["impact"], first["urgency"]) == first["priority"] or first.get(
            "major"
        )


def test_an_office_sleeps_at_night_and_a_data_centre_does_not() -> None:
    def night(key: str) -> float:
        hours = [opened(life).hour for life in year(key)]
        return sum(hour < 7 or hour > 20 for hour in hours) / len(hours)

    assert night("yuanzhou") < 0.03
    assert night("beiling") > 0.15
    assert night("yuanzhou") < night("qinglan") < night("beiling")


def test_holidays_are_quiet_and_make_up_workdays_are_not() -> None:
    """National Day 2026 is 1–7 October; Saturday 10 October is a make-up workday (notice of the State Council)."""
    days = Counter(opened(life).date() for life in year("yuanzhou"))
    holiday = sum(days[date(2026, 10, day)] for day in range(1, 8)) / 7
    ordinary = sum(days[date(2026, 10, day)] for day in range(12, 17)) / 5
    assert holiday < ordinary / 4
    assert (
        terms("yuanzhou")
        .calendars["office"]
        .is_open_at(int(datetime(2026, 10, 10, 10, tzinfo=ZONE).timestamp()))
    )
    assert days[date(2026, 10, 10)] > holiday * 2
    assert days[date(2026, 10, 17)] < ordinary / 4  # an ordinary Saturday


def test_monday_is_the_fullest_working_day_of_an_office() -> None:
    calendar = terms("yuanzhou").calendars["office"]
    per_day = Counter(opened(life).date() for life in year("yuanzhou"))
    mean = {}
    for weekday in range(7):
        days = [
            FIRST + timedelta(days=at)
            for at in range(380)
            if (FIRST + timedelta(days=at)).weekday() == weekday
        ]
        if weekday < 5:
            days = [
                day for day in days
                if calendar.is_open_at(int(datetime(day.year, day.month, day.day, 10, tzinfo=ZONE).timestamp()))
            ]  # fmt: skip
        mean[weekday] = sum(per_day[day] for day in days) / len(days)
    assert mean[0] > mean[4] * 1.1
    assert mean[5] + mean[6] < mean[4] / 2


def test_one_month_is_bad_then_it_recovers() -> None:
    assert bad_month(TODAY) == date(2026, 8, 1)
    service = Service(industries()[2], terms("qinglan"), FIRST, NOW)
    usual = season(service, date(2026, 3, 10), TODAY).lateness
    bad = season(service, date(2026, 8, 10), TODAY).lateness
    mending = season(service, date(2026, 9, 5), TODAY).lateness
    better = season(service, date(2026, 10, 10), TODAY).lateness
    assert bad > 3 * usual
    assert usual < mending < bad
    assert better < usual


@pytest.mark.parametrize("key", CONTRACTS)
def test_each_client_has_one_major_incident_with_an_echo(key: str) -> None:
    majors = [life for life in year(key, 0.05) if life.events[0].texts.get("major") == "yes"]
    assert len(majors) == 1
    major = majors[0]
    assert opened(major).date().replace(day=1) <= bad_month(TODAY)
    assert [event.name for event in major.events].count("updated") >= 2
    item = major.events[0].texts["ci"]
    echo = [life for life in year(key, 0.05) if life.events[0].texts.get("ci") == item]
    assert len(echo) > 10
    assert {opened(life).date() for life in echo} == {opened(major).date()}


def test_lives_differ_as_lives_do() -> None:
    lives = [life for key in CONTRACTS for life in year(key)]
    names = [{event.name.partition(":")[0] for event in life.events} for life in lives]

    def share(name: str) -> float:
        return sum(name in it for it in names) / len(names)

    assert 0.1 < share("waiting") < 0.35
    assert 0.01 < share("reopened") < 0.05
    assert 0.002 < share("pause_disputed") < 0.03
    assert share("pause_rejected") < share("pause_upheld") < share("pause_disputed")
    assert 0.005 < share("cancelled") < 0.03
    assert 0.3 < share("confirmed") < 0.6
    changed = sum(any(event.texts.get("priority") for event in life.events[1:]) for life in lives) / len(
        lives
    )
    assert 0.02 < changed < 0.07
    titles = Counter(life.events[0].texts["title"] for life in lives)
    assert len(titles) > len(lives) * 0.4  # does not read like one sentence over and over


def test_automatic_replies_are_no_responses() -> None:
    answered = [
        (life, event) for life in year("yuanzhou") for event in life.events
        if event.name == "noted" and event.at - life.events[0].at < 10
    ]  # fmt: skip
    assert answered
    for life, event in answered:
        responded = next(it for it in life.events if it.name == "responded")
        assert responded.at > event.at


def test_what_runs_at_the_end_is_left_to_live_tickets() -> None:
    """History has no ticket that nobody could close any more."""
    late = [life for life in year("beiling") if life.events[0].at > NOW - 3 * 86_400]
    assert late
    assert all(life.events[-1].name.partition(":")[0] in {"closed", "cancelled"} for life in late)


def test_every_title_names_outcomes_that_exist() -> None:
    for industry in industries():
        for category in industry.categories:
            for title in category.titles:
                text, outcomes = title_and_outcomes(category, title)
                assert text
                assert "|" not in text
                assert outcomes


def test_contracts_and_words_fit_each_other() -> None:
    def check(industry: Industry) -> None:
        of = terms(industry.key)
        for category in industry.categories:
            assert category.service in of.services
            assert engineers(category.team)
            for impact, urgency, _weight in category.profiles:
                assert of.matrix.priority_of(impact, urgency)
        assert len(industry.hours) == len(industry.rest_hours) == 24

    for industry in industries():
        check(industry)


def test_everybody_has_a_place() -> None:
    teams = {team.key for team in TEAMS}
    logins = [member.login for member in PEOPLE]
    assert len(logins) == len(set(logins))
    assert all(member.team in teams for member in PEOPLE if member.team)
    assert all(grants(member) for member in PEOPLE)
    roles = {role for member in PEOPLE for role, _key in grants(member)}
    from yunheng.accounts.roles import ROLES

    assert roles == set(ROLES)  # people in all roles
    assert {next(it for it in PEOPLE if it.login == login).roles[0][0] for login in SHOWN} == set(ROLES)


def test_the_year_begins_with_the_month_a_year_ago() -> None:
    assert first_day(date(2028, 2, 29)) == date(2027, 2, 1)
    assert b"valid: {from: 2027-02-01, to: 2030-02-01}" in document("beiling", date(2027, 2, 1))
    assert today_at(int(datetime(2026, 11, 21, 18, tzinfo=UTC).timestamp()), "Asia/Shanghai") == TODAY
    assert terms("qinglan").valid_from == datetime(2025, 11, 1, tzinfo=ZONE)
    assert terms("qinglan").valid_to - terms("qinglan").valid_from > timedelta(days=1000)
