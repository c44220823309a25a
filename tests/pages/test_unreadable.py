"""What no text in the database can hold is refused on every page, also where a form does not look for it."""

import pytest
from django.test import Client
from tests.pages.world import World, build_world

from yunheng.accounts.models import Person
from yunheng.appraisal.models import WallScreen


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/reports/new", {"contract": "a\0b", "kind": "monthly", "period": "2026-04", "languages": "en"}),
        ("/admin/walls", {"name": "a\0b", "contracts": "{key}", "language": "en"}),
        ("/admin/teams/new", {"organisation": "huadun", "key": "a\0", "name": "a\0", "line": "1"}),
    ],
)
def test_nul_in_a_form(db: None, address: str, data: dict[str, str]) -> None:
    world = build_world()
    client = Client(raise_request_exception=False)
    client.force_login(_administrator(world))
    sent = {name: value.format(key=world.key) for name, value in data.items()}
    assert client.post(address, sent).status_code in {400, 422}
    assert not WallScreen.objects.exists()


def _administrator(world: World) -> Person:
    return next(
        person
        for person in Person.objects.all()
        if person.is_active and world.viewer(person.login).may("admin.people", world.contract.pk)
    )
