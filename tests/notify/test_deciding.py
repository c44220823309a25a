"""Quiet hours and decisions: pure, without a database."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunheng.notify.deciding import BACKOFF, Quiet, decide, end_of_quiet, next_try

NIGHT = Quiet(time(22), time(7), "Asia/Shanghai")
NOON = Quiet(time(12), time(13, 30), "Asia/Shanghai")


def at(hour: int, minute: int = 0, *, day: int = 10) -> datetime:
    """An instant by Shanghai's clock, in UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, at(21, 59), None),
        (NIGHT, at(22), at(7, day=11)),
        (NIGHT, at(23, 30), at(7, day=11)),
        (NIGHT, at(6, 59), at(7)),
        (NIGHT, at(7), None),
        (NOON, at(11, 59), None),
        (NOON, at(12), at(13, 30)),
        (NOON, at(13, 30), None),
    ],
)
def test_quiet_hours_are_half_open_and_may_cross_midnight(
    quiet: Quiet, now: datetime, end: datetime | None
) -> None:
    assert end_of_quiet(quiet, now) == end


def test_quiet_hours_follow_the_clock_on_the_wall() -> None:
    """On the night when clocks go forward in Berlin the hours end at 07:00 there, one hour sooner in UTC."""
    quiet = Quiet(time(22), time(7), "Europe/Berlin")
    assert end_of_quiet(quiet, datetime(2026, 3, 28, 22, tzinfo=UTC)) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert end_of_quiet(quiet, datetime(2026, 3, 27, 22, tzinfo=UTC)) == datetime(2026, 3, 28, 6, tzinfo=UTC)


_MINUTES = st.integers(0, 1439)


@given(_MINUTES, _MINUTES, st.integers(0, 10_000_000))
def test_the_end_of_quiet_hours_is_not_quiet_and_comes_within_a_day(
    begins: int, ends: int, second: int
) -> None:
    if begins == ends:
        return
    quiet = Quiet(time(begins // 60, begins % 60), time(ends // 60, ends % 60), "Asia/Shanghai")
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    end = end_of_quiet(quiet, now)
    if end is not None:
        assert now < end <= now + timedelta(days=1)
        assert end_of_quiet(quiet, end) is None


@pytest.mark.parametrize(
    ("more", "is_sent", "reason"),
    [
        ({}, True, ""),
        ({"is_wanted": False, "address": ""}, False, "not_wanted"),
        ({"address": "", "has_server": False}, False, "no_address"),
        ({"has_server": False}, False, "no_mail_server"),
        ({"quiet": NIGHT}, True, "quiet_hours"),
        ({"quiet": NIGHT, "is_urgent": True}, True, ""),
        (
            {"quiet": Quiet(time(22), time(7), "Asia/Shanghai", False), "is_urgent": True},
            True,
            "quiet_hours",
        ),
        ({"quiet": NOON}, True, ""),
    ],
)
def test_every_decision_has_its_reason(more: dict[str, object], is_sent: bool, reason: str) -> None:
    values: dict[str, object] = {"is_wanted": True, "address": "a@example.com", "has_server": True, **more}
    decision = decide(now=at(23), **values)  # type: ignore[arg-type]
    assert (decision.is_sent, decision.reason) == (is_sent, reason)
    assert decision.at == (at(7, day=11) if reason == "quiet_hours" else at(23))


def test_tries_end() -> None:
    pauses = [next_try(attempts, at(9)) for attempts in range(1, len(BACKOFF) + 2)]
    assert pauses[-1] is None
    assert [pause - at(9) for pause in pauses[:-1] if pause] == list(BACKOFF)
