"""Pages for which the password must have been typed lately: an unattended browser is not enough for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from yunheng.foundation.pages import PageRequest

from .sessions import is_confirmed

P = ParamSpec("P")


def confirmed(
    back: str,
) -> Callable[
    [Callable[Concatenate[PageRequest, P], HttpResponse]], Callable[Concatenate[PageRequest, P], HttpResponse]
]:
    """Ask for the password first, unless it was typed lately, and then lead to the place named `back`."""

    def decorate(
        view: Callable[Concatenate[PageRequest, P], HttpResponse],
    ) -> Callable[Concatenate[PageRequest, P], HttpResponse]:
        @wraps(view)
        def wrapper(request: PageRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if is_confirmed(request, datetime.now(UTC)):
                return view(request, *args, **kwargs)
            address = resolve_url("accounts:confirm") + "?" + urlencode({"next": resolve_url(back)})
            if request.headers.get("HX-Request"):
                return HttpResponse(status=204, headers={"HX-Redirect": address})
            return HttpResponseRedirect(address, status=303)

        return wrapper

    return decorate
