"""Invented history of a contract that ships: tickets, and their facts put in as the projection holds them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from yunheng.contracts.actions import apply_contract
from yunheng.contracts.models import Contract
from yunheng.contracts.packs import contract_pack
from yunheng.contracts.queries import contract_by_key
from yunheng.desk.models import Ticket
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.logic.clock import Fact
from yunheng.logic.facts import FactKind, Party
from yunheng.sla.models import ClockFact
from yunheng.sla.terms import term_ids

KEY = "office-8x5"
#: After everything that the history holds.
LATER = datetime(2026, 10, 1, tzinfo=UTC)
FIRST = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
DAY = 86_400


def document(*changes: tuple[str, str]) -> bytes:
    """The pack with some words replaced; each must be there."""
    text = contract_pack(KEY).decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def agreed(*changes: tuple[str, str]) -> Contract:
    """A contract with one version."""
    apply_contract(viewer=SYSTEM_VIEWER, at=datetime(2026, 1, 1, tzinfo=UTC), data=document(*changes))
    return contract_by_key(KEY)


@dataclass
class Life:
    """One ticket: its number, what it was judged by, and its facts."""

    number: str
    service: str
    priority: str
    impact: str
    urgency: str
    facts: list[Fact]


def history(contract: Contract, count: int, *, seed: int = 1) -> list[Life]:
    """So many tickets of March to May 2026, some waiting, reopened, left out or still open."""
    dice = random.Random(seed)
    lives = [_life(contract, dice, number) for number in range(1, count + 1)]
    texts = {fact.term for life in lives for fact in life.facts}
    ids = term_ids(texts)
    rows: list[ClockFact] = []
    for subject, life in enumerate(lives, 1):
        for fact in life.facts:
            rows.append(
                ClockFact(
                    scope_id=contract.pk,
                    subject_id=subject,
                    at=fact.at,
                    seq=fact.seq,
                    kind=int(fact.kind),
                    term=ids[fact.term],
                    party=int(fact.party),
                    ref=fact.ref,
                    entry_id=fact.entry,
                )
            )
    Ticket.objects.bulk_create(
        Ticket(
            id=subject,
            uuid=UUID(int=subject),
            scope=contract.scope,
            number=life.number,
            state="closed",
            process_key="incident",
            process_version=1,
            opened_at=datetime.fromtimestamp(life.facts[0].at, UTC),
            kind="incident",
            title="A printer does not print",
            channel="phone",
            service=life.service,
            priority=life.priority,
            impact=life.impact,
            urgency=life.urgency,
        )
        for subject, life in enumerate(lives, 1)
    )
    ClockFact.objects.bulk_create(rows)
    return lives


_MATRIX = {
    ("high", "high"): "P1", ("high", "medium"): "P2", ("high", "low"): "P3",
    ("medium", "high"): "P2", ("medium", "medium"): "P3", ("medium", "low"): "P4",
    ("low", "high"): "P3", ("low", "medium"): "P4", ("low", "low"): "P4",
}  # fmt: skip


def _life(contract: Contract, dice: random.Random, number: int) -> Life:
    impact, urgency = dice.choice(("high", "medium", "low")), dice.choice(("high", "medium", "low"))
    service, priority = dice.choice(("desktop", "network", "application")), _MATRIX[impact, urgency]
    if dice.random() < 0.1:
        priority = dice.choice(("P1", "P2", "P3", "P4"))  # a person knew better
    facts: list[Fact] = []

    def add(at: int, kind: FactKind, term: str = "", party: Party = Party.NONE, ref: int = 0) -> None:
        entry = number * 100 + len(facts) + 1
        facts.append(Fact(at, entry * 8, kind, term, party, ref, entry))

    for step in _steps(dice, f"{service}|{priority}"):
        add(*step)
    return Life(f"OFFICE-8X5-INC-2026-{number:05d}", service, priority, impact, urgency, facts)


def _steps(dice: random.Random, profile: str) -> Iterator[tuple[int, FactKind, str, Party, int]]:
    nobody = Party.NONE
    at = FIRST + dice.randrange(80 * DAY)
    yield at, FactKind.OPENED, "", nobody, 0
    yield at, FactKind.PROFILED, profile, nobody, 0
    if dice.random() < 0.05:
        return
    at += dice.randrange(60, 20_000)
    yield at, FactKind.RESPONDED, "", nobody, 0
    if dice.random() < 0.5:
        reason, party = dice.choice((("waiting_client", Party.CLIENT), ("waiting_supplier", Party.SUPPLIER)))
        at += dice.randrange(60, 40_000)
        yield at, FactKind.WAIT_BEGAN, reason, party, 7
        at += dice.randrange(60, 3 * DAY)
        yield at, FactKind.WAIT_ENDED, "", nobody, 7
    at += dice.randrange(60, 4 * DAY)
    yield at, FactKind.RESOLVED, "first", nobody, 0
    if dice.random() < 0.2:
        at += dice.randrange(60, 3 * DAY)
        yield at, FactKind.REOPENED, "", nobody, 0
        at += dice.randrange(60, 2 * DAY)
        yield at, FactKind.RESOLVED, "second", nobody, 0
    if dice.random() < 0.05:
        yield at + 60, FactKind.LEFT_OUT, "duplicate", nobody, 0
    yield at + DAY, FactKind.CLOSED, "", nobody, 0
