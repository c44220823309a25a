"""What a demonstration shows: accounts only where it is one, this machine only, nothing sent, the tour."""

import re

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from tests.pages.world import World

from yunheng.demo import mark
from yunheng.demo.models import Demonstration, TourVisit
from yunheng.demo.pages import OnlyThisMachine
from yunheng.demo.staff import SHOWN
from yunheng.notify.models import Delivery
from yunheng.notify.sending import NotDeliveredError, send

pytestmark = pytest.mark.django_db

_TEMPLATES = [
    {
        **settings.TEMPLATES[0],
        "OPTIONS": {
            **settings.TEMPLATES[0]["OPTIONS"],
            "context_processors": [
                *settings.TEMPLATES[0]["OPTIONS"]["context_processors"],
                "yunheng.demo.pages.around",
            ],
        },
    }
]
in_demonstration = override_settings(DEMONSTRATION=True, TEMPLATES=_TEMPLATES)


def test_elsewhere_the_sign_in_page_shows_no_accounts(client: Client) -> None:
    page = client.get("/sign-in").content.decode()
    assert "demo-accounts" not in page
    assert "demo-line" not in page
    assert client.get("/demonstration/progress").status_code == 404


def test_a_mark_without_the_mode_shows_nothing(client: Client) -> None:
    """Both have to agree: the commands set the mode where they find the mark."""
    mark.set_mark()
    assert "demo-accounts" not in client.get("/sign-in").content.decode()


@in_demonstration
def test_the_sign_in_page_says_how_far_the_preparing_is_and_asks_again(client: Client) -> None:
    mark.set_mark()
    mark.tell_step("history-1", 50, 100)
    page = client.get("/sign-in", headers={"Accept-Language": "en"}).content.decode()
    found = mark.mark()
    assert found is not None and 0 < mark.share(found) < 100
    assert f"{mark.share(found)} %" in page
    assert 'hx-get="/demonstration/progress"' in page
    assert "<form" in page
    assert "demo-person" not in page
    part = client.get("/demonstration/progress").content.decode()
    assert "<html" not in part
    assert "hx-get" in part


@in_demonstration
def test_a_failed_preparing_is_said(client: Client) -> None:
    mark.set_mark()
    mark.tell_failed()
    page = client.get("/sign-in", headers={"Accept-Language": "en"}).content.decode()
    assert "could not be prepared" in page
    assert 'hx-get="/demonstration/progress"' not in page


@in_demonstration
def test_one_click_signs_in(client: Client, people: Demonstration) -> None:
    page = client.get("/sign-in").content.decode()
    logins = re.findall(r'name="login" value="([a-z]+)"', page)
    assert logins == [login for login in SHOWN if login in logins]
    assert "manager" in logins
    assert people.password in page
    answer = client.post("/sign-in", {"login": "manager", "password": people.password})
    assert answer.status_code == 302
    start = client.get("/me")
    assert "demo-line" in start.content.decode()


@pytest.fixture
def people() -> Demonstration:
    """A ready demonstration with a provider's manager alone."""
    from datetime import UTC, datetime

    from yunheng.accounts.actions import create_organisation, create_person
    from yunheng.foundation.access import SYSTEM_VIEWER

    found = mark.set_mark()
    home = create_organisation(viewer=SYSTEM_VIEWER, key="yunlan", name="云岚", kind="provider")
    create_person(
        viewer=SYSTEM_VIEWER, login="manager", name="林晓安", organisation=home, password=found.password
    )
    mark.tell_ready(tickets=1, entries=2, at=datetime.now(UTC))
    return found


@in_demonstration
def test_the_tour_is_shown_goes_on_and_can_be_ended_and_begun_again(
    client: Client, people: Demonstration
) -> None:
    from yunheng.accounts.models import Person

    manager = Person.objects.get(login="manager")
    client.force_login(manager)
    page = client.get("/me", headers={"Accept-Language": "en"}).content.decode()
    assert "tour-title" in page
    assert "<script>" not in page
    assert client.post("/demonstration/tour", {"step": "2"}).status_code == 302
    assert TourVisit.objects.get(person=manager).step == 2
    ended = client.post("/demonstration/tour", {"step": "0", "here": "/me"})
    assert ended.headers["Location"] == "/me"
    assert "tour-title" not in client.get("/me").content.decode()
    elsewhere = client.post("/demonstration/tour", {"step": "0", "here": "https://evil.example/x"})
    assert elsewhere.headers["Location"] == "/"
    client.post("/demonstration/tour", {"step": "1"})
    assert "tour-title" in client.get("/me").content.decode()


@in_demonstration
def test_a_clients_tour_shows_the_record_in_which_clocks_are_explained(client: Client, world: World) -> None:
    client.force_login(world.people["bob"])
    place = client.post("/demonstration/tour", {"step": "2"})["Location"]
    assert place.startswith("/tickets/") and place.endswith("?record=whole")
    assert client.get(place).status_code == 200


@in_demonstration
def test_the_tour_takes_no_get_and_no_stranger(client: Client) -> None:
    assert client.get("/demonstration/tour").status_code == 405
    assert client.post("/demonstration/tour", {"step": "1"}).headers["Location"].startswith("/sign-in")


def test_elsewhere_there_is_no_tour(client: Client, world: World) -> None:
    client.force_login(world.people["alice"])
    assert client.post("/demonstration/tour", {"step": "2"}).status_code == 404
    assert not TourVisit.objects.exists()
    assert "tour-title" not in client.get("/me").content.decode()


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.168.1.9"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.4"}, 403),
        ({"REMOTE_ADDR": "nonsense"}, 403),
    ],
)
def test_only_this_machine_is_answered(meta: dict[str, str], status: int) -> None:
    from django.http import HttpResponse

    guard = OnlyThisMachine(lambda _request: HttpResponse("in"))
    assert guard(RequestFactory().get("/", **meta)).status_code == status


@in_demonstration
def test_nothing_is_sent_and_the_delivery_says_why() -> None:
    with pytest.raises(NotDeliveredError) as refused:
        send(Delivery(channel=Delivery.Channel.MAIL, address="a@example.com", subject="x", body="y"))
    assert refused.value.is_final
