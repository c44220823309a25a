"""What is done from the ticket's page: success and refusal of each form, with and without script, and two at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from tests.pages.test_ticket_page import client_of, html
from tests.pages.world import World, do, open_one

from yunheng.desk.models import Ticket
from yunheng.desk.queries import timeline

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def undone(world: World) -> Iterator[None]:
    """What a test does to the world of the module is undone after it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def number(world: World) -> str:
    """A ticket that Ken works on."""
    began = datetime.now(UTC) - timedelta(minutes=40)
    number = open_one(world, began, "Drucker im Lager druckt nicht")
    do(world, number, "alice", "accept", began + timedelta(minutes=2))
    do(world, number, "alice", "assign", began + timedelta(minutes=3), team="second-line", assignee="ken")
    do(world, number, "ken", "start", began + timedelta(minutes=5))
    return number


def row(number: str) -> Ticket:
    return Ticket.objects.select_related("team", "assignee").get(number=number)


def seen_on(client: Client, number: str) -> str:
    return re.search(r'name="seen" value="([\d.]+)"', html(client, f"/tickets/{number}"))[1]  # type: ignore[index]


def types(world: World, number: str) -> list[str]:
    return [entry.type for entry in timeline(world.viewer("alice"), row(number))]


# --- how an act answers


def test_without_script_an_act_redirects_and_says_what_happened(world: World, number: str) -> None:
    client = client_of(world, "alice")
    response = client.post(
        f"/tickets/{number}/say",
        {"way": "reply", "text": "Techniker kommt um 14 Uhr.", "seen": seen_on(client, number)},
    )
    assert (response.status_code, response["Location"]) == (303, f"/tickets/{number}")
    text = html(client, f"/tickets/{number}")
    assert "The reply is sent" in text and "Techniker kommt um 14 Uhr." in text


def test_with_htmx_an_act_replaces_parts_of_the_page(world: World, number: str) -> None:
    client = client_of(world, "alice")
    response = client.post(
        f"/tickets/{number}/classify",
        {"ci": "PRN-7", "category": "", "cause": "", "seen": seen_on(client, number)},
        headers=HTMX,
    )
    text = response.content.decode()
    assert (
        response.status_code == 200 and response["HX-Reswap"] == "none" and "toast" in response["HX-Trigger"]
    )
    parts = set(re.findall(r'id="ticket-(\w+)"[^>]* hx-swap-oob="true"', text))
    assert parts == {"head", "news", "bar", "side", "about", "timeline", "depth"}  # never the composer
    assert "PRN-7" in text and row(number).ci == "PRN-7"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refusal_stands_beside_its_field_and_nothing_typed_is_lost(
    world: World, number: str, headers: dict[str, str]
) -> None:
    client = client_of(world, "ken")
    response = client.post(
        f"/tickets/{number}/move/resolve",
        {
            "resolution": "Papierstau <entfernt>",
            "cause": "",
            "line": "moon",
            "at": "2020-01-01T00:00",
            "seen": seen_on(client, number),
        },
        headers=headers,
    )
    text = response.content.decode()
    assert response.status_code == 422
    assert "Papierstau &lt;entfernt&gt;" in text
    form = text.split('id="f-move-resolve"')[1].split("</form>")[0]
    assert form.count("error-text") >= 1
    assert row(number).state == "in_progress"
    assert ("<html" in text) is not bool(headers)
    assert re.search(r'<details class="act"[^>]* open>\s*<summary class="button"[^>]*>Resolve', text)


# --- each form


def test_transitions_with_their_forms(world: World, number: str) -> None:
    ken, alice = client_of(world, "ken"), client_of(world, "alice")
    later = (datetime.now(UTC) + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M")
    waiting = ken.post(
        f"/tickets/{number}/move/wait_for_client",
        {"note": "Bitte Zugang freigeben.", "expected_until": later, "seen": seen_on(ken, number)},
    )
    assert waiting.status_code == 303 and row(number).state == "waiting_client"
    assert "Bitte Zugang freigeben." in html(alice, f"/tickets/{number}")
    assert ken.post(f"/tickets/{number}/move/resume", {"seen": seen_on(ken, number)}).status_code == 303
    resumed = row(number).moved_at
    assert resumed is not None
    earlier = (resumed + timedelta(hours=8) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    back = ken.post(
        f"/tickets/{number}/move/resolve",
        {
            "resolution": "Kabel getauscht",
            "cause": "hardware",
            "line": "second",
            "at": earlier,
            "seen": seen_on(ken, number),
        },
    )
    assert back.status_code == 422  # it was resumed later than that: to the second
    assert "came into its present state later" in back.content.decode()
    done = ken.post(
        f"/tickets/{number}/move/resolve",
        {
            "resolution": "Kabel getauscht",
            "cause": "hardware",
            "line": "second",
            "at": "",
            "seen": seen_on(ken, number),
        },
    )
    assert done.status_code == 303
    assert (row(number).state, row(number).cause) == ("resolved", "hardware")
    assert "Hardware" in html(alice, f"/tickets/{number}")  # the cause in words


@pytest.mark.parametrize(
    ("login", "transition", "status"),
    [
        ("bob", "resolve", 404),
        ("charlie", "resolve", 404),
        ("sue", "resolve", 404),
        ("ken", "close", 404),
        ("ken", "nonsense", 404),
    ],
)
def test_who_may_not_move_it_finds_nothing(
    world: World, number: str, login: str, transition: str, status: int
) -> None:
    response = client_of(world, login).post(
        f"/tickets/{number}/move/{transition}", {"resolution": "x", "cause": "network", "line": "first"}
    )
    assert response.status_code == status and row(number).state == "in_progress"


def test_assigning_to_a_team_and_to_its_people(world: World, number: str) -> None:
    client = client_of(world, "alice")
    people = html(client, f"/tickets/{number}/people")
    assert world.people["ken"].name in people and world.people["bob"].name not in people
    team = re.search(r'<option value="([^"]+)"[^>]*>厂商现场服务', html(client, f"/tickets/{number}"))[1]  # type: ignore[index]
    of_team = html(client, f"/tickets/{number}/people?team={team}")
    assert world.people["sue"].name in of_team and world.people["ken"].name not in of_team
    wrong = client.post(
        f"/tickets/{number}/move/assign",
        {"team": team, "assignee": str(world.people["ken"].uuid), "seen": seen_on(client, number)},
    )
    assert wrong.status_code == 422 and "does not belong to the team" in wrong.content.decode()
    right = client.post(
        f"/tickets/{number}/move/assign",
        {"team": team, "assignee": str(world.people["sue"].uuid), "seen": seen_on(client, number)},
    )
    assert right.status_code == 303 and row(number).assignee_id == world.people["sue"].pk
    assert client_of(world, "sue").get(f"/tickets/{number}").status_code == 200


def test_taking_it_is_one_click_and_only_one_takes_it(world: World, number: str) -> None:
    client = client_of(world, "alice")
    assert 'data-hotkey="a"' in html(client, f"/tickets/{number}")
    seen = seen_on(client, number)
    assert client.post(f"/tickets/{number}/take", {"seen": seen}).status_code == 303
    assert row(number).assignee_id == world.people["alice"].pk
    assert 'data-hotkey="a"' not in html(client, f"/tickets/{number}")  # it is hers
    second = client.post(f"/tickets/{number}/take", {"seen": seen}, headers=HTMX)
    assert second.status_code == 409 and "Assign" in second.content.decode()
    assert client_of(world, "sue").post(f"/tickets/{number}/take", {}).status_code == 404


@pytest.mark.parametrize(
    ("way", "entry", "is_internal"),
    [("reply", "ticket.replied", False), ("call", "ticket.replied", False), ("note", "ticket.noted", True)],
)
def test_saying_something(world: World, number: str, way: str, entry: str, is_internal: bool) -> None:
    client = client_of(world, "ken")
    words = f"Gesagt als {way}"
    assert client.post(f"/tickets/{number}/say", {"way": way, "text": words}).status_code == 303
    assert types(world, number)[-1] == entry
    told = timeline(world.viewer("bob"), row(number))
    assert any((line.shared or {}).get("text") == words for line in told) is not is_internal
    text = html(client, f"/tickets/{number}")
    assert ("timeline-said-internal" in text) is is_internal
    assert ("by phone" in text) is (way == "call")


def test_nothing_said_is_refused(world: World, number: str) -> None:
    client = client_of(world, "ken")
    for data in (
        {"way": "note", "text": "  "},
        {"way": "reply", "text": "x" * 20_001},
        {"way": "shout", "text": "x"},
    ):
        response = client.post(f"/tickets/{number}/say", data)
        assert response.status_code == 422, data
    assert "ticket.noted" not in types(world, number)
    assert (
        client_of(world, "role-auditor")
        .post(f"/tickets/{number}/say", {"way": "reply", "text": "x"})
        .status_code
        == 404
    )
    assert (
        client_of(world, "bob").post(f"/tickets/{number}/say", {"way": "note", "text": "x"}).status_code
        == 404
    )


def test_files_come_with_what_is_said_and_with_transitions(world: World, number: str) -> None:
    client = client_of(world, "ken")
    log = SimpleUploadedFile("../../spool<b>.log", b"jam at 12:01")
    response = client.post(f"/tickets/{number}/say", {"way": "note", "text": "siehe Datei", "files": [log]})
    assert response.status_code == 303
    text = html(client, f"/tickets/{number}")
    address = re.search(r'href="(/attachments/[0-9a-f-]+)"', text)[1]  # type: ignore[index]
    assert "SHA-256" in text and "spool_b_.log" in text and "12\xa0bytes" in text
    assert b"".join(client.get(address)) == b"jam at 12:01"
    assert client_of(world, "bob").get(address).status_code == 404  # it came with an internal note
    refused = client.post(
        f"/tickets/{number}/move/wait_for_client",
        {
            "note": "siehe Bild",
            "files": [SimpleUploadedFile("virus.exe", b"MZ")],
            "seen": seen_on(client, number),
        },
    )
    assert (
        refused.status_code == 422
        and "virus.exe" in refused.content.decode()
        and "siehe Bild" in refused.content.decode()
    )


def test_changing_the_profile_with_its_preview(world: World, number: str) -> None:
    client = client_of(world, "alice")
    preview = html(client, f"/tickets/{number}/preview?service=server&impact=low&urgency=low")
    assert "P3" in preview and "working days" in preview and "<s" in preview
    assert "Choose service" in html(
        client, f"/tickets/{number}/preview?service=server&impact=moon&urgency=low"
    )
    nothing = client.post(
        f"/tickets/{number}/profile",
        {
            "service": "server",
            "impact": "high",
            "urgency": "high",
            "reason": "weil",
            "seen": seen_on(client, number),
        },
    )
    assert nothing.status_code == 422 and "Nothing would change" in nothing.content.decode()
    silent = client.post(
        f"/tickets/{number}/profile", {"service": "server", "impact": "low", "urgency": "low", "reason": ""}
    )
    assert silent.status_code == 422
    done = client.post(
        f"/tickets/{number}/profile",
        {
            "service": "server",
            "impact": "low",
            "urgency": "low",
            "reason": "nur ein Drucker",
            "seen": seen_on(client, number),
        },
    )
    assert done.status_code == 303 and row(number).priority == "P3"
    assert client_of(world, "ken").post(f"/tickets/{number}/profile", {"reason": "x"}).status_code == 404


def test_links_both_ways(world: World, number: str) -> None:
    client, other = client_of(world, "ken"), world.tickets["new"]
    wrong = client.post(f"/tickets/{number}/links", {"kind": "caused_by", "other": "NOPE-1"})
    assert wrong.status_code == 422 and "NOPE-1" in wrong.content.decode()
    assert client.post(f"/tickets/{number}/links", {"kind": "caused_by", "other": other}).status_code == 303
    assert "is caused by" in html(client, f"/tickets/{number}")
    text = html(client, f"/tickets/{other}")
    assert "is the cause of" in text and number in text
    address = re.search(r'action="(/tickets/[^"]+/remove)"', text)[1]  # type: ignore[index]
    assert client_of(world, "bob").post(address).status_code == 404
    assert client.post(address).status_code == 303
    assert 'class="link-list"' not in html(client, f"/tickets/{number}")


# --- waiting periods


def pause_form(text: str, answer: str) -> dict[str, str]:
    """The hidden fields of the form that gives an answer."""
    form = re.search(rf'<form[^>]+action="[^"]+/pauses/{answer}".*?</form>', text, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'name="(pause|seen|form)" value="([^"]*)"', form[0]))


def test_whose_turn_it_is_answers_a_waiting_period(world: World) -> None:
    """The provider began it: the supplier has no say in a wait for the client, the provider only once disputed."""
    from yunheng.desk.actions import answer_pause
    from yunheng.sla.models import Pause

    number = world.tickets["waiting"]
    for login in ("alice", "ken", "sue"):
        assert "/pauses/" not in html(client_of(world, login), f"/tickets/{number}")
    pause = Pause.objects.get(subject_id=row(number).pk)
    answer_pause(world.viewer("bob"), number, pause.pk, "dispute", text="Wir haben geantwortet.")
    alice = client_of(world, "alice")
    text = html(alice, f"/tickets/{number}")
    assert "/pauses/reject" in text and "/pauses/uphold" not in text and "/pauses/confirm" not in text
    assert "/pauses/" not in html(client_of(world, "ken"), f"/tickets/{number}")
    data = pause_form(text, "reject")
    assert len(data["pause"]) == 64
    empty = alice.post(f"/tickets/{number}/pauses/reject", {**data, "text": ""})
    assert empty.status_code == 422 and "This field is required" in empty.content.decode()
    assert alice.post(f"/tickets/{number}/pauses/uphold", {**data, "text": "doch"}).status_code == 404
    done = alice.post(f"/tickets/{number}/pauses/reject", {**data, "text": "Stimmt, die Mail war da."})
    assert done.status_code == 303
    pause.refresh_from_db()
    assert pause.standing == "rejected"
    assert alice.post(f"/tickets/{number}/pauses/reject", {**data, "pause": "0" * 64}).status_code == 404


# --- corrections of the record


def test_a_correction_is_proposed_by_one_and_approved_by_another(world: World, number: str) -> None:
    alice, other = client_of(world, "alice"), client_of(world, "role-provider-admin")
    form = html(alice, f"/tickets/{number}").split('id="f-propose-correct_time"')[1].split("</form>")[0]
    accepted = re.search(r'<option value="([0-9a-f]{64})">[^<]*Accept:', form)[1]  # type: ignore[index]
    address = f"/tickets/{number}/corrections/correct_time"
    future = alice.post(address, {"entry": accepted, "new_at": "2030-01-01T00:00", "text": "Uhr ging falsch"})
    assert future.status_code == 422 and "lies in the future" in future.content.decode()
    assert alice.post(address, {"entry": "", "new_at": "", "text": ""}).status_code == 422
    assert client_of(world, "ken").post(address, {"entry": accepted}).status_code == 404
    really = (datetime.now(UTC) + timedelta(hours=8) - timedelta(minutes=37)).strftime("%Y-%m-%dT%H:%M")
    done = alice.post(address, {"entry": accepted, "new_at": really, "text": "Uhr ging falsch"})
    assert done.status_code == 303
    text = html(alice, f"/tickets/{number}")
    assert "Uhr ging falsch" in text and "/withdraw" in text and "/approve" not in text

    approve = re.search(r'action="(/tickets/[^"]+/approve)"', html(other, f"/tickets/{number}"))[1]  # type: ignore[index]
    assert alice.post(approve).status_code == 404  # nobody approves what they proposed
    assert client_of(world, "ken").post(approve).status_code == 404
    assert other.post(approve.replace("approve", "refuse"), {"text": ""}).status_code == 422
    assert other.post(approve, {"text": "ja"}).status_code == 303
    assert "ticket.time_corrected" in types(world, number)
    assert other.post(approve, {"text": "ja"}, headers=HTMX).status_code == 409  # answered already


def test_what_leaves_the_indicators_needs_the_client(world: World, number: str) -> None:
    alice = client_of(world, "alice")
    address = f"/tickets/{number}/corrections/leave_out"
    assert alice.post(address, {"reason": "moon", "text": "x"}).status_code == 422
    assert alice.post(address, {"reason": "test", "text": "Übung der Wache"}).status_code == 303
    withdraw = re.search(r'action="(/tickets/[^"]+/withdraw)"', html(alice, f"/tickets/{number}"))[1]  # type: ignore[index]
    approve = withdraw.replace("withdraw", "approve")
    assert client_of(world, "role-provider-admin").post(approve).status_code == 404
    assert client_of(world, "bob").post(approve).status_code == 303
    assert "ticket.left_out" in types(world, number)
    text = html(alice, f"/tickets/{number}")
    assert "/corrections/take_back" in text and "/corrections/leave_out" not in text


def test_a_proposal_of_another_ticket_is_not_found(world: World, number: str) -> None:
    alice = client_of(world, "alice")
    alice.post(f"/tickets/{number}/corrections/leave_out", {"reason": "test", "text": "Übung"})
    address = re.search(r'action="(/tickets/[^"]+/withdraw)"', html(alice, f"/tickets/{number}"))[1]  # type: ignore[index]
    assert alice.post(address.replace(number, world.tickets["new"])).status_code == 404
    assert alice.post(address).status_code == 303


# --- two at once


def test_somebody_elses_change_is_told_and_nothing_typed_is_lost(world: World, number: str) -> None:
    alice, ken = client_of(world, "alice"), client_of(world, "ken")
    seen = seen_on(alice, number)
    ken.post(f"/tickets/{number}/classify", {"ci": "PRN-9", "seen": seen})
    typed = {"resolution": "Ein langer Text, der nicht verloren geht", "cause": "usage", "line": "first"}
    response = alice.post(f"/tickets/{number}/move/resolve", {**typed, "seen": seen}, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 409
    assert world.people["ken"].name in text and "Classified" in text  # who, and what
    assert typed["resolution"] in text and "PRN-9" in text
    fresh = re.search(r'id="f-move-resolve".*?name="seen" value="([\d.]+)"', text, re.DOTALL)[1]  # type: ignore[index]
    assert fresh != seen and row(number).state == "in_progress"
    again = alice.post(f"/tickets/{number}/move/resolve", {**typed, "seen": fresh}, headers=HTMX)
    assert again.status_code == 200 and row(number).state == "resolved"


def test_what_can_be_done_no_longer_keeps_what_was_typed(world: World, number: str) -> None:
    alice, ken = client_of(world, "alice"), client_of(world, "ken")
    seen = seen_on(alice, number)
    ken.post(
        f"/tickets/{number}/move/resolve",
        {"resolution": "fertig", "cause": "usage", "line": "second", "seen": seen},
    )
    response = alice.post(
        f"/tickets/{number}/move/wait_for_client", {"note": "Warten auf Zugang", "seen": seen}
    )
    text = response.content.decode()
    assert response.status_code == 409
    assert "Warten auf Zugang" in text and "This can be done no longer" in text
    assert not re.search(r'action="[^"]+/move/wait_for_client"', text)  # and is not offered


def test_loading_what_changed_keeps_an_open_form(world: World, number: str) -> None:
    alice = client_of(world, "alice")
    response = alice.post(
        f"/tickets/{number}/refresh",
        {"form": "move:resolve", "resolution": "halb fertig", "seen": "0.0"},
        headers=HTMX,
    )
    text = response.content.decode()
    assert response.status_code == 200 and "halb fertig" in text
    assert "error-text" not in text and 'id="ticket-say"' not in text


# --- hostile text

HOSTILE: dict[str, Any] = {
    "template": "{{ settings.SECRET_KEY }} {% load i18n %} {# x #}",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" autofocus onfocus="alert(1)" x="',
    "formula": '=HYPERLINK("http://evil","x")',
    "percent": "%(kind)s %s %d {0} {number}",
    "turned": "\u202eabc\u202c مرحبا שלום",
    "rare": "𠮷𠀋𪚥 👩‍👩‍👧 ﷽ Z̸͇͓͗a̷͎͠l̶̨̈g̷̱͝o̷̠̚",
    "control": "a\x07b\x1bc\u2028d",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_text(world: World, number: str, name: str) -> None:
    text = HOSTILE[name]
    client = client_of(world, "ken")
    assert client.post(f"/tickets/{number}/say", {"way": "note", "text": text}).status_code == 303
    refused = client.post(
        f"/tickets/{number}/move/resolve", {"resolution": text, "cause": text, "line": text}, headers=HTMX
    )
    assert refused.status_code in {409, 422}
    for page in (html(client, f"/tickets/{number}"), refused.content.decode()):
        assert "<script>alert" not in page and "<img src=x" not in page and 'onfocus="alert' not in page
    from django.utils.html import escape

    assert escape(text) in html(client, f"/tickets/{number}")


def test_ten_thousand_characters_and_the_character_nul(world: World, number: str) -> None:
    client = client_of(world, "ken")
    long = "很长的说明" * 2000
    assert client.post(f"/tickets/{number}/say", {"way": "note", "text": long}).status_code == 303
    assert long in html(client, f"/tickets/{number}")
    response = client.post(f"/tickets/{number}/say", {"way": "note", "text": "a\0b"})
    assert response.status_code in {400, 422}
    assert client.post(f"/tickets/{number}/classify", {"ci": "a|b"}).status_code == 422


def test_a_time_that_is_refused_stays_beside_its_error(world: World) -> None:
    """Also of an act that is one click as long as nothing is wrong with it."""
    opened = datetime.now(UTC) - timedelta(minutes=20)
    number = open_one(world, opened, "Scanner zieht schief ein")
    client = client_of(world, "alice")
    page = client.post(
        f"/tickets/{number}/move/accept", {"at": "2020-01-01T00:00", "seen": seen_on(client, number)}
    )
    form = re.search(r'<form id="f-move-accept".*?</form>', page.content.decode(), re.S)
    assert page.status_code == 422 and form is not None
    assert 'value="2020-01-01T00:00"' in form[0] and "error-text" in form[0]
    assert row(number).state == "new"


def test_a_link_wants_its_kind_and_its_number(world: World, number: str) -> None:
    client = client_of(world, "alice")
    page = client.post(f"/tickets/{number}/links", {"kind": "", "other": ""})
    assert page.status_code == 422 and page.content.decode().count("This field is required.") == 2
    assert "duplicate_of," not in page.content.decode()


def test_what_the_supplier_confirmed_the_client_may_still_dispute(world: World, number: str) -> None:
    from yunheng.desk.actions import answer_pause, assign_ticket, move_ticket
    from yunheng.sla.models import Pause

    assign_ticket(world.viewer("alice"), number, team="vendor-field")
    move_ticket(world.viewer("alice"), number, "wait_for_supplier", {"note": "the part"})
    pause = Pause.objects.get(subject_id=row(number).pk)
    sue, bob = client_of(world, "sue"), client_of(world, "bob")
    answer_pause(world.viewer("sue"), number, pause.pk, "confirm")
    assert "/pauses/" not in html(sue, f"/tickets/{number}")  # its own right is used up
    assert "another side may still dispute it until" in html(client_of(world, "ken"), f"/tickets/{number}")
    text = html(bob, f"/portal/requests/{number}")
    address = f"/portal/requests/{number}/pauses/dispute"
    name = re.search(r'name="pause" value="([0-9a-f]{64})"', text)
    assert address in text and name is not None
    assert bob.post(address, {"pause": name[1], "text": "The part was here."}).status_code == 303
    pause.refresh_from_db()
    assert pause.standing == "disputed"
    assert address not in html(bob, f"/portal/requests/{number}")
    assert "/pauses/" not in html(sue, f"/tickets/{number}")
