"""Lists over all contracts, by every filter and order; the workbench; saved views; many tickets at once."""

from typing import Any

import pytest
from django.test import Client
from tests.api.calling import caller, checked, get, post, send
from tests.pages.world import World


@pytest.fixture(scope="module")
def alice(world: World) -> Client:
    return caller(world, "alice", "write")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=open", {"working", "waiting", "new"}),
        ("waiting=client", {"waiting"}),
        ("kind=incident&state=closed", {"closed"}),
        ("assignee=me", set()),
        ("team=mine&state=open", {"working"}),
        ("channel=phone", {"closed", "working", "waiting", "new"}),
        ("contract=with-supplier&text=存储", {"working"}),
        ("opened_until=2020-01-01T00:00:00Z", set()),
    ],
)
def test_filters(alice: Client, world: World, query: str, names: set[str]) -> None:
    found = {row["number"] for row in get(alice, f"tickets?{query}")["items"]}
    assert found == {world.tickets[name] for name in names}


@pytest.mark.parametrize("order", ["newest", "due", "priority"])
def test_every_order_is_walked_without_gap_or_double(alice: Client, order: str) -> None:
    whole = [row["number"] for row in get(alice, f"tickets?order={order}")["items"]]
    walked: list[str] = []
    after: Any = ""
    while after is not None:
        page = get(alice, f"tickets?order={order}&limit=1&after={after}")
        walked, after = walked + [row["number"] for row in page["items"]], page["next"]
    assert walked == whole and len(whole) >= 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("order=colour", "order"),
        ("due=soon", "due"),
        ("team=not-a-team", "team"),
        ("contract=datacentre-24x7", "contract"),
        ("after=NOT-A-PLACE", "after"),
        ("text=" + "x" * 201, "text"),
        ("limit=501", "limit"),
    ],
)
def test_what_cannot_be_a_filter_names_its_field(alice: Client, query: str, field: str) -> None:
    problem = get(alice, f"tickets?{query}", 422)
    assert [error["field"].rpartition(".")[2] for error in problem["errors"]] == [field]


def test_nobody_finds_the_tickets_of_others(world: World) -> None:
    assert get(caller(world, "charlie"), "tickets")["items"] == []
    mine = get(caller(world, "sue"), "tickets")["items"]
    assert [row["number"] for row in mine] == [world.tickets["waiting"]]
    # a word that stands in an internal note only
    assert get(caller(world, "alice"), "tickets?text=同批次模块")["items"]
    assert get(caller(world, "bob"), "tickets?text=同批次模块")["items"] == []


def test_the_workbench_and_what_waits(alice: Client, world: World) -> None:
    bench = get(alice, "workbench")
    assert {"breached", "soon", "mine", "unassigned"} <= {count["key"] for count in bench["counts"]}
    by_party = {count["key"]: count["count"] for count in bench["waiting"]}
    assert by_party["client"] == 1
    assert get(caller(world, "bob"), "pauses/waiting") == []  # a token for reading answers nothing
    bob = caller(world, "bob", "write")
    waiting = get(bob, "pauses/waiting")
    assert [one["ticket"] for one in waiting] == [world.tickets["waiting"]]
    assert get(bob, f"tickets/{world.tickets['waiting']}/pauses")[0]["name"] == waiting[0]["name"]
    assert get(alice, "pauses/waiting") == []


def test_saved_views(alice: Client, world: World) -> None:
    made = post(alice, "views", {"name": "Mine", "query": "state=open&assignee=me&colour=red"}, 201)
    assert made["query"] == "state=open&assignee=me"
    assert get(alice, f"tickets?{made['query']}")["items"] == []
    assert post(alice, "views", {"name": "Mine", "query": ""}, 422)["errors"][0]["field"] == "name"
    ken = caller(world, "ken", "write")
    assert get(ken, "views") == []
    path = f"views/{made['uuid']}"
    shared = {"name": "Ours", "query": "state=open", "is_shared": True}
    checked(send(ken, path, shared, method="PUT"), 404)
    assert checked(send(alice, path, shared, method="PUT"), 200)["name"] == "Ours"
    assert [(view["name"], view["is_own"]) for view in get(ken, "views")] == [("Ours", False)]
    assert get(caller(world, "bob"), "views") == []  # another organisation
    post(caller(world, "alice", "read"), "views", {"name": "x", "query": ""}, 403)
    checked(send(ken, path, method="DELETE"), 404)
    assert send(alice, path, method="DELETE").status_code == 204
    checked(send(alice, path, method="DELETE"), 404)


def test_many_at_once_each_by_itself(alice: Client, world: World) -> None:
    opening = {"kind": "incident", "title": "x", "service": "server", "impact": "high", "urgency": "high"}
    fresh = [post(alice, "contracts/with-supplier/tickets", opening, 201)["number"] for _ in range(2)]
    body = {
        "transition": "accept",
        "tickets": [
            {"number": fresh[0]},
            {"number": fresh[1], "expected_version": 7},
            {"number": world.tickets["closed"]},
            {"number": "NONE-INC-20200101-0001"},
        ],
    }
    outcomes = {one["number"]: one for one in post(alice, "transitions", body, key="bulk")}
    assert outcomes[fresh[0]]["is_done"] and outcomes[fresh[0]]["state"] == "accepted"
    assert [outcomes[number]["code"] for number in (fresh[1], world.tickets["closed"])] == ["conflict"] * 2
    assert outcomes["NONE-INC-20200101-0001"]["code"] == "not_found"
    assert outcomes["NONE-INC-20200101-0001"]["messages"]
    again = send(alice, "transitions", body, key="bulk")
    assert again["Idempotency-Replayed"] == "true" and again.json()[0] in outcomes.values()
    assert get(alice, f"tickets/{fresh[1]}")["state"] == "new"
    post(alice, "transitions", {"transition": "accept", "tickets": []}, 422)
    post(alice, "transitions", {"transition": "accept", "tickets": [{"number": "x"}] * 201}, 422)


def test_corrections_are_acts_of_two(alice: Client, world: World) -> None:
    path = f"tickets/{world.tickets['closed']}/proposals"
    proposal = {"kind": "leave_out", "reason": "test", "text": "It was a rehearsal"}
    made = post(alice, path, proposal, 201)
    assert (made["standing"], made["needs_client"], made["may_answer"]) == ("proposed", True, False)
    assert post(alice, path, proposal, 422)["type"].endswith(":unchanged")
    answer = f"proposals/{made['uuid']}/answer"
    post(alice, answer, {"is_approved": True}, 403)
    bob = caller(world, "bob", "write")
    assert [one["uuid"] for one in get(bob, "proposals/waiting")] == [made["uuid"]]
    assert post(bob, answer, {"is_approved": False}, 422)["errors"][0]["field"] == "text"
    done = post(bob, answer, {"is_approved": True, "text": "Agreed"})
    assert (done["standing"], done["answer"]) == ("approved", "Agreed")
    assert post(bob, answer, {"is_approved": True}, 409)["state"] == "approved"
    told = get(alice, f"tickets/{world.tickets['closed']}/timeline")["items"]
    left = next(entry for entry in told if entry["type"] == "ticket.left_out")
    assert left["shared"]["proposal"] in {entry["name"] for entry in told}


def test_a_correction_of_time_names_its_entry(alice: Client, world: World) -> None:
    number = world.tickets["working"]
    told = get(alice, f"tickets/{number}/timeline")["items"]
    moved = next(entry for entry in told if (entry["shared"] or {}).get("transition") == "start")
    body = {"kind": "correct_time", "text": "The clock was wrong", "entry": moved["name"]}
    wrong = post(alice, f"tickets/{number}/proposals", body, 422)
    assert [error["field"] for error in wrong["errors"]] == ["new_at"]
    post(alice, f"tickets/{number}/proposals", {**body, "entry": "0" * 64}, 404)
    opened = told[0]
    later = {**body, "entry": opened["name"], "new_at": "2099-01-01T00:00:00Z"}
    assert post(alice, f"tickets/{number}/proposals", later, 422)["errors"][0]["field"] == "new_at"
    made = post(
        alice, f"tickets/{number}/proposals", {"kind": "leave_out", "reason": "test", "text": "x"}, 201
    )
    withdrawn = post(alice, f"proposals/{made['uuid']}/withdrawal", {})
    assert withdrawn["standing"] == "withdrawn"
    post(caller(world, "charlie", "write"), f"proposals/{made['uuid']}/withdrawal", {}, 404)
