"""Months of served tickets as the projection holds them: facts put in at once, so that a history costs a second."""

import random
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from tests.desk.ground import Ground

from yunheng.logic.facts import FactKind
from yunheng.sla.terms import term_ids

FIRST_ID = 5_000_000
#: Shanghai, which has had no summer time since 1991.
_AHEAD = timedelta(hours=8)


def work_months(
    ground: Ground,
    first: date,
    last: datetime,
    *,
    per_day: int = 3,
    late: float = 0.1,
    seed: int = 1,
    priorities: tuple[str, ...] = ("p1",),
    services: tuple[str, ...] = ("mail", "erp"),
    hours: tuple[float, float] = (1, 3.9),
) -> int:
    """Tickets opened at office hours of each working day from `first` on, as far as they had come at `last`.

    What is in time takes so many `hours`; a share of them takes one to three more, beyond a goal of four. Returns how
    many there are.
    """
    dice = random.Random(seed)
    profiles = [f"{service}|{priority}" for service in services for priority in priorities]
    ids = term_ids([*profiles, "desk-acme", "first"])
    tickets, facts = [], []

    def add(subject: int, at: datetime, kind: FactKind, term: str = "") -> None:
        if at <= last:
            seq = 8 * len(facts) + 8
            facts.append(
                (
                    ground.contract.pk,
                    subject,
                    int(at.timestamp()),
                    seq,
                    int(kind),
                    ids.get(term, 0),
                    0,
                    0,
                    seq // 8,
                    0,
                )
            )

    day, subject = first, FIRST_ID
    while datetime(day.year, day.month, day.day, tzinfo=UTC) - _AHEAD <= last:
        if day.weekday() < 5:
            for _ticket in range(dice.randint(max(per_day - 2, 0), per_day + 2)):
                opened = datetime(day.year, day.month, day.day, 9, dice.randrange(60), tzinfo=UTC) - _AHEAD
                if opened > last:
                    continue
                subject += 1
                profile = dice.choice(profiles)
                number = f"ACME-INC-{day:%Y%m%d}-{subject - FIRST_ID:04d}"
                tickets.append((subject, number, profile, opened))
                add(subject, opened, FactKind.OPENED)
                add(subject, opened, FactKind.PROFILED, profile)
                answered = opened + timedelta(minutes=dice.randint(2, 28))
                add(subject, answered, FactKind.RESPONDED)
                add(subject, answered, FactKind.ASSIGNED, "desk-acme")
                taken = hours[1] + 0.1 + dice.randint(1, 3) if dice.random() < late else dice.uniform(*hours)
                add(subject, opened + timedelta(hours=taken), FactKind.RESOLVED, "first")
                add(subject, opened + timedelta(hours=taken, days=1), FactKind.CLOSED)
        day += timedelta(days=1)
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY ticket (id, uuid, scope_id, number, state, process_key, process_version, row_version, opened_at,"
            " kind, title, description, channel, service, impact, urgency, priority, is_major, category, ci, cause,"
            " requester_name, resolution, reopen_count, is_observed, source_system, source_number) FROM STDIN"
        ) as copy:
            for one, number, profile, opened in tickets:
                service, priority = profile.split("|")
                copy.write_row(
                    (one, f"00000000-0000-7000-8000-{one:012d}", ground.contract.pk, number, "open", "incident", 1, 1,
                     opened, "incident", "A printer does not print", "", "phone", service, "", "", priority, False,
                     "", "", "", "", "", 0, False, "", "")
                )  # fmt: skip
        with cursor.copy(
            "COPY clock_fact (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)"
            " FROM STDIN"
        ) as copy:
            for fact in facts:
                copy.write_row(fact)
    return len(tickets)
