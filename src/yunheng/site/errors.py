"""Error pages in words that help, with a reference number; problem documents (RFC 9457) for addresses of the API.

Forbidden looks like not found. None of these touches the database: they must work when it does not.
"""

import sys
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token
from psycopg.errors import QueryCanceled

from yunheng.foundation.refusals import Refusal

from .logging import request_id

PROBLEM_TYPE = "application/problem+json"


def reference() -> str:
    """What a person quotes and an administrator finds in the log: the request's id."""
    return request_id.get()


def problem(status: int, code: str, title: str, **members: Any) -> JsonResponse:
    """A problem document; `type` is a stable address-like name, `reference` finds the log lines."""
    body = {"type": f"urn:yunheng:problem:{code}", "title": title, "status": status, **members}
    if reference():
        body["reference"] = reference()
    return JsonResponse(
        body, status=status, content_type=PROBLEM_TYPE, json_dumps_params={"ensure_ascii": False}
    )


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _page(
    request: HttpRequest, status: int, title: str, text: str, *, code: str, details: list[str] | None = None
) -> HttpResponse:
    if _is_api(request):
        return problem(status, code, title, detail=text)
    context = {
        "status": status,
        "title": title,
        "text": text,
        "details": details or [],
        "reference": reference(),
        "language": getattr(request, "LANGUAGE_CODE", "zh-hans"),
        "theme": theme_of(request),
    }
    return HttpResponse(render_to_string("site/error.html", context), status=status)


def theme_of(request: HttpRequest) -> str:
    """The theme somebody chose: "light", "dark", or "" for the system's."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in {"light", "dark"} else ""


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, and also what somebody sees who may not look."""
    title = _("There is nothing here")
    text = _(
        "The address is wrong, or what stood here is not for you to see. "
        "Check the number, or go back to the start page."
    )
    return _page(request, 404, title, text, code="not_found")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Forbidden looks like not found: nobody learns that something exists."""
    return not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what came cannot be read."""
    title = _("This request cannot be understood")
    text = _("Something in the address or the form is not as it should be. Go back and try once more.")
    return _page(request, 400, title, text, code="bad_request")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault, unless the database was away while the request was still being prepared."""
    passing = unable(request, sys.exc_info()[1])
    if passing is not None:
        return passing
    title = _("Something went wrong on our side")
    text = _(
        "Nothing of what you entered was half saved. Try once more; if it happens again, "
        "tell the administrator this number."
    )
    return _page(request, 500, title, text, code="server_error")


def took_too_long(error: BaseException) -> bool:
    """Whether the database gave up on a statement (`statement_timeout`)."""
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, QueryCanceled)


def too_long(request: HttpRequest) -> HttpResponse:
    """503: what was asked for would take longer than one answer may."""
    title = _("This takes too long")
    text = _("Ask for less at once: a shorter period, a state, a service, or the number of a ticket.")
    return _page(request, 503, title, text, code="too_long")


#: SQLSTATEs of a server that is going, coming, or full; without one the connection itself broke.
_AWAY = ("08", "57P", "53300")


def is_away(error: BaseException | None) -> bool:
    """Whether the database could not be reached, or went away in the middle."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_AWAY)


def away(request: HttpRequest) -> HttpResponse:
    """503: the database is not there at the moment. What was sent may have been carried out, or not."""
    title = _("The database cannot be reached")
    text = _(
        "It is probably starting again. Wait a moment, look whether what you sent is there, and send it again if not."
    )
    response = _page(request, 503, title, text, code="unavailable")
    response["Retry-After"] = "2"
    return response


def unable(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer to an error that passes by itself or by asking for less; None for every other."""
    if error is not None and took_too_long(error):
        return too_long(request)
    return away(request) if is_away(error) else None


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the form protection: the one forbidden that must explain itself, or nobody gets in."""
    title = _("This form has expired")
    text = _(
        "It was open for too long, or your browser keeps no cookies. Load the page again and send it once more."
    )
    return _page(request, 403, title, text, code="csrf")


def refused(request: HttpRequest, error: Refusal) -> HttpResponse:
    """A refusal of an action or query."""
    if error.status in {403, 404}:
        return not_found(request)
    title = {
        409: _("Somebody was faster"),
        422: _("Something in it is not right yet"),
    }.get(error.status, _("This cannot be done"))
    fields = getattr(error, "fields", {})
    details = [text for texts in fields.values() for text in texts] if fields else []
    return _page(
        request, error.status, title, "" if details else error.message, code=error.code, details=details
    )
