"""Passkeys (W3C Web Authentication Level 2): how a person enrols one, shows it, and takes it away.

A passkey signs what a page gives it, after its holder was verified (finger, face, PIN). People sign statements with it,
and who has an app for codes may show it instead of a code. The rows are django-allauth's authenticators; checking the
browsers' answers is fido2's work.
"""

import json
import logging
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from secrets import token_bytes
from typing import Any, Final, cast
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from yunheng.foundation.access import Viewer
from yunheng.foundation.identity import uuid7
from yunheng.foundation.refusals import Invalid, NotFound

from .actions.telling import tell_account
from .alarms import tell_change
from .models import Person

__all__ = [
    "CHALLENGE_LIFE",
    "LONGEST_NAME",
    "MOST_PASSKEYS",
    "Assertion",
    "Passkey",
    "Site",
    "add_passkey",
    "check_assertion",
    "enrolment_options",
    "has_passkeys",
    "keep_challenge",
    "new_challenge",
    "passkeys_of",
    "remove_passkey",
    "remove_passkeys",
    "request_options",
    "site_of",
    "take_challenge",
]

MOST_PASSKEYS: Final = 10  #: of one person
LONGEST_NAME: Final = 60  #: characters
CHALLENGE_LIFE: Final = timedelta(minutes=5)
LARGEST_ANSWER: Final = 32_768  #: characters of JSON; an attestation with certificates is a few thousand
#: COSE: ECDSA on P-256, Ed25519, RSA (RFC 9053, RFC 8812): what authenticators have and `cryptography` alone verifies.
ALGORITHMS: Final = (-7, -8, -257)

_TYPE = Authenticator.Type.WEBAUTHN
_log = logging.getLogger(__name__)
#: What broken or hostile answers raise while they are taken apart.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    OverflowError,
    RecursionError,
    struct.error,
    UnsupportedAlgorithm,
    InvalidSignature,
)


@dataclass(frozen=True, slots=True)
class Site:
    """Whom a passkey is made for: the name that the page was opened by, and the origins that it may have.

    `problem` says why there are no passkeys under this address; "" where there are.
    """

    rp_id: str
    origins: frozenset[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner knows it. `rp_id` is the name of the site that it was made for; `public_key` is a
    SubjectPublicKeyInfo in DER, `cose_key` the same as the authenticator gave it.
    """

    uuid: str
    name: str
    rp_id: str
    created_at: datetime
    last_used_at: datetime | None
    credential_id: bytes
    cose_key: bytes
    public_key: bytes
    algorithm: int
    sign_count: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, hex: how the log names the key."""
        return sha256(self.public_key).hexdigest()


@dataclass(frozen=True, slots=True)
class Assertion:
    """A checked answer of a passkey: everything that it takes to check it again, elsewhere and later."""

    passkey: Passkey
    authenticator_data: bytes
    client_data_json: bytes
    signature: bytes
    origin: str
    sign_count: int


def site_of(request: HttpRequest) -> Site:
    """Which site a request came to. Browsers make passkeys for names only, not for numbers, and only over https or on
    this very machine (`http://localhost`).
    """
    host = request.get_host()
    name = (urlsplit(f"//{host}").hostname or "").lower()
    is_local = name == "localhost"
    origins = {origin.rstrip("/").lower() for origin in settings.ORIGINS if urlsplit(origin).hostname == name}
    has_https = request.is_secure() or any(origin.startswith("https://") for origin in origins)
    origins = {origin for origin in origins if is_local or origin.startswith("https://")}
    origins |= {f"https://{host}".lower()} | ({f"http://{host}".lower()} if is_local else set())
    problem = ""
    if _is_number(name):
        problem = _(
            "Browsers know passkeys for names only, and this page was opened by a number (%(address)s)."
            " Open it by its name; on this very machine that is “localhost”."
        ) % {"address": name}
    elif not is_local and not has_https:
        problem = _("Browsers know passkeys only over https, and this page was opened by plain http.")
    return Site(name, frozenset(origins), problem)


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


# --- challenges wait in the session; each counts once


def keep_challenge(session: SessionBase, purpose: str, challenge: bytes, now: datetime) -> None:
    """Remember what a passkey was asked to sign, and for what; an earlier one of the same purpose is forgotten."""
    session[f"passkey_{purpose}"] = {"challenge": challenge.hex(), "at": int(now.timestamp())}


def take_challenge(session: SessionBase, purpose: str, now: datetime) -> bytes | None:
    """What was asked, if that is at most five minutes ago; it cannot be taken again, whatever comes of it."""
    kept = session.pop(f"passkey_{purpose}", None)
    if kept is None:
        return None
    session.save()  # at once: the same answer sent twice at a time finds nothing
    is_fresh = 0 <= now.timestamp() - kept["at"] <= CHALLENGE_LIFE.total_seconds()
    return bytes.fromhex(kept["challenge"]) if is_fresh else None


def new_challenge() -> bytes:
    """32 random bytes."""
    return token_bytes(32)


# --- reading


def passkeys_of(person_id: int, site: Site | None = None) -> list[Passkey]:
    """The person's passkeys, oldest first; with `site` those that work there (1 query)."""
    rows = Authenticator.objects.filter(user_id=person_id, type=_TYPE).order_by("created_at", "pk")
    found = [_passkey(row) for row in rows]
    return [passkey for passkey in found if site is None or passkey.rp_id == site.rp_id]


def has_passkeys(person_id: int) -> bool:
    """Whether the person has any (1 query)."""
    return bool(Authenticator.objects.filter(user_id=person_id, type=_TYPE).exists())


def _passkey(row: Authenticator) -> Passkey:
    data = row.data
    return Passkey(
        uuid=data["uuid"],
        name=data["name"],
        rp_id=data["rp_id"],
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        credential_id=bytes.fromhex(data["credential_id"]),
        cose_key=bytes.fromhex(data["cose_key"]),
        public_key=bytes.fromhex(data["public_key"]),
        algorithm=data["algorithm"],
        sign_count=data["sign_count"],
    )


# --- enrolling


def enrolment_options(person: Person, site: Site, challenge: bytes) -> str:
    """What `navigator.credentials.create` is asked for, as JSON with bytes in base64url."""
    options, _state = _server(site).register_begin(
        user=PublicKeyCredentialUserEntity(
            id=person.uuid.bytes, name=person.login, display_name=person.name or person.login
        ),
        credentials=_descriptors(passkeys_of(person.pk, site)),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return json.dumps(dict(options))


@transaction.atomic
def add_passkey(
    *,
    viewer: Viewer,
    person: Person,
    site: Site,
    challenge: bytes | None,
    answer: str,
    name: str,
    at: datetime,
) -> Passkey:
    """Keep a passkey that the person's browser has made for `challenge`. The person is told by mail, and the contracts
    that the person has a role in get a record with the key's fingerprint.

    Raises Invalid for "name" and "passkey".
    """
    label = " ".join(name.split())
    if not label or len(label) > LONGEST_NAME:
        raise Invalid({"name": _("Between 1 and %(count)d characters.") % {"count": LONGEST_NAME}})
    if site.problem:
        raise Invalid({"passkey": site.problem})
    if challenge is None:
        raise Invalid({"passkey": _stale()})
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if len(passkeys_of(person.pk)) >= MOST_PASSKEYS:
        raise Invalid(
            {"passkey": _("At most %(count)d passkeys. Revoke one first.") % {"count": MOST_PASSKEYS}}
        )
    data, origin = _registered(site, challenge, answer)
    credential = data.credential_data
    key = credential.public_key if credential else None
    if credential is None or key is None or key.get(3) not in ALGORITHMS:
        raise Invalid({"passkey": _("This passkey signs in a way that is not taken here.")})
    if Authenticator.objects.filter(type=_TYPE, data__credential_id=credential.credential_id.hex()).exists():
        raise Invalid({"passkey": _("This passkey is enrolled already.")})
    try:
        public_key = _spki(key)
    except _UNREADABLE as error:
        raise Invalid({"passkey": _broken()}) from error
    row = Authenticator.objects.create(
        user=person,
        type=_TYPE,
        created_at=at,
        data={
            "uuid": str(uuid7()),
            "name": label,
            "rp_id": site.rp_id,
            "origin": origin,
            "credential_id": credential.credential_id.hex(),
            "cose_key": cbor.encode(dict(key)).hex(),
            "public_key": public_key.hex(),
            "algorithm": key[3],
            "sign_count": data.counter,
        },
    )
    made = _passkey(row)
    _log.info("passkey.added", extra={"person": str(person.uuid), "key": made.fingerprint})
    tell_account("person.passkey_added", viewer, person, {"by": "person", "key": made.fingerprint})
    tell_change(person, "passkey_added", by="person")
    return made


def _registered(site: Site, challenge: bytes, answer: str) -> tuple[AuthenticatorData, str]:
    try:
        response = RegistrationResponse.from_dict(_read(answer))
        client = response.response.client_data
        if client.cross_origin:
            raise ValueError("made within a page of another site")
        data = _server(site).register_complete(_state(challenge), response)
    except _UNREADABLE as error:
        _log.warning("passkey refused: %s", error)
        raise Invalid({"passkey": _broken()}) from error
    return data, client.origin


# --- showing it


def request_options(passkeys: Iterable[Passkey], site: Site, challenge: bytes) -> str:
    """What `navigator.credentials.get` is asked for, as JSON with bytes in base64url."""
    options, _state = _server(site).authenticate_begin(
        credentials=_descriptors(passkeys),
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return json.dumps(dict(options))


@transaction.atomic
def check_assertion(
    person: Person, site: Site, *, challenge: bytes | None, answer: str, at: datetime
) -> Assertion:
    """Check that one of the person's passkeys has signed `challenge` on this site, with its holder verified.

    Raises Invalid for "passkey": nothing was asked or it is too long ago, another site, challenge or key, no
    verification, a wrong signature, or a counter that stands still (somebody has a copy of the key).
    """
    if site.problem:
        raise Invalid({"passkey": site.problem})
    if challenge is None:
        raise Invalid({"passkey": _stale()})
    rows = list(Authenticator.objects.select_for_update().filter(user_id=person.pk, type=_TYPE))
    known = {row.pk: _passkey(row) for row in rows}
    here = {pk: passkey for pk, passkey in known.items() if passkey.rp_id == site.rp_id}
    try:
        response = AuthenticationResponse.from_dict(_read(answer))
        client, data = response.response.client_data, response.response.authenticator_data
        if client.cross_origin:
            raise ValueError("signed within a page of another site")
        if response.response.user_handle not in (None, b"", person.uuid.bytes):
            raise ValueError("the passkey of somebody else")
        used = _server(site).authenticate_complete(
            _state(challenge), [_credential(passkey) for passkey in here.values()], response
        )
    except _UNREADABLE as error:
        _log.warning("passkey refused: %s", error, extra={"person": str(person.uuid)})
        raise Invalid({"passkey": _broken()}) from error
    row = next(row for row in rows if row.pk in here and here[row.pk].credential_id == used.credential_id)
    before = here[row.pk].sign_count
    if (before or data.counter) and data.counter <= before:  # Web Authentication 7.2, step 22
        _log.error("passkey.copied", extra={"person": str(person.uuid), "key": here[row.pk].fingerprint})
        raise Invalid(
            {
                "passkey": _(
                    "This passkey counts its uses, and the count did not go on: there may be a copy of it."
                    " Revoke it, and tell your administrator."
                )
            }
        )
    row.data["sign_count"], row.last_used_at = data.counter, at
    row.save(update_fields=["data", "last_used_at"])
    return Assertion(
        passkey=_passkey(row),
        authenticator_data=bytes(data),
        client_data_json=bytes(client),
        signature=response.response.signature,
        origin=client.origin,
        sign_count=data.counter,
    )


# --- taking it away


@transaction.atomic
def remove_passkey(*, viewer: Viewer, person: Person, uuid: str) -> Passkey:
    """Revoke a passkey of the person; what it has signed stays signed. Raises NotFound."""
    row = Authenticator.objects.filter(user_id=person.pk, type=_TYPE, data__uuid=uuid).first()
    if row is None:
        raise NotFound(_("This passkey is revoked already."))
    passkey = _passkey(row)
    row.delete()
    _log.info("passkey.removed", extra={"person": str(person.uuid), "key": passkey.fingerprint})
    tell_account("person.passkey_removed", viewer, person, {"by": "person", "key": passkey.fingerprint})
    tell_change(person, "passkey_removed", by="person")
    return passkey


@transaction.atomic
def remove_passkeys(*, viewer: Viewer, person: Person) -> int:
    """Revoke all passkeys of somebody whose devices are lost or taken over; how many there were. Tells the contracts of
    each, and the person of none: whoever resets an account writes one letter.
    """
    rows = list(Authenticator.objects.select_for_update().filter(user_id=person.pk, type=_TYPE))
    for row in rows:
        key = _passkey(row).fingerprint
        row.delete()
        _log.info("passkey.removed", extra={"person": str(person.uuid), "key": key})
        tell_account("person.passkey_removed", viewer, person, {"by": "administrator", "key": key})
    return len(rows)


# --- between the browsers' forms and ours


def _server(site: Site) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=site.rp_id, name="Yunheng"),
        verify_origin=lambda origin: origin.lower() in site.origins,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in ALGORITHMS
    ]
    return server


def _state(challenge: bytes) -> dict[str, Any]:
    return {
        "challenge": websafe_encode(challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _descriptors(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=passkey.credential_id)
        for passkey in passkeys
    ]


def _credential(passkey: Passkey) -> AttestedCredentialData:
    key = CoseKey.parse(cast(Mapping[int, Any], cbor.decode(passkey.cose_key)))
    return AttestedCredentialData.create(b"\0" * 16, passkey.credential_id, key)


def _read(answer: str) -> dict[str, Any]:
    """The browser's answer: a JSON object with bytes in base64url. Raises ValueError."""
    if len(answer) > LARGEST_ANSWER:
        raise ValueError("longer than any answer of a browser")
    given = json.loads(answer)
    if not isinstance(given, dict) or not isinstance(given.get("response"), dict):
        raise ValueError("no answer of a browser")
    wanted = {"id", "rawId", "type", "response"}
    if not isinstance(given.get("rawId"), str) or given.get("id") != websafe_encode(
        websafe_decode(given["rawId"])
    ):
        raise ValueError("two names for one passkey")
    return {name: given[name] for name in wanted if name in given}


def _spki(key: CoseKey) -> bytes:
    """A COSE key as SubjectPublicKeyInfo in DER (RFC 9053 §7, RFC 8230)."""
    made: Any
    if key[3] == -7:
        if key[-1] != 1:
            raise ValueError("not on the curve P-256")
        numbers = EllipticCurvePublicNumbers(
            int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big"), SECP256R1()
        )
        made = numbers.public_key()  # refuses a point that is not on the curve
    elif key[3] == -8:
        made = Ed25519PublicKey.from_public_bytes(key[-2])
    else:
        made = RSAPublicNumbers(int.from_bytes(key[-2], "big"), int.from_bytes(key[-1], "big")).public_key()
    encoded: bytes = made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _stale() -> str:
    return _("That took more than five minutes, or the page was used already. Try once more from this page.")


def _broken() -> str:
    return _(
        "The passkey's answer does not fit: it may be one of another person or address, or nobody was verified."
        " Try once more."
    )
