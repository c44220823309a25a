"""The forecast of a period: how often its 80 % interval holds the truth on made-up contracts, and what one costs."""

from typing import Any

import numpy as np

from benchmarks.measuring import row, seconds

MONTHS = 1_000
#: Neither the seeds with which the method was made nor those of the tests.
SEED = 20_270_101


def run() -> list[dict[str, Any]]:
    """Rows of the table. The contracts are those of the tests: volume, misses, months, seasons and bad days differ."""
    from tests.logic.forecast_world import DAY, FINE, contract, foresee

    held = 0
    for number in range(MONTHS):
        rng = np.random.default_rng([SEED, number])
        world = contract(rng)
        now = world.months * 30 * DAY + int(rng.uniform(2, 27) * DAY)
        found, truth = foresee(world, now, FINE, draws=200, seed=number)
        assert found.low is not None and found.high is not None and truth is not None
        held += found.low <= truth <= found.high
    world = contract(np.random.default_rng([SEED, MONTHS]))
    now = world.months * 30 * DAY + 12 * DAY
    one = seconds(lambda: foresee(world, now, FINE, draws=2_000, seed=1), rounds=3)
    return [
        row(
            "forecast holds the truth",
            100 * held / MONTHS,
            "% of months",
            f"80 % interval, {MONTHS:,} made-up contract-months; goal 76–84 %",
        ),
        row("forecast of a month", one, "s", "2,000 ends drawn and scored"),
    ]
