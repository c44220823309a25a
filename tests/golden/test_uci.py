"""The public incident log, end to end through the command line: every figure of its README comes out of the product.

Two things hold it: the figures as printed there, and a plain re-computation here with nothing but csv and datetime.
"""

import csv
import io
import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TestDatabase, fresh_database

from yunheng.foundation.journal import verify_entry

pytestmark = pytest.mark.data

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("YUNHENG_SHARED", HERE.parents[2].parent / "shared"))
LOG = SHARED / "data" / "uci_incident" / "incident_event_log.zip"
PERIOD = ("--from", "2016-01-01", "--to", "2017-12-31")
APRIL = date(2016, 4, 1), date(2016, 4, 30)
Command = Callable[..., Any]


@cache
def at(text: str) -> datetime | None:
    return None if text == "?" else datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def seconds(later: datetime | None, earlier: datetime | None) -> int:
    assert later is not None and earlier is not None
    return int((later - earlier).total_seconds())


@dataclass
class Plain:
    """The log, read plainly: all rows, and the last row of each incident."""

    rows: list[dict[str, str]]
    last: dict[str, dict[str, str]]
    first_resolved: dict[str, datetime]
    last_resolved: dict[str, datetime]

    def hours(self, column: str, priority: str | None = None) -> list[int]:
        return sorted(
            seconds(at(row[column]), at(row["opened_at"]))
            for row in self.last.values()
            if row[column] != "?" and priority in (None, row["priority"][0])
        )


@pytest.fixture(scope="module")
def plain() -> Plain:
    if not LOG.exists():
        pytest.skip(f"the incident log is not beside the project ({LOG})")
    with zipfile.ZipFile(LOG) as archive, archive.open(archive.namelist()[0]) as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8", newline="")))
    last, first_resolved, last_resolved = {}, {}, {}
    state: dict[str, str] = {}
    order = sorted(range(len(rows)), key=lambda place: (at(rows[place]["sys_updated_at"]), place))
    for place in order:
        row = rows[place]
        number = row["number"]
        last[number] = row
        if row["incident_state"] == "Resolved" and state.get(number) != "Resolved":
            first_resolved.setdefault(number, at(row["sys_updated_at"]))
            last_resolved[number] = at(row["sys_updated_at"])
        state[number] = row["incident_state"]
    return Plain(rows, last, first_resolved, last_resolved)


def mean(values: list[int]) -> Fraction:
    return Fraction(sum(values), 3600 * len(values))


def percentile(values: list[int], percent: int) -> Fraction:
    rank = Fraction((len(values) - 1) * percent, 100)
    low = int(rank)
    high = min(low + 1, len(values) - 1)
    return (values[low] + (values[high] - values[low]) * (rank - low)) / Fraction(3600)


def rounded(value: Fraction, digits: int = 4) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


@pytest.fixture(scope="module")
def command(
    migrated_template: TestDatabase, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    """`yunheng …` on a database of this module; returns what it printed, read as JSON where it is that."""
    from yunheng.site.cli import main

    def call(*arguments: str) -> Any:
        with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as said:
            status = main(list(arguments))
        assert status == 0, said.getvalue()
        text = printed.getvalue()
        return json.loads(text, parse_float=Decimal) if "--json" in arguments else text

    with (
        fresh_database(migrated_template, django_db_blocker) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("YUNHENG_DATABASE_URL", database.app_url)
        patch.setenv("YUNHENG_DATABASE_OWNER_URL", database.owner_url)
        patch.setenv("YUNHENG_DATA", str(tmp_path_factory.mktemp("uci")))
        patch.setenv("YUNHENG_LANGUAGE", "en")
        yield call


@pytest.fixture(scope="module")
def taken(command: Command, plain: Plain) -> dict[str, Any]:
    """The whole log, imported: what the import tells of it."""
    command("contract", "apply", "pack:uci")
    told: dict[str, Any] = command(
        "import", "servicenow", str(LOG), "--contract", "uci", "--zone", "UTC", "--json"
    )
    return told


def test_every_figure_of_the_log_comes_out_of_the_product(
    command: Command, taken: dict[str, Any], plain: Plain
) -> None:
    asserted = command(
        "kpi", "--contract", "uci", *PERIOD, "--basis", "asserted", "--by", "priority", "--json"
    )
    rows = {(row["key"], row["group"]): row for row in asserted["rows"]}

    _check_counts(taken, plain)
    _check_tally(taken, plain)
    _check_durations(rows, plain)
    _check_flags(rows, plain)
    _check_events(command, taken, plain)
    shown = command("import", "show", "latest", "--json")
    assert {key: shown[key] for key in ("read", "levels", "rows_by_state", "source", "observed")} == {
        key: taken[key] for key in ("read", "levels", "rows_by_state", "source", "observed")
    }
    _check_stored(taken)


def test_the_report_on_april_2016_says_what_the_command_line_says(
    command: Command, taken: dict[str, Any]
) -> None:
    from yunheng.appraisal.queries import figures
    from yunheng.contracts.queries import contract_by_key
    from yunheng.reports.actions import seal_all
    from yunheng.reports.content import Source, build, newest_head, rows_for, stamp_with
    from yunheng.reports.content.header import Header
    from yunheng.reports.content.source import speaking
    from yunheng.reports.period import Month

    seal_all()
    contract = contract_by_key("uci")
    month = Month("2016-04", contract.scope.zone)
    source = Source(contract=contract, month=month, head=newest_head(contract), now=datetime.now(UTC))
    with speaking("en", month.zone):
        content = stamp_with(build("monthly", source, "en"), Header())
        found = figures(contract, start=APRIL[0], end=APRIL[1], position=source.position)
    rows = {row["key"]: row for row in content["attainment"]["rows"]}
    totals = [row for row in found.rows if not row.group]
    assert len(totals) == len(rows) > 5
    for row in totals:
        line = rows[row.key]
        assert (line["numerator"], line["denominator"]) == (row.numerator, row.denominator), row.key
        assert row.value is None or f"{row.value:,f}" in line["value"]

    asked = ("kpi", "--contract", "uci", "--period", "2016-04", "--as-of", str(source.position), "--json")
    printed = {row["key"]: row for row in command(*asked)["rows"] if not row["group"]}
    for key, line in rows.items():
        assert (line["numerator"], line["denominator"]) == (
            printed[key]["numerator"],
            printed[key]["denominator"],
        )
    assert len(content["misses"]["rows"]) == min(content["misses"]["total"], 500)
    keys = [column["key"] for column in content["item_columns"]]
    count = sum(1 for row in rows_for(contract.pk, content, source.position) if len(row) == len(keys))
    assert count >= rows["mtta"]["denominator"] if "mtta" in rows else count > 0


def _check_counts(taken: dict[str, Any], plain: Plain) -> None:
    assert taken["read"] == len(plain.rows) == 141_712
    assert taken["read"] == taken["imported"] + taken["rejected"] + taken["repeated"]
    assert (taken["imported"], taken["rejected"], taken["repeated"]) == (141_712, 0, 0)
    assert taken["tickets"] == taken["tickets_created"] == len(plain.last) == 24_918
    assert taken["entries"] == 141_712 + 24_918  # a row each, and what the source claims of each incident


def _check_tally(taken: dict[str, Any], plain: Plain) -> None:
    assert taken["rows_by_state"] == Counter(row["incident_state"] for row in plain.rows)
    assert taken["rows_by_state"] == {
        "Active": 38_716,
        "New": 36_407,
        "Resolved": 25_751,
        "Closed": 24_985,
        "-100": 5,
        "Awaiting User Info": 14_642,
        "Awaiting Vendor": 707,
        "Awaiting Problem": 461,
        "Awaiting Evidence": 38,
    }
    assert taken["tickets_by_priority"] == Counter(row["priority"] for row in plain.last.values())
    assert list(taken["tickets_by_priority"].values()) == [270, 408, 23_466, 774]

    def level(row: dict[str, str]) -> tuple[str, ...]:
        return row["impact"], row["urgency"], row["priority"]

    by_row = Counter(map(level, plain.rows))
    by_ticket = Counter(map(level, plain.last.values()))
    assert {tuple(line[:3]): tuple(line[3:]) for line in taken["levels"]} == {
        key: (count, by_ticket[key]) for key, count in by_row.items()
    }
    words = [[part.partition(" - ")[2] for part in line[:3]] for line in taken["levels"]]
    assert sorted(words) == sorted(
        line.split()
        for line in (
            *("High High Critical", "High Medium High", "Medium High High", "Medium Medium Moderate"),
            *("Medium Low Low", "Low High Moderate", "Low Medium Low", "Low Low Low"),
        )
    )
    made = Counter(row["made_sla"] for row in plain.rows)
    assert taken["observed"]["rows_made_sla"] == made
    assert round(100 * made["true"] / len(plain.rows), 1) == 93.5  # the wrong way to average it
    groups: dict[str, set[str]] = {}
    for row in plain.rows:
        groups.setdefault(row["number"], set()).add(row["assignment_group"])
    changed = sum(len(found - {"?"}) > 1 for found in groups.values())
    assert taken["observed"]["tickets_with_change_of_team"] == changed == 9_575


def _check_durations(rows: dict[tuple[str, str], dict[str, Any]], plain: Plain) -> None:
    resolve, close = plain.hours("resolved_at"), plain.hours("closed_at")
    row = rows["mttr", ""]
    assert row["basis"] == "asserted"
    assert row["n"] == len(resolve) == 23_362
    assert len(plain.last) - len(resolve) == 1_556
    spread = ("mean", "median", "p90", "p95", "max")
    assert [Decimal(row[name]) for name in spread] == [
        Decimal(text) for text in ("178.1716", "22.1000", "381.5483", "710.5175", "8070.1667")
    ]
    assert [Decimal(row[name]) for name in spread] == [
        rounded(mean(resolve)),
        *(rounded(percentile(resolve, percent)) for percent in (50, 90, 95, 100)),
    ]
    for priority, count, average, median in (
        ("1", 270, "266.0840", "80.2417"),
        ("2", 408, "152.4566", "38.2333"),
        ("3", 22_010, "174.3540", "21.5500"),
        ("4", 674, "283.1855", "5.0167"),
    ):
        row, values = rows["mttr", priority], plain.hours("resolved_at", priority)
        assert row["n"] == len(values) == count
        assert Decimal(row["mean"]) == Decimal(average) == rounded(mean(values))
        assert Decimal(row["median"]) == Decimal(median) == rounded(percentile(values, 50))
    assert rounded(mean(close)) == Decimal("315.3286")
    assert rounded(percentile(close, 50)) == Decimal("145.8667")


def _check_flags(rows: dict[tuple[str, str], dict[str, Any]], plain: Plain) -> None:
    made = Counter(row["made_sla"] for row in plain.last.values())
    flag = rows["source_made_sla", ""]
    assert (flag["numerator"], flag["denominator"] - flag["numerator"]) == (made["true"], made["false"])
    assert (made["true"], made["false"]) == (15_803, 9_115)
    assert Decimal(flag["value"]) == Decimal("63.42")
    for key, column, count in (
        ("source_reassigned", "reassignment_count", 11_369),
        ("source_reopened", "reopen_count", 275),
    ):
        plainly = sum(int(row[column]) > 0 for row in plain.last.values())
        assert rows[key, ""]["numerator"] == plainly == count


def _check_events(command: Command, taken: dict[str, Any], plain: Plain) -> None:
    """What the rows say, and time to close, which the contract does not name."""
    observed = taken["observed"]
    assert observed["tickets_with_resolved_rows"] == len(plain.first_resolved) == 24_905
    common = [
        number
        for number, row in plain.last.items()
        if row["resolved_at"] != "?" and number in plain.first_resolved
    ]
    assert observed["tickets_resolved_in_both"] == len(common) == 23_362
    for name, instants, printed in (
        ("first", plain.first_resolved, "173.68"),
        ("last", plain.last_resolved, "176.33"),
    ):
        values = [seconds(instants[number], at(plain.last[number]["opened_at"])) for number in common]
        found = Decimal(observed[f"mean_hours_to_{name}_resolved_row"])
        assert found == rounded(mean(values))
        assert found.quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(printed)

    from yunheng.appraisal.queries import figures
    from yunheng.contracts.queries import contract_by_key

    start, end = datetime(2016, 1, 1, tzinfo=UTC).date(), datetime(2017, 12, 31, tzinfo=UTC).date()
    contract = contract_by_key("uci")
    closing = figures(contract, start=start, end=end, basis="asserted", keys=["mttc"]).rows[0]
    assert (closing.n, closing.mean, closing.median) == (24_918, Decimal("315.3286"), Decimal("145.8667"))
    first = figures(contract, start=start, end=end, keys=["mttr_first"], is_common=True).rows[0]
    assert first.n == 23_362
    assert first.mean == Decimal(observed["mean_hours_to_first_resolved_row"])


def _check_stored(taken: dict[str, Any]) -> None:
    """All of it is sealed, and the entries are what their leaves say."""
    from yunheng.contracts.queries import contract_by_key
    from yunheng.desk.models import Ticket
    from yunheng.foundation.models import Entry, LogLeaf, Unsealed
    from yunheng.imports.models import ImportKey
    from yunheng.sla.models import LiveClock

    scope = contract_by_key("uci").scope
    of_tickets = Entry.objects.filter(scope=scope, type__in=["ticket.observed", "source.asserted"])
    assert of_tickets.count() == taken["entries"]
    assert LogLeaf.objects.filter(scope=scope).count() == Entry.objects.filter(scope=scope).count()
    assert not Unsealed.objects.filter(scope=scope).exists()
    assert ImportKey.objects.filter(scope=scope).count() == taken["imported"]
    assert Ticket.objects.filter(scope=scope, is_observed=True, state="closed").count() == 24_918
    clocks = LiveClock.objects.filter(scope=scope)
    assert clocks.count() == 2 * 24_918
    assert not clocks.filter(next_check_at__isnull=False).exists()  # the sweep tells nobody of the past
    sample = Entry.objects.filter(scope=scope).order_by("id").select_related("body")[::97]
    assert len(sample) > 1_700  # all of it is checked on small logs in tests/imports
    for entry in sample:
        assert verify_entry(entry, entry.body, scope.key) == []
