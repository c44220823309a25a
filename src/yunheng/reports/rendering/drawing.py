"""The pieces the standard Word template is built from: styles, tables, loops, headers. Nothing here knows a report."""

from collections.abc import Sequence
from typing import Any, Final

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.section import Section
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

INK: Final = "1F2933"
QUIET: Final = "5C6874"
LINE: Final = "CFD6DD"
PALE: Final = "EEF2F6"
ACCENT: Final = "1D5A96"
GOOD: Final = "1B6E45"
BAD: Final = "B3261E"
AMBER: Final = "8A5A00"

TEXT_WIDTH: Final = 17.0  #: cm, of an upright page
WIDE_WIDTH: Final = 25.7  #: cm, of a page on its side
_INDENT: Final = 85  #: twentieths of a point: tables begin where the text does

_ALIGN: Final = {"l": WD_ALIGN_PARAGRAPH.LEFT, "r": WD_ALIGN_PARAGRAPH.RIGHT, "c": WD_ALIGN_PARAGRAPH.CENTER}


class Draft:
    """A Word document under construction."""

    def __init__(self, language: str) -> None:
        self.is_chinese = language.startswith("zh")
        self.document: DocumentObject = Document()
        self._drop_thumbnail()
        self._set_styles()
        self._number_headings()
        _set_page(self.document.sections[0])

    # --- text

    def paragraph(
        self,
        text: str,
        style: str = "Normal",
        *,
        size: float | None = None,
        colour: str | None = None,
        is_bold: bool = False,
        align: str = "",
        before: float | None = None,
        after: float | None = None,
    ) -> Paragraph:
        """A paragraph at the end of the document."""
        made = self.document.add_paragraph(style=style)
        write(made, text, size=size, colour=colour, is_bold=is_bold)
        if align:
            made.alignment = _ALIGN[align]
        if before is not None:
            made.paragraph_format.space_before = Pt(before)
        if after is not None:
            made.paragraph_format.space_after = Pt(after)
        return made

    def tag(self, statement: str) -> None:
        """A paragraph that only holds a statement, and goes when the template is filled: `tag("if x")`."""
        self.document.add_paragraph(f"{{%p {statement} %}}")

    def note(self, text: str, colour: str = ACCENT) -> None:
        """A sentence that stands out."""
        made = self.paragraph(text, size=9)
        shade(made._p.get_or_add_pPr(), PALE)
        _border(made, colour)

    def page_break_before(self, paragraph: Paragraph) -> None:
        """Let the paragraph begin a page."""
        paragraph.paragraph_format.page_break_before = True
        paragraph.paragraph_format.space_before = Pt(0)

    # --- tables

    def sheet(
        self,
        loop: str,
        columns: Sequence[tuple[str, str, float, str]],
        *,
        size: float = 8.5,
        width: float = TEXT_WIDTH,
    ) -> Table:
        """A table with a header that is repeated on every page and a row for each item.

        `loop`: what follows `for`, "row in misses.rows". Columns: title, cell (lines of placeholders, or "@state" for
        the state by sign and word), share of the width, alignment.
        """
        table = self._table(4, len(columns), width, [column[2] for column in columns])
        _repeat(table.rows[0]._tr)
        _keep_together(table.rows[2]._tr)
        for place, (title, cell, _share, align) in enumerate(columns):
            head = table.cell(0, place)
            put(head, title, size=size, is_bold=True, align=align)
            shade(head._tc.get_or_add_tcPr(), PALE)
            fill_cell(table.cell(2, place), cell, size=size, align=align)
        put(table.cell(1, 0), f"{{%tr for {loop} %}}")
        put(table.cell(3, 0), "{%tr endfor %}")
        self._space_after_table()
        return table

    def facts(self, pairs: Sequence[tuple[str, str]], width: float = TEXT_WIDTH, label: float = 4.0) -> None:
        """Two columns: what, and its value; a row without a value goes."""
        table = self._table(3 * len(pairs), 2, width, [label, width - label], is_ruled=False)
        for place, (name, value) in enumerate(pairs):
            put(table.cell(3 * place, 0), f"{{%tr if ({value}) %}}")
            put(table.cell(3 * place + 1, 0), name, size=9, colour=QUIET)
            put(table.cell(3 * place + 1, 1), f"{{{{ {value} }}}}", size=9)
            put(table.cell(3 * place + 2, 0), "{%tr endif %}")
        self._space_after_table()

    def cards(self, loop: str, count: int, lines: Sequence[tuple[str, float, str, bool]]) -> None:
        """A grid of cards, `count` in a row. Lines of a card: text with {place}, size, colour, bold; "@state" too."""
        table = self._table(3, count, TEXT_WIDTH, [1.0] * count, is_ruled=False)
        put(table.cell(0, 0), f"{{%tr for line in {loop} %}}")
        for place in range(count):
            cell = table.cell(1, place)
            _box(cell)
            for number, (text, size, colour, is_bold) in enumerate(lines):
                target = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
                if text.startswith("@state"):
                    add_state(cell, target, f"line[{place}]", size, text[6:].replace("{place}", str(place)))
                else:
                    write(
                        target, text.replace("{place}", str(place)), size=size, colour=colour, is_bold=is_bold
                    )
                target.paragraph_format.space_after = Pt(2)
        put(table.cell(2, 0), "{%tr endfor %}")
        self._space_after_table()

    def spreading(self, first: str, loop: str, cell: str, rows: str, size: float = 7) -> None:
        """A table that also grows sideways: a title column, then a column for each of `loop`'s items."""
        table = self._table(4, 4, TEXT_WIDTH, [2.0, 1.0, 1.0, 1.0], is_fixed=False)
        _repeat(table.rows[0]._tr)
        for line, title, inner, value in (
            (0, first, f"label in {loop}", "{{ label }}"),
            (2, "{{ row.label }}", "value in row.shown", cell),
        ):
            put(table.cell(line, 0), title, size=size, is_bold=line == 0)
            put(table.cell(line, 1), f"{{%tc for {inner} %}}", size=size)
            put(table.cell(line, 2), value, size=size, align="r", is_bold=line == 0)
            put(table.cell(line, 3), "{%tc endfor %}", size=size)
            if line == 0:
                for place in (0, 2):
                    shade(table.cell(0, place)._tc.get_or_add_tcPr(), PALE)
        put(table.cell(1, 0), f"{{%tr for {rows} %}}")
        put(table.cell(3, 0), "{%tr endfor %}")
        self._space_after_table()

    def listing(self, columns: str, rows: str, size: float = 6.5) -> None:
        """A table of nothing but lists: `columns` with a label each, and `rows` of texts."""
        table = self._table(4, 3, WIDE_WIDTH, [1.0, 1.0, 1.0], is_fixed=False)
        _repeat(table.rows[0]._tr)
        for line, loop, value in (
            (0, f"column in {columns}", "{{ column.label }}"),
            (2, "cell in row", "{{ cell }}"),
        ):
            put(table.cell(line, 0), f"{{%tc for {loop} %}}", size=size)
            put(table.cell(line, 1), value, size=size, is_bold=line == 0)
            put(table.cell(line, 2), "{%tc endfor %}", size=size)
        shade(table.cell(0, 1)._tc.get_or_add_tcPr(), PALE)
        put(table.cell(1, 0), f"{{%tr for row in {rows} %}}")
        put(table.cell(3, 0), "{%tr endfor %}")
        self._space_after_table()

    def grid(self, lines: Sequence[Sequence[str]], widths: Sequence[float], height: float) -> None:
        """A table with all its lines, for things to be written by hand into."""
        table = self._table(len(lines), len(widths), TEXT_WIDTH, widths, is_ruled=False)
        for row, line in enumerate(lines):
            for column, text in enumerate(line):
                cell = table.cell(row, column)
                _box(cell)
                put(cell, text, size=9, is_bold=row == 0)
                if row == 0:
                    shade(cell._tc.get_or_add_tcPr(), PALE)
            if row:
                table.rows[row].height = Cm(height)

    def _table(
        self,
        rows: int,
        columns: int,
        width: float,
        shares: Sequence[float],
        *,
        is_ruled: bool = True,
        is_fixed: bool = True,
    ) -> Table:
        table: Table = self.document.add_table(rows, columns)
        table.autofit = not is_fixed
        total = sum(shares)
        width -= _INDENT / 567
        widths = [width * share / total for share in shares]
        for place, share in enumerate(widths):
            table.columns[place].width = Cm(share)
            if is_fixed:
                for cell in table.columns[place].cells:
                    cell.width = Cm(share)
        properties = table._tbl.tblPr
        properties.insert_element_before(
            _borders(is_ruled), "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook"
        )
        margins = parse_xml(
            f'<w:tblCellMar {nsdecls("w")}><w:top w:w="30" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
            '<w:bottom w:w="30" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
        )
        properties.insert_element_before(margins, "w:tblLook")
        indent = parse_xml(f'<w:tblInd {nsdecls("w")} w:w="{_INDENT}" w:type="dxa"/>')
        properties.insert_element_before(indent, "w:tblBorders")
        return table

    def _space_after_table(self) -> None:
        self.paragraph("", size=4, after=0)

    # --- sections, header, footer

    def begin_section(self, *, is_wide: bool = False) -> Section:
        """A new page with a header and a footer of its own, upright or on its side."""
        section: Section = self.document.add_section(WD_SECTION.NEW_PAGE)
        _set_page(section, is_wide=is_wide)
        ending = self.document.paragraphs[-1]  # holds what ends the section before
        ending.paragraph_format.space_after = Pt(0)
        ending.paragraph_format.line_spacing = Pt(1)
        return section

    def dress(
        self, section: Section, left: str, right: str, foot: str, page: str, draft: str, width: float
    ) -> None:
        """Header and footer. `page`: the sentence with {page} and {pages}; `draft`: the word of the mark on drafts."""
        section.header.is_linked_to_previous = False
        section.footer.is_linked_to_previous = False
        head = section.header.paragraphs[0]
        _right_tab(head, width)
        write(head, f"{left}\t", size=7.5, colour=QUIET)
        write(head, "{% if report.is_draft %}" + draft + "  {% endif %}", size=7.5, colour=BAD, is_bold=True)
        write(head, right, size=7.5, colour=QUIET)
        _border(head, LINE, side="bottom")
        add_watermark(section, draft)
        bottom = section.footer.paragraphs[0]
        _right_tab(bottom, width)
        write(bottom, f"{foot}\t", size=7.5, colour=QUIET)
        before, rest = page.split("{page}")
        between, after = rest.split("{pages}")
        for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
            write(bottom, text, size=7.5, colour=QUIET)
            if field:
                add_field(bottom, field, "1", size=7.5, colour=QUIET)

    def undress(self, section: Section, draft: str) -> None:
        """No header or footer, but the mark on drafts."""
        section.header.is_linked_to_previous = False
        section.footer.is_linked_to_previous = False
        add_watermark(section, draft)

    # --- styles

    def _drop_thumbnail(self) -> None:
        package = self.document.part.package
        for key, relation in list(package.rels.items()):
            if relation.reltype.endswith("/thumbnail"):
                del package.rels[key]

    def _set_styles(self) -> None:
        styles = self.document.styles
        latin = "Microsoft YaHei" if self.is_chinese else "Calibri"
        for name, size, colour, is_bold, before, after in (
            ("Normal", 10.0, INK, False, 0, 5),
            ("Heading 1", 16.0, ACCENT, True, 18, 8),
            ("Heading 2", 11.5, INK, True, 12, 5),
            ("Title", 30.0, INK, True, 0, 4),
            ("toc 1", 10.0, INK, True, 7, 2),
            ("toc 2", 9.5, INK, False, 0, 2),
            ("TOC Heading", 16.0, ACCENT, True, 0, 8),
        ):
            style = styles[name] if name in [one.name for one in styles] else None
            if style is None:
                style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            if name.startswith(("toc", "TOC")):
                style.base_style = styles["Normal"]  # not a heading: it must not be numbered
            style.font.size = Pt(size)
            style.font.bold = is_bold
            style.font.color.rgb = RGBColor.from_string(colour)
            _set_fonts(style.element.get_or_add_rPr(), latin)
            style.paragraph_format.space_before = Pt(before)
            style.paragraph_format.space_after = Pt(after)
        styles["Normal"].paragraph_format.line_spacing = 1.1 if self.is_chinese else 1.15
        borders = styles["Title"].element.pPr.find(qn("w:pBdr"))
        if borders is not None:
            styles["Title"].element.pPr.remove(borders)
        for name, indent in (("toc 1", 0.0), ("toc 2", 0.6)):
            layout = styles[name].paragraph_format
            layout.left_indent = Cm(indent)
            tabs = OxmlElement("w:tabs")
            tab = OxmlElement("w:tab")
            for key, value in (("val", "right"), ("leader", "dot"), ("pos", str(int(TEXT_WIDTH * 567)))):
                tab.set(qn(f"w:{key}"), value)
            tabs.append(tab)
            styles[name].element.get_or_add_pPr().insert(0, tabs)
        language = self.document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
        if language is not None:
            language.set(qn("w:val"), "en-US")
            language.set(qn("w:eastAsia"), "zh-CN")

    def _number_headings(self) -> None:
        """1, 1.1: numbers that Word keeps by itself."""
        numbering = self.document.part.numbering_part.element
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
            f'<w:pStyle w:val="Heading{level + 1}"/><w:suff w:val="space"/>'
            f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
            '<w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr></w:lvl>'
            for level, text in enumerate(("%1", "%1.%2"))
        )
        numbering.insert(
            0,
            parse_xml(
                f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77"><w:multiLevelType w:val="multilevel"/>{levels}'
                "</w:abstractNum>"
            ),
        )
        numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
        )
        for level in (0, 1):
            properties = self.document.styles[f"Heading {level + 1}"].element.get_or_add_pPr()
            numbered = properties.get_or_add_numPr()
            numbered.get_or_add_ilvl().val = level
            numbered.get_or_add_numId().val = 77


# --- what may stand in any paragraph or cell


def write(
    paragraph: Paragraph,
    text: str,
    *,
    size: float | None = None,
    colour: str | None = None,
    is_bold: bool = False,
) -> None:
    """Add a run."""
    if not text:
        return
    run = paragraph.add_run(text)
    if size is not None:
        run.font.size = Pt(size)
    if colour is not None:
        run.font.color.rgb = RGBColor.from_string(colour)
    if is_bold:
        run.font.bold = True


def put(
    cell: _Cell,
    text: str,
    *,
    size: float = 9,
    colour: str | None = None,
    is_bold: bool = False,
    align: str = "l",
) -> None:
    """Write the only paragraph of a cell."""
    target = cell.paragraphs[0]
    write(target, text, size=size, colour=colour, is_bold=is_bold)
    target.paragraph_format.space_after = Pt(0)
    if align != "l":
        target.alignment = _ALIGN[align]


def fill_cell(cell: _Cell, text: str, *, size: float, align: str) -> None:
    """Lines of a cell: plain, bold after "*", small after "~", a mark after "!"; "@state NAME" is the state."""
    for number, line in enumerate(text.split("\n")):
        target = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
        target.paragraph_format.space_after = Pt(0)
        if align != "l":
            target.alignment = _ALIGN[align]
        if line.startswith("@state "):
            add_state(cell, target, line[7:], size, "")
        elif line.startswith("{%p"):
            write(target, line)
        elif line.startswith("~"):
            write(target, line[1:], size=size - 1.5, colour=QUIET)
        elif line.startswith("!"):
            write(target, line[1:], size=size - 1.5, colour=AMBER, is_bold=True)
        else:
            write(target, line.removeprefix("*"), size=size, is_bold=line.startswith("*"))


def add_state(cell: _Cell, first: Paragraph, name: str, size: float, more: str) -> None:
    """The state of `name` by sign, word and colour: one of three paragraphs stays when the template is filled."""
    write(first, f"{{%p if {name}.is_met is true %}}")
    for condition, colour in (("", GOOD), (f"elif {name}.is_met is false", BAD), ("else", QUIET)):
        if condition:
            write(cell.add_paragraph(), f"{{%p {condition} %}}")
        target = cell.add_paragraph()
        target.alignment = first.alignment
        target.paragraph_format.space_after = Pt(0)
        write(target, f"{{{{ {name}.state }}}}", size=size, colour=colour, is_bold=True)
        write(target, more, size=size, colour=INK)
    write(cell.add_paragraph(), "{%p endif %}")


def add_field(paragraph: Paragraph, code: str, shown: str, *, size: float, colour: str) -> None:
    """A field that Word computes; `shown` stands there until it does."""
    for kind, text in (("begin", ""), ("", code), ("separate", ""), ("shown", shown), ("end", "")):
        run = paragraph.add_run(text if kind == "shown" else "")
        run.font.size = Pt(size)
        run.font.color.rgb = RGBColor.from_string(colour)
        if kind == "":
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {text} "
            run._r.append(instruction)
        elif kind != "shown":
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def add_watermark(section: Section, text: str) -> None:
    """A large pale word across every page of the section, on drafts only."""
    holder = section.header.add_paragraph("{%p if report.is_draft %}")
    holder.paragraph_format.space_after = Pt(0)
    marked = section.header.add_paragraph()
    marked.paragraph_format.space_after = Pt(0)
    marked._p.append(
        parse_xml(
            f'<w:r {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml" '
            'xmlns:o="urn:schemas-microsoft-com:office:office">'
            '<w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
            'path="m@7,l@8,m@5,21600l@6,21600e"><v:path textpathok="t" o:connecttype="rect"/>'
            '<v:textpath on="t" fitshape="t"/>'
            '</v:shapetype><v:shape id="DraftMark" o:spid="_x0000_s2049" type="#_x0000_t136" '
            'style="position:absolute;margin-left:0;margin-top:0;width:340pt;height:120pt;rotation:315;z-index:-251658752;'
            "mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;"
            'mso-position-vertical-relative:margin" o:allowincell="f" fillcolor="#f3d6d4" stroked="f">'
            '<v:fill opacity=".4"/><v:textpath style="font-family:&quot;Microsoft YaHei&quot;;font-size:1pt" '
            f'string="{text}"/>'
            "</v:shape></w:pict></w:r>"
        )
    )
    section.header.add_paragraph("{%p endif %}")


def shade(properties: Any, colour: str) -> None:
    """Fill a cell or a paragraph."""
    for old in properties.findall(qn("w:shd")):
        properties.remove(old)
    shading = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{colour}"/>')
    if properties.tag == qn("w:pPr"):
        properties.insert_element_before(
            shading,
            "w:tabs",
            "w:suppressAutoHyphens",
            "w:spacing",
            "w:ind",
            "w:contextualSpacing",
            "w:jc",
            "w:rPr",
        )
    else:
        properties.append(shading)


def _border(paragraph: Paragraph, colour: str, side: str = "left") -> None:
    size, space = ("18", "6") if side == "left" else ("4", "3")
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:{side} w:val="single" w:sz="{size}" w:space="{space}" w:color="{colour}"/></w:pBdr>'
    )
    paragraph._p.get_or_add_pPr().insert_element_before(
        border, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr"
    )


def _borders(is_ruled: bool) -> Any:
    top = f'<w:top w:val="single" w:sz="8" w:space="0" w:color="{ACCENT}"/>' if is_ruled else ""
    return parse_xml(
        f"<w:tblBorders {nsdecls('w')}>{top}"
        f'<w:bottom w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>'
        f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/></w:tblBorders>'
    )


def _box(cell: _Cell) -> None:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>'
        for side in ("top", "left", "bottom", "right")
    )
    cell._tc.get_or_add_tcPr().append(parse_xml(f"<w:tcBorders {nsdecls('w')}>{sides}</w:tcBorders>"))


def _repeat(row: Any) -> None:
    _keep_together(row)
    row.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _keep_together(row: Any) -> None:
    """On one page; Word splits a row all the same that is higher than a page."""
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _right_tab(paragraph: Paragraph, width: float) -> None:
    paragraph.style = "Normal"
    paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(width), WD_TAB_ALIGNMENT.RIGHT)


def _set_fonts(properties: Any, latin: str) -> None:
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    fonts = parse_xml(
        f'<w:rFonts {nsdecls("w")} w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="Microsoft YaHei" w:cs="Arial"/>'
    )
    properties.insert(0, fonts)


def _set_page(section: Section, *, is_wide: bool = False) -> None:
    width, height = (29.7, 21.0) if is_wide else (21.0, 29.7)
    section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Cm(width), Cm(height)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(2.4), Cm(2.1)
    section.header_distance, section.footer_distance = Cm(1.2), Cm(1.0)
