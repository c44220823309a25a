"""Names of what a statement is made of, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.accounts.roles import ROLES
from yunheng.accounts.wording import role_label
from yunheng.appraisal.scored_period import read_scored_period


def side_name(side: str) -> str:
    """The side in words."""
    return {"provider": _("the provider"), "client": _("the client")}.get(side, side)


def verdict_name(verdict: str) -> str:
    """What an appeal was decided as."""
    return {
        "upheld": pgettext("appeal", "upheld"),
        "partly": pgettext("appeal", "upheld in part"),
        "rejected": pgettext("appeal", "rejected"),
    }.get(verdict, verdict)


def method_name(method: str) -> str:
    """The way of signing in words."""
    return {
        "passkey": _("by passkey"),
        "confirmation": _("by confirmation with a mailed receipt"),
        "scan": _("by a stamped paper, scanned"),
    }.get(method, method)


def period_label(name: str) -> str:
    """The period of a statement ("2026-Q2") as a heading."""
    return read_scored_period(name).label


def rater_name(word: str) -> str:
    """A rater's word of a scheme: the role where it is one, else as the contract says it."""
    return role_label(word) if word in ROLES else word
