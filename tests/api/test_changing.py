"""What can be done to a ticket through the API: as the desk does it, and refused as the desk refuses it."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.api.calling import caller, checked, get, post, send
from tests.pages.world import World

OPENING = {
    "kind": "incident",
    "title": "Print server does not answer",
    "service": "server",
    "impact": "high",
    "urgency": "medium",
}


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    return caller(world, "alice", "write")


@pytest.fixture(scope="module")
def ken(world: World) -> Client:
    return caller(world, "ken", "write")


@pytest.fixture(scope="module")
def bob(world: World) -> Client:
    return caller(world, "bob", "write")


@pytest.fixture
def number(alice: Client) -> str:
    """A fresh ticket."""
    return str(post(alice, "contracts/with-supplier/tickets", OPENING, 201)["number"])


def move(client: Client, number: str, transition: str, status: int = 200, **more: Any) -> Any:
    return post(client, f"tickets/{number}/transitions", {"transition": transition, **more}, status)


def in_work(alice: Client, ken: Client, number: str) -> None:
    move(alice, number, "accept")
    post(alice, f"tickets/{number}/assignment", {"team": "second-line", "assignee": "ken"})
    move(ken, number, "start")


def test_a_ticket_goes_through_its_life(alice: Client, ken: Client, bob: Client, number: str) -> None:
    opened = get(alice, f"tickets/{number}")
    assert (opened["state"], opened["row_version"], opened["channel"]) == ("new", 1, "api")
    assert {clock["kind"] for clock in opened["clocks"]} >= {"respond", "resolve"}
    assert "ola_restore" not in {clock["kind"] for clock in get(bob, f"tickets/{number}")["clocks"]}

    offered = get(alice, f"tickets/{number}/transitions")
    assert "accept" in [item["key"] for item in offered]
    assign = next(item for item in offered if item["key"] == "assign")
    assert [(field["name"], field["kind"], field["is_required"]) for field in assign["form"]] == [
        ("team", "team", True),
        ("assignee", "person", False),
    ]

    in_work(alice, ken, number)
    working = post(ken, f"tickets/{number}/replies", {"text": "On our way", "means": "phone"}, 201)
    assert (working["state"], working["assignee"]) == ("in_progress", "周建国")
    assert next(clock for clock in working["clocks"] if clock["kind"] == "respond")["is_met"] is True
    done = move(
        ken,
        number,
        "resolve",
        form={"resolution": "Restarted the spooler", "cause": "software", "line": "second"},
        expected_version=working["row_version"],
    )
    assert (done["state"], done["resolution"]) == ("resolved", "Restarted the spooler")
    assert move(bob, number, "confirm", form={"opinion": "Thanks"})["state"] == "confirmed"
    assert move(alice, number, "close")["state"] == "closed"
    assert get(alice, f"tickets/{number}/transitions") == []
    told = get(alice, f"tickets/{number}/timeline")["items"]
    assert {entry["actor_kind"] for entry in told} == {"token"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "change"}, "kind"),
        ({"title": " "}, "title"),
        ({"service": "tea"}, "service"),
        ({"impact": "huge"}, "impact"),
        ({"channel": "pigeon"}, "channel"),
        ({"requester": "nobody-like-that"}, "requester"),
        ({"failed_at": "2099-01-01T00:00:00Z"}, "failed_at"),
        ({"at": "2099-01-01T00:00:00Z"}, "at"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"titel": "typing error"}, "titel"),
        ({"title": "a\0b"}, "title"),
        ({"title": "\ud800"}, "title"),
    ],
)
def test_a_ticket_that_is_not_right_names_its_field(alice: Client, change: Any, field: str) -> None:
    problem = post(alice, "contracts/with-supplier/tickets", {**OPENING, **change}, 422)
    assert field in [error["field"] for error in problem["errors"]], problem


def test_who_asks(alice: Client, bob: Client) -> None:
    named = post(alice, "contracts/with-supplier/tickets", {**OPENING, "requester": "dan"}, 201)
    assert named["requester"] == "邓丹"
    own = post(bob, "contracts/with-supplier/tickets", OPENING, 201)
    assert own["requester"] is None  # names are not for the client …
    assert get(alice, f"tickets/{own['number']}")["requester"] == "王海波"  # … but it is known who asked
    assert post(bob, "contracts/with-supplier/tickets", {**OPENING, "requester": "dan"}, 422)["errors"]


def test_nobody_is_overruled_unseen(alice: Client, ken: Client, number: str) -> None:
    seen = get(alice, f"tickets/{number}")["row_version"]
    move(ken, number, "accept")
    problem = move(alice, number, "cancel", 409, form={"reason": "duplicate"}, expected_version=seen)
    assert problem["type"] == "urn:yunheng:problem:conflict"
    assert (problem["changed_by"], problem["state"]) == ("周建国", "accepted")
    for path, body in (
        ("assignment", {"team": "second-line"}),
        ("profile", {"reason": "x", "urgency": "low"}),
        ("classification", {"ci": "SW-1"}),
    ):
        post(alice, f"tickets/{number}/{path}", {**body, "expected_version": seen}, 409)
    assert move(alice, number, "accept", 409)["state"] == "accepted"  # no longer leads on from here


def test_a_token_does_no_more_than_its_person_and_its_scope(
    alice: Client, bob: Client, world: World, number: str
) -> None:
    reader = caller(world, "alice", "read")
    assert move(reader, number, "accept", 403)["type"] == "urn:yunheng:problem:forbidden"
    assert get(reader, f"tickets/{number}/transitions") == []
    assert move(bob, number, "accept", 403)["permission"] == "ticket.accept"
    assert "accept" not in [item["key"] for item in get(bob, f"tickets/{number}/transitions")]
    post(bob, f"tickets/{number}/notes", {"text": "internal"}, 403)
    post(reader, f"tickets/{number}/replies", {"text": "x"}, 403)


def test_forms_are_checked_field_by_field(alice: Client, ken: Client, number: str) -> None:
    in_work(alice, ken, number)
    assert {error["field"] for error in move(ken, number, "resolve", 422)["errors"]} >= {"resolution"}
    wrong = move(ken, number, "wait_for_client", 422, form={"note": "?", "expected_until": "tomorrow"})
    assert [error["field"] for error in wrong["errors"]] == ["expected_until"]
    assert (
        move(ken, number, "wait_for_client", 422, form={"note": "x", "colour": "red"})["errors"][0]["field"]
        == "colour"
    )
    assert move(ken, number, "dance", 422)["errors"][0]["field"] == "transition"
    problem = post(alice, f"tickets/{number}/assignment", {"team": "second-line", "assignee": "bob"}, 422)
    assert problem["errors"][0]["field"] == "assignee"
    move(ken, number, "resolve", 422, form={"resolution": ["list"]})


def test_what_it_is_about(alice: Client, number: str) -> None:
    changed = post(alice, f"tickets/{number}/profile", {"reason": "All of hall 2", "urgency": "high"})
    assert changed["urgency"] == "high"
    assert post(alice, f"tickets/{number}/profile", {"reason": "again", "urgency": "high"}, 422)["errors"]
    assert post(alice, f"tickets/{number}/profile", {"urgency": "low"}, 422)["errors"][0]["field"] == "reason"
    assert (
        post(alice, f"tickets/{number}/classification", {"ci": "PRN-7", "cause": "software"})["ci"] == "PRN-7"
    )
    assert post(alice, f"tickets/{number}/classification", {"ci": "a|b"}, 422)["errors"][0]["field"] == "ci"


def test_waiting_periods_are_answered_by_the_other_side(
    alice: Client, ken: Client, bob: Client, world: World, number: str
) -> None:
    in_work(alice, ken, number)
    move(ken, number, "wait_for_client", form={"note": "Which printer?"})
    (pause,) = get(bob, f"tickets/{number}/pauses")
    assert (pause["standing"], pause["party"], pause["may_answer"]) == ("proposed", "client", True)
    assert get(ken, f"tickets/{number}/pauses")[0]["may_answer"] is False
    path = f"tickets/{number}/pauses/{pause['name']}"
    assert post(ken, f"{path}/confirm", {}, 403)["permission"] == "pause.answer"
    assert post(bob, f"{path}/dispute", {}, 422)["errors"][0]["field"] == "text"
    assert post(caller(world, "bob", "read"), f"{path}/confirm", {}, 403)["type"].endswith("forbidden")
    assert post(bob, f"{path}/dispute", {"text": "You knew it"})[0]["standing"] == "disputed"
    assert post(bob, f"{path}/dispute", {"text": "again"}, 422)["type"] == "urn:yunheng:problem:answered"
    post(bob, f"{path}/settle", {"is_upheld": False, "text": "It falls"}, 403)  # for the other side to say
    settled = post(bob, f"{path}/settle", {"is_upheld": True, "text": "We look again"})
    assert settled[0]["standing"] == "upheld"
    assert (settled[0]["answers"], settled[0]["may_answer"]) == ({"client": "upheld"}, False)
    assert settled[0]["dispute_until"]  # nobody but the client answers this one
    for name in ("0" * 64, "nonsense", pause["name"].upper()):
        post(bob, f"tickets/{number}/pauses/{name}/confirm", {}, 404)
    opening = get(bob, f"tickets/{number}/timeline")["items"][0]["name"]
    post(bob, f"tickets/{number}/pauses/{opening}/confirm", {}, 404)  # an entry that began no waiting period
    # a token signs for its person, and the record says that it was one
    answered = [e for e in get(alice, f"tickets/{number}/timeline")["items"] if e["type"] == "pause.disputed"]
    assert (answered[0]["actor_kind"], answered[0]["actor_name"]) == ("token", "王海波")


def test_links(alice: Client, bob: Client, world: World, number: str) -> None:
    path, other = f"tickets/{number}/links", world.tickets["working"]
    (link,) = post(alice, path, {"other": other, "kind": "caused_by"}, 201)
    assert (link["other"], link["is_from_other"]) == (other, False)
    assert get(alice, f"tickets/{other}/links")[0]["is_from_other"] is True
    assert post(alice, path, {"other": other, "kind": "caused_by"}, 422)["errors"][0]["field"] == "other"
    assert post(alice, path, {"other": number, "kind": "caused_by"}, 422)["errors"]
    assert post(alice, path, {"other": other, "kind": "married_to"}, 422)["errors"][0]["field"] == "kind"
    post(bob, path, {"other": other, "kind": "part_of"}, 403)
    gone = f"tickets/{number}/links/{link['uuid']}"
    assert checked(send(bob, gone, method="DELETE"), 403)
    assert checked(send(alice, gone, method="DELETE"), 200) == []
    assert checked(send(alice, gone, method="DELETE"), 404)


def upload(client: Client, path: str, data: Any, *files: SimpleUploadedFile, status: int = 201) -> Any:
    response = client.post("/api/v1/" + path, {"data": json.dumps(data), "files": list(files)})
    return checked(response, status)


def test_files_come_with_what_is_said(alice: Client, bob: Client, number: str) -> None:
    path = f"tickets/{number}"
    upload(
        alice,
        f"{path}/replies/with-files",
        {"text": "See the log"},
        SimpleUploadedFile("日志.txt", b"all of it"),
    )
    upload(alice, f"{path}/notes/with-files", {"text": "Ours"}, SimpleUploadedFile("own.txt", b"internal"))
    entries = get(alice, f"{path}/timeline")["items"]
    files = [file for entry in entries for file in entry["files"]]
    assert [(file["name"], file["size"]) for file in files] == [("日志.txt", 9), ("own.txt", 8)]
    content = alice.get(f"/api/v1/attachments/{files[0]['uuid']}")
    assert (content.status_code, content.content) == (200, b"all of it")
    assert (
        content["Content-Disposition"].startswith("attachment")
        and content["X-Content-Type-Options"] == "nosniff"
    )
    assert "sandbox" in content["Content-Security-Policy"]
    shown = [file["name"] for entry in get(bob, f"{path}/timeline")["items"] for file in entry["files"]]
    assert shown == ["日志.txt"]
    assert bob.get(f"/api/v1/attachments/{files[0]['uuid']}").status_code == 200
    assert checked(bob.get(f"/api/v1/attachments/{files[1]['uuid']}"), 404)


def test_files_that_are_not_taken(alice: Client, number: str) -> None:
    path = f"tickets/{number}/replies/with-files"
    program = SimpleUploadedFile("run.exe", b"MZ")
    assert upload(alice, path, {"text": "x"}, program, status=422)["errors"][0]["field"] == "files"
    many = [SimpleUploadedFile(f"{index}.txt", b"x") for index in range(11)]
    assert upload(alice, path, {"text": "x"}, *many, status=422)["errors"][0]["field"] == "files"
    good = SimpleUploadedFile("a.txt", b"x")
    assert upload(alice, path, {"txt": "x"}, good, status=422)["errors"]
    assert (
        checked(alice.post("/api/v1/" + path, {"data": "{", "files": good}), 422)["errors"][0]["field"]
        == "data"
    )
    assert checked(alice.post("/api/v1/" + path, {"data": '{"text": "no file"}'}), 422)
    assert [
        e for e in get(alice, f"tickets/{number}/timeline")["items"] if e["type"] == "ticket.replied"
    ] == []


def test_a_ticket_opens_and_moves_with_files(alice: Client) -> None:
    picture = SimpleUploadedFile("photo.jpg", b"\xff\xd8")
    opened = upload(alice, "contracts/with-supplier/tickets/with-files", OPENING, picture)
    number = opened["number"]
    path = f"tickets/{number}/transitions/with-files"
    upload(alice, path, {"transition": "accept"}, SimpleUploadedFile("a.pdf", b"%PDF"), status=200)
    files = [
        file["name"] for entry in get(alice, f"tickets/{number}/timeline")["items"] for file in entry["files"]
    ]
    assert files == ["photo.jpg", "a.pdf"]


def test_timeline_is_walked_by_keyset(alice: Client, world: World) -> None:
    path = f"tickets/{world.tickets['closed']}/timeline"
    whole = get(alice, path)["items"]
    walked: list[Any] = []
    after = ""
    while after is not None:
        page = get(alice, f"{path}?limit=3&after={after}")
        walked, after = walked + page["items"], page["next"]
    assert walked == whole and len(whole) > 6
    assert get(alice, f"{path}?after={'0' * 64}", 422)["errors"][0]["field"] == "after"
    assert get(alice, f"{path}?after={whole[-1]['name']}") == {"items": [], "next": None}


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "transitions", {"transition": "accept"}),
    ("POST", "assignment", {"team": "second-line"}),
    ("POST", "replies", {"text": "x"}),
    ("POST", "notes", {"text": "x"}),
    ("POST", "profile", {"reason": "x", "urgency": "low"}),
    ("POST", "classification", {"ci": "x"}),
    ("POST", "links", {"other": "x", "kind": "part_of"}),
    ("DELETE", "links/0190a5a0-0000-7000-8000-000000000000", None),
    ("POST", "pauses/" + "0" * 64 + "/confirm", {}),
    ("POST", "pauses/" + "0" * 64 + "/dispute", {"text": "x"}),
    ("POST", "pauses/" + "0" * 64 + "/settle", {"is_upheld": True, "text": "x"}),
    ("GET", "", None),
    ("GET", "timeline", None),
    ("GET", "clocks", None),
    ("GET", "process", None),
    ("GET", "transitions", None),
    ("GET", "pauses", None),
    ("GET", "links", None),
]


@pytest.mark.parametrize("login", ["charlie", "sue"])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_what_one_may_not_see_is_refused_like_what_does_not_exist(
    world: World, login: str, method: str, path: str, body: Any
) -> None:
    """The stranger's and the supplier's token against the ticket of somebody else, and against none at all."""
    client = caller(world, login, "read", "write", "admin")
    answers = []
    for number in (world.tickets["closed"], "WITH-SUPPLIER-INC-20200101-9999"):
        problem = checked(send(client, f"tickets/{number}/{path}".rstrip("/"), body, method=method), 404)
        problem.pop("reference")
        answers.append(json.dumps(problem).replace(number, "<number>"))
    assert answers[0] == answers[1]


def test_a_stranger_opens_nothing_under_a_contract_of_others(world: World) -> None:
    client = caller(world, "charlie", "write")
    answers = []
    for key in ("with-supplier", "no-such-contract"):
        problem = post(client, f"contracts/{key}/tickets", OPENING, 404)
        problem.pop("reference")
        answers.append(json.dumps(problem).replace(key, "<key>"))
    assert answers[0] == answers[1]
