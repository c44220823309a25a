"""The link with which somebody invited sets a password: once, in time, for one person."""

from collections.abc import Callable

import pytest
import time_machine
from django.core import signing
from tests.desk.ground import Ground, make_ground

from yunheng.accounts.actions import (
    accept_invitation,
    change_person,
    disable_person,
    invited_person,
    make_invitation,
    set_password,
)
from yunheng.accounts.models import Person
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Invalid, NotFound

STRONG = "correct horse battery staple"


@pytest.fixture
def ground(db: None) -> Ground:
    return make_ground()


def test_a_link_works_once(ground: Ground) -> None:
    person = ground.people["contact"]
    secret = make_invitation(viewer=ground.viewer("provider_admin"), person=person)
    assert invited_person(secret) == person
    with pytest.raises(Invalid) as refused:
        accept_invitation(secret=secret, password="short")
    assert set(refused.value.fields) == {"password"}
    accept_invitation(secret=secret, password=STRONG)
    found = Person.objects.get(pk=person.pk)
    assert found.check_password(STRONG) and not found.must_change_password
    with pytest.raises(NotFound):
        accept_invitation(secret=secret, password=STRONG + "!")
    types = Entry.objects.filter(scope=ground.scope, type__startswith="person.").order_by("id")
    assert [entry.type for entry in types] == ["person.invited", "person.password_set"]
    assert [entry.body.personal["actor"]["name"] for entry in types] == [
        "provider_admin of acme",
        "contact of acme",
    ]


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda ground, person: set_password(viewer=SYSTEM_VIEWER, person=person, password=STRONG),
        lambda ground, person: disable_person(viewer=SYSTEM_VIEWER, person=person),
        lambda ground, person: make_invitation(viewer=SYSTEM_VIEWER, person=person),
        lambda ground, person: change_person(
            viewer=SYSTEM_VIEWER,
            person=person,
            name=person.name,
            email="new@example.org",
            language="en",
            zone="UTC",
        ),
    ],
    ids=["password set", "disabled", "invited again", "address changed"],
)
def test_a_link_ends(ground: Ground, meanwhile: Callable[[Ground, Person], object]) -> None:
    person = ground.people["contact"]
    secret = make_invitation(viewer=SYSTEM_VIEWER, person=person)
    assert invited_person(secret) == person
    meanwhile(ground, Person.objects.get(pk=person.pk))
    with pytest.raises(NotFound):
        invited_person(secret)
    with pytest.raises(NotFound):
        accept_invitation(secret=secret, password=STRONG)


def test_a_link_ends_after_a_week(ground: Ground) -> None:
    person = ground.people["contact"]
    with time_machine.travel("2026-04-01T00:00:00Z", tick=False) as traveller:
        secret = make_invitation(viewer=SYSTEM_VIEWER, person=person)
        traveller.shift(7 * 86400 - 1)
        assert invited_person(secret) == person
        traveller.shift(2)
        with pytest.raises(NotFound):
            invited_person(secret)


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", signing.dumps(["0" * 32, "x"], salt="another"), "\x00"])
def test_forged_links_are_refused_in_the_same_words(ground: Ground, forged: str) -> None:
    secret = make_invitation(viewer=SYSTEM_VIEWER, person=ground.people["contact"])
    messages = set()
    for text in (forged, secret[:-1], secret + "x", secret.replace(":", ".", 1)):
        with pytest.raises(NotFound) as refused:
            invited_person(text)
        messages.add(refused.value.message)
    assert len(messages) == 1


def test_nobody_disabled_is_invited(ground: Ground) -> None:
    person = ground.people["contact"]
    disable_person(viewer=SYSTEM_VIEWER, person=person)
    with pytest.raises(Invalid):
        make_invitation(viewer=SYSTEM_VIEWER, person=Person.objects.get(pk=person.pk))
