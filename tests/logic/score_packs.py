"""The schemes that ship, compiled from their documents; none of it needs a contract or a database."""

from functools import cache

from yunheng.contracts.document import read_document
from yunheng.contracts.grammar import Findings
from yunheng.contracts.indicators import INDICATORS
from yunheng.contracts.packs import scheme_pack
from yunheng.contracts.scoring.checking import Surroundings, check_scoring
from yunheng.contracts.scoring.compile import scheme_of
from yunheng.contracts.scoring.grammar import SCORING
from yunheng.contracts.scoring.terms import terms_of_scoring
from yunheng.logic.score import Scheme


def terms_in(data: bytes) -> dict:
    """The stored form of the section `scoring` in a document without errors."""
    node = read_document(data).get("scoring")
    found = Findings()
    raw = SCORING.read(node, ("scoring",), found)
    assert found.problems == []
    problems: list = []
    around = Surroundings(list(INDICATORS), ["P1", "P2"], ["it"], ["respond", "resolve"])
    check_scoring(raw, around, lambda *words, **params: problems.append((words, params)))
    assert problems == []
    return terms_of_scoring(raw)


@cache
def scheme(name: str) -> Scheme:
    """The scheme of a pack."""
    return scheme_of(terms_in(scheme_pack(name)))
