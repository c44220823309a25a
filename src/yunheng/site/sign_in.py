"""Sign in, sign out, and the choices that belong to the reader: language and theme."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import get_language_from_request, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from yunheng.accounts.guessing import PASSWORDS, Try, wait_until
from yunheng.accounts.letters import can_send_links
from yunheng.accounts.peers import address_of
from yunheng.accounts.preferences import choose_language
from yunheng.accounts.sentences import wait_text

from .account.adapters import safe_next
from .errors import problem as problem_document

YEAR_SECONDS = 365 * 24 * 3600


class SignInForm(forms.Form):
    """Login and password, each with a message that says what is missing."""

    login = forms.CharField(
        max_length=150, error_messages={"required": gettext_lazy("Type the login you were given.")}
    )
    password = forms.CharField(
        max_length=4096, strip=False, error_messages={"required": gettext_lazy("Type your password.")}
    )


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Check login and password; ask for the second factor, or go where the person wanted to go.

    What was typed as login stays on an error.
    """
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    form = SignInForm(request.POST if request.method == "POST" else None)
    problem, status = "", HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            now = datetime.now(UTC)
            name = form.cleaned_data["login"]
            until = wait_until(Try(PASSWORDS, name, address_of(request)), now)
            if until is not None:
                problem, status = wait_text(until, now), HTTPStatus.TOO_MANY_REQUESTS
            else:
                person = authenticate(request, username=name, password=form.cleaned_data["password"])
                if person is not None:
                    login = Login(user=person, redirect_url=safe_next(request))
                    return perform_password_login(request, {"username": name}, login)
                problem = _(
                    "Login and password do not match. Check upper and lower case, and the input method."
                )
    return _page(request, form, problem, status)


def _page(request: HttpRequest, form: SignInForm, problem: str, status: int) -> HttpResponse:
    context = {
        "form": form,
        "problem": problem,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "can_remind": can_send_links(),
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "provider_id": settings.OIDC_PROVIDER_ID,
    }
    return render(request, "site/sign_in.html", context, status=status)


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """What django-axes answers with where a page did not ask `wait_until` itself."""
    now = datetime.now(UTC)
    name = str((credentials or {}).get("username") or "")
    text = wait_text(wait_until(Try(PASSWORDS, name, address_of(request)), now) or now, now)
    if request.path_info.startswith("/api/"):
        return problem_document(HTTPStatus.TOO_MANY_REQUESTS, "too_many_tries", text)
    return _page(request, SignInForm(), text, HTTPStatus.TOO_MANY_REQUESTS)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(resolve_url("sign_in"))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie, and with the person when somebody is signed in."""
    wanted = request.POST.get("language", "")
    known = {code for code, _name in settings.LANGUAGES}
    if wanted not in known:
        wanted = get_language_from_request(request)
    if request.user.is_authenticated:
        choose_language(person=request.user, language=wanted)
    response = HttpResponseRedirect(safe_next(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        wanted,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie; anything else follows the system."""
    wanted = request.POST.get("theme", "")
    response = HttpResponseRedirect(safe_next(request))
    if wanted in {"light", "dark"}:
        response.set_cookie(
            "theme", wanted, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie("theme")
    return response
