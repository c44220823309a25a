"""The second factor: codes of an app (TOTP, RFC 6238) and recovery codes, kept as django-allauth keeps them.

A code counts once, on whichever web node it is sent: the time step of the last one is kept with the secret. Secrets
are encrypted with a key made from the key of the sessions, so that the database alone gives none of them away.
"""

import base64
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import qrcode
from allauth.core.internal.cryptokit import compare_user_code, normalize_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid

from .alarms import tell_change
from .models import Person

__all__ = ["generate_totp_secret"]

STEP_SECONDS: Final = 30
TOLERANCE: Final = 1  # steps before and after: clocks of phones are not exact
_APP, _CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
_log = logging.getLogger(__name__)


class SecretsAdapter(DefaultMFAAdapter):
    """How django-allauth encrypts what it keeps."""

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Whether signing in asks for more than a password: of whoever has an app for codes. A passkey alone, enrolled
        to sign statements, shuts nobody out who comes by another address or device.
        """
        return has_second_factor(user.pk)

    def encrypt(self, text: str) -> str:
        """Encrypted and authenticated (Fernet)."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text. After a change of the sessions' key: another secret, which no code fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            _log.error("a second factor was made with another key of the sessions; it has to be reset")
            return generate_totp_secret()


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What somebody's page says of their second factor."""

    since: datetime
    last_used_at: datetime | None
    codes_left: int


def has_second_factor(person_id: int) -> bool:
    """Whether a code is asked for when the person signs in (1 query)."""
    return Authenticator.objects.filter(user_id=person_id, type=_APP).exists()


def second_factor_of(person_id: int) -> SecondFactor | None:
    """Since when, when used last, and how many recovery codes are left; None without one (1 query)."""
    rows = {row.type: row for row in Authenticator.objects.filter(user_id=person_id, type__in=(_APP, _CODES))}
    if _APP not in rows:
        return None
    used = [row.last_used_at for row in rows.values() if row.last_used_at]
    left = len(rows[_CODES].wrap().get_unused_codes()) if _CODES in rows else 0
    return SecondFactor(rows[_APP].created_at, max(used, default=None), left)


@transaction.atomic
def use_code(person: Person, code: str, at: datetime) -> Authenticator | None:
    """Take a code of the app or a recovery code, which cannot be used again; None for a wrong or a used one."""
    rows = Authenticator.objects.select_for_update().filter(user_id=person.pk, type__in=(_APP, _CODES))
    for row in sorted(rows, key=lambda row: row.type != _APP):
        if row.type == _APP:
            step = _step_of(decrypt(row.data["secret"]), code, at, after=row.data.get("last_step", 0))
            if step is None:
                continue
            row.data["last_step"] = step
        elif not row.wrap().validate_code(code):
            continue
        else:
            row.refresh_from_db(fields=["data"])
        row.last_used_at = at
        row.save(update_fields=["data", "last_used_at"])
        return row
    return None


@transaction.atomic
def add_second_factor(person: Person, secret: str, code: str, at: datetime) -> list[str]:
    """Ask for a code at every sign-in from now on; the recovery codes, to be shown once.

    Raises Invalid when the code does not fit the secret, or there is a second factor already.
    """
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if has_second_factor(person.pk):
        raise Invalid({"code": _("There is a second factor already. Turn it off first.")})
    step = _step_of(secret, code, at, after=0)
    if step is None:
        raise Invalid(
            {
                "code": _(
                    "This code does not fit. Check that the clock of your phone is right, and type the newest one."
                )
            }
        )
    Authenticator.objects.create(
        user=person, type=_APP, data={"secret": encrypt(secret), "last_step": step}, created_at=at
    )
    _log.info("second_factor.added", extra={"person": str(person.uuid)})
    tell_change(person, "second_factor_added", by="person")
    return _make_codes(person)


@transaction.atomic
def new_recovery_codes(person: Person) -> list[str]:
    """Ten new recovery codes; the earlier ones end. Raises Invalid without a second factor."""
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if not has_second_factor(person.pk):
        raise Invalid({"code": _("There is no second factor to recover.")})
    tell_change(person, "recovery_codes", by="person")
    return _make_codes(person)


def _make_codes(person: Person) -> list[str]:
    Authenticator.objects.filter(user_id=person.pk, type=_CODES).delete()
    _log.info("recovery_codes.made", extra={"person": str(person.uuid)})
    codes: list[str] = RecoveryCodes.activate(person).get_unused_codes()
    return [f"{code[:4]} {code[4:]}" for code in codes]


@transaction.atomic
def remove_second_factor(person: Person) -> bool:
    """Ask for no code any more; whether there was a second factor. Passkeys stay: they sign statements, too."""
    count, _models = Authenticator.objects.filter(user_id=person.pk, type__in=(_APP, _CODES)).delete()
    if count:
        _log.info("second_factor.removed", extra={"person": str(person.uuid)})
    return bool(count)


def app_address(person: Person, secret: str) -> str:
    """What an app reads from the picture: issuer, login and secret (otpauth://)."""
    label = quote(f"Yunheng:{person.login}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': 'Yunheng'})}"


def picture(text: str) -> str:
    """The text as a QR code: an SVG document, dark on white also where the page is dark, without style or script."""
    code = qrcode.QRCode(border=3, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    )
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="240" height="240" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path fill="#000" d="{path}"/></svg>'
    )


def spaced(secret: str) -> str:
    """A secret in groups of four, to be typed."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _step_of(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """The time step that the code belongs to, if it is a recent one and after the last that was used."""
    typed = normalize_user_code(code)
    now = int(at.timestamp()) // STEP_SECONDS
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        if step > after and compare_user_code(
            actual=typed, expected=format_hotp_value(hotp_value(secret, step))
        ):
            return step
    return None


def _cipher() -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"yunheng second factors").derive(
        settings.SECRET_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(made))
