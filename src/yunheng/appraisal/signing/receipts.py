"""The receipt that goes by mail to whoever signs by confirmation: what was signed, in full."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from yunheng.accounts import letters
from yunheng.accounts.models import Person

from ..models import Statement
from .summary import summary_of

__all__ = ["Receipt", "receipt_for"]


class Receipt:
    """A mail: its subject, and its text whose SHA-256 stands in the proof."""

    def __init__(self, subject: str, text: str) -> None:
        self.subject = subject
        self.text = text

    @property
    def digest(self) -> str:
        """SHA-256 of the text (UTF-8, lines end in LF), hex."""
        return sha256(self.text.encode()).hexdigest()


def receipt_for(
    person: Person, statement: Statement, content: Mapping[str, Any], sentence: str, at: datetime
) -> Receipt:
    """The receipt in the person's language, with the instant in their zone and in UTC."""
    with translation.override(person.language):
        summary = summary_of(statement, content)
        there = at.astimezone(ZoneInfo(person.zone))
        lines = [
            _("You have signed a statement in Yunheng. This is your receipt; keep it."),
            f"“{sentence}”",
            "\n".join(
                [
                    *(f"{label}: {text}" for label, text in summary.lines()),
                    _("Digest (SHA-256): %(digest)s") % {"digest": summary.digest},
                    _("Signed by: %(person)s (%(login)s), %(organisation)s")
                    % {
                        "person": person.name,
                        "login": person.login,
                        "organisation": person.organisation.name,
                    },
                    _("Signed at: %(at)s (%(zone)s), %(utc)s UTC")
                    % {
                        "at": f"{there:%Y-%m-%d %H:%M:%S}",
                        "zone": person.zone,
                        "utc": f"{at:%Y-%m-%d %H:%M:%S}",
                    },
                ]
            ),
            _("The statement and both signatures: %(link)s") % {"link": _link(statement)},
            _(
                "If you did not sign it, set a new password at once, and tell your administrator and the other party."
            ),
        ]
        subject = _("Receipt: you signed statement %(number)s") % {"number": statement.number}
        return Receipt(subject, "\n\n".join(lines) + "\n")


def _link(statement: Statement) -> str:
    path = reverse("appraisal:statement_sign", args=[statement.number])
    return letters.link_to(path) if letters.can_send_links() else path
