"""A scheme as a business person reads it: each item's rule in a sentence, vetoes, grades, measures and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.accounts.roles import ROLES
from yunheng.accounts.wording import role_label
from yunheng.foundation import wording as words
from yunheng.logic.score import RULES

from .. import wording

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemView:
    """One line of the scorecard: what is looked at, its points, how it is scored, and what "not applicable" does."""

    label: str
    points: str
    rules: Sequence[str]
    empty: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """Items that belong together, and what they count in the whole."""

    label: str
    note: str
    items: Sequence[ItemView]


@dataclass(frozen=True, slots=True)
class ScoringView:
    """The whole scheme."""

    lines: Sequence[str]
    sections: Sequence[SectionView]
    vetoes: Sequence[str]
    grades: Sequence[tuple[str, str]]
    measures: Sequence[str]
    money: Sequence[str]


def scoring_view(terms: Terms) -> ScoringView | None:
    """What the page of a version shows of `scoring`; None when nothing is scored."""
    scoring = terms.get("scoring")
    return None if scoring is None else _Words(terms, scoring).view()


def edges(member: Terms) -> str:
    """ "≥ 75, < 90"; an edge with its unit."""
    signs = (("from", "≥"), ("above", ">"), ("below", "<"), ("to", "≤"))
    shown = [f"{sign} {value(member[name])}" for name, sign in signs if name in member]
    return wording.listed(shown) or _("any value")


def value(stored: str | Mapping[str, str]) -> str:
    """A number, or a value with its unit, as people write it."""
    if isinstance(stored, str):
        return stored
    unit, text = next(iter(stored.items()))
    if unit == "seconds":
        return duration_text(int(text))
    return f"{text} %" if unit == "percent" else text


def duration_text(seconds: int) -> str:
    """A duration beside points. In Chinese 分 alone means both minutes and points: minutes are 分钟 here."""
    text = words.duration(seconds, is_exact=True)
    return text.replace(" 分", " 分钟") if words.is_chinese() else text


def period_name(period: str) -> str:
    """The kind of period, as in "scored by month"."""
    return {"month": _("month"), "quarter": _("quarter"), "year": _("year")}[period]


def method_name(method: str) -> str:
    """How scores of shorter periods become that of a longer one."""
    return {
        "mean": _("mean"),
        "weighted_mean": _("weighted mean"),
        "sum": _("sum"),
        "deductions": _("full marks less all deductions"),
        "min": _("the lowest"),
        "last": _("the last"),
    }[method]


def measure_name(measure: str) -> str:
    """What may be done when a trigger fires."""
    return {
        "warn": _("a warning"),
        "rectify": _("rectification within a term"),
        "replace_staff": _("replacement of staff"),
        "terminate": _("termination of the contract"),
    }[measure]


def trigger_text(trigger: Terms) -> str:
    """A measure and what brings it about: "score < 80, 2 times in a row by month: rectification"."""
    looked_at = _("deductions") if trigger["looks_at"] == "deductions" else _("score")
    when = f"{looked_at} {edges(trigger)}"
    params = {
        "when": when,
        "times": trigger["times"],
        "period": period_name(trigger["period"]),
        "measure": measure_name(trigger["measure"]),
    }
    if trigger["times"] == 1:
        return _("%(when)s in a %(period)s: %(measure)s") % params
    return _("%(when)s, %(times)s times in a row by %(period)s: %(measure)s") % params


@dataclass(frozen=True, slots=True)
class _Words:
    terms: Terms
    scoring: Terms

    def view(self) -> ScoringView:
        scoring = self.scoring
        return ScoringView(
            lines=self.lines(),
            sections=[self.section(section) for section in scoring["sections"]],
            vetoes=[self.veto(veto) for veto in scoring["vetoes"]],
            grades=[(wording.said(grade["label"]), edges(grade)) for grade in scoring["grades"]],
            measures=[*map(self.rollup, scoring["rollups"]), *map(trigger_text, scoring["triggers"])],
            money=self.money(),
        )

    def lines(self) -> list[str]:
        scoring = self.scoring
        lines = [
            _("Scored by %(period)s, full marks %(full)s.")
            % {"period": period_name(scoring["period"]), "full": scoring["full"]}
        ]
        if scoring["start"] != "0":
            lines.append(_("%(points)s points are there at the outset.") % {"points": scoring["start"]})
        if scoring["floor"] != "none":
            lines.append(_("No score is below %(points)s.") % {"points": scoring["floor"]})
        if scoring["ceiling"] not in ("none", "0"):
            lines.append(_("No score is above %(points)s.") % {"points": scoring["ceiling"]})
        if "bonus_cap" in scoring:
            lines.append(_("Bonuses: at most %(points)s points in all.") % {"points": scoring["bonus_cap"]})
        lines.append(
            ngettext(
                "Rounded once, half-up, to %(digits)d decimal place.",
                "Rounded once, half-up, to %(digits)d decimal places.",
                scoring["digits"],
            )
            % {"digits": scoring["digits"]}
        )
        lines += [self.of_clock(event) for event in scoring["events"] if "from" in event]
        labels = self.item_labels()
        lines += [
            _("One event counts in one of these only, where it costs most: %(items)s.")
            % {"items": wording.listed(labels[key] for key in group)}
            for group in scoring["once_across"]
        ]
        return lines

    def of_clock(self, event: Terms) -> str:
        """Which clock events follow from, of which tickets, and in what they are measured."""
        source = event["from"]
        labels = {clock["key"]: wording.said(clock["label"]) for clock in self.terms["clocks"]}
        clock = labels.get(source["clock"], source["clock"])
        params = {
            "event": wording.said(event["label"]),
            "clock": wording.listed([f"“{clock}”", *source.get("only", {}).values()]),
        }
        if source["unit"] == "hours":
            return _("“%(event)s”: by itself from each missed clock %(clock)s, in hours.") % params
        return _("“%(event)s”: by itself from each missed clock %(clock)s, in working days.") % params

    def item_labels(self) -> dict[str, str]:
        return {
            item["key"]: wording.said(item["label"])
            for section in self.scoring["sections"]
            for item in section["items"]
        }

    def events(self, kinds: Sequence[str]) -> str:
        labels = {event["key"]: wording.said(event["label"]) for event in self.scoring["events"]}
        return wording.listed(f"“{labels.get(kind, kind)}”" for kind in kinds)

    def section(self, section: Terms) -> SectionView:
        notes = []
        if section["points"] != "0":
            notes.append(_("%(points)s points at the outset") % {"points": section["points"]})
        if "weight" in section:
            notes.append(_("counts %(points)s points") % {"points": section["weight"]})
        items = [self.item(item) for item in section["items"]]
        return SectionView(wording.said(section["label"]), " · ".join(notes), items)

    def item(self, item: Terms) -> ItemView:
        rule = next(name for name in RULES if name in item)
        rules: list[str] = getattr(self, rule)(item[rule])
        source = self.source(item)
        return ItemView(
            label=wording.said(item["label"]),
            points="" if item["points"] == "0" else item["points"],
            rules=[*([source] if source else []), *rules],
            empty=wording.on_empty(item["on_empty"]) if source else "",
        )

    def source(self, item: Terms) -> str:
        if "manual" in item:
            return _("entered by people, with evidence")
        if "indicator" not in item:
            return ""
        labels = {one["key"]: wording.said(one["label"]) for one in self.terms["indicators"]}
        text: str = labels.get(item["indicator"]) or item["indicator"]
        only = item.get("only", {})
        return " · ".join([text, *(str(key) for key in only.values())])

    # --- rules

    def banded(self, bands: Sequence[Terms]) -> list[str]:
        return [
            _("%(edges)s: %(points)s points") % {"edges": edges(band), "points": band["points"]}
            for band in bands
        ]

    def linear(self, rule: Terms) -> list[str]:
        knots = [
            _("%(value)s: %(points)s points") % {"value": value(knot["at"]), "points": knot["points"]}
            for knot in rule["knots"]
        ]
        return [*knots, _("between them in proportion")]

    def step(self, rule: Terms) -> list[str]:
        params = {
            "unit": value(rule["unit"]),
            "points": rule["points"],
            "target": value(rule.get("at_least") or rule["at_most"]),
        }
        lines = [
            _("for each %(unit)s below %(target)s: −%(points)s points") % params
            if "at_least" in rule
            else _("for each %(unit)s above %(target)s: −%(points)s points") % params
        ]
        return [*lines, self.begun(rule["partial"]), *self.caps(rule)]

    def begun(self, partial: str) -> str:
        return {
            "floor": _("a begun unit does not count"),
            "ceil": _("a begun unit counts as a whole"),
            "exact": _("a begun unit counts by its share"),
        }[partial]

    def caps(self, rule: Terms) -> list[str]:
        lines = []
        if "cap_each" in rule:
            lines.append(_("at most %(points)s for one") % {"points": rule["cap_each"]})
        if "cap" in rule:
            lines.append(_("at most %(points)s in all") % {"points": rule["cap"]})
        return lines

    def occurrence(self, rule: Terms) -> list[str]:
        what = self.events(rule["of"])
        is_by_unit = rule["counts"] == "units"
        tiers = rule.get("tiers") or [{"from": 1, "points": rule["points"]}]
        lines = []
        for tier in tiers:
            params = {"what": what, "points": tier["points"], "start": tier["from"]}
            if tier["from"] == 1:
                text = (
                    _("each unit of %(what)s: −%(points)s points")
                    if is_by_unit
                    else _("each %(what)s: −%(points)s points")
                )
            else:
                text = _("from the %(start)s. on: −%(points)s points each")
            lines.append(text % params)
        if "over" in rule:
            lines.append(_("only what is more than %(over)s") % {"over": rule["over"]})
        if rule["free"]:
            lines.append(
                ngettext("the first %(count)d is free", "the first %(count)d are free", rule["free"])
                % {"count": rule["free"]}
            )
        if is_by_unit:
            lines.append(self.begun(rule["partial"]))
        lines += self.caps(rule)
        parties = wording.listed(map(wording.party, rule["parties"]))
        return [*lines, _("liable: %(parties)s") % {"parties": parties}]

    def bonus(self, rule: Terms) -> list[str]:
        params = {"what": self.events(rule["of"]), "points": rule["points"]}
        return [_("each %(what)s: +%(points)s points") % params, *self.caps(rule)]

    def pass_fail(self, rule: Terms) -> list[str]:
        return [_("passed: all points; failed: %(points)s") % {"points": rule["failed"]}]

    def ratio(self, rule: Terms) -> list[str]:
        target = value(rule.get("at_least") or rule["at_most"])
        return [_("all points × achievement of %(target)s") % {"target": target}]

    def rating(self, rule: Terms) -> list[str]:
        raters = [
            f"{role_label(one['key']) if one['key'] in ROLES else one['key']} {one['percent']} %"
            for one in rule["raters"]
        ]
        lines = [
            _("marks from %(low)s to %(high)s by %(raters)s")
            % {"low": rule["scale"]["from"], "high": rule["scale"]["to"], "raters": wording.listed(raters)}
        ]
        if "reason_below" in rule:
            lines.append(_("below %(mark)s with a reason") % {"mark": rule["reason_below"]})
        if rule["quorum"] > 1:
            lines.append(_("at least %(count)d people") % {"count": rule["quorum"]})
        return lines

    # --- the whole

    def veto(self, veto: Terms) -> str:
        labels = self.item_labels()
        happened = "events" in veto
        when = self.events(veto["events"]) if happened else f"{labels[veto['value_of']]} {edges(veto)}"
        sections = {one["key"]: wording.said(one["label"]) for one in self.scoring["sections"]}
        if "grade_at_most" in veto:
            grades = {one["key"]: wording.said(one["label"]) for one in self.scoring["grades"]}
            effect = _("the grade is at most “%(grade)s”") % {"grade": grades[veto["grade_at_most"]]}
        elif "item" in veto or "section" in veto:
            whose = labels[veto["item"]] if "item" in veto else sections[veto["section"]]
            effect = _("“%(whose)s” has at most %(points)s points") % {
                "whose": whose,
                "points": veto["at_most"],
            }
        else:
            effect = _("at most %(points)s points") % {"points": veto["at_most"]}
        text = _("%(label)s (%(when)s): %(effect)s") % {
            "label": wording.said(veto["label"]),
            "when": when,
            "effect": effect,
        }
        if veto["scope"] == "contract" and "item" not in veto and "section" not in veto:
            text += " · " + _("for longer periods, too")
        return text

    def rollup(self, rollup: Terms) -> str:
        method = method_name(rollup["method"])
        if rollup["weights"]:
            method += f" ({wording.listed(rollup['weights'])})"
        return _("Score of a %(period)s: %(method)s by %(of)s") % {
            "period": period_name(rollup["key"]),
            "method": method,
            "of": period_name(rollup["of"]),
        }

    def money(self) -> list[str]:
        terms = self.scoring.get("settlement")
        if terms is None:
            return []
        lines = [
            _("The score of a %(period)s decides what is paid (%(currency)s).")
            % {"period": period_name(terms["period"]), "currency": terms["currency"]}
        ]
        lines += [
            _("score %(edges)s: fee × %(coefficient)s")
            % {"edges": edges(band), "coefficient": band["coefficient"]}
            for band in terms.get("coefficients", ())
        ]
        per_point = terms.get("per_point")
        if per_point is not None:
            base = _("the fee") if per_point["of"] == "fee" else _("the contract's value")
            params = {"free": per_point["free"], "percent": per_point["percent"]["percent"], "base": base}
            lines.append(_("each point of deduction beyond %(free)s: −%(percent)s %% of %(base)s") % params)
        if terms["least"]["percent"] != "0":
            lines.append(
                _("At least %(share)s %% of the fee is paid.") % {"share": terms["least"]["percent"]}
            )
        if "most" in terms:
            lines.append(_("At most %(share)s %% of the fee is paid.") % {"share": terms["most"]["percent"]})
        return lines
