"""Contracts and suppliers side by side: what stands in a row, what may not be compared, and who sees what."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook
from tests.appraisal.statements_world import APPRAISAL, IN_MAY, World, stored
from tests.appraisal.test_figures import at, served
from tests.desk.ground import HOUR, Ground, apply_terms, clock, make_ground, opened, terms
from tests.undoing import undone

from yunheng.appraisal import study
from yunheng.appraisal.comparison import keeping, scores
from yunheng.appraisal.comparison.document import document_of, lines_of
from yunheng.appraisal.comparison.measured import ATTAINMENT, RESOLUTION, RESPONSE
from yunheng.appraisal.comparison.presentation import comparison_page, ordered
from yunheng.appraisal.comparison.queries import (
    Comparison,
    ContractRow,
    asked_period,
    comparison,
    has_suppliers,
    may_compare,
)
from yunheng.appraisal.comparison.suppliers import NOT_STATED, SupplierRecord
from yunheng.appraisal.comparison.tables import contract_table, supplier_table, write_file
from yunheng.appraisal.comparison.tickets import tickets_behind
from yunheng.appraisal.scored_period import read_scored_period
from yunheng.appraisal.statements.actions import issue_statement
from yunheng.appraisal.statements.queries import frozen_of
from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket
from yunheng.desk.models import Ticket
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.logic.comparison import Share
from yunheng.sla.models import Pause

APRIL = read_scored_period("2026-04")
#: Only what clocks give; nobody has anything to enter.
MEASURED = b"""
scoring:
  full: 100
  sections:
    all:
      label: all
      items:
        kept: {label: kept, points: 100, indicator: resolution_timeliness, ratio: {at_least: 100 %}}
"""


def supplied(key: str, **changes: Any) -> dict[str, Any]:
    """Terms in which the vendor repairs within an hour of the call; waiting for it stops no clock of the client's."""
    document = terms(key, **changes)
    repair = clock("uc_repair", start=["dispatched"], stop=["restored", "resolved"], audience="supplier")
    document["clocks"].append(repair | {"kind": "restore", "supplier": "vendor"})
    for service in ("mail", "erp"):
        for priority in ("p1", "p2", "p3"):
            document["targets"].append(
                {
                    "clock": "uc_repair",
                    "service": service,
                    "priority": priority,
                    "calendar": "always",
                    "seconds": HOUR,
                    "working_days": None,
                }
            )
    for reason in document["pauses"]["reasons"]:
        if reason["code"] == "waiting_supplier":
            reason["stops"] = []
    return document


@pytest.fixture(scope="module")
def pair(built_world: World) -> Iterator[tuple[World, Ground]]:
    """Acme, scored and appraised, with a vendor that has a target; Beta, which is not scored and names none."""
    with undone():
        calendars = [{"key": "office"}, {"key": "always"}]
        apply_terms(
            built_world.ground.contract,
            supplied("acme", scoring=stored(), appraisal=APPRAISAL, calendars=calendars),
        )
        beta = make_ground("beta", with_version=False)
        document = terms("beta")
        document["parties"]["suppliers"] = []
        apply_terms(beta.contract, document)
        yield built_world, beta


@pytest.fixture
def two(pair: tuple[World, Ground]) -> Iterator[tuple[World, Ground]]:
    """Both, for one test; sentences are English."""
    study._recent.clear()
    keeping.forget()
    has_suppliers.cache_clear()
    with undone(), translation.override("en"):
        yield deepcopy(pair)


def look(viewer: Viewer = SYSTEM_VIEWER, period: str = "2026-04", now: Any = IN_MAY) -> Comparison:
    return comparison(viewer, read_scored_period(period), now=now)


def row_of(found: Comparison, key: str = "acme") -> ContractRow:
    return next(row for row in found.contracts if row.contract.scope.key == key)


def vendor(found: Comparison, key: str = "vendor") -> SupplierRecord:
    return next(row.whole for row in found.suppliers if row.whole.key == key)


def repaired(ground: Ground, *, resolve: float, call: float = 0.5) -> str:
    """A ticket for which the vendor is called half an hour after it was opened; resolved so many hours after that."""
    agent, engineer = ground.viewer("desk_agent"), ground.viewer("engineer")
    number = opened(ground).ticket.number
    move_ticket(agent, number, "accept", recorded_at=at(0.1))
    assign_ticket(agent, number, team="vendor-acme", assignee="acme-supplier_engineer", recorded_at=at(call))
    move_ticket(engineer, number, "start", recorded_at=at(call))
    form = {"resolution": "Part replaced", "cause": "hardware", "line": "second"}
    move_ticket(engineer, number, "resolve", form, recorded_at=at(resolve))
    return number


def waits(ground: Ground, number: str, begin: float, end: float, *, recorded: float | None = None) -> int:
    """A waiting period on the supplier's account, in hours after nine; returns the pause."""
    engineer = ground.viewer("engineer")
    later = at(begin if recorded is None else recorded)
    move_ticket(engineer, number, "wait_for_supplier", {"note": "called"}, at=at(begin), recorded_at=later)
    move_ticket(engineer, number, "resume", recorded_at=at(end))
    subject = Ticket.objects.get(number=number).pk
    return Pause.objects.filter(subject_id=subject).latest("began_at").pk


# --- contracts


def test_a_statement_is_shown_as_it_was_frozen(two: tuple[World, Ground]) -> None:
    world, _beta = two
    statement = world.locked(late=1)
    served(world.ground, resolve=7)  # recorded after the head of the statement: no part of its figures
    row = row_of(look(now=IN_MAY + timedelta(hours=1)))
    assert row.source == "statement"
    assert row.result is not None and row.result.money is not None
    assert (row.result.value, row.result.grade) == (statement.value, statement.grade)
    frozen = frozen_of(statement)["settlement"]
    assert row.result.money.payable == Decimal(frozen["payable"])
    assert row.result.money.coefficient == Decimal(frozen["coefficient"])
    figure = row.figure(RESOLUTION)
    assert figure is not None and figure.share == Share(0, 1)
    assert row.measured is not None and row.measured.position == statement.position
    assert [(one.item, one.mark, one.raters) for one in row.result.rated] == [("attitude", "4.4", 2)]
    page = comparison_page(look(now=IN_MAY + timedelta(hours=1)), order="name", today=IN_MAY.date())
    assert page.contracts[0].score.standing == "frozen by the statement"
    assert not any("schemes" in note for note in page.notes)  # there is one, and it needs no number
    assert [line.score.scheme for line in page.contracts] == ["", ""]


def test_what_the_scheme_reads_is_taken_from_the_frozen_figures(two: tuple[World, Ground]) -> None:
    world, _beta = two
    calendars = [{"key": "office"}, {"key": "always"}]
    changed = supplied("acme", scoring=stored(MEASURED), appraisal=APPRAISAL, calendars=calendars)
    apply_terms(world.ground.contract, changed)
    served(world.ground)
    statement = world.drafted(late=1)
    issue_statement(world.client, statement.number, statement.row_version, recorded_at=world.at)
    row = row_of(look())
    figure, other = row.figure(RESOLUTION), row.figure(RESPONSE)
    assert figure is not None and other is not None and row.measured is not None
    assert (figure.share, figure.is_frozen, other.is_frozen) == (Share(1, 2), True, False)
    computed = row.measured.figures[RESOLUTION]  # as of the same position: the same
    assert (computed.share, computed.value) == (figure.share, figure.value)


def test_without_a_statement_the_score_is_one_so_far(two: tuple[World, Ground]) -> None:
    world, _beta = two
    served(world.ground, resolve=6)
    row = row_of(look())
    assert (row.source, row.statement) == ("computed", None)
    assert row.result is not None and not row.result.is_whole  # what people say is not known yet
    page = comparison_page(look(), order="name", today=IN_MAY.date())
    line = next(line for line in page.contracts if line.key == "acme")
    assert line.score.standing == "so far: something is not known yet"
    assert line.no_marks == "not entered yet"


def test_none_at_all_nought_and_not_asked_for_are_told_apart(two: tuple[World, Ground]) -> None:
    world, _beta = two
    served(world.ground, resolve=0.9)  # in time
    page = comparison_page(look(), order="name", today=IN_MAY.date())
    acme, beta = page.contracts
    assert (acme.breaches.count, acme.breaches.of) == ("0", "of 4 due")
    assert (beta.breaches.count, beta.breaches.why) == ("", "no data")
    assert (beta.score.value, beta.score.why) == ("", "not scored: the contract has no scheme")
    assert (beta.no_marks, acme.no_marks) == ("not asked for", "not entered yet")
    assert acme.response.few and not acme.response.why  # 1 of 1 says little
    assert (acme.reopened.why, acme.reopened.value) == ("no data", "")


def test_an_unpromised_target_is_no_empty_one(two: tuple[World, Ground]) -> None:
    _world, beta = two
    document = terms("beta")
    document["clocks"] = [one for one in document["clocks"] if one["key"] != "respond"]
    document["targets"] = [one for one in document["targets"] if one["clock"] != "respond"]
    apply_terms(beta.contract, document)
    page = comparison_page(look(), order="name", today=IN_MAY.date())
    assert page.contracts[1].response.why == "not promised"


def test_scores_of_two_schemes_have_numbers_and_no_difference(two: tuple[World, Ground]) -> None:
    world, beta = two
    world.locked()
    calendars = [{"key": "office"}, {"key": "always"}]
    apply_terms(beta.contract, terms("beta", scoring=stored(MEASURED), calendars=calendars))
    opened_at = at(0)
    opened(beta, recorded_at=opened_at)
    found = look()
    assert [row.scheme_number for row in found.contracts] == [1, 2]
    page = comparison_page(found, order="score", today=IN_MAY.date())
    assert any("different schemes" in note for note in page.notes)
    assert {line.score.scheme for line in page.contracts} == {"scheme 1", "scheme 2"}


def test_the_change_is_against_the_statement_of_the_period_before(two: tuple[World, Ground]) -> None:
    world, _beta = two
    world.locked("2026-03", late=0)
    world.locked("2026-04", late=1)
    row = row_of(look())
    assert row.scored is not None and row.before is not None
    page = comparison_page(look(), order="name", today=IN_MAY.date())
    line = next(line for line in page.contracts if line.key == "acme")
    assert line.score.trend is not None and line.score.trend.direction == "worse"
    assert row.before.value is not None and row.scored.value is not None
    assert line.score.trend.text == f"−{row.before.value - row.scored.value:f}"
    assert line.score.spark is not None


def test_another_scheme_before_is_said_and_has_no_difference(two: tuple[World, Ground]) -> None:
    world, _beta = two
    world.locked("2026-03", late=0)
    calendars = [{"key": "office"}, {"key": "always"}]
    changed = supplied("acme", scoring=stored(MEASURED), appraisal=APPRAISAL, calendars=calendars)
    apply_terms(world.ground.contract, changed, valid_from=at(-9))  # from 1 April on
    served(world.ground)
    line = comparison_page(look(), order="name", today=IN_MAY.date()).contracts[0]
    assert line.score.trend is None
    assert line.score.other_scheme.startswith("another scheme before")


@pytest.mark.parametrize(
    ("period", "key", "why"),
    [
        ("2026-Q1", "acme", "no score yet: none of its periods is signed"),
        ("2025", "acme", "the contract was not in force"),
        ("2026-Q1", "beta", "not scored: the contract has no scheme"),
    ],
)
def test_why_there_is_no_score(two: tuple[World, Ground], period: str, key: str, why: str) -> None:
    page = comparison_page(look(period=period), order="name", today=IN_MAY.date())
    assert next(line.score.why for line in page.contracts if line.key == key) == why


def test_a_quarter_says_how_many_of_its_months_are_signed(two: tuple[World, Ground]) -> None:
    world, _beta = two
    world.locked("2026-03", late=0)
    page = comparison_page(look(period="2026-Q1"), order="name", today=IN_MAY.date())
    assert page.contracts[0].score.standing == "so far: 1 of 3 periods are signed"


@pytest.mark.parametrize(("period", "kind"), [("2026-13", ""), ("2099-01", ""), ("", "decade")])
def test_periods_that_are_none_are_refused(period: str, kind: str) -> None:
    with pytest.raises(Invalid):
        asked_period(period, kind, now=IN_MAY)


@pytest.mark.parametrize(
    ("kind", "name"), [("", "2026-04"), ("month", "2026-04"), ("quarter", "2026-Q1"), ("year", "2025")]
)
def test_the_last_whole_period_is_shown(kind: str, name: str) -> None:
    assert asked_period("", kind, now=IN_MAY).name == name


# --- suppliers


def test_a_supplier_is_measured_by_its_own_targets(two: tuple[World, Ground]) -> None:
    world, _beta = two
    repaired(world.ground, resolve=1.0)  # half an hour
    only_own = repaired(world.ground, resolve=1.9)  # an hour and a half, within the client's two hours
    both = repaired(world.ground, resolve=5.0)  # late for the client, too
    found = look()
    record = vendor(found)
    assert (record.targets, record.called, record.late, record.hit) == ({"restore": Share(1, 3)}, 3, 2, 1)
    assert record.open_seconds == int(7.9 * HOUR)

    def behind(what: str) -> list[str]:
        asked = {"after": "", "now": IN_MAY}
        found = tickets_behind(world.provider, "acme", "vendor", what, APRIL, **asked)
        return [ticket.number for ticket in found.tickets]

    assert (behind("late"), behind("hit"), behind("missed:restore")) == (
        [only_own, both],
        [both],
        [only_own, both],
    )
    assert behind("nonsense") == []


def test_waiting_is_held_against_who_was_called(two: tuple[World, Ground]) -> None:
    world, _beta = two
    number = opened(world.ground).ticket.number
    agent, engineer = world.viewer("desk_agent"), world.viewer("engineer")
    move_ticket(agent, number, "accept", recorded_at=at(0.1))
    assign_ticket(agent, number, team="vendor-acme", assignee="acme-supplier_engineer", recorded_at=at(0.5))
    move_ticket(engineer, number, "start", recorded_at=at(0.5))
    confirmed = waits(world.ground, number, 1, 2)
    waits(world.ground, number, 3, 3.5, recorded=3.25)  # dated back by a quarter of an hour
    answer_pause(
        world.viewer("supplier_engineer"), number, confirmed, "confirm", text="ours", recorded_at=at(4)
    )
    record = vendor(look())
    assert record.held_seconds == int(1.5 * HOUR)
    assert (record.pauses["confirmed"], record.pauses["unanswered"], record.backdated) == (1, 1, 1)


def test_a_wait_without_a_call_is_nobodys(two: tuple[World, Ground]) -> None:
    world, _beta = two
    number = served(world.ground, resolve=None)
    waits(world.ground, number, 1, 2)
    found = look()
    assert vendor(found).pause_count == 0  # the only supplier, but no entry says that it was called
    assert vendor(found, NOT_STATED).pause_count == 1
    page = comparison_page(found, order="name", today=IN_MAY.date())
    assert [line.name for line in page.suppliers] == ["Vendor", "not stated which"]


# --- who sees what


def test_a_client_sees_its_own_contract_and_no_supplier(two: tuple[World, Ground]) -> None:
    world, _beta = two
    world.locked()
    repaired(world.ground, resolve=5.0)
    for role in ("contact", "appraiser", "auditor"):
        found = look(world.viewer(role))
        assert [row.contract.scope.key for row in found.contracts] == ["acme"]
        assert (found.suppliers, found.sees_suppliers) == ([], False)
        told = repr(document_of(found)) + "\n".join(lines_of(found))
        assert "endor" not in told and "beta" not in told
        for part in ("contracts", "suppliers"):
            assert b"endor" not in write_file(found, file_format="csv", part=part)
        with pytest.raises(NotFound):
            tickets_behind(world.viewer(role), "acme", "vendor", "late", APRIL, after="", now=IN_MAY)


def test_a_supplier_sees_itself_and_nothing_of_the_client(two: tuple[World, Ground]) -> None:
    world, _beta = two
    late = repaired(world.ground, resolve=5.0)
    viewer = world.viewer("supplier_engineer")
    found = look(viewer)
    assert found.is_own and not found.contracts
    (row,) = found.suppliers
    assert (row.whole.key, [one.title for one in row.served]) == ("vendor", ["acme"])
    (record,) = document_of(found)["suppliers"]
    assert (record["late"], record["late_for_client"], record["held_seconds"]) == (1, None, None)
    heads = supplier_table(found).heads
    assert "Late for the client, too" not in heads and "Held (s)" not in heads
    shown = tickets_behind(viewer, "acme", "vendor", "late", APRIL, after="", now=IN_MAY)
    assert [ticket.number for ticket in shown.tickets] == [late]
    for supplier, what in (("vendor", "hit"), ("-", "late"), ("other", "late")):
        with pytest.raises(NotFound):
            tickets_behind(viewer, "acme", supplier, what, APRIL, after="", now=IN_MAY)
    with pytest.raises(NotFound):
        tickets_behind(viewer, "beta", "vendor", "late", APRIL, after="", now=IN_MAY)


def test_who_asks_for_help_sees_nothing(two: tuple[World, Ground]) -> None:
    world, _beta = two
    requester = world.viewer("requester")
    assert not may_compare(requester)
    with pytest.raises(NotFound):
        look(requester)


def test_one_contract_is_compared_by_its_suppliers_or_not_at_all(two: tuple[World, Ground]) -> None:
    world, beta = two
    assert not may_compare(beta.viewer("engineer")) and not may_compare(beta.viewer("contact"))
    assert may_compare(world.viewer("engineer")) and not may_compare(world.viewer("contact"))


def test_the_provider_of_one_contract_does_not_see_the_other(two: tuple[World, Ground]) -> None:
    world, beta = two
    for viewer, key in ((world.provider, "acme"), (beta.viewer("engineer"), "beta")):
        assert [row.contract.scope.key for row in look(viewer).contracts] == [key]
    with pytest.raises(NotFound):
        tickets_behind(beta.viewer("engineer"), "acme", "vendor", "late", APRIL, after="", now=IN_MAY)


# --- order, files, cost


def test_contracts_are_ordered_by_what_is_asked(two: tuple[World, Ground]) -> None:
    world, _beta = two
    served(world.ground, resolve=6)
    found = look()
    assert [row.contract.scope.key for row in ordered(found, "breaches")] == ["acme", "beta"]
    assert [row.contract.scope.key for row in ordered(found, "score")] == ["acme", "beta"]
    assert [row.contract.scope.key for row in ordered(found, "response")] == ["acme", "beta"]
    with pytest.raises(Invalid):
        ordered(found, "luck")


def test_files_hold_numbers_and_start_no_formula(two: tuple[World, Ground]) -> None:
    world, beta = two
    document = terms("beta")
    document["title"] = {"zh-Hans": "=1+1", "en": "=1+1"}
    apply_terms(beta.contract, document)
    world.locked()
    found = look()
    table = contract_table(found)
    acme = dict(zip(table.heads, table.rows[1], strict=True))
    assert acme["Score"] == row_of(found).result.value  # type: ignore[union-attr]
    assert (acme["Breaches"], acme["Payable"]) == (
        row_of(found).figure(ATTAINMENT).share.missed,  # type: ignore[union-attr]
        row_of(found).result.money.payable,  # type: ignore[union-attr]
    )
    text = write_file(found, file_format="csv", part="contracts").decode("utf-8-sig")
    assert "'=1+1" in text and ",=1+1" not in text
    book = write_file(found, file_format="xlsx", part="contracts")
    sheets = load_workbook(BytesIO(book))
    assert sheets.sheetnames == ["Contracts", "Suppliers", "Notes"]
    cells = [cell for line in sheets["Contracts"].iter_rows() for cell in line]
    assert "=1+1" in {cell.value for cell in cells} and {cell.data_type for cell in cells} <= {"s", "n"}
    for changes in ({"file_format": "exe"}, {"part": "secrets"}):
        with pytest.raises(Invalid):
            write_file(found, **({"file_format": "csv", "part": "contracts"} | changes))


def test_a_warm_comparison_costs_the_same_for_any_number_of_contracts(two: tuple[World, Ground]) -> None:
    world, _beta = two
    statement = world.locked()
    scores._briefs.clear()
    look()
    assert bytes(statement.digest or b"") in scores._briefs  # what is frozen is read once per process

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            look()
        assert not any('"frozen"' in one["sql"].split("FROM")[0] for one in asked)
        return len(asked)

    assert queries() == 5  # contracts, their names, how far their records are, their versions, statements
    gamma = make_ground("gamma")
    look()
    assert queries() == 5
    assert {row.contract.scope.key for row in look().contracts} == {"acme", "beta", gamma.scope.key}


def test_what_is_over_is_kept_until_something_of_it_is_recorded(two: tuple[World, Ground]) -> None:
    world, _beta = two

    def due(seconds: int) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as asked:
            figure = row_of(look(now=IN_MAY + timedelta(seconds=seconds))).figure(RESOLUTION)
        assert figure is not None
        return figure.share.denominator, len(asked)

    served(world.ground)
    assert due(0)[0] == 1
    served(world.ground)
    assert due(30) == (1, 5)  # as computed half a minute ago, and the page says so
    assert due(61)[0] == 2
    assert due(7200) == (2, 5)  # nothing was recorded
    opened(world.ground, recorded_at=IN_MAY)
    assert due(61 + 120) == (2, 6)  # asked whether what was recorded concerns April: it does not
    assert due(61 + 660)[1] > 6  # and after ten minutes it is computed anew in any case
