"""Words, instants and marks in templates. Loaded as a builtin, so that no template has to ask for it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

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


@register.simple_tag
def same(name: str, **values: str | int) -> SafeString:
    """A template that is told nothing but these values and has no words of its own: rendered once for each of them.

    For marks that stand in every row of a list.
    """
    told = {key: str.__str__(str(one)) if isinstance(one, str) else one for key, one in values.items()}
    return _rendered(name, tuple(told.items()))


@lru_cache(maxsize=1024)
def _rendered(name: str, values: tuple[tuple[str, str | int], ...]) -> SafeString:
    return render_to_string(name, dict(values))


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


@register.simple_tag
def countdown(due: datetime, warn: datetime | str | None = None) -> SafeString:
    """How far off `due` is by the wall clock, not in service time, live on the page; at risk from `warn` on."""
    now = timezone.now()
    left = int((due - now).total_seconds())
    starts_at = warn if isinstance(warn, datetime) else None
    kind = "breached" if left < 0 else "risk" if starts_at is not None and now >= starts_at else "running"
    words = _("%(time)s past due") if left < 0 else _("due in %(time)s")
    return format_html(
        '<span class="state state-{}" data-countdown="{}"{} title="{}">'
        '<span class="icon icon-{}" aria-hidden="true"></span><span data-countdown-text>{}</span></span>',
        kind,
        due.isoformat(),
        format_html(' data-warn="{}"', starts_at.isoformat()) if starts_at else "",
        _("due %(at)s; counted by the wall clock, not in service time") % {"at": wording.exact_instant(due)},
        kind,
        words % {"time": wording.duration(abs(left) // 60 * 60)},
    )


@register.filter
def sentences(error: Any) -> list[str]:
    """The sentences that say what is wrong with a field: of one text, a list of texts, or a form's errors."""
    if not error:
        return []
    if isinstance(error, str) or not isinstance(error, Iterable):
        return [str(error)]
    return [str(text) for text in error]


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
