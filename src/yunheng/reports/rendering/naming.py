"""Whether the names in a template exist: walks the placeholders with the shape of the content."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import nodes

from yunheng.reports.rendering.fence import LOOP_NAMES

_UNKNOWN: Final = object()  #: shape of what cannot be told: no further fault follows from it
_LOOP: Final = dict.fromkeys(LOOP_NAMES, 0)


@dataclass(frozen=True, slots=True)
class NameFault:
    """A key of WORDS with what goes into it, and the line of the placeholder."""

    line: int
    key: str
    values: Mapping[str, str]


def faults_of_names(tree: nodes.Template, shape: Mapping[str, Any]) -> list[NameFault]:
    """Every name that does not exist, every loop over what is no list, every list put where a text belongs."""
    return list(_body(tree.body, dict(shape)))


def _body(body: list[nodes.Node], scope: dict[str, Any]) -> Iterator[NameFault]:
    for node in body:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                if not isinstance(part, nodes.TemplateData):
                    yield from _shown(part, scope)
        elif isinstance(node, nodes.If):
            yield from _expression(node.test, scope)
            for branch in (node.body, node.elif_, node.else_):
                yield from _body(list(branch), scope)
        elif isinstance(node, nodes.For):
            yield from _loop(node, scope)


def _loop(node: nodes.For, scope: dict[str, Any]) -> Iterator[NameFault]:
    yield from _expression(node.iter, scope)
    over = _shape(node.iter, scope)
    inner = _UNKNOWN
    if isinstance(over, list):
        inner = over[0]
    elif over is not _UNKNOWN:
        yield NameFault(node.lineno, "problem_not_a_list", {"name": _path(node.iter)})
    if isinstance(node.target, nodes.Name):
        below = {**scope, node.target.name: inner, "loop": _LOOP}
        if node.test is not None:
            yield from _expression(node.test, below)
        yield from _body(list(node.body), below)
    yield from _body(list(node.else_), scope)


def _shown(node: nodes.Node, scope: dict[str, Any]) -> Iterator[NameFault]:
    """What is printed must be one value."""
    found = list(_expression(node, scope))
    yield from found
    if not found and isinstance(_shape(node, scope), dict | list):
        yield NameFault(node.lineno, "problem_is_a_list", {"name": _path(node)})


def _expression(node: nodes.Node, scope: dict[str, Any]) -> Iterator[NameFault]:
    """Faults of the names in an expression, the longest path of each only once."""
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        yield from _known(node, scope)
        return
    if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
        return
    for child in node.iter_child_nodes():
        yield from _expression(child, scope)


def _known(node: nodes.Node, scope: dict[str, Any]) -> Iterator[NameFault]:
    if isinstance(node, nodes.Name):
        if node.name not in scope:
            yield _unknown(node, node.name, "", scope)
        return
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        yield from _expression(node, scope)
        return
    before = list(_known(node.node, scope))
    if before:
        yield from before
        return
    owner = _shape(node.node, scope)
    key = _key(node)
    if owner is _UNKNOWN or (isinstance(owner, list) and isinstance(key, int)):
        return
    if not isinstance(owner, dict) or key not in owner:
        names = owner if isinstance(owner, dict) else {}
        yield _unknown(node, str(key), f"{_path(node.node)}.", names)


def _unknown(node: nodes.Node, name: str, before: str, known: Mapping[str, Any]) -> NameFault:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return NameFault(node.lineno, "problem_did_you_mean", {"name": before + near[0]})
    return NameFault(node.lineno, "problem_unknown_name", {})


def _shape(node: nodes.Node, scope: dict[str, Any]) -> Any:
    """The shape of a path; unknown for every other expression but those that surely give one value."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name, _UNKNOWN)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        owner, key = _shape(node.node, scope), _key(node)
        if isinstance(owner, dict):
            return owner.get(key, _UNKNOWN)
        if isinstance(owner, list) and isinstance(key, int):
            return owner[0]
    return _UNKNOWN


def _key(node: nodes.Getattr | nodes.Getitem) -> str | int:
    if isinstance(node, nodes.Getattr):
        return node.attr
    value = node.arg.value if isinstance(node.arg, nodes.Const) else ""
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        return f"{_path(node.node)}.{_key(node)}"
    return "…"
