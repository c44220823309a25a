"""Waiting periods of a contract in a period: those that touch it, and how long each held the client's clock back."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.utils.translation import pgettext

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.vector import FactColumns, VectorPolicy
from yunheng.logic.vector.waiting import Waits, held_seconds, read_waits
from yunheng.sla.wording import party_name

from .slicing import UNKNOWN
from .spans import Span
from .study import Study

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waits that touch the period, of tickets that belong to the population, with what each held back."""

    waits: Waits
    seconds: Int64

    def where(self, keep: Bool) -> "Waiting":
        names = ("row", "subject", "began_at", "ended_at", "term", "party", "standing")
        waits = Waits(*(getattr(self.waits, name)[keep] for name in names))
        return Waiting(waits, self.seconds[keep])

    def is_standing(self, what: str) -> Bool:
        wanted = FactKind.PAUSE_DISPUTED if what == "disputed" else 0
        found: Bool = self.waits.standing == wanted
        return found


def party_label(party: str) -> str:
    if party == UNKNOWN:
        return pgettext("slice", "not stated")
    return party_name(Party[party.upper()])


def wait_keys(span: Span, found: Waiting) -> tuple[list[str], Int64]:
    """The kinds of waits that there are, "party|reason" each, and by wait which of them it is."""
    texts = span.study.facts.terms
    names = {int(party): UNKNOWN if party is Party.NONE else party.name.lower() for party in Party}
    codes = found.waits.party.astype(np.int64) << 32 | found.waits.term.astype(np.int64)
    kinds, places = np.unique(codes, return_inverse=True)
    keys = [f"{names[int(kind) >> 32]}|{texts.get(int(kind) & 0xFFFFFFFF, '')}" for kind in kinds]
    return keys, places.astype(np.int64).reshape(-1)


def resolution_clocks(terms: ContractTerms) -> tuple[str, ...]:
    """Clocks of the client's that end with the resolution; where there is none, with the restoration."""
    details = terms.clock_details
    for kind in ("resolve", "restore"):
        found = tuple(key for key in terms.clocks_for("client") if details[key].kind == kind)
        if found:
            return found
    return ()


def waiting_in(span: Span) -> Waiting:
    key = ("waiting", span.start, span.end)
    return span.study.derived(key, lambda: _read_waiting(span))


def _read_waiting(span: Span) -> Waiting:
    """Waits of the period with the seconds that each held back: of several resolution clocks the most."""
    study = span.study
    facts = study.facts
    columns = FactColumns(
        facts.subject, facts.at, facts.kind, facts.term, facts.party, facts.ref, facts.entry
    )
    found = read_waits(_only(columns, np.isin(facts.subject, _waiting_subjects(study))))
    is_ours = found.touch(span.start, min(span.end, study.now + 1)) & ~study.is_left_out(found.subject)
    chosen = np.isin(facts.subject, np.unique(found.subject[is_ours]))
    columns = _only(columns, chosen)
    found = read_waits(columns)
    is_ours = found.touch(span.start, min(span.end, study.now + 1))
    held = np.zeros(len(columns), np.int64)
    for reign in study.reigns:
        for clock in resolution_clocks(reign.terms):
            outcome = reign.outcomes.get(clock)
            if outcome is None:
                continue
            is_of_reign = np.isin(columns.subject, study.lives.subject[outcome.row])
            if not is_of_reign.any():
                continue
            seconds = held_seconds(
                _only(columns, is_of_reign),
                VectorPolicy.from_policy(reign.terms.clocks[clock], facts.numbers),
                reign.terms.calendars,
                min([study.now, *(calendar.last_at for calendar in reign.terms.calendars.values())]),
                start=span.start,
                end=span.end,
            )
            held[is_of_reign] = np.maximum(held[is_of_reign], seconds)
    return Waiting(found, held[found.row]).where(is_ours)


def _waiting_subjects(study: Study) -> Int64:
    facts = study.facts
    found: Int64 = np.unique(facts.subject[facts.kind == FactKind.WAIT_BEGAN])
    return found


def _only(columns: FactColumns, keep: Bool) -> FactColumns:
    names = ("subject", "at", "kind", "term", "party", "ref", "entry")
    return FactColumns(*(getattr(columns, name)[keep] for name in names))
