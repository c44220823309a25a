"""Clocks: `fold` facts into elapsed time, due instant and breach; `explain` every second of it."""

from yunheng.logic.clock.explaining import explain
from yunheng.logic.clock.folding import fold
from yunheng.logic.clock.policy import ClockPolicy, Fact, Goal
from yunheng.logic.clock.state import (
    Cause,
    ClockState,
    ClockStatus,
    Cycle,
    Explanation,
    Segment,
    Standing,
    Why,
)

__all__ = [
    "Cause",
    "ClockPolicy",
    "ClockState",
    "ClockStatus",
    "Cycle",
    "Explanation",
    "Fact",
    "Goal",
    "Segment",
    "Standing",
    "Why",
    "explain",
    "fold",
]
