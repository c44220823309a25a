"""Writes the people of a table: the good rows, all in one transaction."""

import logging
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Conflict, Forbidden

from ..models import Membership, Person, Team
from ..people_file import FileRow, PlannedRow, plan_people
from .telling import tell_account, tell_membership

_log = logging.getLogger("yunheng.accounts.actions")


def import_people(
    viewer: Viewer, rows: Sequence[FileRow], faults: Mapping[int, Sequence[tuple[str, str]]] | None = None
) -> list[PlannedRow]:
    """Create and change people as the rows say, judged anew; returns every row with what came of it.

    Rows with faults are left out. New people have no password: they are invited, or one is set. Raises NotFound for
    whoever administers nobody, Forbidden for a token, Conflict when somebody else created one of the logins meanwhile.
    """
    if viewer.token_scopes is not None:
        raise Forbidden(_("A token changes no e-mail address: a new password could be sent to it."))
    try:
        with transaction.atomic():
            planned = plan_people(viewer, rows, faults)
            _write(viewer, [row for row in planned if row.result in {"new", "changed"}])
    except IntegrityError as error:
        raise Conflict(
            _("Somebody else changed people meanwhile, and nothing was written. Send the file once more.")
        ) from error
    return planned


def _write(viewer: Viewer, rows: Sequence[PlannedRow]) -> None:
    new = [row.person for row in rows if row.result == "new" and row.person is not None]
    for person in new:
        person.set_unusable_password()
    Person.objects.bulk_create(new, batch_size=1000)
    changed = [row for row in rows if row.result == "changed" and row.changes and row.person is not None]
    for row in changed:
        for key, value in row.new_values.items():
            setattr(row.person, key, value)
    Person.objects.bulk_update(
        [row.person for row in changed if row.person is not None],
        ["name", "email", "language", "zone"],
        batch_size=500,
    )
    through = Team.people.through
    through.objects.bulk_create(
        [
            through(person_id=row.person.pk, team_id=team.pk)
            for row in rows
            if row.person is not None
            for team in row.teams
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )
    held = [(row.person, role, scope) for row in rows if row.person is not None for role, scope in row.roles]
    Membership.objects.bulk_create(
        [Membership(person=person, role=role, scope=scope) for person, role, scope in held],
        batch_size=5000,
    )
    tell_membership("membership.granted", viewer, held)
    for person in new:
        _log.info("person.created", extra={"actor": viewer.actor.id, "person": str(person.uuid)})
    for row in changed:
        if row.person is not None:
            fields = [key for key, _old, _new in row.changes]
            _log.info(
                "person.changed",
                extra={"actor": viewer.actor.id, "person": str(row.person.uuid), "fields": fields},
            )
            if "email" in fields and row.person.pk != viewer.person_id:
                tell_account("person.email_changed", viewer, row.person)
