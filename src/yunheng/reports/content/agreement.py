"""What the contract says, as far as a report repeats it: services, promised times, people, calendars."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_in_roles
from yunheng.accounts.wording import role_label
from yunheng.contracts import wording as contract_wording
from yunheng.contracts.days import StoredDays
from yunheng.contracts.models import CalendarVersion

from .source import Source

#: Roles that a report tells of, and whose names it prints: the two sides' counterparts, and nobody else's.
_ROLES: Final = (
    ("service_manager", True),
    ("desk_agent", False),
    ("engineer", False),
    ("quality_officer", False),
    ("supplier_engineer", False),
    ("contact", True),
)


def scope_of(source: Source) -> dict[str, Any]:
    """Services with their hours, what is promised to the client, and how many people serve."""
    terms = source.client_terms
    hours = {calendar.key: hours_text(calendar, terms) for calendar in source.calendars}
    said = contract_wording.said
    return {
        "services": [
            {
                "label": said(service["label"]),
                "hours": hours.get(service["calendar"], ""),
                "description": said(service["description"]) if service["description"] else "",
            }
            for service in terms["services"]
        ],
        "goals": _goals(terms),
        "people": _people(source.contract.pk),
    }


def _goals(terms: Mapping[str, Any]) -> list[dict[str, str]]:
    """Promised times to the client; services that promise the same are told together, all of them as such."""
    said = contract_wording.said
    services = {item["key"]: said(item["label"]) for item in terms["services"]}
    priorities = {item["key"]: said(item["label"]) for item in terms["priorities"]}
    clocks = {item["key"]: said(item["label"]) for item in terms["clocks"] if item["audience"] == "client"}
    calendars = {item["key"]: said(item["label"]) for item in terms["calendars"]}
    together: dict[tuple[str, str, str], list[str]] = {}
    for target in terms["targets"]:
        if target["clock"] not in clocks:
            continue
        within = contract_wording.goal(target)
        if len(calendars) > 1:
            within = f"{within} · {calendars.get(target['calendar'], target['calendar'])}"
        together.setdefault((target["priority"], target["clock"], within), []).append(target["service"])
    order = list(priorities)
    rows = sorted(
        together.items(), key=lambda item: (order.index(item[0][0]), list(clocks).index(item[0][1]))
    )
    return [
        {
            "service": _("all")
            if len(keys) == len(services)
            else contract_wording.listed(services[key] for key in keys),
            "priority": priorities[priority],
            "clock": clocks[clock],
            "within": within,
        }
        for (priority, clock, within), keys in rows
    ]


def _people(scope_id: int) -> list[dict[str, Any]]:
    lines = []
    for role, has_names in _ROLES:
        people = list(people_in_roles(scope_id, [role]))
        if people:
            names = [person.name for person in people] if has_names else []
            lines.append({"role": str(role_label(role)), "names": names, "count": len(people)})
    return lines


def calendar_lines(source: Source) -> list[dict[str, Any]]:
    """Calendars as they were materialised with the version in force, with the years that are provisional."""
    terms = source.client_terms
    labels = {item["key"]: contract_wording.said(item["label"]) for item in terms["calendars"]}
    return [
        {
            "label": labels.get(calendar.key, calendar.key),
            "zone": _zone(calendar, terms),
            "hours": hours_text(calendar, terms),
            "tzdata": calendar.tzdata,
            "provisional_years": sorted(int(year) for year in calendar.provisional_years),
        }
        for calendar in source.calendars
    ]


def _zone(calendar: CalendarVersion, terms: Mapping[str, Any]) -> str:
    found = next((item for item in terms["calendars"] if item["key"] == calendar.key), None)
    return str(found.get("zone") or terms["zone"]) if found else str(terms["zone"])


def hours_text(calendar: CalendarVersion, terms: Mapping[str, Any]) -> str:
    """Service hours in one line: "Mon–Fri 09:00–12:00, 13:00–17:30; China's public holidays"."""
    found = next((item for item in terms["calendars"] if item["key"] == calendar.key), None)
    if found is None or "always" not in found or StoredDays(calendar.rules).is_always_open:
        return _("around the clock") if StoredDays(calendar.rules).is_always_open else ""
    week = "; ".join(f"{days} {hours}" for days, hours in contract_wording.week(found["weekly"]))
    kind = found["holidays"] if isinstance(found["holidays"], str) else "list"
    return f"{week}; {contract_wording.holidays(kind)}"
