"""Instants and marks as HTML, for templates and for tables whose rows are made in Python."""

import html
from datetime import datetime
from functools import lru_cache

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from . import wording


def escaped(text: object) -> str:
    """A text as HTML; what is HTML stays as it is. Django's own looks for lazy texts first, which takes longest."""
    known: str = text.__html__() if hasattr(text, "__html__") else html.escape(str(text))
    return known


def html_made(text: str) -> SafeString:
    """HTML that the caller has made, all of its parts escaped."""
    return mark_safe(text)  # noqa: S308 - whoever calls has escaped its parts


def instant_html(
    at: datetime | int | None, style: str = "near", *, now: datetime | None = None
) -> SafeString:
    """An instant as <time>. `style`: near (days close to now by name), full, seconds, clock (time only), day."""
    if at is None:
        return mark_safe(f'<span class="quiet">{wording.DASH}</span>')  # noqa: S308 - our own text
    there = wording.local(at)
    if style == "near":
        text = wording.instant(there, now=now or timezone.now())
    elif style == "seconds":
        text = wording.instant(there, with_seconds=True)
    elif style == "clock":
        text = f"{there:%H:%M:%S}"
    elif style == "day":
        text = wording.day(there)
    else:
        text = wording.instant(there)
    exact = wording.exact_instant(there)
    return mark_safe(  # noqa: S308 - figures, and a text that is escaped
        f'<time datetime="{there.isoformat()}" title="{exact}">{escaped(text)}</time>'
    )


def countdown_html(due: datetime, warn: datetime | None = None, *, now: datetime | None = None) -> SafeString:
    """How far off `due` is by the wall clock, not in service time, live on the page; at risk from `warn` on."""
    now = now or timezone.now()
    left = int((due - now).total_seconds())
    kind = "breached" if left < 0 else "risk" if warn is not None and now >= warn else "running"
    words = _("%(time)s past due") if left < 0 else _("due in %(time)s")
    text = words % {"time": wording.duration(abs(left) // 60 * 60)}
    exact = _("due %(at)s; counted by the wall clock, not in service time") % {
        "at": wording.exact_instant(due)
    }
    warning = f' data-warn="{warn.isoformat()}"' if warn else ""
    return mark_safe(  # noqa: S308 - figures, and texts that are escaped
        f'<span class="state state-{kind}" data-countdown="{due.isoformat()}"{warning} title="{escaped(exact)}">'
        f"{icon_html(kind)}<span data-countdown-text>{escaped(text)}</span></span>"
    )


@lru_cache(maxsize=1024, typed=True)
def icon_html(name: str) -> SafeString:
    """An icon, which says nothing by itself: words stand beside it."""
    return format_html('<span class="icon icon-{}" aria-hidden="true"></span>', name)


@lru_cache(maxsize=4096, typed=True)  # a safe text is another than the same one that is to be escaped
def state_html(kind: str = "plain", label: str = "", title: str = "") -> SafeString:
    """A state in words with its mark: "plain" has none."""
    hint = format_html(' title="{}"', title) if title else ""
    icon = icon_html(kind) if kind != "plain" else ""
    return format_html('<span class="state state-{}"{}>{}{}</span>', kind, hint, icon, label)


@lru_cache(maxsize=4096, typed=True)  # a safe text is another than the same one that is to be escaped
def priority_html(rank: int = 0, label: str = "") -> SafeString:
    """A priority in words, with as many bars of four as it has; none for rank 0."""
    bars = "".join('<i class="on"></i>' if rank > place else "<i></i>" for place in range(4))
    drawn = f'<span class="bars bars-{rank}" aria-hidden="true">{bars}</span>' if rank else ""
    return mark_safe(f'<span class="priority">{drawn}{escaped(label)}</span>')  # noqa: S308 - escaped
