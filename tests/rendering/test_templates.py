"""A client's own Word template: good ones work, wrong ones are told where, hostile ones are refused or inert."""

# ruff: noqa: E501

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from tests.rendering import sample
from tests.rendering.reading import word_text

from yunheng.reports.rendering import TemplateProblem, check_template, render, standard_template
from yunheng.reports.rendering.content import prepare
from yunheng.reports.rendering.word import fill_template, try_template

_MONTH = sample.monthly("en", misses=3)
_PREPARED = prepare(_MONTH)


def _document(*paragraphs: str, table: list[list[str]] | None = None, header: str = "") -> bytes:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, line in enumerate(table):
            for column, text in enumerate(line):
                made.cell(row, column).text = text
    if header:
        document.sections[0].header.paragraphs[0].text = header
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _changed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as parcel:
        parts = {name: parcel.read(name) for name in parcel.namelist()}
    change(parts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name, content in parts.items():
            parcel.writestr(name, content)
    return buffer.getvalue()


def _reasons(data: bytes) -> list[str]:
    """Why a template is refused, before it can do anything: by the limited process, and then by the check as well."""
    with pytest.raises(TemplateProblem) as caught:
        render(_MONTH, ["docx"], template=data)
    assert caught.value.faults
    assert try_template(data, _PREPARED) == list(caught.value.faults)
    return [fault.reason for fault in caught.value.faults]


def _filled(template: bytes | None, content: dict[str, Any]) -> str:
    """What a document says that is made from this template; without charts, whose drawing takes long."""
    document, faults = fill_template(template, prepare(content), {})
    assert faults == []
    return word_text(document)


@pytest.mark.parametrize("kind", ["monthly", "fault"])
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_standard_template_is_a_good_template(kind: str, language: str) -> None:
    content = getattr(sample, kind)(language)
    data = standard_template(language, kind)
    assert check_template(data, content) == []
    own, ours = _filled(data, content), _filled(None, content)
    assert content["report"]["number"] in own
    assert " ".join(own.split()) == " ".join(ours.split())


def test_own_template_is_filled() -> None:
    data = _document(
        "Dear {{ contract.client }}, this is {{ report.number }}.",
        "{%p for row in attainment.rows if row.is_met is false %}",
        "Missed: {{ row.label | upper }} {{ row.value }}{% if loop.last %}.{% endif %}",
        "{%p endfor %}",
        "{{ charts.trend }}",
        table=[
            ["Ticket"],
            ["{%tr for row in misses.rows %}"],
            ["{{ loop.index }} {{ row.number }}"],
            ["{%tr endfor %}"],
        ],
        header="{{ report.title }} / {{ words.page }}",
    )
    assert check_template(data, _MONTH) == []
    made = render(_MONTH, ["docx"], template=data)["docx"]
    text = word_text(made)
    assert "Dear Huadong Water Group Co., Ltd., this is HDSW-RPT-20260503-0001." in text
    assert "Missed: RESTORED IN TIME 93.4 %." in text
    assert "3 HDSW-INC-20260403-0002" in text
    assert text.count("Monthly service report") >= 1
    assert len(Document(io.BytesIO(made)).inline_shapes) == 1


def test_own_contents_field_is_filled_too() -> None:
    data = standard_template("en")
    changed = _changed(data, lambda parts: parts.update({
        "word/document.xml": parts["word/document.xml"].replace(b">Summary<", b">Our summary<")}))  # fmt: skip
    assert _filled(changed, _MONTH).count("Our summary") == 2


def test_wrong_placeholders_are_named_with_their_place() -> None:
    data = _document(
        "Fine: {{ report.number }}",
        "{{ report.numbre }}",
        "{{ nothing_like_it }}",
        "{{ attainment.rows }}",
        "{% for x in report.title %}{{ x }}{% endfor %}",
        table=[["{{ contract.client }}", "{{ contract.cliant }}"]],
        header="{{ report.titel }}",
    )
    faults = [(fault.place, fault.placeholder, fault.reason) for fault in check_template(data, _MONTH)]
    assert faults == [
        ("paragraph 2", "{{ report.numbre }}", "There is no such name. Did you mean report.number?"),
        ("paragraph 3", "{{ nothing_like_it }}", "There is no such name."),
        (
            "paragraph 4",
            "{{ attainment.rows }}",
            "attainment.rows is a list or a group of values; name one of its values, or go through it.",
        ),
        (
            "paragraph 5",
            "{% for x in report.title %}",
            "report.title is no list; only lists can be gone through.",
        ),
        (
            "table 1, row 1, column 2",
            "{{ contract.cliant }}",
            "There is no such name. Did you mean contract.client?",
        ),
        ("header", "{{ report.titel }}", "There is no such name. Did you mean report.title?"),
    ]
    with pytest.raises(TemplateProblem) as caught:
        render(_MONTH, ["docx"], template=data)
    assert len(caught.value.faults) == 6
    chinese = check_template(data, sample.monthly("zh-Hans"))
    assert chinese[0].place == "正文第 2 段" and "report.number" in chinese[0].reason


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("{{ report.number ", "paragraph 2", "not closed"),
        ("{{ report.number | }}", "paragraph 2", "Not understood"),
        ("{% if report.number %}", "paragraph 2", "Not understood"),
        ("{% endfor %}", "paragraph 2", "Not understood"),
        ("{% set x = 1 %}", "paragraph 2", "Not allowed in a template: set"),
        ("{{ report.number | safe }}", "paragraph 2", "Not allowed in a template: | safe"),
        ("{{r report.number }}", "paragraph 2", "Not allowed"),
        (
            "{% autoescape false %}x{% endautoescape %}",
            "paragraph 2",
            "Not allowed in a template: autoescape",
        ),
        ("{% raw %}{{ x }}{% endraw %}", "paragraph 2", "Not allowed"),
    ],
)
def test_faults_of_language_are_named(text: str, place: str, part: str) -> None:
    faults = try_template(_document("first", text), _PREPARED)
    assert faults and faults[0].place == place, faults
    assert part in faults[0].reason


def test_a_placeholder_that_word_has_split_is_one() -> None:
    document = Document()
    paragraph = document.add_paragraph()
    for piece in ("{", "{ repo", "rt.num", "bre }", "}"):
        paragraph.add_run(piece).bold = piece == "rt.num"
    buffer = io.BytesIO()
    document.save(buffer)
    faults = check_template(buffer.getvalue(), _MONTH)
    assert [fault.placeholder for fault in faults] == ["{{ report.numbre }}"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ cycler.__init__.__globals__.os.popen('touch /tmp/owned').read() }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ report['__class__'] }}",
        "{{ report.title.__class__ }}",
        "{{ report|attr('__class__') }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum.__globals__ }}",
        "{{ range(10**9) }}",
        "{% for a in range(1000000000) %}x{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ report.title.format(report) }}",
        "{{ '{0.__class__}'.format(report) }}",
        "{{ report.title | map(attribute='x') | list }}",
        "{{ report.title | replace('a', 'b') }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends '/etc/passwd' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ charts.trend.tpl }}",
        "{% for a in misses.rows %}{% for b in misses.rows %}{% for c in misses.rows %}{% for d in misses.rows %}"
        "x{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ joiner() }} {{ namespace() }} {{ dict() }}",
    ],
)
def test_hostile_expressions_are_refused(text: str) -> None:
    assert _reasons(_document(text))


def test_hostile_expressions_in_attributes_are_refused() -> None:
    def hide(parts: dict[str, bytes]) -> None:
        parts["word/document.xml"] = parts["word/document.xml"].replace(
            b"<w:p>", b'<w:p w:rsidR="{{ cycler.__init__.__globals__ }}">', 1
        )

    assert _reasons(_changed(_document("x"), hide))


def _add(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: content})


def _relationship(kind: str, target: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        relation = (
            f'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
            f'Target="{target}" TargetMode="External"/></Relationships>'
        )
        name = "word/_rels/document.xml.rels"
        parts[name] = parts[name].replace(b"</Relationships>", relation.encode())

    return change


def _in_body(xml: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts["word/document.xml"] = parts["word/document.xml"].replace(
            b"<w:body>", b"<w:body>" + xml.encode(), 1
        )

    return change


def _with_dtd(parts: dict[str, bytes]) -> None:
    head, rest = parts["word/document.xml"].split(b"?>", 1)
    parts["word/document.xml"] = (
        head + b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + rest.replace(b"first", b"&e;")
    )


def _in_utf_16(parts: dict[str, bytes]) -> None:
    text = parts["word/document.xml"].decode().replace("UTF-8", "UTF-16")
    parts["word/document.xml"] = text.encode("utf-16")


def _field(code: str) -> str:
    return (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{code[:5]}</w:instrText></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{code[5:]}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )


@pytest.mark.parametrize(
    "change",
    [
        _add("word/vbaProject.bin", b"macro"),
        _add("word/embeddings/oleObject1.bin", b"x"),
        _add("word/embeddings/book.xlsx", b"x"),
        _add("word/activeX/activeX1.xml", b"<x/>"),
        _add("word/evil.exe", b"MZ"),
        _add("../outside.xml", b"<x/>"),
        _add("word/afchunk.htm", b"<script/>"),
        _relationship("attachedTemplate", "http://example.org/evil.dotm"),
        _relationship("image", "http://example.org/pixel.png"),
        _relationship("oleObject", "file:///c:/x"),
        _relationship("hyperlink", "file://server/share"),
        _in_body(_field(' DDEAUTO c:\\windows\\cmd.exe "/k calc"')),
        _in_body(_field(' INCLUDETEXT "/etc/passwd"')),
        _in_body(_field(" {{ comments.risks }} ")),
        _in_body('<w:p><w:fldSimple w:instr=" INCLUDEPICTURE http://example.org/x.png "/></w:p>'),
        _in_body('<w:p xmlns:q="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><q:fldSimple q:instr="DDE x y"/></w:p>'),
        _in_body("<w:p><w:r><w:object/></w:r></w:p>"),
        _in_body('<w:altChunk r:id="rId1"/>'),
        _with_dtd,
        _in_utf_16,
        _add("word/bomb.xml", b"<x>" + b"a" * (30 << 20) + b"</x>"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(change: Callable[[dict[str, bytes]], None]) -> None:
    reasons = _reasons(_changed(_document("first"), change))
    assert "/etc/passwd" not in " ".join(reason for reason in reasons if "INCLUDE" not in reason)


def test_ordinary_links_fields_and_pictures_are_fine() -> None:
    def change(parts: dict[str, bytes]) -> None:
        _relationship("hyperlink", "https://example.org/")(parts)
        _in_body(_field(" PAGEREF _Toc1 \\h "))(parts)
        _in_body(_field(' HYPERLINK "https://example.org/" '))(parts)

    assert check_template(_changed(_document("first"), change), _MONTH) == []


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"not a document", _changed(_document("x"), lambda p: p.pop("word/document.xml"))]
)
def test_what_is_no_word_document_is_refused(data: bytes) -> None:
    assert [fault.reason for fault in check_template(data, _MONTH)] == [
        "This is not a Word document (.docx)."
    ]


def test_a_template_that_breaks_the_document_is_refused() -> None:
    data = _document("{%p if report.number %}", table=[["{%p endif %}", "x"]])
    faults = check_template(data, _MONTH)
    assert faults and "no longer valid" in faults[0].reason, faults


def test_endless_loops_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three loops in one another may be written; what they cost is limited by time."""
    from yunheng.reports.rendering import RenderError

    text = "{% for a in misses.rows %}{% for b in misses.rows %}{% for c in misses.rows %}{{ a.title }}{% endfor %}{% endfor %}{% endfor %}"
    content = sample.monthly("en", misses=500)
    with pytest.raises(RenderError) as caught:
        render(content, ["docx"], template=_document(text), seconds=6)
    assert caught.value.kind in ("time", "memory")


def test_data_cannot_speak_jinja_through_a_template() -> None:
    content: dict[str, Any] = sample.monthly("en", misses=1)
    content["comments"]["risks"] = "{{ report.number }}<w:br/>"
    made = render(content, ["docx"], template=_document("A{{ comments.risks }}B"))["docx"]
    assert "A{{ report.number }}<w:br/>B" in word_text(made)
