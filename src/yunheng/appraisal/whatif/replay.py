"""Replays: the facts of a contract under the terms of a draft, beside the study of the contract as it was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from django.db import connection

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.facts import FactKind
from yunheng.logic.vector.milestones import Milestones, read_milestones
from yunheng.sla.snapshot import FactTable

from ..attributes import rows_of
from ..study import Study, replayed
from .draft import Draft

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

# A few groups of ids are read in a tenth of the time of all rows.
_GROUPED = """
    SELECT impact, urgency, string_agg(int8send(id), ''::bytea)
    FROM ticket WHERE scope_id = %s AND impact <> '' AND urgency <> '' AND NOT is_major GROUP BY impact, urgency"""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came of working out priorities anew. `kept`: tickets whose priority was not the one of the old matrix."""

    changed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The contract as it was, and as it would have been under the draft: the same tickets in the same rows.

    `strange_services` are services that the contract had and the draft does not know, with their rows, which are left
    out of the draft's side; `strange_priorities` likewise, but those only have no goals.
    """

    own: Study
    new: Study
    draft: Draft
    strange_services: Mapping[str, Int64]
    strange_priorities: Mapping[str, Int64]
    has_other_matrix: bool
    recomputed: Recomputed | None

    @property
    def own_terms(self) -> ContractTerms:
        """The terms that were in force last."""
        return self.own.terms


def replay(study: Study, draft: Draft, *, recomputes_priority: bool = False) -> Replay:
    """Fold everything anew under the draft's terms. Nothing is written.

    `recomputes_priority`: where a ticket has the priority that the contract's matrix gives for its impact and urgency
    as they are now, it gets the one of the draft's matrix; a priority that people set, and a major one, stays.
    """
    terms = draft.terms_for(study)
    facts, lives, recomputed = study.facts, study.lives, None
    if recomputes_priority:
        facts, recomputed = _with_new_priorities(study, terms)
        if facts is not study.facts:
            lives = read_milestones(facts.subject, facts.at, facts.kind, facts.term)
    profile = _profiles(lives, facts)
    services = {key for reign in study.reigns for key in reign.terms.services}
    priorities = {key for reign in study.reigns for key in reign.terms.priorities}
    strange_services = dict(_rows_by(profile, 0, services - set(terms.services)))
    strange_priorities = dict(_rows_by(profile, 1, priorities - set(terms.priorities)))
    if strange_services:
        is_left_out = lives.is_left_out.copy()
        for rows in strange_services.values():
            is_left_out[rows] = True
        lives = replace(lives, is_left_out=is_left_out)
    return Replay(
        own=study,
        new=replayed(study, terms, facts=facts, lives=lives),
        draft=draft,
        strange_services=strange_services,
        strange_priorities=strange_priorities,
        has_other_matrix=_cells(study.terms) != _cells(terms),
        recomputed=recomputed,
    )


def _cells(terms: ContractTerms) -> Mapping[tuple[str, str], str]:
    return terms.matrix.table.cells


@dataclass(frozen=True, slots=True)
class _Profiles:
    """The profile of each life, as places in the list of the different ones."""

    texts: list[str]
    place: Int64


def _profiles(lives: Milestones, facts: FactTable) -> _Profiles:
    ids, place = np.unique(lives.profile, return_inverse=True)
    return _Profiles([facts.terms.get(int(one), "") for one in ids], place.astype(np.int64))


def _rows_by(profiles: _Profiles, part: int, keys: set[str]) -> Iterator[tuple[str, Int64]]:
    """Rows of the lives whose service (part 0) or priority (part 1) is one of the keys, for each that has any."""
    parts = [[*text.split("|"), "", ""][part] for text in profiles.texts]
    for key in sorted(keys):
        places = [place for place, text in enumerate(parts) if text == key]
        rows = np.flatnonzero(np.isin(profiles.place, np.array(places, np.int64)))
        if len(rows):
            yield key, rows


def _with_new_priorities(study: Study, terms: ContractTerms) -> tuple[FactTable, Recomputed]:
    """The facts with the profiles that the draft's matrix leads to; texts that are new get numbers of their own.

    Impact and urgency are known as they are now, so only the profile in force changes, and what equals it before.
    """
    facts, lives = study.facts, study.lives
    old, new = _cells(study.terms), _cells(terms)
    numbers = facts.numbers
    texts = dict(facts.terms)
    fresh = max(texts, default=0) + 1
    term = facts.term.copy()
    is_profile = facts.kind == FactKind.PROFILED
    row_of_fact = np.searchsorted(lives.subject, facts.subject[is_profile])
    profile_rows = np.flatnonzero(is_profile)
    changed = kept = 0
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED, [study.scope_id])
        groups = cursor.fetchall()
    for impact, urgency, packed in groups:
        before, after = old.get((impact, urgency)), new.get((impact, urgency))
        rows = rows_of(lives.subject, np.sort(np.frombuffer(packed, ">i8").astype(np.int64)))
        if before is None or after is None:
            kept += len(rows)
            continue
        is_of_group = np.zeros(len(lives), np.bool_)
        is_of_group[rows] = True
        for code in np.unique(lives.profile[rows]):
            service, _bar, priority = texts.get(int(code), "").partition("|")
            is_in_force = is_of_group & (lives.profile == code)
            if priority != before:
                kept += int(is_in_force.sum())
                continue
            if before == after:
                continue
            text = f"{service}|{after}"
            if text not in numbers:
                numbers[text], texts[fresh] = fresh, text
                fresh += 1
            places = profile_rows[is_in_force[row_of_fact]]
            places = places[facts.term[places] == code]
            term[places] = numbers[text]
            changed += int(is_in_force.sum())
    if not changed:
        return facts, Recomputed(0, kept)
    return replace(facts, term=term, terms=texts), Recomputed(changed, kept)
