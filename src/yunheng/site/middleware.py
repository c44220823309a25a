"""What every answer carries: security headers, the reader's language and zone, who looks, and refusals as pages."""

import logging
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from yunheng.accounts.guessing import TOKENS, WINDOW, Try, note_failure, wait_until
from yunheng.accounts.models import Person
from yunheng.accounts.peers import address_of
from yunheng.accounts.queries import viewer_for_person
from yunheng.accounts.second_factor import has_second_factor
from yunheng.accounts.security import is_second_factor_required
from yunheng.accounts.sentences import wait_text
from yunheng.accounts.sessions import note_visit
from yunheng.foundation.refusals import Refusal

from . import errors
from .account.elsewhere import SECOND_FACTOR_ELSEWHERE

Handler = Callable[[HttpRequest], HttpResponse]

#: No inline script or style and no eval, from the first page on. Attributes set by script (CSSOM) are allowed by CSP.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
logger = logging.getLogger(__name__)

_HAS_SECOND_FACTOR = "has_second_factor"  # in the session: asked of the database once
_ALWAYS_OPEN = (
    "/static/",
    "/healthz",
    "/readyz",
    "/sign-in",
    "/sign-out",
    "/language",
    "/theme",
    "/account/",
)


class SecurityHeaders:
    """Puts the security headers on every answer, errors included."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the headers. What holds the character NUL is refused here: no text in the database can."""
        has_nul = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        response = errors.bad_request(request) if has_nul else self._get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The same for a form: most pages name the field, and what they let through the database refuses."""
        if not isinstance(exception, (DatabaseError, ValueError)) or not _holds_nul(request):
            return None
        return errors.bad_request(request)


def _holds_nul(request: HttpRequest) -> bool:
    """Whether a field of a form holds the character NUL."""
    return any("\0" in value for name in request.POST for value in (name, *request.POST.getlist(name)))


class ApiProblems:
    """Whatever goes wrong under /api/ is answered with a problem document, also what Django itself refuses."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; an error that is no problem document yet becomes one, with its status and headers kept."""
        response = self._get_response(request)
        if not request.path_info.startswith("/api/") or response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        if response.headers.get("Content-Type", "").startswith(errors.PROBLEM_TYPE):
            return response
        status = HTTPStatus(response.status_code)
        answer = errors.problem(response.status_code, status.name.lower(), status.phrase)
        for name, value in response.items():
            if name not in {"Content-Type", "Content-Length"}:
                answer[name] = value
        return answer


class Reader:
    """Language and zone of the person who reads, and `request.viewer` (built only when asked for).

    Language: the person's own, else the cookie's, else what the browser asks for, else Chinese.
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the reader's language and zone."""
        language, zone = translation.get_language_from_request(request), settings.TIME_ZONE
        is_page = not request.path_info.startswith(("/api/", "/static/", "/healthz", "/readyz"))
        if is_page and request.user.is_authenticated:
            person = request.user
            known = {code for code, _name in settings.LANGUAGES}
            language = person.language if person.language in known else language
            zone = person.zone
            request.viewer = SimpleLazyObject(lambda: viewer_for_person(person))  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = language
        with translation.override(language), timezone.override(_zone(zone)):
            response = self._get_response(request)
        response.headers.setdefault("Content-Language", language)
        # Kept by no cache, the browser's own included: consoles are shared, and after sign-out "back" shows nothing.
        response.headers.setdefault("Cache-Control", "private, no-store")
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A refusal of an action or query becomes its page, in the reader's language; so does a query that took too
        long.
        """
        if isinstance(error, Refusal):
            return errors.refused(request, error)
        return errors.unable(request, error)


class OwnAccount:
    """What somebody who signed in owes their account: a password of their own, a second factor where it is required.

    Until then every page leads there. Notes the visit, too (`accounts.sessions`).
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead to what is due; the API says so with 403."""
        path = request.path_info
        if path.startswith(_ALWAYS_OPEN) or not request.user.is_authenticated:
            return self._get_response(request)
        note_visit(request)
        due = self._due(request)
        if due is None or path.startswith(due[1]):
            return self._get_response(request)
        place, _open, text = due
        if path.startswith("/api/"):
            return errors.problem(403, "account", text)
        address = resolve_url(place)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)

    @staticmethod
    def _due(request: HttpRequest) -> tuple[str, tuple[str, ...], str] | None:
        person = cast(Person, request.user)
        if person.must_change_password:
            return "accounts:password", ("/me/password",), _("Choose a password of your own first.")
        if settings.REQUIRE_SECOND_FACTOR == "none":
            return None
        session = request.session
        if session.get(_HAS_SECOND_FACTOR) == person.pk or session.get(SECOND_FACTOR_ELSEWHERE):
            return None
        if not is_second_factor_required(person.organisation.kind):
            return None
        if has_second_factor(person.pk):
            session[_HAS_SECOND_FACTOR] = person.pk
            return None
        return "accounts:security", ("/me/security", "/me/confirm"), _("Set up a second factor first.")


class WrongTokens:
    """Counts wrong API tokens by address, and answers 429 when there were too many.

    An address with none lately is not looked up: right tokens cost nothing.
    """

    _remembered = 10_000
    _seen: dict[str | None, datetime] = {}  # of this process: only whom to look up

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a wrong token is counted."""
        if not request.path_info.startswith("/api/") or "Authorization" not in request.headers:
            return self._get_response(request)
        now = datetime.now(UTC)
        attempt = Try(TOKENS, "token", address_of(request))
        if now - self._seen.get(attempt.address, now - WINDOW) < WINDOW:
            until = wait_until(attempt, now)
            if until is not None:
                answer = errors.problem(429, "too_many_tries", wait_text(until, now))
                answer["Retry-After"] = str(max(1, int((until - now).total_seconds())))
                return answer
        response = self._get_response(request)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            note_failure(attempt, now)
            if len(self._seen) >= self._remembered:
                self._seen.clear()
            self._seen[attempt.address] = now
        return response


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        logger.warning("unknown time zone of a person: %s", name)
        return zoneinfo.ZoneInfo("UTC")
