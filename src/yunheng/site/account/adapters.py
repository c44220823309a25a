"""What django-allauth asks us: who may come in and where they go. Nobody signs up, and nobody is created."""

import logging
from http import HTTPStatus
from typing import Any, Final, NoReturn, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.accounts.peers import address_of
from yunheng.accounts.security import person_for_claim
from yunheng.accounts.sessions import note_confirmed, note_elsewhere

from .elsewhere import ASKED_AGAIN, SECOND_FACTOR_ELSEWHERE

logger = logging.getLogger(__name__)
CLOCKS_DIFFER: Final = 60  # seconds by which the other party's clock may be behind


def safe_next(request: HttpRequest, target: str | None = None) -> str:
    """Where somebody wanted to go (`next`), if that is a place of this site; else the start page."""
    wanted = target or request.POST.get("next") or request.GET.get("next") or ""
    is_safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_safe else resolve_url("start")


def refused(request: HttpRequest, text: str, *, status: int = HTTPStatus.FORBIDDEN) -> HttpResponse:
    """The page for somebody who could not be let in by the other sign-in."""
    context = {"text": text, "provider": settings.OIDC_NAME}
    return render(request, "site/account/refused.html", context, status=status)


class AccountAdapter(DefaultAccountAdapter):
    """Signing in, step by step."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an administrator writes people down."""
        return False

    def get_login_stages(self) -> list[str]:
        """After the password comes the second factor, and nothing else."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def is_safe_url(self, url: str | None) -> bool:
        """Only places of this very site."""
        return bool(url) and safe_next(self.request, url) == url

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that failures are counted by."""
        return address_of(request) or ""

    def add_message(self, *_arguments: Any, **_named: Any) -> None:
        """Our pages say what happened."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mails go out through the delivery log (`notify`)."""

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """Go where the person wanted to go."""
        return HttpResponseRedirect(safe_next(request, more.get("redirect_url")))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Somebody disabled looks like somebody unknown."""
        return refused(request, _unknown())


class SocialAdapter(DefaultSocialAccountAdapter):
    """Another party's word (OpenID Connect) on who somebody is, taken for a person whom an administrator wrote down."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never."""
        return False

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Nothing is taken over: nobody is made of it."""
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Find the active person whose login the claim names, and go on as after a password."""
        claims = sociallogin.account.extra_data
        told, signed = claims.get("userinfo") or {}, claims.get("id_token") or {}
        if not signed or (told and told.get("sub") != signed.get("sub")):  # OpenID Connect Core 5.3.2
            logger.warning("sign-in elsewhere: no ID token, or one of somebody else")
            raise ImmediateHttpResponse(refused(request, _broken(), status=HTTPStatus.BAD_GATEWAY))
        claim = settings.OIDC_LOGIN_CLAIM
        source = told if told.get(claim) else signed
        value = source.get(claim)
        if claim == "email" and source.get("email_verified") is not True:  # of this very address
            value = None
        person = person_for_claim(value) if isinstance(value, str) else None
        if person is None:
            logger.warning(
                "sign-in elsewhere: nobody here for the claim %s", claim, extra={"sub": signed.get("sub")}
            )
            raise ImmediateHttpResponse(refused(request, _unknown()))
        asked_at = (sociallogin.state.get("data") or {}).get(ASKED_AGAIN)
        if asked_at is not None and request.user.is_authenticated:
            raise ImmediateHttpResponse(_confirm(request, person, sociallogin, signed, asked_at))
        raise ImmediateHttpResponse(_go_on(request, person, sociallogin, signed))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Broken off by the person, or anything that went wrong between the two sides."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(HttpResponseRedirect(resolve_url("sign_in")))
        logger.warning("sign-in elsewhere failed: %s", exception or error)
        raise ImmediateHttpResponse(refused(request, _broken(), status=HTTPStatus.BAD_GATEWAY))


def _go_on(
    request: HttpRequest, person: Person, sociallogin: SocialLogin, signed: dict[str, Any]
) -> HttpResponse:
    if request.user.is_authenticated and request.user.pk != person.pk:
        logout(request)
    record_authentication(
        request, person, "socialaccount", provider=sociallogin.account.provider, uid=sociallogin.account.uid
    )
    wanted = sociallogin.state.get("next")
    response = cast(HttpResponse, perform_login(request, Login(user=person, redirect_url=wanted)))
    if request.user.is_authenticated:
        note_elsewhere(request, _typed_at(signed))
    if request.user.is_authenticated and "mfa" in (signed.get("amr") or ()):  # RFC 8176
        request.session[SECOND_FACTOR_ELSEWHERE] = True
    return response


def _confirm(
    request: HttpRequest, person: Person, sociallogin: SocialLogin, signed: dict[str, Any], asked_at: int
) -> HttpResponse:
    """Take the other party's word that who is signed in here showed there, just now, who they are."""
    if request.user.pk != person.pk:
        return refused(request, _("There you are somebody else than here. Nothing was confirmed."))
    typed_at = _typed_at(signed)
    if typed_at is None or typed_at < asked_at - CLOCKS_DIFFER:
        logger.warning(
            "confirmation elsewhere: auth_time is %s", "missing" if typed_at is None else "too old"
        )
        text = _(
            "%(name)s let you pass without asking for your password, or does not say when it asked (auth_time)."
            " Nothing was confirmed. An administrator can give you a password here, or set the other side right."
        )
        return refused(request, text % {"name": settings.OIDC_NAME})
    note_confirmed(request)
    return HttpResponseRedirect(safe_next(request, sociallogin.state.get("next")))


def _typed_at(signed: dict[str, Any]) -> int | None:
    """When the person showed at the other party who they are (OpenID Connect Core 2: auth_time), if it says."""
    value = signed.get("auth_time")
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _unknown() -> str:
    return _("Nobody here has the login that you have there. Ask your administrator to write you down.")


def _broken() -> str:
    return _(
        "The other side did not answer as it should. Try once more; if it stays so, tell your administrator."
    )
