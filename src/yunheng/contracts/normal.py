"""The plain terms of a document: defaults filled in, labels in both languages, goals resolved. What is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .appraisal_section.terms import terms_of_appraisal
from .compile import FORMAT
from .indicators import INDICATORS
from .problems import Path
from .schema import ALL, WEEKDAYS
from .scoring.terms import terms_of_scoring

DEFAULT_BACKDATING_SECONDS = 86_400
DEFAULT_WARN_SHARES = [50, 75, 90, 100]

#: Facts per kind of clock: start, stop, reset. Every kind ends with the ticket's closing, so that none runs for ever.
CLOCK_KINDS: Mapping[str, tuple[list[str], list[str], list[str]]] = {
    "respond": (["opened"], ["responded", "resolved", "closed"], []),
    "update": (["opened"], ["resolved", "closed"], ["updated"]),
    "restore": (["opened"], ["restored", "resolved", "closed"], []),
    "resolve": (["opened"], ["resolved", "closed"], []),
    "arrive": (["dispatched"], ["arrived", "resolved", "closed"], []),
    "closeout": (["resolved"], ["closed"], []),
}
_REOPEN = {"respond": "final", "arrive": "final"}
_LABELS: Mapping[str, tuple[str, str]] = {
    "respond": ("响应", "Respond"),
    "update": ("进展通报", "Progress update"),
    "restore": ("恢复", "Restore"),
    "resolve": ("解决", "Resolve"),
    "arrive": ("到场", "Arrive on site"),
    "closeout": ("结案报告", "Close-out report"),
}


def terms_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plain terms of a document without errors: every default written out, lists where order counts.

    `effective` and `exemptions` are no terms: the one becomes `valid_from`, the other only quiets the linter.
    """
    clocks = [_clock(key, clock) for key, clock in raw["clocks"].items()]
    pauses, desk = raw["pauses"] or {}, raw["desk"] or {}
    matrix = raw["priority_matrix"]
    auto_close = desk.get("auto_close")
    backdating = desk.get("backdating") or {}
    return {
        "format": FORMAT,
        "key": raw["key"],
        "title": _label(raw["title"]),
        "parties": raw["parties"],
        "valid": raw["valid"],
        "zone": raw["zone"],
        "processes": raw["processes"],
        "calendars": [_calendar(key, calendar, raw["zone"]) for key, calendar in raw["calendars"].items()],
        "services": [
            {
                "key": key,
                "label": _label(service["label"]),
                "description": _label(service["description"]) if service["description"] else {},
                "calendar": service["calendar"],
            }
            for key, service in raw["services"].items()
        ],
        "priorities": [
            {"key": key, "label": _label(priority["label"])} for key, priority in raw["priorities"].items()
        ],
        "matrix": {
            "impacts": [{"key": key, "label": _label(label)} for key, label in matrix["impacts"].items()],
            "urgencies": [{"key": key, "label": _label(label)} for key, label in matrix["urgencies"].items()],
            "cells": [
                [impact, urgency, matrix["table"][impact][urgency]]
                for impact in matrix["impacts"]
                for urgency in matrix["urgencies"]
            ],
            "major": matrix["major"],
        },
        "clocks": clocks,
        "targets": [target for target, _ in resolved_targets(raw) if target is not None],
        "pauses": {
            "confirm_days": pauses.get("confirm_days", 3),
            "confirm_calendar": pauses.get("confirm_calendar"),
            "reasons": [
                {
                    "code": code,
                    "label": _label(reason["label"]),
                    "party": reason["party"],
                    "stops": list(raw["clocks"])
                    if reason["stops"] == "all"
                    else sorted(set(reason["stops"])),
                }
                for code, reason in (pauses.get("reasons") or {}).items()
            ],
        },
        "exclusions": [
            {
                "code": code,
                "label": _label(exclusion["label"]),
                "party": exclusion["party"],
                "agreed_by": sorted(set(exclusion["agreed_by"])),
            }
            for code, exclusion in raw["exclusions"].items()
        ],
        "indicators": [_indicator(key, indicator, clocks) for key, indicator in raw["indicators"].items()],
        # Left out where nothing is written: terms of before mean the same, and so have the same digest.
        **({"reports": _reports(raw["reports"])} if _reports(raw["reports"]) else {}),
        **({"scoring": terms_of_scoring(raw["scoring"])} if raw["scoring"] else {}),
        **({"appraisal": terms_of_appraisal(raw["appraisal"])} if raw["appraisal"] else {}),
        "escalation": [
            {"clock": step["clock"], "share": round(float(step["at"]["percent"])), "roles": step["tell"]}
            for step in raw["escalation"]
        ],
        "desk": {
            "accepting_is_responding": desk.get("accepting_is_responding", True),
            "auto_close": auto_close,
            "backdating": {
                "default": (backdating.get("default") or {"seconds": DEFAULT_BACKDATING_SECONDS})["seconds"],
                "roles": {role: limit["seconds"] for role, limit in (backdating.get("roles") or {}).items()},
            },
        },
    }


def _reports(raw: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {"kind": kind, **report["due"], "calendar": report["calendar"]}
        for kind, report in (raw or {}).items()
        if report
    ]


def resolved_targets(raw: Mapping[str, Any]) -> list[tuple[dict[str, Any] | None, Path | None]]:
    """For each service × priority × clock the target that holds and where it is written.

    (None, path): “none” is written there. (None, None) does not occur: what nothing is said about is left out.
    The nearer row wins: service and priority named, service named, priority named, neither.
    """
    found: list[tuple[dict[str, Any] | None, Path | None]] = []
    for service in raw["services"]:
        for priority in raw["priorities"]:
            for clock in raw["clocks"]:
                path = next(
                    (
                        (s, p)
                        for s, p in ((service, priority), (service, ALL), (ALL, priority), (ALL, ALL))
                        if clock in raw["targets"].get(s, {}).get(p, {})
                    ),
                    None,
                )
                if path is None:
                    continue
                at: Path = ("targets", *path, clock)
                goal = raw["targets"][path[0]][path[1]][clock]
                if goal is None:
                    found.append((None, at))
                    continue
                within = goal.get("within", goal)
                found.append(
                    (
                        {
                            "service": service,
                            "priority": priority,
                            "clock": clock,
                            "calendar": goal.get("calendar")
                            or raw["clocks"][clock]["calendar"]
                            or raw["priorities"][priority]["calendar"]
                            or raw["services"][service]["calendar"],
                            **within,
                        },
                        at,
                    )
                )
    return found


def _label(value: Any) -> dict[str, str]:
    return {"zh-Hans": value, "en": value} if isinstance(value, str) else value


def _clock(key: str, clock: Mapping[str, Any]) -> dict[str, Any]:
    kind = clock["kind"] or (key if key in CLOCK_KINDS else "custom")
    start, stop, reset = CLOCK_KINDS.get(kind, ([], [], []))
    if clock["audience"] == "supplier" and kind in ("respond", "restore", "resolve"):
        start = ["dispatched"]
    zh, en = _LABELS.get(kind, (key, key))
    cancel = clock["cancel"] or ["cancelled"]
    return {
        "key": key,
        "kind": kind,
        "audience": clock["audience"],
        "supplier": clock["supplier"],
        "label": _label(clock["label"]) if clock["label"] else {"zh-Hans": zh, "en": en},
        "start": sorted(set(clock["start"] or start)),
        "stop": sorted(set(clock["stop"] or stop)),
        "cancel": sorted(set(cancel)),
        "reset": sorted(set(clock["reset"] or reset)),
        "reopen": clock["reopen"] or _REOPEN.get(kind, "exclude"),
        "goal_change": clock["goal_change"],
        "warn": sorted(set(clock["warn"])) if clock["warn"] is not None else DEFAULT_WARN_SHARES,
    }


def _calendar(key: str, calendar: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return {
        "key": key,
        "label": _label(calendar["label"] or key),
        "zone": calendar["zone"] or zone,
        "always": calendar["always"],
        "weekly": [window for window, _ in weekly_windows(calendar["weekly"])],
        "holidays": calendar["holidays"],
        "makeup": None if calendar["makeup"] == "none" else WEEKDAYS.index(calendar["makeup"]),
        "makeup_days": {day: WEEKDAYS.index(weekday) for day, weekday in calendar["makeup_days"].items()},
        "exceptions": calendar["exceptions"],
        **({"notices": _notices(calendar["notices"])} if calendar["notices"] else {}),
    }


def _notices(notices: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Only where there are any: terms of before mean the same, and have the same digest."""
    return {
        year: {"closed": sorted(set(notice["closed"])), "worked": sorted(set(notice["worked"]))}
        for year, notice in sorted(notices.items())
    }


def weekly_windows(weekly: Mapping[str, Any]) -> list[tuple[list[int], str]]:
    """[weekday, start, end] for each weekday of “mon-fri”, “sat” or “daily”, with the key it was written under."""
    windows = []
    for days, hours in weekly.items():
        first, _, last = ("mon-sun" if days == "daily" else days).partition("-")
        start = WEEKDAYS.index(first)
        count = (WEEKDAYS.index(last or first) - start) % 7 + 1
        windows += [
            ([(start + step) % 7, opens, closes], days) for step in range(count) for opens, closes in hours
        ]
    return windows


def _indicator(key: str, indicator: Mapping[str, Any], clocks: list[dict[str, Any]]) -> dict[str, Any]:
    kind = INDICATORS[key]
    least, most, within = indicator["at_least"], indicator["at_most"], indicator["within"]
    goal = None
    if least or most:
        amount = least or most
        is_share = "percent" in amount
        goal = {
            "comparison": "at_least" if least else "at_most",
            "value": amount["percent"] if is_share else str(amount["seconds"]),
            "unit": "percent" if is_share else "seconds",
        }
    counted = indicator["clocks"]
    if counted is None and kind.clock_kind is not None:
        counted = [
            clock["key"]
            for clock in clocks
            if clock["audience"] == "client" and kind.clock_kind in ("*", clock["kind"])
        ]
    return {
        "key": key,
        "label": _label(indicator["label"]) if indicator["label"] else {"zh-Hans": kind.zh, "en": kind.en},
        "goal": goal,
        "time_base": indicator["time_base"],
        "calendar": indicator["calendar"],
        "digits": kind.digits if indicator["digits"] is None else indicator["digits"],
        "clocks": counted or [],
        "within_seconds": within["seconds"] if within else kind.within_seconds,
        "days": indicator["days"] or kind.days,
        "of": indicator["of"] or (kind.of[0] if kind.of else None),
        "on_empty": indicator["on_empty"],
    }
