"""What the chapters on work in the browser quote stands on pages: buttons, headings, answers, in their language."""

import re
from functools import cache
from pathlib import Path

import polib
import pytest
from tests.docs.manual_pages import ROOT, page

CHAPTERS = ("agent", "client", "administrator")
_QUOTED = {"zh": r"“([^”\n]+)”", "en": r"(?<![*\w])\*(?![* ])([^*\n]+?)\*(?![*\w])"}
#: Parts of a quotation: the names of places on the way to a page, and what the page fills in.
_BETWEEN = re.compile(r" → |……| ?… ?")


@cache
def _on_pages(language: str) -> str:
    """Every text of pages and processes in the language, one after the other."""
    catalogue = polib.pofile(str(ROOT / "src/yunheng/locale/zh_Hans/LC_MESSAGES/django.po"))
    if language == "zh":
        texts = [text for entry in catalogue for text in (entry.msgstr, *entry.msgstr_plural.values())]
    else:
        texts = [text for entry in catalogue for text in (entry.msgid, entry.msgid_plural)]
    packs = sorted(Path(ROOT / "src/yunheng/packs/processes").glob("*.yaml"))
    return "\n".join([*texts, *(path.read_text(encoding="utf-8") for path in packs)])


def _quoted(text: str, language: str) -> list[str]:
    """What a page of the manual quotes, outside of code."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(_QUOTED[language], re.sub(r"`[^`\n]*`", "", text))


@pytest.mark.parametrize("language", sorted(_QUOTED))
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_is_quoted_stands_on_pages(chapter: str, language: str) -> None:
    quoted = _quoted(page(language, chapter), language)
    assert len(quoted) > 30
    strange = [
        words
        for words in quoted
        if not all(part in _on_pages(language) for part in _BETWEEN.split(words) if part)
    ]
    assert not strange


def test_words_that_no_page_has_are_noticed() -> None:
    assert _quoted("点“受理”，写 `“这个不算”`。", "zh") == ["受理"]
    assert _quoted("press *Accept* or **not this**, `*nor this*`", "en") == ["Accept"]
    assert "这个按钮不存在" not in _on_pages("zh")
