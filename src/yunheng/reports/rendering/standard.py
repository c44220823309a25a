"""The standard Word templates: built by code, filled by docxtpl like a client's own, free to be changed by people.

Their chapters and their order are those of the PDF.
"""

from collections.abc import Callable

from yunheng.reports.rendering.drawing import AMBER, INK, QUIET, WIDE_WIDTH
from yunheng.reports.rendering.layout import Template
from yunheng.reports.rendering.letters import Notice, Settlement
from yunheng.reports.rendering.shape import CHAPTERS, MISS_COLUMNS


def build_template(language: str, kind: str) -> bytes:
    """The template of a kind of document (a key of `shape.SHAPES`) in a language, the same bytes each time."""
    builders: dict[str, Callable[[str], Template]] = {
        "monthly": _Monthly,
        "fault": _Fault,
        "ledger": _Ledger,
        "notice": Notice,
        "settlement": Settlement,
    }
    template = builders[kind](language)
    template.build()
    return template.saved()


class _Monthly(Template):
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


class _Fault(Template):
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


class _Ledger(Template):
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
