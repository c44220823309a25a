"""Results and scores as plain JSON data, exact numbers as text, and back: what statements freeze and others verify."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar

from yunheng.logic.measure import Number
from yunheng.logic.score.results import Event, Mark, Measured, Results
from yunheng.logic.score.scoring import Score
from yunheng.logic.score.tree import Node, Param, Say, event_plain, mark_plain, plain, text_of

Plain = Mapping[str, Any]
T = TypeVar("T")

_NUMBER: Final = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300}|/[0-9]{1,300})?")
_MOST_DEPTH: Final = 20  #: of a tree; scoring makes five levels
_RULINGS: Final = ("", "amended", "taken_out")
#: Parameters of a node that are words; every other text is a number.
_WORDS: Final = frozenset(
    ("kind", "party", "better", "item", "grade", "role", "method", "period", "currency", "base")
)


class StoredError(ValueError):
    """Data that are no stored results or score. `path` leads to what is wrong ("events[3].quantity")."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'data'}: {reason}")
        self.path = path


# --- to plain data ------------------------------------------------------------------------------------------


def results_plain(results: Results) -> dict[str, Any]:
    """Results as JSON data without floats; `results_from_plain` reads them back, and they score the same.

    Raises ValueError for results that do not tell every event.
    """
    if results.spent:
        raise ValueError("condensed results are not stored")
    return {
        "measured": {
            reads: {
                "value": _text(measured.value),
                "numerator": _text(measured.numerator),
                "denominator": _text(measured.denominator),
            }
            for reads, measured in results.measured.items()
        },
        "events": [event_plain(event) for event in results.events],
        "marks": {item: [mark_plain(mark) for mark in marks] for item, marks in results.marks.items()},
    }


def score_plain(score: Score, beside: Results | None = None) -> dict[str, Any]:
    """A score as JSON data: the value with the scheme's digits ("85.0"), grade, vetoes in force, and the tree.

    `beside`: the results that were scored, where their plain data are kept beside it; the tree then names an event by
    its place among them, so that it is told once.
    """
    places = None if beside is None else {event.key: place for place, event in enumerate(beside.events)}
    return {
        "value": None if score.value is None else f"{score.value:f}",
        "grade": score.grade,
        "vetoes": list(score.vetoes),
        "tree": plain(score.tree, places),
    }


def _text(number: Number | None) -> str | None:
    return None if number is None else text_of(number)


# --- and back -----------------------------------------------------------------------------------------------


def results_from_plain(data: Any) -> Results:
    """The results that `results_plain` wrote. Raises StoredError naming the first thing that is none."""
    found = _mapping(data, "", ("measured", "events", "marks"))
    measured = _mapping(found["measured"], "measured")
    marks = _mapping(found["marks"], "marks")
    return Results(
        measured={reads: _measured(one, f"measured.{reads}") for reads, one in measured.items()},
        events=tuple(_event(one, f"events[{at}]") for at, one in enumerate(_list(found["events"], "events"))),
        marks={
            item: tuple(
                _mark(one, f"marks.{item}[{at}]") for at, one in enumerate(_list(own, f"marks.{item}"))
            )
            for item, own in marks.items()
        },
    )


def score_from_plain(data: Any, beside: Results | None = None) -> Score:
    """The score that `score_plain` wrote, with its tree. Raises StoredError naming the first thing that is none.

    `beside`: the results among whose events the tree names some by their place.
    """
    found = _mapping(data, "", ("value", "grade", "vetoes", "tree"))
    value = found["value"]
    return Score(
        value=None if value is None else _decimal(value, "value"),
        grade=None if found["grade"] is None else _typed(found["grade"], str, "grade"),
        tree=node_from_plain(found["tree"], events=() if beside is None else beside.events),
        vetoes=tuple(_typed(one, str, "vetoes") for one in _list(found["vetoes"], "vetoes")),
    )


def node_from_plain(data: Any, path: str = "tree", events: Sequence[Event] = ()) -> Node:
    """The tree that `plain` wrote. Raises StoredError naming the first thing that is none.

    An event is told in full, or by its place among `events`.
    """
    if path.count(".parts[") > _MOST_DEPTH:
        raise StoredError(path, "is too deep")
    found = _mapping(data, path, ("say", "points"))
    try:
        say = Say(found["say"])
    except ValueError:
        raise StoredError(f"{path}.say", "is no kind of node") from None
    params = _mapping(found.get("params", {}), f"{path}.params")
    parts = _list(found.get("parts", []), f"{path}.parts")
    return Node(
        say=say,
        points=_fraction(found["points"], f"{path}.points"),
        key=_typed(found.get("key", ""), str, f"{path}.key"),
        params={name: _param(name, one, f"{path}.params.{name}") for name, one in params.items()},
        parts=tuple(node_from_plain(part, f"{path}.parts[{at}]", events) for at, part in enumerate(parts)),
        event=_event_among(events, found["event"], f"{path}.event") if "event" in found else None,
        mark=_mark(found["mark"], f"{path}.mark") if "mark" in found else None,
    )


def _measured(data: Any, path: str) -> Measured:
    found = _mapping(data, path, ("value", "numerator", "denominator"))
    value, numerator, denominator = (
        None if found[name] is None else _fraction(found[name], f"{path}.{name}")
        for name in ("value", "numerator", "denominator")
    )
    return Measured(value, numerator, denominator)


def _event_among(events: Sequence[Event], data: Any, path: str) -> Event:
    """An event that is told in full, or by its place."""
    if isinstance(data, dict):
        return _event(data, path)
    place = _typed(data, int, path)
    if not 0 <= place < len(events):
        raise StoredError(path, "is no place of an event")
    return events[place]


def _event(data: Any, path: str) -> Event:
    texts = ("key", "kind", "party", "subject", "evidence", "proposer", "ruling")
    found = _mapping(data, path, (*texts, "at", "quantity"))
    words = {name: _typed(found[name], str, f"{path}.{name}") for name in texts}
    if words["ruling"] not in _RULINGS:
        raise StoredError(f"{path}.ruling", "is no ruling")
    at = _typed(found["at"], int, f"{path}.at")
    return Event(at=at, quantity=_fraction(found["quantity"], f"{path}.quantity"), **words)  # type: ignore[arg-type]


def _mark(data: Any, path: str) -> Mark:
    texts = ("rater", "role", "reason", "evidence")
    found = _mapping(data, path, (*texts, "value"))
    words = {name: _typed(found[name], str, f"{path}.{name}") for name in texts}
    return Mark(value=_decimal(found["value"], f"{path}.value"), **words)


def _param(name: str, value: Any, path: str) -> Param:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return _typed(value, str, path) if name in _WORDS else _fraction(value, path)


def _fraction(value: Any, path: str) -> Fraction:
    text = _typed(value, str, path)
    if not _NUMBER.fullmatch(text):
        raise StoredError(path, "is no exact number")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise StoredError(path, "divides by zero") from None


def _decimal(value: Any, path: str) -> Decimal:
    text = _typed(value, str, path)
    if not _NUMBER.fullmatch(text) or "/" in text:
        raise StoredError(path, "is no decimal number")
    return Decimal(text)


def _mapping(value: Any, path: str, needed: Sequence[str] = ()) -> Plain:
    found: Plain = _typed(value, dict, path)
    for name in needed:
        if name not in found:
            raise StoredError(f"{path}.{name}".lstrip("."), "is missing")
    return found


def _list(value: Any, path: str) -> list[Any]:
    return _typed(value, list, path)


def _typed(value: Any, kind: type[T], path: str) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise StoredError(path, f"is no {kind.__name__}")
    return value
