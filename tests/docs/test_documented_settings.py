"""Every environment variable that the code reads is documented in both languages, with its default."""

import re
from pathlib import Path

import pytest
from tests.docs.manual_pages import LANGUAGES, ROOT, page, rows

#: Variables that nobody sets, each with the reason.
_INTERNAL = {
    "YUNHENG_DEMONSTRATION": "set by the commands for themselves where folder or database is marked as a demonstration",
    "YUNHENG_SUPERVISED": "set by `yunheng up` for its own children, so that they end with it",
    "YUNHENG_CALLED_AS": "set by `yunheng up` for itself before it gives up root, to name the command in its advice",
}
_VARIABLE = re.compile(r"\bYUNHENG_[A-Z_]+[A-Z]\b")
_HEAD = {"zh": "变量", "en": "variable"}


def _named_in(*folders: str) -> set[str]:
    files = [path for folder in folders for path in Path(ROOT / folder).rglob("*.py")]
    return {name for path in files for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_settings_is_what_the_code_reads(language: str) -> None:
    table = rows(page(language, "install"), _HEAD[language])
    assert set(table) == _named_in("src") - set(_INTERNAL)
    assert all(len(cells) == 2 and all(cells) for cells in table.values())


def test_exemptions_are_still_there() -> None:
    assert set(_INTERNAL) <= _named_in("src")


def test_variables_of_tests_and_benchmarks_are_explained_to_developers() -> None:
    table = rows((ROOT / "docs" / "README.md").read_text(encoding="utf-8"), "variable")
    assert set(table) == _named_in("tests", "benchmarks") - _named_in("src")
