"""What may be written under `scoring`: sections, items with one rule each, vetoes, grades, periods, money."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from yunheng.logic.facts import Party
from yunheng.logic.score import Code
from yunheng.logic.score.scheme import PERIODS

from ..document import Node, ScalarNode
from ..grammar import (
    Choice,
    Duration,
    Entry,
    Findings,
    Flag,
    JsonSchema,
    Kind,
    ListOf,
    MapOf,
    Pattern,
    Record,
    Whole,
)
from ..problems import Path, gettext_noop
from ..values import KEY, LABEL, WORD

_NUMBER: Final = r"-?[0-9]{1,12}(?:\.[0-9]{1,4})?"
_PERCENT: Final = r"([0-9]{1,4}(?:\.[0-9]{1,4})?) ?%"

PARTIES: Final = tuple(party.name.lower() for party in Party if party is not Party.NONE)
#: Warnings of the linter of schemes, so that an exemption can name one.
SCORING_WARNINGS: Final = tuple(
    f"scoring_{code.value}"
    for code in (
        Code.FULL_MARKS_UNREACHABLE,
        Code.UNREACHABLE,
        Code.CAP_IDLE,
        Code.TIER_UNREACHABLE,
        Code.EVENT_TWICE,
        Code.ONCE_ACROSS_IDLE,
        Code.VETO_IDLE,
        Code.REASON_IDLE,
        Code.EVENT_UNUSED,
        Code.SETTLEMENT_IDLE,
    )
)


def number_text(text: str) -> str:
    """A number as it is stored: "0.50" and ".5" are "0.5"."""
    return format(Decimal(text).normalize(), "f") if Decimal(text) else "0"


@dataclass(frozen=True)
class Amount(Kind):
    """A decimal number, kept as text. With `none`, that word is a value, too: no limit."""

    has_none: bool = False
    name: str = gettext_noop("a number")
    example: str = "0.5"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if isinstance(node, ScalarNode):
            if self.has_none and node.text == "none":
                return "none"
            if re.fullmatch(_NUMBER, node.text):
                return number_text(node.text)
        return self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        number: JsonSchema = {"type": "number"}
        return {"anyOf": [number, {"const": "none"}]} if self.has_none else number


@dataclass(frozen=True)
class Value(Kind):
    """A measured value: “95 %”, “30 min” or a number; kept as {percent}, {seconds} or {number}, with decimal text."""

    name: str = gettext_noop("a share, a duration or a number")
    example: str = "95 %, 30 min, 8"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        if not isinstance(node, ScalarNode) or node.is_null:
            return self.expected(node, path, found)
        text = node.text.strip()
        share = re.fullmatch(_PERCENT, text)
        if share:
            return {"percent": number_text(share[1])}
        if re.fullmatch(_NUMBER, text):
            return {"number": number_text(text)}
        if not re.match("[0-9]+ ?[a-z小分秒]", text):
            return self.expected(node, path, found)
        read = Duration(has_working_days=False).read(node, path, found)
        return {"seconds": str(read["seconds"])} if read else read

    def json_schema(self) -> JsonSchema:
        share = {"type": "string", "pattern": f"^{_PERCENT}$"}
        return {"anyOf": [{"type": "number"}, share, Duration(has_working_days=False).json_schema()]}


@dataclass(frozen=True)
class Share(Kind):
    """“2 %”, 0 included; kept as decimal text."""

    name: str = gettext_noop("a share in per cent")
    example: str = "80 %"

    def read(self, node: Node, path: Path, found: Findings) -> Any:
        match = re.fullmatch(_PERCENT, node.text.strip()) if isinstance(node, ScalarNode) else None
        return {"percent": number_text(match[1])} if match else self.expected(node, path, found)

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^{_PERCENT}$"}


def _edges(kind: Kind) -> dict[str, Entry]:
    return {
        "from": Entry(kind, "Begins at this number (≥)"),
        "above": Entry(kind, "Begins above this number (>)"),
        "below": Entry(kind, "Ends below this number (<)"),
        "to": Entry(kind, "Ends at this number (≤)"),
    }


EVENTS = ListOf(WORD, 1, 40)
LIABLE = Entry(
    ListOf(Choice(PARTIES), 1), "Parties whose events count; others are listed only", default=["provider"]
)
POINTS = Amount()
PERIOD = Choice(PERIODS)
PARTIAL = Choice(("floor", "ceil", "exact"))

#: In what the lateness of a clock is measured.
LATENESS_UNITS: Final = ("working_days", "hours")
ONLY = Record({"priority": Entry(KEY, "Of this priority"), "service": Entry(KEY, "Of this service")})

BAND = Record({**_edges(Value()), "points": Entry(POINTS, "Points of the band", is_required=True)})
KNOT = Record(
    {
        "at": Entry(Value(), "Value", is_required=True),
        "points": Entry(POINTS, "Points at it", is_required=True),
    }
)
LINEAR = Record(
    {
        "knots": Entry(ListOf(KNOT, 2, 20), "Ascending values with their points", is_required=True),
        "clamp": Entry(Flag(), "Beyond the first and last: their points", default=True),
    }
)
STEP = Record(
    {
        "at_least": Entry(Value(), "Target: at least this"),
        "at_most": Entry(Value(), "Target: at most this"),
        "unit": Entry(Value(), "For each so much missing …", is_required=True),
        "points": Entry(POINTS, "… so many points off", is_required=True),
        "cap": Entry(POINTS, "At most so many points off"),
        "partial": Entry(
            PARTIAL,
            "A begun unit counts: not (floor), as a whole (ceil), by its share (exact)",
            default="floor",
        ),
    }
)
TIER = Record(
    {
        "from": Entry(Whole(1, 100_000), "From which unit on; the first is 1", is_required=True),
        "points": Entry(POINTS, "Points off for each of these units", is_required=True),
    }
)
OCCURRENCE = Record(
    {
        "of": Entry(EVENTS, "Kinds of events", is_required=True),
        "points": Entry(POINTS, "Points off for each unit; or “tiers”"),
        "tiers": Entry(ListOf(TIER, 1, 20), "Prices by the number of the unit"),
        "counts": Entry(
            Choice(("events", "units")),
            "Each event is one unit, numbered through the period; or has as many as its quantity, numbered from 1",
            default="events",
        ),
        "over": Entry(POINTS, "Only events with a greater quantity, and only the excess"),
        "free": Entry(Whole(0, 100_000), "The first so many units of the period cost nothing", default=0),
        "cap_each": Entry(POINTS, "At most so many points off for one event"),
        "cap": Entry(POINTS, "At most so many points off in all"),
        "partial": Entry(PARTIAL, "A begun unit counts: not, as a whole, by its share", default="ceil"),
        "parties": LIABLE,
    }
)
BONUS = Record(
    {
        "of": Entry(EVENTS, "Kinds of events", is_required=True),
        "points": Entry(POINTS, "Points for each", is_required=True),
        "cap": Entry(POINTS, "At most so many points"),
    }
)
PASS_FAIL = Record({"failed": Entry(POINTS, "Points when failed", default="0")})
RATIO = Record(
    {
        "at_least": Entry(Value(), "Full marks from this value on; below: value ÷ target"),
        "at_most": Entry(Value(), "Full marks up to this value; above: target ÷ value"),
    }
)
RATING = Record(
    {
        "scale": Entry(
            Record(
                {
                    "from": Entry(POINTS, "Worst mark", is_required=True),
                    "to": Entry(POINTS, "Best mark", is_required=True),
                }
            ),
            "Marks that can be given",
            is_required=True,
        ),
        "raters": Entry(MapOf(WORD, Share(), 1, 12), "Roles that rate, with their weights", is_required=True),
        "aggregate": Entry(
            Choice(("mean", "median", "min")), "How marks of one role are put together", default="mean"
        ),
        "reason_below": Entry(POINTS, "A mark below this needs a reason"),
        "quorum": Entry(Whole(1, 100), "So many people rate at least", default=1),
    }
)

ITEM = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "points": Entry(POINTS, "Full marks; 0: it only deducts or adds", default="0"),
        "indicator": Entry(WORD, "The indicator that it reads"),
        "only": Entry(
            ONLY,
            "Of that indicator only the figure of one priority or service",
        ),
        "manual": Entry(
            Choice(("percent", "duration", "number")), "A value that people enter, with evidence"
        ),
        "better": Entry(Choice(("higher", "lower")), "Direction that bands or knots must keep to"),
        "on_empty": Entry(
            Choice(("reweight", "full", "zero")),
            "What “not applicable” does: points to the others, full marks, nothing",
            default="reweight",
        ),
        "banded": Entry(ListOf(BAND, 1, 40), "Rule: points by bands of values"),
        "linear": Entry(LINEAR, "Rule: points on a line"),
        "step": Entry(STEP, "Rule: points off per missing unit"),
        "occurrence": Entry(OCCURRENCE, "Rule: points off per event"),
        "bonus": Entry(BONUS, "Rule: points per event"),
        "pass_fail": Entry(PASS_FAIL, "Rule: all or nothing"),
        "ratio": Entry(RATIO, "Rule: full marks × achievement"),
        "rating": Entry(RATING, "Rule: people's marks"),
    }
)
SECTION = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "points": Entry(POINTS, "Points at the outset, from which its items deduct", default="0"),
        "weight": Entry(POINTS, "Its full marks are scaled to so many points of the whole"),
        "items": Entry(MapOf(WORD, ITEM, 1, 60), "Items", is_required=True),
    }
)
VETO = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "events": Entry(EVENTS, "Holds when one of these events happened"),
        "parties": LIABLE,
        "value_of": Entry(WORD, "Holds when the value that this item reads lies within:"),
        **_edges(Value()),
        "item": Entry(WORD, "Limits this item only"),
        "section": Entry(WORD, "Limits this section only"),
        "scope": Entry(
            Choice(("period", "contract")),
            "Limits the period's score; contract: and every longer period's that contains it",
            default="period",
        ),
        "at_most": Entry(POINTS, "Not more than so many points; 0 is the usual veto"),
        "grade_at_most": Entry(WORD, "The score stays, the grade is not better than this one"),
    }
)
GRADE = Record({"label": Entry(LABEL, "Name shown to people", is_required=True), **_edges(POINTS)})
ROLLUP = Record(
    {
        "of": Entry(PERIOD, "Shorter periods", is_required=True),
        "method": Entry(
            Choice(("mean", "weighted_mean", "sum", "deductions", "min", "last")),
            "How; deductions: full marks less all that was deducted",
            is_required=True,
        ),
        "weights": Entry(ListOf(POINTS, 0, 12), "weighted_mean: in the order of time", default=[]),
    }
)
TRIGGER = Record(
    {
        **_edges(POINTS),
        "times": Entry(Whole(1, 24), "So many periods in a row", default=1),
        "period": Entry(PERIOD, "Which periods; default: the scheme's"),
        "looks_at": Entry(
            Choice(("score", "deductions")),
            "The score, or full marks less the score",
            default="score",
        ),
        "measure": Entry(
            Choice(("warn", "rectify", "replace_staff", "terminate")),
            "What may be done then",
            is_required=True,
        ),
    }
)
SETTLEMENT = Record(
    {
        "currency": Entry(
            Pattern(r"[A-Z]{3}", gettext_noop("a currency (ISO 4217)"), "CNY"), "Currency", is_required=True
        ),
        "period": Entry(PERIOD, "Whose score decides; default: the scheme's"),
        "digits": Entry(
            Whole(0, 4), "Decimal places of amounts (default: the currency's); rounded once, half-up"
        ),
        "coefficients": Entry(
            ListOf(
                Record(
                    {
                        **_edges(POINTS),
                        "coefficient": Entry(POINTS, "The fee is multiplied by it", is_required=True),
                    }
                ),
                1,
                40,
            ),
            "By score",
        ),
        "per_point": Entry(
            Record(
                {
                    "free": Entry(POINTS, "So many points of deduction cost nothing", default="0"),
                    "percent": Entry(Share(), "Off for each further point", is_required=True),
                    "of": Entry(Choice(("fee", "contract_value")), "Of what", default="fee"),
                    "partial": Entry(
                        PARTIAL, "A begun point counts: not, as a whole, by its share", default="exact"
                    ),
                }
            ),
            "Money off per point of deduction",
        ),
        "least": Entry(Share(), "At least this share of the fee is paid", default={"percent": "0"}),
        "most": Entry(Share(), "At most this share of the fee is paid"),
    }
)
EVENT_KIND = Record(
    {
        "label": Entry(LABEL, "Name shown to people", is_required=True),
        "from": Entry(
            Record(
                {
                    "clock": Entry(WORD, "Each time that this clock is missed", is_required=True),
                    "unit": Entry(
                        Choice(LATENESS_UNITS),
                        "In what it is measured how late it was",
                        default="working_days",
                    ),
                    "only": Entry(ONLY, "Only tickets of one priority or service"),
                }
            ),
            "These events follow from a clock by themselves; without it people enter them",
        ),
    }
)
SCORING = Record(
    {
        "period": Entry(PERIOD, "The period that is scored", default="month"),
        "full": Entry(POINTS, "Full marks of the whole, bonuses apart", is_required=True),
        "start": Entry(POINTS, "Points at the outset, from which items deduct", default="0"),
        "floor": Entry(Amount(has_none=True), "No score below this", default="0"),
        "ceiling": Entry(Amount(has_none=True), "No score above this; default: full", default=None),
        "bonus_cap": Entry(POINTS, "Bonuses of at most so many points in all"),
        "digits": Entry(Whole(0, 4), "Decimal places of the score; rounded once, half-up", default=1),
        "events": Entry(
            MapOf(WORD, EVENT_KIND, 0, 100),
            "Kinds of events that items and vetoes speak of",
            default={},
        ),
        "sections": Entry(MapOf(WORD, SECTION, 1, 30), "Sections with their items", is_required=True),
        "once_across": Entry(
            ListOf(ListOf(WORD, 2, 20), 0, 20),
            "Groups of items in which one event counts once: where it costs most",
            default=[],
        ),
        "vetoes": Entry(MapOf(WORD, VETO, 0, 40), "Facts that outweigh the sum (一票否决)", default={}),
        "grades": Entry(MapOf(WORD, GRADE, 0, 20), "Grades, the best first", default={}),
        "rollups": Entry(MapOf(Choice(("quarter", "year")), ROLLUP), "Scores of longer periods", default={}),
        "triggers": Entry(MapOf(WORD, TRIGGER, 0, 20), "Measures that scores bring about", default={}),
        "settlement": Entry(SETTLEMENT, "What the score does to the fee"),
    }
)
