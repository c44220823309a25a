"""Figures of the rows of a run that no indicator has: rows by state, the priority table, the source's counters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """Sums over the rows and tickets of a file. Plain data, so that a run that was killed goes on with it."""

    rows_by_state: Counter[str] = field(default_factory=Counter)
    tickets: int = 0
    tickets_by_priority: Counter[str] = field(default_factory=Counter)
    tickets_by_level: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rows_by_level: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    resolved: int = 0
    closed: int = 0
    made_sla: Counter[str] = field(default_factory=Counter)
    reassigned: int = 0
    reopened: int = 0
    early: int = 0  #: tickets with rows that the source dates before their opening
    created: int = 0  #: tickets that this run created

    def add_rows(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """State, impact, urgency and priority of rows."""
        for state, *level in rows:
            self.rows_by_state[state] += 1
            self.rows_by_level[(level[0], level[1], level[2])] += 1

    def to_data(self) -> dict[str, Any]:
        """As JSON; `levels` are rows of [impact, urgency, priority, rows, tickets]."""
        return {
            "rows_by_state": dict(self.rows_by_state.most_common()),
            "tickets": self.tickets,
            "tickets_created": self.created,
            "tickets_by_priority": dict(sorted(self.tickets_by_priority.items())),
            "levels": [
                [*level, count, self.tickets_by_level[level]]
                for level, count in sorted(self.rows_by_level.items())
            ],
            "source": {
                "resolved": self.resolved,
                "without_resolved_at": self.tickets - self.resolved,
                "closed": self.closed,
                "made_sla": dict(sorted(self.made_sla.items())),
                "reassigned": self.reassigned,
                "reopened": self.reopened,
            },
            "tickets_with_rows_before_opening": self.early,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Tally":
        """The reverse of `to_data`; {} gives an empty one."""
        if not data:
            return cls()
        source = data["source"]
        levels = [((impact, urgency, priority), *counts) for impact, urgency, priority, *counts in data["levels"]]
        return cls(
            rows_by_state=Counter(data["rows_by_state"]),
            tickets=data["tickets"],
            created=data["tickets_created"],
            tickets_by_priority=Counter(data["tickets_by_priority"]),
            rows_by_level=Counter({level: rows for level, rows, _tickets in levels}),
            tickets_by_level=Counter({level: tickets for level, _rows, tickets in levels}),
            resolved=source["resolved"],
            closed=source["closed"],
            made_sla=Counter(source["made_sla"]),
            reassigned=source["reassigned"],
            reopened=source["reopened"],
            early=data["tickets_with_rows_before_opening"],
        )
