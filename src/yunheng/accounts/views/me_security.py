"""Pages of one's own account: password and second factor."""

import base64
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..actions import set_password
from ..guessing import CODES, Try, note_failure, wait_until
from ..models import Person
from ..passkeys import passkeys_of, site_of
from ..peers import address_of
from ..reentry import confirmed
from ..second_factor import (
    add_second_factor,
    app_address,
    generate_totp_secret,
    new_recovery_codes,
    picture,
    second_factor_of,
    spaced,
)
from ..security import is_second_factor_required, turn_off_second_factor
from ..sentences import password_rules, wait_text
from ..sessions import end_sessions, note_confirmed

_SECRET = "second_factor_secret"  # noqa: S105 - the name of what a session keeps while one sets it up


def _me(request: PageRequest) -> Person:
    return cast(Person, request.user)


@sensitive_post_parameters("old_password", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def password(request: PageRequest) -> HttpResponse:
    """Change the password; every other session ends."""
    person = _me(request)
    faults: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        faults, status = _change_password(request, person)
        if not faults:
            messages.success(
                request, _("Your password is changed; wherever else you were signed in, you are no more.")
            )
            return _to("accounts:security")
    context: dict[str, Any] = {
        "here": "security",
        "faults": faults,
        "rules": password_rules(),
        "is_due": person.must_change_password,
        "has_password": person.has_usable_password(),
    }
    return render(request, "accounts/me/password.html", context, status=status)


def _change_password(request: PageRequest, person: Person) -> tuple[dict[str, list[str]], int]:
    old, new, again = (request.POST.get(field, "") for field in ("old_password", "password", "again"))
    if not person.has_usable_password():
        return {"old_password": [_("You have no password here: you sign in elsewhere.")]}, 422
    if not old or not new:
        return {
            field: [_("This field is required.")]
            for field in ("old_password", "password")
            if not request.POST.get(field)
        }, 422
    if new != again:
        return {"again": [_("This is not the same password.")]}, 422
    now = datetime.now(UTC)
    attempt = Try(CODES, person.login, address_of(request))
    until = wait_until(attempt, now)
    if until is not None:
        return {"old_password": [wait_text(until, now)]}, 429
    try:
        set_password(viewer=request.viewer, person=person, password=new, old_password=old)
    except Invalid as error:
        if "old_password" in error.fields:
            note_failure(attempt, now)
        return dict(error.fields), 422
    update_session_auth_hash(request, person)
    end_sessions(person.pk, but=request.session.session_key)
    note_confirmed(request)
    return {}, 200


@require_safe
@signed_in
def security(request: PageRequest) -> HttpResponse:
    """Password, second factor and passkeys at a glance."""
    context = {
        "here": "security",
        "factor": second_factor_of(_me(request).pk),
        "is_required": is_second_factor_required(request.viewer.organisation_kind),
        "has_password": _me(request).has_usable_password(),
        "passkeys": passkeys_of(_me(request).pk),
        "site": site_of(request),
    }
    return render(request, "accounts/me/security.html", context)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed("accounts:security_app")
def app(request: PageRequest) -> HttpResponse:
    """Set up an app: show the secret, take a first code, then show the recovery codes once."""
    person = _me(request)
    if second_factor_of(person.pk) is not None:
        return _to("accounts:security")
    secret = request.session.get(_SECRET)
    if not secret:
        secret = request.session[_SECRET] = generate_totp_secret()
    faults: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        now = datetime.now(UTC)
        attempt = Try(CODES, person.login, address_of(request))
        until = wait_until(attempt, now)
        if until is not None:
            faults, status = {"code": [wait_text(until, now)]}, 429
        else:
            try:
                made = add_second_factor(person, secret, request.POST.get("code", ""), now)
            except Invalid as error:
                note_failure(attempt, now)
                faults, status = dict(error.fields), 422
            else:
                request.session.pop(_SECRET)
                end_sessions(person.pk, but=request.session.session_key)
                return _show_codes(request, made)
    image = base64.b64encode(picture(app_address(person, secret)).encode()).decode()
    context = {
        "here": "security",
        "image": image,
        "secret": spaced(secret),
        "address": app_address(person, secret),
        "faults": faults,
        "is_required": is_second_factor_required(request.viewer.organisation_kind),
    }
    return render(request, "accounts/me/app.html", context, status=status)


@require_POST
@signed_in
@confirmed("accounts:security")
def codes(request: PageRequest) -> HttpResponse:
    """New recovery codes, shown once; the earlier ones end."""
    return _show_codes(request, new_recovery_codes(_me(request)))


@require_POST
@signed_in
@confirmed("accounts:security")
def off(request: PageRequest) -> HttpResponse:
    """Ask for no code any more."""
    turn_off_second_factor(viewer=request.viewer, person=_me(request))
    end_sessions(_me(request).pk, but=request.session.session_key)
    messages.success(request, _("The second factor is off."))
    return _to("accounts:security")


def _show_codes(request: PageRequest, made: list[str]) -> HttpResponse:
    context = {"here": "security", "codes": made, "text": "\n".join(made)}
    return render(request, "accounts/me/codes.html", context)


def _to(place: str) -> HttpResponse:
    return HttpResponseRedirect(resolve_url(place), status=303)
