"""The API: /api/v1, OpenAPI 3.1, bearer tokens or the session, problem documents for everything that goes wrong."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth

from yunheng.accounts.api import own_router
from yunheng.accounts.api import router as people_router
from yunheng.accounts.queries import token_digest, viewer_for_person, viewer_for_token
from yunheng.appraisal.api import router as appraisal_router
from yunheng.contracts.actions import ContractFaulty
from yunheng.contracts.api import router as contracts_router
from yunheng.contracts.queries import contracts_visible_to
from yunheng.desk.api import router as desk_router
from yunheng.foundation.access import Viewer
from yunheng.foundation.answers import StrictParser, viewer_of, within_scopes
from yunheng.foundation.idempotency import lay_holder, one_transaction, under_key
from yunheng.foundation.refusals import Refusal
from yunheng.imports.api import router as imports_router
from yunheng.notify.api import router as notify_router
from yunheng.reports.api import router as reports_router

from .errors import problem, unable
from .openapi import DescribedApi
from .token_calls import is_token_call

logger = logging.getLogger(__name__)


class Bearer(HttpBearer):
    """A token in `Authorization: Bearer yh_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        """The viewer behind the token, or None."""
        viewer = viewer_for_token(token, datetime.now(UTC))
        if viewer is not None:
            lay_holder(request, f"token:{token_digest(token).hex()[:56]}")
        return viewer


class Session(SessionAuth):
    """Somebody who signed in with a browser; unsafe methods need the CSRF token. Whoever sends a token of ours is its
    holder or nobody: a session does not make up for it. Whoever is nobody is told that (401) and not of CSRF tokens.
    """

    def __call__(self, request: HttpRequest) -> Viewer | None:
        """The viewer who signed in, or None."""
        is_session = not is_token_call(request) and request.user.is_authenticated
        return super().__call__(request) if is_session else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Viewer | None:
        """The viewer who signed in, or None; the CSRF token was looked at."""
        if not request.user.is_authenticated:
            return None
        lay_holder(request, f"person:{request.user.uuid}")
        return viewer_for_person(request.user)


api = DescribedApi(
    title="Yunheng",
    version="1",
    description=(
        "Tickets, clocks, indicators and proofs of the contracts that the caller may see. Instants are UTC, "
        "durations whole seconds, decimals strings. What one may not see looks like what does not exist."
    ),
    auth=[Bearer(), Session()],
    docs_url=None,  # its page needs scripts from elsewhere, which the content security policy forbids
    openapi_url="/openapi.json",
    urls_namespace="api-v1",
    parser=StrictParser(),
)
api.add_decorator(under_key, mode="operation")
api.add_decorator(within_scopes, mode="operation")
api.add_decorator(one_transaction, mode="view")

account_router = Router(tags=["me"])


class GrantOut(Schema):
    """A role in a contract; `contract` is null for a role in all of them."""

    role: str
    contract: str | None


class MeOut(Schema):
    """Who asks."""

    name: str
    kind: str
    roles: list[GrantOut]
    token_scopes: list[str] | None


@account_router.get("/me", response=MeOut, summary="Who asks, and with which roles")
def read_me(request: HttpRequest) -> dict[str, Any]:
    """Name, roles and, for a token, its scopes."""
    viewer = viewer_of(request)
    keys = {contract.pk: contract.scope.key for contract in contracts_visible_to(viewer)}
    roles = [
        {"role": role, "contract": keys.get(scope_id) if scope_id else None}
        for role, scope_id in viewer.grants
    ]
    return {
        "name": viewer.actor.name,
        "kind": viewer.actor.kind,
        "roles": sorted(roles, key=lambda grant: (grant["contract"] or "", grant["role"])),
        "token_scopes": sorted(viewer.token_scopes) if viewer.token_scopes is not None else None,
    }


api.add_router("", account_router)
api.add_router("", contracts_router)
api.add_router("", appraisal_router)
api.add_router("", desk_router)
api.add_router("", people_router)
api.add_router("", own_router)
api.add_router("", notify_router)
api.add_router("", imports_router)
api.add_router("", reports_router)


@api.exception_handler(Refusal)
def on_refusal(_request: HttpRequest, error: Refusal) -> HttpResponse:
    """What an action or query refuses."""
    members: dict[str, Any] = {"detail": error.message}
    fields = getattr(error, "fields", None)
    if fields:
        members["errors"] = [{"field": name, "messages": texts} for name, texts in fields.items()]
    if isinstance(error, ContractFaulty):
        members["errors"] = [
            {
                "field": "document",
                "line": found.place.line,
                "column": found.place.column,
                "messages": [found.text(_)],
            }
            for found in error.problems
        ]
    for name in ("permission", "changed_by", "state"):
        if getattr(error, name, ""):
            members[name] = getattr(error, name)
    titles = {
        403: _("Not allowed"),
        404: _("Not found"),
        409: _("Somebody was faster") if error.code == "conflict" else _("This cannot be done"),
        415: _("This request cannot be understood"),
        422: _("Something in it is not right yet"),
    }
    return problem(error.status, error.code, titles.get(error.status, _("This cannot be done")), **members)


@api.exception_handler(AuthenticationError)
def on_unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    """No token, no session, or one that does not count."""
    response = problem(
        401, "unauthenticated", _("Sign in, or send a valid token as “Authorization: Bearer …”")
    )
    response["WWW-Authenticate"] = 'Bearer realm="yunheng"'
    return response


@api.exception_handler(ValidationError)
def on_invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Parameters that are not what the operation takes; each with its name."""
    fields: dict[str, list[str]] = {}
    for fault in error.errors:
        source, *place = (str(part) for part in fault["loc"])
        if source == "body":
            place = place[1:]  # what the function calls the body is no name of the caller's
        name = ".".join(place) or source
        fields.setdefault(name, []).append(fault["msg"])
    errors = [{"field": name, "messages": texts} for name, texts in fields.items()]
    return problem(422, "invalid", _("Something in it is not right yet"), errors=errors)


@api.exception_handler(Http404)
def on_missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
    """No such address."""
    return problem(404, "not_found", _("Not found"))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Anything ninja itself refuses: a body that is no JSON, a session without its CSRF token."""
    if isinstance(error.__cause__, Refusal):
        return on_refusal(request, error.__cause__)
    if error.status_code == 400:
        return on_unreadable(request, error)
    if error.status_code == 403:
        detail = _("A session changes something only with its CSRF token: send it as “X-CSRFToken”.")
        return problem(403, "csrf", _("Not allowed"), detail=detail)
    return problem(error.status_code, "http", str(error))


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(UnreadablePostError)
def on_unreadable(_request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that is not what it says it is, or more than the server takes."""
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return problem(413, "too_large", _("This is more than the server takes at once"))
    title = _("This request cannot be understood")
    return problem(
        400, "malformed", title, detail=_("The body cannot be read: is it well-formed, and all of it?")
    )


@api.exception_handler(Exception)
def on_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Our fault: logged with the reference that the caller gets. A query that took too long is not."""
    passing = unable(request, error)
    if passing is not None:
        return passing
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "server_error", _("Something went wrong on our side"))
