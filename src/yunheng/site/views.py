"""The start page, which leads everybody to where they work, and the index of administration."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.accounts.models import Organisation
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import NotFound

from .navigation import Shell, address


@require_safe
@signed_in
def start(request: PageRequest) -> HttpResponse:
    """Clients to the portal, everybody else to the workbench."""
    is_client = request.viewer.organisation_kind == Organisation.Kind.CLIENT
    place = address("desk:portal" if is_client else "desk:workbench")
    return HttpResponseRedirect(place or resolve_url("contracts:contracts"))


@require_safe
@signed_in
def admin(request: PageRequest) -> HttpResponse:
    """The administration pages that the viewer may open. Raises NotFound for those who may open none."""
    places = Shell(request).administration
    if not places:
        raise NotFound(_("There is nothing to administer for you."))
    return render(request, "site/admin.html", {"places": places})
