"""Makes and ends bearer tokens."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import TOKEN_SCOPES, Viewer
from yunheng.foundation.refusals import Forbidden, Invalid

from ..models import ApiToken, Person
from ..queries import token_digest
from ..reach import may_change
from .checks import name_fault

_log = logging.getLogger("yunheng.accounts.actions")

HINT_LENGTH: Final = 8
TOKEN_PREFIX: Final = "yh_"  # noqa: S105 - lets secret scanners recognise a leaked token


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
    faults = name_fault(name, 100)
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
    """End a token at once: one's own, or somebody's within the viewer's reach (`may_change`). Idempotent."""
    if viewer.person_id != token.person_id and not may_change(viewer, token.person):
        raise Forbidden(_("You may revoke your own tokens only."), permission="admin.people")
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at or datetime.now(UTC)):
        _log.info("token.revoked", extra={"actor": viewer.actor.id, "token": str(token.uuid)})


def end_tokens(person: Person) -> int:
    """End all tokens of a person, as part of an action that may; the number of those that ended."""
    now = datetime.now(UTC)
    return ApiToken.objects.filter(person=person, revoked_at=None).update(revoked_at=now)
