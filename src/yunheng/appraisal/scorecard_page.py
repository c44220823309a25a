"""The page of a scorecard: from the total to sections, to items, to the figure or the tickets behind each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.indicators import INDICATORS as CONTRACT_INDICATORS
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import SCHEME_TITLES, scheme_packs
from yunheng.contracts.scoring.presentation import ItemView, scoring_view
from yunheng.contracts.terms import label_in
from yunheng.foundation import wording
from yunheng.foundation.refusals import Invalid
from yunheng.logic.score import Say, reads_of

from .score_words import Line, ScoreWords, points, points_of, value_text
from .scorecard import Scorecard, UnfitSchemeError, Value, pack_scheme, scorecard
from .scorecard_text import headline, notices
from .scored_period import ScoredPeriod, read_scored_period

FIRST_EVENTS: Final = 20  #: of an item, on the page of all items
PAGE: Final = 100  #: events of one item on a page of its own

_EMPTY: Final = frozenset((Say.EMPTY_LEFT_OUT, Say.EMPTY_FULL, Say.EMPTY_ZERO))

#: What explains an item by the record, one node for each ticket.
_OF_EVENTS: Final = frozenset(
    (Say.EVENT, Say.BONUS, Say.TAKEN_OUT, Say.NOT_LIABLE, Say.TOLERATED, Say.FREE, Say.COUNTED_ELSEWHERE)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: period, pack to look with, log position, one item, and from which event on."""

    period: str = ""
    scheme: str = ""
    position: int | None = None
    item: str = ""
    after: int = 0

    def query(self, **changes: str | int | None) -> str:
        """The question as a query string, with some parts changed; what is empty is left out."""
        parts: dict[str, Any] = {
            "period": self.period,
            "scheme": self.scheme,
            "as_of": self.position,
            "item": self.item,
            "after": self.after,
            **changes,
        }
        return urlencode({name: value for name, value in parts.items() if value})


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of an explanation: what it says, its points, and the ticket that it is about."""

    text: str
    points: str
    number: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class ItemBlock:
    """One item: what was measured, where that opens to, its rule, and how its points come about."""

    key: str
    label: str
    points: str
    full: str
    value: str
    of: str
    address: str
    rules: Sequence[str]
    parts: Sequence[PartLine]
    events: Sequence[PartLine]
    event_count: int
    events_address: str
    is_empty: bool
    is_lacking: bool
    is_decided: bool


@dataclass(frozen=True, slots=True)
class SectionBlock:
    """Items that belong together, and what was done to their sum."""

    label: str
    points: str
    items: Sequence[ItemBlock]
    parts: Sequence[PartLine]


@dataclass(frozen=True, slots=True)
class ScorecardPage:
    """All that the page shows."""

    card: Scorecard
    asked: Asked
    headline: str
    notices: Sequence[str]
    vetoes: Sequence[str]
    sections: Sequence[SectionBlock]
    parts: Sequence[PartLine]
    before: str
    after: str
    back: str
    following: str
    first: str


def asked_scorecard(contract: Contract, asked: Asked, *, now: datetime) -> Scorecard:
    """The scorecard that an address asks for. Raises Invalid for an unfit scheme, and as `scorecard` does."""
    try:
        return scorecard(
            contract,
            read_scored_period(asked.period) if asked.period else None,
            scheme=pack_scheme(asked.scheme) if asked.scheme else None,
            position=asked.position,
            now=now,
        )
    except UnfitSchemeError as unfit:
        raise Invalid({"scheme": [problem.text(_) for problem in unfit.problems]}) from unfit


def scorecard_page(contract: Contract, asked: Asked, *, now: datetime) -> ScorecardPage:
    """The page for a question, one item of it with all of its events where the question names one."""
    return page_of(asked_scorecard(contract, asked, now=now), asked)


def page_of(card: Scorecard, asked: Asked) -> ScorecardPage:
    """The page of a scorecard that is at hand."""
    return _Page(card, asked, ScoreWords(card.rules)).page()


@dataclass(frozen=True, slots=True)
class _Page:
    card: Scorecard
    asked: Asked
    words: ScoreWords

    def page(self) -> ScorecardPage:
        card, asked = self.card, self.asked
        tree = self.words.line(card.score.tree)
        by_key = {part.node.key: part for part in tree.parts if part.node.say is Say.SECTION}
        views = self._rules()
        sections = [
            self._section(by_key[section["key"]], section, views)
            for section in card.rules.terms["sections"]
            if section["key"] in by_key and self._is_wanted(section)
        ]
        counts = [item.event_count for section in sections for item in section.items]
        has_more = bool(asked.item) and any(count > asked.after + PAGE for count in counts)
        return ScorecardPage(
            card=card,
            asked=asked,
            headline=headline(card),
            notices=notices(card),
            vetoes=[part.text for part in tree if part.node.say in (Say.VETO, Say.GRADE_VETO)],
            sections=sections,
            parts=[self._part(part) for part in tree.parts],
            before=self._period(card.period.before),
            after=self._period(card.period.after),
            back=asked.query(item=None, after=None),
            following=asked.query(after=asked.after + PAGE) if has_more else "",
            first=asked.query(after=None) if asked.after else "",
        )

    def _period(self, period: ScoredPeriod) -> str:
        return self.asked.query(period=period.name, item=None, after=None)

    def _is_wanted(self, section: Mapping[str, Any]) -> bool:
        return not self.asked.item or any(item["key"] == self.asked.item for item in section["items"])

    def _rules(self) -> dict[str, ItemView]:
        """Each item's rule in words, by its key."""
        indicators = [
            {"key": key, "label": {"zh-Hans": kind.zh, "en": kind.en}}
            for key, kind in CONTRACT_INDICATORS.items()
        ]
        view = scoring_view({"scoring": self.card.rules.terms, "indicators": indicators, "clocks": []})
        assert view is not None
        shown = [item for section in view.sections for item in section.items]
        return {item["key"]: one for item, one in zip(self.card.rules.items(), shown, strict=True)}

    def _section(self, line: Line, section: Mapping[str, Any], views: Mapping[str, ItemView]) -> SectionBlock:
        by_key = {part.node.key: part for part in line.parts if part.node.say is Say.ITEM}
        items = [
            self._item(by_key[item["key"]], item, views[item["key"]])
            for item in section["items"]
            if item["key"] in by_key and self.asked.item in ("", item["key"])
        ]
        parts = [self._part(part) for part in line.parts if part.node.say is not Say.ITEM]
        return SectionBlock(line.text, points(line.node.points), items, parts)

    def _item(self, line: Line, item: Mapping[str, Any], view: ItemView) -> ItemBlock:
        value = self.card.values.get(reads_of(item))
        events = [part for part in line.parts if part.node.say in _OF_EVENTS]
        first, size = (self.asked.after, PAGE) if self.asked.item else (0, FIRST_EVENTS)
        shown = events[first : first + size]
        is_all = len(shown) == len(events) or bool(self.asked.item)
        says = {part.node.say for part in line.parts}
        is_lacking = self._is_lacking(item)
        return ItemBlock(
            key=line.node.key,
            label=line.text,
            points=points(line.node.points),
            full=view.points,
            value="" if value is None or (is_lacking and not says - _EMPTY) else self._value(value),
            of="" if value is None else _of_text(value),
            address="" if value is None else self._address(value),
            rules=view.rules,
            parts=[] if is_lacking and not says - _EMPTY else self._explained(line),
            events=[self._part(part) for part in shown],
            event_count=len(events),
            events_address="" if is_all else self.asked.query(item=line.node.key, after=None),
            is_empty=bool(says & _EMPTY),
            is_lacking=is_lacking,
            is_decided=value is not None and value.is_decided,
        )

    def _explained(self, line: Line) -> list[PartLine]:
        """The parts of an item other than its events; a part that is all of it repeats no points."""
        parts = [self._part(part) for part in line.parts if part.node.say not in _OF_EVENTS]
        return [replace(parts[0], points="")] if len(line.parts) == len(parts) == 1 else parts

    def _is_lacking(self, item: Mapping[str, Any]) -> bool:
        """Whether people have yet to say something that the item depends on."""
        rule = item.get("occurrence") or item.get("bonus") or {}
        keys = {item["key"], *rule.get("of", ())}
        return any(one.key in keys for one in self.card.lacking)

    def _value(self, value: Value) -> str:
        if value.measured.value is None:
            return _("not applicable")
        return value_text(value.measured.value, value.source.unit)

    def _address(self, value: Value) -> str:
        """The items behind the figure, as of the position of the card where it has one."""
        if value.measured.denominator is None and value.row is None:  # people's
            return ""
        source, card = value.source, self.card
        question: dict[str, Any] = {
            "indicator": source.indicator,
            "from": card.period.start.isoformat(),
            "to": card.period.end.isoformat(),
            "by": source.by,
            "group": source.group,
            "as_of": None if card.is_live else card.position,
        }
        query = urlencode({name: one for name, one in question.items() if one})
        return f"{reverse('appraisal:items', args=[card.contract_key])}?{query}"

    def _part(self, line: Line) -> PartLine:
        event = line.node.event
        return PartLine(
            text=line.text,
            points=points_of(line.node),
            number=event.subject if event is not None else "",
            at=event.at if event is not None and event.at else None,
        )


def _of_text(value: Value) -> str:
    """n of N behind a share, n behind a mean; "" where people entered it."""
    numerator, denominator = value.measured.numerator, value.measured.denominator
    if numerator is None or denominator is None:
        return ""
    if value.source.unit == "percent":
        return wording.of_text(int(numerator), int(denominator))
    return "n = " + wording.grouped(int(denominator))


def pack_choices(asked: Asked) -> Iterator[tuple[str, str, str]]:
    """Schemes that ship: name, what each is about, and the address at which it is looked at."""
    for name in scheme_packs():
        title = label_in(SCHEME_TITLES[name], get_language() or "")
        yield name.upper(), title, asked.query(scheme=name, item=None, after=None)
