"""What a table of events can say beyond the life of a ticket: answered waits, suppliers, channel, kind and major."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack
from yunheng.desk.models import Ticket
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import SYSTEM
from yunheng.imports.actions import RunReport, import_table
from yunheng.imports.mapping import read_mapping
from yunheng.logic.facts import FactKind
from yunheng.sla.models import ClockFact, LiveClock, Pause

pytestmark = pytest.mark.django_db
NAMES = [
    "number",
    "at",
    "event",
    "title",
    "description",
    "channel",
    "kind",
    "major",
    "priority",
    "impact",
    "urgency",
    "category",
    "ci",
    "cause",
]


@pytest.fixture
def contract() -> Contract:
    from datetime import UTC, datetime

    return apply_contract(
        viewer=Viewer(actor=SYSTEM, is_system=True),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        data=contract_pack("with-supplier"),
    ).contract


@pytest.fixture
def take(contract: Contract, tmp_path: Path) -> Callable[..., RunReport]:
    """Import rows (number, at, event, further fields)."""

    def taken(*rows: tuple[Any, ...]) -> RunReport:
        path = tmp_path / f"events-{len(list(tmp_path.iterdir()))}.csv"
        lines = [",".join(NAMES)]
        for number, at, event, *more in rows:
            fields = {
                "number": number,
                "at": at,
                "event": event,
                "priority": "P2",
                **(more[0] if more else {}),
            }
            lines.append(",".join(fields.get(name, "") for name in NAMES))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        mapping = read_mapping(
            {
                "kind": "events",
                "system": "old",
                "columns": {name: name for name in NAMES},
                "defaults": {"service": "server"},
            }
        )
        return import_table(contract=contract, path=path, mapping=mapping)

    return taken


def kinds(number: str) -> list[FactKind]:
    ticket = Ticket.objects.get(source_number=number)
    rows = ClockFact.objects.filter(subject_id=ticket.pk, superseded_by=0).order_by("at", "seq")
    return [FactKind(kind) for kind in rows.values_list("kind", flat=True)]


def pause(number: str) -> Pause:
    return Pause.objects.get(subject_id=Ticket.objects.get(source_number=number).pk)


@pytest.mark.parametrize(
    ("answers", "standing"),
    [
        ((), "proposed"),
        (("pause_confirmed",), "confirmed"),
        (("pause_disputed",), "disputed"),
        (("pause_disputed", "pause_upheld"), "upheld"),
        (("pause_disputed", "pause_rejected"), "rejected"),
    ],
)
def test_a_wait_keeps_how_it_was_answered(
    take: Callable[..., RunReport], answers: tuple[str, ...], standing: str
) -> None:
    rows = [
        ("T-1", "2026-04-07 09:00", "opened"),
        ("T-1", "2026-04-07 09:10", "responded"),
        ("T-1", "2026-04-07 10:00", "waiting:waiting_client"),
        ("T-1", "2026-04-07 12:00", "resumed"),
        *(("T-1", f"2026-04-07 13:0{place}", answer) for place, answer in enumerate(answers)),
        ("T-1", "2026-04-07 15:00", "resolved"),
    ]
    assert take(*rows).counts.rejected == 0
    assert pause("T-1").standing == standing
    began = ClockFact.objects.get(kind=FactKind.WAIT_BEGAN)
    for answer in answers:
        fact = ClockFact.objects.get(kind=FactKind[answer.upper()])
        assert fact.ref == began.ref == pause("T-1").pk


def test_a_wait_that_does_not_stand_counts(take: Callable[..., RunReport]) -> None:
    def rows(number: str, answer: str) -> list[tuple[str, str, str]]:
        return [
            (number, "2026-04-07 09:00", "opened"),
            (number, "2026-04-07 10:00", "waiting:waiting_client"),
            (number, "2026-04-07 12:00", "resumed"),
            (number, "2026-04-07 12:10", "pause_disputed"),
            (number, "2026-04-07 12:20", answer),
            (number, "2026-04-07 15:00", "resolved"),
        ]

    take(*rows("T-1", "pause_upheld"), *rows("T-2", "pause_rejected"))

    def elapsed(number: str) -> int:
        ticket = Ticket.objects.get(source_number=number)
        return LiveClock.objects.get(subject_id=ticket.pk, kind="resolve").elapsed_seconds

    assert elapsed("T-1") == 4 * 3600
    assert elapsed("T-2") == 6 * 3600


def test_an_answer_that_comes_in_a_later_file_finds_its_wait(take: Callable[..., RunReport]) -> None:
    take(
        ("T-1", "2026-04-07 09:00", "opened"),
        ("T-1", "2026-04-07 10:00", "waiting:waiting_client"),
        ("T-1", "2026-04-07 12:00", "resumed"),
    )
    take(("T-1", "2026-04-08 09:00", "pause_confirmed"))
    assert pause("T-1").standing == "confirmed"


def test_an_answer_without_a_wait_is_kept_and_says_nothing(take: Callable[..., RunReport]) -> None:
    report = take(("T-1", "2026-04-07 09:00", "opened"), ("T-1", "2026-04-07 10:00", "pause_confirmed"))
    assert report.counts.imported == 2
    assert FactKind.PAUSE_CONFIRMED not in kinds("T-1")


def test_a_supplier_who_was_called_has_clocks(take: Callable[..., RunReport]) -> None:
    take(
        ("T-1", "2026-04-07 09:00", "opened"),
        ("T-1", "2026-04-07 09:30", "dispatched:hardware-vendor"),
        ("T-1", "2026-04-07 10:30", "arrived"),
        ("T-1", "2026-04-07 11:00", "resolved"),
    )
    ticket = Ticket.objects.get(source_number="T-1")
    clock = LiveClock.objects.get(subject_id=ticket.pk, kind="uc_arrive")
    assert clock.elapsed_seconds == 3600
    assert clock.is_met


def test_silence_is_told_apart(take: Callable[..., RunReport]) -> None:
    take(("T-1", "2026-04-07 09:00", "opened"), ("T-1", "2026-04-09 09:00", "closed:silence"))
    assert kinds("T-1")[-1] is FactKind.CLOSED
    assert Ticket.objects.get(source_number="T-1").state == "closed"


def test_what_stays_need_not_be_repeated(take: Callable[..., RunReport]) -> None:
    first = {
        "title": "存储告警",
        "description": "控制器离线",
        "channel": "alert",
        "kind": "incident",
        "major": "是",
        "impact": "high",
        "urgency": "high",
        "category": "存储",
        "ci": "STO-1",
    }
    take(
        ("T-1", "2026-04-07 09:00", "opened", first),
        ("T-1", "2026-04-07 09:05", "responded"),
        ("T-2", "2026-04-07 09:00", "opened", {"kind": "service_request", "title": "开通账号"}),
    )
    ticket = Ticket.objects.get(source_number="T-1")
    assert (ticket.title, ticket.description, ticket.channel) == ("存储告警", "控制器离线", "alert")
    assert (ticket.is_major, ticket.category, ticket.ci) == (True, "存储", "STO-1")
    other = Ticket.objects.get(source_number="T-2")
    assert (other.kind, other.channel, other.is_major) == ("service_request", "import", False)
    assert "-REQ-" in other.number


@pytest.mark.parametrize(
    ("event", "more", "field"),
    [
        ("opened", {"channel": "pigeon"}, "channel"),
        ("opened", {"kind": "problem"}, "kind"),
        ("opened", {"major": "maybe"}, "major"),
        ("dispatched:nobody", {}, "event"),
        ("closed:anger", {}, "event"),
        ("resumed:now", {}, "event"),
    ],
)
def test_unknown_words_reject_their_row_and_no_other(
    take: Callable[..., RunReport], event: str, more: dict[str, str], field: str
) -> None:
    report = take(("T-1", "2026-04-07 09:00", "opened"), ("T-2", "2026-04-07 09:00", event, more))
    assert report.counts.imported == 1
    assert [one.field for one in report.first_rejections] == [field]
