"""Prepares a demonstration: contracts and people by actions, live tickets, a year of history by the import, reports."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from yunheng.accounts.actions import create_team, grant_membership, set_password
from yunheng.accounts.actions.importing import import_people
from yunheng.accounts.models import Person
from yunheng.accounts.queries import organisation_by_key
from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.imports.actions import import_table, latest_terms
from yunheng.imports.progress import Progress

from . import mark
from .appraising import give_statements
from .lives import Life
from .living import open_live_tickets
from .model import Service, first_day, histories, today_at
from .packs import document
from .reporting import give_reports
from .staff import CONTRACTS, PEOPLE, SHOWN, TEAMS, grants
from .tables import mapping_of, write_table
from .words import Industry, industries

ZONE: Final = "Asia/Shanghai"
#: In the demonstration's time the system was set up yesterday: live tickets come after that, history was brought today.
SET_UP_BEFORE: Final = timedelta(hours=25)
_SETTLING_SECONDS: Final = 1200  #: history ends so long before now; from then on there are live tickets

Tell = Callable[[str, int, int], None]


def build(
    *,
    now: datetime,
    scale: float = 1.0,
    reported: Sequence[str] = CONTRACTS,
    tell: Tell = mark.tell_step,
) -> tuple[int, int]:
    """Fill a marked, empty database up to `now`; returns how many tickets and entries of history came in.

    `scale` is of the volume; reports are given for the contracts `reported`. Raises NotEmptyError for a database that
    is not marked.
    """
    found = mark.mark()
    if found is None:
        raise mark.NotEmptyError("not marked", code="not_marked")
    today = today_at(int(now.timestamp()), ZONE)
    tell("people", 0, 4)
    contracts = _apply_contracts(first_day(today), now - SET_UP_BEFORE)
    tell("people", 1, 4)
    _create_people(found.password, lambda done: tell("people", 1 + done, 4))
    tell("live", 0, 100)
    open_live_tickets(contracts, now=now, tell=lambda done, total: tell("live", done, total))
    tickets = entries = 0
    with tempfile.TemporaryDirectory(prefix="yunheng-demo-") as folder:
        for place, industry in enumerate(industries(), 1):
            step = f"history-{place}"
            tell(step, 0, 100)
            one, many = _import_history(
                contracts[industry.key],
                industry,
                Path(folder) / f"{industry.key}.csv",
                start=first_day(today),
                now=int(now.timestamp()) - _SETTLING_SECONDS,
                seed=found.seed,
                scale=scale,
                tell=lambda done, total, step=step: tell(step, done, total),  # type: ignore[misc]
            )
            tickets += one
            entries += many
    tell("reports", 0, 100)
    give_reports(
        {key: contracts[key] for key in reported},
        first=first_day(today),
        now=now,
        seed=found.seed,
        tell=lambda done, total: tell("reports", done, total),
    )
    tell("statements", 0, 100)
    give_statements(
        {key: contracts[key] for key in reported},
        now=now,
        tell=lambda done, total: tell("statements", done, total),
    )
    mark.tell_ready(tickets=tickets, entries=entries, at=datetime.now(UTC))
    return tickets, entries


def _apply_contracts(first: date, now: datetime) -> dict[str, Contract]:
    """The three contracts by key, applied as anybody would apply them; organisations come with them."""
    return {
        key: apply_contract(viewer=SYSTEM_VIEWER, at=now, data=document(key, first)).contract
        for key in CONTRACTS
    }


def _create_people(password: str, tell: Callable[[int], None]) -> None:
    for team in TEAMS:
        create_team(
            viewer=SYSTEM_VIEWER,
            organisation=organisation_by_key(team.organisation),
            key=team.key,
            name=team.name,
            line=team.line,
        )
    rows = [
        (
            number,
            {
                "login": member.login,
                "name": member.name,
                "organisation": member.organisation,
                "email": f"{member.login}@example.com",
                "teams": member.team,
                "roles": "; ".join(f"{key}:{role}" for role, key in grants(member) if key),
            },
        )
        for number, member in enumerate(PEOPLE, 1)
    ]
    faulty = [row for row in import_people(SYSTEM_VIEWER, rows) if row.faults]
    if faulty:
        raise ValueError(f"people of the demonstration: {faulty[0].faults}")
    tell(1)
    people = {person.login: person for person in Person.objects.all()}
    for member in PEOPLE:
        for role, key in grants(member):
            if not key:
                grant_membership(viewer=SYSTEM_VIEWER, person=people[member.login], role=role, scope=None)
    for login in SHOWN:
        set_password(viewer=SYSTEM_VIEWER, person=people[login], password=password)
    tell(2)


def _import_history(
    contract: Contract,
    industry: Industry,
    path: Path,
    *,
    start: date,
    now: int,
    seed: int,
    scale: float,
    tell: Callable[[int, int], None],
) -> tuple[int, int]:
    """A client's year as a table, taken over by the import; returns how many tickets and entries."""
    terms = latest_terms(contract)
    service = Service(industry, terms, start, now, seed, scale)
    days = max(1, (today_at(now, terms.zone) - start).days)
    tickets, rows = write_table(
        path, _watched(histories(service), start, days, service.zone, tell), service.zone
    )
    report = import_table(
        contract=contract,
        path=path,
        mapping=mapping_of(terms),
        progress=_Told(rows, tell),
    )
    path.unlink()
    if report.counts.rejected:
        first = report.first_rejections[0]
        raise ValueError(f"row {first.row} of the invented year: {first.field}: {first.reason}")
    return tickets, report.entries


def _watched(
    lives: Iterator[Life], start: date, days: int, zone: ZoneInfo, tell: Callable[[int, int], None]
) -> Iterator[Life]:
    """The same lives; says how far the year is, as a tenth of the step."""
    told = 0
    for life in lives:
        done = (datetime.fromtimestamp(life.events[0].at, zone).date() - start).days
        if done - told >= days // 4:
            told = done
            tell(done * 10 // days, 100)
        yield life


class _Told(Progress):
    """Tells the rows of an import as nine tenths of a step."""

    def __init__(self, rows: int, tell: Callable[[int, int], None]) -> None:
        super().__init__(rows, StringIO())
        self._tell = tell

    def rows(self, done: int) -> None:
        """So many rows are dealt with."""
        self._tell(10 + 85 * done // max(1, self.total), 100)

    def stage(self, text: str) -> None:
        """Clocks are folded, then leaves are sealed."""

    def end(self) -> None:
        """Nothing is left open."""
