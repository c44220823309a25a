"""Clocks: folds a second of one subject, and segments a second of the vectorised fold, on the same random histories.

A segment is the stretch from one fact of a subject to its next (or to now): as many as there are facts. The histories
have a priority change during the life of every fourth ticket, up to two pauses for three parties, late resolutions,
reopenings, disputes; P1 runs on 24x7, the others in office hours with holidays.
"""

import time
from datetime import date
from typing import Any

import numpy as np

from benchmarks.measuring import row, seconds
from yunheng.logic.clock import ClockPolicy, Fact, Goal, explain, fold
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.vector import FactColumns, VectorPolicy, fold_many
from yunheng.logic.worktime import CalendarRules, OpenTime, Window, materialise

K = FactKind
TERMS = {"mail|P1": 0, "mail|P2": 1, "mail|P3": 2, "mail|P4": 3, "client": 4, "supplier": 5, "testing": 6}
START = 1_735_689_600  # 2025-01-01T00:00:00Z
YEAR = 365 * 86_400
NOW = START + YEAR + 30 * 86_400


def calendars() -> dict[str, OpenTime]:
    office = CalendarRules(
        "Asia/Shanghai",
        tuple(Window(day, start, end) for day in range(5) for start, end in ((510, 720), (780, 1050))),
        holidays=frozenset({date(2025, 1, 1), date(2025, 5, 1), date(2025, 10, 1)}),
    )
    always = CalendarRules("UTC", is_always_open=True)
    first, last = date(2024, 12, 1), date(2028, 12, 31)
    return {"8x5": materialise(office, first, last), "24x7": materialise(always, first, last)}


def policy() -> ClockPolicy:
    return ClockPolicy(
        kind="resolve",
        start=frozenset({K.OPENED}),
        stop=frozenset({K.RESOLVED, K.CLOSED}),
        cancel=frozenset({K.CANCELLED}),
        goals={
            "mail|P1": Goal("24x7", seconds=4 * 3600),
            "mail|P2": Goal("8x5", seconds=8 * 3600),
            "mail|P3": Goal("8x5", working_days=2),
            "mail|P4": Goal("8x5", working_days=5),
        },
        pause_reasons=frozenset({"client", "supplier"}),
    )


def histories(subjects: int, seed: int = 1) -> FactColumns:
    """Sorted facts of so many tickets, about eight each, opened over a year."""
    chance = np.random.default_rng(seed)
    number = np.arange(subjects)
    columns: list[dict[str, Any]] = []

    def add(
        chosen: np.ndarray, at: np.ndarray, kind: int, term: object = -1, party: object = 0, ref: int = 0
    ) -> None:
        size = len(number[chosen])
        columns.append(
            {
                "subject": number[chosen],
                "at": at[chosen],
                "kind": np.full(size, int(kind)),
                "term": np.broadcast_to(np.asarray(term), subjects)[chosen],
                "party": np.broadcast_to(np.asarray(party), subjects)[chosen],
                "ref": np.full(size, ref),
                "seq": np.full(size, len(columns)),
            }
        )

    def some(share: float) -> np.ndarray:
        return chance.random(subjects) < share

    def later(at: np.ndarray, mean: float) -> np.ndarray:
        return at + chance.exponential(mean, subjects).astype(np.int64)

    everyone = np.ones(subjects, np.bool_)
    opened = START + chance.integers(0, YEAR, subjects)
    add(everyone, opened, K.OPENED)
    add(everyone, opened, K.PROFILED, chance.integers(0, 4, subjects))
    at = later(opened, 1200)
    add(everyone, at, K.RESPONDED)
    for ref in (1, 2):
        waits = some(0.6)
        at = later(at, 9000)
        reason = chance.integers(4, 7, subjects)
        add(waits, at, K.WAIT_BEGAN, reason, np.where(reason == 5, Party.SUPPLIER, Party.CLIENT), ref)
        add(waits & some(0.04), at + 60, K.PAUSE_DISPUTED, ref=ref)
        between = later(at, 9000)
        add(some(0.12), between, K.PROFILED, chance.integers(0, 4, subjects))
        at = later(between, 30_000)
        add(waits, at, K.WAIT_ENDED, ref=ref)
    at = later(at, 20_000)
    add(~some(0.03), at, K.RESOLVED)
    reopened = some(0.06)
    at = later(at, 40_000)
    add(reopened, at, K.REOPENED)
    at = later(at, 20_000)
    add(reopened, at, K.RESOLVED)
    add(~some(0.05), later(at, 200_000), K.CLOSED)
    names = ("subject", "at", "kind", "term", "party", "ref", "seq")
    joined = {name: np.concatenate([np.asarray(column[name]) for column in columns]) for name in names}
    return FactColumns.from_arrays(
        subject=joined["subject"],
        at=joined["at"],
        kind=joined["kind"],
        term=joined["term"],
        party=joined["party"],
        ref=joined["ref"],
        seq=joined["seq"],
    )


def rows_of(facts: FactColumns, subjects: int) -> list[list[Fact]]:
    """The first so many subjects as facts."""
    names = {number: term for term, number in TERMS.items()}
    result: list[list[Fact]] = [[] for _ in range(subjects)]
    for place in range(int(np.searchsorted(facts.subject, subjects))):
        result[int(facts.subject[place])].append(
            Fact(
                int(facts.at[place]),
                place,
                K(int(facts.kind[place])),
                names.get(int(facts.term[place]), ""),
                Party(int(facts.party[place])),
                int(facts.ref[place]),
            )
        )
    return result


def run(subjects: int = 300_000, *, rounds: int = 5) -> list[dict[str, Any]]:
    open_times, clock = calendars(), policy()
    facts = histories(subjects)
    vector = VectorPolicy.from_policy(clock, TERMS)
    vector_seconds = seconds(
        lambda: fold_many(facts, vector, open_times, NOW), rounds=rounds, clock=time.process_time
    )
    both_seconds = seconds(lambda: fold_many(facts, vector, open_times, NOW, threads=2), rounds=rounds)

    count = min(4000, subjects)
    lists = rows_of(facts, count)
    segments = sum(map(len, lists))
    fold_seconds = seconds(
        lambda: [fold(it, clock, open_times, NOW) for it in lists], rounds=3, clock=time.process_time
    )
    explain_seconds = seconds(
        lambda: [explain(it, clock, open_times, NOW) for it in lists[:500]], clock=time.process_time
    )
    vector_rate, fold_rate = len(facts) / vector_seconds, segments / fold_seconds
    return [
        row(
            "clocks, vectorised",
            vector_rate,
            "segments/s",
            f"{len(facts):,} segments of {subjects:,} subjects, one thread, processor time",
            peer="our fold of one subject",
            peer_value=fold_rate,
        ),
        row(
            "clocks, vectorised, two threads",
            len(facts) / both_seconds,
            "segments/s",
            "the same on both cores, by the wall clock; goal ≥ 8 000 000",
        ),
        row("clocks, one by one", count / fold_seconds, "folds/s", f"{segments / count:.1f} facts a subject"),
        row(
            "clocks, explained",
            min(500, count) / explain_seconds,
            "explanations/s",
            "with all segments, off hours included",
        ),
    ]


if __name__ == "__main__":
    for line in run():
        print(line)
