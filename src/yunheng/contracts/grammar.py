"""The kinds of values a contract is made of: each reads a node, says what is wrong, and knows its JSON Schema."""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from .document import ListNode, MapNode, Node, ScalarNode
from .problems import Path, Phrase, Place, Problem, gettext_noop

JsonSchema = dict[str, Any]


class Missing:
    """What a value that could not be read is replaced with, so that reading goes on and finds the rest."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@dataclass(slots=True)
class Findings:
    """Collects what is wrong while a document is read."""

    problems: list[Problem] = field(default_factory=list)

    def error(
        self, code: str, path: Path, place: Place, message: str, hint: str = "", **params: Any
    ) -> Missing:
        self.problems.append(Problem(code, path, place, message, hint, params))
        return MISSING


class Kind(ABC):
    """A kind of value. `name` is what an error says is expected, `example` what would be right."""

    name: str = ""
    example: str = ""

    @abstractmethod
    def read(self, node: Node, path: Path, found: Findings) -> Any:
        """The plain value of the node, or MISSING after an error was noted."""

    @abstractmethod
    def json_schema(self) -> JsonSchema:
        """What editors are told."""

    def expected(self, node: Node, path: Path, found: Findings) -> Missing:
        if isinstance(node, ScalarNode) and node.is_null:
            return found.error(
                "no_value",
                path,
                node.place,
                gettext_noop("there is no value"),
                gettext_noop("expected is %(name)s, such as %(example)s"),
                name=Phrase(self.name),
                example=self.example,
            )
        return found.error(
            "wrong_value",
            path,
            node.place,
            gettext_noop("%(name)s is expected here, not %(given)s"),
            gettext_noop("such as %(example)s"),
            name=Phrase(self.name),
            given=_shown(node),
            example=self.example,
        )


def _shown(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return f"“{node.text if len(node.text) <= 40 else node.text[:39] + '…'}”"
    return Phrase(gettext_noop("a list")) if isinstance(node, ListNode) else Phrase(gettext_noop("a mapping"))


def near(word: str, known: Sequence[str]) -> str | None:
    """The known word that is meant by a mistyped one, if any is near."""
    close = difflib.get_close_matches(word.lower(), [item.lower() for item in known], n=1, cutoff=0.6)
    return next((item for item in known if close and item.lower() == close[0]), None)


@dataclass(frozen=True)
class Text(Kind):
    """Text of one or more lines. What YAML reads as a number, boolean or null needs quotes."""

    most: int = 200
    name: str = gettext_noop("text")
    example: str = "ACME"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        if node.kind != "text":
            return found.error(
                "not_text",
                path,
                node.place,
                gettext_noop("YAML reads %(given)s as a %(kind)s, not as text"),
                gettext_noop('put it in quotes: "%(text)s"'),
                given=_shown(node),
                kind=Phrase(node.kind),
                text=node.text,
            )
        text = node.text.strip()
        if not text:
            return self.expected(node, path, found)
        if len(text) > self.most:
            return found.error(
                "too_long",
                path,
                node.place,
                gettext_noop("%(length)d characters"),
                gettext_noop("at most %(most)d fit"),
                length=len(text),
                most=self.most,
            )
        return text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1, "maxLength": self.most}


KINDS_OF_SCALAR = (gettext_noop("number"), gettext_noop("boolean"), gettext_noop("null"))


@dataclass(frozen=True)
class Pattern(Kind):
    """A scalar of a fixed form, kept as text; what looks like a number is welcome (a priority may be called 1)."""

    pattern: str
    name: str
    example: str

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null or not re.fullmatch(self.pattern, node.text):
            return self.expected(node, path, found)
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": ["string", "integer"], "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    options: tuple[str, ...]
    name: str = gettext_noop("one of a few words")

    @property
    def example(self) -> str:  # type: ignore[override]
        return ", ".join(self.options)

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode) and node.text in self.options:
            return node.text
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        meant = near(node.text, self.options)
        return found.error(
            "not_a_choice",
            path,
            node.place,
            gettext_noop("%(given)s is none of: %(options)s"),
            gettext_noop("did you mean “%(meant)s”?") if meant else "",
            given=_shown(node),
            options=", ".join(self.options),
            meant=meant or "",
        )

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.options)}


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number within limits."""

    least: int
    most: int
    name: str = gettext_noop("a whole number")

    @property
    def example(self) -> str:  # type: ignore[override]
        return str(self.least if self.least > 0 else self.least + 1)

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if (
            not isinstance(node, ScalarNode)
            or not node.is_plain
            or not re.fullmatch(r"-?[0-9]{1,9}", node.text)
        ):
            return self.expected(node, path, found)
        number = int(node.text)
        if not self.least <= number <= self.most:
            return found.error(
                "out_of_range",
                path,
                node.place,
                gettext_noop("%(given)d is out of range"),
                gettext_noop("from %(least)d to %(most)d is possible"),
                given=number,
                least=self.least,
                most=self.most,
            )
        return number

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Flag(Kind):
    """true or false, and nothing else (YAML 1.2 knows no yes and no)."""

    name: str = gettext_noop("true or false")
    example: str = "true"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode) and node.is_plain and node.text in ("true", "false"):
            return node.text == "true"
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Day(Kind):
    """A calendar date, YYYY-MM-DD; kept as text."""

    name: str = gettext_noop("a date YYYY-MM-DD")
    example: str = "2026-01-01"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", node.text):
            try:
                day = date.fromisoformat(node.text)
            except ValueError:
                return found.error(
                    "no_such_day",
                    path,
                    node.place,
                    gettext_noop("there is no day %(given)s"),
                    gettext_noop("check the month and the day"),
                    given=_shown(node),
                )
            if 1990 <= day.year <= 2089:
                return node.text
            return found.error(
                "out_of_range",
                path,
                node.place,
                gettext_noop("the year %(year)d is out of range"),
                gettext_noop("from 1990 to 2089 is possible"),
                year=day.year,
            )
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


_AMOUNT = r"[0-9]{1,6} ?(?:h|min|s|小时|分钟|秒)"
_DAYS = r"[0-9]{1,3} ?(?:working days?|个?工作日)"
_SECONDS = {"h": 3600, "min": 60, "s": 1, "小时": 3600, "分钟": 60, "秒": 1}


@dataclass(frozen=True)
class Duration(Kind):
    """“30 min”, “1 h 30 min”, “2 working days”; kept as {seconds, working_days}, one of them null.

    A day is refused: on a calendar of 8 hours “1 day” would be three working days, and nobody means that.
    """

    has_working_days: bool = True
    name: str = gettext_noop("a duration")
    example: str = "30 min, 4 h, 1 h 30 min, 2 working days"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        text = node.text.strip()
        if re.fullmatch(_DAYS, text):
            if not self.has_working_days:
                return found.error(
                    "working_days",
                    path,
                    node.place,
                    gettext_noop("working days cannot be used here"),
                    gettext_noop("write hours, such as 24 h"),
                )
            days = int(re.match("[0-9]+", text)[0])  # type: ignore[index]
            return self.positive(days, {"seconds": None, "working_days": days}, node, path, found)
        if re.fullmatch(rf"{_AMOUNT}(?: ?{_AMOUNT})*", text):
            parts = re.findall(r"([0-9]+) ?(h|min|s|小时|分钟|秒)", text)
            units = [_SECONDS[unit] for _, unit in parts]
            if units == sorted(set(units), reverse=True):
                seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
                return self.positive(seconds, {"seconds": seconds, "working_days": None}, node, path, found)
        days_meant = re.fullmatch(r"([0-9]{1,4}) ?(d|days?|天|日)", text)
        if days_meant:
            return found.error(
                "ambiguous_day",
                path,
                node.place,
                gettext_noop("%(given)s is ambiguous"),
                gettext_noop("write %(hours)d h (open time) or %(days)d working day(s)")
                if self.has_working_days
                else gettext_noop("write %(hours)d h"),
                given=_shown(node),
                days=int(days_meant[1]),
                hours=24 * int(days_meant[1]),
            )
        return self.expected(node, path, found)

    def positive(
        self, amount: int, value: dict[str, int | None], node: Node, path: Path, found: Findings
    ) -> Any:
        if amount > 0:
            return value
        return found.error(
            "out_of_range",
            path,
            node.place,
            gettext_noop("a duration must be longer than 0"),
            gettext_noop("write “none” where nothing is promised"),
        )

    def json_schema(self) -> JsonSchema:
        amount = rf"{_AMOUNT}(?: ?{_AMOUNT})*"
        return {
            "type": "string",
            "pattern": f"^(?:{amount}|{_DAYS})$" if self.has_working_days else f"^(?:{amount})$",
        }


@dataclass(frozen=True)
class Literal(Kind):
    """A word that stands for something on its own, such as “none” or “all”."""

    word: str
    value: Any
    name: str = gettext_noop("a word")

    @property
    def example(self) -> str:  # type: ignore[override]
        return self.word

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode) and node.text == self.word:
            return self.value
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"const": self.word}


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of values of one kind."""

    item: Kind
    least: int = 0
    most: int = 2000
    name: str = gettext_noop("a list")

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"[{self.item.example}]"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ListNode):
            return self.expected(node, path, found)
        if not self.least <= len(node.items) <= self.most:
            return found.error(
                "list_length",
                path,
                node.place,
                gettext_noop("the list has %(length)d items"),
                gettext_noop("from %(least)d to %(most)d are possible"),
                length=len(node.items),
                least=self.least,
                most=self.most,
            )
        items = [self.item.read(item, (*path, index), found) for index, item in enumerate(node.items)]
        return [item for item in items if item is not MISSING]

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.item.json_schema()}
        schema["maxItems"] = self.most
        if self.least:
            schema["minItems"] = self.least
        return schema


@dataclass(frozen=True)
class MapOf(Kind):
    """A mapping with keys of the writer's choice; kept in the order written."""

    key: Pattern | Choice | Day
    value: Kind
    least: int = 0
    most: int = 500
    name: str = gettext_noop("a mapping")

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"{{{self.key.example}: …}}"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, MapNode):
            return self.expected(node, path, found)
        if not self.least <= len(node.pairs) <= self.most:
            return found.error(
                "list_length",
                path,
                node.place,
                gettext_noop("the mapping has %(length)d entries"),
                gettext_noop("from %(least)d to %(most)d are possible"),
                length=len(node.pairs),
                least=self.least,
                most=self.most,
            )
        result: dict[str, Any] = {}
        for name, value in node.pairs:
            inner = (*path, name.text)
            key = self.key.read(name, inner, found)
            read = self.value.read(value, inner, found)
            if key is not MISSING and read is not MISSING:
                result[key] = read
        return result

    def json_schema(self) -> JsonSchema:
        names = self.key.json_schema()
        names.pop("type", None)
        schema: JsonSchema = {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self.value.json_schema(),
        }
        schema["maxProperties"] = self.most
        if self.least:
            schema["minProperties"] = self.least
        return schema


@dataclass(frozen=True)
class Entry:
    """A key of a `Record`: its kind, what it means, and what holds where it is not written."""

    kind: Kind
    doc: str
    is_required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Record(Kind):
    """A mapping with known keys. An unknown key is an error that names the nearest right one."""

    entries: Mapping[str, Entry]
    name: str = gettext_noop("a mapping")
    doc: str = ""

    @property
    def example(self) -> str:  # type: ignore[override]
        shown = [key for key, entry in self.entries.items() if entry.is_required] or list(self.entries)[:2]
        return "{" + ", ".join(f"{key}: …" for key in shown) + "}"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, MapNode):
            return self.expected(node, path, found)
        result: dict[str, Any] = {}
        for name, value in node.pairs:
            entry = self.entries.get(name.text)
            if entry is None:
                self.unknown(name, path, found)
            else:
                result[name.text] = entry.kind.read(value, (*path, name.text), found)
        for key, entry in self.entries.items():
            if key in result:
                continue
            if entry.is_required:
                found.error(
                    "missing_key",
                    path,
                    node.place,
                    gettext_noop("the key “%(key)s” is missing"),
                    gettext_noop("add “%(key)s: %(example)s”"),
                    key=key,
                    example=entry.kind.example,
                )
                result[key] = MISSING
            else:
                result[key] = entry.default
        return result

    def unknown(self, name: ScalarNode, path: Path, found: Findings) -> None:
        meant = near(name.text, list(self.entries))
        found.error(
            "unknown_key",
            (*path, name.text),
            name.place,
            gettext_noop("unknown key “%(key)s”"),
            gettext_noop("did you mean “%(meant)s”?") if meant else gettext_noop("known here: %(known)s"),
            key=name.text,
            meant=meant or "",
            known=", ".join(self.entries),
        )

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: {"description": entry.doc, **entry.kind.json_schema()}
                for key, entry in self.entries.items()
            },
        }
        required = [key for key, entry in self.entries.items() if entry.is_required]
        if required:
            schema["required"] = required
        return schema


@dataclass(frozen=True)
class OneOf(Kind):
    """Several ways to write a value. Tried by shape: literal words, then the kind whose shape the node has."""

    kinds: tuple[Kind, ...]
    name: str
    example: str

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode):
            for kind in self.kinds:
                if isinstance(kind, Literal) and kind.word == node.text:
                    return kind.value
        shape: tuple[type[Kind], ...]
        if isinstance(node, MapNode):
            shape = (Record, MapOf)
        elif isinstance(node, ListNode):
            shape = (ListOf,)
        else:
            shape = (Text, Pattern, Choice, Whole, Flag, Day, Duration)
        for kind in self.kinds:
            if isinstance(kind, shape):
                return kind.read(node, path, found)
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [kind.json_schema() for kind in self.kinds]}
