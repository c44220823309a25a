"""Samples of indicators, drawn with numpy, against a plain reading of the same facts one subject at a time."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.facts import FactKind as K
from yunheng.logic.vector import samples
from yunheng.logic.vector.milestones import NEVER, read_milestones
from yunheng.logic.vector.samples import ClockOutcome, Question

TERMS = {
    0: "",
    1: "first",
    2: "second",
    3: "core|fault",
    4: "edge|fault",
    5: "net",
    6: "desk",
    7: "true",
    8: "false",
}
DAY = 86_400


def milestones(facts, before=None):
    """Milestones of facts given as (subject, at, kind, term), in the order in which they happened."""
    rows = sorted(enumerate(facts), key=lambda pair: (pair[1][0], pair[1][1], pair[0]))
    subject, at, kind, term = (np.array([fact[i] for _n, fact in rows], dtype=np.int64) for i in range(4))
    return read_milestones(subject, at, kind.astype(np.int16), term.astype(np.int32), before=before)


def numbers(lives, row):
    return sorted(int(lives.subject[i]) for i in row)


def hits(lives, sample):
    return sorted(int(lives.subject[i]) for i in sample.row[sample.is_hit])


# --- by example -----------------------------------------------------------------------------------------------------


def test_a_reopened_ticket_is_not_resolved_until_it_is_resolved_again():
    facts = [(1, 0, K.OPENED, 0), (1, 10, K.RESOLVED, 0), (1, 20, K.REOPENED, 0)]
    assert milestones(facts).resolved_at[0] == NEVER
    again = milestones([*facts, (1, 50, K.RESOLVED, 0)])
    assert (again.resolved_at[0], again.first_resolved_at[0]) == (50, 10)


def test_durations_use_the_standing_and_the_first_resolution():
    lives = milestones(
        [(1, 0, K.OPENED, 0), (1, 10, K.RESOLVED, 0), (1, 20, K.REOPENED, 0), (1, 50, K.RESOLVED, 0)]
    )
    assert samples.time_to_resolve(lives, Question(0, 100)).seconds.tolist() == [50]
    assert samples.time_to_first_resolution(lives, Question(0, 100)).seconds.tolist() == [10]
    assert samples.time_to_first_resolution(lives, Question(11, 100)).seconds.tolist() == []


def test_never_responded_is_a_miss_and_the_edge_of_24_h_is_a_hit():
    lives = milestones(
        [
            (1, 0, K.OPENED, 0), (1, 60, K.RESPONDED, 0), (1, 60 + DAY, K.RESOLVED, 0),
            (2, 0, K.OPENED, 0), (2, 60, K.RESPONDED, 0), (2, 61 + DAY, K.RESOLVED, 0),
            (3, 0, K.OPENED, 0), (3, 5, K.RESOLVED, 0),
        ]
    )  # fmt: skip
    sample = samples.resolved_within(lives, Question(0, 10 * DAY))
    assert numbers(lives, sample.row) == [1, 2, 3]
    assert hits(lives, sample) == [1]


def test_what_was_not_acknowledged_is_listed_and_not_averaged():
    lives = milestones(
        [
            (1, 0, K.OPENED, 0),
            (1, 60, K.RESPONDED, 0),
            (2, 5, K.OPENED, 0),
            (3, 5, K.OPENED, 0),
            (3, 6, K.CANCELLED, 0),
        ]
    )
    sample = samples.time_to_respond(lives, Question(0, 100))
    assert sample.seconds.tolist() == [60]
    assert numbers(lives, sample.waiting) == [2]


def test_a_duration_that_ends_before_it_begins_is_listed_and_not_averaged():
    facts = [
        (1, 100, K.OPENED, 0), (1, 100, K.ASSERTED_OPENED, 0), (1, 40, K.ASSERTED_RESOLVED, 0),
        (2, 10, K.OPENED, 0), (2, 30, K.ASSERTED_RESOLVED, 0), (2, 60, K.FAILED, 0), (2, 50, K.RESTORED, 0),
    ]  # fmt: skip
    lives = milestones(facts)
    claimed = samples.time_to_resolve(lives, Question(0, 200, basis="asserted"))
    assert (numbers(lives, claimed.row), claimed.seconds.tolist()) == ([2], [20])
    assert (numbers(lives, claimed.waiting), claimed.waiting_at.tolist()) == ([1], [40])
    restored = samples.time_to_restore(lives, Question(0, 200))
    assert (restored.seconds.tolist(), numbers(lives, restored.waiting)) == ([], [2])
    assert samples.time_to_restore(lives, Question(0, 50)).waiting is None


def test_open_and_overdue_is_a_miss_of_the_period_in_which_it_was_due():
    lives = milestones([(1, 0, K.OPENED, 0), (2, 0, K.OPENED, 0)])
    outcome = ClockOutcome(
        np.array([0, 1]), np.array([50, 150]), np.array([0, 0], dtype=np.int8), np.array([5, 6])
    )
    assert numbers(lives, samples.timeliness(lives, [outcome], Question(0, 100)).row) == [1]
    later = samples.timeliness(lives, [outcome], Question(100, 200))
    assert (numbers(lives, later.row), later.profile.tolist()) == ([2], [6])


def test_a_clock_that_is_not_settled_or_has_no_target_is_in_no_period():
    lives = milestones([(1, 0, K.OPENED, 0)])
    outcome = ClockOutcome(
        np.array([0, 0]), np.array([-1, 50]), np.array([0, -1], dtype=np.int8), np.array([5, 5])
    )
    assert len(samples.timeliness(lives, [outcome], Question(0, 100)).row) == 0


def test_reopening_counts_tickets_and_only_within_the_days():
    def life(subject, reopened_at):
        return [
            (subject, 0, K.OPENED, 0), (subject, 10, K.RESOLVED, 0), (subject, reopened_at, K.REOPENED, 0),
            (subject, reopened_at + 5, K.REOPENED, 0), (subject, reopened_at + 9, K.RESOLVED, 0),
            (subject, reopened_at + 10, K.CLOSED, 0),
        ]  # fmt: skip

    lives = milestones(life(1, 10 + 7 * DAY) + life(2, 11 + 7 * DAY))
    sample = samples.reopen_rate(lives, Question(0, 100 * DAY, days=7))
    assert numbers(lives, sample.row) == [1, 2]
    assert hits(lives, sample) == [1]


def test_a_second_reopening_within_the_days_counts_though_the_first_came_late():
    facts = [
        (1, 0, K.OPENED, 0), (1, 10, K.RESOLVED, 0), (1, 10 + 40 * DAY, K.REOPENED, 0),
        (1, 41 * DAY, K.RESOLVED, 0), (1, 42 * DAY, K.REOPENED, 0), (1, 43 * DAY, K.CLOSED, 0),
    ]  # fmt: skip
    lives = milestones(facts)
    assert lives.reopened_after.tolist() == [DAY]
    assert hits(lives, samples.reopen_rate(lives, Question(0, 100 * DAY, days=7))) == [1]


def test_recurrence_needs_the_same_ci_and_cause_closed_shortly_before():
    def life(subject, opened, closed, term):
        facts = [(subject, opened, K.OPENED, 0), (subject, closed, K.CLOSED, 0)]
        return facts + ([(subject, opened, K.CLASSIFIED, term)] if term else [])

    lives = milestones(
        life(1, 0, DAY, 3) + life(2, 2 * DAY, 3 * DAY, 3) + life(3, 2 * DAY, 3 * DAY, 4)
        + life(4, 40 * DAY, 41 * DAY, 3) + life(5, 5 * DAY, 6 * DAY, 0)
    )  # fmt: skip
    sample = samples.recurrence(lives, Question(0, 100 * DAY, days=30), np.array([3, 4]))
    assert numbers(lives, sample.row) == [1, 2, 3, 4]
    assert hits(lives, sample) == [2]
    assert numbers(lives, sample.waiting) == [5]


def test_first_contact_needs_the_first_line_one_team_no_wait_and_no_reopening():
    def life(subject, line, *extra):
        return [
            (subject, 0, K.OPENED, 0),
            *((subject, 1, kind, term) for kind, term in extra),
            (subject, 9, K.RESOLVED, line),
        ]

    lives = milestones(
        life(1, 1, (K.ASSIGNED, 5)) + life(2, 2) + life(3, 1, (K.ASSIGNED, 5), (K.ASSIGNED, 6))
        + life(4, 1, (K.WAIT_BEGAN, 0)) + [(5, 0, K.OPENED, 0)]
    )  # fmt: skip
    sample = samples.first_contact_resolution(lives, Question(0, 100, of="logged"), np.array([1]))
    assert numbers(lives, sample.row) == [1, 2, 3, 4, 5]
    assert hits(lives, sample) == [1]
    assert hits(lives, samples.dispatch_accuracy(lives, Question(0, 100))) == [1]


def test_the_backlog_is_read_from_the_facts_before_the_cut_off():
    facts = [
        (1, 0, K.OPENED, 0),
        (1, 5 * DAY, K.RESOLVED, 0),
        (2, 2 * DAY, K.OPENED, 0),
        (3, 4 * DAY, K.OPENED, 0),
    ]
    cut_off = 4 * DAY
    sample, bands = samples.backlog(milestones(facts, before=cut_off), cut_off)
    assert {band: int(mask.sum()) for band, mask in bands.items()} == {
        "0-1": 0, "1-3": 1, "3-7": 1, "7-30": 0, ">30": 0,
    }  # fmt: skip
    assert len(sample.row) == 2


def test_the_basis_asserted_uses_the_sources_own_instants():
    lives = milestones(
        [
            (1, 5, K.OPENED, 0),
            (1, 50, K.RESOLVED, 0),
            (1, 0, K.ASSERTED_OPENED, 0),
            (1, 40, K.ASSERTED_RESOLVED, 0),
        ]
    )
    assert samples.time_to_resolve(lives, Question(0, 100, "events")).seconds.tolist() == [45]
    assert samples.time_to_resolve(lives, Question(0, 100, "asserted")).seconds.tolist() == [40]


def test_no_facts_at_all_give_empty_samples():
    lives = milestones([])
    for draw in (samples.time_to_resolve, samples.time_to_respond, samples.reopen_rate):
        assert len(draw(lives, Question(0, 100)).row) == 0


# --- against a plain reading ------------------------------------------------------------------------------------------


@dataclass
class Life:
    """What the plain reading remembers of one subject while it walks its facts in order."""

    opened: int | None = None
    responded: int | None = None
    resolved: int | None = None
    last_resolved: int | None = None
    first_resolved: int | None = None
    closed: int | None = None
    cancelled: int | None = None
    restored: int | None = None
    failed: int | None = None
    ended: int | None = None
    reopened_after: list[int] = field(default_factory=list)
    teams: list[int] = field(default_factory=list)

    def take(self, at, kind, term):
        if kind == K.OPENED and self.opened is None:
            self.opened = at
        elif kind == K.RESPONDED and self.responded is None:
            self.responded = at
        elif kind == K.FAILED and self.failed is None:
            self.failed = at
        elif kind == K.RESTORED:
            self.restored = at
        elif kind == K.RESOLVED:
            self.resolved = self.last_resolved = self.ended = at
            self.first_resolved = at if self.first_resolved is None else self.first_resolved
        elif kind == K.CLOSED:
            self.closed = self.ended = at
            self.resolved = self.last_resolved
        elif kind == K.CANCELLED:
            self.cancelled = at
        elif kind == K.REOPENED:
            if self.ended is not None:
                self.reopened_after.append(at - self.ended)
                self.ended = None
            self.resolved = self.closed = self.restored = None
        elif kind == K.ASSIGNED and (not self.teams or self.teams[-1] != term):
            self.teams.append(term)


KINDS = [K.RESPONDED, K.RESTORED, K.RESOLVED, K.REOPENED, K.CLOSED, K.CANCELLED, K.FAILED, K.ASSIGNED]
histories = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 200), st.sampled_from(KINDS), st.sampled_from([5, 6])),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(0, 200), st.integers(0, 200))
def test_samples_equal_a_plain_reading(history, one, other):
    facts = [(subject, 0, K.OPENED, 0) for subject in {fact[0] for fact in history}] + history
    start, end = min(one, other), max(one, other) + 1
    plain = defaultdict(Life)
    for _n, (subject, at, kind, term) in sorted(enumerate(facts), key=lambda pair: (pair[1][1], pair[0])):
        plain[subject].take(at, kind, term)
    lives, question = milestones(facts), Question(start, end, days=0)

    def within(at):
        return at is not None and start <= at < end

    resolved = {s: one.resolved - one.opened for s, one in plain.items() if within(one.resolved)}
    drawn = samples.time_to_resolve(lives, question)
    assert dict(zip(lives.subject[drawn.row].tolist(), drawn.seconds.tolist(), strict=True)) == resolved

    restored = {
        s: at - (one.opened if one.failed is None else one.failed)
        for s, one in plain.items()
        if within(at := one.resolved if one.restored is None else one.restored)
        and at >= (one.opened if one.failed is None else one.failed)
    }
    drawn = samples.time_to_restore(lives, question)
    assert dict(zip(lives.subject[drawn.row].tolist(), drawn.seconds.tolist(), strict=True)) == restored

    drawn = samples.time_to_first_resolution(lives, question)
    assert numbers(lives, drawn.row) == sorted(s for s, one in plain.items() if within(one.first_resolved))

    drawn = samples.reopen_rate(lives, question)
    assert numbers(lives, drawn.row) == sorted(s for s, one in plain.items() if within(one.closed))
    assert hits(lives, drawn) == sorted(
        s
        for s, one in plain.items()
        if within(one.closed) and any(seconds <= 0 for seconds in one.reopened_after)
    )  # fmt: skip

    drawn = samples.dispatch_accuracy(lives, question)
    assert hits(lives, drawn) == sorted(
        s for s, one in plain.items() if within(one.resolved) and len(one.teams) == 1
    )

    drawn = samples.time_to_respond(lives, question)
    assert numbers(lives, drawn.waiting) == sorted(
        s
        for s, one in plain.items()
        if within(one.opened) and one.responded is None and one.cancelled is None
    )


@pytest.mark.parametrize("of", ["closed", "logged"])
def test_resolution_rate_says_which_denominator(of):
    lives = milestones(
        [
            (1, 0, K.OPENED, 0),
            (1, 5, K.RESOLVED, 0),
            (1, 150, K.CLOSED, 0),
            (2, 0, K.OPENED, 0),
            (2, 50, K.CLOSED, 0),
        ]
    )
    sample = samples.resolution_rate(lives, Question(0, 100, of=of))
    assert (numbers(lives, sample.row), hits(lives, sample)) == (
        ([2], []) if of == "closed" else ([1, 2], [1])
    )


def test_taking_up_a_failed_restoration_is_no_reopening_of_a_resolution():
    lives = milestones(
        [
            (1, 0, K.OPENED, 0), (1, 5, K.RESTORED, 0), (1, 6, K.REOPENED, 0), (1, 9, K.RESOLVED, 0),
            (1, 20, K.REOPENED, 0), (1, 25, K.RESOLVED, 0), (1, 30, K.CLOSED, 0),
        ]
    )  # fmt: skip
    assert lives.reopened_after.tolist() == [20 - 9]
    assert hits(lives, samples.reopen_rate(lives, Question(0, 100, days=1))) == [1]


def test_closing_after_a_reopening_lets_the_last_resolution_stand():
    lives = milestones(
        [(1, 0, K.OPENED, 0), (1, 5, K.RESOLVED, 0), (1, 9, K.REOPENED, 0), (1, 30, K.CLOSED, 0)]
    )
    assert (lives.resolved_at[0], lives.closed_at[0]) == (5, 30)


def test_a_resolution_on_an_unrecorded_line_is_neither_first_contact_nor_a_miss():
    lives = milestones([(1, 0, K.OPENED, 0), (1, 5, K.RESOLVED, 0), (2, 0, K.OPENED, 0)])
    logged = samples.first_contact_resolution(lives, Question(0, 100, of="logged"), np.array([1]))
    assert (numbers(lives, logged.row), numbers(lives, logged.waiting)) == ([2], [1])
    eligible = samples.first_contact_resolution(lives, Question(0, 100, of="eligible"), np.array([1]))
    assert (numbers(lives, eligible.row), numbers(lives, eligible.waiting)) == ([], [1, 2])
