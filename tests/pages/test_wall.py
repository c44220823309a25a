"""The wall board: who may look, what a screen's token opens, and that blindness is never shown as health."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.pages.world import World

from yunheng.accounts.queries import viewer_for_token
from yunheng.appraisal.models import WallScreen
from yunheng.appraisal.screens import make_screen, revoke_screen, viewer_of_screen
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound
from yunheng.sla.models import LiveClock

ADMIN = "role-provider-admin"


def make(world: World, **changes: object) -> tuple[WallScreen, str]:
    values: dict[str, object] = {"name": "Service desk", "contracts": [world.key], "language": "en"}
    made = make_screen(viewer=world.viewer(ADMIN), **(values | changes))  # type: ignore[arg-type]
    return made.screen, made.secret


def joined(secret: str) -> Client:
    client = Client()
    answer = client.post("/wall/join", {"token": secret})
    assert (answer.status_code, answer["Location"]) == (303, "/wall")
    return client


def test_a_screen_shows_its_contracts_and_nothing_else(world: World) -> None:
    screen, secret = make(world)
    client = joined(secret)
    cookie = client.cookies["wall"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/wall"
    page = client.get("/wall")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'data-theme="dark"' in text and "Not closed" in text
    assert secret not in text
    assert client.get(f"/wall/slide?contract={world.key}").status_code == 200
    assert client.get(f"/wall/slide?contract={world.other.scope.key}").status_code == 404
    assert client.get(f"/wall?contract={world.other.scope.key}").status_code == 404
    for path in (
        "/workbench",
        "/tickets",
        f"/contracts/{world.key}/dashboard",
        f"/tickets/{world.tickets['new']}",
    ):
        assert client.get(path).status_code == 302, path  # to sign in
    assert client.get("/api/v1/me").status_code == 401
    bearer = Client(headers={"Authorization": f"Bearer {secret}"})
    assert bearer.get("/api/v1/me").status_code == 401
    assert viewer_for_token(secret, datetime.now(UTC)) is None
    screen.refresh_from_db()
    assert screen.seen_at is not None


def test_a_screen_is_a_viewer_that_may_look_at_figures_only(world: World) -> None:
    screen, _secret = make(world)
    viewer = viewer_of_screen(screen)
    assert viewer.permissions(world.contract.pk) == {"kpi.view"}
    assert viewer.permissions(world.other.pk) == set()
    assert not viewer.may("kpi.view", None)


def test_titles_stand_on_a_screen_only_where_that_was_chosen(world: World) -> None:
    """A clock that is due soon brings a ticket onto the board."""
    LiveClock.objects.filter(scope_id=world.contract.pk, status="running").update(
        due_at=datetime.now(UTC) + timedelta(hours=1)
    )
    title, number = "存储阵列一块硬盘告警", world.tickets["working"]
    for has_titles in (False, True):
        _screen, secret = make(world, has_titles=has_titles)
        text = joined(secret).get(f"/wall/slide?contract={world.key}").content.decode()
        assert (title in text) is has_titles
        assert (number in text) is not has_titles
        assert "href=" not in text  # a screen has no doors
    signed_in = Client()
    signed_in.force_login(world.people["alice"])
    text = signed_in.get(f"/wall/slide?contract={world.key}").content.decode()
    assert title in text and f'href="/tickets/{number}"' in text


def test_a_revoked_screen_sees_nothing_from_that_moment_on(world: World) -> None:
    screen, secret = make(world)
    client = joined(secret)
    assert client.get("/wall/slide").status_code == 200
    revoke_screen(viewer=world.viewer(ADMIN), screen=screen)
    refused = client.get("/wall/slide")
    assert (refused.status_code, refused.content) == (403, b"")
    assert client.get("/wall")["Location"] == "/wall/join"
    again = Client().post("/wall/join", {"token": secret})
    assert again.status_code == 422 and "wall" not in again.cookies
    types = Entry.objects.filter(scope_id=world.contract.pk, type__startswith="wall.").values_list(
        "type", flat=True
    )
    assert {"wall.made", "wall.revoked"} <= set(types)


@pytest.mark.parametrize("secret", ["", "yw_", "yw_" + "x" * 43, "yw_" + "x" * 200, "yh_something", "\x00"])
def test_a_token_that_is_none_opens_nothing(world: World, secret: str) -> None:
    answer = Client().post("/wall/join", {"token": secret})
    assert answer.status_code == 422 and "wall" not in answer.cookies
    client = Client()
    client.cookies["wall"] = "yw_wrong"
    assert client.get("/wall/slide").status_code == 403
    assert client.get("/wall")["Location"] == "/wall/join"
    assert Client().get("/wall")["Location"] == "/sign-in?next=%2Fwall"
    assert Client().get("/wall/slide").status_code == 403


def test_administrators_make_screens_on_the_page(world: World) -> None:
    client = Client()
    client.force_login(world.people[ADMIN])
    client.post("/language", {"language": "en"})
    refused = client.post("/admin/walls", {"name": "", "contracts": ["nowhere"], "language": "en"})
    assert refused.status_code == 422
    assert "Choose at least one of these." in refused.content.decode()
    made = client.post("/admin/walls", {"name": "Lobby", "contracts": [world.key], "language": "zh-hans"})
    text = made.content.decode()
    assert "http://testserver/wall/join#yw_" in text
    secret = text.split("/wall/join#")[1].split("<")[0]
    listed = client.get("/admin/walls").content.decode()
    assert "Lobby" in listed and secret not in listed
    assert "未关闭" in joined(secret).get("/wall").content.decode()
    screen = WallScreen.objects.get(name="Lobby")
    assert client.post(f"/admin/walls/{screen.uuid}/revoke").status_code == 303
    assert "revoked" in client.get("/admin/walls").content.decode()


def test_nobody_else_makes_or_ends_screens(world: World) -> None:
    screen, _secret = make(world)
    for login in ("alice", "bob", "dan", "sue"):
        with pytest.raises(NotFound):
            make_screen(viewer=world.viewer(login), name="x", contracts=[world.key])
        client = Client()
        client.force_login(world.people[login])
        assert client.post(f"/admin/walls/{screen.uuid}/revoke").status_code == 404
        assert client.post("/admin/walls", {"name": "x", "contracts": [world.key]}).status_code == 404
        with pytest.raises(Forbidden):
            revoke_screen(viewer=world.viewer(login), screen=screen)
    with pytest.raises(Invalid):
        make_screen(viewer=world.viewer(ADMIN), name="x", contracts=[world.other.scope.key])
    screen.refresh_from_db()
    assert screen.revoked_at is None


def test_where_the_clocks_are_not_watched_nothing_looks_healthy(world: World) -> None:
    client = Client()
    client.force_login(world.people["alice"])
    client.post("/language", {"language": "en"})
    clocks = LiveClock.objects.filter(scope_id=world.contract.pk)
    clocks.update(next_check_at=None, due_at=None)
    address = f"/wall/slide?contract={world.key}"
    healthy = client.get(address).content.decode()
    assert "No promise is broken" in healthy and "data-behind" not in healthy
    late = clocks.first()
    assert late is not None
    LiveClock.objects.filter(pk=late.pk).update(next_check_at=datetime.now(UTC) - timedelta(hours=1))
    for path in (address, f"/contracts/{world.key}/dashboard", "/wall/slide"):
        blind = client.get(path).content.decode()
        assert "Clocks are not being watched" in blind, path
        assert "No promise is broken" not in blind, path
