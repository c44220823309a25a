"""Finds the placeholders of a Word template, where they stand, and what is wrong with them.

Word splits a placeholder over any number of runs; here it is one again, as docxtpl reads it. All placeholders of a
part are compiled together, one on each line, so that the line of a fault is the place of a placeholder.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docx import Document
from docx.document import Document as DocumentObject
from docx.oxml.ns import qn
from jinja2.exceptions import TemplateSyntaxError
from lxml import etree

from yunheng.reports.rendering.fence import FencedEnvironment, forbidden_in
from yunheng.reports.rendering.naming import faults_of_names
from yunheng.reports.rendering.outcome import TemplateFault

_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_OPENED: Final = re.compile(r"\{\{|\{%|\{#")
_UNIT: Final = re.compile(r"^(\{[{%#])(?:tr|tc|p|r) ")
_SPECIAL: Final = re.compile(r"^\{%\s*(vm|hm)\s*%\}$")
_FILLING: Final = re.compile(r"^\{%\s*(?:cellbg|colspan)\s+([^%]*?)\s*%\}$")
_RAW: Final = re.compile(r"^\{\{\s*r\s|^\{%\s*raw\b")
_QUOTES: Final = str.maketrans("“”‘’", "\"\"''")
_PARAGRAPH: Final = qn("w:p")
MOST_FAULTS: Final = 50


@dataclass(frozen=True, slots=True)
class Placed:
    """A placeholder as it is written, and where."""

    place: str
    text: str
    is_open: bool = False  #: it does not end in its paragraph


def faults_of_placeholders(
    data: bytes, shape: Mapping[str, Any], words: Mapping[str, str]
) -> list[TemplateFault]:
    """What is wrong with the placeholders of a .docx that `faults_of_file` has let through; in the order they stand."""
    faults: list[TemplateFault] = []
    for group in _groups(Document(io.BytesIO(data)), words):
        faults += _faults_of_group(group, shape, words)
    if len(faults) > MOST_FAULTS:
        more = words["problem_more"].format(count=len(faults) - MOST_FAULTS)
        faults = [*faults[:MOST_FAULTS], TemplateFault("", "", more)]
    return faults


def _faults_of_group(
    group: list[Placed], shape: Mapping[str, Any], words: Mapping[str, str]
) -> Iterator[TemplateFault]:
    faults: list[tuple[int, str]] = []
    lines = []
    for number, placed in enumerate(group, 1):
        if placed.is_open:
            faults.append((number, words["problem_unclosed"]))
            lines.append("")
        elif _RAW.match(placed.text):
            faults.append((number, words["problem_forbidden"].format(what=placed.text.strip("{}% ")[:20])))
            lines.append("")
        else:
            lines.append(_as_jinja(placed.text))
    environment = FencedEnvironment()
    source = "\n".join(lines)
    try:
        tree = super(FencedEnvironment, environment)._parse(source, None, None)
    except TemplateSyntaxError as error:
        line = min(error.lineno, len(group))
        faults.append((line, words["problem_syntax"].format(text=error.message)))
    else:
        forbidden = list(forbidden_in(tree))
        faults += [(line, words["problem_forbidden"].format(what=what)) for what, line in forbidden]
        if not forbidden:
            faults += [
                (fault.line, words[fault.key].format(**fault.values))
                for fault in faults_of_names(tree, shape)
            ]
    for line, reason in sorted(dict.fromkeys(faults)):
        placed = group[line - 1]
        yield TemplateFault(placed.place, placed.text[:200], reason)


def _as_jinja(text: str) -> str:
    """A placeholder on one line, without what docxtpl adds to Jinja's language."""
    text = " ".join(text.translate(_QUOTES).split())
    text = _UNIT.sub(r"\1 ", text)
    if _SPECIAL.match(text):
        return ""
    return _FILLING.sub(r"{{ \1 }}", text)


# --- where placeholders stand


def _groups(document: DocumentObject, words: Mapping[str, str]) -> Iterator[list[Placed]]:
    """The placeholders of each part that docxtpl fills: each is a program of its own."""
    yield list(_in_body(document.element.body, words))
    part = document.part
    for relation in part.rels.values():
        for kind, place in (
            ("header", "place_header"),
            ("footer", "place_footer"),
            ("footnotes", "place_notes"),
        ):
            if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
                tree = etree.fromstring(
                    relation.target_part.blob, etree.XMLParser(resolve_entities=False, no_network=True)
                )
                yield list(_in_tree(tree, words[place]))


def _in_body(body: Any, words: Mapping[str, str]) -> Iterator[Placed]:
    paragraphs = tables = 0
    for child in body:
        if child.tag == qn("w:tbl"):
            tables += 1
            yield from _in_table(child, tables, words)
        elif child.tag == _PARAGRAPH:
            paragraphs += 1
            yield from _in_tree(child, words["place_body"].format(number=paragraphs))
        else:
            yield from _in_tree(child, words["place_body"].format(number=paragraphs + 1))


def _in_table(table: Any, number: int, words: Mapping[str, str]) -> Iterator[Placed]:
    for row_number, row in enumerate(table.iterchildren(qn("w:tr")), 1):
        for column, cell in enumerate(row.iterchildren(qn("w:tc")), 1):
            place = words["place_table"].format(table=number, row=row_number, column=column)
            yield from _in_tree(cell, place)


def _in_tree(tree: Any, place: str) -> Iterator[Placed]:
    """Placeholders of the paragraphs in a tree, also those in text boxes and in attributes."""
    for paragraph in tree.iter(_PARAGRAPH):
        yield from _in_text(_text_of(paragraph), place)
    for element in tree.iter(etree.Element):
        for value in element.attrib.values():
            if "{{" in value or "{%" in value:
                yield from _in_text(str(value), place)


def _in_text(text: str, place: str) -> Iterator[Placed]:
    end = 0
    for found in _TAG.finditer(text):
        yield Placed(place, found[0])
        end = found.end()
    rest = _OPENED.search(text, end)
    if rest:
        yield Placed(place, text[rest.start() :], is_open=True)


def _text_of(paragraph: Any) -> str:
    """The text of a paragraph's own runs, not of paragraphs inside it."""
    pieces = []
    for node in paragraph.iter(qn("w:t")):
        owner = next(node.iterancestors(_PARAGRAPH))
        if owner is paragraph:
            pieces.append(node.text or "")
    return "".join(pieces)
