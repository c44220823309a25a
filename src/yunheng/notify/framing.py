"""What every mail about something has around it: its reader's language and zone, a link to the page, and the foot."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person


@contextmanager
def as_read_by(person: Person) -> Iterator[None]:
    """Sentences and instants are those of the person's language and zone."""
    with translation.override(person.language or "zh-hans"), timezone.override(ZoneInfo(person.zone)):
        yield


def link_to(path: str) -> str:
    """The address of a page ("statements/ACME-APR-20260506-0001"); where nobody said under which name the site is
    reached, how to find it.
    """
    if not settings.ORIGINS:
        return _("Open Yunheng and search for the number.")
    return f"{settings.ORIGINS[0].rstrip('/')}/{path}"


def foot() -> list[str]:
    """The last lines of a mail that one can choose not to get."""
    return ["", "-- ", _("You can choose what you are told of in Yunheng, under “Notifications”.")]
