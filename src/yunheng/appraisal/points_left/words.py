"""Points left in the reader's language: tiers, what brings them about, and how the forecast came about."""

from fractions import Fraction
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from yunheng.contracts import wording as contract_words
from yunheng.contracts.scoring.presentation import trigger_text
from yunheng.foundation import wording
from yunheng.logic.forecast import Reach, Tier, Way
from yunheng.logic.measure import round_half_up
from yunheng.logic.score import reads_of

from ..score_words import ScoreWords, score_text
from .queries import PointsLeft
from .tracks import Held

#: Why something was taken as it stands.
_HELD: Final[dict[Held, str | Promise]] = {
    "people": gettext_lazy("entered by people"),
    "stock": gettext_lazy("counted at the end of the period"),
    "reports": gettext_lazy("reports to be handed in"),
    "later": gettext_lazy("what is open counts as a miss until it is resolved"),
}


class LeftWords:
    """The sentences of one contract's points left."""

    def __init__(self, left: PointsLeft) -> None:
        self._left = left
        rules = left.card.rules
        self.score = ScoreWords(rules)
        self._vetoes, self._triggers = (
            rules.labels("vetoes"),
            {one["key"]: one for one in rules.terms["triggers"]},
        )
        self._items = {reads: item["key"] for item in rules.items() if (reads := reads_of(item))}

    def tier(self, tier: Tier) -> str:
        """What a tier is."""
        if tier.kind == "grade":
            return _("Grade “%(grade)s”") % {"grade": self.score.grade(tier.key)}
        if tier.kind == "coefficient":
            return _("%(percent)s %% of the fee") % {"percent": shown_percent(Fraction(tier.key))}
        if tier.kind == "veto":
            label = contract_words.said(self._vetoes[tier.key]) if tier.key in self._vetoes else tier.key
            return _("Veto “%(veto)s”") % {"veto": label}
        text = trigger_text(self._triggers[tier.key])
        if tier.times > 1:
            row = _("%(row)d of %(times)d in a row so far") % {"row": tier.row, "times": tier.times}
            text = f"{text} ({row})"
        return text

    def reach(self, one: Reach) -> str:
        """What brings a tier about: "3 more late tickets (Resolution)"."""
        return self.way(one.way, one.count or 0)

    def way(self, way: Way, count: int) -> str:
        """So many of a way."""
        if way.kind == "late":
            words = ngettext("%(n)s more late ticket (%(what)s)", "%(n)s more late tickets (%(what)s)", count)
            return words % {"n": wording.grouped(count), "what": self._late(way)}
        if way.kind == "event":
            words = ngettext("%(n)s more event “%(what)s”", "%(n)s more events “%(what)s”", count)
            return words % {"n": wording.grouped(count), "what": self.score.event_kind(way.subject)}
        what = self.reads(way.subject)
        if way.kind == "slow":
            return _("one more that takes %(time)s (%(what)s)") % {
                "time": wording.duration(count * 60),
                "what": what,
            }
        words = (
            ngettext("%(n)s more miss (%(what)s)", "%(n)s more misses (%(what)s)", count)
            if way.kind == "miss"
            else ngettext("%(n)s more in order (%(what)s)", "%(n)s more in order (%(what)s)", count)
        )
        return words % {"n": wording.grouped(count), "what": what}

    def _late(self, way: Way) -> str:
        return " · ".join(
            one for one in (self.clock(way.subject), self.group(way.priority, way.service)) if one
        )

    def group(self, priority: str, service: str) -> str:
        """A priority or a service as the contract calls it, "" for neither."""
        terms = self._left.terms
        if priority:
            return (
                contract_words.said(terms.priorities[priority].label)
                if priority in terms.priorities
                else priority
            )
        if service:
            return (
                contract_words.said(terms.services[service].label) if service in terms.services else service
            )
        return ""

    def clock(self, key: str) -> str:
        """A clock as the contract calls it."""
        detail = self._left.terms.clock_details.get(key)
        return contract_words.said(detail.label) if detail is not None else key

    def reads(self, name: str) -> str:
        """The item that reads a value."""
        return self.score.item(self._items[name]) if name in self._items else name

    def held(self) -> list[str]:
        """What the forecast took as it stands, each with why."""
        forecast = self._left.forecast
        if forecast is None:
            return []
        found = [f"{self.reads(reads)} ({_HELD[why]})" for reads, why in forecast.held.items()]
        return found + [self.score.event_kind(kind) for kind in forecast.held_kinds]

    def method(self) -> str:
        """How the forecast came about."""
        forecast = self._left.forecast
        if forecast is None:
            return ""
        words = {"draws": wording.grouped(forecast.outlook.draws), "months": forecast.months}
        text = ngettext(
            "Drawn %(draws)s times from %(months)d whole month of this contract: tickets to come from past days of the "
            "same kind, open ones by how past clocks went on from there, and how much months differ.",
            "Drawn %(draws)s times from %(months)d whole months of this contract: tickets to come from past days of "
            "the same kind, open ones by how past clocks went on from there, and how much months differ.",
            forecast.months,
        )
        return text % words

    def cautions(self) -> list[str]:
        """What the forecast does not see."""
        forecast = self._left.forecast
        if forecast is None:
            return []
        found = []
        if held := self.held():
            text = _("Taken as it stands, not drawn: %(what)s.")
            found.append(text % {"what": contract_words.listed(held)})
        if forecast.versions > 1:
            found.append(
                _("Some of these months were under an earlier version of the contract, with its goals.")
            )
        return found

    def headline(self) -> str:
        """What stands if nothing more happens."""
        score, full = self._left.card.score, self._left.card.rules.scheme.full
        words = {"score": score_text(score.value), "full": f"{full:f}"}
        text = (_("%(score)s of %(full)s") if full and score.value is not None else "%(score)s") % words
        grade = self.score.grade(score.grade)
        return f"{text} · {grade}" if grade else text


def shown_percent(share: Fraction) -> str:
    """A share in per cent without digits that say nothing: "12", "0.5"."""
    return f"{round_half_up(share * 100, 1).normalize():f}"


def chance_text(share: Fraction) -> str:
    """A chance: "< 1 %", "12 %", "> 99 %". A drawn one is never certain."""
    percent = share * 100
    if percent < 1:
        return "< 1 %"
    return "> 99 %" if percent > 99 else f"{round_half_up(percent, 0)} %"
