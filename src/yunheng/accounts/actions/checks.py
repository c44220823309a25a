"""What makes a key, a name or a password unfit; each answers with faults per field, for `Invalid`."""

import re
from unicodedata import category
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator, validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from ..models import Person

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LOGIN = re.compile(r"[^\s\x00-\x1f/:\\]{1,150}")
#: What may not stand in a name: it is shown on one line, in letters and on terminals.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def key_fault(key: str) -> dict[str, str]:
    """The fault of a key of an organisation or team, if any."""
    if _KEY.fullmatch(key):
        return {}
    return {"key": _("1 to 64 of a–z, 0–9, “-” and “_”, beginning with a letter or digit.")}


def name_fault(name: str, length: int) -> dict[str, str]:
    """The fault of a name of at most `length` characters, if any."""
    if not name.strip():
        return {"name": _("This field is required.")}
    if len(name.strip()) > length:
        return {"name": _("At most %(count)d characters.") % {"count": length}}
    if _CONTROL.search(name.strip()):
        return {"name": _("On one line, and without control characters.")}
    return {}


def login_fault(login: str) -> dict[str, str]:
    """The fault of a login's form, if any; whether somebody has it already is for the caller to see."""
    # Nothing that nobody sees: two logins that look the same would be two people.
    if _LOGIN.fullmatch(login) and not any(category(letter).startswith("C") for letter in login):
        return {}
    return {"login": _("1 to 150 characters, without blanks, “/”, “:” and “\\”.")}


def person_faults(*, name: str, email: str, language: str, zone: str) -> dict[str, str]:
    """The faults of what an administrator writes down about somebody."""
    faults = name_fault(name, 150)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            faults["email"] = _("This is no e-mail address.")
    if len(email) > 254:
        faults["email"] = _("At most %(count)d characters.") % {"count": 254}
    if language not in dict(settings.LANGUAGES):
        faults["language"] = _("One of: %(choices)s.") % {"choices": ", ".join(dict(settings.LANGUAGES))}
    if not is_zone(zone):
        faults["zone"] = _("This is no time zone like Asia/Shanghai.")
    return faults


def is_zone(name: str) -> bool:
    """Whether it is a time zone of the IANA that this installation knows."""
    if not name or len(name) > 64:
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def password_faults(password: str, person: Person) -> list[str]:
    """Everything that is weak about a password, the likeness to the person's login, name and e-mail
    included.
    """
    faults: list[str] = []
    alike = UserAttributeSimilarityValidator(user_attributes=("login", "name", "email"))
    for validate in (validate_password, alike.validate):
        try:
            validate(password, person)
        except ValidationError as error:
            faults += error.messages
    return list(dict.fromkeys(faults))
