"""Working time: calendar rules become explicit open intervals, exact to the second.

Open ⇔ the local wall time lies in a window (half-open, belonging to the local day it starts on). Instants are
whole UTC seconds since 1970, everywhere. A time zone is consulted by `materialise` alone; what it returns
needs none. Source: sla-semantics 0–6, R13.
"""

from yunheng.logic.worktime.days import WorkingDays
from yunheng.logic.worktime.errors import CalendarError, HorizonError
from yunheng.logic.worktime.materialise import materialise
from yunheng.logic.worktime.opentime import OpenTime, has_open_time
from yunheng.logic.worktime.rules import CalendarRules, RuleFinding, Window, lint_rules
from yunheng.logic.worktime.zones import tzdata_edition

__all__ = [
    "CalendarError",
    "CalendarRules",
    "HorizonError",
    "OpenTime",
    "RuleFinding",
    "Window",
    "WorkingDays",
    "has_open_time",
    "lint_rules",
    "materialise",
    "tzdata_edition",
]
