"""What a scheme is applied to: measured values, events and ratings, as plain data, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from yunheng.logic.measure import Measurement, Number


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in the unit of its indicator (per cent of 100, seconds, or a number); None is "not applicable".

    What it is made of goes with it where it is a ratio, so that the explanation can show it.
    """

    value: Number | None
    numerator: Number | None = None
    denominator: Number | None = None

    def __post_init__(self) -> None:
        if any(isinstance(one, float) for one in (self.value, self.numerator, self.denominator)):
            raise TypeError("a measured value is exact, never a float")

    @classmethod
    def of(cls, measurement: Measurement) -> Measured:
        """What `logic.measure` measured."""
        return cls(measurement.value, measurement.numerator, measurement.denominator)


NOT_APPLICABLE = Measured(None)

Ruling = Literal["", "amended", "taken_out"]
"""What both parties or arbitration made of an event: nothing, another quantity or liable party, no event at all."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and may cost or bring points: evidence, liable party and proposer go with it.

    `key` is unique in the period and leads to the record; `at` is an instant in epoch seconds UTC; `quantity` is
    in the unit of its kind (late working days, hours of outage), 1 where it has none. One that was taken out
    stays to be read, and does nothing.
    """

    key: str
    kind: str
    at: int = 0
    quantity: Number = 1
    party: str = "provider"
    subject: str = ""
    evidence: str = ""
    proposer: str = ""
    ruling: Ruling = ""

    def __post_init__(self) -> None:
        if isinstance(self.quantity, float):
            raise TypeError("a quantity is exact, never a float")

    @property
    def is_taken_out(self) -> bool:
        """Whether it was taken out, and neither costs nor brings anything."""
        return self.ruling == "taken_out"


@dataclass(frozen=True, slots=True)
class Mark:
    """One person's mark for one item."""

    rater: str
    role: str
    value: Decimal
    reason: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """All that a period brought. `measured` is by what items read; `marks` by the key of the rated item.

    A value that is not there is no "not applicable": scoring refuses it. `spent`, by item, is what events cost that are
    not told one by one (`condensed`); what is stored has none.
    """

    measured: Mapping[str, Measured] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    spent: Mapping[str, Fraction] = field(default_factory=dict)
