"""Two versions held against each other: in words by section of the document, and line by line."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import wording
from .difference import Difference, differences

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One change in words."""

    what: str
    before: str | None
    after: str | None
    kind: str  #: "new", "gone", "changed"


@dataclass(frozen=True, slots=True)
class ChangedSection:
    """Changes of one section of the document."""

    title: str
    changes: Sequence[Change]


def changes_in_words(old: Terms, new: Terms) -> list[ChangedSection]:
    """What changes from one version to another, by section."""
    sections: dict[str, list[Change]] = {}
    for difference in differences(old, new):
        sections.setdefault(wording.section(difference.section), []).append(_change(difference))
    return [ChangedSection(title, changes) for title, changes in sections.items()]


def _change(difference: Difference) -> Change:
    section, dot, rest = difference.what.partition(".")
    what = rest if dot and section == difference.section.partition(".")[0] else difference.what
    kind = "new" if difference.before is None else "gone" if difference.after is None else "changed"
    return Change(what, difference.before, difference.after, kind)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a unified difference. `mark` is "+", "-", "@" or " "."""

    mark: str
    text: str


def text_difference(old: str, new: str) -> list[TextLine]:
    """The documents compared line by line."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))
    return [TextLine(line[:1] or " ", line[1:] if line[:1] != "@" else line) for line in lines[2:]]
