"""What a text can be found by: words of Latin script, pairs of Chinese characters, tails of numbers.

Both sides are made here, what is stored (the text of a tsvector) and what is looked for (the text of a tsquery), so
that no parser or dictionary of the database decides what a word is. Chinese has no blanks between words: a run of
characters becomes its pairs, and its last character alone. Two characters are found by their pair, one character as the
beginning of a pair.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

#: Bytes of a word; longer ones are found by their beginning. With MOST_WORDS × 4 it stays below the 1 MB of a tsvector.
MOST_BYTES: Final = 48
MOST_WORDS: Final = 4_000  #: different words of one entry; a text that has more is found by its first ones
MOST_TERMS: Final = 8  #: of one search
PREFIX_LENGTH: Final = 3  #: from so many letters on, a word also finds longer words that begin with it

# Radicals are characters of their own that look like the ideograph; texts copied out of PDF files are full of them.
# NFKC maps Kangxi radicals (U+2F00) but only two of the supplement (U+2E80).
_RADICALS: Final = str.maketrans(
    "⺁⺇⺋⺎⺝⺟⺠⺩⺫⺮⺷⺸⺼⻁⻄⻅⻆⻉⻋⻐⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻠⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
    "厂几㔾兀月母民王目竹羊羊肉虎西见角贝车钅長镸长门青韦页风飞食饣马骨鬼鱼鸟卤麦黄齐齿龙龟",
)
_HAN: Final = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_RUNS: Final = re.compile(rf"([{_HAN}]+)|([^\W_{_HAN}]+)")
_DIGITS: Final = "0123456789"

#: Members of an entry's data whose text people look for; instants, keys and ids are none.
_TOLD: Final = frozenset(
    {
        *("title", "description", "resolution", "text", "note", "reason", "measure", "opinion", "message"),
        *("answer", "ci", "category", "cause"),
    }
)
_GROUPS: Final = ("changes", "form")  #: members that hold such members


def normalised(text: str) -> str:
    """One form for what looks alike: compatibility forms (full width, radicals) and case folded away."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).translate(_RADICALS).casefold()


def words_of(text: str) -> Iterator[str]:
    """The words that a text is stored under, repetitions included: words, pairs of characters, last characters."""
    for han, word in _RUNS.findall(normalised(text)):
        if word:
            yield _cut(word)
            continue
        for place in range(len(han) - 1):
            yield han[place : place + 2]
        yield han[-1]


def number_words(number: str) -> Iterator[str]:
    """The words of a number: its parts, and the digits at its end with and without leading zeros.

    "ACME-INC-20260401-0007" is found by "20260401", "0007" and "7", "INC0000045" by "0000045" and "45" too.
    """
    part = ""
    for _han, part in _RUNS.findall(normalised(number)):
        if part:
            yield _cut(part)
    digits = part[len(part.rstrip(_DIGITS)) :]
    if digits:
        yield digits
        yield digits.lstrip("0") or "0"


def vector(words: Iterable[str]) -> str:
    """The words as text of a tsvector: the first MOST_WORDS different ones, without positions."""
    kept: dict[str, None] = {}
    for word in words:
        if len(kept) >= MOST_WORDS:
            break
        kept[word] = None
    return " ".join(map(_quoted, kept))


def queries(text: str) -> list[str]:
    """What is looked for, as texts of tsqueries: one for each part between blanks; all of them must be found.

    Parts without letters and digits are left out, and parts beyond MOST_TERMS. Empty when nothing is left.
    """
    found: list[str] = []
    for term in normalised(text).split():
        parts: dict[str, None] = {}
        for han, word in _RUNS.findall(term):
            if word:
                parts[_quoted(_cut(word)) + (":*" if len(word) >= PREFIX_LENGTH else "")] = None
            elif len(han) == 1:
                parts[_quoted(han) + ":*"] = None
            else:
                parts.update((_quoted(han[place : place + 2]), None) for place in range(len(han) - 1))
        if parts:
            found.append(" & ".join(parts))
    return list(dict.fromkeys(found))[:MOST_TERMS]


def texts_in(data: Mapping[str, Any] | None) -> Iterator[str]:
    """What people wrote in the data of one visibility class of an entry, names of people and of files included."""
    if not data:
        return
    for key, value in data.items():
        if key in _TOLD and isinstance(value, str):
            yield value
        elif key in _GROUPS and isinstance(value, Mapping):
            yield from texts_in(value)
        elif key == "requester" and isinstance(value, Mapping):
            yield str(value.get("name") or "")
        elif key == "files" and isinstance(value, list):
            yield from (str(file.get("name") or "") for file in value if isinstance(file, Mapping))


def _cut(word: str) -> str:
    if len(word) * 4 <= MOST_BYTES:
        return word
    return word.encode()[:MOST_BYTES].decode(errors="ignore")


def _quoted(word: str) -> str:
    if word.isalnum():
        return f"'{word}'"
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
