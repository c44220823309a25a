"""Gives and takes roles. Each is an entry of the scope it is for."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

from ..models import Membership, Organisation, Person
from ..parties import parties_of
from ..roles import ROLES
from .telling import tell_membership


@transaction.atomic
def grant_membership(
    *, viewer: Viewer, person: Person, role: str, scope: Scope | None, at: datetime | None = None
) -> Membership:
    """Give somebody a role in a scope; in every scope (None) only to administrators. Idempotent.

    The role must be one for the kind of the person's organisation: a client's person is never given a
    provider's role. Needs `admin.people` there; whoever has it there only gives roles to people of the scope's
    parties. Writes "membership.granted" into the scope's log.
    """
    require_grant(viewer, scope, {person.organisation})
    faults = role_faults(person, role, scope)
    if faults:
        raise Invalid(faults, code="role_kind" if role in ROLES and scope else None)
    membership, is_new = Membership.objects.get_or_create(person=person, role=role, scope=scope)
    if is_new:
        tell_membership("membership.granted", viewer, [(person, role, scope)], at)
    return membership


@transaction.atomic
def revoke_membership(
    *, viewer: Viewer, person: Person, role: str, scope: Scope | None, at: datetime | None = None
) -> None:
    """Take a role away. Needs `admin.people` there; writes "membership.revoked". Raises NotFound when it is
    not held, and Invalid for one's own last way to administer everything.
    """
    viewer.require("admin.people", scope.pk if scope else None)
    if scope is None and viewer.person_id == person.pk:
        raise Invalid({"role": _("You cannot take this from yourself: another administrator does.")})
    count, _by_model = Membership.objects.filter(person=person, role=role, scope=scope).delete()
    if not count:
        raise NotFound(
            _("%(person)s does not hold the role “%(role)s” there.") % {"person": person.name, "role": role}
        )
    tell_membership("membership.revoked", viewer, [(person, role, scope)], at)


@transaction.atomic
def grant_many(*, viewer: Viewer, people: Iterable[Person], role: str, scope: Scope) -> list[Person]:
    """Give many people a role in a scope, all or none; returns those who did not have it.

    Raises what `grant_membership` raises, with the names of those to whom it cannot be given.
    """
    members = list(people)
    require_grant(viewer, scope, {person.organisation for person in members})
    faults = [fault for person in members for fault in role_faults(person, role, scope).values()]
    if faults:
        raise Invalid({"role": list(dict.fromkeys(faults))})
    holding = set(
        Membership.objects.filter(person__in=members, role=role, scope=scope).values_list("person", flat=True)
    )
    new = [person for person in members if person.pk not in holding]
    Membership.objects.bulk_create(
        [Membership(person=person, role=role, scope=scope) for person in new], ignore_conflicts=True
    )
    tell_membership("membership.granted", viewer, [(person, role, scope) for person in new])
    return new


@transaction.atomic
def revoke_many(*, viewer: Viewer, people: Iterable[Person], role: str, scope: Scope) -> list[Person]:
    """Take a role in a scope from many people; returns those who had it. Needs `admin.people` there."""
    viewer.require("admin.people", scope.pk)
    held = list(
        Membership.objects.select_related("person__organisation")
        .select_for_update(of=("self",))
        .filter(person__in=list(people), role=role, scope=scope)
    )
    Membership.objects.filter(pk__in=[membership.pk for membership in held]).delete()
    losing = [membership.person for membership in held]
    tell_membership("membership.revoked", viewer, [(person, role, scope) for person in losing])
    return losing


def require_grant(viewer: Viewer, scope: Scope | None, organisations: Iterable[Organisation]) -> None:
    """Raise Forbidden unless the viewer gives roles in the scope, to people of these organisations."""
    viewer.require("admin.people", scope.pk if scope else None)
    if scope is None or viewer.may("admin.people", None):
        return
    parties = parties_of([scope.pk])
    for organisation in organisations:
        if organisation.pk not in parties:
            raise Forbidden(
                _("%(organisation)s is not party to “%(contract)s”.")
                % {"organisation": organisation.name, "contract": scope.key},
                permission="admin.people",
            )


def role_faults(person: Person, role: str, scope: Scope | None) -> dict[str, str]:
    """Why the person cannot hold the role there, whoever gives it."""
    found = ROLES.get(role)
    if found is None:
        return {"role": _("One of: %(choices)s.") % {"choices": ", ".join(ROLES)}}
    organisation = person.organisation
    if found.kind != organisation.kind:
        return {
            "role": _(
                "“%(role)s” is a role for a %(kind)s; %(person)s belongs to %(organisation)s, a %(own)s."
            )
            % {
                "role": role,
                "kind": found.kind,
                "person": person.name,
                "organisation": organisation.name,
                "own": organisation.kind,
            }
        }
    if scope is None and role != "provider_admin":
        return {"scope": _("Only “provider_admin” can be held under every contract.")}
    return {}
