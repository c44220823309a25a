"""What is wrong or doubtful about a scheme as a whole: sums, vetoes, grades, periods, money, events that hit twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import combinations

from yunheng.logic.score.findings import (
    Code,
    Finding,
    Path,
    below_zero,
    error,
    monotone,
    not_above_zero,
    occurs_in,
    partition,
    warning,
)
from yunheng.logic.score.interval import Interval
from yunheng.logic.score.lint_rules import domain_of, item_findings
from yunheng.logic.score.scheme import (
    MONTHS,
    ZERO,
    Bonus,
    GradeAtMost,
    Happened,
    Occurrence,
    Period,
    Reading,
    Rollup,
    Rule,
    Scheme,
    Veto,
)


def lint_scheme(scheme: Scheme) -> list[Finding]:
    """Everything that is wrong or doubtful about a scheme, in its own order. Without errors, scoring never fails."""
    return [
        *_sections(scheme),
        *_whole(scheme),
        *_events(scheme),
        *_once_across(scheme),
        *_vetoes(scheme),
        *_grades(scheme),
        *_rollups(scheme),
        *_triggers(scheme),
        *_settlement(scheme),
    ]


def scores_of(scheme: Scheme, period: Period | None = None) -> Interval:
    """The scores that the scheme can give to a period of this kind (None: the one that it scores by itself)."""
    highest: Decimal | None = scheme.full
    bonuses = [item.rule for item in scheme.items() if isinstance(item.rule, Bonus)]
    if bonuses:
        caps = [rule.cap for rule in bonuses]
        most = None if None in caps else sum((cap for cap in caps if cap is not None), ZERO)
        if scheme.bonus_cap is not None:
            most = scheme.bonus_cap if most is None else min(most, scheme.bonus_cap)
        highest = None if most is None else scheme.full + most
    if scheme.ceiling is not None:
        highest = scheme.ceiling if highest is None else min(highest, scheme.ceiling)
    summed = scheme.summed(period or scheme.period)
    low = None if scheme.floor is None else scheme.floor * summed
    return Interval(low, None if highest is None else highest * summed, has_low=True, has_high=True)


def _all_scores(scheme: Scheme) -> Interval:
    """From the lowest score of any period to the highest: what grades speak of."""
    every = [scores_of(scheme, period) for period in sorted(_scored_periods(scheme))]
    lows, highs = [one.low for one in every], [one.high for one in every]
    return Interval(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
        has_low=True,
        has_high=True,
    )


def _sections(scheme: Scheme) -> Iterator[Finding]:
    seen: set[str] = set()
    for section in scheme.sections:
        path: Path = ("sections", section.key)
        yield from below_zero(path, points=section.points, weight=section.weight)
        if section.weight and not section.own_full:
            yield error(Code.WEIGHT_OF_NOTHING, (*path, "weight"))
        for item in section.items:
            own: Path = (*path, "items", item.key)
            if item.key in seen:
                yield error(Code.ITEM_TWICE, own, key=item.key)
            seen.add(item.key)
            yield from item_findings(item, own)
    if not seen:
        yield error(Code.NOTHING_SCORED, ("sections",))


def _whole(scheme: Scheme) -> Iterator[Finding]:
    yield from below_zero((), full=scheme.full, start=scheme.start, bonus_cap=scheme.bonus_cap)
    reached = scheme.start + sum((section.full for section in scheme.sections), ZERO)
    if reached != scheme.full:
        yield error(Code.POINTS_DO_NOT_ADD_UP, ("full",), sum=reached, full=scheme.full)
    if scheme.floor is not None and scheme.floor > scheme.full:
        yield error(Code.BOUNDS_ORDER, ("floor",), low=scheme.floor, high=scheme.full)
    if scheme.ceiling is not None and scheme.ceiling < max(scheme.full, scheme.floor or ZERO):
        yield error(Code.BOUNDS_ORDER, ("ceiling",), low=scheme.full, high=scheme.ceiling)


# --- events --------------------------------------------------------------------------------------------------


def _item_paths(scheme: Scheme) -> dict[str, Path]:
    return {
        item.key: ("sections", section.key, "items", item.key)
        for section in scheme.sections
        for item in section.items
    }


def _events(scheme: Scheme) -> Iterator[Finding]:
    """Kinds that are not listed, that nothing speaks of, and that hit several items without a word about it."""
    paths = _item_paths(scheme)
    rules = {item.key: item.rule for item in scheme.items()}
    used: dict[str, list[str]] = {}
    for item in scheme.items():
        if isinstance(item.rule, Occurrence | Bonus):
            rule_key = "occurrence" if isinstance(item.rule, Occurrence) else "bonus"
            yield from _unknown_events(scheme, item.rule.kinds, (*paths[item.key], rule_key, "of"))
        if isinstance(item.rule, Occurrence):
            for kind in dict.fromkeys(item.rule.kinds):
                used.setdefault(kind, []).append(item.key)
    for kind, items in used.items():
        if any(not _is_settled(scheme, pair) and _may_hit(rules, pair) for pair in combinations(items, 2)):
            yield warning(
                Code.EVENT_TWICE, (*paths[items[-1]], "occurrence", "of"), kind=kind, items=", ".join(items)
            )
    spoken = {kind for item in scheme.items() for kind in getattr(item.rule, "kinds", ())}
    spoken |= {kind for veto in scheme.vetoes for kind in getattr(veto.when, "kinds", ())}
    for kind in scheme.events:
        if kind not in spoken:
            yield warning(Code.EVENT_UNUSED, ("events", kind), kind=kind)


def _unknown_events(scheme: Scheme, kinds: Iterable[str], path: Path) -> Iterator[Finding]:
    for place, kind in enumerate(kinds):
        if kind not in scheme.events:
            yield error(Code.UNKNOWN_EVENT, (*path, place), kind=kind)


def _is_settled(scheme: Scheme, pair: Collection[str]) -> bool:
    """Whether a group of `once_across` says what becomes of an event that matches both."""
    return any(set(pair) <= set(group) for group in scheme.once_across)


def _may_hit(rules: Mapping[str, Rule], pair: tuple[str, str]) -> bool:
    """Whether one event could hit both: the items hold some party liable in common."""
    one, other = (getattr(rules[key], "parties", ()) for key in pair)
    return not set(one).isdisjoint(other)


def _once_across(scheme: Scheme) -> Iterator[Finding]:
    rules = {item.key: item.rule for item in scheme.items()}
    for place, group in enumerate(scheme.once_across):
        path: Path = ("once_across", place)
        unknown = [key for key in group if not isinstance(rules.get(key), Occurrence)]
        for key in unknown:
            yield error(Code.UNKNOWN_ITEM, (*path, group.index(key)), key=key)
        kinds = Counter(kind for key in set(group) - set(unknown) for kind in set(rules[key].kinds))  # type: ignore[union-attr]
        if not unknown and not any(count > 1 for count in kinds.values()):
            yield warning(Code.ONCE_ACROSS_IDLE, path)


# --- vetoes and grades ---------------------------------------------------------------------------------------


def _vetoes(scheme: Scheme) -> Iterator[Finding]:
    full: dict[tuple[str, str], Decimal] = {("item", item.key): item.points for item in scheme.items()}
    full |= {("section", section.key): section.own_full for section in scheme.sections}
    for veto in scheme.vetoes:
        path: Path = ("vetoes", veto.key)
        if isinstance(veto.when, Happened):
            yield from _unknown_events(scheme, veto.when.kinds, (*path, "events"))
        elif veto.when.interval.is_empty:
            edges = veto.when.interval
            yield error(Code.EMPTY_INTERVAL, path, low=edges.low, high=edges.high)
        else:
            yield from _against(scheme, veto.when, path)
        reach: Decimal | None = scores_of(scheme).high
        if veto.scope in ("item", "section"):
            reach = full.get((veto.scope, veto.target))
            if reach is None:
                code = Code.UNKNOWN_ITEM if veto.scope == "item" else Code.UNKNOWN_SECTION
                yield error(code, (*path, veto.scope), key=veto.target)
                continue
        yield from _effect(scheme, veto, reach, path)


def _against(scheme: Scheme, when: Reading, path: Path) -> Iterator[Finding]:
    """A veto that spares what is worse: a better value would bring it about."""
    for item in scheme.items():
        if item.reads != when.reads or item.direction is None:
            continue
        domain, edges = domain_of(item), when.interval
        if item.direction == "higher" and edges.first > domain.first:
            yield error(Code.NOT_MONOTONE, path, at=edges.low)
        elif item.direction == "lower" and edges.last < domain.last:
            yield error(Code.NOT_MONOTONE, path, at=edges.high)


def _effect(scheme: Scheme, veto: Veto, reach: Decimal | None, path: Path) -> Iterator[Finding]:
    if isinstance(veto.effect, GradeAtMost):
        if veto.effect.grade not in [grade.key for grade in scheme.grades]:
            yield error(Code.UNKNOWN_GRADE, (*path, "grade_at_most"), key=veto.effect.grade)
        elif veto.effect.grade == scheme.grades[0].key:
            yield warning(Code.VETO_IDLE, (*path, "grade_at_most"), cap=None)
    elif reach is not None and veto.effect.points >= reach:
        yield warning(Code.VETO_IDLE, path, cap=veto.effect.points)


def _grades(scheme: Scheme) -> Iterator[Finding]:
    if not scheme.grades:
        return
    names = [grade.key for grade in scheme.grades]
    for name, count in Counter(names).items():
        if count > 1:
            yield error(Code.GRADE_TWICE, ("grades", name), key=name)
    intervals = [grade.interval for grade in scheme.grades]
    yield from partition(intervals, names, _all_scores(scheme), ("grades",), scheme.digits)


# --- periods and money ---------------------------------------------------------------------------------------


def _scored_periods(scheme: Scheme) -> set[Period]:
    return {scheme.period, *(rollup.period for rollup in scheme.rollups)}


def _rollups(scheme: Scheme) -> Iterator[Finding]:
    for rollup in scheme.rollups:
        path: Path = ("rollups", rollup.period)
        if rollup.of not in _scored_periods(scheme):
            yield error(Code.NO_SUCH_PERIOD, (*path, "of"), period=rollup.of)
        if MONTHS[rollup.of] >= MONTHS[rollup.period]:
            yield error(Code.ROLLUP_ORDER, (*path, "of"), period=rollup.period, of=rollup.of)
        elif rollup.method == "weighted_mean":
            yield from _weights(rollup, path)


def _weights(rollup: Rollup, path: Path) -> Iterator[Finding]:
    expected = MONTHS[rollup.period] // MONTHS[rollup.of]
    if len(rollup.weights) != expected or any(weight <= 0 for weight in rollup.weights):
        yield error(Code.ROLLUP_WEIGHTS, (*path, "weights"), count=len(rollup.weights), expected=expected)


def _triggers(scheme: Scheme) -> Iterator[Finding]:
    scores = scores_of(scheme)
    for trigger in scheme.triggers:
        path: Path = ("triggers", trigger.key)
        yield from not_above_zero(path, times=trigger.times)
        if trigger.period not in _scored_periods(scheme):
            yield error(Code.NO_SUCH_PERIOD, (*path, "period"), period=trigger.period)
        reachable = scores
        if trigger.looks_at == "deductions":
            low = None if scores.high is None else scheme.full - scores.high
            high = None if scores.low is None else scheme.full - scores.low
            reachable = Interval(low, high, has_low=True, has_high=True)
        edges = trigger.interval
        if edges.is_empty:
            yield error(Code.EMPTY_INTERVAL, path, low=edges.low, high=edges.high)
        elif trigger.period == scheme.period and not occurs_in(edges, reachable, scheme.digits):
            yield warning(Code.UNREACHABLE, path, low=edges.low, high=edges.high)


def _settlement(scheme: Scheme) -> Iterator[Finding]:
    terms = scheme.settlement
    if terms is None:
        return
    path: Path = ("settlement",)
    if terms.period not in _scored_periods(scheme):
        yield error(Code.NO_SUCH_PERIOD, (*path, "period"), period=terms.period)
    if not terms.coefficients and terms.per_point is None:
        yield warning(Code.SETTLEMENT_IDLE, path)
    if terms.coefficients:
        own: Path = (*path, "coefficients")
        names = list(range(len(terms.coefficients)))
        intervals = [band.interval for band in terms.coefficients]
        yield from partition(intervals, names, scores_of(scheme, terms.period), own, scheme.digits)
        yield from monotone(terms.coefficients, "higher", own)
        for place, band in enumerate(terms.coefficients):
            yield from below_zero((*own, place), coefficient=band.points)
    if terms.per_point is not None:
        yield from below_zero((*path, "per_point"), free=terms.per_point.free)
        yield from not_above_zero((*path, "per_point"), percent=terms.per_point.percent)
    yield from below_zero(path, least=terms.least, most=terms.most)
    if terms.most is not None and terms.most < terms.least:
        yield error(Code.BOUNDS_ORDER, (*path, "most"), low=terms.least, high=terms.most)
