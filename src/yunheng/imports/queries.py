"""Runs of imports, for those who ask what became of a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from .models import ImportRejection, ImportRun, SavedMapping

PAGE = 50


def run_named(name: str) -> ImportRun:
    """The run with that identifier, or the newest for "latest". Raises NotFound."""
    runs = ImportRun.objects.select_related("scope").order_by("-pk")
    if name != "latest":
        try:
            runs = runs.filter(uuid=UUID(name))
        except ValueError:
            runs = runs.none()
    run = runs.first()
    if run is None:
        raise NotFound(_("There is no such run."))
    return run


def importable(viewer: Viewer) -> list[Contract]:
    """Contracts that the viewer may import into, by key."""
    return [
        item
        for item in contracts_visible_to(viewer)
        if viewer.may("import.run", item.pk) and viewer.may("contract.view", item.pk)
    ]


def require_importable(viewer: Viewer) -> list[Contract]:
    """The same. Raises NotFound for somebody who may import nowhere."""
    found = importable(viewer)
    if not found and not viewer.may("import.run", None):
        raise NotFound(_("There is nothing to import into."))
    return found


def access_run(viewer: Viewer, uuid: UUID) -> ImportRun:
    """A run of a contract that the viewer may import into. Raises NotFound."""
    run = ImportRun.objects.select_related("scope", "asked_by").filter(uuid=uuid).first()
    if run is None or not viewer.may("import.run", run.scope_id):
        raise NotFound(_("There is no such run."))
    return run


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of the list of runs; `following` is the identifier after which more come, "" at the end."""

    runs: Sequence[ImportRun]
    following: str


def list_runs(viewer: Viewer, after: str = "", limit: int = PAGE) -> RunPage:
    """Runs of the contracts that the viewer may import into, the newest first. Raises NotFound for a wrong `after`."""
    scopes = [item.pk for item in require_importable(viewer)]
    runs = (
        ImportRun.objects.filter(scope_id__in=scopes)
        .select_related("scope", "asked_by")
        .defer("look", "trial", "summary", "options")
        .order_by("-pk")
    )
    if after:
        try:
            runs = runs.filter(pk__lt=access_run(viewer, UUID(after)).pk)
        except ValueError:
            raise NotFound(_("There is no such run.")) from None
    found = list(runs[: limit + 1])
    return RunPage(found[:limit], str(found[limit - 1].uuid) if len(found) > limit else "")


def rejections_of(run: ImportRun, limit: int | None = None, *, after: int = 0) -> Iterator[ImportRejection]:
    """Rejected rows behind the row `after`, in the order of the file; read as they are asked for, `limit` at most."""
    found = ImportRejection.objects.filter(run=run, row__gt=after).order_by("row")
    return (found[:limit] if limit else found).iterator(chunk_size=2_000)


def saved_mappings(run: ImportRun) -> list[SavedMapping]:
    """Mappings that were saved for the run's contract, by name."""
    return list(SavedMapping.objects.filter(scope_id=run.scope_id).order_by("name")[:100])
