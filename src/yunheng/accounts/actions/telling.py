"""Who may do what is part of the proof: each change is a log line, and an entry in every scope that it concerns."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from yunheng.foundation.access import Viewer
from yunheng.foundation.actor import Actor
from yunheng.foundation.journal import EntryDraft, record, record_many
from yunheng.foundation.models import Scope

from ..models import Membership, Person
from ..roles import ROLES

_log = logging.getLogger("yunheng.accounts.actions")

#: Subject of entries that are about a scope as a whole and not about one subject in it.
SCOPE_SUBJECT: Final = 0


def scope_entry(
    viewer: Viewer | Actor,
    scope: Scope,
    entry_type: str,
    person: Person,
    shared: Mapping[str, object],
    at: datetime,
) -> EntryDraft:
    """An entry of the scope about a person: the organisation for both parties, the name for those who may read it."""
    is_system = isinstance(viewer, Viewer) and viewer.is_system
    return EntryDraft(
        scope_id=scope.pk,
        scope_key=scope.key,
        subject_id=SCOPE_SUBJECT,
        subject_number=scope.key.upper(),
        type=entry_type,
        occurred_at=at,
        actor=viewer.actor if isinstance(viewer, Viewer) else viewer,
        source="server" if is_system else "person",
        shared={**shared, "organisation": person.organisation.key},
        personal={"person": {"id": str(person.uuid), "name": person.name}},
    )


def tell_membership(
    entry_type: str,
    viewer: Viewer,
    held: Iterable[tuple[Person, str, Scope | None]],
    at: datetime | None = None,
) -> None:
    """Tell that roles were given or taken."""
    now = datetime.now(UTC)
    drafts = []
    for person, role, scope in held:
        _log.info(
            entry_type,
            extra={
                "actor": viewer.actor.id,
                "person": str(person.uuid),
                "role": role,
                "scope": scope.key if scope else None,
            },
        )
        if scope is not None:
            shared = {"role": role, "side": ROLES[role].kind}
            drafts.append(scope_entry(viewer, scope, entry_type, person, shared, at or now))
    _record(drafts, now)


def tell_account(
    entry_type: str, viewer: Viewer | Actor, person: Person, shared: Mapping[str, object] | None = None
) -> None:
    """Tell that somebody's access was changed by another: in the log, and in every scope the person has a role in.

    The other party sees from it when the operator sets the password of one of its people.
    """
    now = datetime.now(UTC)
    actor = viewer.actor if isinstance(viewer, Viewer) else viewer
    _log.info(entry_type, extra={"actor": actor.id, "person": str(person.uuid)})
    scopes = Scope.objects.filter(
        pk__in=Membership.objects.filter(person=person, scope__isnull=False).values("scope_id")
    )
    _record(
        [
            scope_entry(viewer, scope, entry_type, person, shared or {}, now)
            for scope in scopes.order_by("pk")
        ],
        now,
    )


def _record(drafts: list[EntryDraft], now: datetime) -> None:
    if len(drafts) == 1:
        record(drafts[0], recorded_at=now)
    else:
        record_many(drafts, recorded_at=now)
