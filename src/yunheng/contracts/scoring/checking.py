"""What must hold inside `scoring` beyond single values, and what the linter of schemes finds, as problems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from yunheng.logic.score import RULES, lint_scheme, text_of

from ..grammar import MISSING, near
from ..problems import Path, gettext_noop
from .compile import scheme_of, unit_of
from .words import FINDING_WORDS

Raw = Mapping[str, Any]
Note = Callable[..., None]
"""note(code, path, message, hint, **params) of the check that is running."""

_SHAPES = {"percent": "95 %", "seconds": "30 min", "number": "8"}
#: Rules that score a measured value.
_MEASURED = ("banded", "linear", "step", "pass_fail", "ratio")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the contract has that the section may name."""

    indicators: Collection[str]
    priorities: Collection[str]
    services: Collection[str]
    clocks: Collection[str]  #: those promised to the client: nothing else decides what the client pays


def check_scoring(raw: Raw, around: Surroundings, note: Note) -> None:
    """Note every error that spans more than one value. Does nothing for a section that could not be read in full."""
    if not _is_read(raw):
        return
    _Check(raw, around, note).run()


def _is_read(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_read, value.values()))
    if isinstance(value, list):
        return all(map(_is_read, value))
    return value is not MISSING


@dataclass(slots=True)
class _Check:
    raw: Raw
    around: Surroundings
    note: Note

    def run(self) -> None:
        for key, event in self.raw["events"].items():
            if event["from"] is not None:
                self.event(("scoring", "events", key, "from"), event["from"])
        items = dict(self.items())
        for path, item in items.items():
            self.item(path, item)
        values = {path[-1]: item for path, item in items.items()}
        for key, veto in self.raw["vetoes"].items():
            self.veto(("scoring", "vetoes", key), veto, values)
        for section in ("grades", "triggers"):
            for key, member in self.raw[section].items():
                self.edges(("scoring", section, key), member, None)
        settlement = self.raw["settlement"] or {}
        for index, band in enumerate(settlement.get("coefficients") or ()):
            self.edges(("scoring", "settlement", "coefficients", index), band, None)

    def items(self) -> Iterator[tuple[Path, Raw]]:
        for key, section in self.raw["sections"].items():
            for name, item in section["items"].items():
                yield ("scoring", "sections", key, "items", name), item

    def item(self, path: Path, item: Raw) -> None:
        rules = [name for name in RULES if item[name] is not None]
        if len(rules) != 1:
            self.note(
                "scoring_rule_count",
                path,
                gettext_noop("an item has one rule, and here are: %(rules)s"),
                gettext_noop("write one of: %(known)s"),
                rules=", ".join(rules) or "–",
                known=", ".join(RULES),
            )
            return
        rule = rules[0]
        self.source(path, item, rule)
        unit = unit_of(_without_none(item))
        own: Path = (*path, rule)
        for at, band in enumerate(item["banded"] or ()):
            self.edges((*own, at), band, unit)
        for at, knot in enumerate((item["linear"] or {}).get("knots", ())):
            self.unit((*own, "knots", at, "at"), knot["at"], unit)
        if rule in ("step", "ratio"):
            self.one_of(own, item[rule], ("at_least", "at_most"))
            for name in ("at_least", "at_most", "unit"):
                self.unit((*own, name), item[rule].get(name), unit)
        if rule == "occurrence":
            self.one_of(own, item[rule], ("points", "tiers"))

    def source(self, path: Path, item: Raw, rule: str) -> None:
        """Whether the rule has the value that it needs, and no other."""
        written = [name for name in ("indicator", "manual") if item[name] is not None]
        most = 1 if rule in (*_MEASURED, "occurrence") else 0
        least = 1 if rule in _MEASURED else 0
        if not least <= len(written) <= most:
            self.note(
                "scoring_source",
                path,
                gettext_noop("“%(rule)s” needs a value: an indicator, or one that people enter")
                if least and not written
                else gettext_noop("“%(rule)s” cannot read: %(written)s"),
                gettext_noop("write “indicator: …” or “manual: percent”")
                if least
                else gettext_noop("delete what is too much"),
                rule=rule,
                written=", ".join(written),
            )
        self.known(item["indicator"], self.around.indicators, (*path, "indicator"), "indicators")
        only = item["only"] or {}
        if only and item["indicator"] is None:
            self.note(
                "scoring_source",
                (*path, "only"),
                gettext_noop("“only” narrows an indicator, and none is named"),
                gettext_noop("add “indicator: …” or delete this line"),
            )
        self.only((*path, "only"), only)

    def event(self, path: Path, source: Raw) -> None:
        """Whether the clock that events follow from is one that was promised to the client."""
        self.known(source["clock"], self.around.clocks, (*path, "clock"), "clocks")
        self.only((*path, "only"), source["only"] or {})

    def only(self, path: Path, only: Raw) -> None:
        if only:
            self.one_of(path, only, ("priority", "service"))
            self.known(only["priority"], self.around.priorities, (*path, "priority"), "priorities")
            self.known(only["service"], self.around.services, (*path, "service"), "services")

    def veto(self, path: Path, veto: Raw, items: Mapping[str | int, Raw]) -> None:
        self.one_of(path, veto, ("events", "value_of"))
        self.one_of(path, veto, ("at_most", "grade_at_most"))
        limited = [name for name in ("item", "section") if veto[name] is not None]
        if len(limited) > 1 or (limited and veto["grade_at_most"] is not None):
            self.note(
                "scoring_veto_target",
                path,
                gettext_noop("a veto limits points of one item or section, or the grade of the whole"),
                gettext_noop("keep one of: item, section, grade_at_most"),
            )
        if veto["value_of"] is None:
            return
        self.known(veto["value_of"], [str(key) for key in items], (*path, "value_of"), "items")
        item = items.get(veto["value_of"])
        if item is not None:
            unit = unit_of(_without_none(item))
            if unit is None:
                self.note(
                    "scoring_source",
                    (*path, "value_of"),
                    gettext_noop("the item “%(key)s” reads no value"),
                    gettext_noop("name one with an indicator, or with a value that people enter"),
                    key=veto["value_of"],
                )
            self.edges(path, veto, unit)

    # --- small questions

    def edges(self, path: Path, member: Raw, unit: str | None) -> None:
        for pair in (("from", "above"), ("below", "to")):
            if all(member[name] is not None for name in pair):
                self.note(
                    "scoring_edges",
                    (*path, pair[1]),
                    gettext_noop("both “%(one)s” and “%(other)s”"),
                    gettext_noop("keep one of them"),
                    one=pair[0],
                    other=pair[1],
                )
            for name in pair:
                self.unit((*path, name), member[name], unit)

    def unit(self, path: Path, value: Any, unit: str | None) -> None:
        """Whether a value is written in the unit of what is measured."""
        if unit is None or not isinstance(value, Mapping) or unit in value:
            return
        self.note(
            "scoring_unit",
            path,
            gettext_noop("the value is not in the unit of what is measured"),
            gettext_noop("write it like this: %(example)s"),
            example=_SHAPES[unit],
        )

    def one_of(self, path: Path, member: Raw, names: Sequence[str]) -> None:
        written = [name for name in names if member[name] is not None]
        if len(written) == 1:
            return
        self.note(
            "scoring_one_of",
            path,
            gettext_noop("one of these is needed: %(names)s")
            if not written
            else gettext_noop("only one of these is possible: %(names)s"),
            gettext_noop("keep or add one of them"),
            names=", ".join(names),
        )

    def known(self, name: str | None, known: Collection[str], path: Path, what: str) -> None:
        if name is None or name in known:
            return
        options = sorted(known)
        meant = near(name, options)
        self.note(
            "unknown_name",
            path,
            gettext_noop("there is no “%(name)s” in %(what)s"),
            gettext_noop("did you mean “%(meant)s”?") if meant else gettext_noop("known there: %(known)s"),
            name=name,
            what=what,
            meant=meant or "",
            known=", ".join(options) or "–",
        )


def _without_none(table: Raw) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


# --- the linter of schemes -----------------------------------------------------------------------------------


def lint_scoring(terms: Raw, note: Note) -> None:
    """Note what the linter of schemes finds in the stored section."""
    for finding in lint_scheme(scheme_of(terms)):
        message, hint = FINDING_WORDS[finding.code]
        note(
            f"scoring_{finding.code.value}",
            ("scoring", *finding.path),
            message,
            hint,
            severity=finding.severity,
            **{name: _shown(value) for name, value in finding.params.items()},
        )


def _shown(value: Any) -> Any:
    if value is None:
        return "–"
    return text_of(value) if isinstance(value, Decimal | Fraction) else value
