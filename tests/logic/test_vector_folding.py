"""The vectorised fold equals the fold of one subject, to the second, on random histories."""

import random
from dataclasses import fields

import numpy as np
import pytest
from benchmarks import clocks
from tests.logic.clock_histories import CALENDARS, PROFILES, REASONS, VARIANTS, random_history, random_now

from yunheng.logic.clock import ClockPolicy, ClockState, Fact, fold
from yunheng.logic.facts import FactKind as K
from yunheng.logic.facts import Party
from yunheng.logic.vector import NONE, ClockColumns, FactColumns, StatusCode, VectorPolicy, fold_many

TERMS = {term: number for number, term in enumerate((*PROFILES, *REASONS, "unknown|P9", "s1", "s2"))}


def columns_of(histories: list[list[Fact]]) -> FactColumns:
    rows = [(subject * 3 + 7, fact) for subject, facts in enumerate(histories) for fact in facts]
    return FactColumns.from_arrays(
        subject=[subject for subject, _ in rows],
        at=[fact.at for _, fact in rows],
        seq=[fact.seq for _, fact in rows],
        kind=[fact.kind for _, fact in rows],
        term=[TERMS.get(fact.term, -1) for _, fact in rows],
        party=[fact.party for _, fact in rows],
        ref=[fact.ref for _, fact in rows],
        entry=[fact.entry for _, fact in rows],
    )


def row_of(columns: ClockColumns, place: int) -> dict[str, object]:
    def optional(name: str) -> int | None:
        value = int(getattr(columns, name)[place])
        return None if value == NONE else value

    def truth(name: str) -> bool | None:
        return {1: True, 0: False, NONE: None}[int(getattr(columns, name)[place])]

    names = {number: term for term, number in TERMS.items()}
    return {
        "status": StatusCode(int(columns.status[place])).status,
        "profile": names.get(int(columns.profile[place]), ""),
        "started_at": optional("started_at"),
        "stopped_at": optional("stopped_at"),
        "elapsed_seconds": int(columns.elapsed[place]),
        "goal_seconds": optional("goal"),
        "due_at": optional("due_at"),
        "breached_at": optional("breached_at"),
        "settled_at": optional("settled_at"),
        "is_met": truth("is_met"),
        "undisputed_elapsed_seconds": int(columns.undisputed_elapsed[place]),
        "undisputed_is_met": truth("undisputed_is_met"),
        "waited_seconds": {Party(i): int(s) for i, s in enumerate(columns.waited[place]) if s},
        "is_provisional": bool(columns.is_provisional[place]),
    }


def same_fields(state: ClockState) -> dict[str, object]:
    names = row_of(ClockColumns.empty(np.zeros(1, np.int64)), 0)
    return {name: getattr(state, name) for name in names}


def assert_equal_folds(histories: list[list[Fact]], policy: ClockPolicy, now: int, chunk_rows: int) -> None:
    facts = columns_of(histories)
    result = fold_many(facts, VectorPolicy.from_policy(policy, TERMS), CALENDARS, now, chunk_rows=chunk_rows)
    subjects = [number for number, history in enumerate(histories) if history]
    assert result.subject.tolist() == [number * 3 + 7 for number in subjects]
    for place, number in enumerate(subjects):
        expected = same_fields(fold(histories[number], policy, CALENDARS, now))
        assert row_of(result, place) == expected, sorted(histories[number], key=lambda f: (f.at, f.seq))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_scalar_fold(variant: str, seed: int) -> None:
    chance = random.Random(f"{variant}/{seed}")
    for chunk_rows in (1, 37, 1 << 15):
        histories = [random_history(chance) for _ in range(200)]
        now = random_now(chance, [fact for history in histories for fact in history])
        assert_equal_folds(histories, VARIANTS[variant], now, chunk_rows)


def test_threads_change_nothing() -> None:
    chance = random.Random("threads")
    facts = columns_of([random_history(chance) for _ in range(300)])
    policy, now = VectorPolicy.from_policy(VARIANTS["plain"], TERMS), int(facts.at.max())
    one, many = (fold_many(facts, policy, CALENDARS, now, chunk_rows=50, threads=n) for n in (1, 4))
    for field in fields(ClockColumns):
        assert np.array_equal(getattr(one, field.name), getattr(many, field.name)), field.name


def test_the_benchmark_measures_right_results() -> None:
    """Its calendars have no provisional year and cover all facts, so that some checks are left out."""
    policy, calendars = clocks.policy(), clocks.calendars()
    facts = clocks.histories(400, seed=3)
    result = fold_many(facts, VectorPolicy.from_policy(policy, clocks.TERMS), calendars, clocks.NOW)
    for place, told in enumerate(clocks.rows_of(facts, 400)):
        row = row_of(result, place)
        expected = same_fields(fold(told, policy, calendars, clocks.NOW))
        assert clocks.TERMS[str(expected["profile"])] == result.profile[place]
        assert row | {"profile": ""} == expected | {"profile": ""}, told


@pytest.mark.parametrize(
    ("answers", "is_counted"),
    [
        ((K.PAUSE_CONFIRMED,), False),
        ((K.PAUSE_CONFIRMED, K.PAUSE_DISPUTED), True),
        ((K.PAUSE_UPHELD, K.PAUSE_DISPUTED), True),
        ((K.PAUSE_CONFIRMED, K.PAUSE_DISPUTED, K.PAUSE_CONFIRMED), False),
    ],
)
def test_a_dispute_after_another_sides_confirmation_counts_in_both_folds(
    answers: tuple[K, ...], is_counted: bool
) -> None:
    opened_at = 1_780_300_800  # Monday, 2026-06-01 08:00 UTC
    facts = [Fact(opened_at, 1, K.OPENED), Fact(opened_at, 2, K.PROFILED, "mail|P1")]
    facts.append(Fact(opened_at + 600, 3, K.WAIT_BEGAN, "client", Party.CLIENT, 1))
    facts.append(Fact(opened_at + 4200, 4, K.WAIT_ENDED, ref=1))
    facts += [Fact(opened_at + 5000, 5 + place, kind, ref=1) for place, kind in enumerate(answers)]
    now = opened_at + 6000
    one = fold(facts, VARIANTS["plain"], CALENDARS, now)
    many = fold_many(columns_of([facts]), VectorPolicy.from_policy(VARIANTS["plain"], TERMS), CALENDARS, now)
    assert row_of(many, 0) == same_fields(one)
    assert (one.elapsed_seconds, one.undisputed_elapsed_seconds) == (6000 if is_counted else 2400, 2400)
