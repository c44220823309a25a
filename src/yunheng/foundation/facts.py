"""Facts inside entries: what an entry says of the clocks stands in its shared data, sealed with it.

`{"facts": [{"fact": "wait_began", "at": 1775001600, "term": "parts", "party": "provider"}], "supersedes":
[4711]}`: instants are epoch seconds UTC; `supersedes` lists the `seq` of facts that a correction takes out
of force. The table `clock_fact` is the projection of this and of nothing else, so it can be rebuilt from
the journal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind, Party

#: `seq` of a fact is entry id × this + its ordinal: facts of one instant stand in the order of their entries.
FACTS_PER_ENTRY: Final = 8

_OWN_REF = frozenset({FactKind.WAIT_BEGAN, FactKind.EXCLUSION_BEGAN, FactKind.EXCLUSION_ENDED})


@dataclass(frozen=True, slots=True)
class FactDraft:
    """A fact before its entry has an id. `ref` 0 of a wait or exclusion that begins means: the entry's own
    id.
    """

    kind: FactKind
    at: int
    term: str = ""
    party: Party = Party.NONE
    ref: int = 0


def encode_facts(facts: Iterable[FactDraft]) -> list[dict[str, Any]]:
    """The facts as they stand in an entry's shared data; defaults are left out."""
    encoded: list[dict[str, Any]] = []
    for fact in facts:
        item: dict[str, Any] = {"fact": fact.kind.name.lower(), "at": fact.at}
        if fact.term:
            item["term"] = fact.term
        if fact.party is not Party.NONE:
            item["party"] = fact.party.name.lower()
        if fact.ref:
            item["ref"] = fact.ref
        encoded.append(item)
    return encoded


def decode_facts(encoded: Sequence[Mapping[str, Any]]) -> list[FactDraft]:
    """The reverse of `encode_facts`. Raises KeyError or ValueError for what it never wrote."""
    return [
        FactDraft(
            kind=FactKind[item["fact"].upper()],
            at=int(item["at"]),
            term=item.get("term", ""),
            party=Party[item["party"].upper()] if "party" in item else Party.NONE,
            ref=int(item.get("ref", 0)),
        )
        for item in encoded
    ]


def is_own_ref(fact: FactDraft) -> bool:
    """Whether the fact refers to the very entry that carries it."""
    return not fact.ref and fact.kind in _OWN_REF


def number_facts(entry_id: int, facts: Sequence[FactDraft]) -> list[Fact]:
    """The facts of one entry with their `seq` and own references. Raises ValueError for more than eight."""
    if len(facts) > FACTS_PER_ENTRY:
        raise ValueError(f"an entry carries at most {FACTS_PER_ENTRY} facts, this one {len(facts)}")
    return [
        Fact(
            at=fact.at,
            seq=entry_id * FACTS_PER_ENTRY + ordinal,
            kind=fact.kind,
            term=fact.term,
            party=fact.party,
            ref=fact.ref or (entry_id if is_own_ref(fact) else 0),
            entry=entry_id,
        )
        for ordinal, fact in enumerate(facts)
    ]
