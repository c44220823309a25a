"""Reads rendered documents back as text."""

import io
import zipfile

import pypdfium2
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

#: Places where long words may break, and what pdfium makes of a hyphen at the end of a line.
_MARKS = {0x200B: "", 0xFFFE: "-", 2: "-"}


def word_text(data: bytes) -> str:
    """All text of a Word document: body, tables, headers, footers; deleted marks and fields as Word would show them."""
    document = Document(io.BytesIO(data))
    parts = [document.element.body]
    for section in document.sections:
        parts += [section.header._element, section.footer._element]
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
        for part in parts
        for paragraph in part.iter(qn("w:p"))
    )


def pdf_pages(data: bytes) -> list[str]:
    """The text of each page, without the places where long words may break."""
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_bounded().translate(_MARKS) for page in document]
    finally:
        document.close()


def pdf_text(data: bytes) -> str:
    """All text in one line: lines of a PDF end where the paper does."""
    return " ".join(" ".join(pdf_pages(data)).split())


def cells(data: bytes) -> dict[str, list[list[object]]]:
    """Sheet name -> rows of values."""
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def excel_text(data: bytes) -> str:
    """Every text of a workbook, names of sheets included."""
    sheets = cells(data)
    values = [str(value) for rows in sheets.values() for row in rows for value in row if value is not None]
    return "\n".join([*sheets, *values])


def part(data: bytes, name: str) -> str:
    """One part of a zip as text."""
    with zipfile.ZipFile(io.BytesIO(data)) as parcel:
        return parcel.read(name).decode()
