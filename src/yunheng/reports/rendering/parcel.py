"""Looks into a Word file before anything reads it, and packs files so that the same content gives the same bytes.

A .docx is a zip of XML parts. What a template has no use for and an attack has is refused by name: macros, embedded
programs, pictures and templates fetched from elsewhere, fields that fetch or run, entities, archives that grow.
"""

import io
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from lxml import etree

from yunheng.reports.rendering.outcome import TemplateFault

MOST_BYTES: Final = 10 << 20  #: of the file
MOST_UNPACKED: Final = 60 << 20
MOST_PARTS: Final = 500
MOST_RATIO: Final = 200  #: unpacked to packed, of one part over a megabyte
_XML: Final = (".xml", ".rels")
_MEDIA: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf")
_FONTS: Final = (".odttf",)
#: What may point out of the document: a link that a reader clicks.
_MAY_BE_EXTERNAL: Final = "/hyperlink"
_BAD_PARTS: Final = re.compile(
    r"vbaProject|vbaData|/embeddings/|/activeX/|/oleObject|altchunk|afchunk|\.bin$|/webextensions?/|customUI",
    re.I,
)
_BAD_TYPES: Final = re.compile(r"macroEnabled|vbaProject|oleObject|activeX|altChunk", re.I)
_BAD_RELATIONSHIPS: Final = re.compile(
    r"/(oleObject|package|vbaProject|control|attachedTemplate|aFChunk|subDocument|frame)$", re.I
)
_BAD_ELEMENTS: Final = frozenset({"object", "control", "altChunk", "OLEObject", "subDoc"})
#: Fields that only count, repeat or name what is in the document.
_FIELDS: Final = frozenset(
    [
        "TOC",
        "TC",
        "PAGE",
        "NUMPAGES",
        "SECTION",
        "SECTIONPAGES",
        "PAGEREF",
        "REF",
        "NOTEREF",
        "STYLEREF",
        "SEQ",
        "HYPERLINK",
        "DATE",
        "TIME",
        "CREATEDATE",
        "SAVEDATE",
        "PRINTDATE",
        "EDITTIME",
        "TITLE",
        "SUBJECT",
        "AUTHOR",
        "KEYWORDS",
        "COMMENTS",
        "DOCPROPERTY",
        "FILENAME",
        "NUMWORDS",
        "NUMCHARS",
        "IF",
        "SYMBOL",
        "LISTNUM",
        "AUTONUM",
        "BIBLIOGRAPHY",
        "CITATION",
        "INDEX",
        "XE",
        "ADVANCE",
        "EQ",
        "=",
    ]
)
_LINK: Final = re.compile(r"^HYPERLINK\s+(\\|\"?(https?:|mailto:|#))", re.I)
_PLACEHOLDER: Final = re.compile(r"\{[{%#]")


def faults_of_file(data: bytes, words: Mapping[str, str]) -> list[TemplateFault]:
    """Why this file cannot be a template, before any part of it is interpreted; empty when it can."""
    place = words["place_file"]
    if len(data) > MOST_BYTES:
        return [TemplateFault(place, "", words["problem_large"].format(text=f"> {MOST_BYTES >> 20} MB"))]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parcel:
            too_large = _too_large(parcel)
            if too_large:
                return [TemplateFault(place, "", words["problem_large"].format(text=too_large))]
            if "word/document.xml" not in parcel.namelist() or "[Content_Types].xml" not in parcel.namelist():
                return [TemplateFault(place, "", words["problem_no_word"])]
            return [
                TemplateFault(place, what, words[key].format(what=what)) for key, what in _bad_parts(parcel)
            ]
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        NotImplementedError,
    ):
        return [TemplateFault(place, "", words["problem_no_word"])]


def _too_large(parcel: zipfile.ZipFile) -> str:
    parts = parcel.infolist()
    if len(parts) > MOST_PARTS:
        return f"> {MOST_PARTS} × zip"
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        return f"> {MOST_UNPACKED >> 20} MB"
    for part in parts:
        if part.file_size > 1 << 20 and part.file_size > MOST_RATIO * max(part.compress_size, 1):
            return part.filename
    return ""


def _bad_parts(parcel: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(key of the problem, what it is). Reads each XML part once, never more than its declared size."""
    names = set()
    for part in parcel.infolist():
        name = part.filename
        if name.startswith(("/", "\\")) or ".." in name.split("/") or "\\" in name or name.lower() in names:
            yield "problem_part", name
            continue
        names.add(name.lower())
        if _BAD_PARTS.search(name):
            yield "problem_part", name
        elif name.lower().endswith(_XML):
            with parcel.open(part) as stream:
                raw = stream.read(part.file_size)
            yield from _bad_xml(name, raw)
        elif not name.endswith("/") and not name.lower().endswith(_MEDIA + _FONTS):
            yield "problem_part", name


def _bad_xml(name: str, raw: bytes) -> Iterator[tuple[str, str]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00")) or b"\x00" in raw:
        yield "problem_part", f"{name} (UTF-16)"
        return
    declared = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)", raw)
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        yield "problem_part", f"{name} ({declared[1].decode('ascii', 'replace')})"
        return
    text = raw.decode("utf-8", "replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        yield "problem_part", f"{name}: DTD"
        return
    if name == "[Content_Types].xml":
        found = _BAD_TYPES.search(text)
        if found:
            yield "problem_part", found[0]
    try:
        tree = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        yield "problem_part", f"{name}: {error.msg}"
        return
    if name.lower().endswith(".rels"):
        yield from _bad_relationships(tree)
    elif name.lower().startswith("word/"):
        yield from _bad_fields(name, tree)


def _bad_relationships(tree: etree._Element) -> Iterator[tuple[str, str]]:
    for found in tree.iter():
        given = {str(name).lower(): str(value) for name, value in found.attrib.items()}
        where, kind = given.get("target", ""), given.get("type", "")
        if given.get("targetmode", "").lower() == "external":
            if not (kind.endswith(_MAY_BE_EXTERNAL) and re.match(r"(https?|mailto):", where, re.I)):
                yield "problem_external", where[:200] or kind
        elif _BAD_RELATIONSHIPS.search(kind):
            yield "problem_part", kind.rsplit("/", 1)[-1]


def _bad_fields(name: str, tree: etree._Element) -> Iterator[tuple[str, str]]:
    """Programs, and fields by their whole instruction, which Word may spread over runs and put into one another."""
    open_fields: list[str] = []
    for found in tree.iter(etree.Element):
        kind = _local(found.tag)
        if kind in _BAD_ELEMENTS:
            yield "problem_part", f"{name}: {kind}"
        elif kind == "instrText" and open_fields:
            open_fields[-1] += found.text or ""
        elif kind == "instrText":
            yield "problem_field", (found.text or "").strip()[:80]
        elif kind == "fldSimple":
            yield from _bad_instruction(_attribute(found, "instr"))
        elif kind == "fldChar":
            step = _attribute(found, "fldCharType")
            if step == "begin":
                open_fields.append("")
            elif step == "end" and open_fields:
                yield from _bad_instruction(open_fields.pop())
    for instruction in open_fields:
        yield from _bad_instruction(instruction)


def _bad_instruction(instruction: str) -> Iterator[tuple[str, str]]:
    instruction = instruction.strip()
    first = instruction.split(maxsplit=1)[0].upper() if instruction else "="
    is_known = first in _FIELDS or first.startswith("=")
    if (
        not is_known
        or _PLACEHOLDER.search(instruction)
        or (first == "HYPERLINK" and not _LINK.match(instruction))
    ):
        yield "problem_field", instruction[:80]


def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]


def _attribute(element: etree._Element, local: str) -> str:
    return next((str(value) for name, value in element.attrib.items() if _local(name) == local), "")


def pack_stably(data: bytes, first: tuple[str, ...] = ()) -> bytes:
    """The same zip with fixed times, order and attributes; `first`: parts that some readers want at the beginning."""
    packed = io.BytesIO()
    _repack(io.BytesIO(data), packed, first)
    return packed.getvalue()


def pack_file_stably(path: Path) -> None:
    """The same for a file, part after part: it may be larger than what should be held in memory."""
    packed = path.with_suffix(".packed")
    with path.open("rb") as source, packed.open("wb") as target:
        _repack(source, target, ("[Content_Types].xml",))
    packed.replace(path)


def _repack(source: IO[bytes], target: IO[bytes], first: tuple[str, ...]) -> None:
    with (
        zipfile.ZipFile(source) as given,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as parcel,
    ):
        names = set(given.namelist())
        for name in [name for name in first if name in names] + sorted(names - set(first)):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry._compresslevel = 5  # type: ignore[attr-defined]  # writing to an entry takes no level otherwise
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            entry.file_size = given.getinfo(name).file_size
            with given.open(name) as part, parcel.open(entry, "w") as place:
                shutil.copyfileobj(part, place, 1 << 20)
