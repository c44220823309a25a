"""Words of a contract for people: goals, hours, facts, parties and roles, in the language that is active."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from yunheng.foundation import wording

from .terms import label_in


def said(label: Mapping[str, str]) -> str:
    """A label in the reader's language."""
    return label_in(label, get_language() or "zh-hans")


def listed(words: Iterable[str]) -> str:
    """ "a, b, c", with the reader's comma between."""
    return pgettext("between words of a list", ", ").join(words)


def goal(target: Mapping[str, Any]) -> str:
    """How long a target gives: "30 min", "2 working days"."""
    days = target["working_days"]
    if days is None:
        return wording.duration(target["seconds"], is_exact=True)
    return ngettext("%(count)d working day", "%(count)d working days", days) % {"count": days}


def weekday(index: int) -> str:
    """0 is Monday."""
    return weekdays()[index]


def weekdays() -> Sequence[str]:
    """From Monday, short."""
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


def clock_time(minute: int) -> str:
    """Minutes of the day as "09:00"; what runs past midnight is of the next day."""
    text = f"{minute // 60 % 24:02d}:{minute % 60:02d}" if minute != 1440 else "24:00"
    return _("%(time)s next day") % {"time": text} if minute > 1440 else text


def hours(windows: Iterable[Sequence[int]]) -> str:
    """ "09:00–12:00, 13:00–18:00", or "closed"."""
    return listed(f"{clock_time(start)}–{clock_time(end)}" for start, end in windows) or _("closed")


def week(weekly: Iterable[Sequence[int]]) -> list[tuple[str, str]]:
    """Weekly windows as (days, hours), days with the same hours together."""
    by_day: dict[int, list[tuple[int, int]]] = {}
    for on, start, end in weekly:
        by_day.setdefault(on, []).append((start, end))
    rows = []
    first = 0
    while first < 7:
        last = first
        windows = sorted(by_day.get(first, []))
        while last < 6 and sorted(by_day.get(last + 1, [])) == windows:
            last += 1
        days = weekday(first)
        if last > first:
            days = _("%(first)s to %(last)s") % {"first": days, "last": weekday(last)}
        rows.append((days, hours(windows)))
        first = last + 1
    return rows


def day(on: date) -> str:
    """A date with its weekday."""
    from datetime import UTC, datetime, time

    text = wording.day(datetime.combine(on, time(), UTC))
    return _("%(day)s (%(weekday)s)") % {"day": text, "weekday": weekday(on.weekday())}


def holidays(kind: str) -> str:
    """What a calendar keeps closed."""
    return {
        "china": _("closed on China's official holidays"),
        "none": _("open on holidays, too"),
        "list": _("closed on the days listed in the document"),
        "always": _("open at every hour of every day"),
    }[kind]


def party(key: str) -> str:
    """Whose account something is on."""
    names = {
        "provider": _("provider"),
        "client": _("client"),
        "supplier": _("supplier"),
        "force_majeure": _("nobody: force majeure"),
    }
    return names.get(key, key)


def fact(key: str) -> str:
    """What starts or stops a clock."""
    names = {
        "opened": _("the report"),
        "responded": _("the first response"),
        "updated": _("a progress report"),
        "assigned": _("the assignment"),
        "dispatched": _("the dispatch"),
        "arrived": _("the arrival on site"),
        "restored": _("the service being restored"),
        "resolved": _("the solution"),
        "reopened": _("the reopening"),
        "confirmed": _("the user's confirmation"),
        "closed": _("the closure"),
        "cancelled": _("the cancellation"),
    }
    return names.get(key, key)


def facts(keys: Iterable[str]) -> str:
    """Facts, the usual order of a ticket's life first."""
    order = (
        "opened",
        "dispatched",
        "responded",
        "arrived",
        "updated",
        "restored",
        "resolved",
        "confirmed",
        "closed",
    )
    known = sorted(keys, key=lambda key: (order.index(key) if key in order else len(order), key))
    return _(" or ").join(fact(key) for key in known)


def reopening(key: str) -> str:
    """What a reopened ticket does to a clock."""
    return {
        "exclude": _("goes on after a reopening; the time between is left out"),
        "count": _("goes on after a reopening; the time between counts"),
        "final": _("its first end is final"),
    }.get(key, key)


def indicator_goal(goal_of: Mapping[str, Any] | None) -> str:
    """ "at least 95 %", "at most 30 min", or that none is agreed."""
    if goal_of is None:
        return _("no goal agreed: reported only")
    if goal_of["unit"] == "percent":
        value = f"{goal_of['value']} %"
    else:
        value = wording.duration(int(goal_of["value"]), is_exact=True)
    text = _("at least %(value)s") if goal_of["comparison"] == "at_least" else _("at most %(value)s")
    return text % {"value": value}


def on_empty(key: str) -> str:
    """What an indicator without anything to count does to a score."""
    return {
        "reweight": _("nothing to count: not applicable, its weight goes to the others"),
        "full": _("nothing to count: not applicable, full marks"),
        "zero": _("nothing to count: not applicable, no marks"),
    }.get(key, key)


def audience(key: str) -> str:
    """Whom a clock is promised to."""
    return {
        "client": _("To the client (SLA)"),
        "internal": _("Within the provider (OLA)"),
        "supplier": _("By suppliers (UC)"),
    }[key]


def section(key: str) -> str:
    """A section of the document, as a heading of a comparison."""
    names = {
        "key": _("Key"),
        "title": _("Title"),
        "parties": _("Parties"),
        "valid": _("Term"),
        "zone": _("Time zone"),
        "processes": _("Processes"),
        "calendars": _("Service hours"),
        "services": _("Service catalogue"),
        "priorities": _("Priorities"),
        "priority_matrix": _("Priority matrix"),
        "clocks": _("What is timed"),
        "targets": _("Goals"),
        "pauses": _("Pauses"),
        "exclusions": _("Exclusions"),
        "indicators": _("Indicators"),
        "scoring": _("Scoring"),
        "appraisal": _("Appraisal"),
        "reports": _("Reports"),
        "escalation": _("Escalation"),
        "desk": _("Service desk"),
    }
    return names.get(key.partition(".")[0], key)
