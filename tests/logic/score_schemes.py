"""Random scoring schemes with results that fit them: clean by construction, unless they are told to be wild."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from yunheng.logic.score import (
    NOT_APPLICABLE,
    AtMost,
    Band,
    Banded,
    Bonus,
    Event,
    Grade,
    GradeAtMost,
    Happened,
    Interval,
    Item,
    Knot,
    Linear,
    Mark,
    Measured,
    Occurrence,
    PassFail,
    PerPoint,
    Rater,
    Rating,
    Ratio,
    Reading,
    Results,
    Rollup,
    Scheme,
    Section,
    SettlementTerms,
    Step,
    Tier,
    Trigger,
    Veto,
)

KINDS = ("late", "missed", "falsified", "criticised", "helped")
PARTIES = ("provider", "client", "supplier")


@dataclass
class Dice:
    """A seeded source of contract-like numbers."""

    chance: random.Random
    is_wild: bool = False

    def one(self, *options):
        return self.chance.choice(options)

    def points(self, least=0, most=40) -> Decimal:
        return Decimal(self.chance.randint(least * 4, most * 4)) / 4

    def cuts(self, count: int, low=0, high=100) -> list[Decimal]:
        return [
            Decimal(one) / 10 for one in sorted(self.chance.sample(range(low * 10 + 1, high * 10), count))
        ]

    def kinds(self) -> tuple[str, ...]:
        return tuple(self.chance.sample(KINDS[:4], self.chance.randint(1, 3)))

    # --- rules

    def bands(self, best: Decimal, is_better_high: bool, low=None, high=None) -> tuple[Band, ...]:
        """A partition with every kind of edge, points falling away from the better side."""
        edges = [low, *self.cuts(self.chance.randint(1, 4)), high]
        points = sorted((best * self.chance.randint(0, 4) / 4 for _ in edges[1:]), reverse=not is_better_high)
        has_low = [True, *(self.one(True, False) for _ in edges[2:])]
        bands = [
            Band(
                Interval(one, other, has_low[at], True if other is high else not has_low[at + 1]), points[at]
            )
            for at, (one, other) in enumerate(pairwise(edges))
        ]
        if self.is_wild and self.chance.random() < 0.5:
            bands.pop(self.chance.randrange(len(bands)))
        self.chance.shuffle(bands)
        return tuple(bands)

    def tiers(self) -> tuple[Tier, ...]:
        starts = sorted(self.chance.sample(range(1, 8), self.chance.randint(1, 3)))
        return tuple(Tier(start, self.points(0, 5)) for start in starts)

    def item(self, key: str) -> Item:
        points = self.one(Decimal(0), self.points(1), self.points(1))
        better = self.one("higher", "lower")
        rule = self.chance.randrange(8)
        on_empty = self.one("reweight", "full", "zero")
        if rule == 0:
            bands = self.bands(points, better == "higher", Decimal(0), Decimal(100))
            return Item(key, Banded(bands), points, key, "percent", better, on_empty)
        if rule == 1:
            at = self.cuts(self.chance.randint(2, 4))
            scores = sorted((points * self.chance.randint(0, 4) / 4 for _ in at), reverse=better == "lower")
            knots = tuple(map(Knot, at, scores))
            return Item(key, Linear(knots, self.one(True, False)), points, key, "percent", better, on_empty)
        if rule == 2:
            step = Step(
                self.cuts(1)[0],
                better,
                self.one(Decimal("0.1"), Decimal(1), Decimal(5)),
                self.points(1, 5),
                self.one(None, self.points(1)),
                self.one("floor", "ceil", "exact"),
            )
            return Item(key, step, points, key, "percent", better, on_empty)
        if rule == 3:
            return Item(
                key, PassFail(Decimal(0) if points else -self.points(0, 5)), points, key, on_empty=on_empty
            )
        if rule == 4:
            ratio = Ratio(self.cuts(1)[0], better)
            return Item(key, ratio, points, key, "percent", better, on_empty)
        if rule == 5:
            weight = Decimal(self.chance.randint(1, 99))
            rating = Rating(
                Decimal(0),
                Decimal(5),
                (Rater("contact", weight), Rater("appraiser", 100 - weight)),
                self.one("mean", "median", "min"),
                self.one(None, Decimal(3)),
                self.one(1, 2),
            )
            return Item(key, rating, points, on_empty=on_empty)
        if rule == 6:
            return Item(key, Bonus(("helped",), self.points(1, 5), self.one(None, self.points(1, 10))))
        occurrence = Occurrence(
            self.kinds(),
            self.tiers(),
            self.one("events", "units"),
            self.one(None, None, self.points(0, 3)),
            self.one(0, 0, 1, 3),
            self.one(None, self.points(0, 5)),
            self.one(None, self.points(0, 30)),
            self.one("floor", "ceil", "exact"),
            self.one(("provider",), ("provider", "supplier")),
        )
        return Item(key, occurrence, points, self.one("", key), on_empty=on_empty)

    # --- a scheme

    def scheme(self) -> Scheme:
        sections = tuple(self.section(at) for at in range(self.chance.randint(1, 4)))
        start = self.one(Decimal(0), Decimal(100))
        full = start + sum(section.full for section in sections)
        if self.is_wild and self.chance.random() < 0.2:
            full += 1
        items = [item for section in sections for item in section.items]
        occurrences = [item.key for item in items if isinstance(item.rule, Occurrence)]
        grades = tuple(
            Grade(name, band.interval)
            for name, band in zip(
                "ABCDE", sorted(self.bands(Decimal(1), True), key=_first, reverse=True), strict=False
            )
        )
        return Scheme(
            full=full,
            sections=sections,
            start=start,
            floor=self.one(None, Decimal(0)),
            ceiling=self.one(None, full),
            bonus_cap=self.one(None, self.points(0, 5)),
            digits=self.one(0, 1, 2),
            vetoes=tuple(self.veto(at, items, grades) for at in range(self.one(0, 0, 1, 2))),
            grades=grades,
            once_across=self.one((), (tuple(occurrences),)) if occurrences else (),
            rollups=(
                Rollup("quarter", "month", self.one("mean", "sum", "deductions", "min", "last")),
                Rollup("year", "month", "weighted_mean", tuple(self.points(1) for _ in range(12))),
            ),
            triggers=(Trigger("twice", Interval(None, Decimal(80)), "terminate", times=2),),
            settlement=SettlementTerms(
                "CNY",
                coefficients=self.bands(Decimal(1), True),
                per_point=self.one(
                    None, PerPoint(self.points(0, 20), Decimal(2), "fee", self.one("floor", "exact"))
                ),
                most=self.one(None, Decimal(100)),
            ),
            events=KINDS,
        )

    def section(self, at: int) -> Section:
        items = tuple(self.item(f"s{at}i{place}") for place in range(self.chance.randint(1, 4)))
        section = Section(f"s{at}", items, self.one(Decimal(0), Decimal(0), self.points(1)))
        if section.own_full and self.chance.random() < 0.5:
            return replace(section, weight=self.points(1))
        return section

    def veto(self, at: int, items: list[Item], grades: tuple[Grade, ...]) -> Veto:
        """One that fires for events, or for the worse side of a value."""
        when = Happened((self.one(*KINDS[:4]),))
        readable = [item for item in items if item.reads and item.better]
        if readable and self.chance.random() < 0.5:
            item = self.one(*readable)
            edge = self.cuts(1)[0]
            when = Reading(
                item.reads, Interval(None, edge) if item.better == "higher" else Interval(edge, None)
            )
        if self.chance.random() < 0.3:
            return Veto(f"v{at}", when, "contract", GradeAtMost(self.one(*grades).key))
        scope = self.one("period", "contract", "item", "section")
        target = {"item": items[0].key, "section": items[0].key[:2]}.get(scope, "")
        return Veto(f"v{at}", when, scope, AtMost(self.points(0, 10)), target)

    # --- results

    def results(self, scheme: Scheme) -> Results:
        items = list(scheme.items())
        measured = {item.reads: self.measured(item) for item in items if item.reads}
        marks = {item.key: self.marks(item.rule) for item in items if isinstance(item.rule, Rating)}
        return Results(measured, self.events(), marks)

    def measured(self, item: Item) -> Measured:
        if self.chance.random() < 0.2:
            return NOT_APPLICABLE
        if isinstance(item.rule, PassFail):
            return Measured(self.one(0, 1))
        below = self.chance.randint(1, 60)
        above = self.chance.randint(0, below)
        return Measured(Fraction(100 * above, below), above, below)

    def marks(self, rule: Rating) -> tuple[Mark, ...]:
        if self.chance.random() < 0.1:
            return ()
        return tuple(
            Mark(
                f"r{at}",
                self.one("contact", "appraiser"),
                Decimal(self.chance.randint(0, 10)) / 2,
                "a reason",
            )
            for at in range(max(rule.quorum, self.chance.randint(1, 4)))
        )

    def events(self) -> tuple[Event, ...]:
        return tuple(
            Event(
                f"e{at}",
                self.one(*KINDS),
                self.chance.randint(0, 9),
                self.points(0, 9),
                self.one(*PARTIES),
                ruling=self.one("", "", "", "amended", "taken_out"),
            )
            for at in range(self.chance.randint(0, 8))
        )


def _first(band: Band):
    return band.interval.first
