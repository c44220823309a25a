"""The fold against a simulation that lives through time step by step and shares no code with it."""

import random
from itertools import pairwise

import pytest
from tests.logic.clock_histories import CALENDARS, VARIANTS, random_history, random_now, simulate

from yunheng.logic.clock import ClockPolicy, ClockStatus, Fact, explain, fold


def assert_as_simulated(facts: list[Fact], policy: ClockPolicy, now: int, step: int) -> None:
    state = fold(facts, policy, CALENDARS, now)
    seen = simulate(facts, policy, now, step=step)
    shown = sorted(facts, key=lambda fact: (fact.at, fact.seq))
    assert state.started_at == seen.started_at, shown
    if seen.started_at is None:
        assert state.status is ClockStatus.NOT_STARTED
        return
    assert state.elapsed_seconds == seen.elapsed, shown
    assert state.waited_seconds == seen.waited, shown
    assert (state.status is ClockStatus.CANCELLED) == seen.is_cancelled
    if seen.is_cancelled:
        assert (state.due_at, state.breached_at) == (None, seen.breached_at), shown
        assert state.is_met is (False if seen.breached_at else None)
        return
    assert state.stopped_at == seen.stopped_at
    if seen.goal is not None:
        assert (state.status is ClockStatus.PAUSED) == seen.is_paused
    assert state.breached_at == seen.breached_at, shown
    if seen.due_at is not None:
        assert state.due_at == seen.due_at, shown
    elif state.started_at != (seen.stopped_at or now):  # it saw some time, and the goal was not reached in it
        assert state.due_at is None or state.due_at > (seen.stopped_at or now)
    if seen.goal is not None:
        assert state.is_met is (False if seen.breached_at else True if seen.stopped_at is not None else None)
    undisputed = simulate(facts, policy, now, step=step, is_undisputed=True)
    assert state.undisputed_elapsed_seconds == undisputed.elapsed, shown


@pytest.mark.parametrize("variant", VARIANTS)
def test_fold_is_what_the_simulation_lives_through_by_the_minute(variant: str) -> None:
    chance = random.Random(variant)
    for _ in range(25):
        facts = random_history(chance, grid=60)
        assert_as_simulated(facts, VARIANTS[variant], random_now(chance, facts, grid=60), 60)


@pytest.mark.parametrize("variant", VARIANTS)
def test_fold_is_what_the_simulation_lives_through_by_the_second(variant: str) -> None:
    chance = random.Random(f"seconds {variant}")
    for _ in range(15):
        facts = random_history(chance, days=0.08)
        now = max((fact.at for fact in facts), default=0) + 600
        assert_as_simulated(facts, VARIANTS[variant], now, 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_counted_segments_are_the_elapsed_time_and_leave_no_gap(variant: str) -> None:
    chance = random.Random(f"segments {variant}")
    for _ in range(150):
        facts = random_history(chance)
        now = random_now(chance, facts)
        explanation = explain(facts, VARIANTS[variant], CALENDARS, now)
        state, segments = explanation.state, explanation.segments
        assert explanation.counted_seconds == state.elapsed_seconds
        assert state == fold(facts, VARIANTS[variant], CALENDARS, now)
        if segments:
            assert segments[0].from_at == state.started_at
            assert segments[-1].to_at == (state.stopped_at or now) or state.status is ClockStatus.CANCELLED
        assert all(segment.from_at < segment.to_at for segment in segments)
        for before, after in pairwise(segments):
            assert before.to_at == after.from_at
