"""The wall board in a real browser: a link makes a screen, slides take turns, and what cannot be seen is said."""

from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.pages.world import World

from yunheng.appraisal import wall_views
from yunheng.appraisal.models import WallScreen
from yunheng.appraisal.screens import make_screen, revoke_screen

pytestmark = pytest.mark.browser


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slides of one second."""
    monkeypatch.setattr(wall_views, "SECONDS_PER_SLIDE", 1)


def test_a_screen_joins_by_its_link_and_goes_blank_when_revoked(
    open_page: Any, world: World, hurried: None, complaints: list[str]
) -> None:
    admin = world.viewer("role-provider-admin")
    made = make_screen(viewer=admin, name="Hall", contracts=[world.key], language="en")
    page = open_page(width=1920)
    page.goto(f"/wall/join#{made.secret}")
    page.wait_for_url("**/wall")
    page.wait_for_selector('[data-wall][data-look="live"]')
    assert made.secret not in page.content()
    assert page.evaluate("document.cookie") == "" or made.secret not in page.evaluate("document.cookie")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    revoke_screen(viewer=admin, screen=WallScreen.objects.get(pk=made.screen.pk))
    page.wait_for_selector('[data-wall][data-look="ended"]')
    assert page.inner_text("[data-wall-slide]").strip() == ""
    assert "may no longer look" in page.inner_text("[data-wall-alarm]")
    assert [line for line in complaints if "403" not in line] == []


def test_without_the_server_nothing_looks_healthy_until_it_is_back(
    open_page: Any, world: World, hurried: None
) -> None:
    page = open_page(width=1920, language="en-GB")
    sign_in(page)
    page.goto("/wall")
    page.wait_for_selector('[data-wall][data-look="live"]')
    assert page.is_hidden("[data-wall-alarm]")
    page.context.set_offline(True)
    page.wait_for_selector('[data-wall][data-look="lost"]')
    assert page.is_visible("[data-wall-alarm]")
    assert page.inner_text("[data-wall-alarm]")
    assert float(page.evaluate("getComputedStyle(document.querySelector('.wall-main')).opacity")) < 0.6
    for mark in page.query_selector_all(".wall-main .state-met"):
        assert not mark.is_visible()
    page.context.set_offline(False)
    page.wait_for_selector('[data-wall][data-look="live"]')
    assert page.is_hidden("[data-wall-alarm]")


def test_slides_take_turns_and_can_be_held(open_page: Any, world: World, hurried: None) -> None:
    page = open_page(width=1920)
    sign_in(page, "root")
    page.goto("/wall")
    for key in (world.key, world.other.scope.key, ""):
        page.wait_for_selector(f'.wall-slide[data-key="{key}"]')
    page.keyboard.press("Space")
    for _try in range(2):  # what was asked for before may still come, once
        held = page.get_attribute(".wall-slide", "data-key")
        page.wait_for_timeout(2500)
        if page.get_attribute(".wall-slide", "data-key") == held:
            break
    else:
        pytest.fail("the slides go on")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("key => document.querySelector('.wall-slide').dataset.key !== key", arg=held)
