"""A statement that was frozen in format 1, as databases hold it: read, shown and scored again as what is frozen now."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.appraisal.forging import in_format_1
from tests.appraisal.statements_world import World

from yunheng.appraisal.scorecard_page import Asked
from yunheng.appraisal.statements.presentation import tell_statement
from yunheng.appraisal.statements.queries import statement_page
from yunheng.appraisal.statements.reading import card_of_frozen
from yunheng.appraisal.statements.shown import Told
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


def test_both_formats_say_the_same(world: World) -> None:
    view = statement_page(world.client, world.issued(late=2), now=world.at)
    new = view.content
    assert new is not None
    old = in_format_1(new)
    assert (new["v"], len(canonical(old)) > len(canonical(new))) == (2, True)

    def told(content: dict[str, Any]) -> Told:
        asked = Asked(item="lateness")
        seen = replace(view, content=content)
        return tell_statement(seen, drafted=None, asked=asked, side="client", now=world.at)

    assert told(old) == told(new)
    assert card_of_frozen(old) == card_of_frozen(new)
