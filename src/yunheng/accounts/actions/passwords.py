"""Passwords: one's own, somebody else's, and the link with which somebody invited sets the first one."""

import logging
from typing import Literal

from django.contrib.auth.hashers import is_password_usable
from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Forbidden, Invalid

from ..alarms import tell_change
from ..links import INVITATION, Link
from ..models import Person
from ..queries import actor_of
from ..reach import require_change
from ..sessions import end_sessions
from .checks import password_faults
from .telling import tell_account
from .tokens import end_tokens

_log = logging.getLogger("yunheng.accounts.actions")

INVITATION_DAYS = INVITATION.seconds // 86_400


@transaction.atomic
def set_password(
    *,
    viewer: Viewer,
    person: Person,
    password: str,
    old_password: str | None = None,
    ends_tokens: bool = True,
) -> None:
    """Set a password: one's own with the present one, or somebody else's within the viewer's reach (`may_change`).

    A token sets none: who holds a leaked one would sign in with it as somebody else, and without its limits. Ends the
    sessions of somebody else and, unless they are to stay, the API tokens: after a takeover a thief's would live on. A
    password that somebody else set must be changed by the person, who is told by mail. Raises Invalid with all that
    is weak about the password.
    """
    if viewer.token_scopes is not None:
        raise Forbidden(_("A token sets no passwords."), permission="admin.people")
    is_own = viewer.person_id == person.pk
    if is_own:
        if old_password is None or not person.check_password(old_password):
            raise Invalid({"old_password": _("This is not your present password.")})
    else:
        require_change(viewer, person)
    weak = password_faults(password, person)
    if is_own and old_password == password:
        weak.append(_("This is the password that you have."))
    if weak:
        raise Invalid({"password": weak})
    _write(person, password, must_change=not is_own and not viewer.is_system)
    if is_own:
        _log.info("person.password_changed", extra={"actor": viewer.actor.id, "person": str(person.uuid)})
        tell_change(person, "password", by="person")
    else:
        end_sessions(person.pk)
        ended = end_tokens(person) if ends_tokens else 0
        told = {"by": "administrator", "tokens": "ended" if ends_tokens else "kept"}
        tell_account("person.password_set", viewer, person, told)
        tell_change(person, "password", by="administrator", ended_tokens=ended)


@transaction.atomic
def make_invitation(*, viewer: Viewer, person: Person) -> str:
    """The secret part of a link with which the person sets a password, once and within seven days.

    Raises Forbidden beyond the viewer's reach and for tokens, Invalid for oneself and for somebody disabled. For
    somebody without a password every earlier link ends.
    """
    if viewer.token_scopes is not None:
        raise Forbidden(_("A token sets no passwords."), permission="admin.people")
    require_change(viewer, person)
    if viewer.person_id == person.pk:
        raise Invalid({"person": _("Your own password is changed under “Your account”.")})
    if not person.is_active:
        raise Invalid({"person": _("This person is disabled.")})
    if not is_password_usable(person.password):
        person.set_unusable_password()  # random each time, and part of the fingerprint
        Person.objects.filter(pk=person.pk).update(password=person.password)
    tell_account("person.invited", viewer, person)
    return INVITATION.secret_for(person)


def invited_person(secret: str) -> Person:
    """Whom a link invites. Raises NotFound, always in the same words, for one that is forged, used or too old."""
    return INVITATION.person_of(secret)


@transaction.atomic
def accept_invitation(*, secret: str, password: str, ends_tokens: bool = True) -> Person:
    """Set the password of whom the link invites; the link, sessions and, unless they are to stay, API tokens end with
    it. Raises NotFound, and Invalid for a weak one.
    """
    return set_by_link(INVITATION, secret, password, by="invitation", ends_tokens=ends_tokens)


def set_by_link(
    link: Link, secret: str, password: str, *, by: Literal["invitation", "mail"], ends_tokens: bool
) -> Person:
    """Set the password of whose link it is, in the caller's transaction. Raises NotFound, Invalid for a weak one."""
    person = link.person_of(secret, is_held=True)
    weak = password_faults(password, person)
    if weak:
        raise Invalid({"password": weak})
    _write(person, password, must_change=False)
    end_sessions(person.pk)
    ended = end_tokens(person) if ends_tokens else 0
    told = {"by": by, "tokens": "ended" if ends_tokens else "kept"}
    tell_account("person.password_set", actor_of(person), person, told)
    tell_change(person, "password", by=by, ended_tokens=ended)
    return person


def _write(person: Person, password: str, *, must_change: bool) -> None:
    person.set_password(password)
    person.must_change_password = must_change
    person.save(update_fields=["password", "must_change_password"])
