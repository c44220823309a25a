"""Words, instants and marks in templates. Loaded as a builtin, so that no template has to ask for it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from yunheng.foundation import wording
from yunheng.site.assets import asset_url

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """Address of a built front-end file."""
    return asset_url(name)


@register.simple_tag
def when(at: datetime | int | None, style: str = "near") -> SafeString:
    """An instant as <time>. `style`: near (days close to now by name), full, seconds, clock (time only), day."""
    if at is None:
        return format_html('<span class="quiet">{}</span>', wording.DASH)
    there = wording.local(at)
    if style == "near":
        text = wording.instant(at, now=timezone.now())
    elif style == "seconds":
        text = wording.instant(at, with_seconds=True)
    elif style == "clock":
        text = f"{there:%H:%M:%S}"
    elif style == "day":
        text = wording.day(there)
    else:
        text = wording.instant(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', there.isoformat(), wording.exact_instant(at), text
    )


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
