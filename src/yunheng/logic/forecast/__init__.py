"""Points left and forecast (R50): how near the next tier of a running period is, and how the period may end."""

from yunheng.logic.forecast.chances import Chance, PastClock, PastClocks
from yunheng.logic.forecast.outlook import Outlook, Tally, outlook, results_after
from yunheng.logic.forecast.tiers import Reach, Tier, better_tier, reach, worse_tiers
from yunheng.logic.forecast.ways import (
    Way,
    event_way,
    good_way,
    late_way,
    mean_way,
    miss_way,
)

__all__ = [
    "Chance",
    "Outlook",
    "PastClock",
    "PastClocks",
    "Reach",
    "Tally",
    "Tier",
    "Way",
    "better_tier",
    "event_way",
    "good_way",
    "late_way",
    "mean_way",
    "miss_way",
    "outlook",
    "reach",
    "results_after",
    "worse_tiers",
]
