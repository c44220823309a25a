"""Sentences about signing in that several pages say."""

from datetime import datetime
from math import ceil

from django.utils.translation import gettext as _


def wait_text(until: datetime, now: datetime) -> str:
    """That there were too many tries, and how long to wait."""
    minutes = max(1, ceil((until - now).total_seconds() / 60))
    return _("Too many tries. Wait %(minutes)s min, then try again.") % {"minutes": minutes}


def password_rules() -> list[str]:
    """What a password must be like (`AUTH_PASSWORD_VALIDATORS`), to be read before one types it."""
    return [
        _("At least %(count)d characters; a sentence is easier to remember than a riddle.") % {"count": 10},
        _("Not like your login, your name or your e-mail address."),
        _("None of those that everybody tries first."),
    ]
