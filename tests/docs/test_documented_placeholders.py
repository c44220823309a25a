"""The manual's table of placeholders holds what a client's Word template may name, and every example is accepted."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.docs.manual_pages import LANGUAGES, page, rows

from yunheng.reports.planning import TEMPLATE_KINDS
from yunheng.reports.rendering.content import shape_for_templates

_HEAD = {"zh": "组", "en": "group"}
_TOP = {"zh": "顶层", "en": "the top"}
_KINDS = {"zh": {"月报": "monthly", "故障报告": "fault"}, "en": {"monthly": "monthly", "fault": "fault"}}


def _groups(shape: dict[str, Any], path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Groups of what a template sees and the names in them; `words` are the standard layout's own."""
    leaves = set()
    for name, part in shape.items():
        inside = f"{path}.{name}" if path else name
        item = part
        while isinstance(item, list):
            item, inside = item[0], f"{inside}[]"
        if isinstance(item, dict) and name != "words":
            yield from _groups(item, inside)
        elif name != "words":
            leaves.add(name)
    if leaves:
        yield path, leaves


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_placeholders_is_what_templates_may_name(language: str) -> None:
    table = rows(page(language, "reports"), _HEAD[language])
    told: dict[str, dict[str, set[str]]] = {kind: {} for kind in TEMPLATE_KINDS}
    for group, (names, kinds, meaning) in table.items():
        assert meaning
        for kind in re.split("[,、] ?", kinds):
            told[_KINDS[language][kind]]["" if group == _TOP[language] else group] = set(
                names.strip("`").split()
            )
    names_of_both = told["monthly"][""]
    for kind in TEMPLATE_KINDS:
        there = dict(_groups(shape_for_templates(kind)))
        assert there.pop("") <= names_of_both
        told[kind].pop("")
        assert told[kind] == there
    assert names_of_both == {
        name for kind in TEMPLATE_KINDS for name in dict(_groups(shape_for_templates(kind)))[""]
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_names_what_is_there(language: str) -> None:
    text = page(language, "reports")
    shape: Any = shape_for_templates("monthly")
    for group, name in re.findall(r"\{\{ (\w+)\.(\w+) \}\}", text):
        if group == "row":
            assert name in shape["misses"]["rows"][0]
        else:
            assert name in shape[group]
