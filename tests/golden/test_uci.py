"""The public incident log, end to end through the command line: every figure of its README comes out of the product.

Two things hold it: the figures as printed there, and a plain re-computation here with nothing but csv and datetime.
"""

import csv
import io
import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
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


#: Goals of the contract in seconds, and the states that stop its clock, written down here once more.
RESOLVE_WITHIN = {"1": 4 * 3600, "2": 8 * 3600, "3": 48 * 3600, "4": 120 * 3600}
STOPPING = {"Awaiting User Info", "Awaiting Evidence"}
WORKED = {
    "Active",
    "Resolved",
    "Awaiting User Info",
    "Awaiting Evidence",
    "Awaiting Vendor",
    "Awaiting Problem",
}
READABLE = WORKED | {"New", "Closed"}


def lives(plain: Plain) -> Iterator[tuple[str, datetime, list[tuple[datetime, dict[str, str]]]]]:
    """Each incident with its opening and its rows in the order of time; no row counts before the opening."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in sorted(plain.rows, key=lambda row: at(row["sys_updated_at"])):  # type: ignore[arg-type,return-value]
        rows.setdefault(row["number"], []).append(row)
    for number, own in rows.items():
        opened = at(own[0]["opened_at"])
        assert opened is not None
        yield number, opened, [(max(at(row["sys_updated_at"]) or opened, opened), row) for row in own]


def missed(
    plain: Plain, within: Mapping[str, int] = MappingProxyType(RESOLVE_WITHIN)
) -> dict[str, tuple[datetime, int]]:
    """Incidents not resolved in time: when each fell due, and how many seconds it took beyond that."""
    found = {}
    for number, opened, rows in lives(plain):
        running, state, is_over, waits, since, priority = [], "", False, False, opened, ""
        for instant, row in rows:
            if row["incident_state"] == state:
                continue
            if not is_over and not waits:
                running.append((since, instant))
            state, since = row["incident_state"], instant
            waits = state in STOPPING
            if state in ("Resolved", "Closed"):
                priority = priority if is_over else row["priority"][0]
                is_over = True
            elif state in READABLE:
                is_over = False
        assert is_over, number
        left, over, due = within[priority], 0, None
        for begin, end in running:
            span = seconds(end, begin)
            if due is None and span >= left:
                due, over = begin + timedelta(seconds=left), span - left
            elif due is not None:
                over += span
            left -= span
        if due is not None and over:
            found[number] = (due, over)
    return found


def late_points(over: int) -> Fraction:
    """Scheme B: half a point for each begun day, one from the third on, five at most."""
    days = -(-over // 86_400)
    return min(Fraction(min(days, 2), 2) + max(0, days - 2), Fraction(5))


def check_sums(node: dict[str, Any]) -> None:
    """Every node of the explanation is the sum of its parts, and says something."""
    assert node["text"]
    if "parts" in node:
        assert Fraction(node["points"]) == sum(Fraction(part["points"]) for part in node["parts"])
        for part in node["parts"]:
            check_sums(part)


@pytest.mark.parametrize(
    ("period", "months", "count", "deducted"),
    [("2016-04", {4}, 2_042, "6447.5"), ("2016-Q2", {4, 5, 6}, 3_885, "12181.5")],
)
def test_scheme_b_deducts_what_plain_code_finds_late(
    command: Command,
    taken: dict[str, Any],
    plain: Plain,
    period: str,
    months: set[int],
    count: int,
    deducted: str,
) -> None:
    from yunheng.desk.models import Ticket

    asked = ("scorecard", "--contract", "uci", "--period", period, "--scheme", "b", "--json")
    told = command(*asked)
    late = {
        number: (due, over)
        for number, (due, over) in missed(plain).items()
        if due.year == 2016 and due.month in months
    }
    assert len(late) == count
    (section,) = [part for part in told["tree"]["parts"] if part["say"] == "section"]
    (item,) = section["parts"]
    source = dict(Ticket.objects.values_list("number", "source_number"))
    events = {source[part["event"]["subject"]]: part for part in item["parts"]}
    assert len(events) == len(item["parts"])
    assert {
        number: (part["event"]["at"], Fraction(part["event"]["quantity"])) for number, part in events.items()
    } == {number: (int(due.timestamp()), Fraction(over, 86_400)) for number, (due, over) in late.items()}
    assert {number: Fraction(part["points"]) for number, part in events.items()} == {
        number: -late_points(over) for number, (_due, over) in late.items()
    }
    total = -sum(late_points(over) for _due, over in late.values())
    assert Fraction(told["value_so_far"]) == total == -Fraction(deducted)
    assert told["is_complete"] is told["is_whole"] is (period == "2016-Q2")  # scheme B scores quarters
    assert told["value"] == (told["value_so_far"] if told["is_complete"] else None)
    assert told["lacking"] == []
    check_sums(told["tree"])

    from yunheng.reports.actions import seal_all

    seal_all()
    then = command(*asked, "--as-of", str(told["position"]))
    assert (then["tree"], then["is_live"]) == (told["tree"], False)
    shown = command(*(word for word in asked if word != "--json"), "--lang", "zh")
    assert str(told["value_so_far"]).lstrip("-") in shown.splitlines()[0]


def test_the_response_item_of_scheme_g_follows_from_plain_code(
    command: Command, taken: dict[str, Any], plain: Plain, tmp_path: Path
) -> None:
    from ruamel.yaml import YAML

    from yunheng.contracts.packs import scheme_pack
    from yunheng.contracts.writing import dumped

    scoring = YAML(typ="safe", pure=True).load(scheme_pack("g"))["scoring"]
    response = scoring["sections"]["response"]
    response["items"]["response_p1"]["only"] = {"priority": "1"}
    kept = {name: scoring[name] for name in ("period", "full", "start", "digits", "grades")}
    scheme = tmp_path / "response.yaml"
    scheme.write_text(dumped({"scoring": {**kept, "sections": {"response": response}}}), encoding="utf-8")
    told = command("scorecard", "--contract", "uci", "--period", "2016-04", "--scheme", str(scheme), "--json")

    waits = []
    for _number, opened, rows in lives(plain):
        first = next((instant for instant, row in rows if row["incident_state"] in WORKED), None)
        if (opened.year, opened.month) == (2016, 4) and rows[-1][1]["priority"][0] == "1" and first:
            waits.append(seconds(first, opened))
    average = Fraction(sum(waits), len(waits))
    assert (len(waits), sum(waits)) == (84, 9_472_200)  # 31 hours in the mean
    steps = max(0, -((15 * 60 - average) // 300))  # each begun five minutes above fifteen
    points = 100 - min(2 * steps, 20)
    assert (steps, points) == (373, 80)
    (value,) = told["values"]
    assert (value["reads"], value["numerator"], value["denominator"]) == (
        "mtta|priority:1",
        str(sum(waits)),
        str(len(waits)),
    )
    assert Fraction(value["value"]) == average
    assert (told["is_complete"], Fraction(told["value"])) == (True, points)
    check_sums(told["tree"])


def test_a_backtest_names_the_incidents_that_a_tighter_goal_misses(
    command: Command, taken: dict[str, Any], plain: Plain, tmp_path: Path
) -> None:
    from yunheng.contracts.packs import contract_pack
    from yunheng.desk.models import Ticket

    asked = ("--against", "uci", "--from", "2016-01", "--to", "2017-12", "--json", "--limit", "0")
    same = command("contract", "backtest", "pack:uci", *asked)
    assert same["is_unchanged"]
    assert same["changes"] == []
    draft, goal = contract_pack("uci").decode(), "resolve: 48 h"
    assert draft.count(goal) == 1
    (tmp_path / "draft.yaml").write_text(draft.replace(goal, "resolve: 24 h"), encoding="utf-8")
    told = command("contract", "backtest", str(tmp_path / "draft.yaml"), *asked)
    before, after = missed(plain), missed(plain, {**RESOLVE_WITHIN, "3": 24 * 3600})
    source = dict(Ticket.objects.values_list("number", "source_number"))
    assert {
        source[one["ticket"]]: one["new_late_seconds"] for one in told["changes"] if one["change"] == "missed"
    } == {number: over for number, (_due, over) in after.items() if number not in before}
    assert {one["key"] for one in told["changes"]} == {"resolve"}
    counts = {one["key"]: one["counts"] for one in told["differences"]}
    assert counts["resolve"]["missed"] == len(after) - len(before) > 1_000
    assert counts["resolve"]["met"] == counts["respond"]["missed"] == 0


def test_a_scheme_that_does_not_fit_the_contract_is_refused_with_its_place(
    command: Command, taken: dict[str, Any]
) -> None:
    from yunheng.site.cli import main

    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as said:
        assert main(["scorecard", "--contract", "uci", "--scheme", "g", "--period", "2016-04"]) == 1
    assert printed.getvalue() == ""
    assert "response_p1.only.priority" in said.getvalue()


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
