"""Components that are written in Python are used in templates like every other one, and let no markup through."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.template import engines
from django.utils import translation
from django.utils.safestring import mark_safe
from django_cotton.compiler_regex import CottonCompiler

from yunheng.desk.controls import control_html
from yunheng.desk.forms import Field, Form, Option, OptionGroup
from yunheng.foundation.controls import options_html
from yunheng.foundation.markup import priority_html, state_html

HOSTILE = "<b>\"'&"
ESCAPED = "&lt;b&gt;&quot;&#x27;&amp;"


def shown(text: str, **context: Any) -> str:
    with translation.override("en"):
        return engines["django"].from_string(CottonCompiler().process(text)).render(context)


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ('<c-icon name="search" />', {}, '<span class="icon icon-search" aria-hidden="true"></span>'),
        (
            '<c-icon :name="icon" />',
            {"icon": "plus"},
            '<span class="icon icon-plus" aria-hidden="true"></span>',
        ),
        (
            '<c-icon name="{% if is_on %}met{% else %}risk{% endif %}" />',
            {"is_on": True},
            '<span class="icon icon-met" aria-hidden="true"></span>',
        ),
        ('<c-state :label="word" />', {"word": "open"}, '<span class="state state-plain">open</span>'),
        ('<c-state :label="nothing" />', {}, '<span class="state state-plain"></span>'),
        (
            '{% load i18n %}<c-state kind="plain" label="{% translate \'major\' %}" title="{{ why }}" />',
            {"why": HOSTILE},
            f'<span class="state state-plain" title="{ESCAPED}">major</span>',
        ),
        ("<c-state :label=\"_('major')\" />", {}, '<span class="state state-plain">major</span>'),
        (
            '<c-field name="note" :label="word" :error="errors.note" optional>{{ word }}</c-field>',
            {"word": HOSTILE, "errors": {"note": ["One.", HOSTILE]}},
            f'<div class="field field-wrong" data-field="note">\n<label for="id_note">{ESCAPED} '
            f'<span class="optional">optional</span></label>\n{ESCAPED}\n<div class="error-text" id="id_note_error">'
            f'<span class="icon icon-risk" aria-hidden="true"></span> <span>One.<br>{ESCAPED}</span></div>\n</div>',
        ),
        (
            '<c-field name="way" label="Way" group wide><input></c-field>',
            {},
            '<fieldset class="field field-wide" data-field="way" id="id_way">\n<legend>Way</legend>\n<input>\n'
            "</fieldset>",
        ),
    ],
)
def test_a_template_uses_them_like_every_other(text: str, context: Mapping[str, Any], expected: str) -> None:
    assert shown(text, **context) == expected


def test_what_was_safe_once_is_not_taken_for_the_same_text_that_is_not() -> None:
    for made in (state_html, priority_html):
        assert "<b>safe</b>" in made("plain" if made is state_html else 1, mark_safe("<b>safe</b>"))
        assert "<b>safe</b>" not in made("plain" if made is state_html else 1, "<b>safe</b>")


def test_choices_are_escaped_and_one_is_chosen() -> None:
    assert options_html([("a", "A"), (HOSTILE, HOSTILE)], HOSTILE) == (
        f'<option value="a">A</option><option value="{ESCAPED}" selected>{ESCAPED}</option>'
    )


@pytest.mark.parametrize("kind", ["line", "text", "choice", "instant", "date", "flag", "hidden", "files"])
def test_no_control_lets_markup_through(kind: str) -> None:
    groups = (OptionGroup(HOSTILE, (Option(HOSTILE, HOSTILE),)),)
    field = Field(
        "note", kind, HOSTILE, value=HOSTILE, errors=(HOSTILE,), help=HOSTILE, groups=groups, load=HOSTILE
    )
    made = control_html(Form("move:assign", "/x", "Assign", (field,)), field)
    assert "<b>" not in made and 'name="note"' in made
    assert kind == "hidden" or 'id="f-move-assign-note"' in made
