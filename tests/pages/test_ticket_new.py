"""Opening a ticket from the console: for a caller or a person, with its promises, and what is given away at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from tests.pages.test_ticket_page import client_of, html
from tests.pages.world import World

from yunheng.desk.models import Ticket


@pytest.fixture(autouse=True)
def undone(world: World) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def filled(world: World, **more: object) -> dict[str, object]:
    """A form with everything that is required."""
    return {
        "contract": world.key,
        "kind": "incident",
        "channel": "phone",
        "service": "server",
        "impact": "high",
        "urgency": "medium",
        "title": "Kasse bootet nicht",
        **more,
    }


def newest() -> Ticket:
    return Ticket.objects.select_related("requester", "team", "assignee").order_by("-id")[0]


def test_for_a_caller_who_is_no_person(world: World) -> None:
    client = client_of(world, "alice")
    response = client.post(
        "/tickets/new",
        filled(world, caller="Frau Meier", callback="0571-8888, Halle 3", description="Seit heute früh."),
    )
    ticket = newest()
    assert (response.status_code, response["Location"]) == (303, f"/tickets/{ticket.number}")
    assert (ticket.requester, ticket.requester_name, ticket.priority) == (None, "Frau Meier", "P2")
    assert "Halle 3" in ticket.description and "Seit heute früh." in ticket.description
    assert "Opened" in html(client, f"/tickets/{ticket.number}")


def test_for_a_person_of_the_client_accepted_and_assigned_at_once(world: World) -> None:
    client = client_of(world, "alice")
    found = html(
        client, f"/tickets/new/requesters?contract={world.key}&caller={world.people['dan'].name[:1]}"
    )
    person = str(world.people["dan"].uuid)
    assert person in found and str(world.people["ken"].uuid) not in found
    form = html(client, f"/tickets/new?contract={world.key}")
    team = re.search(r'<option value="([^"]+)">二线技术支持', form)[1]  # type: ignore[index]
    response = client.post(
        "/tickets/new",
        filled(
            world,
            requester=person,
            accept="on",
            team=team,
            assignee=str(world.people["ken"].uuid),
            files=[SimpleUploadedFile("bild.png", b"\x89PNG")],
        ),
    )
    assert response.status_code == 303, re.findall(
        r"error-text.*?</div>", response.content.decode(), re.DOTALL
    )
    ticket = newest()
    assert (ticket.requester_id, ticket.state) == (world.people["dan"].pk, "accepted")
    assert (ticket.team.key, ticket.assignee_id) == ("second-line", world.people["ken"].pk)  # type: ignore[union-attr]
    assert "bild.png" in html(client, f"/tickets/{ticket.number}")


def test_all_of_it_or_nothing(world: World) -> None:
    """An assignment that is refused opens no ticket either, and every value comes back."""
    client = client_of(world, "alice")
    before = Ticket.objects.count()
    team = re.search(
        r'<option value="([^"]+)">厂商现场服务', html(client, f"/tickets/new?contract={world.key}")
    )[1]  # type: ignore[index]
    response = client.post(
        "/tickets/new",
        filled(world, team=team, assignee=str(world.people["ken"].uuid), description="bleibt <stehen>"),
    )
    text = response.content.decode()
    assert response.status_code == 422 and Ticket.objects.count() == before
    assert (
        "does not belong to the team" in text
        and "bleibt &lt;stehen&gt;" in text
        and "Kasse bootet nicht" in text
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"service": "moon"}, "service"),
        ({"impact": ""}, "impact"),
        ({"requester": "01900000-0000-7000-8000-000000000000"}, "caller"),
        ({"requester": "nobody"}, "caller"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2020-01-01T08:00"}, "at"),
        ({"failed_at": "2099-01-01T08:00"}, "failed_at"),
        ({"ci": "a|b"}, "ci"),
        ({"callback": "x" * 301}, "callback"),
        ({"assignee": "x"}, "team"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(world: World, change: dict[str, str], field: str) -> None:
    before = Ticket.objects.count()
    response = client_of(world, "alice").post("/tickets/new", filled(world, **change))
    text = response.content.decode()
    assert response.status_code == 422 and Ticket.objects.count() == before
    assert re.search(rf'data-field="{field}".*?error-text', text, re.DOTALL), field


def test_somebody_of_another_organisation_is_no_requester(world: World) -> None:
    response = client_of(world, "alice").post(
        "/tickets/new", filled(world, requester=str(world.people["charlie"].uuid))
    )
    assert response.status_code == 422 and world.people["charlie"].name not in response.content.decode()


def test_the_contract_is_one_of_ones_own(world: World) -> None:
    client = client_of(world, "alice")
    assert client.get(f"/tickets/new?contract={world.other.scope.key}").status_code == 404
    assert client.post("/tickets/new", filled(world, contract=world.other.scope.key)).status_code == 404
    assert world.other.scope.key not in html(client, "/tickets/new")
    assert client_of(world, "sue").get("/tickets/new").status_code == 404
    assert client_of(world, "role-quality-officer").get("/tickets/new").status_code == 404


def test_promises_follow_what_is_chosen(world: World) -> None:
    client = client_of(world, "alice")
    base = f"/tickets/new/promises?contract={world.key}&kind=incident&service=server"
    pressing = html(client, f"{base}&impact=high&urgency=high")
    assert "P1" in pressing and "15 min" in pressing and "<time" in pressing and "extended" in pressing
    calm = html(client, f"{base}&impact=low&urgency=low")
    assert "P3" in calm and "working days" in calm
    assert "Choose service" in html(client, base)
    early = (datetime.now(UTC) - timedelta(days=20)).strftime(
        "%Y-%m-%dT%H:%M"
    )  # longer ago than any holidays last
    assert html(client, f"{base}&impact=high&urgency=high&at={early}") != pressing
    assert client.get(f"{base}&impact=high&urgency=high&kind=moon").status_code == 404
    assert "P1" in html(client, f"{base}&impact=high&urgency=high&at=rubbish")


def test_only_the_provider_sees_what_is_promised_inside(world: World) -> None:
    address = (
        f"/tickets/new/promises?contract={world.key}&kind=incident&service=server&impact=high&urgency=high"
    )
    assert "(OLA)" in html(client_of(world, "ken"), address)
    assert "(OLA)" not in html(client_of(world, "bob"), address)


def test_likely_duplicates_are_shown(world: World) -> None:
    client = client_of(world, "alice")
    address = f"/tickets/new/similar?contract={world.key}&service=server&title="
    assert world.tickets["working"] in html(client, address + "阵列硬盘告警")
    assert "/tickets/" not in html(client, address + "打印机缺纸")
    assert "/tickets/" not in html(client, f"/tickets/new/similar?contract={world.key}")
    own = f"&requester={world.people['dan'].uuid}"
    assert world.tickets["working"] in html(client, address + own)


def test_choosing_another_contract_loses_nothing(world: World) -> None:
    text = client_of(world, "alice").post("/tickets/new", filled(world, choose="1")).content.decode()
    assert "Kasse bootet nicht" in text and Ticket.objects.filter(title="Kasse bootet nicht").count() == 0


def test_a_hint_says_how_far_back_one_may_go(world: World) -> None:
    assert "You may go back" in html(client_of(world, "alice"), "/tickets/new")


def test_every_empty_field_is_named_at_once(world: World) -> None:
    client = client_of(world, "alice")
    sent = filled(world, service="", impact="", title=" ", description="Seit heute früh.")
    page = client.post("/tickets/new", sent)
    text = page.content.decode()
    assert page.status_code == 422 and text.count("This field is required.") == 3
    assert "Seit heute früh." in text and "service catalogue" not in text
