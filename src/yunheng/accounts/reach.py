"""How far `admin.people` reaches: everything for installation administrators, the parties of the contracts
administered for others (docs/adr/0008).
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation.access import ALL, Everything, Viewer
from yunheng.foundation.refusals import Forbidden

from .models import Membership, Organisation, Person, Team
from .parties import parties_of


@dataclass(frozen=True, slots=True)
class Reach:
    """Scopes in which the viewer gives roles, and organisations whose people and teams they manage."""

    scope_ids: frozenset[int] | Everything
    organisation_ids: frozenset[int] | Everything

    @property
    def is_everything(self) -> bool:
        """Whether this is an installation administrator's (or the system's)."""
        return self.scope_ids is ALL

    @property
    def is_nothing(self) -> bool:
        """Whether the viewer administers nobody at all."""
        return not self.is_everything and not self.scope_ids

    def has_scope(self, scope_id: int | None) -> bool:
        """Whether roles in the scope (None: everywhere) are the viewer's to give."""
        return self.scope_ids is ALL or scope_id in self.scope_ids

    def has_organisation(self, organisation_id: int) -> bool:
        """Whether people and teams of the organisation are the viewer's to manage."""
        return self.organisation_ids is ALL or organisation_id in self.organisation_ids


def reach_of(viewer: Viewer) -> Reach:
    """What the viewer administers; nothing for whoever holds `admin.people` nowhere."""
    if viewer.may("admin.people", None):
        return Reach(ALL, ALL)
    scopes = frozenset(
        scope_id
        for _role, scope_id in viewer.grants
        if scope_id is not None and viewer.may("admin.people", scope_id)
    )
    return Reach(scopes, parties_of(scopes))


def require_organisation(viewer: Viewer, organisation: Organisation) -> None:
    """Raise Forbidden unless the organisation is within the viewer's reach."""
    if not reach_of(viewer).has_organisation(organisation.pk):
        raise Forbidden(
            _("%(organisation)s is not party to a contract that you administer.")
            % {"organisation": organisation.name},
            permission="admin.people",
        )


def may_change(viewer: Viewer, person: Person) -> bool:
    """Whether the viewer may rename, disable, or set a password or second factor of the person.

    Installation administrators may. Who administers contracts may for people of their parties, as long as those hold
    no role anywhere else: a password that opens another contract is not theirs to set.
    """
    reach = reach_of(viewer)
    if reach.scope_ids is ALL:
        return True
    return reach.has_organisation(person.organisation_id) and not holds_outside(person, reach)


def require_change(viewer: Viewer, person: Person) -> None:
    """Raise Forbidden unless `may_change`."""
    if not may_change(viewer, person):
        raise Forbidden(
            _(
                "%(person)s holds roles outside of what you administer: an installation administrator does this."
            )
            % {"person": person.name},
            permission="admin.people",
        )


def holds_outside(person: Person, reach: Reach) -> bool:
    """Whether the person holds a role in a scope that the reach does not have, or everywhere."""
    if reach.scope_ids is ALL:
        return False
    outside = Q(scope=None) | ~Q(scope_id__in=reach.scope_ids)
    return Membership.objects.filter(outside, person=person).exists()


def organisations_within(reach: Reach) -> QuerySet[Organisation]:
    """Organisations of the reach."""
    found = Organisation.objects.all()
    return found if reach.organisation_ids is ALL else found.filter(pk__in=reach.organisation_ids)


def people_within(reach: Reach) -> QuerySet[Person]:
    """People of the organisations of the reach."""
    found = Person.objects.select_related("organisation")
    if reach.organisation_ids is ALL:
        return found
    return found.filter(organisation_id__in=reach.organisation_ids)


def teams_within(reach: Reach) -> QuerySet[Team]:
    """Teams of the organisations of the reach."""
    found = Team.objects.select_related("organisation")
    if reach.organisation_ids is ALL:
        return found
    return found.filter(organisation_id__in=reach.organisation_ids)
