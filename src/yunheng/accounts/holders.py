"""Who has a word in a contract: the people behind roles and permissions."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from .models import Membership, Person
from .roles import ROLES

__all__ = ["people_in_roles", "people_with"]


def people_in_roles(scope_id: int, roles: Collection[str]) -> QuerySet[Person]:
    """Active people who hold one of the roles in the scope, or in every scope; by login."""
    held = Membership.objects.filter(Q(scope_id=scope_id) | Q(scope=None), role__in=roles)
    return (
        Person.objects.select_related("organisation")
        .filter(pk__in=held.values("person_id"), is_active=True)
        .order_by("login")
    )


def people_with(scope_id: int, permission: str, *, kind: str = "") -> QuerySet[Person]:
    """Active people who may do something in the scope; `kind` narrows to a kind of organisation."""
    roles = [
        role.key for role in ROLES.values() if permission in role.permissions and kind in {"", role.kind}
    ]
    return people_in_roles(scope_id, roles)
