"""Runs of imports, for those who ask what became of a file."""

from uuid import UUID

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import NotFound

from .models import ImportRun


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
