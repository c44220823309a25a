"""The manual names every key, warning, command and pack, in both languages, and nothing that is not there."""

import re

import pytest

from yunheng.contracts.normal import CLOCK_KINDS
from yunheng.contracts.packs import contract_packs
from yunheng.contracts.schema import CALENDAR, CLOCK, CONTRACT, DESK, INDICATOR, MATRIX, PAUSES, WARNINGS


@pytest.fixture(params=["zh", "en"])
def manual(request: pytest.FixtureRequest) -> str:
    path = request.config.rootpath / "docs" / "manual" / request.param / "contract.md"
    return path.read_text(encoding="utf-8")


def test_every_key_is_explained(manual: str) -> None:
    for record in (CONTRACT, CLOCK, INDICATOR, PAUSES, MATRIX, DESK, CALENDAR):
        for key in record.entries:
            if key not in ("label", "cancel", "reset"):
                assert f"`{key}" in manual, key


def test_sections_are_those_of_the_schema(manual: str) -> None:
    table = manual.split("\n## ")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(CONTRACT.entries)


def test_warnings_are_those_of_the_linter(manual: str) -> None:
    table = manual.split("\n## ")[3]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(WARNINGS)


def test_kinds_of_clocks_have_the_facts_of_the_code(manual: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", manual.split("\n## ")[2], re.MULTILINE))
    assert rows.keys() == CLOCK_KINDS.keys()
    for kind, (start, stop, reset) in CLOCK_KINDS.items():
        starts, stops = rows[kind].split(" | ")
        assert re.findall("[a-z]+ed", starts) == start
        assert re.findall("[a-z]+ed", stops) == stop + reset


def test_commands_and_packs_are_named(manual: str) -> None:
    for pack in contract_packs():
        assert f"| `{pack}` |" in manual
    commands = re.findall(r"^yunheng contract (\S+)", manual, re.MULTILINE)
    assert sorted(set(commands)) == sorted(
        [
            "packs",
            "check",
            "diff",
            "apply",
            "backtoback",
            "list",
            "show",
            "calendars",
            "refresh-calendar",
            "schema",
        ]
    )
