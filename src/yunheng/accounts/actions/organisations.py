"""Creates and changes organisations and teams."""

import logging
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid

from ..models import Organisation, Person, Team
from ..reach import require_organisation
from .checks import key_fault, name_fault

_log = logging.getLogger("yunheng.accounts.actions")

LINES: Final = ("first", "second", "third", "supplier")


@transaction.atomic
def create_organisation(*, viewer: Viewer, key: str, name: str, kind: str) -> Organisation:
    """Create a provider, client or supplier. Needs `admin.people` everywhere. Raises Invalid per field."""
    viewer.require("admin.people", None)
    faults = {**key_fault(key), **name_fault(name, 200)}
    if kind not in Organisation.Kind.values:
        faults["kind"] = _("One of: %(choices)s.") % {"choices": ", ".join(Organisation.Kind.values)}
    if not faults and Organisation.objects.filter(key=key).exists():
        faults["key"] = _("There is an organisation “%(key)s” already.") % {"key": key}
    if faults:
        raise Invalid(faults)
    organisation = Organisation.objects.create(key=key, name=name.strip(), kind=kind)
    _log.info("organisation.created", extra={"actor": viewer.actor.id, "organisation": key, "kind": kind})
    return organisation


@transaction.atomic
def rename_organisation(*, viewer: Viewer, organisation: Organisation, name: str) -> None:
    """Give an organisation another name; its key and kind stay, which contracts and roles stand on.

    Needs `admin.people` everywhere: the name shows under every contract. Raises Invalid per field.
    """
    viewer.require("admin.people", None)
    faults = name_fault(name, 200)
    if faults:
        raise Invalid(faults)
    old = organisation.name
    Organisation.objects.filter(pk=organisation.pk).update(name=name.strip())
    organisation.name = name.strip()
    _log.info(
        "organisation.renamed",
        extra={"actor": viewer.actor.id, "organisation": organisation.key, "old": old, "new": name.strip()},
    )


@transaction.atomic
def create_team(
    *,
    viewer: Viewer,
    organisation: Organisation,
    key: str,
    name: str,
    line: str = "first",
    people: Iterable[Person] = (),
) -> Team:
    """Create a team on a support line: first, second or third of the provider, "supplier" of a supplier.

    Its people belong to the organisation, which is within the viewer's reach. Raises Invalid per field.
    """
    require_organisation(viewer, organisation)
    members = list(people)
    faults = {**key_fault(key), **name_fault(name, 150)}
    faults |= _line_fault(line, organisation)
    if organisation.kind == Organisation.Kind.CLIENT:
        faults["organisation"] = _("A client's organisation has no teams.")
    faults |= _strangers_fault(members, organisation.pk)
    if not faults and Team.objects.filter(organisation=organisation, key=key).exists():
        faults["key"] = _("There is a team “%(key)s” already.") % {"key": key}
    if faults:
        raise Invalid(faults)
    team = Team.objects.create(organisation=organisation, key=key, name=name.strip(), line=line)
    team.people.set(members)
    _log.info("team.created", extra={"actor": viewer.actor.id, "team": key, "organisation": organisation.key})
    return team


@transaction.atomic
def change_team(
    *, viewer: Viewer, team: Team, name: str, line: str, people: Iterable[Person] | None = None
) -> None:
    """Rename a team, move it to another line, and say who belongs to it (None: as before). Raises Invalid per field."""
    require_organisation(viewer, team.organisation)
    members = None if people is None else list(people)
    faults = {**name_fault(name, 150), **_line_fault(line, team.organisation)}
    faults |= _strangers_fault(members or (), team.organisation_id)
    if faults:
        raise Invalid(faults)
    Team.objects.filter(pk=team.pk).update(name=name.strip(), line=line)
    team.name, team.line = name.strip(), line
    if members is not None:
        team.people.set(members)
    _log.info(
        "team.changed",
        extra={
            "actor": viewer.actor.id,
            "team": team.key,
            "organisation": team.organisation.key,
            "people": None if members is None else len(members),
        },
    )


@transaction.atomic
def set_team_people(*, viewer: Viewer, team: Team, people: Iterable[Person]) -> None:
    """Say who belongs to a team. Raises Invalid for somebody of another organisation."""
    require_organisation(viewer, team.organisation)
    members = list(people)
    strangers = _strangers_fault(members, team.organisation_id)
    if strangers:
        raise Invalid(strangers)
    team.people.set(members)
    _log.info("team.changed", extra={"actor": viewer.actor.id, "team": team.key, "people": len(members)})


def _line_fault(line: str, organisation: Organisation) -> dict[str, str]:
    if line not in LINES:
        return {"line": _("One of: %(choices)s.") % {"choices": ", ".join(LINES)}}
    if (line == "supplier") != (organisation.kind == Organisation.Kind.SUPPLIER):
        return {"line": _("Suppliers' teams, and no others, are on the line “supplier”.")}
    return {}


def _strangers_fault(people: Iterable[Person], organisation_id: int) -> dict[str, str]:
    strangers = [person.login for person in people if person.organisation_id != organisation_id]
    if not strangers:
        return {}
    return {"people": _("Not of this organisation: %(people)s.") % {"people": ", ".join(strangers)}}
