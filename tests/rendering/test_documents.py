"""What stands in the documents, read back."""

import io
from typing import Any

import pypdfium2
import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook
from tests.rendering import sample
from tests.rendering.reading import cells, excel_text, part, pdf_pages, pdf_text, word_text

from yunheng.reports.rendering import WORDS, render
from yunheng.reports.rendering.shape import CHAPTERS

LANGUAGES = ["zh-Hans", "en"]
CHARTS = ["trend", "groups", "load", "causes", "backlog"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_month_says_everything_in_word_and_pdf(rendered: Any, language: str) -> None:
    made, content, words = rendered("monthly", language), sample.monthly(language), WORDS[language]
    for text in (" ".join(word_text(made["docx"]).split()), pdf_text(made["pdf"])):
        for chapter in CHAPTERS:
            assert words[chapter] in text
        for row in content["attainment"]["rows"]:
            for name in ("label", "value", "goal", "last_value", "change"):
                assert row[name] in text
        assert "412 / 418" in text
        assert content["contract"]["client"] in text
        assert content["record"]["root"] in text
        assert content["record"]["content_sha256"] in text
        assert words["provisional"] in text
        assert f"× {words['missed']}" in text
        assert "HDSW-INC-20260412-0039" in text  # the last row of the appendix
        assert words["draft_note"] not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_has_outline_page_numbers_and_only_our_fonts(rendered: Any, language: str) -> None:
    data = rendered("monthly", language)["pdf"]
    words = WORDS[language]
    pages = pdf_pages(data)
    last = words["page"].format(page=len(pages), pages=len(pages))
    assert last in " ".join(pages[-1].split())
    assert words["verify"] in pages[-1]
    document = pypdfium2.PdfDocument(data)
    titles = {entry.get_title().strip() for entry in document.get_toc()}
    document.close()
    assert any(words["misses"] in title for title in titles)
    assert b"NotoSansSC" in data
    contents = " ".join(pages[1].split())
    assert words["contents"] in contents
    for number, page in enumerate(pages, 1):
        if words["waiting_note"] in " ".join(page.split()):
            line = next(line for line in pages[1].splitlines() if words["waiting"] in line)
            assert line.strip().endswith(str(number))
            break
    else:
        pytest.fail("the chapter on waiting is on no page")


def test_word_contents_is_a_filled_field(rendered: Any) -> None:
    document = Document(io.BytesIO(rendered("monthly", "zh-Hans")["docx"]))
    codes = [node.text for node in document.element.body.iter(qn("w:instrText"))]
    assert any(code.strip().startswith('TOC \\o "1-2"') for code in codes)
    lines = [one.text for one in document.paragraphs if one.style.name.startswith("toc ")]
    assert "1  本期摘要" in lines
    assert "14  核对这些数字" in lines
    assert "…" not in lines
    anchors = {link.get(qn("w:anchor")) for link in document.element.body.iter(qn("w:hyperlink"))}
    bookmarks = {mark.get(qn("w:name")) for mark in document.element.body.iter(qn("w:bookmarkStart"))}
    assert anchors and anchors <= bookmarks
    begins = sum(
        mark.get(qn("w:fldCharType")) == "begin" for mark in document.element.body.iter(qn("w:fldChar"))
    )
    ends = sum(mark.get(qn("w:fldCharType")) == "end" for mark in document.element.body.iter(qn("w:fldChar")))
    assert begins == ends == 1


def test_word_has_pictures_with_words_and_repeated_headers(rendered: Any) -> None:
    document = Document(io.BytesIO(rendered("monthly", "en")["docx"]))
    pictures = list(document.element.body.iter(qn("wp:docPr")))
    assert [picture.get("name") for picture in pictures] == [f"chart-{name}" for name in CHARTS]
    assert all(picture.get("descr") for picture in pictures)
    assert len({picture.get("id") for picture in pictures}) == len(pictures)
    misses = max(document.tables, key=lambda table: len(table.rows))
    assert len(misses.rows) == 41
    assert misses.rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
    footers = "".join(section.footer._element.xml for section in document.sections[1:])
    assert " PAGE " in footers and " NUMPAGES " in footers
    for cell in document.element.body.iter(qn("w:tc")):
        assert cell[-1].tag == qn("w:p")


def test_no_placeholder_is_left(rendered: Any) -> None:
    for kind in ("monthly", "fault"):
        text = word_text(rendered(kind, "en")["docx"])
        assert "{{" not in text and "{%" not in text and "chart-" not in text


def test_excel_has_a_sheet_for_each_chapter_and_native_charts(rendered: Any) -> None:
    data = rendered("monthly", "en")["xlsx"]
    sheets = cells(data)
    assert {
        "Summary",
        "Service levels",
        "Trend",
        "Incidents and requests",
        "goals that were missed",
        "Items",
    } <= set(sheets)
    book = load_workbook(io.BytesIO(data))
    assert len(book["Trend"]._charts) == 5
    assert len(book["By priority and by service"]._charts) == 6
    assert len(book["Incidents and requests"]._charts) == 2
    trend = sheets["Trend"]
    assert trend[0][:3] == ["Month", "Responded in time (%)", "Goal"]
    assert len(trend) >= 13
    assert all(isinstance(row[1], int | float) for row in trend[1:13])
    assert trend[4][9] is None  # a month without data is empty, not zero
    items = sheets["Items"]
    assert items[0] == ["Number", "Title", "Opened", "h", "Reopened"]
    assert len(items) == 31
    assert items[1][0] == "HDSW-INC-20260412-0000"
    assert items[30][4] == 2
    cell = book["Items"].cell(31, 4)
    assert cell.number_format == "[h]:mm"
    assert part(data, "docProps/core.xml").count("2000-01-01T00:00:00Z") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_fault_report_tells_the_whole_fault(rendered: Any, language: str) -> None:
    made, content, words = rendered("fault", language), sample.fault(language), WORDS[language]
    for text in (" ".join(word_text(made["docx"]).split()), pdf_text(made["pdf"]), excel_text(made["xlsx"])):
        assert content["ticket"]["number"] in text
        assert content["ticket"]["reporter_unit"] in text
        for name in ("phenomenon", "root_cause", "permanent_fix", "liability", "lessons"):
            assert words[f"written_{name}"] in text
        assert "SW-CORE-03" in text
        assert content["record"]["root"] in text
    assert words["final"] in pdf_text(made["pdf"])


def test_ledger_prints_what_fits_and_excel_holds_all() -> None:
    made = render(sample.ledger("en"), ["docx", "pdf", "xlsx"], rows=sample.rows(2_003))
    written = word_text(made["docx"])
    assert "The first 500 rows are printed here" in written
    assert "HDSW-INC-20260412-0499" in written
    assert "HDSW-INC-20260412-0500" not in written
    text = pdf_text(made["pdf"])
    assert "The first 2000 rows are printed here" in text
    assert "HDSW-INC-20260412-1999" in text
    assert "HDSW-INC-20260412-2000" not in text
    rows = cells(made["xlsx"])["Service ledger"]
    assert rows[-1][0] == "HDSW-INC-20260412-2002"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ledger_names_its_columns_once_and_says_when_it_has_no_rows(rendered: Any, language: str) -> None:
    content, made = sample.ledger(language), rendered("ledger", language)
    titles = [column["label"] for column in content["columns"]]
    document = Document(io.BytesIO(made["docx"]))
    table = next(table for table in document.tables if len(table.columns) == len(titles))
    assert [cell.text for cell in table.rows[0].cells] == titles
    assert len(table.rows) == 1 + 30
    assert table.rows[-1].cells[0].text == "HDSW-INC-20260412-0029"
    assert content["record"]["content_sha256"] in word_text(made["docx"])
    assert content["note"] in pdf_text(made["pdf"])
    assert pdf_text(made["pdf"]).count(WORDS[language]["serial"]) == 0  # numbers are a column like any other
    nothing = render(content, ["docx", "pdf"], rows=())
    for text in (word_text(nothing["docx"]), pdf_text(nothing["pdf"])):
        assert WORDS[language]["empty_section"] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_draft_is_marked_on_every_page(language: str) -> None:
    content = sample.monthly(language, misses=3)
    content["report"] |= {"issued_on": "", "issued_by": ""}
    made = render(content, ["pdf", "docx", "xlsx"])
    mark = WORDS[language]["draft"]
    assert all(mark in page for page in pdf_pages(made["pdf"]))
    document = Document(io.BytesIO(made["docx"]))
    assert len(document.sections) == 4
    for section in document.sections:
        assert f'string="{mark}"' in section.header._element.xml
    assert WORDS[language]["draft_note"] in excel_text(made["xlsx"])


def test_what_is_empty_says_so_and_what_is_not_asked_for_is_left_out() -> None:
    content = {
        "format": 1,
        "kind": "monthly",
        "language": "en",
        "sections": list(CHAPTERS),
        "item_columns": [],
    }
    made = render(content, ["docx", "pdf", "xlsx"])
    words = WORDS["en"]
    for text in (" ".join(word_text(made["docx"]).split()), pdf_text(made["pdf"])):
        assert words["empty_section"] in text
        assert words["not_written"] in text
        assert words["not_sealed"] in text
    content = sample.monthly("en") | {"sections": ["attainment"]}
    made = render(content, ["docx", "pdf", "xlsx"])
    for text in (word_text(made["docx"]), pdf_text(made["pdf"]), excel_text(made["xlsx"])):
        assert words["attainment"] in text
        assert words["waiting"] not in text
        assert words["misses"] not in text
    assert len(Document(io.BytesIO(made["docx"])).sections) == 2


def test_misses_beyond_the_limit_are_counted() -> None:
    content = sample.monthly("en", misses=12)
    content["misses"] |= {"limit": 10, "total": 312}
    made = render(content, ["docx", "pdf"])
    for text in (" ".join(word_text(made["docx"]).split()), pdf_text(made["pdf"])):
        assert "10 of 312 are listed" in text
        assert "HDSW-INC-20260410-0009" in text
        assert "HDSW-INC-20260411-0010" not in text
