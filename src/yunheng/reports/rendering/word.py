"""Fills a Word template, ours or a client's, and finishes the document: pictures, contents, properties, fixed bytes."""

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from docx.document import Document as DocumentObject
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Twips
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from docxtpl import DocxTemplate
from jinja2.exceptions import TemplateError
from lxml import etree

from yunheng.reports.rendering.content import prepare, shape_for_templates
from yunheng.reports.rendering.fence import FencedEnvironment
from yunheng.reports.rendering.layout import FIRST_PARTS
from yunheng.reports.rendering.outcome import TemplateFault
from yunheng.reports.rendering.parcel import faults_of_file, pack_stably
from yunheng.reports.rendering.placeholders import faults_of_placeholders
from yunheng.reports.rendering.shape import CHARTS
from yunheng.reports.rendering.standard import build_template
from yunheng.reports.rendering.tableofcontents import fill_contents

MOST_LEDGER_ROWS: Final = 500  #: that a Word document prints; the Excel file holds all
#: Stands in the properties of every document: the same content gives the same bytes.
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ALT: Final = {
    "trend": "trend_alt",
    "groups": "groups_alt",
    "priorities": "priorities_alt",
    "causes": "causes_alt",
    "load": "load_alt",
    "backlog": "backlog_alt",
}


class LayoutError(Exception):
    """Filled with this content, the template is no well-formed document; the text names what is open."""


class _Filled(DocxTemplate):
    """docxtpl, but a broken document is an error, and document properties are no templates."""

    def fix_tables(self, xml: str) -> Any:
        try:
            etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        except etree.XMLSyntaxError as error:
            raise LayoutError(error.msg) from None
        return super().fix_tables(xml)

    def render_properties(self, context: Any, jinja_env: Any = None) -> None:
        """Set by `_finish`."""


def fill_template(
    template: bytes | None, content: Mapping[str, Any], charts: Mapping[str, bytes]
) -> tuple[bytes, list[TemplateFault]]:
    """The finished document, or the faults of the template. No template: the standard one."""
    words = content["words"]
    if template is None:
        data, own = build_template(content["language"], content["kind"]), True
    else:
        data, own = template, False
        faults = faults_of_template(data, content)
        if faults:
            return b"", faults
    marks = _marks(content, charts)
    filled = _Filled(io.BytesIO(data))
    try:
        filled.render({**content, "charts": marks}, FencedEnvironment(), autoescape=True)
    except LayoutError as error:
        return b"", [_layout_fault(str(error), words)]
    except etree.XMLSyntaxError as error:
        return b"", [_layout_fault(error.msg or "", words)]
    except (TemplateError, TypeError, ValueError, AttributeError) as error:
        if own:
            raise
        reason = words["problem_syntax"].format(text=str(error)[:300])
        return b"", [TemplateFault(words["place_file"], "", reason)]
    document: DocumentObject = filled.docx  # get_docx() would load the template anew
    _place_pictures(document, marks, charts, words)
    _mend(document)
    if own:
        _spread(document, content)
    fill_contents(document)
    return _finish(document, content), []


def try_template(data: bytes, content: Mapping[str, Any]) -> list[TemplateFault]:
    """The faults of a client's template, found by reading it and by filling it with this content and with none at all.

    What breaks only in a month without incidents should be known today.
    """
    faults = faults_of_template(data, content)
    if faults:
        return faults
    nothing = {name: content[name] for name in ("format", "kind", "language", "words")}
    for trial in (content, prepare(nothing)):
        faults = fill_template(data, trial, {})[1]
        if faults:
            break
    return faults


def faults_of_template(data: bytes, content: Mapping[str, Any]) -> list[TemplateFault]:
    """What reading a client's template finds wrong with it; nothing of it has been run then."""
    words = content["words"]
    faults = faults_of_file(data, words)
    if faults:
        return faults
    shape = shape_for_templates(content["kind"])
    known = {**{name: None for name in content if name not in shape}, **shape}
    try:
        return faults_of_placeholders(data, known, words)
    except (KeyError, ValueError, AttributeError, etree.XMLSyntaxError):
        return [TemplateFault(words["place_file"], "", words["problem_no_word"])]


def _layout_fault(message: str, words: Mapping[str, str]) -> TemplateFault:
    return TemplateFault(words["place_file"], "", words["problem_layout"].format(what=message[:200]))


# --- pictures


def _marks(content: Mapping[str, Any], charts: Mapping[str, bytes]) -> dict[str, str]:
    """What stands in the text until the pictures are put in. No text of the content can know it: it hashes them all."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {name: f"chart-{name}-{digest}" if name in charts else "" for name in CHARTS[content["kind"]]}


def _place_pictures(
    document: DocumentObject, marks: Mapping[str, str], charts: Mapping[str, bytes], words: Mapping[str, str]
) -> None:
    names = {mark: name for name, mark in marks.items() if mark}
    if not names:
        return
    for node in list(document.element.body.iter(qn("w:t"))):
        for mark, name in names.items():
            if mark in (node.text or ""):
                _picture(document, node, name, charts[name], words[_ALT[name]])
                break


def _picture(document: DocumentObject, node: Any, name: str, data: bytes, alt: str) -> None:
    node.text = ""
    owner = node.getparent()
    if owner.tag != qn("w:r"):
        return
    run = Run(owner, Paragraph(owner.getparent(), document._body))
    width = min(Emu(document.sections[0].page_width or 0) - Emu(4 * 360_000), Emu(17 * 360_000))
    shape = run.add_picture(io.BytesIO(data), width=Emu(width))
    properties = shape._inline.docPr
    properties.set("descr", alt)
    properties.set("name", f"chart-{name}")


# --- finishing


def _mend(document: DocumentObject) -> None:
    """What Word would call unreadable: a cell without a paragraph at its end, a table without rows."""
    body = document.element.body
    for cell in body.iter(qn("w:tc")):
        if len(cell) == 0 or cell[-1].tag != qn("w:p"):
            cell.append(OxmlElement("w:p"))
    for table in list(body.iter(qn("w:tbl"))):
        if table.find(qn("w:tr")) is None:
            table.getparent().remove(table)


def _spread(document: DocumentObject, content: Mapping[str, Any]) -> None:
    """Give the columns that a table has grown sideways their widths."""
    for table in document.element.body.iter(qn("w:tbl")):
        layout = table.tblPr.find(qn("w:tblLayout"))
        columns = table.tblGrid.findall(qn("w:gridCol"))
        if layout is None or layout.get(qn("w:type")) != "autofit" or len(columns) < 2:
            continue
        widths = _widths(content, len(columns))
        layout.set(qn("w:type"), "fixed")
        for column, width in zip(columns, widths, strict=True):
            column.set(qn("w:w"), str(width))
        for row in table.iterchildren(qn("w:tr")):
            for cell, width in zip(row.iterchildren(qn("w:tc")), widths, strict=False):
                cell.get_or_add_tcPr().get_or_add_tcW().width = Twips(width)


def _widths(content: Mapping[str, Any], count: int) -> list[int]:
    """Twentieths of a point: of a ledger by its columns' widths; else one width, and a wide first one for titles."""
    if content["kind"] == "ledger":
        shares = [max(column["width"], 6) for column in content["columns"]]
        return [14_480 * share // sum(shares) for share in shares]
    total, first = 9_400, 2_000
    return [first] + [(total - first) // (count - 1)] * (count - 1)


def _finish(document: DocumentObject, content: Mapping[str, Any]) -> bytes:
    properties = document.core_properties
    properties.title = f"{content['report']['title']} {content['report']['period_label']}"[:250]
    properties.author = content["contract"]["provider"][:250]
    properties.subject = content["report"]["number"][:250]
    properties.comments = ""
    properties.keywords = ""
    properties.last_modified_by = ""
    properties.language = content["language"]
    properties.revision = 1
    properties.created = properties.modified = _LONG_AGO
    buffer = io.BytesIO()
    document.save(buffer)
    return pack_stably(buffer.getvalue(), FIRST_PARTS)
