"""What changes from one version of terms to another, in words: “P1 respond: 30 min → 15 min”."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .appraisal_section.terms import appraisal_document
from .problems import gettext_noop
from .schema import WEEKDAYS
from .scoring.terms import scoring_document
from .values import show_seconds

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One change. `before` or `after` is None where something is new or gone; `section` is the document's."""

    section: str
    what: str
    before: str | None
    after: str | None

    def text(self, translate: Callable[[str], str] = str) -> str:
        """One line, in the language of `translate`; durations as they are written in a document."""
        if self.before is None:
            template = (
                gettext_noop("%(what)s: new, %(after)s") if self.after else gettext_noop("%(what)s: new")
            )
        elif self.after is None:
            template = (
                gettext_noop("%(what)s: gone, was %(before)s")
                if self.before
                else gettext_noop("%(what)s: gone")
            )
        else:
            template = "%(what)s: %(before)s → %(after)s"
        return translate(template) % {"what": self.what, "before": self.before, "after": self.after}


def differences(old: Terms, new: Terms) -> list[Difference]:
    """All changes from `old` to `new`, in the order of the document. Empty for terms that mean the same."""
    found: list[Difference] = []
    for section in ("key", "title", "parties", "valid", "zone", "processes"):
        found += _compared(section, section, old[section], new[section])
    found += _keyed("calendars", old["calendars"], new["calendars"], _calendar)
    found += _keyed("services", old["services"], new["services"])
    found += _keyed("priorities", old["priorities"], new["priorities"])
    found += _matrix(old["matrix"], new["matrix"])
    found += _keyed("clocks", old["clocks"], new["clocks"])
    found += _targets(old, new)
    for name in ("confirm_days", "confirm_calendar"):
        found += _compared("pauses", f"pauses.{name}", old["pauses"][name], new["pauses"][name])
    found += _keyed("pauses", old["pauses"]["reasons"], new["pauses"]["reasons"], name="code")
    found += _keyed("exclusions", old["exclusions"], new["exclusions"], name="code")
    found += _keyed("indicators", old["indicators"], new["indicators"], _indicator)
    found += _section("scoring", scoring_document, old, new)
    found += _section("appraisal", appraisal_document, old, new)
    found += _keyed("reports", _reports(old), _reports(new), name="kind")
    if old["escalation"] != new["escalation"]:
        found += _listed(
            "escalation", map(_escalation, old["escalation"]), map(_escalation, new["escalation"])
        )
    found += _compared("desk", "desk", _desk(old["desk"]), _desk(new["desk"]))
    return found


def show_goal(target: Mapping[str, Any]) -> str:
    """A target's goal as a document writes it."""
    if target["working_days"] is None:
        return show_seconds(target["seconds"])
    return f"{target['working_days']} working day{'s' if target['working_days'] > 1 else ''}"


def show_windows(weekly: Iterable[Iterable[int]]) -> str:
    """Weekly windows as “mon–fri 09:00-18:00”, days with the same hours together."""
    by_day: dict[int, list[str]] = {}
    for weekday, start, end in weekly:
        by_day.setdefault(weekday, []).append(f"{_clock_time(start)}-{_clock_time(end)}")
    shown = []
    day = 0
    while day < 7:
        hours = by_day.get(day)
        last = day
        while last < 6 and by_day.get(last + 1) == hours:
            last += 1
        if hours:
            days = WEEKDAYS[day] if day == last else f"{WEEKDAYS[day]}-{WEEKDAYS[last]}"
            shown.append(f"{days} {', '.join(hours)}")
        day = last + 1
    return "; ".join(shown) or "closed"


def _clock_time(minute: int) -> str:
    if minute == 1440:
        return "24:00"
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _keyed(
    section: str,
    old: Iterable[Mapping[str, Any]],
    new: Iterable[Mapping[str, Any]],
    view: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    name: str = "key",
) -> list[Difference]:
    before = {item[name]: item for item in old}
    after = {item[name]: item for item in new}
    found = []
    for key in {**before, **after}:
        what = f"{section}.{key}"
        if key not in before:
            found.append(Difference(section, what, None, _title(after[key])))
        elif key not in after:
            found.append(Difference(section, what, _title(before[key]), None))
        else:
            found += _compared(section, what, view(before[key]), view(after[key]))
    shared_before = [key for key in before if key in after]
    shared_after = [key for key in after if key in before]
    if shared_before != shared_after:
        found.append(
            Difference(section, f"{section} (order)", ", ".join(shared_before), ", ".join(shared_after))
        )
    return found


def _compared(section: str, what: str, old: Any, new: Any) -> list[Difference]:
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for key in {**old, **new}:
            found += _compared(section, f"{what}.{key}", old.get(key), new.get(key))
        return found
    return [Difference(section, what, _shown(old), _shown(new))]


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(_shown(item)) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    return str(value)


def _title(item: Mapping[str, Any]) -> str:
    label = item.get("label") or {}
    return " / ".join(dict.fromkeys(str(text) for text in label.values()))


def _listed(section: str, old: Iterable[str], new: Iterable[str]) -> list[Difference]:
    before, after = list(old), list(new)
    return [
        *(Difference(section, section, line, None) for line in before if line not in after),
        *(Difference(section, section, None, line) for line in after if line not in before),
    ] or [Difference(section, f"{section} (order)", "; ".join(before), "; ".join(after))]


def _targets(old: Terms, new: Terms) -> list[Difference]:
    """Goals by priority and clock; what changes alike for every service is said once. A service that is gone takes
    its goals along.
    """

    def table(terms: Terms) -> dict[tuple[str, str], dict[str, str]]:
        rows: dict[tuple[str, str], dict[str, str]] = {}
        for target in terms["targets"]:
            shown = f"{show_goal(target)} ({target['calendar']})"
            rows.setdefault((target["priority"], target["clock"]), {})[target["service"]] = shown
        return rows

    before, after = table(old), table(new)
    services = [service["key"] for service in new["services"]]
    found = []
    for key in {**before, **after}:
        changes: dict[tuple[str | None, str | None], list[str]] = {}
        for service in services:
            pair = (before.get(key, {}).get(service), after.get(key, {}).get(service))
            if pair[0] != pair[1]:
                changes.setdefault(_without_calendar(*pair), []).append(service)
        for (was, now), where in changes.items():
            what = " ".join(key) if len(where) == len(services) else f"{' '.join(key)} ({', '.join(where)})"
            found.append(Difference("targets", what, was, now))
    return found


def _without_calendar(was: str | None, now: str | None) -> tuple[str | None, str | None]:
    """Calendars are named only where they differ, or the goal is new."""
    if was and now is None:
        return was.partition(" (")[0], None
    if was and now and was.partition(" (")[2] == now.partition(" (")[2]:
        return was.partition(" (")[0], now.partition(" (")[0]
    return was, now


def _matrix(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    section = "priority_matrix"
    found = _keyed(f"{section}.impacts", old["impacts"], new["impacts"])
    found += _keyed(f"{section}.urgencies", old["urgencies"], new["urgencies"])
    before = {f"{impact} × {urgency}": priority for impact, urgency, priority in old["cells"]}
    after = {f"{impact} × {urgency}": priority for impact, urgency, priority in new["cells"]}
    found += _compared(section, section, before, after)
    return found + _compared(section, f"{section}.major", old["major"], new["major"])


def _calendar(calendar: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **calendar,
        "weekly": show_windows(calendar["weekly"]),
        "makeup": None if calendar["makeup"] is None else WEEKDAYS[calendar["makeup"]],
        "makeup_days": {day: WEEKDAYS[weekday] for day, weekday in calendar["makeup_days"].items()},
        "exceptions": {
            day: ", ".join(f"{_clock_time(start)}-{_clock_time(end)}" for start, end in windows) or "closed"
            for day, windows in calendar["exceptions"].items()
        },
    }


def _indicator(indicator: Mapping[str, Any]) -> Mapping[str, Any]:
    goal = indicator["goal"]
    shown = None
    if goal is not None:
        value = f"{goal['value']} %" if goal["unit"] == "percent" else show_seconds(int(goal["value"]))
        shown = f"{'≥' if goal['comparison'] == 'at_least' else '≤'} {value}"
    within = indicator["within_seconds"]
    return {**indicator, "goal": shown, "within_seconds": None if within is None else show_seconds(within)}


def _reports(terms: Terms) -> list[dict[str, Any]]:
    return [
        {"kind": item["kind"], "due": show_goal(item), "calendar": item["calendar"] or ""}
        for item in terms.get("reports", ())
    ]


def _section(
    name: str, document: Callable[[Terms], dict[str, Any]], old: Terms, new: Terms
) -> list[Difference]:
    """Each value of an optional section that changes; a section that comes or goes is one change."""
    before, after = (terms.get(name) for terms in (old, new))
    if before and after:
        return _compared(name, name, document(before), document(after))
    if before or after:
        return [Difference(name, name, "" if before else None, "" if after else None)]
    return []


def _escalation(step: Mapping[str, Any]) -> str:
    return f"{step['clock']} {step['share']} % → {', '.join(step['roles'])}"


def _desk(desk: Mapping[str, Any]) -> Mapping[str, Any]:
    backdating = desk["backdating"]
    return {
        **desk,
        "auto_close": desk["auto_close"] or {},
        "backdating": {
            "default": show_seconds(backdating["default"]),
            **{role: show_seconds(limit) for role, limit in backdating["roles"].items()},
        },
    }
