"""What a report says is what the indicators say, at one position, in words that can be frozen."""

import json
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from tests.pages.world import World
from tests.reports.conftest import PERIOD

from yunheng.appraisal.board import volumes, waits
from yunheng.appraisal.queries import figures, items
from yunheng.desk.actions import move_ticket, note, reply
from yunheng.desk.actions.corrections import exclude_window
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.logic.canonical import canonical
from yunheng.reports.actions import seal_all
from yunheng.reports.content import Source, build, newest_head, rows_for, stamp_with
from yunheng.reports.content.freezing import content_digest
from yunheng.reports.content.header import Header
from yunheng.reports.content.source import speaking
from yunheng.reports.period import Month
from yunheng.reports.previewing import preview
from yunheng.reports.rendering import WORDS

MONTH = Month(PERIOD, "Asia/Shanghai")
START, END = date(2026, 4, 1), date(2026, 4, 30)


def source(world: World) -> Source:
    seal_all()
    return Source(
        contract=world.contract, month=MONTH, head=newest_head(world.contract), now=datetime.now(UTC)
    )


def content(asked: Source, kind: str = "monthly", language: str = "en") -> dict[str, Any]:
    body = build(kind, asked, language)
    with speaking(language, MONTH.zone):
        return stamp_with(body, Header(edition_label="Preview"))


def test_figures_are_those_of_the_indicators(world: World) -> None:
    asked = source(world)
    found = content(asked)
    assert found["record"]["position"] == asked.position and found["record"]["is_sealed"] is True
    rows = {row["key"]: row for row in found["attainment"]["rows"]}
    figure = figures(world.contract, start=START, end=END, position=asked.position)
    assert set(rows) == {row.key for row in figure.rows if not row.group}
    for row in figure.rows:
        if row.group:
            continue
        line = rows[row.key]
        assert (line["numerator"], line["denominator"]) == (row.numerator, row.denominator)
        assert (line["excluded"], line["waiting"], line["is_met"]) == (row.excluded, row.waiting, row.is_met)
        assert (f"{row.value:,f}" in line["value"]) if row.value is not None else line["value"] == "N/A"
    all_clocks = rows["sla_attainment"]
    missed, _more = items(
        world.contract, key="sla_attainment", start=START, end=END, part="misses", position=asked.position
    )
    assert found["misses"]["total"] == all_clocks["denominator"] - all_clocks["numerator"] == len(missed)
    assert [line["number"] for line in found["misses"]["rows"]] == [item.number for item in missed]
    counts = volumes(world.contract, START, END, position=asked.position)
    assert {line["key"]: line["value"] for line in found["tickets"]["counts"]} == {
        "opened": str(counts.opened),
        "resolved": str(counts.resolved),
        "closed": str(counts.closed),
        "open_at_end": str(counts.open_at_end),
    }
    assert sum(found["tickets"]["hours"]) == sum(found["tickets"]["weekdays"]) == counts.opened
    table = waits(world.contract, START, END, position=asked.position)
    assert [line["count"] for line in found["waiting"]["rows"]] == [row.count for row in table.rows]


def test_content_is_plain_complete_and_hashed(world: World) -> None:
    asked = source(world)
    for kind in ("monthly", "ledger"):
        for language in ("zh-Hans", "en"):
            found = content(asked, kind, language)
            assert json.loads(canonical(found)) == found  # no float, no instant, no decimal
            assert found["record"]["content_sha256"] == content_digest(found)
            assert found["words"] == WORDS[language]
            assert found["report"]["is_draft"] is True
    assert "satisfaction" not in found and "major" not in content(asked)["sections"]


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-Hans", "含厂商维保的运维合同"), ("en", "Operations contract with supplier maintenance")],
)
def test_the_contract_is_named_in_the_reports_language(world: World, language: str, title: str) -> None:
    said = content(source(world), "ledger", language)["contract"]
    assert said["title"] == title
    assert (said["valid_from"], said["valid_to"]) == ("2026-01-01", "2026-12-31")  # its last day


def test_the_same_position_gives_the_same_content_whatever_came_later(world: World) -> None:
    asked = source(world)
    before = content(asked)
    later = datetime.now(UTC)
    reply(world.viewer("alice"), world.tickets["new"], text="我们来了。", at=later, recorded_at=later)
    seal_all()
    again = Source(contract=world.contract, month=MONTH, head=asked.head, now=datetime.now(UTC))
    assert content(again) == before
    fresh = content(source(world))
    assert fresh["record"]["position"] > before["record"]["position"]
    assert fresh["record"]["content_sha256"] != before["record"]["content_sha256"]


def test_a_client_reads_nothing_internal(world: World) -> None:
    later = datetime.now(UTC)
    note(world.viewer("ken"), world.tickets["new"], text="SECRET-NOTE", at=later, recorded_at=later)
    found = content(source(world))
    text = json.dumps(found, ensure_ascii=False)
    for hidden in ("SECRET-NOTE", "同批次模块", "周建国", "邓丹", "hand_over"):
        assert hidden not in text


def test_every_ticket_of_the_month_is_a_row(world: World) -> None:
    asked = source(world)
    for kind in ("monthly", "ledger"):
        found = content(asked, kind)
        rows = list(rows_for(world.contract.pk, found, asked.position))
        keys = [column["key"] for column in found["item_columns"]]
        assert len(rows) == len(world.tickets) and all(len(row) == len(keys) for row in rows)
        numbers = [row[keys.index("number")] for row in rows]
        assert set(numbers) == set(world.tickets.values())
        closed = rows[numbers.index(world.tickets["closed"])]
        assert closed[keys.index("opened")] < closed[keys.index("resolved")] < closed[keys.index("closed")]
    by_clock = {key: closed[keys.index(key)] for key in keys if key.startswith("clock:")}
    assert by_clock == {} or set(by_clock.values()) <= {"met", "missed", ""}


def test_a_position_without_a_head_is_refused(world: World) -> None:
    seal_all()
    with pytest.raises(Invalid) as refused:
        preview(world.contract, "monthly", MONTH, "en", [], position=3, now=datetime.now(UTC))
    assert set(refused.value.fields) == {"as_of"}


def test_agreed_windows_are_told_with_who_agreed(world: World) -> None:
    assert content(source(world))["exclusions"] == []
    begin = datetime(2026, 4, 20, 1, 0, tzinfo=UTC)
    for hours in (1, 2):
        exclude_window(
            world.viewer("alice"),
            world.tickets["closed"],
            reason="force_majeure",
            from_at=begin + timedelta(hours=24 * hours),
            to_at=begin + timedelta(hours=25 * hours),
            evidence="RFC-7",
            approver=world.viewer("bob"),
        )
    found = content(source(world))
    (line,) = found["exclusions"]
    assert line["count"] == 2 and "3 h" in line["label"]
    assert line["agreed_by"] == world.contract.client.name
    assert "exclusions" in found["sections"]


def test_a_major_that_was_taken_back_is_not_told_in_later_months(world: World) -> None:
    ticket = Ticket.objects.get(number=world.tickets["new"])
    Ticket.objects.filter(pk=ticket.pk).update(is_major=True)
    assert [one["number"] for one in content(source(world))["major"]] == [ticket.number]
    cancelled_at = datetime(2026, 4, 21, 1, 0, tzinfo=UTC)
    move_ticket(
        world.viewer("alice"),
        ticket.number,
        "cancel",
        {"reason": "duplicate", "note": "Twice."},
        at=cancelled_at,
        recorded_at=cancelled_at,
    )
    asked = source(world)
    assert [one["number"] for one in content(asked)["major"]] == [ticket.number]
    may = Source(contract=asked.contract, month=MONTH.following, head=asked.head, now=asked.now)
    assert content(may)["major"] == []


def test_how_to_check_names_a_command_that_makes_the_same(world: World) -> None:
    asked = source(world)
    assert "yunheng kpi" in content(asked)["record"]["checked_by"]
    assert (
        f"yunheng report ledger --contract {world.key} --period 2026-04"
        in content(asked, "ledger")["record"]["checked_by"]
    )
    about = Ticket.objects.get(number=world.tickets["closed"])
    fault = Source(contract=asked.contract, month=MONTH, head=asked.head, now=asked.now, ticket=about)
    found = content(fault, "fault")
    assert f"yunheng report fault --ticket {about.number}" in found["record"]["checked_by"]
    assert found["ticket"]["reporter"] == (about.requester.name if about.requester else about.requester_name)
    assert found["ticket"]["reporter"] != ""


def test_a_timeline_that_is_cut_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("yunheng.reports.content.fault")
    asked = source(world)
    about = Ticket.objects.get(number=world.tickets["closed"])
    told = Source(contract=asked.contract, month=MONTH, head=asked.head, now=asked.now, ticket=about)
    whole = [line["text"] for line in content(told, "fault")["timeline"]]
    assert len(whole) > 3 and "The rest" not in whole[-1]
    monkeypatch.setattr(module, "MOST_LINES", 2)
    cut = [line["text"] for line in content(told, "fault")["timeline"]]
    assert cut == [*whole[:2], "… The rest stands in the ticket's timeline."]
    monkeypatch.setattr(module, "MOST_LINES", len(whole))
    assert [line["text"] for line in content(told, "fault")["timeline"]] == whole
