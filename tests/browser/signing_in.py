"""Signing in as a person of the small world, in a real browser."""

from typing import Any

from tests.pages.world import PASSWORD


def sign_in(page: Any, login: str = "alice", *, is_there: bool = False) -> None:
    """From the sign-in page (`is_there`: which is open already) to wherever it leads."""
    if not is_there:
        page.goto("/sign-in")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
