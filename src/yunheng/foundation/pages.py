"""What every page of every package needs: who looks, and the way to the sign-in page for those who are not known."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from .access import Viewer
from .refusals import Invalid

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who signed in; the middleware lays `viewer`.

    A view says with `show_contract` which contract its page is about, for the navigation.
    """

    viewer: Viewer
    contract_key: str
    contract_id: int


def show_contract(request: PageRequest, *, key: str, scope_id: int) -> None:
    """Say which contract the page is about: the navigation offers its places, as far as the viewer may go there."""
    request.contract_key = key
    request.contract_id = scope_id


def signed_in(
    view: Callable[Concatenate[PageRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Show the page to people who signed in; send everybody else to sign in and back here.

    An htmx request is answered with a full-page redirect, so that no sign-in form lands inside a fragment.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        target = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
        address = resolve_url("sign_in") + "?" + urlencode({"next": target})
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)

    return wrapper


LARGEST_NUMBER = 2**63 - 1


def read_number(field: str, text: str) -> int | None:
    """A whole number from an address, None for nothing. Raises Invalid naming the field for anything else."""
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_NUMBER
    if not is_number:
        raise Invalid({field: _("A log position is a whole number.")})
    return int(text)
