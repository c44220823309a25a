"""The clocks behind a statement as lines of JSON: one for each ticket and clock, with every segment of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from yunheng.contracts.models import ContractVersion
from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.withheld import client_terms
from yunheng.logic.canonical import canonical
from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind, Party
from yunheng.sla.snapshot import FactTable, load_facts
from yunheng.verify.clocks import Reign, clock_line, reigns_of
from yunheng.verify.verify import counted_clocks, epoch, period_of

from .source import PackSource

_LINES: Final = 10_000  # in one member


def clock_members(
    source: PackSource, versions: Sequence[ContractVersion]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Members `clocks/CLOCK-00000.jsonl`: clocks that the statement counts, of each ticket whose record may have
    settled them in the period, by ticket number. What is withheld from the client is not among them.
    """
    document = source.document
    shown = {version.number: dict(client_terms(version.terms)) for version in versions}
    wanted = counted_clocks(document, shown)
    if not wanted:
        return
    work = _Work.of(source, versions)
    for clock in sorted(wanted):
        policies = [one for terms in shown.values() for one in terms["clocks"] if one["key"] == clock]
        starts = _kinds(kind for policy in policies for kind in policy["start"])
        ends = _kinds(kind for policy in policies for kind in (*policy["stop"], *policy["cancel"]))
        lines = work.lines(clock, starts, ends)
        place, block = 0, list[bytes]()
        for line in lines:
            block.append(line)
            if len(block) == _LINES:
                yield f"clocks/{clock}-{place:05d}.jsonl", iter(block)
                place, block = place + 1, []
        if block or not place:
            yield f"clocks/{clock}-{place:05d}.jsonl", iter(block)


def _kinds(names: Iterable[str]) -> list[int]:
    return sorted({int(FactKind[name.upper()]) for name in names})


@dataclass(frozen=True, slots=True)
class _Work:
    """All facts that stand under the statement's head, and what explains clocks from them."""

    table: FactTable
    rows: Sequence[slice]  #: of each subject, by number
    numbers: Mapping[int, str]
    leaves: Mapping[int, int]
    reigns: Sequence[Reign]
    period: tuple[int, int]
    now: int

    @classmethod
    def of(cls, source: PackSource, versions: Sequence[ContractVersion]) -> _Work:
        table = load_facts(source.scope_id, source.position)
        subjects, first, count = np.unique(table.subject, return_index=True, return_counts=True)
        numbers = _numbers(source.scope_id, subjects.tolist())
        rows = [
            slice(start, start + size) for start, size in zip(first.tolist(), count.tolist(), strict=True)
        ]
        spans = {
            version.number: (int(version.valid_from.timestamp()), int(version.valid_to.timestamp()))
            for version in versions
        }
        return cls(
            table=table,
            rows=sorted(rows, key=lambda own: numbers[int(table.subject[own.start])]),
            numbers=numbers,
            leaves=_leaves(source),
            reigns=reigns_of(spans, {version.number: terms_of_version(version.pk) for version in versions}),
            period=period_of(source.document),
            now=epoch(source.document["evaluated_at"]),
        )

    def lines(self, clock: str, starts: Sequence[int], ends: Sequence[int]) -> Iterator[bytes]:
        """A line for each ticket whose clock may have settled in the period: the rule of `verify.may_settle`."""
        begin, end = self.period
        at = self.table.at
        known = at <= self.now
        is_begun = np.isin(self.table.kind, starts) & (at < end) & known
        is_over = np.isin(self.table.kind, ends) & (at < begin)
        is_later = (at >= begin) & known
        for own in self.rows:
            if not is_begun[own].any() or (is_over[own].any() and not is_later[own].any()):
                continue
            facts = self._facts(own, known[own])
            number = self.numbers[int(self.table.subject[own.start])]
            line = clock_line(clock, number, facts, self.reigns, self.leaves.get, self.now)
            yield canonical(line) + b"\n"

    def _facts(self, own: slice, known: npt.NDArray[np.bool_]) -> list[Fact]:
        table = self.table
        columns = (table.at, table.seq, table.kind, table.term, table.party, table.ref, table.entry)
        return [
            Fact(at, seq, FactKind(kind), table.terms.get(term, ""), Party(party), ref, entry)
            for at, seq, kind, term, party, ref, entry in zip(
                *(column[own][known].tolist() for column in columns), strict=True
            )
        ]


def _numbers(scope_id: int, subjects: Sequence[int]) -> dict[int, str]:
    """Number of each subject, as its entries name it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (subject_id) subject_id, subject_number FROM entry"
            " WHERE scope_id = %s AND subject_id = ANY(%s) ORDER BY subject_id, id",
            [scope_id, list(subjects)],
        )
        return dict(cursor.fetchall())


def _leaves(source: PackSource) -> dict[int, int]:
    """Place in the log of each entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id, index FROM log_leaf WHERE scope_id = %s AND index < %s",
            [source.scope_id, source.position],
        )
        found: dict[int, int] = dict(cursor.fetchall())
    return found
