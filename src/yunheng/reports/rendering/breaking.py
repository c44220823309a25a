"""Lets words that are too long for a line of PDF break: typst breaks no word by itself."""

import re
from collections.abc import Mapping
from typing import Any, Final

LONGEST: Final = 18  #: characters of a word that fit a narrow column
_ZERO_WIDTH_SPACE: Final = "\u200b"
# A run without blanks of scripts that do not break between characters. Hyphens and slashes end it: lines break there.
_WORDS: Final = re.compile(rf"[^\s\-/\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]{{{LONGEST + 1},}}")


def soften(value: Any) -> Any:
    """The same data, in whose texts long words hold invisible places to break."""
    if isinstance(value, str):
        return _WORDS.sub(_broken, value) if len(value) > LONGEST else value
    if isinstance(value, Mapping):
        return {name: soften(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [soften(part) for part in value]
    return value


def _broken(found: re.Match[str]) -> str:
    word = found[0]
    return _ZERO_WIDTH_SPACE.join(word[place : place + LONGEST] for place in range(0, len(word), LONGEST))
