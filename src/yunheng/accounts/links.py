"""Links with a secret by which one person sets a password: once, and for a time."""

from dataclasses import dataclass
from typing import Final

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import NotFound

from .models import Person


@dataclass(frozen=True, slots=True)
class Link:
    """A kind of link and how long its secrets count. One ends with the password, a sign-in and a change of the address,
    and somebody disabled has none.
    """

    salt: str
    seconds: int

    def secret_for(self, person: Person) -> str:
        """The secret part of a link for this person."""
        return signing.dumps([person.uuid.hex, self._fingerprint(person)], salt=self.salt)

    def person_of(self, secret: str, *, is_held: bool = False) -> Person:
        """Whose link it is, with `is_held` locked until the transaction ends. Raises NotFound, always in the same
        words, for one that is forged, used or too old.
        """
        refusal = NotFound(_("This link is no longer valid."))
        try:
            uuid, fingerprint = signing.loads(secret, salt=self.salt, max_age=self.seconds)
        except (signing.BadSignature, ValueError):
            raise refusal from None
        people = Person.objects.select_related("organisation").filter(uuid=uuid, is_active=True)
        person = (people.select_for_update(of=("self",)) if is_held else people).first()
        if person is None or not constant_time_compare(self._fingerprint(person), fingerprint):
            raise refusal
        return person

    def _fingerprint(self, person: Person) -> str:
        state = f"{person.password}|{person.last_login}|{person.email}|{person.is_active}"
        return salted_hmac(self.salt, state, algorithm="sha256").hexdigest()[
            :32
        ]  # 128 bits; links stay short


INVITATION: Final = Link("yunheng.accounts.invitation", 7 * 86_400)
RESET: Final = Link("yunheng.accounts.reset", 3600)
