"""The value objects that answer a question about indicators: rows with numerator, denominator, value, and items."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Basis = Literal["events", "asserted"]
Grouping = Literal["priority", "service", "team", "month"]
Part = Literal["denominator", "numerator", "misses", "excluded", "waiting"]

GROUPINGS: tuple[Grouping, ...] = ("priority", "service", "team", "month")
BASES: tuple[Basis, ...] = ("events", "asserted")
PARTS: tuple[Part, ...] = ("denominator", "numerator", "misses", "excluded", "waiting")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one group ("" = all).

    `value` is None where it is not applicable (nothing in the population): never 0 or 100. Shares ("%") are
    100 × numerator / denominator; durations ("h") are the mean in hours, their numerator is the sum in seconds;
    "tickets" are counts. Rounded once, half-up, to the contract's digits. `excluded` left the population with
    reason and approval; `waiting` belong to it and have no value yet.
    """

    key: str
    label: str
    definition: str
    group: str
    group_label: str
    numerator: int
    denominator: int
    value: Decimal | None
    unit: Literal["%", "h", "tickets"]
    n: int
    mean: Decimal | None
    median: Decimal | None
    p90: Decimal | None
    p95: Decimal | None
    max: Decimal | None
    goal: Decimal | None
    goal_comparison: Literal["at_least", "at_most"] | None
    is_met: bool | None
    is_better_high: bool
    basis: Basis
    population: str
    time_base: Literal["elapsed", "working"]
    calendar: str
    excluded: int
    waiting: int
    is_provisional: bool
    is_of_source: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows for one period with all that is needed to compute them again.

    `start` and `end` are local dates of the contract's zone, `end` being the last day of the period. `position` is the
    log position; with `is_live` facts not yet sealed are in it too, `unsealed` of them entries.
    """

    contract_key: str
    start: date
    end: date
    zone: str
    by: Grouping | None
    basis: Basis
    is_common: bool
    position: int
    is_live: bool
    unsealed: int
    evaluated_at: datetime
    contract_versions: tuple[int, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One member of a population: `at` put it in the period, `seconds` is what was measured where a duration is."""

    subject_id: int
    number: str
    source_number: str
    title: str
    group: str
    clock: str
    part: Literal["hit", "miss", "excluded", "waiting"]
    reason: str
    seconds: int | None
    at: datetime | None
