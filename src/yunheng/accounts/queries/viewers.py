"""People as viewers, and what may be seen of people, organisations and teams."""

import hashlib
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.actor import Actor
from yunheng.foundation.refusals import NotFound

from ..models import ApiToken, Membership, Organisation, Person, Team
from ..roles import ROLE_PERMISSIONS

TOKEN_USE_RESOLUTION = timedelta(minutes=5)  # last_used_at is not written more often than this


def actor_of(person: Person) -> Actor:
    """The person as the actor of an entry."""
    return Actor("person", str(person.uuid), person.name)


def viewer_for_person(person: Person) -> Viewer:
    """The person as a viewer with all memberships (2 queries). Somebody disabled has no grants."""
    organisation = person.organisation
    grants = (
        frozenset(Membership.objects.filter(person=person).values_list("role", "scope_id"))
        if person.is_active
        else frozenset()
    )
    return Viewer(
        actor=actor_of(person),
        person_id=person.pk,
        organisation_id=organisation.pk,
        organisation_kind=organisation.kind,
        grants=grants,
        roles=ROLE_PERMISSIONS,
    )


def viewer_for_token(secret: str, at: datetime) -> Viewer | None:
    """The viewer behind a bearer token, or None when it is unknown, expired or revoked, or its person
    disabled.

    Looked up by the SHA-256 of the secret, which has 256 random bits: no salt is needed. Notes the use at
    most every five minutes.
    """
    token = (
        ApiToken.objects.select_related("person__organisation")
        .filter(digest=token_digest(secret), revoked_at=None, person__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=at))
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or at - token.last_used_at > TOKEN_USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    viewer = viewer_for_person(token.person)
    return Viewer(
        actor=Actor("token", str(token.person.uuid), token.person.name),
        person_id=viewer.person_id,
        organisation_id=viewer.organisation_id,
        organisation_kind=viewer.organisation_kind,
        grants=viewer.grants,
        token_scopes=frozenset(token.scopes),
        roles=ROLE_PERMISSIONS,
    )


def token_digest(secret: str) -> bytes:
    """What is stored of a token's secret."""
    return hashlib.sha256(secret.encode()).digest()


def person_by_login(login: str) -> Person:
    """The person with that login. Raises NotFound."""
    person = Person.objects.select_related("organisation").filter(login=login).first()
    if person is None:
        raise NotFound(_("There is nobody with the login “%(login)s”.") % {"login": login})
    return person


def organisation_by_key(key: str) -> Organisation:
    """The organisation with that key. Raises NotFound."""
    organisation = Organisation.objects.filter(key=key).first()
    if organisation is None:
        raise NotFound(_("There is no organisation “%(key)s”.") % {"key": key})
    return organisation


def team_by_key(organisation: Organisation, key: str) -> Team:
    """The team of the organisation with that key. Raises NotFound."""
    team = Team.objects.filter(organisation=organisation, key=key).first()
    if team is None:
        raise NotFound(
            _("There is no team “%(key)s” in %(organisation)s.")
            % {"key": key, "organisation": organisation.name}
        )
    return team


def people_visible_to(viewer: Viewer) -> QuerySet[Person]:
    """Everybody for installation administrators; else the own organisation and those with a role in a
    shared scope.
    """
    people = Person.objects.select_related("organisation").order_by("login")
    scopes = viewer.scope_ids()
    if scopes is ALL:
        return people
    return people.filter(
        Q(organisation_id=viewer.organisation_id)
        | Q(pk__in=Membership.objects.filter(scope_id__in=scopes).values("person_id"))
    )
