"""How a person keeps their account safe: own password, re-entry before what matters, forgotten passwords; and what
administrators require and reset.
"""

import logging
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Forbidden, Invalid

from .actions.passwords import set_by_link
from .actions.telling import tell_account
from .actions.tokens import end_tokens
from .alarms import tell_change
from .links import RESET
from .models import Organisation, Person
from .passkeys import remove_passkeys
from .reach import require_change
from .second_factor import has_second_factor, remove_second_factor, use_code
from .sessions import end_sessions

_log = logging.getLogger(__name__)


def is_second_factor_required(organisation_kind: str) -> bool:
    """Whether people of such an organisation must have a second factor (`YUNHENG_REQUIRE_SECOND_FACTOR`)."""
    required = settings.REQUIRE_SECOND_FACTOR
    return required == "all" or (required == "provider" and organisation_kind == Organisation.Kind.PROVIDER)


def is_still_oneself(person: Person, answer: str, at: datetime) -> bool:
    """Whether the answer is the person's password; for somebody with a second factor, a code of it will do as well."""
    return shown_by(person, answer, at) is not None


def shown_by(person: Person, answer: str, at: datetime) -> Literal["password", "code"] | None:
    """By what the answer shows that it is the person: their password or a code, which is used up; None for neither."""
    if person.check_password(answer):
        return "password"
    return "code" if use_code(person, answer, at) is not None else None


def can_confirm(person: Person) -> bool:
    """Whether the person has anything to confirm with; who signs in elsewhere only, has not."""
    return person.has_usable_password() or has_second_factor(person.pk)


@transaction.atomic
def turn_off_second_factor(*, viewer: Viewer, person: Person) -> None:
    """Ask for no code at sign-in any more. Raises Invalid where a second factor is required."""
    if is_second_factor_required(viewer.organisation_kind):
        raise Invalid({"second_factor": _("The administrator requires a second factor of everybody here.")})
    if remove_second_factor(person):
        tell_account("person.second_factor_removed", viewer, person, {"by": "person"})
        tell_change(person, "second_factor_removed", by="person")


@transaction.atomic
def reset_second_factor(*, viewer: Viewer, person: Person, ends_tokens: bool = True) -> None:
    """Remove somebody's second factor, for instance after a lost phone, and all their passkeys, and end their sessions
    and, unless they are to stay, their API tokens. The person is told by mail.

    Raises Forbidden beyond the viewer's reach and for tokens, Invalid for oneself and where there is none.
    """
    if viewer.token_scopes is not None:
        raise Forbidden(_("A token resets no second factor."), permission="admin.people")
    require_change(viewer, person)
    if viewer.person_id == person.pk:
        raise Invalid({"person": _("Your own second factor is changed under “Your account”.")})
    had_passkeys = remove_passkeys(viewer=viewer, person=person)
    if not remove_second_factor(person) and not had_passkeys:
        raise Invalid({"person": _("%(person)s has no second factor.") % {"person": person.name}})
    end_sessions(person.pk)
    ended = end_tokens(person) if ends_tokens else 0
    told = {"by": "administrator", "tokens": "ended" if ends_tokens else "kept"}
    tell_account("person.second_factor_removed", viewer, person, told)
    tell_change(person, "second_factor_removed", by="administrator", ended_tokens=ended)


def person_for_claim(login: str) -> Person | None:
    """The active person with that login, in whatever case, whom another party vouches for; None for nobody.

    Only of a–z the case is of no matter: the database's capitals make “ı” an “I” and “ſ” an “S”, and somebody who
    may choose a name over there would be somebody else here.
    """
    wanted = login.strip()
    if not wanted or len(login) > 150 or "\0" in login:
        return None
    found = Person.objects.select_related("organisation").filter(login__iexact=wanted, is_active=True)[:20]
    same = [person for person in found if _lower(person.login) == _lower(wanted)]
    return same[0] if len(same) == 1 else None


def _lower(login: str) -> str:
    """A–Z as a–z, every other letter as it is."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in login)


# --- forgotten passwords


def person_to_remind(address: str) -> Person | None:
    """Whom a letter to the address may give a new password: the only active person with it, if there is one.

    Where people sign in at another party, nobody gets a first password by mail: whom that party shuts out stays out.
    """
    found = list(
        Person.objects.select_related("organisation").filter(email__iexact=address.strip(), is_active=True)[
            :2
        ]
    )
    if not address.strip() or len(found) != 1:
        return None
    return found[0] if found[0].has_usable_password() or not settings.OIDC_ISSUER else None


def make_reset(person: Person) -> str:
    """The secret part of a link with which the person sets a new password, once and within an hour."""
    return RESET.secret_for(person)


def person_of_reset(secret: str) -> Person:
    """Whose password a link sets. Raises NotFound, in the same words for one that is forged, used or too old."""
    return RESET.person_of(secret)


@transaction.atomic
def reset_password(*, secret: str, password: str, ends_tokens: bool = True) -> Person:
    """Set the password of whom the link belongs to; the link, all sessions and, unless they are to stay, the API tokens
    end. The second factor stays.

    Raises NotFound for a link that does not count, Invalid for a weak password.
    """
    return set_by_link(RESET, secret, password, by="mail", ends_tokens=ends_tokens)
