"""From the stored section `scoring` of a contract, plain JSON data, to the `Scheme` that is computed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from yunheng.logic.score.interval import Interval
from yunheng.logic.score.scheme import (
    AtMost,
    Band,
    Banded,
    Bonus,
    Grade,
    GradeAtMost,
    Happened,
    Item,
    Knot,
    Linear,
    Occurrence,
    PassFail,
    PerPoint,
    Rater,
    Rating,
    Ratio,
    Reading,
    Rollup,
    Rule,
    Scheme,
    Section,
    SettlementTerms,
    Step,
    Tier,
    Trigger,
    Unit,
    Veto,
)

Terms = Mapping[str, Any]

_MANUAL_UNITS: Final[Mapping[str, Unit]] = {"percent": "percent", "duration": "seconds", "number": "number"}
#: Rules of an item: exactly one of them is written.
RULES: Final = ("banded", "linear", "step", "occurrence", "bonus", "pass_fail", "ratio", "rating")


def scheme_of(terms: Terms, units: Mapping[str, Unit] | None = None) -> Scheme:
    """The scheme of a stored section in which every item has one rule.

    `units` are those of the indicators. Only the linter and words need them: no score depends on them.
    """
    items = {item["key"]: item for section in terms["sections"] for item in section["items"]}
    return Scheme(
        full=Decimal(terms["full"]),
        sections=tuple(
            Section(
                key=section["key"],
                items=tuple(_item(item, units or {}) for item in section["items"]),
                points=Decimal(section["points"]),
                weight=_decimal(section.get("weight")),
            )
            for section in terms["sections"]
        ),
        start=Decimal(terms["start"]),
        floor=_limit(terms["floor"]),
        ceiling=_limit(terms["ceiling"]),
        bonus_cap=_decimal(terms.get("bonus_cap")),
        digits=terms["digits"],
        period=terms["period"],
        vetoes=tuple(_veto(veto, items) for veto in terms["vetoes"]),
        grades=tuple(Grade(grade["key"], interval_of(grade)) for grade in terms["grades"]),
        once_across=tuple(map(tuple, terms["once_across"])),
        rollups=tuple(
            Rollup(rollup["key"], rollup["of"], rollup["method"], tuple(map(Decimal, rollup["weights"])))
            for rollup in terms["rollups"]
        ),
        triggers=tuple(
            Trigger(
                key=trigger["key"],
                interval=interval_of(trigger),
                measure=trigger["measure"],
                period=trigger["period"],
                times=trigger["times"],
                looks_at=trigger["looks_at"],
            )
            for trigger in terms["triggers"]
        ),
        settlement=_settlement(terms.get("settlement")),
        events=tuple(event["key"] for event in terms["events"]),
    )


def reads_of(item: Terms) -> str:
    """The name under which an item's value is measured: "mtta", "mtta|priority:P1", or the item's key ("" : none)."""
    if "indicator" in item:
        only = "".join(f"|{by}:{key}" for by, key in item.get("only", {}).items())
        return f"{item['indicator']}{only}"
    return str(item["key"]) if "manual" in item else ""


def unit_of(item: Terms, units: Mapping[str, Unit]) -> Unit | None:
    """The unit of the value that an item reads; None when it reads none, or the indicator's is not known."""
    if "indicator" in item:
        return units.get(item["indicator"])
    return _MANUAL_UNITS.get(str(item.get("manual")))


def interval_of(terms: Terms) -> Interval:
    """from / above … below / to; a member of a contract or of a stored section."""
    low, high = terms.get("from", terms.get("above")), terms.get("to", terms.get("below"))
    return Interval(_value(low), _value(high), "above" not in terms, "to" in terms)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _limit(text: str) -> Decimal | None:
    return None if text == "none" else Decimal(text)


def _value(value: str | Mapping[str, str] | None) -> Decimal | None:
    """A number, or a value with its unit, as the number that it is measured in."""
    if value is None:
        return None
    return Decimal(value if isinstance(value, str) else next(iter(value.values())))


def _known(value: str | Mapping[str, str]) -> Decimal:
    return _value(value) or Decimal(0)


def _item(item: Terms, units: Mapping[str, Unit]) -> Item:
    kind = next(name for name in RULES if name in item)
    return Item(
        key=item["key"],
        rule=_rule(kind, item[kind]),
        points=Decimal(item["points"]),
        reads=reads_of(item),
        unit=unit_of(item, units) or "number",
        better=item.get("better"),
        on_empty=item["on_empty"],
    )


def _rule(kind: str, rule: Any) -> Rule:
    if kind == "banded":
        return Banded(_bands(rule, "points"))
    if kind == "linear":
        knots = tuple(Knot(_known(knot["at"]), Decimal(knot["points"])) for knot in rule["knots"])
        return Linear(knots, rule["clamp"])
    if kind == "step":
        return Step(
            target=_known(rule.get("at_least") or rule["at_most"]),
            better="higher" if "at_least" in rule else "lower",
            unit=_known(rule["unit"]),
            points=Decimal(rule["points"]),
            cap=_decimal(rule.get("cap")),
            partial=rule["partial"],
        )
    if kind == "occurrence":
        return _occurrence(rule)
    if kind == "bonus":
        return Bonus(tuple(rule["of"]), Decimal(rule["points"]), _decimal(rule.get("cap")))
    if kind == "pass_fail":
        return PassFail(Decimal(rule["failed"]))
    if kind == "ratio":
        better = "higher" if "at_least" in rule else "lower"
        return Ratio(_known(rule.get("at_least") or rule["at_most"]), better)  # type: ignore[arg-type]
    return Rating(
        low=Decimal(rule["scale"]["from"]),
        high=Decimal(rule["scale"]["to"]),
        raters=tuple(Rater(rater["key"], Decimal(rater["percent"])) for rater in rule["raters"]),
        aggregate=rule["aggregate"],
        reason_below=_decimal(rule.get("reason_below")),
        quorum=rule["quorum"],
    )


def _bands(bands: Sequence[Terms], result: str) -> tuple[Band, ...]:
    return tuple(Band(interval_of(band), Decimal(band[result])) for band in bands)


def _occurrence(rule: Terms) -> Occurrence:
    tiers = rule.get("tiers") or [{"from": 1, "points": rule["points"]}]
    return Occurrence(
        kinds=tuple(rule["of"]),
        tiers=tuple(Tier(tier["from"], Decimal(tier["points"])) for tier in tiers),
        counts=rule["counts"],
        over=_decimal(rule.get("over")),
        free=rule["free"],
        cap_each=_decimal(rule.get("cap_each")),
        cap=_decimal(rule.get("cap")),
        partial=rule["partial"],
        parties=tuple(rule["parties"]),
    )


def _veto(veto: Terms, items: Mapping[str, Terms]) -> Veto:
    when: Happened | Reading
    if "events" in veto:
        when = Happened(tuple(veto["events"]), tuple(veto["parties"]))
    else:
        when = Reading(reads_of(items[veto["value_of"]]), interval_of(veto))
    effect = AtMost(Decimal(veto["at_most"])) if "at_most" in veto else GradeAtMost(veto["grade_at_most"])
    if "item" in veto:
        return Veto(veto["key"], when, "item", effect, veto["item"])
    if "section" in veto:
        return Veto(veto["key"], when, "section", effect, veto["section"])
    return Veto(veto["key"], when, veto["scope"], effect)


def _settlement(terms: Terms | None) -> SettlementTerms | None:
    if terms is None:
        return None
    per_point = terms.get("per_point")
    return SettlementTerms(
        currency=terms["currency"],
        period=terms["period"],
        digits=terms["digits"],
        coefficients=_bands(terms.get("coefficients", ()), "coefficient"),
        per_point=None
        if per_point is None
        else PerPoint(
            Decimal(per_point["free"]),
            Decimal(per_point["percent"]["percent"]),
            per_point["of"],
            per_point["partial"],
        ),
        least=Decimal(terms["least"]["percent"]),
        most=None if "most" not in terms else Decimal(terms["most"]["percent"]),
    )
