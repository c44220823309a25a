"""No page of clients, suppliers, administrators and strangers has a serious accessibility violation."""

from typing import Any

import pytest
from tests.browser.looking import NOBODY, PAGES, violations
from tests.pages.world import World

pytestmark = pytest.mark.browser


#: Who looks in one test; the desk's pages have a file of their own, so that two workers look side by side.
GROUPS = ((NOBODY, "bob", "dan", "charlie"), ("root", "role-provider-admin", "sue", "ken"))


def test_everybody_looks() -> None:
    assert sorted(["alice", *(login for group in GROUPS for login in group)]) == sorted(PAGES)


@pytest.mark.parametrize("logins", GROUPS, ids=lambda logins: logins[-1])
def test_nothing_serious_is_found(
    chromium: Any, world: World, live_site: str, settings: Any, logins: tuple[str, ...]
) -> None:
    settings.MAIL_URL = "smtp://mail.example:25?tls=no"  # only then there is a page for forgotten passwords
    settings.ORIGINS = ["https://it.example.com"]
    found = violations(chromium, world, live_site, logins)
    assert not found, "\n".join(found)
