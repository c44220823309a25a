"""Figures in words and pictures: every one with value, n of N, goal, trend, and where it opens to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from yunheng.contracts.models import Contract
from yunheng.foundation import wording

from .figures import BASES, Basis, Figures, Grouping, Row
from .periods import Period, month_of
from .queries import figures, trend
from .sparkline import Sparkline, draw_sparkline

#: Which figures stand at the top, in order of preference, where the contract has them.
HEADLINES = (
    "response_timeliness",
    "resolution_timeliness",
    "sla_attainment",
    "mtrs",
    "mttr",
    "resolved_24h",
    "backlog_age",
    "mtta",
)
TILES = 4
TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Question:
    """What a page was asked: period, grouping, basis, position of the log, and the indicator in the charts."""

    period: Period
    by: Grouping | None
    basis: Basis
    position: int | None
    show: str

    def for_period(self, period: Period) -> "Question":
        """The same question about another period."""
        return replace(self, period=period)

    def query(self, **changes: str | int | None) -> str:
        """The question as a query string, with some parts changed; None leaves a part out."""
        parts: dict[str, Any] = {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "by": self.by,
            "basis": self.basis if self.basis != "events" else None,
            "as_of": self.position,
            "show": self.show or None,
            **changes,
        }
        return urlencode({name: value for name, value in parts.items() if value is not None})


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One row with its words."""

    row: Row
    value: str
    unit: str
    of: str
    goal: str
    mark: str
    mark_label: str
    spread: str
    hover: str
    base: str
    items: str
    misses: str
    misses_label: str
    excluded: str
    waiting: str
    show: str
    spark: Sparkline | None
    wide_spark: Sparkline | None
    share: int | None
    is_chosen: bool

    @property
    def is_group(self) -> bool:
        """Whether it is a part of the figure above it."""
        return bool(self.row.group)


@dataclass(frozen=True, slots=True)
class IndicatorPage:
    """All that the page shows."""

    figures: Figures
    question: Question
    tiles: tuple[FigureLine, ...]
    lines: tuple[FigureLine, ...]
    charts: Mapping[str, Any]
    chosen: FigureLine | None
    trend_rows: tuple[FigureLine, ...]
    group_rows: tuple[FigureLine, ...]
    chart_grouping: str


def indicator_page(contract: Contract, question: Question, *, now: datetime) -> IndicatorPage:
    """Figures, their trends, and the two charts of the chosen one."""
    found = figures(
        contract,
        start=question.period.start,
        end=question.period.end,
        by=question.by,
        basis=question.basis,
        position=question.position,
        now=now,
    )
    totals = [row for row in found.rows if not row.group]
    keys = [row.key for row in totals]
    trends = trend(
        contract,
        keys=keys,
        end=question.period.end,
        months=TREND_MONTHS,
        basis=question.basis,
        position=question.position,
        now=now,
    )
    chosen_key = question.show if question.show in keys else next(iter(headline_keys(keys)), "")
    lines = tuple(
        figure_line(contract, question, row, trends.get(row.key, []), chosen_key) for row in found.rows
    )
    chosen = next((line for line in lines if line.row.key == chosen_key and not line.is_group), None)
    grouping: Grouping = question.by if question.by in {"priority", "service", "team"} else "priority"
    groups: list[Row] = []
    if chosen is not None:
        if question.by == grouping:
            groups = [row for row in found.rows if row.key == chosen_key and row.group]
        else:
            parts = figures(
                contract,
                start=question.period.start,
                end=question.period.end,
                by=grouping,
                basis=question.basis,
                position=question.position,
                keys=[chosen_key],
                now=now,
            )
            groups = [row for row in parts.rows if row.group]
    months = from_first(trends.get(chosen_key, []))
    by_key = {line.row.key: line for line in lines if not line.is_group}
    return IndicatorPage(
        figures=found,
        question=question,
        tiles=tuple(by_key[key] for key in headline_keys(keys)),
        lines=lines,
        charts=_charts(chosen, months, groups) if chosen is not None else {},
        chosen=chosen,
        trend_rows=tuple(figure_line(contract, _of_month(question, row), row, [], "") for row in months),
        group_rows=tuple(figure_line(contract, _by(question, grouping), row, [], "") for row in groups),
        chart_grouping=grouping,
    )


def headline(contract: Contract, question: Question, *, now: datetime) -> tuple[Figures, list[FigureLine]]:
    """The tiles of one contract, for the start page."""
    found = figures(
        contract, start=question.period.start, end=question.period.end, basis=question.basis, now=now
    )
    totals = {row.key: row for row in found.rows if not row.group}
    keys = headline_keys(list(totals))
    trends = trend(
        contract, keys=keys, end=question.period.end, months=TREND_MONTHS, basis=question.basis, now=now
    )
    return found, [figure_line(contract, question, totals[key], trends.get(key, []), "") for key in keys]


def headline_keys(keys: Sequence[str]) -> list[str]:
    """The figures that stand at the top, of those that there are."""
    preferred = [key for key in HEADLINES if key in keys]
    return (preferred + [key for key in keys if key not in preferred])[:TILES]


def _of_month(question: Question, row: Row) -> Question:
    year, month = row.group.split("-")
    return Question(
        month_of(date(int(year), int(month), 1)), None, question.basis, question.position, row.key
    )


def _by(question: Question, grouping: Grouping) -> Question:
    return Question(question.period, grouping, question.basis, question.position, question.show)


# --- words


def value_text(row: Row) -> str:
    """The value with its unit, or that it is not applicable."""
    if row.value is None:
        return _("N/A")
    return f"{number_text(row)} {unit_name(row.unit)}".rstrip()


def number_text(row: Row) -> str:
    """The value in the contract's digits; counts have none."""
    assert row.value is not None
    return wording.grouped(int(row.value)) if row.unit == "tickets" else wording.decimal_text(row.value)


def unit_name(unit: str) -> str:
    """The unit after a value."""
    return {"%": "%", "h": _("h"), "tickets": ""}[unit]


def of_text(row: Row) -> str:
    """n of N behind a share, n behind a mean."""
    if row.unit == "%":
        if row.denominator == 0:
            return _("nothing in the population")
        return wording.of_text(row.numerator, row.denominator)
    if row.unit == "h":
        return "n = " + wording.grouped(row.n)
    if row.group and row.denominator:
        return wording.of_text(row.numerator, row.denominator)
    return ngettext("%(n)s ticket", "%(n)s tickets", row.denominator) % {
        "n": wording.grouped(row.denominator)
    }


def goal_text(row: Row) -> str:
    """The goal with its direction, or ""."""
    if row.goal is None:
        return ""
    sign = "≥" if row.goal_comparison == "at_least" else "≤"
    if row.unit == "h":
        return f"{sign} {wording.duration(int(row.goal * 3600))}"
    return f"{sign} {wording.decimal_text(row.goal.normalize() + 0)} {unit_name(row.unit)}".rstrip()


def population_name(population: str) -> str:
    """Which instant puts an item into the period."""
    return {
        "settled": _("settled in the period"),
        "created": _("created in the period"),
        "responded": _("responded to in the period"),
        "resolved": _("resolved in the period"),
        "restored": _("restored in the period"),
        "closed": _("closed in the period"),
        "logged": _("created in the period"),
        "open": _("open at the end of the period"),
        "due": _("due in the period"),
    }.get(population, population)


def basis_name(basis: str) -> str:
    """What the figure rests on."""
    return {"events": _("recorded events"), "asserted": _("the source system's claims")}.get(basis, basis)


def at_name(population: str) -> str:
    """Head of the column with the instant that put an item into the period."""
    return {
        "settled": _("Settled"),
        "created": _("Created"),
        "responded": _("Responded to"),
        "resolved": _("Resolved"),
        "restored": _("Restored"),
        "closed": _("Closed"),
        "open": _("Opened"),
        "due": _("Due"),
    }.get(population, _("When"))


def grouping_choices() -> list[tuple[str, str]]:
    """What figures may be divided by."""
    return [
        ("", _("nothing")),
        ("priority", _("By priority")),
        ("service", _("By service")),
        ("team", _("By team")),
        ("month", _("By month")),
    ]


def basis_choices() -> list[tuple[str, str]]:
    """What figures may rest on."""
    return [(basis, basis_name(basis)) for basis in BASES]


def base_text(row: Row) -> str:
    """Population, time base and basis in one phrase: part of the definition, printed with the figure."""
    parts = [population_name(row.population)]
    if row.unit == "h" or row.population == "settled":
        parts.append(
            _("service time (%(calendar)s)") % {"calendar": row.calendar}
            if row.time_base == "working" and row.calendar
            else _("elapsed time")
            if row.unit == "h"
            else _("each clock by its own calendar")
        )
    if row.basis != "events":
        parts.append(basis_name(row.basis))
    return " · ".join(parts)


def _mark(row: Row) -> tuple[str, str]:
    if row.value is None:
        return "", ""
    if row.is_met is None:
        return "", ""
    return ("met", pgettext("goal", "met")) if row.is_met else ("breached", pgettext("goal", "missed"))


def figure_line(
    contract: Contract, question: Question, row: Row, months: Sequence[Row], chosen: str
) -> FigureLine:
    """One figure in words, with its trend where `months` are given; `chosen` is the key shown in the charts."""
    mark, mark_label = _mark(row)
    months = from_first(months)
    points = [(one.group, one.value, one.is_met) for one in months]
    story = "; ".join(f"{one.group}: {value_text(one)}" for one in months)
    spread = ""
    if row.unit == "h" and row.median is not None and row.p90 is not None:
        spread = _("median %(median)s · P90 %(p90)s") % {
            "median": wording.duration(int(row.median * 3600)),
            "p90": wording.duration(int(row.p90 * 3600)),
        }
    base = base_text(row)
    is_drawn = bool(points) and not row.group

    def opens(part: str) -> str:
        return _items_url(contract, question, row, part)

    bad_part = "misses" if row.is_better_high else "numerator"
    misses = row.denominator - row.numerator if row.is_better_high else row.numerator
    return FigureLine(
        row=row,
        value=_("N/A") if row.value is None else number_text(row),
        unit=unit_name(row.unit) if row.value is not None else "",
        of=of_text(row),
        goal=goal_text(row),
        mark=mark,
        mark_label=mark_label,
        spread=spread,
        hover=f"{row.label}\n{row.definition}\n{base}\nn = {wording.grouped(row.n)}",
        base=base,
        items=opens("denominator"),
        misses=opens(bad_part) if row.unit == "%" and misses else "",
        misses_label=wording.grouped(misses),
        excluded=opens("excluded") if row.excluded else "",
        waiting=opens("waiting") if row.waiting else "",
        show=reverse("appraisal:indicators", args=[contract.scope.key]) + "?" + question.query(show=row.key),
        spark=draw_sparkline(points, goal=row.goal, title=story) if is_drawn else None,
        wide_spark=draw_sparkline(points, goal=row.goal, title=story, width=220, height=34)
        if is_drawn
        else None,
        share=int(row.value) if row.unit == "%" and row.value is not None else None,
        is_chosen=row.key == chosen,
    )


def from_first(months: Sequence[Row]) -> Sequence[Row]:
    """Months from the first one that has anything on, half a year at least: before the service there is no trend."""
    begun = next((place for place, row in enumerate(months) if row.denominator), len(months))
    return months[min(begun, max(0, len(months) - 6)) :]


def _items_url(contract: Contract, question: Question, row: Row, part: str) -> str:
    changes: dict[str, str | int | None] = {
        "show": None,
        "indicator": row.key,
        "part": part if part != "denominator" else None,
    }
    if row.group and row.population != "open":
        changes["group"] = row.group
    elif row.group:
        changes |= {"group": row.group, "by": question.by}
    else:
        changes["by"] = None
    return reverse("appraisal:items", args=[contract.scope.key]) + "?" + question.query(**changes)


# --- charts


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _tip(row: Row, name: str) -> str:
    return "\n".join(
        text
        for text in (
            name,
            f"{value_text(row)} · {of_text(row)}",
            goal_text(row) and _("goal %(goal)s") % {"goal": goal_text(row)},
        )
        if text
    )


def _charts(chosen: FigureLine, months: Sequence[Row], groups: Sequence[Row]) -> dict[str, Any]:
    row = chosen.row
    shared = {
        "unit": row.unit if row.unit == "%" else unit_name(row.unit),
        "goal": _number(row.goal),
        "name": row.label,
    }
    return {
        "trend": {
            "kind": "trend",
            **shared,
            "goalShown": _("goal %(goal)s") % {"goal": chosen.goal},
            "points": [
                {
                    "label": one.group,
                    "value": _number(one.value),
                    "tip": _tip(one, one.group),
                    "isMet": one.is_met,
                }
                for one in months
            ],
        },
        "groups": {
            "kind": "groups",
            **shared,
            "bars": [
                {
                    "label": one.group_label,
                    "value": _number(one.value),
                    "shown": value_text(one),
                    "tip": _tip(one, one.group_label),
                    "isMet": one.is_met,
                }
                for one in groups
            ],
        },
    }
