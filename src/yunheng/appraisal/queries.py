"""Indicators of a contract: figures for a period, the items behind each figure, and how it went month by month."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.terms import IndicatorGoal, IndicatorSpec, label_in
from yunheng.desk.models import Ticket
from yunheng.foundation.refusals import Invalid
from yunheng.logic import measure
from yunheng.logic.vector.milestones import NEVER
from yunheng.logic.vector.samples import AGE_BANDS, Question, Sample, backlog, in_period

from .deliverables import item_page, sample_of, settled_in
from .figures import BASES, GROUPINGS, PARTS, Basis, Figures, Grouping, Item, Part, Row
from .frame import NOTHING, Frame
from .indicators import INDICATORS, Indicator
from .study import Study, study_scope

__all__ = ["Frame", "figures", "figures_of", "groups_of", "items", "keys_of", "trend"]

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_HOUR = 3600
_CURSOR_DIGITS = 18  #: a place in a list has fewer


def figures(
    contract: Contract,
    *,
    start: date,
    end: date,
    by: Grouping | None = None,
    basis: Basis = "events",
    position: int | None = None,
    keys: Sequence[str] | None = None,
    is_common: bool = False,
    now: datetime | None = None,
) -> Figures:
    """Figures of the local days `start` to `end` (both inclusive) in the contract's zone.

    `keys` None: what the contract names, then what the source system claims, if anything. `by` adds one row per
    group below each total. `is_common` keeps only tickets whose resolution both bases know. `position`: as of that log
    position (default: all that is recorded now). Raises Invalid naming the field for unknown keys, groups or periods.
    """
    _check(start, end, by, basis, keys)
    study = study_scope(contract, now=now or datetime.now(UTC), position=position)
    return figures_of(
        study,
        contract.scope.key,
        start=start,
        end=end,
        by=by,
        basis=basis,
        keys=keys,
        is_common=is_common,
    )


def figures_of(
    study: Study,
    contract_key: str,
    *,
    start: date,
    end: date,
    by: Grouping | None = None,
    basis: Basis = "events",
    keys: Sequence[str] | None = None,
    is_common: bool = False,
) -> Figures:
    """The same figures, of a study that is at hand."""
    _check(start, end, by, basis, keys)
    frame = Frame.of(study, start, end, basis, is_common)
    rows = [row for key in keys_of(study, keys) for row in _rows(frame, key, by)]
    return Figures(
        contract_key=contract_key,
        start=start,
        end=end,
        zone=study.terms.zone,
        by=by,
        basis=basis,
        is_common=is_common,
        position=study.position,
        is_live=study.is_live,
        unsealed=study.unsealed,
        evaluated_at=study.evaluated_at,
        contract_versions=study.versions,
        rows=tuple(rows),
    )


def trend(
    contract: Contract,
    *,
    keys: Sequence[str],
    end: date,
    months: int = 12,
    basis: Basis = "events",
    position: int | None = None,
    now: datetime | None = None,
) -> dict[str, list[Row]]:
    """One row per calendar month for each key, oldest first, up to the month of `end`; `group` is "YYYY-MM"."""
    first = date(end.year, end.month, 1)
    for _step in range(months - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    _check(first, end, "month", basis, keys)
    study = study_scope(contract, now=now or datetime.now(UTC), position=position)
    frame = Frame.of(study, first, end, basis, False)
    return {key: [row for row in _rows(frame, key, "month") if row.group] for key in keys}


def items(
    contract: Contract,
    *,
    key: str,
    start: date,
    end: date,
    group: str = "",
    by: Grouping | None = None,
    part: Part = "denominator",
    basis: Basis = "events",
    position: int | None = None,
    is_common: bool = False,
    after: str | None = None,
    limit: int = 50,
    now: datetime | None = None,
) -> tuple[list[Item], str | None]:
    """The members behind one figure, in the order they came in, `limit` at a time.

    The second result, passed as `after`, leads to the rest; None is the end.

    Raises Invalid naming the field for an unknown key, group, part or cursor.
    """
    _check(start, end, by, basis, [key])
    if part not in PARTS:
        raise Invalid({"part": _("Part is one of %(parts)s.") % {"parts": ", ".join(PARTS)}})
    study = study_scope(contract, now=now or datetime.now(UTC), position=position)
    frame = Frame.of(study, start, end, basis, is_common)
    if by == "month" and group:
        month = dict(frame.months()).get(group)
        if month is None:
            raise _no_group(group)
        frame = month
    if INDICATORS[key].population == "due":
        if group and by != "month":
            raise _no_group(group)
        found = settled_in(study, frame.start, frame.end)
        return item_page(found, group, part, _place(after), limit)
    within = (None, "") if by == "month" and group else (by, group)
    sample = _members(frame, key, *within, part)
    return _page(frame, key, sample, group, part, after, limit)


# --- rows ---------------------------------------------------------------------------------------------------------


def _rows(frame: Frame, key: str, by: Grouping | None) -> Iterator[Row]:
    indicator = INDICATORS[key]
    if indicator.population == "due":
        yield from _report_rows(frame, indicator, by)
        return
    sample, left_out = frame.sample(indicator)
    yield _row(frame, indicator, sample, left_out, "", "")
    if by == "month":
        for month, inner in frame.months():
            parts = (
                inner.sample(indicator)
                if indicator.population == "open"
                else (inner.part_of(sample), inner.part_of(left_out))
            )
            yield _row(inner, indicator, *parts, month, month)
    elif by is not None:
        grouped = groups_of(frame, indicator, sample, by)
        left_groups = groups_of(frame, indicator, left_out, by)
        waiting = groups_of(frame, indicator, sample.without_value(), by)
        for group, label in _group_labels(frame, by, [*grouped, *left_groups, *waiting]):
            part = _in_group(sample, grouped, waiting, group)
            yield _row(frame, indicator, part, _in_group(left_out, left_groups, {}, group), group, label)
    elif indicator.population == "open":
        whole, bands = backlog(frame.lives(indicator), frame.cut_off)
        for band, _low, _high in AGE_BANDS:
            members = np.isin(sample.row, whole.row[bands[band]])
            yield _row(
                frame,
                indicator,
                Sample(row=sample.row, at=sample.at, is_hit=members),
                left_out.take(NOTHING),
                band,
                _("%(band)s days") % {"band": band},
            )


def _report_rows(frame: Frame, indicator: Indicator, by: Grouping | None) -> Iterator[Row]:
    """Reports have no priority, service or team: a row over all, and one per month."""
    parts = [("", frame), *(frame.months() if by == "month" else ())]
    for month, inner in parts:
        found = settled_in(inner.study, inner.start, inner.end)
        sample = sample_of(found)
        row = _row(inner, indicator, sample, sample.take(NOTHING), month, month)
        yield replace(row, is_provisional=any(one.is_provisional for one in found))


def _row(
    frame: Frame, indicator: Indicator, sample: Sample, left_out: Sample, group: str, group_label: str
) -> Row:
    spec = frame.spec(indicator)
    n, digits = len(sample.row), 0 if indicator.unit == "tickets" else spec.digits
    stats = _statistics(sample, digits) if indicator.unit == "h" else {}
    hits = int(sample.is_hit.sum())
    if indicator.unit == "h":
        numerator = int(sample.seconds.sum()) if sample.seconds is not None else 0
        exact = Fraction(numerator, n * _HOUR) if n else None
    elif indicator.unit == "tickets":
        numerator, exact = hits, (None if frame.is_to_come else Fraction(hits))
    else:
        numerator, exact = hits, (Fraction(100 * hits, n) if n else None)
    value = None if exact is None else measure.round_half_up(exact, digits)
    goal = spec.goal
    language = get_language() or "zh-hans"
    is_met = None
    if goal is not None and exact is not None:
        is_met = _is_reached(goal, exact * _HOUR if indicator.unit == "h" else exact)
    return Row(
        key=indicator.key,
        label=label_in(spec.label, language) if spec.label else str(indicator.label),
        definition=str(indicator.definition),
        group=group,
        group_label=group_label,
        numerator=numerator,
        denominator=n,
        value=value,
        unit=indicator.unit,
        n=n,
        mean=stats.get("mean"),
        median=stats.get("median"),
        p90=stats.get("p90"),
        p95=stats.get("p95"),
        max=stats.get("max"),
        goal=None if goal is None else _shown_goal(goal.value, goal.unit, spec.digits),
        goal_comparison=None if goal is None else goal.comparison,
        is_met=is_met,
        is_better_high=indicator.is_better_high,
        basis=frame.basis_of(indicator),
        population=(spec.of or indicator.population)
        if indicator.key == "incident_resolution_rate"
        else indicator.population,
        time_base=spec.time_base,
        calendar=spec.calendar or "",
        excluded=len(left_out.row),
        waiting=0 if sample.waiting is None else len(sample.waiting),
        is_provisional=_is_provisional(frame, indicator, spec),
        is_of_source=indicator.is_of_source,
    )


def _is_reached(goal: IndicatorGoal, exact: Fraction) -> bool:
    """Whether the value reaches the goal as it was measured, before it is rounded to be shown (indicators.md 7).

    That is the full-value method, which GB/T 8170 prescribes where a contract does not agree on another one. A
    rounded value would let 79.996 % reach 80 %, and miss a goal of 40 min that is met exactly (0.6667 h).
    """
    limit = Fraction(goal.value)
    return exact >= limit if goal.comparison == "at_least" else exact <= limit


def _shown_goal(value: Decimal, unit: str, digits: int) -> Decimal:
    return measure.round_half_up(Fraction(value) / _HOUR, digits) if unit == "seconds" else value


def _statistics(sample: Sample, digits: int) -> dict[str, Decimal]:
    """Mean, median, percentiles and maximum in hours: exact, interpolated linearly, rounded once."""
    if sample.seconds is None or not len(sample.seconds):
        return {}
    ordered = np.sort(sample.seconds)
    exact = {"mean": Fraction(int(ordered.sum()), len(ordered)), "max": Fraction(int(ordered[-1]))}
    for name, percent in (("median", 50), ("p90", 90), ("p95", 95)):
        rank = Fraction((len(ordered) - 1) * percent, 100)
        below = int(rank)
        low, high = int(ordered[below]), int(ordered[min(below + 1, len(ordered) - 1)])
        exact[name] = low + (high - low) * (rank - below)
    return {name: measure.round_half_up(seconds / _HOUR, digits) for name, seconds in exact.items()}


def _is_provisional(frame: Frame, indicator: Indicator, spec: IndicatorSpec) -> bool:
    """Whether the figure rests on a year whose holidays are not published yet."""
    if spec.time_base == "working" and spec.calendar:
        calendar = frame.terms.calendars[spec.calendar]
        return calendar.is_provisional(
            max(frame.start, calendar.first_at), min(max(frame.end, calendar.first_at), calendar.last_at)
        )
    question = Question(start=frame.start, end=frame.end)
    for clock in frame.clocks(indicator):
        for reign in frame.reigns_of(indicator, clock):
            outcome = reign.outcomes.get(clock)
            if outcome is None:
                continue
            is_counted = in_period(outcome.settled_at, question)
            if bool((reign.has_provisional[clock] & is_counted).any()):
                return True
    return False


# --- groups -------------------------------------------------------------------------------------------------------


def groups_of(frame: Frame, indicator: Indicator, sample: Sample, by: Grouping) -> dict[str, Int64]:
    """Indices into the sample by group key."""
    lives = frame.lives(indicator)
    terms = frame.study.facts.terms
    column = lives.team if by == "team" else lives.profile
    position = 0 if by == "service" else 1
    grouped: dict[str, list[Int64]] = {}
    if by != "team" and sample.profile is not None:
        codes = sample.profile  # a clock stays with what it was judged by
    else:
        codes = column[sample.row].astype(np.int64) if len(sample.row) else NOTHING
    for code in np.unique(codes):
        text = terms.get(int(code), "")
        group = text if by == "team" else [*text.split("|"), "", ""][position]
        grouped.setdefault(group or "-", []).append(np.flatnonzero(codes == code))
    return {group: np.sort(np.concatenate(parts)) for group, parts in grouped.items()}


def _group_labels(frame: Frame, by: Grouping, present: Iterable[str]) -> list[tuple[str, str]]:
    """Groups in the contract's order, then the rest by name."""
    language = get_language() or "zh-hans"
    wanted = set(present)
    terms = frame.terms
    known = {
        "priority": {key: label_in(one.label, language) for key, one in terms.priorities.items()},
        "service": {key: label_in(one.label, language) for key, one in terms.services.items()},
    }.get(by, {})
    ordered = [(key, label) for key, label in known.items() if key in wanted]
    rest = sorted(wanted - set(known))
    return ordered + [(key, pgettext("group", "none") if key == "-" else key) for key in rest]


def _in_group(sample: Sample, places: dict[str, Int64], waiting: dict[str, Int64], group: str) -> Sample:
    return sample.take(places.get(group, NOTHING), waiting.get(group, NOTHING))


# --- items --------------------------------------------------------------------------------------------------------


def _members(frame: Frame, key: str, by: Grouping | None, group: str, part: Part) -> Sample:
    indicator = INDICATORS[key]
    sample, left_out = frame.sample(indicator)
    if part == "excluded":
        sample = left_out
    elif part == "waiting":
        sample = sample.without_value()
    if group:
        sample = _only_group(frame, indicator, sample, by, group)
    if part in {"numerator", "misses"}:
        sample = sample.take(np.flatnonzero(sample.is_hit if part == "numerator" else ~sample.is_hit))
    return sample


def _only_group(
    frame: Frame, indicator: Indicator, sample: Sample, by: Grouping | None, group: str
) -> Sample:
    if by is not None:
        return sample.take(groups_of(frame, indicator, sample, by).get(group, NOTHING))
    if indicator.population == "open" and group in {band for band, _low, _high in AGE_BANDS}:
        whole, bands = backlog(frame.lives(indicator), frame.cut_off)
        return sample.take(np.flatnonzero(np.isin(sample.row, whole.row[bands[group]])))
    raise _no_group(group)


def _no_group(group: str) -> Invalid:
    return Invalid({"group": _("There is no group “%(group)s” here.") % {"group": group}})


def _page(
    frame: Frame, key: str, sample: Sample, group: str, part: Part, after: str | None, limit: int
) -> tuple[list[Item], str | None]:
    indicator = INDICATORS[key]
    lives, terms = frame.lives(indicator), frame.study.facts.terms
    clocks = frame.clocks(indicator)
    subjects = lives.subject[sample.row]
    order = np.argsort(subjects, kind="stable")
    begin = _place(after)
    chosen = order[begin : begin + limit]
    wanted = Ticket.objects.filter(
        scope_id=frame.study.scope_id, pk__in=[int(subjects[place]) for place in chosen]
    )
    tickets = {ticket.pk: ticket for ticket in wanted.only("id", "number", "title", "source_number")}
    page = []
    for place in chosen:
        ticket, at = tickets[int(subjects[place])], int(sample.at[place])
        left_out = terms.get(int(lives.left_out[sample.row[place]]), "")
        is_hit = bool(sample.is_hit[place])
        page.append(
            Item(
                subject_id=ticket.pk,
                number=ticket.number,
                source_number=ticket.source_number,
                title=ticket.title,
                group=group,
                clock="" if sample.clock is None else clocks[int(sample.clock[place])],
                part=part if part in {"excluded", "waiting"} else "hit" if is_hit else "miss",
                reason=left_out if part == "excluded" else "",
                seconds=None if sample.seconds is None else int(sample.seconds[place]),
                at=None if at == NEVER else datetime.fromtimestamp(at, UTC),
            )
        )
    following = begin + len(chosen)
    return page, str(following) if following < len(order) else None


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal() or len(after) > _CURSOR_DIGITS:
        raise Invalid({"after": _("This is not a place in this list.")})
    return int(after)


# --- what is asked ------------------------------------------------------------------------------------------------


def keys_of(study: Study, keys: Sequence[str] | None = None) -> list[str]:
    """What the contract names, in its order; then the source's own claims where there are any."""
    if keys is not None:
        return list(dict.fromkeys(keys))  # each once, however often it is asked for
    named = [key for key in study.terms.indicators if key in INDICATORS]
    if bool((study.lives.source_made_sla != 0).any()):
        named += [key for key, indicator in INDICATORS.items() if indicator.is_of_source and key not in named]
    return named


def _check(start: date, end: date, by: str | None, basis: str, keys: Sequence[str] | None) -> None:
    problems: dict[str, str | list[str]] = {}
    if end < start:
        problems["to"] = _("The period ends before it begins.")
    if by is not None and by not in GROUPINGS:
        problems["by"] = _("Group by one of %(choices)s.") % {"choices": ", ".join(GROUPINGS)}
    if basis not in BASES:
        problems["basis"] = _("Basis is one of %(choices)s.") % {"choices": ", ".join(BASES)}
    unknown = [key for key in keys or () if key not in INDICATORS]
    if unknown:
        problems["indicator"] = _("There is no indicator “%(key)s”. There are: %(choices)s.") % {
            "key": unknown[0],
            "choices": ", ".join(INDICATORS),
        }
    if problems:
        raise Invalid(problems)
