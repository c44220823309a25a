"""A made-up contract whose truth is known: tickets of some months, and what was known on a day of the last one."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np

from yunheng.logic.forecast import Outlook, PastClock, PastClocks, Tally, outlook, results_after
from yunheng.logic.score import (
    Event,
    Item,
    Knot,
    Linear,
    Measured,
    Occurrence,
    Results,
    Scheme,
    Section,
    Step,
    Tier,
    score,
)
from yunheng.logic.vector.ends import Days, Pending, Track, draw_ends

DAY = 86_400
SHARE, MEAN = "timeliness", "response"
LATE = "late"


@dataclass(frozen=True)
class Contract:
    """Tickets of one contract over some months of 30 days, each opened, answered and solved at known seconds."""

    months: int
    opened: np.ndarray
    answered: np.ndarray
    solved: np.ndarray
    priority: np.ndarray
    goal: np.ndarray

    @property
    def due(self) -> np.ndarray:
        return self.opened + self.goal

    @property
    def settled(self) -> np.ndarray:
        return np.minimum(self.solved, self.due)

    @property
    def is_late(self) -> np.ndarray:
        return self.solved > self.due


def contract(rng: np.random.Generator, *, most: float = 40) -> Contract:
    """A contract drawn at random: size, share of late tickets, how months differ, seasons, bad days."""
    months = int(rng.integers(4, 14))  # of history, and one more
    days = 30 * (months + 1)
    size = float(np.exp(rng.uniform(np.log(4), np.log(most))))
    of_month = rng.normal(0, rng.uniform(0.03, 0.25), months + 1)
    harder = rng.normal(0, rng.uniform(0.05, 0.35), months + 1)
    season = rng.uniform(0, 0.12) * np.sin(np.arange(days) / 365 * 2 * np.pi + rng.uniform(0, 6))
    week = np.array([1.2, 1.1, 1.0, 1.0, 1.0, rng.uniform(0.1, 0.6), rng.uniform(0.05, 0.5)])
    spread = rng.uniform(3, 40)
    mean = size * week[np.arange(days) % 7] * np.exp(of_month[np.arange(days) // 30] + season)
    bad_day = rng.random(days) < rng.uniform(0, 0.04)
    counts = rng.poisson(mean * rng.gamma(spread, 1 / spread, days) * np.where(bad_day, 2.5, 1))
    day = np.repeat(np.arange(days), counts)
    total = len(day)
    opened = day * DAY + (np.clip(rng.normal(13.5, 3.5, total), 0, 23.99) * 3600).astype(np.int64)
    priority = rng.choice(3, total, p=[0.15, 0.5, 0.35])
    goal = np.array([8, 24, 72])[priority] * 3600
    late = rng.uniform(0.03, 0.2)
    sigma = rng.uniform(0.6, 1.2)
    z = float(np.quantile(rng.standard_normal(20_000), 1 - late))
    hours = np.exp(
        np.log(goal / 3600)
        - sigma * z
        + rng.normal(0, sigma, total)
        + sigma * (harder[day // 30] + 0.7 * bad_day[day])
    )
    minutes = rng.lognormal(np.log(rng.uniform(10, 40)) + harder[day // 30] / 2, 0.9, total)
    return Contract(
        months,
        opened,
        opened + (minutes * 60).astype(np.int64) + 1,
        opened + (hours * 3600).astype(np.int64) + 1,
        priority,
        goal.astype(np.int64),
    )


#: Continuous enough: hundreds of items behind a line and a mean, and each late day of every late ticket counts.
FINE = Scheme(
    full=Decimal(100),
    sections=(
        Section(
            "service",
            (
                Item(
                    "timely",
                    Linear((Knot(Decimal(50), Decimal(0)), Knot(Decimal(100), Decimal(60)))),
                    Decimal(60),
                    reads=SHARE,
                    unit="percent",
                ),
                Item(
                    "quick",
                    Linear((Knot(Decimal(0), Decimal(40)), Knot(Decimal(7200), Decimal(0)))),
                    Decimal(40),
                    reads=MEAN,
                    unit="seconds",
                ),
            ),
        ),
    ),
    digits=2,
)
#: As contracts have it: steps of whole points and a price for each late day.
COARSE = Scheme(
    full=Decimal(100),
    start=Decimal(100),
    sections=(
        Section(
            "service",
            (
                Item(
                    "timely",
                    Step(Decimal(92), "higher", Decimal(1), Decimal(2), Decimal(40)),
                    reads=SHARE,
                    unit="percent",
                ),
                Item(
                    "lateness",
                    Occurrence(
                        (LATE,), (Tier(1, Decimal("0.5")),), "units", cap_each=Decimal(2), cap=Decimal(50)
                    ),
                ),
            ),
        ),
    ),
    digits=1,
    events=(LATE,),
)


def results_at(world: Contract, begin: int, end: int, now: int) -> Results:
    """What the tickets bring to the period [begin, end) by what is known at `now`."""
    settled = world.settled
    inside = (settled >= begin) & (settled < min(end, now))
    late = inside & world.is_late
    answered = (world.answered >= begin) & (world.answered < min(end, now))
    n, bad = int(inside.sum()), int(late.sum())
    seconds, count = int((world.answered - world.opened)[answered].sum()), int(answered.sum())
    events = tuple(
        Event(
            str(place),
            LATE,
            int(settled[place]),
            _late_days(int(min(world.solved[place], now) - world.due[place])),
        )
        for place in np.flatnonzero(late)
    )
    return Results(
        {
            SHARE: Measured(Fraction(100 * (n - bad), n) if n else None, n - bad, n),
            MEAN: Measured(Fraction(seconds, count) if count else None, seconds, count),
        },
        events,
    )


def _late_days(seconds: int) -> Fraction:
    return Fraction(max(seconds, 1), DAY)


def foresee(
    world: Contract, now: int, scheme: Scheme, *, draws: int, seed: int
) -> tuple[Outlook, Decimal | None]:
    """The forecast at an instant of the last month, by nothing but what was known then; and how it ended."""
    begin, end = world.months * 30 * DAY, (world.months + 1) * 30 * DAY
    base = results_at(world, begin, end, now)
    tracks, late_seconds, running = _tracks(world, now, end)
    day = np.arange((world.months + 1) * 30)
    days = Days(0, now // DAY, now % DAY, day % 7, day // 30, day % 7 < 5)
    ends = draw_ends(days, tracks, draws=draws, seed=seed)
    truth = score(scheme, results_at(world, begin, end, end)).value
    return outlook(scheme, list(_ends(base, ends, late_seconds, running, scheme, draws, end - now))), truth


def _tracks(world: Contract, now: int, end: int) -> tuple[list[Track], np.ndarray, list[tuple[str, int]]]:
    known = world.opened < now
    opened, due, solved = world.opened[known], world.due[known], world.solved[known]
    settled = np.minimum(solved, due)
    is_settled, is_late = settled < now, (solved > due) & (due < now)
    past = PastClocks(
        PastClock(str(priority), used)
        for priority, used in zip(
            world.priority[known][is_settled].tolist(),
            ((np.minimum(solved, now) - opened) / world.goal[known])[is_settled].tolist(),
            strict=True,
        )
    )
    open_ones = np.flatnonzero(~is_settled)
    chances = [
        past.chance(
            str(world.priority[known][place]),
            float((now - opened[place]) / world.goal[known][place]),
            float((end - opened[place]) / world.goal[known][place]),
        )
        for place in open_ones
    ]
    good, bad = np.array([one.good for one in chances]), np.array([one.bad for one in chances])
    answered = world.answered[known]
    had_answer = answered < now
    lags = np.sort((answered - opened)[had_answer])
    waiting = now - opened[~had_answer]
    places = np.searchsorted(lags, waiting, "right")
    until = np.searchsorted(lags, end - opened[~had_answer], "left")
    share = np.where(places < len(lags), (until - places) / np.maximum(len(lags) - places, 1), 0.0)
    quantity = (np.minimum(solved, now) - due)[is_late]
    late_seconds = np.sort(quantity)
    runs = is_late & (solved >= now) & (settled >= world.months * 30 * DAY)
    running = [(str(place), int(now - due[place])) for place in np.flatnonzero(runs)]
    growing = np.searchsorted(late_seconds, [late for _key, late in running], "right").astype(np.int64)
    rank = np.empty(len(quantity), np.int64)
    rank[np.argsort(quantity, kind="stable")] = np.arange(len(quantity))
    second = opened % DAY

    def of(mask: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return opened[mask] // DAY, second[mask], at[mask] // DAY

    return (
        [
            Track(
                SHARE,
                "share",
                *of(is_settled, settled),
                is_late[is_settled].astype(np.int64),
                Pending(good, bad),
            ),
            Track(
                MEAN,
                "mean",
                *of(had_answer, answered),
                (answered - opened)[had_answer],
                Pending(share, np.zeros(len(share)), places, until, lags),
            ),
            Track(
                LATE,
                "events",
                *of(is_late, settled),
                rank,
                Pending(good, bad, growing=growing),
                quantities=len(late_seconds),
            ),
        ],
        late_seconds,
        running,
    )


def _ends(base, ends, late_seconds, running, scheme, draws, left) -> Iterator[tuple[Hashable, object]]:
    uses_events = bool(scheme.events)
    for draw in range(draws):
        brought = {
            Tally(SHARE, "share"): (int(ends.size[SHARE][draw]), int(ends.amount[SHARE][draw])),
            Tally(MEAN, "mean", factor=1): (int(ends.size[MEAN][draw]), int(ends.amount[MEAN][draw])),
        }
        events, grown = [], {}
        if uses_events:
            events = [
                Event(f"new/{number}", LATE, 0, _late_days(int(late_seconds[place])))
                for number, place in enumerate(ends.events[LATE][draw])
            ]
            for (key, late), place in zip(running, ends.grown[LATE][draw].tolist(), strict=True):
                final = int(late_seconds[place]) if place >= 0 else late + left
                grown[key] = _late_days(min(final, late + left))
        yield draw, partial(results_after, base, brought, events, grown)
