"""The ticket's page as it is read: who sees which control, the timeline in parts, the word that somebody changed it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.world import World, open_one

from yunheng.desk.actions import note, reply
from yunheng.desk.models import Ticket
from yunheng.desk.timeline import WINDOW
from yunheng.foundation.sealing import seal


def client_of(world: World, login: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(world.people[login])
    client.post("/language", {"language": language})
    return client


def html(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def acts(text: str) -> set[str]:
    """Addresses of everything on the page that would do something to the ticket."""
    found = set(re.findall(r'(?:form)?action="/tickets/[^/"]+/([^"]+)"', text))
    return {re.sub(r"[0-9a-f-]{36}", "…", act) for act in found if not act.startswith("refresh")}


@pytest.mark.parametrize(
    ("login", "ticket", "offered", "withheld"),
    [
        (
            "alice",
            "working",
            {
                "move/assign",
                "move/resolve",
                "take",
                "say",
                "profile",
                "classify",
                "links",
                "corrections/correct_time",
            },
            {"move/accept", "move/confirm"},
        ),
        (
            "ken",
            "working",
            {"move/resolve", "say", "classify", "links", "move/assign"},
            {"take", "profile", "move/cancel"},  # it is Ken's already
        ),
        (
            "sue",
            "waiting",
            {"move/resume", "say"},
            {"move/assign", "profile", "corrections/correct_time"},
        ),
        (
            "role-quality-officer",
            "working",
            {"say", "corrections/leave_out"},
            {"move/resolve", "take", "profile"},
        ),
    ],
)
def test_who_may_not_do_a_thing_sees_no_control_for_it(
    world: World, login: str, ticket: str, offered: set[str], withheld: set[str]
) -> None:
    found = acts(html(client_of(world, login), f"/tickets/{world.tickets[ticket]}"))
    assert offered <= found
    assert not withheld & found


def test_every_control_on_the_page_leads_somewhere_that_answers(world: World) -> None:
    """What is offered is never answered with “not found”: at worst the form comes back with what is missing."""
    for login, ticket in (("alice", "waiting"), ("ken", "waiting"), ("sue", "waiting")):
        client, number = client_of(world, login), world.tickets[ticket]
        for act in sorted(acts(html(client, f"/tickets/{number}"))):
            if act in {"take", "move/resume", "move/accept"} or "…" in act:
                continue  # one click does these
            response = client.post(f"/tickets/{number}/{act}", {"seen": "0.0"})
            assert response.status_code in {409, 422}, (login, act, response.status_code)


def test_history_from_another_system_has_no_controls(world: World) -> None:
    number = open_one(world, datetime.now(UTC) - timedelta(minutes=3), "aus dem alten System")
    Ticket.objects.filter(number=number).update(is_observed=True)
    text = html(client_of(world, "alice"), f"/tickets/{number}")
    assert acts(text) == set()
    assert 'hx-trigger="every 20s"' not in text
    response = client_of(world, "alice").post(f"/tickets/{number}/say", {"way": "note", "text": "x"})
    assert response.status_code == 422
    assert "history from another system" in response.content.decode()


def test_a_supplier_reads_neither_notes_nor_names(world: World) -> None:
    number = world.tickets["waiting"]
    note(world.viewer("alice"), number, "nur für uns")
    text = html(client_of(world, "sue"), f"/tickets/{number}")
    assert "nur für uns" not in text
    assert world.people["dan"].name not in text and world.people["ken"].name not in text
    assert "nur für uns" in html(client_of(world, "alice"), f"/tickets/{number}")


def test_the_number_of_statements_is_pinned(world: World) -> None:
    """Session, person, roles and the ticket; timeline, clocks, files, waiting periods, links, corrections, teams."""
    seal()
    client = client_of(world, "alice")
    counts = {}
    for name in ("closed", "working"):
        address = f"/tickets/{world.tickets[name]}"
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        counts[name] = sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in captured)
    assert counts == {"closed": 12, "working": 14}


def test_the_poll_says_nothing_until_somebody_does_something(world: World) -> None:
    alice, ken = client_of(world, "alice"), client_of(world, "ken")
    number = open_one(world, datetime.now(UTC) - timedelta(minutes=2), "steht still")
    seen = re.search(r"changes\?seen=([\d.]+)", html(alice, f"/tickets/{number}"))[1]  # type: ignore[index]
    address = f"/tickets/{number}/changes?seen={seen}"
    with CaptureQueriesContext(connection) as captured:
        response = alice.get(address)
    assert response.status_code == 204 and response.content == b""
    assert len(captured) <= 7
    ken.post(f"/tickets/{number}/say", {"way": "reply", "text": "Ich sehe nach."})
    changed = html(alice, address)
    assert "Public reply" in changed and world.people["ken"].name in changed and "Load it" in changed
    # it goes on asking from there, and is quiet again
    seen = re.search(r"changes\?seen=([\d.]+)", changed)[1]  # type: ignore[index]
    assert alice.get(f"/tickets/{number}/changes?seen={seen}").status_code == 204
    assert alice.get(f"/tickets/{number}/changes?seen=rubbish").status_code == 204


def test_the_client_does_not_learn_of_notes_by_the_poll(world: World) -> None:
    sue = client_of(world, "sue")
    number = world.tickets["waiting"]
    seen = re.search(r"changes\?seen=([\d.]+)", html(sue, f"/tickets/{number}"))[1]  # type: ignore[index]
    note(world.viewer("alice"), number, "leise")
    assert sue.get(f"/tickets/{number}/changes?seen={seen}").status_code == 204


def test_a_long_timeline_comes_in_parts_and_none_is_lost(world: World) -> None:
    number = open_one(world, datetime.now(UTC) - timedelta(minutes=30), "lange Geschichte")
    for count in range(2 * WINDOW + 17):
        reply(world.viewer("alice"), number, f"Satz {count}.")
    client = client_of(world, "alice")
    text = html(client, f"/tickets/{number}?order=oldest")
    places = [int(place) for place in re.findall(r'id="e(\d+)"', text)]
    total = 2 * WINDOW + 18
    assert places == list(range(total - WINDOW + 1, total + 1))
    while (more := re.search(r'hx-get="([^"]+timeline\?before=\d+)"', text)) is not None:
        text = html(client, more[1], HX_Request="true")
        places = [int(place) for place in re.findall(r'id="e(\d+)"', text)] + places
    assert places == list(range(1, total + 1))
    newest = html(client, f"/tickets/{number}?order=newest")
    assert re.findall(r'id="e(\d+)"', newest)[0] == str(total)
    assert re.findall(r'id="e(\d+)"', html(client, f"/tickets/{number}"))[0] == str(total)  # remembered
    assert f"#{WINDOW}" in html(
        client, f"/tickets/{number}/timeline?before=110"
    )  # a page of its own without htmx
    assert client.get(f"/tickets/{number}/timeline?before=x").status_code == 422


def test_the_pictures_are_reachable_and_not_in_the_way(world: World) -> None:
    text = html(client_of(world, "alice"), f"/tickets/{world.tickets['closed']}")
    assert re.search(r'<details class="section depth" id="clocks">', text)
    assert re.search(r'<details class="section depth" id="process">', text)
    assert 'href="#clock-restore"' in text and 'id="clock-restore"' in text
    assert '<details class="section depth" id="clocks" open>' in html(
        client_of(world, "alice"), f"/tickets/{world.tickets['closed']}?segments=all"
    )


def test_running_clocks_count_down(world: World) -> None:
    text = html(client_of(world, "alice"), f"/tickets/{world.tickets['new']}")
    due = re.findall(r'data-countdown="([^"]+)"', text)
    assert due and all(datetime.fromisoformat(one) > datetime.now(UTC) - timedelta(hours=1) for one in due)


def test_no_id_of_the_database_stands_on_the_page(world: World) -> None:
    """Counters leak: entries are called by their place, waiting periods and corrections by hash or UUID."""
    from yunheng.foundation.models import Entry

    ticket = Ticket.objects.get(number=world.tickets["closed"])
    text = html(client_of(world, "alice"), f"/tickets/{ticket.number}")
    ids = Entry.objects.filter(subject_id=ticket.pk).values_list("pk", flat=True)
    for pk in ids:
        assert not re.search(rf'(value|name|id|href)="[^"]*\b{pk}\b[^"]*"', text) or pk < 60
