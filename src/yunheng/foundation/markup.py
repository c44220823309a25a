"""Instants and marks as HTML, for templates and for tables whose rows are made in Python."""

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from . import wording


def instant_html(
    at: datetime | int | None, style: str = "near", *, now: datetime | None = None
) -> SafeString:
    """An instant as <time>. `style`: near (days close to now by name), full, seconds, clock (time only), day."""
    if at is None:
        return format_html('<span class="quiet">{}</span>', wording.DASH)
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
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', there.isoformat(), wording.exact_instant(there), text
    )


def countdown_html(due: datetime, warn: datetime | None = None, *, now: datetime | None = None) -> SafeString:
    """How far off `due` is by the wall clock, not in service time, live on the page; at risk from `warn` on."""
    now = now or timezone.now()
    left = int((due - now).total_seconds())
    kind = "breached" if left < 0 else "risk" if warn is not None and now >= warn else "running"
    words = _("%(time)s past due") if left < 0 else _("due in %(time)s")
    return format_html(
        '<span class="state state-{}" data-countdown="{}"{} title="{}">'
        '<span class="icon icon-{}" aria-hidden="true"></span><span data-countdown-text>{}</span></span>',
        kind,
        due.isoformat(),
        format_html(' data-warn="{}"', warn.isoformat()) if warn else "",
        _("due %(at)s; counted by the wall clock, not in service time") % {"at": wording.exact_instant(due)},
        kind,
        words % {"time": wording.duration(abs(left) // 60 * 60)},
    )
