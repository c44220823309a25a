"""What who administers people sees: lists and single ones within their reach. Beyond it there is nothing (404)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.foundation.access import ALL, Viewer
from yunheng.foundation.models import Entry, Scope
from yunheng.foundation.refusals import Invalid, NotFound

from ..models import ApiToken, Membership, Organisation, Person, Team
from ..reach import (
    Reach,
    holds_outside,
    may_change,
    organisations_within,
    people_within,
    reach_of,
    teams_within,
)

PAGE: Final = 50
SELECTION: Final = 500  #: people that one bulk act may name
MOST_OFFERED: Final = (
    200  #: organisations, or people, that a form lists; where there are more, one looks for them
)
FOUND: Final = 20  #: people whom one look for new members shows
HISTORY: Final = 100  #: latest changes of a person's access that their page shows
#: Entries of a scope that say who may do what, with the person in their personal class.
ACCESS_ENTRIES: Final = (
    "membership.granted",
    "membership.revoked",
    "person.password_set",
    "person.invited",
    "person.email_changed",
    "person.disabled",
    "person.enabled",
    "person.second_factor_removed",
    "person.passkey_added",
    "person.passkey_removed",
)


def access_administration(viewer: Viewer) -> Reach:
    """The viewer's reach. Raises NotFound for whoever administers nobody: these pages do not exist for them."""
    reach = reach_of(viewer)
    if reach.is_nothing:
        raise NotFound(_("There is no such page."))
    return reach


# --- people


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What narrows the list: text in name, login, mail or organisation; an organisation's key; a state."""

    text: str = ""
    organisation: str = ""
    state: str = ""  # "active", "disabled", "without_role", "" for all


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people in the order of their logins; `following` goes into `after` for more."""

    people: Sequence[Person]  #: with `.roles_shown`: memberships within the reach
    following: str | None


def find_people(viewer: Viewer, wanted: PeopleFilter, *, after: str = "", limit: int = PAGE) -> PeoplePage:
    """A page of people within reach (keyset on the login; 2 or 3 queries)."""
    reach = access_administration(viewer)
    people = people_within(reach).order_by("login")
    for word in wanted.text.split()[:5]:
        people = people.filter(
            Q(name__icontains=word)
            | Q(login__icontains=word)
            | Q(email__icontains=word)
            | Q(organisation__name__icontains=word)
        )
    if wanted.organisation:
        people = people.filter(organisation__key=wanted.organisation)
    if wanted.state == "active":
        people = people.filter(is_active=True)
    elif wanted.state == "disabled":
        people = people.filter(is_active=False)
    elif wanted.state == "without_role":
        people = people.exclude(pk__in=_memberships(reach).values("person_id"))
    if after:
        people = people.filter(login__gt=after)
    shown = Prefetch("memberships", _memberships(reach).order_by("scope__key", "role"), to_attr="roles_shown")
    found = list(people.prefetch_related(shown)[: limit + 1])
    return PeoplePage(found[:limit], found[limit - 1].login if len(found) > limit else None)


def _memberships(reach: Reach) -> QuerySet[Membership]:
    held = Membership.objects.select_related("scope")
    if reach.scope_ids is ALL:
        return held
    return held.filter(Q(scope_id__in=reach.scope_ids) | Q(scope=None))


def access_person(viewer: Viewer, uuid: UUID) -> Person:
    """The person, when they are within the viewer's reach. Raises NotFound."""
    person = people_within(access_administration(viewer)).filter(uuid=uuid).first()
    if person is None:
        raise NotFound(_("There is no such person."))
    return person


def select_people(viewer: Viewer, uuids: Collection[str]) -> list[Person]:
    """The people that a bulk act names, by login. Raises NotFound when one of them is beyond reach, or no UUID."""
    try:
        wanted = {UUID(text) for text in uuids}
    except ValueError:
        raise NotFound(_("There is no such person.")) from None
    if len(wanted) > SELECTION:
        raise NotFound(_("At most %(count)d people at once.") % {"count": SELECTION})
    found = list(people_within(access_administration(viewer)).filter(uuid__in=wanted).order_by("login"))
    if len(found) != len(wanted):
        raise NotFound(_("There is no such person."))
    return found


@dataclass(frozen=True, slots=True)
class AccessChange:
    """One change of what a person may do: what, where, by whom, when; `role` is "" unless a role was given or taken."""

    type: str
    at: datetime
    scope_key: str
    role: str
    by: str


@dataclass(frozen=True, slots=True)
class PersonStory:
    """Everything that an administrator sees of a person."""

    person: Person
    memberships: Sequence[Membership]  #: within reach, those held everywhere included
    has_more: bool  #: roles are held elsewhere, too; where is not said
    may_change: bool
    is_self: bool
    teams: Sequence[Team]
    tokens: Sequence[ApiToken]  #: none unless `may_change`
    history: Sequence[AccessChange]


def tell_person(viewer: Viewer, person: Person) -> PersonStory:
    """What the viewer sees of somebody within reach (at most 8 queries)."""
    reach = access_administration(viewer)
    can = may_change(viewer, person)
    return PersonStory(
        person=person,
        memberships=list(_memberships(reach).filter(person=person).order_by("scope__key", "role")),
        has_more=holds_outside(person, reach),
        may_change=can,
        is_self=viewer.person_id == person.pk,
        teams=list(person.teams.order_by("key")),
        tokens=list(person.tokens.order_by("-created_at")) if can else [],
        history=_history(reach, person),
    )


def _history(reach: Reach, person: Person) -> list[AccessChange]:
    """Latest changes of the person's access, newest first; the names come from what entries keep of them."""
    scopes = dict(Scope.objects.values_list("pk", "key"))
    if reach.scope_ids is not ALL:
        scopes = {pk: key for pk, key in scopes.items() if pk in reach.scope_ids}
    found = (
        Entry.objects.select_related("body")
        .filter(
            scope_id__in=scopes,
            subject_id=0,
            type__in=ACCESS_ENTRIES,
            body__personal__person__id=str(person.uuid),
        )
        .order_by("-id")[:HISTORY]
    )
    return [
        AccessChange(
            type=entry.type,
            at=entry.occurred_at,
            scope_key=scopes[entry.scope_id],
            role=str((entry.body.shared or {}).get("role", "")),
            by=str((entry.body.personal or {}).get("actor", {}).get("name", "")),
        )
        for entry in found
    ]


def access_token(viewer: Viewer, person: Person, uuid: UUID) -> ApiToken:
    """A token of somebody whose account is the viewer's to change. Raises NotFound."""
    token = person.tokens.select_related("person").filter(uuid=uuid).first()
    if token is None or not may_change(viewer, person):
        raise NotFound(_("There is no such token."))
    return token


# --- contracts in which roles are given


def contracts_to_give(viewer: Viewer) -> list[Scope]:
    """Scopes in which the viewer gives roles, by key."""
    reach = access_administration(viewer)
    scopes = Scope.objects.order_by("key")
    return list(scopes if reach.scope_ids is ALL else scopes.filter(pk__in=reach.scope_ids))


def access_grantable(viewer: Viewer, key: str) -> Scope:
    """The scope with that key, when the viewer gives roles in it. Raises NotFound."""
    scope = Scope.objects.filter(key=key).first()
    if scope is None or not access_administration(viewer).has_scope(scope.pk):
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    return scope


# --- organisations and teams


def organisations_to_choose(
    viewer: Viewer, *, chosen: str = "", has_teams: bool = False
) -> tuple[list[Organisation], bool]:
    """Organisations within reach that a form offers, by kind and name, and whether these are all: of more than
    MOST_OFFERED only the one with the key `chosen`. `has_teams`: none of clients, who have no teams.
    """
    found = organisations_within(access_administration(viewer)).order_by("kind", "name", "key")
    if has_teams:
        found = found.exclude(kind=Organisation.Kind.CLIENT)
    offered = list(found[: MOST_OFFERED + 1])
    if len(offered) <= MOST_OFFERED:
        return offered, True
    return list(found.filter(key=chosen)), False


def organisation_named(viewer: Viewer, text: str) -> Organisation:
    """The organisation within reach with that key, or else with that whole name. Raises Invalid for "organisation"."""
    within = organisations_within(access_administration(viewer))
    found = list(within.filter(key=text.strip()) or within.filter(name__iexact=text.strip())[:2])
    if not found:
        raise Invalid({"organisation": _("There is no organisation with this key or name.")})
    if len(found) > 1:
        raise Invalid({"organisation": _("Several organisations have this name; use the key.")})
    return found[0]


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """Some organisations in the order of their keys."""

    organisations: Sequence[Organisation]
    following: str | None


def find_organisations(
    viewer: Viewer, *, text: str = "", kind: str = "", after: str = "", limit: int = PAGE
) -> OrganisationPage:
    """A page of organisations within reach (keyset on the key)."""
    found = organisations_within(access_administration(viewer)).order_by("key")
    for word in text.split()[:5]:
        found = found.filter(Q(name__icontains=word) | Q(key__icontains=word))
    if kind:
        found = found.filter(kind=kind)
    if after:
        found = found.filter(key__gt=after)
    rows = list(found[: limit + 1])
    return OrganisationPage(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)


def access_organisation(viewer: Viewer, key: str) -> Organisation:
    """The organisation within reach. Raises NotFound."""
    found = organisations_within(access_administration(viewer)).filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no organisation “%(key)s”.") % {"key": key})
    return found


@dataclass(frozen=True, slots=True)
class TeamPage:
    """Some teams in the order they were made."""

    teams: Sequence[Team]  #: with their people
    following: str | None


def find_teams(
    viewer: Viewer, *, text: str = "", organisation: str = "", after: str = "", limit: int = PAGE
) -> TeamPage:
    """A page of teams within reach, with members (keyset on the UUID, which grows with time; 2 or 3 queries).

    Each word of `text` stands in a team's name or key, or in its organisation's name.
    """
    found = teams_within(access_administration(viewer)).order_by("uuid")
    for word in text.split()[:5]:
        found = found.filter(
            Q(name__icontains=word) | Q(key__icontains=word) | Q(organisation__name__icontains=word)
        )
    if organisation:
        found = found.filter(organisation__key=organisation)
    if after:
        try:
            found = found.filter(uuid__gt=UUID(after))
        except ValueError:
            raise NotFound(_("There is no such page.")) from None
    members = Prefetch("people", Person.objects.order_by("login"))
    rows = list(found.prefetch_related(members)[: limit + 1])
    return TeamPage(rows[:limit], str(rows[limit - 1].uuid) if len(rows) > limit else None)


def access_team(viewer: Viewer, uuid: UUID) -> Team:
    """The team within reach. Raises NotFound."""
    team = teams_within(access_administration(viewer)).filter(uuid=uuid).first()
    if team is None:
        raise NotFound(_("There is no such team."))
    return team


def members_to_choose(team: Team, chosen: Collection[str]) -> tuple[list[Person], bool]:
    """Whom a team's form offers, by login, and whether that is everybody of its organisation: of more than
    MOST_OFFERED its members and those whose UUIDs are `chosen`.
    """
    people = team.organisation.people.order_by("login")
    offered = list(people[: MOST_OFFERED + 1])
    if len(offered) <= MOST_OFFERED:
        return offered, True
    uuids = {uuid for text in chosen if (uuid := _uuid(text)) is not None}
    return list(people.filter(Q(teams=team) | Q(uuid__in=uuids)).distinct()), False


def find_new_members(team: Team, text: str) -> tuple[list[Person], bool]:
    """Active people of the team's organisation who are no members yet, by login, name or mail address; none for no
    text, at most FOUND, and whether there are more.
    """
    words = text.split()[:5]
    if not words:
        return [], False
    found = team.organisation.people.filter(is_active=True).exclude(teams=team)
    for word in words:
        found = found.filter(Q(name__icontains=word) | Q(login__icontains=word) | Q(email__icontains=word))
    people = list(found.order_by("login")[: FOUND + 1])
    return people[:FOUND], len(people) > FOUND


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
