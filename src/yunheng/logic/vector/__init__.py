"""Clocks of millions of subjects at once, with numpy; equal to `logic.clock.fold` to the second."""

from yunheng.logic.vector.columns import NONE, ClockColumns, FactColumns, StatusCode
from yunheng.logic.vector.folding import fold_many
from yunheng.logic.vector.policy import VectorPolicy

__all__ = ["NONE", "ClockColumns", "FactColumns", "StatusCode", "VectorPolicy", "fold_many"]
