"""What every Word template of ours is built of: cover, chapters, tables, the page for checking."""

import io
from abc import ABC, abstractmethod
from typing import Any, Final

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from yunheng.reports.rendering.drawing import ACCENT, BAD, QUIET, TEXT_WIDTH, WIDE_WIDTH, Draft
from yunheng.reports.rendering.parcel import pack_stably
from yunheng.reports.rendering.words import words_of

#: Parts that come first in a .docx.
FIRST_PARTS: Final = ("[Content_Types].xml", "_rels/.rels", "word/document.xml")
PERIOD: Final = "{{ report.title }} · {{ report.period_label }}"


class Template(ABC):
    """What the templates share: cover, contents, chapters, the page for checking."""

    def __init__(self, language: str) -> None:
        self.words = words_of(language)
        self.draft = Draft(language)

    @abstractmethod
    def build(self) -> None:
        """Write the parts of this kind of report, in their order."""

    def saved(self) -> bytes:
        """The document as bytes."""
        buffer = io.BytesIO()
        self.draft.document.save(buffer)
        return pack_stably(buffer.getvalue(), FIRST_PARTS)

    def cover(self) -> None:
        """Title, parties, period, edition, sign-off; a section of its own without header and footer."""
        w, draft = self.words, self.draft
        draft.undress(draft.document.sections[0], w["draft"])
        draft.paragraph("{{ contract.client }}", size=12, colour=ACCENT, is_bold=True, before=70)
        draft.paragraph("{{ report.title }}", "Title")
        draft.paragraph("{{ report.period_label }}", size=15, colour=QUIET, after=16)
        draft.tag("if report.is_draft")
        draft.note(f"{w['draft']}  {w['draft_note']}", BAD)
        draft.tag("endif")
        draft.facts(
            [
                (w["contract"], "contract.title"),
                (w["client"], "contract.client"),
                (w["provider"], "contract.provider"),
                (w["suppliers"], "contract.suppliers | join(' · ')"),
                (w["contract_validity"], "[contract.valid_from, contract.valid_to] | join(' – ')"),
                (w["contract_versions"], "contract.versions | join(', ')"),
                (w["period"], "[report.start, report.end] | join(' – ')"),
                (w["zone"], "report.zone"),
                (w["number"], "report.number"),
                (w["edition"], "report.edition_label"),
                (w["made"], self.both("report.made_on", "report.made_by")),
                (w["issued"], self.both("report.issued_on", "report.issued_by")),
            ]
        )
        draft.paragraph(w["signoff"], size=10.5, is_bold=True, before=24)
        draft.grid(
            [
                [w["signoff_side"], w["signoff_name"], w["signoff_signature"], w["signoff_date"]],
                [w["provider"] + "\n{{ contract.provider }}", "", "", ""],
                [w["client"] + "\n{{ contract.client }}", "", "", ""],
            ],
            [1.5, 1, 1.4, 1],
            1.3,
        )

    @staticmethod
    def both(first: str, second: str) -> str:
        """An expression for two values with a point between them, or the first alone."""
        return f"[{first}, {second}] | join(' · ') if {first} and {second} else {first}"

    def begin(self, *, is_wide: bool = False) -> None:
        """A section with header and footer."""
        width = WIDE_WIDTH if is_wide else TEXT_WIDTH
        section = self.draft.begin_section(is_wide=is_wide)
        self.draft.dress(
            section,
            PERIOD,
            "{{ report.number }}",
            "{{ contract.provider }}",
            self.words["page"],
            self.words["draft"],
            width,
        )

    def contents(self) -> None:
        """A field that Word can update; it is filled with the headings when the template is (see word.py)."""
        self.draft.paragraph(self.words["contents"], "TOC Heading")
        holder = self.draft.paragraph("", "toc 1")
        for text in ("begin", "", "separate", "…", "end"):
            inner = (
                '<w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText>'
                if not text
                else f"<w:t>{text}</w:t>"
                if text == "…"
                else f'<w:fldChar w:fldCharType="{text}"/>'
            )
            holder._p.append(parse_xml(f"<w:r {nsdecls('w')}>{inner}</w:r>"))

    def chapter(self, title: str, *, begins_page: bool = False) -> None:
        """A numbered heading of the first level."""
        heading = self.draft.paragraph(title, "Heading 1")
        if begins_page:
            self.draft.page_break_before(heading)

    def part(self, title: str) -> None:
        """A numbered heading of the second level."""
        self.draft.paragraph(title, "Heading 2")

    def table(self, loop: str, columns: Any, **more: Any) -> None:
        """A table, or a sentence when there is nothing to list."""
        self.draft.tag(f"if {loop.split(' in ')[1]}")
        self.draft.sheet(loop, columns, **more)
        self.draft.tag("else")
        self.draft.paragraph(self.words["empty_section"], colour=QUIET)
        self.draft.tag("endif")

    def written(self, name: str) -> None:
        """A long text, or that there is none."""
        self.draft.tag(f"if {name}")
        self.draft.paragraph(f"{{{{ {name} }}}}")
        self.draft.tag("else")
        self.draft.paragraph(self.words["not_written"], colour=QUIET)
        self.draft.tag("endif")

    def chart(self, name: str, title: str = "") -> None:
        """A picture with its heading, when there is one."""
        self.draft.tag(f"if charts.{name}")
        if title:
            self.part(title)
        self.draft.paragraph(f"{{{{ charts.{name} }}}}", align="c")
        self.draft.tag("endif")

    def verify(self) -> None:
        """Log position, hashes, how to check."""
        w = self.words
        self.chapter(w["verify"])
        self.draft.paragraph(w["verify_intro"])
        sealed = f"record.root if record.is_sealed and record.root else '{w['not_sealed']}'"
        self.draft.facts(
            [
                (w["number"], self.both("report.number", "report.edition_label")),
                (w["log_position"], f"'{w['not_sealed']}' if record.position is none else record.position"),
                (w["root_hash"], sealed),
                (w["signed_at"], "record.signed_at"),
                (w["signing_key"], "record.key_id"),
                (w["content_hash"], "record.content_sha256"),
            ]
        )
        self.draft.tag("if record.checked_by")
        self.draft.note(f"{w['how_to_check']}: {{{{ record.checked_by }}}}")
        self.draft.tag("endif")
