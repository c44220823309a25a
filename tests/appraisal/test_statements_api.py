"""Statements through the API: the whole way by both sides, evidence with files, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.api.calling import checked, get, post
from tests.appraisal.statements_world import World
from tests.desk.ground import make_ground

from yunheng.accounts.actions import create_token
from yunheng.appraisal.statements.actions import order_rectification


def caller(world: World, role: str, *scopes: str) -> Client:
    """A client with a token of the person in that role."""
    person = world.ground.people[role]
    made = create_token(viewer=world.viewer(role), person=person, name="test", scopes=scopes or ("write",))
    return Client(headers={"Authorization": f"Bearer {made.secret}", "Accept-Language": "en"})


def with_files(client: Client, path: str, data: dict[str, Any], status: int = 201) -> Any:
    """A form with a JSON part and one file."""
    parts = {"data": json.dumps(data), "files": SimpleUploadedFile("proof.pdf", b"%PDF-1.4")}
    return checked(client.post(f"/api/v1/{path}", parts), status)


def test_a_statement_through_the_api(world: World) -> None:
    world.drafted(late=1)  # leaves a late ticket; the draft is given up
    client, provider = caller(world, "contact"), caller(world, "service_manager")
    (draft,) = get(client, "statements?contract=acme&state=drafted")["items"]
    number = draft["number"]
    get(caller(world, "requester"), f"statements/{number}", 404)
    assert get(caller(world, "auditor", "read"), f"statements/{number}")["transitions"] == []
    post(caller(world, "contact", "read"), f"statements/{number}/issue", {"row_version": 1}, 403)
    post(provider, "contracts/acme/statements", {"period": "2026-04"}, 409)

    value = {"kind": "value", "item": "tidy", "value": "90", "note": "checked"}
    found = with_files(provider, f"statements/{number}/inputs/with-files", value)
    (entered,) = found["inputs"]
    assert (entered["value"], entered["files"][0]["name"]) == ("90.000000", "proof.pdf")
    file = provider.get(f"/api/v1/statements/{number}/files/{entered['files'][0]['uuid']}")
    assert (file.status_code, file.content) == (200, b"%PDF-1.4")
    wrong = post(
        client, f"statements/{number}/inputs", {"kind": "value", "item": "attitude", "value": "3"}, 422
    )
    assert wrong["errors"][0]["field"] == "item"
    for role, mark in (("contact", "4"), ("users", "5")):
        mark_in = {"kind": "mark", "item": "attitude", "role": role, "value": mark, "rater": role}
        post(client, f"statements/{number}/inputs", mark_in, 201)
    post(client, f"statements/{number}/inputs", {"kind": "event", "event": "praise"}, 422)
    lacking = post(client, f"statements/{number}/issue", {"row_version": 4}, 422)
    assert lacking["type"] == "urn:yunheng:problem:incomplete"
    assert len(lacking["errors"][0]["messages"]) == 2
    for kind in ("absent", "praise"):
        post(client, f"statements/{number}/inputs", {"kind": "none_happened", "event": kind}, 201)
    assert len(post(client, f"statements/{number}/samples", {"count": 1}, 201)["samples"]) == 1
    checked(client.get(f"/api/v1/statements/{number}/content"), 404)

    seen = {"row_version": get(client, f"statements/{number}")["row_version"]}
    post(provider, f"statements/{number}/issue", seen, 403)
    issued = post(client, f"statements/{number}/issue", seen, key="issue-1")
    assert post(client, f"statements/{number}/issue", seen, key="issue-1") == issued
    assert (issued["state"], issued["value"], issued["payable"]) == ("issued", "91.4000", "100000.0000")
    content = client.get(f"/api/v1/statements/{number}/content")
    assert sha256(content.content).hexdigest() == issued["digest"]
    key = json.loads(content.content)["results"]["events"][0]["key"]

    claim = {"item": "lateness", "event": key, "argument": "We waited.", "claim": "Drop it."}
    filed = {"row_version": issued["row_version"], "claims": [claim]}
    post(client, f"statements/{number}/appeals", filed, 403)
    appealed = with_files(provider, f"statements/{number}/appeals/with-files", filed)
    (appeal,) = appealed["appeals"]
    assert (appealed["state"], appeal["files"][0]["name"]) == ("appealed", "proof.pdf")
    path = f"statements/{number}/appeals/{appeal['uuid']}"
    assert post(client, f"{path}/reply", {"text": "Right."})["appeals"][0]["reply"] == "Right."
    post(client, f"statements/{number}/arbitration", None, 422)
    ballot = {"decision": "upheld", "change": {"drop": True}, "reason": "They waited."}
    post(client, f"{path}/votes", {**ballot, "change": {}}, 422)
    for voter in (client, provider):
        found = post(voter, f"{path}/votes", ballot)
    assert found["appeals"][0]["decision"] == "upheld"
    closed = post(provider, f"statements/{number}/arbitration")
    assert (closed["state"], closed["value"]) == ("arbitrated", "93.4000")
    assert closed["digest"] != issued["digest"]
    post(client, f"statements/{number}/settle", {"row_version": closed["row_version"]}, 409)
    post(client, f"statements/{number}/reversal", {"reason": "too early"}, 409)


def test_rectification_through_the_api(world: World) -> None:
    statement = world.issued()
    client, provider = caller(world, "appraiser"), caller(world, "provider_admin")
    wanted = {
        "what": "Mend it.",
        "due_at": (datetime.now(UTC) + timedelta(days=9)).isoformat(),
        "item": "tidy",
    }
    post(provider, f"statements/{statement.number}/rectifications", wanted, 403)
    order = post(client, f"statements/{statement.number}/rectifications", wanted, 201)
    path = f"rectifications/{order['number']}"
    assert get(provider, path)["is_late"] is False
    get(caller(world, "requester"), path, 404)
    seen = {"row_version": order["row_version"]}
    order = with_files(provider, f"{path}/report/with-files", {**seen, "report": "Done."}, 200)
    seen = {"row_version": order["row_version"]}
    order = post(client, f"{path}/send-back", {**seen, "reason": "Not yet."})
    order = post(provider, f"{path}/report", {"row_version": order["row_version"], "report": "Now."})
    order = post(client, f"{path}/verify", {"row_version": order["row_version"], "opinion": "Good."})
    assert (order["state"], order["answer"]) == ("verified", "Good.")
    post(client, f"{path}/withdraw", {"row_version": order["row_version"], "reason": "late"}, 409)


def test_what_waits_for_whom_through_the_api(world: World) -> None:
    statement = world.issued()
    client, provider = caller(world, "contact"), caller(world, "service_manager")
    (row,) = get(provider, "statements/waiting")["items"]
    assert row.pop("until") == statement.answer_due_at.isoformat().replace("+00:00", "Z")
    assert row == {
        "kind": "statement",
        "number": statement.number,
        "statement": statement.number,
        "contract": "acme",
        "period": "2026-04",
        "state": "issued",
        "steps": ["answer"],
        "is_late": True,  # it was issued in May
    }
    assert get(client, "statements/waiting") == {"items": [], "has_more": False}

    due = datetime.now(UTC) + timedelta(days=9)
    order = order_rectification(world.client, statement.number, "Tidy up.", due)
    first, second = get(provider, "statements/waiting")["items"]
    assert (first["number"], second["kind"], second["number"]) == (
        statement.number,
        "rectification",
        order.number,
    )
    assert (second["statement"], second["steps"], second["is_late"]) == (
        statement.number,
        ["rectify"],
        False,
    )
    one = get(provider, "statements/waiting?limit=1")
    assert ([row["number"] for row in one["items"]], one["has_more"]) == ([statement.number], True)
    get(provider, "statements/waiting?limit=0", 422)
    others = make_ground("beta")
    person = others.people["service_manager"]
    made = create_token(
        viewer=others.viewer("service_manager"), person=person, name="test", scopes=("write",)
    )
    stranger = Client(headers={"Authorization": f"Bearer {made.secret}"})
    assert get(stranger, "statements/waiting")["items"] == []


def test_nobody_signs_with_a_token(world: World) -> None:
    world.accepted()
    assert get(caller(world, "contact"), "statements/waiting")["items"] == []
