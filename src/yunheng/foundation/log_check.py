"""Verifies a log from the bodies up to the signed heads, and names the entries that are not what was recorded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from yunheng.logic.leaf import VISIBILITIES
from yunheng.logic.merkle import HASH_BYTES, Frontier, tree_head_bytes

from .journal import REDACTED, differences
from .keys import check_keys, is_signed
from .models import LogAudit, LogState, Scope, TreeHead
from .proofs import NODE_LEVEL, NotSealedError, frontier_at, stored_nodes

__all__ = ["OVERDUE", "LogCheck", "Problem", "check_log"]

OVERDUE: Final = timedelta(minutes=10)
"""An entry that waits longer than this for the sealer is a problem; it should take less than a minute."""

_ROWS: Final = 5_000
_MOST_NAMED: Final = 100  # problems that an audit keeps
_MOST_KEPT: Final = 1_000  # problems that a verification keeps; where a table is lost, each entry has one


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. The entry's fields are empty where the problem is no single entry's."""

    message: str
    entry_id: int | None = None
    subject_number: str = ""
    entry_type: str = ""
    index: int | None = None

    def __str__(self) -> str:
        if self.entry_id is None:
            return self.message
        if not self.subject_number:
            text = _("entry {entry}: {message}")
        elif self.index is None:
            text = _("entry {entry} of {number} ({type}): {message}")
        else:
            text = _("entry {entry} of {number} ({type}), leaf {index}: {message}")
        return text.format(
            entry=self.entry_id,
            number=self.subject_number,
            type=self.entry_type,
            index=self.index,
            message=self.message,
        )


@dataclass(slots=True)
class LogCheck:
    """What a verification of one log has found."""

    scope_key: str
    is_full: bool
    started_at: datetime
    finished_at: datetime
    first: int = 0  # leaves before this one were verified earlier
    size: int = 0  # of the newest head; leaves before this one are verified now
    heads: int = 0
    waiting: int = 0
    last_entry: int = 0
    problems: list[Problem] = field(default_factory=list)  # the first thousand of them
    problem_count: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem_count

    @property
    def unnamed_count(self) -> int:
        """Problems that are counted and not kept."""
        return self.problem_count - len(self.problems)

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep it if it is among the first."""
        self.problem_count += 1
        if len(self.problems) < _MOST_KEPT:
            self.problems.append(problem)

    def keep(self, scope: Scope) -> LogAudit:
        """Record the outcome; the next verification that is not full goes on from the newest sound one."""
        return LogAudit.objects.create(
            scope=scope,
            is_full=self.is_full,
            started_at=self.started_at,
            finished_at=self.finished_at,
            size=self.size,
            last_entry=self.last_entry,
            problem_count=self.problem_count,
            problems=[str(problem) for problem in self.problems[:_MOST_NAMED]],
        )


def check_log(scope: Scope, *, is_full: bool = True) -> LogCheck:
    """Verify a log: bodies → digests → leaves → root at every signed head → signatures → chain of keys.

    Finds entries that were altered, are missing, or stand in no log; data that was erased without an
    "entry.redacted" entry; heads that do not sign what is there. Without `is_full` it goes on from the newest
    sound audit: what was sealed or recorded since; erasures of older entries are then not looked for.
    Takes some 0.1 ms an entry.
    """
    return _Verification(scope, is_full=is_full).run()


# The columns of an entry, from wherever it is reached.
_COLUMNS: Final = """
    entry.id, entry.scope_id, entry.subject_number, entry.type, entry.occurred_at, entry.recorded_at,
    entry.actor_kind, entry.source, entry.leaf,
    entry.shared_digest, entry.internal_digest, entry.personal_digest,
    body.entry_id, body.shared::text, body.internal::text, body.personal::text,
    body.shared_salt, body.internal_salt, body.personal_salt
"""
_LOG_ROWS: Final = f"""
    SELECT log.index, log.entry_id, log.leaf, {_COLUMNS}
    FROM (SELECT * FROM log_leaf WHERE scope_id = %s AND index >= %s AND index < %s
          ORDER BY index LIMIT %s) AS log
    LEFT JOIN entry ON entry.id = log.entry_id
    LEFT JOIN entry_body AS body ON body.entry_id = log.entry_id ORDER BY log.index
"""  # noqa: S608 - made of constants
_WAITING_ROWS: Final = f"""
    SELECT unsealed.entry_id, log.entry_id, {_COLUMNS} FROM unsealed
    LEFT JOIN log_leaf AS log ON log.entry_id = unsealed.entry_id
    LEFT JOIN entry ON entry.id = unsealed.entry_id
    LEFT JOIN entry_body AS body ON body.entry_id = unsealed.entry_id
    WHERE unsealed.scope_id = %s ORDER BY unsealed.entry_id
"""  # noqa: S608 - made of constants


class _Verification:
    """One run over one log."""

    def __init__(self, scope: Scope, *, is_full: bool) -> None:
        now = datetime.now(UTC)
        self.scope = scope
        self.check = LogCheck(scope.key, is_full, now, now)
        # leaf, class, and what is said of the entry if nothing covers it: id, number, type, index
        self.erased: list[tuple[bytes, str, tuple[int, str, str, int | None]]] = []
        self.redacted: dict[bytes, set[str]] = defaultdict(set)  # by leaf
        self.next_index = 0

    def run(self) -> LogCheck:
        check = self.check
        problems, check.warnings = check_keys()
        for message in problems:
            check.add(Problem(message))
        audit = None if check.is_full else _newest_sound_audit(self.scope)
        # State before heads: the sealer goes on meanwhile, and each state has its head when it is committed.
        state = LogState.objects.filter(scope=self.scope).first()
        heads = list(
            TreeHead.objects.filter(scope=self.scope, size__gte=audit.size if audit else 0)
            .select_related("key")
            .order_by("size")
        )
        check.heads = len(heads)
        check.size = heads[-1].size if heads else 0
        self._check_state(state, heads)
        self._check_signatures(heads)
        frontier = self._start(audit, heads)
        self._walk_log(frontier, heads)
        self._walk_waiting()
        # What was sealed between the two walks: it may be the record of an erasure that the first one met.
        for _index, rows in self._log_rows(self.next_index):
            for row in rows:
                self._check_leaf(row)
        self._find_strays(audit)
        if any(True for _problem in self._uncovered()):
            self._look_for_records_of_erasures()
        for problem in self._uncovered():
            check.add(problem)
        check.finished_at = datetime.now(UTC)
        return check

    def _uncovered(self) -> Iterator[Problem]:
        """What is to be said of data that was erased without a record of it."""
        text = _("its {visibility} data was erased, and no {redacted} entry says so")
        for leaf, visibility, (entry_id, number, entry_type, index) in self.erased:
            if visibility not in self.redacted.get(leaf, ()):
                message = text.format(visibility=visibility, redacted=REDACTED)
                yield Problem(message, entry_id, number, entry_type, index)

    def _look_for_records_of_erasures(self) -> None:
        """Read once more what waits, then what was sealed since: an erasure that the last walk met was committed
        together with its record. Anything else met on the way is for the next verification.
        """
        check, erased = self.check, list(self.erased)
        kept, count = len(check.problems), check.problem_count
        waiting, last_entry = check.waiting, check.last_entry
        self._walk_waiting()
        for _index, rows in self._log_rows(self.next_index):
            for row in rows:
                self._check_leaf(row)
        self.erased = erased
        check.waiting, check.last_entry = waiting, last_entry
        del check.problems[kept:]
        check.problem_count = count

    def _say(self, message: str, row: tuple[Any, ...] | None = None, index: int | None = None) -> None:
        """Add a problem; `row` begins with id, scope, number and type of the entry."""
        if row is None:
            self.check.add(Problem(message, index=index))
        else:
            self.check.add(Problem(message, row[0], row[2], row[3], index))

    # --- heads ---

    def _check_state(self, state: LogState | None, heads: list[TreeHead]) -> None:
        if state is None:
            if heads and not LogState.objects.filter(scope=self.scope).exists():
                self._say(_("the sealer's state of the log is gone"))
            return
        if not heads:
            self._say(_("the log counts {size} leaves, but there is no signed head").format(size=state.size))
            return
        packed = bytes(state.frontier)
        parts = tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES))
        try:
            root = Frontier(state.size, parts).root()
        except ValueError:
            root = b""
        if root not in [bytes(head.root) for head in heads if head.size == state.size]:
            self._say(
                _("the sealer's state at {size} leaves is not what a head signs").format(size=state.size)
            )

    def _check_signatures(self, heads: list[TreeHead]) -> None:
        before: TreeHead | None = None
        for head in heads:
            message = tree_head_bytes(self.scope.key, head.size, _hash(head.root), head.signed_at)
            if not is_signed(head.key, bytes(head.signature), message):
                self._say(_("head at {size} leaves: its signature is not valid").format(size=head.size))
            if before is not None and (before.signed_at > head.signed_at or before.key_id > head.key_id):
                text = _("head at {size} leaves: it is signed before the smaller one, or with an older key")
                self._say(text.format(size=head.size))
            before = head

    # --- leaves ---

    def _start(self, audit: LogAudit | None, heads: list[TreeHead]) -> Frontier:
        """Where to go on from: the tree that the newest sound audit verified, if it is still what its head signs."""
        if audit is None or not heads or heads[0].size != audit.size:
            if audit is not None and audit.size:
                text = _("the head at {size} leaves, which an audit has seen, is gone")
                self._say(text.format(size=audit.size))
            return Frontier()
        try:
            frontier = frontier_at(self.scope.pk, audit.size)
        except NotSealedError as error:
            self._say(str(error))
            return Frontier()
        if frontier.root() != bytes(heads[0].root):
            text = _("the leaves before {size} are not what the head there signs")
            self._say(text.format(size=audit.size))
            return Frontier()
        self.check.first = audit.size
        self.check.last_entry = audit.last_entry
        return frontier

    def _walk_log(self, frontier: Frontier, heads: list[TreeHead]) -> None:
        """Every leaf with its entry, then the root at every head, then the stored subtrees."""
        roots = [(head.size, bytes(head.root)) for head in heads if head.size > frontier.size]
        good = frontier.size
        is_whole = True
        wrong = 0
        for index, rows in self._log_rows(frontier.size):
            leaves = [_hash(row[2]) for row in rows]
            places = [row[0] for row in rows]
            for row in rows:
                self._check_leaf(row)
            if is_whole and places != list(range(index, index + len(rows))):
                present = set(places)
                gap = next(at for at in range(index, index + len(rows) + 1) if at not in present)
                text = _("leaf {index} is gone; no head after it can be verified")
                self._say(text.format(index=gap), index=gap)
                is_whole = False
            if not is_whole:
                continue
            done = 0
            while roots and roots[0][0] <= index + len(rows):
                size, root = roots.pop(0)
                frontier = self._grow(frontier, leaves[done : size - index])
                done = size - index
                if frontier.root() == root:
                    good = size
                elif not wrong:
                    wrong = size
                    self._say_altered(good, size)
            frontier = self._grow(frontier, leaves[done:])
        if is_whole and roots:
            text = _(
                "the log ends after {size} leaves, but a head signs {signed}; the newest leaves are gone"
            )
            self._say(text.format(size=frontier.size, signed=roots[-1][0]))
        elif is_whole and frontier.size > self.check.size:
            newest = TreeHead.objects.filter(scope=self.scope).order_by("-size").first()
            if newest is None or newest.size < frontier.size:
                text = _("{count} leaves stand behind the newest head")
                self._say(text.format(count=frontier.size - self.check.size))

    def _log_rows(self, start: int) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """(index expected first, rows of index, entry id, leaf, entry's columns), some thousand at a time."""
        expected = self.next_index = start
        with connection.cursor() as cursor:
            while True:
                cursor.execute(
                    _LOG_ROWS,
                    [self.scope.pk, start, max(self.check.size, start) + _ROWS, _ROWS],
                )
                rows = cursor.fetchall()
                if not rows:
                    return
                yield expected, rows
                start = self.next_index = rows[-1][0] + 1
                expected += len(rows)

    def _grow(self, frontier: Frontier, leaves: list[bytes]) -> Frontier:
        if not leaves:
            return frontier
        grown, nodes = frontier.grow(leaves, NODE_LEVEL)
        if nodes and grown.size <= self.check.size:
            stored = stored_nodes(self.scope.pk, [(start, end) for start, end, _ in nodes])
            for start, end, value in nodes:
                if stored.get((start, end)) != value:
                    text = _("the stored subtree over the leaves {first} to {last} is not theirs")
                    self._say(text.format(first=start, last=end - 1))
        return grown

    def _say_altered(self, good: int, size: int) -> None:
        """Which entries a root that does not fit is about: those sealed since the last head that did."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT entry.id, entry.scope_id, entry.subject_number, entry.type, index FROM log_leaf"
                " JOIN entry ON entry.id = entry_id WHERE log_leaf.scope_id = %s AND index >= %s AND index < %s"
                " ORDER BY index LIMIT %s",
                [self.scope.pk, good, size, _MOST_NAMED + 1],
            )
            suspects = cursor.fetchall()
        where = _("leaves {first} to {last} are not what the head at {size} signs").format(
            first=good, last=size - 1, size=size
        )
        if len(suspects) > _MOST_NAMED:
            self._say(_("{where}; so no later head fits either").format(where=where))
            return
        text = _("it is among those of which one or more were replaced: {where}").format(where=where)
        for row in suspects:
            self._say(text, row, row[4])

    # --- entries ---

    def _check_leaf(self, row: tuple[Any, ...]) -> None:
        index, entry_id, leaf, *columns = row
        if columns[0] is None:
            self.check.add(Problem(_("it is sealed, but gone"), entry_id, index=index))
            return
        self.check.last_entry = max(self.check.last_entry, entry_id)
        if _hash(columns[8]) != _hash(leaf):
            self._say(_("its leaf is not the one in the log"), tuple(columns), index)
        self._check_entry(tuple(columns), index)

    def _check_entry(self, row: tuple[Any, ...], index: int | None) -> None:
        scope_id, entry_type = row[1], row[3]
        leaf, digests, body_id, bodies, salts = _hash(row[8]), row[9:12], row[12], row[13:16], row[16:19]
        if scope_id != self.scope.pk:
            text = _("it belongs to another scope than the log of {log}")
            self._say(text.format(log=self.scope.key), row, index)
            return
        if body_id is None:
            self._say(_("its body is gone"), row, index)
        data = [None if text is None else json.loads(text) for text in bodies]
        for message in differences(
            scope_key=self.scope.key,
            header=row[2:8],
            digests=digests,
            bodies=data,
            salts=salts,
            leaf=leaf,
        ):
            self._say(message, row, index)
        if entry_type == REDACTED and data[0]:
            self.redacted[_leaf_named(data[0].get("leaf"))].update(data[0].get("classes", ()))
        if body_id is not None:
            for visibility, digest, value in zip(VISIBILITIES, digests, data, strict=True):
                if digest is not None and value is None:
                    self.erased.append((leaf, visibility, (row[0], row[2], row[3], index)))

    def _walk_waiting(self) -> None:
        """Entries that the sealer has not reached yet."""
        overdue = self.check.started_at - OVERDUE
        with connection.chunked_cursor() as cursor:  # after an import a million may wait
            cursor.execute(
                _WAITING_ROWS,
                [self.scope.pk],
            )
            while rows := cursor.fetchmany(_ROWS):
                for entry_id, sealed_id, *columns in rows:
                    self.check.waiting += 1
                    row = tuple(columns)
                    if row[0] is None:
                        self.check.add(Problem(_("it waits for the sealer, but is gone"), entry_id))
                        continue
                    if sealed_id is not None:
                        self._say(_("it waits for the sealer, but is in a log already"), row)
                    elif row[5] < overdue:
                        text = _("it waits for the sealer since {at} UTC")
                        self._say(text.format(at=f"{row[5]:%Y-%m-%d %H:%M:%S}"), row)
                    self._check_entry(row, None)

    def _find_strays(self, audit: LogAudit | None) -> None:
        """Entries that are neither in a log nor waiting."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, scope_id, subject_number, type, count(*) OVER () FROM entry"
                " WHERE scope_id = %s AND id > %s"
                " AND NOT EXISTS (SELECT FROM log_leaf WHERE entry_id = entry.id)"
                " AND NOT EXISTS (SELECT FROM unsealed WHERE entry_id = entry.id) ORDER BY id LIMIT %s",
                [self.scope.pk, audit.last_entry if audit else 0, _MOST_KEPT],
            )
            strays = cursor.fetchall()
        for row in strays:
            self._say(_("it stands in no log and does not wait for the sealer"), row)
        if strays:
            self.check.problem_count += strays[0][4] - len(strays)


def _newest_sound_audit(scope: Scope) -> LogAudit | None:
    return LogAudit.objects.filter(scope=scope, problem_count=0).order_by("-pk").first()


def _leaf_named(value: Any) -> bytes:
    """A leaf as an entry names it, in hex; anything that is none names none."""
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        return b""


def _hash(value: Any) -> bytes:
    """A stored hash; anything that is none becomes one that fits nothing."""
    raw = b"" if value is None else bytes(value)
    return raw if len(raw) == HASH_BYTES else bytes(HASH_BYTES)
