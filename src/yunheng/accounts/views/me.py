"""Pages of one's own account: who I am, my e-mail address, my sessions, and the password typed anew."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..guessing import ADDRESSES, CODES, Try, note_failure, wait_until
from ..models import Person
from ..peers import address_of
from ..preferences import ZONES, change_email, change_profile
from ..reentry import confirmed
from ..security import can_confirm, is_still_oneself
from ..sentences import wait_text
from ..sessions import (
    device_in_words,
    end_session,
    end_sessions,
    note_confirmed,
    sessions_of,
    uuid_of_session,
)


def _me(request: PageRequest) -> Person:
    return cast(Person, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def profile(request: PageRequest) -> HttpResponse:
    """Name, language and zone."""
    person, faults = _me(request), {}
    typed = {"name": person.name, "language": person.language, "zone": person.zone}
    if request.method == "POST":
        typed = {field: request.POST.get(field, "") for field in typed}
        try:
            change_profile(person=person, **typed)
        except Invalid as error:
            faults = error.fields
        else:
            messages.success(request, _("Saved."))
            return _to("accounts:me")
    context = {
        "here": "me",
        "typed": typed,
        "faults": faults,
        "languages": settings.LANGUAGES,
        "zones": ZONES,
    }
    return render(request, "accounts/me/profile.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed("accounts:email")
def email(request: PageRequest) -> HttpResponse:
    """The address that letters go to, a new password's included."""
    person = _me(request)
    faults: dict[str, list[str]] = {}
    typed, status = person.email, 200
    if request.method == "POST":
        typed, now = request.POST.get("email", ""), datetime.now(UTC)
        attempt = Try(ADDRESSES, person.login, address_of(request))
        until = wait_until(attempt, now)
        if until is not None:
            faults, status = {"email": [wait_text(until, now)]}, 429
        else:
            note_failure(
                attempt, now
            )  # every try counts: the answer tells whether somebody else has the address
            try:
                change_email(person=person, email=typed)
            except Invalid as error:
                faults, status = dict(error.fields), 422
            else:
                messages.success(request, _("Saved."))
                return _to("accounts:me")
    context = {"here": "me", "typed": typed, "faults": faults}
    return render(request, "accounts/me/email.html", context, status=status)


@sensitive_post_parameters("answer")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: PageRequest) -> HttpResponse:
    """Show that it is still oneself, with the password or a code."""
    person, problem, status = _me(request), "", 200
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        wanted = resolve_url("accounts:me")
    if request.method == "POST":
        now = datetime.now(UTC)
        attempt = Try(CODES, person.login, address_of(request))
        until = wait_until(attempt, now)
        if until is not None:
            problem, status = wait_text(until, now), 429
        elif is_still_oneself(person, request.POST.get("answer", ""), now):
            note_confirmed(request)
            return HttpResponseRedirect(wanted, status=303)
        else:
            note_failure(attempt, now)
            problem, status = _("This is not your password."), 422
    context: dict[str, Any] = {
        "here": "",
        "next": wanted,
        "problem": problem,
        "can_confirm": can_confirm(person),
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "provider_id": settings.OIDC_PROVIDER_ID,
    }
    return render(request, "accounts/me/confirm.html", context, status=status)


@require_safe
@signed_in
def sessions(request: PageRequest) -> HttpResponse:
    """Where I am signed in."""
    here = uuid_of_session(request)
    rows = [
        {"session": row, "device": device_in_words(row.agent), "is_here": str(row.uuid) == here}
        for row in sessions_of(_me(request).pk, now=datetime.now(UTC))
    ]
    rows.sort(key=lambda row: not row["is_here"])
    return render(request, "accounts/me/sessions.html", {"here": "sessions", "rows": rows})


@require_POST
@signed_in
def end_one(request: PageRequest, uuid: UUID) -> HttpResponse:
    """End one of my sessions; the one that asks is ended by signing out."""
    if str(uuid) == uuid_of_session(request):
        raise Invalid({"session": _("This is the session you are in: sign out to end it.")})
    end_session(_me(request).pk, uuid)
    messages.success(request, _("The session has ended."))
    return _to("accounts:sessions")


@require_POST
@signed_in
def end_others(request: PageRequest) -> HttpResponse:
    """End all of my sessions but the one that asks."""
    count = end_sessions(_me(request).pk, but=request.session.session_key)
    text = ngettext("%(count)d other session has ended.", "%(count)d other sessions have ended.", count)
    messages.success(request, text % {"count": count})
    return _to("accounts:sessions")


def _to(place: str) -> HttpResponse:
    return HttpResponseRedirect(resolve_url(place), status=303)
