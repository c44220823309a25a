"""The second step of a sign-in, the way to another party's sign-in and back, and a new password by mail."""

import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStage
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods
from requests import RequestException

from yunheng.accounts.guessing import CODES, RESETS, Try, note_failure, wait_until
from yunheng.accounts.letters import can_send_links, link_to
from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import (
    check_assertion,
    keep_challenge,
    new_challenge,
    passkeys_of,
    request_options,
    site_of,
    take_challenge,
)
from yunheng.accounts.peers import address_of
from yunheng.accounts.second_factor import second_factor_of, use_code
from yunheng.accounts.security import make_reset, person_of_reset, person_to_remind, reset_password
from yunheng.accounts.sentences import password_rules, wait_text
from yunheng.accounts.tokens import has_tokens
from yunheng.foundation.refusals import Invalid
from yunheng.notify.actions import send_mail

from .adapters import refused, safe_next
from .elsewhere import ASKED_AGAIN

logger = logging.getLogger(__name__)
_SIGN_IN = "sign_in"  # what a passkey is asked for


# --- the second factor


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        max_length=40,
        error_messages={"required": gettext_lazy("Type the code that your app shows, or a recovery code.")},
    )


@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
def enter_code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of somebody whose password was right: a code, or a passkey where they have one here."""
    stage = cast(LoginStage, request._login_stage)  # type: ignore[attr-defined]
    person = cast(Person, stage.login.user)
    if not person.is_active:
        stage.abort()
        return HttpResponseRedirect(resolve_url("sign_in"))
    form = CodeForm(request.POST if request.method == "POST" else None)
    problem, status = "", HTTPStatus.OK
    if request.method == "POST":
        now = datetime.now(UTC)
        attempt = Try(CODES, person.login, address_of(request))
        until = wait_until(attempt, now)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if until is not None:
            problem, status = wait_text(until, now), HTTPStatus.TOO_MANY_REQUESTS
        elif "credential" in request.POST:
            form = CodeForm()
            try:
                _take_passkey(request, person, now)
            except Invalid as error:
                note_failure(attempt, now)
                problem = error.message
            else:
                return cast(HttpResponse, stage.exit())
        elif form.is_valid():
            used = use_code(person, form.cleaned_data["code"], now)
            if used is not None:
                record_authentication(request, person, "mfa", id=used.pk, type=used.type)
                if used.type == used.Type.RECOVERY_CODES:
                    _tell_codes_left(request, person)
                return cast(HttpResponse, stage.exit())
            note_failure(attempt, now)
            problem = _("This code does not fit, or was used already. Type the one that your app shows now.")
    context = {"form": form, "problem": problem, "options": _ask_for_passkey(request, person)}
    return render(request, "site/account/code.html", context, status=status)


def _ask_for_passkey(request: HttpRequest, person: Person) -> str:
    """What the browser is asked for; "" where the person has no passkey for this address."""
    site = site_of(request)
    passkeys = [] if site.problem else passkeys_of(person.pk, site)
    if not passkeys:
        return ""
    challenge = new_challenge()
    keep_challenge(request.session, _SIGN_IN, challenge, datetime.now(UTC))
    return request_options(passkeys, site, challenge)


def _take_passkey(request: HttpRequest, person: Person, now: datetime) -> None:
    challenge = take_challenge(request.session, _SIGN_IN, now)
    answer = request.POST.get("credential", "")
    shown = check_assertion(person, site_of(request), challenge=challenge, answer=answer, at=now)
    record_authentication(request, person, "mfa", id=shown.passkey.uuid, type="webauthn")


def _tell_codes_left(request: HttpRequest, person: Person) -> None:
    factor = second_factor_of(person.pk)
    left = factor.codes_left if factor else 0
    text = ngettext(
        "You used a recovery code; %(count)d is left. Make new ones under “Your account”.",
        "You used a recovery code; %(count)d are left. Make new ones under “Your account”.",
        left,
    )
    messages.warning(request, text % {"count": left})


# --- another party's sign-in


def _require_provider(provider_id: str) -> None:
    if not settings.OIDC_ISSUER or provider_id != settings.OIDC_PROVIDER_ID:
        raise Http404


@never_cache
@require_GET
def go_elsewhere(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody to the other party. A link and no form: our content security policy lets forms go nowhere else.

    With `again`, to show there once more who they are, whether or not they are signed in there (OpenID Connect Core
    3.1.2.1: prompt, max_age).
    """
    _require_provider(provider_id)
    provider = get_adapter().get_provider(request, provider_id)
    more: dict[str, Any] = {}
    if request.GET.get("again"):
        more = {
            "data": {ASKED_AGAIN: int(datetime.now(UTC).timestamp())},
            "auth_params": {**provider.get_auth_params(), "prompt": "login", "max_age": "0"},
        }
    try:
        return cast(
            HttpResponse, provider.redirect(request, AuthProcess.LOGIN, next_url=safe_next(request), **more)
        )
    except (RequestException, KeyError, ValueError) as error:
        logger.warning("sign-in elsewhere cannot be reached: %s", error)
        text = _("%(name)s cannot be reached now. Sign in with your password, or try again later.")
        return refused(request, text % {"name": settings.OIDC_NAME}, status=HTTPStatus.BAD_GATEWAY)


@never_cache
@require_GET
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the other party says of who came back."""
    _require_provider(provider_id)
    view = OAuth2CallbackView.adapter_view(OpenIDConnectOAuth2Adapter(request, provider_id))
    try:
        return cast(HttpResponse, view(request))
    except (KeyError, ValueError, TypeError) as error:  # what it says is not what the standard wants
        logger.warning("sign-in elsewhere answered something unreadable: %s", type(error).__name__)
        text = _(
            "The other side did not answer as it should. Try once more; if it stays so, tell your administrator."
        )
        return refused(request, text, status=HTTPStatus.BAD_GATEWAY)


# --- forgotten passwords


class AddressForm(forms.Form):
    """An e-mail address."""

    email = forms.EmailField(
        max_length=254,
        error_messages={
            "required": gettext_lazy("Type your e-mail address."),
            "invalid": gettext_lazy("This is no e-mail address."),
        },
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Send a link for a new password, if the address belongs to exactly one active person; say the same in any case."""
    if not can_send_links():
        raise Http404
    form = AddressForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "problem": "", "is_sent": False}
    if request.method != "POST":
        return render(request, "site/account/forgotten.html", context)
    if not form.is_valid():
        return render(request, "site/account/forgotten.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    now, email = datetime.now(UTC), form.cleaned_data["email"]
    here = Try(RESETS, email, address_of(request))
    until = wait_until(here, now)
    if until is not None:
        context["problem"] = wait_text(until, now)
        return render(request, "site/account/forgotten.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    note_failure(here, now)  # every letter counts
    person = person_to_remind(email)
    if person is not None:
        _send_link(person, now)
    else:
        logger.info("no letter for a new password: nobody, or more than one, has the address")
    return render(request, "site/account/forgotten.html", {**context, "is_sent": True, "email": email})


def _send_link(person: Person, now: datetime) -> None:
    path = f"{reverse('new_password')}?{urlencode({'key': make_reset(person)})}"
    link = link_to(path)
    with translation.override(person.language):
        text = _(
            "Somebody, probably you, wants to set a new password for the login “%(login)s”. "
            "Within an hour, and once, this address does it:\n\n%(link)s\n\n"
            "If it was not you, nothing has changed, and nothing needs to be done."
        ) % {"login": person.login, "link": link}
        send_mail(person=person, subject=_("A new password for Yunheng"), text=text, now=now)


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(max_length=4096, strip=False, required=False)
    again = forms.CharField(max_length=4096, strip=False, required=False)


@never_cache
@sensitive_post_parameters("key", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """Set a new password with a link from a mail; then sign in with it, second factor included.

    The secret stands in the query, which is not logged.
    """
    secret = request.POST.get("key") or request.GET.get("key", "")
    person = person_of_reset(secret)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    faults: dict[str, list[str]] = {}
    if request.method == "POST" and form.is_valid():
        password, again = form.cleaned_data["password"], form.cleaned_data["again"]
        if not password:
            faults["password"] = [_("Type a new password.")]
        elif password != again:
            faults["again"] = [_("This is not the same password.")]
        else:
            try:
                ends_tokens = not has_tokens(person.pk) or bool(request.POST.get("end_tokens"))
                reset_password(secret=secret, password=password, ends_tokens=ends_tokens)
            except Invalid as error:
                faults = dict(error.fields)
            else:
                messages.success(request, _("Your new password is set. Sign in with it."))
                return HttpResponseRedirect(resolve_url("sign_in"))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    context = {
        "person": person,
        "key": secret,
        "faults": faults,
        "rules": password_rules(),
        "has_tokens": has_tokens(person.pk),
        "keeps_tokens": request.method == "POST" and not request.POST.get("end_tokens"),
    }
    return render(request, "site/account/new_password.html", context, status=status)
