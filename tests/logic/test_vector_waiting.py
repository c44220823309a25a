"""Waiting periods read in bulk, and what each held a clock back, against the explanation of one clock."""

import random
from collections import Counter

import numpy as np
import pytest
from tests.logic.clock_histories import CALENDARS, VARIANTS, random_history, random_now
from tests.logic.test_vector_folding import TERMS, columns_of

from yunheng.logic.clock import Fact, Why, explain, fold
from yunheng.logic.facts import FactKind as K
from yunheng.logic.facts import Party
from yunheng.logic.vector import VectorPolicy
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.vector.waiting import held_seconds, read_waits

#: Those in which earlier laps keep their pauses in the explanation.
WHOLE = [
    name for name, policy in VARIANTS.items() if not policy.reset and policy.goal_change == "retroactive"
]
HOUR = 3600
MONDAY = 1_780_300_800  # 2026-06-01 08:00 UTC


def told(history: list[Fact], variant: str, now: int, start: int, end: int) -> Counter[int]:
    """Seconds by entry of the wait, from the segments of the clock's explanation."""
    found: Counter[int] = Counter()
    for segment in explain(history, VARIANTS[variant], CALENDARS, now).segments:
        if segment.why is Why.PAUSE:
            found[segment.entry] += max(0, min(segment.to_at, end) - max(segment.from_at, start))
    return +found


@pytest.mark.parametrize("variant", WHOLE)
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_segments_of_the_explanation(variant: str, seed: int) -> None:
    chance = random.Random(f"waiting/{variant}/{seed}")
    histories = [random_history(chance) for _ in range(150)]
    every = [fact.at for history in histories for fact in history]
    now = random_now(chance, [fact for history in histories for fact in history])
    low, high = sorted(chance.choices(range(min(every), max(every) + 1), k=2))
    for start, end in ((0, 1 << 40), (low, high)):
        facts = columns_of(histories)
        held = held_seconds(
            facts, VectorPolicy.from_policy(VARIANTS[variant], TERMS), CALENDARS, now, start=start, end=end
        )
        row = 0
        for history in histories:
            rows = slice(row, row + len(history))
            row += len(history)
            found: Counter[int] = Counter()
            for entry, seconds in zip(facts.entry[rows].tolist(), held[rows].tolist(), strict=True):
                found[entry] += seconds
            assert +found == told(history, variant, now, start, end), sorted(history, key=lambda f: f.seq)


def test_all_time_by_party_is_what_the_fold_says_was_waited() -> None:
    chance = random.Random("parties")
    histories = [[f for f in random_history(chance) if f.kind not in (K.EXCLUSION_BEGAN, K.EXCLUSION_ENDED)]
                 for _ in range(150)]  # fmt: skip
    histories = [history for history in histories if history]
    now = random_now(chance, [fact for history in histories for fact in history])
    facts = columns_of(histories)
    policy = VARIANTS["plain"]
    held = held_seconds(facts, VectorPolicy.from_policy(policy, TERMS), CALENDARS, now, start=0, end=1 << 40)
    row = 0
    for history in histories:
        rows = slice(row, row + len(history))
        row += len(history)
        found: Counter[Party] = Counter()
        for party, seconds in zip(facts.party[rows].tolist(), held[rows].tolist(), strict=True):
            found[Party(party)] += seconds
        assert +found == Counter(fold(history, policy, CALENDARS, now).waited_seconds)


def one_wait(*standing: K, ended: bool = True, reason: str = "client") -> list[Fact]:
    facts = [Fact(MONDAY, 1, K.OPENED), Fact(MONDAY, 2, K.PROFILED, "mail|P1")]
    facts.append(Fact(MONDAY + HOUR, 3, K.WAIT_BEGAN, reason, Party.CLIENT, 9, 3))
    if ended:
        facts.append(Fact(MONDAY + 3 * HOUR, 4, K.WAIT_ENDED, ref=9))
    return facts + [Fact(MONDAY + 4 * HOUR, 5 + n, kind, ref=9) for n, kind in enumerate(standing)]


@pytest.mark.parametrize(
    ("facts", "hours", "standing", "ended_at"),
    [
        (one_wait(), 2, 0, MONDAY + 3 * HOUR),
        (one_wait(ended=False), 9, 0, NEVER),
        (one_wait(K.PAUSE_CONFIRMED), 2, K.PAUSE_CONFIRMED, MONDAY + 3 * HOUR),
        (one_wait(K.PAUSE_DISPUTED), 0, K.PAUSE_DISPUTED, MONDAY + 3 * HOUR),
        (one_wait(K.PAUSE_DISPUTED, K.PAUSE_UPHELD), 2, K.PAUSE_UPHELD, MONDAY + 3 * HOUR),
        (one_wait(K.PAUSE_DISPUTED, K.PAUSE_REJECTED), 0, K.PAUSE_REJECTED, MONDAY + 3 * HOUR),
        (one_wait(reason="client_testing"), 0, 0, MONDAY + 3 * HOUR),  # the contract lets it stop nothing
    ],
)
def test_every_wait_is_read_whatever_it_held_back(
    facts: list[Fact], hours: int, standing: int, ended_at: int
) -> None:
    columns, now = columns_of([facts]), MONDAY + 10 * HOUR
    (wait,) = [read_waits(columns)]
    assert (wait.began_at.tolist(), wait.ended_at.tolist()) == ([MONDAY + HOUR], [ended_at])
    assert (wait.standing.tolist(), wait.party.tolist()) == ([standing], [Party.CLIENT])
    held = held_seconds(
        columns,
        VectorPolicy.from_policy(VARIANTS["plain"], TERMS),
        CALENDARS,
        now,
        start=MONDAY,
        end=MONDAY + 24 * HOUR,
    )
    assert held[wait.row].tolist() == [hours * HOUR]


def test_a_period_has_the_waits_that_last_for_some_of_it() -> None:
    wait = read_waits(columns_of([one_wait()]))
    inside, before, after = (
        wait.touch(MONDAY + from_hour * HOUR, MONDAY + to_hour * HOUR).tolist()
        for from_hour, to_hour in ((2, 4), (3, 9), (0, 1))
    )
    assert (inside, before, after) == ([True], [False], [False])
    assert len(read_waits(columns_of([[Fact(MONDAY, 1, K.OPENED)]]))) == 0
    assert held_seconds(
        columns_of([]), VectorPolicy.from_policy(VARIANTS["plain"], {}), CALENDARS, 0, start=0, end=1
    ).shape == (0,)
    assert np.count_nonzero(wait.touch(MONDAY + HOUR, MONDAY + 2 * HOUR)) == 1
