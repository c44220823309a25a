"""An evidence pack over a log of 100,000 entries: writing it, verifying it with one file, computing all of it again."""

import os
import random
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import database, row, seconds

TICKETS = 14_300  # of a year: seven entries each
_FIRST = int(datetime(2025, 11, 3, tzinfo=UTC).timestamp())
_SPAN = 360 * 86_400
_SERVICES, _PRIORITIES = ("desktop", "network", "application", "account"), ("P1", "P2", "P3", "P4")


def run() -> list[dict[str, Any]]:
    """Rows of the table: a contract of the demonstration with a year of tickets, and the statement of one month."""
    with database(), TemporaryDirectory(prefix="yunheng-evidence-") as folder:
        return _measure(Path(folder))


def _measure(folder: Path) -> list[dict[str, Any]]:
    from django.utils import timezone

    from yunheng.appraisal.proof import PackSource, write_pack
    from yunheng.appraisal.statements.actions.drafting import computed_now, draft_statement
    from yunheng.appraisal.statements.freezing import freeze
    from yunheng.contracts.actions import apply_contract
    from yunheng.contracts.queries import contract_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.foundation.models import LogState
    from yunheng.foundation.sealing import seal
    from yunheng.verify.building import VERIFIER, build_pyz

    document = Path(sys.modules["yunheng"].__path__[0], "packs", "demo", "yuanzhou.yaml").read_bytes()
    apply_contract(viewer=SYSTEM_VIEWER, at=datetime(2025, 11, 1, tzinfo=UTC), data=document)
    contract = contract_by_key("yuanzhou")
    _fill(contract.pk)
    seal()
    entries = LogState.objects.get(scope_id=contract.pk).size
    statement = draft_statement(SYSTEM_VIEWER, "yuanzhou", "2026-04")
    frozen = freeze(statement, computed_now(statement, timezone.now()))
    source = PackSource(scope_id=contract.pk, number=statement.number, frozen=frozen.data)
    pack, app = folder / "pack.zip", folder / "yunheng-verify.pyz"
    app.write_bytes(build_pyz())

    def write() -> None:
        with pack.open("wb") as file:
            write_pack(source, file)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    written = seconds(write, rounds=2)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def verify(program: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-I", str(program), str(pack), "--lang", "en"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    first = seconds(lambda: verify(VERIFIER), rounds=3)
    worked = _worked()
    verify(VERIFIER)
    processor = _worked() - worked
    again = seconds(lambda: verify(app), rounds=2)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    of = f"{entries:,} entries, {pack.stat().st_size / 1e6:.1f} MB"
    return [
        row("evidence pack written", written, "s", of, digits=2),
        row("memory for it", memory, "MB", f"{before:.0f} MB before; goal < 500 MB", digits=0),
        row(
            "verified by verify.py", first, "s", f"{processor:.1f} s of processor; {of}; goal < 8 s", digits=2
        ),
        row("computed again by yunheng-verify.pyz", again, "s", of, digits=2),
        row("memory of the verifier, at most", largest, "MB", of, digits=0),
    ]


def _worked() -> float:
    """Processor seconds of the programs that this process waited for."""
    return sum(os.times()[2:4])


def _fill(scope_id: int) -> None:
    """Tickets of a year with their entries, each with its facts in the sealed part and in the projection."""
    from django.db import connection, transaction

    from yunheng.foundation.actor import SYSTEM
    from yunheng.foundation.facts import FactDraft, encode_facts, number_facts
    from yunheng.foundation.journal import EntryDraft, record_many
    from yunheng.logic.facts import FactKind, Party
    from yunheng.sla.terms import term_ids

    dice = random.Random(20260401)
    profiles = [f"{service}|{priority}" for service in _SERVICES for priority in _PRIORITIES]
    ids = term_ids([*profiles, "first-line", "waiting_client", "first"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('subject_id_seq') FROM generate_series(1, %s)", [TICKETS])
        subjects = sorted(number for (number,) in cursor.fetchall())
    lives = [
        (subject, f"YUANZHOU-INC-2026{place // 100:04d}-{place:06d}", *_life(dice, profiles))
        for place, subject in enumerate(subjects)
    ]
    waits: dict[int, int] = {}
    facts: list[tuple[int, ...]] = []
    for step in range(7):
        batch, drafts = [], []
        for subject, number, _profile, steps in lives:
            kind, at, told = steps[step]
            own = [
                FactDraft(
                    FactKind[name.upper()],
                    at,
                    term,
                    Party[party],
                    waits.get(subject, 0) if name == "wait_ended" else 0,
                )
                for name, term, party in told
            ]
            shared: dict[str, Any] = {
                "note": f"Step {step} of this ticket, in words of some length as people write."
            }
            if own:
                shared["facts"] = encode_facts(own)
            drafts.append(
                EntryDraft(
                    scope_id=scope_id,
                    scope_key="yuanzhou",
                    subject_id=subject,
                    subject_number=number,
                    type=kind,
                    occurred_at=datetime.fromtimestamp(at, UTC),
                    actor=SYSTEM,
                    source="server",
                    shared=shared,
                )
            )
            batch.append((subject, own))
        with transaction.atomic():
            entries = record_many(drafts)
        for entry, (subject, own) in zip(entries, batch, strict=True):
            for fact in number_facts(entry, own):
                if fact.kind is FactKind.WAIT_BEGAN:
                    waits[subject] = entry
                place = (fact.at, fact.seq, int(fact.kind), ids.get(fact.term, 0), int(fact.party), fact.ref)
                facts.append((scope_id, subject, *place, entry, 0))
    _copy(scope_id, lives, facts)


def _life(
    dice: random.Random, profiles: list[str]
) -> tuple[str, list[tuple[str, int, list[tuple[str, str, str]]]]]:
    """Profile and seven entries of a ticket: (type, instant, facts as (name, term, party))."""
    profile, at = dice.choice(profiles), _FIRST + dice.randrange(_SPAN)
    steps = [("ticket.opened", at, [("opened", "", "NONE"), ("profiled", profile, "NONE")])]
    at += dice.randrange(60, 5_400)
    steps.append(("ticket.moved", at, [("responded", "", "NONE")]))
    steps.append(("ticket.moved", at + 30, [("assigned", "first-line", "NONE")]))
    at += dice.randrange(600, 20_000)
    is_waiting = dice.random() < 0.4
    steps.append(("ticket.moved", at, [("wait_began", "waiting_client", "CLIENT")] if is_waiting else []))
    at += dice.randrange(600, 90_000)
    steps.append(("ticket.moved", at, [("wait_ended", "", "NONE")] if is_waiting else []))
    at += dice.randrange(600, 60_000)
    steps.append(("ticket.moved", at, [("resolved", "first", "NONE")]))
    steps.append(("ticket.moved", at + 86_400, [("closed", "", "NONE")]))
    return profile, steps


def _copy(scope_id: int, lives: list[tuple[Any, ...]], facts: list[tuple[int, ...]]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY ticket (id, uuid, scope_id, number, state, process_key, process_version, row_version, opened_at,"
            " kind, title, description, channel, service, impact, urgency, priority, is_major, category, ci, cause,"
            " requester_name, resolution, reopen_count, is_observed, source_system, source_number) FROM STDIN"
        ) as copy:
            for subject, number, profile, steps in lives:
                service, priority = profile.split("|")
                copy.write_row(
                    (subject, f"00000000-0000-7000-8000-{subject:012d}", scope_id, number, "closed", "incident", 2, 1,
                     datetime.fromtimestamp(steps[0][1], UTC), "incident", "A printer does not print", "", "phone",
                     service, "", "", priority, False, "", "", "", "", "", 0, False, "", "")
                )  # fmt: skip
        with cursor.copy(
            "COPY clock_fact (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)"
            " FROM STDIN"
        ) as copy:
            for fact in facts:
                copy.write_row(fact)
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    for line in run():
        print(line)
