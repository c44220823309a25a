"""Whether what others promised us fits inside what we promised: at every second, in all calendars (R49)."""

from yunheng.logic.backtoback.days import DayPatterns, LocalDay, local_days
from yunheng.logic.backtoback.examining import Chain, Examination, Hour, examine
from yunheng.logic.backtoback.promises import Promise
from yunheng.logic.backtoback.tracing import Step, Trace, trace

__all__ = [
    "Chain",
    "DayPatterns",
    "Examination",
    "Hour",
    "LocalDay",
    "Promise",
    "Step",
    "Trace",
    "examine",
    "local_days",
    "trace",
]
