"""What pages of the administration share: a form that creates something, where they lead, one's own password first."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _

from yunheng.foundation.pages import PageRequest
from yunheng.foundation.refusals import Invalid

from ..forms import AdminForm
from ..queries import access_person
from ..sessions import is_confirmed

M = TypeVar("M")
P = ParamSpec("P")
_View = Callable[Concatenate[PageRequest, UUID, P], HttpResponse]


def go_to(view: str, *args: object) -> HttpResponse:
    """Lead to a page after something was done (303: it is got, whatever was sent)."""
    return HttpResponseRedirect(resolve_url(view, *args), status=303)


def create(
    request: PageRequest,
    form: AdminForm,
    make: Callable[[dict[str, Any]], M],
    done: Callable[[M], HttpResponse],
    **page: object,
) -> HttpResponse:
    """A page that creates something: `make` takes the values of a valid form, what it refuses stands beside the fields;
    `done` leads on. `page`: title, crumb, draft, and what the form's template wants besides.
    """
    if form.is_bound and form.is_valid():
        try:
            made = make(dict(form.cleaned_data))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return done(made)
    context = {"form": form, "submit": _("Create"), **page}
    return render(request, "accounts/admin/form.html", context, status=422 if form.is_bound else 200)


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
