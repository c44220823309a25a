"""Components that are written in Python: the marks and fields of which one page holds a hundred.

A template uses them like every other component (`<c-icon name="search" />`), and cannot tell the difference: for those
that are templates django-cotton lays a context around each use, which takes many times as long.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.template import Context, Library, Node, NodeList
from django.template.base import Lexer, Parser, Token
from django.utils.safestring import SafeString, mark_safe
from django_cotton.tag_parser import parse_component_tag
from django_cotton.templatetags._component import cotton_component

from yunheng.foundation.controls import field_html
from yunheng.foundation.markup import countdown_html, escaped, icon_html, priority_html, state_html

from .navigation import Place

#: Takes what the template gives, by name, and the content as `slot` where there is any; answers with escaped HTML.
Component = Callable[..., SafeString]
_Value = Callable[[Context], Any]


def register_components(library: Library) -> None:
    """Let COMPONENTS be rendered by their functions, and all others by their templates."""

    def compile_component(parser: Parser, token: Token) -> Node:
        name = token.split_contents()[1]
        component = COMPONENTS.get(name)
        if component is None:
            node: Node = cotton_component(parser, token)
            return node
        return _compiled(component, parser, token)

    library.tag("cotton", compile_component)


class _ComponentNode(Node):
    """One use of a component in a template."""

    def __init__(
        self, component: Component, given: Mapping[str, Any], computed: Mapping[str, _Value]
    ) -> None:
        self._component, self._given, self._computed = component, given, computed
        self.nodelist = NodeList()

    def render(self, context: Context) -> SafeString:
        """The component's HTML."""
        values = {**self._given}
        for name, value in self._computed.items():
            found = value(context)
            if found is not None:  # what is not there is as if it had not been given
                values[name] = found
        if self.nodelist:
            values["slot"] = self.nodelist.render(context)
        return self._component(**values)


def _compiled(component: Component, parser: Parser, token: Token) -> _ComponentNode:
    tag = parse_component_tag(token.contents)
    given: dict[str, Any] = {}
    computed: dict[str, _Value] = {}
    for key, raw in tag.attrs.items():
        if raw is True:
            given[key] = True
            continue
        text = raw[1:-1] if raw[:1] in _QUOTES and raw[-1:] == raw[:1] else raw
        if key.startswith(":"):
            computed[key[1:]] = _expression(parser, text)
        elif "{{" in text or "{%" in text:
            computed[key] = _fragment(parser, text)
        else:
            given[key] = text
    node = _ComponentNode(component, given, computed)
    if not token.contents.rstrip().endswith("/"):
        node.nodelist = parser.parse(("endcotton",))
        parser.delete_first_token()
    return node


_QUOTES: Final = frozenset({'"', "'"})


def _expression(parser: Parser, text: str) -> _Value:
    """The value of an attribute that begins with a colon."""
    compiled = parser.compile_filter(text)
    return lambda context: compiled.resolve(context, ignore_failures=True)


def _fragment(parser: Parser, text: str) -> _Value:
    """The text of an attribute with tags or variables in it, which knows the tags that its template has loaded."""
    inner = Parser(Lexer(text).tokenize(), parser.libraries, [], parser.origin)
    inner.tags, inner.filters = parser.tags, parser.filters
    return inner.parse().render


# --- what they are


def place_html(place: Place) -> SafeString:
    """A place of the navigation."""
    label, go = escaped(place.label), f' data-go="{place.go}"' if place.go else ""
    here = ' aria-current="page"' if place.is_here else ""
    return mark_safe(  # noqa: S308 - all parts are escaped
        f'<a class="side-link" href="{escaped(place.url)}" data-command="{label}"{go}{here}>'
        f"{icon_html(place.icon)} {label}</a>"
    )


def countdown_mark(due: datetime, warn: datetime | str | None = None) -> SafeString:
    """How far off `due` is by the wall clock; at risk from `warn` on, "" for no such instant."""
    return countdown_html(due, warn if isinstance(warn, datetime) else None)


COMPONENTS: Final[Mapping[str, Component]] = {
    "icon": icon_html,
    "state": state_html,
    "priority": priority_html,
    "countdown": countdown_mark,
    "place": place_html,
    "field": field_html,
}
