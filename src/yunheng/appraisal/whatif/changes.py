"""Tickets that make the difference: those for which a clock, or a share, comes out otherwise under the draft."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from django.db import connection

from yunheng.logic.vector.milestones import NEVER

from ..frame import Frame
from ..indicators import INDICATORS
from ..study import Study
from .replay import Replay

Int64 = npt.NDArray[np.int64]
Int8 = npt.NDArray[np.int8]

#: missed: met → missed; met: missed → met; counted: no verdict in the period → one; dropped: the other way round;
#: moved: the same verdict, in another month.
Kind = Literal["missed", "met", "counted", "dropped", "moved"]
KINDS: Final[tuple[Kind, ...]] = ("missed", "met", "counted", "dropped", "moved")
_NONE: Final = -1
_NUMBERS_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Fate:
    """How something went for each ticket, one element per life: 1 met, 0 missed, -1 no verdict in the period.

    `at` is the instant that puts it into its month, `late` by how many counted seconds it was missed.
    """

    verdict: Int8
    at: Int64
    late: Int64
    profile: Int64


@dataclass(frozen=True, slots=True)
class Difference:
    """One clock, or one share that is no clock's: how often each kind of change, and the rows of the lives with it."""

    of: Literal["clock", "indicator"]
    key: str
    old: Fate
    new: Fate
    rows: Mapping[Kind, Int64]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many tickets changed in each way."""
        return {kind: len(self.rows[kind]) for kind in KINDS}

    @property
    def total(self) -> int:
        """How many tickets changed at all."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Change:
    """One ticket for which one clock or share came out otherwise. Instants are aware; verdict None: no verdict."""

    number: str
    of: Literal["clock", "indicator"]
    key: str
    kind: Kind
    old_verdict: bool | None
    new_verdict: bool | None
    old_at: datetime | None
    new_at: datetime | None
    old_late_seconds: int
    new_late_seconds: int
    old_profile: str
    new_profile: str


@dataclass(frozen=True, slots=True)
class Edges:
    """The months of the period for both sides: where each begins, and where the last one ends (epoch seconds)."""

    old: Int64
    new: Int64


def clock_differences(found: Replay, edges: Edges, clocks: Sequence[str]) -> Iterator[Difference]:
    """Of the clocks that both contracts have, ticket by ticket; clocks without any change too."""
    for clock in clocks:
        old, new = clock_fate(found.own, clock, edges.old), clock_fate(found.new, clock, edges.new)
        yield _difference("clock", clock, old, new, edges)


def share_differences(old: Frame, new: Frame, edges: Edges, keys: Sequence[str]) -> Iterator[Difference]:
    """Of shares that are counted on tickets and not on clocks."""
    for key in keys:
        indicator = INDICATORS[key]
        if indicator.unit != "%" or indicator.population in {"settled", "due", "open"}:
            continue
        difference = _difference(
            "indicator",
            key,
            _share_fate(old, key, edges.old),
            _share_fate(new, key, edges.new),
            edges,
        )
        if difference.total:
            yield difference


def clock_fate(study: Study, clock: str, edges: Int64) -> Fate:
    """How a clock went for each ticket, in the months whose edges are given; left-out tickets have no verdict."""
    count = len(study.lives)
    verdict = np.full(count, _NONE, np.int8)
    at, late = np.full(count, NEVER, np.int64), np.zeros(count, np.int64)
    profile = np.zeros(count, np.int64)
    for reign in study.reigns:
        outcome = reign.outcomes.get(clock)
        if outcome is None:
            continue
        is_inside = (
            (outcome.is_met != _NONE) & (outcome.settled_at >= edges[0]) & (outcome.settled_at < edges[-1])
        )
        rows = outcome.row[is_inside]
        verdict[rows] = outcome.is_met[is_inside]
        at[rows] = outcome.settled_at[is_inside]
        late[rows] = reign.late_seconds[clock][is_inside]
        profile[rows] = outcome.profile[is_inside]
    verdict[study.lives.is_left_out] = _NONE
    return Fate(verdict, at, late, profile)


def _share_fate(frame: Frame, key: str, edges: Int64) -> Fate:
    study = frame.study
    sample, _left_out = frame.sample(INDICATORS[key])
    count = len(study.lives)
    verdict, at = np.full(count, _NONE, np.int8), np.full(count, NEVER, np.int64)
    is_inside = (sample.at >= edges[0]) & (sample.at < edges[-1])
    verdict[sample.row[is_inside]] = sample.is_hit[is_inside]
    at[sample.row[is_inside]] = sample.at[is_inside]
    profile = study.lives.profile.astype(np.int64)
    return Fate(verdict, at, np.zeros(count, np.int64), profile)


def _difference(
    of: Literal["clock", "indicator"], key: str, old: Fate, new: Fate, edges: Edges
) -> Difference:
    has_both = (old.verdict != _NONE) & (new.verdict != _NONE)
    is_same = has_both & (old.verdict == new.verdict)
    month_before = np.searchsorted(edges.old, old.at, "right")
    month_after = np.searchsorted(edges.new, new.at, "right")
    found: dict[Kind, npt.NDArray[np.bool_]] = {
        "missed": has_both & (old.verdict == 1) & (new.verdict == 0),
        "met": has_both & (old.verdict == 0) & (new.verdict == 1),
        "counted": (old.verdict == _NONE) & (new.verdict != _NONE),
        "dropped": (old.verdict != _NONE) & (new.verdict == _NONE),
        "moved": is_same & (month_before != month_after),
    }
    return Difference(of, key, old, new, {kind: np.flatnonzero(found[kind]) for kind in KINDS})


def changes(
    found: Replay, differences: Sequence[Difference], *, limit: int | None = None
) -> Iterator[Change]:
    """The changes one by one: clock by clock, kind by kind, in the order of the tickets; at most `limit` of a kind.

    One query for each 50,000 of them.
    """
    for difference in differences:
        for kind in KINDS:
            rows = difference.rows[kind][:limit]
            for begin in range(0, len(rows), _NUMBERS_AT_ONCE):
                yield from _told(found, difference, kind, rows[begin : begin + _NUMBERS_AT_ONCE])


def _told(found: Replay, difference: Difference, kind: Kind, rows: Int64) -> Iterator[Change]:
    old, new = difference.old, difference.new
    subjects = found.own.lives.subject[rows].tolist()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number FROM ticket WHERE scope_id = %s AND id = ANY(%s)",
            [found.own.scope_id, subjects],
        )
        numbers = dict(cursor.fetchall())
    old_terms, new_terms = found.own.facts.terms, found.new.facts.terms
    columns = (
        old.verdict[rows].tolist(),
        new.verdict[rows].tolist(),
        old.at[rows].tolist(),
        new.at[rows].tolist(),
        old.late[rows].tolist(),
        new.late[rows].tolist(),
        old.profile[rows].tolist(),
        new.profile[rows].tolist(),
    )
    for subject, was, is_now, at, now_at, late, now_late, profile, now_profile in zip(
        subjects, *columns, strict=True
    ):
        yield Change(
            number=numbers[subject],
            of=difference.of,
            key=difference.key,
            kind=kind,
            old_verdict=_verdict(was),
            new_verdict=_verdict(is_now),
            old_at=_instant(at),
            new_at=_instant(now_at),
            old_late_seconds=late,
            new_late_seconds=now_late,
            old_profile=old_terms.get(profile, "") if was != _NONE else "",
            new_profile=new_terms.get(now_profile, "") if is_now != _NONE else "",
        )


def _verdict(value: int) -> bool | None:
    return None if value == _NONE else value == 1


def _instant(at: int) -> datetime | None:
    return None if at == NEVER else datetime.fromtimestamp(at, UTC)
