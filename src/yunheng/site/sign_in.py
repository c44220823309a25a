"""Sign in, sign out, and the choices that belong to the reader: language and theme."""

from datetime import UTC, datetime
from ipaddress import ip_address
from math import ceil

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language_from_request, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from yunheng.accounts.preferences import choose_language

from . import throttle

YEAR_SECONDS = 365 * 24 * 3600


class SignInForm(forms.Form):
    """Login and password, each with a message that says what is missing."""

    login = forms.CharField(
        max_length=150, error_messages={"required": gettext_lazy("Type the login you were given.")}
    )
    password = forms.CharField(
        max_length=4096, strip=False, error_messages={"required": gettext_lazy("Type your password.")}
    )


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_safe else resolve_url("start")


def _address(request: HttpRequest) -> str | None:
    """Where a request comes from: the peer, or whom a proxy on this machine names (`YUNHENG_ORIGINS`: there is one).

    Of X-Forwarded-For only the last name counts, which the proxy itself wrote; whatever stands before it is the
    client's word.
    """
    peer = request.META.get("REMOTE_ADDR") or None
    if settings.ORIGINS and _is_this_machine(peer or ""):
        named = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        try:
            return str(ip_address(named))
        except ValueError:
            return peer
    return peer


def _is_this_machine(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Check login and password; go where the person wanted to go. What was typed as login stays on an error."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(_safe_next(request))
    form = SignInForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            now = datetime.now(UTC)
            name, address = form.cleaned_data["login"], _address(request)
            until = throttle.wait_until(name, address, now)
            if until is not None:
                minutes = max(1, ceil((until - now).total_seconds() / 60))
                problem = _("Too many tries. Wait %(minutes)s min, then try again.") % {"minutes": minutes}
                status = 429
            else:
                person = authenticate(request, username=name, password=form.cleaned_data["password"])
                if person is not None:
                    throttle.forget_failures(name, address)
                    login(request, person)
                    return HttpResponseRedirect(_safe_next(request))
                throttle.note_failure(name, address, now)
                problem = _(
                    "Login and password do not match. Check upper and lower case, and the input method."
                )
    context = {
        "form": form,
        "problem": problem,
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }
    return render(request, "site/sign_in.html", context, status=status)


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
    response = HttpResponseRedirect(_safe_next(request))
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
    response = HttpResponseRedirect(_safe_next(request))
    if wanted in {"light", "dark"}:
        response.set_cookie(
            "theme", wanted, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie("theme")
    return response
