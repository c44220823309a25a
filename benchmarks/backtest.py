"""A backtest over 1,000,000 tickets of a year: two contracts, twelve months, scores, money, and what differs."""

import gzip
import os
import resource
import sys
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from benchmarks.measuring import database, row, seconds

TICKETS = int(os.environ.get("YUNHENG_BENCH_TICKETS", "1000000"))
_SCORING = """
scoring:
  full: 100
  events:
    late: {label: Late, from: {clock: resolve, unit: hours, only: {priority: P1}}}
  sections:
    speed:
      label: Speed
      items:
        answered: {label: Answered, points: 40, indicator: response_timeliness, ratio: {at_least: 95 %}}
        solved: {label: Solved, points: 40, indicator: resolution_timeliness, ratio: {at_least: 90 %}}
        urgent: {label: Urgent, points: 20, indicator: resolution_timeliness, only: {priority: P1},
          step: {at_least: 90 %, unit: 1 %, points: 1}}
        lateness: {label: Late, occurrence: {of: [late], points: 0.0001}}
  grades:
    good: {label: Good, from: 80}
    poor: {label: Poor, below: 80}
  settlement: {currency: CNY, coefficients: [{from: 80, coefficient: 1}, {below: 80, coefficient: 0.9}]}
"""


def run() -> list[dict[str, Any]]:
    """Rows of the table. The facts are put in as the projection holds them; no figure is."""
    with database() as embedded:
        return _measure(embedded.superuser_url)


def _measure(superuser_url: str) -> list[dict[str, Any]]:
    from decimal import Decimal

    from yunheng.appraisal import study
    from yunheng.appraisal.whatif.answer import Asked, Backtest, Money, backtest
    from yunheng.appraisal.whatif.document import csv_of, document_of
    from yunheng.appraisal.whatif.draft import read_draft
    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.packs import contract_pack
    from yunheng.contracts.queries import contract_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER

    document = contract_pack("office-8x5") + _SCORING.encode()
    apply_contract(viewer=SYSTEM_VIEWER, at=datetime(2026, 1, 1, tzinfo=UTC), data=document)
    contract = contract_by_key("office-8x5")
    facts = _fill(contract.pk)
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute(
            "VACUUM ANALYZE ticket, clock_fact"
        )  # as the autovacuum of a running system has done
    print("filled", file=sys.stderr, flush=True)
    asked = Asked(date(2026, 1, 1), date(2026, 12, 31), money=Money(fee=Decimal(100_000)))
    now = datetime(2027, 2, 1, tzinfo=UTC)
    found: list[Backtest] = []
    shares: list[str] = []

    def replayed(goal: str) -> None:
        text = document.decode().replace("resolve: 2 working days}", f"resolve: {goal}}}")
        found[:] = [backtest(contract, read_draft("draft", text.encode()), asked, now=now)]
        data = document_of(found[0])
        assert len(data["scores"]) == 12
        shares[:] = [one["rows"][0]["old"]["value"] for one in data["indicators"][:2]]
        assert next(one["total"] for one in data["differences"] if one["key"] == "resolve") > TICKETS / 100

    def cold() -> None:
        study._recent.clear()
        replayed("1 working day")

    at_first = seconds(cold, rounds=1)
    kept = seconds(lambda: replayed("12 h"), rounds=3)
    total = sum(one.total for one in found[0].differences)

    def told() -> None:
        with gzip.open(os.devnull, "wt", compresslevel=1) as file:
            file.writelines(csv_of(found[0], reads_all=True))

    file = seconds(told, rounds=1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    of = f"{TICKETS:,} tickets, {facts:,} facts, {shares[1]} % of resolutions in time, 12 months with scores and money"
    return [
        row("backtest, cold", at_first, "s", f"{of}; goal for 1 M < 30 s", digits=1),
        row(
            "backtest, from snapshot",
            kept,
            "s",
            "another draft; facts and the contract's own clocks are kept in memory; goal for 1 M < 8 s",
            digits=1,
        ),
        row("backtest, all changes as CSV", file, "s", f"{total:,} changes, compressed", digits=1),
        row("backtest, memory at the peak", memory, "MB", "the process that replays", digits=0),
    ]


def _fill(scope_id: int) -> int:
    """Tickets of a year with assignments, waits, resolutions and closings, made by the database; number of facts."""
    from django.db import connection

    from yunheng.logic.facts import FactKind, Party
    from yunheng.sla.terms import term_ids

    profiles = [
        f"{service}|P{rank}" for service in ("desktop", "network", "application") for rank in (1, 2, 3, 4)
    ]
    teams = [f"team-{number}" for number in range(12)]
    ids = term_ids([*profiles, *teams, "waiting_client", "first"])
    first = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(
            """
            CREATE TEMP TABLE life AS
            SELECT id, opened, opened + answer AS answered, place, team, waits,
                   opened + answer + 600 + pause AS waiting, opened + answer + 600 + pause + wait AS waited,
                   opened + answer + 600 + CASE WHEN waits THEN pause + wait ELSE 0 END + work AS resolved
            FROM (
                SELECT id, %s + (random() * 364 * 86400)::bigint AS opened, (60 + random() * 5340)::bigint AS answer,
                       4 * floor(random() * 3)::int + rank - 1 AS place, floor(random() * 12)::int AS team,
                       random() < 0.4 AS waits, (random() * 20000)::bigint AS pause,
                       (600 + random() * 90000)::bigint AS wait,
                       (600 + 600000 * random() ^ (40 / rank))::bigint AS work
                FROM (
                    SELECT id, width_bucket(random(), ARRAY[0, 0.05, 0.2, 0.7]) AS rank
                    FROM generate_series(1, %s) AS id
                ) AS ticket
            ) AS dice""",
            [first, TICKETS],
        )
        cursor.execute(
            """
            INSERT INTO ticket (id, uuid, scope_id, number, state, process_key, process_version, row_version, opened_at,
                kind, title, description, channel, service, impact, urgency, priority, is_major, category, ci, cause,
                requester_name, resolution, reopen_count, is_observed, source_system, source_number)
            SELECT id, lpad(id::text, 32, '0')::uuid, %s, 'OFFICE-8X5-INC-2026-' || lpad(id::text, 7, '0'), 'closed',
                   'incident', 1, 1, to_timestamp(opened), 'incident', 'A printer does not print', '', 'phone',
                   split_part((%s::text[])[place + 1], '|', 1), '', '', split_part((%s::text[])[place + 1], '|', 2),
                   false, '', '', '', '', '', 0, false, '', ''
            FROM life""",
            [scope_id, profiles, profiles],
        )
        steps = (
            ("opened", FactKind.OPENED, "0", "0", "0", "true"),
            ("opened", FactKind.PROFILED, "(%(profiles)s::int[])[place + 1]", "0", "0", "true"),
            ("answered", FactKind.RESPONDED, "0", "0", "0", "true"),
            ("answered", FactKind.ASSIGNED, "(%(teams)s::int[])[team + 1]", "0", "0", "true"),
            ("waiting", FactKind.WAIT_BEGAN, "%(waiting)s", str(int(Party.CLIENT)), "1", "waits"),
            ("waited", FactKind.WAIT_ENDED, "0", "0", "1", "waits"),
            ("resolved", FactKind.RESOLVED, "%(first)s", "0", "0", "true"),
            ("resolved + 86400", FactKind.CLOSED, "0", "0", "0", "true"),
        )
        rows = " UNION ALL ".join(
            f"SELECT id, {at} AS at, (id * 8 + {place}) * 8 AS seq, {int(kind)} AS kind, {term} AS term,"
            f" {party} AS party, {ref} AS ref FROM life WHERE {when}"
            for place, (at, kind, term, party, ref, when) in enumerate(steps)
        )
        cursor.execute(
            f"""
            INSERT INTO clock_fact
                (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)
            SELECT %(scope)s, id, at, seq, kind, term, party, ref, seq / 8, 0
            FROM ({rows}) AS fact ORDER BY id, at, seq""",
            {
                "scope": scope_id,
                "profiles": [ids[text] for text in profiles],
                "teams": [ids[text] for text in teams],
                "waiting": ids["waiting_client"],
                "first": ids["first"],
            },
        )
        count: int = cursor.rowcount
    return count


if __name__ == "__main__":
    for line in run():
        print(line)
