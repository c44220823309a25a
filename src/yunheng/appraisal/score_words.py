"""What each node of a score's explanation says, as a sentence in the reader's language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.accounts.roles import ROLES
from yunheng.accounts.wording import role_label
from yunheng.contracts import wording as contract_words
from yunheng.contracts.scoring.presentation import duration_text, method_name, period_name
from yunheng.contracts.scoring.reading import Rules
from yunheng.logic.measure import Number, round_half_up
from yunheng.logic.score import Node, Say, plain, text_of

_SHOWN_DIGITS: Final = 4  #: decimal places of a number that does not end, or not soon


@dataclass(frozen=True, slots=True)
class Line:
    """A node with its sentence. `item` is the key of the item that it explains, "" above the items."""

    node: Node
    text: str
    item: str
    parts: tuple["Line", ...]

    def __iter__(self) -> Iterator["Line"]:
        """Itself and all below, top down."""
        yield self
        for part in self.parts:
            yield from part

    def document(self) -> dict[str, Any]:
        """As JSON data: the node with its exact numbers as text, and the sentence beside it."""
        data = plain(replace(self.node, parts=()))
        data["text"] = self.text
        if self.parts:
            data["parts"] = [part.document() for part in self.parts]
        return data


def shown(number: Number) -> str:
    """A number for people: exact where it ends soon, else "≈" and rounded half-up; the tree has it exactly."""
    exact = Fraction(number)
    text = text_of(abs(exact))
    if "/" in text or len(text.partition(".")[2]) > _SHOWN_DIGITS:
        text = "≈ " + text_of(Fraction(round_half_up(abs(exact), _SHOWN_DIGITS)))
    if exact >= 0:
        return text
    return f"≈ −{text[2:]}" if text.startswith("≈ ") else f"−{text}"


def points(number: Number) -> str:
    """Points with their sign: "−0.5", "+2", "0", "≈ +1.2346"."""
    text = shown(number)
    if number <= 0:
        return text
    return f"≈ +{text[2:]}" if text.startswith("≈ ") else f"+{text}"


def points_of(node: Node) -> str:
    """Points of a part of an explanation; "" for one rater's mark, which has none: all marks together bring them."""
    return "" if node.say is Say.MARK else points(node.points)


class ScoreWords:
    """The sentences of one scheme's scores, in the language that is active when they are asked for."""

    def __init__(self, rules: Rules) -> None:
        self._units = {item.key: item.unit for item in rules.scheme.items()}
        self._items = rules.item_labels()
        self._events = rules.labels("events")
        self._sections = rules.labels("sections")
        self._vetoes = rules.labels("vetoes")
        self._grades = rules.labels("grades")
        self._lateness = {source.kind: source.unit for source in rules.event_sources()}

    def line(self, node: Node, item: str = "") -> Line:
        """The node and all below it, each with its sentence."""
        if node.say is Say.ITEM:
            item = node.key
        parts = tuple(self.line(part, item) for part in node.parts)
        return Line(node, self.text(node, item), item, parts)

    def text(self, node: Node, item: str = "") -> str:
        """What a node says; `item` is the key of the item that it is part of."""
        sentence: str = getattr(self, f"_{node.say.value}")(node, node.params, item)
        return sentence

    def item(self, key: str) -> str:
        """An item's label."""
        return contract_words.said(self._items[key]) if key in self._items else key

    def event_kind(self, key: str) -> str:
        """The label of a kind of events."""
        return contract_words.said(self._events[key]) if key in self._events else key

    def grade(self, key: str | None) -> str:
        """A grade's label; "" for none."""
        return contract_words.said(self._grades[key]) if key in self._grades else key or ""

    def value(self, number: Any, item: str) -> str:
        """A measured value in the unit of what the item reads."""
        if number is None:
            return _("not applicable")
        return value_text(number, self._units.get(item, "number"))

    # --- the frame of a score

    def _score(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Score")

    def _section(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return contract_words.said(self._sections[node.key]) if node.key in self._sections else node.key

    def _item(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return self.item(node.key)

    def _start(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Points at the outset")

    def _full_marks(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Full marks, from which is deducted")

    def _no_score(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Nothing was asked for: there is no score")

    # --- rules

    def _band(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        edges = []
        if params["low"] is not None:
            edges.append(f"{'≥' if params['has_low'] else '>'} {self.value(params['low'], item)}")
        if params["high"] is not None:
            edges.append(f"{'≤' if params['has_high'] else '<'} {self.value(params['high'], item)}")
        return _("%(value)s lies in the band %(band)s") % {
            "value": self.value(params["value"], item),
            "band": contract_words.listed(edges) or _("any value"),
        }

    def _line(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(value)s, on the line of the scheme") % {"value": self.value(params["value"], item)}

    def _short_of_target(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {
            **{name: self.value(params[name], item) for name in ("value", "target", "shortfall", "unit")},
            "steps": shown(params["steps"]),
            "each": shown(params["each"]),
        }
        if params["better"] == "higher":
            return (
                _(
                    "%(value)s is %(shortfall)s short of %(target)s: "
                    "%(steps)s × %(each)s points, for each %(unit)s"
                )
                % words
            )
        return (
            _(
                "%(value)s is %(shortfall)s more than %(target)s: "
                "%(steps)s × %(each)s points, for each %(unit)s"
            )
            % words
        )

    def _target_reached(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(value)s reaches the target: %(target)s") % self._against_target(params, item)

    def _achieved(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {**self._against_target(params, item), "share": value_text(params["share"] * 100, "percent")}
        return _("%(value)s against the target, %(target)s: %(share)s of all points") % words

    def _against_target(self, params: Mapping[str, Any], item: str) -> dict[str, str]:
        sign = "≥" if params["better"] == "higher" else "≤"
        return {
            "value": self.value(params["value"], item),
            "target": f"{sign} {self.value(params['target'], item)}",
        }

    def _passed(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Passed (%(value)s)") % {"value": self.value(params["value"], item)}

    def _failed(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Failed (%(value)s)") % {"value": self.value(params["value"], item)}

    def _rated(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return ngettext(
            "Mark %(mark)s on the scale from %(low)s to %(high)s, by %(count)d person",
            "Mark %(mark)s on the scale from %(low)s to %(high)s, by %(count)d people",
            params["raters"],
        ) % {
            "mark": shown(params["mark"]),
            "low": shown(params["low"]),
            "high": shown(params["high"]),
            "count": params["raters"],
        }

    def _mark(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        role = params["role"]
        words = {
            "role": role_label(role) if role in ROLES else role,
            "mark": shown(params["value"]),
            "weight": shown(params["weight"]),
        }
        text = _("%(role)s: %(mark)s, weighs %(weight)s %%") % words
        reason = node.mark.reason if node.mark is not None else ""
        return _("%(text)s (“%(reason)s”)") % {"text": text, "reason": reason} if reason else text

    # --- events

    def _happened(self, node: Node, params: Mapping[str, Any]) -> str:
        """What happened, and to which subject; where arbitration or agreement amended it, that."""
        event = node.event
        text = f"{self.event_kind(params['kind'])} {event.subject if event is not None else ''}".rstrip()
        if event is not None and event.ruling == "amended":
            text = _("%(event)s (as decided)") % {"event": text}
        return text

    def _quantity(self, node: Node, kind: str, quantity: Number) -> str:
        """How much, in the unit of events that follow from a clock."""
        unit = self._lateness.get(kind)
        if unit is None:
            return shown(quantity)
        if unit == "hours":
            return value_text(Fraction(quantity) * 3600, "seconds")
        return _("%(count)s working days") % {"count": shown(quantity)}

    def _event(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        quantity, units = Fraction(params["quantity"]), Fraction(params["units"])
        words = {
            "event": self._happened(node, params),
            "quantity": self._quantity(node, params["kind"], quantity),
            "units": shown(units),
        }
        if quantity == units == 1 and params["kind"] not in self._lateness:
            text = words["event"]
        elif quantity == units:
            text = _("%(event)s: %(quantity)s") % words
        else:
            text = _("%(event)s: %(quantity)s, counted as %(units)s") % words
        if params["cap"] is None:
            return text
        return _("%(text)s; at most %(cap)s for one instead of %(cost)s") % {
            "text": text,
            "cap": shown(params["cap"]),
            "cost": shown(params["cost"]),
        }

    def _bonus(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return self._happened(node, params)

    def _taken_out(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(event)s: taken out, does not count") % {"event": self._happened(node, params)}

    def _not_liable(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(event)s: costs nothing, liable is: %(party)s") % {
            "event": self._happened(node, params),
            "party": contract_words.party(params["party"]),
        }

    def _tolerated(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(event)s: %(quantity)s, costs nothing up to %(over)s") % {
            "event": self._happened(node, params),
            "quantity": self._quantity(node, params["kind"], params["quantity"]),
            "over": shown(params["over"]),
        }

    def _free(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(event)s: one of those that are free") % {"event": self._happened(node, params)}

    def _counted_elsewhere(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("%(event)s: counts under “%(item)s”, where it costs most") % {
            "event": self._happened(node, params),
            "item": self.item(params["item"]),
        }

    # --- not applicable

    def _empty_left_out(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Not applicable: nothing was asked for; its points go to the others")

    def _empty_full(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Not applicable: nothing was asked for; full marks, as agreed")

    def _empty_zero(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Not applicable: nothing was asked for; no marks, as agreed")

    # --- limits

    def _limited(self, params: Mapping[str, Any]) -> dict[str, str]:
        return {"before": shown(params["before"]), "after": shown(params["after"])}

    def _cap(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Limited from %(before)s to %(after)s points") % self._limited(params)

    def _bonus_cap(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("All bonuses limited from %(before)s to %(after)s points") % self._limited(params)

    def _lowest(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Not below %(after)s: raised from %(before)s") % self._limited(params)

    def _highest(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Not above %(after)s: lowered from %(before)s") % self._limited(params)

    def _reweighted(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {name: shown(params[name]) for name in ("before", "full", "applicable")}
        return (
            _("Points of what was not applicable go to the others: %(before)s × %(full)s ÷ %(applicable)s")
            % words
        )

    def _weighted(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {name: shown(params[name]) for name in ("before", "full", "weight")}
        return _("Scaled to its weight: %(before)s × %(weight)s ÷ %(full)s") % words

    def _veto(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {"veto": self._veto_label(node.key), **self._limited(params)}
        if params["before"] == params["after"]:
            return _("Veto “%(veto)s”: the score is within its limit already, %(after)s points") % words
        return _("Veto “%(veto)s”: from %(before)s to %(after)s points") % words

    def _grade_veto(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Veto “%(veto)s”: the grade is at most “%(grade)s”") % {
            "veto": self._veto_label(node.key),
            "grade": self.grade(params["grade"]),
        }

    def _veto_label(self, key: str) -> str:
        return contract_words.said(self._vetoes[key]) if key in self._vetoes else key

    def _rounded(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return ngettext(
            "Rounded half-up to %(digits)d decimal place, from %(before)s",
            "Rounded half-up to %(digits)d decimal places, from %(before)s",
            params["digits"],
        ) % {"digits": params["digits"], "before": shown(params["before"])}

    # --- longer periods and money

    def _rollup(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Score of the %(period)s: %(method)s") % {
            "period": period_name(params["period"]),
            "method": method_name(params["method"]),
        }

    def _period(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {
            "period": node.key,
            "score": shown(params["score"]),
            "weight": shown(params["weight"]),
            "of": shown(params["of"]),
        }
        if params["weight"] == params["of"]:
            return _("%(period)s: %(score)s") % words
        return _("%(period)s: %(score)s × %(weight)s ÷ %(of)s") % words

    def _period_left_out(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        if params["score"] is None:
            return _("%(period)s: no score, left out") % {"period": node.key}
        words = {"period": node.key, "score": shown(params["score"])}
        return _("%(period)s: %(score)s does not decide") % words

    def _settlement(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Payable (%(currency)s)") % {"currency": params["currency"]}

    def _fee(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        return _("Fee of the period")

    def _part_days(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {"period": node.key, "covered": params["covered"], "days": params["days"]}
        return _("%(period)s: the contract covers %(covered)s of %(days)s days, paid by days") % words

    def _part_whole(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {"period": node.key, "covered": params["covered"], "days": params["days"]}
        return (
            _("%(period)s: the contract covers %(covered)s of %(days)s days, and the fee is paid whole")
            % words
        )

    def _coefficient(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {name: shown(params[name]) for name in ("score", "coefficient", "fee")}
        return _("Score %(score)s: fee %(fee)s × %(coefficient)s") % words

    def _per_point(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {name: shown(params[name]) for name in ("deductions", "free", "beyond", "percent")}
        words["base"] = _("the fee") if params["base"] == "fee" else _("the contract's value")
        return (
            _(
                "%(deductions)s points deducted, %(beyond)s of them beyond the free %(free)s: "
                "%(percent)s %% of %(base)s each"
            )
            % words
        )

    def _within_free(self, node: Node, params: Mapping[str, Any], item: str) -> str:
        words = {name: shown(params[name]) for name in ("deductions", "free")}
        return _("%(deductions)s points deducted, within the free %(free)s") % words


def value_text(number: Number, unit: str) -> str:
    """A number in a unit of rules: "95.2 %", "12 min 30 s", "8"."""
    if unit == "percent":
        return f"{shown(number)} %"
    if unit != "seconds":
        return shown(number)
    exact = Fraction(number)
    whole = int(round_half_up(exact, 0))
    text = duration_text(whole)
    return text if whole == exact else f"≈ {text}"


def score_text(value: Decimal | None) -> str:
    """A score for a heading, or that there is none."""
    return _("no score") if value is None else shown(value) if value < 0 else f"{value:f}"
