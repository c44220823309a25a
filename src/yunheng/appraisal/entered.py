"""What people enter for a period: values, marks, events, and what was decided of them, checked against a scheme."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from yunheng.contracts.scoring.grammar import PARTIES
from yunheng.contracts.scoring.reading import Rules
from yunheng.foundation.refusals import Invalid
from yunheng.logic.measure import Number
from yunheng.logic.score import Event, Item, Mark, Rating, domain_of, text_of

from .indicators import INDICATORS

_MOST: Final = Decimal(10) ** 12  #: no value, quantity or mark is as large


@dataclass(frozen=True, slots=True)
class Amended:
    """What was decided of an event: another quantity, another liable party (None: as it was found)."""

    quantity: Number | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What people said of one period. What nobody said is lacking, and is never taken for "nothing happened".

    `values`, `marks` and `decided` are by item; a value of None and no marks at all mean "not applicable", said by
    somebody. `events` are those that people propose; `settled_kinds` are the kinds of which people said that all are
    entered, or that there was none. What follows from agreement or arbitration: `dropped` and `amended`, by the key of
    an event (theirs, or one that follows from a clock; a key that no event has any more does nothing), and `decided`,
    the value that an item reads instead of the measured one.
    """

    values: Mapping[str, Decimal | None] = field(default_factory=dict)
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    settled_kinds: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    amended: Mapping[str, Amended] = field(default_factory=dict)
    decided: Mapping[str, Decimal | None] = field(default_factory=dict)


NOTHING: Final = Entered()


def check_entered(entered: Entered, rules: Rules) -> None:
    """Raises Invalid naming everything that does not fit the scheme, by the name of its part."""
    faults: dict[str, list[str]] = defaultdict(list)
    for name, text in _faults(entered, rules):
        faults[name].append(text)
    if faults:
        raise Invalid(faults)


def has_quorum(item: Item, entered: Entered) -> bool:
    """Whether as many people rated the item as the scheme asks for, or somebody said that there is nothing to rate."""
    assert isinstance(item.rule, Rating)
    marks = entered.marks.get(item.key)
    return marks is not None and (not marks or len(marks) >= item.rule.quorum)


def is_entered(item: Item, rules: Rules) -> bool:
    """Whether the value that the item reads comes from people, and not from the record."""
    return bool(item.reads) and rules.value_sources()[item.reads].indicator not in INDICATORS


def with_rulings(events: Iterable[Event], entered: Entered) -> tuple[Event, ...]:
    """The events as agreement and arbitration left them."""
    return tuple(_ruled(event, entered) for event in events)


def _ruled(event: Event, entered: Entered) -> Event:
    if event.key in entered.dropped:
        return replace(event, ruling="taken_out")
    ruling = entered.amended.get(event.key)
    if ruling is None:
        return event
    return replace(
        event,
        quantity=event.quantity if ruling.quantity is None else ruling.quantity,
        party=ruling.party or event.party,
        ruling="amended",
    )


# --- what does not fit ----------------------------------------------------------------------------------------


def _faults(entered: Entered, rules: Rules) -> Iterator[tuple[str, str]]:
    items = {item.key: item for item in rules.scheme.items()}
    for name, values in (("values", entered.values), ("decided", entered.decided)):
        for key, value in values.items():
            item = items.get(key)
            if item is None:
                yield name, _("The scheme has no item “%(item)s”.") % {"item": key[:40]}
            elif name == "decided" and not item.reads:
                yield name, _("“%(item)s” reads no value.") % {"item": key}
            elif name == "values" and not is_entered(item, rules):
                yield (
                    name,
                    _("The value of “%(item)s” is not entered: it is measured, or there is none.")
                    % {"item": key},
                )
            elif value is not None and not _is_amount(value):
                yield name, _("The value of “%(item)s” is no number that can be used.") % {"item": key}
            elif value is not None and value not in domain_of(item):
                text = _("A share lies between 0 and 100 per cent.")
                yield name, text if item.unit == "percent" else _("A duration is not negative.")
    for key, marks in entered.marks.items():
        rated = items.get(key)
        if rated is None or not isinstance(rated.rule, Rating):
            yield "marks", _("The scheme has no item “%(item)s” that people rate.") % {"item": key[:40]}
        else:
            yield from (("marks", text) for text in _mark_faults(rated.rule, marks))
    yield from (("events", text) for text in _event_faults(entered, rules))
    for kind in sorted(entered.settled_kinds - set(rules.scheme.events)):
        yield "settled_kinds", _no_kind(kind, rules)
    for key, ruling in entered.amended.items():
        if ruling.party is not None and ruling.party not in PARTIES:
            yield "amended", _("“%(party)s” is no party.") % {"party": ruling.party[:40]}
        if ruling.quantity is not None and not _is_quantity(ruling.quantity):
            yield (
                "amended",
                _("The quantity of “%(event)s” is no number that can be used.") % {"event": key[:80]},
            )


def _mark_faults(rule: Rating, marks: tuple[Mark, ...]) -> Iterator[str]:
    roles = {rater.role for rater in rule.raters}
    seen: set[str] = set()
    scale = {"low": text_of(rule.low), "high": text_of(rule.high)}
    for mark in marks:
        if mark.role not in roles:
            yield _("“%(role)s” does not rate here. Who rates: %(roles)s.") % {
                "role": mark.role[:40],
                "roles": ", ".join(sorted(roles)),
            }
        if not mark.value.is_finite() or not rule.low <= mark.value <= rule.high:
            yield _("A mark lies between %(low)s and %(high)s.") % scale
        elif rule.reason_below is not None and mark.value < rule.reason_below and not mark.reason.strip():
            yield _("A mark below %(bound)s needs a reason.") % {"bound": text_of(rule.reason_below)}
        if mark.rater in seen:
            yield _("“%(rater)s” rated twice.") % {"rater": mark.rater[:40]}
        seen.add(mark.rater)


def _event_faults(entered: Entered, rules: Rules) -> Iterator[str]:
    by_clock = {source.kind for source in rules.event_sources()}
    seen: set[str] = set()
    for event in entered.events:
        if event.kind not in rules.scheme.events:
            yield _no_kind(event.kind, rules)
        elif event.kind in by_clock:
            text = _("Events of the kind “%(kind)s” follow from clocks and are not entered.")
            yield text % {"kind": event.kind}
        if not _is_quantity(event.quantity):
            yield _("The quantity of “%(event)s” is no number that can be used.") % {"event": event.key[:80]}
        if event.party not in PARTIES:
            yield _("“%(party)s” is no party.") % {"party": event.party[:40]}
        if event.key in seen:
            yield _("The event “%(event)s” is there twice.") % {"event": event.key[:80]}
        seen.add(event.key)


def _no_kind(kind: str, rules: Rules) -> str:
    if not rules.scheme.events:
        return _("The scheme knows no kinds of events.")
    text = _("The scheme knows no events of the kind “%(kind)s”. It knows: %(known)s.")
    return text % {"kind": kind[:40], "known": ", ".join(rules.scheme.events)}


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and -_MOST < value < _MOST


def _is_quantity(value: Number) -> bool:
    return (not isinstance(value, Decimal) or value.is_finite()) and 0 <= value < _MOST
