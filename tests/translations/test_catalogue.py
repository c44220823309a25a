"""Both languages are complete: every message has a certain Chinese translation that fits its original."""

import re

import pytest
from tests.translations import catalogue
from tests.translations.catalogue import Message, in_python, in_template

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{[^{}\s]*\}")


def test_no_message_lacks_its_chinese() -> None:
    lacking = catalogue.missing(catalogue.messages(), catalogue.catalogue())
    assert not lacking, "\n".join(
        f"{places[0]}: {message.singular!r}" for message, places in sorted(lacking.items())
    )


def test_no_translation_is_left_over() -> None:
    left = catalogue.unused(catalogue.messages(), catalogue.catalogue())
    assert not left, "\n".join(entry.msgid for entry in left)


def test_translations_name_the_same_values_as_their_originals() -> None:
    wrong = []
    for entry in catalogue.catalogue():
        originals = {
            frozenset(PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgid_plural) if text
        }
        for text in [entry.msgstr, *(entry.msgstr_plural or {}).values()]:
            if text and frozenset(PLACEHOLDER.findall(text)) not in originals:
                wrong.append(f"{entry.msgid!r} -> {text!r}")
    assert not wrong, "\n".join(wrong)


def test_chinese_has_full_width_punctuation() -> None:
    """ui.md rule 11. Commas and colons right behind a Chinese character are never the narrow ones."""
    narrow = [
        text
        for entry in catalogue.catalogue()
        for text in [entry.msgstr, *(entry.msgstr_plural or {}).values()]
        if re.search(r"[\u4e00-\u9fff][,;?!]|[\u4e00-\u9fff]:(?!//)", text)
    ]
    assert not narrow, "\n".join(narrow)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('from django.utils.translation import gettext as _\n_("One")', {Message("One")}),
        (
            'from x import ngettext\nngettext("%(n)s ticket", "%(n)s tickets", 3)',
            {Message("%(n)s ticket", "%(n)s tickets")},
        ),
        ('from x import pgettext as p\np("goal", "met")', {Message("met", context="goal")}),
        ('from x import gettext as _\n_("a" "b")', {Message("ab")}),
        ("from x import gettext as _\n_(name)", set()),
    ],
)
def test_messages_of_python(source: str, expected: set[Message]) -> None:
    assert {message for message, _line in in_python(source)} == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{% load i18n %}{% translate "One" %}', {Message("One")}),
        ("<c-state label=\"{% translate 'major' %}\" />", {Message("major")}),
        ('{% translate "met" context "goal" %}', {Message("met", context="goal")}),
        (
            "{% blocktranslate with n=x trimmed %}\n {{ n }} left\n out{% endblocktranslate %}",
            {Message("%(n)s left out")},
        ),
        (
            "{% blocktranslate count n=x %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
            {Message("%(n)s day", "%(n)s days")},
        ),
    ],
)
def test_messages_of_templates(source: str, expected: set[Message]) -> None:
    assert set(in_template(source)) == expected
