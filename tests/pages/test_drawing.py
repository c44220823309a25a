"""Drawings and words without a database: the process with a ticket's place, sparklines, durations, instants."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from yunheng.appraisal.sparkline import draw_sparkline
from yunheng.contracts.packs import newest_processes
from yunheng.foundation import wording
from yunheng.foundation.process_picture import NODE_HEIGHT, NODE_WIDTH, draw_process
from yunheng.logic.flow import diagram


@pytest.mark.parametrize("key", ["incident", "service_request"])
def test_boxes_of_a_process_never_overlap_and_the_place_is_marked_once(key: str) -> None:
    process = newest_processes()[key]
    for here in process.states:
        picture = draw_process(diagram(process), labels={}, here=here, passed=[])
        assert [node.state for node in picture.nodes if node.is_here] == [here]
        boxes = [(node.x, node.y) for node in picture.nodes]
        for place, (x, y) in enumerate(boxes):
            assert 0 <= x <= picture.width - NODE_WIDTH and 0 <= y <= picture.height - NODE_HEIGHT
            for other_x, other_y in boxes[place + 1 :]:
                assert abs(x - other_x) >= NODE_WIDTH or abs(y - other_y) >= NODE_HEIGHT


def test_the_way_that_was_taken_is_drawn_and_foreign_states_are_left_out() -> None:
    process = newest_processes()["incident"]
    passed = [("new", "accepted"), ("accepted", "resolved"), ("resolved", "in_progress"), ("x", "y")]
    picture = draw_process(diagram(process), labels={}, here="in_progress", passed=passed)
    assert len([edge for edge in picture.edges if edge.is_passed]) == 3
    assert draw_process(diagram(process), labels={}, here="unmapped", passed=[]).nodes


def test_months_without_value_are_gaps() -> None:
    points = [
        ("1", Decimal(90), True),
        ("2", None, None),
        ("3", Decimal(80), False),
        ("4", Decimal(85), False),
    ]
    spark = draw_sparkline(points, goal=Decimal(88), title="")
    assert spark is not None
    assert spark.path.count("M") == 2
    assert [dot.css for dot in spark.dots] == ["spark-gap", "spark-dot-miss"]
    assert all(0 <= dot.y <= spark.height for dot in spark.dots)
    assert draw_sparkline([("1", None, None)], goal=None, title="") is None


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (59, "59 s", "59 秒"),
        (90, "1 min 30 s", "1 分 30 秒"),
        (600, "10 min", "10 分"),
        (11520, "3 h 12 min", "3 小时 12 分"),
        (47 * 3600, "47 h", "47 小时"),
        (50 * 3600, "2 d 2 h", "2 天 2 小时"),
        (-60, "−1 min", "−1 分"),
        (None, "–", "–"),
    ],
)
def test_durations(seconds: int | None, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert wording.duration(seconds) == english
    with translation.override("zh-hans"):
        assert wording.duration(seconds) == chinese


def test_exact_durations_lose_no_second() -> None:
    with translation.override("en"):
        assert wording.duration(50 * 3600 + 61, is_exact=True) == "50 h 1 min 1 s"
    assert wording.clock_duration(50 * 3600 + 61) == "50:01:01"


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        (datetime(2026, 4, 1, 6, 30, tzinfo=UTC), "today 14:30", "今天 14:30"),
        (datetime(2026, 3, 31, 6, 30, tzinfo=UTC), "yesterday 14:30", "昨天 14:30"),
        (datetime(2026, 4, 1, 17, 0, tzinfo=UTC), "tomorrow 01:00", "明天 01:00"),
        (datetime(2026, 2, 1, 6, 30, tzinfo=UTC), "1 Feb 14:30", "02-01 14:30"),
        (datetime(2025, 2, 1, 6, 30, tzinfo=UTC), "1 Feb 2025 14:30", "2025-02-01 14:30"),
    ],
)
def test_instants_near_now_are_said_by_their_day(at: datetime, english: str, chinese: str) -> None:
    now = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        with translation.override("en"):
            assert wording.instant(at, now=now) == english
        with translation.override("zh-hans"):
            assert wording.instant(at, now=now) == chinese
