"""Back to back: what suppliers and our own people promise against what the client was promised; for the provider."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import NotFound

from ..backtoback.presentation import LEVELS, back_to_back_view
from ..backtoback.stored import access_inner_promises, checks_of_version, examined_version
from .reading import about


@require_safe
@signed_in
def back_to_back(request: PageRequest, key: str) -> HttpResponse:
    """The version in force (or ?version=N) at every second of its term."""
    contract = access_inner_promises(request.viewer, key)
    version = examined_version(contract, _read_version(request.GET.get("version", "")), datetime.now(UTC))
    context = {
        **about(request, contract),
        "version": version,
        "view": None if version is None else back_to_back_view(version, checks_of_version(version.pk)),
        "hours": range(24),
        "levels": range(LEVELS + 1),
    }
    return render(request, "contracts/backtoback.html", context)


def _read_version(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotFound(_("The contract has no version %(number)s.") % {"number": text[:20]})
    return int(text)
