"""The standard Word templates: built by code, filled by docxtpl like a client's own, free to be changed by people.

Their chapters and their order are those of the PDF.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from yunheng.reports.rendering.drawing import (
    ACCENT,
    AMBER,
    BAD,
    INK,
    QUIET,
    TEXT_WIDTH,
    WIDE_WIDTH,
    Draft,
)
from yunheng.reports.rendering.parcel import pack_stably
from yunheng.reports.rendering.shape import CHAPTERS, MISS_COLUMNS
from yunheng.reports.rendering.words import words_of

#: Parts that come first in a .docx.
FIRST_PARTS: Final = ("[Content_Types].xml", "_rels/.rels", "word/document.xml")
_PERIOD: Final = "{{ report.title }} · {{ report.period_label }}"


def build_template(language: str, kind: str) -> bytes:
    """The template of a kind ("monthly", "fault" or "ledger") in a language, the same bytes each time."""
    builders: dict[str, Callable[[str], _Template]] = {
        "monthly": _Monthly,
        "fault": _Fault,
        "ledger": _Ledger,
    }
    template = builders[kind](language)
    template.build()
    return template.saved()


class _Template(ABC):
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
                (w["made"], self._both("report.made_on", "report.made_by")),
                (w["issued"], self._both("report.issued_on", "report.issued_by")),
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
    def _both(first: str, second: str) -> str:
        """An expression for two values with a point between them, or the first alone."""
        return f"[{first}, {second}] | join(' · ') if {first} and {second} else {first}"

    def begin(self, *, is_wide: bool = False) -> None:
        """A section with header and footer."""
        width = WIDE_WIDTH if is_wide else TEXT_WIDTH
        section = self.draft.begin_section(is_wide=is_wide)
        self.draft.dress(
            section,
            _PERIOD,
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
                (w["number"], "report.number ~ ' · ' ~ report.edition_label"),
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


class _Monthly(_Template):
    """The monthly report."""

    def build(self) -> None:
        self.cover()
        self.begin()
        self.contents()
        for name in CHAPTERS[: CHAPTERS.index("misses")]:
            self.draft.tag(f"if '{name}' in sections")
            getattr(self, f"_{name}")()
            self.draft.tag("endif")
        self.draft.tag("if 'misses' in sections")
        self.begin(is_wide=True)
        self._misses()
        self.begin()
        self.draft.tag("endif")
        self.draft.tag("if 'calendars' in sections")
        self._calendars()
        self.draft.tag("endif")
        self.draft.tag("if 'verify' in sections")
        self.verify()
        self.draft.tag("endif")

    def _summary(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["summary"], begins_page=True)
        draft.tag("if summary.cards")
        draft.cards(
            "summary.cards",
            3,
            [
                ("{{ line[{place}].label }}", 9, QUIET, False),
                ("{{ line[{place}].value }}", 18, INK, True),
                (
                    "@state{% if line[{place}].goal %}   "
                    + w["goal"]
                    + " {{ line[{place}].goal }}{% endif %}",
                    8.5,
                    INK,
                    False,
                ),
                ("{{ line[{place}].change }}" + self._direction("line[{place}]", " · "), 8.5, QUIET, False),
            ],
        )
        draft.tag("endif")
        draft.tag("if 'tickets' in sections and tickets.cards")
        draft.cards(
            "tickets.cards",
            4,
            [
                ("{{ line[{place}].label }}", 8.5, QUIET, False),
                ("{{ line[{place}].value | default('—', true) }}", 15, INK, True),
            ],
        )
        draft.tag("endif")
        draft.tag("if has_provisional")
        draft.note(w["provisional_note"], AMBER)
        draft.tag("endif")
        draft.tag("for sentence in summary.sentences")
        draft.paragraph("{{ sentence }}")
        draft.tag("endfor")
        draft.tag("if comments.summary")
        self.part(w["managers_words"])
        draft.paragraph("{{ comments.summary }}")
        draft.tag("endif")

    def _direction(self, name: str, before: str = "") -> str:
        """The word for the change, when there is one."""
        w = self.words
        return (
            f"{{% if {name}.direction %}}{before}{{{{ '{w['better']}' if {name}.direction == 'better' else "
            f"'{w['worse']}' if {name}.direction == 'worse' else '{w['same']}' }}}}{{% endif %}}"
        )

    def _scope(self) -> None:
        w = self.words
        self.chapter(w["scope"], begins_page=True)
        self.part(w["services"])
        self.table(
            "row in scope.services",
            [
                (w["service"], "{{ row.label }}", 1.2, "l"),
                (w["service_hours"], "{{ row.hours }}", 1.2, "l"),
                (w["description"], "{{ row.description }}", 2, "l"),
            ],
        )
        self.part(w["goals"])
        self.table(
            "row in scope.goals",
            [
                (w["service"], "{{ row.service }}", 1.6, "l"),
                (w["priority"], "{{ row.priority }}", 0.7, "l"),
                (w["clock"], "{{ row.clock }}", 1, "l"),
                (w["within"], "{{ row.within }}", 1.2, "l"),
            ],
        )
        self.part(w["people"])
        self.table(
            "row in scope.people",
            [
                (w["role"], "{{ row.role }}", 1.2, "l"),
                (w["names"], "{{ row.names | join(' · ') }}", 2.8, "l"),
                (w["people_count"], "{{ row.count | default('—', true) }}", 0.6, "r"),
            ],
        )

    def _attainment(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["attainment"], begins_page=True)
        basis = (
            "{{ row.counted }}\n"
            "{%p if row.excluded %}\n~" + w["excluded"] + " {{ row.excluded }}\n{%p endif %}\n"
            "{%p if row.waiting %}\n~" + w["still_waiting"] + " {{ row.waiting }}\n{%p endif %}"
        )
        provisional = "{%p if row.is_provisional %}\n!" + w["provisional"] + "\n{%p endif %}"
        self.table(
            "row in attainment.rows",
            [
                (w["indicator"], "*{{ row.label }}\n" + provisional + "\n~{{ row.definition }}", 3.6, "l"),
                (w["this_period"], "*{{ row.value }}", 1.15, "r"),
                (w["goal"], "{{ row.goal }}", 1.15, "r"),
                (w["state"], "@state row", 1.2, "l"),
                (w["last_period"], "{{ row.last_value }}", 1.15, "r"),
                (w["change"], "{{ row.change }}\n~" + self._direction("row"), 1.3, "l"),
                (w["basis"], basis, 1.3, "r"),
            ],
            size=8,
        )
        draft.tag("if has_provisional")
        draft.paragraph(w["provisional_note"], size=8, colour=AMBER)
        draft.tag("endif")
        self.chart("trend", w["trend"])
        draft.tag("if attainment.months.labels")
        draft.spreading(
            w["month"], "attainment.months.labels", "{{ value }}", "row in attainment.months.rows"
        )
        draft.tag("endif")
        self.chart("groups", w["by_groups"])

    def _slices(self, title: str, name: str, *, is_part: bool = False) -> None:
        w, draft = self.words, self.draft
        draft.tag(f"if tickets.{name}")
        if is_part:
            self.part(title)
        draft.sheet(
            f"row in tickets.{name}",
            [
                (w["item"] if is_part else title, "{{ row.label }}", 3, "l"),
                (w["count"], "{{ row.count }}", 1, "r"),
                (w["share"], "{{ row.share }}", 1, "r"),
            ],
            size=8,
        )
        draft.tag("endif")

    def _tickets(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["tickets"], begins_page=True)
        draft.tag("if tickets.cards")
        draft.cards(
            "tickets.cards",
            4,
            [
                ("{{ line[{place}].label }}", 8.5, QUIET, False),
                ("{{ line[{place}].value | default('—', true) }}", 15, INK, True),
            ],
        )
        draft.tag("endif")
        draft.tag("if tickets.by_source or tickets.by_kind or tickets.by_priority or tickets.by_service")
        self.part(w["volumes"])
        for name in ("by_source", "by_kind", "by_priority", "by_service"):
            self._slices(w[name], name)
        draft.tag("endif")
        self.chart("load", w["load"])
        self.chart("causes", w["by_cause"])
        self.chart("backlog", w["backlog"])
        self._slices(w["by_category"], "by_category", is_part=True)

    def _major(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["major"], begins_page=True)
        draft.tag("for one in major")
        self.part("{{ one.number }}  {{ one.title }}")
        draft.facts(
            [
                (w[name], f"one.{name}")
                for name in ("priority", "opened", "responded", "restored", "resolved", "duration", "cause")
            ]
        )
        draft.tag("if one.lines")
        draft.sheet(
            "row in one.lines", [(w["time"], "{{ row.at }}", 1, "l"), (w["what"], "{{ row.text }}", 4, "l")]
        )
        draft.tag("endif")
        draft.tag("else")
        draft.paragraph(w["empty_section"], colour=QUIET)
        draft.tag("endfor")

    def _waiting(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["waiting"])
        draft.paragraph(w["waiting_note"])
        self.table(
            "row in waiting.rows",
            [
                (w["party"], "{{ row.party }}", 1.2, "l"),
                (w["reason"], "{{ row.reason }}", 2, "l"),
                (w["count"], "{{ row.count }}", 0.7, "r"),
                (w["held_back"], "{{ row.duration }}", 1, "r"),
                (w["share"], "{{ row.share }}", 0.8, "r"),
            ],
        )
        draft.facts([(w["disputed"], "waiting.disputed"), (w["undecided"], "waiting.undecided")], label=7)

    def _exclusions(self) -> None:
        w = self.words
        self.chapter(w["exclusions"])
        self.table(
            "row in exclusions",
            [
                (w["item"], "{{ row.label }}", 1.2, "l"),
                (w["count"], "{{ row.count }}", 0.6, "r"),
                (w["reason"], "{{ row.reason }}", 1.6, "l"),
                (w["agreed_by"], "{{ row.agreed_by }}", 1.4, "l"),
            ],
        )

    def _satisfaction(self) -> None:
        w = self.words
        self.chapter(w["satisfaction"])
        self.table(
            "row in satisfaction.rows",
            [(w["item"], "{{ row.label }}", 1, "l"), (w["value"], "{{ row.value }}", 2, "l")],
        )

    def _risks(self) -> None:
        self.chapter(self.words["risks"])
        self.written("comments.risks")

    def _last_actions(self) -> None:
        self.chapter(self.words["last_actions"])
        self.written("comments.last_actions")

    def _next_plan(self) -> None:
        self.chapter(self.words["next_plan"])
        self.written("comments.plan")

    def _misses(self) -> None:
        w, draft = self.words, self.draft
        self.chapter(w["misses"])
        draft.tag("if misses.note")
        draft.paragraph("{{ misses.note }}")
        draft.tag("endif")
        widths = (3.8, 4.3, 1.5, 1.7, 2.3, 2.5, 2.5, 2.5, 1.5, 1.3, 1.8)
        titles = {"number": "ticket"}
        self.table(
            "row in misses.rows",
            [
                (w[titles.get(name, name)], f"{{{{ row.{name} }}}}", width, "r" if name == "over" else "l")
                for name, width in zip(MISS_COLUMNS, widths, strict=True)
            ],
            size=6.5,
            width=WIDE_WIDTH,
        )

    def _calendars(self) -> None:
        w = self.words
        self.chapter(w["calendars"])
        provisional = "{%p if row.is_provisional %}\n!" + w["provisional"] + "\n{%p endif %}"
        self.table(
            "row in calendars",
            [
                (w["calendar"], "{{ row.label }}\n" + provisional, 1.2, "l"),
                (w["zone"], "{{ row.zone }}", 1.2, "l"),
                (w["service_hours"], "{{ row.hours }}", 2, "l"),
                (w["tzdata"], "{{ row.tzdata }}", 1, "l"),
                (w["provisional_years"], "{{ row.provisional_years | join(', ') }}", 1, "l"),
            ],
        )


class _Fault(_Template):
    """The fault report of one ticket."""

    def build(self) -> None:
        w, draft = self.words, self.draft
        self.cover()
        self.begin()
        self.chapter(w["facts"])
        draft.paragraph("{{ ticket.title }}", size=12, is_bold=True)
        names = "grade kind service priority ci reporter reporter_unit started detected responded restored resolved"
        draft.facts(
            [
                (w["ticket"], "ticket.number"),
                *((w[name], f"ticket.{name}") for name in names.split()),
                (w["duration"], "ticket.duration"),
                (w["edition"], f"'{w['final']}' if edition == 'final' else '{w['preliminary']}'"),
            ]
        )
        self.chapter(w["effects"])
        self.table(
            "row in effects",
            [
                (w["clock"], "{{ row.clock }}", 1, "l"),
                (w["due"], "{{ row.due }}", 1.3, "l"),
                (w["done"], "{{ row.done }}", 1.3, "l"),
                (w["state"], "@state row", 1.2, "l"),
                (w["description"], "{{ row.text }}", 3.6, "l"),
            ],
        )
        self.chapter(w["analysis"])
        self._parts("phenomenon", "scope_impact", "direct_cause", "root_cause")
        self.chapter(w["timeline"])
        self.table(
            "row in timeline",
            [
                (w["time"], "{{ row.at }}", 1.1, "l"),
                (w["who"], "{{ row.who }}", 1, "l"),
                (w["what"], "{{ row.text }}", 4, "l"),
            ],
        )
        self.chapter(w["handling"])
        self._parts("temporary_fix", "permanent_fix", "verification", "liability")
        self.chapter(w["corrective_actions"])
        self.table(
            "row in actions",
            [
                (w["serial"], "{{ loop.index }}", 0.4, "l"),
                (w["action"], "{{ row.what }}", 4, "l"),
                (w["owner"], "{{ row.owner }}", 1, "l"),
                (w["due"], "{{ row.due }}", 1, "l"),
            ],
        )
        self._parts("lessons")
        self.verify()

    def _parts(self, *names: str) -> None:
        for name in names:
            self.part(self.words[f"written_{name}"])
            self.written(f"written.{name}")


class _Ledger(_Template):
    """The service ledger: its first rows on pages on their side."""

    def build(self) -> None:
        w, draft = self.words, self.draft
        self.cover()
        self.begin(is_wide=True)
        self.chapter(w["ledger"])
        for name in ("note", "cut"):
            draft.tag(f"if {name}")
            draft.paragraph(f"{{{{ {name} }}}}")
            draft.tag("endif")
        draft.tag("if rows")
        draft.listing("columns", "rows")
        draft.tag("else")
        draft.paragraph(w["empty_section"], colour=QUIET)
        draft.tag("endif")
        self.begin()
        self.verify()
