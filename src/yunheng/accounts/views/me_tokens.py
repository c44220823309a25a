"""Pages of one's own account: tokens for programs."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.access import TOKEN_SCOPES
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..actions import create_token, revoke_token
from ..models import Person
from ..reentry import confirmed
from ..tokens import own_token, tokens_of

#: Days after which a token ends; "" for never.
LIVES = ("30", "90", "365", "")


def _me(request: PageRequest) -> Person:
    return cast(Person, request.user)


@require_safe
@signed_in
def tokens(request: PageRequest) -> HttpResponse:
    """My tokens, the newest first."""
    rows = tokens_of(_me(request).pk, now=datetime.now(UTC))
    return render(
        request, "accounts/me/tokens.html", {"here": "tokens", "tokens": rows, "words": _scope_words()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed("accounts:new_token")
def new_token(request: PageRequest) -> HttpResponse:
    """Make a token; its secret is on the page that answers, and nowhere after."""
    typed: dict[str, Any] = {"name": "", "scopes": ["read"], "life": "90"}
    faults: dict[str, list[str]] = {}
    if request.method == "POST":
        typed = {
            "name": request.POST.get("name", ""),
            "scopes": request.POST.getlist("scopes"),
            "life": request.POST.get("life", ""),
        }
        try:
            made = create_token(
                viewer=request.viewer,
                person=_me(request),
                name=typed["name"],
                scopes=typed["scopes"],
                expires_at=_end(typed["life"]),
            )
        except Invalid as error:
            faults = dict(error.fields)
        else:
            context = {"here": "tokens", "made": made, "words": _scope_words()}
            return render(request, "accounts/me/token_made.html", context)
    context = {
        "here": "tokens",
        "typed": typed,
        "faults": faults,
        "choices": [(key, word, what) for key, (word, what) in _scope_words().items()],
        "lives": [
            (days, _("after %(count)s days") % {"count": days} if days else _("never")) for days in LIVES
        ],
    }
    return render(request, "accounts/me/token_new.html", context, status=422 if faults else 200)


@require_POST
@signed_in
def revoke(request: PageRequest, uuid: UUID) -> HttpResponse:
    """End one of my tokens at once."""
    token = own_token(_me(request).pk, uuid)
    revoke_token(viewer=request.viewer, token=token)
    messages.success(request, _("The token “%(name)s” has ended.") % {"name": token.name})
    return HttpResponseRedirect(resolve_url("accounts:tokens"), status=303)


def _end(days: str) -> datetime | None:
    if days not in LIVES:
        raise Invalid({"life": _("Choose one of these.")})
    return datetime.now(UTC) + timedelta(days=int(days)) if days else None


def _scope_words() -> dict[str, tuple[str, str]]:
    words = {
        "read": (_("Read"), _("look at everything that you may see")),
        "write": (_("Write"), _("work on tickets as you may")),
        "admin": (_("Administer"), _("change people, contracts and imports as you may")),
    }
    return {key: words[key] for key in TOKEN_SCOPES}
