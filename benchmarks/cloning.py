"""Fills a throwaway database with so many tickets that read like real ones, their clocks and their words.

Everything is made set-wise by the server; indexes are dropped before and built again afterwards. There are no journal
entries: who wants to move tickets opens some of their own. Call it once, after `tests.pages.world.build_world`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, connect

from benchmarks.measuring import timed

CONTRACTS = 20  #: the first has half of the tickets
PEOPLE = 2_000  #: who ask; those of the world do the work
DAYS = 1_000  #: of history; tickets come evenly
OPEN_DAYS = 10  #: nearly all tickets of the last days are open: 1 % of all

THINGS = ("端口", "磁盘", "备份", "登录", "网络", "打印机", "数据库", "证书", "内存", "温度")
LATIN = ("switch", "disk", "VPN", "SAP", "mail", "Oracle", "wifi", "badge", "router", "backup", "login")
_SURNAMES = "王李张刘陈杨赵黄周吴"
_GIVEN = ("海波", "敏", "建国", "丽", "志强", "静", "磊", "晓燕", "伟", "文博", "洋")
_TABLES = ("ticket", "live_clock", "ticket_words")


def clone(embedded: Any, size: int) -> None:
    """`size` tickets over CONTRACTS contracts, a skewed mix of values, with 3 clocks and 2 rows of words each."""
    with connect(embedded.superuser_url, autocommit=True) as server:
        server.execute("SET session_replication_role = replica")  # rows refer to rows that were just read
        server.execute("SET synchronous_commit = off")
        server.execute("SET maintenance_work_mem = '512MB'")
        server.execute("SET work_mem = '256MB'")
        _contracts(server)
        _people(server)
        with _without_indexes(embedded.superuser_url, server):
            values = {"size": size, "days": DAYS, "open_days": OPEN_DAYS, "contracts": CONTRACTS}
            with timed("tickets"):
                server.execute(_TICKETS, {**values, "things": list(THINGS), "latin": list(LATIN)})
                server.execute("ANALYZE ticket")
            with timed("clocks and words"):
                side_by_side(embedded.superuser_url, [lambda one: one.execute(_CLOCKS), _words])
        _check(server)
        with timed("statistics"):
            for table in (*_TABLES, "person", "scope", "contract"):
                server.execute(f"VACUUM ANALYZE {table}")
            server.execute("CHECKPOINT")


def side_by_side(url: str, steps: Sequence[Callable[[Connection[Any]], object]]) -> None:
    """Each step with a connection of its own that hurries as those of `clone`, as many at once as there are processors.

    Raises what a step raised.
    """

    def take(step: Callable[[Connection[Any]], object]) -> None:
        with connect(url, autocommit=True) as server:
            server.execute("SET session_replication_role = replica")
            server.execute("SET synchronous_commit = off")
            server.execute("SET maintenance_work_mem = '512MB'")
            server.execute("SET work_mem = '256MB'")
            server.execute("SET max_parallel_maintenance_workers = 0")  # we are the parallel ones
            step(server)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(take, step) for step in steps]:
            done.result()


@contextmanager
def _without_indexes(url: str, server: Connection[Any]) -> Iterator[None]:
    """Drop the indexes of the large tables for a while, but for primary keys, which others refer to."""
    found = server.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indrelid::regclass::text,
            c.conname
        FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
        WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary""",
        [list(_TABLES)],
    ).fetchall()
    for index, _definition, table, constraint in found:
        server.execute(
            f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"' if constraint else f"DROP INDEX {index}"
        )
    yield
    found.sort(key=lambda row: "USING gin" not in row[1])  # what takes longest begins first
    with timed("indexes"):
        side_by_side(url, [lambda one, row=row: one.execute(row[1]) for row in found])
        for _index, _definition, table, constraint in found:
            if constraint:
                server.execute(
                    f'ALTER TABLE {table} ADD CONSTRAINT "{constraint}" UNIQUE USING INDEX "{constraint}"'
                )


def _contracts(server: Connection[Any]) -> None:
    server.execute(
        """
        INSERT INTO scope (uuid, key, name, zone)
        SELECT gen_random_uuid(), 'bench-' || n, 'bench', 'Asia/Shanghai' FROM generate_series(2, %s) n""",
        [CONTRACTS],
    )
    server.execute(
        """
        INSERT INTO contract (scope_id, title, provider_id, client_id)
        SELECT s.id, s.key, c.provider_id, c.client_id FROM scope s, (SELECT * FROM contract LIMIT 1) c
        WHERE s.key LIKE 'bench-%'"""
    )


def _people(server: Connection[Any]) -> None:
    server.execute(
        """
        INSERT INTO person (uuid, login, name, password, email, organisation_id, language, zone, is_active)
        SELECT gen_random_uuid(), 'clone-' || n,
            surnames[1 + n %% 10] || given[1 + (n / 10) %% 11] || CASE WHEN n > 110 THEN given[1 + n %% 11] ELSE '' END,
            '', '', (SELECT min(client_id) FROM contract), 'zh-hans', 'Asia/Shanghai', true
        FROM generate_series(1, %(people)s) n,
            (SELECT %(surnames)s::text[] AS surnames, %(given)s::text[] AS given) names""",
        {"people": PEOPLE, "surnames": list(_SURNAMES), "given": list(_GIVEN)},
    )


_TICKETS = """
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
        things[1 + n %% 10] || '故障 ' || latin[1 + (n / 3) %% 11] || ' ' || n || ' 号机房 '
            || things[1 + (n / 10) %% 10],
        repeat('现场反馈设备异常,需要尽快处理。', 3),
        CASE WHEN n %% 2000 = 7 THEN 'fax' WHEN n %% 3 = 0 THEN 'mail' ELSE 'portal' END,
        CASE WHEN n %% 1000 = 3 THEN 'line-control' ELSE 'server' END, 'low', 'low',
        CASE WHEN n %% 100 = 1 THEN 'P1' WHEN n %% 10 < 3 THEN 'P2' ELSE 'P3' END, false, '',
        'CI-' || n %% 5000, '',
        CASE WHEN n %% 7 > 0 THEN teams[1 + n %% array_length(teams, 1)] END,
        CASE WHEN n %% 3 > 0 THEN workers[1 + (n / 2) %% array_length(workers, 1)] END,
        CASE WHEN n %% 20 = 11 THEN supplier_id END,
        askers[1 + (n::bigint * 7919) %% array_length(askers, 1)], '',
        CASE WHEN NOT is_open THEN '更换部件后恢复。' ELSE '' END, NULL,
        CASE WHEN NOT is_open THEN at + interval '6 hours' END,
        CASE WHEN NOT is_open THEN at + interval '2 days' END, at + interval '1 hour', 0, false, '', ''
    FROM (
        SELECT n, now() - at_days * interval '1 day' AS at,
            at_days < %(open_days)s AND n %% 10 > 0 OR n %% 2000 = 0 AS is_open,
            CASE WHEN mixed %% 2 = 0 THEN 1 ELSE 2 + (mixed / 2) %% (%(contracts)s - 1) END AS place
        FROM (SELECT n, %(days)s * (1 - n::float / %(size)s) AS at_days, hashint4(n) & 2147483647 AS mixed
              FROM generate_series(1, %(size)s) n) numbered
    ) made
    JOIN (SELECT id, key, row_number() OVER (ORDER BY id) AS place FROM scope) s USING (place),
        (SELECT array_agg(id ORDER BY id) AS teams FROM team) t,
        (SELECT array_agg(id ORDER BY id) FILTER (WHERE login LIKE 'clone-%%') AS askers,
            array_agg(id ORDER BY id) FILTER (WHERE login NOT LIKE 'clone-%%') AS workers FROM person) p,
        (SELECT min(id) AS supplier_id FROM organisation WHERE kind = 'supplier') o,
        (SELECT %(things)s::text[] AS things, %(latin)s::text[] AS latin) w"""

#: Open ones are due between hours and two weeks after they were opened: some late, some today, most later.
_CLOCKS = """
    INSERT INTO live_clock (scope_id, subject_id, kind, contract_version_id, reason, status, profile, started_at,
        stopped_at, due_at, breached_at, settled_at, goal_seconds, elapsed_seconds, is_met, is_provisional, cycle,
        warned_share, is_breach_recorded, next_check_at, folded_at)
    SELECT t.scope_id, t.id, t.kind, version_id, '', t.status, '', t.opened_at, t.closed_at,
        CASE WHEN t.status <> 'paused' THEN t.due_at END,
        CASE WHEN t.status <> 'stopped' AND t.due_at < now() THEN t.due_at END,
        NULL, 86400, 600, CASE WHEN t.status = 'stopped' THEN true END, false, 0, 0, false,
        CASE WHEN t.status = 'running' THEN greatest(t.due_at, now() + interval '1 hour') END, now()
    FROM (
        SELECT scope_id, id, k.kind, opened_at, closed_at,
            opened_at + (1 + id % 14) * share * interval '1 day' AS due_at,
            CASE WHEN closed_at IS NOT NULL OR k.kind = 'respond' THEN 'stopped'
                 WHEN state LIKE 'waiting%' THEN 'paused' ELSE 'running' END AS status
        FROM ticket, (VALUES ('respond', 0.1), ('restore', 0.7), ('resolve', 1.0)) k (kind, share)
        WHERE NOT EXISTS (SELECT FROM live_clock c WHERE c.subject_id = ticket.id)
    ) t,
        (SELECT max(id) AS version_id FROM contract_version
         WHERE contract_id = (SELECT min(contract_id) FROM contract_version)) v"""


def _words(server: Connection[Any]) -> None:
    """Words as the product makes them: parts of titles by `logic.words` once, put together by the server."""
    from yunheng.logic.words import vector, words_of

    def made(texts: tuple[str, ...]) -> list[str]:
        return [vector(words_of(text)) for text in texts]

    server.execute(
        """
        INSERT INTO ticket_words (subject_id, visibility, words)
        SELECT id, 'shared', concat_ws(' ', failed[1 + n % 10], things[1 + (n / 10) % 10], latin[1 + (n / 3) % 11],
            room, lower(translate(number, '-', ' ')), n, lower(ci), split_part(ci, '-', 2), result)::tsvector
        FROM (SELECT id, number, replace(ci, '-', ' ') AS ci, substring(number from '[0-9]+$')::int AS n,
                  CASE WHEN closed_at IS NOT NULL THEN %(result)s ELSE '' END AS result
              FROM ticket WHERE title LIKE '%%号机房%%') t,
            (SELECT %(failed)s::text[] AS failed, %(things)s::text[] AS things, %(latin)s::text[] AS latin,
                %(room)s AS room) w""".replace(" % ", " %% "),
        {
            "failed": made(tuple(f"{thing}故障" for thing in THINGS)),
            "things": made(THINGS),
            "latin": made(LATIN),
            "room": made(("号机房 现场反馈设备异常,需要尽快处理。",))[0],
            "result": made(("更换部件后恢复。",))[0],
        },
    )
    names = server.execute("SELECT id, name FROM person WHERE login LIKE 'clone-%'").fetchall()
    server.execute(
        """
        INSERT INTO ticket_words (subject_id, visibility, words)
        SELECT t.id, 'personal', name.words::tsvector
        FROM ticket t JOIN unnest(%s::bigint[], %s::text[]) name (id, words) ON name.id = t.requester_id
        WHERE t.title LIKE '%%号机房%%'""",
        [[one for one, _name in names], [vector(words_of(name)) for _one, name in names]],
    )


def _check(server: Connection[Any]) -> None:
    """The words of one clone are those that the product makes of it."""
    from yunheng.desk.models import Ticket
    from yunheng.desk.searching import _row_words
    from yunheng.logic.words import vector

    ticket = Ticket.objects.filter(title__contains="号机房").order_by("-pk")[0]
    told = server.execute(
        "SELECT words = %s::tsvector FROM ticket_words WHERE subject_id = %s AND visibility = 'shared'",
        [vector(_row_words(ticket)), ticket.pk],
    ).fetchone()
    assert told == (True,), "the clone's words differ from those that the product keeps"
