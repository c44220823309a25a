"""Results and scores survive storing: what was frozen is scored, and read, as it was."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.logic.score_packs import scheme as pack
from tests.logic.score_packs import terms_in
from tests.logic.test_score_properties import SEEDS, drawn

import yunheng
from yunheng.contracts.packs import scheme_pack, scheme_packs
from yunheng.logic.canonical import canonical
from yunheng.logic.score import (
    Event,
    Mark,
    Measured,
    Node,
    Results,
    Say,
    Score,
    StoredError,
    node_from_plain,
    results_from_plain,
    results_plain,
    scheme_of,
    score,
    score_from_plain,
    score_plain,
)

RESULTS = Results(
    {"mtta": Measured(Fraction(7, 3), 7, 3), "open": Measured(None)},
    (Event("late/A-1", "late", 1_700_000_000, Fraction(31, 8), subject="A-1", ruling="taken_out"),),
    {"attitude": (Mark("wang", "appraiser", Decimal("4.5"), "quick"),), "manners": ()},
)


def through_json(data: Any) -> Any:
    return json.loads(canonical(data))


@settings(max_examples=1000, deadline=None)
@given(SEEDS)
def test_what_is_read_back_scores_the_same(seed: int) -> None:
    scheme, results = drawn(seed)
    found = score(scheme, results)
    read = results_from_plain(through_json(results_plain(results)))
    assert read == results
    assert score(scheme, read) == found
    assert score_from_plain(through_json(score_plain(found))) == found
    assert score_from_plain(through_json(score_plain(found, results)), read) == found


def test_the_stored_form_is_text_wherever_a_number_could_be_rounded() -> None:
    data = results_plain(RESULTS)
    assert data["measured"]["mtta"] == {"value": "7/3", "numerator": "7", "denominator": "3"}
    assert data["measured"]["open"] == {"value": None, "numerator": None, "denominator": None}
    (event,) = data["events"]
    assert (event["quantity"], event["at"], event["ruling"]) == ("3.875", 1_700_000_000, "taken_out")
    assert data["marks"]["manners"] == [] and data["marks"]["attitude"][0]["value"] == "4.5"
    assert results_from_plain(through_json(data)) == RESULTS


def test_the_digits_of_a_score_are_kept() -> None:
    scheme, results = drawn(3)
    found = replace(score(scheme, results), value=Decimal("85.00"))
    assert score_plain(found)["value"] == "85.00"
    assert str(score_from_plain(score_plain(found)).value) == "85.00"


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    data = through_json(results_plain(RESULTS))
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda data: data.pop("marks"), "marks"),
        (lambda data: data.update(events={}), "events"),
        (lambda data: data["events"].append(1), "events[1]"),
        (lambda data: data["events"][0].pop("party"), "events[0].party"),
        (lambda data: data["events"][0].update(at="now"), "events[0].at"),
        (lambda data: data["events"][0].update(at=True), "events[0].at"),
        (lambda data: data["events"][0].update(quantity=3.5), "events[0].quantity"),
        (lambda data: data["events"][0].update(quantity="1e9999999"), "events[0].quantity"),
        (lambda data: data["events"][0].update(quantity="1/0"), "events[0].quantity"),
        (lambda data: data["events"][0].update(ruling="forgotten"), "events[0].ruling"),
        (lambda data: data["measured"]["mtta"].update(value="NaN"), "measured.mtta.value"),
        (lambda data: data["marks"]["attitude"][0].update(value="9/2"), "marks.attitude[0].value"),
    ],
)
def test_what_is_no_stored_result_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], None], path: str
) -> None:
    with pytest.raises(StoredError) as refused:
        results_from_plain(changed(change))
    assert refused.value.path == path


def test_what_is_no_tree_is_refused_with_its_place() -> None:
    good = {
        "say": "item",
        "points": "1",
        "parts": [{"say": "veto", "points": "1", "params": {"before": "x"}}],
    }
    deep: dict[str, Any] = {"say": "item", "points": "0"}
    for _ in range(30):
        deep = {"say": "item", "points": "0", "parts": [deep]}
    for data, path in (
        (good, "tree.parts[0].params.before"),
        ({"say": "shout", "points": "1"}, "tree.say"),
        ({"say": "item"}, "tree.points"),
        (deep, "tree" + ".parts[0]" * 21),
    ):
        with pytest.raises(StoredError) as refused:
            node_from_plain(data)
        assert refused.value.path == path


def test_a_tree_names_an_event_by_its_place_among_the_results_beside_it() -> None:
    (event,) = RESULTS.events
    tree = Node(Say.ITEM, Fraction(0), "a", {}, (Node(Say.TAKEN_OUT, Fraction(0), event.key, event=event),))
    data = score_plain(Score(None, None, tree), RESULTS)
    assert data["tree"]["parts"][0]["event"] == 0
    assert score_from_plain(data, RESULTS).tree == tree
    for wrong in (1, -1, True, "0", None):
        data["tree"]["parts"][0]["event"] = wrong
        with pytest.raises(StoredError) as refused:
            score_from_plain(data, RESULTS)
        assert refused.value.path == "tree.parts[0].event"
    with pytest.raises(KeyError):
        score_plain(Score(None, None, tree), Results())


# --- all that a verifier has: the stored scheme and the stored results, and no library -----------------------------

_VERIFIER = """
import json, sys
sys.path.insert(0, sys.argv[1])
for name in ("django", "ruamel", "numpy", "ninja"):
    sys.modules[name] = None
from yunheng.logic.score import results_from_plain, scheme_of, score, score_plain
data = json.load(sys.stdin)
print(json.dumps(score_plain(score(scheme_of(data["scheme"]), results_from_plain(data["results"])))))
"""


@pytest.mark.parametrize("name", list(scheme_packs()))
def test_a_stored_scheme_is_one_without_the_contract_s_indicators(name: str) -> None:
    stored = terms_in(scheme_pack(name))
    found, known = scheme_of(through_json(stored)), pack(name)
    assert replace(found, sections=()) == replace(known, sections=())
    for mine, theirs in zip(found.items(), known.items(), strict=True):
        assert replace(mine, unit=theirs.unit) == theirs  # units are the linter's


def test_who_has_only_the_standard_library_scores_the_same() -> None:
    results = Results(
        {
            "availability": Measured(Decimal("99.75")),
            "mtta|priority:P1": Measured(Fraction(4000, 3), 4000, 3),
        },
        (Event("e1", "change_failed", 5), Event("e2", "data_leak", 6, ruling="taken_out")),
    )
    data = {"scheme": terms_in(scheme_pack("g")), "results": results_plain(results)}
    source = str(Path(yunheng.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _VERIFIER, source],
        input=canonical(data), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert score_from_plain(json.loads(done.stdout)) == score(pack("g"), results)
