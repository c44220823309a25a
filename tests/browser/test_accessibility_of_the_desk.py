"""No page of a service manager has an accessibility violation that matters."""

from typing import Any

import pytest
from tests.browser.looking import violations
from tests.pages.world import World

pytestmark = pytest.mark.browser


def test_nothing_that_matters_is_found(chromium: Any, world: World, live_site: str) -> None:
    found = violations(chromium, world, live_site, ["alice"])
    assert not found, "\n".join(found)
