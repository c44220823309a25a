"""What a check finds: severity, place, path, what is wrong and what would be right; translated only when shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


def gettext_noop(message: str) -> str:
    """Mark a sentence for translation without translating it: checking knows no language."""
    return message


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column in the file, both counted from 1."""

    line: int
    column: int


START = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `code` is stable and for machines; `message` and `hint` are templates filled from `params`."""

    code: str
    path: Path
    place: Place
    message: str
    hint: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence and its hint, "message; hint", in the language of `translate`."""
        words = {
            name: translate(value) if isinstance(value, Phrase) else value
            for name, value in self.params.items()
        }
        message = translate(self.message) % words
        return f"{message}; {translate(self.hint) % words}" if self.hint else message

    def line(self, file: str, translate: Callable[[str], str] = str) -> str:
        """FILE:LINE:COLUMN path: message; hint"""
        path = f" {show_path(self.path)}" if self.path else ""
        return f"{file}:{self.place.line}:{self.place.column}{path}: {self.text(translate)}"


class Phrase(str):
    """A parameter that is itself to be translated."""

    __slots__ = ()


class DocumentError(Exception):
    """A document that cannot be read at all; `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems = problems


def show_path(path: Path) -> str:
    """("parties", "suppliers", 0, "key") -> parties.suppliers[0].key"""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            shown += f".{part}" if shown else part
    return shown
