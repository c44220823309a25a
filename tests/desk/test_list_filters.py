"""Lists equal what a plain loop over all tickets finds: random tickets, filters, orders, pages and viewers."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from tests.desk.ground import MORNING, Ground, apply_terms, make_ground, opened, terms

from yunheng.accounts.roles import ROLES
from yunheng.desk.listing import BY_DUE, BY_PRIORITY, NEWEST, ORDERS, TicketFilter, first_due, list_tickets
from yunheng.desk.models import Ticket
from yunheng.desk.narrowing import final_states, is_open, narrowed, waiting_states
from yunheng.desk.queries import visible_to
from yunheng.desk.searching import COPY_WORDS
from yunheng.foundation.access import Viewer
from yunheng.logic.words import vector, words_of
from yunheng.sla.models import LiveClock

NOW = MORNING + timedelta(days=30)
STATES = ("new", "in_progress", "waiting_client", "waiting_supplier", "closed", "cancelled")
SHOWN_KINDS = {"respond", "resolve", "restore", "update"}  # what is promised to clients in the ground's terms
WORDS = ("alpha", "beta", "端口", "磁盘", "gamma")
NAMES = ("王海波", "李敏", "")


@dataclass
class One:
    """A ticket with what its lists depend on."""

    row: Ticket
    clocks: list[LiveClock]
    words: Mapping[str, set[str]]


def made_world(chance: random.Random, count: int = 60) -> tuple[list[Ground], list[One]]:
    """Three contracts, the first with most tickets; instants and values are few, so that many are equal."""
    grounds = [make_ground(key) for key in ("acme", "beta", "gamma")]
    return grounds, [_made(chance, chance.choice([grounds[0], *grounds]), place) for place in range(count)]


def _made(chance: random.Random, ground: Ground, place: int) -> One:
    state = chance.choice(STATES)
    opened_at = MORNING + timedelta(hours=12 * chance.randrange(50))
    row = Ticket.objects.create(
        scope=ground.scope,
        number=f"{ground.scope.key.upper()}-INC-20260401-{place:04}",
        state=state,
        process_key="incident",
        process_version=1,
        opened_at=opened_at,
        closed_at=NOW if state in {"closed", "cancelled"} else None,
        kind=chance.choice(["incident", "service_request"]),
        title="-",
        channel=chance.choice(["phone", "mail"]),
        service=chance.choice(["mail", "erp"]),
        priority=chance.choice(["p1", "p2", "p3"]),
        team=chance.choice([None, ground.desk_team, ground.vendor_team]),
        assignee=chance.choice([None, ground.people["engineer"], ground.people["desk_agent"]]),
        supplier=chance.choice([None, ground.supplier]),
        requester=chance.choice([None, ground.people["requester"]]),
        is_observed=chance.random() < 0.1,
    )
    clocks = [
        LiveClock(
            scope=ground.scope,
            subject_id=row.pk,
            kind=kind,
            contract_version=ground.version,
            status=status,
            due_at=due_at if status == "running" else None,
            breached_at=due_at if due_at <= NOW and status != "stopped" else None,
            folded_at=NOW,
        )
        for kind in ("respond", "resolve", "hand_over")
        for status in [chance.choice(["running", "running", "paused", "stopped"])]
        for due_at in [NOW + timedelta(hours=4 * chance.randrange(-6, 12))]
    ]
    LiveClock.objects.bulk_create(clocks)
    words = {
        "shared": set(chance.sample(WORDS, 2)),
        "internal": {chance.choice(WORDS)},
        "personal": {chance.choice(NAMES)},
    }
    with connection.cursor() as cursor, cursor.copy(COPY_WORDS) as copy:
        for name, told in words.items():
            copy.write_row((row.pk, name, vector(word for text in told for word in words_of(text))))
    return One(row, clocks, words)


def random_filter(chance: random.Random, grounds: list[Ground]) -> TicketFilter:
    """One to three fields that narrow."""
    ground = chance.choice(grounds)
    choices: dict[str, tuple[Any, ...]] = {
        "state": ("open", *STATES, "restored"),
        "priority": ("p1", "p2", "p9"),
        "service": ("mail", "erp"),
        "text": (*WORDS, "alpha 磁盘", "端口 beta", "王海波", "nothing", "alph", "ACME-INC-2026", "--"),
        "opened_from": (MORNING + timedelta(days=6), NOW),
        "opened_until": (MORNING + timedelta(days=12),),
        "kind": ("incident", "service_request"),
        "team": ("mine", "nobody", str(ground.desk_team.uuid)),
        "assignee": ("me", "nobody", str(ground.people["engineer"].uuid)),
        "waiting": ("client", "supplier", "provider"),
        "due": ("breached", "8h", "24h"),
        "channel": ("phone", "fax"),
        "requester": ("王海波", "李", "nobody there", str(ground.people["requester"].uuid)),
    }
    names = chance.sample(sorted(choices), chance.randint(0, 3))
    return TicketFilter(**{name: chance.choice(choices[name]) for name in names})


# --- the plain loop


def expected(viewer: Viewer, world: list[One], wanted: TicketFilter, order: str) -> list[str]:
    """Numbers in the order of the list."""
    found = [one for one in world if _is_visible(viewer, one.row) and _fits(viewer, one, wanted)]
    if order != NEWEST:
        found = [one for one in found if _is_open(one.row)]
    if order == BY_DUE:
        dues = {one.row.pk: min(_dues(one), default=None) for one in found if not one.row.is_observed}
        places = sorted((due, pk) for pk, due in dues.items() if due is not None)
        numbers = {one.row.pk: one.row.number for one in found}
        return [numbers[pk] for _due, pk in places]
    found.sort(key=lambda one: (one.row.opened_at, one.row.pk), reverse=True)
    if order == BY_PRIORITY:
        found.sort(key=lambda one: one.row.priority)
    return [one.row.number for one in found]


def _is_visible(viewer: Viewer, row: Ticket) -> bool:
    sees = {ROLES[role].sees for role in viewer.roles_in(row.scope_id)}
    return (
        "all" in sees
        or ("own" in sees and row.requester_id == viewer.person_id)
        or ("supplier" in sees and row.supplier_id == viewer.organisation_id)
    )


def _is_open(row: Ticket) -> bool:
    return row.closed_at is None and row.state not in final_states()


def _dues(one: One) -> list[datetime]:
    running = [clock for clock in one.clocks if clock.status == "running" and clock.kind in SHOWN_KINDS]
    return [clock.due_at for clock in running if clock.due_at is not None]


def _fits(viewer: Viewer, one: One, wanted: TicketFilter) -> bool:
    row = one.row
    team = str(row.team.uuid) if row.team else ""
    assignee = str(row.assignee.uuid) if row.assignee else ""
    own_teams = {str(team.uuid) for team in _teams_of(viewer)}
    checks = {
        "state": lambda: _is_open(row) if wanted.state == "open" else row.state == wanted.state,
        "priority": lambda: row.priority == wanted.priority,
        "service": lambda: row.service == wanted.service,
        "kind": lambda: row.kind == wanted.kind,
        "channel": lambda: row.channel == wanted.channel,
        "opened_from": lambda: wanted.opened_from is not None and row.opened_at >= wanted.opened_from,
        "opened_until": lambda: wanted.opened_until is not None and row.opened_at < wanted.opened_until,
        "team": lambda: (
            team in own_teams if wanted.team == "mine" else team == wanted.team.replace("nobody", "")
        ),
        "assignee": lambda: (
            row.assignee_id == viewer.person_id
            if wanted.assignee == "me"
            else assignee == wanted.assignee.replace("nobody", "")
            and (wanted.assignee == "nobody" or viewer.may("entry.personal", row.scope_id))
        ),
        "waiting": lambda: row.closed_at is None and row.state in waiting_states().get(wanted.waiting, ()),
        "due": lambda: _is_open(row) and not row.is_observed and _is_due(one, wanted.due),
        "requester": lambda: _is_asked_by(viewer, one, wanted.requester),
        "text": lambda: _is_found(viewer, one, wanted.text),
    }
    return all(check() for name, check in checks.items() if getattr(wanted, name))


def _teams_of(viewer: Viewer) -> list[Any]:
    from yunheng.accounts.models import Team

    return list(Team.objects.filter(people=viewer.person_id))


def _is_due(one: One, due: str) -> bool:
    if due == "breached":
        return any(clock.breached_at is not None and clock.kind in SHOWN_KINDS for clock in one.clocks)
    return any(NOW < at <= NOW + timedelta(hours=int(due[:-1])) for at in _dues(one))


def _is_asked_by(viewer: Viewer, one: One, requester: str) -> bool:
    if "-" not in requester:
        return viewer.may("entry.personal", one.row.scope_id) and _has(one.words["personal"], requester)
    is_own = one.row.requester_id == viewer.person_id
    return (
        one.row.requester is not None
        and str(one.row.requester.uuid) == requester
        and (is_own or viewer.may("entry.personal", one.row.scope_id))
    )


def _is_found(viewer: Viewer, one: One, text: str) -> bool:
    if text.startswith("ACME-"):
        return one.row.number.startswith(text)
    classes = ["shared"] + [
        name for name in ("internal", "personal") if viewer.may(f"entry.{name}", one.row.scope_id)
    ]
    parts = text.replace("-", "").split()
    return bool(parts) and all(any(_has(one.words[name], part) for name in classes) for part in parts)


def _has(words: set[str], part: str) -> bool:
    """Words are found by their beginning, Chinese anywhere; all of WORDS and NAMES are made so that this is so."""
    if part == "nobody there":
        return False
    return any(part in word if not part.isascii() else word.startswith(part) for word in words)


# --- the comparison


def pages_of(viewer: Viewer, wanted: TicketFilter, order: str, limit: int) -> list[str]:
    """Numbers of all pages, one after the other."""
    after, found = "", []
    for _page in range(100):
        page = list_tickets(viewer, wanted=wanted, order=order, after=after, limit=limit, now=NOW)
        assert len(page.tickets) <= limit
        found += [ticket.number for ticket in page.tickets]
        after = page.following
        if not after:
            return found
    raise AssertionError("pages without end")


def viewers_of(grounds: list[Ground]) -> dict[str, Viewer]:
    """All of one contract, of two, of every one; a client's contact; those who see a part."""
    from dataclasses import replace

    manager = grounds[0].viewer("service_manager")
    two = frozenset(("engineer", ground.scope.pk) for ground in grounds[:2])
    mixed = frozenset({("engineer", grounds[0].scope.pk), ("contact", grounds[1].scope.pk)})
    return {
        "one": grounds[0].viewer("engineer"),
        "two": replace(manager, grants=two),
        "all": replace(manager, grants=frozenset({("service_manager", None)})),
        "mixed": replace(manager, grants=mixed),
        "contact": grounds[0].viewer("contact"),
        "requester": grounds[0].viewer("requester"),
        "nobody": replace(manager, grants=frozenset()),
    }


@pytest.mark.parametrize("few", [2_000, 3])  # few tickets are sorted, of many an index is walked
@pytest.mark.parametrize("seed", [1, 2])
def test_lists_are_those_of_a_plain_loop(
    db: None, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr("yunheng.desk.listing._FEW", few)
    chance = random.Random(seed)
    grounds, world = made_world(chance)
    viewers = viewers_of(grounds)
    rows_found = 0
    for _round in range(40):
        name, order = chance.choice(sorted(viewers)), chance.choice(ORDERS)
        wanted, limit = random_filter(chance, grounds), chance.choice([7, 20, 50])
        plain = expected(viewers[name], world, wanted, order)
        assert pages_of(viewers[name], wanted, order, limit) == plain, (name, order, wanted)
        rows_found += len(plain)
    assert rows_found > 100


@pytest.mark.parametrize("few", [2_000, 3])
@pytest.mark.parametrize("pressing", [1_000, 4])  # all clocks are looked at first, or four of them
def test_first_tickets_of_piles_are_those_of_a_plain_loop(
    db: None, monkeypatch: pytest.MonkeyPatch, pressing: int, few: int
) -> None:
    """What the workbench shows of several lists at once."""
    monkeypatch.setattr("yunheng.desk.listing._FEW", few)
    monkeypatch.setattr("yunheng.desk.listing._PRESSING", pressing)
    chance = random.Random(pressing + few)
    grounds, world = made_world(chance)
    rows_found = 0
    for viewer in viewers_of(grounds).values():
        filters = [random_filter(chance, grounds) for _pile in range(6)]
        live = visible_to(viewer).filter(is_open(), is_observed=False)
        piles = [narrowed(viewer, live, wanted, now=NOW) for wanted in filters]
        limit = chance.choice([1, 5, 20])
        numbers = {one.row.pk: one.row.number for one in world}
        found = [[numbers[pk] for pk in ids] for ids in first_due(viewer, piles, limit=limit)]
        assert found == [expected(viewer, world, wanted, BY_DUE)[:limit] for wanted in filters]
        rows_found += sum(map(len, found))
    assert rows_found > 20


def test_a_clock_that_another_version_tells_the_client_of_stays_internal_in_the_older_one(
    ground: Ground,
) -> None:
    """`hand_over` is the provider's alone until June, and a promise to the client from then on."""
    document = terms(ground.scope.key)
    for one in document["clocks"]:
        if one["key"] == "hand_over":
            one["audience"] = "client"
    newer = apply_terms(ground.contract, document, valid_from=datetime(2026, 6, 1, tzinfo=UTC))
    older_ticket, newer_ticket = (opened(ground).ticket for _n in range(2))
    LiveClock.objects.filter(subject_id__in=[older_ticket.pk, newer_ticket.pk]).delete()
    for ticket, version in ((older_ticket, ground.version), (newer_ticket, newer)):
        LiveClock.objects.create(
            scope=ground.scope,
            subject_id=ticket.pk,
            kind="hand_over",
            contract_version=version,
            status="running",
            due_at=NOW - timedelta(hours=1),
            breached_at=NOW - timedelta(hours=1),
            folded_at=NOW,
        )

    def late(role: str) -> set[str]:
        page = list_tickets(ground.viewer(role), wanted=TicketFilter(due="breached"), now=NOW)
        return {ticket.number for ticket in page.tickets}

    assert late("contact") == {newer_ticket.number}
    assert late("desk_agent") == {older_ticket.number, newer_ticket.number}  # sees both clocks anyway
