"""People, roles, teams, webhooks, contracts and one's own account through the API, each beside its refusal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.api.calling import caller, checked, get, post, send
from tests.pages.world import PASSWORD, World, in_force

from yunheng.accounts.actions import grant_membership
from yunheng.contracts.packs import contract_pack
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import IdempotencyKey
from yunheng.imports.models import ImportRejection, ImportRun


@pytest.fixture(scope="module")
def root(world: World) -> Client:
    """An administrator of everything."""
    grant_membership(
        viewer=SYSTEM_VIEWER, person=world.people["role-provider-admin"], role="provider_admin", scope=None
    )
    return caller(world, "role-provider-admin", "admin")


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    return caller(world, "alice", "write", "admin")


@pytest.fixture(scope="module")
def bob(world: World) -> Client:
    return caller(world, "bob", "write", "admin")


def put(client: Client, path: str, data: Any, status: int = 200) -> Any:
    return checked(send(client, path, data, method="PUT"), status)


def test_organisations(root: Client, bob: Client) -> None:
    made = post(root, "organisations", {"key": "acme", "name": "Acme", "kind": "client"}, 201)
    assert made == {"key": "acme", "name": "Acme", "kind": "client"}
    assert post(root, "organisations", {"key": "acme", "name": "B", "kind": "client"}, 422)["errors"]
    assert put(root, "organisations/acme", {"name": "Acme & Co"})["name"] == "Acme & Co"
    put(root, "organisations/nobody", {"name": "x"}, 404)
    assert "acme" in [one["key"] for one in get(root, "organisations?kind=client")["items"]]
    get(bob, "organisations", 404)
    post(bob, "organisations", {"key": "bobs", "name": "B", "kind": "client"}, 403)


def test_people_and_roles(root: Client, alice: Client, world: World) -> None:
    person = {"login": "eve", "name": "Eve", "organisation": "provider", "email": "eve@example.com"}
    made = post(root, "people", person, 201, key="eve")
    assert made == post(root, "people", person, 201, key="eve")
    assert post(root, "people", person, 422)["errors"][0]["field"] == "login"
    path = f"people/{made['uuid']}"
    given = post(root, f"{path}/roles", {"role": "engineer", "contract": "with-supplier"}, 201)
    assert given["roles"] == [{"role": "engineer", "contract": "with-supplier"}]
    assert post(root, f"{path}/roles", {"role": "contact", "contract": "with-supplier"}, 422)["errors"]
    post(root, f"{path}/roles", {"role": "engineer", "contract": "nowhere"}, 404)
    taken = post(root, f"{path}/roles/revoke", {"role": "engineer", "contract": "with-supplier"})
    assert taken["roles"] == []
    change = {"name": "Eva", "email": "eve@example.com", "language": "en", "zone": "UTC"}
    put(root, path, {**change, "email": "other@example.com"}, 403)  # a new password could be sent there
    assert put(root, path, change)["name"] == "Eva"
    assert put(root, path, {**change, "zone": "Mars"}, 422)["errors"][0]["field"] == "zone"
    assert post(root, f"{path}/disable")["is_active"] is False
    assert post(root, f"{path}/enable")["is_active"] is True
    assert [one["login"] for one in get(root, "people?text=eva")["items"]] == ["eve"]
    for client in (alice, caller(world, "charlie", "admin")):
        get(client, path, 404)
        post(client, f"{path}/disable", None, 404)
    post(caller(world, "role-provider-admin", "write"), f"{path}/disable", None, 404)  # no token for that


def test_teams(root: Client, world: World) -> None:
    ken = str(world.people["ken"].uuid)
    team = {
        "key": "third",
        "organisation": "provider",
        "name": "Third line",
        "line": "third",
        "people": [ken],
    }
    made = post(root, "teams", team, 201)
    assert [one["login"] for one in made["people"]] == ["ken"]
    changed = put(root, f"teams/{made['uuid']}", {"name": "Third", "line": "third", "people": []})
    assert changed["people"] == []
    bob = str(world.people["bob"].uuid)
    assert put(root, f"teams/{made['uuid']}", {"name": "x", "line": "third", "people": [bob]}, 422)["errors"]
    assert made["uuid"] in [one["uuid"] for one in get(root, "teams")["items"]]
    get(caller(world, "bob", "admin"), "teams", 404)


def test_somebody_elses_token_ends(root: Client, world: World) -> None:
    ken = caller(world, "ken")
    path = f"people/{world.people['ken'].uuid}"
    (token, *_more) = get(root, path)["tokens"]
    assert send(root, f"{path}/tokens/{token['uuid']}", method="DELETE").status_code == 204
    get(ken, "me", 401)
    checked(send(root, f"{path}/tokens/{world.people['ken'].uuid}", method="DELETE"), 404)


def test_ones_own_account_is_for_whoever_signed_in(alice: Client, world: World) -> None:
    for path in ("profile", "sessions", "tokens"):
        assert get(alice, f"me/{path}", 403)["type"].endswith(":forbidden")
    post(alice, "me/tokens", {"name": "x", "scopes": ["read"]}, 403)
    browser = Client()
    browser.post("/sign-in", {"login": "alice", "password": PASSWORD})
    assert get(browser, "me/profile")["login"] == "alice"
    assert [one["is_this"] for one in get(browser, "me/sessions")].count(True) == 1
    profile = {"name": "林晓安", "language": "en", "zone": "UTC"}
    assert put(browser, "me/profile", profile)["language"] == "en"
    assert put(browser, "me/profile", {**profile, "zone": "Mars"}, 422)["errors"][0]["field"] == "zone"
    made = post(browser, "me/tokens", {"name": "CI", "scopes": ["read"]}, 201, key="new-token")
    assert get(Client(headers={"Authorization": f"Bearer {made['secret']}"}), "me")["token_scopes"] == [
        "read"
    ]
    assert made["secret"].encode() not in bytes(IdempotencyKey.objects.get(key="new-token").body or b"")
    assert post(browser, "me/tokens", {"name": "CI", "scopes": ["read"]}, 409, key="new-token")[
        "type"
    ].endswith("answer_not_kept")
    assert send(browser, f"me/tokens/{made['uuid']}", method="DELETE").status_code == 204
    get(Client(headers={"Authorization": f"Bearer {made['secret']}"}), "me", 401)
    unconfirmed = Client()
    unconfirmed.force_login(world.people["alice"])
    session = unconfirmed.session
    session["visit"] = {
        "uuid": "0190a5a0-0000-7000-8000-000000000000",
        "since": 0,
        "seen": 0,
        "address": None,
        "agent": "",
    }
    session.save()
    post(unconfirmed, "me/tokens", {"name": "CI", "scopes": ["read"]}, 403)


def test_what_i_am_told(bob: Client, world: World) -> None:
    found = get(bob, "me/notifications")
    keys = [event["key"] for event in found["events"]]
    chosen = put(
        bob,
        "me/notifications",
        {"wanted": keys[:1], "quiet_hours": {"begins": "22:00", "ends": "07:00"}},
    )
    assert [event["key"] for event in chosen["events"] if event["is_wanted"]] == keys[:1]
    assert chosen["quiet_hours"]["begins"] == "22:00"
    assert put(bob, "me/notifications", {"wanted": ["no.such"], "quiet_hours": None}, 422)["errors"]
    put(caller(world, "bob", "read"), "me/notifications", {"wanted": [], "quiet_hours": None}, 403)


def test_webhooks(alice: Client, bob: Client, world: World) -> None:
    hook = {
        "contract": "with-supplier",
        "name": "Pager",
        "url": "https://93.184.216.34/in",
        "events": ["ticket.*"],
    }
    made = post(alice, "webhooks", hook, 201, key="hook")
    assert made["secret"].startswith("whsec_")
    assert post(alice, "webhooks", hook, 409, key="hook")["type"].endswith(":answer_not_kept")
    path = f"webhooks/{made['uuid']}"
    assert "secret" not in get(alice, path)
    assert post(alice, "webhooks", {**hook, "url": "http://127.0.0.1/"}, 422)["errors"][0]["field"] == "url"
    post(alice, "webhooks", {**hook, "contract": "datacentre-24x7"}, 404)
    changed = {**hook, "name": "Other", "is_active": True}
    changed.pop("contract")
    assert put(alice, path, changed)["name"] == "Other"
    renewed = post(alice, f"{path}/secret", None)
    assert renewed["secret"] != made["secret"]
    tried = post(alice, f"{path}/test", None, 202)
    assert (tried["event"], tried["status"]) == ("test", "waiting")
    assert [one["uuid"] for one in get(alice, f"deliveries?webhook={made['uuid']}")["items"]] == [
        tried["uuid"]
    ]
    assert post(alice, f"deliveries/{tried['uuid']}/retry", None, 422)["errors"]
    assert get(bob, "webhooks") == [] and get(bob, "deliveries")["items"] == []
    for act in ("secret", "test"):
        post(bob, f"{path}/{act}", None, 404)
    checked(send(bob, path, method="DELETE"), 404)
    assert send(alice, path, method="DELETE").status_code == 204
    get(alice, path, 404)


def test_contracts_are_checked_and_applied(root: Client, alice: Client, bob: Client) -> None:
    text = in_force(datetime.now(UTC)).decode()
    broken = post(alice, "contracts/with-supplier/check", {"document": "key: with-supplier\n"})
    assert not broken["is_valid"] and broken["findings"][0]["line"] >= 1
    same = post(alice, "contracts/with-supplier/check", {"document": text})
    assert same["is_valid"] and same["refusal"]
    refused = post(alice, "contracts/with-supplier/versions", {"document": "key: with-supplier\n"}, 422)
    assert refused["type"].endswith(":contract_faulty") and refused["errors"][0]["line"] >= 1
    day = datetime.now(UTC).date() + timedelta(days=9)
    amended = f"effective: {day}\n{text}".replace("confirm_days: ", "confirm_days: 1", 1)
    made = post(alice, "contracts/with-supplier/versions", {"document": amended, "newest_known": 1}, 201)
    assert made["number"] == 2
    changes = get(alice, "contracts/with-supplier/diff?old=1&new=2")
    assert [change["section"] for change in changes["changes"]] == ["pauses"] and changes["lines"]
    stale = {"document": amended, "newest_known": 0}
    assert post(alice, "contracts/with-supplier/versions", stale, 409)["type"].endswith(":conflict")
    other = contract_pack("datacentre-24x7").decode()
    assert (
        post(alice, "contracts/with-supplier/versions", {"document": other}, 422)["errors"][0]["field"]
        == "document"
    )
    post(alice, "contracts", {"document": other}, 403)
    post(bob, "contracts/with-supplier/versions", {"document": text}, 403)
    post(bob, "contract-checks", {"document": text}, 404)
    fresh = contract_pack("office-8x5").decode()
    created = post(root, "contracts", {"document": fresh}, 201, key="fresh")
    assert created["number"] == 1 and created == post(
        root, "contracts", {"document": fresh}, 201, key="fresh"
    )
    assert post(root, "contracts", {"document": fresh}, 409)["type"].endswith(":conflict")
    assert post(alice, "contracts/with-supplier/calendars/notice", {"year": 2031, "text": "nothing"}, 422)[
        "errors"
    ]


def test_the_client_reads_what_concerns_the_client(alice: Client, bob: Client) -> None:
    whole = get(alice, "contracts/with-supplier/versions/1")
    part = get(bob, "contracts/with-supplier/versions/1")
    assert whole["is_whole"] and not part["is_whole"]
    assert "ola_restore" in whole["document"] and "ola_restore" not in str(part)
    assert "uc_restore" not in str(part["terms"])
    keys = [
        {one["key"] for one in get(client, "contracts/with-supplier/versions/1/calendars")["items"]}
        for client in (alice, bob)
    ]
    assert keys[1] <= keys[0]
    same = get(bob, "contracts/with-supplier/diff?old=1&new=1")
    assert same["changes"] == [] and same["lines"] == []
    get(bob, "contracts/with-supplier/diff?old=1&new=99", 404)


def test_imports_are_asked_for_and_read(alice: Client, bob: Client, world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    def upload(
        client: Client, contract: str, name: str = "tickets.csv", content: bytes = b"a,b\n1,2\n"
    ) -> Any:
        return client.post(
            "/api/v1/imports", {"contract": contract, "file": SimpleUploadedFile(name, content)}
        )

    made = checked(upload(alice, "with-supplier"), 202)
    assert (made["status"], made["file"], made["contract"]) == ("looking", "tickets.csv", "with-supplier")
    assert [one["uuid"] for one in get(alice, "imports")["items"]] == [made["uuid"]]
    path = f"imports/{made['uuid']}"
    assert post(alice, f"{path}/start", None, 409)["state"] == "looking"  # nothing was tried yet
    assert (
        post(alice, f"{path}/trial", {"mapping": "no: mapping: at all"}, 422)["errors"][0]["field"]
        == "mapping"
    )
    assert get(alice, f"{path}/rejections") == {"items": [], "next": None}
    run = ImportRun.objects.get(uuid=made["uuid"])
    ImportRejection.objects.bulk_create(
        ImportRejection(run=run, row=row, field="", value=str(row), reason="no") for row in (2, 3, 5, 8)
    )
    first = get(alice, f"{path}/rejections?limit=2")
    assert ([one["row"] for one in first["items"]], first["next"]) == ([2, 3], "3")
    last = get(alice, f"{path}/rejections?limit=2&after=3")
    assert ([one["row"] for one in last["items"]], last["next"]) == ([5, 8], None)
    assert checked(upload(alice, "with-supplier", "run.exe"), 422)["errors"][0]["field"] == "file"
    assert checked(upload(alice, "with-supplier", content=b""), 422)["errors"][0]["field"] == "file"
    checked(upload(alice, "datacentre-24x7"), 404)
    checked(upload(bob, "with-supplier"), 403)
    checked(
        upload(caller(world, "alice", "write"), "with-supplier"), 403
    )  # a token for work administers nothing
    get(bob, "imports", 404)
    get(bob, path, 404)
    post(bob, f"{path}/cancel", None, 404)
    post(alice, f"{path}/cancel", None, 202)
