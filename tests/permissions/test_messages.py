"""No mail tells what no page shows: who does not see a ticket is not told of it; no entry keeps a webhook's key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.pages.world import World, open_assigned

from yunheng.accounts.models import Membership, Person
from yunheng.desk.actions import reply
from yunheng.desk.notifying import announce
from yunheng.foundation.models import Entry, EntryBody
from yunheng.notify.actions import create_webhook
from yunheng.notify.models import Delivery

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def with_mail(settings: Any, world: World) -> None:
    settings.MAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for person in world.people.values():
        Person.objects.filter(pk=person.pk).update(email=f"{person.login}@example.com")


def told(number: str, kind: str) -> set[str]:
    entry = Entry.objects.filter(subject_number=number, type=kind).latest("pk")
    announce([entry.pk], now=NOW)
    found = Delivery.objects.filter(entry_id=entry.pk, person__isnull=False)
    return set(found.values_list("person__login", flat=True))


@contextmanager
def without_roles(person: Person) -> Iterator[None]:
    held = list(Membership.objects.filter(person=person))
    Membership.objects.filter(person=person).delete()
    try:
        yield
    finally:
        Membership.objects.bulk_create(held)


@pytest.fixture
def ticket(world: World) -> str:
    return open_assigned(world, NOW - timedelta(hours=1), "secret project")


def test_who_lost_the_role_reads_no_more_by_mail(world: World, ticket: str) -> None:
    reply(world.viewer("dan"), ticket, text="the password is swordfish", recorded_at=NOW)
    assert told(ticket, "ticket.replied") == {"ken"}
    Delivery.objects.all().delete()
    with without_roles(world.people["ken"]):
        assert told(ticket, "ticket.replied") == set()


def test_a_requester_without_a_role_reads_no_more_by_mail(world: World, ticket: str) -> None:
    reply(world.viewer("ken"), ticket, text="on my way", recorded_at=NOW)
    assert told(ticket, "ticket.replied") == {"dan"}
    Delivery.objects.all().delete()
    with without_roles(world.people["dan"]):
        assert told(ticket, "ticket.replied") == set()


def test_no_entry_keeps_the_key_in_a_webhooks_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunheng.notify.actions.check_address", lambda *_args, **_named: None)
    hook = create_webhook(
        viewer=world.viewer("alice"),
        scope=world.contract.scope,
        name="robot",
        url="https://hooks.example.com/send?key=swordfish",
        events=["ticket.*"],
    )
    assert hook.url.endswith("?key=swordfish")
    body = EntryBody.objects.filter(entry__type="webhook.created").latest("pk")
    hook.delete()
    assert body.internal["url"] == "https://hooks.example.com/send"
