"""The picture of a clock: everything lies on the axis, nothing overlaps, and the table under it adds up."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.clock import ClockPolicy, Explanation, Fact, Goal, Why, explain
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.worktime import CalendarRules, OpenTime, Window, materialise
from yunheng.sla.picture import SIDE, WIDTH, Band, common_axis, draw_band, segment_rows

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3600
OFFICE: OpenTime = materialise(
    CalendarRules("Asia/Shanghai", tuple(Window(day, 9 * 60, 18 * 60) for day in range(5))),
    date(2025, 12, 1),
    date(2026, 12, 31),
)
POLICY = ClockPolicy(
    kind="resolve",
    start=frozenset({FactKind.OPENED}),
    stop=frozenset({FactKind.RESOLVED}),
    cancel=frozenset({FactKind.CANCELLED}),
    goals={"mail|P1": Goal("office", seconds=8 * HOUR)},
    pause_reasons=frozenset({"client"}),
)
START = int(datetime(2026, 3, 2, 10, 0, tzinfo=ZONE).timestamp())  # a Monday


def explained(*facts: tuple[int, FactKind, str, Party, int], now: int) -> Explanation:
    """A clock opened at START under an 8 h goal, with more facts (hours after START, kind, term, party, ref)."""
    told = [Fact(START, 1, FactKind.PROFILED, "mail|P1", entry=1), Fact(START, 2, FactKind.OPENED, entry=1)]
    for place, (hours, kind, term, party, ref) in enumerate(facts, 3):
        told.append(Fact(START + hours * HOUR, place, kind, term, party, ref, place))
    return explain(told, POLICY, {"office": OFFICE}, now)


def band(explanation: Explanation, now: int) -> Band:
    axis = common_axis([explanation], now)
    assert axis is not None
    return draw_band(
        explanation,
        axis=axis,
        calendar=OFFICE,
        pause_reasons=POLICY.pause_reasons,
        zone=ZONE,
        now=now,
        name="Resolve",
    )


def looks(picture: Band) -> list[str]:
    return [block.css for block in picture.blocks]


def test_running_clock_shows_counted_time_due_and_now() -> None:
    picture = band(explained(now=START + 2 * HOUR), START + 2 * HOUR)
    assert looks(picture) == ["band-counted"]
    assert [mark.css for mark in picture.marks] == ["now", "due"]


def test_breach_splits_the_band_and_turns_the_mark() -> None:
    now = START + 40 * HOUR
    picture = band(explained((30, FactKind.RESOLVED, "", Party.NONE, 0), now=now), now)
    assert looks(picture) == ["band-counted", "band-counted", "band-over"]
    assert [mark.css for mark in picture.marks] == ["breach", "stop"]
    assert not picture.is_met


def test_pause_is_one_hatched_block_over_the_night_with_its_party() -> None:
    now = START + 27 * HOUR
    pause = [
        (1, FactKind.WAIT_BEGAN, "client", Party.CLIENT, 3),
        (25, FactKind.WAIT_ENDED, "client", Party.CLIENT, 3),
    ]
    picture = band(explained(*pause, now=now), now)
    assert looks(picture) == ["band-counted", "band-pause", "band-counted"]
    assert picture.blocks[1].label


def test_waiting_that_does_not_stop_the_clock_is_no_pause() -> None:
    now = START + 4 * HOUR
    wait = [(1, FactKind.WAIT_BEGAN, "parts", Party.PROVIDER, 3)]
    assert looks(band(explained(*wait, now=now), now)) == ["band-counted", "band-pause-counted"]


def test_a_clock_that_waits_in_closed_hours_is_seen_waiting() -> None:
    now = START + 12 * HOUR  # 22:00
    wait = [(9, FactKind.WAIT_BEGAN, "client", Party.CLIENT, 3)]  # 19:00
    assert looks(band(explained(*wait, now=now), now)) == ["band-counted", "band-pause"]


def test_due_far_ahead_does_not_shrink_the_band() -> None:
    now = START + 60
    picture = band(explained(now=now), now)
    assert picture.marks[-1].css == "due" and picture.marks[-1].label.endswith("→")
    assert picture.blocks[0].width > 50


def test_nothing_started_has_no_axis() -> None:
    empty = explain([], POLICY, {"office": OFFICE}, START)
    assert common_axis([empty], START) is None


@given(
    hours=st.lists(st.integers(0, 24 * 60), min_size=2, max_size=8, unique=True),
    more=st.integers(1, 200),
)
@settings(max_examples=60, deadline=None)
def test_pictures_of_any_history(hours: list[int], more: int) -> None:
    """Blocks lie on the axis in order without overlapping; rows add up to elapsed and wall time, condensed or not."""
    facts, at = [], sorted(hours)
    for place, hour in enumerate(at):
        began = place % 2 == 0
        facts.append(
            (
                hour,
                FactKind.WAIT_BEGAN if began else FactKind.WAIT_ENDED,
                "client",
                Party.CLIENT,
                3 + place - place % 2,
            )
        )
    now = START + (at[-1] + more) * HOUR
    explanation = explained(*facts, now=now)
    picture = band(explanation, now)
    for block in (*picture.blocks, *picture.open_time):
        assert block.x >= SIDE and block.x + block.width <= WIDTH - SIDE + 1.1
    for before, after in pairwise(picture.blocks):
        assert before.x + before.width <= after.x + 1.1
    labels = [(mark.text_y, mark.text_x, mark.anchor) for mark in picture.marks]
    assert len(labels) == len(set(labels))
    wall = sum(segment.seconds for segment in explanation.segments)
    for is_condensed in (False, True):
        rows = segment_rows(explanation.segments, is_condensed=is_condensed)
        assert sum(row.counted_seconds for row in rows) == explanation.state.elapsed_seconds
        assert sum(row.counted_seconds + row.uncounted_seconds for row in rows) == wall
        assert all(before.to_at == after.from_at for before, after in pairwise(rows))


def test_condensed_rows_keep_pauses_apart() -> None:
    now = START + 24 * 30 * HOUR
    pause = [
        (100, FactKind.WAIT_BEGAN, "client", Party.CLIENT, 3),
        (200, FactKind.WAIT_ENDED, "client", Party.CLIENT, 3),
    ]
    explanation = explained(*pause, now=now)
    rows = segment_rows(explanation.segments, is_condensed=True)
    assert len(rows) < len(explanation.segments)
    assert [row.first.why for row in rows if row.first.why is Why.PAUSE] == [Why.PAUSE]


@pytest.mark.parametrize("days", [0.02, 0.5, 3, 40, 400])
def test_axis_has_a_handful_of_labels(days: float) -> None:
    begin = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
    told = [
        Fact(int(begin.timestamp()), 1, FactKind.PROFILED, "mail|P1", entry=1),
        Fact(int(begin.timestamp()), 2, FactKind.OPENED, entry=1),
    ]
    now = int((begin + timedelta(days=min(days, 350))).timestamp())
    picture = band(explain(told, POLICY, {"office": OFFICE}, now), now)
    assert 2 <= len([tick for tick in picture.ticks if tick.label]) <= 10
