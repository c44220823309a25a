"""The description of the API as a page: every operation with what it takes and answers, to be searched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .api import api

_METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a field of a body or answer."""

    name: str
    where: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Described:
    """One operation."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    media_type: str
    answer: tuple[Member, ...]
    statuses: tuple[str, ...]


@dataclass(slots=True)
class Group:
    """Operations of one kind."""

    key: str
    name: str
    operations: list[Described] = field(default_factory=list)


def group_name(tag: str) -> str:
    """A tag in words."""
    names = {
        "tickets": _("Tickets"),
        "agreements": _("Waiting periods, proposals, links"),
        "views": _("Saved views"),
        "contracts": _("Contracts"),
        "log": _("Sealed log"),
        "indicators": _("Indicators"),
        "people": _("People and teams"),
        "me": _("My account"),
        "notifications": _("Notifications and webhooks"),
        "imports": _("Imports"),
    }
    return names.get(tag, tag)


def described(document: Mapping[str, Any], wanted: str) -> list[Group]:
    """The operations in which every word of `wanted` stands, by group, in the order of the description."""
    words = wanted.casefold().split()
    groups: dict[str, Group] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            tag = operation["tags"][0]
            one = _described(document, path, method, operation)
            haystack = f"{method} {path} {one.summary} {one.text} {tag} {group_name(tag)}".casefold()
            if all(word in haystack for word in words):
                groups.setdefault(tag, Group(tag, group_name(tag))).operations.append(one)
    return list(groups.values())


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The page. Like the description itself it is open to everybody: it tells of the product, and of no data."""
    wanted = request.GET.get("q", "")[:200]
    groups = described(api.get_openapi_schema(), wanted)
    return render(request, "site/api_docs.html", {"groups": groups, "wanted": wanted})


def _described(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Described:
    content = (operation.get("requestBody") or {}).get("content", {})
    media_type = next(iter(content), "")
    body = content[media_type]["schema"] if media_type else {}
    done = next(it for status, it in operation["responses"].items() if str(status).startswith("2"))
    answers = done.get("content", {})
    answer = next(iter(answers.values()))["schema"] if answers else {}
    return Described(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        text=operation.get("description", ""),
        parameters=tuple(_parameter(document, one) for one in operation["parameters"]),
        body=_members(document, body),
        media_type=media_type,
        answer=_members(document, answer),
        statuses=tuple(map(str, operation["responses"])),
    )


def _parameter(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Member:
    found = _followed(document, parameter)
    where = {"path": _("in the path"), "query": _("in the query"), "header": _("as a header")}[found["in"]]
    return Member(
        found["name"],
        where,
        _kind(found["schema"]),
        bool(found.get("required")),
        found.get("description", ""),
    )


def _members(document: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Member, ...]:
    found = _followed(document, schema)
    if found.get("type") == "array":
        found = _followed(document, found.get("items", {}))
    required = set(found.get("required", ()))
    return tuple(
        Member(name, "", _kind(one), name in required, one.get("description", ""))
        for name, one in found.get("properties", {}).items()
    )


def _followed(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        place: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        schema = place
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words of JSON Schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(f'"{one}"' for one in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
