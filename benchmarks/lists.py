"""Lists and searches over many tickets: each filter and order that the list offers, and free combinations.

Real tickets are cloned set-wise in SQL, with their clocks and words. Time is that of finding a page and its clocks, in
the process; a page of HTML adds the same to each. Say which sizes by YUNHENG_BENCH_TICKETS ("10000,100000,1000000").
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import connect

from benchmarks.measuring import database, row

SIZES = tuple(int(size) for size in os.environ.get("YUNHENG_BENCH_TICKETS", "10000,100000").split(","))
ROUNDS = int(os.environ.get("YUNHENG_BENCH_ROUNDS", "25"))
CONTRACTS = 20
OPEN_SHARE = 0.02  #: of all tickets; 20 000 open ones of a million

WORDS = ("端口", "磁盘", "备份", "登录", "网络", "打印机", "数据库", "证书", "内存", "温度")


def run() -> list[dict[str, Any]]:
    """Rows of the table: p95 of each list, goals 100 ms (offered) and 400 ms (free, or a clear answer)."""
    rows = []
    for size in SIZES:
        with database() as embedded:
            world = _world()
            with connect(embedded.owner_url, autocommit=True) as owner:
                owner.execute("DROP INDEX ticket_words_words")
                _clone(size)
                owner.execute("SET maintenance_work_mem = '512MB'")
                owner.execute("CREATE INDEX ticket_words_words ON ticket_words USING gin (words)")
                for table in ("ticket", "live_clock", "ticket_words"):
                    owner.execute(f"VACUUM ANALYZE {table}")
            rows += _measure(world.people, size)
    return rows


def _world() -> Any:
    """Contracts with teams and people, whose passwords nobody needs."""
    from django.conf import settings
    from tests.pages.world import build_world

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return build_world()


def _execute(statement: str, values: Any = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _clone(size: int) -> None:
    """So many tickets over CONTRACTS scopes, the first with half of them; a skewed mix of values, few of them open."""
    _execute(
        """
        INSERT INTO scope (uuid, key, name, zone)
        SELECT gen_random_uuid(), 'bench-' || n, 'bench', 'Asia/Shanghai' FROM generate_series(2, %s) n""",
        [CONTRACTS],
    )
    _execute(
        """
        INSERT INTO contract (scope_id, title, provider_id, client_id)
        SELECT s.id, s.key, c.provider_id, c.client_id FROM scope s, (SELECT * FROM contract LIMIT 1) c
        WHERE s.key LIKE 'bench-%%'"""
    )
    _execute(
        """
        INSERT INTO ticket (id, uuid, scope_id, number, state, process_key, process_version, row_version, opened_at,
            kind, title, description, channel, service, impact, urgency, priority, is_major, category, ci, cause,
            team_id, assignee_id, supplier_id, requester_id, requester_name, resolution, restored_at, resolved_at,
            closed_at, moved_at, reopen_count, is_observed, source_system, source_number)
        SELECT nextval('subject_id_seq'), gen_random_uuid(), s.id,
            upper(s.key) || '-INC-' || to_char(at, 'YYYYMMDD') || '-' || lpad(n::text, 7, '0'),
            CASE WHEN NOT is_open THEN 'closed' ELSE
                (ARRAY['new','accepted','in_progress','in_progress','waiting_client','waiting_supplier'])
                [1 + n %% 6] END,
            'incident', 1, 3, at,
            CASE WHEN n %% 4 = 0 THEN 'service_request' ELSE 'incident' END,
            words[1 + n %% 10] || '故障 ' || n || ' 号机房 ' || words[1 + (n / 10) %% 10],
            repeat('现场反馈设备异常,需要尽快处理。', 3),
            CASE WHEN n %% 2000 = 7 THEN 'fax' WHEN n %% 3 = 0 THEN 'mail' ELSE 'portal' END,
            CASE WHEN n %% 1000 = 3 THEN 'line-control' ELSE 'server' END, 'low', 'low',
            CASE WHEN n %% 100 = 1 THEN 'P1' WHEN n %% 10 < 3 THEN 'P2' ELSE 'P3' END, false, '',
            'CI-' || n %% 5000, '',
            CASE WHEN n %% 7 > 0 THEN teams[1 + n %% array_length(teams, 1)] END,
            CASE WHEN n %% 3 > 0 THEN people[1 + n %% array_length(people, 1)] END, NULL,
            people[1 + (n / 7) %% array_length(people, 1)], '', '', NULL,
            CASE WHEN NOT is_open THEN at + interval '6 hours' END,
            CASE WHEN NOT is_open THEN at + interval '2 days' END, at + interval '1 hour', 0, false, '', ''
        FROM (
            SELECT n, n > %(size)s * (1 - %(open)s) AND n %% 10 > 0 OR n %% 2000 = 0 AS is_open,
                now() - interval '1000 days' * (1 - n::float / %(size)s) AS at,
                CASE WHEN n %% 2 = 0 THEN 1 ELSE 2 + (n / 2) %% (%(contracts)s - 1) END AS place
            FROM generate_series(1, %(size)s) n
        ) made
        JOIN (SELECT id, key, row_number() OVER (ORDER BY id) AS place FROM scope) s USING (place),
            (SELECT array_agg(id ORDER BY id) AS teams FROM team) t,
            (SELECT array_agg(id ORDER BY id) AS people FROM person) p,
            (SELECT %(words)s::text[] AS words) w""",
        {"size": size, "open": OPEN_SHARE, "contracts": CONTRACTS, "words": list(WORDS)},
    )
    _execute(
        """
        INSERT INTO live_clock (scope_id, subject_id, kind, contract_version_id, reason, status, profile, started_at,
            stopped_at, due_at, breached_at, settled_at, goal_seconds, elapsed_seconds, is_met, is_provisional, cycle,
            warned_share, is_breach_recorded, next_check_at, folded_at)
        SELECT t.scope_id, t.id, k.kind, v.id, '',
            CASE WHEN t.closed_at IS NOT NULL OR k.kind = 'respond' THEN 'stopped'
                 WHEN t.state LIKE 'waiting%%' THEN 'paused' ELSE 'running' END, '', t.opened_at, t.closed_at,
            CASE WHEN t.closed_at IS NULL AND t.state LIKE 'waiting%%' THEN NULL
                 ELSE t.opened_at + interval '20 days' END,
            CASE WHEN t.closed_at IS NULL AND t.opened_at < now() - interval '20 days'
                 THEN t.opened_at + interval '20 days' END,
            NULL, 86400, 600, t.closed_at IS NOT NULL OR NULL, false, 0, 0, false,
            CASE WHEN t.closed_at IS NULL THEN t.opened_at + interval '20 days' END, now()
        FROM ticket t, (VALUES ('respond'), ('restore'), ('resolve')) k (kind),
            (SELECT max(id) AS id FROM contract_version
             WHERE contract_id = (SELECT min(contract_id) FROM contract_version)) v
        WHERE NOT EXISTS (SELECT FROM live_clock c WHERE c.subject_id = t.id)"""
    )
    _clone_words()


def _clone_words() -> None:
    """Words as the product makes them, of title and number (made in Python, sent by COPY)."""
    from django.db import connection

    from yunheng.desk.models import Ticket
    from yunheng.desk.searching import COPY_WORDS, copy_line, observed_words

    last = 0
    while True:
        found = Ticket.objects.filter(pk__gt=last, title__contains="号机房").order_by("pk")
        rows = list(found.values_list("pk", "number", "title", "requester__name")[:50_000])
        if not rows:
            return
        lines = []
        for subject_id, number, title, name in rows:
            lines.append(copy_line(subject_id, "shared", observed_words(number, "", (title,))))
            lines.append(copy_line(subject_id, "personal", observed_words("", "", (name or "",))))
        with connection.cursor() as cursor, cursor.copy(COPY_WORDS) as copy:
            copy.write("".join(lines))
        last = rows[-1][0]


def _measure(people: Any, size: int) -> list[dict[str, Any]]:
    from yunheng.accounts.queries import viewer_for_person
    from yunheng.desk.listing import BY_DUE, BY_PRIORITY, NEWEST, TicketFilter, TooBroad, list_tickets
    from yunheng.desk.workbench import workbench_of
    from yunheng.foundation.access import Viewer

    now = datetime.now(UTC)
    wide = viewer_for_person(people["ken"])
    # ken with his role in every contract, and with that in three of them
    everywhere = _with_grants(wide, {("engineer", None)})
    three = _with_grants(wide, {("engineer", scope_id) for scope_id in _scopes()[5:8]})
    client = viewer_for_person(people["bob"])
    month = now - timedelta(days=30)
    team = str(people["ken"].teams.get().uuid)
    offered: dict[str, tuple[TicketFilter, str]] = {
        "all": (TicketFilter(), NEWEST),
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
        "unassigned": (TicketFilter(state="open", assignee="nobody"), NEWEST),
        "waiting for client": (TicketFilter(waiting="client"), NEWEST),
        "waiting for parts": (TicketFilter(waiting="provider"), NEWEST),
        "breached": (TicketFilter(state="open", due="breached"), NEWEST),
        "due within 8 h": (TicketFilter(state="open", due="8h"), NEWEST),
        "opened in a month": (TicketFilter(opened_from=month), NEWEST),
        "requester by name": (TicketFilter(requester="王海波"), NEWEST),
        "by due": (TicketFilter(), BY_DUE),
        "by due, mine": (TicketFilter(assignee="me"), BY_DUE),
        "by due, breached": (TicketFilter(due="breached"), BY_DUE),
        "by priority": (TicketFilter(), BY_PRIORITY),
        "common word": (TicketFilter(text="故障"), NEWEST),
        "one word of ten": (TicketFilter(text="端口"), NEWEST),
        "rare word": (TicketFilter(text=f"{size // 2}"), NEWEST),
        "two words": (TicketFilter(text="端口 磁盘"), NEWEST),
        "word that none has": (TicketFilter(text="紫外线"), NEWEST),
        "beginning of a number": (TicketFilter(text="BENCH-5-INC-20250"), NEWEST),
    }
    free: dict[str, tuple[TicketFilter, str]] = {
        "P1, fax, closed": (TicketFilter(state="closed", priority="P1", channel="fax"), NEWEST),
        "rare service, a team, word": (TicketFilter(service="line-control", team=team, text="端口"), NEWEST),
        "common word, open, by due": (TicketFilter(text="故障"), BY_DUE),
        "common word, rare source": (TicketFilter(text="故障", channel="fax"), NEWEST),
        "kind, P2, assignee, 30 days": (
            TicketFilter(kind="service_request", priority="P2", assignee="me", opened_from=month),
            NEWEST,
        ),
        "requester, word, P1": (TicketFilter(requester="王海波", text="端口", priority="P1"), NEWEST),
        "nothing fits": (
            TicketFilter(kind="service_request", priority="P1", channel="fax", text="端口"),
            NEWEST,
        ),
    }
    rows = []

    def measure(name: str, viewer: Viewer, wanted: TicketFilter, order: str, goal: int) -> None:
        taken, answers = [], set()
        for _round in range(ROUNDS):
            began = time.perf_counter()
            try:
                answers.add(len(list_tickets(viewer, wanted=wanted, order=order, now=now).tickets))
            except TooBroad:
                answers.add("narrow it")
            taken.append((time.perf_counter() - began) * 1000)
        note = f"least {min(taken):.1f}, p50 {statistics.median(taken):.1f}"
        note += f"; rows {sorted(map(str, answers))}; goal < {goal}"
        rows.append(row(f"{size:,}: {name}", _p95(taken), "ms p95", note))
        print(f"{rows[-1]['name']:60} {rows[-1]['value']:8.1f} ms  {note}", flush=True)

    for name, (wanted, order) in offered.items():
        measure(f"{name}, all contracts", everywhere, wanted, order, 100)
        measure(f"{name}, three contracts", three, wanted, order, 100)
    for name in ("all", "open", "by due", "one word of ten", "word that none has"):
        measure(f"{name}, a client", client, *offered[name], 100)
    for name, (wanted, order) in free.items():
        measure(f"{name}, all contracts", everywhere, wanted, order, 400)
    taken = [_timed(lambda: workbench_of(everywhere, now=now)) for _round in range(ROUNDS)]
    rows.append(row(f"{size:,}: workbench", _p95(taken), "ms p95", f"p50 {statistics.median(taken):.1f}"))
    print(rows[-1])
    return rows


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
