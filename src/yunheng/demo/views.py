"""How far the preparing is, and the steps of the tour. Elsewhere than in a demonstration there is nothing here."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from yunheng.foundation.pages import PageRequest, signed_in

from .tour import go_to


@never_cache
@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """The panel of the sign-in page; it asks for itself again until everything is there."""
    _only_here()
    return render(request, "demo/accounts.html")


@require_POST
@signed_in
def tour(request: PageRequest) -> HttpResponse:
    """Go to a step and to its page; "0" ends the tour and stays."""
    _only_here()
    wanted = request.POST.get("step", "0")
    address = go_to(request.viewer, int(wanted) if wanted in {"1", "2", "3", "4", "5", "6"} else 0)
    back = request.POST.get("here", "/")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(address or (back if is_ours else "/"))


def _only_here() -> None:
    if not settings.DEMONSTRATION:
        raise Http404
