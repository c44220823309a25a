"""Columns that go into the vectorised fold and come out of it."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from yunheng.logic.clock import ClockStatus
from yunheng.logic.facts import Party

Array = npt.NDArray[Any]

NONE = -1  #: what stands in a result column where `ClockState` has None; instants are never negative


class StatusCode(IntEnum):
    """`ClockStatus` as a small integer."""

    NOT_STARTED = 0
    RUNNING = 1
    PAUSED = 2
    STOPPED = 3
    CANCELLED = 4
    NO_TARGET = 5

    @property
    def status(self) -> ClockStatus:
        return ClockStatus[self.name]


_FACT_TYPES: dict[str, type[np.signedinteger[Any]]] = {
    "subject": np.int64,
    "at": np.int64,
    "kind": np.int16,
    "term": np.int32,
    "party": np.int16,
    "ref": np.int64,
    "entry": np.int64,
}


@dataclass(frozen=True, slots=True)
class FactColumns:
    """Facts of many subjects, sorted by (subject, at, seq); the order of rows stands for seq.

    subject, at, ref and entry are int64, kind and party int16, term int32 (the number of a term in the
    dictionary that the policy was built with, -1 for none). All have the same length.
    """

    subject: Array
    at: Array
    kind: Array
    term: Array
    party: Array
    ref: Array
    entry: Array

    def __post_init__(self) -> None:
        for name, wanted in _FACT_TYPES.items():
            column = getattr(self, name)
            if column.dtype != wanted or column.shape != self.subject.shape or column.ndim != 1:
                raise ValueError(
                    f"column {name}: {column.dtype} of shape {column.shape}; "
                    f"{np.dtype(wanted)} of shape {self.subject.shape} is needed"
                )

    def __len__(self) -> int:
        return len(self.subject)

    @classmethod
    def from_arrays(
        cls,
        *,
        subject: npt.ArrayLike,
        at: npt.ArrayLike,
        kind: npt.ArrayLike,
        term: npt.ArrayLike | None = None,
        party: npt.ArrayLike | None = None,
        ref: npt.ArrayLike | None = None,
        entry: npt.ArrayLike | None = None,
        seq: npt.ArrayLike | None = None,
        is_sorted: bool = False,
    ) -> "FactColumns":
        """Columns from anything array-like, sorted by (subject, at, seq) unless `is_sorted` says they are
        already.

        Without `seq` rows of one subject and instant keep their order. Columns left out are 0, `term` -1.
        Raises ValueError when lengths differ, or when rows that were said to be sorted are not.
        """
        given = {
            "subject": subject,
            "at": at,
            "kind": kind,
            "term": term,
            "party": party,
            "ref": ref,
            "entry": entry,
        }
        length = len(np.asarray(subject))
        columns: dict[str, Array] = {}
        for name, values in given.items():
            if values is None:
                column: Array = np.full(length, -1 if name == "term" else 0, _FACT_TYPES[name])
            else:
                column = np.ascontiguousarray(values, dtype=_FACT_TYPES[name])
            if column.shape != (length,):
                raise ValueError(f"column {name} has shape {column.shape}, subject has {length} rows")
            columns[name] = column
        if is_sorted:
            subjects, instants = columns["subject"], columns["at"]
            is_next = subjects[1:] == subjects[:-1]
            if np.any(subjects[1:] < subjects[:-1]) or np.any(is_next & (instants[1:] < instants[:-1])):
                raise ValueError("rows are not sorted by (subject, at)")
        else:
            keys = [columns["at"], columns["subject"]]
            if seq is not None:
                keys.insert(0, np.asarray(seq, dtype=np.int64))
            order = np.lexsort(keys)
            columns = {name: column[order] for name, column in columns.items()}
        return cls(**columns)


@dataclass(frozen=True, slots=True)
class ClockColumns:
    """One row per subject, in ascending order of subject; the fields of `ClockState` that figures need.

    Instants and durations are int64 seconds, NONE (-1) where `ClockState` has None. `status` is a StatusCode
    (int8), `profile` the number of the profile's term or -1, `is_met` and `undisputed_is_met` int8 (1, 0, -1
    for unknown), `waited` has a column for each Party (indexed by its number, so column 0 is Party.NONE),
    `is_provisional` is bool.
    """

    subject: Array
    status: Array
    profile: Array
    started_at: Array
    stopped_at: Array
    elapsed: Array
    goal: Array
    due_at: Array
    breached_at: Array
    settled_at: Array
    is_met: Array
    undisputed_elapsed: Array
    undisputed_is_met: Array
    waited: Array
    is_provisional: Array

    def __len__(self) -> int:
        return len(self.subject)

    @classmethod
    def empty(cls, subject: Array) -> "ClockColumns":
        """Columns for these subjects in which no clock has started."""
        small = {"status": np.int8, "is_met": np.int8, "undisputed_is_met": np.int8}
        columns: dict[str, Array] = {"subject": subject}
        for it in fields(cls):
            if it.name not in columns:
                columns[it.name] = np.full(len(subject), NONE, small.get(it.name, np.int64))
        columns["status"][:] = StatusCode.NOT_STARTED
        columns["elapsed"][:] = 0
        columns["undisputed_elapsed"][:] = 0
        columns["waited"] = np.zeros((len(subject), len(Party)), np.int64)
        columns["is_provisional"] = np.zeros(len(subject), np.bool_)
        return cls(**columns)
