"""A contract with its people, as small as the tests of desk and clocks can use."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from yunheng.accounts.actions import create_organisation, create_person, create_team, grant_membership
from yunheng.accounts.models import Organisation, Person, Team
from yunheng.accounts.queries import viewer_for_person
from yunheng.contracts.models import CalendarVersion, Contract, ContractVersion
from yunheng.desk.actions import Opened, open_ticket
from yunheng.desk.models import Ticket
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.models import Scope
from yunheng.logic.worktime import CalendarRules, Window, materialise
from yunheng.sla.models import LiveClock

#: The contract begins with 2026; it is in force, and its calendars reach, beyond the day of the test.
END = datetime(max(2027, datetime.now(UTC).year + 1), 1, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(END.year, 12, 31)
#: Wednesday, 1 April 2026, 09:00 in Shanghai.
MORNING = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)

OFFICE = CalendarRules(zone="Asia/Shanghai", weekly=tuple(Window(day, 9 * 60, 17 * 60) for day in range(5)))
ALWAYS = CalendarRules(zone="Asia/Shanghai", is_always_open=True)

HOUR = 3600


def clock(
    key: str,
    *,
    stop: list[str],
    start: list[str] | None = None,
    reset: list[str] | None = None,
    reopen: str = "exclude",
    audience: str = "client",
    warn: list[int] | None = None,
) -> dict[str, Any]:
    """One clock of the stored terms."""
    return {
        "key": key,
        "kind": key,
        "audience": audience,
        "supplier": None,
        "label": {"zh-Hans": key, "en": key},
        "start": start or ["opened"],
        "stop": stop,
        "cancel": ["cancelled"],
        "reset": reset or [],
        "reopen": reopen,
        "goal_change": "retroactive",
        "warn": warn or [50, 75, 90, 100],
    }


def terms(key: str, **changes: Any) -> dict[str, Any]:
    """Stored terms: two services, three priorities, clocks respond (24×7), resolve and hand_over (office
    hours).
    """
    label = {"zh-Hans": key, "en": key}

    def target(clock_key: str, service: str, priority: str, calendar: str, seconds: int) -> dict[str, Any]:
        return {
            "clock": clock_key,
            "service": service,
            "priority": priority,
            "calendar": calendar,
            "seconds": seconds,
            "working_days": None,
        }

    document: dict[str, Any] = {
        "format": 1,
        "key": key,
        "title": label,
        "zone": "Asia/Shanghai",
        "parties": {
            "provider": {"key": "alpha", "name": "Alpha"},
            "client": {"key": key, "name": key},
            "suppliers": [{"key": "vendor", "name": "Vendor"}],
        },
        "clocks": [
            clock("respond", stop=["responded"], reopen="final"),
            clock("resolve", stop=["resolved"]),
            clock("restore", stop=["restored", "resolved"]),
            clock("hand_over", stop=["assigned"], audience="internal", reopen="final"),
            clock("update", stop=["resolved"], reset=["updated"]),
        ],
        "services": [
            {"key": name, "label": label, "calendar": "office", "description": {}} for name in ("mail", "erp")
        ],
        "priorities": [{"key": name, "label": label} for name in ("p1", "p2", "p3")],
        "matrix": {
            "impacts": [{"key": name, "label": label} for name in ("high", "low")],
            "urgencies": [{"key": name, "label": label} for name in ("high", "low")],
            "cells": [
                ["high", "high", "p1"],
                ["high", "low", "p2"],
                ["low", "high", "p2"],
                ["low", "low", "p3"],
            ],
            "major": {"priority": "p1", "set_by": ["service_manager"]},
        },
        "targets": [
            target(name, service, priority, calendar, seconds)
            for service in ("mail", "erp")
            for name, calendar, goals in (
                ("respond", "always", (900, 1800, 3600)),
                ("resolve", "office", (4 * HOUR, 8 * HOUR, 16 * HOUR)),
                ("restore", "office", (2 * HOUR, 4 * HOUR, 8 * HOUR)),
                ("hand_over", "always", (600, 1200, 2400)),
                ("update", "office", (HOUR, 2 * HOUR, 4 * HOUR)),
            )
            for priority, seconds in zip(("p1", "p2", "p3"), goals, strict=True)
        ],
        "pauses": {
            "reasons": [
                {
                    "code": "waiting_client",
                    "label": label,
                    "party": "client",
                    "stops": ["resolve", "restore"],
                },
                {"code": "waiting_supplier", "label": label, "party": "supplier", "stops": ["resolve"]},
            ],
            "confirm_days": 3,
            "confirm_calendar": "office",
        },
        "exclusions": [
            {"code": "maintenance", "label": label, "party": "client", "agreed_by": ["provider", "client"]}
        ],
        "indicators": [],
        "escalation": [],
        "desk": {
            "accepting_is_responding": True,
            "auto_close": {"days": 5, "calendar": "office"},
            "backdating": {"default": 24 * HOUR, "roles": {"engineer": 2 * HOUR}},
        },
    }
    return document | changes


def apply_terms(
    contract: Contract,
    document: dict[str, Any],
    *,
    valid_from: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    valid_to: datetime = END,
) -> ContractVersion:
    """Store a version as the contract package would, without its document."""
    version = ContractVersion.objects.create(
        contract=contract,
        number=contract.versions.count() + 1,
        valid_from=valid_from,
        valid_to=valid_to,
        document="",
        terms=document,
        digest=b"\0" * 32,
        applied_by="test",
    )
    for key, rules in (("office", OFFICE), ("always", ALWAYS)):
        CalendarVersion.objects.create(
            contract_version=version,
            key=key,
            rules={},
            open_time=materialise(rules, FIRST, LAST).to_document(),
            tzdata="2026a",
            provisional_years=[],
            digest=b"\0" * 32,
        )
    return version


@dataclass
class Ground:
    """One contract between Alpha (provider) and a client, with somebody in every role."""

    scope: Scope
    contract: Contract
    version: ContractVersion
    provider: Organisation
    client: Organisation
    supplier: Organisation
    people: dict[str, Person]
    desk_team: Team
    vendor_team: Team

    def viewer(self, role: str) -> Viewer:
        """Somebody in that role, as they are now."""
        return viewer_for_person(self.people[role])


ROLES_BY_KIND = {
    "provider": ("provider_admin", "service_manager", "desk_agent", "engineer", "quality_officer"),
    "client": ("requester", "contact", "appraiser", "auditor"),
    "supplier": ("supplier_engineer",),
}


def make_ground(key: str = "acme", *, with_version: bool = True, zone: str = "Asia/Shanghai") -> Ground:
    """Create the contract of a client; provider and supplier are shared between several."""
    organisations = {
        "provider": _organisation("alpha", "provider"),
        "client": _organisation(key, "client"),
        "supplier": _organisation("vendor", "supplier"),
    }
    scope = Scope.objects.create(key=key, name=key.upper(), zone=zone)
    contract = Contract.objects.create(
        scope=scope, title=key, provider=organisations["provider"], client=organisations["client"]
    )
    people = {}
    for kind, roles in ROLES_BY_KIND.items():
        for role in roles:
            person = create_person(
                viewer=SYSTEM_VIEWER,
                login=f"{key}-{role}",
                name=f"{role} of {key}",
                organisation=organisations[kind],
            )
            grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=scope)
            people[role] = person
    desk_team = create_team(
        viewer=SYSTEM_VIEWER,
        organisation=organisations["provider"],
        key=f"desk-{key}",
        name="Desk",
        people=[people["desk_agent"], people["engineer"]],
    )
    vendor_team = create_team(
        viewer=SYSTEM_VIEWER,
        organisation=organisations["supplier"],
        key=f"vendor-{key}",
        name="Vendor",
        line="supplier",
        people=[people["supplier_engineer"]],
    )
    version = apply_terms(contract, terms(key)) if with_version else None
    return Ground(
        scope,
        contract,
        version,  # type: ignore[arg-type]
        *organisations.values(),
        people,
        desk_team,
        vendor_team,
    )


def _organisation(key: str, kind: str) -> Organisation:
    found = Organisation.objects.filter(key=key).first()
    return found or create_organisation(viewer=SYSTEM_VIEWER, key=key, name=key.title(), kind=kind)


def opened(ground: Ground, role: str = "desk_agent", **changes: Any) -> Opened:
    """A ticket on the ground, opened by somebody in that role at nine in the morning."""
    values: dict[str, Any] = {
        "viewer": ground.viewer(role),
        "scope_id": ground.scope.pk,
        "kind": "incident",
        "title": "No mail",
        "service": "mail",
        "impact": "high",
        "urgency": "high",
        "channel": "phone",
        "requester_name": "Wang",
        "recorded_at": MORNING,
    }
    return open_ticket(**(values | changes))


def clocks(ticket: Ticket) -> dict[str, LiveClock]:
    """The live clocks of a ticket by kind."""
    return {clock.kind: clock for clock in LiveClock.objects.filter(subject_id=ticket.pk)}
