"""What a contract version says, compiled: what desk, sla, imports and appraisal work with. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from yunheng.logic.clock import ClockPolicy
from yunheng.logic.facts import Party
from yunheng.logic.priority import PriorityTable
from yunheng.logic.score import Scheme
from yunheng.logic.worktime import OpenTime

from .appraisal_section.agreement import AppraisalTerms

#: Text per language, at least "zh-Hans" and "en".
Label = Mapping[str, str]
Audience = Literal["client", "internal", "supplier"]


def label_in(label: Label, language: str) -> str:
    """The label in a language ("zh-hans", "en-gb" …), else in Chinese for zh, else in English, else any."""
    wanted = language.lower()
    fallback = "zh-hans" if wanted.startswith("zh") else "en"
    for sought in (wanted, fallback):
        for tag, text in label.items():
            if text and tag.lower() == sought:
                return text
    return next(iter(label.values()), "")


@dataclass(frozen=True, slots=True)
class Service:
    """An offering of the service catalogue (R14)."""

    key: str
    label: Label
    calendar: str  #: key of the calendar that is its service hours
    description: Label = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority; `rank` 0 is the most pressing."""

    key: str
    label: Label
    rank: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Priority from impact × urgency, by table and not by formula (indicators.md, Priority and grade)."""

    impacts: Mapping[str, Label]  #: in the contract's order, the gravest first
    urgencies: Mapping[str, Label]
    table: PriorityTable
    major_priority: str | None = None  #: priority of what is declared "major", outside the table
    major_roles: frozenset[str] = frozenset()  #: who may declare it

    def priority_of(self, impact: str, urgency: str) -> str:
        """The priority; every cell has one. Raises logic.priority.PriorityError for an unknown word."""
        return self.table.priority_of(impact, urgency)


@dataclass(frozen=True, slots=True)
class ClockDetail:
    """What is known of a clock beyond its policy: whom it is promised to, and how it is called."""

    key: str  #: also `ClockPolicy.kind` and `LiveClock.kind`
    kind: str  #: respond, update, restore, resolve, arrive, closeout, or "custom"
    audience: Audience  #: client = SLA, internal = OLA, supplier = UC
    label: Label
    supplier: str | None = None  #: organisation key, for audience "supplier"


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A reason for waiting. `stops` are the clocks it stops: the contract alone says so (sla-semantics 7)."""

    code: str
    label: Label
    party: Party
    stops: frozenset[str]


@dataclass(frozen=True, slots=True)
class ExclusionReason:
    """A reason for which a window may be excluded from every clock, and who must agree."""

    code: str
    label: Label
    party: Party
    agreed_by: frozenset[str]  #: of "provider", "client"


@dataclass(frozen=True, slots=True)
class IndicatorGoal:
    """`at_least` 80 percent, `at_most` 1800 seconds."""

    comparison: Literal["at_least", "at_most"]
    value: Decimal  #: percent (0..100), or whole seconds
    unit: Literal["percent", "seconds"]

    def is_reached(self, value: Decimal) -> bool:
        """Whether a value in the goal's own unit reaches it; the edge itself counts as reached."""
        return value >= self.value if self.comparison == "at_least" else value <= self.value


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """An indicator as the contract wants it (keys of reference/indicators.md)."""

    key: str
    label: Label
    goal: IndicatorGoal | None
    time_base: Literal["elapsed", "working"]
    calendar: str | None  #: of working time; None with "elapsed"
    digits: int  #: decimal places to which the value is rounded once, half-up
    clocks: tuple[str, ...] = ()  #: the clocks it counts, where it counts clocks
    within_seconds: int | None = None  #: resolved_24h
    days: int | None = None  #: reopen_rate, recurrence
    of: str | None = None  #: what the denominator is, where two are in use: "closed" or "logged"
    on_empty: Literal["reweight", "full", "zero"] = "reweight"


@dataclass(frozen=True, slots=True)
class ReportTerm:
    """When a report on a month is due, counted from the month's end: `working_days` or `seconds`."""

    kind: str  #: monthly, ledger
    working_days: int | None
    seconds: int | None
    calendar: str | None  #: None: elapsed time

    def due_at(self, month_end: int, calendars: Mapping[str, OpenTime]) -> int:
        """The instant, epoch seconds UTC. Working days end with the day's last window: the n-th open day from the first
        day of the following month on. Raises HorizonError when the calendar ends before.
        """
        if self.working_days is not None and self.calendar is not None:
            # "After the local day of": the last second of the month is on its last day.
            return calendars[self.calendar].end_of_working_day(month_end - 1, self.working_days)
        if self.calendar is not None:
            return calendars[self.calendar].add(month_end, self.seconds or 0)
        return month_end + (self.seconds or 0)


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """When a clock reaches a share of its goal, these roles are told."""

    clock: str
    share: int  #: percent
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """One contract version, ready to compute with. Instants are aware datetimes, durations whole seconds."""

    version_id: int
    number: int
    key: str
    scope_id: int
    title: Label
    zone: str  #: IANA
    valid_from: datetime  #: this version is in force from here on …
    valid_to: datetime  #: … until the next version or this instant (exclusive)
    provider: str  #: organisation keys
    client: str
    suppliers: Mapping[str, str]  #: key -> name
    clocks: Mapping[str, ClockPolicy]  #: by clock key; goals by profile "service|priority"
    clock_details: Mapping[str, ClockDetail]
    calendars: Mapping[str, OpenTime]
    services: Mapping[str, Service]
    priorities: Mapping[str, Priority]  #: in the contract's order
    matrix: Matrix
    pause_reasons: Mapping[str, PauseReason]
    exclusions: Mapping[str, ExclusionReason]
    indicators: Mapping[str, IndicatorSpec]
    escalation: tuple[EscalationStep, ...]
    accepting_is_responding: bool  #: an explicit acceptance is a first response (sla-semantics 9)
    auto_close_days: int | None  #: resolved and silent for so long: closed; None: never by itself
    auto_close_calendar: str | None  #: days are working days of this calendar; None: days of 24 hours
    confirm_days: int  #: working days to answer a proposed pause (sla-semantics 13)
    confirm_calendar: str | None
    backdating_default_seconds: int
    backdating_seconds: Mapping[str, int]  #: by role, where it differs
    reports: Mapping[str, ReportTerm] = field(default_factory=dict)  #: reports that are owed, by kind
    scoring: Scheme | None = None  #: how a period is scored; None: it is not
    appraisal: AppraisalTerms | None = None  #: how a statement goes its way; None: as `appraised_by` says

    def profile(self, service: str, priority: str) -> str:
        """The key under which goals are looked up: "service|priority"."""
        return f"{service}|{priority}"

    def backdating_limit(self, role: str) -> int:
        """How far back, in seconds, `occurred_at` may lie before it is recorded, for a role."""
        return self.backdating_seconds.get(role, self.backdating_default_seconds)

    @property
    def appraised_by(self) -> AppraisalTerms:
        """What is agreed on appraisal, else the usual: the first calendar, 5 working days, silence accepts."""
        return self.appraisal or AppraisalTerms(calendar=next(iter(self.calendars), None))

    def clocks_for(self, audience: Audience) -> tuple[str, ...]:
        """Keys of the clocks promised to an audience, in the contract's order."""
        return tuple(key for key, detail in self.clock_details.items() if detail.audience == audience)
