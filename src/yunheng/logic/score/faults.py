"""What results lack before a scheme can be applied to them: every fault, with the item and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from yunheng.logic.score.results import Mark, Results
from yunheng.logic.score.scheme import Banded, Happened, Item, Rating, Scheme
from yunheng.logic.score.tree import Param


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why there is no score yet. `code` is stable; `where` is an item, a value or an event."""

    code: str
    where: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        detail = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.where}: {self.code}" + (f" ({detail})" if detail else "")


class ScoreError(ValueError):
    """Results that a scheme cannot be applied to, with all of their faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


def values_read(scheme: Scheme) -> tuple[str, ...]:
    """Keys of the measured values that a scheme needs, each once, in its order."""
    named = [item.reads for item in scheme.items() if item.reads]
    named += [veto.when.reads for veto in scheme.vetoes if not isinstance(veto.when, Happened)]
    return tuple(dict.fromkeys(named))


def items_rated(scheme: Scheme) -> tuple[str, ...]:
    """Keys of the items that people rate; results hold marks for each, none where nothing was asked for."""
    return tuple(item.key for item in scheme.items() if isinstance(item.rule, Rating))


def faults_of(scheme: Scheme, results: Results) -> list[Fault]:
    """Everything that keeps the scheme from being applied; empty when it can be."""
    found = [Fault("value_missing", reads) for reads in values_read(scheme) if reads not in results.measured]
    found += _events(scheme, results)
    rated = items_rated(scheme)
    found += [Fault("not_rated", key) for key in results.marks if key not in rated]
    for item in scheme.items():
        if isinstance(item.rule, Rating):
            found += _marks(item, item.rule, results)
        elif isinstance(item.rule, Banded) and item.reads in results.measured:
            value = results.measured[item.reads].value
            if value is not None and not any(value in band.interval for band in item.rule.bands):
                found.append(Fault("no_band", item.key, {"value": Fraction(value)}))
    return found


def _events(scheme: Scheme, results: Results) -> Iterator[Fault]:
    times = Counter(event.key for event in results.events)
    yield from (Fault("event_twice", key) for key, count in times.items() if count > 1)
    for event in results.events:
        if scheme.events and event.kind not in scheme.events:
            yield Fault("unknown_kind", event.key, {"kind": event.kind})
        if event.quantity.as_integer_ratio()[0] < 0:
            yield Fault("negative_quantity", event.key, {"quantity": Fraction(event.quantity)})


def _marks(item: Item, rule: Rating, results: Results) -> Iterator[Fault]:
    if item.key not in results.marks:
        yield Fault("rating_missing", item.key)
        return
    marks: tuple[Mark, ...] = results.marks[item.key]
    if not marks:
        return  # nothing was asked for, and somebody says so
    roles = {rater.role for rater in rule.raters}
    for mark in marks:
        if mark.role not in roles:
            yield Fault("unknown_role", item.key, {"rater": mark.rater, "role": mark.role})
        if not rule.low <= mark.value <= rule.high:
            yield Fault("out_of_scale", item.key, {"rater": mark.rater, "value": mark.value})
        elif rule.reason_below is not None and mark.value < rule.reason_below and not mark.reason.strip():
            yield Fault("reason_missing", item.key, {"rater": mark.rater, "value": mark.value})
    times = Counter(mark.rater for mark in marks)
    yield from (
        Fault("rater_twice", item.key, {"rater": rater}) for rater, count in times.items() if count > 1
    )
    if len(times) < rule.quorum:
        yield Fault("no_quorum", item.key, {"raters": len(times), "quorum": rule.quorum})
