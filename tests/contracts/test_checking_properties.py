"""Whatever a document says, the check answers: never an exception, and what it accepts compiles."""

import json
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.documents import SMALL, checked

from yunheng.contracts.difference import show_seconds, show_windows
from yunheng.contracts.document import ScalarNode
from yunheng.contracts.grammar import Duration, Findings
from yunheng.contracts.packs import contract_pack
from yunheng.contracts.problems import Place
from yunheng.contracts.schema import DAYS, Hours

PACK = contract_pack("with-supplier").decode()
VALUES = [
    "", "~", "null", "true", "[]", "{}", "[[]]", "{a: b}", "x", "all", "none", "0", "-1", "99999999999", "1 day", "0 h",
    "2 working days", "900000 h", "999 working days", "80 %",
    "0 %", "2026-02-30", "2089-12-31", "china", "closed", '["00:00-24:00"]',
    '["22:00-06:00", "05:00-23:00"]',
    "UTC", "Etc/GMT+12", "*x", "&x y", "!!int 1", "'", '"', "中文", "|", "> a", "%", "@",
    "opened", "[opened]", "[resolved]", "office", "always", "extended", "P1", "supplier", "{within: 4 h}",
]  # fmt: skip


def mutated(document: str, seed: int) -> str:
    """The document with one to four accidents: a value exchanged, a line gone, doubled, moved or shifted."""
    chance = random.Random(seed)
    lines = document.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        accident = chance.randrange(7)
        if accident <= 2 and ":" in lines[at]:
            key, _, _ = lines[at].rpartition(":")
            lines[at] = f"{key}: {chance.choice(VALUES)}" + ("}" * chance.randint(0, 2) if "{" in key else "")
        elif accident == 3:
            del lines[at]
        elif accident == 4:
            lines.insert(at, lines[chance.randrange(len(lines))])
        elif accident == 5:
            lines[at] = " " * chance.randint(0, 6) + lines[at].lstrip()
        else:
            words = lines[at].split(" ")
            words[chance.randrange(len(words))] = chance.choice(VALUES)
            lines[at] = " ".join(words)
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9), st.sampled_from([SMALL, PACK]))
def test_damaged_documents_are_answered(seed: int, document: str) -> None:
    result = checked(mutated(document, seed))
    for problem in result.problems:
        assert problem.text()
        assert "%(" not in problem.text()
        assert problem.place.line >= 1
        assert problem.line("F", str)
    assert (result.terms is None) == bool(result.errors)
    if result.terms is not None:
        assert json.loads(json.dumps(result.terms)) == result.terms


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    result = checked(data)
    assert result.terms is None
    assert result.errors


@settings(max_examples=100)
@given(st.integers(1, 10**7))
def test_durations_are_read_as_they_are_shown(seconds: int) -> None:
    found = Findings()
    read = Duration().read(ScalarNode(show_seconds(seconds), True, Place(1, 1)), (), found)
    assert read == {"seconds": seconds, "working_days": None}
    assert not found.problems


@settings(max_examples=100)
@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440))
def test_hours_are_read_as_they_are_shown(weekday: int, start: int, length: int) -> None:
    if length == 1440 and start != 0:
        length = 1439  # a whole day can only be written from midnight on
    shown = show_windows([[weekday, start, start + length]])
    days, hours = shown.split(" ", 1)
    found = Findings()
    assert DAYS.read(ScalarNode(days, True, Place(1, 1)), (), found) == days
    read = Hours().read(ScalarNode(hours, False, Place(1, 1)), (), found)
    assert read == [start, start + length]
    assert not found.problems
