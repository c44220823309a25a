"""The lines of the clock semantics that a fold has to get right, one after the other (sla-semantics 0, 3-20)."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.logic.clock_histories import make_policy

from yunheng.logic.clock import ClockPolicy, ClockState, ClockStatus, Fact, Goal, Standing, Why, explain, fold
from yunheng.logic.facts import FactKind as K
from yunheng.logic.facts import Party
from yunheng.logic.worktime import CalendarRules, Window, materialise

SHANGHAI = timezone(timedelta(hours=8))
HOUR = 3600
OFFICE = CalendarRules("Asia/Shanghai", tuple(Window(day, 510, 1050) for day in range(5)))  # 8:30-17:30
SPAN = (date(2026, 1, 1), date(2027, 12, 31))
CALENDARS = {
    "office": materialise(OFFICE, *SPAN),
    "24x7": materialise(CalendarRules("UTC", is_always_open=True), *SPAN),
    "berlin": materialise(
        CalendarRules("Europe/Berlin", tuple(Window(day, 540, 1020) for day in range(5))), *SPAN
    ),
}
POLICY = make_policy(
    goals={
        "mail|P1": Goal("24x7", seconds=4 * HOUR),
        "mail|P2": Goal("office", seconds=4 * HOUR),
        "mail|P3": Goal("office", seconds=9 * HOUR),
        "mail|P4": Goal("office", working_days=2),
    },
    pause_reasons=frozenset({"client", "supplier"}),
)
RESPOND = replace(POLICY, kind="respond", stop=frozenset({K.RESPONDED}), is_reopenable=False)


def at(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 3) -> int:
    """An instant of 2026 in Shanghai; 2 March is a Monday."""
    return int(datetime(2026, month, day, hour, minute, second, tzinfo=SHANGHAI).timestamp())


class Story:
    """Facts told in order; `entry` counts them from 1."""

    def __init__(self, opened_at: int, profile: str = "mail|P2") -> None:
        self.facts: list[Fact] = []
        self.then(opened_at, K.OPENED).then(opened_at, K.PROFILED, profile)

    def then(self, when: int, kind: K, term: str = "", party: Party = Party.NONE, ref: int = 0) -> "Story":
        number = len(self.facts) + 1
        self.facts.append(Fact(when, number, kind, term, party, ref, entry=number))
        return self

    def waits(
        self, begin: int, end: int | None, reason: str = "client", party: Party = Party.CLIENT, ref: int = 1
    ) -> "Story":
        self.then(begin, K.WAIT_BEGAN, reason, party, ref)
        return self if end is None else self.then(end, K.WAIT_ENDED, ref=ref)

    def fold(self, now: int, policy: ClockPolicy = POLICY, **calendars: Any) -> ClockState:
        return fold(self.facts, policy, CALENDARS | calendars, now)

    def explain(self, now: int, policy: ClockPolicy = POLICY) -> list[tuple[Why, int, Party, int]]:
        found = explain(self.facts, policy, CALENDARS, now)
        assert found.counted_seconds == found.state.elapsed_seconds
        return [(it.why, it.seconds, it.party, it.entry) for it in found.segments]


# 0 Instants


def test_0_done_after_hours_on_a_due_at_closing_time_is_met() -> None:
    story = Story(at(2, 13, 30)).then(at(2, 18), K.RESOLVED)
    state = story.fold(at(3, 12))
    assert state.due_at == at(2, 17, 30)
    assert (state.elapsed_seconds, state.is_met, state.breached_at) == (4 * HOUR, True, None)
    assert state.settled_at == at(2, 17, 30)


def test_0_one_second_of_service_more_is_a_breach() -> None:
    story = Story(at(2, 13, 30)).then(at(3, 8, 30, 1), K.RESOLVED)
    state = story.fold(at(3, 12))
    assert (state.is_met, state.due_at, state.breached_at) == (False, at(2, 17, 30), at(3, 8, 30, 1))


def test_0_due_but_not_breached_is_settled_and_open() -> None:
    state = Story(at(2, 13, 30)).fold(at(2, 20))
    assert (state.settled_at, state.is_met, state.breached_at) == (at(2, 17, 30), None, None)
    assert state.next_check_at == at(3, 8, 30, 1)


def test_0_a_breach_vanishes_when_a_late_fact_is_folded_in() -> None:
    story = Story(at(2, 9)).then(at(3, 9), K.RESOLVED)
    assert story.fold(at(4, 9)).breached_at == at(2, 13, 0, 1)
    story.waits(at(2, 10), at(3, 8, 30))
    assert story.fold(at(4, 9)).breached_at is None


def test_facts_after_now_are_not_known_yet() -> None:
    story = Story(at(2, 9)).then(at(2, 10), K.RESOLVED)
    assert story.fold(at(2, 9, 59, 59)).status is ClockStatus.RUNNING
    assert story.fold(at(2, 10)).status is ClockStatus.STOPPED
    assert story.fold(at(2, 8)).status is ClockStatus.NOT_STARTED


# 3, 4, 6 Goals


def test_3_a_goal_of_more_than_31_days_works() -> None:
    policy = replace(POLICY, goals={"mail|P2": Goal("24x7", seconds=40 * 86_400)})
    state = Story(at(2, 9)).fold(at(2, 10), policy)
    assert state.due_at == at(2, 9) + 40 * 86_400


def test_4_working_days_end_with_the_last_of_them_and_a_pause_moves_them_by_its_open_seconds() -> None:
    story = Story(at(2, 16), "mail|P4")
    assert story.fold(at(2, 17)).due_at == at(4, 17, 30)
    story.waits(at(3, 17), at(4, 9))  # one open hour
    assert story.fold(at(4, 10)).due_at == at(5, 9, 30)


def test_6_a_result_that_rests_on_unpublished_holidays_is_marked() -> None:
    rules = replace(OFFICE, provisional_years=frozenset({2027}))
    office = materialise(rules, *SPAN)
    story = Story(at(30, 9, month=12), "mail|P4")
    assert story.fold(at(30, 10, month=12), office=office).is_provisional is True  # due in 2027
    story.then(at(30, 11, month=12), K.RESOLVED)
    assert Story(at(2, 9), "mail|P4").fold(at(2, 10), office=office).is_provisional is False


# 7, 8, 9 Which clock


def test_7_the_contract_alone_says_which_reasons_stop_which_clock() -> None:
    story = Story(at(2, 9)).waits(at(2, 10), at(2, 11), "client").waits(at(2, 12), at(2, 13), "parts", ref=2)
    now = at(2, 14)
    assert story.fold(now).elapsed_seconds == 4 * HOUR
    both = replace(POLICY, pause_reasons=frozenset({"client", "parts"}))
    assert story.fold(now, both).elapsed_seconds == 3 * HOUR
    assert story.fold(now, replace(POLICY, pause_reasons=frozenset())).elapsed_seconds == 5 * HOUR
    assert story.explain(now)[3] == (Why.WAITING_COUNTED, HOUR, Party.CLIENT, 5)


def test_7_an_agreed_exclusion_stops_every_clock() -> None:
    story = Story(at(2, 9)).then(at(2, 10), K.EXCLUSION_BEGAN, "maintenance", ref=1)
    story.then(at(2, 12), K.EXCLUSION_ENDED, ref=1)
    nothing_pauses = replace(POLICY, pause_reasons=frozenset())
    assert story.fold(at(2, 13), nothing_pauses).elapsed_seconds == 2 * HOUR
    assert story.explain(at(2, 13))[1] == (Why.EXCLUSION, 2 * HOUR, Party.NONE, 3)
    assert story.fold(at(2, 11)).status is ClockStatus.PAUSED


def test_8_several_clocks_each_with_its_calendar_and_zone() -> None:
    story = Story(at(2, 9)).then(at(2, 18), K.RESPONDED)
    now = at(2, 20)
    supplier = replace(POLICY, kind="supplier", goals={"mail|P2": Goal("berlin", seconds=HOUR)})
    assert story.fold(now).elapsed_seconds == int(8.5 * HOUR)
    assert story.fold(now, supplier).elapsed_seconds == 4 * HOUR  # open from 16:00 in Shanghai
    assert story.fold(now, RESPOND).stopped_at == at(2, 18)


def test_8_a_clock_that_starts_on_dispatch_and_stops_on_arrival() -> None:
    arrive = replace(
        POLICY,
        kind="arrive",
        start=frozenset({K.DISPATCHED}),
        stop=frozenset({K.ARRIVED}),
        is_reopenable=False,
    )
    story = Story(at(2, 9))
    assert story.fold(at(2, 11), arrive).status is ClockStatus.NOT_STARTED
    story.then(at(2, 10), K.DISPATCHED).then(at(2, 10, 30), K.DISPATCHED).then(at(2, 11), K.ARRIVED)
    state = story.fold(at(2, 12), arrive)
    assert (state.started_at, state.elapsed_seconds, state.is_met) == (at(2, 10), HOUR, True)


def test_9_assignment_is_no_response_and_the_first_response_is_final() -> None:
    story = Story(at(2, 9)).then(at(2, 9, 5), K.ASSIGNED, "desk")
    assert story.fold(at(2, 10), RESPOND).status is ClockStatus.RUNNING
    story.then(at(2, 9, 20), K.RESPONDED).then(at(2, 12), K.REOPENED).then(at(2, 13), K.RESPONDED)
    assert story.fold(at(2, 14), RESPOND).elapsed_seconds == 20 * 60


# 10 Change of goal


def test_10_another_priority_keeps_elapsed_time_and_pauses() -> None:
    story = Story(at(2, 9), "mail|P3").waits(at(2, 10), at(2, 12)).then(at(2, 13), K.PROFILED, "mail|P2")
    state = story.fold(at(2, 14))
    assert (state.profile, state.goal_seconds, state.elapsed_seconds) == ("mail|P2", 4 * HOUR, 3 * HOUR)
    assert state.waited_seconds == {Party.CLIENT: 2 * HOUR}
    assert state.due_at == at(2, 15)


def test_10_another_priority_brings_its_calendar_for_the_whole_history() -> None:
    story = Story(at(2, 16), "mail|P3").then(at(2, 19), K.PROFILED, "mail|P1")
    assert story.fold(at(2, 20)).elapsed_seconds == 4 * HOUR
    assert Story(at(2, 16), "mail|P3").fold(at(2, 20)).elapsed_seconds == int(1.5 * HOUR)


def test_10_from_the_change_on_if_the_contract_says_so() -> None:
    policy = replace(POLICY, goal_change="from_change")
    story = Story(at(2, 9), "mail|P3").waits(at(2, 10), at(2, 12)).then(at(2, 11), K.PROFILED, "mail|P2")
    state = story.fold(at(2, 13), policy)
    assert (state.elapsed_seconds, state.due_at) == (HOUR, at(2, 16))  # the pause in force carries on
    whys = [why for why, *_ in story.explain(at(2, 13), policy)]
    assert whys == [Why.BEFORE_GOAL_CHANGE, Why.BEFORE_GOAL_CHANGE, Why.PAUSE, Why.COUNTED]


def test_10_a_breach_before_the_change_stays_where_goals_count_from_the_change() -> None:
    policy = replace(POLICY, goal_change="from_change")
    story = Story(at(2, 9)).then(at(2, 14), K.PROFILED, "mail|P3").then(at(2, 15), K.RESOLVED)
    state = story.fold(at(2, 16), policy)
    assert (state.breached_at, state.is_met, state.settled_at) == (at(2, 13, 0, 1), False, at(2, 13))
    assert story.fold(at(2, 16)).is_met is True  # retroactive: 6 h of 9 h


def test_10_the_first_profile_is_no_change_and_neither_is_one_with_the_same_goal() -> None:
    policy = replace(
        POLICY, goal_change="from_change", goals={**POLICY.goals, "web|P2": POLICY.goals["mail|P2"]}
    )
    facts = [Fact(at(2, 9), 1, K.OPENED), Fact(at(2, 10), 2, K.PROFILED, "mail|P2")]
    facts.append(Fact(at(2, 11), 3, K.PROFILED, "web|P2"))
    assert fold(facts, policy, CALENDARS, at(2, 12)).elapsed_seconds == 3 * HOUR


def test_10_what_is_changed_on_a_resolved_ticket_does_not_change_its_result() -> None:
    story = Story(at(2, 9), "mail|P2").then(at(2, 14), K.RESOLVED).then(at(2, 15), K.PROFILED, "mail|P3")
    assert (story.fold(at(2, 16)).profile, story.fold(at(2, 16)).is_met) == ("mail|P2", False)
    story.then(at(2, 16), K.REOPENED)  # it lives again, under the new priority
    assert (story.fold(at(2, 16)).profile, story.fold(at(2, 16)).is_met) == ("mail|P3", None)


# 11 Reopening


def test_11_reopening_continues_where_it_stood() -> None:
    story = Story(at(2, 9)).then(at(2, 12), K.RESOLVED).then(at(3, 9), K.REOPENED)
    state = story.fold(at(3, 9, 30))
    assert (state.status, state.elapsed_seconds, state.due_at) == (
        ClockStatus.RUNNING,
        int(3.5 * HOUR),
        at(3, 10),
    )
    assert story.explain(at(3, 9, 30)) == [
        (Why.COUNTED, 3 * HOUR, Party.NONE, 1),
        (Why.AFTER_RESOLUTION, 21 * HOUR, Party.NONE, 3),
        (Why.COUNTED, HOUR // 2, Party.NONE, 4),
    ]


def test_11_the_time_until_reopening_counts_if_the_contract_says_so() -> None:
    policy = replace(POLICY, reopen="count")
    story = Story(at(2, 9)).then(at(2, 12), K.RESOLVED)
    assert story.fold(at(3, 9), policy).is_met is True
    story.then(at(3, 9), K.REOPENED)
    assert story.fold(at(3, 9), policy).breached_at == at(2, 13, 0, 1)
    assert story.explain(at(3, 9), policy)[1] == (Why.REOPENED_COUNTED, int(5.5 * HOUR), Party.NONE, 3)


# 12 Pauses


def test_12_two_pauses_within_one_minute_are_two_pauses() -> None:
    story = Story(at(2, 9)).waits(at(2, 10, 0, 5), at(2, 10, 0, 15)).waits(at(2, 10, 0, 30), at(2, 10, 0, 50))
    assert story.fold(at(2, 11)).elapsed_seconds == 2 * HOUR - 30
    assert [why for why, *_ in story.explain(at(2, 11))].count(Why.PAUSE) == 2


def test_12_a_pause_in_closed_time_costs_nothing_and_stays_visible() -> None:
    story = Story(at(2, 17)).waits(at(2, 18), at(3, 8))
    state = story.fold(at(3, 9))
    assert (state.elapsed_seconds, state.waited_seconds) == (HOUR, {})
    assert (Why.OFF_HOURS, 14 * HOUR, Party.CLIENT, 3) in story.explain(at(3, 9))


def test_12_overlapping_pauses_are_merged_and_each_keeps_its_cause() -> None:
    story = Story(at(2, 9)).then(at(2, 10), K.WAIT_BEGAN, "client", Party.CLIENT, 1)
    story.then(at(2, 11), K.WAIT_BEGAN, "supplier", Party.SUPPLIER, 2)
    story.then(at(2, 12), K.WAIT_ENDED, ref=1).then(at(2, 14), K.WAIT_ENDED, ref=2)
    state = story.fold(at(2, 15))
    assert state.elapsed_seconds == 2 * HOUR
    assert state.waited_seconds == {Party.CLIENT: 2 * HOUR, Party.SUPPLIER: 2 * HOUR}
    overlap = explain(story.facts, POLICY, CALENDARS, at(2, 15)).segments[2]
    assert (overlap.party, overlap.entry) == (Party.CLIENT, 3)
    assert [(cause.party, cause.reason, cause.entry) for cause in overlap.others] == [
        (Party.SUPPLIER, "supplier", 4)
    ]


def test_12_a_pause_that_is_told_twice_is_one_and_an_end_without_a_beginning_is_none() -> None:
    story = Story(at(2, 9)).then(at(2, 9, 30), K.WAIT_ENDED, ref=7)
    story.then(at(2, 10), K.WAIT_BEGAN, "client", Party.CLIENT, 1).then(
        at(2, 11), K.WAIT_BEGAN, "client", ref=1
    )
    story.then(at(2, 12), K.WAIT_ENDED, ref=1).then(at(2, 13), K.WAIT_ENDED, ref=1)
    assert story.fold(at(2, 14)).elapsed_seconds == 3 * HOUR


# 13 Standing


@pytest.mark.parametrize(
    ("answers", "counted", "undisputed"),
    [
        ([], 2, 2),
        ([K.PAUSE_CONFIRMED], 2, 2),
        ([K.PAUSE_DISPUTED], 5, 2),
        ([K.PAUSE_DISPUTED, K.PAUSE_UPHELD], 2, 2),
        ([K.PAUSE_DISPUTED, K.PAUSE_REJECTED], 5, 5),
        ([K.PAUSE_CONFIRMED, K.PAUSE_DISPUTED], 5, 2),  # one side confirms, another disputes all the same
        ([K.PAUSE_CONFIRMED, K.PAUSE_DISPUTED, K.PAUSE_REJECTED], 5, 5),
        ([K.PAUSE_UPHELD, K.PAUSE_DISPUTED, K.PAUSE_UPHELD], 2, 2),
    ],
)
def test_13_a_disputed_pause_counts_as_running_and_both_results_are_shown(
    answers: list[K], counted: int, undisputed: int
) -> None:
    story = Story(at(2, 9)).waits(at(2, 10), at(2, 13))
    for hour, answer in enumerate(answers):
        story.then(at(2, 15 + hour), answer, ref=1)
    story.then(at(2, 14), K.RESOLVED)
    state = story.fold(at(3, 9))
    assert (state.elapsed_seconds, state.is_met) == (counted * HOUR, counted <= 4)
    assert (state.undisputed_elapsed_seconds, state.undisputed_is_met) == (undisputed * HOUR, undisputed <= 4)


def test_13_no_answer_within_three_working_days_is_a_confirmation() -> None:
    story = Story(at(2, 9), "mail|P4").waits(at(2, 10), at(2, 13))

    def standing(now: int) -> Standing | None:
        return next(it for it in explain(story.facts, POLICY, CALENDARS, now).segments if it.reason).standing

    assert standing(at(5, 17, 29)) is Standing.PROPOSED
    assert standing(at(5, 17, 30)) is Standing.LAPSED
    assert story.fold(at(5, 17, 30)).elapsed_seconds == story.fold(at(5, 17, 29)).elapsed_seconds + 60


def test_13_the_sweep_is_told_when_a_pause_lapses() -> None:
    story = Story(at(2, 9)).waits(at(2, 10), None)
    assert story.fold(at(2, 10)).next_check_at == at(5, 17, 30)  # at the very second at which it begins
    assert story.fold(at(2, 11)).next_check_at == at(5, 17, 30)
    story.then(at(2, 12), K.PAUSE_CONFIRMED, ref=1)
    assert story.fold(at(2, 13)).next_check_at is None


def test_13_a_pause_that_begins_after_the_end_is_nothing_to_wait_for() -> None:
    story = Story(at(2, 9)).then(at(2, 10), K.RESPONDED).waits(at(2, 11), None)
    assert story.fold(at(2, 12), RESPOND).next_check_at is None
    assert story.fold(at(2, 12)).next_check_at == at(5, 17, 30)


# 14, 15 Breach and due


def test_14_a_pause_that_begins_after_the_breach_heals_nothing_and_overrun_counts_on() -> None:
    story = Story(at(2, 9)).waits(at(2, 14), at(2, 15)).then(at(2, 17), K.RESOLVED)
    state = story.fold(at(2, 17))
    assert (state.breached_at, state.is_met, state.elapsed_seconds) == (at(2, 13, 0, 1), False, 7 * HOUR)


def test_15_due_is_open_while_paused_and_moves_when_the_pause_ends() -> None:
    story = Story(at(2, 9))
    assert story.fold(at(2, 10)).due_at == at(2, 13)
    story.waits(at(2, 10), at(2, 12))
    assert (story.fold(at(2, 11)).status, story.fold(at(2, 11)).due_at) == (ClockStatus.PAUSED, None)
    assert story.fold(at(2, 12)).due_at == at(2, 15)


def test_15_due_moves_with_an_exception_of_the_calendar() -> None:
    story = Story(at(2, 16))
    closed = materialise(replace(OFFICE, exceptions={date(2026, 3, 3): ()}), *SPAN)
    assert story.fold(at(2, 17)).due_at == at(3, 11)
    assert story.fold(at(2, 17), office=closed).due_at == at(4, 11)


def test_15_no_share_is_reached_at_creation_or_at_midnight() -> None:
    story = Story(at(2, 17))
    assert story.fold(at(2, 17)).reached == ()
    assert story.fold(at(3, 0)).reached == ()
    assert story.fold(at(3, 0)).next_check_at == at(3, 10)  # half of four hours


# 16 Target


def test_16_without_a_target_nothing_is_met_or_missed() -> None:
    story = Story(at(2, 9), "mail|P9").then(at(2, 10), K.RESOLVED)
    state = story.fold(at(2, 11))
    assert (state.status, state.is_met, state.due_at) == (ClockStatus.NO_TARGET, None, None)
    assert (state.started_at, state.stopped_at, state.settled_at) == (at(2, 9), at(2, 10), None)
    assert story.explain(at(2, 11)) == [(Why.NO_TARGET, HOUR, Party.NONE, 1)]


# 17 Warnings


def test_17_each_share_has_the_instant_at_which_it_was_reached_however_late_one_looks() -> None:
    story = Story(at(2, 9)).waits(at(2, 10), at(2, 11))
    expected = ((50, at(2, 12)), (75, at(2, 13)), (90, at(2, 13, 36)), (100, at(2, 14)))
    assert story.fold(at(2, 13)).reached == expected[:2]
    assert story.fold(at(9, 9)).reached == expected


def test_17_the_next_check_is_the_next_share_then_the_breach_then_none() -> None:
    story = Story(at(2, 9))
    checks, now = [], at(2, 9)
    while True:
        next_check_at = story.fold(now).next_check_at
        if next_check_at is None:
            break
        assert next_check_at > now
        checks.append(next_check_at)
        now = next_check_at
    assert checks == [at(2, 11), at(2, 12), at(2, 12, 36), at(2, 13), at(2, 13, 0, 1)]


# 18 Late facts


def test_18_the_order_in_which_facts_arrive_does_not_matter() -> None:
    story = (
        Story(at(2, 9)).waits(at(2, 10), at(2, 12)).then(at(2, 13), K.RESOLVED).then(at(2, 14), K.REOPENED)
    )
    story.waits(at(2, 14, 30), at(2, 15), "supplier", Party.SUPPLIER, 2).then(at(2, 16), K.RESOLVED)
    expected = explain(story.facts, POLICY, CALENDARS, at(3, 9))
    chance = random.Random(18)
    for _ in range(20):
        chance.shuffle(story.facts)
        assert explain(story.facts, POLICY, CALENDARS, at(3, 9)) == expected


def test_18_at_one_instant_seq_decides() -> None:
    resolved, reopened = (Fact(at(2, 10), 2, K.RESOLVED), Fact(at(2, 10), 3, K.REOPENED))
    opened, profiled = Story(at(2, 9)).facts
    begun = [opened, replace(profiled, seq=1)]
    assert fold([*begun, reopened, resolved], POLICY, CALENDARS, at(2, 11)).status is ClockStatus.RUNNING
    swapped = [replace(resolved, seq=3), replace(reopened, seq=2)]
    assert fold([*begun, *swapped], POLICY, CALENDARS, at(2, 11)).status is ClockStatus.STOPPED


# 19 Explanation


def test_19_segments_say_what_counted_and_what_did_not_for_whom_and_by_which_entry() -> None:
    story = Story(at(2, 16)).waits(at(2, 17), at(3, 9)).then(at(3, 10), K.RESOLVED)
    assert story.explain(at(4, 9)) == [
        (Why.COUNTED, HOUR, Party.NONE, 1),
        (Why.PAUSE, HOUR // 2, Party.CLIENT, 3),
        (Why.OFF_HOURS, 15 * HOUR, Party.CLIENT, 3),
        (Why.PAUSE, HOUR // 2, Party.CLIENT, 3),
        (Why.COUNTED, HOUR, Party.NONE, 4),
    ]


# Cancellation and cycles


def test_a_clock_cancelled_in_time_has_no_result() -> None:
    state = Story(at(2, 9)).then(at(2, 12), K.CANCELLED).fold(at(3, 9))
    assert (state.status, state.elapsed_seconds) == (ClockStatus.CANCELLED, 3 * HOUR)
    assert (state.is_met, state.due_at, state.breached_at, state.settled_at) == (None, None, None, None)
    assert (state.next_check_at, state.reached) == (None, ())


def test_cancelling_heals_no_breach() -> None:
    story = Story(at(2, 9)).then(at(2, 14), K.CANCELLED)
    overdue, state = story.fold(at(2, 13, 30)), story.fold(at(3, 9))
    assert (state.status, state.elapsed_seconds) == (ClockStatus.CANCELLED, 5 * HOUR)
    assert (state.is_met, state.breached_at, state.settled_at) == (
        False,
        overdue.breached_at,
        overdue.settled_at,
    )
    assert (state.due_at, state.next_check_at) == (None, None)


def test_cancelling_what_has_stopped_changes_nothing() -> None:
    story = Story(at(2, 9)).then(at(2, 10), K.RESPONDED).then(at(2, 11), K.CANCELLED)
    assert story.fold(at(2, 12), RESPOND).is_met is True
    assert story.fold(at(2, 12)).status is ClockStatus.CANCELLED


def test_regular_updates_are_cycles_of_one_clock() -> None:
    update = replace(
        POLICY,
        kind="update",
        reset=frozenset({K.UPDATED}),
        goals={"mail|P2": Goal("office", seconds=2 * HOUR)},
    )
    story = Story(at(2, 9)).then(at(2, 10), K.UPDATED).then(at(2, 13), K.UPDATED)
    state = story.fold(at(2, 14), update)
    assert [(it.elapsed_seconds, it.is_met) for it in state.cycles] == [
        (HOUR, True),
        (3 * HOUR, False),
        (HOUR, None),
    ]
    assert (state.elapsed_seconds, state.due_at) == (HOUR, at(2, 15))
    assert (state.breached_at, state.is_met) == (at(2, 12, 0, 1), False)
    stopped = story.then(at(2, 14, 30), K.RESOLVED).fold(at(2, 16), update)
    assert (stopped.cycles[-1].to_at, stopped.cycles[-1].is_met) == (at(2, 14, 30), True)
    assert Why.BEFORE_RESET in [why for why, *_ in story.explain(at(2, 16), update)]


# Refusals


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": None, "working_days": None},
        {"seconds": 60, "working_days": 1},
        {"seconds": -1},
        {"working_days": 0},
    ],
)
def test_a_goal_is_either_seconds_or_working_days(wrong: dict[str, int | None]) -> None:
    with pytest.raises(ValueError, match="goal"):
        Goal("office", **wrong)


def test_reopening_cannot_stop_a_clock() -> None:
    with pytest.raises(ValueError, match="reopening"):
        make_policy(stop=frozenset({K.REOPENED}))


def test_a_calendar_that_is_not_given_is_refused() -> None:
    story = Story(at(2, 9))
    with pytest.raises(KeyError, match="office"):
        fold(story.facts, POLICY, {}, at(2, 10))


def test_a_history_beyond_the_calendar_is_refused() -> None:
    story = Story(at(2, 9))
    with pytest.raises(LookupError, match="calendar"):
        story.fold(at(2, 9) + 5 * 365 * 86_400)
