"""The instants and marks of each subject's life, read off its facts: one array element per subject."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunheng.logic.facts import FactKind

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).min  #: stands for "no such instant"


@dataclass(frozen=True, slots=True)
class Milestones:
    """Arrays of one shape (subjects,), sorted by subject. Instants are epoch seconds UTC, NEVER where there
    is none.

    Terms are ids of the dictionary that came with the facts, 0 where there is none. An instant that a later
    fact took back (resolved, then reopened) is NEVER again; `first_*` keeps the first one whatever came
    after.
    """

    subject: Int64
    opened_at: Int64
    responded_at: Int64
    restored_at: Int64
    resolved_at: Int64
    first_resolved_at: Int64
    closed_at: Int64
    cancelled_at: Int64
    failed_at: Int64  # FAILED where known, else opened_at
    reopened_after: Int64  # fewest seconds from a resolution or closure to the reopening that undid it
    reopenings: Int64
    waits: Int64
    teams: Int64  # assignments to a team other than the one before it, the first included
    profile: Int32
    team: Int32
    classification: Int32
    line: Int32  # support line of the standing resolution
    left_out: Int32  # reason; 0: belongs to the population
    is_left_out: Bool
    asserted_opened_at: Int64
    asserted_resolved_at: Int64
    asserted_closed_at: Int64
    source_made_sla: Int32
    source_reassigned: Int32
    source_reopened: Int32

    def __len__(self) -> int:
        return len(self.subject)


def read_milestones(
    subject: Int64, at: Int64, kind: npt.NDArray[np.int16], term: Int32, *, before: int | None = None
) -> Milestones:
    """Read milestones from facts sorted by (subject, at, seq); facts at or after `before` are as if not
    there.
    """
    if before is not None:
        keep = at < before
        subject, at, kind, term = subject[keep], at[keep], kind[keep], term[keep]
    subjects, row_subject = np.unique(subject, return_inverse=True)
    row_subject = row_subject.astype(np.int64, copy=False)
    count = len(subjects)

    def rows_of(*kinds: FactKind) -> Int64:
        return np.flatnonzero(np.isin(kind, np.array([int(one) for one in kinds], dtype=kind.dtype)))

    def last_row(rows: Int64) -> Int64:
        found = np.full(count, -1, dtype=np.int64)
        found[row_subject[rows]] = rows  # rows ascend, so the last one stays
        return found

    def first_row(rows: Int64) -> Int64:
        return last_row(rows[::-1])

    def instant(row: Int64) -> Int64:
        if not len(at):
            return np.full(count, NEVER, dtype=np.int64)
        return np.where(row >= 0, at[row], NEVER)

    def text(row: Int64) -> Int32:
        if not len(term):
            return np.zeros(count, dtype=np.int32)
        return np.where(row >= 0, term[row], 0).astype(np.int32)

    def tally(rows: Int64) -> Int64:
        return np.bincount(row_subject[rows], minlength=count).astype(np.int64)

    opened = first_row(rows_of(FactKind.OPENED))
    opened_at = instant(opened)
    reopened_rows = rows_of(FactKind.REOPENED)
    last_reopened = last_row(reopened_rows)

    def standing(rows: Int64) -> Int64:
        """Row of the last such fact unless a reopening came after it."""
        found = last_row(rows)
        return np.where(found > last_reopened, found, -1)

    resolved_rows = rows_of(FactKind.RESOLVED)
    closed_rows = rows_of(FactKind.CLOSED)
    ended_rows = rows_of(FactKind.RESOLVED, FactKind.CLOSED)
    closed = standing(closed_rows)
    # closing without a new resolution says that the last one holds after all
    resolved = np.where(closed >= 0, last_row(resolved_rows), standing(resolved_rows))
    restored = standing(rows_of(FactKind.RESTORED))
    restored = np.where(restored >= 0, restored, resolved)
    failed_at = instant(first_row(rows_of(FactKind.FAILED)))
    membership = last_row(rows_of(FactKind.LEFT_OUT, FactKind.TAKEN_BACK))
    is_left_out = (membership >= 0) & (
        kind[membership] == FactKind.LEFT_OUT if len(kind) else np.zeros(count, dtype=np.bool_)
    )

    assigned_rows = rows_of(FactKind.ASSIGNED)
    is_other_team = np.ones(len(assigned_rows), dtype=np.bool_)
    if len(assigned_rows) > 1:
        is_same_subject = row_subject[assigned_rows][1:] == row_subject[assigned_rows][:-1]
        is_other_team[1:] = ~(is_same_subject & (term[assigned_rows][1:] == term[assigned_rows][:-1]))

    return Milestones(
        subject=subjects,
        opened_at=opened_at,
        responded_at=instant(first_row(rows_of(FactKind.RESPONDED))),
        restored_at=instant(restored),
        resolved_at=instant(resolved),
        first_resolved_at=instant(first_row(resolved_rows)),
        closed_at=instant(closed),
        cancelled_at=instant(last_row(rows_of(FactKind.CANCELLED))),
        failed_at=np.where(failed_at != NEVER, failed_at, opened_at),
        reopened_after=_reopened_after(row_subject, at, ended_rows, reopened_rows, count),
        reopenings=tally(reopened_rows),
        waits=tally(rows_of(FactKind.WAIT_BEGAN)),
        teams=tally(assigned_rows[is_other_team]),
        profile=text(last_row(rows_of(FactKind.PROFILED))),
        team=text(last_row(assigned_rows)),
        classification=text(last_row(rows_of(FactKind.CLASSIFIED))),
        line=text(resolved),
        left_out=np.where(is_left_out, text(membership), 0).astype(np.int32),
        is_left_out=is_left_out,
        asserted_opened_at=instant(last_row(rows_of(FactKind.ASSERTED_OPENED))),
        asserted_resolved_at=instant(last_row(rows_of(FactKind.ASSERTED_RESOLVED))),
        asserted_closed_at=instant(last_row(rows_of(FactKind.ASSERTED_CLOSED))),
        source_made_sla=text(last_row(rows_of(FactKind.SOURCE_MADE_SLA))),
        source_reassigned=text(last_row(rows_of(FactKind.SOURCE_REASSIGNED))),
        source_reopened=text(last_row(rows_of(FactKind.SOURCE_REOPENED))),
    )


def _reopened_after(subject: Int64, at: Int64, ended: Int64, reopened: Int64, count: int) -> Int64:
    """By subject the fewest seconds from an end (a row) to the reopening that undid it, NEVER without one.

    A restoration that did not hold is taken up again too: only what undoes a resolution or closure is a reopening.
    """
    fewest = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
    place = np.searchsorted(ended, reopened) - 1
    undone = np.where(place >= 0, ended[place], -1) if len(ended) else np.full(len(reopened), -1)
    before = np.concatenate([np.full(1, -1), reopened[:-1]])[: len(reopened)]
    is_undoing = (undone > before) & (undone >= 0)
    is_undoing[is_undoing] = subject[undone[is_undoing]] == subject[reopened[is_undoing]]
    rows, ends = reopened[is_undoing], undone[is_undoing]
    np.minimum.at(fewest, subject[rows], at[rows] - at[ends])
    return np.where(fewest == np.iinfo(np.int64).max, NEVER, fewest)
