"""The stored form of `scoring`: every default written out, what has an order as a list; and back to a document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..values import show_seconds
from .currency import places_of

Terms = Mapping[str, Any]

#: Mappings whose order counts, or is the reader's: stored as lists whose members say their `key`.
_KEYED: Final = frozenset(
    ("events", "sections", "items", "vetoes", "grades", "rollups", "triggers", "raters")
)
_AMOUNT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_UNITS: Final = ("percent", "seconds", "number")


def terms_of_scoring(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a section without errors."""
    terms: dict[str, Any] = _stored(raw)
    if "ceiling" not in terms:
        terms["ceiling"] = terms["full"]
    for trigger in terms["triggers"]:
        trigger.setdefault("period", terms["period"])
    if "settlement" in terms:
        terms["settlement"].setdefault("period", terms["period"])
        terms["settlement"].setdefault("digits", places_of(terms["settlement"]["currency"]))
    return terms


def _stored(value: Any, name: str = "") -> Any:
    if name == "label":
        return {"zh-Hans": value, "en": value} if isinstance(value, str) else dict(value)
    if isinstance(value, Mapping):
        if name in _KEYED:
            return [{"key": key, **_stored(member)} for key, member in value.items()]
        return {key: _stored(member, key) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_stored(member) for member in value]
    return value


def scoring_document(terms: Terms) -> dict[str, Any]:
    """The section as a document writes it; reading it again gives the same terms."""
    written: dict[str, Any] = _written(terms)
    return written


def _written(value: Any, name: str = "") -> Any:
    if name == "label":
        texts = set(value.values())
        return texts.pop() if len(texts) == 1 else dict(value)
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in _UNITS:
            return _value(*next(iter(value.items())))
        return {key: _written(member, key) for key, member in value.items()}
    if isinstance(value, list):
        if name in _KEYED and all(isinstance(member, Mapping) for member in value):
            return {
                member["key"]: _written({key: one for key, one in member.items() if key != "key"})
                for member in value
            }
        return [_written(member) for member in value]
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return _number(value)
    return value


def _value(unit: str, text: str) -> Any:
    if unit == "number":
        return _number(text)
    return f"{text} %" if unit == "percent" else show_seconds(int(text))


def _number(text: str) -> int | float:
    """A number that YAML writes as it was: at most twelve figures and four decimal places fit a float."""
    return float(text) if "." in text else int(text)
