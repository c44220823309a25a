"""Terms compile into policies; the round trip through JSON loses nothing; calendars are what the document says."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.contracts.documents import SMALL, changed, checked

from yunheng.contracts.calendars import open_time_of, rules_of, span
from yunheng.contracts.checking import day_start, validity
from yunheng.contracts.compile import compile_terms
from yunheng.contracts.difference import differences, show_seconds, show_windows
from yunheng.contracts.packs import contract_pack
from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.logic.clock import Goal
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.worktime import OpenTime


def compiled(document: str | bytes) -> ContractTerms:
    terms = checked(document).terms
    assert terms is not None
    stored = json.loads(json.dumps(terms))
    assert stored == terms
    valid_from, valid_to = validity(stored)
    return compile_terms(
        stored,
        version_id=7,
        number=1,
        scope_id=3,
        valid_from=valid_from,
        valid_to=valid_to,
        calendars={
            calendar["key"]: OpenTime.from_document(
                json.loads(
                    json.dumps(open_time_of(calendar, date(2026, 1, 1), date(2026, 12, 31)).to_document())
                )
            )
            for calendar in stored["calendars"]
        },
    )


def test_defaults_of_known_kinds() -> None:
    terms = compiled(SMALL)
    respond, resolve = terms.clocks["respond"], terms.clocks["resolve"]
    assert respond.start == {FactKind.OPENED}
    assert FactKind.RESPONDED in respond.stop
    assert not respond.is_reopenable
    assert resolve.stop == {FactKind.RESOLVED, FactKind.CLOSED}
    assert (resolve.is_reopenable, resolve.reopen, resolve.goal_change) == (True, "exclude", "retroactive")
    assert resolve.cancel == {FactKind.CANCELLED}
    assert resolve.warn_shares == (50, 75, 90, 100)
    assert resolve.pause_reasons == {"waiting_client", "waiting_approval"}
    assert respond.pause_reasons == frozenset()


def test_goals_take_the_nearest_calendar_and_row() -> None:
    terms = compiled(
        changed(
            ("P2: {label: P2}", "P2: {label: P2, calendar: always}"),
            ("respond: {}", "respond: {calendar: office}"),
            ("resolve: 4 h}", "resolve: {within: 4 h, calendar: always}}"),
            ("  all:\n", "  net:\n    all: {resolve: 2 working days}\n    P1: {respond: none}\n  all:\n"),
        )
    )
    resolve, respond = terms.clocks["resolve"].goals, terms.clocks["respond"].goals
    assert resolve["it|P1"] == Goal("always", seconds=14_400)  # the goal's own calendar
    assert resolve["it|P2"] == Goal("always", seconds=28_800)  # the priority's
    assert respond["it|P2"] == Goal("office", seconds=3600)  # the clock's, before the priority's
    assert resolve["net|P1"] == Goal("always", working_days=2)  # the service's row, and its calendar
    assert "net|P1" not in respond  # none
    assert respond["net|P2"] == Goal("office", seconds=3600)


def test_contract_terms_of_the_rest() -> None:
    terms = compiled(contract_pack("office-8x5"))
    assert terms.profile("desktop", "P1") == "desktop|P1"
    assert terms.matrix.priority_of("high", "medium") == "P2"
    assert terms.matrix.major_roles == {"service_manager", "provider_admin"}
    assert list(terms.priorities) == ["P1", "P2", "P3", "P4"]
    assert terms.pause_reasons["waiting_supplier"].party is Party.SUPPLIER
    assert terms.pause_reasons["waiting_supplier"].stops == frozenset()
    assert (terms.auto_close_days, terms.auto_close_calendar) == (5, "office")
    assert terms.backdating_limit("service_manager") == 72 * 3600
    assert terms.backdating_limit("engineer") == 24 * 3600
    assert terms.exclusions["force_majeure"].agreed_by == {"provider", "client"}
    goal = terms.indicators["response_timeliness"].goal
    assert goal is not None
    assert (goal.comparison, goal.value, goal.unit) == ("at_least", Decimal(95), "percent")
    assert goal.is_reached(Decimal(95)) and not goal.is_reached(Decimal("94.99"))
    assert terms.indicators["response_timeliness"].clocks == ("respond",)
    assert terms.indicators["sla_attainment"].clocks == ("respond", "resolve")
    assert terms.indicators["reopen_rate"].days == 7
    assert terms.indicators["mttr"].calendar == "office"
    assert terms.escalation[0].share == 75


def test_supplier_clocks_start_at_the_dispatch() -> None:
    terms = compiled(contract_pack("with-supplier"))
    assert terms.clocks["uc_restore"].start == {FactKind.DISPATCHED}
    assert terms.clock_details["uc_restore"].supplier == "hardware-vendor"
    assert terms.clocks_for("client") == ("respond", "restore", "resolve")
    assert terms.clocks["uc_restore"].pause_reasons == {"waiting_client", "waiting_approval", "waiting_parts"}
    assert "waiting_supplier" not in terms.clocks["restore"].pause_reasons
    assert "waiting_supplier" in terms.clocks["ola_restore"].pause_reasons


def test_standard_is_what_the_source_documents_demand() -> None:
    terms = compiled(contract_pack("standard"))
    assert {goal.seconds for goal in terms.clocks["respond"].goals.values()} == {30 * 60}
    mtrs, solved = terms.indicators["mtrs"], terms.indicators["resolved_24h"]
    assert mtrs.goal and (mtrs.goal.comparison, mtrs.goal.value, mtrs.goal.unit) == (
        "at_most",
        1800,
        "seconds",
    )
    assert solved.goal and (solved.goal.comparison, solved.goal.value) == ("at_least", 80)
    assert solved.within_seconds == 86_400


def test_uci_is_the_log_s_table() -> None:
    terms = compiled(contract_pack("uci"))
    assert (terms.zone, list(terms.services)) == ("UTC", ["it-support"])
    assert terms.valid_from == datetime(2016, 1, 1, tzinfo=UTC)
    assert terms.valid_to == datetime(2018, 1, 1, tzinfo=UTC)
    cells = {
        ("high", "high"): "1", ("high", "medium"): "2", ("medium", "high"): "2", ("medium", "medium"): "3",
        ("medium", "low"): "4", ("low", "high"): "3", ("low", "medium"): "4", ("low", "low"): "4",
    }  # fmt: skip
    assert {cell: terms.matrix.table.cells[cell] for cell in cells} == cells
    assert set(terms.pause_reasons) >= {
        "waiting_client",
        "waiting_supplier",
        "waiting_problem",
        "waiting_evidence",
    }
    assert terms.indicators["mttr"].digits == 4


def test_calendar_knows_holidays_and_make_up_days() -> None:
    terms = checked(SMALL).terms
    assert terms is not None
    office = terms["calendars"][0]
    time = open_time_of(office, date(2026, 1, 1), date(2026, 12, 31))
    assert not time.is_open_at(_at("2026-02-17 10:00"))  # Spring Festival
    assert time.is_open_at(_at("2026-02-14 10:00"))  # a Saturday that is worked, with Monday's hours
    assert not time.is_open_at(_at("2026-02-14 18:00"))
    assert time.is_open_at(_at("2026-03-02 17:59"))
    without = {**office, "makeup": None}
    assert not open_time_of(without, date(2026, 1, 1), date(2026, 12, 31)).is_open_at(_at("2026-02-14 10:00"))


def test_calendar_years_that_are_not_published_are_provisional() -> None:
    terms = checked(SMALL).terms
    assert terms is not None
    office, always = terms["calendars"]
    assert 2035 in rules_of(office, date(2026, 1, 1), date(2035, 12, 31)).provisional_years
    assert rules_of(always, date(2026, 1, 1), date(2035, 12, 31)).provisional_years == frozenset()
    assert 2026 not in rules_of(office, date(2026, 1, 1), date(2026, 12, 31)).provisional_years


def test_explicit_holidays_and_exceptions() -> None:
    terms = checked(
        changed(
            (
                "holidays: china",
                'holidays: [2026-03-04]\n    exceptions: {2026-03-05: ["10:00-12:00"], 2026-03-06: closed}',
            ),
        )
    ).terms
    assert terms is not None
    time = open_time_of(terms["calendars"][0], date(2026, 3, 1), date(2026, 3, 31))
    assert not time.is_open_at(_at("2026-03-04 10:00"))
    assert time.is_open_at(_at("2026-03-05 10:00")) and not time.is_open_at(_at("2026-03-05 12:00"))
    assert not time.is_open_at(_at("2026-03-06 10:00"))


def test_materialised_span_outlives_the_contract() -> None:
    assert span(date(2016, 1, 1), date(2018, 1, 1), date(2026, 11, 21)) == (
        date(2015, 1, 1),
        date(2036, 12, 31),
    )
    assert span(date(2026, 1, 1), date(2029, 1, 1), date(2026, 11, 21)) == (
        date(2025, 1, 1),
        date(2039, 12, 31),
    )


def test_a_day_begins_in_the_contract_s_zone() -> None:
    assert day_start("2026-07-01", "Asia/Shanghai") == datetime(2026, 6, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("replacement", "line"),
    [
        (("respond: 30 min", "respond: 15 min"), "P1 respond: 30 min → 15 min"),
        (("P2: {respond: 1 h", "P2: {respond: none"), "P2 respond: gone, was 1 h"),
        (("resolve: 8 h", "resolve: 2 working days"), "P2 resolve: 8 h → 2 working days"),
        (("  all:\n", "  net: {P1: {respond: 10 min}}\n  all:\n"), "P1 respond (net): 30 min → 10 min"),
        (('"09:00-18:00"', '"08:30-18:00"'), "calendars.office.weekly: mon-fri 09:00-18:00 → mon-fri 08:30-18:00"),
        (("at_least: 90 %", "at_least: 95 %"), "indicators.sla_attainment.goal: ≥ 90 % → ≥ 95 %"),
        (("supplier, stops: none", "supplier, stops: [resolve]"), "pauses.waiting_supplier.stops: – → resolve"),
        (("low: {high: P2, low: P2}", "low: {high: P1, low: P2}"), "priority_matrix.low × high: P2 → P1"),
        (("to: 2027-01-01", "to: 2028-01-01"), "valid.to: 2027-01-01 → 2028-01-01"),
        (("indicators:", "desk: {auto_close: {days: 7}}\nindicators:"), "desk.auto_close.days: new, 7"),
    ],
)  # fmt: skip
def test_differences_are_said_in_words(replacement: tuple[str, str], line: str) -> None:
    old, new = checked(SMALL).terms, checked(changed(replacement)).terms
    assert old and new
    assert [difference.text() for difference in differences(old, new)] == [line]
    assert differences(old, old) == []


def test_new_and_gone_entries_are_one_line() -> None:
    old = checked(SMALL).terms
    new = checked(changed(("  net: {label: Net,", "  web: {label: Web,"))).terms
    assert old and new
    lines = [difference.text() for difference in differences(old, new)]
    assert lines[:2] == ["services.net: gone, was Net", "services.web: new, Web"]
    assert "P1 respond (web): new, 30 min (always)" in lines


def test_durations_and_windows_are_shown_as_written() -> None:
    assert [show_seconds(seconds) for seconds in (1800, 5400, 86_400, 90)] == [
        "30 min",
        "1 h 30 min",
        "24 h",
        "1 min 30 s",
    ]
    assert (
        show_windows([[0, 540, 1080], [1, 540, 1080], [5, 1320, 1800]])
        == "mon-tue 09:00-18:00; sat 22:00-06:00"
    )


def test_labels_fall_back_by_language() -> None:
    label = {"zh-Hans": "工单", "en": "Ticket"}
    assert [label_in(label, code) for code in ("zh-hans", "zh-CN", "en-gb", "fr")] == [
        "工单",
        "工单",
        "Ticket",
        "Ticket",
    ]


def _at(text: str) -> int:
    from zoneinfo import ZoneInfo

    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())
