"""Writes terms as a document: the normal form of a contract, without comments. What it says, checking reads back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from .appraisal_section.terms import appraisal_document
from .difference import show_goal, show_seconds
from .schema import WEEKDAYS
from .scoring.terms import scoring_document

Terms = Mapping[str, Any]


def document_of(terms: Terms, *, remark: str = "") -> str:
    """YAML that means these terms; `remark` stands above it as a comment."""
    pauses, matrix, desk = terms["pauses"], terms["matrix"], terms["desk"]
    data: dict[str, Any] = {
        "key": terms["key"],
        "title": _label(terms["title"]),
        "parties": terms["parties"],
        "valid": terms["valid"],
        "zone": terms["zone"],
    }
    if terms["processes"] is not None:
        data["processes"] = terms["processes"]
    data["calendars"] = {
        calendar["key"]: _calendar(calendar, terms["zone"]) for calendar in terms["calendars"]
    }
    data["services"] = {
        service["key"]: {
            "label": _label(service["label"]),
            **({"description": _label(service["description"])} if service["description"] else {}),
            "calendar": service["calendar"],
        }
        for service in terms["services"]
    }
    data["priorities"] = {item["key"]: {"label": _label(item["label"])} for item in terms["priorities"]}
    table: dict[str, dict[str, str]] = {}
    for impact, urgency, priority in matrix["cells"]:
        table.setdefault(impact, {})[urgency] = priority
    data["priority_matrix"] = {
        "impacts": {item["key"]: _label(item["label"]) for item in matrix["impacts"]},
        "urgencies": {item["key"]: _label(item["label"]) for item in matrix["urgencies"]},
        "table": table,
        **({"major": dict(matrix["major"])} if matrix["major"] else {}),
    }
    data["clocks"] = {clock["key"]: _clock(clock) for clock in terms["clocks"]}
    data["targets"] = _targets(terms["targets"])
    data["pauses"] = {
        "confirm_days": pauses["confirm_days"],
        **({"confirm_calendar": pauses["confirm_calendar"]} if pauses["confirm_calendar"] else {}),
        "reasons": {
            reason["code"]: {
                "label": _label(reason["label"]),
                "party": reason["party"],
                "stops": _stops(reason["stops"], terms),
            }
            for reason in pauses["reasons"]
        },
    }
    if terms["exclusions"]:
        data["exclusions"] = {
            item["code"]: {
                "label": _label(item["label"]),
                "party": item["party"],
                "agreed_by": list(item["agreed_by"]),
            }
            for item in terms["exclusions"]
        }
    if terms["indicators"]:
        data["indicators"] = {item["key"]: _indicator(item) for item in terms["indicators"]}
    if "scoring" in terms:
        data["scoring"] = scoring_document(terms["scoring"])
    if "appraisal" in terms:
        data["appraisal"] = appraisal_document(terms["appraisal"])
    if terms.get("reports"):
        data["reports"] = {
            item["kind"]: _without_none({"due": show_goal(item), "calendar": item["calendar"]})
            for item in terms["reports"]
        }
    if terms["escalation"]:
        data["escalation"] = [
            {"clock": step["clock"], "at": f"{step['share']} %", "tell": list(step["roles"])}
            for step in terms["escalation"]
        ]
    backdating = desk["backdating"]
    data["desk"] = {
        "accepting_is_responding": desk["accepting_is_responding"],
        **({"auto_close": _without_none(desk["auto_close"])} if desk["auto_close"] else {}),
        "backdating": {
            "default": show_seconds(backdating["default"]),
            **(
                {"roles": {role: show_seconds(limit) for role, limit in backdating["roles"].items()}}
                if backdating["roles"]
                else {}
            ),
        },
    }
    return "".join(f"# {line}\n" for line in remark.splitlines()) + dumped(data)


def _stops(stops: list[str], terms: Terms) -> str | list[str]:
    if not stops:
        return "none"
    return "all" if set(stops) == {clock["key"] for clock in terms["clocks"]} else list(stops)


def dumped(data: Mapping[str, Any]) -> str:
    """YAML in the form that documents are written in."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 4096
    yaml.representer.ignore_aliases = lambda _data: True
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _label(label: Mapping[str, str]) -> str | dict[str, str]:
    texts = set(label.values())
    return texts.pop() if len(texts) == 1 else dict(label)


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _calendar(calendar: Mapping[str, Any], zone: str) -> dict[str, Any]:
    data: dict[str, Any] = {"label": _label(calendar["label"])}
    if calendar["zone"] != zone:
        data["zone"] = calendar["zone"]
    if calendar["always"]:
        data["always"] = True
    else:
        weekly: dict[str, list[str]] = {}
        for weekday, start, end in calendar["weekly"]:
            weekly.setdefault(WEEKDAYS[weekday], []).append(_hours(start, end))
        data["weekly"] = weekly
        data["holidays"] = calendar["holidays"]
        data["makeup"] = "none" if calendar["makeup"] is None else WEEKDAYS[calendar["makeup"]]
        if calendar["makeup_days"]:
            data["makeup_days"] = {day: WEEKDAYS[item] for day, item in calendar["makeup_days"].items()}
        if calendar.get("notices"):
            data["notices"] = {year: dict(notice) for year, notice in calendar["notices"].items()}
    if calendar["exceptions"]:
        data["exceptions"] = {
            day: [_hours(start, end) for start, end in windows] or "closed"
            for day, windows in calendar["exceptions"].items()
        }
    return data


def _hours(start: int, end: int) -> str:
    if end > 1440:
        end -= 1440
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"


def _clock(clock: Mapping[str, Any]) -> dict[str, Any]:
    return _without_none(
        {
            "kind": clock["kind"],
            "audience": clock["audience"],
            "supplier": clock["supplier"],
            "label": _label(clock["label"]),
            "start": list(clock["start"]),
            "stop": list(clock["stop"]),
            "cancel": list(clock["cancel"]),
            "reset": list(clock["reset"]) or None,
            "reopen": clock["reopen"],
            "goal_change": clock["goal_change"],
            "warn": list(clock["warn"]) or None,
        }
    )


def _targets(targets: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for target in targets:
        if target["working_days"] is None:
            within = show_seconds(target["seconds"])
        else:
            within = f"{target['working_days']} working days"
        row = table.setdefault(target["service"], {}).setdefault(target["priority"], {})
        row[target["clock"]] = {"within": within, "calendar": target["calendar"]}
    return table


def _indicator(indicator: Mapping[str, Any]) -> dict[str, Any]:
    goal = indicator["goal"]
    amount = None
    if goal is not None:
        amount = f"{goal['value']} %" if goal["unit"] == "percent" else show_seconds(int(goal["value"]))
    within = indicator["within_seconds"]
    return _without_none(
        {
            "label": _label(indicator["label"]),
            "at_least": amount if goal and goal["comparison"] == "at_least" else None,
            "at_most": amount if goal and goal["comparison"] == "at_most" else None,
            "time_base": indicator["time_base"] if indicator["time_base"] != "elapsed" else None,
            "calendar": indicator["calendar"],
            "clocks": list(indicator["clocks"]) or None,
            "within": None if within is None else show_seconds(within),
            "days": indicator["days"],
            "of": indicator["of"],
            "on_empty": indicator["on_empty"],
            "digits": indicator["digits"],
        }
    )
