"""The verifier's plain reading of tickets draws the same members as the product's own, done with numpy."""

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind
from yunheng.logic.vector import samples
from yunheng.logic.vector.milestones import read_milestones
from yunheng.logic.vector.samples import Question
from yunheng.verify.lives import DRAWS, Asked, Drawn, life_of

TERMS = ("", "first", "second", "core|fault", "edge|fault", "|fault", "net", "mail|p1")
K = FactKind
KINDS = (
    K.OPENED, K.RESPONDED, K.RESTORED, K.RESOLVED, K.REOPENED, K.CLOSED, K.CANCELLED, K.FAILED, K.ASSIGNED,
    K.WAIT_BEGAN, K.CLASSIFIED, K.PROFILED, K.LEFT_OUT, K.TAKEN_BACK,
)  # fmt: skip
DAY = 86_400
histories = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(0, 60).map(lambda number: number * DAY // 4),
        st.sampled_from(KINDS),
        st.integers(0, len(TERMS) - 1),
    ),
    max_size=40,
)
FIRST = np.array([TERMS.index("first")], dtype=np.int64)
KNOWN = np.array([TERMS.index("core|fault"), TERMS.index("edge|fault")], dtype=np.int64)
SAMPLES: dict[str, Any] = {
    "mtta": samples.time_to_respond,
    "mttr": samples.time_to_resolve,
    "mttr_first": samples.time_to_first_resolution,
    "mttc": samples.time_to_close,
    "mtrs": samples.time_to_restore,
    "resolved_24h": samples.resolved_within,
    "incident_resolution_rate": samples.resolution_rate,
    "reopen_rate": samples.reopen_rate,
    "recurrence": lambda lives, question: samples.recurrence(lives, question, KNOWN),
    "dispatch_accuracy": samples.dispatch_accuracy,
    "first_contact_resolution": lambda lives, question: samples.first_contact_resolution(
        lives, question, FIRST
    ),
    "backlog_age": lambda lives, question: samples.backlog(lives, question.end)[0],
}


def test_every_indicator_of_tickets_is_drawn() -> None:
    assert SAMPLES.keys() == DRAWS.keys()


@settings(max_examples=150, deadline=None)
@given(
    histories,
    st.integers(0, 15),
    st.integers(1, 15),
    st.sampled_from(["closed", "logged"]),
    st.sampled_from(sorted(DRAWS)),
)
def test_both_readings_draw_the_same(
    history: list[tuple[int, int, FactKind, int]], first: int, length: int, of: str, indicator: str
) -> None:
    start, end = first * DAY, (first + length) * DAY
    opened = [(subject, 0, K.OPENED, 0) for subject in sorted({one[0] for one in history})]
    facts = sorted(
        [*opened, *history], key=lambda one: (one[0], one[1])
    )  # stable: entries of one instant in order
    before = end if indicator == "backlog_age" else None
    columns = [np.array([fact[place] for fact in facts], dtype=np.int64) for place in range(4)]
    lives = read_milestones(
        columns[0], columns[1], columns[2].astype(np.int16), columns[3].astype(np.int32), before=before
    )
    question = Question(start, end, within_seconds=DAY, days=2, of=of)
    sample = SAMPLES[indicator](lives, question)

    told: dict[str, list[Fact]] = defaultdict(list)
    for place, (subject, at, kind, term) in enumerate(facts):
        told[str(subject)].append(Fact(at, place, kind, TERMS[term]))
    drawn = Drawn()
    asked = Asked(start, end, DAY, 2, of, lambda begin, finish: finish - begin)
    DRAWS[indicator]({number: life_of(own, before) for number, own in told.items()}, asked, drawn)

    numbers = [str(subject) for subject in lives.subject.tolist()]
    rows = [numbers[row] for row in sample.row.tolist()]
    hits = {number for number, is_hit in zip(rows, sample.is_hit.tolist(), strict=True) if is_hit}
    assert set(drawn.hits) == hits
    assert drawn.misses == set(rows) - hits
    assert drawn.waiting == {
        numbers[row] for row in ([] if sample.waiting is None else sample.waiting.tolist())
    }
    if sample.seconds is not None:
        assert drawn.hits == dict(zip(rows, sample.seconds.tolist(), strict=True))


@settings(max_examples=100, deadline=None)
@given(histories)
def test_both_readings_leave_out_the_same(history: list[tuple[int, int, FactKind, int]]) -> None:
    facts = sorted(history, key=lambda one: (one[0], one[1]))
    columns = [np.array([fact[place] for fact in facts], dtype=np.int64) for place in range(4)]
    lives = read_milestones(columns[0], columns[1], columns[2].astype(np.int16), columns[3].astype(np.int32))
    for row, subject in enumerate(lives.subject.tolist()):
        own = [Fact(at, 0, kind, TERMS[term]) for number, at, kind, term in facts if number == subject]
        life = life_of(own)
        assert life.is_left_out == bool(lives.is_left_out[row])
        assert life.profile == TERMS[int(lives.profile[row])]
