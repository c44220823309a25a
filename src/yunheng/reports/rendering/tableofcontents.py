"""Fills the contents of a Word document with its headings, so that they can be read before Word has updated the field.

Only Word knows on what page a heading comes to stand, with its fonts and its printer: pages are left to the update of
the field (F9). A guess would be a wrong number in a client's hands.
"""

from dataclasses import dataclass
from typing import Any, Final

from docx.document import Document as DocumentObject
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

LEVELS: Final = 2
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(slots=True)
class _Heading:
    level: int
    number: str
    text: str
    bookmark: str


def fill_contents(document: DocumentObject) -> None:
    """Rewrite the result of the document's contents field; without one, nothing happens."""
    field = _find_field(document)
    if field is None:
        return
    headings = _mark_headings(document)
    first, last = field
    instruction = "".join(
        node.text or "" for part in _between(first, last) for node in part.iter(qn("w:instrText"))
    )
    styles = {style.name: style.style_id for style in document.styles}
    made = [_entry(heading, styles) for heading in headings] or [parse_xml(f"<w:p {nsdecls('w')}/>")]
    _open_field(made[0], instruction)
    made[-1].append(_run('<w:fldChar w:fldCharType="end"/>'))
    for paragraph in made:
        first.addprevious(paragraph)
    for paragraph in _between(first, last):
        paragraph.getparent().remove(paragraph)


def _find_field(document: DocumentObject) -> tuple[Any, Any] | None:
    """First and last paragraph of the contents field, when both stand side by side in the document."""
    for node in document.element.body.iter(qn("w:instrText")):
        if not (node.text or "").strip().upper().startswith("TOC"):
            continue
        first = last = next(node.iterancestors(qn("w:p")))
        depth = 1
        started = False
        while last is not None:
            for mark in last.iter(qn("w:fldChar"), qn("w:instrText")):
                if mark is node:
                    started = True
                elif started and mark.tag == qn("w:fldChar"):
                    depth += {"begin": 1, "end": -1}.get(mark.get(qn("w:fldCharType")), 0)
                    if depth == 0:
                        return first, last
            last = last.getnext()
            if last is not None and last.tag != qn("w:p"):
                return None
    return None


def _between(first: Any, last: Any) -> list[Any]:
    found = [first]
    while found[-1] is not last:
        found.append(found[-1].getnext())
    return found


def _mark_headings(document: DocumentObject) -> list[_Heading]:
    """The headings of the upper levels, each with a bookmark that the contents can point to."""
    levels = {}
    numbered = set()
    for style in document.styles:
        name = (style.name or "").lower()
        for level in range(1, LEVELS + 1):
            if name == f"heading {level}":
                levels[style.style_id] = level
                if style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
                    numbered.add(style.style_id)
    headings: list[_Heading] = []
    counts = [0] * LEVELS
    for paragraph in document.element.body.iter(qn("w:p")):
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        style_id = style.get(qn("w:val")) if style is not None else None
        text = "".join(node.text or "" for node in paragraph.iter(qn("w:t"))).strip()
        if style_id not in levels or not text:
            continue
        level = levels[style_id]
        counts[level - 1] += 1
        counts[level:] = [0] * (LEVELS - level)
        number = ".".join(str(count) for count in counts[:level]) if style_id in numbered else ""
        heading = _Heading(level, number, text, f"_Toc9{len(headings):07d}")
        _add_bookmark(paragraph, heading.bookmark, 9000 + len(headings))
        headings.append(heading)
    return headings


def _add_bookmark(paragraph: Any, name: str, number: int) -> None:
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{name}"/>')
    properties = paragraph.find(qn("w:pPr"))
    if properties is not None:
        properties.addnext(start)
    else:
        paragraph.insert(0, start)
    paragraph.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>'))


def _entry(heading: _Heading, styles: dict[str | None, str]) -> Any:
    """A line of the contents: a link to the heading."""
    paragraph = parse_xml(f"<w:p {nsdecls('w')}><w:pPr/></w:p>")
    style = styles.get(f"toc {heading.level}")
    if style:
        paragraph[0].append(parse_xml(f'<w:pStyle {nsdecls("w")} w:val="{style}"/>'))
    link = parse_xml(f'<w:hyperlink {nsdecls("w")} w:anchor="{heading.bookmark}" w:history="1"/>')
    paragraph.append(link)
    title = _run("<w:t/>")
    title[0].text = f"{heading.number}  {heading.text}".strip()
    title[0].set(_SPACE, "preserve")
    link.append(title)
    return paragraph


def _open_field(paragraph: Any, instruction: str) -> None:
    """Let the field begin before the first line's text."""
    begin = _run('<w:fldChar w:fldCharType="begin"/>')
    code = _run('<w:instrText xml:space="preserve"/>')
    code[0].text = instruction
    separate = _run('<w:fldChar w:fldCharType="separate"/>')
    properties = paragraph.find(qn("w:pPr"))
    place = 0 if properties is None else 1
    for number, run in enumerate((begin, code, separate)):
        paragraph.insert(place + number, run)


def _run(inner: str) -> Any:
    return parse_xml(f"<w:r {nsdecls('w')}>{inner}</w:r>")
