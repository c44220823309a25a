"""What the columns of a file mean, as a form: read from what was typed, or made of a mapping; nothing typed is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.terms import label_in
from yunheng.foundation.refusals import Invalid

from .mapping import FIELDS, REQUIRED, FieldMapping, Kind
from .models import ImportRun

SHARED: Final = "-shared"
_TRANSLATED: Final = ("service", "priority", "impact", "urgency", "event")


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file with examples and what it may mean."""

    index: int
    name: str
    examples: Sequence[str]
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the file that stands for one of the contract's."""

    index: int
    field: str
    word: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class WordGroup:
    """Words of one column."""

    field: str
    label: str
    column: str
    words: Sequence[Word]


@dataclass(frozen=True, slots=True)
class MappingForm:
    """Everything that the form shows."""

    kind: str
    kinds: Sequence[Choice]
    columns: Sequence[Column]
    words: Sequence[WordGroup]
    system: str
    zone: str
    dates: Sequence[Choice]
    ticket_kinds: Sequence[Choice]
    services: Sequence[Choice]
    priorities: Sequence[Choice]
    required: Sequence[str]


def field_names() -> dict[str, str]:
    """What a column can be, in words."""
    return {
        "number": _("Number"),
        "opened_at": _("Opened at"),
        "responded_at": _("First response at"),
        "restored_at": _("Restored at"),
        "resolved_at": _("Resolved at"),
        "closed_at": _("Closed at"),
        "cancelled_at": _("Cancelled at"),
        "at": _("Instant of the event"),
        "event": _("Event"),
        "title": _("Title"),
        "service": _("Service"),
        "priority": _("Priority"),
        "impact": _("Impact"),
        "urgency": _("Urgency"),
        "category": _("Category"),
        "ci": _("Configuration item"),
        "cause": _("Cause"),
        "team": _("Team"),
        "line": _("Support line"),
        "state": _("State"),
        "resolution": _("Resolution"),
        "description": _("Description"),
        "channel": _("Channel"),
        "major": _("Major incident (yes or no)"),
        "kind": _("Kind of ticket"),
        "requester": _("Requester (personal)"),
        "assignee": _("Assignee (personal)"),
    }


def data_of(mapping: FieldMapping) -> dict[str, Any]:
    """A mapping as plain data, as `read_mapping` takes it."""
    return {
        "kind": mapping.kind,
        "system": mapping.system,
        "zone": mapping.zone,
        "dates": mapping.dates,
        "ticket_kind": mapping.ticket_kind,
        "columns": dict(mapping.columns),
        "values": {field: dict(pairs) for field, pairs in mapping.values.items()},
        "defaults": dict(mapping.defaults),
        "shared": list(mapping.shared),
    }


def typed(post: QueryDict, header: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Mapping data from a form, and what is wrong with it before it is read."""
    faults: dict[str, str] = {}
    columns: dict[str, str] = {}
    shared: list[str] = []
    names = field_names()
    for index, name in enumerate(header):
        chosen = post.get(f"column-{index}", "")
        if chosen == SHARED:
            shared.append(name)
        elif chosen:
            if chosen in columns:
                faults["columns"] = _("Two columns are called “%(field)s”: %(first)s and %(second)s.") % {
                    "field": names.get(chosen, chosen),
                    "first": columns[chosen],
                    "second": name,
                }
            columns[chosen] = name
    values: dict[str, dict[str, str]] = {}
    for field in _TRANSLATED:
        index = 0
        while f"word-{field}-{index}" in post and index < 500:
            word = str(post[f"word-{field}-{index}"])
            key = post.get(f"value-{field}-{index}", "")
            if field in columns and key and key != word:
                values.setdefault(field, {})[word] = key
            index += 1
    defaults = {
        field: post[f"default-{field}"]
        for field in ("service", "priority")
        if post.get(f"default-{field}") and field not in columns
    }
    data = {
        "kind": post.get("kind", "tickets"),
        "system": post.get("system", "").strip() or "table",
        "zone": post.get("zone", "").strip() or None,
        "dates": post.get("dates", "ymd"),
        "ticket_kind": post.get("ticket_kind", "incident"),
        "columns": columns,
        "values": values,
        "defaults": defaults,
        "shared": shared,
    }
    return data, faults


def require_sound(faults: Mapping[str, str]) -> None:
    """Raises Invalid when there are faults."""
    if faults:
        raise Invalid(faults)


def form_of(
    run: ImportRun, data: Mapping[str, Any], words: Mapping[str, Sequence[tuple[str, Any]]]
) -> MappingForm:
    """The form for a run: `data` is a mapping as plain data, `words` the contract's."""
    kind: Kind = "events" if data.get("kind") == "events" else "tickets"
    names = field_names()
    columns: Mapping[str, str] = data.get("columns") or {}
    means = {column: field for field, column in columns.items()}
    shared = set(data.get("shared") or ())
    header: Sequence[str] = run.look.get("header", [])
    every = [name for name in names if name in FIELDS["tickets"] or name in FIELDS["events"]]
    return MappingForm(
        kind=kind,
        kinds=[
            Choice("tickets", _("a row per ticket"), kind == "tickets"),
            Choice("events", _("a row per event"), kind == "events"),
        ],
        columns=[
            Column(
                index,
                name,
                run.look.get("samples", {}).get(name, []),
                [
                    Choice("", _("further: kept, personal"), name not in means and name not in shared),
                    Choice(SHARED, _("further: the client may read it"), name in shared),
                    *(Choice(field, names[field], means.get(name) == field) for field in every),
                ],
            )
            for index, name in enumerate(header)
        ],
        words=[
            group
            for field in _TRANSLATED
            if field in columns
            and (group := _group(run, field, columns[field], data, words, names)) is not None
        ],
        system=str(data.get("system") or "table"),
        zone=str(data.get("zone") or ""),
        dates=[
            Choice("ymd", _("year first: 2026-02-29, 2026年2月29日"), data.get("dates") == "ymd"),
            Choice("dmy", _("day first: 29/2/2026"), data.get("dates") == "dmy"),
            Choice("mdy", _("month first: 2/29/2026"), data.get("dates") == "mdy"),
        ],
        ticket_kinds=[
            Choice("incident", _("Incident"), data.get("ticket_kind") != "service_request"),
            Choice("service_request", _("Service request"), data.get("ticket_kind") == "service_request"),
        ],
        services=_keys("service", data, words),
        priorities=_keys("priority", data, words),
        required=[names[field] for field in REQUIRED[kind]],
    )


def _keys(
    field: str, data: Mapping[str, Any], words: Mapping[str, Sequence[tuple[str, Any]]]
) -> list[Choice]:
    chosen = (data.get("defaults") or {}).get(field, "")
    return [
        Choice("", "–", not chosen),
        *(Choice(key, _said(label, key), key == chosen) for key, label in words[field]),
    ]


def _group(
    run: ImportRun,
    field: str,
    column: str,
    data: Mapping[str, Any],
    words: Mapping[str, Sequence[tuple[str, Any]]],
    names: Mapping[str, str],
) -> WordGroup | None:
    """Words of the column, each with what it stands for; None for a column with too many."""
    found: Sequence[str] = run.look.get("words", {}).get(column, ())
    values = (data.get("values") or {}).get(field, {})
    known = {key for key, _label in words[field]}
    every = list(dict.fromkeys([*found, *values]))
    if not every:
        return None
    rows = []
    for index, word in enumerate(every):
        meant = values.get(word, word if word in known else "")
        rows.append(
            Word(
                index,
                field,
                word,
                [
                    Choice("", _("– not known: such rows are rejected –"), not meant),
                    *(Choice(key, _said(label, key), key == meant) for key, label in words[field]),
                ],
            )
        )
    return WordGroup(field, names[field], column, rows)


def _said(label: Any, key: str) -> str:
    if not label:
        return key
    return f"{key} · {label_in(label, get_language() or 'zh-hans')}"
