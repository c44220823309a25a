"""The life of one invented ticket: who does what when, from the report to the closing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from yunheng.contracts.terms import ContractTerms
from yunheng.logic.clock import Goal
from yunheng.logic.worktime import OpenTime

from .staff import Member, engineers
from .words import (
    AUTOMATIC,
    CANCELLED,
    CHANNELS,
    CONFIRMED,
    DISPUTES,
    FIRST_WORDS,
    GIVEN,
    LOWERED,
    PROGRESS,
    RAISED,
    REOPENED,
    SETTLED,
    SURNAMES,
    WAITS,
    Category,
    Industry,
    title_and_outcomes,
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_LATE_RESOLUTION: Final = 0.036  #: share of tickets, in an ordinary month
_LATE_RESPONSE: Final = 0.015
_MOST: Final = 40 * _DAY  #: no invented ticket takes longer
_TEAM: Final = {
    "service-desk": 0.55,
    "desktop": 0.85,
    "facility": 1.1,
    "dba": 1.05,
}  #: of the usual handling time


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is settled of a ticket beforehand: those of a major incident."""

    title: str
    detail: str
    item: str
    cause: str
    resolution: str
    restored_at: int
    resolved_at: int
    progress: tuple[tuple[int, str], ...] = ()
    is_major: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A ticket that begins: when, what, and how bad the times are."""

    at: int
    category: Category
    lateness: float
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: instant, what (words of `imports.mapping.EVENTS`), and texts by field."""

    at: int
    name: str
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Life:
    """A ticket from its first event to its last, in order of time; instants differ."""

    number: str
    kind: str
    events: tuple[Event, ...]


def live(
    rng: Random, terms: ContractTerms, industry: Industry, made: Made, number: str, now: int
) -> Life | None:
    """The life of a ticket, or None for one that would not be over by `now`."""
    teller = _Teller(rng, terms, industry, made)
    events = teller.tell()
    if any(event.name == "resolved" and event.at >= now for event in events) or events[-1].at >= now:
        events = _ended_by(rng, events, now)
    if not events:
        return None
    return Life(number, made.category.kind, tuple(_apart(events)))


def _ended_by(rng: Random, events: list[Event], now: int) -> list[Event]:
    """The same life with its closing before `now`; nothing where it was not resolved long enough before."""
    kept = [event for event in events if event.at < now]
    if not kept or kept[-1].name not in ("resolved", "confirmed") or now - kept[-1].at < 20 * _MINUTE:
        return []
    last = kept[-1].at
    if kept[-1].name == "resolved":
        last += rng.randrange(60, max(61, (now - last) // 2))
        kept.append(Event(last, "confirmed", {"note": rng.choice(CONFIRMED)}))
    kept.append(Event(last + rng.randrange(30, max(31, (now - last) // 2)), "closed"))
    return kept


def _apart(events: list[Event]) -> list[Event]:
    """The events in their order, each at an instant of its own."""
    apart: list[Event] = []
    for event in events:
        at = max(event.at, apart[-1].at + 1) if apart else event.at
        apart.append(event if at == event.at else Event(at, event.name, event.texts))
    return apart


class _Teller:
    """Tells one life."""

    def __init__(self, rng: Random, terms: ContractTerms, industry: Industry, made: Made) -> None:
        self.rng, self.terms, self.made = rng, terms, made
        self.category = made.category
        self.pools = industry.pools
        self.fixed = made.fixed
        self.is_incident = made.category.kind == "incident"
        self.events: list[Event] = []
        self.slots = _Slots(rng, industry.pools)
        self.by_day: OpenTime = terms.calendars[terms.services[self.category.service].calendar]
        self.office = next(it for key, it in terms.calendars.items() if key != "always")
        if self.fixed is None:
            profiles = self.category.profiles
            self.impact, self.urgency, _w = rng.choices(profiles, [it[2] for it in profiles])[0]
        else:
            self.impact, self.urgency = ("high" if self.fixed.is_major else "medium"), "high"
        self.priority = terms.matrix.priority_of(self.impact, self.urgency)

    # --- goals

    def _goal(self, clock: str, priority: str) -> Goal | None:
        policy = self.terms.clocks.get(clock)
        return None if policy is None else policy.goals.get(f"{self.category.service}|{priority}")

    def _allowance(self, clock: str, priority: str) -> tuple[OpenTime, int] | None:
        """The calendar of a goal, and how many of its seconds a ticket has that was opened then."""
        goal = self._goal(clock, priority)
        if goal is None:
            return None
        calendar = self.terms.calendars[goal.calendar]
        if goal.seconds is not None:
            return calendar, goal.seconds
        assert goal.working_days is not None
        end = calendar.end_of_working_day(self.made.at, goal.working_days)
        return calendar, calendar.elapsed(self.made.at, end)

    # --- the story

    def tell(self) -> list[Event]:
        """All events, in order."""
        self._open()
        responded = self._respond()
        if self.fixed is not None:
            return self._told_major(responded)
        if self.rng.random() < 0.012:
            at = responded + self.rng.randrange(5 * _MINUTE, 3 * _HOUR)
            self._add(at, "cancelled", note=self.rng.choice(CANCELLED))
            return self.events
        resolved = self._work(responded)
        if self.rng.random() < 0.024:
            resolved = self._reopen(resolved)
        self._close(resolved)
        return self.events

    def _add(self, at: int, name: str, /, **texts: str) -> None:
        self.events.append(Event(at, name, {key: text for key, text in texts.items() if text}))

    def _open(self) -> None:
        rng, category, fixed = self.rng, self.category, self.fixed
        channel = CHANNELS[rng.choice(category.channels)] if fixed is None else "phone"
        pattern, count = category.items
        if fixed is not None:
            self.item = fixed.item
            channel = "alert" if fixed.is_major else channel
        elif count:
            self.item = pattern.format(1 + int(count * rng.random() ** 1.4))  # a few fail often
        else:
            self.item = self.slots.filled(pattern) if pattern and rng.random() < 0.4 else ""
        wording, self.outcomes = title_and_outcomes(category, rng.choice(category.titles))
        if self.is_incident and "{" not in wording and rng.random() < 0.75:
            wording = _at_a_place(wording, self.pools)
        title = fixed.title if fixed else self.slots.filled(wording)
        detail = fixed.detail if fixed else self.slots.filled(rng.choice(category.details))
        self.first = self._first_profile()
        impact, urgency, priority = self.first
        self._add(
            self.made.at,
            "opened",
            title=title[:1].upper() + title[1:],
            description=detail,
            channel=channel,
            kind=category.kind,
            service=category.service,
            category=category.name,
            ci=self.item,
            impact=impact,
            urgency=urgency,
            priority=priority,
            team="service-desk",
            major="yes" if fixed and fixed.is_major else "",
            requester="" if channel in ("alert", "inspection") else rng.choice(SURNAMES) + rng.choice(GIVEN),
        )
        if channel in ("portal", "mail", "im") and rng.random() < 0.16:
            self._add(self.made.at + rng.randrange(2, 9), "noted", note=rng.choice(AUTOMATIC))

    def _first_profile(self) -> tuple[str, str, str]:
        """What it was opened with: now and then another urgency than it proved to have."""
        own = (self.impact, self.urgency, self.priority)
        if self.fixed is not None or self.rng.random() > 0.045:
            return own
        urgency = self.rng.choice([it for it in ("high", "medium", "low") if it != self.urgency])
        priority = self.terms.matrix.priority_of(self.impact, urgency)
        return own if priority == self.priority else (self.impact, urgency, priority)

    def _respond(self) -> int:
        rng, made = self.rng, self.made
        allowance = self._allowance("respond", self.first[2])
        assert allowance is not None
        calendar, seconds = allowance
        hurry = 0.35 if self.fixed and self.fixed.is_major else 1.0
        late = _LATE_RESPONSE * made.lateness * (1.5 if self._is_night() else 1.0)
        if hurry == 1.0 and rng.random() < late:
            share = 1.05 + rng.expovariate(1.6)
        else:
            share = min(0.93, 0.03 + rng.betavariate(1.6, 5.0)) * hurry
        at = max(made.at + 40, calendar.add(made.at, int(seconds * share)))
        self.agent = rng.choice(engineers("service-desk"))
        self._add(
            at,
            "responded",
            assignee=self.agent.name,
            note=rng.choice(FIRST_WORDS) if rng.random() < 0.7 else "",
        )
        if self.first[2] != self.priority:
            is_raised = self.terms.priorities[self.priority].rank < self.terms.priorities[self.first[2]].rank
            self._add(
                at + rng.randrange(40, 9 * _MINUTE),
                "noted",
                impact=self.impact,
                urgency=self.urgency,
                priority=self.priority,
                note=rng.choice(RAISED if is_raised else LOWERED),
            )
        return self.events[-1].at

    def _is_night(self) -> bool:
        return not self.office.is_open_at(self.made.at)

    def _work(self, responded: int) -> int:
        """From the first response to the resolution; returns its instant."""
        rng, category = self.rng, self.category
        clock = "restore" if self.is_incident and self._goal("restore", self.priority) else "resolve"
        allowance = self._allowance(clock, self.priority)
        assert allowance is not None
        calendar, seconds = allowance
        is_first = category.team == "service-desk" or rng.random() < category.first
        waits = [] if is_first and rng.random() < 0.8 else self._waits()
        if is_first:
            worker, at = self.agent, responded
        else:
            worker, at = self._assign(responded)
        needed = int(seconds * self._share(worker, is_first=is_first))
        floor = at + rng.randrange(4 * _MINUTE, 35 * _MINUTE)
        for reason in waits:
            at, needed = self._wait(reason, clock, calendar, at, needed)
        finished = max(calendar.add(self.made.at, needed), floor, at + rng.randrange(3, 25) * _MINUTE)
        if self.priority == next(iter(self.terms.priorities)) and finished - responded > 40 * _MINUTE:
            self._add(responded + (finished - responded) // 2, "updated", note=rng.choice(PROGRESS))
            self.events.sort(key=lambda event: event.at)
        return self._resolve(clock, calendar, finished, seconds, worker, is_first=is_first)

    def _share(self, worker: Member, *, is_first: bool) -> float:
        """How much of the goal the work takes, pauses not counted."""
        rng = self.rng
        late = _LATE_RESOLUTION * self.made.lateness * (0.15 if is_first else 1.15)
        if rng.random() < late:
            return min(3.5, 1.03 + rng.expovariate(2.2))
        pace = _TEAM.get(self.category.team, 1.0) * (0.4 if is_first else 1.0) / worker.skill
        return min(0.95, 0.25 * pace * rng.lognormvariate(0, 0.72))

    def _assign(self, responded: int) -> tuple[Member, int]:
        rng = self.rng
        at = responded + rng.randrange(60, 28 * _MINUTE)
        worker = rng.choice(engineers(self.category.team))
        if rng.random() < 0.035:
            other = rng.choice(
                [it for it in ("desktop", "network", "server", "app") if it != self.category.team]
            )
            self._add(at, "assigned", team=other, assignee=rng.choice(engineers(other)).name)
            at += rng.randrange(12 * _MINUTE, 100 * _MINUTE)
        self._add(at, "assigned", team=self.category.team, assignee=worker.name)
        return worker, at

    def _waits(self) -> list[str]:
        rng = self.rng
        client, supplier, parts = self.category.waits
        chosen = []
        if rng.random() < client:
            chosen.append("waiting_approval" if rng.random() < 0.14 else "waiting_client")
        if rng.random() < supplier:
            chosen.append("waiting_supplier")
        if rng.random() < parts:
            chosen.append("waiting_parts")
        rng.shuffle(chosen)
        return chosen[:2]

    def _wait(self, reason: str, clock: str, calendar: OpenTime, at: int, needed: int) -> tuple[int, int]:
        """A wait after `at`; returns its end, and the working time needed from the opening with what it stopped."""
        rng, made = self.rng, self.made
        spent = calendar.elapsed(made.at, at)
        left = max(needed - spent, 20 * _MINUTE)
        began = calendar.add(at, int(left * rng.uniform(0.1, 0.5)))
        began = max(began, at + rng.randrange(2, 12) * _MINUTE)
        is_stopping = clock in self.terms.pause_reasons[reason].stops
        if is_stopping:
            length = min(int(rng.lognormvariate(9.3, 0.9)), 5 * _DAY)  # half of them under three hours
            ended = self.office.add(began, length)
            stopped = calendar.elapsed(began, ended)
            needed += stopped
        else:
            ended = calendar.add(began, max(10 * _MINUTE, int(left * rng.uniform(0.25, 0.45))))
        supplier = next(iter(self.terms.suppliers), "")
        is_called = reason == "waiting_supplier" and bool(supplier)
        if is_called:
            self._add(began - 45, f"dispatched:{supplier}", note="已派单给磐石。")
        self._add(began, f"waiting:{reason}", note=rng.choice(WAITS[reason]))
        if is_called and ended - began > 25 * _MINUTE:
            self._add(
                began + int((ended - began) * rng.uniform(0.3, 0.7)), "arrived", note="厂商工程师到场。"
            )
        answered = self._answer(reason, began, ended) if reason != "waiting_parts" else None
        self._add(ended, "resumed")
        if answered is not None:
            self.events += answered
        return max(ended, self.events[-1].at), needed

    def _answer(self, reason: str, began: int, ended: int) -> list[Event] | None:
        """What the client says of a wait that is put down to it; mostly it says nothing."""
        rng = self.rng
        draw = rng.random()
        if reason == "waiting_supplier" or draw > 0.3:
            return None
        at = ended + rng.randrange(60, 40 * _MINUTE)
        if draw < 0.235:
            return [Event(at, "pause_confirmed")]
        is_upheld = rng.random() < 0.7
        name = "pause_upheld" if is_upheld else "pause_rejected"
        return [
            Event(at, "pause_disputed", {"note": rng.choice(DISPUTES)}),
            Event(at + rng.randrange(10, 90) * _MINUTE, name, {"note": rng.choice(SETTLED[is_upheld])}),
        ]

    def _resolve(
        self, clock: str, calendar: OpenTime, finished: int, seconds: int, worker: Member, *, is_first: bool
    ) -> int:
        rng = self.rng
        finished = max(finished, self.events[-1].at + rng.randrange(60, 900))
        cause, resolution = rng.choice(self.outcomes)
        at = finished
        if clock == "restore":
            self._add(finished, "restored")
            allowance = self._allowance("resolve", self.priority)
            if calendar.elapsed(self.made.at, finished) > seconds and allowance and rng.random() < 0.4:
                by, whole = allowance  # what was late to be restored is often late to be resolved
                at = max(finished, by.add(self.made.at, int(whole * (1.02 + rng.expovariate(3.0)))))
            elif rng.random() < 0.5:
                at = finished + rng.randrange(2, 30) * _MINUTE
            else:
                at = calendar.add(finished, int(min(seconds, 8 * _HOUR) * rng.uniform(0.05, 0.35)))
        is_supplier = any(event.name.startswith("dispatched") for event in self.events)
        line = (
            "first"
            if is_first
            else "supplier"
            if is_supplier
            else "third"
            if worker.team == "dba"
            else "second"
        )
        self._add(
            at,
            "resolved",
            resolution=self.slots.filled(resolution),
            cause=cause,
            ci=self.item,
            line=line,
            assignee=worker.name,
        )
        return at

    def _reopen(self, resolved: int) -> int:
        rng = self.rng
        at = self.by_day.add(resolved + 20 * _MINUTE, rng.randrange(_HOUR, 14 * _HOUR))
        self._add(at, "reopened", note=rng.choice(REOPENED))
        allowance = self._allowance("resolve", self.priority)
        assert allowance is not None
        calendar, seconds = allowance
        again = calendar.add(at, int(min(seconds, 16 * _HOUR) * rng.uniform(0.04, 0.3)))
        cause, resolution = rng.choice(self.outcomes)
        self._add(
            max(again, at + 20 * _MINUTE),
            "resolved",
            resolution=self.slots.filled(resolution),
            cause=cause,
            ci=self.item,
            line="second",
        )
        return self.events[-1].at

    def _close(self, resolved: int) -> None:
        rng = self.rng
        if rng.random() < 0.4:
            confirmed = self.by_day.add(resolved, rng.randrange(5 * _MINUTE, 9 * _HOUR))
            confirmed = max(confirmed, resolved + 60)
            self._add(confirmed, "confirmed", note=rng.choice(CONFIRMED))
            self._add(confirmed + rng.randrange(2, 90) * _MINUTE, "closed")
        else:
            days = self.terms.auto_close_days or 5
            self._add(self.office.end_of_working_day(resolved, days), "closed:silence")

    def _told_major(self, responded: int) -> list[Event]:
        fixed = self.fixed
        assert fixed is not None
        worker = self.rng.choice(engineers(self.category.team))
        self._add(
            responded + self.rng.randrange(30, 200), "assigned", team=self.category.team, assignee=worker.name
        )
        for at, text in fixed.progress:
            self._add(max(at, self.events[-1].at + 5), "updated", note=text)
        if self._goal("restore", self.priority) is not None:
            self._add(max(fixed.restored_at, self.events[-1].at + 30), "restored")
        self._add(
            max(fixed.resolved_at, self.events[-1].at + 30),
            "resolved",
            resolution=fixed.resolution,
            cause=fixed.cause,
            ci=fixed.item,
            line="second",
            assignee=worker.name,
        )
        self._close(self.events[-1].at)
        return self.events


def _at_a_place(wording: str, pools: Mapping[str, tuple[str, ...]]) -> str:
    """A title that begins with where it happens, as people write it."""
    pool = next(iter(pools))
    return f"{{{pool}}}{' ' if wording[0].isascii() else ''}{wording}"


class _Slots:
    """Fills the slots of texts; within one ticket a slot says the same each time."""

    def __init__(self, rng: Random, pools: Mapping[str, tuple[str, ...]]) -> None:
        self._rng, self._pools = rng, pools
        self._chosen: dict[str, str] = {}

    def filled(self, text: str) -> str:
        """The text with its slots filled."""
        if "{" not in text:
            return text
        return text.format_map(self)

    def __getitem__(self, name: str) -> str:
        if name not in self._chosen:
            if name == "n":
                self._chosen[name] = str(self._rng.randrange(2, 96))
            elif name == "id":
                self._chosen[name] = str(self._rng.randrange(100_000, 1_000_000))
            else:
                self._chosen[name] = self._rng.choice(self._pools[name])
        return self._chosen[name]
