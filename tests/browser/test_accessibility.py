"""No page of clients, suppliers, administrators and strangers has an accessibility violation that matters."""

from collections import defaultdict
from typing import Any

import pytest
from django.urls import resolve
from tests.browser.looking import NOBODY, NOT_PAGES, PAGES, violations
from tests.pages.world import World
from tests.permissions.table import ROUTES

pytestmark = pytest.mark.browser


#: Who looks in one test; the desk's pages have a file of their own, so that two workers look side by side.
GROUPS = ((NOBODY, "bob", "dan", "charlie"), ("root", "role-provider-admin", "role-auditor", "sue", "ken"))


def test_everybody_looks() -> None:
    assert sorted(["alice", *(login for group in GROUPS for login in group)]) == sorted(PAGES)


def test_every_page_of_the_url_configuration_is_looked_at() -> None:
    names = defaultdict(lambda: "00000000-0000-7000-8000-000000000000", key="acme")
    addresses = {address.partition("?")[0] for pages in PAGES.values() for address in pages} - {
        "/nothing-here"
    }
    looked_at = {resolve(address.format_map(names)).route for address in addresses}
    pages = {  # that the table has each route is a test of its own
        route
        for route, row in ROUTES.items()
        if not route.startswith("api/v1/") and row.method == "GET" and route not in NOT_PAGES
    }
    assert pages == looked_at
    assert set(ROUTES) >= NOT_PAGES


@pytest.mark.parametrize("logins", GROUPS, ids=lambda logins: logins[-1])
def test_nothing_that_matters_is_found(
    chromium: Any, world: World, live_site: str, settings: Any, logins: tuple[str, ...]
) -> None:
    settings.MAIL_URL = "smtp://mail.example:25?tls=no"  # only then there is a page for forgotten passwords
    settings.ORIGINS = ["https://it.example.com"]
    found = violations(chromium, world, live_site, logins)
    assert not found, "\n".join(found)
