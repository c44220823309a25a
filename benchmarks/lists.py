"""Lists and searches over many tickets: each filter and order that the list offers, and free combinations.

Time is that of finding a page and its clocks, in the process; a page of HTML adds the same to each. Say which sizes by
YUNHENG_BENCH_TICKETS ("10000,100000,1000000").
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.cloning import clone
from benchmarks.measuring import database, row

SIZES = tuple(int(size) for size in os.environ.get("YUNHENG_BENCH_TICKETS", "10000,100000").split(","))
ROUNDS = int(os.environ.get("YUNHENG_BENCH_ROUNDS", "25"))


def run() -> list[dict[str, Any]]:
    """Rows of the table: p95 of each list, goals 100 ms (offered) and 400 ms (free, or a clear answer)."""
    rows = []
    for size in SIZES:
        with database() as embedded:
            people = _world().people
            clone(embedded, size)
            rows += measured(people, size)
    return rows


def _world() -> Any:
    """Contracts with teams and people, whose passwords nobody needs."""
    from django.conf import settings
    from tests.pages.world import build_world

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return build_world()


def measured(people: Any, size: int) -> list[dict[str, Any]]:
    """Each list for each viewer, ROUNDS times; the load of the machine stands in the last row."""
    from yunheng.desk.listing import TooBroad, list_tickets
    from yunheng.desk.workbench import workbench_of
    from yunheng.foundation.access import Viewer

    now = datetime.now(UTC)
    viewers = _viewers(people)
    rows = []

    def measure(name: str, viewer: Viewer, wanted: Any, order: str, goal: int, after: str = "") -> str:
        taken, answers, following = [], set(), ""
        for _round in range(ROUNDS):
            began = time.perf_counter()
            try:
                page = list_tickets(viewer, wanted=wanted, order=order, now=now, after=after)
                following = page.following
                answers.add(str(len(page.tickets)))
            except TooBroad:
                answers.add("narrow it")
            taken.append((time.perf_counter() - began) * 1000)
        note = f"p50 {statistics.median(taken):.1f}; rows {', '.join(sorted(answers))}; goal < {goal}"
        rows.append(row(f"{size:,}: {name}", _p95(taken), "ms p95", note))
        print(f"{rows[-1]['name']:60} {rows[-1]['value']:8.1f} ms  {note}", flush=True)
        return following

    for name, (wanted, order) in _offered(people, size, now).items():
        for who in ("all", "three", "one"):
            following = measure(f"{name}, {who}", viewers[who], wanted, order, 100)
            if following and who == "all":
                measure(f"{name}, {who}, next page", viewers[who], wanted, order, 100, after=following)
    offered = _offered(people, size, now)
    for who in ("client", "supplier", "asker"):
        for name in ("whole", "open", "by due", "one word of ten", "word that none has"):
            measure(f"{name}, {who}", viewers[who], *offered[name], 100)
    for name in ("whole", "open", "by due", "by priority"):
        wanted, order = offered[name]
        place = _deep_place(size, order)
        measure(f"{name}, all, a page far back", viewers["all"], wanted, order, 100, after=place)
    for name, (wanted, order) in _free(people, now).items():
        measure(f"{name}, all", viewers["all"], wanted, order, 400)
    for who, viewer in viewers.items():
        taken = [_timed(lambda viewer=viewer: workbench_of(viewer, now=now)) for _round in range(ROUNDS)]
        note = f"p50 {statistics.median(taken):.1f}; goal < 100; load {os.getloadavg()[0]:.1f}"
        rows.append(row(f"{size:,}: workbench, {who}", _p95(taken), "ms p95", note))
        print(f"{rows[-1]['name']:60} {rows[-1]['value']:8.1f} ms  {note}", flush=True)
    return rows


def _viewers(people: Any) -> dict[str, Any]:
    """An engineer in all, in three and in one contract (with half of the tickets), and those who see a part."""
    from yunheng.accounts.models import Person
    from yunheng.accounts.queries import viewer_for_person

    ken = viewer_for_person(people["ken"])
    asker = Person.objects.get(login="clone-7")
    return {
        "all": _with_grants(ken, {("engineer", None)}),
        "three": _with_grants(ken, {("engineer", scope_id) for scope_id in _scopes()[5:8]}),
        "one": ken,
        "client": viewer_for_person(people["bob"]),
        "supplier": viewer_for_person(people["sue"]),
        "asker": _with_grants(viewer_for_person(asker), {("requester", _scopes()[0])}),
    }


def _offered(people: Any, size: int, now: datetime) -> dict[str, tuple[Any, str]]:
    from yunheng.desk.listing import BY_DUE, BY_PRIORITY, NEWEST, TicketFilter

    team = str(people["ken"].teams.get().uuid)
    return {
        "whole": (TicketFilter(), NEWEST),
        "open": (TicketFilter(state="open"), NEWEST),
        "one state": (TicketFilter(state="waiting_client"), NEWEST),
        "closed": (TicketFilter(state="closed"), NEWEST),
        "no such state": (TicketFilter(state="restored"), NEWEST),
        "priority P1": (TicketFilter(priority="P1"), NEWEST),
        "rare service": (TicketFilter(service="line-control"), NEWEST),
        "rare source": (TicketFilter(channel="fax"), NEWEST),
        "source none has": (TicketFilter(channel="im"), NEWEST),
        "kind": (TicketFilter(kind="service_request"), NEWEST),
        "my teams": (TicketFilter(state="open", team="mine"), NEWEST),
        "a team": (TicketFilter(team=team), NEWEST),
        "mine": (TicketFilter(state="open", assignee="me"), NEWEST),
        "mine, closed too": (TicketFilter(assignee="me"), NEWEST),
        "unassigned": (TicketFilter(state="open", assignee="nobody"), NEWEST),
        "waiting for client": (TicketFilter(waiting="client"), NEWEST),
        "waiting for parts": (TicketFilter(waiting="provider"), NEWEST),
        "breached": (TicketFilter(state="open", due="breached"), NEWEST),
        "due within 8 h": (TicketFilter(state="open", due="8h"), NEWEST),
        "opened in a month": (TicketFilter(opened_from=now - timedelta(days=30)), NEWEST),
        "requester by name": (TicketFilter(requester="张海波"), NEWEST),
        "requester by surname": (TicketFilter(requester="张"), NEWEST),
        "requester by uuid": (TicketFilter(requester=_uuid_of("clone-7")), NEWEST),
        "by due": (TicketFilter(), BY_DUE),
        "by due, mine": (TicketFilter(assignee="me"), BY_DUE),
        "by due, breached": (TicketFilter(due="breached"), BY_DUE),
        "by priority": (TicketFilter(), BY_PRIORITY),
        "common word": (TicketFilter(text="故障"), NEWEST),
        "common word by due": (TicketFilter(text="故障"), BY_DUE),
        "one word of ten": (TicketFilter(text="端口"), NEWEST),
        "Latin word": (TicketFilter(text="switch"), NEWEST),
        "beginning of a word": (TicketFilter(text="rou"), NEWEST),
        "rare word": (TicketFilter(text=f"{size // 2}"), NEWEST),
        "two words": (TicketFilter(text="端口 磁盘"), NEWEST),
        "word that none has": (TicketFilter(text="紫外线"), NEWEST),
        "name of who asked": (TicketFilter(text="张海波"), NEWEST),
        "beginning of a number": (TicketFilter(text="BENCH-5-INC-2025"), NEWEST),
        "end of a number": (TicketFilter(text=f"{size // 2:07}"), NEWEST),
    }


def _free(people: Any, now: datetime) -> dict[str, tuple[Any, str]]:
    from yunheng.desk.listing import BY_DUE, NEWEST, TicketFilter

    team = str(people["ken"].teams.get().uuid)
    month = now - timedelta(days=30)
    wanted = {
        "P1, fax, closed": TicketFilter(state="closed", priority="P1", channel="fax"),
        "rare service, a team, word": TicketFilter(service="line-control", team=team, text="端口"),
        "common word, rare source": TicketFilter(text="故障", channel="fax"),
        "kind, P2, mine, 30 days": TicketFilter(
            kind="service_request", priority="P2", assignee="me", opened_from=month
        ),
        "requester, word, P1": TicketFilter(requester="张海波", text="端口", priority="P1"),
        "nothing fits": TicketFilter(kind="service_request", priority="P1", channel="fax", text="端口"),
        "team without match": TicketFilter(team=team, kind="service_request", priority="P1"),
        "old days, word": TicketFilter(text="端口", opened_until=now - timedelta(days=900)),
    }
    made = {name: (one, NEWEST) for name, one in wanted.items()}
    made["word, P1, by due"] = (TicketFilter(text="故障", priority="P1"), BY_DUE)
    return made


def _uuid_of(login: str) -> str:
    from yunheng.accounts.models import Person

    return str(Person.objects.get(login=login).uuid)


def _deep_place(size: int, order: str) -> str:
    """A place behind many pages: the middle of the list, or of the open tickets."""
    from yunheng.desk.listing import BY_DUE, NEWEST
    from yunheng.desk.models import Ticket
    from yunheng.sla.models import LiveClock

    if order == NEWEST:
        return str(Ticket.objects.order_by("-opened_at")[size // 2].number)
    if order == BY_DUE:
        clock = LiveClock.objects.filter(status="running").order_by("-due_at")[size // 1000]
        number = Ticket.objects.values_list("number", flat=True).get(pk=clock.subject_id)
        return f"{int(clock.due_at.timestamp())}~{number}"
    return str(Ticket.objects.filter(closed_at=None).order_by("-priority", "opened_at")[size // 1000].number)


def _scopes() -> list[int]:
    from yunheng.foundation.models import Scope

    return list(Scope.objects.order_by("pk").values_list("pk", flat=True))


def _with_grants(viewer: Any, grants: set[tuple[str, int | None]]) -> Any:
    from dataclasses import replace

    return replace(viewer, grants=frozenset(grants))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _p95(taken: list[float]) -> float:
    return sorted(taken)[max(0, round(len(taken) * 0.95) - 1)]
