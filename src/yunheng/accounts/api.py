"""API of people, organisations, teams and roles within the reader's reach; and of one's own account."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import LARGEST_PAGE, PAGE, Input, Instant, Page, viewer_of
from yunheng.foundation.idempotency import keep_no_answer
from yunheng.foundation.refusals import Forbidden

from .actions import (
    change_person,
    change_team,
    create_organisation,
    create_person,
    create_team,
    create_token,
    disable_person,
    enable_person,
    grant_membership,
    rename_organisation,
    revoke_membership,
    revoke_token,
)
from .models import ApiToken, Membership, Organisation, Person, Team
from .preferences import change_profile
from .queries import (
    PeopleFilter,
    access_grantable,
    access_organisation,
    access_person,
    access_team,
    access_token,
    find_organisations,
    find_people,
    find_teams,
    select_people,
    tell_person,
)
from .sessions import device_in_words, end_session, is_confirmed, sessions_of, uuid_of_session
from .tokens import own_token, tokens_of

router = Router(tags=["people"])
own_router = Router(tags=["me"])


class OrganisationIn(Input):
    """A new organisation."""

    key: str = Field(examples=["acme"])
    name: str
    kind: Literal["provider", "client", "supplier"]


class NameIn(Input):
    """Another name."""

    name: str


class OrganisationOut(Schema):
    """A provider, a client or a supplier."""

    key: str
    name: str
    kind: str


class PersonChange(Input):
    """What can be changed of somebody."""

    name: str
    email: str = ""
    language: str = Field("zh-hans", description="zh-hans or en")
    zone: str = Field("Asia/Shanghai", description="IANA name")


class PersonIn(PersonChange):
    """Somebody new. They choose a password by an invitation, which an administrator who signed in makes."""

    login: str
    organisation: str = Field(description="Key")


class PersonOut(Schema):
    """Somebody."""

    uuid: UUID
    login: str
    name: str
    email: str
    organisation: str
    language: str
    zone: str
    is_active: bool


class RoleOut(Schema):
    """A role in a contract; `contract` is null for a role in all of them."""

    role: str
    contract: str | None


class PersonInList(PersonOut):
    """Somebody with the roles that are the reader's business."""

    roles: list[RoleOut]


class TokenOut(Schema):
    """A token, without its secret."""

    uuid: UUID
    name: str
    hint: str = Field(description="First characters of the secret")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class PersonDetail(PersonInList):
    """Somebody in full."""

    has_more_roles: bool = Field(description="Elsewhere, too; where is not said")
    may_change: bool
    teams: list[str]
    tokens: list[TokenOut]


class RoleIn(Input):
    """A role given or taken."""

    role: str
    contract: str | None = Field(description="Key; null for a role in all contracts")


class TeamChange(Input):
    """A team's name, line and people."""

    name: str
    line: str = Field("first", description="first, second or third of the provider; supplier")
    people: list[UUID] = Field([], max_length=500)


class TeamIn(TeamChange):
    """A new team."""

    key: str
    organisation: str = Field(description="Key")


class MemberOut(Schema):
    """Somebody in a team."""

    uuid: UUID
    login: str
    name: str


class TeamOut(Schema):
    """A team."""

    uuid: UUID
    key: str
    name: str
    line: str
    organisation: str
    people: list[MemberOut]


def _organisation(found: Organisation) -> dict[str, Any]:
    return {"key": found.key, "name": found.name, "kind": found.kind}


def _person(found: Person) -> dict[str, Any]:
    return {
        "uuid": found.uuid,
        "login": found.login,
        "name": found.name,
        "email": found.email,
        "organisation": found.organisation.key,
        "language": found.language,
        "zone": found.zone,
        "is_active": found.is_active,
    }


def _role(held: Membership) -> dict[str, Any]:
    return {"role": held.role, "contract": held.scope.key if held.scope else None}


def _token(token: ApiToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in TokenOut.model_fields}


def _detail(viewer: Viewer, found: Person) -> dict[str, Any]:
    story = tell_person(viewer, found)
    return {
        **_person(found),
        "roles": [_role(held) for held in story.memberships],
        "has_more_roles": story.has_more,
        "may_change": story.may_change,
        "teams": [team.key for team in story.teams],
        "tokens": [_token(token) for token in story.tokens],
    }


def _team(found: Team) -> dict[str, Any]:
    return {
        "uuid": found.uuid,
        "key": found.key,
        "name": found.name,
        "line": found.line,
        "organisation": found.organisation.key,
        "people": [{"uuid": one.uuid, "login": one.login, "name": one.name} for one in found.people.all()],
    }


# --- organisations


@router.get("/organisations", response=Page[OrganisationOut], summary="Organisations")
def read_organisations(
    request: HttpRequest,
    text: str = Query("", max_length=200),
    kind: str = Query("", description="provider, client or supplier"),
    after: str = Query("", max_length=64),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Those that the reader administers, by key."""
    page = find_organisations(viewer_of(request), text=text, kind=kind, after=after, limit=limit)
    return {"items": [_organisation(one) for one in page.organisations], "next": page.following}


@router.post("/organisations", response={201: OrganisationOut}, summary="Make an organisation")
def post_organisation(request: HttpRequest, body: OrganisationIn) -> dict[str, Any]:
    """Needs `admin.people` everywhere."""
    return _organisation(create_organisation(viewer=viewer_of(request), **body.model_dump()))


@router.put("/organisations/{key}", response=OrganisationOut, summary="Rename an organisation")
def put_organisation(request: HttpRequest, key: str, body: NameIn) -> dict[str, Any]:
    """Its key stays."""
    viewer = viewer_of(request)
    found = access_organisation(viewer, key)
    rename_organisation(viewer=viewer, organisation=found, name=body.name)
    return _organisation(access_organisation(viewer, key))


# --- people


@router.get("/people", response=Page[PersonInList], summary="People")
def read_people(
    request: HttpRequest,
    text: str = Query("", max_length=200, description="In name, login, e-mail address or organisation"),
    organisation: str = Query("", max_length=64),
    state: Literal["", "active", "disabled", "without_role"] = "",
    after: str = Query("", max_length=150, description="Login of the last one already seen"),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Those of the parties whose contracts the reader administers, by login."""
    page = find_people(viewer_of(request), PeopleFilter(text, organisation, state), after=after, limit=limit)
    return {
        "items": [
            {**_person(one), "roles": [_role(held) for held in one.roles_shown]}  # type: ignore[attr-defined]
            for one in page.people
        ],
        "next": page.following,
    }


@router.post("/people", response={201: PersonDetail}, summary="Add somebody")
def post_person(request: HttpRequest, body: PersonIn) -> dict[str, Any]:
    """Without roles they see nothing; without a password they cannot sign in."""
    viewer = viewer_of(request)
    organisation = access_organisation(viewer, body.organisation)
    made = create_person(
        viewer=viewer, organisation=organisation, **body.model_dump(exclude={"organisation"})
    )
    return _detail(viewer, made)


@router.get("/people/{uuid:uuid}", response=PersonDetail, summary="One person")
def read_person(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """With roles, teams and tokens, as far as they are the reader's business."""
    viewer = viewer_of(request)
    return _detail(viewer, access_person(viewer, uuid))


@router.put("/people/{uuid:uuid}", response=PersonDetail, summary="Change somebody")
def put_person(request: HttpRequest, uuid: UUID, body: PersonChange) -> dict[str, Any]:
    """Name, e-mail address, language, zone."""
    viewer = viewer_of(request)
    found = access_person(viewer, uuid)
    change_person(viewer=viewer, person=found, **body.model_dump())
    return _detail(viewer, found)


@router.post("/people/{uuid:uuid}/disable", response=PersonDetail, summary="Disable somebody")
def post_disabling(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """They neither sign in nor act any more; their tokens end."""
    viewer = viewer_of(request)
    found = access_person(viewer, uuid)
    disable_person(viewer=viewer, person=found)
    return _detail(viewer, found)


@router.post("/people/{uuid:uuid}/enable", response=PersonDetail, summary="Let somebody in again")
def post_enabling(request: HttpRequest, uuid: UUID) -> dict[str, Any]:
    """Tokens stay ended."""
    viewer = viewer_of(request)
    found = access_person(viewer, uuid)
    enable_person(viewer=viewer, person=found)
    return _detail(viewer, found)


@router.post("/people/{uuid:uuid}/roles", response={201: PersonDetail}, summary="Give a role")
def post_role(request: HttpRequest, uuid: UUID, body: RoleIn) -> dict[str, Any]:
    """Of the kind of the person's organisation. Idempotent; an entry in the contract's log says so."""
    viewer = viewer_of(request)
    found = access_person(viewer, uuid)
    scope = None if body.contract is None else access_grantable(viewer, body.contract)
    grant_membership(viewer=viewer, person=found, role=body.role, scope=scope)
    return _detail(viewer, found)


@router.post("/people/{uuid:uuid}/roles/revoke", response=PersonDetail, summary="Take a role away")
def post_revoking(request: HttpRequest, uuid: UUID, body: RoleIn) -> dict[str, Any]:
    """An entry in the contract's log says so."""
    viewer = viewer_of(request)
    found = access_person(viewer, uuid)
    scope = None if body.contract is None else access_grantable(viewer, body.contract)
    revoke_membership(viewer=viewer, person=found, role=body.role, scope=scope)
    return _detail(viewer, found)


@router.api_operation(
    ["DELETE"],
    "/people/{uuid:uuid}/tokens/{uuid:token}",
    response={204: None},
    summary="End somebody's token",
)
def remove_token(request: HttpRequest, uuid: UUID, token: UUID) -> None:
    """At once."""
    viewer = viewer_of(request)
    found = access_token(viewer, access_person(viewer, uuid), token)
    revoke_token(viewer=viewer, token=found)


# --- teams


@router.get("/teams", response=Page[TeamOut], summary="Teams")
def read_teams(
    request: HttpRequest,
    text: str = Query("", max_length=200, description="In name, key or the organisation's name"),
    organisation: str = Query("", max_length=64),
    after: str = Query("", max_length=36),
    limit: int = Query(PAGE, ge=1, le=LARGEST_PAGE),
) -> dict[str, Any]:
    """Those of the organisations that the reader administers, with their people."""
    page = find_teams(viewer_of(request), text=text, organisation=organisation, after=after, limit=limit)
    return {"items": [_team(one) for one in page.teams], "next": page.following}


@router.post("/teams", response={201: TeamOut}, summary="Make a team")
def post_team(request: HttpRequest, body: TeamIn) -> dict[str, Any]:
    """On a support line of the provider, or of a supplier. Its people belong to the organisation."""
    viewer = viewer_of(request)
    people = select_people(viewer, [str(uuid) for uuid in body.people])
    made = create_team(
        viewer=viewer,
        organisation=access_organisation(viewer, body.organisation),
        key=body.key,
        name=body.name,
        line=body.line,
        people=people,
    )
    return _team(made)


@router.put("/teams/{uuid:uuid}", response=TeamOut, summary="Change a team")
def put_team(request: HttpRequest, uuid: UUID, body: TeamChange) -> dict[str, Any]:
    """Name, line and all of its people."""
    viewer = viewer_of(request)
    found = access_team(viewer, uuid)
    people = select_people(viewer, [str(one) for one in body.people])
    change_team(viewer=viewer, team=found, name=body.name, line=body.line, people=people)
    return _team(access_team(viewer, uuid))


# --- oneself


class ProfileOut(Schema):
    """How one is called and reads."""

    login: str
    name: str
    email: str
    language: str
    zone: str


class OwnProfileIn(Input):
    """The same, to be changed. The e-mail address is changed on its page, after the password."""

    name: str
    language: str
    zone: str


class SessionOut(Schema):
    """A browser in which one is signed in."""

    uuid: UUID
    is_this: bool
    device: str
    address: str | None
    signed_in_at: datetime | None
    seen_at: datetime | None


class TokenIn(Input):
    """A new token."""

    name: str
    scopes: list[Literal["read", "write", "admin"]] = Field(min_length=1, max_length=3)
    expires_at: Instant | None = None


class NewTokenOut(TokenOut):
    """A token with its secret, which is shown once and kept nowhere."""

    secret: str


def _oneself(request: HttpRequest) -> Person:
    """The person who signed in. A token is for work: it looks after no account."""
    if viewer_of(request).token_scopes is not None:
        raise Forbidden(_("A token cannot do this: sign in."))
    person: Person = request.user  # type: ignore[assignment]
    return person


def _profile(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in ProfileOut.model_fields}


@own_router.get("/me/profile", response=ProfileOut, summary="How I am called and read")
def read_profile(request: HttpRequest) -> dict[str, Any]:
    """For somebody who signed in."""
    return _profile(_oneself(request))


@own_router.put("/me/profile", response=ProfileOut, summary="Change how I am called and read")
def put_profile(request: HttpRequest, body: OwnProfileIn) -> dict[str, Any]:
    """For somebody who signed in."""
    person = _oneself(request)
    change_profile(person=person, **body.model_dump())
    return _profile(person)


@own_router.get("/me/sessions", response=list[SessionOut], summary="Where I am signed in")
def read_sessions(request: HttpRequest) -> list[dict[str, Any]]:
    """The latest seen first."""
    person, here = _oneself(request), uuid_of_session(request)
    return [
        {
            "uuid": one.uuid,
            "is_this": str(one.uuid) == here,
            "device": device_in_words(one.agent),
            "address": one.address,
            "signed_in_at": one.signed_in_at,
            "seen_at": one.seen_at,
        }
        for one in sessions_of(person.pk, now=datetime.now(UTC))
    ]


@own_router.api_operation(
    ["DELETE"], "/me/sessions/{uuid:uuid}", response={204: None}, summary="Sign out elsewhere"
)
def remove_session(request: HttpRequest, uuid: UUID) -> None:
    """Its next request is a stranger's."""
    end_session(_oneself(request).pk, uuid)


@own_router.get("/me/tokens", response=list[TokenOut], summary="My tokens")
def read_own_tokens(request: HttpRequest) -> list[dict[str, Any]]:
    """The newest first, ended ones included."""
    return [_token(one) for one in tokens_of(_oneself(request).pk, now=datetime.now(UTC))]


@own_router.post("/me/tokens", response={201: NewTokenOut}, summary="Make a token")
def post_own_token(request: HttpRequest, body: TokenIn) -> dict[str, Any]:
    """For somebody who typed the password within the last quarter of an hour. The secret is shown once."""
    person = _oneself(request)
    if not is_confirmed(request, datetime.now(UTC)):
        raise Forbidden(_("Confirm your password first: /me/confirm"))
    keep_no_answer(request)
    made = create_token(viewer=viewer_of(request), person=person, **body.model_dump())
    return {**_token(made.token), "secret": made.secret}


@own_router.api_operation(
    ["DELETE"], "/me/tokens/{uuid:uuid}", response={204: None}, summary="End one of my tokens"
)
def remove_own_token(request: HttpRequest, uuid: UUID) -> None:
    """At once."""
    person = _oneself(request)
    revoke_token(viewer=viewer_of(request), token=own_token(person.pk, uuid))
