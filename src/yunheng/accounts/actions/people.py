"""Creates and changes people, lets them in and shuts them out."""

import logging
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Forbidden, Invalid

from ..alarms import tell_change
from ..models import ApiToken, Organisation, Person
from ..reach import require_change, require_organisation
from ..sessions import end_sessions
from .checks import login_fault, password_faults, person_faults
from .telling import tell_account

_log = logging.getLogger("yunheng.accounts.actions")


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

    The organisation is within the viewer's reach. A password that an administrator sets must be changed by the
    person; a token sets none, or it would become a sign-in that outlives it. Raises Invalid per field, also for a
    password that is too weak.
    """
    require_organisation(viewer, organisation)
    if password is not None and viewer.token_scopes is not None:
        raise Forbidden(_("A token sets no passwords."), permission="admin.people")
    faults: dict[str, str | list[str]] = {
        **person_faults(name=name, email=email, language=language, zone=zone),
        **login_fault(login),
    }
    if "login" not in faults and Person.objects.filter(login__iexact=login).exists():
        faults["login"] = _taken(login)
    person = Person(
        login=login,
        name=name.strip(),
        organisation=organisation,
        email=email,
        language=language,
        zone=zone,
        must_change_password=password is not None and not viewer.is_system,
    )
    if password is None:
        person.set_unusable_password()
    else:
        weak = password_faults(password, person)
        if weak:
            faults["password"] = weak
        person.set_password(password)
    if faults:
        raise Invalid(faults)
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        raise Invalid({"login": _taken(login)}) from None
    _log.info("person.created", extra={"actor": viewer.actor.id, "person": str(person.uuid)})
    return person


@transaction.atomic
def change_person(*, viewer: Viewer, person: Person, name: str, email: str, language: str, zone: str) -> None:
    """Write down another name, e-mail address, language or zone.

    Another address is an entry: whoever reads its mail can ask for a new password. Raises Forbidden beyond the viewer's
    reach (see `may_change`) and for a token that would change the address, Invalid per field.
    """
    require_change(viewer, person)
    faults = person_faults(name=name, email=email, language=language, zone=zone)
    if faults:
        raise Invalid(faults)
    new = {"name": name.strip(), "email": email, "language": language, "zone": zone}
    changed = [field for field, value in new.items() if getattr(person, field) != value]
    if not changed:
        return
    if "email" in changed and viewer.token_scopes is not None:
        raise Forbidden(
            _("A token changes no e-mail address: a new password could be sent to it."),
            permission="admin.people",
        )
    before = person.email
    Person.objects.filter(pk=person.pk).update(**new)
    for field, value in new.items():
        setattr(person, field, value)
    _log.info(
        "person.changed",
        extra={"actor": viewer.actor.id, "person": str(person.uuid), "fields": changed},
    )
    if "email" in changed and viewer.person_id != person.pk:
        tell_account("person.email_changed", viewer, person)
        if before:
            tell_change(person, "email", by="administrator", address=before)


@transaction.atomic
def disable_person(*, viewer: Viewer, person: Person, at: datetime | None = None) -> None:
    """Let somebody neither sign in nor act any more; their tokens end. Raises Forbidden beyond the viewer's reach."""
    require_change(viewer, person)
    if viewer.person_id == person.pk:
        raise Invalid({"person": _("You cannot disable yourself.")})
    if not Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        return
    person.is_active = False
    ApiToken.objects.filter(person=person, revoked_at=None).update(revoked_at=at or datetime.now(UTC))
    end_sessions(person.pk)
    tell_account("person.disabled", viewer, person)


@transaction.atomic
def enable_person(*, viewer: Viewer, person: Person) -> None:
    """Let somebody in again; tokens stay ended. Raises Forbidden beyond the viewer's reach."""
    require_change(viewer, person)
    if not Person.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        return
    person.is_active = True
    tell_account("person.enabled", viewer, person)


def _taken(login: str) -> str:
    return _("There is somebody with the login “%(login)s” already.") % {"login": login}
