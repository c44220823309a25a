"""Which ways of signing a statement are open to somebody, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.accounts.passkeys import Passkey, Site, passkeys_of
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Conflict, Forbidden, Refusal
from yunheng.notify.sending import has_mail_server

from ..models import Signature, Statement

__all__ = ["WAYS", "Way", "refusal_of", "signing_of", "ways_of"]

WAYS: Final = ("passkey", "confirmation", "scan")
READY: Final = frozenset({"accepted", "arbitrated"})  #: states of a statement that is signed


@dataclass(frozen=True, slots=True)
class Way:
    """A way of signing. `why_not` says in a sentence why it is closed; "" where it is open."""

    key: str
    why_not: str = ""
    passkeys: tuple[Passkey, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether one can sign so."""
        return not self.why_not


def signing_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The ways that the contract takes, as the statement froze them."""
    terms = content["rules"].get("appraisal") or {}
    return tuple(terms.get("signing") or WAYS)


def refusal_of(viewer: Viewer, statement: Statement) -> Refusal | None:
    """Why the viewer cannot sign this statement at all, to be raised or shown; None where they can (1 query)."""
    if viewer.token_scopes is not None or viewer.person_id is None:
        return Forbidden(
            _("A token cannot sign: a person signs, signed in on the page of the statement."),
            permission="appraisal.sign",
        )
    if not viewer.may("appraisal.sign", statement.scope_id):
        return Forbidden(
            _(
                "You may read this statement, but not sign it: for your side it is signed by those who hold the"
                " permission “%(permission)s”."
            )
            % {"permission": "appraisal.sign"},
            permission="appraisal.sign",
        )
    side = viewer.organisation_kind
    if side not in ("provider", "client"):
        return Forbidden(_("Only people of the provider and of the client sign a statement."))
    signed = Signature.objects.filter(statement=statement, side=side).first()
    if signed is not None:
        text = _("%(organisation)s has signed already: %(person)s.")
        named = {"organisation": signed.organisation, "person": signed.person}
        return Conflict(text % named, code="signed", state=statement.state)
    if statement.state not in READY or statement.digest is None:
        return Conflict(
            _(
                "A statement is signed once it is accepted or its appeals are decided, and before it is locked."
            ),
            code="wrong_state",
            state=statement.state,
        )
    return None


def ways_of(person: Person, site: Site, taken: tuple[str, ...]) -> list[Way]:
    """The three ways for a person on a site, in a contract that takes these (1 query)."""
    passkeys = tuple(passkeys_of(person.pk))
    here = tuple(passkey for passkey in passkeys if passkey.rp_id == site.rp_id)
    reasons = {
        "passkey": _no_passkey(site, has_others=bool(passkeys) and not here, has_one=bool(here)),
        "confirmation": _no_receipt(person),
        "scan": "",
    }
    return [
        Way(
            key,
            reasons[key] if key in taken else _("The contract does not take this way."),
            here if key == "passkey" else (),
        )
        for key in WAYS
    ]


def _no_passkey(site: Site, *, has_others: bool, has_one: bool) -> str:
    if site.problem:
        return site.problem
    if has_one:
        return ""
    if has_others:
        return _("Your passkeys were made for another address; enrol one here, or open that address.")
    return _("You have no passkey yet.")


def _no_receipt(person: Person) -> str:
    if not person.email:
        return _("A receipt goes to your e-mail address, and you have none here.")
    if not has_mail_server() and not settings.DEMONSTRATION:
        return _("A receipt goes to you by mail, and this installation sends none: no mail server is set up.")
    return ""
