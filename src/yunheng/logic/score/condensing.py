"""Results made small for what-ifs: events that cost the same whatever else happens become one sum for each item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from yunheng.logic.score.results import Event, Results
from yunheng.logic.score.rules import alone, is_counted, is_steady
from yunheng.logic.score.scheme import Bonus, Happened, Occurrence, Scheme


def steady_kinds(scheme: Scheme) -> frozenset[str]:
    """Kinds of events that only cost points, each event the same whatever else happens: no tiers by number, none free,
    no item that another one stands back for, no veto, no bonus.
    """
    shared = {key for group in scheme.once_across for key in group}
    steady: set[str] = set()
    other: set[str] = set()
    for item in scheme.items():
        if isinstance(item.rule, Occurrence):
            is_fit = is_steady(item.rule) and item.key not in shared
            (steady if is_fit else other).update(item.rule.kinds)
        elif isinstance(item.rule, Bonus):
            other.update(item.rule.kinds)
    for veto in scheme.vetoes:
        if isinstance(veto.when, Happened):
            other.update(veto.when.kinds)
    return frozenset(steady - other)


def prices(scheme: Scheme, event: Event) -> Mapping[str, Fraction]:
    """What an event of a steady kind costs, by item."""
    return {
        item.key: alone(item.rule, event)
        for item in scheme.items()
        if isinstance(item.rule, Occurrence) and is_counted(item.rule, event)
    }


def condensed(scheme: Scheme, results: Results, is_kept: Callable[[Event], bool]) -> Results:
    """The results without events of steady kinds (but for those that are kept), and `spent` what they cost. They score
    the same; the tree does not explain it, so they are for what-ifs and are never stored.
    """
    kinds = steady_kinds(scheme)
    kept: list[Event] = []
    spent = dict(results.spent)
    for event in results.events:
        if event.kind not in kinds or is_kept(event):
            kept.append(event)
            continue
        for key, price in prices(scheme, event).items():
            spent[key] = spent.get(key, Fraction(0)) + price
    return replace(results, events=tuple(kept), spent=spent)
