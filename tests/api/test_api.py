"""The read-only API on the small world: what it answers, how it refuses, and that its lists end."""

import json
from typing import Any

import pytest
from django.test import Client
from tests.pages.world import World, token

from yunheng.accounts.models import ApiToken
from yunheng.foundation.sealing import seal
from yunheng.logic import merkle


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    """A client with a token of the service manager."""
    seal()
    return Client(headers={"Authorization": f"Bearer {token(world, 'alice')}", "Accept-Language": "en"})


def get(client: Client, path: str, status: int = 200) -> Any:
    response = client.get("/api/v1/" + path)
    assert response.status_code == status, response.content
    kind = "application/json" if status < 400 else "application/problem+json"
    assert response["Content-Type"].startswith(kind)
    return json.loads(response.content)


def test_me_says_who_asks(alice: Client) -> None:
    assert get(alice, "me") == {
        "name": "林晓安",
        "kind": "token",
        "roles": [{"role": "service_manager", "contract": "with-supplier"}],
        "token_scopes": ["read"],
    }


def test_contracts_with_versions_and_calendars(alice: Client, world: World) -> None:
    assert [row["key"] for row in get(alice, "contracts")["items"]] == ["with-supplier"]
    contract = get(alice, "contracts/with-supplier")
    assert (contract["version"], contract["provider"]["key"]) == (1, "provider")
    version = get(alice, "contracts/with-supplier/versions/1")
    assert "key: with-supplier" in version["document"] and version["terms"]["key"] == "with-supplier"
    calendars = get(alice, "contracts/with-supplier/versions/1/calendars")["items"]
    assert {calendar["key"] for calendar in calendars} == {"extended", "production"}


def test_list_of_tickets_is_walked_by_keyset_without_gap_or_double(alice: Client, world: World) -> None:
    whole = [row["number"] for row in get(alice, "contracts/with-supplier/tickets")["items"]]
    walked, after = [], ""
    while True:
        page = get(alice, f"contracts/with-supplier/tickets?limit=1&after={after}")
        walked += [row["number"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert walked == whole
    assert set(whole) == set(world.tickets.values())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=open", {"working", "waiting", "new"}),
        ("state=closed", {"closed"}),
        ("priority=P3", {"waiting"}),
        ("service=line-control", {"new"}),
        ("text=核心交换机", {"closed"}),
        ("text=with-supplier-inc", {"closed", "working", "waiting", "new"}),
        ("text=nothing-like-it", set()),
    ],
)
def test_filters_of_the_list(alice: Client, world: World, query: str, names: set[str]) -> None:
    found = {row["number"] for row in get(alice, f"contracts/with-supplier/tickets?{query}")["items"]}
    assert found == {world.tickets[name] for name in names}


def test_ticket_with_timeline(alice: Client, world: World) -> None:
    ticket = get(alice, f"tickets/{world.tickets['closed']}")
    assert (ticket["state"], ticket["assignee"], ticket["requester"]) == ("closed", "周建国", "邓丹")
    timeline = get(alice, f"tickets/{world.tickets['closed']}/timeline")["items"]
    assert [entry["place"] for entry in timeline] == list(range(1, len(timeline) + 1))
    assert timeline[0]["type"] == "ticket.opened"
    assert all(entry["log_index"] is not None for entry in timeline)
    raw = json.dumps(timeline)
    assert '"facts"' not in raw and '"supersedes"' not in raw  # what only projections need stays inside
    names = {entry["name"] for entry in timeline}
    answered = [entry["shared"] for entry in timeline if entry["type"].startswith("pause.")]
    assert answered and all(data["pause"] in names for data in answered)  # never an id: counters leak


def test_counted_segments_add_up_to_the_elapsed_time(alice: Client, world: World) -> None:
    clocks = get(alice, f"tickets/{world.tickets['closed']}/clocks")["clocks"]
    assert {clock["kind"] for clock in clocks} >= {"respond", "restore", "resolve"}
    for clock in clocks:
        counted = sum(segment["seconds"] for segment in clock["segments"] if segment["is_counted"])
        assert counted == clock["elapsed_seconds"], clock["kind"]
    resolve = next(clock for clock in clocks if clock["kind"] == "resolve")
    pauses = [segment for segment in resolve["segments"] if segment["why"] == "pause"]
    assert {(pause["party"], pause["reason"], pause["standing"]) for pause in pauses} == {
        ("client", "waiting_client", "confirmed")
    }
    assert (
        get(alice, f"tickets/{world.tickets['closed']}/clocks/resolve")["elapsed_seconds"]
        == resolve["elapsed_seconds"]
    )
    assert get(alice, f"tickets/{world.tickets['closed']}/clocks/nope", 404)["status"] == 404


def test_process_shows_where_the_ticket_is(alice: Client, world: World) -> None:
    process = get(alice, f"tickets/{world.tickets['waiting']}/process")
    assert [state["key"] for state in process["states"] if state["is_here"]] == ["waiting_client"]


def test_figures_open_into_their_items(alice: Client) -> None:
    figures = get(alice, "contracts/with-supplier/indicators?by=priority")
    totals = {row["key"]: row for row in figures["rows"] if not row["group"]}
    for key, row in totals.items():
        period = f"from={figures['start']}&to={figures['end']}"
        for part, number in (("denominator", row["denominator"]), ("excluded", row["excluded"])):
            walked, after = 0, ""
            while after is not None:
                tail = f"&after={after}" if after else ""
                page = get(
                    alice,
                    f"contracts/with-supplier/indicators/{key}/items?{period}&part={part}&limit=2{tail}",
                )
                walked, after = walked + len(page["items"]), page["next"]
            assert walked == number, (key, part)
    parts = [row for row in figures["rows"] if row["key"] == "response_timeliness" and row["group"]]
    assert sum(row["denominator"] for row in parts) == totals["response_timeliness"]["denominator"]


def test_what_is_not_applicable_is_null_and_decimals_are_strings(alice: Client) -> None:
    empty = get(alice, "contracts/with-supplier/indicators?from=2026-01")["rows"]
    assert all(row["value"] is None for row in empty if row["unit"] != "tickets")
    full = get(alice, "contracts/with-supplier/indicators")["rows"]
    assert all(row["value"] is None or isinstance(row["value"], str) for row in full)


def test_proofs_verify(alice: Client) -> None:
    log = get(alice, "contracts/with-supplier/log")
    proof = get(alice, "contracts/with-supplier/log/leaves/2/proof")
    leaf, root = bytes.fromhex(proof["leaf"]), bytes.fromhex(log["head"]["root"])
    path = [bytes.fromhex(node) for node in proof["path"]]
    assert merkle.verify_inclusion(leaf, proof["index"], proof["size"], path, root)
    assert not merkle.verify_inclusion(leaf, proof["index"] + 1, proof["size"], path, root)
    assert get(alice, f"contracts/with-supplier/log/leaves/{log['size']}/proof", 404)["status"] == 404
    assert (
        get(alice, "contracts/with-supplier/log/consistency?old=5&new=2", 422)["errors"][0]["field"] == "new"
    )


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("contracts/with-supplier/tickets?limit=0", "limit"),
        ("contracts/with-supplier/tickets?limit=nine", "limit"),
        ("contracts/with-supplier/tickets?after=NOT-A-TICKET", "after"),
        ("contracts/with-supplier/indicators?from=31.12.2026", "from"),
        ("contracts/with-supplier/indicators?from=2026-05-01&to=2026-04-01", "to"),
        ("contracts/with-supplier/indicators?by=moon", "by"),
        ("contracts/with-supplier/indicators?indicator=nope", "indicator"),
        ("contracts/with-supplier/indicators?as_of=999999", "as_of"),
        ("contracts/with-supplier/indicators/mttr/items?part=half", "part"),
        ("contracts/with-supplier/indicators/mttr/items?after=x", "after"),
    ],
)
def test_bad_parameters_name_their_field(alice: Client, path: str, field: str) -> None:
    problem = get(alice, path, 422)
    assert field in [error["field"] for error in problem["errors"]]
    assert problem["type"].startswith("urn:yunheng:problem:") and problem["reference"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("log/heads?after=" + "9" * 30, 422),
        ("log/heads?after=-1", 422),
        ("log/leaves/" + "9" * 30 + "/proof", 404),
        ("log/leaves/" + "9" * 5000 + "/proof", 404),
        ("log/leaves/0/proof?size=" + "9" * 30, 422),
        ("log/leaves/0/proof?size=4000000000", 422),
        ("log/consistency?old=1&new=" + "9" * 4200, 422),
        ("log/consistency?old=1&new=4000000000000", 422),
        ("versions/" + "9" * 30, 404),
        ("tickets?opened_from=2020-01-01T00:00:00", 422),
        ("tickets?opened_from=0001-01-01T00:00:00%2B14:00", 200),
        ("tickets?opened_from=9999-12-31T23:59:59-14:00", 200),
        ("tickets?limit=100000", 422),
        ("indicators?as_of=" + "9" * 30, 422),
        ("indicators?from=9999-12", 422),
        ("indicators/mttr/items?after=" + "9" * 5000, 422),
        ("indicators/mttr/items?group=nowhere&by=team", 200),
    ],
)
def test_absurd_values_are_answered_and_never_a_fault_of_ours(alice: Client, path: str, status: int) -> None:
    get(alice, f"contracts/with-supplier/{path}", status)


def test_refusals_are_problem_documents(alice: Client, world: World) -> None:
    assert get(alice, "tickets/NONE-INC-20200101-0001", 404)["type"] == "urn:yunheng:problem:not_found"
    assert get(alice, "no/such/address", 404)["status"] == 404
    assert get(Client(), "me", 401)["type"] == "urn:yunheng:problem:unauthenticated"
    assert get(Client(headers={"Authorization": "Bearer yh_nonsense"}), "me", 401)["status"] == 401
    post = alice.post("/api/v1/me")
    assert (post.status_code, post["Content-Type"]) == (405, "application/problem+json")


def test_our_own_faults_are_problem_documents_too(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("yunheng.contracts.api.versions.contracts_visible_to", broken)
    problem = get(alice, "contracts", 500)
    assert problem["type"] == "urn:yunheng:problem:server_error"
    assert "secret detail" not in json.dumps(problem)


def test_a_revoked_token_is_unknown(world: World) -> None:
    from datetime import UTC, datetime

    secret = token(world, "bob")
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    get(client, "me")
    ApiToken.objects.filter(person=world.people["bob"]).update(revoked_at=datetime.now(UTC))
    get(client, "me", 401)


def test_the_session_works_as_well(world: World) -> None:
    client = Client()
    client.force_login(world.people["bob"])
    assert get(client, "me")["token_scopes"] is None
