"""The pages of lists: filters, orders, columns, searches, views, exports, and the same step for many tickets."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.pages.world import HOUR, World, open_one, token

from yunheng.desk.actions import note, reply
from yunheng.desk.models import SavedView, Ticket


@pytest.fixture
def alice(world: World) -> Client:
    return signed_in(world, "alice")


def signed_in(world: World, login: str) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    world.people[login].language = "en"
    world.people[login].save(update_fields=["language"])
    client.force_login(world.people[login])
    return client


def numbers(response: Any) -> list[str]:
    """Numbers of the rows of a list, in their order."""
    assert response.status_code == 200, response.content.decode()[:2000]
    return [row.ticket.number for row in response.context["rows"]]


def all_numbers(client: Client, query: str) -> list[str]:
    """Numbers on all pages of a list: how many there are is for the hour and the tests before to say."""
    found, after = [], ""
    while True:
        response = client.get(f"/tickets?{query}&after={after}")
        found += numbers(response)
        after = response.context["following"]
        if not after:
            return found


def names(world: World, response: Any) -> list[str]:
    """The same by the names of the world's tickets."""
    by_number = {number: name for name, number in world.tickets.items()}
    return [by_number[number] for number in numbers(response) if number in by_number]


# --- filters and orders


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"new", "working", "waiting", "closed"}),
        ("state=open", {"new", "working", "waiting"}),
        ("state=closed", {"closed"}),
        ("state=restored", set()),
        ("priority=P3&state=closed", set()),
        ("service=line-control&state=closed", set()),
        ("waiting=client", {"waiting"}),
        ("waiting=supplier", set()),
        ("service=line-control", {"new"}),
        ("assignee=nobody", {"new", "waiting"}),
        ("assignee=me", set()),
        ("team=mine", {"working", "closed"}),
        ("team=nobody", {"new"}),
        ("channel=phone", {"new", "working", "waiting", "closed"}),
        ("channel=fax", set()),
        ("kind=service_request", set()),
        ("text=端口", {"closed"}),
        ("text=MES", {"closed"}),
        ("text=同批次", {"closed"}),  # an internal note
        ("text=邓丹", {"new", "working", "waiting", "closed"}),  # who asked
        ("requester=邓丹", {"new", "working", "waiting", "closed"}),
        ("requester=没有此人", set()),
        ("due=24h", {"new", "working", "waiting"}),
        ("opened_until=2020-01-01", set()),
        ("order=priority", {"new", "working", "waiting"}),
    ],
)
def test_filters(world: World, alice: Client, query: str, expected: set[str]) -> None:
    found = set(names(world, alice.get(f"/tickets?{query}")))
    if query.startswith("due"):
        assert found <= expected  # at night and on Sundays clocks are due later
    else:
        assert found == expected
    assert set(names(world, alice.get(f"/contracts/{world.key}/tickets?{query}"))) == found


@pytest.mark.parametrize(
    "query",
    [
        "team=x",
        "assignee=00000000-0000-7000-8000-000000000000",
        "due=soon",
        "due=0h",
        "order=random",
        "opened_from=yesterday",
        "opened_until=9999-12-31",
        "contract=no-such",
        "after=NO-SUCH-1",
        "order=due&after=x",
        "text=" + "x" * 201,
    ],
)
def test_what_is_no_filter_is_said_and_the_page_stays(alice: Client, query: str) -> None:
    response = alice.get(f"/tickets?{query}")
    assert response.status_code == 422
    assert response.context["faults"]
    assert "banner-error" in response.content.decode()


@pytest.mark.parametrize("field", ["state", "waiting", "kind", "channel", "priority", "service"])
def test_a_value_that_no_ticket_can_have_is_named(world: World, alice: Client, field: str) -> None:
    for address in ("/tickets", f"/contracts/{world.key}/tickets"):
        response = alice.get(f"{address}?{field}=no-such-value&text=端口")
        assert response.status_code == 422
        [fault] = response.context["faults"]
        assert "“no-such-value”" in fault and fault in response.content.decode()
    answer = alice.get(
        f"/api/v1/tickets?{field}=no-such-value",
        headers={"Authorization": f"Bearer {token(world, 'alice')}"},
    )
    assert answer.status_code == 422 and field in answer.content.decode()


def test_by_due_each_ticket_stands_once_the_first_due_first(world: World, alice: Client) -> None:
    response = alice.get("/tickets?order=due")
    found = numbers(response)
    assert len(found) == len(set(found))
    dues = [min_due(number) for number in found]
    assert dues == sorted(dues) and None not in dues
    assert world.tickets["closed"] not in found


def min_due(number: str) -> datetime | None:
    from yunheng.sla.models import LiveClock

    ticket = Ticket.objects.get(number=number)
    clocks = LiveClock.objects.filter(
        subject_id=ticket.pk,
        status="running",
        kind__in=("respond", "restore", "resolve"),
        due_at__isnull=False,
    )
    return min((clock.due_at for clock in clocks), default=None)


@pytest.fixture
def many(world: World) -> list[str]:
    """Tickets that fill several short pages."""
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        open_one(world, now - timedelta(minutes=3), f"many {place}", impact="low", urgency="low")
        for place in range(7)
    ]


@pytest.mark.parametrize("few", [2_000, 3])  # few tickets are sorted, of many the index is walked
@pytest.mark.parametrize("order", ["newest", "due", "priority"])
def test_pages_follow_each_other_without_gap_or_repetition(
    world: World, many: list[str], monkeypatch: pytest.MonkeyPatch, order: str, few: int
) -> None:
    from yunheng.desk.listing import TicketFilter, list_tickets

    viewer = world.viewer("alice")
    wanted = TicketFilter(text="many")
    monkeypatch.setattr("yunheng.desk.listing._FEW", few)
    whole = [ticket.number for ticket in list_tickets(viewer, wanted=wanted, order=order).tickets]
    after, found = "", []
    while True:
        page = list_tickets(viewer, wanted=wanted, order=order, after=after, limit=3)
        found += [ticket.number for ticket in page.tickets]
        after = page.following
        if not after:
            break
    assert found == whole
    assert len(set(found)) == len(found) >= 7


# --- who sees what


@pytest.mark.parametrize("login", ["bob", "dan", "sue"])
@pytest.mark.parametrize("text", ["同批次", "邓丹"])
def test_no_search_of_others_meets_internal_or_personal_words(world: World, login: str, text: str) -> None:
    client = signed_in(world, login)
    for address in (
        f"/tickets?text={text}",
        f"/search?q={text}",
        f"/contracts/{world.key}/tickets?text={text}",
    ):
        assert numbers(client.get(address)) == []
    assert world.tickets["closed"] not in client.get(f"/palette?q={text}").content.decode()
    assert numbers(client.get(f"/tickets?requester={text}")) == []


def test_a_client_finds_what_both_sides_read(world: World) -> None:
    bob = signed_in(world, "bob")
    assert names(world, bob.get("/tickets?text=光模块")) == ["closed"]
    assert names(world, bob.get("/search?q=端口 MES")) == ["closed"]
    assert numbers(bob.get("/tickets?text=端口 打印机")) == []


def test_a_client_cannot_ask_by_names(world: World) -> None:
    bob = signed_in(world, "bob")
    ken = world.people["ken"].uuid
    assert numbers(bob.get(f"/tickets?assignee={ken}")) == []
    page = bob.get("/tickets?columns=assignee&columns=requester&columns=state").content.decode()
    assert "周建国" not in page and "邓丹" not in page


def test_a_supplier_has_only_its_own_tickets(world: World) -> None:
    sue = signed_in(world, "sue")
    assert names(world, sue.get("/tickets")) == ["waiting"]
    assert numbers(sue.get("/search?q=端口")) == []


def test_a_stranger_finds_nothing(world: World) -> None:
    charlie = signed_in(world, "charlie")
    assert numbers(charlie.get("/tickets")) == []
    assert numbers(charlie.get(f"/search?q={world.tickets['closed']}")) == []
    assert charlie.get(f"/contracts/{world.key}/tickets").status_code == 404


# --- searching


def test_a_whole_number_leads_to_its_ticket(world: World, alice: Client) -> None:
    number = world.tickets["closed"]
    assert alice.get(f"/search?q={number.lower()}").headers["Location"] == f"/tickets/{number}"
    tail = number.split("-", 2)[-1].split("-", 1)[-1]
    assert number in numbers(alice.get(f"/search?q={tail}"))


def test_new_words_are_found_at_once(world: World, alice: Client) -> None:
    number = world.tickets["working"]
    assert numbers(alice.get("/search?q=紫外线")) == []
    note(world.viewer("ken"), number, "怀疑紫外线")
    assert numbers(alice.get("/search?q=紫外线")) == [number]
    reply(world.viewer("ken"), number, "已安排 Zwischenlösung")
    assert numbers(signed_in(world, "bob").get("/search?q=zwischenloesung")) == []
    assert numbers(signed_in(world, "bob").get("/search?q=ZWISCHENLÖSUNG")) == [number]


def test_the_palette_is_a_fragment(world: World, alice: Client) -> None:
    page = alice.get("/palette?q=端口").content.decode()
    assert f'href="/tickets/{world.tickets["closed"]}"' in page and "<html" not in page
    assert alice.get("/palette?q=").content.decode().strip() == ""
    assert f"/contracts/{world.key}/tickets" in alice.get(f"/palette?q={world.key}").content.decode()


# --- columns and views


def test_columns_are_chosen_and_remembered(alice: Client) -> None:
    page = alice.get("/tickets?columns=channel&columns=requester")
    assert page.context["shown"] == {"channel", "requester"}
    assert "Requester</th>" in page.content.decode()
    assert alice.get("/tickets").context["shown"] == {"channel", "requester"}
    assert alice.get("/tickets?columns=nonsense").context["shown"] == {"channel", "requester"}


def test_a_view_is_kept_shared_renamed_and_deleted(world: World) -> None:
    alice, ken, bob = (signed_in(world, login) for login in ("alice", "ken", "bob"))
    sent = alice.post(
        "/views/new", {"name": "我的 P1", "query": "state=open&priority=P1&x=1&after=Y", "is_shared": "1"}
    )
    assert sent.status_code == 303
    view = SavedView.objects.get(name="我的 P1")
    assert view.query == "state=open&priority=P1"
    assert sent.headers["Location"] == "/tickets?state=open&priority=P1"
    assert "我的 P1" in ken.get("/tickets").content.decode()  # shared with the organisation
    assert "我的 P1" not in bob.get("/tickets").content.decode()
    for stranger in (ken, bob):  # seen, but not one's own
        assert stranger.post(f"/views/{view.uuid}", {"name": "x"}).status_code == 404
        assert stranger.post(f"/views/{view.uuid}/delete").status_code == 404
    assert alice.post(f"/views/{view.uuid}", {"name": "P1"}).status_code == 303
    assert "P1</a>" not in ken.get("/views").content.decode()
    assert alice.post(f"/views/{view.uuid}/delete").status_code == 303
    assert not SavedView.objects.filter(uuid=view.uuid).exists()


def test_a_view_without_a_good_name_is_refused_and_kept_in_the_form(world: World, alice: Client) -> None:
    for name in ("", "x" * 81):
        answer = alice.post("/views/new", {"name": name, "query": "state=open"})
        assert answer.status_code == 422
        assert 'value="state=open"' in answer.content.decode()
    alice.post("/views/new", {"name": "twice", "query": "state=open"})
    answer = alice.post("/views/new", {"name": "twice", "query": "state=closed"})
    assert answer.status_code == 422 and "twice" in answer.content.decode()
    assert SavedView.objects.get(name="twice").query == "state=open"


def test_eight_views_stand_above_a_list_ones_own_first(world: World, alice: Client) -> None:
    ken = world.people["ken"]
    made = [SavedView(owner=ken, name=f"a{place}", query="state=open", is_shared=True) for place in range(9)]
    SavedView.objects.bulk_create(
        [*made, SavedView(owner=world.people["alice"], name="z", query="state=open")]
    )
    shown = [view.name for view in alice.get("/tickets").context["views"]]
    assert len(shown) == 8 and set(shown) - {view.name for view in made} >= {"z"}
    assert "All views" in alice.get("/tickets").content.decode()
    assert all(f">{view.name}</a>" in alice.get("/views").content.decode() for view in made)


# --- exports


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "＠SUM(A1)")


def body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_csv_has_the_list_and_starts_no_formula(world: World, alice: Client) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - HOUR
    made = [open_one(world, now, f"{start} evil formula") for start in ("=1+1", "+1", "-1", "@SUM(A1)")]
    data = body(alice.get("/tickets/export?format=csv&text=evil&columns=state&columns=opened"))
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert head == ["Ticket", "Source number", "Title", "State", "Opened"]
    assert {row[0] for row in rows} == set(made)
    assert all(row[2].startswith("'") for row in rows)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_csv_starts_a_formula(text: str) -> None:
    from yunheng.desk.exporting import safe_cell

    assert safe_cell(text) == "'" + text
    assert safe_cell("端口 = 1") == "端口 = 1"


def test_excel_has_texts_only(world: World, alice: Client) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - HOUR
    open_one(world, now, "=HYPERLINK(1) bad cell")
    open_one(world, now, "https://example.com bad cell")
    data = body(alice.get("/tickets/export?format=xlsx&text=bad+cell"))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"} and not any(cell.hyperlink for cell in cells)
    assert "=HYPERLINK(1) bad cell" in {cell.value for cell in cells}


def test_an_export_has_names_only_for_those_who_see_them(world: World, alice: Client) -> None:
    query = "format=csv&columns=assignee&columns=requester&columns=state"
    assert "周建国" in body(alice.get(f"/tickets/export?{query}")).decode()
    told = body(signed_in(world, "bob").get(f"/tickets/export?{query}")).decode()
    assert "周建国" not in told and "邓丹" not in told and world.tickets["closed"] in told


def test_an_export_is_cut_and_says_so(world: World, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunheng.desk import exporting

    monkeypatch.setattr(
        exporting.export_tickets, "__kwdefaults__", {**exporting.export_tickets.__kwdefaults__, "most": 2}
    )
    response = alice.get("/tickets/export?format=csv")
    rows = list(csv.reader(io.StringIO(body(response).decode("utf-8-sig"), newline="")))
    assert len(rows) == 4 and "2" in rows[-1][0]
    assert "first-2" in response.headers["Content-Disposition"]


def test_an_unknown_format_is_refused(alice: Client) -> None:
    assert alice.get("/tickets/export?format=pdf").status_code == 422


# --- many at once


def send(client: Client, picked: list[str], step: str, **more: str) -> Any:
    versions = [f"{number}:{Ticket.objects.get(number=number).row_version}" for number in picked]
    return client.post("/tickets/bulk", {"number": picked, "version": versions, "step": step, **more})


def test_a_step_for_many_says_for_each_what_became_of_it(world: World, alice: Client) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    fresh = [open_one(world, now, f"fresh {place}") for place in range(3)]
    picked = [*fresh, world.tickets["closed"], "WITH-SUPPLIER-INC-20200101-9999"]
    stale = {"number": picked, "version": [f"{fresh[0]}:999"], "step": "accept"}
    response = alice.post("/tickets/bulk", stale)
    outcomes = {outcome.number: outcome for outcome in response.context["outcomes"]}
    assert [outcomes[number].is_done for number in picked] == [False, True, True, False, False]
    assert outcomes[fresh[0]].code == "conflict"  # somebody else was first
    assert outcomes[picked[-1]].code == "not_found"
    assert {Ticket.objects.get(number=number).state for number in fresh[1:]} == {"accepted"}
    assert Ticket.objects.get(number=fresh[0]).state == "new"
    assert "2 tickets are done" in response.content.decode()


def test_many_are_assigned(world: World, alice: Client) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    fresh = [open_one(world, now, f"assign {place}") for place in range(3)]
    response = send(alice, fresh, "assign", team="second-line", assignee=str(world.people["ken"].uuid))
    assert response.context["done"] == 3
    assert {Ticket.objects.get(number=number).assignee for number in fresh} == {world.people["ken"]}
    refused = send(alice, fresh, "assign")
    assert refused.context["done"] == 0
    assert all("required" in outcome.reasons[0] for outcome in refused.context["outcomes"])


def test_who_may_not_do_it_changes_nothing(world: World) -> None:
    number = world.tickets["new"]
    before = Ticket.objects.get(number=number).row_version
    assert send(signed_in(world, "ken"), [number], "close").status_code == 422  # not offered to engineers
    for login in ("bob", "role-quality-officer"):
        assert send(signed_in(world, login), [number], "assign", team="second-line").status_code == 404
    assert Ticket.objects.get(number=number).row_version == before


def test_nothing_picked_and_too_many_are_refused(world: World, alice: Client) -> None:
    assert alice.post("/tickets/bulk", {"step": "accept"}).status_code == 422
    many = [f"X-INC-20260101-{place:04}" for place in range(201)]
    assert alice.post("/tickets/bulk", {"step": "accept", "number": many}).status_code == 422


def test_the_way_back_stays_on_this_site(world: World, alice: Client) -> None:
    for evil in ("https://evil.example", "//evil.example", "javascript:alert(1)", "/\\evil", ""):
        answer = alice.post("/tickets/bulk", {"step": "accept", "back": evil})
        assert answer.context["back"] == "/tickets"


# --- the workbench


def test_the_workbench_counts_and_shows(world: World) -> None:
    bench = signed_in(world, "ken").get("/workbench").context["bench"]
    counts = {count.key: count.number for count in (*bench.counts, *bench.waiting)}
    assert counts["mine"] >= 1 and counts["teams"] >= 1 and counts["client"] == 1
    mine = next(pile for pile in bench.piles if pile.count.key == "mine")
    assert world.tickets["working"] in [row.ticket.number for row in mine.rows]


def test_every_count_is_a_door_to_as_many(world: World) -> None:
    ken = signed_in(world, "ken")
    bench = ken.get("/workbench").context["bench"]
    for count in (*bench.counts, *bench.waiting):
        query = count.query.replace("order=due", "order=newest")
        found = all_numbers(ken, query)
        assert len(found) == len(set(found)) == count.number, count.key


def test_the_workbench_of_somebody_without_work_teaches(world: World) -> None:
    sue = signed_in(world, "role-supplier-engineer")
    page = sue.get("/workbench")
    assert page.status_code == 200
    assert "/tickets?state=open" in page.content.decode() or page.context["bench"].counts


# --- costs


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/tickets", 16),
        ("/tickets?order=due", 18),
        ("/tickets?text=端口&assignee=me&team=mine", 17),
        ("/workbench", 48),
        ("/search?q=端口", 12),
    ],
)
def test_queries_are_pinned(world: World, alice: Client, path: str, count: int) -> None:
    alice.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert alice.get(path).status_code == 200
    statements = [query["sql"] for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= count, "\n".join(statements)
    assert not any("COUNT(" in sql and "LIMIT 100" not in sql for sql in statements)
