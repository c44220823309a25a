"""What people type is text on every page: no tag, no script and no handler of theirs becomes part of the markup."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from tests.pages.world import World, open_one

from yunheng.desk.actions import note, reply

HOSTILE = (
    """"'><img src=x onerror=alert(1)></title></script><script>alert(2)</script>"""
    "<svg onload=alert(3)>{{ 7|add:7 }}"
)


class Markup(HTMLParser):
    """Collects what could run: scripts without a source, handlers, inline styles, addresses with a scheme."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.images += tag == "img"
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.found.append("inline script")
        for name, value in attrs:
            if name.startswith("on") or name == "style" or name == "srcdoc":
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")


@pytest.fixture(scope="module")
def hostile(world: World) -> str:
    """A ticket with hostile text wherever text can be typed."""
    at = (datetime.now(UTC) - timedelta(minutes=30)).replace(microsecond=0)
    number = open_one(world, at, HOSTILE, description=HOSTILE, ci=HOSTILE[:30], requester_name=HOSTILE)
    reply(
        world.viewer("ken"),
        number,
        text=HOSTILE,
        at=at + timedelta(minutes=1),
        recorded_at=at + timedelta(minutes=1),
    )
    note(world.viewer("ken"), number, text=HOSTILE, at=at + timedelta(minutes=2))
    return number


@pytest.mark.parametrize(
    "path",
    [
        "/tickets/{number}",
        "/contracts/{key}/tickets",
        "/contracts/{key}/tickets?text={hostile}",
        "/contracts/{key}/indicators?show={hostile}",
        "/contracts/{key}/indicators?by=team",
        "/contracts/{key}/items?indicator=incidents_opened&by=service&group={hostile}",
        "/contracts/{key}/items?indicator={hostile}",
        "/contracts/{key}/indicators?from={hostile}",
        "/tickets/{hostile}",
        "/sign-in?next={hostile}",
    ],
)
def test_no_page_runs_what_was_typed(world: World, hostile: str, path: str) -> None:
    from urllib.parse import quote

    client = Client()
    if not path.startswith("/sign-in"):
        client.force_login(world.people["alice"])
    response = client.get(path.format(number=hostile, key=world.key, hostile=quote(HOSTILE)))
    text = response.content.decode()
    markup = Markup()
    markup.feed(text)
    assert markup.found == []
    assert markup.images == 0
    assert "<svg onload" not in text
    assert "</script><script>alert" not in text
    assert "'unsafe" not in response["Content-Security-Policy"]


def test_the_hostile_title_is_shown_as_it_was_typed(world: World, hostile: str) -> None:
    client = Client()
    client.force_login(world.people["alice"])
    assert "&lt;img src=x onerror=alert(1)&gt;" in client.get(f"/tickets/{hostile}").content.decode()
    assert client.get(f"/api/v1/tickets/{hostile}").json()["title"] == HOSTILE
    answer = client.get(f"/api/v1/tickets/{hostile}")
    assert answer["Content-Type"].startswith("application/json")  # never a page, whatever it holds
    assert answer["X-Content-Type-Options"] == "nosniff"
