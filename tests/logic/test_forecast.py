"""The forecast: how often its interval holds the truth; and tiers, ways and chances, each worked by hand."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from tests.logic.forecast_world import COARSE, DAY, FINE, contract, foresee

from yunheng.logic.forecast import (
    PastClock,
    PastClocks,
    Tally,
    better_tier,
    event_way,
    good_way,
    late_way,
    mean_way,
    outlook,
    reach,
    results_after,
    worse_tiers,
)
from yunheng.logic.score import (
    Band,
    Event,
    Grade,
    Happened,
    Interval,
    Item,
    Measured,
    Occurrence,
    Results,
    Scheme,
    Section,
    SettlementTerms,
    Step,
    Tier,
    Trigger,
    Veto,
    score,
)
from yunheng.logic.vector.ends import Days, Track, draw_ends

# --- how often the interval holds the truth ------------------------------------------------------------------

MONTHS = 420
#: The method was made with other seeds.
SEED = 20_261_122


def test_the_interval_of_80_per_cent_holds_the_truth_in_76_to_84() -> None:
    held, below, above = 0, 0, 0
    for number in range(MONTHS):
        rng = np.random.default_rng([SEED, number])
        world = contract(rng)
        now = world.months * 30 * DAY + int(rng.uniform(2, 27) * DAY)
        found, truth = foresee(world, now, FINE, draws=140, seed=number)
        assert found.low is not None and found.high is not None and truth is not None
        below += truth < found.low
        above += truth > found.high
        held += found.low <= truth <= found.high
    assert 0.76 <= held / MONTHS <= 0.84, (held, below, above)
    # on both sides about a tenth: neither too hopeful nor too gloomy
    assert 0.05 <= below / MONTHS <= 0.15
    assert 0.05 <= above / MONTHS <= 0.15


def test_where_scores_fall_together_the_truth_lies_evenly_among_the_draws() -> None:
    """Steps and caps: the interval holds more than its share; with ties at random it holds its share."""
    held, inside, months = 0, 0, 60
    for number in range(months):
        rng = np.random.default_rng([SEED + 1, number])
        world = contract(rng, most=6)
        now = world.months * 30 * DAY + int(rng.uniform(2, 27) * DAY)
        found, truth = foresee(world, now, COARSE, draws=120, seed=number)
        assert found.low is not None and found.high is not None and truth is not None
        held += found.low <= truth <= found.high
        under, at = found.below(truth)
        inside += 0.1 <= float(under) + rng.random() * float(at) <= 0.9
    assert held >= inside
    assert 0.7 <= inside / months <= 0.9


def test_fewer_months_make_a_wider_interval() -> None:
    widths = []
    rng = np.random.default_rng(7)
    for months in (12, 2):
        day = np.repeat(np.arange(30 * months), 10)
        bad = rng.random(len(day)) < 0.1
        place = np.arange(30 * (months + 1))
        days = Days(0, 30 * months, 0, place % 7, place // 30, place % 7 < 5)
        track = Track("x", "share", day, np.zeros(len(day), np.int64), day, bad.astype(np.int64))
        drawn = draw_ends(days, [track], draws=2_000, seed=1).amount["x"]
        low, high = np.quantile(drawn, [0.1, 0.9])
        assert low < 30 < high  # 300 tickets, of which a tenth
        widths.append(high - low)
    assert widths[1] > 1.3 * widths[0]


def test_without_two_whole_months_nothing_is_drawn() -> None:
    place = np.arange(60)
    with pytest.raises(ValueError, match="1 whole months"):
        draw_ends(Days(0, 40, 0, place % 7, place // 30, place % 7 < 5), [], draws=10, seed=1)


def test_equal_seeds_draw_equal_ends() -> None:
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(90), 4)
    place = np.arange(120)
    days = Days(0, 95, 40_000, place % 7, place // 30, place % 7 < 5)
    late = (rng.random(len(day)) < 0.3).astype(np.int64)
    events = np.flatnonzero(late)
    noon = np.full(len(day), 43_200)
    tracks = [
        Track("share", "share", day, noon, day, late),
        Track(
            "late",
            "events",
            day[events],
            noon[events],
            day[events],
            np.arange(len(events)),
            quantities=len(events),
        ),
    ]
    one, two, other = (draw_ends(days, tracks, draws=50, seed=seed) for seed in (5, 5, 6))
    assert (one.amount["share"] == two.amount["share"]).all() and one.events == two.events
    assert (one.amount["share"] != other.amount["share"]).any()
    assert (one.amount["share"] <= one.size["share"]).all()


# --- chances -------------------------------------------------------------------------------------------------


def test_the_chance_of_a_clock_is_that_of_past_ones_that_had_come_as_far() -> None:
    past = PastClocks([PastClock("erp|P1", used / 10) for used in range(1, 21)])  # 0.1 … 2.0: ten in time
    chance = past.chance("erp|P1", 0.55, 2.0)
    assert chance.bad == pytest.approx(10.5 / 16)  # of 15 that ran on at 0.55, ten were missed
    assert chance.good == pytest.approx(5.5 / 16)
    # the period ends at 0.75 of its goal: it cannot be missed in it, two of 15 came in before
    assert past.chance("erp|P1", 0.55, 0.75).bad == 0
    assert past.chance("erp|P1", 0.55, 0.75).good == pytest.approx(2 / 16)
    assert past.chance("erp|P1", 0.95, 2.0).bad > chance.bad


def test_too_few_of_a_profile_borrow_from_all() -> None:
    past = PastClocks([PastClock("erp|P1", 1.5)] * 3 + [PastClock("erp|P2", 0.5)] * 30)
    assert past.chance("erp|P1", 0.1, 2.0).bad == pytest.approx(3.5 / 34)
    assert PastClocks([]).chance("erp|P1", 0.5, 2.0).bad == pytest.approx(0.5)


# --- ends and their scores -----------------------------------------------------------------------------------

GRADED = Scheme(
    full=Decimal(100),
    start=Decimal(100),
    sections=(
        Section(
            "all",
            (
                Item(
                    "share",
                    Step(Decimal(90), "higher", Decimal(1), Decimal(2)),
                    reads="share",
                    unit="percent",
                ),
                Item(
                    "mean",
                    Step(Decimal(600), "lower", Decimal(300), Decimal(3)),
                    reads="mean",
                    unit="seconds",
                ),
                Item("late", Occurrence(("late",), (Tier(1, Decimal(1)),))),
            ),
        ),
    ),
    digits=1,
    vetoes=(Veto("leaked", Happened(("leak",))),),
    grades=(
        Grade("good", Interval(Decimal(90))),
        Grade("fair", Interval(Decimal(80), Decimal(90))),
        Grade("poor", Interval(None, Decimal(80))),
    ),
    triggers=(Trigger("twice", Interval(None, Decimal(85)), "rectify", times=2),),
    settlement=SettlementTerms(
        "CNY",
        coefficients=(
            Band(Interval(Decimal(95)), Decimal(1)),
            Band(Interval(None, Decimal(95)), Decimal("0.9")),
        ),
    ),
    events=("late", "leak"),
)
NOW = Results(
    {"share": Measured(Fraction(95), 95, 100), "mean": Measured(Fraction(500), 5_000, 10)},
    (Event("a", "late", 1),),
)


def test_the_rest_adds_to_what_was() -> None:
    share, mean = Tally("share", "share"), Tally("mean", "mean", factor=1)
    later = results_after(NOW, {share: (100, 15), mean: (10, 9_000)}, [Event("b", "late", 2)], {"a": 4})
    assert later.measured["share"] == Measured(Fraction(90), 180, 200)
    assert later.measured["mean"] == Measured(Fraction(700), 14_000, 20)
    assert [(event.key, event.quantity) for event in later.events] == [("a", 4), ("b", 1)]
    rare = Tally("share", "share", "numerator")
    assert results_after(NOW, {rare: (100, 15)}, [], {}).measured["share"].numerator == 110


def test_an_outlook_counts_what_came_out() -> None:
    def end(late: int) -> Results:
        return results_after(NOW, {}, [Event(f"n{number}", "late", 2) for number in range(late)], {})

    found = outlook(
        GRADED,
        [(late, lambda late=late: end(late)) for late in [0] * 1 + [4] * 8 + [12] * 1],
        {"below 90": lambda one: one.value is not None and one.value < 90},
    )
    assert (found.low, found.median, found.high) == (87, 95, 95)
    assert found.grades == {"good": Fraction(9, 10), "fair": Fraction(1, 10), "poor": 0}
    assert found.asked == {"below 90": Fraction(1, 10)}
    assert found.below(Decimal(95)) == (Fraction(1, 10), Fraction(8, 10))
    with pytest.raises(ValueError, match="no ends"):
        outlook(GRADED, [])


# --- tiers ---------------------------------------------------------------------------------------------------


def test_the_next_tiers_are_the_nearest_below() -> None:
    now = score(GRADED, NOW)
    assert now.value == 99
    tiers = worse_tiers(GRADED, now, {"twice": 1})
    assert [(tier.kind, tier.key) for tier in tiers] == [
        ("grade", "fair"),
        ("coefficient", "0.9"),
        ("trigger", "twice"),
        ("veto", "leaked"),
    ]
    assert tiers[2].is_last_of_row and not worse_tiers(GRADED, now)[2].is_last_of_row
    assert better_tier(GRADED, now) is None


def test_a_late_ticket_counts_in_its_share_and_as_an_event() -> None:
    tiers = worse_tiers(GRADED, score(GRADED, NOW))
    way = late_way("resolve", [("share", 100)], [("late", 1)])

    def after(count: int) -> Decimal:
        missing = max(Fraction(0), 90 - Fraction(9_500, 100 + count))
        return Decimal(99 - count - 2 * (missing.numerator // missing.denominator))

    for found, limit in zip(reach(GRADED, NOW, tiers[:3], way), (90, 95, 85), strict=True):
        assert found.count == next(count for count in range(200) if after(count) < limit)
        assert found.then is not None and found.then.value == after(found.count)


def test_one_event_is_enough_for_a_veto_and_no_number_of_others_is() -> None:
    veto = worse_tiers(GRADED, score(GRADED, NOW))[3:]
    assert reach(GRADED, NOW, veto, event_way("leak"))[0].count == 1
    assert reach(GRADED, NOW, veto, event_way("late"))[0].count is None


def test_a_mean_is_tipped_by_the_minutes_of_one_more() -> None:
    (grade,) = worse_tiers(GRADED, score(GRADED, NOW))[:1]
    (found,) = reach(GRADED, NOW, [grade], mean_way("mean"))
    # 90 is left with 9 points off: 3 steps of 5 min over 10 min, so a mean of 25 min over 11 items
    assert found.count is not None
    fewest = next(minutes for minutes in range(10_000) if Fraction(5_000 + 60 * minutes, 11) >= 600 + 4 * 300)
    assert found.count == fewest
    assert found.then is not None and found.then.value == 87


def test_good_ones_lift_a_share_to_the_next_better_grade() -> None:
    low = Results({**NOW.measured, "share": Measured(Fraction(80), 80, 100)}, NOW.events)
    now = score(GRADED, low)
    assert now.value == 79
    tier = better_tier(GRADED, now)
    assert tier is not None and tier.key == "fair"
    (found,) = reach(GRADED, low, [tier], good_way("share"), is_upward=True)
    assert found.count == 1  # 81 of 101: 9.8 short of 90, 9 whole steps
    assert found.then is not None and found.then.value == 81
