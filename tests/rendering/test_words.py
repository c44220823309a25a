"""The fixed words: both languages say the same things, and every word a layout uses exists."""

import re
import string
from pathlib import Path

from yunheng.reports import rendering
from yunheng.reports.rendering import WORDS

FOLDER = Path(rendering.__file__).parent


def _fields(text: str) -> set[str]:
    return {field for _text, field, _spec, _conversion in string.Formatter().parse(text) if field}


def test_languages_have_the_same_keys_and_fields() -> None:
    assert set(WORDS) == {"en", "zh-Hans"}
    assert WORDS["en"].keys() == WORDS["zh-Hans"].keys()
    for key, text in WORDS["en"].items():
        assert _fields(text) == _fields(WORDS["zh-Hans"][key]), key
        assert text.strip() and WORDS["zh-Hans"][key].strip()


def test_chinese_uses_full_width_marks() -> None:
    for key, text in WORDS["zh-Hans"].items():
        assert not re.search(r"[\u4e00-\u9fff][,;?:!]", text), key


def test_every_word_a_layout_uses_exists() -> None:
    used = set()
    for path in FOLDER.glob("typst/*.typ"):
        used |= set(re.findall(r"\bw\.(\w+)", path.read_text(encoding="utf-8"))) - {"at"}
    for path in FOLDER.glob("*.py"):
        used |= set(re.findall(r"\b(?:w|words|self\.words)\[\"(\w+)\"\]", path.read_text(encoding="utf-8")))
    assert len(used) > 80
    assert used <= WORDS["en"].keys()


def test_every_word_is_used() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in FOLDER.rglob("*") if path.suffix in (".py", ".typ")
    )
    text = text.replace((FOLDER / "words.py").read_text(encoding="utf-8"), "")
    unused = {
        key for key in WORDS["en"] if not re.search(rf"\b{key.removeprefix('written_')}\b|_{key}\b", text)
    }
    assert not unused
