"""The shape of a report's content: what names it holds, per kind. Templates are checked by it, gaps filled.

A shape is "" (text), 0 (whole number), None (text, number, true, false or nothing), False (flag), a list with the shape
of its items, or a dict of names.
"""

from typing import Any, Final

from yunheng.reports.rendering.words import WORDS

Shape = Any

TEXT: Final = ""
WHOLE: Final = 0
FLAG: Final = False
ANY: Final = None


def _texts(names: str) -> dict[str, Shape]:
    """A group of texts by their names."""
    return dict.fromkeys(names.split(), TEXT)


_SLICE: Final = {"label": TEXT, "count": WHOLE, "share": TEXT}
_FRAME: Final[dict[str, Shape]] = {
    "format": WHOLE,
    "kind": TEXT,
    "language": TEXT,
    "words": dict.fromkeys(WORDS["en"], TEXT),
    "report": _texts(
        "number title edition edition_label period period_label start end zone made_on "
        "made_by issued_on issued_by"
    )
    | {"is_draft": ANY},
    "contract": {
        "key": TEXT,
        "title": TEXT,
        "provider": TEXT,
        "client": TEXT,
        "suppliers": [TEXT],
        "valid_from": TEXT,
        "valid_to": TEXT,
        "versions": [WHOLE],
    },
    "record": {
        "position": ANY,
        "root": TEXT,
        "signed_at": TEXT,
        "key_id": TEXT,
        "is_sealed": FLAG,
        "checked_by": TEXT,
        "content_sha256": TEXT,
    },
}

#: Columns of the appendix of missed goals, in their order; the number is titled by the word "ticket".
MISS_COLUMNS: Final = (
    *("number", "title", "clock", "priority", "service", "opened", "due", "done", "over"),
    *("party", "reason"),
)

_MONTHLY: Final[dict[str, Shape]] = {
    "comments": {"summary": TEXT, "risks": TEXT, "plan": TEXT, "last_actions": TEXT},
    "sections": [TEXT],
    "summary": {
        "headline": [
            {"label": TEXT, "value": TEXT, "goal": TEXT, "is_met": ANY, "change": TEXT, "direction": TEXT}
        ],
        "sentences": [TEXT],
    },
    "scope": {
        "services": [{"label": TEXT, "hours": TEXT, "description": TEXT}],
        "goals": [{"service": TEXT, "priority": TEXT, "clock": TEXT, "within": TEXT}],
        "people": [{"role": TEXT, "names": [TEXT], "count": ANY}],
    },
    "attainment": {
        "rows": [
            {
                "key": TEXT,
                "label": TEXT,
                "definition": TEXT,
                "value": TEXT,
                "unit": TEXT,
                "goal": TEXT,
                "is_met": ANY,
                "last_value": TEXT,
                "change": TEXT,
                "direction": TEXT,
                "numerator": ANY,
                "denominator": ANY,
                "excluded": WHOLE,
                "waiting": WHOLE,
                "is_provisional": FLAG,
            }
        ],
        "groups": [
            {
                "label": TEXT,
                "by": TEXT,
                "rows": [{"label": TEXT, "value": TEXT, "number": ANY, "n": ANY, "is_met": ANY}],
            }
        ],
        "trend": [
            {
                "key": TEXT,
                "label": TEXT,
                "unit": TEXT,
                "goal": ANY,
                "months": [{"month": TEXT, "label": TEXT, "value": ANY, "shown": TEXT}],
            }
        ],
    },
    "tickets": {
        "counts": [{"label": TEXT, "value": ANY}],
        **{f"by_{name}": [_SLICE] for name in ("source", "kind", "priority", "service", "category", "cause")},
        "backlog": [{"label": TEXT, "count": WHOLE}],
        "hours": [WHOLE],
        "weekdays": [WHOLE],
    },
    "major": [
        {
            **_texts("number title priority opened responded restored resolved duration cause"),
            "lines": [{"at": TEXT, "text": TEXT}],
        }
    ],
    "waiting": {
        "rows": [{"party": TEXT, "reason": TEXT, "count": WHOLE, "duration": TEXT, "share": TEXT}],
        "disputed": WHOLE,
        "undecided": WHOLE,
    },
    "exclusions": [{"label": TEXT, "count": WHOLE, "reason": TEXT, "agreed_by": TEXT}],
    "satisfaction": {"rows": [{"label": TEXT, "value": ANY}]},
    "misses": {
        "rows": [dict.fromkeys(MISS_COLUMNS, TEXT)],
        "total": WHOLE,
        "limit": WHOLE,
    },
    "calendars": [{"label": TEXT, "zone": TEXT, "hours": TEXT, "tzdata": TEXT, "provisional_years": [WHOLE]}],
    "item_columns": [{"key": TEXT, "label": TEXT, "width": WHOLE, "kind": TEXT}],
}

_FAULT: Final[dict[str, Shape]] = {
    "ticket": _texts(
        "number title grade kind service priority ci reporter reporter_unit started "
        "detected responded restored resolved duration"
    ),
    "effects": [{"clock": TEXT, "due": TEXT, "done": TEXT, "is_met": ANY, "text": TEXT}],
    "timeline": [{"at": TEXT, "who": TEXT, "text": TEXT}],
    "written": _texts(
        "phenomenon scope_impact direct_cause root_cause temporary_fix permanent_fix "
        "verification liability lessons"
    ),
    "actions": [{"what": TEXT, "owner": TEXT, "due": TEXT}],
    "edition": TEXT,
}

_LEDGER: Final[dict[str, Shape]] = {
    "columns": [{"key": TEXT, "label": TEXT, "width": WHOLE, "kind": TEXT}],
    "note": TEXT,
    "rows": [[TEXT]],
    "cut": TEXT,
}

#: A notice of result and a settlement sheet: both say what a statement says, one of the score, the other of money.
_STATEMENT: Final[dict[str, Shape]] = {
    "letter": {
        "to": TEXT,
        "greeting": TEXT,
        "paragraphs": [TEXT],
        "closing": [TEXT],
        "from": TEXT,
        "on": TEXT,
    },
    "result": _texts("score full grade state answer_by digest"),
    "lines": [{"level": WHOLE, "label": TEXT, "said": TEXT, "points": TEXT, "is_left_out": FLAG}],
    "events": [_texts("at kind subject quantity party note proposer")],
    "parts": [_texts("period number score digest")],
    "appeals": [_texts("what argument decision reason")],
    "measures": [{"label": TEXT, "text": TEXT, "is_due": FLAG}],
    "money": [{"label": TEXT, "said": TEXT, "amount": TEXT, "is_total": FLAG}],
    "payable": _texts("amount in_words currency note"),
    "signatures": [_texts("side organisation name method at digest note")],
}

#: kind -> shape of the content as it is handed over
SHAPES: Final[dict[str, dict[str, Shape]]] = {
    "monthly": {**_FRAME, **_MONTHLY},
    "fault": {**_FRAME, **_FAULT},
    "ledger": {**_FRAME, **_LEDGER},
    "notice": {**_FRAME, **_STATEMENT},
    "settlement": {**_FRAME, **_STATEMENT},
}

#: kind -> pictures that a Word template can place: {{ charts.trend }}
CHARTS: Final[dict[str, tuple[str, ...]]] = {
    "monthly": ("trend", "groups", "priorities", "causes", "load", "backlog"),
    "fault": (),
    "ledger": (),
    "notice": (),
    "settlement": (),
}

#: Order of the chapters of a monthly report.
CHAPTERS: Final = (
    "summary", "scope", "attainment", "tickets", "major", "waiting", "exclusions", "satisfaction", "risks",
    "last_actions", "next_plan", "misses", "calendars", "verify",
)  # fmt: skip
