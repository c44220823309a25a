"""Words, instants and marks in templates. Loaded as a builtin, so that no template has to ask for it."""

from decimal import Decimal
from typing import Any

from django import template

from yunheng.foundation import controls, markup, wording
from yunheng.site import components
from yunheng.site.assets import asset_url

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """Address of a built front-end file."""
    return asset_url(name)


register.simple_tag(markup.instant_html, name="when")
register.simple_tag(controls.options_html, name="options")


register.simple_tag(components.countdown_mark, name="countdown")
components.register_components(register)
register.filter(controls.sentences)


@register.filter
def duration(seconds: int | None) -> str:
    """ "3 h 12 min"."""
    return wording.duration(seconds)


@register.filter
def exact_duration(seconds: int | None) -> str:
    """ "3 h 12 min 5 s"."""
    return wording.duration(seconds, is_exact=True)


@register.filter
def clock_duration(seconds: int) -> str:
    """ "3:12:05", for columns that add up."""
    return wording.clock_duration(seconds)


@register.filter
def grouped(number: int) -> str:
    """ "141,712"."""
    return wording.grouped(number)


@register.filter
def decimal(value: Decimal) -> str:
    """A decimal with its own digits."""
    return wording.decimal_text(value)


@register.filter
def initial(name: str) -> str:
    """What stands in a person's round mark: the last character of a Chinese name, else the first letter."""
    name = name.strip()
    if not name:
        return "?"
    return name[-1] if ord(name[0]) > 0x2E7F else name[0].upper()


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """Look a key up in a mapping."""
    return mapping.get(key) if mapping else None


@register.filter
def control_id(name: str, own: str = "") -> str:
    """The id of a field's control: its own, else the one that Django's forms give ("id_title")."""
    return own or f"id_{name}"


@register.filter
def banner_icon(kind: str) -> str:
    """The icon of a banner."""
    return {"conflict": "people", "error": "risk", "risk": "risk", "met": "met"}.get(kind, "info")


@register.filter
def toast_icon(level: str) -> str:
    """The icon of a message."""
    return {"success": "met", "warning": "risk", "error": "risk"}.get(level, "info")
