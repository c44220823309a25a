"""The pages on indicators have every indicator with its bases, every field and every choice of the command."""

from dataclasses import fields

import pytest
from tests.docs.manual_pages import LANGUAGES, code_words, page, rows

from yunheng.appraisal.figures import GROUPINGS, PARTS, Figures, Item, Row
from yunheng.appraisal.indicators import INDICATORS

_HEADS = {"zh": ("键", "字段", "选项"), "en": ("key", "field", "option")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_that_of_the_code(language: str) -> None:
    catalogue = rows(page(language, "indicators"), _HEADS[language][0])
    assert set(catalogue) == set(INDICATORS)
    for key, (_name, formula, population, bases, _edges) in catalogue.items():
        assert tuple(code_words(bases)) == INDICATORS[key].bases, key
        assert formula, key
        assert population, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_the_json_is_explained(language: str) -> None:
    text = page(language, "indicators")
    head = _HEADS[language][1]
    explained = {word for cell in rows(text, head) for word in cell.replace("`", "").split()}
    assert explained == {field.name for kind in (Figures, Row) for field in fields(kind)}
    listed = next(line for line in text.splitlines() if "--items" in line and "`source_number`" in line)
    assert {field.name for field in fields(Item)} - {"subject_id"} <= set(code_words(listed))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_of_the_command_is_explained(language: str) -> None:
    options = rows(page(language, "indicators"), _HEADS[language][2])
    assert set(code_words(options["--by priority"][0])) >= set(GROUPINGS)
    assert set(code_words(options["--part misses"][0])) >= set(PARTS)
