"""Provisional years of calendars: which are published since, and what taking a notice in would change. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from .backdating import is_backdated
from .calendars import rules_document, rules_of
from .checking import check, day_start, digest
from .days import Day, StoredDays, changed_days
from .models import CalendarVersion, Contract, ContractVersion
from .packs import newest_processes
from .terms import Label
from .writing import document_of

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a notice changes in one calendar: days as (before, after), and the clocks whose goals it counts."""

    key: str
    label: Label
    year: int
    days: Sequence[tuple[Day, Day]]
    clocks: Sequence[Mapping[str, Any]]

    @property
    def closed(self) -> list[Day]:
        """Days that were open and are not any more."""
        return [after for before, after in self.days if before.is_open and not after.is_open]

    @property
    def opened(self) -> list[Day]:
        """Days that were closed and are open."""
        return [after for before, after in self.days if after.is_open and not before.is_open]

    @property
    def moved(self) -> list[Day]:
        """Days with other hours than before."""
        return [after for before, after in self.days if after.is_open and before.is_open]


@dataclass(frozen=True, slots=True)
class CalendarStanding:
    """A calendar of a contract in force, with its provisional years and those of them that are published by now."""

    key: str
    label: Label
    holidays: str
    provisional: tuple[int, ...]
    published: tuple[int, ...]
    by_hand: tuple[int, ...]


def governing(versions: Iterable[ContractVersion]) -> list[ContractVersion]:
    """The versions that are in force at some time, by the day they begin: no later one begins as early."""
    known = list(versions)
    chain = [
        version
        for version in known
        if not any(
            later.number > version.number and later.valid_from <= version.valid_from for later in known
        )
    ]
    return sorted(chain, key=lambda version: version.valid_from)


def published_since(version: ContractVersion) -> set[int]:
    """Years that are provisional in the version's calendars and published by now."""
    published: set[int] = set()
    for stored in version.calendars.all():
        published |= _published(_calendar(version.terms, stored.key), stored)
    return published


def provisional_in(version: ContractVersion) -> set[int]:
    """Years that are provisional in some calendar of the version."""
    return {year for stored in version.calendars.all() for year in stored.provisional_years}


def standing(version: ContractVersion, at: datetime) -> list[CalendarStanding]:
    """The calendars of a version, and how far their years are known."""
    found = []
    for stored in sorted(version.calendars.all(), key=lambda item: item.key):
        calendar = _calendar(version.terms, stored.key)
        holidays = calendar["holidays"]
        found.append(
            CalendarStanding(
                key=stored.key,
                label=calendar["label"],
                holidays="always"
                if calendar["always"]
                else holidays
                if isinstance(holidays, str)
                else "list",
                provisional=tuple(stored.provisional_years),
                published=tuple(sorted(_published(calendar, stored))),
                by_hand=tuple(int(year) for year in calendar.get("notices", {})),
            )
        )
    return found


def changes_of(version: ContractVersion, terms: Terms, years: Iterable[int]) -> list[CalendarChange]:
    """What becomes of the version's calendars when they are made of these terms today."""
    found = []
    for year in sorted(years):
        for stored in sorted(version.calendars.all(), key=lambda item: item.key):
            calendar = _calendar(terms, stored.key)
            fresh = rules_document(rules_of(calendar, date(year - 1, 1, 1), date(year, 12, 31)))
            days = changed_days(StoredDays(stored.rules), StoredDays(fresh), year)
            was_provisional = year in stored.provisional_years
            if days or (was_provisional and year not in fresh["provisional_years"]):
                found.append(
                    CalendarChange(stored.key, calendar["label"], year, days, _clocks(terms, stored.key))
                )
    return found


def with_notice(terms: Terms, year: int, notice: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The terms with a notice entered into every calendar that keeps China's holidays."""
    return {
        **terms,
        "calendars": [
            {**calendar, "notices": {**calendar.get("notices", {}), str(year): dict(notice)}}
            if calendar["holidays"] == "china" and not calendar["always"]
            else calendar
            for calendar in terms["calendars"]
        ],
    }


def document_with_notice(document: str, terms: Terms) -> str:
    """The document with the notices of the terms in it, comments kept; else the terms in their normal form."""
    edited = _edited(document, terms)
    if edited is not None:
        checked = check(edited.encode(), newest_processes())
        if checked.terms is not None and digest(checked.terms) == digest(terms):
            return edited
    return document_of(terms, remark="The comments of the version before stand there.")


def _edited(document: str, terms: Terms) -> str | None:
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        data = yaml.load(document)
        for calendar in terms["calendars"]:
            if calendar.get("notices"):
                data["calendars"][calendar["key"]]["notices"] = {
                    int(year): {name: list(days) for name, days in notice.items()}
                    for year, notice in calendar["notices"].items()
                }
        stream = StringIO()
        yaml.dump(data, stream)
    except (YAMLError, KeyError, TypeError, ValueError):
        return None
    return stream.getvalue()


def changed_too_late(contract: Contract, changes: Iterable[CalendarChange], at: datetime) -> date | None:
    """The first day whose hours change, if its eve has begun by `at` and work is recorded since then: a window of that
    evening may run into the day. None where the changes come in time.
    """
    first = min((after.date for change in changes for _before, after in change.days), default=None)
    if first is None:
        return None
    eve = day_start(first - timedelta(days=1), contract.scope.zone)
    return first if is_backdated(contract, eve, at) else None


def stored_versions(contract: Contract) -> list[ContractVersion]:
    """All versions with their calendars' rules, without the materialised time (2 queries)."""
    from django.db.models import Prefetch

    calendars = CalendarVersion.objects.defer("open_time")
    return list(contract.versions.order_by("number").prefetch_related(Prefetch("calendars", calendars)))


def _calendar(terms: Terms, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(item for item in terms["calendars"] if item["key"] == key)
    return found


def _published(calendar: Mapping[str, Any], stored: CalendarVersion) -> set[int]:
    return {
        year
        for year in stored.provisional_years
        if not rules_of(calendar, date(year, 1, 1), date(year, 12, 31)).provisional_years
    }


def _clocks(terms: Terms, calendar: str) -> list[Mapping[str, Any]]:
    named = {target["clock"] for target in terms["targets"] if target["calendar"] == calendar}
    return [clock for clock in terms["clocks"] if clock["key"] in named]
