"""Properties of clocks over histories that hypothesis can shrink: both folds, additivity over time, order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.logic.clock_histories import BEGINNINGS, CALENDARS, PROFILES, REASONS, VARIANTS
from tests.logic.test_vector_folding import assert_equal_folds

from yunheng.logic.clock import ClockStatus, Fact, explain, fold
from yunheng.logic.facts import FactKind, Party

KINDS = [kind for kind in FactKind if kind < FactKind.LEFT_OUT]


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Up to a dozen facts in few places: many of them fall on one instant or have one ref."""
    begin = draw(st.sampled_from(BEGINNINGS))
    facts = [
        Fact(begin, 0, FactKind.OPENED),
        Fact(begin, 1, FactKind.PROFILED, draw(st.sampled_from(PROFILES))),
    ]
    for seq in range(2, draw(st.integers(2, 12))):
        kind = draw(st.sampled_from(KINDS))
        terms = PROFILES if kind is FactKind.PROFILED else REASONS
        at = begin + draw(st.one_of(st.integers(0, 200), st.integers(0, 120).map(lambda hours: hours * 3600)))
        party = draw(st.sampled_from(Party))
        facts.append(Fact(at, seq, kind, draw(st.sampled_from(terms)), party, draw(st.integers(0, 2)), seq))
    return facts


VARIANT = st.sampled_from(sorted(VARIANTS)).map(VARIANTS.__getitem__)
LATER = st.one_of(st.integers(0, 300), st.integers(0, 10 * 86_400))


@given(st.lists(histories(), min_size=1, max_size=4), VARIANT, LATER, st.integers(1, 20))
def test_both_folds_are_equal(told: list[list[Fact]], policy: Any, later: int, chunk_rows: int) -> None:
    assert_equal_folds(told, policy, told[0][0].at + later, chunk_rows)


@given(histories(), VARIANT, LATER, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    facts: list[Fact], policy: Any, later: int, chance: Any
) -> None:
    now = facts[0].at + later
    expected = explain(facts, policy, CALENDARS, now)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert explain(shuffled, policy, CALENDARS, now) == expected


@given(histories(), VARIANT, LATER)
def test_segments_add_up_to_elapsed_and_waits_to_what_was_paused(
    facts: list[Fact], policy: Any, later: int
) -> None:
    now = facts[0].at + later
    found = explain(facts, policy, CALENDARS, now)
    assert found.counted_seconds == found.state.elapsed_seconds
    paused: dict[Party, int] = {}
    for segment in found.segments:
        if segment.why in ("pause", "exclusion"):
            paused[segment.party] = paused.get(segment.party, 0) + segment.seconds
    assert paused == found.state.waited_seconds


@given(histories(), VARIANT, LATER)
def test_nothing_is_missed_between_two_checks(facts: list[Fact], policy: Any, later: int) -> None:
    """Whoever looks again at `next_check_at` alone sees each share and the breach: none comes before it."""
    now = facts[0].at + later
    known = [fact for fact in facts if fact.at <= now]
    state = fold(known, policy, CALENDARS, now)
    if state.status is not ClockStatus.RUNNING:
        return
    soon = now + 3 * 86_400 if state.next_check_at is None else state.next_check_at - 1
    before = fold(known, policy, CALENDARS, soon)
    assert before.reached == state.reached
    assert before.breached_at == state.breached_at
    if state.next_check_at is not None:
        assert state.next_check_at > now


@given(histories(), VARIANT, LATER)
def test_breach_and_due_agree_with_the_clock_read_at_those_instants(
    facts: list[Fact], policy: Any, later: int
) -> None:
    """At due_at exactly the goal has elapsed and no less a second before; at breached_at one second more."""
    now = facts[0].at + later
    state = fold(facts, policy, CALENDARS, now)
    if (
        state.breached_at is None
        or policy.reset
        or policy.goal_change == "from_change"
        or state.due_at is None
    ):
        return
    told = explain(facts, policy, CALENDARS, now).segments

    def counted_until(t: int) -> int:
        return sum(max(0, min(it.to_at, t) - it.from_at) for it in told if it.is_counted)

    assert state.goal_seconds is not None
    assert counted_until(state.due_at) == state.goal_seconds
    assert counted_until(state.breached_at) == state.goal_seconds + 1
    assert counted_until(state.breached_at - 1) == state.goal_seconds
    if state.goal_seconds:
        assert counted_until(state.due_at - 1) == state.goal_seconds - 1
