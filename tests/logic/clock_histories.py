"""Calendars, policies and random histories for the tests of clocks, and a slow simulation as an oracle.

The simulation walks through time step by step and asks the wall clock of the zone whether service is on. It shares no
code with `logic.clock` or `logic.worktime`.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from yunheng.logic.clock import ClockPolicy, Fact, Goal
from yunheng.logic.facts import FactKind, Party
from yunheng.logic.worktime import CalendarRules, OpenTime, Window, materialise

K = FactKind
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
ROUND_THE_CLOCK = CalendarRules("UTC", is_always_open=True)
OFFICE = CalendarRules(
    "Europe/Berlin",
    tuple(Window(day, start, end) for day in range(5) for start, end in ((510, 720), (780, 1050))),
    holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
    provisional_years=frozenset({2027}),
)
NIGHTS = CalendarRules("Asia/Shanghai", tuple(Window(day, 1200, 1800) for day in range(7)))
RULES = {"24x7": ROUND_THE_CLOCK, "8x5": OFFICE, "nights": NIGHTS}
CALENDARS: Mapping[str, OpenTime] = {name: materialise(rules, FIRST, LAST) for name, rules in RULES.items()}

#: Fridays before the clocks go forward and back in Berlin, the last days of a year, and an ordinary Monday
BEGINNINGS = [
    int(datetime(2026, month, day, tzinfo=UTC).timestamp())
    for month, day in ((3, 27), (10, 23), (12, 30), (6, 1))
]
REASONS = ("client", "supplier", "parts", "client_testing")
PROFILES = ("mail|P1", "mail|P2", "mail|P3", "mail|P4")


def make_policy(**changes: object) -> ClockPolicy:
    """A resolve clock: P1 on 24x7, P2 at night, P3 in office hours, P4 in working days, no goal for other profiles."""
    given: dict[str, object] = {
        "kind": "resolve",
        "start": frozenset({K.OPENED}),
        "stop": frozenset({K.RESOLVED, K.CLOSED}),
        "cancel": frozenset({K.CANCELLED}),
        "goals": {
            "mail|P1": Goal("24x7", seconds=4 * 3600),
            "mail|P2": Goal("nights", seconds=5 * 3600),
            "mail|P3": Goal("8x5", seconds=8 * 3600),
            "mail|P4": Goal("8x5", working_days=2),
        },
        "pause_reasons": frozenset({"client", "supplier", "parts"}),
    }
    return ClockPolicy(**(given | changes))  # type: ignore[arg-type]


VARIANTS = {
    "plain": make_policy(),
    "reopening_counts": make_policy(reopen="count"),
    "from_change": make_policy(goal_change="from_change"),
    "respond": make_policy(kind="respond", stop=frozenset({K.RESPONDED}), is_reopenable=False),
    "update": make_policy(kind="update", reset=frozenset({K.UPDATED, K.RESPONDED})),
    "update_from_change": make_policy(
        kind="update", reset=frozenset({K.UPDATED}), goal_change="from_change", reopen="count"
    ),
    "arrive": make_policy(
        kind="arrive", start=frozenset({K.DISPATCHED}), stop=frozenset({K.ARRIVED}), is_reopenable=False
    ),
    "arrive_from_change": make_policy(
        kind="arrive",
        start=frozenset({K.DISPATCHED}),
        stop=frozenset({K.ARRIVED}),
        goal_change="from_change",
    ),
    "supplier": make_policy(kind="uc", start=frozenset({K.DISPATCHED}), supplier="s1"),
    "no_pause_stops": make_policy(pause_reasons=frozenset()),
    "immediate": make_policy(goals={"mail|P1": Goal("24x7", seconds=0), "mail|P3": Goal("8x5", seconds=60)}),
    "no_goals": make_policy(goals={}),
}

_KINDS = [
    *[K.OPENED] * 2,
    *[K.PROFILED] * 3,
    *[K.RESOLVED] * 3,
    *[K.REOPENED] * 3,
    *[K.WAIT_BEGAN] * 5,
    *[K.WAIT_ENDED] * 4,
    *[K.PAUSE_CONFIRMED, K.PAUSE_DISPUTED, K.PAUSE_DISPUTED, K.PAUSE_UPHELD, K.PAUSE_REJECTED],
    *[K.EXCLUSION_BEGAN, K.EXCLUSION_ENDED],
    *[K.RESPONDED, K.UPDATED, K.UPDATED, K.DISPATCHED, K.ARRIVED, K.ASSIGNED, K.CLOSED],
]


def random_history(chance: random.Random, *, grid: int = 1, days: float = 5.0) -> list[Fact]:
    """Any facts in any order: most begin like a ticket, all may repeat, nest, overlap, or lack a beginning."""
    begin = chance.choice(BEGINNINGS)
    span = int(days * 86_400)
    seqs = chance.sample(range(1000), 40)
    facts: list[Fact] = []

    def add(at: int, kind: FactKind, term: str = "", party: Party = Party.NONE, ref: int = 0) -> None:
        seq = seqs[len(facts)]
        facts.append(Fact(at - at % grid, seq, kind, term, party, ref, entry=seq))

    if span < 86_400:  # a short one: near an opening or closing time
        begin += 60 * chance.choice([0, 380, 440, 590, 650, 710, 920, 980, 1310])
    opened_at = begin + chance.randrange(span // 4)
    if chance.random() < 0.9:
        add(opened_at, K.OPENED)
        if chance.random() < 0.9:
            add(opened_at, K.PROFILED, chance.choice(PROFILES))
    at = opened_at
    for _ in range(chance.randrange(14)):
        kind = K.CANCELLED if chance.random() < 0.02 else chance.choice(_KINDS)
        step = chance.choice([0, chance.randrange(90), chance.randrange(7200), chance.randrange(span // 6)])
        at = min(at + step, begin + span)
        ref = chance.choice([1, 1, 1, 2, 3])
        if kind is K.PROFILED:
            add(at, kind, chance.choice([*PROFILES, "unknown|P9"]))
        elif kind in (K.WAIT_BEGAN, K.EXCLUSION_BEGAN):
            add(at, kind, chance.choice(REASONS), chance.choice(list(Party)), ref)
        elif kind is K.DISPATCHED:
            add(at, kind, chance.choice(["", "s1", "s1", "s2"]))
        else:
            add(at, kind, ref=ref)
    chance.shuffle(facts)
    return facts


def random_now(chance: random.Random, facts: Iterable[Fact], *, grid: int = 1) -> int:
    """An instant at, between or after the facts."""
    instants = sorted(fact.at for fact in facts) or [BEGINNINGS[0]]
    now = chance.choice(
        [*instants, instants[-1] + chance.randrange(5 * 86_400), chance.choice(instants) + 61]
    )
    return now - now % grid


@dataclass
class Simulated:
    started_at: int | None = None
    stopped_at: int | None = None
    is_cancelled: bool = False
    is_paused: bool = False
    goal: Goal | None = None
    elapsed: int = 0
    due_at: int | None = None  #: only when reached
    breached_at: int | None = None  #: of any lap
    waited: Counter[Party] | None = None


def is_service_on(calendar: str, t: int) -> bool:
    """Whether service is on at `t`: all windows begin and end on the minute."""
    return _is_minute_on(calendar, t - t % 60)


@lru_cache(maxsize=1 << 16)
def _is_minute_on(calendar: str, t: int) -> bool:
    """Whether the wall clock at `t` lies in a window of its date, or in one of the day before that runs on."""
    rules = RULES[calendar]
    if rules.is_always_open:
        return True
    local = datetime.fromtimestamp(t, ZoneInfo(rules.zone))
    minute = local.hour * 60 + local.minute
    for day, wall in ((local.date(), minute), (local.date() - timedelta(days=1), minute + 1440)):
        if day not in rules.holidays and any(
            window.weekday == day.weekday() and window.start_minute <= wall < window.end_minute
            for window in rules.weekly
        ):
            return True
    return False


def simulate(
    facts: Iterable[Fact], policy: ClockPolicy, now: int, *, step: int, is_undisputed: bool = False
) -> Simulated:
    """Live through the history in steps of `step` seconds, on whose grid all facts and goals lie."""
    heard = (
        fact
        for fact in facts
        if fact.kind is not K.DISPATCHED or policy.supplier is None or fact.term == policy.supplier
    )
    ordered = sorted((fact for fact in heard if fact.at <= now), key=lambda fact: (fact.at, fact.seq))
    result = Simulated()
    judged = {f.ref: f.kind for f in ordered if K.PAUSE_CONFIRMED <= f.kind <= K.PAUSE_REJECTED}
    running_kinds = {K.PAUSE_REJECTED} if is_undisputed else {K.PAUSE_REJECTED, K.PAUSE_DISPUTED}

    # First walk: what the facts do, one after the other. A snapshot after each of them.
    state, waits, profile, lap = "new", [], None, 0
    snapshots: list[tuple[int, str, Party | None, str | None, int]] = []
    first_profile = next((f.term for f in ordered if f.kind is K.PROFILED), None)
    lap_profiles: list[str | None] = [None]
    last_profile_live = None
    for fact in ordered:
        kind = fact.kind
        was = state
        if state == "new" and kind in policy.start:
            state, result.started_at = "on", fact.at
            lap_profiles = [profile]
        elif state == "on" and kind in policy.cancel:
            state, result.stopped_at = "cancelled", fact.at
        elif state == "on" and kind in policy.stop:
            state, result.stopped_at = "off", fact.at
        elif state in ("off", "cancelled") and kind is K.REOPENED and policy.is_reopenable:
            state = "on"
            last_profile_live = None
        if was == "on" and state != "on":
            last_profile_live = profile
        if was == state == "on" and kind in policy.reset:
            lap += 1
            lap_profiles.append(profile)
        if kind is K.PROFILED:
            differs = policy.goals.get(fact.term) != policy.goals.get(profile or "")
            is_change = profile is not None and differs and was != "new"
            profile = fact.term
            if policy.goal_change == "from_change" and is_change:
                lap += 1
                lap_profiles.append(profile)
        group = {K.WAIT_BEGAN: "w", K.WAIT_ENDED: "w", K.EXCLUSION_BEGAN: "x", K.EXCLUSION_ENDED: "x"}.get(
            kind
        )
        in_force = [wait for wait in waits if wait[:2] == (group, fact.ref)]
        if kind in (K.WAIT_BEGAN, K.EXCLUSION_BEGAN) and not in_force:
            waits.append((group, fact.ref, fact.term, fact.party))
        elif kind in (K.WAIT_ENDED, K.EXCLUSION_ENDED):
            waits = [wait for wait in waits if wait not in in_force]
        owner = None
        for wait_group, ref, reason, party in waits:
            is_stopping = wait_group == "x" or (
                reason in policy.pause_reasons and judged.get(ref) not in running_kinds
            )
            if is_stopping:
                owner = party
                break
        snapshots.append((fact.at, state, owner, profile, lap))

    if result.started_at is None:
        return result
    final_state = snapshots[-1][1]
    result.is_cancelled = final_state == "cancelled"
    end = now if final_state == "on" else result.stopped_at
    if final_state == "on":
        result.stopped_at = None
    assert end is not None
    if final_state != "on":
        # what was said after the end does not count: cut the snapshots there
        last_on = max(i for i, snapshot in enumerate(snapshots) if snapshot[1] == "on")
        lap = snapshots[last_on + 1][4]
        profile = last_profile_live if last_profile_live is not None else first_profile
    result.is_paused = final_state == "on" and snapshots[-1][2] is not None
    if policy.goal_change == "from_change":
        names = [name if name is not None else first_profile for name in lap_profiles[: lap + 1]]
    else:
        names = [profile] * (lap + 1)
    goals = [policy.goals.get(name or "") for name in names]
    result.goal = goals[lap]

    # Second walk: through time.
    passed: Counter[int] = Counter()
    limits: dict[int, int | None] = {}
    result.waited = Counter()
    place = 0
    lap_at = None
    for t in range(result.started_at, end, step):
        while place + 1 < len(snapshots) and snapshots[place + 1][0] <= t:
            place += 1
        _, state, owner, _, number = snapshots[place]
        number = min(number, lap)
        goal = goals[number]
        if lap_at != number:
            lap_at = number
            limits[number] = _limit(goal, t, step)
            if limits[number] == 0 and number == lap:
                result.due_at = t
        if goal is None or not is_service_on(goal.calendar, t):
            continue
        if state != "on" and policy.reopen == "exclude":
            continue
        if owner is not None:
            if number == lap:
                result.waited[owner] += step
            continue
        limit = limits[number]
        assert limit is not None
        if passed[number] == limit and result.breached_at is None:
            result.breached_at = t + 1
        passed[number] += step
        if passed[number] == limit and number == lap:
            result.due_at = t + step
    result.elapsed = passed[lap] if lap_at == lap else 0
    return result


def _limit(goal: Goal | None, t: int, step: int) -> int | None:
    """Open seconds of a goal that begins at `t`; working days are walked through to the end of the last one."""
    if goal is None:
        return None
    if goal.seconds is not None:
        return goal.seconds
    rules = RULES[goal.calendar]
    zone = ZoneInfo(rules.zone)
    day = datetime.fromtimestamp(t, zone).date()
    left = goal.working_days or 0
    while left:
        day += timedelta(days=1)
        if day not in rules.holidays and any(window.weekday == day.weekday() for window in rules.weekly):
            left -= 1
    last_minute = max(window.end_minute for window in rules.weekly if window.weekday == day.weekday())
    until = datetime(day.year, day.month, day.day, last_minute // 60, last_minute % 60, tzinfo=zone)
    return sum(step for at in range(t, int(until.timestamp()), step) if is_service_on(goal.calendar, at))
