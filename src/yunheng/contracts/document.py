"""Reads YAML 1.2 into nodes that know their place; refuses what is too big, too deep, ambiguous or no YAML.

Built on ruamel's parser events and not on its constructor: scalars keep the text as written (09:00 and NO stay
what they are), each key its line and column, and an alias costs what it expands to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .problems import START, DocumentError, Path, Place, Problem, gettext_noop, show_path

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_ALIASES = 200
MAX_NODES = 50_000  # aliases expanded

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true", "True", "TRUE", "false", "False", "FALSE"}
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar with the text as written (quotes and escapes resolved). Plain: without quotes."""

    text: str
    is_plain: bool
    place: Place

    @property
    def is_null(self) -> bool:
        return self.is_plain and self.text in _NULL

    @property
    def kind(self) -> str:
        """What YAML 1.2 (core schema) makes of it: null, boolean, number or text."""
        if not self.is_plain:
            return "text"
        if self.text in _NULL:
            return "null"
        if self.text in _BOOLEAN:
            return "boolean"
        return "number" if _NUMBER.fullmatch(self.text) else "text"


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: list[Node]
    place: Place


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping, in the order written. Keys are scalars and unique."""

    pairs: list[tuple[ScalarNode, Node]]
    place: Place

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)


Node = ScalarNode | ListNode | MapNode


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    node: MapNode | ListNode
    anchor: str | None
    key: ScalarNode | None = None
    seen: dict[str, Place] = field(default_factory=dict)
    size: int = 1


def read_document(data: bytes) -> MapNode:
    """The document's nodes. Raises DocumentError with every reason found; fast for hostile input, too."""
    text = _decoded(data)
    reader = _Reader()
    yaml = YAML(typ="safe", pure=True)
    try:
        for event in yaml.parse(text):
            reader.take(event)
    except MarkedYAMLError as error:
        raise DocumentError(*reader.problems, _syntax_problem(error)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(
            _problem("yaml", START, gettext_noop("this is no valid YAML: %(reason)s"), reason=str(error))
        ) from None
    if reader.problems:
        raise DocumentError(*reader.problems)
    root = reader.root
    if root is None or (isinstance(root, ScalarNode) and root.is_null):
        raise DocumentError(
            _problem(
                "empty",
                START,
                gettext_noop("the document is empty"),
                gettext_noop("start with a line such as: key: acme"),
            )
        )
    if not isinstance(root, MapNode):
        raise DocumentError(
            _problem(
                "not_a_mapping",
                root.place,
                gettext_noop("the document must be a mapping"),
                gettext_noop("write lines of the form “key: value”, the first perhaps: key: acme"),
            )
        )
    return root


def places(root: Node) -> dict[Path, Place]:
    """Where each path of the document stands: for a mapping's entry the place of its key."""
    found: dict[Path, Place] = {(): root.place}

    def walk(node: Node, path: Path) -> Iterator[tuple[Path, Place]]:
        if isinstance(node, MapNode):
            for key, value in node.pairs:
                yield (*path, key.text), key.place
                yield from walk(value, (*path, key.text))
        elif isinstance(node, ListNode):
            for index, value in enumerate(node.items):
                yield (*path, index), value.place
                yield from walk(value, (*path, index))

    found.update(walk(root, ()))
    return found


def place_of(found: dict[Path, Place], path: Path) -> Place:
    """The place of the path, or of the nearest part of it that is written."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, START)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise DocumentError(
            _problem(
                "too_large",
                START,
                gettext_noop("the document has %(size)d bytes"),
                gettext_noop("at most %(most)d are read; is this the right file?"),
                size=len(data),
                most=MAX_BYTES,
            )
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError(
            _problem(
                "encoding",
                START,
                gettext_noop("the document is in UTF-16"),
                gettext_noop("save it as UTF-8"),
            )
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise DocumentError(
            _problem(
                "encoding",
                Place(line, column),
                gettext_noop("byte %(byte)s is no UTF-8"),
                gettext_noop("save the file as UTF-8 (it may be in GB18030)"),
                byte=f"0x{data[error.start]:02x}",
            )
        ) from None
    found = _CONTROL.search(text)
    if found:
        raise DocumentError(
            _problem(
                "control_character",
                _place_in(text, found.start()),
                gettext_noop("the character %(character)s is not allowed"),
                gettext_noop("delete it; it is invisible in most editors"),
                character=f"U+{ord(found.group()):04X}",
            )
        )
    return text


def _place_in(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class _Reader:
    """Builds nodes from parser events and stops as soon as a limit is passed."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.documents = 0
        self.aliases = 0
        self.nodes = 0

    def take(self, event: Any) -> None:
        if isinstance(event, DocumentStartEvent):
            self.document(event)
        elif isinstance(event, ScalarEvent):
            self.check_tag(event)
            node = ScalarNode(event.value, event.style in (None, ""), _place(event))
            bad = _UNSTORABLE.search(node.text)
            if bad:
                self.stop(
                    "control_character",
                    node.place,
                    gettext_noop("the escaped character %(character)s is not allowed"),
                    gettext_noop("delete it"),
                    character=f"U+{ord(bad.group()):04X}",
                )
            self.add(node, 1, event.anchor)
        elif isinstance(event, AliasEvent):
            self.alias(event)
        elif isinstance(event, CollectionStartEvent):
            self.check_tag(event)
            if len(self.stack) >= MAX_DEPTH:
                self.stop(
                    "too_deep",
                    _place(event),
                    gettext_noop("nested more than %(most)d deep"),
                    gettext_noop("a contract needs at most 9; check the indentation and brackets"),
                    most=MAX_DEPTH,
                )
            assert isinstance(event, MappingStartEvent | SequenceStartEvent)
            is_map = isinstance(event, MappingStartEvent)
            fresh: MapNode | ListNode = MapNode([], _place(event)) if is_map else ListNode([], _place(event))
            self.stack.append(_Open(fresh, event.anchor))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = self.stack.pop()
            self.add(done.node, done.size, done.anchor)

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self.stop(
                "many_documents",
                _place(event),
                gettext_noop("a second document begins here"),
                gettext_noop("one file holds one contract: delete the line “---” or split the file"),
            )
        if event.version is not None and tuple(event.version) != (1, 2):
            self.stop(
                "yaml_version",
                _place(event),
                gettext_noop("YAML %(version)s is not read"),
                gettext_noop("contracts are YAML 1.2: delete the line %%YAML"),
                version=".".join(map(str, event.version)),
            )

    def alias(self, event: Any) -> None:
        known = self.anchors.get(event.anchor)
        if known is None:
            self.stop(
                "unknown_alias",
                _place(event),
                gettext_noop("there is no anchor &%(name)s for the alias *%(name)s"),
                gettext_noop("an anchor must end before it is used; text that begins with * needs quotes"),
                name=event.anchor,
            )
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.stop(
                "too_many_aliases",
                _place(event),
                gettext_noop("more than %(most)d aliases"),
                gettext_noop("write the values out"),
                most=MAX_ALIASES,
            )
        assert known is not None
        self.add(known[0], known[1], None)

    def add(self, node: Node, size: int, anchor: str | None) -> None:
        """Put a finished node into the collection that is open; `size` counts it with all it contains."""
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += size
        if parent.size > MAX_NODES:
            self.stop(
                "too_many_nodes",
                node.place,
                gettext_noop("the document expands to more than %(most)d values"),
                gettext_noop("aliases inside aliases multiply; write the values out"),
                most=MAX_NODES,
            )
        if isinstance(parent.node, ListNode):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = self.as_key(node, parent)
        else:
            if isinstance(node, ScalarNode) and node.is_plain and not node.text:
                node = ScalarNode(
                    "", True, parent.key.place
                )  # no value: the parser places it on a later line
            parent.node.pairs.append((parent.key, node))
            parent.key = None

    def as_key(self, node: Node, parent: _Open) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            self.stop(
                "key_not_text",
                node.place,
                gettext_noop("a list or mapping cannot be a key"),
                gettext_noop("a value that begins with { or [ needs quotes"),
            )
        assert isinstance(node, ScalarNode)
        if node.is_plain and node.text == "<<":
            self.stop(
                "merge_key",
                node.place,
                gettext_noop("“<<” (merge) is not part of YAML 1.2"),
                gettext_noop("write the values out; targets for all services go under “all”"),
            )
        first = parent.seen.get(node.text)
        if first is not None:
            self.problems.append(
                _problem(
                    "duplicate_key",
                    node.place,
                    gettext_noop("“%(key)s” stands here a second time"),
                    gettext_noop("it is already in line %(line)d; delete or rename one of the two"),
                    path=self.path(node.text),
                    key=node.text,
                    line=first.line,
                )
            )
        parent.seen.setdefault(node.text, node.place)
        return node

    def path(self, last: str) -> Path:
        parts: list[str | int] = []
        for item in self.stack[:-1]:
            if isinstance(item.node, ListNode):
                parts.append(len(item.node.items))
            elif item.key is not None:
                parts.append(item.key.text)
        return (*parts, last)

    def check_tag(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if tag is None or str(tag) in ("", "!", "None"):
            return
        self.stop(
            "tag",
            _place(event),
            gettext_noop("the tag %(tag)s is not read"),
            gettext_noop("a contract needs no tags: delete it, or quote text that begins with !"),
            tag=str(tag),
        )

    def stop(self, code: str, place: Place, message: str, hint: str = "", **params: Any) -> None:
        raise DocumentError(*self.problems, _problem(code, place, message, hint, **params))


def _place(event: Any) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1)


def _problem(
    code: str, place: Place, message: str, hint: str = "", path: Path = (), **params: Any
) -> Problem:
    return Problem(code, path, place, message, hint, params)


#: What ruamel says → what it means for somebody who writes a contract.
_SYNTAX = (
    (
        "character '\\t'",
        "tab",
        gettext_noop("a tab stands where only spaces may"),
        gettext_noop("indent with spaces"),
    ),
    (
        "found unexpected end of stream",
        "unclosed_quote",
        gettext_noop("a quotation mark is not closed"),
        gettext_noop("close it with the same mark"),
    ),
    (
        "mapping values are not allowed",
        "colon",
        gettext_noop("a second “: ” in one line, or wrong indentation"),
        gettext_noop("put text with a colon in quotes, and indent entries of one level alike"),
    ),
    (
        "could not find expected ':'",
        "no_colon",
        gettext_noop("a key without “: ”"),
        gettext_noop("write “key: value”, with a space behind the colon"),
    ),
    (
        "but found '-'",
        "dash",
        gettext_noop("a list item “- ” where an entry of a mapping is expected"),
        gettext_noop("indent it under its key"),
    ),
    (
        "expected <block end>",
        "indentation",
        gettext_noop("the indentation does not fit the lines before"),
        gettext_noop("entries of one level begin in the same column"),
    ),
    (
        "'<document start>'",
        "indentation",
        gettext_noop("the indentation does not fit the lines before"),
        gettext_noop("entries of one level begin in the same column"),
    ),
    (
        "sequence entries are not allowed",
        "dash",
        gettext_noop("a list item “- ” where an entry of a mapping is expected"),
        gettext_noop("indent it under its key"),
    ),
    (
        "expected a comment or a line break",
        "reserved_character",
        gettext_noop("text may not begin with this character"),
        gettext_noop("put it in quotes"),
    ),
    (
        "expected alphabetic or numeric",
        "reserved_character",
        gettext_noop("text may not begin with this character"),
        gettext_noop("put it in quotes"),
    ),
    (
        "expected ',' or",
        "bracket",
        gettext_noop("a bracket is not closed, or a comma is missing"),
        gettext_noop("close [ with ] and { with }, and put commas between the values"),
    ),
    (
        "unknown escape character",
        "escape",
        gettext_noop("an unknown escape in a text in double quotes"),
        gettext_noop("write \\\\ for one backslash, or use single quotes"),
    ),
    (
        "cannot start any token",
        "reserved_character",
        gettext_noop("text may not begin with this character"),
        gettext_noop("put it in quotes"),
    ),
)


def _syntax_problem(error: MarkedYAMLError) -> Problem:
    reason = str(error.problem or error.context or error)
    mark = error.problem_mark or error.context_mark
    if "end of stream" in reason and error.context_mark is not None:
        mark = error.context_mark  # where it began says more than the end of the file
    place = START if mark is None else Place(mark.line + 1, mark.column + 1)
    for sign, code, message, hint in _SYNTAX:
        if sign in reason:
            return _problem(code, place, message, hint)
    return _problem("yaml", place, gettext_noop("this is no valid YAML: %(reason)s"), reason=reason)


__all__ = [
    "ListNode",
    "MapNode",
    "Node",
    "ScalarNode",
    "place_of",
    "places",
    "read_document",
    "show_path",
]
