"""The scheme of a stored section, with the units of the indicators that contracts may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from yunheng.logic.score import Scheme, terms
from yunheng.logic.score.scheme import Unit

from ..indicators import INDICATORS

Terms = Mapping[str, Any]

_UNITS: Final[Mapping[str, Unit]] = {"percent": "percent", "seconds": "seconds", "tickets": "number"}
UNITS: Final[Mapping[str, Unit]] = {key: _UNITS[kind.unit] for key, kind in INDICATORS.items()}


def scheme_of(section: Terms) -> Scheme:
    """The scheme of a stored section (see `terms.terms_of_scoring`) in which every item has one rule."""
    return terms.scheme_of(section, UNITS)


def unit_of(item: Terms) -> Unit | None:
    """The unit of the value that an item reads; None when it reads none."""
    return terms.unit_of(item, UNITS)
