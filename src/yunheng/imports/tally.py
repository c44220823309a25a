"""Figures of the rows of a run that no indicator has: rows by state, the priority table, the source's counters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from yunheng.logic.measure import round_half_up


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
    rows_made_sla: Counter[str] = field(default_factory=Counter)
    with_resolved_rows: int = 0  #: tickets with a row in the resolved state
    moved_teams: int = 0  #: tickets whose rows name more than one team
    common: int = 0  #: tickets with such a row of which the source claims a resolution, too
    first_seconds: int = 0  #: of those: opening to the first row that entered the state, summed
    last_seconds: int = 0  #: … to the last row that entered it
    _combinations: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)

    def add_rows(self, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
        """State, impact, urgency, priority and the source's flag ("" without one) of rows."""
        self._combinations.update(rows)

    def _settle(self) -> None:
        """Split the combinations that were counted: there are few of them, and many rows."""
        for (state, impact, urgency, priority, flag), count in self._combinations.items():
            if state:
                self.rows_by_state[state] += count
            if impact or urgency:
                self.rows_by_level[impact, urgency, priority] += count
            if flag:
                self.rows_made_sla[flag] += count
        self._combinations.clear()

    def to_data(self) -> dict[str, Any]:
        """As JSON; `levels` are rows of [impact, urgency, priority, rows, tickets]."""
        self._settle()
        data = {
            "rows_by_state": dict(self.rows_by_state.most_common()),
            "tickets": self.tickets,
            "tickets_created": self.created,
            "tickets_by_priority": dict(sorted(self.tickets_by_priority.items())),
            "levels": [
                [*level, count, self.tickets_by_level[level]]
                for level, count in sorted(self.rows_by_level.items())
            ],
            "tickets_with_rows_before_opening": self.early,
        }
        return data | self._of_source() if self.made_sla else data

    def _of_source(self) -> dict[str, Any]:
        """What only a log with claims and counters has."""
        return {
            "source": {
                "resolved": self.resolved,
                "without_resolved_at": self.tickets - self.resolved,
                "closed": self.closed,
                "made_sla": dict(sorted(self.made_sla.items())),
                "reassigned": self.reassigned,
                "reopened": self.reopened,
            },
            "observed": {
                "tickets_with_resolved_rows": self.with_resolved_rows,
                "tickets_with_change_of_team": self.moved_teams,
                "rows_made_sla": dict(sorted(self.rows_made_sla.items())),
                "tickets_resolved_in_both": self.common,
                "seconds_to_first_resolved_row": self.first_seconds,
                "seconds_to_last_resolved_row": self.last_seconds,
                "mean_hours_to_first_resolved_row": _mean_hours(self.first_seconds, self.common),
                "mean_hours_to_last_resolved_row": _mean_hours(self.last_seconds, self.common),
            },
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Tally":
        """The reverse of `to_data`; {} gives an empty one."""
        if not data:
            return cls()
        levels = [
            ((impact, urgency, priority), *counts) for impact, urgency, priority, *counts in data["levels"]
        ]
        tally = cls(
            rows_by_state=Counter(data["rows_by_state"]),
            tickets=data["tickets"],
            created=data["tickets_created"],
            tickets_by_priority=Counter(data["tickets_by_priority"]),
            rows_by_level=Counter({level: rows for level, rows, _tickets in levels}),
            tickets_by_level=Counter({level: tickets for level, _rows, tickets in levels}),
            early=data["tickets_with_rows_before_opening"],
        )
        if "source" in data:
            source, observed = data["source"], data["observed"]
            tally.resolved, tally.closed = source["resolved"], source["closed"]
            tally.made_sla = Counter(source["made_sla"])
            tally.reassigned, tally.reopened = source["reassigned"], source["reopened"]
            tally.rows_made_sla = Counter(observed["rows_made_sla"])
            tally.with_resolved_rows = observed["tickets_with_resolved_rows"]
            tally.moved_teams = observed["tickets_with_change_of_team"]
            tally.common = observed["tickets_resolved_in_both"]
            tally.first_seconds = observed["seconds_to_first_resolved_row"]
            tally.last_seconds = observed["seconds_to_last_resolved_row"]
        return tally


def _mean_hours(seconds: int, count: int) -> str | None:
    """Decimal text, rounded half-up to four digits as indicators are; None where there is nothing."""
    return f"{round_half_up(Fraction(seconds, 3600 * count), 4):f}" if count else None
