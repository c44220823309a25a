"""What every API answer shares: who asks, the problem document, pages of a list, and how instants come in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, Generic, TypeVar, cast
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Schema
from ninja.parser import Parser
from pydantic import AfterValidator, AwareDatetime, ConfigDict, ValidationError

from .access import Viewer
from .refusals import Forbidden, Invalid, Refusal

T = TypeVar("T")
S = TypeVar("S", bound=Schema)

#: A page has this many items unless `limit` says otherwise.
PAGE = 50
LARGEST_PAGE = 500
#: No log is larger; a larger number in an address is a mistake, and answered as one.
LARGEST_SIZE = 2**48
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_VERSION = 2**31 - 1  # of a row, as PostgreSQL keeps it
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def viewer_of(request: HttpRequest) -> Viewer:
    """Who asks: laid by the API's authentication."""
    return cast(Viewer, request.auth)  # type: ignore[attr-defined]


def within_scopes(view: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse every change to a token that was made for reading only, whatever the operation itself asks for."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> Any:
        scopes = viewer_of(request).token_scopes
        if request.method not in SAFE_METHODS and scopes is not None and not scopes & {"write", "admin"}:
            raise Forbidden(_("This token is for reading only."), permission="write")
        return view(request, *args, **values)

    return answer


class Input(Schema):
    """What a write takes. A name that it does not know is refused: a typing error must not be taken for "unchanged"."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(Schema):
    """What is wrong with one field."""

    field: str
    messages: list[str]
    line: int | None = Field(None, description="Of a document")
    column: int | None = None


class Problem(Schema):
    """The one error shape (RFC 9457)."""

    type: str = Field(description="Stable name of the kind of problem: urn:yunheng:problem:<code>")
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None
    permission: str | None = Field(None, description="What is missing, where something is not allowed (403)")
    changed_by: str | None = Field(None, description="Who was faster (409), where names are for the reader")
    state: str | None = Field(None, description="The state that it is in now (409)")
    reference: str | None = Field(None, description="Finds the log lines of this request")


class Page(Schema, Generic[T]):
    """A page of a list. `next` goes into `after` for more; null at the end."""

    items: list[T]
    next: str | None


def _within_reach(at: datetime) -> datetime:
    if not _FIRST <= at < _LAST:
        raise ValueError(_("An instant between 1970 and 2200."))
    return at


#: An instant that somebody names: with its offset from UTC, and of our time.
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_within_reach),
    Field(examples=["2026-04-01T09:30:00+08:00"]),
]


class UnsupportedMedia(Refusal):
    """A body of a kind that the operation does not read."""

    code = "unsupported_media_type"
    status = 415


class StrictParser(Parser):
    """JSON as RFC 8259 has it and the database can keep it; nothing is guessed."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body. Raises UnsupportedMedia for another media type, ValueError for what is no JSON, Invalid for the
        character NUL and for halves of characters.
        """
        kind = request.content_type or ""
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise UnsupportedMedia(_("Send the body as “Content-Type: application/json”."))
        return _readable(_loads(request.body))

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        """Fields of a query or form. Raises UnsupportedMedia for another kind, Invalid for the character NUL."""
        if data is not request.GET and request.content_type != "multipart/form-data":
            raise UnsupportedMedia(_("Send the body as “Content-Type: multipart/form-data”."))
        return _readable(super().parse_querydict(data, list_fields, request))


def _loads(body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(body, parse_constant=refuse)


def _readable(data: Any) -> Any:
    """The same, when all of its texts can be kept."""
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            if "\0" in value or (not value.isprintable() and _is_broken(value)):
                raise Invalid({name or "body": _("This holds a character that no text may hold.")})
        elif isinstance(value, dict):
            waiting += [(str(key) if not name else f"{name}.{key}", item) for key, item in value.items()]
            waiting += [("body", key) for key in value]
        elif isinstance(value, list | tuple):
            waiting += [(name, item) for item in value]
    return data


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def read_part(shape: type[S], text: str) -> S:
    """The JSON document that is one part of a form with files. Raises Invalid, naming each field that is wrong."""
    try:
        return shape.model_validate(_readable(_loads(text.encode("utf-8", "surrogatepass"))))
    except ValidationError as error:
        faults: dict[str, list[str]] = {}
        for fault in error.errors(include_url=False):
            name = ".".join(str(part) for part in fault["loc"]) or "data"
            faults.setdefault(name, []).append(fault["msg"])
        raise Invalid(faults) from None
    except (ValueError, RecursionError):
        raise Invalid({"data": _("This part must be a JSON document.")}) from None


def gone_to(request: HttpRequest, address: str) -> HttpResponse:
    """303 to an address; for htmx a full-page redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponse(status=303, headers={"Location": address})


def download(name: str, data: bytes) -> HttpResponse:
    """An answer that a browser can only save, under that name (RFC 6266, RFC 8187)."""
    response = HttpResponse(data, content_type="application/octet-stream")
    plain = "".join(it if it.isascii() and (it.isalnum() or it in "._-") else "_" for it in name)
    response["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
