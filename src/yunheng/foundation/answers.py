"""What every API answer shares: who asks, the problem document, and pages of a list."""

from typing import Generic, TypeVar, cast

from django.http import HttpRequest
from ninja import Field, Schema

from .access import Viewer

T = TypeVar("T")

#: A page has this many items unless `limit` says otherwise.
PAGE = 50
LARGEST_PAGE = 500
#: No log is larger; a larger number in an address is a mistake, and answered as one.
LARGEST_SIZE = 2**48


def viewer_of(request: HttpRequest) -> Viewer:
    """Who asks: laid by the API's authentication."""
    return cast(Viewer, request.auth)  # type: ignore[attr-defined]


class FieldProblem(Schema):
    """What is wrong with one field."""

    field: str
    messages: list[str]


class Problem(Schema):
    """The one error shape (RFC 9457)."""

    type: str = Field(description="Stable name of the kind of problem: urn:yunheng:problem:<code>")
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None
    reference: str | None = Field(None, description="Finds the log lines of this request")


class Page(Schema, Generic[T]):
    """A page of a list. `next` goes into `after` for more; null at the end."""

    items: list[T]
    next: str | None


#: Problems that any operation may answer with.
PROBLEMS = {frozenset({401, 403, 404, 422, 500}): Problem}
