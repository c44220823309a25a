"""A new request from the service catalogue: the services, the form, and what the contract would promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.accounts.models import Membership, Person
from yunheng.contracts import wording as contract_wording
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to, version_at
from yunheng.contracts.reading import titles_of
from yunheng.contracts.terms import label_in
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, NotFound

from .actions import contract_for
from .actions.opening import priority_for
from .promises import Promise, promises_of_new

CLIENT = "client"


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service of the catalogue."""

    key: str
    label: str
    about: str
    hours: str


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """What the contract promises: what, how long, by when, and in which hours time counts."""

    promise: Promise
    hours: str


@dataclass(frozen=True, slots=True)
class NewRequest:
    """The form of a new request as far as it is filled in."""

    contracts: list[tuple[str, str]]  # key and title
    contract: Contract
    contract_title: str
    services: list[ServiceCard]
    service: ServiceCard | None
    kind: str
    impacts: list[tuple[str, str]]
    urgencies: list[tuple[str, str]]
    colleagues: list[Person]
    priority: str
    promises: list[PromiseLine]
    is_expired: bool
    values: Mapping[str, str]


def tell_new_request(viewer: Viewer, data: Mapping[str, Any], *, now: datetime) -> NewRequest:
    """The catalogue and the form under one of the viewer's contracts, by default the first. Raises NotFound where the
    viewer may ask for nothing, Invalid where no version was ever in force.
    """
    found = [it for it in contracts_visible_to(viewer) if viewer.may("ticket.open", it.pk)]
    wanted = str(data.get("contract", ""))
    contract = next((it for it in found if not wanted or it.scope.key == wanted), None)
    if contract is None:
        raise NotFound(_("There is no contract under which you may ask for something."))
    terms, expired = contract_for(contract.pk, now)
    titles = titles_of(found)
    language = get_language() or ""
    hours = calendar_words(contract.pk, now)
    services = [
        ServiceCard(
            service.key,
            label_in(service.label, language),
            label_in(service.description, language) if service.description else "",
            hours.get(service.calendar, ""),
        )
        for service in terms.services.values()
    ]
    values = {name: str(value) for name, value in data.items()}
    kind = values.get("kind", "") if values.get("kind") in {"incident", "service_request"} else ""
    chosen = next((it for it in services if it.key == values.get("service")), None)
    impact, urgency = values.get("impact", ""), values.get("urgency", "")
    priority, lines = "", []
    if chosen is not None and kind and impact in terms.matrix.impacts and urgency in terms.matrix.urgencies:
        key = priority_for(viewer, contract.pk, terms, impact=impact, urgency=urgency, is_major=False)
        known = terms.priorities.get(key)
        priority = label_in(known.label, language) if known else key
        lines = [
            PromiseLine(promise, hours.get(promise.calendar, ""))
            for promise in promises_of_new(
                viewer, contract.pk, kind=kind, terms=terms, service=chosen.key, priority=key, at=now
            )
            if promise.audience == CLIENT
        ]
    return NewRequest(
        contracts=[(it.scope.key, titles[it.pk]) for it in found],
        contract=contract,
        contract_title=titles[contract.pk],
        services=services,
        service=chosen,
        kind=kind,
        impacts=[(key, label_in(label, language)) for key, label in terms.matrix.impacts.items()],
        urgencies=[(key, label_in(label, language)) for key, label in terms.matrix.urgencies.items()],
        colleagues=colleagues_of(viewer, contract.pk),
        priority=priority,
        promises=lines,
        is_expired=bool(expired),
        values=values,
    )


def calendar_words(scope_id: int, at: datetime) -> Mapping[str, str]:
    """The calendars of the contract in words: when time counts (1 query)."""
    version = version_at(scope_id, at)
    words = {}
    for calendar in version.terms.get("calendars", ()) if version else ():
        label = contract_wording.said(calendar["label"]) if calendar.get("label") else ""
        if calendar.get("always"):
            words[calendar["key"]] = label or _("at every hour of every day")
        else:
            week = contract_wording.week(calendar.get("weekly", ()))
            hours = " · ".join(f"{days} {when}" for days, when in week if when != contract_wording.hours(()))
            words[calendar["key"]] = hours or label
    return words


def colleagues_of(viewer: Viewer, scope_id: int) -> list[Person]:
    """People of the viewer's organisation for whom the viewer may ask under the contract; none for who asks for
    themselves only (1 query).
    """
    if (
        viewer.roles_in(scope_id) <= {"requester"}
        or viewer.organisation_id is None
        or viewer.person_id is None
    ):
        return []
    holders = Membership.objects.filter(scope_id=scope_id).values("person_id")
    people = Person.objects.filter(
        organisation_id=viewer.organisation_id, is_active=True, pk__in=holders
    ).exclude(pk=viewer.person_id)
    return list(people.order_by("name", "login")[:500])


def colleague_named(viewer: Viewer, scope_id: int, uuid: str) -> Person | None:
    """The colleague with that UUID, None for "". Raises Invalid for "requester" for anybody else."""
    if not uuid:
        return None
    try:
        wanted = UUID(uuid)
    except ValueError:
        wanted = None
    for person in colleagues_of(viewer, scope_id):
        if person.uuid == wanted:
            return person
    raise Invalid({"requester": _("Choose one of your colleagues in the list.")})
