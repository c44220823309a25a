"""The content of a monthly service report. A section without a source is left out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from yunheng.appraisal.board import Slice, Volumes, volumes, waits
from yunheng.appraisal.figures import Figures, Row
from yunheng.appraisal.indicators import INDICATORS
from yunheng.appraisal.presentation import base_text, goal_text, unit_name, value_text
from yunheng.appraisal.queries import figures, trend
from yunheng.foundation import wording

from .agreement import calendar_lines, scope_of
from .columns import item_columns
from .fault import major_incidents
from .misses import exclusions, misses
from .source import Source, opening, speaking

#: The indicator whose misses are listed: all clocks promised to the client.
ALL_CLOCKS: Final = "sla_attainment"
MOST_HEADLINES: Final = 8
MOST_GROUPS: Final = 6
MOST_TRENDS: Final = 6
MOST_SLICES: Final = 15
MONTHS: Final = 12


def monthly(source: Source, language: str) -> dict[str, Any]:
    """The body of a monthly report: everything but its number, edition, dates and the manager's words."""
    with speaking(language, source.month.zone):
        content = opening(source, "monthly", language, _("Monthly service report"))
        month, before = source.month, source.month.before
        found = _figures(source, month.first, month.last)
        last = {row.key: row for row in _figures(source, before.first, before.last).rows if not row.group}
        totals = [row for row in found.rows if not row.group]
        named = [row for row in totals if row.key in _named(source, totals)]
        counts = volumes(source.contract, month.first, month.last, **source.asked)
        missed = misses(source, next(row for row in totals if row.key == ALL_CLOCKS))
        parts: dict[str, Any] = {
            "summary": _summary(named, last, counts, missed["total"]),
            "scope": scope_of(source),
            "attainment": {
                "rows": [_attainment(row, last.get(row.key)) for row in named],
                "groups": _groups(source, named),
                "trend": _trend(source, named),
            },
            "tickets": _tickets(counts),
            "major": major_incidents(source),
            "waiting": _waiting(source),
            "exclusions": exclusions(source, [row.key for row in totals if row.excluded]),
            "misses": missed,
            "calendars": calendar_lines(source),
        }
        filled = {"major": parts["major"], "exclusions": parts["exclusions"], "misses": missed["total"]}
        filled["waiting"] = parts["waiting"]["rows"]
        sections = [name for name in parts if filled.get(name, True)]
        columns = item_columns(source)
        return {**content, **parts, "sections": [*sections, "verify"], "item_columns": columns}


def _figures(source: Source, start: Any, end: Any, **more: Any) -> Figures:
    if "keys" not in more:
        asked = figures(source.contract, start=start, end=end, **source.asked)
        if all(row.key != ALL_CLOCKS for row in asked.rows):
            keys = [*dict.fromkeys(row.key for row in asked.rows), ALL_CLOCKS]
            asked = figures(source.contract, start=start, end=end, keys=keys, **source.asked)
        return asked
    return figures(source.contract, start=start, end=end, **source.asked, **more)


def _named(source: Source, rows: Sequence[Row]) -> set[str]:
    """What the contract names, and what its source system claims; `ALL_CLOCKS` only where the contract names it."""
    named = set(source.study.terms.indicators) | {row.key for row in rows if row.is_of_source}
    return named & set(INDICATORS)


# --- attainment ---------------------------------------------------------------------------------------------------


def _attainment(row: Row, last: Row | None) -> dict[str, Any]:
    change, direction = _change(row, last)
    return {
        "key": row.key,
        "label": row.label,
        "definition": _("%(definition)s (%(base)s)") % {"definition": row.definition, "base": base_text(row)},
        "value": value_text(row),
        "unit": unit_name(row.unit),
        "goal": goal_text(row),
        "is_met": row.is_met,
        "last_value": "" if last is None else value_text(last),
        "change": change,
        "direction": direction,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "excluded": row.excluded,
        "waiting": row.waiting,
        "is_provisional": row.is_provisional,
    }


def _change(row: Row, last: Row | None) -> tuple[str, str]:
    """How the figure moved since the month before, with its sign, and whether that is better."""
    if last is None or row.value is None or last.value is None:
        return "", ""
    difference = row.value - last.value
    if difference == 0:
        return "±0", "same"
    sign = "+" if difference > 0 else "−"
    unit = _("pp") if row.unit == "%" else unit_name(row.unit)
    text = f"{sign}{wording.decimal_text(abs(difference))} {unit}".rstrip()
    if row.is_of_source:
        return text, ""
    return text, "better" if (difference > 0) == row.is_better_high else "worse"


def _groups(source: Source, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Indicators with a goal (else the first ones) by priority and by service."""
    chosen = _chosen(rows, MOST_GROUPS)
    if not chosen:
        return []
    found: list[dict[str, Any]] = []
    month = source.month
    by_key: dict[str, list[tuple[str, Row]]] = {key: [] for key in chosen}
    for by in ("priority", "service"):
        for row in _figures(source, month.first, month.last, keys=chosen, by=by).rows:
            if row.group and (row.n or row.waiting):
                by_key[row.key].append((by, row))
    labels = {row.key: row.label for row in rows}
    for key in chosen:
        for by in ("priority", "service"):
            members = [row for division, row in by_key[key] if division == by]
            if len(members) < 2:
                continue  # one group is the whole
            found.append(
                {
                    "key": key,
                    "label": labels[key],
                    "by": by,
                    "rows": [_group_row(row) for row in members[:MOST_SLICES]],
                }
            )
    return found


def _group_row(row: Row) -> dict[str, Any]:
    return {
        "key": row.group,
        "label": row.group_label or row.group,
        "value": value_text(row),
        "number": _number(row.value),
        "n": row.n,
        "is_met": row.is_met,
    }


def _trend(source: Source, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Month by month up to this one, as far back as there is anything."""
    chosen = _chosen(rows, MOST_TRENDS)
    if not chosen:
        return []
    by_month = trend(source.contract, keys=chosen, end=source.month.last, months=MONTHS, **source.asked)
    begin = min(
        (
            place
            for months in by_month.values()
            for place, row in enumerate(months)
            if row.value is not None and row.denominator
        ),
        default=MONTHS,
    )
    if MONTHS - begin < 2:
        return []  # one month is no trend
    wanted = {row.key: row for row in rows}
    return [
        {
            "key": key,
            "label": wanted[key].label,
            "unit": unit_name(wanted[key].unit),
            "goal": _number(wanted[key].goal),
            "months": [
                {
                    "month": row.group,
                    "label": row.group,
                    "value": _number(row.value),
                    "shown": value_text(row),
                }
                for row in by_month[key][begin:]
            ],
        }
        for key in chosen
    ]


def _chosen(rows: Sequence[Row], most: int) -> list[str]:
    """Keys with a goal first, in the contract's order; counts have no groups worth a picture."""
    drawn = [row for row in rows if row.unit != "tickets" and row.population != "due"]
    ordered = [row for row in drawn if row.goal is not None] + [row for row in drawn if row.goal is None]
    return [row.key for row in ordered[:most]]


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


# --- summary ------------------------------------------------------------------------------------------------------


def _summary(rows: Sequence[Row], last: Mapping[str, Row], counts: Volumes, missed: int) -> dict[str, Any]:
    with_goal = [row for row in rows if row.goal is not None]
    shown = (with_goal or [row for row in rows if row.value is not None])[:MOST_HEADLINES]
    headline = []
    for row in shown:
        change, direction = _change(row, last.get(row.key))
        headline.append(
            {
                "key": row.key,
                "label": row.label,
                "value": value_text(row),
                "goal": goal_text(row),
                "is_met": row.is_met,
                "change": change,
                "direction": direction,
            }
        )
    return {"headline": headline, "sentences": _sentences(with_goal, counts, missed)}


def _sentences(with_goal: Sequence[Row], counts: Volumes, missed: int) -> list[str]:
    judged = [row for row in with_goal if row.is_met is not None]
    sentences = []
    if judged:
        reached = sum(1 for row in judged if row.is_met)
        sentences.append(
            _("%(met)d of %(all)d goals that could be judged were reached.")
            % {"met": reached, "all": len(judged)}
        )
        not_reached = [row.label for row in judged if not row.is_met]
        if not_reached:
            sentences.append(_("Not reached: %(labels)s.") % {"labels": _joined(not_reached)})
    unjudged = [row.label for row in with_goal if row.is_met is None]
    if unjudged:
        sentences.append(_("Nothing to judge in this period: %(labels)s.") % {"labels": _joined(unjudged)})
    sentences.append(
        _("%(opened)s tickets were opened, %(resolved)s resolved, %(open)s are open at the end.")
        % {
            "opened": wording.grouped(counts.opened),
            "resolved": wording.grouped(counts.resolved),
            "open": wording.grouped(counts.open_at_end),
        }
    )
    if missed:
        sentences.append(
            ngettext(
                "%(count)s promised time was missed; it is listed at the end.",
                "%(count)s promised times were missed; they are listed at the end.",
                missed,
            )
            % {"count": wording.grouped(missed)}
        )
    return sentences


def _joined(labels: Sequence[str]) -> str:
    return ("、" if wording.is_chinese() else ", ").join(labels)


# --- tickets and waiting ------------------------------------------------------------------------------------------


def _tickets(counts: Volumes) -> dict[str, Any]:
    numbers = [
        ("opened", pgettext("count", "Opened"), counts.opened),
        ("resolved", pgettext("count", "Resolved"), counts.resolved),
        ("closed", pgettext("count", "Closed"), counts.closed),
        ("open_at_end", _("Open at the end of the period"), counts.open_at_end),
    ]
    if counts.left_out:
        numbers.append(("left_out", _("Left out of the figures by agreement"), counts.left_out))
    return {
        "counts": [
            {"key": key, "label": label, "value": wording.grouped(count)} for key, label, count in numbers
        ],
        "by_source": _slices(counts.by_source),
        "by_kind": _slices(counts.by_kind),
        "by_priority": _slices(counts.by_priority),
        "by_service": _slices(counts.by_service),
        "by_category": _slices(counts.by_category),
        "by_cause": _slices(counts.by_cause),
        "backlog": [{"key": one.key, "label": one.label, "count": one.count} for one in counts.backlog],
        "hours": list(counts.hours),
        "weekdays": list(counts.weekdays),
    }


def _slices(slices: Sequence[Slice]) -> list[dict[str, Any]]:
    """The slices, the most first as they come; beyond the fifteenth they are told together."""
    shown = [
        {"key": one.key, "label": one.label, "count": one.count, "share": _share(one.share)}
        for one in slices[:MOST_SLICES]
    ]
    rest = slices[MOST_SLICES:]
    if rest:
        share = sum((one.share for one in rest if one.share is not None), Decimal(0))
        shown.append(
            {"key": "", "label": _("Others"), "count": sum(one.count for one in rest), "share": _share(share)}
        )
    return shown


def _share(share: Decimal | None) -> str:
    return "" if share is None else f"{wording.decimal_text(share)} %"


def _waiting(source: Source) -> dict[str, Any]:
    table = waits(source.contract, source.month.first, source.month.last, **source.asked)
    return {
        "rows": [
            {
                "key": row.key,
                "party_key": row.party,
                "reason_key": row.reason,
                "party": row.party_label,
                "reason": row.reason_label,
                "count": row.count,
                "duration": wording.duration(row.seconds) if table.clock else "",
                "share": _share(row.share),
            }
            for row in table.rows
        ],
        "disputed": table.disputed,
        "undecided": table.undecided,
    }
