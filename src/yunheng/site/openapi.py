"""The description of the API, completed with what all operations share: refusals, idempotency keys, security."""

from collections.abc import Iterator
from typing import Any, Final

from ninja import NinjaAPI

from yunheng.foundation.answers import Problem
from yunheng.foundation.idempotency import HEADER, REPLAYED

#: Refusals by status: what each means. Every operation may answer with those of `_ALWAYS`.
REFUSALS: Final = {
    400: "The request cannot be read: no JSON, a broken form, a broken address; or what is asked is impossible.",
    401: "No token and no session, or one that does not count (any more).",
    403: "What is asked for can be seen, and may not be done by this person or with this token.",
    404: "There is no such thing, or it may not be seen; nobody learns which.",
    409: "Somebody was faster, or the state allows it no longer. Read again, then decide.",
    413: "The body is larger than the server takes.",
    415: "The body is of a kind that the operation does not read.",
    422: "Something in it is not right yet; `errors` names each field with a sentence.",
    429: "Too many wrong tokens from this address lately. Wait.",
    500: "Our fault; `reference` finds it in the log.",
    503: "It would take too long, or the database cannot be reached. Ask for less, or later.",
}
_ALWAYS: Final = (400, 401, 403, 404, 422, 429, 500, 503)
_OF_WRITES: Final = (409, 413, 415)
_SAFE: Final = ("get", "head", "options")
_REFERENCE: Final = "#/components/{}/{}"

_KEY_PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A new random text for each change, the same one when it is sent again: it is carried out once. "
        "See the manual, chapter “API”."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    "example": "7f9c2ba4-e88f-4f2f-9d5e-2f3f9d1c1f10",
}
_REPLAYED_HEADER: Final = {
    "description": "“true” when this is the answer of the first time, and nothing was done now.",
    "schema": {"type": "string", "enum": ["true"]},
}


class DescribedApi(NinjaAPI):
    """An API whose description is complete, and made once."""

    _described: dict[str, Any] | None = None

    def get_openapi_schema(self, **named: Any) -> Any:
        """OpenAPI 3.1 as data; the same object each time."""
        if self._described is None:
            self._described = complete(super().get_openapi_schema(path_prefix="/api/v1/"))
        return self._described


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to each operation its refusals and, where it writes, the header of the key; returns the same document."""
    components = document["components"]
    components["schemas"]["Problem"] = _problem(components["schemas"])
    components["responses"] = {f"Problem{status}": _refusal(text) for status, text in REFUSALS.items()}
    components["parameters"] = {"IdempotencyKey": _KEY_PARAMETER}
    components["headers"] = {"IdempotencyReplayed": _REPLAYED_HEADER}
    for scheme, text in (
        ("Bearer", "A token of a person, made under “My tokens”: `Authorization: Bearer yh_…`."),
        (
            "Session",
            "Somebody who signed in with a browser; what changes something needs `X-CSRFToken`, too.",
        ),
    ):
        components["securitySchemes"][scheme]["description"] = text
    for method, operation in operations(document):
        writes = method not in _SAFE
        statuses = sorted((*_ALWAYS, *_OF_WRITES)) if writes else _ALWAYS
        for status in statuses:
            operation["responses"][str(status)] = {"$ref": _REFERENCE.format("responses", f"Problem{status}")}
        if writes:
            operation["parameters"].append({"$ref": _REFERENCE.format("parameters", "IdempotencyKey")})
            for status, answer in operation["responses"].items():
                if str(status).startswith("2"):
                    answer["headers"] = {
                        REPLAYED: {"$ref": _REFERENCE.format("headers", "IdempotencyReplayed")}
                    }
        operation["responses"] = {
            str(status): answer
            for status, answer in sorted(operation["responses"].items(), key=lambda it: str(it[0]))
        }
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(method in lower case, operation) of each."""
    for methods in document["paths"].values():
        yield from methods.items()


def _problem(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = Problem.model_json_schema(
        ref_template=_REFERENCE.format("schemas", "{model}"), mode="serialization"
    )
    schemas.update(schema.pop("$defs", {}))
    schema["additionalProperties"] = True
    return schema


def _refusal(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": _REFERENCE.format("schemas", "Problem")}}
        },
    }
