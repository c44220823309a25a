"""The manual's pictures: each that a page names exists and is taken by the script, each that exists is named."""

import re

import pytest
from tests.browser.shoot_manual import LANGUAGES as LANGUAGES_TAKEN
from tests.browser.shoot_manual import SHOTS
from tests.docs.manual_pages import LANGUAGES, ROOT, page, pages

FOLDER = ROOT / "docs" / "manual" / "images"
#: Chapters about work in the browser: they show what they tell of.
CHAPTERS = ("agent", "client", "administrator", "appeal")
_PICTURE = re.compile(r"!\[([^\]\n]*)\]\(([^)\s]+)\)")
_PNG = b"\x89PNG\r\n\x1a\n"


def _named(language: str) -> dict[str, list[str]]:
    """Targets of pictures by page."""
    return {
        name: [target for _alt, target in _PICTURE.findall(text)] for name, text in pages(language).items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_named_exists_in_the_page_s_own_language(language: str) -> None:
    for name, targets in _named(language).items():
        for target in targets:
            assert re.fullmatch(rf"\.\./images/{language}/[a-z-]+\.png", target), f"{name}: {target}"
            file = FOLDER / language / target.rsplit("/", 1)[1]
            assert file.read_bytes()[:8] == _PNG, f"{name}: {target}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_taken_by_the_script_and_named_by_a_page(language: str) -> None:
    named = {target.rsplit("/", 1)[1] for targets in _named(language).values() for target in targets}
    assert named == {path.name for path in (FOLDER / language).iterdir()}
    assert named == {f"{shot.name}.png" for shot in SHOTS}


def test_the_script_takes_pictures_for_both_languages() -> None:
    assert set(LANGUAGES_TAKEN) == set(LANGUAGES)
    assert len({shot.name for shot in SHOTS}) == len(SHOTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_says_in_words_what_it_shows(language: str) -> None:
    assert all(alt.strip() for text in pages(language).values() for alt, _target in _PICTURE.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_on_work_in_the_browser_show_it(chapter: str, language: str) -> None:
    assert len(_PICTURE.findall(page(language, chapter))) >= 3


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_both_languages_show_the_same_pictures_in_the_same_order(chapter: str) -> None:
    shown = {
        language: [target.rsplit("/", 1)[1] for target in _named(language)[chapter]] for language in LANGUAGES
    }
    assert shown["zh"] == shown["en"]
