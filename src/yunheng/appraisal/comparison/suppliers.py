"""How the suppliers of a contract kept what they promised in a period, and what that did to the client's promise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.comparison import Share, union_seconds
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.vector import FactColumns
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.vector.waiting import Waits, read_waits

from ..frame import Frame

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Key of who was waited for without being called: no entry says which supplier it was.
NOT_STATED: Final = ""
#: What stands behind the numbers, by name; of a target "missed:KIND" and "met:KIND".
PAUSES: Final = ("confirmed", "disputed", "rejected", "unanswered")


@dataclass(frozen=True, slots=True)
class SupplierRecord:
    """One supplier in one contract and period.

    `targets` by kind of clock: met of settled. `late` are tickets on which it missed a target of its own, `hit` those
    of them on which the time promised to the client to restore or resolve was missed, too. `held` of `open` seconds,
    elapsed time, the tickets for which it was called waited for it. `pauses` by how they were answered. `members` are
    the subjects behind each.
    """

    key: str
    name: str
    targets: Mapping[str, Share]
    called: int
    late: int
    hit: int
    held_seconds: int
    open_seconds: int
    pauses: Mapping[str, int]
    backdated: int
    members: Mapping[str, tuple[int, ...]] = field(repr=False, default_factory=dict)

    @property
    def pause_count(self) -> int:
        """All waiting periods on its account that touch the period."""
        return sum(self.pauses.values())

    @property
    def is_empty(self) -> bool:
        """Whether the period knows nothing of it."""
        return not (self.called or self.pause_count or any(one.denominator for one in self.targets.values()))


def records_of(frame: Frame) -> tuple[SupplierRecord, ...]:
    """The suppliers that the contract names, in its order, then others that were called; last who is not stated, where
    somebody was waited for and no call says whom. (1 query where there are waiting periods of theirs.)
    """
    terms = frame.terms
    names = {key: name for reign in frame.study.reigns for key, name in reign.terms.suppliers.items()}
    reader = _Reader(frame)
    found = dict.fromkeys([*terms.suppliers, *sorted(reader.seen - set(terms.suppliers))])
    records = [reader.record(key, names.get(key, key)) for key in found if key != NOT_STATED]
    if NOT_STATED in reader.seen:
        records.append(reader.record(NOT_STATED, ""))
    return tuple(one for one in records if one.key in terms.suppliers or not one.is_empty)


class _Reader:
    """Facts of one period, told apart by the supplier that was called."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.study = frame.study
        self.until = min(frame.end, self.study.now + 1)
        self.calls = _calls(frame)
        self.waits, self.whose = self._waits()
        self.missed: dict[str, dict[str, list[int]]] = {}
        self.met: dict[str, dict[str, list[int]]] = {}
        self._read_clocks()
        self.backdated = self._dated_back()
        self.client_missed = self._client_missed()
        self.seen = {
            *self.missed,
            *self.met,
            *self.whose,
            *(supplier for calls in self.calls.values() for _at, supplier in calls),
        }

    def record(self, key: str, name: str) -> SupplierRecord:
        kinds = dict.fromkeys(
            [*_kinds(self.frame.terms, key), *self.met.get(key, {}), *self.missed.get(key, {})]
        )
        met, missed = self.met.get(key, {}), self.missed.get(key, {})
        late = sorted({subject for subjects in missed.values() for subject in subjects})
        hit = [subject for subject in late if subject in self.client_missed]
        pauses = self._pauses(key)
        called, open_seconds = self._called(key)
        members: dict[str, Sequence[int]] = {
            "late": late,
            "hit": hit,
            "called": called,
            "backdated": [int(self.waits.subject[at]) for at in self._own(key) if at in self.backdated],
            **{f"met:{kind}": met.get(kind, ()) for kind in kinds},
            **{f"missed:{kind}": missed.get(kind, ()) for kind in kinds},
            **pauses,
        }
        return SupplierRecord(
            key=key,
            name=name,
            targets={
                kind: Share(len(met.get(kind, ())), len(met.get(kind, ())) + len(missed.get(kind, ())))
                for kind in kinds
            },
            called=len(called),
            late=len(late),
            hit=len(hit),
            held_seconds=self._held(key),
            open_seconds=open_seconds,
            pauses={standing: len(subjects) for standing, subjects in pauses.items()},
            backdated=len(members["backdated"]),
            members={name: tuple(subjects) for name, subjects in members.items() if subjects},
        )

    # --- clocks

    def _read_clocks(self) -> None:
        lives = self.study.lives
        for reign in self.study.reigns:
            for clock in reign.terms.clocks_for("supplier"):
                outcome, detail = reign.outcomes.get(clock), reign.terms.clock_details[clock]
                if outcome is None:
                    continue
                is_inside = (outcome.settled_at >= self.frame.start) & (outcome.settled_at < self.frame.end)
                chosen = np.flatnonzero(is_inside & (outcome.is_met >= 0) & ~lives.is_left_out[outcome.row])
                for place in chosen.tolist():
                    subject = int(lives.subject[outcome.row[place]])
                    settled_at = int(outcome.settled_at[place])
                    supplier = detail.supplier or self._called_by(subject, settled_at)
                    side = self.met if outcome.is_met[place] else self.missed
                    side.setdefault(supplier, {}).setdefault(detail.kind, []).append(subject)

    def _client_missed(self) -> frozenset[int]:
        """Subjects on which the time promised to the client to restore or resolve was missed."""
        lives = self.study.lives
        found: set[int] = set()
        for reign in self.study.reigns:
            for clock in reign.terms.clocks_for("client"):
                outcome = reign.outcomes.get(clock)
                if outcome is not None and reign.terms.clock_details[clock].kind in _ENDS:
                    found.update(lives.subject[outcome.row[outcome.is_met == 0]].tolist())
        return frozenset(found)

    # --- calls

    def _called_by(self, subject: int, at: int) -> str:
        """Who had been called last by an instant; NOT_STATED where nobody had."""
        return next((who for when, who in reversed(self.calls.get(subject, ())) if when <= at), NOT_STATED)

    def _called(self, key: str) -> tuple[list[int], int]:
        """Tickets for which a supplier had been called that were open in the period, and for how long, elapsed."""
        lives, found, seconds = self.study.lives, [], 0
        for subject, calls in self.calls.items():
            called_at = min((at for at, who in calls if who == key), default=None)
            if called_at is None or called_at >= self.until:
                continue
            row = int(np.searchsorted(lives.subject, subject))
            if lives.is_left_out[row]:
                continue
            ends = [int(one[row]) for one in (lives.resolved_at, lives.closed_at, lives.cancelled_at)]
            ended_at = min((at for at in ends if at != NEVER), default=self.until)
            begin, end = max(int(lives.opened_at[row]), self.frame.start), min(ended_at, self.until)
            if end > begin or self.frame.start <= called_at < self.until:
                found.append(subject)
                seconds += max(0, end - begin)
        return found, seconds

    # --- waiting

    def _waits(self) -> tuple[Waits, list[str]]:
        """Waiting periods on suppliers' account that touch the period, and whose each is."""
        facts = self.study.facts
        is_wanted = (facts.kind == FactKind.WAIT_BEGAN) & (facts.party == Party.SUPPLIER)
        chosen = np.isin(facts.subject, np.unique(facts.subject[is_wanted]))
        names = ("subject", "at", "kind", "term", "party", "ref", "entry")
        found = read_waits(FactColumns(*(getattr(facts, name)[chosen] for name in names)))
        keep = (
            (found.party == Party.SUPPLIER)
            & found.touch(self.frame.start, self.until)
            & ~self.study.is_left_out(found.subject)
        )
        self.entries: Int64 = facts.entry[chosen][found.row][keep]
        waits = Waits(*(getattr(found, name)[keep] for name in _WAIT))
        whose = [
            self._called_by(subject, self.study.now if end == NEVER else end)
            for subject, end in zip(waits.subject.tolist(), waits.ended_at.tolist(), strict=True)
        ]
        return waits, whose

    def _own(self, key: str) -> list[int]:
        return [place for place, who in enumerate(self.whose) if who == key]

    def _pauses(self, key: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {standing: [] for standing in PAUSES}
        for place in self._own(key):
            standing = _STANDINGS.get(int(self.waits.standing[place]), "unanswered")
            found[standing].append(int(self.waits.subject[place]))
        return found

    def _held(self, key: str) -> int:
        spans: dict[int, list[tuple[int, int]]] = {}
        for place in self._own(key):
            ended_at = int(self.waits.ended_at[place])
            end = min(self.until, self.until if ended_at == NEVER else ended_at)
            begin = max(int(self.waits.began_at[place]), self.frame.start)
            spans.setdefault(int(self.waits.subject[place]), []).append((begin, end))
        return sum(union_seconds(own) for own in spans.values())

    def _dated_back(self) -> frozenset[int]:
        """Places of the waiting periods that began by an entry that was dated back by more than the minute that typing
        takes (as statements list them), or was corrected.
        """
        if not len(self.entries):
            return frozenset()
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT id FROM entry WHERE id = ANY(%s)
                  AND (source IN ('person', 'device') AND recorded_at - occurred_at > interval '1 minute'
                       OR type = 'ticket.time_corrected')""",
                [self.entries.tolist()],
            )
            found = {entry for (entry,) in cursor.fetchall()}
        return frozenset(place for place, entry in enumerate(self.entries.tolist()) if entry in found)


#: Kinds of clocks that a supplier can make the provider miss: not those of who answers and reports.
_ENDS: Final = frozenset({"restore", "resolve"})
_WAIT: Final = ("row", "subject", "began_at", "ended_at", "term", "party", "standing")
_STANDINGS: Final = {
    int(FactKind.PAUSE_CONFIRMED): "confirmed",
    int(FactKind.PAUSE_UPHELD): "confirmed",
    int(FactKind.PAUSE_DISPUTED): "disputed",
    int(FactKind.PAUSE_REJECTED): "rejected",
}


def _calls(frame: Frame) -> dict[int, list[tuple[int, str]]]:
    """By subject who was called when, in the order of time."""
    facts = frame.study.facts
    rows = np.flatnonzero(
        (facts.kind == FactKind.DISPATCHED) & (facts.term != 0) & (facts.at <= frame.study.now)
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for row in rows.tolist():
        supplier = facts.terms.get(int(facts.term[row]), "")
        if supplier:
            found.setdefault(int(facts.subject[row]), []).append((int(facts.at[row]), supplier))
    return found


def _kinds(terms: ContractTerms, supplier: str) -> Iterator[str]:
    """Kinds of targets that a supplier has in the contract."""
    for clock in terms.clocks_for("supplier"):
        detail = terms.clock_details[clock]
        if supplier != NOT_STATED and detail.supplier in (None, supplier):
            yield detail.kind


def together(records: Iterable[SupplierRecord]) -> SupplierRecord:
    """One supplier over all contracts that it serves; shares from sums. Raises ValueError for none."""
    whole = list(records)
    if not whole:
        raise ValueError("no record")
    targets: dict[str, Share] = {}
    pauses = dict.fromkeys(PAUSES, 0)
    for one in whole:
        for kind, share in one.targets.items():
            targets[kind] = targets.get(kind, Share(0, 0)) + share
        for standing, count in one.pauses.items():
            pauses[standing] += count
    return SupplierRecord(
        key=whole[0].key,
        name=whole[0].name,
        targets=targets,
        called=sum(one.called for one in whole),
        late=sum(one.late for one in whole),
        hit=sum(one.hit for one in whole),
        held_seconds=sum(one.held_seconds for one in whole),
        open_seconds=sum(one.open_seconds for one in whole),
        pauses=pauses,
        backdated=sum(one.backdated for one in whole),
    )
