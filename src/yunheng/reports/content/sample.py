"""A content with something in every place, for looking whether a template names only what there is."""

from typing import Any

from ..rendering import WORDS
from .freezing import frozen

_TEXT = "…"


def sample_content(kind: str, language: str) -> dict[str, Any]:
    """An example of a kind's content in a language; no contract's."""
    content: dict[str, Any] = {
        "format": 1,
        "kind": kind,
        "language": language,
        "words": dict(WORDS[language]),
        "report": {
            **dict.fromkeys(
                (
                    *("number", "title", "edition_label", "period", "period_label", "start", "end", "zone"),
                    *("made_on", "made_by", "issued_on", "issued_by", "as_of"),
                ),
                _TEXT,
            ),
            "edition": 1,
            "is_draft": False,
        },
        "contract": {
            **dict.fromkeys(("key", "title", "provider", "client", "valid_from", "valid_to"), _TEXT),
            "suppliers": [_TEXT],
            "versions": [1],
        },
        "record": {
            "position": 1,
            "root": "0" * 64,
            "signed_at": _TEXT,
            "key_id": _TEXT,
            "is_sealed": True,
            "checked_by": _TEXT,
        },
    }
    parts = {"monthly": _monthly, "fault": _fault, "ledger": _ledger}[kind]()
    return frozen({**content, **parts})


def _line(*names: str, **more: Any) -> dict[str, Any]:
    return {**dict.fromkeys(names, _TEXT), **more}


def _monthly() -> dict[str, Any]:
    shares = [_line("label", "share", count=1)]
    return {
        "comments": _line("summary", "risks", "plan", "last_actions"),
        "sections": [
            *("summary", "scope", "attainment", "tickets", "major", "waiting", "exclusions", "risks"),
            *("last_actions", "next_plan", "misses", "calendars", "verify"),
        ],
        "summary": {
            "headline": [_line("label", "value", "goal", "change", is_met=True, direction="better")],
            "sentences": [_TEXT],
        },
        "scope": {
            "services": [_line("label", "hours", "description")],
            "goals": [_line("service", "priority", "clock", "within")],
            "people": [_line("role", names=[_TEXT], count=1)],
        },
        "attainment": {
            "rows": [
                _line(
                    *("key", "label", "definition", "value", "unit", "goal", "last_value", "change"),
                    is_met=True,
                    direction="better",
                    numerator=1,
                    denominator=1,
                    excluded=0,
                    waiting=0,
                    is_provisional=False,
                )
            ],
            "groups": [
                _line("label", by="priority", rows=[_line("label", "value", number="1", n=1, is_met=True)])
            ],
            "trend": [
                _line(
                    *("key", "label", "unit"),
                    goal="1",
                    months=[
                        {"month": "2016-03", "label": "2016-03", "value": "1", "shown": _TEXT},
                        {"month": "2016-04", "label": "2016-04", "value": "1", "shown": _TEXT},
                    ],
                )
            ],
        },
        "tickets": {
            "counts": [_line("label", "value")],
            **dict.fromkeys(
                ("by_source", "by_kind", "by_priority", "by_service", "by_category", "by_cause"), shares
            ),
            "backlog": [_line("label", count=1)],
            "hours": [1] * 24,
            "weekdays": [1] * 7,
        },
        "major": [
            _line(
                *("number", "title", "priority", "opened", "responded", "restored", "resolved", "duration"),
                cause=_TEXT,
                lines=[_line("at", "text")],
            )
        ],
        "waiting": {
            "rows": [_line("party", "reason", "duration", "share", count=1)],
            "disputed": 0,
            "undecided": 0,
        },
        "exclusions": [_line("label", "reason", "agreed_by", count=1)],
        "misses": {
            "rows": [
                _line(
                    *("number", "title", "clock", "priority", "service", "opened", "due", "done", "over"),
                    party=_TEXT,
                    reason=_TEXT,
                )
            ],
            "total": 1,
            "limit": 500,
        },
        "calendars": [_line("label", "zone", "hours", "tzdata", provisional_years=[2030])],
        "item_columns": [{"key": "number", "label": _TEXT, "width": 10, "kind": "text"}],
    }


def _fault() -> dict[str, Any]:
    return {
        "ticket": _line(
            *("number", "title", "grade", "kind", "service", "priority", "ci", "reporter", "reporter_unit"),
            *("started", "detected", "responded", "restored", "resolved", "duration", "cause"),
        ),
        "effects": [_line("clock", "due", "done", "text", is_met=True)],
        "timeline": [_line("at", "who", "text")],
        "written": _line(
            *("phenomenon", "scope_impact", "direct_cause", "root_cause", "temporary_fix", "permanent_fix"),
            *("verification", "liability", "lessons"),
        ),
        "actions": [_line("what", "owner", "due")],
        "edition": "final",
    }


def _ledger() -> dict[str, Any]:
    columns = [{"key": "number", "label": _TEXT, "width": 10, "kind": "text"}]
    return {"columns": columns, "item_columns": columns, "note": _TEXT}
