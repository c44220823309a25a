"""What a person chose for their own reading, and says of themselves. It writes no entry."""

import logging

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid

from .actions.checks import person_faults
from .alarms import tell_change
from .models import Person

_log = logging.getLogger(__name__)

#: Offered first where somebody chooses a zone; every other one can be typed.
ZONES = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Asia/Dubai",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "UTC",
)


def choose_language(*, person: Person, language: str) -> None:
    """Remember the language in which the person reads every page."""
    Person.objects.filter(pk=person.pk).update(language=language)
    person.language = language


def change_profile(*, person: Person, name: str, language: str, zone: str) -> None:
    """Write down how the person is called, and in which language and zone they read. Raises Invalid per field."""
    faults = person_faults(name=name, email=person.email, language=language, zone=zone)
    if faults:
        raise Invalid(faults)
    _change(person, name=name.strip(), language=language, zone=zone)


def change_email(*, person: Person, email: str) -> None:
    """Write down the person's e-mail address, "" for none. It is where a new password would be sent to.

    The address before is told. Raises Invalid for what is no address, and for one that somebody else here has: a letter
    to it could not say whom it is for.
    """
    email = email.strip()
    faults = person_faults(name=person.name, email=email, language=person.language, zone=person.zone)
    if not faults and email and Person.objects.filter(email__iexact=email).exclude(pk=person.pk).exists():
        faults["email"] = _("Somebody else here has this address.")
    if faults:
        raise Invalid(faults)
    before = person.email
    with transaction.atomic():
        _change(person, email=email)
        if before and email != before:
            tell_change(person, "email", by="person", address=before)


def _change(person: Person, **new: str) -> None:
    changed = [field for field, value in new.items() if getattr(person, field) != value]
    if not changed:
        return
    Person.objects.filter(pk=person.pk).update(**new)
    for field, value in new.items():
        setattr(person, field, value)
    _log.info("person.changed", extra={"person": str(person.uuid), "fields": changed, "by": "person"})
