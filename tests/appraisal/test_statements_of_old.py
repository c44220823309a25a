"""A statement that was frozen in format 1, as databases hold it: read and scored again as what is frozen now."""

import json
from hashlib import sha256
from pathlib import Path

from tests.appraisal.forging import in_format_1

from yunheng.appraisal.statements.reading import card_of_frozen
from yunheng.logic.canonical import canonical
from yunheng.logic.score import score, score_plain

#: The bytes of a statement with three late tickets, as the program of then froze them; never made anew.
OLD = Path(__file__).with_name("frozen") / "format-1.json"
DIGEST = "16049f4815738227117e51484ca3c03f51db0fb09102889fd39f73db5f002849"


def test_what_was_frozen_then_scores_the_same_now() -> None:
    data = OLD.read_bytes()
    content = json.loads(data)
    assert (content["v"], sha256(data).hexdigest(), canonical(content)) == (1, DIGEST, data)
    card = card_of_frozen(content)
    assert card is not None
    found = score(card.rules.scheme, card.results)
    assert found == card.score
    assert score_plain(found) == content["score"]
    assert [node.event for node in found.tree if node.event] == list(card.results.events)


def test_both_formats_are_read_as_the_same_card() -> None:
    old = json.loads(OLD.read_bytes())
    card = card_of_frozen(old)
    assert card is not None
    new = old | {"v": 2, "score": score_plain(card.score, card.results)}
    assert new["score"] != old["score"]
    assert len(canonical(new)) < len(canonical(old))
    assert card_of_frozen(new) == card
    assert in_format_1(new) == old
