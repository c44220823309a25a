"""What people type into tickets and names is text in every document, whatever it looks like."""

import io
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook
from tests.rendering import sample
from tests.rendering.reading import excel_text, part, pdf_text, word_text

from yunheng.reports.rendering import render

INERT = [
    "{{ 7 * 7 }} {% for a in b %} {# x #}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    '#read("/etc/passwd") $x^2$ *bold* _it_ @label <tag> \\ #panic()',
    "<w:p>&amp;</w:t></w:r> & < > \" '",
    "$\\frac{1}{2}$ ^_^",
    "=1+1",
    "=cmd|'/C calc'!A0",
    "+1-1",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",
    "https://example.org/x?a=b",
    "陈喆 㐂 龘",
    "محمد",
    "שלום",
    "name_x0041_",
    "chart-trend",
]
EMOJI = "🔥 👩\u200d💻 ✅"
CONTROLS = "bell\x07 null\x00 escape\x1b[31m vertical\x0b delete\x7f lone\ud800 backwards\u202e end"


def _hostile(text: str) -> dict[str, Any]:
    content = sample.monthly("en", misses=3)
    content["contract"]["client"] = text
    content["report"]["issued_by"] = text
    content["attainment"]["rows"][0]["label"] = text
    content["attainment"]["trend"][0]["label"] = text
    content["attainment"]["groups"][0]["rows"][0]["label"] = text
    content["tickets"]["by_cause"][0]["label"] = text
    content["summary"]["sentences"] = [text]
    content["comments"]["risks"] = text
    content["major"][0]["title"] = text
    content["misses"]["rows"][0]["title"] = text
    content["scope"]["people"][0]["names"] = [text]
    content["item_columns"] = [{"key": "title", "label": text, "width": 30, "kind": "text"}]
    return content


def _squeezed(text: str) -> str:
    """Without blanks: paper breaks lines where it will."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    text = "\n".join(INERT)
    return render(_hostile(text), ["docx", "pdf", "xlsx"], rows=[[one] for one in INERT])


def test_word_shows_it_as_it_was_typed(made: dict[str, bytes]) -> None:
    shown = _squeezed(word_text(made["docx"]))
    for text in INERT:
        assert shown.count(_squeezed(text)) >= 5, text
    assert "root:" not in shown and "uid=" not in shown and "49" not in _squeezed(INERT[0])
    document = Document(io.BytesIO(made["docx"]))
    codes = [node.text for node in document.element.body.iter(qn("w:instrText"))]
    assert all(code.strip().startswith("TOC") for code in codes)
    assert len(list(document.element.body.iter(qn("wp:docPr")))) == 5


def test_pdf_shows_it_as_it_was_typed(made: dict[str, bytes]) -> None:
    shown = _squeezed(pdf_text(made["pdf"]))
    for text in INERT:
        if text not in (
            "محمد",
            "שלום",
        ):  # shaped and turned: their characters come back in the order of the glyphs
            assert _squeezed(text) in shown, text
    assert "root:x:0" not in shown


def test_excel_cells_are_texts_that_cannot_become_formulas(made: dict[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(made["xlsx"]))
    types = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in types
    assert not any(sheet._hyperlinks for sheet in book)
    items = book["Items"]
    for number, text in enumerate(INERT, 2):
        cell = items.cell(number, 1)
        # Excel reads _x0041_ as the code of A; escaped, it is what was typed. openpyxl leaves the escape in such cells.
        assert str(cell.value).replace("_x005F_", "_") == text
        if text[0] in "=+-@＝":
            assert cell.quotePrefix, text
    names = [
        name
        for name in ("xl/externalLinks/externalLink1.xml", "xl/vbaProject.bin")
        if name in _names(made["xlsx"])
    ]
    assert not names


def _names(data: bytes) -> list[str]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as parcel:
        return parcel.namelist()


def test_controls_are_replaced_visibly_and_emoji_stay() -> None:
    made = render(_hostile(f"{CONTROLS} {EMOJI}"), ["docx", "pdf", "xlsx"], rows=[[CONTROLS], [EMOJI]])
    for shown in (word_text(made["docx"]), excel_text(made["xlsx"])):
        assert "bell□ null□ escape□[31m vertical\n delete□ lone□ backwards□ end" in shown or (
            "bell□ null□ escape□[31m vertical delete□ lone□ backwards□ end" in " ".join(shown.split())
        )
        assert EMOJI in shown
    assert "bell□ null□ escape□[31m" in pdf_text(made["pdf"])
    assert "🔥" in pdf_text(made["pdf"])


def test_long_comments_and_long_words_fit_the_paper() -> None:
    content = sample.monthly("en", misses=2)
    content["comments"]["risks"] = "很长的说明，" * 1_700 + "END-OF-COMMENT"
    content["comments"]["plan"] = "x" * 10_000
    content["misses"]["rows"][0]["title"] = "W" * 400
    content["misses"]["rows"][1]["title"] = "长" * 3_000
    made = render(content, ["docx", "pdf", "xlsx"])
    assert "END-OF-COMMENT" in word_text(made["docx"])
    assert "END-OF-COMMENT" in pdf_text(made["pdf"])
    assert _squeezed(pdf_text(made["pdf"])).count("x") >= 10_000
    assert _widest(made["pdf"]) <= 1.0


def _widest(data: bytes) -> float:
    """How far to the right a character of a page stands, in page widths."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    widest = 0.0
    for page in document:
        text = page.get_textpage()
        for number in range(text.count_chars()):
            widest = max(widest, text.get_charbox(number)[2] / page.get_width())
    document.close()
    return widest


def test_excel_takes_the_longest_text() -> None:
    rows = [["长" * 40_000, "2026-04-01 08:00"]]
    content = sample.monthly("en") | {"item_columns": sample.monthly("en")["item_columns"][:2]}
    sheet = load_workbook(io.BytesIO(render(content, ["xlsx"], rows=rows)["xlsx"]))["Items"]
    assert len(sheet.cell(2, 1).value) == 32_767


def test_charts_take_dollars_and_absurd_numbers() -> None:
    content = sample.monthly("en", misses=1)
    content["attainment"]["trend"][0] |= {"label": "$a_b$ cost $", "goal": "1e400"}
    content["attainment"]["trend"][1]["months"][0]["value"] = "no number"
    content["attainment"]["groups"][0]["rows"][0]["number"] = "NaN"
    made = render(content, ["docx", "pdf", "xlsx"])
    assert "$a_b$ cost $" in excel_text(made["xlsx"])
    assert "Infinity" not in part(made["xlsx"], "xl/charts/chart1.xml")
