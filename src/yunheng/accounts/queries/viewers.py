"""People as viewers, and what may be seen of people, organisations and teams."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation import statements
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
        frozenset(
            statements.fetch_all("SELECT role, scope_id FROM membership WHERE person_id = %s", [person.pk])
        )
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
    disabled (1 query).

    Looked up by the SHA-256 of the secret, which has 256 random bits: no salt is needed. Notes the use at
    most every five minutes.
    """
    found = statements.fetch_one(_HOLDER, [token_digest(secret), at])
    if found is None:
        return None
    token_id, last_used_at, scopes, person_id, uuid, name, organisation_id, kind, roles, places = found
    if last_used_at is None or at - last_used_at > TOKEN_USE_RESOLUTION:
        ApiToken.objects.filter(pk=token_id).update(last_used_at=at)
    return Viewer(
        actor=Actor("token", str(uuid), name),
        person_id=person_id,
        organisation_id=organisation_id,
        organisation_kind=kind,
        grants=frozenset(zip(roles, places, strict=True)),
        token_scopes=frozenset(scopes),
        roles=ROLE_PERMISSIONS,
    )


_HOLDER: Final = """
    SELECT token.id, token.last_used_at, token.scopes, person.id, person.uuid, person.name,
        organisation.id, organisation.kind,
        ARRAY(SELECT role FROM membership WHERE person_id = person.id ORDER BY id),
        ARRAY(SELECT scope_id FROM membership WHERE person_id = person.id ORDER BY id)
    FROM api_token token
    JOIN person ON person.id = token.person_id JOIN organisation ON organisation.id = person.organisation_id
    WHERE token.digest = %s AND token.revoked_at IS NULL AND person.is_active
        AND (token.expires_at IS NULL OR token.expires_at > %s)
"""


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
