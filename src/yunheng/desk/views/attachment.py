"""Files of tickets, handed out as downloads and nothing else."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.foundation.answers import download
from yunheng.foundation.attachments import content_of
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import NotFound

from ..queries import access_attachment


@require_safe
@signed_in
def attachment(request: PageRequest, uuid: UUID) -> HttpResponse:
    """The bytes of a file, after its access was checked again; a browser saves and never shows them."""
    found = access_attachment(request.viewer, uuid)
    data = content_of(found)
    if data is None:
        raise NotFound(_("This file was erased."))
    return download(found.name, data)
