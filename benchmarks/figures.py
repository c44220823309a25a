"""A month over 100,000 tickets: reading facts, folding clocks, every indicator, the dashboard, the whole report."""

import os
import random
import resource
from datetime import UTC, date, datetime
from typing import Any

from benchmarks.measuring import database, row, seconds

TICKETS = 100_000
MONTH = {"start": date(2026, 4, 1), "end": date(2026, 4, 30)}
_FIRST = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp())
_SPAN = 29 * 86_400


def run() -> list[dict[str, Any]]:
    """Rows of the table. The facts are put in as the projection holds them; no figure is."""
    with database():
        return _measure()


def _measure() -> list[dict[str, Any]]:
    from yunheng.appraisal import queries, study
    from yunheng.appraisal.dashboard import board_page
    from yunheng.appraisal.periods import month_of
    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.packs import contract_pack
    from yunheng.contracts.queries import contract_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.reports.period import Month
    from yunheng.reports.previewing import preview
    from yunheng.sla.snapshot import load_facts

    apply_contract(viewer=SYSTEM_VIEWER, at=datetime.now(UTC), data=contract_pack("office-8x5"))
    contract = contract_by_key("office-8x5")
    facts = _fill(contract.pk)
    loading = seconds(lambda: load_facts(contract.pk), rounds=3)
    asked = {"contract": contract, **MONTH}

    def cold() -> None:
        study._recent.clear()
        found = queries.figures(**asked, by="priority")
        assert (
            sum(one.denominator for one in found.rows if one.key == "sla_attainment" and not one.group)
            > TICKETS
        )

    figures = seconds(cold, rounds=3)
    warm = seconds(lambda: queries.figures(**asked), rounds=3)
    page = seconds(lambda: queries.items(key="sla_attainment", part="misses", **asked), rounds=3)
    now = datetime(2026, 4, 30, 15, 59, tzinfo=UTC)
    month = month_of(MONTH["start"])
    study._recent.clear()
    dashboard = seconds(lambda: board_page(SYSTEM_VIEWER, contract, month, now=now), rounds=1)
    again = seconds(lambda: board_page(SYSTEM_VIEWER, contract, month, now=now), rounds=5)

    def report(*formats: str) -> None:
        study._recent.clear()
        april = Month("2026-04", contract.scope.zone)
        made = preview(contract, "monthly", april, "zh-Hans", formats, now=now)
        assert set(made.files) == set(formats)

    before = _worked()
    written = seconds(lambda: report("docx", "pdf"))
    between = _worked()
    listed = seconds(lambda: report("xlsx"))
    after = _worked()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    renderer = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    of = f"{TICKETS:,} tickets, {facts:,} facts"
    return [
        row("facts read", facts / loading, "facts/s", of, digits=0),
        row("figures of a month, cold", figures, "s", f"{of}, by priority; goal < 5 s", digits=2),
        row(
            "figures of a month, again", warm, "s", "facts and clocks kept from the question before", digits=2
        ),
        row("first page of misses", page, "s", "the items behind one figure", digits=3),
        row(
            "dashboard of a month, cold",
            dashboard,
            "s",
            "promises with twelve months, volumes, load, waiting",
            digits=2,
        ),
        row(
            "dashboard of a month, again", again, "s", "the same from the same study; goal < 0.3 s", digits=3
        ),
        row(
            "monthly report, Word and PDF",
            written,
            "s",
            f"{between - before:.1f} s of processor; {of}: figures and files; goals < 5 s and < 10 s",
            digits=2,
        ),
        row(
            "monthly report, Excel",
            listed,
            "s",
            f"{after - between:.1f} s of processor; figures and {TICKETS:,} rows from the database; goal < 30 s",
            digits=2,
        ),
        row("memory at the peak", memory, "MB", "the process that asks; goal < 500 MB", digits=0),
        row("memory of the renderer", renderer, "MB", "of the same reports; goal < 500 MB", digits=0),
    ]


def _worked() -> float:
    """Processor seconds of this process and of those that it waited for: on a busy machine the better measure."""
    return sum(os.times()[:4])


def _fill(scope_id: int) -> int:
    """Tickets of April with assignments, waits, resolutions and closings; returns the number of facts."""
    from django.db import connection

    from yunheng.logic.facts import FactKind, Party
    from yunheng.sla.terms import term_ids

    dice = random.Random(20260401)
    profiles = [
        f"{service}|P{rank}" for service in ("desktop", "network", "application") for rank in (1, 2, 3, 4)
    ]
    teams = [f"team-{number}" for number in range(12)]
    ids = term_ids([*profiles, *teams, "waiting_client", "first", "second"])
    tickets, facts = [], []

    def add(subject: int, at: int, kind: FactKind, term: str = "", party: int = 0, ref: int = 0) -> None:
        seq = 8 * len(facts) + 8
        facts.append((scope_id, subject, at, seq, int(kind), ids.get(term, 0), party, ref, seq // 8, 0))

    for subject in range(1, TICKETS + 1):
        at = _FIRST + dice.randrange(_SPAN)
        profile, team = dice.choice(profiles), dice.choice(teams)
        number = f"OFFICE-8X5-INC-202604-{subject:06d}"
        tickets.append((subject, scope_id, number, profile, datetime.fromtimestamp(at, UTC)))
        add(subject, at, FactKind.OPENED)
        add(subject, at, FactKind.PROFILED, profile)
        at += dice.randrange(60, 5400)
        add(subject, at, FactKind.RESPONDED)
        add(subject, at, FactKind.ASSIGNED, team)
        if dice.random() < 0.4:
            at += dice.randrange(600, 20_000)
            add(subject, at, FactKind.WAIT_BEGAN, "waiting_client", int(Party.CLIENT), subject)
            at += dice.randrange(600, 90_000)
            add(subject, at, FactKind.WAIT_ENDED, ref=subject)
        at += dice.randrange(600, 150_000)
        add(subject, at, FactKind.RESOLVED, dice.choice(("first", "second")))
        add(subject, at + 86_400, FactKind.CLOSED)
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY ticket (id, uuid, scope_id, number, state, process_key, process_version, row_version, opened_at,"
            " kind, title, description, channel, service, impact, urgency, priority, is_major, category, ci, cause,"
            " requester_name, resolution, reopen_count, is_observed, source_system, source_number) FROM STDIN"
        ) as copy:
            for subject, scope, number, profile, opened_at in tickets:
                service, priority = profile.split("|")
                copy.write_row(
                    (subject, f"00000000-0000-7000-8000-{subject:012d}", scope, number, "closed", "incident", 1, 1,
                     opened_at, "incident", "A printer does not print", "", "phone", service, "", "", priority, False,
                     "", "", "", "", "", 0, False, "", "")
                )  # fmt: skip
        with cursor.copy(
            "COPY clock_fact (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)"
            " FROM STDIN"
        ) as copy:
            for fact in facts:
                copy.write_row(fact)
        cursor.execute("ANALYZE")
    return len(facts)


if __name__ == "__main__":
    for line in run():
        print(line)
