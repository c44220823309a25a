"""Processes as documents: read with every fault named, written in one form only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, get_args

from yunheng.logic.canonical import canonical
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.flow.model import (
    LANGUAGES,
    Category,
    Choice,
    FactSpec,
    Fault,
    FieldKind,
    FieldSpec,
    FlowError,
    Label,
    Opening,
    Process,
    State,
    Transition,
    Visibility,
)

STAYS: Final = "same"
"""What a document writes as the target of a transition that leaves the state as it is."""


AUTHOR_FACTS: Final = frozenset(
    (
        FactKind.RESPONDED,
        FactKind.UPDATED,
        FactKind.ASSIGNED,
        FactKind.DISPATCHED,
        FactKind.ARRIVED,
        FactKind.RESTORED,
        FactKind.RESOLVED,
        FactKind.REOPENED,
        FactKind.CONFIRMED,
        FactKind.CLOSED,
        FactKind.CANCELLED,
        FactKind.FAILED,
        FactKind.CLASSIFIED,
    )
)
"""Facts that a transition may name; all others are written by the executor, by other actions or by imports.
"""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_PARTIES: Final = {party.name.lower(): party for party in Party if party is not Party.NONE}


def parse_process(document: object) -> Process:
    """The process that a document (from YAML or JSON) describes. Raises FlowError with every fault found."""
    reader = _Reader()
    process = reader.process(document)
    if reader.faults or process is None:
        raise FlowError(reader.faults)
    return process


class _Reader:
    """Reads a document to its end and collects faults; what could not be read has a harmless stand-in."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, path: str, reason: str) -> None:
        self.faults.append(Fault(path, reason))

    def process(self, document: object) -> Process | None:
        parts = self.mapping(
            document,
            "",
            ("key", "version", "label", "subject_kind", "initial", "opening", "states", "transitions"),
        )
        if parts is None:
            return None
        states = {
            key: self.state(key, item, f"states.{key}")
            for key, item in self.entries(parts.get("states"), "states")
        }
        transitions = {
            key: self.transition(key, item, f"transitions.{key}", states)
            for key, item in self.entries(parts.get("transitions"), "transitions")
        }
        version = parts.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            self.fault("version", "must be a whole number from 1 on")
            version = 1
        initial = self.key(parts.get("initial"), "initial")
        if initial and initial not in states:
            self.fault("initial", f"there is no state {initial!r}")
        return Process(
            key=self.key(parts.get("key"), "key"),
            version=version,
            label=self.label(parts.get("label"), "label"),
            subject_kind=self.key(parts.get("subject_kind"), "subject_kind"),
            initial=initial,
            opening=self.opening(parts.get("opening"), "opening"),
            states=states,
            transitions=transitions,
        )

    def state(self, key: str, item: object, path: str) -> State:
        parts = self.mapping(item, path, ("category", "label"), ("reason", "party")) or {}
        reason = parts.get("reason")
        party = parts.get("party")
        if party is not None and not (isinstance(party, str) and party in _PARTIES):
            self.fault(f"{path}.party", f"{party!r} is none of {', '.join(_PARTIES)}")
        return State(
            key=key,
            category=self.one_of(parts.get("category"), f"{path}.category", get_args(Category)),
            label=self.label(parts.get("label"), f"{path}.label"),
            reason=None if reason is None else self.key(reason, f"{path}.reason"),
            party=_PARTIES.get(party) if isinstance(party, str) else None,
        )

    def transition(self, key: str, item: object, path: str, states: Mapping[str, State]) -> Transition:
        optional = ("guards", "form", "effects", "facts")
        parts = self.mapping(item, path, ("label", "from", "to", "permission"), optional) or {}
        sources = self.names(parts.get("from"), f"{path}.from")
        for source in sources:
            if source not in states:
                self.fault(f"{path}.from", f"there is no state {source!r}")
        if "from" in parts and not sources and isinstance(parts["from"], list | tuple):
            self.fault(f"{path}.from", "names no state")
        to = parts.get("to")
        if "to" in parts and not (isinstance(to, str) and (to == STAYS or to in states)):
            self.fault(f"{path}.to", f"there is no state {to!r} ({STAYS!r} means: the state stays)")
        form = self.form(parts.get("form"), f"{path}.form")
        return Transition(
            key=key,
            label=self.label(parts.get("label"), f"{path}.label"),
            from_=frozenset(sources),
            to=None if to == STAYS or not isinstance(to, str) else to,
            permission=self.permission(parts.get("permission"), f"{path}.permission"),
            guards=self.names(parts.get("guards", ()), f"{path}.guards"),
            form=form,
            effects=self.names(parts.get("effects", ()), f"{path}.effects"),
            facts=self.facts(parts.get("facts", ()), f"{path}.facts", AUTHOR_FACTS, form),
        )

    def opening(self, item: object, path: str) -> Opening:
        parts = self.mapping(item, path, ("permission",), ("facts",)) or {}
        facts = self.facts(parts.get("facts", ()), f"{path}.facts", AUTHOR_FACTS | {FactKind.OPENED}, ())
        if parts.get("facts") and all(fact.kind is not FactKind.OPENED for fact in facts):
            self.fault(f"{path}.facts", "must name OPENED")
        return Opening(self.permission(parts.get("permission"), f"{path}.permission"), facts)

    def form(self, item: object, path: str) -> tuple[FieldSpec, ...]:
        fields = tuple(
            self.field(part, f"{path}[{position}]") for position, part in enumerate(self.sequence(item, path))
        )
        self.refuse_repeats([field.name for field in fields], path)
        return fields

    def field(self, item: object, path: str) -> FieldSpec:
        parts = (
            self.mapping(item, path, ("name", "kind", "label"), ("required", "choices", "visibility")) or {}
        )
        kind: FieldKind = self.one_of(parts.get("kind"), f"{path}.kind", get_args(FieldKind))
        is_required = parts.get("required", False)
        if not isinstance(is_required, bool):
            self.fault(f"{path}.required", "must be true or false")
        choices = tuple(
            Choice(key, self.label(label, f"{path}.choices.{key}"))
            for key, label in self.entries(parts.get("choices", {}), f"{path}.choices")
        )
        if parts and (kind == "choice") != bool(choices):
            self.fault(f"{path}.choices", "a field of kind choice, and no other, has choices")
        return FieldSpec(
            name=self.key(parts.get("name"), f"{path}.name"),
            kind=kind,
            is_required=is_required is True,
            label=self.label(parts.get("label"), f"{path}.label"),
            choices=choices,
            visibility=self.one_of(
                parts.get("visibility", "shared"), f"{path}.visibility", get_args(Visibility)
            ),
        )

    def facts(
        self, item: object, path: str, allowed: Collection[FactKind], form: Sequence[FieldSpec]
    ) -> tuple[FactSpec, ...]:
        facts = []
        for position, part in enumerate(self.sequence(item, path)):
            here = f"{path}[{position}]"
            if isinstance(part, str):
                parts: Mapping[str, Any] = {"kind": part}
            else:
                parts = self.mapping(part, here, ("kind",), ("term", "term_from")) or {}
            kind = FactKind.__members__.get(str(parts.get("kind")))
            if kind is None:
                if parts:
                    self.fault(here, f"{parts.get('kind')!r} is no fact")
                continue
            if kind not in allowed:
                self.fault(here, f"{kind.name} is not for a process to write here")
            term, term_from = parts.get("term", ""), parts.get("term_from")
            if not isinstance(term, str):
                self.fault(f"{here}.term", "must be text")
            if term_from is not None and term_from not in [field.name for field in form]:
                self.fault(f"{here}.term_from", f"the form has no field {term_from!r}")
            if term and term_from is not None:
                self.fault(here, "has both term and term_from")
            facts.append(FactSpec(kind, str(term), term_from))
        self.refuse_repeats([fact.kind.name for fact in facts], path)
        return tuple(facts)

    # --- small parts

    def mapping(
        self, item: object, path: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> Mapping[str, Any] | None:
        if not isinstance(item, Mapping):
            self.fault(path, "missing" if item is None else f"must be a mapping, not {type(item).__name__}")
            return None
        for key in required:
            if item.get(key) is None:
                self.fault(f"{path}.{key}".lstrip("."), "missing")
        known = (*required, *optional)
        for key in item:
            if key not in known:
                self.fault(f"{path}.{key}".lstrip("."), f"unknown; known are {', '.join(known)}")
        return {key: item[key] for key in known if item.get(key) is not None}

    def entries(self, item: object, path: str) -> list[tuple[str, object]]:
        if item is None:
            return []
        if not isinstance(item, Mapping):
            self.fault(path, f"must be a mapping, not {type(item).__name__}")
            return []
        return [(self.key(key, f"{path}.{key}"), part) for key, part in item.items()]

    def sequence(self, item: object, path: str) -> Sequence[object]:
        if item is None:
            return ()
        if not isinstance(item, list | tuple):
            self.fault(path, f"must be a list, not {type(item).__name__}")
            return ()
        return item

    def names(self, item: object, path: str) -> tuple[str, ...]:
        names = tuple(
            self.key(part, f"{path}[{position}]") for position, part in enumerate(self.sequence(item, path))
        )
        self.refuse_repeats(names, path)
        return names

    def refuse_repeats(self, names: Sequence[str], path: str) -> None:
        for name in dict.fromkeys(names):
            if name and names.count(name) > 1:
                self.fault(path, f"names {name!r} more than once")

    def key(self, item: object, path: str) -> str:
        if isinstance(item, str) and _KEY.fullmatch(item):
            return item
        if item is not None:
            self.fault(path, f"{item!r} is no key (a–z, 0–9, _; begins with a letter; at most 40 characters)")
        return ""

    def permission(self, item: object, path: str) -> str:
        if isinstance(item, str) and _PERMISSION.fullmatch(item):
            return item
        if item is not None:
            self.fault(path, f"{item!r} is no permission (like ticket.work)")
        return ""

    def one_of(self, item: object, path: str, known: Sequence[Any]) -> Any:
        if item in known:
            return item
        if item is not None:
            self.fault(path, f"{item!r} is none of {', '.join(known)}")
        return known[0]

    def label(self, item: object, path: str) -> Label:
        if item is None:
            return {}
        if not isinstance(item, Mapping):
            self.fault(path, f"must have a text per language ({', '.join(LANGUAGES)})")
            return {}
        label = {}
        for language, text in item.items():
            if language not in LANGUAGES:
                self.fault(f"{path}.{language}", f"unknown language; known are {', '.join(LANGUAGES)}")
            elif not isinstance(text, str) or not text.strip():
                self.fault(f"{path}.{language}", "must be text")
            else:
                label[language] = text
        return label


# --- writing a document -----------------------------------------------------------------------------------


def to_document(process: Process) -> dict[str, Any]:
    """The document of a process, complete and in one form only; `parse_process` reads it back as an equal
    process.
    """
    return {
        "key": process.key,
        "version": process.version,
        "label": dict(process.label),
        "subject_kind": process.subject_kind,
        "initial": process.initial,
        "opening": {
            "permission": process.opening.permission,
            "facts": [_fact_document(fact) for fact in process.opening.facts],
        },
        "states": {key: _state_document(state) for key, state in process.states.items()},
        "transitions": {key: _transition_document(item) for key, item in process.transitions.items()},
    }


def process_digest(process: Process) -> str:
    """Hexadecimal SHA-256 of the canonical document: two processes that act alike and read alike have the
    same.

    The order of states and transitions, which only the drawing shows, does not count.
    """
    return hashlib.sha256(canonical(to_document(process))).hexdigest()


def _state_document(state: State) -> dict[str, Any]:
    document: dict[str, Any] = {"category": state.category, "label": dict(state.label)}
    if state.reason is not None:
        document["reason"] = state.reason
    if state.party is not None:
        document["party"] = state.party.name.lower()
    return document


def _transition_document(transition: Transition) -> dict[str, Any]:
    return {
        "label": dict(transition.label),
        "from": sorted(transition.from_),
        "to": STAYS if transition.to is None else transition.to,
        "permission": transition.permission,
        "guards": list(transition.guards),
        "form": [_field_document(field) for field in transition.form],
        "effects": list(transition.effects),
        "facts": [_fact_document(fact) for fact in transition.facts],
    }


def _field_document(field: FieldSpec) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": field.name,
        "kind": field.kind,
        "label": dict(field.label),
        "required": field.is_required,
        "visibility": field.visibility,
    }
    if field.choices:
        document["choices"] = {choice.key: dict(choice.label) for choice in field.choices}
    return document


def _fact_document(fact: FactSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": fact.kind.name}
    if fact.term:
        document["term"] = fact.term
    if fact.term_from is not None:
        document["term_from"] = fact.term_from
    return document
