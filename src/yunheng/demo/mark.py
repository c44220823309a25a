"""Whether this database is a demonstration, how far its preparing is, and how old it has become."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.accounts.models import Person
from yunheng.foundation.refusals import Refusal

from .model import SEED
from .models import Demonstration
from .staff import PEOPLE, SHOWN

STEPS: Final = ("people", "live", "history-1", "history-2", "history-3", "reports", "statements", "end")


class NotEmptyError(Refusal):
    """The database holds something that is not of a demonstration."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whom the sign-in page offers."""

    login: str
    name: str
    role: str
    organisation: str


def mark() -> Demonstration | None:
    """The mark, or None in a database that is no demonstration."""
    return Demonstration.objects.order_by("pk").first()


def is_inhabited() -> bool:
    """Whether there is anybody in the database."""
    return Person.objects.exists()


@transaction.atomic
def set_mark(*, seed: int = SEED) -> Demonstration:
    """Mark an empty database. Raises NotEmptyError for one in which there is anybody or anything."""
    found = mark()
    if found is not None:
        return found
    if is_inhabited():
        raise NotEmptyError(
            _(
                "This database holds people who are not of the demonstration; it is left as it is. "
                "The demonstration needs an empty data folder of its own."
            ),
            code="not_empty",
        )
    return Demonstration.objects.create(state=Demonstration.State.PREPARING, seed=seed, password=_password())


def tell_step(step: str, done: int = 0, total: int = 0) -> None:
    """Say how far the preparing is."""
    Demonstration.objects.update(step=step, done=done, total=total)


def tell_ready(*, tickets: int, entries: int, at: datetime) -> None:
    """The demonstration can be used."""
    Demonstration.objects.update(
        state=Demonstration.State.READY, step="end", tickets=tickets, entries=entries, ready_at=at
    )


def tell_failed() -> None:
    """Preparing ended with an error; the next start begins anew."""
    Demonstration.objects.exclude(state=Demonstration.State.READY).update(state=Demonstration.State.FAILED)


def accounts() -> list[Account]:
    """Those whom the sign-in page offers, one per role, in order; only who is there."""
    there = {
        person.login: person
        for person in Person.objects.filter(login__in=SHOWN, is_active=True).select_related("organisation")
    }
    roles = {member.login: member.roles[0][0] for member in PEOPLE}
    return [
        Account(login, there[login].name, roles[login], there[login].organisation.name)
        for login in SHOWN
        if login in there
    ]


def share(found: Demonstration) -> int:
    """Per cent of the preparing that is done, of all of it."""
    if found.step not in STEPS:
        return 0
    weights = (8, 7, 14, 12, 16, 36, 7, 0)
    at = STEPS.index(found.step)
    inside = weights[at] * found.done / found.total if found.total else 0
    return min(99, int(sum(weights[:at]) + inside))


def step_text(found: Demonstration) -> str:
    """What is being prepared, for the sign-in page and the terminal."""
    texts = {
        "people": _("Contracts, teams and people"),
        "history-1": _("A year of an insurance company's office"),
        "history-2": _("A year of a data centre"),
        "history-3": _("A year of a hospital"),
        "live": _("Tickets that run now"),
        "reports": _("Monthly reports"),
        "statements": _("Statements that both sides sign"),
    }
    return texts.get(found.step, _("Beginning"))


def age_text(found: Demonstration, now: datetime | None = None) -> str:
    """How old the demonstration is, "" on its first day."""
    if found.ready_at is None:
        return ""
    zone = timezone.get_current_timezone()
    days = ((now or datetime.now(UTC)).astimezone(zone).date() - found.ready_at.astimezone(zone).date()).days
    if days < 1:
        return ""
    return ngettext(
        "Prepared %(days)d day ago; “yunheng demo --fresh” renews it up to today.",
        "Prepared %(days)d days ago; “yunheng demo --fresh” renews it up to today.",
        days,
    ) % {"days": days}


def _password() -> str:
    """A password that is easy to type and of this installation only: nobody's habit on another machine."""
    return f"demo-{secrets.token_hex(2)}-{secrets.token_hex(2)}"
