"""Kinds of values and patterns of keys that several sections of a contract share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yunheng.logic.worktime import CalendarError
from yunheng.logic.worktime.zones import load_zone

from .document import Node, ScalarNode
from .grammar import Duration, Entry, Findings, JsonSchema, Kind, OneOf, Pattern, Record, Text
from .problems import Path, gettext_noop


@dataclass(frozen=True)
class Zone(Kind):
    """An IANA time zone."""

    name: str = gettext_noop("a time zone")
    example: str = "Asia/Shanghai"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        try:
            load_zone(node.text)
        except CalendarError as error:
            meant = re.search(r"did you mean (.+)\?", error.message)
            return found.error(
                "no_such_zone",
                path,
                node.place,
                gettext_noop("there is no time zone “%(given)s”"),
                gettext_noop("did you mean %(meant)s?")
                if meant
                else gettext_noop("such as Asia/Shanghai or UTC"),
                given=node.text,
                meant=meant[1] if meant else "",
            )
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "examples": ["Asia/Shanghai", "UTC"]}


@dataclass(frozen=True)
class Hours(Kind):
    """Opening of one day, “09:00-18:00”; “22:00-06:00” runs into the next day. Kept as [start, end] in minutes."""

    name: str = gettext_noop("opening hours HH:MM-HH:MM")
    example: str = "09:00-18:00"
    pattern: str = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9] ?[-–] ?(?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or not re.fullmatch(self.pattern, node.text.strip()):
            return self.expected(node, path, found)
        start, end = (
            int(hour) * 60 + int(minute) for hour, minute in re.findall(r"([0-9]+):([0-9]+)", node.text)
        )
        if start == end:
            return found.error(
                "empty_window",
                path,
                node.place,
                gettext_noop("“%(given)s” begins and ends at the same time"),
                gettext_noop("write 00:00-24:00 for the whole day"),
                given=node.text,
            )
        return [start, end if end > start else end + 1440]

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True)
class Percent(Kind):
    """“80 %”; kept as decimal text."""

    most: int = 100
    name: str = gettext_noop("a share in per cent")
    example: str = "80 %"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        match = isinstance(node, ScalarNode) and re.fullmatch(
            r"([0-9]{1,4}(?:\.[0-9]{1,4})?) ?%", node.text.strip()
        )
        if not match:
            return self.expected(node, path, found)
        share = Decimal(match[1])
        if not 0 < share <= self.most:
            return found.error(
                "out_of_range",
                path,
                node.place,
                gettext_noop("%(given)s %% is out of range"),
                gettext_noop("above 0 %% and at most %(most)d %%"),
                given=match[1],
                most=self.most,
            )
        return {"percent": match[1]}

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^[0-9]{1,4}(?:\.[0-9]{1,4})? ?%$"}


@dataclass(frozen=True)
class Ceiling(Kind):
    """“80 %” or “30 min”: what a figure may be at most."""

    name: str = gettext_noop("a share or a duration")
    example: str = "5 %, 30 min"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        kind = Percent() if "%" in node.text else Duration(has_working_days=False)
        return kind.read(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [Percent().json_schema(), Duration(has_working_days=False).json_schema()]}


CONTRACT_KEY = Pattern(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", gettext_noop("a key (a–z, 0–9, -)"), "acme")
ORGANISATION_KEY = Pattern(r"[a-z0-9][a-z0-9-]{0,62}", gettext_noop("a key (a–z, 0–9, -)"), "acme")
KEY = Pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", gettext_noop("a key (letters, digits, _ . -)"), "P1")
WORD = Pattern(r"[a-z][a-z0-9_]{0,31}", gettext_noop("a key (a–z, 0–9, _)"), "respond")
REASON = Pattern(r"[a-z][a-z0-9_]{0,39}", gettext_noop("a code (a–z, 0–9, _)"), "waiting_client")
LABEL = OneOf(
    (
        Text(),
        Record(
            {
                "zh-Hans": Entry(Text(), "Chinese", is_required=True),
                "en": Entry(Text(), "English", is_required=True),
            }
        ),
    ),
    gettext_noop("a text, or one per language"),
    "{zh-Hans: 报障, en: Incidents}",
)
LONG_LABEL = OneOf(
    (
        Text(2000),
        Record(
            {
                "zh-Hans": Entry(Text(2000), "Chinese", is_required=True),
                "en": Entry(Text(2000), "English", is_required=True),
            }
        ),
    ),
    gettext_noop("a text, or one per language"),
    "{zh-Hans: 报障, en: Incidents}",
)


def show_seconds(seconds: int) -> str:
    """5400 -> “1 h 30 min”, as a document writes it."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (left, "s")) if number]
    return " ".join(parts) or "0 s"
