"""Screens on the wall: made and revoked by administrators, known by a token that reads the board and nothing else."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import Actor
from yunheng.foundation.journal import EntryDraft, record
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

from .models import WallScreen

PREFIX: Final = "yw_"
HINT_LENGTH: Final = 9
SCOPE_SUBJECT: Final = 0
_SEEN_EVERY: Final = timedelta(minutes=1)
#: The role whose tickets a screen counts; of its permissions a screen has this one alone.
_SEES_LIKE: Final = "quality_officer"
_PERMISSIONS: Final = frozenset({"kpi.view"})


@dataclass(frozen=True, slots=True)
class NewScreen:
    """A screen that was made, with its secret: nobody can show it again."""

    screen: WallScreen
    secret: str


def contracts_with_walls(viewer: Viewer) -> list[Contract]:
    """Contracts for which the viewer may make screens, by key: those administered, of the viewer's own side.

    Raises NotFound when there is none.
    """
    found = [
        contract
        for contract in contracts_visible_to(viewer).select_related("scope", "client").order_by("scope__key")
        if viewer.may("admin.people", contract.pk)
    ]
    if not found:
        raise NotFound(_("There is nothing here."))
    return found


def screens_of(viewer: Viewer) -> QuerySet[WallScreen]:
    """Screens all of whose contracts the viewer administers, the newest first."""
    administered = [contract.pk for contract in contracts_with_walls(viewer)]
    beyond = WallScreen.objects.exclude(contracts__in=administered).values("pk")
    foreign = WallScreen.contracts.through.objects.exclude(contract_id__in=administered)
    return (
        WallScreen.objects.exclude(pk__in=beyond)
        .exclude(pk__in=foreign.values("wallscreen_id"))
        .defer("digest")
        .select_related("made_by")
        .prefetch_related("contracts__scope")
        .order_by("-pk")
    )


def access_screen(viewer: Viewer, uuid: UUID) -> WallScreen:
    """The screen with that UUID. Raises NotFound alike for missing and hidden."""
    screen = screens_of(viewer).filter(uuid=uuid).first()
    if screen is None:
        raise NotFound(_("There is no such screen."))
    return screen


@transaction.atomic
def make_screen(
    *,
    viewer: Viewer,
    name: str,
    contracts: Collection[str],
    has_titles: bool = False,
    language: str = "",
    at: datetime | None = None,
) -> NewScreen:
    """Make a screen for contracts (keys) that the viewer administers; only the SHA-256 of its secret is kept.

    Needs `admin.people` in each; no token makes one. Writes "wall.made" in each contract. Raises Invalid per field.
    """
    if viewer.token_scopes is not None or viewer.person_id is None:
        raise Forbidden(_("Somebody who signed in makes screens, not a token."), permission="admin.people")
    offered = {contract.scope.key: contract for contract in contracts_with_walls(viewer)}
    known = [code for code, _name in settings.LANGUAGES]
    faults: dict[str, str | list[str]] = {}
    if not name.strip() or len(name.strip()) > 100:
        faults["name"] = _("Between 1 and %(count)d characters.") % {"count": 100}
    if not contracts or not set(contracts) <= set(offered):
        faults["contracts"] = _("Choose at least one of these.")
    if language and language not in known:
        faults["language"] = _("Choose one of these.")
    if faults:
        raise Invalid(faults)
    secret = PREFIX + secrets.token_urlsafe(32)
    screen = WallScreen.objects.create(
        name=name.strip(),
        digest=digest_of(secret),
        hint=secret[:HINT_LENGTH],
        has_titles=has_titles,
        language=language or known[0],
        made_by_id=viewer.person_id,
    )
    chosen = [offered[key] for key in sorted(set(contracts))]
    screen.contracts.set(chosen)
    _record(viewer, chosen, "wall.made", screen, at)
    return NewScreen(screen, secret)


@transaction.atomic
def revoke_screen(*, viewer: Viewer, screen: WallScreen, at: datetime | None = None) -> None:
    """End a screen at once; idempotent. Needs `admin.people` in each of its contracts. Writes "wall.revoked"."""
    chosen = list(screen.contracts.select_related("scope"))
    for contract in chosen:
        viewer.require("admin.people", contract.pk)
    now = at or datetime.now(UTC)
    if WallScreen.objects.filter(pk=screen.pk, revoked_at=None).update(revoked_at=now):
        _record(viewer, chosen, "wall.revoked", screen, at)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def screen_by_secret(secret: str, *, now: datetime) -> WallScreen | None:
    """The screen with that secret, unless it was revoked; notes when it was seen (2 queries, 1 more each minute)."""
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    screen = (
        WallScreen.objects.prefetch_related("contracts__scope", "contracts__client")
        .filter(digest=digest_of(secret), revoked_at=None)
        .first()
    )
    if screen is not None:
        stale = Q(seen_at=None) | Q(seen_at__lt=now - _SEEN_EVERY)
        if screen.seen_at is None or screen.seen_at < now - _SEEN_EVERY:
            WallScreen.objects.filter(stale, pk=screen.pk).update(seen_at=now)
    return screen


def viewer_of_screen(screen: WallScreen) -> Viewer:
    """The screen as a viewer: it may look at the figures of its contracts, and at nothing else."""
    return Viewer(
        actor=Actor("token", str(screen.uuid), screen.name),
        organisation_kind="provider",
        grants=frozenset((_SEES_LIKE, contract.pk) for contract in screen.contracts.all()),
        token_scopes=frozenset({"read"}),
        roles={_SEES_LIKE: _PERMISSIONS},
    )


def _record(
    viewer: Viewer, contracts: Sequence[Contract], entry_type: str, screen: WallScreen, at: datetime | None
) -> None:
    now = datetime.now(UTC)
    for contract in contracts:
        record(
            EntryDraft(
                scope_id=contract.pk,
                scope_key=contract.scope.key,
                subject_id=SCOPE_SUBJECT,
                subject_number=contract.scope.key.upper(),
                type=entry_type,
                occurred_at=at or now,
                actor=viewer.actor,
                source="person",
                internal={"name": screen.name, "screen": str(screen.uuid)},
            ),
            recorded_at=now,
        )
