"""The fence around templates: which Jinja a Word template may use, and how it is run.

Three fences stand one behind the other. Only names, loops, conditions, comparisons and a few filters are compiled at
all; what is compiled runs sandboxed on plain data; and the process it runs in is limited and has nothing to give away.
"""

from collections.abc import Iterator
from typing import Any, Final

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS: Final = (
    "default",
    "d",
    "join",
    "length",
    "count",
    "first",
    "last",
    "upper",
    "lower",
    "trim",
    "title",
    "reverse",
)
TESTS: Final = (
    "defined",
    "undefined",
    "none",
    "true",
    "false",
    "odd",
    "even",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "in",
)
DEEPEST_LOOP: Final = 3
LOOP_NAMES: Final = ("index", "index0", "revindex", "first", "last", "length")

_ALLOWED: Final[tuple[type[nodes.Node], ...]] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.For,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
    nodes.Test,
    nodes.Concat,
    nodes.Tuple,
    nodes.List,
)
_CALLED: Final[dict[str, str]] = {
    "Call": "( )",
    "Assign": "set",
    "AssignBlock": "set",
    "FilterBlock": "filter",
    "ScopedEvalContextModifier": "autoescape",
    "FromImport": "import",
    "CallBlock": "call",
    "Mul": "*",
    "Pow": "**",
    "Add": "+",
    "Sub": "-",
    "Div": "/",
    "FloorDiv": "//",
    "Mod": "%",
    "Neg": "-",
    "Pos": "+",
    "Dict": "{ }",
    "Slice": "[:]",
}


class ForbiddenError(TemplateSyntaxError):
    """The template uses a construct that is not allowed; the message names it."""


class FencedEnvironment(ImmutableSandboxedEnvironment):
    """Compiles only what `forbidden_in` finds nothing in; escapes everything; knows no globals."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.globals.clear()
        for name in set(self.filters) - set(FILTERS):
            del self.filters[name]
        for name in set(self.tests) - set(TESTS):
            del self.tests[name]

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A name of a group of values, or a counter of a loop; nothing else has attributes here."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in LOOP_NAMES:
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A name of a group of values, or a place in a list."""
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for what, line in forbidden_in(tree):
            raise ForbiddenError(what, line, name, filename)
        return tree


def forbidden_in(tree: nodes.Node) -> Iterator[tuple[str, int]]:
    """What a template must not use: its name as one writes it, and the line it stands in."""
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            name = type(node).__name__
            yield _CALLED.get(name, name.lower()), _line(node)
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            yield node.attr, _line(node)
        elif isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            yield "[ ]", _line(node)
        elif isinstance(node, nodes.Getitem) and str(getattr(node.arg, "value", "")).startswith("_"):
            yield str(getattr(node.arg, "value", "")), _line(node)
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"| {node.name}", _line(node)
        elif isinstance(node, nodes.Test) and node.name not in TESTS:
            yield f"is {node.name}", _line(node)
        elif isinstance(node, nodes.For) and (node.recursive or isinstance(node.target, nodes.Tuple)):
            yield "for … recursive" if node.recursive else "for a, b in", _line(node)
    yield from _deep_loops(tree, 0)


def _deep_loops(node: nodes.Node, depth: int) -> Iterator[tuple[str, int]]:
    depth += isinstance(node, nodes.For)
    if depth > DEEPEST_LOOP:
        yield "for " * depth, node.lineno
        return
    for child in node.iter_child_nodes():
        yield from _deep_loops(child, depth)


def _line(node: nodes.Node) -> int:
    """The line of a node; of what stands in it when the parser gave it none."""
    if node.lineno:
        return node.lineno
    return min((child.lineno for child in node.find_all(nodes.Node) if child.lineno), default=1)
