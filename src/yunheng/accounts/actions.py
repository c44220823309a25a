"""Creates and changes organisations, people, teams, memberships and tokens.

Roles given and taken are entries in the log of the scope they are for: who could see and do what is part of
the proof. What belongs to no scope goes to the structured log.
"""

import logging
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator, validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import TOKEN_SCOPES, Viewer
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

from .models import ApiToken, Membership, Organisation, Person, Team
from .queries import token_digest
from .roles import ROLES

_log = logging.getLogger(__name__)

LINES: Final = ("first", "second", "third", "supplier")
HINT_LENGTH: Final = 8
TOKEN_PREFIX: Final = "yh_"  # noqa: S105 - lets secret scanners recognise a leaked token

#: Subject of entries that are about a scope as a whole and not about one subject in it.
SCOPE_SUBJECT: Final = 0

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LOGIN = re.compile(r"[^\s\x00-\x1f/:\\]{1,150}")


# --- organisations and teams


@transaction.atomic
def create_organisation(*, viewer: Viewer, key: str, name: str, kind: str) -> Organisation:
    """Create a provider, client or supplier. Needs `admin.people` everywhere. Raises Invalid per field."""
    viewer.require("admin.people", None)
    faults = {**_key_fault(key), **_name_fault(name, 200)}
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

    Its people belong to the organisation. Needs `admin.people` somewhere. Raises Invalid per field.
    """
    _require_somewhere(viewer)
    members = list(people)
    faults = {**_key_fault(key), **_name_fault(name, 150)}
    if line not in LINES:
        faults["line"] = _("One of: %(choices)s.") % {"choices": ", ".join(LINES)}
    elif (line == "supplier") != (organisation.kind == Organisation.Kind.SUPPLIER):
        faults["line"] = _("Suppliers' teams, and no others, are on the line “supplier”.")
    if organisation.kind == Organisation.Kind.CLIENT:
        faults["organisation"] = _("A client's organisation has no teams.")
    strangers = [person.login for person in members if person.organisation_id != organisation.pk]
    if strangers:
        faults["people"] = _("Not of this organisation: %(people)s.") % {"people": ", ".join(strangers)}
    if not faults and Team.objects.filter(organisation=organisation, key=key).exists():
        faults["key"] = _("There is a team “%(key)s” already.") % {"key": key}
    if faults:
        raise Invalid(faults)
    team = Team.objects.create(organisation=organisation, key=key, name=name.strip(), line=line)
    team.people.set(members)
    _log.info("team.created", extra={"actor": viewer.actor.id, "team": key, "organisation": organisation.key})
    return team


@transaction.atomic
def set_team_people(*, viewer: Viewer, team: Team, people: Iterable[Person]) -> None:
    """Say who belongs to a team. Raises Invalid for somebody of another organisation."""
    _require_somewhere(viewer)
    members = list(people)
    strangers = [person.login for person in members if person.organisation_id != team.organisation_id]
    if strangers:
        raise Invalid(
            {"people": _("Not of this organisation: %(people)s.") % {"people": ", ".join(strangers)}}
        )
    team.people.set(members)
    _log.info("team.changed", extra={"actor": viewer.actor.id, "team": team.key, "people": len(members)})


# --- people


@transaction.atomic
def create_person(
    *,
    viewer: Viewer,
    login: str,
    name: str,
    organisation: Organisation,
    email: str = "",
    password: str | None = None,
    language: str = "zh-hans",
    zone: str = "Asia/Shanghai",
) -> Person:
    """Create somebody who may sign in once a password is set; without roles they see nothing.

    Needs `admin.people` somewhere. Raises Invalid per field, also for a password that is too weak.
    """
    _require_somewhere(viewer)
    faults: dict[str, str | list[str]] = dict(_name_fault(name, 150))
    if not _LOGIN.fullmatch(login):
        faults["login"] = _("1 to 150 characters, without blanks, “/”, “:” and “\\”.")
    elif Person.objects.filter(login__iexact=login).exists():
        faults["login"] = _("There is somebody with the login “%(login)s” already.") % {"login": login}
    if email:
        try:
            validate_email(email)
        except ValidationError:
            faults["email"] = _("This is no e-mail address.")
    if language not in dict(settings.LANGUAGES):
        faults["language"] = _("One of: %(choices)s.") % {"choices": ", ".join(dict(settings.LANGUAGES))}
    if not _is_zone(zone):
        faults["zone"] = _("This is no time zone like Asia/Shanghai.")
    person = Person(
        login=login,
        name=name.strip(),
        organisation=organisation,
        email=email,
        language=language,
        zone=zone,
    )
    if password is None:
        person.set_unusable_password()
    else:
        weak = _password_faults(password, person)
        if weak:
            faults["password"] = weak
        person.set_password(password)
    if faults:
        raise Invalid(faults)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        raise Invalid(
            {"login": _("There is somebody with the login “%(login)s” already.") % {"login": login}}
        ) from None
    _log.info("person.created", extra={"actor": viewer.actor.id, "person": str(person.uuid)})
    return person


@transaction.atomic
def set_password(*, viewer: Viewer, person: Person, password: str, old_password: str | None = None) -> None:
    """Set a password: one's own with the old one, or anybody's with `admin.people` everywhere.

    A token sets none: who holds a leaked one would sign in with it as somebody else, and without its limits. Ends the
    person's sessions. Raises Invalid with all that is weak about the password.
    """
    if viewer.token_scopes is not None:
        raise Forbidden(_("You may set your own password only."), permission="admin.people")
    if not viewer.may("admin.people", None):
        if viewer.person_id != person.pk:
            raise Forbidden(_("You may set your own password only."), permission="admin.people")
        if old_password is None or not person.check_password(old_password):
            raise Invalid({"old_password": _("This is not your present password.")})
    weak = _password_faults(password, person)
    if weak:
        raise Invalid({"password": weak})
    person.set_password(password)
    person.save(update_fields=["password"])
    _log.info("person.password_set", extra={"actor": viewer.actor.id, "person": str(person.uuid)})


@transaction.atomic
def disable_person(*, viewer: Viewer, person: Person, at: datetime | None = None) -> None:
    """Let somebody neither sign in nor act any more; their tokens end. Needs `admin.people` everywhere."""
    viewer.require("admin.people", None)
    if viewer.person_id == person.pk:
        raise Invalid({"person": _("You cannot disable yourself.")})
    Person.objects.filter(pk=person.pk).update(is_active=False)
    person.is_active = False
    ApiToken.objects.filter(person=person, revoked_at=None).update(revoked_at=at or datetime.now(UTC))
    _log.info("person.disabled", extra={"actor": viewer.actor.id, "person": str(person.uuid)})


@transaction.atomic
def enable_person(*, viewer: Viewer, person: Person) -> None:
    """Let somebody in again; tokens stay ended. Needs `admin.people` everywhere."""
    viewer.require("admin.people", None)
    Person.objects.filter(pk=person.pk).update(is_active=True)
    person.is_active = True
    _log.info("person.enabled", extra={"actor": viewer.actor.id, "person": str(person.uuid)})


# --- memberships


@transaction.atomic
def grant_membership(
    *, viewer: Viewer, person: Person, role: str, scope: Scope | None, at: datetime | None = None
) -> Membership:
    """Give somebody a role in a scope; in every scope (None) only to administrators. Idempotent.

    The role must be one for the kind of the person's organisation: a client's person is never given a
    provider's role. Needs `admin.people` there. Writes "membership.granted" into the scope's log.
    """
    scope_id = scope.pk if scope else None
    viewer.require("admin.people", scope_id)
    found = ROLES.get(role)
    if found is None:
        raise Invalid({"role": _("One of: %(choices)s.") % {"choices": ", ".join(ROLES)}})
    organisation = person.organisation
    if found.kind != organisation.kind:
        raise Invalid(
            {
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
            },
            code="role_kind",
        )
    if scope is None and role != "provider_admin":
        raise Invalid({"scope": _("Only “provider_admin” can be held under every contract.")})
    membership, is_new = Membership.objects.get_or_create(person=person, role=role, scope=scope)
    if is_new:
        _tell("membership.granted", viewer, person, role, scope, at)
    return membership


@transaction.atomic
def revoke_membership(
    *, viewer: Viewer, person: Person, role: str, scope: Scope | None, at: datetime | None = None
) -> None:
    """Take a role away. Needs `admin.people` there; writes "membership.revoked". Raises NotFound when it is
    not held.
    """
    viewer.require("admin.people", scope.pk if scope else None)
    count, _by_model = Membership.objects.filter(person=person, role=role, scope=scope).delete()
    if not count:
        raise NotFound(
            _("%(person)s does not hold the role “%(role)s” there.") % {"person": person.name, "role": role}
        )
    _tell("membership.revoked", viewer, person, role, scope, at)


def _tell(
    entry_type: str, viewer: Viewer, person: Person, role: str, scope: Scope | None, at: datetime | None
) -> None:
    _log.info(
        entry_type,
        extra={
            "actor": viewer.actor.id,
            "person": str(person.uuid),
            "role": role,
            "scope": scope.key if scope else None,
        },
    )
    if scope is None:
        return
    now = datetime.now(UTC)
    record(
        EntryDraft(
            scope_id=scope.pk,
            scope_key=scope.key,
            subject_id=SCOPE_SUBJECT,
            subject_number=scope.key.upper(),
            type=entry_type,
            occurred_at=at or now,
            actor=viewer.actor,
            source="server" if viewer.is_system else "person",
            shared={"role": role, "side": ROLES[role].kind, "organisation": person.organisation.key},
            personal={"person": {"id": str(person.uuid), "name": person.name}},
        ),
        recorded_at=now,
    )


# --- tokens


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token with its secret, which is nowhere else and is shown once."""

    token: ApiToken
    secret: str


@transaction.atomic
def create_token(
    *,
    viewer: Viewer,
    person: Person,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> NewToken:
    """Make a bearer token for oneself, or for anybody with `admin.people` everywhere.

    Scopes ("read", "write", "admin") only narrow what the person may do. A token cannot make tokens. Only
    the SHA-256 of the secret is kept. Raises Invalid per field.
    """
    if viewer.token_scopes is not None or (
        viewer.person_id != person.pk and not viewer.may("admin.people", None)
    ):
        raise Forbidden(_("You may make tokens for yourself only."), permission="admin.people")
    wanted = sorted(set(scopes), key=lambda scope: TOKEN_SCOPES.index(scope) if scope in TOKEN_SCOPES else 99)
    faults = _name_fault(name, 100)
    if not wanted or not set(wanted) <= set(TOKEN_SCOPES):
        faults["scopes"] = _("At least one of: %(choices)s.") % {"choices": ", ".join(TOKEN_SCOPES)}
    if expires_at is not None and (expires_at.utcoffset() is None or expires_at <= datetime.now(UTC)):
        faults["expires_at"] = _("This lies in the past, or has no time zone.")
    if not person.is_active:
        faults["person"] = _("This person is disabled.")
    if faults:
        raise Invalid(faults)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        person=person,
        name=name.strip(),
        digest=token_digest(secret),
        hint=secret[:HINT_LENGTH],
        scopes=wanted,
        expires_at=expires_at,
    )
    _log.info("token.created", extra={"actor": viewer.actor.id, "token": str(token.uuid), "scopes": wanted})
    return NewToken(token, secret)


@transaction.atomic
def revoke_token(*, viewer: Viewer, token: ApiToken, at: datetime | None = None) -> None:
    """End a token at once: one's own, or anybody's with `admin.people` everywhere. Idempotent."""
    if viewer.person_id != token.person_id and not viewer.may("admin.people", None):
        raise Forbidden(_("You may revoke your own tokens only."), permission="admin.people")
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at or datetime.now(UTC))
    _log.info("token.revoked", extra={"actor": viewer.actor.id, "token": str(token.uuid)})


# --- checks


def _require_somewhere(viewer: Viewer) -> None:
    """Raise Forbidden unless `admin.people` is held in at least one scope."""
    scopes = {scope_id for _role, scope_id in viewer.grants}
    if not viewer.is_system and not any(viewer.may("admin.people", scope_id) for scope_id in scopes):
        viewer.require("admin.people", None)


def _key_fault(key: str) -> dict[str, str]:
    if _KEY.fullmatch(key):
        return {}
    return {"key": _("1 to 64 of a–z, 0–9, “-” and “_”, beginning with a letter or digit.")}


def _name_fault(name: str, length: int) -> dict[str, str]:
    if not name.strip():
        return {"name": _("This field is required.")}
    if len(name.strip()) > length:
        return {"name": _("At most %(count)d characters.") % {"count": length}}
    return {}


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _password_faults(password: str, person: Person) -> list[str]:
    """Everything that is weak about a password, the likeness to the person's login, name and e-mail
    included.
    """
    faults: list[str] = []
    alike = UserAttributeSimilarityValidator(user_attributes=("login", "name", "email"))
    for validate in (validate_password, alike.validate):
        try:
            validate(password, person)
        except ValidationError as error:
            faults += error.messages
    return list(dict.fromkeys(faults))
