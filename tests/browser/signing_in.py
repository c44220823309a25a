"""Signing in as a person of the small world, in a real browser."""

import re
from typing import Any

from tests.pages.world import PASSWORD


def sign_in(page: Any, login: str = "alice", *, is_there: bool = False) -> None:
    """Be signed in, by a request of the browser's that shows no page. `is_there`: by hand, on the page that is open."""
    person = {"login": login, "password": PASSWORD}
    if is_there:
        for name, value in person.items():
            page.fill(f"input[name={name}]", value)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return
    form = page.request.get("/sign-in")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text())
    assert token, form.text()
    answer = page.request.post(
        "/sign-in",
        form=person | {"csrfmiddlewaretoken": token[1]},
        headers={"Referer": form.url},
        max_redirects=0,
    )
    assert answer.status == 302, answer.text()
