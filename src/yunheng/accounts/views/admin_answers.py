"""What pages of the administration share: where they lead after something was done, and one's own password first."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from yunheng.foundation.pages import PageRequest

from ..queries import access_person
from ..sessions import is_confirmed

P = ParamSpec("P")
_View = Callable[Concatenate[PageRequest, UUID, P], HttpResponse]


def go_to(view: str, *args: object) -> HttpResponse:
    """Lead to a page after something was done (303: it is got, whatever was sent)."""
    return HttpResponseRedirect(resolve_url(view, *args), status=303)


def confirmed(view: _View[P]) -> _View[P]:
    """For what opens somebody's account an unattended browser is not enough: ask for the password, unless it was
    typed within the last quarter of an hour, and lead back to the person."""

    @wraps(view)
    def wrapper(request: PageRequest, uuid: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_confirmed(request, datetime.now(UTC)):
            return view(request, uuid, *args, **kwargs)
        access_person(request.viewer, uuid)  # whoever sees nobody here is not asked either
        back = urlencode({"next": resolve_url("accounts:person", uuid)})
        return HttpResponseRedirect(f"{resolve_url('accounts:confirm')}?{back}", status=303)

    return cast(_View[P], wrapper)  # Django passes the UUID by its name
