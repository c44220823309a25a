"""The Word templates of what follows from a statement: the notice of result and the settlement sheet."""

from yunheng.reports.rendering.drawing import ACCENT, BAD, QUIET, TEXT_WIDTH
from yunheng.reports.rendering.layout import PERIOD, Template


class _Letter(Template):
    """A letter's head, how the score came about, signatures."""

    def head(self) -> None:
        """The letterhead; no cover: these are a few pages that are signed and filed."""
        w, draft = self.words, self.draft
        draft.dress(
            draft.document.sections[0],
            PERIOD,
            "{{ report.number }}",
            "{{ contract.provider }}",
            w["page"],
            w["draft"],
            TEXT_WIDTH,
        )
        draft.paragraph("{{ report.title }}", size=22, is_bold=True, align="c", before=6)
        draft.paragraph(
            "{{ [report.period_label, report.number] | join(' · ') }}",
            size=10,
            colour=QUIET,
            align="c",
            after=14,
        )
        draft.tag("if report.is_draft")
        draft.note(f"{w['draft']}  {w['draft_note']}", BAD)
        draft.tag("endif")
        draft.tag("if letter.to")
        draft.paragraph("{{ letter.greeting }}", size=11, is_bold=True)
        draft.tag("endif")
        self._each("one in letter.paragraphs", "{{ one }}")

    def close(self) -> None:
        """The last sentences, who writes, and when."""
        self._each("one in letter.closing", "{{ one }}")
        self.draft.paragraph("{{ letter['from'] }}", is_bold=True, align="r", before=12)
        self.draft.paragraph("{{ letter.on }}", colour=QUIET, align="r", after=12)

    def figure(self, label: str, value: str) -> None:
        """The figure that the letter is about."""
        self.draft.paragraph(label, size=9, colour=QUIET, before=6, after=0)
        self.draft.paragraph(value, size=24, colour=ACCENT, is_bold=True, after=4)

    def score_lines(self) -> None:
        """The explanation of the score, from the total down."""
        w = self.words
        self.chapter(w["how_scored"])
        indent = "{% if row.level > 0 %}\u3000{% endif %}{% if row.level > 1 %}\u3000{% endif %}"
        label = indent + "{{ row.label }}"
        self.table(
            "row in lines",
            [
                (w["score_line"], _bold(label, "row.level == 0"), 5, "l"),
                (w["score_said"], "{{ row.said }}", 6, "l"),
                (w["points"], _bold("{{ row.points }}", "row.level == 0"), 1.4, "r"),
            ],
        )

    def rest(self) -> None:
        """Periods, events, appeals, measures, signatures, verification: each where there is something to say."""
        w = self.words
        self._where(
            "parts",
            [
                (w["part_period"], "{{ row.period }}", 1.2, "l"),
                (w["statement_number"], "{{ row.number }}", 2, "l"),
                (w["score"], "{{ row.score }}", 0.8, "r"),
                (w["digest"], "~{{ row.digest }}", 4, "l"),
            ],
        )
        self._where(
            "events",
            [
                (w["time"], "{{ row.at }}", 1.4, "l"),
                (w["event_kind"], "{{ row.kind }}", 1.5, "l"),
                (w["event_subject"], "{{ row.subject }}", 1.8, "l"),
                (w["quantity"], "{{ row.quantity }}", 0.8, "r"),
                (w["party"], "{{ row.party }}", 1, "l"),
                (w["evidence"], "{{ row.note }}", 2, "l"),
                (w["proposer"], "{{ row.proposer }}", 1.2, "l"),
            ],
            size=7.5,
        )
        self._where(
            "appeals",
            [
                (w["appeal_what"], "{{ row.what }}", 1.4, "l"),
                (w["appeal_argument"], "{{ row.argument }}", 2.2, "l"),
                (w["appeal_decision"], "{{ row.decision }}", 1, "l"),
                (w["reason"], "{{ row.reason }}", 2, "l"),
            ],
        )
        self._where(
            "measures",
            [(w["measure"], "{{ row.label }}", 1.4, "l"), (w["condition"], "{{ row.text }}", 4, "l")],
        )
        self.chapter(w["signatures"])
        self.draft.tag("if signatures")
        self.draft.sheet(
            "row in signatures",
            [
                (w["signoff_side"], "*{{ row.side }}\n~{{ row.organisation }}", 1.4, "l"),
                (w["signature_method"], "{{ row.name }}\n~{{ row.method }}\n~{{ row.note }}", 2.4, "l"),
                (w["signoff_date"], "{{ row.at }}", 1.3, "l"),
                (w["digest"], "~{{ row.digest }}", 2.4, "l"),
            ],
        )
        self.draft.tag("else")
        self.draft.paragraph(w["not_signed"], colour=QUIET)
        self.draft.grid(
            [
                [w["signoff_side"], w["signoff_name"], w["signoff_signature"], w["signoff_date"]],
                [w["provider"] + "\n{{ contract.provider }}", "", "", ""],
                [w["client"] + "\n{{ contract.client }}", "", "", ""],
            ],
            [1.5, 1, 1.4, 1],
            1.3,
        )
        self.draft.tag("endif")
        self.verify()

    def _where(self, name: str, columns: list[tuple[str, str, float, str]], *, size: float = 8.5) -> None:
        self.draft.tag(f"if {name}")
        self.chapter(self.words[name])
        self.draft.sheet(f"row in {name}", columns, size=size)
        self.draft.tag("endif")

    def _each(self, loop: str, text: str) -> None:
        self.draft.tag(f"for {loop}")
        self.draft.paragraph(text)
        self.draft.tag("endfor")


class Notice(_Letter):
    """The notice of result: what the client tells the provider of a period's score."""

    def build(self) -> None:
        w = self.words
        self.head()
        full = "{% if result.full %} / {{ result.full }}{% endif %}"
        self.figure(w["score"], "{{ result.score }}" + full)
        self.draft.facts(
            [
                (w["score_grade"], "result.grade"),
                (w["statement_state"], "result.state"),
                (w["answer_by"], "result.answer_by"),
            ]
        )
        self.close()
        self.score_lines()
        self.rest()


class Settlement(_Letter):
    """The settlement sheet: from the fee to what is payable."""

    def build(self) -> None:
        w = self.words
        self.head()
        self.figure(w["payable"], "{{ payable.amount }} {{ payable.currency }}")
        self.draft.facts(
            [
                (w["payable_in_words"], "payable.in_words"),
                (w["score"], "result.score"),
                (w["score_grade"], "result.grade"),
                (w["statement_number"], "report.number"),
            ]
        )
        self.draft.tag("if payable.note")
        self.draft.note("{{ payable.note }}")
        self.draft.tag("endif")
        self.chapter(w["settlement"])
        self.table(
            "row in money",
            [
                (w["money_line"], _bold("{{ row.label }}", "row.is_total"), 2, "l"),
                (w["score_said"], "{{ row.said }}", 4, "l"),
                (w["amount"], _bold("{{ row.amount }}", "row.is_total"), 1.4, "r"),
            ],
        )
        self.close()
        self.score_lines()
        self.rest()


def _bold(cell: str, condition: str) -> str:
    """A cell's text, bold where the condition holds."""
    return f"{{%p if {condition} %}}\n*{cell}\n{{%p else %}}\n{cell}\n{{%p endif %}}"
