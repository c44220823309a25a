"""Links lead somewhere, both languages have the same pages and headings, Chinese is written as Chinese."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.docs.manual_pages import LANGUAGES, ROOT, headings, markdown_files, page, pages, without_code

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HAN = "\u4e00-\u9fff"


@pytest.mark.parametrize("path", list(markdown_files()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_resolve(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for target in _LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target) or target.startswith("#"):
            continue
        place = path.parent / unquote(target.split("#", 1)[0])
        if not place.exists():
            broken.append(target)
    assert not broken


def test_both_languages_have_the_same_pages() -> None:
    assert set(pages("zh")) == set(pages("en"))


@pytest.mark.parametrize("name", sorted(set(pages("zh")) & set(pages("en"))))
def test_both_languages_have_the_same_headings(name: str) -> None:
    assert headings(page("zh", name)) == headings(page("en", name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_contents_has_every_page(language: str) -> None:
    assert set(_LINK.findall(page(language, "index"))) >= {f"{name}.md" for name in pages(language)} - {
        "index.md"
    }


def test_the_index_of_decisions_has_every_decision() -> None:
    folder = ROOT / "docs" / "adr"
    listed = [
        name for name in _LINK.findall((folder / "README.md").read_text(encoding="utf-8")) if "/" not in name
    ]
    assert sorted(listed) == sorted(path.name for path in folder.glob("[0-9]*.md"))


def _chinese_files() -> list[Path]:
    return [ROOT / "README.zh-CN.md", *sorted((ROOT / "docs" / "manual" / "zh").glob("*.md"))]


@pytest.mark.parametrize("path", _chinese_files(), ids=lambda path: path.name)
def test_chinese_has_full_width_punctuation_and_spaces_around_latin(path: Path) -> None:
    text = without_code(path.read_text(encoding="utf-8")).replace(
        "(`)", "`"
    )  # around a lone code word it may be narrow
    narrow = re.findall(rf".{{0,8}}[{_HAN}`][,;:!?(](?!/).{{0,8}}|.{{0,8}}[,;:!?)][{_HAN}].{{0,8}}", text)
    tight = re.findall(rf".{{0,8}}(?:[{_HAN}][A-Za-z0-9]|[A-Za-z0-9][{_HAN}]).{{0,8}}", text)
    assert not narrow + tight
