"""Volumes, waiting and the tickets behind them, against a plain recomputation from the rows of a random small world."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import translation
from tests.desk.ground import HOUR, MORNING, Ground, make_ground, opened

from yunheng.appraisal.board import DIVISIONS, UNKNOWN, Slice, members, volumes, waits
from yunheng.desk.actions import (
    answer_pause,
    change_profile,
    classify_ticket,
    leave_out,
    move_ticket,
    settle_pause,
)
from yunheng.desk.models import Ticket
from yunheng.foundation.models import LogState
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.sealing import seal
from yunheng.logic.facts import Party
from yunheng.sla.models import Pause

SHANGHAI = ZoneInfo("Asia/Shanghai")
APRIL: dict[str, Any] = {"start": date(2026, 4, 1), "end": date(2026, 4, 30)}
BEGIN, FINISH = datetime(2026, 4, 1, tzinfo=SHANGHAI), datetime(2026, 5, 1, tzinfo=SHANGHAI)
NOW = datetime(2026, 5, 20, 3, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FORM = {"resolution": "Restarted", "line": "first"}
TICKETS = 70


def build(ground: Ground, chance: random.Random) -> None:
    """Tickets of March to May with all that may happen to one, by chance."""
    agent, engineer = ground.viewer("desk_agent"), ground.viewer("engineer")
    first = datetime(2026, 3, 20, tzinfo=UTC)
    for _number in range(TICKETS):
        at = first + chance.randrange(50 * 24 * 60) * MINUTE
        number = opened(
            ground,
            channel=chance.choice(["phone", "portal", "mail", "im"]),
            category=chance.choice(["", "", "mail server", "client"]),
            service=chance.choice(["mail", "erp"]),
            impact=chance.choice(["high", "low"]),
            urgency=chance.choice(["high", "low"]),
            recorded_at=at,
        ).ticket.number

        def step() -> datetime:
            nonlocal at
            at += chance.choice([3, 40, 200, 900, 4000]) * MINUTE
            return at

        if chance.random() < 0.1:
            continue
        if chance.random() < 0.1:
            move_ticket(agent, number, "cancel", {"reason": "withdrawn"}, recorded_at=step())
            continue
        move_ticket(agent, number, "accept", recorded_at=step())
        if chance.random() < 0.2:
            change_profile(
                agent, number, service="mail", impact="low", urgency="low", reason="x", recorded_at=step()
            )
        if chance.random() < 0.3:
            category, cause = chance.choice(["network", ""]), chance.choice(["", "cabling"])
            try:
                classify_ticket(engineer, number, category=category, cause=cause, recorded_at=step())
            except Invalid as refusal:
                assert refusal.code == "unchanged"
        for _wait in range(chance.choice([0, 0, 1, 1, 2, 3])):
            reason = chance.choice(["client", "client", "supplier", "parts"])
            current = Ticket.objects.get(number=number).state
            if current == f"waiting_{reason}":
                continue
            move_ticket(engineer, number, f"wait_for_{reason}", {"note": "x"}, recorded_at=step())
            pause = Pause.objects.filter(subject_id=Ticket.objects.get(number=number).pk).latest("id")
            if chance.random() < 0.5:
                answer = chance.choice(["confirm", "dispute"])
                answer_pause(ground.viewer("contact"), number, pause.pk, answer, text="?", recorded_at=step())
                if answer == "dispute" and chance.random() < 0.5:
                    role = chance.choice(["contact", "service_manager"])
                    settle_pause(
                        ground.viewer(role), number, pause.pk, is_upheld=role == "contact", text="so",
                        recorded_at=step(),
                    )  # fmt: skip
            if chance.random() < 0.7:
                move_ticket(engineer, number, "resume", recorded_at=step())
        if chance.random() < 0.75:
            cause = chance.choice(["hardware", "software", "change"])
            move_ticket(engineer, number, "resolve", FORM | {"cause": cause}, recorded_at=step())
            if chance.random() < 0.2:
                move_ticket(agent, number, "take_up_again", {"reason": "again"}, recorded_at=step())
            elif chance.random() < 0.7:
                move_ticket(ground.viewer("contact"), number, "confirm", {}, recorded_at=step())
                move_ticket(agent, number, "close", recorded_at=step())
        if chance.random() < 0.1:
            leave_out(
                ground.viewer("quality_officer"), number, reason="duplicate", evidence="same",
                approver=ground.viewer("contact"), recorded_at=step(),
            )  # fmt: skip
            LEFT.add(number)


LEFT: set[str] = set()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """The random world, once for the module, in a transaction that is rolled back."""
    LEFT.clear()
    with django_db_blocker.unblock(), transaction.atomic():
        ground = make_ground()
        build(ground, random.Random(20260401))
        yield ground
        transaction.set_rollback(True)


@pytest.fixture
def april(world: Ground, db: None) -> Ground:
    return world


# --- the plain recomputation


def rows(ground: Ground) -> list[Ticket]:
    return [it for it in Ticket.objects.filter(scope=ground.scope) if it.number not in LEFT]


def is_in(at: datetime | None) -> bool:
    return at is not None and BEGIN <= at < FINISH


def is_open_at(ground: Ground, ticket: Ticket, cut_off: datetime) -> bool:
    """By walking the entries of the ticket until then."""
    from yunheng.foundation.models import Entry

    is_open = False
    for entry in Entry.objects.filter(subject_id=ticket.pk, occurred_at__lt=cut_off).order_by("id"):
        shared = entry.body.shared or {}
        if entry.type == "ticket.opened":
            is_open = True
        elif entry.type == "ticket.moved":
            is_open = shared["to"] not in {"resolved", "confirmed", "closed", "cancelled"}
    return is_open


def counted(slices: tuple[Slice, ...]) -> dict[str, int]:
    return {one.key: one.count for one in slices}


def office_seconds(begin: datetime, finish: datetime) -> int:
    """Monday to Friday, nine to five in Shanghai, minute by minute (all instants are whole minutes)."""
    seconds, at = 0, begin
    while at < finish:
        local = at.astimezone(SHANGHAI)
        if local.weekday() < 5 and 9 <= local.hour < 17:
            seconds += 60
        at += MINUTE
    return seconds


def test_volumes_are_those_of_the_rows(april: Ground) -> None:
    found = volumes(april.contract, **APRIL, now=NOW)
    every = rows(april)
    fresh = [it for it in every if is_in(it.opened_at)]
    assert found.opened == len(fresh) > 20
    assert found.resolved == sum(is_in(it.resolved_at) for it in every) > 5
    assert found.closed == sum(is_in(it.closed_at) and it.state == "closed" for it in every) > 2
    assert found.left_out == sum(
        is_in(it.opened_at) for it in Ticket.objects.filter(scope=april.scope, number__in=LEFT)
    )
    names = {"source": "channel"}
    for by in DIVISIONS:
        plain = Counter(getattr(it, names.get(by, by)) or UNKNOWN for it in fresh)
        slices = found.divided(by)
        assert counted(slices) == plain, by
        assert [it.count for it in slices if it.key != UNKNOWN] == sorted(
            (count for key, count in plain.items() if key != UNKNOWN), reverse=True
        )
        for one in slices:
            exact = Decimal(100 * one.count) / len(fresh)
            assert one.share == exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert found.by_cause[-1].key == UNKNOWN  # of its own, and last
    local = [it.opened_at.astimezone(SHANGHAI) for it in fresh]
    assert found.hours == tuple(sum(at.hour == hour for at in local) for hour in range(24))
    assert found.weekdays == tuple(sum(at.weekday() == day for at in local) for day in range(7))
    assert sum(map(sum, found.load)) == found.opened


def test_the_backlog_is_what_the_entries_left_open(april: Ground) -> None:
    found = volumes(april.contract, **APRIL, now=NOW)
    left = [it for it in rows(april) if it.opened_at < FINISH and is_open_at(april, it, FINISH)]
    assert found.open_at_end == len(left) > 5
    ages = Counter()
    for ticket in left:
        days = (FINISH - ticket.opened_at) / timedelta(days=1)
        ages[
            "0-1"
            if days < 1
            else "1-3"
            if days < 3
            else "3-7"
            if days < 7
            else "7-30"
            if days < 30
            else ">30"
        ] += 1
    assert counted(found.backlog) == {key: ages[key] for key in ("0-1", "1-3", "3-7", "7-30", ">30")}


def expected_waits(ground: Ground) -> dict[tuple[str, str], list[tuple[Pause, int]]]:
    """Waits that touch April, with the office seconds for which each stopped the resolution clock."""
    tickets = {it.pk: it for it in rows(ground)}
    found: dict[tuple[str, str], list[tuple[Pause, int]]] = {}
    for pause in Pause.objects.filter(subject_id__in=tickets).order_by("id"):
        end = pause.ended_at or NOW
        if not (pause.began_at < FINISH and (end > BEGIN or pause.ended_at is None)):
            continue
        stops = pause.reason in {"waiting_client", "waiting_supplier"} and pause.standing not in {
            "disputed", "rejected"
        }  # fmt: skip
        seconds = office_seconds(max(pause.began_at, BEGIN), min(end, FINISH)) if stops else 0
        found.setdefault((Party(pause.party).name.lower(), pause.reason), []).append((pause, seconds))
    return found


def test_waits_are_those_of_the_pauses(april: Ground) -> None:
    table = waits(april.contract, **APRIL, now=NOW)
    plain = expected_waits(april)
    got = {(row.party, row.reason): (row.count, row.seconds) for row in table.rows}
    assert got == {key: (len(them), sum(s for _p, s in them)) for key, them in plain.items()}
    every = [pause for them in plain.values() for pause, _seconds in them]
    assert table.count == len(every) > 15
    assert table.seconds == sum(row.seconds for row in table.rows) > HOUR
    assert table.disputed == sum(pause.standing == "disputed" for pause in every) > 0
    assert table.undecided == sum(pause.standing == "proposed" for pause in every) > 0
    assert [row.seconds for row in table.rows] == sorted((row.seconds for row in table.rows), reverse=True)
    assert {row.party for row in table.rows} >= {"client", "supplier"}
    assert table.clock == "resolve"
    with translation.override("en"):
        shown = waits(april.contract, **APRIL, now=NOW)
    assert {row.party_label for row in shown.rows if row.party == "client"} == {"client"}


# --- every number opens into its items


def all_members(ground: Ground, limit: int = 7, **asked: Any) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        some = members(ground.contract, **APRIL, **asked, now=NOW, after=after, limit=limit)
        found += some.page
        assert len(some.page) <= limit
        after = some.following
        if after is None:
            assert len(found) == some.total
            return found


def test_every_number_opens_into_as_many_members(april: Ground) -> None:
    found, table = volumes(april.contract, **APRIL, now=NOW), waits(april.contract, **APRIL, now=NOW)
    wanted = {
        (name, ""): getattr(found, name)
        for name in ("opened", "resolved", "closed", "open_at_end", "left_out")
    }
    wanted |= {("disputed", ""): table.disputed, ("undecided", ""): table.undecided}
    for by in DIVISIONS:
        wanted |= {(by, one.key): one.count for one in found.divided(by)}
    wanted |= {("backlog", one.key): one.count for one in found.backlog}
    wanted |= {("hour", str(hour)): count for hour, count in enumerate(found.hours)}
    wanted |= {("weekday", str(day)): count for day, count in enumerate(found.weekdays)}
    wanted |= {("load", f"{day}-{hour}"): found.load[day][hour] for day in range(7) for hour in range(9, 12)}
    wanted |= {("waits", row.key): row.count for row in table.rows}
    for (what, key), count in wanted.items():
        page = all_members(april, what=what, key=key, limit=200)
        assert len(page) == count, (what, key)
        assert [it.at for it in page] == sorted(it.at for it in page)
        if what not in {"left_out"}:
            assert not LEFT & {it.number for it in page}
    row = table.rows[0]
    assert sum(it.seconds for it in all_members(april, what="waits", key=row.key, limit=200)) == row.seconds


def test_pages_hold_each_member_once(april: Ground) -> None:
    for what, key in (
        ("opened", ""),
        ("undecided", ""),
        ("waits", "client|waiting_client"),
        ("open_at_end", ""),
    ):
        whole = all_members(april, what=what, key=key, limit=200)
        assert len(whole) > 3
        for limit in (1, 3):
            assert all_members(april, what=what, key=key, limit=limit) == whole


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"what": "teams"}, "what"),
        ({"what": "backlog", "key": "2-3"}, "key"),
        ({"what": "hour", "key": "x"}, "key"),
        ({"what": "load", "key": "3"}, "key"),
        ({"what": "hour", "key": "3-4"}, "key"),
        ({"what": "opened", "after": "7"}, "after"),
        ({"what": "opened", "after": "1~ACME-INC-20260401-9999~1"}, "after"),
    ],
)
def test_what_is_no_number_is_refused_by_name(april: Ground, asked: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        members(april.contract, **APRIL, **asked, now=NOW)
    assert field in caught.value.fields
    with pytest.raises(Invalid):
        volumes(april.contract, APRIL["end"], APRIL["start"], now=NOW)


def test_a_period_to_come_says_so(april: Ground) -> None:
    found = volumes(april.contract, date(2026, 9, 1), date(2026, 9, 30), now=NOW)
    assert found.is_to_come
    assert (found.opened, found.open_at_end) == (0, 0)
    assert all(one.share is None for one in found.backlog)
    assert not volumes(april.contract, **APRIL, now=NOW).is_to_come


def test_a_log_position_gives_the_same_numbers_whatever_comes_later(db: None) -> None:
    ground = make_ground("fixed")
    agent, engineer = ground.viewer("desk_agent"), ground.viewer("engineer")
    numbers = [opened(ground, category="printers").ticket.number for _ticket in range(3)]
    for number in numbers:
        move_ticket(agent, number, "accept", recorded_at=MORNING + MINUTE)
    move_ticket(engineer, numbers[0], "wait_for_client", {"note": "x"}, recorded_at=MORNING + 2 * MINUTE)
    seal()
    position = LogState.objects.get(scope=ground.scope).size
    now = datetime.now(UTC)
    before = volumes(ground.contract, **APRIL, position=position)
    waiting = waits(ground.contract, **APRIL, position=position)
    assert counted(before.by_category) == {"printers": 3}
    classify_ticket(engineer, numbers[0], category="scanners", cause="cabling", recorded_at=now)
    seal()
    classify_ticket(engineer, numbers[1], category="", recorded_at=now)  # not sealed yet
    opened(ground, category="plotters", recorded_at=now)
    assert volumes(ground.contract, **APRIL, position=position) == before
    assert waits(ground.contract, **APRIL, position=position) == waiting
    later = volumes(ground.contract, **APRIL)
    assert counted(later.by_category) == {"scanners": 1, "printers": 1, UNKNOWN: 1}
    assert counted(later.by_cause) == {"cabling": 1, UNKNOWN: 2}


def test_local_hours_hold_across_a_change_of_the_clocks(db: None) -> None:
    """On 29 March 2026 Berlin has no hour two; on 25 October it has it twice."""
    import numpy as np

    from yunheng.appraisal.spans import offsets_of

    zone = ZoneInfo("Europe/Berlin")
    start = int(datetime(2026, 3, 20, tzinfo=zone).timestamp())
    instants = np.arange(start, start + 260 * 86_400, 1811, dtype=np.int64)
    plain = [int(datetime.fromtimestamp(int(at), zone).utcoffset().total_seconds()) for at in instants]  # type: ignore[union-attr]
    assert offsets_of(instants, zone).tolist() == plain
    assert offsets_of(instants[:0], zone).tolist() == []
