"""Files of tickets, handed out as downloads and nothing else."""

from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

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


def download(name: str, data: bytes) -> HttpResponse:
    """An answer that a browser can only save, under that name (RFC 6266, RFC 8187)."""
    response = HttpResponse(data, content_type="application/octet-stream")
    plain = "".join(it if it.isascii() and (it.isalnum() or it in "._-") else "_" for it in name)
    response["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
