"""What people ask of imports on the web: take a file in, say what its columns mean, try, run, cancel, go on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid

from . import servicenow, uploads
from .actions import chosen_service, latest_terms, zone_named
from .mapping import FieldMapping, mapping_text, read_mapping
from .models import ImportRun, SavedMapping
from .queries import access_run
from .runs import (
    BUSY,
    CANCELLED,
    FAILED,
    LOOKING,
    MAPPING,
    QUEUED,
    TRIED,
    TRYING,
)

LONGEST_NAME: Final = 80


@transaction.atomic
def start_import(*, viewer: Viewer, contract: str, file: UploadedFile | None) -> ImportRun:
    """Keep a file and have it looked at. Raises NotFound, Forbidden, Invalid."""
    found = access_contract(viewer, contract)
    viewer.require("import.run", found.pk)
    latest_terms(found)
    sound = uploads.check_upload(file)
    person = _person(viewer)
    uploads.check_room(person, sound.size or 0)
    run = ImportRun.objects.create(
        scope_id=found.pk,
        format="",
        file_name=uploads.clean_name(sound.name or ""),
        file_digest=uploads.digest_of(sound),
        status=LOOKING,
        asked_by=person,
        size=sound.size or 0,
    )
    uploads.keep(run, sound)
    _defer("look", run)
    return run


@transaction.atomic
def look_again(*, viewer: Viewer, uuid: UUID, member: str) -> None:
    """Look at another file of an archive. Raises NotFound, Conflict, Invalid."""
    run = _locked(viewer, uuid, {MAPPING, TRIED, FAILED})
    if member not in run.look.get("members", []):
        raise Invalid({"member": _("The archive has no such file.")})
    run.options = {**run.options, "member": member}
    _change(run, LOOKING, options=run.options, fault="", look={"members": run.look["members"]})
    _defer("look", run)


@transaction.atomic
def try_import(*, viewer: Viewer, uuid: UUID, choices: Mapping[str, Any]) -> None:
    """Keep what the columns mean, and have a run without writing made.

    `choices`: for a table the data of a mapping, for a ServiceNow log `zone` and `service`. Raises NotFound,
    Conflict, and Invalid that names each field.
    """
    run = _locked(viewer, uuid, {MAPPING, TRIED, FAILED})
    terms = latest_terms(contract_of(run))
    member = run.options.get("member")
    if run.format == servicenow.FORMAT:
        zone = str(choices.get("zone") or terms.zone)
        zone_named(zone)
        service = chosen_service(terms, choices.get("service") or None)
        options = {"zone": zone, "service": service, "member": member}
    else:
        mapping = read_mapping(dict(choices))
        _check_mapping(mapping, run)
        named = mapping.zone or terms.zone
        zone_named(named)
        options = {"zone": named, "member": member, "mapping": mapping_text(mapping)}
    _change(run, TRYING, options=options, fault="", tried=0, trial={}, is_cancel_wanted=False)
    _defer("try_out", run)


@transaction.atomic
def save_mapping(*, viewer: Viewer, uuid: UUID, name: str) -> None:
    """Keep the run's mapping under a name, to be used again; the same name is overwritten. Raises Invalid."""
    run = _locked(viewer, uuid, {MAPPING, TRYING, TRIED, FAILED})
    plain = name.strip()
    if not plain or len(plain) > LONGEST_NAME or "\0" in plain:
        raise Invalid({"save_as": _("A name has one to %(most)d characters.") % {"most": LONGEST_NAME}})
    SavedMapping.objects.update_or_create(
        scope_id=run.scope_id,
        name=plain,
        defaults={
            "mapping": run.options["mapping"],
            "saved_by": viewer.actor.name[:150],
            "saved_at": datetime.now(UTC),
        },
    )


@transaction.atomic
def run_import(*, viewer: Viewer, uuid: UUID) -> None:
    """Have what was tried carried out. Raises NotFound, Conflict."""
    run = _locked(viewer, uuid, {TRIED})
    _change(run, QUEUED, total=run.trial.get("read", run.total), fault="", is_cancel_wanted=False)
    _defer("carry_out", run)


@transaction.atomic
def go_on(*, viewer: Viewer, uuid: UUID) -> None:
    """Take up a run that failed: after its last committed row. Raises NotFound, Conflict, Invalid."""
    run = _locked(viewer, uuid, {FAILED})
    if not uploads.is_kept(run):
        raise Invalid({"file": _("The file is not kept any more. Choose it once more.")})
    if run.trial:
        _change(run, QUEUED, fault="", is_cancel_wanted=False)
        _defer("carry_out", run)
    else:
        _change(run, LOOKING, fault="", is_cancel_wanted=False)
        _defer("look", run)


@transaction.atomic
def change_mapping(*, viewer: Viewer, uuid: UUID) -> None:
    """Back to what the columns mean. Raises NotFound, Conflict."""
    _change(_locked(viewer, uuid, {TRIED}), MAPPING)


@transaction.atomic
def cancel_import(*, viewer: Viewer, uuid: UUID) -> None:
    """Stop a run: at once while nothing runs, else after the batch it is at; what is committed stays.

    Raises NotFound, Conflict.
    """
    run = _locked(viewer, uuid, {*BUSY, MAPPING, TRIED, FAILED})
    if run.status in BUSY and run.status != QUEUED:
        ImportRun.objects.filter(pk=run.pk).update(is_cancel_wanted=True)
        return
    _change(run, CANCELLED, is_cancel_wanted=True, finished_at=datetime.now(UTC))
    uploads.forget(run)


def contract_of(run: ImportRun) -> Contract:
    """The contract that the run imports into."""
    return Contract.objects.select_related("scope", "provider", "client").get(pk=run.scope_id)


def _check_mapping(mapping: FieldMapping, run: ImportRun) -> None:
    header = run.look.get("header", [])
    missing = [column for column in (*mapping.columns.values(), *mapping.shared) if column not in header]
    if missing:
        raise Invalid(
            {"columns": _("The file has no column %(names)s.") % {"names": ", ".join(missing[:10])}}
        )
    twice = sorted(
        {column for column in mapping.columns.values() if [*mapping.columns.values()].count(column) > 1}
    )
    if twice:
        raise Invalid(
            {"columns": _("A column means one thing only: %(names)s.") % {"names": ", ".join(twice[:10])}}
        )


def _locked(viewer: Viewer, uuid: UUID, states: set[str]) -> ImportRun:
    """The run, locked, if it stands where this can be asked of it. Raises NotFound, Conflict."""
    access_run(viewer, uuid)
    run = ImportRun.objects.select_for_update().get(uuid=uuid)
    if run.status not in states:
        raise Conflict(_("The run has moved on meanwhile; this is how it stands now."), state=run.status)
    return run


def _change(run: ImportRun, status: str, **values: Any) -> None:
    ImportRun.objects.filter(pk=run.pk).update(status=status, **values)


def _defer(task: str, run: ImportRun) -> None:
    """In the caller's transaction; jobs of one contract run one after the other."""
    app.configure_task(f"imports:{task}", lock=f"imports:{run.scope_id}").defer(run=str(run.uuid))


def _person(viewer: Viewer) -> Person:
    person = Person.objects.filter(pk=viewer.person_id).first() if viewer.person_id else None
    if person is None:
        raise Forbidden(_("This is for people to do, signed in."))
    return person
