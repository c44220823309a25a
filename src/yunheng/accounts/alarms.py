"""Letters that tell somebody that their password, second factor or address changed, so that a thief is noticed."""

from copy import copy
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import letters
from .models import Person

Change = Literal[
    "password",
    "second_factor_added",
    "second_factor_removed",
    "recovery_codes",
    "email",
    "passkey_added",
    "passkey_removed",
]
By = Literal["person", "administrator", "mail", "invitation"]


def tell_change(
    person: Person, change: Change, *, by: By, ended_tokens: int = 0, address: str | None = None
) -> None:
    """Write to a person, in their language, what about their account changed and who did it; nothing where no mail can
    be sent. `address`: write to this one, which was theirs before. Books the letter in the caller's transaction.
    """
    to = copy(person)
    to.email = person.email if address is None else address
    if not to.email or not letters.can_send():
        return
    with translation.override(person.language):
        letters.send(to, _subject(change), _text(person, change, by, ended_tokens))


def _subject(change: Change) -> str:
    return {
        "password": _("Your password for Yunheng has changed"),
        "second_factor_added": _("Signing in to Yunheng asks you for a code from now on"),
        "second_factor_removed": _("Signing in to Yunheng asks you for no code any more"),
        "recovery_codes": _("Your recovery codes for Yunheng are new"),
        "email": _("Your e-mail address in Yunheng has changed"),
        "passkey_added": _("A new passkey can sign for you in Yunheng"),
        "passkey_removed": _("A passkey of yours in Yunheng was revoked"),
    }[change]


def _text(person: Person, change: Change, by: By, ended_tokens: int) -> str:
    now = datetime.now(UTC).astimezone(ZoneInfo(person.zone))
    lines = [
        _("%(what)s (login “%(login)s”), on %(at)s (%(zone)s).")
        % {
            "what": _subject(change),
            "login": person.login,
            "at": f"{now:%Y-%m-%d %H:%M}",
            "zone": person.zone,
        },
        {
            "person": _("It was done under “Your account”, by whoever was signed in as you."),
            "administrator": _("An administrator did it."),
            "mail": _(
                "It was done with a link that was sent to this address because the password was forgotten."
            ),
            "invitation": _("It was done with the link of an invitation."),
        }[by],
    ]
    if ended_tokens:
        text = ngettext(
            "Your API token has ended with it; make a new one where you need it.",
            "Your %(count)d API tokens have ended with it; make new ones where you need them.",
            ended_tokens,
        )
        lines.append(text % {"count": ended_tokens})
    lines.append(
        _(
            "If you know of it, nothing needs to be done. If not, set a new password at once, look at your sessions"
            " and API tokens under “Your account”, and tell your administrator."
        )
    )
    return "\n\n".join(lines)
